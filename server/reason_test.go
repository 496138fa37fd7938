package server

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"github.com/cairn-skills/cairn/graph"
)

// reasonOf is the reason in the ErrorInfo of a status.
func reasonOf(st *status.Status) string {
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetDomain() == domain {
			return info.GetReason()
		}
	}
	return ""
}

// noCodes look like codes in the sources, which are literals of capitals, and
// are none.
var noCodes = []string{"GET", "HEAD", "POST", "ID", "CSV", "TSV", "ESCO", "UTC", "NFC", "NFD", "EUR", "USD", "SKOS", "PRI"}

// TestReasonsAreListed: docs/reasons.md has every code that an error, a row or an
// answer can have, and no other.
func TestReasonsAreListed(t *testing.T) {
	text, err := os.ReadFile("../docs/reasons.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		listed = append(listed, m[1])
	}
	var used []string
	for _, dir := range []string{"../graph", "../pathway", "../exchange", "../server"} {
		used = append(used, codesIn(t, dir)...)
	}
	for _, k := range []graph.Kind{graph.KindCompetency, graph.KindAchievement, graph.KindRole, graph.KindPerson, graph.KindLadder} {
		used = append(used, graph.NotFound(k, "x").Reason)
	}
	slices.Sort(listed)
	slices.Sort(used)
	if diff := cmp.Diff(slices.Compact(used), slices.Compact(listed)); diff != "" {
		t.Errorf("codes in the sources (-) and in docs/reasons.md (+):\n%s", diff)
	}
}

// codesIn are the codes in the Go files of a package, tests and testing packages aside.
func codesIn(t *testing.T, dir string) []string {
	t.Helper()
	code := regexp.MustCompile(`^[A-Z][A-Z_]{2,}$`)
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "graphtest") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		words := strings.Contains(path, "neo4jstore")
		ast.Inspect(file, func(n ast.Node) bool {
			// Capitals are words of the graph database as well: only what is given as
			// a reason is one.
			if pair, ok := n.(*ast.KeyValueExpr); ok && words {
				if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "Reason" {
					n = pair.Value
				}
			} else if words {
				return true
			}
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && code.MatchString(s) && !slices.Contains(noCodes, s) {
					out = append(out, s)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		t.Fatalf("no code found in %s", dir)
	}
	return out
}

// TestReasonTable: the codes of gRPC and HTTP in docs/reasons.md are those of the
// table of classes.
func TestReasonTable(t *testing.T) {
	text, err := os.ReadFile("../docs/reasons.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range classes {
		m := regexp.MustCompile("(?m)^\\| `" + row.reason + "` \\| ([A-Z_]+) \\| ([0-9–]+)").FindStringSubmatch(string(text))
		if m == nil {
			t.Errorf("%s has no row", row.reason)
			continue
		}
		name := strings.ToUpper(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(row.code.String(), "${1}_$2"))
		if name == "CANCELED" {
			name = "CANCELLED" // the name of the code outside Go
		}
		if m[1] != name || m[2] != strconv.Itoa(row.http) {
			t.Errorf("%s is %s %s, want %s %d", row.reason, m[1], m[2], name, row.http)
		}
	}
	for reason, code := range httpReasons {
		if !regexp.MustCompile("(?m)^\\| `" + reason + "` \\| [A-Z_]+ \\| " + strconv.Itoa(code) + " ").Match(text) {
			t.Errorf("%s has no row with %d", reason, code)
		}
	}
}
