package exchange

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// TestEncodeESCO: all of ESCO can be written as catalog files and read back, with
// its 14,000 competencies, its rules and the odd characters of its texts.
func TestEncodeESCO(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT TESTED: writing all of ESCO takes seconds; run without -short")
	}
	var all graph.Batch
	dir := os.DirFS(filepath.Join(graphtest.SharedDir(t), "data", "esco-1.1.1-en"))
	_, err := DecodeESCO(context.Background(), dir, ESCOOptions{}, func(b graph.Batch) error {
		all.Scales = append(all.Scales, b.Scales...)
		all.Frameworks = append(all.Frameworks, b.Frameworks...)
		all.Competencies = append(all.Competencies, b.Competencies...)
		all.Roles = append(all.Roles, b.Roles...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Competencies) < 14_000 || len(all.Roles) < 3_000 {
		t.Fatalf("only %d competencies and %d roles were imported", len(all.Competencies), len(all.Roles))
	}
	// EncodeCatalog reads back what it wrote, and refuses any difference.
	size := 0
	for _, f := range encodeGood(t, "esco", all, CatalogOptions{}) {
		size += len(f.Content)
	}
	if size < 20<<20 {
		t.Errorf("all of ESCO is written in %d bytes", size)
	}
}
