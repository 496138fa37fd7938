package exchange

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cairn-skills/cairn/graph"
)

// File is one file of a catalog.
type File struct {
	Name    string // as it is to be shown; a name that ends in .json is read as JSON, any other as YAML
	Content []byte
}

// Limits of [DecodeCatalog]. A catalog of the size of ESCO (14,000
// competencies) is a file of about 10 MB with half a million values; the limits
// of all files together are those of four such.
const (
	MaxCatalogFileBytes   = 16 << 20
	MaxCatalogBytes       = 64 << 20 // of all files together
	MaxCatalogDepth       = 64       // of maps and lists within each other
	MaxCatalogValues      = 1_000_000
	MaxCatalogTotalValues = 2_000_000 // of all files together
	maxCatalogFiles       = 10_000
	maxCatalogProblems    = 10_000
)

// catalogSize is how much there is of files.
type catalogSize struct{ bytes, values int }

// CatalogOptions say what the files may lean on. The zero value is a catalog
// that stands alone.
type CatalogOptions struct {
	// Settings are those in force; the language of plain texts, the zone of
	// dates and the currency of prices come from them if the files have no
	// settings of their own. Nil: the defaults.
	Settings *graph.Settings
	// Scale finds a published scale that the files do not have, and ScaleOf the
	// scale of a published competency (empty: it has the single level 1), so
	// that levels can be written by name. Nil: there are none.
	Scale   func(graph.ID) (graph.Scale, bool)
	ScaleOf func(competency graph.ID) (graph.ID, bool)
}

// CatalogFiles is what was read from a set of files.
type CatalogFiles struct {
	Name graph.ID // of the catalog; the Source of every entry
	// Batch has the entries in the order of the files: versions are 0, statuses
	// set, requirement nodes named by [graph.NameNodes].
	Batch graph.Batch
	// Problems are sorted by place. With a [graph.Failure] among them the Batch
	// has only what could be read and must not be applied.
	Problems []CatalogProblem

	entries map[catalogEntry]catalogPlace
}

// CatalogProblem is a problem and the place in the files where it is.
type CatalogProblem struct {
	graph.Problem
	Position
}

// String is the problem in one line: file:line:column: severity code: message; hint.
func (p CatalogProblem) String() string {
	var b strings.Builder
	if s := p.Position.String(); s != "" {
		b.WriteString(s + ": ")
	}
	fmt.Fprintf(&b, "%s %s: ", p.Severity, p.Code)
	if p.Subject != "" {
		fmt.Fprintf(&b, "%s %s", p.Kind, p.Subject)
		if p.Path != "" {
			b.WriteString(" at " + p.Path)
		}
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	return b.String()
}

// Position is a place in a file. Line and Column count from 1, columns in
// characters; zero is the file as a whole.
type Position struct {
	File   string
	Line   int
	Column int
}

// String is file:line:column, or the file alone.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

func (p Position) compare(q Position) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// catalogEntry names an entry; settings and conversions, which have no kind,
// are "settings" and "conversions/FROM>TO".
type catalogEntry struct {
	kind graph.Kind
	id   graph.ID
}

// catalogPlace is where an entry is written.
type catalogPlace struct {
	file string
	node *yaml.Node
}

// DecodeCatalog reads a catalog from files, each YAML or JSON in the language
// of docs/formats.md; its keys are [CatalogSchema]'s. The files are one catalog:
// the name may stand in each and must agree, and an id is used once.
//
// Everything that is wrong in shape is found in one reading: unknown keys,
// wrong types, words, numbers, dates and ids, things written twice, text that
// is not UTF-8, files over the limits above. What entries mean to each other
// (unknown ids, cycles) is for the laws of graph, whose problems
// [CatalogFiles.Locate] gives a place.
//
// The answer is never nil. The error is nil unless a Problem is a
// [graph.Failure]; then it is of class [graph.ErrInvalid] and has the Problems.
// Memory and time are linear in the size of the files.
func DecodeCatalog(files []File, opts CatalogOptions) (*CatalogFiles, error) {
	return decodeCatalog(files, opts, catalogSize{MaxCatalogBytes, MaxCatalogTotalValues})
}

// decodeCatalog is DecodeCatalog of files that have most together.
func decodeCatalog(files []File, opts CatalogOptions, most catalogSize) (*CatalogFiles, error) {
	r := &catalogReader{
		opts: opts, out: &CatalogFiles{entries: make(map[catalogEntry]catalogPlace)}, left: most,
		scales: make(map[graph.ID]*graph.Scale), scaleOf: make(map[graph.ID]graph.ID),
	}
	r.read(files)
	slices.SortStableFunc(r.out.Problems, func(a, b CatalogProblem) int { return a.compare(b.Position) })
	return r.out, r.out.err()
}

// err is the error that DecodeCatalog returns.
func (c *CatalogFiles) err() error {
	failures := make([]graph.Problem, 0, len(c.Problems))
	first := ""
	for _, p := range c.Problems {
		if p.Severity != graph.Failure {
			continue
		}
		if first == "" {
			first = p.String()
		}
		failures = append(failures, p.Problem)
	}
	switch len(failures) {
	case 0:
		return nil
	case 1:
		return &graph.Error{Class: graph.ErrInvalid, Reason: "CATALOG_INVALID", Message: first, Problems: failures}
	}
	return &graph.Error{
		Class: graph.ErrInvalid, Reason: "CATALOG_INVALID", Problems: failures,
		Message: fmt.Sprintf("the catalog has %d errors, the first: %s", len(failures), first),
	}
}

// Position is where path of the entry id of kind k is written, or the nearest
// place around it that is: a path is that of [graph.Problem], e.g.
// routes/stack/requires/of/1, its numbers count from 0, and the children of a
// requirement are under "of" however it is spelled. False for an entry that is
// not in the files. Settings and conversions are of [graph.KindUnspecified],
// with the ids "settings" and "conversions/FROM>TO".
func (c *CatalogFiles) Position(k graph.Kind, id graph.ID, path string) (Position, bool) {
	at, ok := c.entries[catalogEntry{k, id}]
	if !ok {
		return Position{}, false
	}
	n := catalogFind(at.node, path)
	return Position{at.file, n.Line, n.Column}, true
}

// Locate gives problems of the laws their places in the files. A problem of an
// entry that the files do not have keeps an empty Position.
func (c *CatalogFiles) Locate(problems []graph.Problem) []CatalogProblem {
	out := make([]CatalogProblem, len(problems))
	for i, p := range problems {
		out[i].Problem = p
		if at, ok := c.Position(p.Kind, p.Subject, p.Path); ok {
			out[i].Position = at
		}
	}
	return out
}

// catalogFind is the node at path under n, or the last one on the way to it.
func catalogFind(n *yaml.Node, path string) *yaml.Node {
	for path != "" {
		next, rest := catalogStep(n, path)
		if next == nil {
			break
		}
		n, path = next, rest
	}
	return n
}

func catalogStep(n *yaml.Node, path string) (*yaml.Node, string) {
	head, rest, _ := strings.Cut(path, "/")
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if k := n.Content[i].Value; k == head || head == "of" && catalogChildren(k) {
				return n.Content[i+1], rest
			}
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			// An id may itself have slashes.
			if id := catalogItemID(item); id != "" && (path == id || strings.HasPrefix(path, id+"/")) {
				return item, strings.TrimPrefix(path[len(id):], "/")
			}
		}
		if i, err := strconv.Atoi(head); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], rest
		}
	default:
	}
	return nil, ""
}

// catalogChildren reports whether key holds the children of a requirement.
func catalogChildren(key string) bool { return key == "all" || key == "any" || key == "over" }

// catalogItemID is the id by which a list's item is addressed in a path: its
// id, or for a route without one its kind.
func catalogItemID(item *yaml.Node) string {
	kind := ""
	if item.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(item.Content); i += 2 {
			switch item.Content[i].Value {
			case "id":
				return item.Content[i+1].Value
			case "kind":
				kind = item.Content[i+1].Value
			}
		}
	}
	return kind
}

// CatalogFilesIn are the files of a catalog's folder: those with the endings
// .yaml, .yml and .json at any depth of fsys, sorted by name. Names that begin
// with a dot are left out, and so is catalog.schema.json, which editors may
// want beside the catalog. A file over [MaxCatalogFileBytes] is cut one byte
// past the limit, and DecodeCatalog refuses it.
//
// Errors: those of fsys; [graph.ErrNotFound] for a folder without such files,
// [graph.ErrInvalid] for one where a pipe or the like has such a name, and
// [graph.ErrLimit] for one with more than 10,000 files or, together, more than
// [MaxCatalogBytes]; its Subject is the file that is too many. Files are read in
// the order of their names in each folder, and none after that one.
func CatalogFilesIn(fsys fs.FS) ([]File, error) {
	var files []File
	left := MaxCatalogBytes
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := path.Base(name); name != "." && strings.HasPrefix(base, ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		} else if d.IsDir() || base == catalogSchemaFile {
			return nil
		}
		switch strings.ToLower(path.Ext(name)) {
		case ".yaml", ".yml", ".json":
		default:
			return nil
		}
		if len(files) == maxCatalogFiles {
			return &graph.Error{Class: graph.ErrLimit, Reason: "CATALOG_FILES", Subject: name, Message: fmt.Sprintf("the folder has more than %d catalog files; this is one too many", maxCatalogFiles)}
		}
		content, err := CatalogFile(fsys, name)
		if err != nil {
			return err
		}
		if left -= len(content); left < 0 {
			return &graph.Error{Class: graph.ErrLimit, Reason: "CATALOG_FILES", Subject: name, Message: fmt.Sprintf("with this file the folder has more than %d MiB of catalog files; split it into several catalogs", MaxCatalogBytes>>20)}
		}
		files = append(files, File{name, content})
		return nil
	})
	if err == nil && len(files) == 0 {
		err = &graph.Error{Class: graph.ErrNotFound, Reason: "CATALOG_FILES", Message: "the folder has no .yaml, .yml or .json file"}
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	return files, nil
}

// CatalogFile is the content of one catalog file of fsys, read as [CatalogFilesIn]
// reads each: a file over [MaxCatalogFileBytes] is cut one byte past the limit.
// Errors: [graph.ErrInvalid] for what is not a file, and those of fsys.
func CatalogFile(fsys fs.FS, name string) (content []byte, err error) {
	// Opening a pipe waits for somebody to write, and no interrupt ends that.
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &graph.Error{Class: graph.ErrInvalid, Reason: "CATALOG_FILES", Subject: name, Message: "is not a regular file; a catalog is a folder of files"}
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, MaxCatalogFileBytes+1))
}
