package examples_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/docs/examples"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/pathway"
)

// asOf is the day on which the example is looked at.
var asOf = graph.InstantOf(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC))

// company is the example as it is after the import of all its tables.
func company(t *testing.T) *graph.Snapshot {
	t.Helper()
	store, err := filestore.Open(filepath.Join(t.TempDir(), "example.cairn"), filestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	live, err := graph.Open(context.Background(), store, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		live.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	commit := func(b graph.Batch) {
		t.Helper()
		b.At = asOf
		if _, err := live.Commit(context.Background(), b, graph.CommitOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	commit(catalog(t).Batch)
	var b graph.Batch
	seen := map[graph.ID]bool{}
	for _, r := range table(t, "people.csv", examples.People) {
		if !seen[r.Person] {
			b.People = append(b.People, graph.Person{ID: r.Person})
			seen[r.Person] = true
		}
		b.Assignments = append(b.Assignments, *r.Assignment)
	}
	for _, r := range table(t, "awards.csv", examples.Awards) {
		b.Awards = append(b.Awards, *r.Award)
	}
	for _, r := range table(t, "claims.csv", examples.Claims) {
		b.Claims = append(b.Claims, *r.Claim)
	}
	commit(b)
	return live.Head()
}

// TestLint: the example is a catalog that nobody has to excuse.
func TestLint(t *testing.T) {
	c := catalog(t)
	c.Batch.At = asOf
	for _, p := range c.Locate(graph.Lint(nil, &c.Batch)) {
		t.Error(p)
	}
}

// TestPlans: the paths that the documentation shows. Each row is
// worth a newcomer's look: time against money, a stack that fires by itself,
// prior learning, something lapsed, a lateral move, a wait for tenure.
func TestPlans(t *testing.T) {
	s := company(t)
	for _, row := range []struct {
		person, role graph.ID
		objective    pathway.Objective
		minutes      int64
		cents        int64
		waits        bool
		steps        string
	}{
		{"p-05", "data-analyst", pathway.Hours, 24 * 60, 38250, false, "charts-in-tableau/course business-data-analyst/stack statistics-intensive/course"},
		{"p-05", "data-analyst", pathway.Money, 34 * 60, 9000, false, "charts-in-tableau/course business-data-analyst/stack statistics-for-decisions/course"},
		{"p-06", "data-analyst", pathway.Hours, 1650, 40750, false, "charts-in-tableau/course data-privacy-at-work/course sql-for-beginners/prior-learning business-data-analyst/stack statistics-intensive/course"},
		{"p-04", "data-analyst", pathway.Hours, 90, 0, false, "data-privacy-at-work/course"},
		{"p-03", "senior-data-analyst", pathway.Hours, 8 * 60, 14000, false, "data-storytelling/course"},
		{"p-02", "lead-data-analyst", pathway.Hours, 14 * 60, 18000, false, "agile-project-leadership/prior-learning analytics-practitioner/portfolio"},
		{"p-12", "data-analyst", pathway.Money, 36 * 60, 6000, false, "sql-for-beginners/course business-data-analyst/stack statistics-for-decisions/course"},
		{"p-11", "marketing-lead", pathway.Hours, 45 * 60, 20000, true, "agile-methodology-fundamentals/course content-strategy-practitioner/course seo-practitioner/course web-analytics-essentials/course digital-marketing-specialist/stack"},
		{"p-08", "marketing-lead", pathway.Hours, 0, 0, false, ""},
	} {
		t.Run(fmt.Sprintf("%s to %s by %s", row.person, row.role, row.objective), func(t *testing.T) {
			p, err := s.Profile(row.person, asOf)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := pathway.Solve(context.Background(), p, pathway.Goal{Role: row.role}, row.objective, pathway.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			var steps []string
			for _, st := range plan.Steps {
				steps = append(steps, fmt.Sprintf("%s/%s", st.Version.ID, st.Route.ID))
			}
			got := strings.Join(steps, " ")
			if plan.Status != pathway.Optimal || got != row.steps || plan.Total.EffortMinutes != row.minutes || plan.Total.PriceMinor != row.cents || (plan.WaitUntil != 0) != row.waits {
				t.Errorf("%s, %d minutes, %d cents, waits until %q: %s\nwant %d, %d, %t: %s", plan.Status, plan.Total.EffortMinutes,
					plan.Total.PriceMinor, plan.WaitUntil, got, row.minutes, row.cents, row.waits, row.steps)
			}
		})
	}
}

// TestLapsed: who has a lapsed part keeps the stack that it once completed.
func TestLapsed(t *testing.T) {
	p, err := company(t).Profile("p-04", asOf)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[graph.ID]bool{}
	for _, e := range p.Evidence() {
		if e.Version != nil {
			counts[e.Version.ID] = e.Counts
		}
	}
	want := map[graph.ID]bool{
		"data-literacy-basics": true, "sql-for-beginners": true, "statistics-intensive": true, "business-data-analyst": true,
		"charts-in-tableau": false, "data-privacy-at-work": false,
	}
	if d := cmp.Diff(want, counts); d != "" {
		t.Errorf("what counts (-want +got):\n%s", d)
	}
}
