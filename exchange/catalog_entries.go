package exchange

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	// Catalogs name zones, and a machine without zone files must read the same
	// dates out of them.
	_ "time/tzdata"

	"go.yaml.in/yaml/v3"

	"github.com/cairn-skills/cairn/graph"
)

// readName finds the one name of the catalog.
func (r *catalogReader) readName(trees []catalogTree) {
	var first Position
	for _, t := range trees {
		r.file = t.file
		n := mapValue(t.root, "catalog")
		if n == nil {
			continue
		}
		id := r.id(n, "catalog")
		switch {
		case id == "":
		case r.out.Name == "":
			r.out.Name, first = id, Position{t.file, n.Line, n.Column}
		case r.out.Name != id:
			r.fail(n, "catalog", codeCatalogName, "the catalog is named "+quoteShort(string(id))+" here and "+quoteShort(string(r.out.Name))+" at "+first.String(),
				"all files of a catalog have one name")
		}
	}
	if r.out.Name == "" && (len(trees) > 0 || r.out.err() == nil) {
		if len(trees) > 0 {
			r.file = trees[0].file
		}
		r.fail(&yaml.Node{}, "", codeCatalogName, "no file says which catalog this is", "begin one file with catalog: and a name")
	}
}

func (r *catalogReader) source() graph.Source { return graph.Source{Catalog: r.out.Name} }

// readSettings reads the one map of settings, if there is one.
func (r *catalogReader) readSettings(trees []catalogTree) {
	if r.opts.Settings != nil {
		r.settings = *r.opts.Settings
	}
	for _, t := range trees {
		r.file = t.file
		n := mapValue(t.root, "settings")
		if n == nil {
			continue
		}
		r.entry = catalogEntry{0, "settings"}
		if r.claim(n, "there are settings") {
			s := r.readSetting(n)
			r.out.Batch.Settings, r.settings = &s, s
		}
		r.entry = catalogEntry{}
	}
	r.lang = r.settings.Language
	if r.lang == "" {
		r.lang = "en"
	}
	var err error
	if r.zone, err = loadZone(r.settings.Zone); err != nil {
		r.zone = time.UTC
	}
}

func (r *catalogReader) readSetting(n *yaml.Node) graph.Settings {
	s := graph.Settings{Source: r.source()}
	m, ok := r.object(n, "", settingsShape)
	if !ok {
		return s
	}
	s.Language = value(m, "language", func(n *yaml.Node, path string) graph.Lang {
		l := r.text(n, path)
		if l != "" && !languagePattern.MatchString(l) {
			r.fail(n, path, codeBadLanguage, quoteShort(l)+" is not a language", "write a BCP 47 tag such as en or de-CH")
			return ""
		}
		return graph.Lang(l)
	})
	s.Currency = value(m, "currency", r.currency)
	s.Rates = value(m, "rates", func(n *yaml.Node, path string) []graph.Rate { return r.rates(n, path, s.Currency) })
	s.Zone = value(m, "zone", func(n *yaml.Node, path string) string {
		z := r.text(n, path)
		if _, err := loadZone(z); err != nil {
			r.fail(n, path, codeBadZone, quoteShort(z)+" is not a time zone", "write an IANA name such as Europe/Berlin")
			return ""
		}
		return z
	})
	s.DefaultMinRigor = value(m, "default_min_rigor", r.rigor)
	s.ExactMatchImplies = value(m, "exact_match_implies", r.bool)
	return s
}

// loadZone is a zone by its IANA name. "Local" is none: it would mean another
// zone on another machine.
func loadZone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, graph.Invalid("zone", "Local is not an IANA name")
	}
	return time.LoadLocation(name)
}

func (r *catalogReader) rates(n *yaml.Node, path string, to graph.Currency) []graph.Rate {
	var out []graph.Rate
	r.pairs(n, path, "a map of currencies and rates such as {USD: 0.92}", func(k, v *yaml.Node, path string) {
		from := r.knownCurrency(k, path, k.Value)
		if from == "" {
			return
		}
		if v.Kind != yaml.ScalarNode {
			r.wrongType(v, path, "a number such as 0.92")
			return
		}
		rate, ok := parseRate(v.Value, from, to)
		if !ok {
			r.fail(v, path, codeBadMoney, quoteShort(v.Value)+" is not a rate above 0", "write a number such as 0.92, or a fraction in quotes such as \"10/13\"")
			return
		}
		out = append(out, rate)
	})
	return out
}

// parseRate reads what one unit of from is worth in to, as a decimal or a
// fraction; a [graph.Rate] is between minor units, in lowest terms.
func parseRate(text string, from, to graph.Currency) (graph.Rate, bool) {
	above, below, fraction := strings.Cut(text, "/")
	if !numberPattern.MatchString(above) || len(text) > 40 || fraction && !numberPattern.MatchString(below) {
		return graph.Rate{}, false
	}
	v, ok := new(big.Rat).SetString(above)
	if !ok {
		return graph.Rate{}, false
	}
	if fraction {
		d, ok := new(big.Rat).SetString(below)
		if !ok || d.Sign() <= 0 {
			return graph.Rate{}, false
		}
		v.Quo(v, d)
	}
	v.Mul(v, minorShift(from, to))
	if v.Sign() <= 0 || !v.Num().IsInt64() || !v.Denom().IsInt64() {
		return graph.Rate{}, false
	}
	return graph.Rate{From: from, Numerator: v.Num().Int64(), Denominator: v.Denom().Int64()}, true
}

// minorShift is the minor units of to in one unit over those of from.
func minorShift(from, to graph.Currency) *big.Rat {
	f, _ := CurrencyDigits(from)
	t, _ := CurrencyDigits(to)
	ten := func(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
	return new(big.Rat).SetFrac(ten(t), ten(f))
}

// readAhead learns the scales and which competency has which, so that levels
// can be named before the entries themselves are read.
func (r *catalogReader) readAhead(trees []catalogTree) {
	r.quiet = true
	defer func() { r.quiet = false }()
	each := func(key string, read func(n *yaml.Node)) {
		for _, t := range trees {
			if list := mapValue(t.root, key); list != nil && list.Kind == yaml.SequenceNode {
				for _, item := range list.Content {
					read(item)
				}
			}
		}
	}
	each("scales", func(n *yaml.Node) {
		if s := r.scale(n); s.ID != "" && r.scales[s.ID] == nil {
			r.scales[s.ID] = &s
		}
	})
	each("competencies", func(n *yaml.Node) {
		id, scale := mapValue(n, "id"), mapValue(n, "scale")
		if id == nil {
			return
		}
		if _, twice := r.scaleOf[graph.ID(id.Value)]; twice {
			return
		}
		r.scaleOf[graph.ID(id.Value)] = ""
		if scale != nil {
			r.scaleOf[graph.ID(id.Value)] = graph.ID(scale.Value)
		}
	})
}

// claim makes the entry that is read the owner of its name, or reports that
// another one is; what says what is there twice.
func (r *catalogReader) claim(n *yaml.Node, what string) bool {
	if first, twice := r.out.entries[r.entry]; twice {
		r.fail(n, "", codeDuplicateID, what+" already at "+Position{first.file, first.node.Line, first.node.Column}.String(), "keep one of them, or give this one another id")
		return false
	}
	r.out.entries[r.entry] = catalogPlace{r.file, n}
	return true
}

// entries reads the list at key: each item's id is looked up first, so that
// every problem of it names it.
func (r *catalogReader) entries(root catalogMap, key string, k graph.Kind, read func(n *yaml.Node)) {
	root.items(key, func(n *yaml.Node, _ string) {
		r.entry = catalogEntry{kind: k}
		defer func() { r.entry = catalogEntry{} }()
		id := mapValue(n, "id")
		if id == nil {
			read(n) // which reports the missing key
			return
		}
		if id.Kind == yaml.ScalarNode && graph.ID(id.Value).Check() == nil {
			r.entry.id = graph.ID(id.Value)
			if !r.claim(n, fmt.Sprintf("the %s %s is", k, quoteShort(id.Value))) {
				r.quiet = true // its other problems would be about another entry of that name
				defer func() { r.quiet = false }()
			}
		}
		if !r.quiet {
			read(n)
		}
	})
}

func (r *catalogReader) readTree(root *yaml.Node) {
	m, ok := r.object(root, "", rootShape)
	if !ok {
		return
	}
	r.effectiveFrom = value(m, "effective_from", r.from)
	b := &r.out.Batch
	r.entries(m, "scales", graph.KindScale, func(n *yaml.Node) { b.Scales = append(b.Scales, r.scale(n)) })
	m.items("conversions", func(n *yaml.Node, _ string) { r.conversion(n) })
	r.entries(m, "frameworks", graph.KindFramework, func(n *yaml.Node) { b.Frameworks = append(b.Frameworks, r.framework(n)) })
	r.entries(m, "issuers", graph.KindIssuer, func(n *yaml.Node) { b.Issuers = append(b.Issuers, r.issuer(n)) })
	r.entries(m, "competencies", graph.KindCompetency, func(n *yaml.Node) { b.Competencies = append(b.Competencies, r.competency(n)) })
	r.entries(m, "achievements", graph.KindAchievement, func(n *yaml.Node) { b.Achievements = append(b.Achievements, r.achievement(n)) })
	r.entries(m, "roles", graph.KindRole, func(n *yaml.Node) { b.Roles = append(b.Roles, r.role(n)) })
	r.entries(m, "ladders", graph.KindLadder, func(n *yaml.Node) { b.Ladders = append(b.Ladders, r.ladder(n)) })
}

func (r *catalogReader) scale(n *yaml.Node) graph.Scale {
	s := graph.Scale{Source: r.source()}
	m, ok := r.object(n, "", scaleShape)
	if !ok {
		return s
	}
	s.ID = value(m, "id", r.id)
	s.Title = value(m, "title", r.texts)
	m.items("levels", func(item *yaml.Node, path string) { s.Levels = append(s.Levels, r.texts(item, path)) })
	if len(s.Levels) > graph.MaxLevels {
		r.fail(m.get("levels"), "levels", codeBadLevel, fmt.Sprintf("the scale has %d levels", len(s.Levels)), fmt.Sprintf("a scale has at most %d", graph.MaxLevels))
		s.Levels = s.Levels[:graph.MaxLevels]
	}
	return s
}

func (r *catalogReader) conversion(n *yaml.Node) {
	c := graph.Conversion{Source: r.source()}
	m, ok := r.object(n, "", conversionShape)
	if !ok {
		return
	}
	c.From, c.To = value(m, "from", r.id), value(m, "to", r.id)
	r.entry = conversionEntry(c)
	defer func() { r.entry = catalogEntry{} }()
	if c.From != "" && c.To != "" && !r.claim(n, "this conversion is") {
		return
	}
	m.items("levels", func(item *yaml.Node, path string) {
		if item.Kind == yaml.ScalarNode && item.Value == "0" && scalarTag(item) == "!!int" {
			c.Levels = append(c.Levels, 0)
			return
		}
		c.Levels = append(c.Levels, r.levelOn(item, path, c.To))
	})
	r.out.Batch.Conversions = append(r.out.Batch.Conversions, c)
}

func conversionEntry(c graph.Conversion) catalogEntry {
	return catalogEntry{0, "conversions/" + c.From + ">" + c.To}
}

func (r *catalogReader) framework(n *yaml.Node) graph.Framework {
	f := graph.Framework{Source: r.source()}
	m, ok := r.object(n, "", frameworkShape)
	if !ok {
		return f
	}
	f.ID = value(m, "id", r.id)
	f.Title = value(m, "title", r.texts)
	f.Description = value(m, "description", r.texts)
	f.URL = value(m, "url", r.filled)
	f.Version = value(m, "version", r.filled)
	f.Publisher = value(m, "publisher", r.filled)
	return f
}

func (r *catalogReader) issuer(n *yaml.Node) graph.Issuer {
	i := graph.Issuer{Source: r.source()}
	m, ok := r.object(n, "", issuerShape)
	if !ok {
		return i
	}
	i.ID = value(m, "id", r.id)
	i.Title = value(m, "title", r.texts)
	i.URL = value(m, "url", r.filled)
	return i
}

func (r *catalogReader) competency(n *yaml.Node) graph.Competency {
	c := graph.Competency{Source: r.source()}
	m, ok := r.object(n, "", competencyShape)
	if !ok {
		return c
	}
	c.ID = value(m, "id", r.id)
	c.Title = value(m, "title", r.texts)
	c.Kind = value(m, "kind", word(r, competencyWords, graph.ParseCompetencyKind))
	c.Framework = value(m, "framework", r.id)
	c.Scale = value(m, "scale", r.id)
	c.AltLabels = value(m, "alt_labels", r.labels)
	c.Description = value(m, "description", r.texts)
	c.Broader = value(m, "broader", r.ids)
	c.Alignments = value(m, "alignments", r.alignments)
	m.items("implies", func(item *yaml.Node, path string) {
		im, ok := r.object(item, path, implicationShape)
		if !ok {
			return
		}
		to := value(im, "competency", r.id)
		c.Implies = append(c.Implies, graph.Implication{
			Level: r.levelAt(im, "level", c.ID), Competency: to, ToLevel: r.levelAt(im, "to", to),
		})
	})
	c.Retired = value(m, "retired", r.bool)
	c.ReplacedBy = value(m, "replaced_by", r.id)
	return c
}

func (r *catalogReader) alignments(n *yaml.Node, path string) []graph.Alignment {
	var out []graph.Alignment
	r.list(n, path, func(item *yaml.Node, path string) {
		m, ok := r.object(item, path, alignmentShape)
		if !ok {
			return
		}
		a := graph.Alignment{TargetName: value(m, "name", r.filled), Framework: value(m, "framework", r.filled)}
		for _, w := range alignmentWords {
			n := m.get(w)
			if n == nil {
				continue
			}
			if a.Type != graph.AlignmentUnspecified {
				r.fail(n, path, codeBadRule, "an alignment is either "+a.Type.String()+" or "+w, "write two alignments")
				continue
			}
			a.Type, _ = graph.ParseAlignmentType(w)
			a.Target = r.id(n, joinPath(path, w))
		}
		if a.Type == graph.AlignmentUnspecified {
			r.fail(item, path, codeMissingKey, "the alignment does not say what it is", "write one of "+strings.Join(alignmentWords, ", ")+" and what it points at")
		}
		out = append(out, a)
	})
	return out
}

func (r *catalogReader) rigor(n *yaml.Node, path string) graph.Rigor {
	return word(r, rigorWords, graph.ParseRigor)(n, path)
}

func (r *catalogReader) ladder(n *yaml.Node) graph.Ladder {
	l := graph.Ladder{Source: r.source()}
	m, ok := r.object(n, "", ladderShape)
	if !ok {
		return l
	}
	l.ID = value(m, "id", r.id)
	l.Title = value(m, "title", r.texts)
	l.Description = value(m, "description", r.texts)
	// A role that stands twice is for the laws to say.
	l.Roles = value(m, "roles", func(n *yaml.Node, path string) []graph.ID {
		return r.idsEach(n, path, func(*yaml.Node, string, graph.ID) {})
	})
	l.Retired = value(m, "retired", r.bool)
	return l
}
