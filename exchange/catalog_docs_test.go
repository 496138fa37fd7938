package exchange

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestCatalogDocs: docs/formats.md names every key and every code, and its
// examples are catalogs.
func TestCatalogDocs(t *testing.T) {
	content, err := os.ReadFile("../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(content)
	for k := range schemaKeys(t) {
		if !regexp.MustCompile(`\b` + k + `\b`).MatchString(doc) {
			t.Errorf("docs/formats.md does not name the key %s", k)
		}
	}
	for _, code := range catalogCodes(t) {
		if !strings.Contains(doc, "`"+code+"`") {
			t.Errorf("docs/formats.md does not list the code %s", code)
		}
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(doc, -1)
	if len(blocks) < 2 {
		t.Fatalf("docs/formats.md has %d examples", len(blocks))
	}
	schema := compiledSchema(t)
	for _, b := range blocks {
		decodeGood(t, CatalogOptions{}, File{"formats.yaml", []byte(b[1])})
		if err := schema.Validate(instance(t, []byte(b[1]))); err != nil {
			t.Errorf("the schema refuses an example: %v", err)
		}
	}
}

// catalogCodes are the values of the constants named code… in the tables of keys.
func catalogCodes(tb testing.TB) []string {
	tb.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "catalog_keys.go", nil, 0)
	if err != nil {
		tb.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 && strings.HasPrefix(v.Names[0].Name, "code") {
			code, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				tb.Fatal(err)
			}
			out = append(out, code)
		}
		return true
	})
	if len(out) < 20 {
		tb.Fatalf("only %d codes were found", len(out))
	}
	return out
}
