package pathway

import (
	"context"
	"slices"

	"github.com/cairn-skills/cairn/graph"
)

var errOverflow = &graph.Error{
	Class: graph.ErrLimit, Reason: "COST_OVERFLOW",
	Message: "the costs of the routes that matter here are too large to be compared exactly",
}

// Solve finds the cheapest plan that takes p to g under o.
//
// A plan is a set of routes with which the target holds, in an order in which
// each can be taken; a step that serves two requirements is paid once, and no
// step can be left out. An award that is held counts and is not earned again,
// unless it lapsed, is stale, too weak, or of a version that attests less. A
// renewal is open to who was ever awarded the achievement. Tenure that is
// reached by itself costs nothing and shows as Plan.WaitUntil. Only versions in
// force at p's instant offer routes. Equal costs are broken by the tie-break of
// [Objective], so equal questions give equal plans. Effort is in minutes, money
// in minor units of the catalog's currency.
//
// An exclusive node may be beyond the work limit that decides it, and what a leaf
// counts of its achievement's own credits may depend on which of several awards
// comes first. Where no plan does without such a node or leaf for sure, the
// status is [Feasible] as well, never [Unreachable]; Plan.Bound holds all the
// same, and the steps are those with which it is not known that they do not
// suffice.
//
// A target that holds has the empty plan. An unreachable goal is an answer:
// Plan.Core names what nothing leads to. When l's work runs out before the
// search does, the status is [Feasible] and Plan.Bound is what no plan can beat.
//
// Errors: those of [Resolve]; [graph.ErrNotFound] if l excludes an achievement
// that is not there; [graph.ErrLaw] if a price has no declared rate;
// [graph.ErrLimit] if costs cannot be added up in 64 bits; and ctx's error.
//
// With steps paid once the problem contains weighted set cover, so it is
// NP-hard, and the time is bounded by l.Work. The method is described at the
// type search: it solves delete-free planning with landmarks, see Bonet and
// Helmert 2010 and Haslum, Slaney and Thiébaux, "Minimal landmarks for optimal
// delete-free planning", ICAPS 2012.
func Solve(ctx context.Context, p *graph.Profile, g Goal, o Objective, l Limits) (Plan, error) {
	t, err := Resolve(p, g)
	if err != nil {
		return Plan{}, err
	}
	return solve(ctx, p, t, o, l)
}

func solve(ctx context.Context, p *graph.Profile, t Target, o Objective, l Limits) (Plan, error) {
	plan := Plan{Objective: o, Target: t}
	m := &meter{ctx: ctx}
	pr, err := newProblem(m, p, &t, o, l.Exclude)
	if err != nil {
		return plan, err
	}
	plan.Covered = pr.covered(&t)
	if s, ok := newSearch(pr, l.work()); ok {
		s.run()
		if m.err == nil {
			plan.finish(pr, s)
		}
	} else {
		plan.Status, plan.Canonical = Unreachable, true
		plan.Core = pr.core()
	}
	plan.Work = m.done
	m.ask()
	return plan, m.err
}

// finish fills a plan from the routes that were found.
func (plan *Plan) finish(pr *problem, s *search) {
	plan.Status = Feasible
	proven, canonical := s.bound[0] == s.bestCost[0], s.bound == s.bestCost
	plan.Bound = s.bound[0]
	if cost := s.bestCost[0]; cost > plan.Bound {
		plan.Gap = float64(cost-plan.Bound) / float64(cost)
	}
	plan.WaitUntil = pr.waitUntil(s.best)
	plan.Steps = pr.explain(s.best, &plan.Target, plan.WaitUntil)
	if sure := !pr.hopeful && !pr.doubtful; proven && (sure || pr.doubtful && plan.holds(pr.profile)) {
		plan.Status, plan.Canonical = Optimal, canonical
	}
	for i := range plan.Steps {
		c := plan.Steps[i].Cost()
		plan.Total.EffortMinutes += c.EffortMinutes
		plan.Total.PriceMinor += c.PriceMinor
		plan.Total.Weeks += c.Weeks
		plan.Total.Routes += c.Routes
	}
}

// holds reports whether the target holds once the steps are done in their order,
// without any wait.
func (plan *Plan) holds(p *graph.Profile) bool {
	var versions []*graph.Version
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if !p.With(versions...).Met(s.Route.Requires) {
			return false
		}
		versions = append(versions, s.Version)
	}
	return plan.Target.met(p.With(versions...))
}

// covered are the leaves of t that are met already.
func (p *problem) covered(t *Target) []Covered {
	var out []Covered
	add := func(optional int, tree *graph.Tree) {
		for i, r := range p.evaluate(tree) {
			n := &tree.Nodes[i]
			if r.State == graph.StateMet && n.Op != graph.OpAtLeast && n.Op != graph.OpCredits {
				out = append(out, Covered{NodeRef{optional, int32(i), n.Node}, r.Evidence})
			}
		}
	}
	add(-1, t.Essential)
	for i, o := range t.Optional {
		add(i, o.Tree)
	}
	return out
}

// waitUntil is the least date by which every tenure that routes rely on is
// reached: waits are dropped, the latest first, while the target still holds.
func (p *problem) waitUntil(routes []int32) graph.Instant {
	waits := slices.Clone(p.waits)
	slices.SortFunc(waits, func(a, b wait) int {
		if a.until > b.until {
			return -1
		}
		return 1
	})
	for len(waits) > 0 && p.meter.err == nil {
		q := *p
		q.waits = waits[1:]
		c := newClosure(&q, p.hopeful)
		for _, r := range routes {
			c.take(r)
		}
		if !c.reached() {
			return waits[0].until
		}
		waits = waits[1:]
	}
	return 0
}
