package graph_test

import (
	"os"
	"path/filepath"
	"runtime"
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

func TestSearchESCO(t *testing.T) {
	c := graph.CompileBatch(esco(t, exchange.DeriveNothing))
	began := time.Now()
	c.Search(graph.Query{Text: "warm up"})
	t.Logf("index built in %v", time.Since(began))
	for _, row := range []struct {
		text string
		kind graph.Kind
		want string
	}{
		{"data scientist", graph.KindRole, "data scientist"},
		{"data scientsit", graph.KindRole, "data scientist"},
		{"Data Analyst", graph.KindRole, "data analyst"},
		{"use databases", graph.KindCompetency, "use databases"},
	} {
		began := time.Now()
		hits := c.Search(graph.Query{Text: row.text, Kinds: []graph.Kind{row.kind}, Limit: 5})
		t.Logf("%q: %v", row.text, time.Since(began))
		if len(hits) == 0 || hits[0].Label != row.want {
			t.Errorf("Search(%q) = %v, want %q first", row.text, hits, row.want)
		}
	}
	if id, hits := c.Resolve(graph.KindRole, "Data Scientist"); id == "" {
		t.Errorf("Resolve(data scientist) names nothing; candidates %v", hits)
	}
}

// BenchmarkCompileESCO compiles all of ESCO with derived badges, and says what
// the compiled catalog holds beside the entries it was made from, and what both
// hold together.
func BenchmarkCompileESCO(b *testing.B) {
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	empty := held()
	batch := esco(b, exchange.DeriveBadges)
	entries := held()
	var c *graph.Catalog
	for b.Loop() {
		c = graph.CompileBatch(batch)
	}
	both := held()
	const mib = 1 << 20
	b.ReportMetric(float64(both-entries)/mib, "MiB-compiled")
	b.ReportMetric(float64(both-empty)/mib, "MiB-together")
	runtime.KeepAlive(c)
	runtime.KeepAlive(batch)
}

// BenchmarkLintESCO judges all of ESCO with derived badges, and an edit of one
// role on top of it.
func BenchmarkLintESCO(b *testing.B) {
	batch := esco(b, exchange.DeriveBadges)
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			graph.Lint(nil, &batch)
		}
	})
	base := graph.CompileBatch(batch)
	role := batch.Roles[0]
	role.EffectiveFrom = 2
	b.Run("one role", func(b *testing.B) {
		for b.Loop() {
			if got := graph.Lint(base, &graph.Batch{At: 2, Roles: []graph.Role{role}}); len(got) > 0 {
				b.Fatal(got)
			}
		}
	})
}
