package pathway

import (
	"slices"

	"github.com/cairn-skills/cairn/graph"
)

// support are the routes that the target rests on in the closure's one
// derivation: of each gate the inputs that turned it on, the first ones. It is
// sorted.
func (c *closure) support() []int32 {
	if c.target == always {
		return nil
	}
	var out []int32
	c.walk([]int32{c.target}, func(g int32) bool {
		if r := c.byGate[g]; r >= 0 {
			out = append(out, r)
		}
		return true
	})
	slices.Sort(out)
	return out
}

// walk visits the gates that from rest on, each once, from included. It does
// not go beyond a gate for which visit is false.
func (c *closure) walk(from []int32, visit func(g int32) bool) {
	seen := make(map[int32]bool)
	for stack := slices.Clone(from); len(stack) > 0; {
		g := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[g] || !c.on[g] {
			continue
		}
		seen[g] = true
		if visit(g) {
			stack = append(stack, c.causes(g)...)
		}
	}
}

// causes are the inputs that turned a gate on: those that were on before it, in
// the order in which they turned on, until they suffice.
func (c *closure) causes(g int32) []int32 {
	gt := &c.gates[g]
	c.meter.spend(len(gt.in))
	type input struct{ gate, term int32 }
	var on []input
	for i, f := range gt.in {
		if c.on[f] && c.rank[f] < c.rank[g] {
			on = append(on, input{f, int32(i)})
		}
	}
	slices.SortFunc(on, func(a, b input) int {
		if a.gate != b.gate {
			return int(c.rank[a.gate] - c.rank[b.gate])
		}
		return int(a.term - b.term)
	})
	if gt.match != nil {
		var inputs []int32
		for _, f := range on {
			inputs = append(inputs, f.gate)
		}
		return c.leastMatch(gt.match, inputs)
	}
	need := int(gt.need)
	if c.byGate[g] >= 0 {
		need-- // the other input is that the route was taken
	}
	var sums []int64
	if gt.sum != nil {
		sums = slices.Clone(c.problem.sums)
	}
	var out []int32
	for _, f := range on {
		switch {
		case gt.sum != nil:
			if gt.sum.holds(sums) {
				return out
			}
			t := &gt.sum.terms[f.term]
			if t.doubtful && !c.hopeful {
				continue
			}
			sums[gt.sum.at+int(t.cat)] += t.credits
		case len(out) >= need:
			return out
		}
		out = append(out, f.gate)
	}
	return out
}

// leastMatch is what is left of the inputs that meet an exclusive node when those
// that can be spared are dropped, the last to turn on first.
func (c *closure) leastMatch(m *matching, inputs []int32) []int32 {
	kept := make(map[int32]bool, len(inputs))
	for _, g := range inputs {
		kept[g] = true
	}
	for _, last := range slices.Backward(inputs) {
		if c.meter.err != nil {
			break
		}
		kept[last] = false
		kept[last] = !c.holds(m, func(g int32) bool { return kept[g] })
	}
	return slices.DeleteFunc(inputs, func(g int32) bool { return !kept[g] })
}

// explain puts routes into an order in which each can be taken, by ID where
// several can, and says what each is for. Waits that end after until are not
// relied on.
func (p *problem) explain(routes []int32, t *Target, until graph.Instant) []Step {
	q := *p
	q.waits = slices.DeleteFunc(slices.Clone(p.waits), func(w wait) bool { return w.until > until })
	q.target = never
	c := newClosure(&q, p.hopeful)
	q.waits = nil
	now := newClosure(&q, p.hopeful)
	var order []int32
	for rest := slices.Clone(routes); len(rest) > 0; {
		next := slices.IndexFunc(rest, func(r int32) bool {
			req := q.routes[r].requires
			return req == always || c.on[req]
		})
		if next < 0 {
			break // cannot be: the routes reach the target
		}
		order = append(order, rest[next])
		c.take(rest[next])
		rest = slices.Delete(rest, next, next+1)
	}
	at := make(map[int32]int, len(order))
	for i, r := range order {
		at[r] = i
	}
	steps := make([]Step, len(order))
	for i, r := range order {
		rt := &q.routes[r]
		steps[i] = Step{
			Version: rt.version, Route: rt.route, AvailableNow: rt.requires == always || now.on[rt.requires],
			Renews: len(p.profile.Awards(rt.version.Index)) > 0,
		}
	}
	for i, r := range order {
		req := q.routes[r].requires
		if req == always {
			continue
		}
		c.walk([]int32{req}, func(g int32) bool {
			if other := c.byGate[g]; other >= 0 {
				steps[i].Needs = append(steps[i].Needs, at[other])
				return false
			}
			return true
		})
		slices.Sort(steps[i].Needs)
		for _, j := range steps[i].Needs {
			steps[j].Enables = append(steps[j].Enables, i)
		}
	}
	p.close(c, t, at, steps)
	return steps
}

// close notes for every leaf and exclusive node of the target which steps it
// rests on.
func (p *problem) close(c *closure, t *Target, at map[int32]int, steps []Step) {
	leaf := func(optional int, tree *graph.Tree) {
		for i, r := range p.evaluate(tree) {
			n := &tree.Nodes[i]
			if r.State == graph.StateMet {
				continue
			}
			ref := NodeRef{optional, int32(i), n.Node}
			c.walk(p.leaves[n.Requirement], func(g int32) bool {
				if other := c.byGate[g]; other >= 0 {
					steps[at[other]].Closes = append(steps[at[other]].Closes, ref)
				}
				return true
			})
		}
	}
	leaf(-1, t.Essential)
	for i, o := range t.Optional {
		leaf(i, o.Tree)
	}
}
