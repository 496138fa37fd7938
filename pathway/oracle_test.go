package pathway

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/cairn-skills/cairn/graph"
)

// TestSolveAgainstEverySet compares Solve with trying every set of routes,
// where what a set leads to is asked of profiles and never of gates.
func TestSolveAgainstEverySet(t *testing.T) {
	seen := make(map[string]int)
	rapid.Check(t, func(t *rapid.T) {
		seed, size := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(5, 8).Draw(t, "achievements")
		for i := range uint64(20) {
			w := makeWorld(seed+i, size)
			plan := compareWithEverySet(t, &w, Objective(i%2))
			seen[fmt.Sprintf("%v with %d steps", plan.Status, len(plan.Steps))]++
		}
	})
	t.Log(seen)
	if seen["optimal with 2 steps"] == 0 || seen["unreachable with 0 steps"] == 0 {
		t.Error("the worlds are too easy to tell anything")
	}
}

func compareWithEverySet(t *rapid.T, w *world, o Objective) Plan {
	t.Helper()
	p := w.profile()
	var exclude []graph.ID
	if len(w.awards) > 0 {
		exclude = append(exclude, "a0")
	}
	plan, err := Solve(context.Background(), p, Goal{Requirement: &w.goal}, o, Limits{Exclude: exclude})
	if err != nil {
		t.Fatal(err)
	}
	want, ok := cheapest(p, &plan.Target, o, exclude...)
	switch {
	case !ok:
		if plan.Status != Unreachable || len(plan.Core) == 0 {
			t.Fatalf("status %v with core %v, want unreachable", plan.Status, plan.Core)
		}
	case plan.Status != Optimal || !plan.Canonical || plan.Total != want:
		t.Fatalf("%v %+v, want optimal %+v; steps %v", plan.Status, plan.Total, want, plan.Steps)
	default:
		checkPlan(t, p, &plan)
	}
	return plan
}
