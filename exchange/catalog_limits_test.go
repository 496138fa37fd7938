package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cairn-skills/cairn/graph"
)

// allocations is how many times f allocates.
func allocations(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// TestUnknownKeysAreBounded reads 10 MiB of unknown keys. Problems beyond the
// list are not made, and the hints of those within it are cheap, so the reading
// allocates hardly more than the parser does.
func TestUnknownKeysAreBounded(t *testing.T) {
	for _, test := range []struct{ name, format string }{
		{"at the top", "rolse%09d: 1\n"},
		{"long ones", "rolse" + strings.Repeat("x", 80) + "%09d: 1\n"},
		{"in a rule", "  rolse%09d: 1\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var text bytes.Buffer
			text.WriteString("catalog: x\n")
			if strings.HasPrefix(test.format, " ") {
				text.WriteString("roles:\n- id: r\n  requires:\n")
				test.format = "  " + test.format
			}
			for i := 0; text.Len() < 10<<20; i++ {
				fmt.Fprintf(&text, test.format, i)
			}
			f := File{"f.yaml", text.Bytes()}
			parsing := allocations(func() {
				if _, e := parseCatalogFile(f); e != nil {
					t.Fatal(e)
				}
			})
			reading := allocations(func() {
				if _, err := DecodeCatalog([]File{f}, CatalogOptions{}); !errors.Is(err, graph.ErrInvalid) {
					t.Errorf("error %v", err)
				}
			})
			if reading > parsing+parsing/2 {
				t.Errorf("reading allocates %d times, parsing alone %d times", reading, parsing)
			}
		})
	}
}

// TestCatalogTotals reads files that are too many together: the problem is of
// the file that goes over, and those after it are not read.
func TestCatalogTotals(t *testing.T) {
	files := []File{
		{"a.yaml", []byte("catalog: x\nissuers: [{id: a}]\n")}, // 30 bytes, 4 values
		{"b.yaml", []byte("issuers: [{id: b}]\n")},             // 19 bytes, 3 values
		{"c.yaml", []byte("issuers: [{id: c, wrong: 1}]\n")},
	}
	for _, test := range []struct {
		name string
		most catalogSize
		want string
	}{
		{"bytes of two files", catalogSize{49, 100}, "c.yaml"},
		{"bytes of less", catalogSize{48, 100}, "b.yaml"},
		{"values of two files", catalogSize{100, 7}, "c.yaml"},
		{"values of less", catalogSize{100, 6}, "b.yaml"},
	} {
		c, err := decodeCatalog(files, CatalogOptions{}, test.most)
		if !errors.Is(err, graph.ErrInvalid) {
			t.Errorf("%s: %v", test.name, err)
		}
		var over []string
		for _, p := range c.Problems {
			if p.Code == codeTooLarge {
				over = append(over, p.File)
			}
			if p.File > test.want {
				t.Errorf("%s: %v, of a file that is not to be read", test.name, p)
			}
		}
		if len(over) != 1 || over[0] != test.want {
			t.Errorf("%s: %v are too much, want %s", test.name, over, test.want)
		}
	}
	if c, err := decodeCatalog(files[:2], CatalogOptions{}, catalogSize{49, 7}); err != nil || len(c.Batch.Issuers) != 2 {
		t.Errorf("just within the limits: %v", err)
	}
}

// TestCatalogFolderTotal reads a folder whose files are too large together.
func TestCatalogFolderTotal(t *testing.T) {
	fsys, large := fstest.MapFS{}, make([]byte, MaxCatalogFileBytes)
	for i := range MaxCatalogBytes / MaxCatalogFileBytes {
		fsys[fmt.Sprintf("%d.yaml", i)] = &fstest.MapFile{Data: large}
	}
	if files, err := CatalogFilesIn(fsys); err != nil || len(files) != len(fsys) {
		t.Errorf("just within the limit: %d files, %v", len(files), err)
	}
	fsys["9/z.yaml"] = &fstest.MapFile{Data: []byte("a")}
	_, err := CatalogFilesIn(fsys)
	e, ok := errors.AsType[*graph.Error](err)
	if !ok || !errors.Is(err, graph.ErrLimit) || e.Subject != "9/z.yaml" || !strings.Contains(e.Message, "64 MiB") {
		t.Errorf("error %v, want ErrLimit of 9/z.yaml", err)
	}
}

// TestYAMLErrorsHaveLines: the parser names no line on the first one.
func TestYAMLErrorsHaveLines(t *testing.T) {
	deep := strings.Repeat("[", 11_000)
	for _, test := range []struct{ name, text, want string }{
		{"deep", deep, "f.yaml:1:1: error too-deep"},
		{"deep below a key", "a: " + deep, "f.yaml:1:1: error too-deep"},
		{"deep in a list", strings.Repeat("- ", 11_000), "f.yaml:1:1: error too-deep"},
		{"deep further down", "a: 1\nb: 2\nc: " + deep, "f.yaml:3:1: error too-deep"},
		{"two values in a line", "a: b: c", "f.yaml:1:1: error syntax: mapping values"},
		{"an open quote", "a: 'x", "f.yaml:1:1: error syntax: found unexpected end"},
		{"a tab", "\t- 3", "f.yaml:1:1: error syntax: found character that cannot start any token; indent with spaces"},
		{"a control character", "a: 1\n\nbb: \x01", "f.yaml:3:5: error syntax: control characters"},
		{"another", "a: 1\nb: x\u0084", "f.yaml:2:5: error syntax: control characters"},
		{"a noncharacter", "\ufeffa: 1\nb: \uffff", "f.yaml:2:4: error syntax: control characters"},
	} {
		if _, err := DecodeCatalog([]File{{"f.yaml", []byte(test.text)}}, CatalogOptions{}); err == nil || !strings.HasPrefix(errorMessage(err), test.want) {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

// errorMessage is the message of an error of this house.
func errorMessage(err error) string {
	if e, ok := errors.AsType[*graph.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
