package pathway

import (
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

// TestABetterVersion asks for credits of an achievement that is held in a
// version that is worth less than the one in force.
func TestABetterVersion(t *testing.T) {
	version := func(from graph.Instant, credits int64, category graph.ID) graph.Achievement {
		a := badge("a", 60)
		a.EffectiveFrom, a.Credits, a.Category = from, credits, category
		return a
	}
	own := func(want int64, of ...graph.ID) graph.Requirement {
		r := graph.Requirement{Op: graph.OpCredits, Credits: want}
		for _, id := range of {
			leaf := graph.Holds(id)
			leaf.TermCredits = graph.OwnCredits
			r.Of = append(r.Of, leaf)
		}
		return r
	}
	exclusive := own(4, "a")
	exclusive.Sharing = graph.Exclusive
	dear := badge("dear", 500)
	dear.Credits, dear.Category = 3, "core"
	for _, test := range []struct {
		name string
		rule graph.Requirement
		now  graph.Achievement
		want string
	}{
		{"worth more", own(4, "a"), version(instant-10, 4, "core"), "optimal 60 a/course"},
		{"worth more, with others", own(4, "a", "dear"), version(instant-10, 4, "core"), "optimal 60 a/course"},
		{"not enough alone", own(6, "a", "dear"), version(instant-10, 4, "core"), "optimal 560 a/course dear/course"},
		{"worth less", own(4, "a", "dear"), version(instant-10, 1, "core"), "optimal 500 dear/course"},
		{"of another category", own(4, "a"), version(instant-10, 4, "elective"), "unreachable 0 :shortfall"},
		{"counted once", own(5, "a"), version(instant-10, 4, "core"), "unreachable 0 :shortfall"},
		{"where awards do not share", exclusive, version(instant-10, 4, "core"), "optimal 60 a/course"},
		{"over a category", graph.Requirement{Op: graph.OpCredits, Credits: 4, OverCategory: "core"}, version(instant-10, 4, "core"), "optimal 60 a/course"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := suppose(graph.Batch{Achievements: []graph.Achievement{version(instant-90, 2, "core"), test.now, dear}}, award("a"))
			plan := mustSolve(t, p, Goal{Requirement: &test.rule}, Hours, Limits{})
			if got := brief(&plan); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			checkPlanOrCore(t, p, &plan)
		})
	}
}
