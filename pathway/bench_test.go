package pathway

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
)

// fiftyLeaves is a stack of fifty leaves, half of them held, and who holds them.
func fiftyLeaves() (*graph.Profile, graph.AchievementIndex) {
	b := graph.Batch{}
	var awards []graph.Award
	var parts []graph.Requirement
	for i := range 10 {
		var of []graph.Requirement
		for j := range 5 {
			id := achievementID(5*i + j)
			b.Achievements = append(b.Achievements, badge(id, 60))
			of = append(of, graph.Holds(id))
			if j%2 == 0 {
				awards = append(awards, award(id))
			}
		}
		parts = append(parts, graph.AtLeast(3+i%3, of...))
	}
	b.Achievements = append(b.Achievements, stack("all", 0, graph.All(parts...)))
	p := suppose(b, awards...)
	i, _ := p.Catalog.Achievement("all")
	return p, i
}

func BenchmarkComplete50(b *testing.B) {
	p, i := fiftyLeaves()
	b.ReportAllocs()
	for b.Loop() {
		if c, err := Complete(p, i); err != nil || len(c.Versions[0].Routes[0].Nodes) != 61 {
			b.Fatal(c, err)
		}
	}
}

func BenchmarkSolveExample(b *testing.B) {
	s := readScenario(b, "testdata/scenarios/stack.txt")
	p := graph.Suppose(graph.CompileBatch(s.batch), instant, s.awards, s.claims)
	b.ReportAllocs()
	for b.Loop() {
		mustSolve(b, p, Goal{Requirement: &s.goal}, Hours, Limits{})
	}
}

func BenchmarkNextExample(b *testing.B) {
	p := nextWorld()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Next(b.Context(), p, []Goal{{Role: "senior"}}, Hours, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSolveShared asks the shared extracts of an organization's catalog.
func BenchmarkSolveShared(b *testing.B) {
	for _, f := range instanceFiles(b, "org-extract-*.json") {
		b.Run(strings.TrimSuffix(filepath.Base(f), ".json"), func(b *testing.B) {
			in := loadInstance(b, f)
			q := &in.Queries[0]
			p := q.profile(graph.CompileBatch(in.batch(b)))
			goal := q.goal()
			b.ReportAllocs()
			for b.Loop() {
				mustSolve(b, p, goal, Hours, Limits{})
			}
		})
	}
}

// BenchmarkSolveCatalog asks all queries of the large shared catalogs, the
// tie-break included, and reports how long the slow ones take and the share that
// is proven within the default limit.
func BenchmarkSolveCatalog(b *testing.B) {
	for _, name := range []string{"organization", "esco-size"} {
		b.Run(name, func(b *testing.B) {
			in := loadCatalog(b, name)
			c := graph.CompileBatch(in.batch(b))
			var took []time.Duration
			proven := 0
			for b.Loop() {
				for i := range in.Queries {
					q := &in.Queries[i]
					p, goal := q.profile(c), q.goal()
					start := time.Now()
					plan := mustSolve(b, p, goal, Hours, Limits{})
					took = append(took, time.Since(start))
					if plan.Status != Feasible {
						proven++
					}
				}
			}
			slices.Sort(took)
			for _, percent := range []int{50, 90, 95, 99} {
				at := took[len(took)*percent/100]
				b.ReportMetric(float64(at.Microseconds())/1000, fmt.Sprintf("p%d-ms", percent))
			}
			b.ReportMetric(float64(proven)/float64(len(took)), "proven/query")
		})
	}
}
