package pathway

import (
	"cmp"
	"context"
	"slices"

	"github.com/cairn-skills/cairn/graph"
)

// Next ranks what p can do now.
//
// With goals these are the steps of the plans to the goals that can be taken at
// once, and every stack of the catalog that only has to be claimed. Stacks to
// claim come first, then steps of a plan; within each those without which a
// goal is out of reach, then the larger regret, then more roles unlocked, then
// more requirements of roles met, then the cheaper under o, then the smaller
// ID. Regret is what the plans cost more when the achievement is left out, in
// minutes or minor units as o says: the steps with regret, and those without
// which a goal is out of reach, are exactly those in every cheapest plan.
//
// Without goals these are the achievements of the catalog that are open: not
// held, and with a route whose requirement is met, the cheapest such route
// each. Stacks to claim come first, then more roles unlocked, then more
// requirements of roles met, then the cheaper, then the smaller ID.
//
// The answer has at most l.Steps suggestions, the best ones. Cost: a plan for
// each goal and another, for the regret, for each step of it that can be taken
// at once; and a walk over the achievements and the rules of all roles. The work
// of l is for the whole answer. When it runs out, Advice.Proven is false; what a
// suggestion unlocks may then be missing.
//
// Errors: those of [Solve].
func Next(ctx context.Context, p *graph.Profile, goals []Goal, o Objective, l Limits) (Advice, error) {
	a := adviser{ctx: ctx, profile: p, objective: o, limits: l, left: l.work()}
	a.advice.Proven = true
	var err error
	if len(goals) > 0 {
		err = a.towards(goals)
	} else {
		err = a.open()
	}
	if err != nil {
		return Advice{}, err
	}
	steps := a.limits.Steps
	if steps <= 0 {
		steps = DefaultSteps
	}
	if err := a.rank(len(goals) > 0); err != nil {
		return Advice{}, err
	}
	a.advice.Steps = a.advice.Steps[:min(steps, len(a.advice.Steps))]
	a.advice.Work = l.work() - a.left
	return a.advice, ctx.Err()
}

type adviser struct {
	ctx       context.Context
	profile   *graph.Profile
	objective Objective
	limits    Limits
	left      int64 // work that may still be used
	advice    Advice
}

// solve is Solve with what is left of the work.
func (a *adviser) solve(t Target, exclude ...graph.ID) (Plan, error) {
	l := a.limits
	l.Work = max(a.left, 1)
	l.Exclude = slices.Concat(l.Exclude, exclude)
	plan, err := solve(a.ctx, a.profile, t, a.objective, l)
	a.left -= plan.Work
	return plan, err
}

// towards adds the steps to goals that can be taken at once, and the stacks that
// can be claimed.
func (a *adviser) towards(goals []Goal) error {
	for i, g := range goals {
		t, err := Resolve(a.profile, g)
		if err != nil {
			return err
		}
		plan, err := a.solve(t)
		if err != nil {
			return err
		}
		a.advice.Plans = append(a.advice.Plans, plan)
		a.advice.Proven = a.advice.Proven && plan.Status != Feasible
		for j := range plan.Steps {
			if st := &plan.Steps[j]; st.AvailableNow {
				s := a.suggestion(st.Version, st.Route)
				s.Goals = append(s.Goals, i)
				for _, n := range st.Closes {
					s.Closes = append(s.Closes, Closed{i, n})
				}
			}
		}
	}
	a.candidates(func(v *graph.Version, r *graph.CompiledRoute) {
		if r.Kind == graph.ByStack {
			a.suggestion(v, r)
		}
	})
	for i := range a.advice.Steps {
		if err := a.regret(&a.advice.Steps[i]); err != nil {
			return err
		}
	}
	return nil
}

// suggestion is the suggestion of a route, added if it is not there.
func (a *adviser) suggestion(v *graph.Version, r *graph.CompiledRoute) *Suggestion {
	for i := range a.advice.Steps {
		if s := &a.advice.Steps[i]; s.Version == v && s.Route == r {
			return s
		}
	}
	a.advice.Steps = append(a.advice.Steps, Suggestion{
		Version: v, Route: r, RegretProven: true,
		Ready: r.Kind == graph.ByStack && !r.Fires() && r.Requires != nil,
	})
	return &a.advice.Steps[len(a.advice.Steps)-1]
}

// regret compares the plans that have s with those without its achievement.
func (a *adviser) regret(s *Suggestion) error {
	for _, i := range s.Goals {
		with := &a.advice.Plans[i]
		without, err := a.solve(with.Target, s.Version.ID)
		if err != nil {
			return err
		}
		if without.Status == Unreachable {
			s.Forced = true
			continue
		}
		s.RegretProven = s.RegretProven && with.Status == Optimal && without.Status == Optimal
		s.Regret += max(0, without.Total.Of(a.objective)-with.Total.Of(a.objective))
	}
	a.advice.Proven = a.advice.Proven && s.RegretProven
	return nil
}

// open adds the cheapest open route of every achievement that is not held.
func (a *adviser) open() error {
	last := -1
	a.candidates(func(v *graph.Version, r *graph.CompiledRoute) {
		if last >= 0 && a.advice.Steps[last].Version == v {
			if s := &a.advice.Steps[last]; cmp.Or(a.compareCosts(r, s.Route), cmp.Compare(r.ID, s.Route.ID)) < 0 {
				s.Route, s.Ready = r, r.Kind == graph.ByStack && r.Requires != nil
			}
			return
		}
		last = len(a.advice.Steps)
		a.advice.Steps = append(a.advice.Steps, Suggestion{
			Version: v, Route: r, RegretProven: true, Ready: r.Kind == graph.ByStack && r.Requires != nil,
		})
	})
	return a.ctx.Err()
}

// candidates calls yield with every route that can be taken now for an
// achievement in force of which no award counts, but for those that fire by
// themselves. It ends when the context has.
func (a *adviser) candidates(yield func(*graph.Version, *graph.CompiledRoute)) {
	p, c := a.profile, a.profile.Catalog
	_, n, _, _ := c.Counts()
	excluded := make(map[graph.AchievementIndex]bool)
	for _, id := range a.limits.Exclude {
		if i, ok := c.Achievement(id); ok {
			excluded[i] = true
		}
	}
	for i := range graph.AchievementIndex(n) {
		if a.ctx.Err() != nil {
			return
		}
		v := c.InForce(i, p.At)
		a.left--
		if v == nil || excluded[i] || p.Holds(i) {
			continue
		}
		for j := range v.Routes {
			r := &v.Routes[j]
			switch {
			case r.Fires(), !r.PriceKnown:
			case r.Kind == graph.ByStack && r.Requires == nil:
			case r.Kind == graph.ByRenewal && len(p.Awards(i)) == 0:
			case p.Met(r.Requires):
				yield(v, r)
			}
		}
	}
}

func (a *adviser) cost(r *graph.CompiledRoute) vec {
	return a.objective.vec(Cost{r.EffortMinutes, r.PriceMinor, r.ElapsedWeeks, 1})
}

func (a *adviser) compareCosts(x, y *graph.CompiledRoute) int {
	switch c, d := a.cost(x), a.cost(y); {
	case c.less(d):
		return -1
	case d.less(c):
		return 1
	}
	return 0
}

// rank finds what the suggestions lead to and puts them in order.
func (a *adviser) rank(goals bool) error {
	if err := a.unlock(); err != nil {
		return err
	}
	slices.SortFunc(a.advice.Steps, func(x, y Suggestion) int {
		first := func(x, y bool) int {
			switch {
			case x == y:
				return 0
			case x:
				return -1
			}
			return 1
		}
		order := first(x.Ready, y.Ready)
		if goals {
			order = cmp.Or(
				order, first(len(x.Goals) > 0, len(y.Goals) > 0), first(x.Forced, y.Forced), -cmp.Compare(x.Regret, y.Regret),
			)
		}
		return cmp.Or(
			order, -cmp.Compare(len(x.Unlocks), len(y.Unlocks)), -cmp.Compare(x.Requirements, y.Requirements),
			a.compareCosts(x.Route, y.Route), cmp.Compare(x.Version.ID, y.Version.ID), cmp.Compare(x.Route.ID, y.Route.ID),
		)
	})
	return nil
}
