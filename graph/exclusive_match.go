package graph

import "slices"

// matcher is a bipartite graph of children and the items that serve them, with
// what each gives. Every child has an item of its own for what it has without
// using anything up.
type matcher struct {
	numbers map[int32]int // of items
	edges   [][]edge      // by child
	item    []int         // of a child: what serves it, -1 for none
	child   []int         // of an item: whom it serves, -1 for none
	weight  []int64       // of an item: what it gives where it is
	gain    []int64       // of an item: the best gain of an augmenting path that ends there
	from    []int         // of an item: the child before it on that path
}

type edge struct {
	item   int
	weight int64
}

// matched is, for each number m of children that one item serves, the most
// progress that m of them can have together, in parts, when each item of the
// pool serves one.
func (a *assigner) matched() []int64 {
	m := newMatcher()
	for i := range a.children {
		if a.ownerOf(i) == pool {
			m.add(&a.children[i], func(o *ExclusiveOption) int64 {
				w := toParts(o.Progress)
				if a.metOnly && w < parts || !a.has(o.Item, pool) {
					return 0
				}
				return w
			})
		}
	}
	out := make([]int64, len(m.edges)+1)
	for n := 1; n < len(out); n++ {
		out[n] = out[n-1]
		if n <= a.node.K {
			out[n] += m.augment(a.work)
		}
	}
	return out
}

// most is the most credits of the wanted categories that the children of a
// credits node can count together when each item serves one.
func (a *assigner) most(wanted func(ID) bool) int64 {
	m := newMatcher()
	for i := range a.children {
		c := &a.children[i]
		m.add(c, func(o *ExclusiveOption) int64 {
			cat, credits := c.term(o)
			if o.Progress < 1 || !wanted(cat) || !a.has(o.Item, i) {
				return 0
			}
			return credits
		})
	}
	total := int64(0)
	for range m.edges {
		gain := m.augment(a.work)
		if gain <= 0 {
			break
		}
		total += gain
	}
	return total
}

// term is what c counts as a child of a credits node when o serves it.
func (c *ExclusiveChild) term(o *ExclusiveOption) (ID, int64) {
	var s standing
	if c.Node.Op != OpAtLeast {
		s = standing{category: o.Category, credits: o.Credits}
	}
	return termWith(c.Node, s)
}

// categories are those that a child can count under, each once.
func (a *assigner) categories() []ID {
	var out []ID
	for i := range a.children {
		c, place := &a.children[i], 0
		c.each(&place, func(_ int, o *ExclusiveOption) {
			if cat, credits := c.term(o); credits > 0 && !slices.Contains(out, cat) {
				out = append(out, cat)
			}
		})
	}
	return out
}

func newMatcher() *matcher { return &matcher{numbers: make(map[int32]int)} }

// add adds a child and the items of its options with a positive weight.
func (m *matcher) add(c *ExclusiveChild, weight func(*ExclusiveOption) int64) {
	own := m.newItem()
	edges := []edge{{item: own}}
	place := 0
	c.each(&place, func(_ int, o *ExclusiveOption) {
		w := weight(o)
		switch {
		case w <= 0:
		case o.Item == NoItem:
			edges[0].weight = max(edges[0].weight, w)
		default:
			n, ok := m.numbers[o.Item]
			if !ok {
				n = m.newItem()
				m.numbers[o.Item] = n
			}
			edges = append(edges, edge{n, w})
		}
	})
	m.edges, m.item = append(m.edges, edges), append(m.item, -1)
}

func (m *matcher) newItem() int {
	m.child, m.from = append(m.child, -1), append(m.from, -1)
	m.gain, m.weight = append(m.gain, 0), append(m.weight, 0)
	return len(m.child) - 1
}

// augment serves one more child and returns what that adds: it takes the
// augmenting path of greatest gain (Edmonds and Karp, "Theoretical improvements
// in algorithmic efficiency for network flow problems", Journal of the ACM
// 19(2), 1972), which keeps the matching the best of its size.
func (m *matcher) augment(work *effort) int64 {
	const unreached = -1 << 62
	for i := range m.gain {
		m.gain[i], m.from[i] = unreached, -1
	}
	var queue []int
	queued := make([]bool, len(m.child))
	relax := func(child int, before int64) {
		work.spend(len(m.edges[child]))
		for _, e := range m.edges[child] {
			if m.item[child] != e.item && before+e.weight > m.gain[e.item] {
				m.gain[e.item], m.from[e.item] = before+e.weight, child
				if m.child[e.item] >= 0 && !queued[e.item] {
					queue, queued[e.item] = append(queue, e.item), true
				}
			}
		}
	}
	for c := range m.edges {
		if m.item[c] < 0 {
			relax(c, 0)
		}
	}
	for len(queue) > 0 && !work.stopped {
		it := queue[0]
		queue, queued[it] = queue[1:], false
		relax(m.child[it], m.gain[it]-m.weight[it])
	}
	end := -1
	work.spend(len(m.child))
	for it := range m.child {
		if work.stopped {
			return 0
		}
		if m.child[it] < 0 && m.gain[it] > unreached && (end < 0 || m.gain[it] > m.gain[end]) {
			end = it
		}
	}
	if end < 0 {
		return 0
	}
	gain := m.gain[end]
	for it := end; it >= 0; {
		c := m.from[it]
		it, m.item[c], m.child[it] = m.item[c], it, c
		m.weight[m.item[c]] = m.weightOf(c, m.item[c])
	}
	return gain
}

func (m *matcher) weightOf(child, item int) int64 {
	w := int64(0)
	for _, e := range m.edges[child] {
		if e.item == item {
			w = max(w, e.weight)
		}
	}
	return w
}

// seed tries one good assignment before the search: items in their order, each
// to the child that is best for what is there so far.
func (a *assigner) seed() {
	for i := range a.contested {
		if a.work.stopped {
			return
		}
		c := &a.contested[i]
		best, to := NodeResult{Progress: -1}, 0
		for _, choice := range c.choices {
			a.owner[c.item] = choice
			if r := a.evaluate(); better(r, best) {
				best, to = r, choice
			}
		}
		a.owner[c.item] = to
	}
	if r := a.evaluate(); better(r, a.best) {
		a.best = r
	}
	for i := range a.contested {
		a.owner[a.contested[i].item] = nobody
	}
}
