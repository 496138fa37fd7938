package pathway

import (
	"math/rand/v2"
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

// mix gives the versions of a world categories of their own and lets most of the
// achievements be replaced: then what a leaf with its achievement's own credits
// counts depends on which award came first.
func (w *world) mix(seed uint64) {
	r := rand.New(rand.NewPCG(seed, 9))
	for i := range w.batch.Achievements {
		a := &w.batch.Achievements[i]
		a.Category = []graph.ID{"core", "elective"}[r.IntN(2)]
		if next := i + 1; next < len(w.batch.Achievements) && r.IntN(2) == 0 && w.batch.Achievements[next].ID > a.ID {
			a.ReplacedBy = w.batch.Achievements[next].ID
		}
	}
}

// TestMixedCategories compares Solve with trying every set of routes where the
// order of awards matters: what it cannot be sure of it does not call optimal or
// unreachable.
func TestMixedCategories(t *testing.T) {
	seen := make(map[Status]int)
	for seed := range uint64(4000) {
		w := makeRichWorld(seed, 6)
		w.mix(seed)
		p := w.profile()
		plan := mustSolve(t, p, w.aim(), Hours, Limits{})
		want, ok := cheapest(w.after(100), &plan.Target, Hours)
		seen[plan.Status]++
		switch {
		case plan.Status == Unreachable && ok, plan.Status == Optimal && !ok,
			plan.Status == Optimal && plan.Total.EffortMinutes != want.EffortMinutes, plan.Canonical && ok && plan.Total != want,
			plan.Status == Feasible && ok && plan.Bound > want.EffortMinutes:
			t.Errorf("world %d: %s, bound %d, canonical %v; the cheapest set of routes is %v, %+v", seed, brief(&plan), plan.Bound, plan.Canonical, ok, want)
		}
	}
	t.Log(seen)
	if seen[Feasible] == 0 || seen[Feasible] > 60 {
		t.Errorf("%v: in few worlds does it matter, but in some", seen)
	}
}
