package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// exclusiveWork bounds the search for an assignment, in nodes of trees
// evaluated: some 20 ms. Deciding is NP-hard as soon as credits are counted
// (PARTITION: two sums, and items that fit either), so there must be a bound.
const exclusiveWork = 1 << 20

// assigner looks for the best assignment of items to the children of a node.
type assigner struct {
	node     *Requirement
	children []ExclusiveChild
	metOnly  bool
	work     *effort // shared with the assigners of nested nodes
	vague    bool    // something below was not decided

	contested []contested // items that more than one child could use, and how
	owner     map[int32]int
	best      NodeResult
}

// contested is an item with the children that it could be given to.
type contested struct {
	item    int32
	choices []int
	like    string // equal for items that are interchangeable
}

const (
	nobody = -1 // owns an item that the search has not reached: in a bound every child has it
	pool   = -2 // owns what is matched to the children that one item serves
)

// assignUntil is how the exclusive node r stands, with the work done. With
// metOnly the progress of a node that is not met is not worked out. It gives up
// when stop says so.
func assignUntil(r *Requirement, children []ExclusiveChild, metOnly bool, stop func() bool) (NodeResult, int64) {
	a := &assigner{node: r, children: children, metOnly: metOnly, work: &effort{stop: stop}}
	return a.run(), a.work.done
}

// effort is the work of an assignment, in nodes and options looked at.
type effort struct {
	done    int64
	stop    func() bool // nil: never
	asked   int64       // the work done when stop was asked last
	stopped bool
}

// askEvery is the work between two questions of effort.stop: some 50 µs.
const askEvery = 1 << 11

func (e *effort) spend(n int) {
	e.done += int64(n)
	if e.stop != nil && e.done-e.asked >= askEvery {
		e.asked = e.done
		e.stopped = e.stopped || e.stop()
	}
}

func (a *assigner) run() NodeResult {
	a.owner = make(map[int32]int)
	a.contest()
	if a.node.Op == OpCredits && len(a.node.Min)+len(a.node.Max) == 0 && a.allSimple() {
		// The heaviest matching decides: terms that distinct items can serve are
		// the independent sets of a transversal matroid.
		r := sumUp(a.node, []CategoryCredits{{Credits: a.most(func(ID) bool { return true })}})
		if r.State != StateMet && a.work.stopped {
			r.State = StateUnknown
		}
		return r
	}
	bound := a.bound()
	if a.best = (NodeResult{State: StateMissing, Evidence: -1}); len(a.contested) > 0 {
		a.seed()
	}
	done := a.best.State == StateMet || a.search(0)
	switch {
	case a.best.State == StateMet:
	case a.work.stopped, a.vague, !done && bound.State == StateMet:
		a.best.State = StateUnknown
	}
	return a.best
}

func (a *assigner) allSimple() bool {
	return !slices.ContainsFunc(a.children, func(c ExclusiveChild) bool { return !c.simple() })
}

// simple reports whether one item serves c: it is a leaf or an `any` of leaves.
func (c *ExclusiveChild) simple() bool {
	switch c.Node.Op {
	case OpCredits:
		return false
	case OpAtLeast:
		return c.Node.K == 1 && !slices.ContainsFunc(c.Of, func(x ExclusiveChild) bool {
			return x.Node.Op == OpAtLeast || x.Node.Op == OpCredits
		})
	default:
		return true
	}
}

// each calls visit with every option in c, with its place in a fixed walk.
func (c *ExclusiveChild) each(place *int, visit func(place int, o *ExclusiveOption)) {
	for i := range c.Options {
		visit(*place, &c.Options[i])
	}
	*place++
	for i := range c.Of {
		c.Of[i].each(place, visit)
	}
}

// contest finds the children that each item could be given to. Children that
// one item serves share a pool, which is matched; so under OpAtLeast only items
// that other children could use as well are contested. Items with one choice
// are given to it. The others are put in an order that does not depend on the
// numbers of the items, the most constrained first.
func (a *assigner) contest() {
	uses := make(map[int32]*contested)
	likes := make(map[int32]*strings.Builder)
	place := 0
	for i := range a.children {
		owner := a.ownerOf(i)
		a.children[i].each(&place, func(at int, o *ExclusiveOption) {
			a.work.spend(1)
			if o.Item == NoItem || o.Progress <= 0 {
				return
			}
			u := uses[o.Item]
			if u == nil {
				u = &contested{item: o.Item}
				uses[o.Item], likes[o.Item] = u, &strings.Builder{}
			}
			if !slices.Contains(u.choices, owner) {
				u.choices = append(u.choices, owner)
			}
			fmt.Fprintf(likes[o.Item], "%d:%d:%d:%q;", at, toParts(o.Progress), o.Credits, o.Category)
		})
	}
	for item, u := range uses {
		if len(u.choices) == 1 {
			a.owner[item] = u.choices[0]
			continue
		}
		u.like = likes[item].String()
		a.owner[item] = nobody
		a.contested = append(a.contested, *u)
	}
	slices.SortFunc(a.contested, func(x, y contested) int {
		return cmp.Or(cmp.Compare(len(x.choices), len(y.choices)), cmp.Compare(x.like, y.like), cmp.Compare(x.item, y.item))
	})
}

// ownerOf is who owns the items of the child at index i: itself or the pool.
func (a *assigner) ownerOf(i int) int {
	if a.node.Op == OpAtLeast && a.children[i].simple() {
		return pool
	}
	return i
}

// search tries every owner of the contested items from the i-th on and reports
// whether it came to the end: it met the node, or tried or excluded everything.
func (a *assigner) search(i int) bool {
	if a.work.stopped || a.work.done > exclusiveWork {
		return false
	}
	if i == len(a.contested) {
		if r := a.evaluate(); better(r, a.best) {
			a.best = r
		}
		return true
	}
	r := a.bound()
	if a.metOnly && r.State == StateMissing || r.Progress <= a.best.Progress {
		return true
	}
	c := &a.contested[i]
	first := 0
	if i > 0 && a.contested[i-1].like == c.like {
		// Interchangeable items are tried in one order only.
		first = slices.Index(c.choices, a.owner[a.contested[i-1].item])
	}
	done := true
	for _, owner := range c.choices[first:] {
		a.owner[c.item] = owner
		done = a.search(i + 1)
		if a.best.State == StateMet || !done {
			break
		}
	}
	a.owner[c.item] = nobody
	return done
}

func better(x, y NodeResult) bool {
	if x.Progress == y.Progress {
		return x.Credits > y.Credits
	}
	return x.Progress > y.Progress
}

// bound is at least what the node can be under the owners so far.
func (a *assigner) bound() NodeResult {
	if a.node.Op != OpCredits || !a.allSimple() {
		return a.evaluate()
	}
	var sums []CategoryCredits
	for _, cat := range a.categories() {
		sums = append(sums, CategoryCredits{cat, a.most(func(x ID) bool { return x == cat })})
	}
	r := sumUp(a.node, sums)
	if total := a.most(func(ID) bool { return true }); total < r.Credits {
		r.Credits = total
		if r.Progress = min(r.Progress, share(total, a.node.Credits)); r.Progress < 1 {
			r.State = StateMissing
		}
	}
	return r
}

// evaluate is the node under the current owners; an item of nobody counts for
// every child, so that the answer is a bound from above until all have owners.
func (a *assigner) evaluate() NodeResult {
	if a.node.Op == OpCredits {
		var sums []CategoryCredits
		for i := range a.children {
			if s := a.stand(&a.children[i], i); s.met {
				cat, credits := termWith(a.children[i].Node, s)
				sums = addCredits(sums, cat, credits)
			}
		}
		return sumUp(a.node, sums)
	}
	var others []int64 // progress of the children that are not matched
	for i := range a.children {
		if c := &a.children[i]; a.ownerOf(i) != pool {
			others = append(others, toParts(a.stand(c, i).progress))
		}
	}
	slices.SortFunc(others, func(x, y int64) int { return cmp.Compare(y, x) })
	matched := a.matched()
	best, sum := int64(0), int64(0)
	for j := 0; j <= min(len(others), a.node.K); j++ {
		best = max(best, sum+matched[min(a.node.K-j, len(matched)-1)])
		if j < len(others) {
			sum += others[j]
		}
	}
	return ofParts(best, a.node.K)
}

// topOf is a node that asks for k of the given values.
func topOf(values []int64, k int) NodeResult {
	slices.SortFunc(values, func(x, y int64) int { return cmp.Compare(y, x) })
	sum := int64(0)
	for _, v := range values[:max(0, min(k, len(values)))] {
		sum += v
	}
	return ofParts(sum, k)
}

// standing is how a node below an exclusive one stands with the items it owns.
type standing struct {
	met      bool
	progress float64
	category ID // of the option that serves a leaf
	credits  int64
}

// termWith is what a child of a credits node counts when it stands so.
func termWith(n *Requirement, s standing) (ID, int64) {
	if n.TermCredits == OwnCredits {
		return s.category, s.credits
	}
	return n.TermCategory, n.TermCredits
}

// stand is how c, in the child at index owner, stands. A leaf that several of
// its items could serve counts the most credits of theirs.
func (a *assigner) stand(c *ExclusiveChild, owner int) standing {
	a.work.spend(1 + len(c.Options))
	var s standing
	switch {
	case c.Node.Sharing == Exclusive && !c.simple():
		nested := &assigner{node: c.Node, children: a.owned(c.Of, owner), metOnly: a.metOnly, work: a.work}
		r := nested.run()
		a.vague = a.vague || r.State == StateUnknown
		return standing{met: r.State == StateMet, progress: r.Progress}
	case c.Node.Op == OpAtLeast:
		values := make([]int64, 0, len(c.Of))
		for i := range c.Of {
			values = append(values, toParts(a.stand(&c.Of[i], owner).progress))
		}
		r := topOf(values, c.Node.K)
		return standing{met: r.State == StateMet, progress: r.Progress}
	case c.Node.Op == OpCredits:
		var sums []CategoryCredits
		for i := range c.Of {
			if t := a.stand(&c.Of[i], owner); t.met {
				cat, credits := termWith(c.Of[i].Node, t)
				sums = addCredits(sums, cat, credits)
			}
		}
		r := sumUp(c.Node, sums)
		return standing{met: r.State == StateMet, progress: r.Progress}
	}
	for i := range c.Options {
		o := &c.Options[i]
		if !a.has(o.Item, owner) {
			continue
		}
		if o.Progress > s.progress || o.Progress == s.progress && o.Credits > s.credits {
			s = standing{progress: o.Progress, category: o.Category, credits: o.Credits}
		}
	}
	s.met = s.progress >= 1
	return s
}

func (a *assigner) has(item int32, owner int) bool {
	if item == NoItem {
		return true
	}
	o, ok := a.owner[item]
	return ok && (o == nobody || o == owner)
}

// owned is the nodes with the options that the child at index owner has.
func (a *assigner) owned(nodes []ExclusiveChild, owner int) []ExclusiveChild {
	out := make([]ExclusiveChild, len(nodes))
	for i, n := range nodes {
		out[i] = ExclusiveChild{Node: n.Node, Of: a.owned(n.Of, owner)}
		for _, o := range n.Options {
			if a.has(o.Item, owner) {
				out[i].Options = append(out[i].Options, o)
			}
		}
	}
	return out
}
