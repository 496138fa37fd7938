package pathway

import (
	"context"
	"fmt"
	"slices"
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
			w := makeRichWorld(seed+i, size)
			plan := compareWithEverySet(t, &w, Objective(i%2))
			seen[fmt.Sprintf("%v with %d steps", plan.Status, len(plan.Steps))]++
			if plan.WaitUntil != 0 {
				seen["with a wait"]++
			}
		}
	})
	t.Log(seen)
	if seen["with a wait"] == 0 {
		t.Error("no plan waits")
	}
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
	plan, err := Solve(context.Background(), p, w.aim(), o, Limits{Exclude: exclude})
	if err != nil {
		t.Fatal(err)
	}
	const forever = 100 // months
	want, ok := cheapest(w.after(forever), &plan.Target, o, exclude...)
	switch {
	case !ok:
		if plan.Status != Unreachable || len(plan.Core) == 0 {
			t.Fatalf("status %v with core %v, want unreachable", plan.Status, plan.Core)
		}
	case plan.Status != Optimal || !plan.Canonical || plan.Total != want:
		t.Fatalf("%v %+v, want optimal %+v; steps %v", plan.Status, plan.Total, want, plan.Steps)
	default:
		wait := 0
		for plan.WaitUntil > instant.AddMonths(wait, nil) {
			wait++
		}
		checkPlanAfter(t, p, w.after(wait), &plan)
		if wait == 0 {
			break
		}
		var taken []route
		for i := range plan.Steps {
			taken = append(taken, route{version: plan.Steps[i].Version, route: plan.Steps[i].Route})
		}
		if now, _ := earn(w.after(wait-1), taken); plan.Target.met(now) {
			t.Fatalf("the wait until %v is longer than it has to be: %v", plan.WaitUntil, plan.Steps)
		}
	}
	return plan
}

// plain takes out of a world what makes an atom more than an achievement or a
// level: filters on leaves, exclusive nodes, weak, replaced and enforced
// achievements. Then a core can be granted from outside.
func (w *world) plain() {
	var bare func(r *graph.Requirement)
	bare = func(r *graph.Requirement) {
		r.Issuers, r.FreshWithinMonths, r.MinRigor, r.Sharing = nil, 0, graph.RigorUnspecified, graph.Shared
		for i := range r.Of {
			bare(&r.Of[i])
		}
	}
	bare(&w.goal)
	for i := range w.batch.Achievements {
		a := &w.batch.Achievements[i]
		a.Rigor, a.Enforce, a.ReplacedBy = graph.Assessed, false, ""
		for j := range a.Routes {
			if a.Routes[j].Requires != nil {
				bare(a.Routes[j].Requires)
			}
		}
	}
	for i := range w.awards {
		w.awards[i].Rigor = graph.Assessed
	}
}

// granted reports whether the target is reached with all routes when every
// achievement and level is given for nothing, but for those of a core: of it
// only spare is, or none if spare is -1. A level in a core stands for itself and
// better.
func (w *world) granted(t *Target, core []Blocker, spare int, excluded ...graph.ID) bool {
	const top = 3
	levels := slices.Repeat([]graph.Level{top}, len(w.batch.Competencies))
	kept := make(map[graph.ID]bool)
	for i, b := range core {
		for j := range levels {
			if i != spare && competencyID(j) == b.Competency {
				levels[j] = min(levels[j], b.Level-1)
			}
		}
		kept[b.Achievement] = kept[b.Achievement] || i != spare
	}
	claims := slices.Clone(w.claims)
	for j, l := range levels {
		if spare >= 0 && core[spare].Competency == competencyID(j) {
			l = max(l, core[spare].Level)
		}
		claims = append(claims, graph.Claim{Competency: competencyID(j), Level: l, Rigor: graph.Proctored, By: "grant", At: instant - 1})
	}
	p := graph.Suppose(graph.CompileBatch(w.batch), instant, w.awards, claims)
	var versions []*graph.Version
	for _, id := range p.Catalog.IDs(graph.KindAchievement) {
		if i, _ := p.Catalog.Achievement(id); !kept[id] {
			versions = append(versions, p.Catalog.InForce(i, p.At))
		}
	}
	p = p.With(versions...)
	now, _ := earn(p, allRoutes(p, excluded...))
	return t.met(now)
}

// TestCores checks the cores of unreachable targets in worlds: with all but the
// core granted the target stays out of reach, with any one of it as well it does
// not. What falls short by itself does so with everything granted.
func TestCores(t *testing.T) {
	seen := make(map[int]int)
	for seed := range uint64(4000) {
		w := makeWorld(seed, 7)
		w.plain()
		exclude := []graph.ID{"a0", "a1", "a2"}
		p := w.profile()
		plan := mustSolve(t, p, Goal{Requirement: &w.goal}, Hours, Limits{Exclude: exclude})
		if plan.Status != Unreachable {
			continue
		}
		core := plan.Core
		if len(core) == 1 && core[0].Achievement == "" && core[0].Competency == "" {
			core = nil
		}
		seen[len(core)]++
		if w.granted(&plan.Target, core, -1, exclude...) {
			t.Errorf("world %d: with all but the core the target is reached: %+v", seed, core)
		}
		for i := range core {
			if !w.granted(&plan.Target, core, i, exclude...) {
				t.Errorf("world %d: %+v does not bring the target within reach; core %+v", seed, core[i], core)
			}
		}
	}
	t.Log(seen)
	if seen[0] == 0 || seen[1] == 0 || seen[2] == 0 || seen[3] == 0 {
		t.Errorf("cores by size: %v: too few sizes to tell anything", seen)
	}
}
