// Package cairn_test holds the rules of the house that no linter knows.
package cairn_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/cairn-skills/cairn"

// mayImport says which of our packages a package may import, tests aside.
// Arrows point only towards graph. A new package gets its row in the change
// that adds it.
var mayImport = map[string][]string{
	"graph":                      {},
	"graph/filestore":            {"graph", "graph/seal", "gen/cairn/store/v1"},
	"graph/neo4jstore":           {"graph", "graph/seal"},
	"graph/neo4jstore/neo4jtest": {},
	"graph/seal":                 {},
	"graph/graphtest":            {"graph"},
	"pathway":                    {"graph"},
	"exchange":                   {"graph"},
	"server":                     {"gen/cairn/v1", "gen/openapi", "graph", "pathway", "exchange"},
	"docs/examples":              {},
	"cmd/cairn":                  {everything},
	"tools/openapi":              {},
}

// everything is the row of the package that wires the others together.
const everything = "..."

// What is longer than this is not read as a whole. longFiles are the exceptions
// we argued about; the list is meant to stay empty.
const (
	maxLines     = 500
	maxTestLines = 800
)

var longFiles = map[string]bool{}

func TestHouse(t *testing.T) {
	problems := checkImports(t, ".", mayImport)
	problems = append(problems, checkLengths(t, ".", longFiles)...)
	for _, p := range problems {
		t.Error(p)
	}
}

// TestHouseRulesBite breaks each rule once, in a module of its own.
func TestHouseRulesBite(t *testing.T) {
	dir := t.TempDir()
	lines := func(n int) string { return strings.Repeat("//\n", n) }
	for name, text := range map[string]string{
		"go.mod":                "module " + module + "\n\ngo 1.26\n",
		"house_test.go":         "package cairn_test\n",
		"graph/graph.go":        "// Package graph may import nothing.\npackage graph\n\nimport _ \"" + module + "/pathway\"\n",
		"pathway/pathway.go":    "package pathway\n",
		"pathway/p_test.go":     "package pathway_test\n\nimport _ \"" + module + "/cmd/cairn\"\n",
		"attic/attic.go":        "// Package attic is on no plan.\npackage attic\n",
		"gen/cairn/v1/gen.go":   "package cairnv1\n\n" + lines(600),
		"cmd/cairn/main.go":     "// Command cairn may import all.\npackage main\n\nimport _ \"" + module + "/attic\"\n\nfunc main() {}\n",
		"server/server.go":      "// Package server is long.\npackage server\n" + lines(499),
		"server/fits.go":        "package server\n" + lines(499),
		"server/server_test.go": "package server\n" + lines(800),
		"server/fits_test.go":   "package server\n" + lines(799),
		"server/allowed.go":     "package server\n" + lines(600),
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := checkImports(t, dir, mayImport)
	got = append(got, checkLengths(t, dir, map[string]bool{"server/allowed.go": true})...)
	want := []string{
		"attic has no row in mayImport: add one in house_test.go",
		"graph imports pathway, but its row allows: nothing",
		"pathway has no package comment",
		"server/server.go has 501 lines: the ceiling is 500",
		"server/server_test.go has 801 lines: the ceiling is 800",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems found (-want +got):\n%s", diff)
	}
}

// checkImports returns what is wrong with the packages of the module in dir,
// in the order of their paths.
func checkImports(t *testing.T, dir string, rows map[string][]string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-buildvcs=false", "-json=ImportPath,Doc,GoFiles,Imports", "./...")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var problems []string
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Doc  string
			GoFiles, Imports []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return problems
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if len(p.GoFiles) == 0 || strings.HasPrefix(name, "gen/") {
			continue // only tests, or generated
		}
		row, ok := rows[name]
		if !ok {
			problems = append(problems, fmt.Sprintf("%s has no row in mayImport: add one in house_test.go", name))
			continue
		}
		if p.Doc == "" {
			problems = append(problems, fmt.Sprintf("%s has no package comment", name))
		}
		for _, path := range p.Imports {
			ours, ok := strings.CutPrefix(path, module+"/")
			if !ok || slices.Contains(row, ours) || slices.Contains(row, everything) {
				continue
			}
			allowed := "nothing"
			if len(row) > 0 {
				allowed = strings.Join(row, ", ")
			}
			problems = append(problems, fmt.Sprintf("%s imports %s, but its row allows: %s", name, ours, allowed))
		}
	}
}

// checkLengths returns which Go files below dir are too long; allowed names
// those that may be, by their slash-separated path.
func checkLengths(t *testing.T, dir string, allowed map[string]bool) []string {
	t.Helper()
	root := os.DirFS(dir)
	var problems []string
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == "gen" || d.Name() == "testdata" || len(path) > 1 && d.Name()[0] == '.'):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || allowed[path]:
			return nil
		}
		ceiling := maxLines
		if strings.HasSuffix(path, "_test.go") {
			ceiling = maxTestLines
		}
		text, err := fs.ReadFile(root, path)
		if n := bytes.Count(text, []byte("\n")); n > ceiling {
			problems = append(problems, fmt.Sprintf("%s has %d lines: the ceiling is %d", path, n, ceiling))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return problems
}
