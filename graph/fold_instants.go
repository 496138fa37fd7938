package graph

import (
	"math"
	"slices"
)

// beforeAll is before every instant that can be recorded.
const beforeAll Instant = math.MinInt64

// changes are the instants at which something can change by the recorded facts
// and the publications, in order: facts begin and end, awards cease to be
// fresh, tenures are reached, versions and replacements take effect, graces end.
func (g *folding) changes() []Instant {
	q, w := g.person, &g.catalog.watchers
	var out []Instant
	for i := range q.awards {
		// What touches no automatic achievement changes nothing, unless it may
		// let an award of an enforced version count.
		a := &q.awards[i]
		if !g.enforced && !w.achievements[a.achievement] {
			continue
		}
		out = append(out, a.issued, g.catalog.filled(*a).until)
		out = append(out, g.catalog.achievements[a.achievement].heldFrom...)
		out = append(out, g.freshEnds(*a)...)
		if v := g.catalog.version(a); v.Enforce {
			out = append(out, g.tenures(v)...)
		}
	}
	for i := range q.claims {
		if g.enforced || w.competencies[q.claims[i].competency] {
			out = append(out, q.claims[i].at)
		}
	}
	for i := range q.assignments {
		out = append(out, q.assignments[i].from)
	}
	for _, a := range g.autos {
		out = append(out, g.catalog.achievements[a].heldFrom...)
		for _, v := range g.catalog.achievements[a].order {
			out = append(out, v.EffectiveFrom)
			if v.OnChange == Grace {
				out = append(out, v.GraceUntil)
			}
			out = append(out, g.tenures(v)...)
		}
	}
	slices.Sort(out)
	out = slices.DeleteFunc(out, func(t Instant) bool { return t == beforeAll || t == 0 }) // not given
	return slices.Compact(out)
}

// tenures are the instants at which the person reaches a tenure that v asks for.
func (g *folding) tenures(v *Version) []Instant {
	var out []Instant
	for i := range v.Routes {
		for _, n := range v.Routes[i].Requires.nodes() {
			if n.Op != OpTenure {
				continue
			}
			if at, ok := tenureReached(g.person.assignments, n.Roles, n.Months, g.catalog.zone); ok {
				out = append(out, at)
			}
		}
	}
	return out
}

// freshEnds are the instants just after which an award is too old for a leaf
// of a candidate: only then can a rule that follows its parts end.
func (g *folding) freshEnds(a award) []Instant {
	var out []Instant
	for _, auto := range g.autos {
		for _, v := range g.catalog.achievements[auto].order {
			if !v.FollowsParts {
				continue
			}
			for _, r := range v.Routes {
				for _, n := range r.Requires.nodes() {
					if n.Op == OpHolds && n.FreshWithinMonths > 0 && slices.Contains(g.catalog.HeldAs(a.achievement), n.Achievement) {
						out = append(out, g.catalog.freshEnd(a.issued, n.FreshWithinMonths))
					}
				}
			}
		}
	}
	return out
}

// freshEnd is the first instant at which something issued at issued is no
// longer fresh within n months: months are clamped, so it is found from the
// instant that is n months on.
func (c *Catalog) freshEnd(issued Instant, n int) Instant {
	at := issued.AddMonths(n, c.zone)
	const day = Instant(24 * 60 * 60 * 1000)
	lo, hi := at-4*day, at+4*day // stale at hi, fresh at lo
	for lo+1 < hi {
		mid := lo + (hi-lo)/2
		if issued < mid.AddMonths(-n, c.zone) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

func (t *Tree) nodes() []TreeNode {
	if t == nil {
		return nil
	}
	return t.Nodes
}
