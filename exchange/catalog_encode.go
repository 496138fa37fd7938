package exchange

import (
	"bytes"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cairn-skills/cairn/graph"
)

// catalogPartBytes is the size at which EncodeCatalog begins another file: small
// enough for editors and for [MaxCatalogValues], with room for a large entry.
const catalogPartBytes = 4 << 20

// EncodeCatalog writes the catalog entries of b as canonical YAML of the catalog
// name, in the order of b: the same entries give the same bytes, and
// [DecodeCatalog] with the same options gives the entries back. It is one file,
// catalog.yaml, or for more than about 4 MiB several, whose names sort in their
// order.
//
// The entries' Source and Version are not written, their nodes are named as
// [graph.NameNodes] does, and rates are put in lowest terms. Facts about people
// are left aside. Levels are written by name where b or opts have the scale.
//
// The error is of class [graph.ErrInvalid] and names the entry if b holds
// something that a catalog file cannot say, e.g. an id that is none.
func EncodeCatalog(name graph.ID, b graph.Batch, opts CatalogOptions) ([]File, error) {
	if err := name.Check(); err != nil {
		return nil, graph.Invalid("catalog", "cannot name a catalog: "+err.Error())
	}
	want := canonicalEntries(name, b)
	files := splitCatalog(newCatalogWriter(want, opts).root(name, want))
	got, err := DecodeCatalog(files, opts)
	if err != nil {
		first := got.Problems[0]
		return nil, &graph.Error{
			Class: graph.ErrInvalid, Reason: "CATALOG_INVALID", Subject: string(first.Subject),
			Message: "cannot be written in a catalog file", Cause: err,
		}
	}
	if at := differs(want, got.Batch); at != "" {
		return nil, graph.Invalid(at, "cannot be written in a catalog file: it would not be read back as it is")
	}
	return files, nil
}

// splitCatalog writes a catalog as files. Each begins with the catalog's name;
// a list of entries that is cut goes on under the same key in the next file.
func splitCatalog(root *docNode) []File {
	head := mapNode()
	head.set(root.keys[0], root.items[0])
	var parts []*bytes.Buffer
	var part *bytes.Buffer
	begin := func() {
		part = new(bytes.Buffer)
		parts = append(parts, part)
		head.write(part, 0)
	}
	begin()
	for i, key := range root.keys[1:] {
		value := root.items[i+1]
		if value.form != docList {
			section := mapNode()
			section.set(key, value)
			section.write(part, 0)
			continue
		}
		for j := range value.items {
			if part.Len() > catalogPartBytes {
				begin()
				part.WriteString(key + ":\n")
			} else if j == 0 {
				part.WriteString(key + ":\n")
			}
			one := docNode{form: docList, items: value.items[j : j+1]}
			one.writeItems(part, 2)
		}
	}
	files := make([]File, len(parts))
	for i, p := range parts {
		files[i] = File{fmt.Sprintf("catalog-%03d.yaml", i+1), p.Bytes()}
	}
	if len(files) == 1 {
		files[0].Name = "catalog.yaml"
	}
	return files
}

// canonicalEntries are b's catalog entries as DecodeCatalog would give them.
// Slices of b are not changed.
func canonicalEntries(name graph.ID, b graph.Batch) graph.Batch {
	src := graph.Source{Catalog: name}
	out := graph.Batch{
		Scales: slices.Clone(b.Scales), Conversions: slices.Clone(b.Conversions), Frameworks: slices.Clone(b.Frameworks),
		Issuers: slices.Clone(b.Issuers), Competencies: slices.Clone(b.Competencies), Achievements: slices.Clone(b.Achievements),
		Roles: slices.Clone(b.Roles), Ladders: slices.Clone(b.Ladders),
	}
	if b.Settings != nil {
		s := *b.Settings
		s.Source, s.Rates = src, slices.Clone(s.Rates)
		for i, r := range s.Rates {
			if r.Denominator > 0 && r.Numerator > 0 {
				q := big.NewRat(r.Numerator, r.Denominator)
				s.Rates[i].Numerator, s.Rates[i].Denominator = q.Num().Int64(), q.Denom().Int64()
			}
		}
		out.Settings = &s
	}
	for i := range out.Scales {
		out.Scales[i].Source = src
	}
	for i := range out.Conversions {
		out.Conversions[i].Source = src
	}
	for i := range out.Frameworks {
		out.Frameworks[i].Source = src
	}
	for i := range out.Issuers {
		out.Issuers[i].Source = src
	}
	for i := range out.Competencies {
		out.Competencies[i].Source = src
	}
	for i := range out.Ladders {
		out.Ladders[i].Source = src
	}
	life := func(l *graph.Lifecycle) {
		l.Version, l.Source = 0, src
		if l.Status == graph.StatusUnspecified {
			l.Status = graph.InForce
		}
	}
	for i := range out.Achievements {
		a := &out.Achievements[i]
		life(&a.Lifecycle)
		a.Routes = slices.Clone(a.Routes)
		for j := range a.Routes {
			a.Routes[j].Requires = named(a.Routes[j].Requires)
		}
	}
	for i := range out.Roles {
		o := &out.Roles[i]
		life(&o.Lifecycle)
		o.Essential = named(o.Essential)
		o.Optional = slices.Clone(o.Optional)
		for j := range o.Optional {
			o.Optional[j].Requirement = *named(&o.Optional[j].Requirement)
		}
	}
	return out
}

// named is a copy of r's tree with every node named.
func named(r *graph.Requirement) *graph.Requirement {
	if r == nil {
		return nil
	}
	c := copyTree(*r)
	graph.NameNodes(&c)
	return &c
}

func copyTree(r graph.Requirement) graph.Requirement {
	r.Of = slices.Clone(r.Of)
	for i := range r.Of {
		r.Of[i] = copyTree(r.Of[i])
	}
	return r
}

// differs names the first entry in which two batches differ; empty if none does.
func differs(a, b graph.Batch) string {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		p, q := x.Field(i), y.Field(i)
		what := x.Type().Field(i).Name
		if p.Kind() != reflect.Slice || p.Len() != q.Len() {
			if !sameValue(p, q) {
				return what
			}
			continue
		}
		for j := range p.Len() {
			if !sameValue(p.Index(j), q.Index(j)) {
				if id := p.Index(j).FieldByName("ID"); id.IsValid() {
					return id.String()
				}
				return fmt.Sprintf("%s[%d]", what, j)
			}
		}
	}
	return ""
}

// sameValue is reflect.DeepEqual, but for nil slices, which equal empty ones.
func sameValue(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !sameValue(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range a.NumField() {
			if !sameValue(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return sameValue(a.Elem(), b.Elem())
	default:
		return a.Equal(b)
	}
}

// catalogWriter turns entries into the tree of a catalog file.
type catalogWriter struct {
	opts     CatalogOptions
	lang     graph.Lang
	currency graph.Currency
	zone     *time.Location
	scales   map[graph.ID]*graph.Scale
	scaleOf  map[graph.ID]graph.ID
}

func newCatalogWriter(b graph.Batch, opts CatalogOptions) *catalogWriter {
	w := &catalogWriter{opts: opts, scales: make(map[graph.ID]*graph.Scale), scaleOf: make(map[graph.ID]graph.ID)}
	w.settle(b)
	w.learn(b)
	return w
}

// settle takes the language, currency and zone that b's files would have.
func (w *catalogWriter) settle(b graph.Batch) {
	var s graph.Settings
	switch {
	case b.Settings != nil:
		s = *b.Settings
	case w.opts.Settings != nil:
		s = *w.opts.Settings
	}
	w.lang, w.currency = s.Language, s.Currency
	if w.lang == "" {
		w.lang = "en"
	}
	zone, err := loadZone(s.Zone)
	if err != nil {
		zone = time.UTC
	}
	w.zone = zone
}

// learn takes the scales of b and of its competencies; what is known stays.
func (w *catalogWriter) learn(b graph.Batch) {
	for i := range b.Scales {
		if s := &b.Scales[i]; w.scales[s.ID] == nil {
			w.scales[s.ID] = s
		}
	}
	for i := range b.Competencies {
		c := &b.Competencies[i]
		if _, ok := w.scaleOf[c.ID]; !ok {
			w.scaleOf[c.ID] = c.Scale
		}
	}
}

func (w *catalogWriter) root(name graph.ID, b graph.Batch) *docNode {
	n := mapNode()
	n.set("catalog", idNode(name))
	if b.Settings != nil {
		s := w.settings(b.Settings)
		s.block = true
		n.set("settings", s)
	}
	n.set("scales", entryList(b.Scales, w.scale))
	n.set("conversions", entryList(b.Conversions, w.conversion))
	n.set("frameworks", entryList(b.Frameworks, w.framework))
	n.set("issuers", entryList(b.Issuers, w.issuer))
	n.set("competencies", entryList(b.Competencies, w.competency))
	n.set("achievements", entryList(b.Achievements, w.achievement))
	n.set("roles", entryList(b.Roles, w.role))
	n.set("ladders", entryList(b.Ladders, w.ladder))
	return n
}

// entryList has each entry on lines of its own; nil for no entries.
func entryList[T any](entries []T, write func(*T) *docNode) *docNode {
	if len(entries) == 0 {
		return nil
	}
	n := listNode()
	n.block = true
	for i := range entries {
		e := write(&entries[i])
		e.block = true
		n.items = append(n.items, e)
	}
	return n
}

// The writers below give nil for what is to be left out.

func idNode(id graph.ID) *docNode {
	if id == "" {
		return nil
	}
	return textNode(string(id))
}

func idList(ids []graph.ID) *docNode {
	return nodeList(ids, func(id *graph.ID) *docNode { return textNode(string(*id)) })
}

func nodeList[T any](items []T, write func(*T) *docNode) *docNode {
	if len(items) == 0 {
		return nil
	}
	n := listNode()
	for i := range items {
		n.items = append(n.items, write(&items[i]))
	}
	return n
}

func stringNode(s string) *docNode {
	if s == "" {
		return nil
	}
	return textNode(s)
}

func wordNode[T interface {
	~uint8
	String() string
}](v T) *docNode {
	if v == 0 {
		return nil
	}
	return rawNode(v.String())
}

func boolNode(b bool) *docNode {
	if !b {
		return nil
	}
	return rawNode("true")
}

func countNode(n int64) *docNode {
	if n == 0 {
		return nil
	}
	return rawNode(strconv.FormatInt(n, 10))
}

// sumNode is a number of credits in hundredths, 0 included.
func sumNode(c int64) *docNode { return rawNode(formatDecimal(c, 2)) }

func creditsNode(c int64) *docNode {
	if c == 0 {
		return nil
	}
	return sumNode(c)
}

func monthsNode(n int) *docNode {
	switch n {
	case 0:
		return nil
	case 1:
		return rawNode("1 month")
	}
	return rawNode(strconv.Itoa(n) + " months")
}

func effortNode(minutes int64) *docNode {
	h, m := minutes/60, minutes%60
	switch {
	case minutes == 0:
		return nil
	case m == 0:
		return rawNode(fmt.Sprintf("%dh", h))
	case h == 0:
		return rawNode(fmt.Sprintf("%dm", m))
	}
	return rawNode(fmt.Sprintf("%dh%dm", h, m))
}

func (w *catalogWriter) money(m graph.Money) *docNode {
	if m.Currency == "" {
		if m.Amount == 0 {
			return nil
		}
		return rawNode(formatMoney(m.Amount, w.currency))
	}
	return rawNode(formatMoney(m.Amount, m.Currency) + " " + string(m.Currency))
}

// formatMoney writes whole amounts without decimals and others with all of them.
func formatMoney(amount int64, c graph.Currency) string {
	digits, _ := CurrencyDigits(c)
	if s := formatDecimal(amount, digits); !strings.Contains(s, ".") {
		return s
	}
	return big.NewRat(amount, pow10(digits)).FloatString(digits)
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

// formatDecimal writes v tenths, hundredths and so on without needless zeros:
// 600 hundredths are 6, 650 are 6.5.
func formatDecimal(v int64, digits int) string {
	q := big.NewRat(v, pow10(digits))
	exact, _ := q.FloatPrec()
	return q.FloatString(exact)
}

func (w *catalogWriter) from(i graph.Instant) *docNode  { return w.instant(i, 0) }
func (w *catalogWriter) until(i graph.Instant) *docNode { return w.instant(i, 1) }

// instant is a date alone if that is read back as i, otherwise a time in UTC.
func (w *catalogWriter) instant(i graph.Instant, days int) *docNode {
	if i == 0 {
		return nil
	}
	if i == graph.Forever {
		return textNode(i.String())
	}
	y, m, d := i.Time().In(w.zone).Date()
	day := time.Date(y, m, d-days, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	if back, ok := parseInstant(day, days, w.zone); ok && back == i {
		return rawNode(day)
	}
	return rawNode(i.String())
}

func (w *catalogWriter) text(t graph.Text) *docNode {
	if len(t) == 0 {
		return nil
	}
	return w.translations(t)
}

func (w *catalogWriter) translations(t []graph.Translation) *docNode {
	if len(t) == 1 && t[0].Lang == w.lang {
		return textNode(t[0].Value)
	}
	n := mapNode()
	for _, tr := range t {
		n.set(string(tr.Lang), textNode(tr.Value))
	}
	return n
}

func (w *catalogWriter) labels(labels []graph.Translation) *docNode {
	return nodeList(labels, func(l *graph.Translation) *docNode { return w.translations([]graph.Translation{*l}) })
}

// level is a level of a competency by its name if that is unambiguous; nil if
// the competency has only the one level and this is it.
func (w *catalogWriter) level(competency graph.ID, l graph.Level) *docNode {
	s, known := scaleIn(competency, w.scaleOf, w.scales, w.opts)
	if known && s == nil && l == 1 {
		return nil
	}
	return w.levelOf(s, l)
}

func (w *catalogWriter) levelOf(s *graph.Scale, l graph.Level) *docNode {
	if s != nil && l > 0 && int(l) <= len(s.Levels) {
		name := s.Levels[l-1].In(w.lang).Value
		if found := namedLevels(s, name); name != "" && len(found) == 1 && found[0] == l {
			return textNode(name)
		}
	}
	return rawNode(strconv.Itoa(int(l)))
}
