package graph

// support is what can be earned by somebody who has nothing: the least fixpoint
// of the routes on offer, found by forward chaining (Dowling and Gallier,
// "Linear-time algorithms for testing the satisfiability of propositional Horn
// formulae", Journal of Logic Programming 1(3), 1984). Awards have the rigor
// and issuer that their version declares. Tenures come with time, and levels
// with a floor below [Assessed] by a claim, so both are taken as met.
type support struct {
	c       *Catalog
	stands  map[AchievementIndex][]AchievementIndex // see [Catalog.standsFor]
	has     []bool
	levels  []Levels
	holders map[AchievementIndex][]AchievementIndex // whose rules name an achievement
	levelly map[CompetencyIndex][]AchievementIndex  // whose rules name a competency
	queue   []AchievementIndex
	queued  []bool
	granted func(n *TreeNode) bool // leaves that hold anyhow; nil for none
	frozen  func(a AchievementIndex) bool
}

// standsFor maps an achievement to those that it replaced: who holds one of
// them holds it.
func (c *Catalog) standsFor() map[AchievementIndex][]AchievementIndex {
	out := make(map[AchievementIndex][]AchievementIndex)
	for i := range c.achievements {
		for _, h := range c.achievements[i].heldAs[1:] {
			out[h] = append(out[h], AchievementIndex(i))
		}
	}
	return out
}

func newSupport(c *Catalog) *support {
	s := &support{
		c: c, stands: c.standsFor(),
		has: make([]bool, len(c.achievements)), levels: make([]Levels, len(c.competencies)),
		holders: make(map[AchievementIndex][]AchievementIndex), levelly: make(map[CompetencyIndex][]AchievementIndex),
		queued: make([]bool, len(c.achievements)),
	}
	for i := range c.achievements {
		a := AchievementIndex(i)
		v := c.offered(a)
		if v == nil {
			continue
		}
		for j := range v.Routes {
			for _, n := range v.Routes[j].Requires.nodes() {
				switch n.Op {
				case OpHolds:
					s.holders[n.Achievement] = append(s.holders[n.Achievement], a)
				case OpLevel:
					s.levelly[n.Competency] = append(s.levelly[n.Competency], a)
				default:
				}
			}
		}
	}
	return s
}

// run reaches everything that can be reached from what is there and the
// achievements in from.
func (s *support) run(from []AchievementIndex) {
	for _, a := range from {
		s.push(a)
	}
	for len(s.queue) > 0 {
		a := s.queue[0]
		s.queue = s.queue[1:]
		s.queued[a] = false
		v := s.c.offered(a)
		if s.has[a] || v == nil {
			continue
		}
		for i := range v.Routes {
			if s.met(v.Routes[i].Requires, 0) {
				s.reach(a, v)
				break
			}
		}
	}
}

func (s *support) push(a AchievementIndex) {
	if !s.has[a] && !s.queued[a] && (s.frozen == nil || !s.frozen(a)) {
		s.queue, s.queued[a] = append(s.queue, a), true
	}
}

// reach grants an achievement, in version v, with what it proves; v may be nil.
func (s *support) reach(a AchievementIndex, v *Version) {
	s.has[a] = true
	for _, h := range s.c.HeldAs(a) {
		for _, x := range s.holders[h] {
			s.push(x)
		}
	}
	if v == nil {
		return
	}
	for _, at := range v.Attests {
		s.raise(at.Competency, at.Level, v.PlannedRigor())
	}
}

func (s *support) raise(c CompetencyIndex, l Level, rigor Rigor) {
	l = min(l, s.c.Levels(c))
	raised := false
	for r := range int(rigor) {
		if s.levels[c][r] < l {
			s.levels[c][r], raised = l, true
		}
	}
	if !raised {
		return
	}
	for _, x := range s.levelly[c] {
		s.push(x)
	}
	for _, im := range s.c.competencies[c].implies {
		if l >= im.Level {
			s.raise(im.To, im.ToLevel, rigor)
		}
	}
}

// met reports whether node i of t can be met; a nil tree is.
func (s *support) met(t *Tree, i int32) bool {
	if t == nil {
		return true
	}
	n := &t.Nodes[i]
	switch n.Op {
	case OpAtLeast, OpCredits:
	default:
		return s.leaf(n)
	}
	if n.Sharing == Exclusive && s.granted == nil {
		met, known := MeetsExclusive(n.Requirement, t.ExclusiveChildren(i, s.options))
		return met || !known
	}
	if n.Op == OpAtLeast {
		need := n.K
		for _, c := range n.Children {
			if need > 0 && s.met(t, c) {
				need--
			}
		}
		return need <= 0
	}
	var sums []CategoryCredits
	for _, c := range n.Children {
		if s.met(t, c) {
			cat, credits := s.term(&t.Nodes[c])
			sums = addCredits(sums, cat, credits)
		}
	}
	return sumUp(n.Requirement, sums).State == StateMet
}

func (s *support) term(n *TreeNode) (ID, int64) {
	if n.Op != OpHolds || n.Achievement == None {
		return n.TermCategory, max(n.TermCredits, 0)
	}
	v := s.c.offered(n.Achievement)
	if v == nil {
		v = s.c.Current(n.Achievement, Forever-1)
	}
	return TermOf(n, v)
}

func (s *support) leaf(n *TreeNode) bool {
	if s.granted != nil && s.granted(n) {
		return true
	}
	switch n.Op {
	case OpHolds:
		if n.Achievement == None {
			return false
		}
		for _, a := range s.suppliers(n) {
			if s.has[a] {
				return true
			}
		}
		return false
	case OpLevel:
		if n.Competency == None {
			return false
		}
		return n.Level == 0 || n.MinRigor < Assessed && n.Level <= s.c.Levels(n.Competency) || s.levels[n.Competency].At(n.MinRigor) >= n.Level
	case OpTenure:
		return len(n.Roles) > 0
	default:
		return false
	}
}

// suppliers are the achievements a new award of which meets a holds leaf.
func (s *support) suppliers(n *TreeNode) []AchievementIndex {
	out := make([]AchievementIndex, 0, 1)
	for _, a := range append([]AchievementIndex{n.Achievement}, s.stands[n.Achievement]...) {
		if v := s.c.offered(a); v != nil && v.passes(n) {
			out = append(out, a)
		}
	}
	return out
}

// passes reports whether a new award of v passes the filters of a holds leaf.
func (v *Version) passes(n *TreeNode) bool {
	if v.PlannedRigor() < n.MinRigor {
		return false
	}
	for _, i := range n.Issuers {
		if i == v.Issuer && i != None {
			return true
		}
	}
	return len(n.Issuers) == 0
}

// options are what can serve a leaf of an exclusive node. A level uses nothing
// up here: how many different achievements prove it is not looked into.
func (s *support) options(n *TreeNode) []ExclusiveOption {
	if n.Op != OpHolds {
		if s.leaf(n) {
			return []ExclusiveOption{{Item: NoItem, Progress: 1}}
		}
		return nil
	}
	var out []ExclusiveOption
	if n.Achievement == None {
		return nil
	}
	cat, credits := s.term(n)
	for _, a := range s.suppliers(n) {
		if s.has[a] {
			out = append(out, ExclusiveOption{Item: int32(a), Progress: 1, Category: cat, Credits: credits})
		}
	}
	return out
}
