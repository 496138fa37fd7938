package pathway

import (
	"cmp"
	"math"
	"slices"

	"github.com/cairn-skills/cairn/graph"
)

// A problem is the part of a catalog that a target can make use of, as a graph
// of monotone gates: what the person has already is folded away, and what is
// left turns on when enough of its inputs are on. It is found by walking back
// from the target. Everything in it is ordered by the target's rules and by
// IDs, never by the order in which a catalog came to be.
type problem struct {
	profile *graph.Profile
	gates   []gate
	routes  []route // by achievement, then by route
	target  int32
	waits   []wait
	sums    []int64                        // of all credit gates at the start, by category
	starts  []int32                        // gates that are on before any route is taken
	byGate  []int32                        // the route whose gate it is; -1 for none
	unsure  []int32                        // exclusive gates that are undecided before any route is taken
	leaves  map[*graph.Requirement][]int32 // the gates that close nodes of the target's own, see [Step.Closes]
	results map[*graph.Tree][]graph.NodeResult
	meter   *meter
	// hopeful: no plan was found that does without what is doubtful, undecided
	// exclusive nodes included.
	hopeful bool
	// doubtful: awards of several categories can meet a leaf that counts their own
	// credits, and the first to be earned says which of them it counts.
	doubtful bool
}

// Gates that are not in problem.gates.
const (
	always int32 = -1 // of what is met already
	never  int32 = -2 // as a target: nothing is enough
)

// gate is on when its inputs suffice: need of them, or as sum or match says.
type gate struct {
	need  int32
	in    []int32
	out   []edge
	sum   *creditSum
	match *matching
	atom  *atom // nil for the inner nodes of rules and for routes
}

// edge leads to a gate, of credits to one of its terms.
type edge struct{ to, term int32 }

// creditSum is when credits suffice: of each category at least least, and the
// sum over the categories of at most most is want.
type creditSum struct {
	at          int // of the first category in the sums
	cats        []graph.ID
	base        []int64
	least, most []int64
	want        int64
	terms       []creditTerm
}

type creditTerm struct {
	cat      int32
	credits  int64
	doubtful bool // counts in hopeful closures only
}

// holds judges the sums of the categories.
func (s *creditSum) holds(sums []int64) bool {
	total := int64(0)
	for i := range s.cats {
		have := sums[s.at+i]
		if have < s.least[i] {
			return false
		}
		total += min(have, s.most[i])
	}
	return total >= s.want
}

// atom is what a gate stands for: an award of a version, a holds leaf, a level
// at a floor, or a tenure.
type atom struct {
	version     *graph.Version // of an award
	achievement graph.AchievementIndex
	leaf        *graph.TreeNode // of a holds or tenure leaf
	competency  graph.CompetencyIndex
	level       graph.Level
	floor       graph.Rigor
	excluded    bool // an award whose routes were left out by Limits.Exclude
	enforced    int32
}

// route is a way to earn a version.
type route struct {
	version  *graph.Version
	route    *graph.CompiledRoute
	gate     int32
	requires int32
	cost     vec
}

// wait is a tenure that is reached by itself.
type wait struct {
	gate  int32
	until graph.Instant
}

type builder struct {
	*problem
	objective Objective
	excluded  map[graph.AchievementIndex]bool
	versions  map[*graph.Version]int32
	enforced  map[int32]int32 // awards held that do not count yet, by evidence
	levels    map[levelKey]int32
	holds     map[holdsKey]int32
	waiting   map[graph.Instant]int32
	replaced  map[graph.AchievementIndex][]graph.AchievementIndex
	todo      []int32 // gates whose inputs are not built
	recording bool    // the target's own rules are being built
}

type levelKey struct {
	competency graph.CompetencyIndex
	level      graph.Level
	floor      graph.Rigor
}

type holdsKey struct {
	achievement graph.AchievementIndex
	floor       graph.Rigor
	fresh       int
	issuers     string
}

// newProblem compiles the backward closure of t for p. Cost: linear in the
// rules that can matter, and in the achievements of the catalog.
func newProblem(m *meter, p *graph.Profile, t *Target, o Objective, exclude []graph.ID) (*problem, error) {
	b := &builder{
		problem: &problem{
			profile: p, leaves: make(map[*graph.Requirement][]int32), results: make(map[*graph.Tree][]graph.NodeResult), meter: m,
		},
		objective: o, recording: true,
		excluded: make(map[graph.AchievementIndex]bool), versions: make(map[*graph.Version]int32),
		enforced: make(map[int32]int32), levels: make(map[levelKey]int32), holds: make(map[holdsKey]int32),
		waiting: make(map[graph.Instant]int32),
	}
	for _, id := range exclude {
		i, ok := p.Catalog.Achievement(id)
		if !ok {
			return nil, graph.NotFound(graph.KindAchievement, id)
		}
		b.excluded[i] = true
	}
	b.findReplaced()
	for i, e := range p.Evidence() {
		if e.Version != nil && e.Version.Enforce && e.Valid && !e.Counts && !e.Derived {
			b.enforced[int32(i)] = b.gate(1, &atom{version: e.Version, achievement: e.Version.Index, competency: graph.None, enforced: int32(i)})
		}
	}
	b.target = b.compileTarget(t)
	b.recording = false
	for len(b.todo) > 0 && m.err == nil {
		g := b.todo[0]
		b.todo = b.todo[1:]
		if err := b.expand(g); err != nil {
			return nil, err
		}
	}
	if m.err != nil {
		return nil, m.err
	}
	slices.SortStableFunc(b.routes, func(x, y route) int {
		return cmp.Or(cmp.Compare(x.version.ID, y.version.ID), cmp.Compare(x.route.ID, y.route.ID))
	})
	b.byGate = slices.Repeat([]int32{-1}, len(b.gates))
	for i := range b.routes {
		b.byGate[b.routes[i].gate] = int32(i)
	}
	return b.problem, b.checkCosts()
}

// findReplaced inverts [graph.Catalog.HeldAsAt].
func (b *builder) findReplaced() {
	c := b.profile.Catalog
	b.replaced = make(map[graph.AchievementIndex][]graph.AchievementIndex)
	_, n, _, _ := c.Counts()
	for i := range graph.AchievementIndex(n) {
		if i%askEvery == 0 && b.meter.stop() { // not counted: it is of the whole catalog
			return
		}
		for _, h := range c.HeldAsAt(i, b.profile.At)[1:] {
			b.replaced[h] = append(b.replaced[h], i)
		}
	}
	for _, as := range b.replaced {
		slices.SortFunc(as, func(x, y graph.AchievementIndex) int { return cmp.Compare(c.AchievementID(x), c.AchievementID(y)) })
	}
}

func (b *builder) gate(need int32, a *atom) int32 {
	b.meter.spend(1)
	b.gates = append(b.gates, gate{need: need, atom: a})
	g := int32(len(b.gates) - 1)
	if a != nil {
		b.todo = append(b.todo, g)
	}
	return g
}

// connect makes from an input of to.
func (b *builder) connect(from, to, term int32) {
	b.meter.spend(1)
	b.gates[to].in = append(b.gates[to].in, from)
	b.gates[from].out = append(b.gates[from].out, edge{to, term})
}

// input makes from an input of the counting gate to; what is met already counts.
func (b *builder) input(from, to int32) {
	if from != always {
		b.connect(from, to, 0)
		return
	}
	b.gates[to].need--
	if b.gates[to].need == 0 {
		b.starts = append(b.starts, to)
	}
}

func (b *builder) compileTarget(t *Target) int32 {
	essential := b.tree(t.Essential)
	if t.Threshold <= 0 {
		return essential
	}
	s := &creditSum{want: t.Threshold}
	cat := s.category("")
	var from []int32
	for _, o := range t.Optional {
		g := b.tree(o.Tree)
		switch {
		case o.Weight <= 0:
		case g == always:
			s.base[cat] += o.Weight
		default:
			from = append(from, g)
			s.terms = append(s.terms, creditTerm{cat: cat, credits: o.Weight})
		}
	}
	threshold := b.sumGate(s, from)
	switch {
	case threshold == always:
		return essential
	case essential == always:
		return threshold
	}
	g := b.gate(2, nil)
	b.connect(essential, g, 0)
	b.connect(threshold, g, 0)
	return g
}

// category is the place of a category in s, added if need be.
func (s *creditSum) category(id graph.ID) int32 {
	if i := slices.Index(s.cats, id); i >= 0 {
		return int32(i)
	}
	s.cats = append(s.cats, id)
	s.base = append(s.base, 0)
	s.least = append(s.least, 0)
	s.most = append(s.most, math.MaxInt64)
	return int32(len(s.cats) - 1)
}

// sumGate is the gate of s, whose terms are met by from.
func (b *builder) sumGate(s *creditSum, from []int32) int32 {
	if s.holds(s.base) {
		return always
	}
	s.at = len(b.sums)
	b.sums = append(b.sums, s.base...)
	g := b.gate(1, nil)
	b.gates[g].sum = s
	for i, f := range from {
		b.connect(f, g, int32(i))
	}
	return g
}

// tree is the gate of the root of t; nil holds.
func (b *builder) tree(t *graph.Tree) int32 {
	if t == nil {
		return always
	}
	return b.node(t, b.evaluate(t), 0)
}

// evaluate says how every node of t stands without any route.
func (p *problem) evaluate(t *graph.Tree) []graph.NodeResult {
	nodes, ok := p.results[t]
	if !ok {
		var work int64
		nodes, work = p.profile.EvaluateUntil(t, p.meter.stop)
		p.meter.spend(int(work))
		p.results[t] = nodes
	}
	return nodes
}

func (b *builder) node(t *graph.Tree, nodes []graph.NodeResult, i int32) int32 {
	if nodes[i].State == graph.StateMet {
		return always
	}
	n := &t.Nodes[i]
	switch {
	case n.Sharing == graph.Exclusive && len(n.Children) > 0:
		return b.exclusive(t, i, nodes[i].State)
	case n.Op == graph.OpAtLeast:
		var from []int32
		need := n.K
		for _, c := range n.Children {
			if g := b.node(t, nodes, c); g == always {
				need--
			} else {
				from = append(from, g)
			}
		}
		if need == 1 && len(from) == 1 {
			return from[0]
		}
		g := b.gate(int32(min(need, math.MaxInt32)), nil)
		for _, f := range from {
			b.connect(f, g, 0)
		}
		return g
	case n.Op == graph.OpCredits:
		return b.credits(t, nodes, i)
	}
	return b.leaf(n)
}

func (b *builder) credits(t *graph.Tree, nodes []graph.NodeResult, i int32) int32 {
	n := &t.Nodes[i]
	s := &creditSum{want: n.Credits}
	for _, m := range n.Min {
		c := s.category(m.Category)
		s.least[c] = max(s.least[c], m.Credits)
	}
	for _, m := range n.Max {
		c := s.category(m.Category)
		s.most[c] = min(s.most[c], m.Credits)
	}
	var from []int32
	for _, c := range n.Children {
		child := &t.Nodes[c]
		g := b.node(t, nodes, c)
		if g == always {
			var v *graph.Version
			if at := nodes[c].Evidence; at >= 0 {
				v = b.profile.Evidence()[at].Version
			}
			cat, credits := graph.TermOf(child, v)
			s.base[s.category(cat)] += credits
			if child.TermCredits == graph.OwnCredits {
				for _, own := range b.betterTerms(child, cat, credits) {
					b.record(n.Requirement, own.gate) // the leaf is met
					from = append(from, own.gate)
					s.terms = append(s.terms, creditTerm{s.category(own.cat), own.credits, own.doubtful})
				}
			}
			continue
		}
		if child.TermCredits != graph.OwnCredits {
			if child.TermCredits > 0 {
				from = append(from, g)
				s.terms = append(s.terms, creditTerm{cat: s.category(child.TermCategory), credits: child.TermCredits})
			}
			continue
		}
		for _, own := range b.ownTerms(child, g) {
			b.record(child.Requirement, own.gate)
			from = append(from, own.gate)
			s.terms = append(s.terms, creditTerm{s.category(own.cat), own.credits, own.doubtful})
		}
	}
	return b.sumGate(s, from)
}

// record notes that a node of the target is closed by what turns a gate on.
func (b *builder) record(n *graph.Requirement, g int32) {
	if b.recording && g != always {
		b.leaves[n] = append(b.leaves[n], g)
	}
}

type ownTerm struct {
	gate     int32
	cat      graph.ID
	credits  int64
	doubtful bool
}

// ownTerms are what a leaf with its achievement's own credits adds. If awards
// of several versions can meet it, it counts the one of them with the most
// credits of one category, that of the first to be earned.
func (b *builder) ownTerms(n *graph.TreeNode, leaf int32) []ownTerm {
	if n.Op != graph.OpHolds {
		return nil
	}
	cats, byCat := b.ownCredits(n)
	if len(cats) == 1 {
		return b.steps(byCat[cats[0]], 0, leaf)
	}
	var out []ownTerm
	for _, cat := range cats {
		for _, t := range b.steps(byCat[cat], 0, always) {
			t.doubtful, b.doubtful = true, true
			out = append(out, t)
		}
	}
	return out
}

// betterTerms are what awards add to a leaf that is met and counts credits of a
// category already. It counts another only if an award that is held, and does
// not count yet, comes to be the first.
func (b *builder) betterTerms(n *graph.TreeNode, cat graph.ID, credits int64) []ownTerm {
	cats, byCat := b.ownCredits(n)
	out := b.steps(byCat[cat], credits, always)
	for _, other := range cats {
		held := func(t ownTerm) bool { return b.gates[t.gate].atom.enforced >= 0 }
		if other == cat || !slices.ContainsFunc(byCat[other], held) {
			continue
		}
		b.doubtful = true
		for _, t := range b.steps(byCat[other], 0, always) {
			t.doubtful = true
			out = append(out, t)
		}
	}
	return out
}

// ownCredits are the credits of the awards that would meet a leaf, by category,
// and the categories in the order of the awards.
func (b *builder) ownCredits(n *graph.TreeNode) (cats []graph.ID, byCat map[graph.ID][]ownTerm) {
	byCat = make(map[graph.ID][]ownTerm)
	for _, g := range b.givers(n) {
		cat, credits := graph.TermOf(n, b.gates[g].atom.version)
		if len(byCat[cat]) == 0 {
			cats = append(cats, cat)
		}
		byCat[cat] = append(byCat[cat], ownTerm{gate: g, cat: cat, credits: credits})
	}
	return cats, byCat
}

// steps are the credits of the best of all beyond those that are counted, by
// what is enough for how many. whole is the gate of any of them, if there is one.
func (b *builder) steps(all []ownTerm, counted int64, whole int32) []ownTerm {
	slices.SortStableFunc(all, func(x, y ownTerm) int { return cmp.Compare(x.credits, y.credits) })
	var out []ownTerm
	for i, t := range all {
		if t.credits <= counted {
			continue
		}
		g := t.gate
		switch {
		case i == 0 && whole != always:
			g = whole
		case i+1 < len(all):
			g = b.gate(1, nil)
			for _, u := range all[i:] {
				b.connect(u.gate, g, 0)
			}
		}
		out = append(out, ownTerm{gate: g, cat: t.cat, credits: t.credits - counted})
		counted = t.credits
	}
	return out
}
