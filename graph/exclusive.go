package graph

import (
	"math"
	"slices"
)

// NoItem is the item of an option that uses up nothing: a claim, a tenure.
const NoItem int32 = -1

// ExclusiveChild is a child of an exclusive node, or a node below one, with
// everything that can serve it.
type ExclusiveChild struct {
	Node    *Requirement      // its operator and figures
	Options []ExclusiveOption // of a leaf
	Of      []ExclusiveChild  // of an inner node
}

// ExclusiveOption is one thing that can serve a leaf.
type ExclusiveOption struct {
	// Item is what is used up, any number the caller chooses, such as an
	// AchievementIndex; [NoItem] is used up by nobody.
	Item int32
	// Progress is that of the leaf when Item serves it: 1 meets it.
	Progress float64
	// Category and Credits are what the leaf counts, as a child of a credits
	// node with [OwnCredits], when Item serves it.
	Category ID
	Credits  int64
}

// MeetsExclusive reports whether the items of the options can be given to the
// children of the exclusive node r, each to one child at most, so that r is
// met; r is an OpAtLeast or OpCredits node and its Of is not read. known is
// false when that could not be decided within the work limit; met is then
// false. More options never turn a true answer false.
//
// Cost: a bipartite matching when every child is a leaf or an `any` of leaves
// and r counts children; otherwise a search of at most a fixed number of
// assignments.
func MeetsExclusive(r *Requirement, children []ExclusiveChild) (met, known bool) {
	met, known, _ = MeetsExclusiveUntil(r, children, nil)
	return met, known
}

// MeetsExclusiveUntil is [MeetsExclusive] that gives up once stop says so; it is
// asked every few thousand units of work, and may be nil. work is what was done,
// in nodes and options looked at: the same for the same question, unless stopped.
func MeetsExclusiveUntil(r *Requirement, children []ExclusiveChild, stop func() bool) (met, known bool, work int64) {
	res, work := assignUntil(r, children, true, stop)
	return res.State == StateMet, res.State != StateUnknown, work
}

// ExclusiveChildren is the subtrees below node i of t with the options that
// options names for each leaf.
func (t *Tree) ExclusiveChildren(i int32, options func(leaf *TreeNode) []ExclusiveOption) []ExclusiveChild {
	out := make([]ExclusiveChild, 0, len(t.Nodes[i].Children))
	for _, c := range t.Nodes[i].Children {
		n := &t.Nodes[c]
		child := ExclusiveChild{Node: n.Requirement}
		if n.Op == OpAtLeast || n.Op == OpCredits {
			child.Of = t.ExclusiveChildren(c, options)
		} else {
			child.Options = options(n)
		}
		out = append(out, child)
	}
	return out
}

// exclusive says how node i, whose Sharing is Exclusive, stands. Each
// achievement held serves one child at most; a level proven by a claim and a
// tenure use up nothing. Progress is the best over all assignments; beyond the
// work limit it is the best that was found. work is what was done until then,
// or until stop, which may be nil.
func (p *Profile) exclusive(t *Tree, i int32, stop func() bool) (result NodeResult, work int64) {
	proofs := make(map[int32]map[CompetencyIndex]Level)
	children := t.ExclusiveChildren(i, func(leaf *TreeNode) []ExclusiveOption {
		switch leaf.Op {
		case OpHolds:
			return p.holdsOptions(leaf)
		case OpLevel:
			return p.levelOptions(leaf, proofs)
		case OpTenure:
			return []ExclusiveOption{{Item: NoItem, Progress: p.tenureLeaf(leaf).Progress}}
		default:
			return nil
		}
	})
	result, work = assignUntil(t.Nodes[i].Requirement, children, false, stop)
	if result.State == StateUnknown { // whether it is met takes less work than how far it is
		met, known, more := MeetsExclusiveUntil(t.Nodes[i].Requirement, children, stop)
		work += more
		switch {
		case met:
			result.State, result.Progress = StateMet, 1
		case known:
			result.State = StateMissing
		}
	}
	return result, work
}

// holdsOptions are the achievements held of which an award meets a holds leaf:
// the one it names, and those that it replaced.
func (p *Profile) holdsOptions(leaf *TreeNode) []ExclusiveOption {
	var out []ExclusiveOption
	var by []*Version
	for _, h := range slices.Backward(p.awards(leaf.Achievement)) {
		e := &p.evidence[h.evidence]
		if leaf.judge(e, p) != StateMet {
			continue
		}
		cat, credits := TermOf(leaf, e.Version)
		o := ExclusiveOption{Item: int32(e.Version.Index), Progress: 1, Category: cat, Credits: credits}
		i := slices.IndexFunc(out, func(x ExclusiveOption) bool { return x.Item == o.Item })
		if i < 0 {
			out, by = append(out, o), append(by, e.Version)
		} else if leaf.atLeastAsMuch(e.Version, by[i]) {
			out[i], by[i] = o, e.Version
		}
	}
	return out
}

// levelOptions are the achievements held of which an award proves some of the
// level that a leaf asks for at its floor, and what the claims prove of it.
// proofs keeps what each award proves, between leaves.
func (p *Profile) levelOptions(leaf *TreeNode, proofs map[int32]map[CompetencyIndex]Level) []ExclusiveOption {
	if leaf.Competency == None {
		return nil
	}
	if leaf.Level == 0 {
		return []ExclusiveOption{{Item: NoItem, Progress: 1}}
	}
	if p.levels[leaf.Competency].levels.At(leaf.MinRigor) == 0 {
		return nil
	}
	var out []ExclusiveOption
	for i := range p.evidence {
		e := &p.evidence[i]
		if !e.Counts || e.Rigor < leaf.MinRigor {
			continue
		}
		proof, ok := proofs[int32(i)]
		if !ok {
			proof = make(map[CompetencyIndex]Level)
			if e.Version == nil {
				p.Catalog.proven(e.Competency, e.Level, proof)
			} else {
				for _, at := range e.Version.Attests {
					p.Catalog.proven(at.Competency, at.Level, proof)
				}
			}
			proofs[int32(i)] = proof
		}
		o := ExclusiveOption{Item: NoItem, Progress: share(int64(proof[leaf.Competency]), int64(leaf.Level))}
		if e.Version != nil {
			o.Item = int32(e.Version.Index)
		}
		if j := slices.IndexFunc(out, func(x ExclusiveOption) bool { return x.Item == o.Item }); j >= 0 {
			out[j].Progress = max(out[j].Progress, o.Progress)
		} else if o.Progress > 0 {
			out = append(out, o)
		}
	}
	return out
}

// proven raises the levels in into to what level l of a competency proves, by
// itself and by declared implications.
func (c *Catalog) proven(of CompetencyIndex, l Level, into map[CompetencyIndex]Level) {
	l = min(l, c.Levels(of))
	if l <= into[of] {
		return
	}
	into[of] = l
	for _, im := range c.competencies[of].implies {
		if l >= im.Level {
			c.proven(im.To, im.ToLevel, into)
		}
	}
}

// parts is what progress is counted in while assignments are compared, so that
// sums are exact: the least common multiple of 1 to 30, which holds the shares
// of every usual scale and of tenures in years.
const parts int64 = 2329089562800

func toParts(progress float64) int64 {
	if progress >= 1 {
		return parts
	}
	return min(int64(math.Round(progress*float64(parts))), parts-1)
}

// ofParts is a node that asks for k wholes and has sum; it is met, and its
// progress 1, only if it has all of them.
func ofParts(sum int64, k int) NodeResult {
	r := NodeResult{State: StateMissing, Evidence: -1}
	if k <= 0 || sum/parts >= int64(k) {
		r.State, r.Progress = StateMet, 1
		return r
	}
	r.Progress = min(float64(sum)/(float64(parts)*float64(k)), math.Nextafter(1, 0))
	return r
}
