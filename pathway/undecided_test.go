package pathway

import (
	"fmt"
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

// halves is a rule that wants achievements of odd worth split into two equal
// halves, each serving one of them, which nobody can tell beyond some thirty; and
// their achievements, of an hour each, but for those that are held.
func halves(n int) (graph.Requirement, []graph.Achievement) {
	r := graph.Requirement{Op: graph.OpCredits, Sharing: graph.Exclusive}
	var all []graph.Achievement
	for i := range n {
		worth := int64(1000003 + 2*i*i*7919%99991*2)
		r.Credits += worth
		id := graph.ID(fmt.Sprintf("part%02d", i))
		all = append(all, badge(id, 60))
		for _, cat := range []graph.ID{"left", "right"} {
			leaf := graph.Holds(id)
			leaf.TermCredits, leaf.TermCategory = worth, cat
			r.Of = append(r.Of, leaf)
		}
	}
	r.Min = []graph.CategoryCredits{{Category: "left", Credits: r.Credits / 2}, {Category: "right", Credits: r.Credits - r.Credits/2}}
	return r, all
}

// TestUndecided asks for rules that cannot be settled: what is not known is
// neither unreachable nor optimal, and what does without it is.
func TestUndecided(t *testing.T) {
	hard, parts := halves(36)
	var held []graph.Award
	for i := range parts {
		held = append(held, award(parts[i].ID))
	}
	b := graph.Batch{Achievements: append(parts, badge("dear", 1000), badge("cheap", 5), badge("after", 1, hard))}
	for _, test := range []struct {
		name   string
		rule   graph.Requirement
		held   []graph.Award
		status Status
		cost   int64
		bound  int64
	}{
		{"of what is earned", hard, nil, Feasible, 36 * 60, 36 * 60},
		{"of what is held", hard, held, Feasible, 0, 0},
		{"beside what has to be earned", graph.All(hard, graph.Holds("cheap")), held, Feasible, 5, 5},
		{"and a dear way around", graph.Any(hard, graph.Holds("dear")), held, Feasible, 1000, 0},
		{"and a cheap way around", graph.Any(hard, graph.Holds("cheap")), nil, Optimal, 5, 5},
		{"below what is out of reach", graph.All(hard, graph.Holds("nobody's")), held, Unreachable, 0, 0},
		{"of a prerequisite", graph.Holds("after"), held, Feasible, 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := suppose(b, test.held...)
			plan := mustSolve(t, p, Goal{Requirement: &test.rule}, Hours, Limits{})
			if plan.Status != test.status || plan.Total.EffortMinutes != test.cost || plan.Bound != test.bound {
				t.Errorf("%s, bound %d; want %v %d, bound %d", brief(&plan), plan.Bound, test.status, test.cost, test.bound)
			}
			if plan.Canonical != (test.status != Feasible) {
				t.Errorf("canonical %v", plan.Canonical)
			}
		})
	}
}
