package pathway

import (
	"maps"
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

// has is what somebody has in an instance: items, and levels of competencies.
type has struct {
	items  map[string]bool
	levels map[graph.ID]graph.Level
}

func (h has) clone() has { return has{maps.Clone(h.items), maps.Clone(h.levels)} }

// naive answers questions about an instance as its definition says, by going
// round until nothing changes. It shares nothing with the package.
type naive struct {
	testing.TB
	in *instance
}

func (n naive) holdings(q *query) has {
	h := has{make(map[string]bool), make(map[graph.ID]graph.Level)}
	for _, i := range q.Holdings.Items {
		h.items[i] = true
	}
	for _, c := range q.Holdings.Competencies {
		h.levels[c.id] = max(h.levels[c.id], c.level)
	}
	return h
}

// closure is the least set with h and everything that the taken routes lead to.
func (n naive) closure(h has, taken func(item, route string) bool) has {
	h = h.clone()
	for again := true; again; {
		again = false
		raise := func(c pair) {
			if h.levels[c.id] < c.level {
				h.levels[c.id], again = c.level, true
			}
		}
		for _, item := range n.in.Items {
			for _, r := range item.Routes {
				if !h.items[item.ID] && taken(item.ID, r.ID) && (r.Requires == nil || n.holds(h, r.Requires)) {
					h.items[item.ID], again = true, true
				}
			}
			if h.items[item.ID] {
				for _, e := range item.Evidence {
					raise(e)
				}
			}
		}
		for _, im := range n.in.Implies {
			if h.levels[im.from.id] >= im.from.level {
				raise(im.to)
			}
		}
	}
	return h
}

func (n naive) holds(h has, r *rule) bool {
	count := func(rules []rule) int {
		k := 0
		for i := range rules {
			if n.holds(h, &rules[i]) {
				k++
			}
		}
		return k
	}
	switch {
	case r.Item != nil:
		return h.items[*r.Item]
	case r.Comp != nil:
		return h.levels[*r.Comp] >= r.Level
	case r.All != nil:
		return count(*r.All) == len(*r.All)
	case r.Any != nil:
		return count(*r.Any) > 0
	}
	met := 0
	sums := make(map[graph.ID]int64)
	for _, t := range r.Of {
		if n.holds(h, t.Rule) {
			met++
			sums[t.Cat] += t.Credits
		}
	}
	if r.N != nil {
		return met >= *r.N
	}
	total := int64(0)
	for cat, least := range r.Min {
		if sums[cat] < least {
			return false
		}
	}
	for cat, sum := range sums {
		if most, ok := r.Max[cat]; ok {
			sum = min(sum, most)
		}
		total += sum
	}
	return total >= *r.Credits
}

func (n naive) target(h has, q *query) bool {
	if q.Target.Role == "" {
		return n.holds(h, &q.Target.rule)
	}
	for i := range n.in.Roles {
		role := &n.in.Roles[i]
		if role.ID != q.Target.Role {
			continue
		}
		weight := int64(0)
		for j := range role.Optional {
			if n.holds(h, &role.Optional[j].Rule) {
				weight += role.Optional[j].Weight
			}
		}
		return n.holds(h, &role.Essential) && weight >= role.Threshold
	}
	n.Fatalf("no role %s", q.Target.Role)
	return false
}

// check checks a plan: each step in turn, the target, that no step is to spare,
// and the totals.
func (n naive) check(q *query, plan *Plan) {
	n.Helper()
	h := n.holdings(q)
	type step struct{ item, route string }
	taken := make(map[step]bool)
	take := func(item, route string) bool { return taken[step{item, route}] }
	for i := range plan.Steps {
		s := step{string(plan.Steps[i].Version.ID), string(plan.Steps[i].Route.ID)}
		if n.closure(h, take).items[s.item] {
			n.Errorf("step %d: %s is held already", i, s.item)
		}
		taken[s] = true
		if !n.closure(h, take).items[s.item] {
			n.Errorf("step %d: %s cannot be earned by %s yet", i, s.item, s.route)
		}
	}
	if !n.target(n.closure(h, take), q) {
		n.Errorf("the plan does not reach the target")
	}
	total := Cost{Routes: int64(len(taken))}
	for _, item := range n.in.Items {
		for _, r := range item.Routes {
			if taken[step{item.ID, r.ID}] {
				total.EffortMinutes, total.PriceMinor, total.Weeks = total.EffortMinutes+r.Hours, total.PriceMinor+r.Money, total.Weeks+r.Weeks
			}
		}
	}
	if total != plan.Total {
		n.Errorf("the totals are %+v, want %+v", plan.Total, total)
	}
	for s := range taken {
		taken[s] = false
		if n.target(n.closure(h, take), q) {
			n.Errorf("%v can be left out", s)
		}
		taken[s] = true
	}
}

// checkCore checks that the target stays out of reach when everything that
// nothing leads to is granted, but for the core, and that any one of the core
// as well brings it within reach. A level stands for itself and better.
func (n naive) checkCore(q *query, core []Blocker) {
	n.Helper()
	forbidden := make(map[string]bool)
	for _, id := range q.Forbid {
		forbidden[string(id)] = true
	}
	all := func(item, _ string) bool { return !forbidden[item] }
	start := n.holdings(q)
	reach := n.closure(start, all)
	granted := func(spare int) bool {
		h := start.clone()
		kept := func(i int) bool { return i != spare }
		for _, item := range n.in.Items {
			h.items[item.ID] = true
		}
		levels := make(map[graph.ID]graph.Level)
		for _, b := range n.in.batch(n).Competencies {
			levels[b.ID] = graph.Level(n.in.Levels)
		}
		for i, b := range core {
			switch {
			case !kept(i):
			case b.Achievement != "":
				delete(h.items, string(b.Achievement))
			default:
				levels[b.Competency] = min(levels[b.Competency], b.Level-1)
			}
		}
		if spare >= 0 && core[spare].Competency != "" {
			c := core[spare].Competency
			levels[c] = max(levels[c], core[spare].Level)
		}
		for c, l := range levels {
			h.levels[c] = max(h.levels[c], l)
		}
		for item := range reach.items {
			h.items[item] = true
		}
		for c, l := range reach.levels {
			h.levels[c] = max(h.levels[c], l)
		}
		return n.target(n.closure(h, all), q)
	}
	if granted(-1) {
		n.Errorf("with all but the core the target is reached: %+v", core)
	}
	for i := range core {
		if !granted(i) {
			n.Errorf("the core is not irreducible: %+v does not bring the target within reach", core[i])
		}
	}
}
