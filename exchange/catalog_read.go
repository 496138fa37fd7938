package exchange

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/cairn-skills/cairn/graph"
)

// catalogReader turns the trees of files into entries. It goes over them three
// times: settings first, which say how texts, dates and prices are meant; then
// scales, so that levels can be named; then everything.
type catalogReader struct {
	opts CatalogOptions
	out  *CatalogFiles

	settings graph.Settings // in force for what is read
	lang     graph.Lang
	zone     *time.Location
	scales   map[graph.ID]*graph.Scale
	scaleOf  map[graph.ID]graph.ID // of the competencies of the files

	// Where the reading is: problems are of this file and entry.
	file          string
	entry         catalogEntry
	effectiveFrom graph.Instant // of the file's entries that do not say it

	// left is how many bytes and values the files that follow may have.
	left catalogSize

	// quiet holds problems back while something is read ahead of its turn.
	quiet bool
}

// catalogTree is one file that could be parsed.
type catalogTree struct {
	file string
	root *yaml.Node
}

func (r *catalogReader) read(files []File) {
	trees := make([]catalogTree, 0, len(files))
	for _, f := range files {
		r.file = f.Name
		if r.left.bytes -= len(f.Content); r.left.bytes < 0 {
			r.tooMuch(fmt.Sprintf("more than %d MiB", MaxCatalogBytes>>20))
			break
		}
		root, e := parseCatalogFile(f)
		switch {
		case e != nil:
			r.fail(&yaml.Node{Line: e.line, Column: e.column}, "", e.code, e.message, e.hint)
		case root == nil:
			r.problem(graph.Warning, &yaml.Node{}, "", codeMissingKey, "the file is empty", "write a catalog into it or remove it")
		case r.plain(root, 1):
			trees = append(trees, catalogTree{f.Name, root})
		}
		if r.left.values < 0 {
			r.tooMuch(fmt.Sprintf("more than %d values", MaxCatalogTotalValues))
			break
		}
	}
	r.readName(trees)
	r.readSettings(trees)
	r.readAhead(trees)
	for _, t := range trees {
		r.file = t.file
		r.readTree(t.root)
	}
	if r.full() {
		r.out.Problems = append(r.out.Problems[:maxCatalogProblems], CatalogProblem{Problem: graph.Problem{
			Code: codeTooMany, Severity: graph.Failure,
			Message: fmt.Sprintf("there are more than %d problems; the others are not listed", maxCatalogProblems), Hint: "mend these first",
		}})
	}
}

// tooMuch says that with the file that is read the catalog is over a limit.
func (r *catalogReader) tooMuch(limit string) {
	r.fail(&yaml.Node{}, "", codeTooLarge, "with this file the catalog has "+limit+"; the files after it are not read", "split it into several catalogs")
}

// plain checks what holds for every node, whatever it means, and reports
// whether the tree can be read: a tree that is too deep cannot. Anchors,
// aliases, tags and keys that stand twice are problems and are taken out.
func (r *catalogReader) plain(n *yaml.Node, depth int) bool {
	if depth > MaxCatalogDepth {
		r.fail(n, "", codeTooDeep, errCatalogDepth.Error(), "write it flatter")
		return false
	}
	if n.Anchor != "" {
		r.fail(n, "", codeAlias, "the anchor &"+n.Anchor+" is not part of the catalog language", "write the value out where it is meant")
	}
	if n.Style&yaml.TaggedStyle != 0 {
		r.fail(n, "", codeTag, "the tag "+n.Tag+" is not part of the catalog language", "remove it")
	}
	ok := true
	switch n.Kind {
	case yaml.SequenceNode:
		r.left.values -= len(n.Content)
		kept := n.Content[:0]
		for _, item := range n.Content {
			if r.unaliased(item) {
				kept = append(kept, item)
				ok = r.plain(item, depth+1) && ok
			}
		}
		n.Content = kept
	case yaml.MappingNode:
		r.left.values -= len(n.Content) / 2
		seen := make(map[string]*yaml.Node, len(n.Content)/2)
		kept := n.Content[:0]
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			if !r.unaliased(k) || !r.unaliased(v) {
				continue
			}
			if k.Kind != yaml.ScalarNode {
				r.fail(k, "", codeWrongType, "a key is a "+nodeWord(k), "a key is a word")
				continue
			}
			if first, twice := seen[k.Value]; twice {
				r.fail(k, "", codeDuplicateKey, fmt.Sprintf("the key %s stands twice in this map", quoteShort(k.Value)),
					fmt.Sprintf("keep one of them; the first is at %s", Position{r.file, first.Line, first.Column}))
				continue
			}
			seen[k.Value] = k
			kept = append(kept, k, v)
			ok = r.plain(k, depth+1) && r.plain(v, depth+1) && ok
		}
		n.Content = kept
	default:
	}
	return ok
}

func (r *catalogReader) unaliased(n *yaml.Node) bool {
	if n.Kind != yaml.AliasNode {
		return true
	}
	r.fail(n, "", codeAlias, "the alias *"+n.Value+" is not part of the catalog language", "write the value out where it is meant")
	return false
}

func (r *catalogReader) fail(n *yaml.Node, path, code, message, hint string) {
	r.problem(graph.Failure, n, path, code, message, hint)
}

func (r *catalogReader) problem(s graph.Severity, n *yaml.Node, path, code, message, hint string) {
	if r.quiet || r.full() {
		return
	}
	r.out.Problems = append(r.out.Problems, CatalogProblem{
		Problem:  graph.Problem{Code: code, Severity: s, Kind: r.entry.kind, Subject: r.entry.id, Path: path, Message: message, Hint: hint},
		Position: Position{r.file, n.Line, n.Column},
	})
}

// catalogMap is a map with known keys at path of the entry that is read.
type catalogMap struct {
	r     *catalogReader
	node  *yaml.Node
	path  string
	shape *catalogShape
}

// object is n as a map of the given shape: keys that the shape lacks and
// required ones that n lacks are problems. False if n is not a map.
func (r *catalogReader) object(n *yaml.Node, path string, shape *catalogShape) (catalogMap, bool) {
	m := catalogMap{r, n, path, shape}
	if n.Kind != yaml.MappingNode {
		r.wrongType(n, path, "a map of "+strings.Join(shape.names(), ", "))
		return m, false
	}
	for i := 0; i+1 < len(n.Content) && !r.full(); i += 2 {
		k := n.Content[i]
		if shape.key(k.Value) == nil {
			r.unknownKey(k, path, shape.names())
		}
	}
	for _, k := range shape.keys {
		if k.required && m.get(k.name) == nil {
			r.fail(n, path, codeMissingKey, "the key "+k.name+" is missing", "add "+k.name+": "+firstSentence(k.doc))
		}
	}
	return m, true
}

// get is the value at key, nil if there is none. The key must be of the shape.
func (m catalogMap) get(key string) *yaml.Node {
	if m.shape.key(key) == nil {
		panic("exchange: the shape " + m.shape.name + " has no key " + key)
	}
	return mapValue(m.node, key)
}

func mapValue(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// at is the path of key.
func (m catalogMap) at(key string) string { return joinPath(m.path, key) }

func joinPath(path, step string) string {
	if path == "" {
		return step
	}
	return path + "/" + step
}

func indexPath(path string, i int) string { return joinPath(path, fmt.Sprint(i)) }

// value reads m's key with read, if it is there.
func value[T any](m catalogMap, key string, read func(n *yaml.Node, path string) T) T {
	if n := m.get(key); n != nil {
		return read(n, m.at(key))
	}
	var zero T
	return zero
}

// items calls each for the items of the list at m's key.
func (m catalogMap) items(key string, each func(item *yaml.Node, path string)) {
	if n := m.get(key); n != nil {
		m.r.list(n, m.at(key), each)
	}
}

func (r *catalogReader) list(n *yaml.Node, path string, each func(item *yaml.Node, path string)) {
	if n.Kind != yaml.SequenceNode {
		r.wrongType(n, path, "a list")
		return
	}
	for i, item := range n.Content {
		if r.full() {
			return
		}
		each(item, indexPath(path, i))
	}
}

// full reports whether no more problems are listed; then reading on is of no use.
func (r *catalogReader) full() bool { return len(r.out.Problems) > maxCatalogProblems }

// pairs calls each for the keys and values of the map n.
func (r *catalogReader) pairs(n *yaml.Node, path, want string, each func(k, v *yaml.Node, path string)) {
	if n.Kind != yaml.MappingNode {
		r.wrongType(n, path, want)
		return
	}
	for i := 0; i+1 < len(n.Content) && !r.full(); i += 2 {
		each(n.Content[i], n.Content[i+1], joinPath(path, n.Content[i].Value))
	}
}

// wrongType reports that n is not what is wanted.
func (r *catalogReader) wrongType(n *yaml.Node, path, want string) {
	message := "this is " + article(nodeWord(n))
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		message += ", " + quoteShort(n.Value)
	}
	hint := "write " + want
	switch {
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null":
		message, hint = "this has no value", "write "+want+", or leave the key out"
	case n.Kind == yaml.ScalarNode && strings.HasPrefix(want, "a text") && scalarTag(n) != "!!str":
		hint = "put it in quotes"
	}
	r.fail(n, path, codeWrongType, message, hint)
}

func (r *catalogReader) unknownKey(k *yaml.Node, path string, known []string) {
	hint := "known keys are " + strings.Join(known, ", ")
	if near := r.nearest(k.Value, known); near != "" {
		hint = "did you mean " + near + "?"
	}
	r.fail(k, path, codeUnknownKey, "unknown key "+quoteShort(k.Value), hint)
}

// nodeWord says what a node is.
func nodeWord(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "map"
	case yaml.SequenceNode:
		return "list"
	default:
		switch scalarTag(n) {
		case "!!int", "!!float":
			return "number"
		case "!!bool":
			return "yes-or-no value"
		case "!!null":
			return "missing value"
		}
		return "text"
	}
}

// scalarTag is how a scalar is meant: "!!str", "!!int", "!!float", "!!bool" or
// "!!null". Dates are texts, as in the core schema of YAML 1.2.
func scalarTag(n *yaml.Node) string {
	switch tag := n.ShortTag(); tag {
	case "!!int", "!!float", "!!bool", "!!null":
		return tag
	default:
		return "!!str"
	}
}

func article(noun string) string { return "a " + noun }

// quoteShort is s in quotes, cut to a length that fits in a message.
func quoteShort(s string) string {
	if runes := []rune(s); len(runes) > 60 {
		s = string(runes[:57]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

func firstSentence(doc string) string {
	s, _, _ := strings.Cut(doc, ". ")
	return strings.ToLower(s[:1]) + strings.TrimSuffix(s[1:], ".")
}

// nearest is [nearest] for the hint of a problem; empty if the problem will not
// be listed.
func (r *catalogReader) nearest(word string, known []string) string {
	if r.quiet || r.full() {
		return ""
	}
	return nearest(word, known)
}

// nearest is the known word closest to word, empty if none is close: at most a
// third of its letters, and at least one, may be wrong, missing, too many or
// swapped with their neighbor. Cost: the product of the lengths, for each known
// word of about the same length.
func nearest(word string, known []string) string {
	if len(word) > 100 {
		return ""
	}
	folded := strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(word))
	best, at := "", max(1, len(word)/3)+1
	for _, k := range known {
		if len(k)-len(folded) >= at || len(folded)-len(k) >= at {
			continue // no closer than the difference of the lengths
		}
		if d := editDistance(folded, strings.ToLower(k)); d < at {
			best, at = k, d
		}
	}
	return best
}

// editDistance is the optimal string alignment distance of two short words.
func editDistance(a, b string) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			change := row[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			next[j] = min(change, row[j]+1, next[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
