package pathway

import (
	"cmp"
	"slices"

	"github.com/cairn-skills/cairn/graph"
)

// openLeaf is a leaf of a role that is not met, or is met in a rule with an
// exclusive node, where one more award may free another.
type openLeaf struct {
	role graph.RoleIndex
	node *graph.TreeNode
	met  bool
}

// openLeaves are the unmet leaves of the roles of a catalog that can be met by
// an award, by what they ask for.
type openLeaves struct {
	// need is how many leaves of a role have to be met at least before it holds.
	need          map[graph.RoleIndex]int
	byAchievement map[graph.AchievementIndex][]openLeaf
	byCompetency  map[graph.CompetencyIndex][]openLeaf
}

// unlock fills in, for every suggestion, how many unmet leaves of roles its
// achievement meets by itself, and the roles that hold with it and not without.
// Only roles with such a leaf are looked at.
func (a *adviser) unlock() error {
	targets, leaves := a.openRoles()
	for i := range a.advice.Steps {
		if err := a.ctx.Err(); err != nil {
			return err
		}
		s := &a.advice.Steps[i]
		var roles []graph.RoleIndex
		closed := make(map[graph.RoleIndex]int)
		for _, l := range a.closedBy(s.Version, &leaves) {
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

// openRoles are the targets of the roles that p does not qualify for, and their
// unmet leaves. Retired roles are left out.
func (a *adviser) openRoles() (map[graph.RoleIndex]Target, openLeaves) {
	p, c := a.profile, a.profile.Catalog
	leaves := openLeaves{
		need:          make(map[graph.RoleIndex]int),
		byAchievement: make(map[graph.AchievementIndex][]openLeaf),
		byCompetency:  make(map[graph.CompetencyIndex][]openLeaf),
	}
	targets := make(map[graph.RoleIndex]Target)
	_, _, n, _ := c.Counts()
	for r := range graph.RoleIndex(n) {
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
	return targets, leaves
}

// gather adds the unmet leaves of a tree of r. It returns how many of them have
// to be met at least before the tree holds: one in each child that the root
// still wants.
func (a *adviser) gather(r graph.RoleIndex, t *graph.Tree, leaves *openLeaves) int {
	nodes := a.profile.Evaluate(t)
	exclusive := t != nil && slices.ContainsFunc(t.Nodes, func(n graph.TreeNode) bool { return n.Sharing == graph.Exclusive })
	for i, res := range nodes {
		a.left--
		n := &t.Nodes[i]
		met := res.State == graph.StateMet
		switch {
		case met && !exclusive:
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

// closedBy are the open leaves that a new award of v meets.
func (a *adviser) closedBy(v *graph.Version, leaves *openLeaves) []openLeaf {
	c := a.profile.Catalog
	var out []openLeaf
	for _, h := range c.HeldAsAt(v.Index, a.profile.At) {
		for _, l := range leaves.byAchievement[h] {
			if v.PlannedRigor() >= l.node.MinRigor && accepts(l.node, v.Issuer) {
				out = append(out, l)
			}
		}
	}
	// levels are what the award proves, by implications as well.
	levels := make(map[graph.CompetencyIndex]graph.Level)
	var order []graph.CompetencyIndex
	var raise func(x graph.CompetencyIndex, l graph.Level)
	raise = func(x graph.CompetencyIndex, l graph.Level) {
		l = min(l, c.Levels(x))
		if levels[x] >= l {
			return
		}
		if levels[x] == 0 {
			order = append(order, x)
		}
		levels[x] = l
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
	for _, x := range order {
		for _, l := range leaves.byCompetency[x] {
			if levels[x] >= l.node.Level && v.PlannedRigor() >= l.node.MinRigor {
				out = append(out, l)
			}
		}
	}
	return out
}
