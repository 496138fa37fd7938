package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// circular reports the achievements that only each other support: with all
// that is outside a circle granted, none in it can be earned. Of circles that
// base had nothing is said.
func (l *linter) circular(after *support, base *Catalog, before *support, touched map[entryKey]bool) {
	found := (&circles{s: after}).find()
	slices.SortFunc(found, func(a, b []AchievementIndex) int {
		return cmp.Compare(l.catalog.AchievementID(a[0]), l.catalog.AchievementID(b[0]))
	})
	for _, cycle := range found {
		witness := make([]ID, len(cycle))
		subject := ID("")
		known := true // the circle was in base
		for i, a := range cycle {
			witness[i] = l.catalog.AchievementID(a)
			known = known && int(a) < len(base.achievements) && (before == nil || !before.has[a])
			if touched[entryKey{KindAchievement, witness[i]}] && (subject == "" || witness[i] < subject) {
				subject = witness[i]
			}
		}
		if subject == "" {
			if known {
				continue
			}
			subject = witness[0]
		}
		names := make([]string, 0, len(witness)+1)
		for _, id := range witness {
			names = append(names, string(id))
		}
		names = append(names, names[0])
		l.entry(KindAchievement, subject)
		l.in("routes", func() {
			message := "every route of it needs itself"
			if len(witness) > 1 {
				message = fmt.Sprintf("none of %d achievements can be earned first: %s", len(witness), strings.Join(names, " needs "))
			}
			l.fail(codeCircularSupport, message, "give one of them a route that needs none of the others", witness...)
		})
	}
}

// circles finds circular support. Its graph has the achievements that cannot be
// earned and, between them, the competencies that they need and attest.
type circles struct {
	s    *support
	left []AchievementIndex // not earned, with a route that is not a renewal
}

// find returns a shortest cycle of each circle, from its smallest ID on.
func (w *circles) find() [][]AchievementIndex {
	c := w.s.c
	place := make(map[AchievementIndex]int)
	for i := range c.achievements {
		a := AchievementIndex(i)
		if v := c.offered(a); v != nil && !w.s.has[a] && v.earnable() {
			place[a] = len(w.left)
			w.left = append(w.left, a)
		}
	}
	if len(w.left) == 0 {
		return nil
	}
	all := everythingGranted(c, w.left)
	n := len(w.left)
	competency := make(map[CompetencyIndex]int)
	edges := make([][]int, n)
	atom := func(x CompetencyIndex) int {
		if at, ok := competency[x]; ok {
			return at
		}
		at := len(edges)
		competency[x] = at
		edges = append(edges, nil)
		return at
	}
	for i, a := range w.left {
		var to []int
		w.needs(w.s, a, func(leaf *TreeNode) {
			switch {
			case leaf.Op == OpHolds && leaf.Achievement != None:
				for _, x := range w.s.suppliers(leaf) {
					if at, ok := place[x]; ok {
						to = append(to, at)
					}
				}
			case leaf.Op == OpLevel && leaf.Competency != None:
				to = append(to, atom(leaf.Competency))
			}
		})
		edges[i] = to
	}
	// Competencies lead to those that imply them and to what attests them.
	byPlace := make([]CompetencyIndex, 0, len(competency))
	for x := range competency {
		byPlace = append(byPlace, x)
	}
	slices.SortFunc(byPlace, func(x, y CompetencyIndex) int { return cmp.Compare(competency[x], competency[y]) })
	for i := 0; i < len(byPlace); i++ {
		x := byPlace[i]
		at := competency[x]
		for _, p := range c.Providers(x) {
			if to, ok := place[p.Version.Index]; ok && c.offered(p.Version.Index) == p.Version {
				edges[at] = append(edges[at], to)
			}
		}
		for _, im := range c.ImpliedBy(x) {
			if _, there := competency[im.From]; !there {
				byPlace = append(byPlace, im.From)
			}
			edges[at] = append(edges[at], atom(im.From))
		}
	}
	var found [][]AchievementIndex
	for _, part := range components(edges) {
		var members []AchievementIndex
		for _, v := range part {
			if v < n {
				members = append(members, w.left[v])
			}
		}
		if len(members) == 0 {
			continue
		}
		found = append(found, w.judge(all, members)...)
	}
	return found
}

// everythingGranted is a support in which all is there but the achievements in
// without; a leaf that none of those could meet is met.
func everythingGranted(c *Catalog, without []AchievementIndex) *support {
	s, full := newSupport(c), newSupport(c)
	not := make(map[AchievementIndex]bool, len(without))
	for _, a := range without {
		not[a] = true
	}
	s.frozen = func(AchievementIndex) bool { return true }
	full.frozen = s.frozen
	for i := range c.achievements {
		a := AchievementIndex(i)
		full.reach(a, c.offered(a))
		if !not[a] {
			s.reach(a, c.offered(a))
		}
	}
	s.granted = func(n *TreeNode) bool {
		switch n.Op {
		case OpHolds:
			if n.Achievement == None {
				return true
			}
			return !slices.ContainsFunc(s.suppliers(n), func(a AchievementIndex) bool { return not[a] })
		case OpLevel:
			return n.Competency == None || full.levels[n.Competency].At(n.MinRigor) < n.Level
		default:
			return true
		}
	}
	return s
}

// judge decides whether the members, which need each other, are circular by
// themselves, and grants them afterwards for what depends on them. Parts that
// others depend on come first.
func (w *circles) judge(all *support, members []AchievementIndex) [][]AchievementIndex {
	in := make(map[AchievementIndex]bool, len(members))
	for _, a := range members {
		in[a] = true
	}
	all.frozen = func(a AchievementIndex) bool { return !in[a] }
	all.run(members)
	slices.SortFunc(members, func(a, b AchievementIndex) int {
		return cmp.Compare(w.s.c.AchievementID(a), w.s.c.AchievementID(b))
	})
	members = slices.DeleteFunc(members, func(a AchievementIndex) bool { return all.has[a] })
	found := w.cycles(all, members)
	all.frozen = func(AchievementIndex) bool { return true }
	for _, a := range members {
		all.reach(a, w.s.c.offered(a))
	}
	return found
}

// cycles are a shortest cycle for each set of members that need each other.
func (w *circles) cycles(all *support, members []AchievementIndex) [][]AchievementIndex {
	c := w.s.c
	place := make(map[AchievementIndex]int, len(members))
	proofs := make(map[CompetencyIndex][]proof)
	for i, a := range members {
		place[a] = i
		v := c.offered(a)
		proven := make(map[CompetencyIndex]Level)
		for _, at := range v.Attests {
			c.proven(at.Competency, at.Level, proven)
		}
		for x, level := range proven {
			proofs[x] = append(proofs[x], proof{i, level, v.PlannedRigor()})
		}
	}
	edges := make([][]int, len(members))
	for i, a := range members {
		w.needs(all, a, func(leaf *TreeNode) {
			switch {
			case leaf.Op == OpHolds && leaf.Achievement != None:
				for _, x := range all.suppliers(leaf) {
					if at, ok := place[x]; ok {
						edges[i] = append(edges[i], at)
					}
				}
			case leaf.Op == OpLevel && leaf.Competency != None:
				for _, p := range proofs[leaf.Competency] {
					if p.level >= leaf.Level && p.rigor >= leaf.MinRigor {
						edges[i] = append(edges[i], p.by)
					}
				}
			}
		})
	}
	var found [][]AchievementIndex
	for _, part := range components(edges) {
		slices.Sort(part)
		if len(part) == 1 && !slices.Contains(edges[part[0]], part[0]) {
			continue
		}
		var cycle []AchievementIndex
		for _, i := range shortestCycle(edges, part[0]) {
			cycle = append(cycle, members[i])
		}
		found = append(found, cycle)
	}
	return found
}

type proof struct {
	by    int
	level Level
	rigor Rigor
}

// needs calls visit with the leaves that are not met in s, below nodes that are
// not, of every route of a but renewals.
func (w *circles) needs(s *support, a AchievementIndex, visit func(*TreeNode)) {
	v := w.s.c.offered(a)
	for i := range v.Routes {
		if t := v.Routes[i].Requires; t != nil && v.Routes[i].Kind != ByRenewal {
			s.unmetLeaves(t, 0, visit)
		}
	}
}

func (s *support) unmetLeaves(t *Tree, i int32, visit func(*TreeNode)) {
	n := &t.Nodes[i]
	if s.met(t, i) {
		return
	}
	if n.Op != OpAtLeast && n.Op != OpCredits {
		visit(n)
		return
	}
	for _, c := range n.Children {
		s.unmetLeaves(t, c, visit)
	}
}

// components are the strongly connected components of a graph, each after those
// that it leads to (Tarjan, "Depth-first search and linear graph algorithms",
// SIAM Journal on Computing 1(2), 1972).
func components(edges [][]int) [][]int {
	var out [][]int
	number := make([]int, len(edges)) // from 1 in the order of discovery; 0: not yet
	low := make([]int, len(edges))
	open := make([]bool, len(edges))
	var stack []int
	count := 0
	var visit func(v int)
	visit = func(v int) {
		count++
		number[v], low[v], open[v] = count, count, true
		stack = append(stack, v)
		for _, to := range edges[v] {
			if number[to] == 0 {
				visit(to)
				low[v] = min(low[v], low[to])
			} else if open[to] {
				low[v] = min(low[v], number[to])
			}
		}
		if low[v] < number[v] {
			return
		}
		at := len(stack) - 1
		for stack[at] != v {
			at--
		}
		part := slices.Clone(stack[at:])
		stack = stack[:at]
		for _, x := range part {
			open[x] = false
		}
		out = append(out, part)
	}
	for v := range edges {
		if number[v] == 0 {
			visit(v)
		}
	}
	return out
}

// shortestCycle is a shortest cycle through start, which is on one.
func shortestCycle(edges [][]int, start int) []int {
	came := map[int]int{start: -1}
	for queue := []int{start}; len(queue) > 0; queue = queue[1:] {
		v := queue[0]
		for _, to := range edges[v] {
			if to == start {
				var cycle []int
				for ; v >= 0; v = came[v] {
					cycle = append(cycle, v)
				}
				slices.Reverse(cycle)
				return cycle
			}
			if _, seen := came[to]; !seen {
				came[to] = v
				queue = append(queue, to)
			}
		}
	}
	return nil
}
