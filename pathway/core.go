package pathway

import (
	"slices"

	"github.com/cairn-skills/cairn/graph"
)

// core is an irreducible set of atoms that nothing leads to: with all other
// such atoms granted the target still does not hold, with any one of these it
// does. It is minimal by construction: atoms are granted in turn, in the order
// of the gates, for as long as the target does not hold.
func (p *problem) core() []Blocker {
	q := *p
	q.target = never
	reach := newClosure(&q, true) // with all routes, for the reasons
	for r := range p.routes {
		reach.take(int32(r))
	}
	c := newClosure(p, true)
	for r := range p.routes {
		c.take(int32(r))
	}
	levels := make(map[graph.CompetencyIndex][]int32)
	for g := range p.gates {
		if a := p.gates[g].atom; a != nil && a.competency != graph.None {
			levels[a.competency] = append(levels[a.competency], int32(g))
		}
	}
	var out []Blocker
	for g := range p.gates {
		if p.gates[g].atom == nil || c.on[g] {
			continue
		}
		if p.meter.err != nil {
			return nil
		}
		mark := c.mark()
		c.grant(int32(g), levels)
		if c.reached() {
			c.undo(mark)
			out = append(out, p.blocker(int32(g), reach))
		}
	}
	if len(out) == 0 {
		b := Blocker{Why: Shortfall}
		b.Have, b.Want = reach.shortfall(p.target)
		out = append(out, b)
	}
	return out
}

// grant turns an atom on; a level brings the lower levels and floors with it.
// levels are the gates of levels, by competency.
func (c *closure) grant(g int32, levels map[graph.CompetencyIndex][]int32) {
	c.fire(g)
	a := c.gates[g].atom
	c.meter.spend(1 + len(levels[a.competency]))
	for _, h := range levels[a.competency] {
		if b := c.gates[h].atom; b.level <= a.level && b.floor <= a.floor {
			c.fire(h)
		}
	}
	c.run()
}

// blocker describes an unreachable atom.
func (p *problem) blocker(g int32, reach *closure) Blocker {
	a := p.gates[g].atom
	var b Blocker
	switch {
	case a.version != nil:
		b.Achievement = a.version.ID
	case a.leaf == nil:
		b.Competency, b.Level, b.MinRigor = p.profile.Catalog.CompetencyID(a.competency), a.level, a.floor
	case a.leaf.Op == graph.OpHolds:
		b.Achievement, b.MinRigor = a.leaf.Requirement.Achievement, a.leaf.MinRigor
	case a.leaf.Op == graph.OpLevel:
		b.Competency, b.Level, b.MinRigor = a.leaf.Requirement.Competency, a.leaf.Level, a.leaf.MinRigor
	default:
		b.Role, b.Family, b.Months = a.leaf.Role, a.leaf.Family, a.leaf.Months
	}
	b.Why, b.Have, b.Want = reach.why(g)
	return b
}

// why says why nothing leads to the atom g.
func (c *closure) why(g int32) (Why, int64, int64) {
	in := c.gates[g].in
	if len(in) == 0 {
		if c.gates[g].atom.excluded {
			return Excluded, 0, 0
		}
		return NoProvider, 0, 0
	}
	short, circular := 0, 0
	var have, want int64
	for _, f := range in {
		if !c.possible(f) {
			if short++; short == 1 {
				have, want = c.shortfall(f)
			}
		}
		if c.leadsTo(f, g) {
			circular++
		}
	}
	switch {
	case short == len(in):
		return Shortfall, have, want
	case circular == len(in):
		return Circular, 0, 0
	}
	return Blocked, 0, 0
}

// inner reports whether a gate is a node of a rule or a route, not an atom.
func (c *closure) inner(g int32) bool { return c.gates[g].atom == nil }

// possible reports whether a rule holds if all atoms in it do.
func (c *closure) possible(g int32) bool {
	gt := &c.gates[g]
	c.meter.spend(1 + len(gt.in))
	if c.on[g] || !c.inner(g) || gt.match != nil {
		return true
	}
	if gt.sum != nil {
		return gt.sum.holds(c.possibleSums(gt))
	}
	return c.possibleInputs(g) >= int64(gt.need)
}

// possibleInputs counts the inputs of a counting gate that can be on, the
// taking of a route included.
func (c *closure) possibleInputs(g int32) int64 {
	n := int64(0)
	if c.byGate[g] >= 0 {
		n++
	}
	for _, f := range c.gates[g].in {
		if c.possible(f) {
			n++
		}
	}
	return n
}

func (c *closure) possibleSums(gt *gate) []int64 {
	sums := slices.Clone(c.problem.sums)
	for i, f := range gt.in {
		if c.possible(f) {
			t := gt.sum.terms[i]
			sums[gt.sum.at+int(t.cat)] += t.credits
		}
	}
	return sums
}

// shortfall is how much of what a rule wants there is, with all its atoms: of
// the innermost rule that cannot hold.
func (c *closure) shortfall(g int32) (have, want int64) {
	gt := &c.gates[g]
	for _, f := range gt.in {
		if !c.possible(f) {
			return c.shortfall(f)
		}
	}
	if gt.sum == nil {
		return c.possibleInputs(g), int64(gt.need)
	}
	s, sums := gt.sum, c.possibleSums(gt)
	for i := range s.cats {
		if sums[s.at+i] < s.least[i] {
			return sums[s.at+i], s.least[i]
		}
		have += min(sums[s.at+i], s.most[i])
	}
	return have, s.want
}

// leadsTo reports whether the gate from rests on the atom to through gates that
// are not on.
func (c *closure) leadsTo(from, to int32) bool {
	seen := make(map[int32]bool)
	for stack := []int32{from}; len(stack) > 0; {
		g := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if g == to {
			return true
		}
		if !c.on[g] && !seen[g] {
			seen[g] = true
			if !c.meter.spend(1 + len(c.gates[g].in)) {
				return false
			}
			stack = append(stack, c.gates[g].in...)
		}
	}
	return false
}
