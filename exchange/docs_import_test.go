package exchange_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every code that the importers report stands in docs/formats-import.md, in
// the same order, and no other does.
func TestFindingCodesAreDocumented(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var sources strings.Builder
	for _, f := range files {
		if f != "report_codes.go" && !strings.HasSuffix(f, "_test.go") {
			sources.WriteString(read(f))
		}
	}
	var reported []string
	for _, m := range regexp.MustCompile(`(find\w+) += "([a-z-]+)"`).FindAllStringSubmatch(read("report_codes.go"), -1) {
		reported = append(reported, m[2])
		if !regexp.MustCompile(`\b` + m[1] + `\b`).MatchString(sources.String()) {
			t.Errorf("no importer reports %s", m[1])
		}
	}
	_, table, _ := strings.Cut(read("../docs/formats-import.md"), "## Findings")
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(table, -1) {
		documented = append(documented, m[1])
	}
	if len(reported) < 40 {
		t.Errorf("only %d codes are found in report_codes.go", len(reported))
	}
	if diff := cmp.Diff(documented, reported); diff != "" {
		t.Errorf("codes (-documented +reported):\n%s", diff)
	}
}
