package pathway

import (
	"cmp"
	"slices"

	"github.com/cairn-skills/cairn/graph"
)

// openLeaf is a leaf of a role that one more award may change: it is not met, or
// it is met and stands where one more award may free another (in a rule with an
// exclusive node) or count more (with its achievement's own credits).
type openLeaf struct {
	role graph.RoleIndex
	node *graph.TreeNode
	met  bool
}

// openLeaves are the open leaves of the roles of a catalog that can be met by an
// award, by what they ask for.
type openLeaves struct {
	// need is how many open leaves of a role have to change at least before it holds.
	need          map[graph.RoleIndex]int
	byAchievement map[graph.AchievementIndex][]openLeaf
	byCompetency  map[graph.CompetencyIndex][]openLeaf
}

// unlock fills in, for every suggestion, how many unmet leaves of roles are met
// with its achievement, and the roles that hold with it and not without. Only
// roles whose open leaves change are looked at.
func (a *adviser) unlock() error {
	targets, leaves, err := a.openRoles()
	if err != nil {
		return err
	}
	for i := range a.advice.Steps {
		if err := a.ctx.Err(); err != nil {
			return err
		}
		s := &a.advice.Steps[i]
		arrivals := a.arrivals(s.Version)
		var roles []graph.RoleIndex
		closed := make(map[graph.RoleIndex]int)
		for _, l := range a.closedBy(arrivals, &leaves) {
			if !l.met {
				s.Requirements++
			}
			if closed[l.role]++; closed[l.role] == leaves.need[l.role] {
				roles = append(roles, l.role)
			}
		}
		if len(roles) == 0 {
			continue
		}
		if a.left <= 0 {
			a.advice.Proven = false
			continue
		}
		with := a.profile.With(s.Version)
		a.left -= int64(len(with.Evidence()))
		for _, r := range roles {
			if err := a.ctx.Err(); err != nil {
				return err
			}
			t := targets[r]
			a.left -= int64(1 + len(t.Optional))
			if t.met(with) {
				s.Unlocks = append(s.Unlocks, r)
			}
		}
		slices.SortFunc(s.Unlocks, func(x, y graph.RoleIndex) int {
			return cmp.Compare(a.profile.Catalog.RoleID(x), a.profile.Catalog.RoleID(y))
		})
	}
	return nil
}

// arrivals are the awards that come to count with a new award of v: that one,
// and those held whose enforced prerequisite holds with it.
func (a *adviser) arrivals(v *graph.Version) []graph.Evidence {
	p := a.profile
	out := []graph.Evidence{*planned(p, v)}
	waits := func(e graph.Evidence) bool { return e.Version != nil && e.Valid && !e.Counts }
	if !slices.ContainsFunc(p.Evidence(), waits) {
		return out
	}
	if a.left <= 0 {
		a.advice.Proven = false
		return out
	}
	with := p.With(v)
	a.left -= int64(len(with.Evidence()))
	for i, e := range p.Evidence() {
		if waits(e) && with.Evidence()[i].Counts { // awards come first in both, and in the same order
			out = append(out, e)
		}
	}
	return out
}

// openRoles are the targets of the roles that p does not qualify for, and their
// open leaves. Retired roles are left out.
// Errors: the context's.
func (a *adviser) openRoles() (map[graph.RoleIndex]Target, openLeaves, error) {
	p, c := a.profile, a.profile.Catalog
	leaves := openLeaves{
		need:          make(map[graph.RoleIndex]int),
		byAchievement: make(map[graph.AchievementIndex][]openLeaf),
		byCompetency:  make(map[graph.CompetencyIndex][]openLeaf),
	}
	targets := make(map[graph.RoleIndex]Target)
	_, _, n, _ := c.Counts()
	for r := range graph.RoleIndex(n) {
		if err := a.ctx.Err(); err != nil {
			return nil, leaves, err
		}
		v := c.CurrentRole(r, p.At)
		if v == nil || v.Status != graph.InForce {
			continue
		}
		t, err := roleTarget(p, r)
		if err != nil || t.met(p) {
			continue
		}
		targets[r] = t
		leaves.need[r] = max(1, a.gather(r, t.Essential, &leaves))
		if t.Threshold > 0 {
			for _, o := range t.Optional {
				a.gather(r, o.Tree, &leaves)
			}
		}
	}
	return targets, leaves, nil
}

// gather adds the open leaves of a tree of r. It returns how many of them have
// to change at least before the tree holds: one in each child that the root
// still wants.
func (a *adviser) gather(r graph.RoleIndex, t *graph.Tree, leaves *openLeaves) int {
	nodes := a.profile.Evaluate(t)
	exclusive := t != nil && slices.ContainsFunc(t.Nodes, func(n graph.TreeNode) bool { return n.Sharing == graph.Exclusive })
	for i, res := range nodes {
		a.left--
		n := &t.Nodes[i]
		met := res.State == graph.StateMet
		switch {
		case met && !exclusive && n.TermCredits != graph.OwnCredits:
		case n.Op == graph.OpHolds && n.Achievement != graph.None:
			leaves.byAchievement[n.Achievement] = append(leaves.byAchievement[n.Achievement], openLeaf{r, n, met})
		case n.Op == graph.OpLevel && n.Competency != graph.None:
			leaves.byCompetency[n.Competency] = append(leaves.byCompetency[n.Competency], openLeaf{r, n, met})
		}
	}
	if t == nil || exclusive || t.Nodes[0].Op != graph.OpAtLeast {
		return 1
	}
	need := t.Nodes[0].K
	for _, c := range t.Nodes[0].Children {
		if nodes[c].State == graph.StateMet {
			need--
		}
	}
	return need
}

// closedBy are the open leaves that awards meet, each once.
func (a *adviser) closedBy(arrivals []graph.Evidence, leaves *openLeaves) []openLeaf {
	var out []openLeaf
	seen := make(map[*graph.TreeNode]bool)
	add := func(open []openLeaf, meets func(*graph.TreeNode) bool) {
		for _, l := range open {
			if !seen[l.node] && meets(l.node) {
				seen[l.node] = true
				out = append(out, l)
			}
		}
	}
	for i := range arrivals {
		e := &arrivals[i]
		for _, h := range a.profile.Catalog.HeldAsAt(e.Version.Index, a.profile.At) {
			add(leaves.byAchievement[h], func(n *graph.TreeNode) bool { return suffices(a.profile, n, e) })
		}
		for _, at := range a.proves(e.Version) {
			add(leaves.byCompetency[at.Competency], func(n *graph.TreeNode) bool { return at.Level >= n.Level && e.Rigor >= n.MinRigor })
		}
	}
	return out
}

// proves are the levels that an award of v proves, by implications as well.
func (a *adviser) proves(v *graph.Version) []graph.Attested {
	c := a.profile.Catalog
	var out []graph.Attested
	at := make(map[graph.CompetencyIndex]int)
	var raise func(x graph.CompetencyIndex, l graph.Level)
	raise = func(x graph.CompetencyIndex, l graph.Level) {
		l = min(l, c.Levels(x))
		i, known := at[x]
		switch {
		case l == 0, known && out[i].Level >= l:
			return
		case !known:
			at[x] = len(out)
			out = append(out, graph.Attested{Competency: x, Level: l})
		default:
			out[i].Level = l
		}
		for _, im := range c.Implies(x) {
			a.left--
			if l >= im.Level {
				raise(im.To, im.ToLevel)
			}
		}
	}
	for _, at := range v.Attests {
		raise(at.Competency, at.Level)
	}
	return out
}
