package pathway

import (
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

// TestWaitingBelowExclusive asks for months in a role below a node whose
// children may not share: they come by waiting there too, and use up nothing.
func TestWaitingBelowExclusive(t *testing.T) {
	exclusive := func(k int, of ...graph.Requirement) graph.Requirement {
		r := graph.AtLeast(k, of...)
		r.Sharing = graph.Exclusive
		return r
	}
	months := graph.Requirement{Op: graph.OpTenure, Role: "analyst", Months: 6}
	credits := graph.Requirement{Op: graph.OpCredits, Sharing: graph.Exclusive, Credits: 3, Of: []graph.Requirement{months, graph.Holds("a")}}
	credits.Of[0].TermCredits, credits.Of[1].TermCredits = 2, 1
	gated := badge("gated", 30, months)
	gated.Enforce = true
	c := graph.CompileBatch(graph.Batch{
		At: instant - 100, Achievements: []graph.Achievement{badge("a", 60), badge("b", 5), gated},
		Roles: []graph.Role{{ID: "analyst"}},
	})
	date := func(months int) graph.Instant { return instant.AddMonths(months, nil) }
	for _, test := range []struct {
		name string
		rule graph.Requirement
		held []graph.Award
		want string
		wait graph.Instant
	}{
		{name: "alone", rule: exclusive(1, months), want: "optimal 0", wait: date(4)},
		{name: "beside an award", rule: exclusive(2, months, graph.Holds("a")), want: "optimal 60 a/course", wait: date(4)},
		{name: "cheaper than an award", rule: exclusive(1, months, graph.Holds("a")), want: "optimal 0", wait: date(4)},
		{name: "in credits", rule: credits, want: "optimal 60 a/course", wait: date(4)},
		{name: "not needed", rule: exclusive(1, months, graph.Holds("a")), held: []graph.Award{award("a")}, want: "optimal 0"},
		{name: "below what shares", rule: graph.All(graph.Holds("b"), exclusive(1, months)), want: "optimal 5 b/course", wait: date(4)},
		{
			name: "of a prerequisite that a held award waits for", rule: exclusive(2, graph.Holds("gated"), graph.Holds("a")),
			held: []graph.Award{award("gated"), award("a")}, want: "optimal 0", wait: date(4),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := graph.Suppose(c, instant, test.held, nil, graph.Assignment{Role: "analyst", From: date(-2)})
			plan := mustSolve(t, p, Goal{Requirement: &test.rule}, Hours, Limits{})
			if got := brief(&plan); got != test.want || plan.WaitUntil != test.wait {
				t.Errorf("%s, waits until %v; want %s until %v", got, plan.WaitUntil, test.want, test.wait)
			}
		})
	}
}
