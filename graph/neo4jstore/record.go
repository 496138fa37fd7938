package neo4jstore

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cairn-skills/cairn/graph"
)

// record is a node together with the relationships that belong to it.
type record struct {
	label      string   // the noun
	labels     []string // further labels, e.g. Badge
	id         string   // names the node among those of its label; a part has none
	properties map[string]any
	links      []link
}

// link is a relationship that belongs to a record.
type link struct {
	kind       string // the relationship's type
	incoming   bool   // it ends at the record: (:Person)-[:EARNED]->(:Award)
	properties map[string]any
	label, id  string  // the named node at its other end …
	part       *record // … or a node that belongs to the record, such as a route
}

// walker goes through the fields of a type in one of two directions: it makes a
// record of a value, or a value of a record. So a field that is written is read
// back, under the same name. A field with the zero value has no property.
type walker struct {
	record *record
	write  bool
	err    error
}

// fail keeps the first error.
func (w *walker) fail(name, problem string) {
	if w.err == nil {
		w.err = fmt.Errorf("%s %q: %s: %s", w.record.label, w.record.id, name, problem)
	}
}

// text is a string property.
func text[T ~string](w *walker, name string, v *T) {
	if w.write {
		if *v == "" {
			return
		}
		if !utf8.ValidString(string(*v)) {
			w.fail(name, "is not valid UTF-8")
		}
		w.record.properties[name] = string(*v)
		return
	}
	if s, ok := property[string](w, name); ok {
		*v = T(s)
	}
}

// number is an integer property.
func number[T ~int | ~int64 | ~uint8](w *walker, name string, v *T) {
	if w.write {
		if *v != 0 {
			w.record.properties[name] = int64(*v)
		}
		return
	}
	n, _ := property[int64](w, name)
	if *v = T(n); int64(*v) != n {
		w.fail(name, fmt.Sprintf("%d is out of range", n))
	}
}

// flag is a property that is true or absent.
func flag(w *walker, name string, v *bool) {
	if w.write {
		if *v {
			w.record.properties[name] = true
		}
		return
	}
	*v, _ = property[bool](w, name)
}

// instant is a DATETIME property. [graph.Forever] is the last millisecond that
// an instant can hold, in the year 292278994, so that comparisons need no case
// for it.
func instant(w *walker, name string, v *graph.Instant) {
	if w.write {
		if *v != 0 {
			w.record.properties[name] = moment(*v)
		}
		return
	}
	if t, ok := property[time.Time](w, name); ok {
		*v = graph.Instant(t.UnixMilli())
	}
}

// factID is an id of a fact, as hexadecimal digits.
func factID(w *walker, name string, v *graph.FactID) {
	if w.write {
		if !v.IsZero() {
			w.record.properties[name] = v.String()
		}
		return
	}
	if s, ok := property[string](w, name); ok {
		w.parseFact(name, s, v)
	}
}

func (w *walker) parseFact(name, text string, v *graph.FactID) {
	id, err := graph.ParseFactID(text)
	if err != nil {
		w.fail(name, "is no fact id")
	}
	*v = id
}

// word is a property that holds one of the words of a type.
func word[T interface {
	~uint8
	String() string
}](w *walker, name string, v *T) {
	if w.write {
		if *v != 0 {
			w.record.properties[name] = (*v).String()
		}
		return
	}
	s, ok := property[string](w, name)
	if !ok {
		return
	}
	for i := range 256 {
		if T(i).String() == s {
			*v = T(i)
			return
		}
	}
	w.fail(name, fmt.Sprintf("%q is not one of its words", s))
}

// texts is a property that is a list of strings.
func texts[T ~string](w *walker, name string, v *[]T) {
	if w.write {
		if len(*v) == 0 {
			return
		}
		out := make([]string, len(*v))
		for i, s := range *v {
			if !utf8.ValidString(string(s)) {
				w.fail(name, "is not valid UTF-8")
			}
			out[i] = string(s)
		}
		w.record.properties[name] = out
		return
	}
	list, _ := property[[]any](w, name)
	for _, x := range list {
		s, ok := x.(string)
		if !ok {
			w.fail(name, "is not a list of strings")
		}
		*v = append(*v, T(s))
	}
}

// numbers is a property that is a list of integers.
func numbers[T ~int64 | ~uint8](w *walker, name string, v *[]T) {
	if w.write {
		if len(*v) == 0 {
			return
		}
		out := make([]int64, len(*v))
		for i, n := range *v {
			out[i] = int64(n)
		}
		w.record.properties[name] = out
		return
	}
	list, _ := property[[]any](w, name)
	for _, x := range list {
		n, ok := x.(int64)
		if !ok || int64(T(n)) != n {
			w.fail(name, "is not a list of integers in range")
		}
		*v = append(*v, T(n))
	}
}

// translations are two properties: the first text and its language are name and
// nameLang, the others the lists nameOther and nameOtherLang.
func translations[T ~[]graph.Translation](w *walker, name string, v *T) {
	var first graph.Translation
	var others []string
	var langs []graph.Lang
	if w.write && len(*v) > 0 {
		first = (*v)[0]
		for _, t := range (*v)[1:] {
			others, langs = append(others, t.Value), append(langs, t.Lang)
		}
		w.record.properties[name] = "" // also when the text is empty: there is one
	}
	there := true
	if !w.write {
		_, there = w.record.properties[name]
	}
	text(w, name, &first.Value)
	text(w, name+"Lang", &first.Lang)
	texts(w, name+"Other", &others)
	texts(w, name+"OtherLang", &langs)
	if w.write || !there {
		return
	}
	if len(others) != len(langs) {
		w.fail(name+"OtherLang", fmt.Sprintf("has %d languages for %d texts", len(langs), len(others)))
		return
	}
	*v = append(*v, first)
	for i, s := range others {
		*v = append(*v, graph.Translation{Lang: langs[i], Value: s})
	}
}

// property is the property name, if the record has it.
func property[T any](w *walker, name string) (v T, ok bool) {
	x, ok := w.record.properties[name]
	if !ok {
		return v, false
	}
	v, ok = x.(T)
	if !ok {
		w.fail(name, fmt.Sprintf("is a %T, not a %T", x, v))
	}
	return v, ok
}

// key is the name of the record itself.
func key[T ~string](w *walker, v *T) {
	if !w.write {
		*v = T(w.record.id)
	} else if w.record.id = string(*v); !utf8.ValidString(w.record.id) {
		w.fail("id", "is not valid UTF-8")
	}
}

// ref is one relationship to a named node; an empty id has none.
func ref[T ~string](w *walker, kind, label string, v *T) { reference(w, kind, label, false, v) }

// refFrom is one relationship from a named node.
func refFrom[T ~string](w *walker, kind, label string, v *T) { reference(w, kind, label, true, v) }

func reference[T ~string](w *walker, kind, label string, incoming bool, v *T) {
	if w.write {
		if *v == "" {
			return
		}
		if !utf8.ValidString(string(*v)) {
			w.fail(kind, "is not valid UTF-8")
		}
		w.record.links = append(w.record.links, link{kind: kind, incoming: incoming, label: label, id: string(*v)})
		return
	}
	switch found := w.find(kind); len(found) {
	case 0:
	case 1:
		*v = T(found[0].id)
	default:
		w.fail(kind, fmt.Sprintf("there are %d of them", len(found)))
	}
}

// refs are relationships to named nodes, numbered by their property order.
func refs[T ~string](w *walker, kind, label string, v *[]T) {
	each(w, kind, label, v, func(_ *walker, x *T) *T { return x })
}

// each is a list of relationships to named nodes; fields goes through what the
// relationship itself carries and returns the id of the node.
func each[T any, S ~string](w *walker, kind, label string, v *[]T, fields func(*walker, *T) *S) {
	if w.write {
		for i := range *v {
			l := link{kind: kind, label: label, properties: map[string]any{"order": int64(i)}}
			inner := w.inner(l.properties)
			if l.id = string(*fields(inner, &(*v)[i])); !utf8.ValidString(l.id) {
				inner.fail(kind, "is not valid UTF-8")
			}
			w.took(inner)
			w.record.links = append(w.record.links, l)
		}
		return
	}
	for _, l := range w.find(kind) {
		var x T
		inner := w.inner(l.properties)
		*fields(inner, &x) = S(l.id)
		w.took(inner)
		*v = append(*v, x)
	}
}

// inner walks the properties of a relationship.
func (w *walker) inner(properties map[string]any) *walker {
	return &walker{record: &record{label: w.record.label, id: w.record.id, properties: properties}, write: w.write}
}

func (w *walker) took(inner *walker) {
	if w.err == nil {
		w.err = inner.err
	}
}

// parts is a list of nodes that belong to the record.
func parts[T any](w *walker, kind, label string, v *[]T, fields func(*walker, *T)) {
	if w.write {
		for i := range *v {
			inner := &walker{record: &record{label: label, properties: make(map[string]any)}, write: true}
			fields(inner, &(*v)[i])
			w.took(inner)
			w.record.links = append(w.record.links, link{kind: kind, part: inner.record, properties: map[string]any{"order": int64(i)}})
		}
		return
	}
	for _, l := range w.find(kind) {
		if l.part == nil {
			w.fail(kind, "leads to a node that is no part of it")
			return
		}
		var x T
		inner := &walker{record: l.part}
		fields(inner, &x)
		w.took(inner)
		*v = append(*v, x)
	}
}

// find returns the relationships of a type, in order.
func (w *walker) find(kind string) []link {
	var out []link
	for _, l := range w.record.links {
		if l.kind == kind {
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b link) int { return int(order(a) - order(b)) })
	return out
}

func order(l link) int64 {
	n, _ := l.properties["order"].(int64)
	return n
}

// canonical is a text of the record that two records share only if they are
// equal; links stand in the order in which a walker makes them.
func (r *record) canonical(b *strings.Builder) {
	fmt.Fprintf(b, "(%q %q %q", r.label, r.labels, r.id)
	canonicalProperties(b, r.properties)
	for _, l := range r.links {
		fmt.Fprintf(b, "[%q %t %q %q", l.kind, l.incoming, l.label, l.id)
		canonicalProperties(b, l.properties)
		if l.part != nil {
			l.part.canonical(b)
		}
		b.WriteByte(']')
	}
	b.WriteByte(')')
}

func canonicalProperties(b *strings.Builder, properties map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		v := properties[name]
		if t, ok := v.(time.Time); ok {
			v = t.UnixMilli()
		}
		fmt.Fprintf(b, "{%q %T %q}", name, v, fmt.Sprint(v))
	}
}
