package graph

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lawCodes are the codes of laws_codes.go.
func lawCodes(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "laws_codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, text)
		}
		return true
	})
	slices.Sort(codes)
	return codes
}

func TestLawsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "lint.md"))
	if err != nil {
		t.Fatal(err)
	}
	severity := make(map[string]Severity)
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| (error|warning) \\|").FindAllStringSubmatch(string(text), -1) {
		if _, twice := severity[m[1]]; twice {
			t.Errorf("docs/lint.md lists %s twice", m[1])
		}
		severity[m[1]] = Failure
		if m[2] == "warning" {
			severity[m[1]] = Warning
		}
	}
	if diff := cmp.Diff(lawCodes(t), slices.Sorted(maps.Keys(severity))); diff != "" {
		t.Errorf("codes (-laws_codes.go +docs/lint.md):\n%s", diff)
	}
	said := make(map[string]map[Severity]bool)
	for _, row := range lawRows {
		for _, w := range row.want {
			if said[w.code] == nil {
				said[w.code] = make(map[Severity]bool)
			}
			said[w.code][w.severity] = true
		}
	}
	for code, s := range severity {
		if !said[code][s] {
			t.Errorf("docs/lint.md says that %s is of severity %s; no row of the table test has it so", code, s)
		}
	}
}

func TestEveryLawHasARow(t *testing.T) {
	rows := make(map[string]bool)
	for _, row := range lawRows {
		for _, w := range row.want {
			rows[w.code] = true
		}
	}
	if diff := cmp.Diff(lawCodes(t), slices.Sorted(maps.Keys(rows))); diff != "" {
		t.Errorf("codes (-laws_codes.go +table test):\n%s", diff)
	}
}
