package pathway

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/cairn-skills/cairn/graph"
)

// render is everything that a plan says, in words of the catalog.
func render(p *graph.Profile, plan *Plan) string {
	var b strings.Builder
	fmt.Fprintln(&b, plan.Status, plan.Objective, plan.Canonical, plan.Total, plan.Bound, plan.Gap, plan.WaitUntil, plan.Work)
	for i := range plan.Steps {
		s := &plan.Steps[i]
		fmt.Fprintln(&b, s.Version.ID, s.Version.Version, s.Route.ID, s.AvailableNow, s.Renews, s.Closes, s.Needs, s.Enables)
	}
	for _, c := range plan.Covered {
		fmt.Fprint(&b, c.NodeRef)
		if c.Evidence >= 0 {
			fmt.Fprint(&b, p.Evidence()[c.Evidence].Fact)
		}
		fmt.Fprintln(&b)
	}
	fmt.Fprintln(&b, plan.Core)
	return b.String()
}

// better reports whether a plan is at least as good as another under Hours: no
// plan is worse than any.
func better(a, b *Plan) bool {
	if b.Status == Unreachable {
		return true
	}
	return a.Status == Optimal && a.Total.Compare(b.Total, Hours) <= 0
}

func solveRule(t *rapid.T, p *graph.Profile, r graph.Requirement, exclude ...graph.ID) Plan {
	t.Helper()
	plan, err := Solve(context.Background(), p, Goal{Requirement: &r}, Hours, Limits{Exclude: exclude})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// forWorlds checks a property on many worlds whose goal can be reached.
func forWorlds(t *testing.T, property func(t *rapid.T, w *world, p *graph.Profile, plan *Plan)) {
	t.Helper()
	reached := 0
	rapid.Check(t, func(t *rapid.T) {
		seed, size := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(5, 8).Draw(t, "achievements")
		for i := range uint64(10) {
			w := makeWorld(seed+i, size)
			p := w.profile()
			if plan := solveRule(t, p, w.goal); plan.Status == Optimal && len(plan.Steps) > 0 {
				reached++
				property(t, &w, p, &plan)
			}
		}
	})
	if reached < 20 {
		t.Errorf("only %d worlds had a plan", reached)
	}
}

func TestMoreHeldIsNeverDearer(t *testing.T) {
	forWorlds(t, func(t *rapid.T, w *world, p *graph.Profile, plan *Plan) {
		for _, r := range allRoutes(p) {
			with := p.With(r.version)
			if after := solveRule(t, with, w.goal); !better(&after, plan) {
				t.Fatalf("with %s: %v, without: %v", r.version.ID, after.Total, plan.Total)
			}
		}
	})
}

func TestAskingMoreIsNeverCheaper(t *testing.T) {
	forWorlds(t, func(t *rapid.T, w *world, p *graph.Profile, plan *Plan) {
		other := makeWorld(uint64(len(w.batch.Achievements)), len(w.batch.Achievements)).goal
		alone := solveRule(t, p, other)
		both := solveRule(t, p, graph.All(w.goal, other))
		if !better(plan, &both) || !better(&alone, &both) {
			t.Fatalf("both %v, alone %v and %v", both.Total, plan.Total, alone.Total)
		}
		if alone.Status == Optimal && (both.Status != Optimal || both.Total.EffortMinutes > plan.Total.EffortMinutes+alone.Total.EffortMinutes) {
			t.Fatalf("both %v %v, alone %v and %v", both.Status, both.Total, plan.Total, alone.Total)
		}
		for i := range plan.Steps {
			if less := solveRule(t, p, w.goal, plan.Steps[i].Version.ID); !better(plan, &less) {
				t.Fatalf("without %s: %v, with it: %v", plan.Steps[i].Version.ID, less.Total, plan.Total)
			}
		}
	})
}

func TestFollowingThePlan(t *testing.T) {
	forWorlds(t, func(t *rapid.T, w *world, p *graph.Profile, plan *Plan) {
		first := &plan.Steps[0]
		after := solveRule(t, p.With(first.Version), w.goal)
		c := first.Cost()
		want := Cost{
			plan.Total.EffortMinutes - c.EffortMinutes, plan.Total.PriceMinor - c.PriceMinor, plan.Total.Weeks - c.Weeks, plan.Total.Routes - 1,
		}
		if after.Status != Optimal || after.Total != want {
			t.Fatalf("after %s: %v, want %v", first.Version.ID, after.Total, want)
		}
	})
}

// TestTheOrderOfACatalogIsNothing publishes the same catalog in another order,
// with names that sort differently, with dearer routes, and with more that has
// nothing to do with the goal.
func TestTheOrderOfACatalogIsNothing(t *testing.T) {
	forWorlds(t, func(t *rapid.T, w *world, p *graph.Profile, plan *Plan) {
		turned := *w
		turned.batch.Achievements = slices.Clone(w.batch.Achievements)
		turned.batch.Competencies = slices.Clone(w.batch.Competencies)
		slices.Reverse(turned.batch.Achievements)
		slices.Reverse(turned.batch.Competencies)
		q := turned.profile()
		again := solveRule(t, q, w.goal)
		if diff := cmp.Diff(render(p, plan), render(q, &again)); diff != "" {
			t.Fatalf("in another order (-first +again):\n%s", diff)
		}

		more := *w
		more.batch.Achievements = append(slices.Clone(w.batch.Achievements), graph.Achievement{
			ID: "a00", Routes: []graph.Route{{ID: "r", Kind: graph.ByCourse, Requires: &w.goal}},
		})
		q = more.profile()
		again = solveRule(t, q, w.goal)
		if diff := cmp.Diff(render(p, plan), render(q, &again)); diff != "" {
			t.Fatalf("with an achievement of no use (-first +again):\n%s", diff)
		}

		dearer := *w
		dearer.batch.Achievements = nil
		for _, a := range w.batch.Achievements {
			a.Routes = slices.Clone(a.Routes)
			for i := range a.Routes {
				a.Routes[i].EffortMinutes *= 7
				a.Routes[i].Price.Amount *= 7
				a.Routes[i].ElapsedWeeks *= 7
			}
			dearer.batch.Achievements = append(dearer.batch.Achievements, a)
		}
		again = solveRule(t, dearer.profile(), w.goal)
		want := Cost{7 * plan.Total.EffortMinutes, 7 * plan.Total.PriceMinor, 7 * plan.Total.Weeks, plan.Total.Routes}
		if again.Total != want {
			t.Fatalf("seven times as dear: %v, want %v", again.Total, want)
		}
	})
}

// TestNamesAreNothing renames every achievement so that they sort the other way.
func TestNamesAreNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 20 {
		c := makeCover(r, 12, 8)
		catalog, goal := c.world()
		plan := mustSolve(t, graph.Suppose(catalog, instant, nil, nil), goal, Hours, Limits{})
		turn := func(i int) int { return len(c.hours) - 1 - i }
		turned := cover{all: c.all}
		for i := range c.hours {
			needs := uint32(0)
			for j := range c.hours {
				needs |= c.needs[turn(i)] >> j & 1 << turn(j)
			}
			turned.needs, turned.gives = append(turned.needs, needs), append(turned.gives, c.gives[turn(i)])
			turned.hours, turned.money = append(turned.hours, c.hours[turn(i)]), append(turned.money, c.money[turn(i)])
		}
		catalog, goal = turned.world()
		again := mustSolve(t, graph.Suppose(catalog, instant, nil, nil), goal, Hours, Limits{})
		if plan.Status != again.Status || plan.Total != again.Total {
			t.Errorf("%v %v, renamed %v %v", plan.Status, plan.Total, again.Status, again.Total)
		}
	}
}

// TestLimitedWork checks that the bound never exceeds the optimum, that a plan
// is there whatever the limit, and that both only improve.
func TestLimitedWork(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	feasible := 0
	for range 10 {
		c := makeCover(r, 40, 15)
		catalog, goal := c.world()
		p := graph.Suppose(catalog, instant, nil, nil)
		best := mustSolve(t, p, goal, Hours, Limits{})
		if best.Status == Unreachable {
			continue
		}
		bound, cost := int64(0), Cost{EffortMinutes: 1 << 40}
		for work := int64(1); work < 2*best.Work; work *= 2 {
			plan := mustSolve(t, p, goal, Hours, Limits{Work: work})
			again := mustSolve(t, p, goal, Hours, Limits{Work: work})
			if diff := cmp.Diff(render(p, &plan), render(p, &again)); diff != "" {
				t.Fatalf("the same question twice (-first +again):\n%s", diff)
			}
			checkPlan(t, p, &plan)
			if plan.Bound > best.Total.EffortMinutes || plan.Total.Compare(best.Total, Hours) < 0 {
				t.Errorf("work %d: %d ≤ %d ≤ %d does not hold", work, plan.Bound, best.Total.EffortMinutes, plan.Total.EffortMinutes)
			}
			if plan.Bound < bound || plan.Total.Compare(cost, Hours) > 0 {
				t.Errorf("work %d: bound %d after %d, cost %v after %v", work, plan.Bound, bound, plan.Total, cost)
			}
			bound, cost = plan.Bound, plan.Total
			gap := float64(cost.EffortMinutes-bound) / float64(cost.EffortMinutes)
			switch {
			case plan.Gap != gap:
				t.Errorf("work %d: gap %v, want %v", work, plan.Gap, gap)
			case plan.Status == Feasible:
				feasible++
				if gap == 0 || plan.Canonical {
					t.Errorf("work %d: feasible with gap %v, canonical %v", work, gap, plan.Canonical)
				}
			}
		}
		if bound != best.Total.EffortMinutes {
			t.Errorf("with all the work the bound is %d, want %d", bound, best.Total.EffortMinutes)
		}
	}
	if feasible == 0 {
		t.Error("no question ran out of work")
	}
}

func TestSolveStopsWithItsContext(t *testing.T) {
	c := makeCover(rand.New(rand.NewPCG(5, 5)), 40, 15)
	catalog, goal := c.world()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Solve(ctx, graph.Suppose(catalog, instant, nil, nil), goal, Hours, Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
