package exchange

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/graph"
)

var updateCatalog = flag.Bool("update-catalog", false, "rewrite catalog.schema.json and the catalog goldens")

// exampleFolder is the catalog that newcomers meet.
const exampleFolder = "../docs/examples/catalog"

func exampleFiles(tb testing.TB) []File {
	tb.Helper()
	files, err := CatalogFilesIn(os.DirFS(exampleFolder))
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

// decodeGood decodes files that must have no problem.
func decodeGood(tb testing.TB, opts CatalogOptions, files ...File) *CatalogFiles {
	tb.Helper()
	c, err := DecodeCatalog(files, opts)
	if err != nil || len(c.Problems) > 0 {
		tb.Fatalf("problems: %v\n%v", err, c.Problems)
	}
	return c
}

func TestDecodeExample(t *testing.T) {
	c := decodeGood(t, CatalogOptions{}, exampleFiles(t)...)
	if c.Name != "harborlight" {
		t.Errorf("the catalog is named %q", c.Name)
	}
	var stack *graph.Route
	for _, a := range c.Batch.Achievements {
		if a.ID == "business-data-analyst" {
			stack = &a.Routes[0]
		}
	}
	if stack == nil || !stack.Fires() {
		t.Fatalf("business-data-analyst has no route that fires by itself: %+v", stack)
	}
	want := graph.All(graph.Holds("data-literacy-basics"), graph.Holds("sql-for-beginners"), graph.Holds("charts-in-tableau"))
	graph.NameNodes(&want)
	if d := cmp.Diff(&want, stack.Requires); d != "" {
		t.Errorf("its rule (-want +got):\n%s", d)
	}
	at, ok := c.Position(graph.KindAchievement, "business-data-analyst", "routes/stack/requires/of/2")
	if !ok || at.File != "data.yaml" || at.Line == 0 {
		t.Fatalf("the third part of the stack is at %v, %t", at, ok)
	}
	line := strings.Split(string(fileNamed(t, "data.yaml")), "\n")[at.Line-1]
	if got := line[at.Column-1:]; !strings.HasPrefix(got, "charts-in-tableau") {
		t.Errorf("at %v stands %q", at, got)
	}
}

func fileNamed(tb testing.TB, name string) []byte {
	tb.Helper()
	for _, f := range exampleFiles(tb) {
		if f.Name == name {
			return f.Content
		}
	}
	tb.Fatalf("the example has no file %s", name)
	return nil
}

// TestEncodeExample: what is written reads back as it was, and is written the
// same again.
func TestEncodeExample(t *testing.T) {
	c := decodeGood(t, CatalogOptions{}, exampleFiles(t)...)
	files := encodeGood(t, c.Name, c.Batch, CatalogOptions{})
	if len(files) != 1 || files[0].Name != "catalog.yaml" {
		t.Errorf("%d files, the first %s", len(files), files[0].Name)
	}
	again := decodeGood(t, CatalogOptions{}, files...)
	if d := cmp.Diff(c.Batch, again.Batch); d != "" {
		t.Errorf("read back (-want +got):\n%s", d)
	}
	second := encodeGood(t, again.Name, again.Batch, CatalogOptions{})
	if d := cmp.Diff(string(files[0].Content), string(second[0].Content)); d != "" {
		t.Errorf("written again (-first +second):\n%s", d)
	}
}

func encodeGood(tb testing.TB, name graph.ID, b graph.Batch, opts CatalogOptions) []File {
	tb.Helper()
	files, err := EncodeCatalog(name, b, opts)
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

// TestEncodeLargeCatalog: what is too much for a file is written in several, in
// an order that their names keep.
func TestEncodeLargeCatalog(t *testing.T) {
	var b graph.Batch
	prose := graph.NewText(graph.Translation{Lang: "en", Value: strings.Repeat("many words ", 2000)})
	for i := range 250 {
		b.Competencies = append(b.Competencies, graph.Competency{ID: graph.ID(fmt.Sprintf("c%d", i)), Description: prose})
	}
	b.Ladders = []graph.Ladder{{ID: "l"}}
	files := encodeGood(t, "x", b, CatalogOptions{})
	if len(files) < 2 || !slices.IsSortedFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) }) {
		t.Fatalf("%d files", len(files))
	}
	for _, f := range files {
		if len(f.Content) > catalogPartBytes+1<<20 || !bytes.HasPrefix(f.Content, []byte("catalog: x\n")) {
			t.Errorf("%s has %d bytes and begins %.20q", f.Name, len(f.Content), f.Content)
		}
	}
	if got := decodeGood(t, CatalogOptions{}, files...).Batch; len(got.Competencies) != 250 || got.Competencies[249].ID != "c249" || len(got.Ladders) != 1 {
		t.Errorf("%d competencies and %d ladders are read back", len(got.Competencies), len(got.Ladders))
	}
}

func TestCatalogSchemaIsCurrent(t *testing.T) {
	want := buildCatalogSchema()
	if *updateCatalog {
		if err := os.WriteFile(catalogSchemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(CatalogSchema(), want) {
		t.Errorf("catalog.schema.json is stale; run go test ./exchange -run TestCatalogSchemaIsCurrent -update-catalog")
	}
}
