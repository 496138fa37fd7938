package pathway

import (
	"slices"
)

// search finds the cheapest set of routes that reaches the target, by
// depth-first branch and bound.
//
// A landmark is a set of routes without which the target is out of reach, so
// every plan has one of them. Each bound is a dual ascent: as long as the
// routes that are paid for do not reach the target, a minimal landmark is found
// among the others and the least of what is left of their costs is charged to
// all of them; the charges add up to a bound (Bonet and Helmert, "Strengthening
// landmark heuristics via hitting sets", 2010). Costs are integer vectors in
// lexicographic order and nothing is rounded, so the bound is a proof.
//
// The routes that are fully paid for then reach the target; what is needed of
// them is a plan. If it costs more than the bound, some landmark is hit twice:
// one of its routes is taken, then left out.
type search struct {
	*problem
	closure   *closure // of the routes that are in; hopeful, so that a bound is one of all plans
	fresh     *closure // of none, to try plans on
	state     []routeState
	paid      vec // the cost of the routes that are in
	landmarks [][]int32
	order     []int32
	best      []int32 // the cheapest plan so far
	bestCost  vec
	depth     int
	limit     int64
	bound     vec // of what was left unexplored; bestCost if nothing was
	stopped   bool
}

type routeState uint8

const (
	free routeState = iota
	in              // of every plan below this node
	out             // of no plan below this node
	gone            // of no plan that is better than the best
)

// newSearch prepares a search; false if the target cannot be reached.
//
// A plan does without exclusive nodes that are undecided, if there is such a
// plan: then all of its routes together reach the target, and undecided nodes
// are settled by their parts. Otherwise the problem is hopeful.
func newSearch(p *problem, limit int64) (*search, bool) {
	s := &search{problem: p, closure: newClosure(p, true), state: make([]routeState, len(p.routes)), limit: limit}
	all := make([]int32, len(p.routes))
	for r := range all {
		all[r] = int32(r)
	}
	reaches := func(hopeful bool, routes []int32) bool {
		s.fresh = newClosure(p, hopeful)
		mark := s.fresh.mark()
		for _, r := range routes {
			s.fresh.take(r)
		}
		defer s.fresh.undo(mark)
		return s.fresh.reached()
	}
	if !reaches(false, all) {
		if !reaches(true, all) {
			return s, false
		}
		p.hopeful = true
	}
	s.best = s.shrink(all)
	if p.hopeful { // with fewer awards less is undecided
		p.hopeful = !reaches(false, s.best)
		s.fresh = newClosure(p, p.hopeful)
	}
	s.bestCost = s.cost(s.best)
	return s, true
}

func (s *search) cost(routes []int32) vec {
	var sum vec
	for _, r := range routes {
		sum = sum.plus(s.routes[r].cost)
	}
	return sum
}

// shrink is a plan within routes: what the first derivation of the target rests
// on, without what can be left out, the dearest first. It is nil if the routes do
// not reach the target for sure.
func (s *search) shrink(routes []int32) []int32 {
	c := s.fresh
	start := c.mark()
	for _, r := range routes {
		c.take(r)
	}
	if !c.reached() { // an exclusive node is undecided
		c.undo(start)
		return nil
	}
	used := c.support()
	c.undo(start)
	s.meter.spend(8 * len(used))
	slices.SortFunc(used, func(a, b int32) int {
		switch x, y := s.routes[a].cost, s.routes[b].cost; {
		case y.less(x):
			return -1
		case x.less(y):
			return 1
		}
		return int(b - a)
	})
	// A suffix is in the closure only once: what was kept stays, and each route
	// is tried with everything after it.
	kept := make([]int32, 0, len(used))
	for i := range used {
		if s.meter.err != nil {
			break
		}
		mark := c.mark()
		for _, r := range used[i+1:] {
			if c.take(r); c.reached() {
				break
			}
		}
		enough := c.reached()
		c.undo(mark)
		if !enough {
			kept = append(kept, used[i])
			c.take(used[i])
			if c.reached() {
				break
			}
		}
	}
	c.undo(start)
	slices.Sort(kept)
	return kept
}

// offer is a plan within routes, which becomes the best if it is; nil if there
// is none for sure.
func (s *search) offer(routes []int32) []int32 {
	plan := s.shrink(routes)
	if cost := s.cost(plan); plan != nil && cost.less(s.bestCost) {
		s.best, s.bestCost = plan, cost
	}
	return plan
}

// run searches until the best plan is proven or the work is used up.
func (s *search) run() {
	s.bound = s.bestCost
	s.node(vec{})
	if s.bestCost.less(s.bound) {
		s.bound = s.bestCost
	}
}

// leave notes that everything below a node is left unexplored.
func (s *search) leave(bound vec) {
	if bound.less(s.bound) {
		s.bound = bound
	}
}

// stop reports whether the work is used up or the context has ended.
func (s *search) stop() bool {
	s.stopped = s.stopped || s.meter.err != nil || s.meter.done > s.limit
	return s.stopped
}

// charge is what a landmark was charged with.
type charge struct {
	landmark int
	amount   vec
}

// node explores the plans with the routes that are in and without those that
// are out, of which none costs less than atLeast.
func (s *search) node(atLeast vec) {
	if s.stop() {
		s.leave(atLeast)
		return
	}
	start := s.closure.mark()
	residual := make([]vec, len(s.routes))
	s.meter.spend(4 * len(s.routes))
	charged, charges, ok := s.ascend(residual)
	bound := charged // only this one goes with the residuals
	if bound.less(atLeast) {
		bound = atLeast
	}
	if s.stopped {
		s.leave(bound)
	}
	if s.stopped || !ok || !bound.less(s.bestCost) {
		s.closure.undo(start)
		return
	}
	var support []int32
	for _, g := range s.closure.trail {
		if g < 0 {
			support = append(support, s.byGate[^g])
		}
	}
	s.closure.undo(start)
	plan := s.offer(support)
	if !bound.less(s.bestCost) {
		return
	}
	if plan == nil {
		s.leave(bound)
		return
	}
	mark := out
	if s.depth == 0 {
		mark = gone
	}
	fixed := s.fix(charged, residual, mark)
	s.depth++
	s.branch(bound, plan, charges)
	s.depth--
	for _, r := range fixed {
		s.state[r] = free
	}
}

// ascend is the dual ascent. It leaves the routes that are paid for in the
// closure, and what is left of the costs in residual. It is not ok if the
// target is out of reach. It ends early when the bound is that of the best plan
// or the search has to stop; the bound holds all the same.
func (s *search) ascend(residual []vec) (bound vec, charges []charge, ok bool) {
	for r := range residual {
		residual[r] = s.routes[r].cost
	}
	bound = s.paid
	pay := func(l int) bool {
		least, found := vec{}, false
		for _, r := range s.landmarks[l] {
			switch s.state[r] {
			case in:
				return true
			case out, gone:
			case free:
				if !found || residual[r].less(least) {
					least, found = residual[r], true
				}
			}
		}
		if !found {
			return false
		}
		if least == (vec{}) {
			return true
		}
		for _, r := range s.landmarks[l] {
			if s.state[r] == free {
				residual[r] = residual[r].minus(least)
				if !residual[r].tame() {
					s.meter.err, s.stopped = errOverflow, true
				}
			}
		}
		bound = bound.plus(least)
		charges = append(charges, charge{l, least})
		return true
	}
	for l := range s.landmarks {
		s.meter.spend(len(s.landmarks[l]))
		if !pay(l) {
			return bound, nil, false
		}
		if !bound.less(s.bestCost) || s.stopped {
			return bound, nil, !s.stopped
		}
	}
	for r := range residual {
		if s.state[r] == free && residual[r] == (vec{}) {
			s.closure.take(int32(r))
		}
	}
	for !s.closure.reached() && !s.stop() {
		l := s.landmark(residual)
		s.landmarks = append(s.landmarks, l)
		if !pay(len(s.landmarks) - 1) {
			return bound, nil, false
		}
		if !bound.less(s.bestCost) || s.stopped {
			return bound, nil, !s.stopped
		}
		for _, r := range l {
			if s.state[r] == free && residual[r] == (vec{}) {
				s.closure.take(r)
			}
		}
	}
	return bound, charges, true
}

// landmark is a minimal set of routes without which the target is out of reach,
// given those in the closure. It has routes that are out where they are needed
// to make it hold in the whole search; if it has no others, the target is out
// of reach at this node. The cheapest by residual are let go first, so that the
// least of the rest is as great as it can be, and those that are out last.
func (s *search) landmark(residual []vec) []int32 {
	s.order = s.order[:0]
	for r := range s.routes {
		if s.state[r] == free && residual[r] != (vec{}) || s.state[r] == out {
			s.order = append(s.order, int32(r))
		}
	}
	slices.SortFunc(s.order, func(a, b int32) int {
		if s.state[a] != s.state[b] {
			return int(s.state[a]) - int(s.state[b])
		}
		switch {
		case residual[a].less(residual[b]):
			return -1
		case residual[b].less(residual[a]):
			return 1
		}
		return int(a - b)
	})
	s.meter.spend(len(s.routes) + 8*len(s.order))
	start := s.closure.mark()
	var l []int32
	for _, r := range s.order {
		if s.meter.err != nil {
			break
		}
		mark := s.closure.mark()
		s.closure.take(r)
		if s.closure.reached() {
			s.closure.undo(mark)
			l = append(l, r)
		}
	}
	s.closure.undo(start)
	slices.Sort(l)
	return l
}

// fix leaves out the routes that no plan better than the best can have: with
// one of them it costs what was charged and the route's residual at least. At
// the top that holds in the whole search.
func (s *search) fix(charged vec, residual []vec, mark routeState) []int32 {
	var fixed []int32
	for r := range s.routes {
		if s.state[r] == free && !charged.plus(residual[r]).less(s.bestCost) {
			s.state[r] = mark
			fixed = append(fixed, int32(r))
		}
	}
	return fixed
}

// branch takes the route of plan that is in the most of what the plan pays
// twice, then leaves it out.
func (s *search) branch(bound vec, plan []int32, charges []charge) {
	score := make(map[int32]vec, len(plan))
	for _, ch := range charges {
		var hit []int32
		for _, r := range s.landmarks[ch.landmark] {
			if _, found := slices.BinarySearch(plan, r); found && s.state[r] == free {
				hit = append(hit, r)
			}
		}
		if len(hit) > 1 {
			for _, r := range hit {
				score[r] = score[r].plus(ch.amount)
			}
		}
	}
	pick := int32(-1)
	for _, r := range plan {
		if v, ok := score[r]; ok && (pick < 0 || score[pick].less(v)) {
			pick = r
		}
	}
	if pick < 0 {
		s.leave(bound) // cannot be: a plan that hits every landmark once costs the bound
		return
	}
	mark := s.closure.mark()
	s.state[pick] = in
	s.paid = s.paid.plus(s.routes[pick].cost)
	s.closure.take(pick)
	s.node(bound)
	s.closure.undo(mark)
	s.paid = s.paid.minus(s.routes[pick].cost)
	s.state[pick] = out
	s.node(bound)
	s.state[pick] = free
}
