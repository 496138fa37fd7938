package graph_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/exchange"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// esco is ESCO as it was published, as one batch.
func esco(tb testing.TB, derive exchange.Derivation) graph.Batch {
	tb.Helper()
	var all graph.Batch
	fsys := os.DirFS(filepath.Join(graphtest.SharedDir(tb), "data", "esco-1.1.1-en"))
	if _, err := exchange.DecodeESCO(tb.Context(), fsys, exchange.ESCOOptions{Derive: derive}, func(b graph.Batch) error {
		all = b
		return nil
	}); err != nil {
		tb.Fatalf("DecodeESCO: %v", err)
	}
	all.At = 1
	return all
}

func TestLintESCO(t *testing.T) {
	for _, row := range []struct {
		name   string
		derive exchange.Derivation
		want   map[string]int
	}{
		{"as published", exchange.DeriveNothing, map[string]int{"unreachable-role": 3006}},
		{"with badges", exchange.DeriveBadges, map[string]int{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := esco(t, row.derive)
			began := time.Now()
			problems := graph.Lint(nil, &b)
			t.Logf("%d entries: %v", b.Len(), time.Since(began))
			got := make(map[string]int)
			for i, p := range problems {
				got[p.Code]++
				if p.Severity == graph.Failure || i%500 == 0 {
					t.Log(p)
				}
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("problems by code (-want +got):\n%s", diff)
			}
		})
	}
}
