package exchange

import (
	"slices"
	"strconv"

	"github.com/cairn-skills/cairn/graph"
)

// FieldChange is one field of an entry that differs. Path is that of
// [graph.Problem]; Before and After are the value in one line of YAML as a
// catalog file has it, empty where there is none.
type FieldChange struct {
	Path          string
	Before, After string
}

// CatalogChange is what publishing would do to an entry. Fields are in the order
// of the entry's keys; an added entry has none. A catalog that takes an entry
// over from another one changes the field "catalog".
type CatalogChange struct {
	graph.EntryChange
	Fields []FieldChange
}

// CatalogOptionsOf are the options with which files lean on c: its settings and
// its scales. A nil c gives the zero options.
func CatalogOptionsOf(c *graph.Catalog) CatalogOptions {
	if c == nil {
		return CatalogOptions{}
	}
	s := c.Settings()
	return CatalogOptions{
		Settings: &s,
		Scale: func(id graph.ID) (graph.Scale, bool) {
			if s, ok := c.Scale(id); ok {
				return *s, true
			}
			return graph.Scale{}, false
		},
		ScaleOf: func(id graph.ID) (graph.ID, bool) {
			i, ok := c.Competency(id)
			if !ok {
				return "", false
			}
			entry, _ := c.CompetencyEntry(i)
			return entry.Scale, true
		},
	}
}

// DiffCatalog is [graph.Catalog.Publication] of the files' entries with the
// fields that differ: what applying the files would publish, and what that
// changes, by kind and ID. A nil base is an empty catalog; with prune, entries
// that came from the files' catalog and are not in them are retired.
//
// Levels are shown by the names that they have afterwards, so that a level that
// is renamed changes its scale and nothing else. Routes and rules are shown part
// by part, short lists whole.
func DiffCatalog(base *graph.Catalog, files *CatalogFiles, prune bool) (graph.Batch, []CatalogChange) {
	if base == nil {
		base = graph.CompileBatch(graph.Batch{})
	}
	batch, changes := base.Publication(files.Batch, files.Name, prune)
	w := newCatalogWriter(files.Batch, CatalogOptionsOf(base))
	out := make([]CatalogChange, len(changes))
	for i, ch := range changes {
		out[i] = CatalogChange{EntryChange: ch}
		if ch.Action != graph.EntryAdded {
			out[i].Fields = w.diff(ch.Before, ch.After)
		}
	}
	return batch, out
}

// diff is the fields in which two entries of one type differ.
func (w *catalogWriter) diff(before, after any) []FieldChange {
	a, b := w.entry(before), w.entry(after)
	if b.get("effective_from") == nil {
		a.drop("effective_from") // the file does not say it, so it does not change it
	}
	var d fieldDiff
	d.compare("", a, b)
	if from, to := sourceOf(before), sourceOf(after); from != to {
		d.add("catalog", idNode(from.Catalog), idNode(to.Catalog))
	}
	return d.out
}

func (n *docNode) drop(key string) {
	for i, k := range n.keys {
		if k == key {
			n.keys = append(n.keys[:i:i], n.keys[i+1:]...)
			n.items = append(n.items[:i:i], n.items[i+1:]...)
			return
		}
	}
}

// entry writes an entry given as a pointer to its type; nil is an empty map.
func (w *catalogWriter) entry(e any) *docNode {
	switch e := e.(type) {
	case *graph.Settings:
		return w.settings(e)
	case *graph.Scale:
		return w.scale(e)
	case *graph.Conversion:
		return w.conversion(e)
	case *graph.Framework:
		return w.framework(e)
	case *graph.Issuer:
		return w.issuer(e)
	case *graph.Competency:
		return w.competency(e)
	case *graph.Achievement:
		return w.achievement(e)
	case *graph.Role:
		return w.role(e)
	case *graph.Ladder:
		return w.ladder(e)
	}
	return mapNode()
}

func sourceOf(e any) graph.Source {
	switch e := e.(type) {
	case *graph.Settings:
		return e.Source
	case *graph.Scale:
		return e.Source
	case *graph.Conversion:
		return e.Source
	case *graph.Framework:
		return e.Source
	case *graph.Issuer:
		return e.Source
	case *graph.Competency:
		return e.Source
	case *graph.Achievement:
		return e.Source
	case *graph.Role:
		return e.Source
	case *graph.Ladder:
		return e.Source
	}
	return graph.Source{}
}

// fieldDiff collects differences.
type fieldDiff struct{ out []FieldChange }

// maxWhole is the width up to which a value is shown whole.
const maxWhole = maxCatalogLine / 2

func (d *fieldDiff) add(path string, before, after *docNode) {
	c := FieldChange{Path: path}
	if before != nil {
		c.Before = before.flow()
	}
	if after != nil {
		c.After = after.flow()
	}
	d.out = append(d.out, c)
}

// compare adds what differs between two values at path, neither of them nil.
func (d *fieldDiff) compare(path string, a, b *docNode) {
	switch {
	case a.flow() == b.flow():
	case path != "" && d.whole(a, b):
		d.add(path, a, b)
	case a.form == docMap:
		d.compareMaps(path, a, b)
	default:
		d.compareLists(path, a, b)
	}
}

// whole reports whether two values that differ are shown as they are: scalars,
// values of two forms, rules of two forms, and what is short and is about
// another thing, as its first key says.
func (d *fieldDiff) whole(a, b *docNode) bool {
	if a.form != b.form || a.form == docScalar || childKey(a) != childKey(b) {
		return true
	}
	if len([]rune(a.flow())) > maxWhole || len([]rune(b.flow())) > maxWhole || len(a.items) == 0 || len(b.items) == 0 {
		return false
	}
	if a.form == docMap {
		return a.keys[0] != b.keys[0] || a.items[0].flow() != b.items[0].flow()
	}
	return slices.ContainsFunc(append(slices.Clip(a.items), b.items...), func(n *docNode) bool { return n.form == docScalar })
}

// childKey is the key under which a rule has its children, empty for others.
func childKey(n *docNode) string {
	for _, k := range n.keys {
		if catalogChildren(k) || k == "of" {
			return k
		}
	}
	return ""
}

func (d *fieldDiff) compareMaps(path string, a, b *docNode) {
	step := func(key string) string {
		if catalogChildren(key) {
			key = "of"
		}
		return joinPath(path, key)
	}
	for i, k := range a.keys {
		if other := b.get(k); other != nil {
			d.compare(step(k), a.items[i], other)
		} else {
			d.add(step(k), a.items[i], nil)
		}
	}
	for i, k := range b.keys {
		if a.get(k) == nil {
			d.add(step(k), nil, b.items[i])
		}
	}
}

// compareLists pairs items by their ids if they have some, otherwise by their
// places if there are as many, otherwise by being equal.
func (d *fieldDiff) compareLists(path string, a, b *docNode) {
	x, y := itemNames(a), itemNames(b)
	if x == nil || y == nil {
		if len(a.items) == len(b.items) {
			for i := range a.items {
				d.compare(indexPath(path, i), a.items[i], b.items[i])
			}
			return
		}
		x, y = itemTexts(a), itemTexts(b)
	}
	in := func(names []string, name string) int {
		for i, n := range names {
			if n == name {
				return i
			}
		}
		return -1
	}
	for i, name := range x {
		if j := in(y, name); j >= 0 {
			d.compare(itemPath(path, a, i), a.items[i], b.items[j])
		} else {
			d.add(itemPath(path, a, i), a.items[i], nil)
		}
	}
	for j, name := range y {
		if in(x, name) < 0 {
			d.add(itemPath(path, b, j), nil, b.items[j])
		}
	}
}

// itemNames are the ids of a list's items, or nil if one has none or two are
// the same.
func itemNames(n *docNode) []string {
	out := make([]string, len(n.items))
	seen := make(map[string]bool)
	for i, item := range n.items {
		out[i] = docItemID(item)
		if out[i] == "" || seen[out[i]] {
			return nil
		}
		seen[out[i]] = true
	}
	return out
}

// docItemID is catalogItemID of a value that is to be written.
func docItemID(item *docNode) string {
	for _, key := range []string{"id", "kind"} {
		if v := item.get(key); v != nil {
			return v.text
		}
	}
	return ""
}

// itemTexts are the items of a list, each with a count that tells equal ones apart.
func itemTexts(n *docNode) []string {
	out := make([]string, len(n.items))
	count := make(map[string]int)
	for i, item := range n.items {
		text := item.flow()
		out[i] = text + " " + strconv.Itoa(count[text])
		count[text]++
	}
	return out
}

func itemPath(path string, list *docNode, i int) string {
	if id := docItemID(list.items[i]); id != "" {
		return joinPath(path, id)
	}
	return indexPath(path, i)
}
