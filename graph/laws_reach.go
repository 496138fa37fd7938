package graph

import (
	"cmp"
	"fmt"
	"slices"
)

// support judges what can be earned at all: achievements that only each other
// support, and achievements and roles that nobody who starts from nothing can
// reach. Of entries that base has only what is so since then is said.
func (l *linter) support(base *Catalog, edits bool, touched map[entryKey]bool) {
	after := everything(l.catalog)
	var before *support
	if edits {
		before = everything(base)
	}
	judged := func(k Kind, id ID) bool {
		return touched[entryKey{k, id}] || edits
	}
	l.circular(after, base, before, touched)
	failed := make(map[entryKey]bool)
	for i := range l.problems {
		if p := &l.problems[i]; p.Severity == Failure {
			failed[entryKey{p.Kind, p.Subject}] = true
		}
	}
	// What follows from a failure is not said: the failure is.
	for i, row := range l.reg.achievements.rows {
		if a := AchievementIndex(i); failed[entryKey{KindAchievement, row.id}] && !after.has[a] {
			after.reach(a, l.catalog.offered(a))
		}
	}
	after.run(nil)
	for i, row := range l.reg.achievements.rows {
		a := AchievementIndex(i)
		v := l.catalog.offered(a)
		if v == nil || after.has[a] || !v.earnable() || failed[entryKey{KindAchievement, row.id}] || !judged(KindAchievement, row.id) {
			continue
		}
		if !touched[entryKey{KindAchievement, row.id}] && i < len(base.achievements) && !before.has[a] {
			continue // it could not be earned before either
		}
		l.entry(KindAchievement, row.id)
		l.in("routes", func() { l.unreachable(after, v) })
	}
	for i, row := range l.reg.roles.rows {
		v := l.catalog.CurrentRole(RoleIndex(i), Forever-1)
		if v == nil || v.Status != InForce || failed[entryKey{KindRole, row.id}] || !judged(KindRole, row.id) {
			continue
		}
		if !touched[entryKey{KindRole, row.id}] && i < len(base.roles) {
			if was := base.CurrentRole(RoleIndex(i), Forever-1); was == nil || !before.met(was.Essential, 0) {
				continue
			}
		}
		l.entry(KindRole, row.id)
		l.unreachableRole(after, v)
	}
}

// everything is what can be earned in c from nothing.
func everything(c *Catalog) *support {
	s := newSupport(c)
	all := make([]AchievementIndex, len(c.achievements))
	for i := range all {
		all[i] = AchievementIndex(i)
	}
	s.run(all)
	return s
}

// earnable reports whether v has a route that is not for its holders only.
func (v *Version) earnable() bool {
	return slices.ContainsFunc(v.Routes, func(r CompiledRoute) bool { return r.Kind != ByRenewal })
}

func (l *linter) unreachable(s *support, v *Version) {
	var core []*TreeNode
	for i := range v.Routes {
		r := &v.Routes[i]
		if r.Kind == ByRenewal {
			continue
		}
		if c := s.core(r.Requires, 0); core == nil || len(c) < len(core) {
			core = c
		}
	}
	why := s.reason(core)
	if n := len(core) - 1; n > 0 {
		why += fmt.Sprintf("; and %d more", n)
	}
	l.warn(codeUnreachableAch, "nobody can earn it: "+why, "add a route to what is missing, or give this another route", ids(core)...)
}

func (l *linter) unreachableRole(s *support, v *RoleVersion) {
	say := func(core []*TreeNode, all int) {
		why := s.reason(core)
		if all > 1 {
			why += fmt.Sprintf("; %d of its requirements cannot be met", all)
		}
		l.warn(codeUnreachableRole, "nobody can reach it by what can be earned: "+why, "add achievements that attest what is missing, with a route", ids(core)...)
	}
	if !s.met(v.Essential, 0) {
		l.in("requires", func() { say(s.core(v.Essential, 0), s.unmet(v.Essential)) })
		return
	}
	if v.Threshold <= 0 {
		return
	}
	sum, core := int64(0), []*TreeNode(nil)
	for i := range v.Optional {
		if o := &v.Optional[i]; s.met(o.Tree, 0) {
			sum += o.Weight
		} else {
			core = append(core, s.core(o.Tree, 0)...)
		}
	}
	if sum < v.Threshold {
		l.in("threshold", func() { say(core, len(core)) })
	}
}

// reason says why the first leaf of a core is not met.
func (s *support) reason(core []*TreeNode) string {
	if len(core) == 0 {
		return "its rule asks for more than there is"
	}
	return s.why(core[0])
}

// ids are what the leaves of a core ask for.
func ids(core []*TreeNode) []ID {
	const most = 20 // an author needs the first of them, and an answer an end
	var out []ID
	for _, n := range core {
		id := n.Requirement.Achievement + n.Requirement.Competency + n.Role + n.Family // a leaf has one of them
		if len(out) < most && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// core is a smallest set of unmet leaves, by their number in each node, that
// keeps node i of t from being met; empty when what there is falls short.
func (s *support) core(t *Tree, i int32) []*TreeNode {
	n := &t.Nodes[i]
	if n.Op != OpAtLeast && n.Op != OpCredits {
		return []*TreeNode{n}
	}
	var cores [][]*TreeNode
	for _, c := range n.Children {
		if !s.met(t, c) {
			cores = append(cores, s.core(t, c))
		}
	}
	take := len(cores)
	if n.Op == OpAtLeast {
		slices.SortStableFunc(cores, func(a, b []*TreeNode) int { return cmp.Compare(len(a), len(b)) })
		take = min(take, len(n.Children)-n.K+1)
	}
	return slices.Concat(cores[:max(take, 0)]...)
}

// unmet is the number of leaves of t that nothing on offer meets.
func (s *support) unmet(t *Tree) int {
	count := 0
	for i := range t.Nodes {
		if n := &t.Nodes[i]; n.Op != OpAtLeast && n.Op != OpCredits && !s.leaf(n) {
			count++
		}
	}
	return count
}

// why says why nothing on offer meets a leaf.
func (s *support) why(n *TreeNode) string {
	switch n.Op {
	case OpHolds:
		if n.Achievement == None {
			return string(n.Requirement.Achievement) + " is not known"
		}
		name := s.c.called(KindAchievement, uint32(n.Achievement))
		v := s.c.offered(n.Achievement)
		switch {
		case v == nil:
			return name + " is not in force"
		case len(v.Routes) == 0:
			return name + " has no route here"
		case len(s.suppliers(n)) == 0:
			return "a new award of " + name + " would have another issuer or less rigor than is asked for"
		}
		return name + " cannot be earned itself"
	case OpLevel:
		if n.Competency == None {
			return string(n.Requirement.Competency) + " is not known"
		}
		asked := fmt.Sprintf("%s at level %d", s.c.called(KindCompetency, uint32(n.Competency)), n.Level)
		if !s.attested(n) {
			return "nothing on offer attests " + asked
		}
		return "what attests " + asked + " cannot be earned itself"
	case OpTenure:
		return "nobody can work in " + string(n.Role+n.Family)
	default:
		return "a node does not say what it asks"
	}
}

// called is the title of an entry in the settings' language and its ID.
func (c *Catalog) called(k Kind, i uint32) string {
	l := searchLabel{kind: k, entry: i}
	title, _, _, _ := c.names(k, i)
	language := c.reg.settings.Language
	if language == "" {
		language = "en"
	}
	if t := title.In(language).Value; t != "" {
		return fmt.Sprintf("%q (%s)", t, l.id(c))
	}
	return string(l.id(c))
}

// attested reports whether some version on offer proves what a level leaf asks
// for, whether it can be earned or not.
func (s *support) attested(n *TreeNode) bool {
	seen := map[ImpliedBy]bool{}
	var proves func(c CompetencyIndex, l Level) bool
	proves = func(c CompetencyIndex, l Level) bool {
		key := ImpliedBy{From: c, FromLevel: l}
		if seen[key] {
			return false
		}
		seen[key] = true
		for _, p := range s.c.Providers(c) {
			if p.Level >= l && p.Version.PlannedRigor() >= n.MinRigor && s.c.offered(p.Version.Index) == p.Version && p.Version.earnable() {
				return true
			}
		}
		for _, im := range s.c.ImpliedBy(c) {
			if im.Level >= l && proves(im.From, im.FromLevel) {
				return true
			}
		}
		return false
	}
	return proves(n.Competency, n.Level)
}
