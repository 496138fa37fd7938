package pathway

import (
	"slices"

	"github.com/cairn-skills/cairn/graph"
)

// matching is an exclusive node: the awards that are there or are earned, each
// of which serves one child at most, and what is not used up, by leaf.
type matching struct {
	tree   *graph.Tree
	node   int32
	offers map[*graph.TreeNode][]offer
	inputs []int32 // the gates of the offers, each once
	known  map[string]verdict
	met    []string // the keys of known that meet the node
}

// offer is what serves a leaf below an exclusive node once its gate is on.
type offer struct {
	gate   int32
	option graph.ExclusiveOption
}

// verdict is how an exclusive node stands.
type verdict uint8

const (
	missed verdict = iota
	met
	undecided // not settled within the work limit of one node
)

// exclusive is the gate of the exclusive node i of t, which stands at state
// without any route.
func (b *builder) exclusive(t *graph.Tree, i int32, state graph.State) int32 {
	g := b.gate(1, nil)
	m := &matching{tree: t, node: i, offers: make(map[*graph.TreeNode][]offer), known: make(map[string]verdict)}
	b.gates[g].match = m
	if state == graph.StateUnknown {
		b.unsure = append(b.unsure, g)
	}
	b.record(t.Nodes[i].Requirement, g) // as one leaf: who serves which child is not settled
	inputs := make(map[int32]bool)
	var below func(i int32)
	below = func(i int32) {
		n := &t.Nodes[i]
		for _, c := range n.Children {
			below(c)
		}
		if len(n.Children) > 0 {
			return
		}
		m.offers[n] = b.offers(n)
		for _, o := range m.offers[n] {
			b.doubtful = b.doubtful || n.TermCredits == graph.OwnCredits && o.option.Category != m.offers[n][0].option.Category
		}
		for _, o := range m.offers[n] {
			if o.gate != always && !inputs[o.gate] {
				inputs[o.gate] = true
				m.inputs = append(m.inputs, o.gate)
				b.connect(o.gate, g, 0)
			}
		}
	}
	below(i)
	return g
}

// offers are what can serve a leaf, those that are there already first. Awards
// are given by leaves that are met as well: what serves one child cannot serve
// another.
func (b *builder) offers(n *graph.TreeNode) []offer {
	switch n.Op {
	case graph.OpHolds:
		return b.awardOffers(n)
	case graph.OpLevel:
		return b.levelOffers(n)
	case graph.OpTenure:
		if b.profile.Met(&graph.Tree{Nodes: []graph.TreeNode{*n}}) {
			return []offer{{always, graph.ExclusiveOption{Item: graph.NoItem, Progress: 1}}}
		}
		return []offer{b.unused(n)}
	default:
		return nil
	}
}

// unused is the offer of what meets a leaf without using an award up.
func (b *builder) unused(n *graph.TreeNode) offer {
	return offer{b.leafGate(n), graph.ExclusiveOption{Item: graph.NoItem, Progress: 1}}
}

func (b *builder) awardOffers(n *graph.TreeNode) []offer {
	p := b.profile
	var out []offer
	add := func(g int32, v *graph.Version) {
		cat, credits := graph.TermOf(n, v)
		out = append(out, offer{g, graph.ExclusiveOption{Item: int32(v.Index), Progress: 1, Category: cat, Credits: credits}})
	}
	for _, i := range slices.Backward(p.Awards(n.Achievement)) {
		if e := &p.Evidence()[i]; e.Counts && suffices(p, n, e) {
			add(always, e.Version)
		}
	}
	for _, g := range b.givers(n) {
		add(g, b.gates[g].atom.version)
	}
	if len(out) == 0 { // nothing leads to it; it is an atom all the same
		out = append(out, b.unused(n))
	}
	return out
}

func (b *builder) levelOffers(n *graph.TreeNode) []offer {
	p, c := b.profile, b.profile.Catalog
	if n.Competency == graph.None || n.Level == 0 {
		return []offer{b.unused(n)}
	}
	var out []offer
	add := func(g, item int32) {
		out = append(out, offer{g, graph.ExclusiveOption{Item: item, Progress: 1}})
	}
	keys := b.sources(levelKey{n.Competency, n.Level, n.MinRigor})
	for i := range p.Evidence() {
		e := &p.Evidence()[i]
		enforced, waits := b.enforced[int32(i)]
		switch {
		case !e.Counts && !waits || e.Rigor < n.MinRigor:
		case e.Version == nil:
			if slices.ContainsFunc(keys, func(k levelKey) bool {
				return e.Competency == k.competency && min(e.Level, c.Levels(k.competency)) >= k.level
			}) {
				add(always, graph.NoItem)
			}
		case slices.ContainsFunc(keys, func(k levelKey) bool { return attests(c, e.Version, k) }):
			g := always
			if waits {
				g = enforced
			}
			add(g, int32(e.Version.Index))
		}
	}
	for _, k := range keys {
		for _, v := range b.providers(k) {
			add(b.award(v), int32(v.Index))
		}
	}
	if len(out) == 0 {
		out = append(out, b.unused(n))
	}
	return out
}

// attests reports whether v by itself proves a level.
func attests(c *graph.Catalog, v *graph.Version, k levelKey) bool {
	for _, a := range v.Attests {
		if a.Competency == k.competency && min(a.Level, c.Levels(k.competency)) >= k.level {
			return true
		}
	}
	return false
}

// judge says how an exclusive node stands with the inputs that are on. A set
// that is beyond the work limit of one node is settled by a part of it that is
// not: more awards never take anything away.
func (c *closure) judge(m *matching, on func(g int32) bool) verdict {
	key := make([]byte, (len(m.inputs)+7)/8)
	for i, g := range m.inputs {
		if on(g) {
			key[i/8] |= 1 << (i % 8)
		}
	}
	c.meter.spend(1 + len(m.inputs))
	v, ok := m.known[string(key)]
	if !ok {
		holds, known, work := graph.MeetsExclusiveUntil(m.tree.Nodes[m.node].Requirement, m.children(on), c.meter.stop)
		c.meter.spend(int(work))
		switch {
		case holds:
			v = met
			m.met = append(m.met, string(key))
		case !known:
			v = undecided
		}
		m.known[string(key)] = v
	}
	if v == undecided && slices.ContainsFunc(m.met, func(part string) bool { c.meter.spend(1 + len(part)/8); return within(part, key) }) {
		v = met
		m.known[string(key)] = v
	}
	return v
}

// within reports whether every bit of part is in whole.
func within(part string, whole []byte) bool {
	for i := range whole {
		if part[i]&^whole[i] != 0 {
			return false
		}
	}
	return true
}

// children are the nodes below m with the options that are on. Of awards of one
// achievement, which are one item, a leaf that counts their own credits has the
// most of the first's category, as in [graph.Profile.Evaluate].
func (m *matching) children(on func(g int32) bool) []graph.ExclusiveChild {
	return m.tree.ExclusiveChildren(m.node, func(leaf *graph.TreeNode) []graph.ExclusiveOption {
		var out []graph.ExclusiveOption
		for _, o := range m.offers[leaf] {
			if o.gate != always && !on(o.gate) {
				continue
			}
			i := slices.IndexFunc(out, func(x graph.ExclusiveOption) bool { return x.Item == o.option.Item })
			switch {
			case i < 0:
				out = append(out, o.option)
			case out[i].Category == o.option.Category:
				out[i].Credits = max(out[i].Credits, o.option.Credits)
			}
		}
		return out
	})
}
