package pathway

import "slices"

// closure is the set of gates that are on for a set of routes: the least
// fixpoint, so that nothing rests on itself. It is computed by forward chaining
// with counters, after Dowling and Gallier, "Linear-time algorithms for testing
// the satisfiability of propositional Horn formulae", 1984, and remembers the
// order, so that routes can be taken back in the reverse order.
type closure struct {
	*problem
	hopeful bool // what is doubtful counts, and undecided exclusive nodes as met
	on      []bool
	need    []int32
	sums    []int64
	rank    []int32 // place in the trail of a gate that is on
	trail   []int32 // gates that turned on; ^gate for a route that was taken
	head    int     // entries of the trail before it have told their outputs
	dirty   []int32 // exclusive gates to be judged
}

// newClosure is what is on without any route, waits included.
func newClosure(p *problem, hopeful bool) *closure {
	p.meter.spend(len(p.gates))
	c := &closure{
		problem: p, hopeful: hopeful, dirty: slices.Clone(p.unsure), on: make([]bool, len(p.gates)), need: make([]int32, len(p.gates)),
		sums: slices.Clone(p.sums), rank: make([]int32, len(p.gates)),
	}
	for i := range p.gates {
		c.need[i] = p.gates[i].need
	}
	for _, g := range p.starts {
		c.fire(g)
	}
	for _, w := range p.waits {
		c.fire(w.gate)
	}
	c.run()
	return c
}

// reached reports whether the target holds.
func (c *closure) reached() bool {
	return c.target == always || c.target >= 0 && c.on[c.target]
}

// mark is a state to go back to.
func (c *closure) mark() int { return len(c.trail) }

// fire turns a gate on; run tells its outputs.
func (c *closure) fire(g int32) {
	if !c.on[g] {
		c.on[g] = true
		c.rank[g] = int32(len(c.trail))
		c.trail = append(c.trail, g)
	}
}

// take adds a route. It stops early when the target holds.
func (c *closure) take(r int32) {
	g := c.routes[r].gate
	c.trail = append(c.trail, ^g)
	c.need[g]--
	if c.need[g] == 0 {
		c.fire(g)
		c.run()
	}
}

// run tells the outputs of everything that turned on, until the target holds.
func (c *closure) run() {
	for {
		for c.head < len(c.trail) {
			if c.reached() || c.meter.err != nil {
				return
			}
			g := c.trail[c.head]
			c.head++
			if g < 0 {
				continue
			}
			out := c.gates[g].out
			c.meter.spend(len(out))
			for _, e := range out {
				to := &c.gates[e.to]
				switch {
				case to.sum != nil:
					t := &to.sum.terms[e.term]
					if t.doubtful && !c.hopeful {
						continue
					}
					c.sums[to.sum.at+int(t.cat)] += t.credits
					if !c.on[e.to] && to.sum.holds(c.sums) {
						c.fire(e.to)
					}
				case to.match != nil:
					if !c.on[e.to] && !slices.Contains(c.dirty, e.to) {
						c.dirty = append(c.dirty, e.to)
					}
				default:
					c.need[e.to]--
					if c.need[e.to] == 0 {
						c.fire(e.to)
					}
				}
			}
		}
		if len(c.dirty) == 0 {
			return
		}
		g := c.dirty[len(c.dirty)-1]
		c.dirty = c.dirty[:len(c.dirty)-1]
		if !c.on[g] && c.holds(c.gates[g].match, func(g int32) bool { return c.on[g] }) {
			c.fire(g)
		}
	}
}

// undo goes back to a mark.
func (c *closure) undo(mark int) {
	for i := len(c.trail) - 1; i >= mark; i-- {
		g := c.trail[i]
		if g < 0 {
			c.need[^g]++
			continue
		}
		c.on[g] = false
		if i >= c.head {
			continue
		}
		out := c.gates[g].out
		c.meter.spend(len(out))
		for _, e := range out {
			switch to := &c.gates[e.to]; {
			case to.sum != nil:
				if t := &to.sum.terms[e.term]; !t.doubtful || c.hopeful {
					c.sums[to.sum.at+int(t.cat)] -= t.credits
				}
			case to.match == nil:
				c.need[e.to]++
			}
		}
	}
	c.trail = c.trail[:mark]
	c.head = min(c.head, mark)
	c.dirty = c.dirty[:0]
}

// holds reports whether an exclusive node holds with the inputs that are on.
func (c *closure) holds(m *matching, on func(g int32) bool) bool {
	v := c.judge(m, on)
	return v == met || v == undecided && c.hopeful
}
