package graph

import (
	"math"
	"slices"
)

// State is how a requirement node stands for a profile. Of the states that fit
// a leaf, over all evidence, the first in this order is taken.
type State uint8

// The states.
const (
	StateUnspecified State = iota
	StateMet
	StateUnknown // could not be decided within the work limit; never counts as met
	StateTooWeak // held, but the rigor or the issuer is not accepted
	StateStale   // held and valid, but issued too long ago
	StateLapsed  // held once; no longer valid
	StateMissing // not held
)

var stateNames = [...]string{"", "met", "unknown", "too_weak", "stale", "lapsed", "missing"}

// String is the state as it is written in messages.
func (s State) String() string { return word(stateNames[:], uint8(s)) }

// NodeResult is how one node of a tree stands.
type NodeResult struct {
	State State
	// Progress is in 0 to 1, and 1 exactly when the node is met.
	Progress float64
	// Evidence is the index into Profile.Evidence of what decided a leaf, also
	// of what did not suffice; -1 for none and for inner nodes.
	Evidence int32
	// Level is what a level leaf holds at its floor; Months what a tenure leaf has.
	Level  Level
	Months int
	// Credits is the sum that counts at a credits node, in hundredths.
	Credits int64
}

// Met reports whether t holds for p. A nil tree holds. It is [Profile.Evaluate]
// without the rest.
func (p *Profile) Met(t *Tree) bool {
	if t == nil {
		return true
	}
	return p.met(t, 0)
}

func (p *Profile) met(t *Tree, i int32) bool {
	n := &t.Nodes[i]
	switch {
	case n.exclusive():
		nodes, _ := p.results(t, i, nil)
		return nodes[i].State == StateMet
	case n.Op == OpAtLeast:
		need := n.K
		for j, c := range n.Children {
			if need <= 0 {
				return true
			}
			if need > len(n.Children)-j {
				return false
			}
			if p.met(t, c) {
				need--
			}
		}
		return need <= 0
	case n.Op == OpCredits:
		return p.credits(t, i, func(c int32) bool { return p.met(t, c) }).State == StateMet
	}
	return p.leaf(n).State == StateMet
}

// Evaluate says how every node of t stands, in the order of t.Nodes. Cost:
// linear in t, but for exclusive nodes, which are matched.
func (p *Profile) Evaluate(t *Tree) []NodeResult {
	nodes, _ := p.EvaluateUntil(t, nil)
	return nodes
}

// EvaluateUntil is [Profile.Evaluate] in which exclusive nodes are unknown once
// stop says so; it may be nil. work is what was done, in nodes and options looked
// at: the same for the same question, unless stopped.
func (p *Profile) EvaluateUntil(t *Tree, stop func() bool) (nodes []NodeResult, work int64) {
	if t == nil {
		return nil, 0
	}
	return p.results(t, 0, stop)
}

// results evaluates the subtree at root; nodes outside it stay zero.
func (p *Profile) results(t *Tree, root int32, stop func() bool) ([]NodeResult, int64) {
	out := make([]NodeResult, len(t.Nodes))
	end := t.end(root)
	work := int64(end - root)
	for i := end - 1; i >= root; i-- {
		n := &t.Nodes[i]
		switch {
		case n.exclusive():
			var more int64
			out[i], more = p.exclusive(t, i, stop)
			work += more
		case n.Op == OpAtLeast:
			out[i] = atLeast(n, out)
		case n.Op == OpCredits:
			out[i] = p.credits(t, i, func(c int32) bool { return out[c].State == StateMet })
			if out[i].State != StateMet && p.credits(t, i, func(c int32) bool {
				return out[c].State == StateMet || out[c].State == StateUnknown
			}).State == StateMet {
				out[i].State = StateUnknown
			}
		default:
			out[i] = p.leaf(n)
		}
	}
	return out, work
}

// exclusive reports whether n's children may not share; a leaf has none.
func (n *TreeNode) exclusive() bool {
	return n.Sharing == Exclusive && (n.Op == OpAtLeast || n.Op == OpCredits)
}

// end is the index after the last node of the subtree at i.
func (t *Tree) end(i int32) int32 {
	for len(t.Nodes[i].Children) > 0 {
		c := t.Nodes[i].Children
		i = c[len(c)-1]
	}
	return i + 1
}

func atLeast(n *TreeNode, out []NodeResult) NodeResult {
	met, unknown := 0, 0
	best := make([]float64, 0, 64)
	for _, c := range n.Children {
		switch out[c].State {
		case StateMet:
			met++
		case StateUnknown:
			unknown++
		default:
		}
		best = append(best, out[c].Progress)
	}
	r := NodeResult{Evidence: -1}
	switch {
	case met >= n.K:
		r.State, r.Progress = StateMet, 1
		return r
	case met+unknown >= n.K:
		r.State = StateUnknown
	default:
		r.State = StateMissing
	}
	r.Progress = meanOfBest(best, n.K)
	return r
}

// meanOfBest is the mean of the k greatest values; missing ones are 0.
func meanOfBest(values []float64, k int) float64 {
	if k <= 0 {
		return 0
	}
	slices.SortFunc(values, func(a, b float64) int {
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	sum := 0.0
	for _, v := range values[:min(k, len(values))] {
		sum += v
	}
	return partly(sum / float64(k))
}

// partly is a progress of what is not met: less than 1, also where rounding makes it 1.
func partly(progress float64) float64 { return min(progress, math.Nextafter(1, 0)) }

// credits adds up the credits of the children that hold. Progress is the least
// of the shares of the sum and of each minimum.
func (p *Profile) credits(t *Tree, i int32, holds func(int32) bool) NodeResult {
	n := &t.Nodes[i]
	var sums []CategoryCredits
	for _, c := range n.Children {
		if holds(c) {
			cat, credits := p.term(&t.Nodes[c])
			sums = addCredits(sums, cat, credits)
		}
	}
	return sumUp(n.Requirement, sums)
}

func addCredits(sums []CategoryCredits, cat ID, credits int64) []CategoryCredits {
	for j := range sums {
		if sums[j].Category == cat {
			sums[j].Credits += credits
			return sums
		}
	}
	return append(sums, CategoryCredits{cat, credits})
}

// sumUp judges a credits node by the sums of its categories.
func sumUp(r *Requirement, sums []CategoryCredits) NodeResult {
	of := func(cat ID) int64 {
		for _, s := range sums {
			if s.Category == cat {
				return s.Credits
			}
		}
		return 0
	}
	out := NodeResult{State: StateMet, Evidence: -1}
	for _, s := range sums {
		counted := s.Credits
		for _, m := range r.Max {
			if m.Category == s.Category {
				counted = min(counted, m.Credits)
			}
		}
		out.Credits += counted
	}
	out.Progress = share(out.Credits, r.Credits)
	for _, m := range r.Min {
		out.Progress = min(out.Progress, share(of(m.Category), m.Credits))
	}
	if out.Progress < 1 {
		out.State = StateMissing
	}
	return out
}

func share(have, want int64) float64 {
	if want <= 0 || have >= want {
		return 1
	}
	return partly(float64(have) / float64(want))
}

// term is what a child of a credits node that is met counts, and under which category.
func (p *Profile) term(n *TreeNode) (ID, int64) {
	if n.TermCredits != OwnCredits || n.Op != OpHolds {
		return n.TermCategory, max(n.TermCredits, 0)
	}
	if at := p.holdsLeaf(n).Evidence; at >= 0 {
		return TermOf(n, p.evidence[at].Version)
	}
	return n.TermCategory, 0
}

// TermOf is what a child with its own credits counts, and under which category,
// when v is the version held; v may be nil. A child that stands for a member of
// a category counts only its own versions of that category.
func TermOf(n *TreeNode, v *Version) (ID, int64) {
	cat, credits := n.TermCategory, n.TermCredits
	switch {
	case credits != OwnCredits:
		return cat, credits
	case n.Within != "" && (v == nil || v.Category != n.Within || v.Index != n.Achievement):
		return n.Within, 0
	case v == nil:
		return cat, 0
	case cat == "":
		cat = v.Category
	}
	return cat, v.Credits
}

// leaf says how a leaf stands.
func (p *Profile) leaf(n *TreeNode) NodeResult {
	switch n.Op {
	case OpHolds:
		return p.holdsLeaf(n)
	case OpLevel:
		return p.levelLeaf(n)
	case OpTenure:
		return p.tenureLeaf(n)
	default:
		return NodeResult{State: StateMissing, Evidence: -1}
	}
}

// holdsLeaf takes of the awards that meet the leaf the latest. Where they count
// their own credits it is the one with the most of those in the category of the
// first: so an award that is worth less, or is of another category, takes
// nothing away.
func (p *Profile) holdsLeaf(n *TreeNode) NodeResult {
	best := NodeResult{State: StateMissing, Evidence: -1}
	if n.Achievement == None {
		return best
	}
	for _, at := range slices.Backward(p.awards(n.Achievement)) {
		e := &p.evidence[at.evidence]
		switch s := n.judge(e, p); {
		case s > best.State || s == StateMissing:
			continue
		case s == StateMet && best.State == StateMet && !n.atLeastAsMuch(e.Version, p.evidence[best.Evidence].Version):
			continue
		default:
			best = NodeResult{State: s, Evidence: at.evidence}
		}
	}
	if best.State == StateMet {
		best.Progress = 1
	}
	return best
}

// atLeastAsMuch reports whether the credits that v counts at n are of the same
// category as those of than, and as many.
func (n *TreeNode) atLeastAsMuch(v, than *Version) bool {
	if n.TermCredits != OwnCredits || v == than {
		return true
	}
	cat, credits := TermOf(n, v)
	thanCat, thanCredits := TermOf(n, than)
	return cat == thanCat && credits >= thanCredits
}

// judge is how one award stands against a holds leaf.
func (n *TreeNode) judge(e *Evidence, p *Profile) State {
	switch {
	case !e.Valid:
		return StateLapsed
	case !e.Counts, e.Rigor < n.MinRigor, !n.accepts(e.Issuer):
		return StateTooWeak
	case n.FreshWithinMonths > 0 && e.IssuedAt < p.At.AddMonths(-n.FreshWithinMonths, p.Catalog.zone):
		return StateStale
	}
	return StateMet
}

// accepts reports whether the leaf takes awards of an issuer. An issuer that the
// catalog does not know is not one that a leaf names.
func (n *TreeNode) accepts(i IssuerIndex) bool {
	return len(n.Issuers) == 0 || i != None && slices.Contains(n.Issuers, i)
}

func (p *Profile) levelLeaf(n *TreeNode) NodeResult {
	r := NodeResult{State: StateMissing, Evidence: -1}
	if n.Competency == None {
		return r
	}
	pr, ok := p.levels[n.Competency]
	if ok {
		r.Level = pr.levels.At(n.MinRigor)
	}
	switch {
	case n.Level == 0 || r.Level >= n.Level:
		r.State, r.Progress = StateMet, 1
		if r.Level > 0 {
			r.Evidence = pr.by[n.MinRigor-1]
		}
		return r
	case r.Level > 0:
		r.Progress, r.Evidence = float64(r.Level)/float64(n.Level), pr.by[n.MinRigor-1]
	}
	if ok && pr.levels[0] >= n.Level {
		r.State, r.Evidence = StateTooWeak, pr.by[0]
	} else if at := p.proof(n, func(e *Evidence) bool { return e.Valid && !e.Counts }); at >= 0 {
		r.State, r.Evidence = StateTooWeak, at
	} else if at := p.proof(n, func(e *Evidence) bool { return !e.Valid && e.Rigor >= n.MinRigor }); at >= 0 {
		r.State, r.Evidence = StateLapsed, at
	}
	return r
}

// proof is the latest award that fits and whose version proves what a level
// leaf asks for; -1 for none.
func (p *Profile) proof(n *TreeNode, fits func(*Evidence) bool) int32 {
	for i := len(p.evidence) - 1; i >= 0; i-- {
		e := &p.evidence[i]
		if e.Version == nil || !fits(e) {
			continue
		}
		for _, at := range e.Version.Attests {
			if p.Catalog.Proves(at.Competency, at.Level, n.Competency, n.Level) {
				return int32(i)
			}
		}
	}
	return -1
}

// Proves reports whether having competency c at level l is having d at level m,
// by itself or by declared implications.
func (c *Catalog) Proves(from CompetencyIndex, l Level, to CompetencyIndex, m Level) bool {
	if from == to && l >= m {
		return true
	}
	best := map[CompetencyIndex]Level{from: l}
	for queue := []CompetencyIndex{from}; len(queue) > 0; queue = queue[1:] {
		for _, im := range c.competencies[queue[0]].implies {
			if best[queue[0]] >= im.Level && best[im.To] < im.ToLevel {
				best[im.To] = im.ToLevel
				queue = append(queue, im.To)
			}
		}
	}
	return best[to] >= m
}

func (p *Profile) tenureLeaf(n *TreeNode) NodeResult {
	r := NodeResult{State: StateMissing, Evidence: -1, Months: tenureMonths(p.tenure, n.Roles, p.At, p.Catalog.zone)}
	if r.Progress = share(int64(r.Months), int64(n.Months)); r.Progress == 1 {
		r.State = StateMet
	}
	return r
}
