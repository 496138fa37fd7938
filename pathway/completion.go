package pathway

import (
	"cmp"
	"slices"

	"github.com/cairn-skills/cairn/graph"
)

// Completion is how far one achievement is.
type Completion struct {
	Achievement graph.AchievementIndex
	// Awards are the indices into Profile.Evidence of all awards that stand for
	// the achievement, the latest first. Award is the first of them that counts,
	// else the first that is valid, else the first; -1 for none.
	Awards []int32
	Award  int32
	// Held: some award is recorded. Valid: one of them has not lapsed. Counts:
	// one of them counts.
	Held, Valid, Counts bool
	// ReadyToClaim: a stack route of the version in force is met, and no award
	// counts yet.
	ReadyToClaim bool
	// Progress is in 0 to 1: 1 if an award counts, otherwise that of the stack
	// route of the version in force that is furthest.
	Progress float64
	// Versions are the version in force, if there is one, and the version of
	// Award, if it is another.
	Versions []VersionCompletion
}

// VersionCompletion is how the stack routes of one version stand.
type VersionCompletion struct {
	Version *graph.Version
	InForce bool // at the profile's instant
	Held    bool // Completion.Award is of this version
	Routes  []RouteCompletion
}

// RouteCompletion is how one stack route stands.
type RouteCompletion struct {
	Route    *graph.CompiledRoute
	Met      bool    // what it requires is met, or it requires nothing
	Progress float64 // in 0 to 1, and 1 exactly when met
	// Nodes are how the nodes of Route.Requires stand, in its order; nil if it
	// requires nothing.
	Nodes []graph.NodeResult
	// Twice are the achievements that meet several leaves.
	Twice []DoubleCount
}

// DoubleCount is an achievement whose awards meet several leaves of a tree. It
// is allowed where the nodes above share, and shown so that nobody is surprised
// where they do not.
type DoubleCount struct {
	Achievement graph.AchievementIndex
	Nodes       []int32 // indices into the tree's Nodes, ascending
}

// Complete says how far p is with achievement a: its awards, and every node of
// every stack route of the version in force and of the version held.
//
// Errors: [graph.ErrNotFound] if the catalog has no such achievement. Cost:
// linear in the trees. The cheapest missing set is [Solve] for the achievement.
func Complete(p *graph.Profile, a graph.AchievementIndex) (Completion, error) {
	c := Completion{Achievement: a, Award: -1}
	if _, n, _, _ := p.Catalog.Counts(); uint64(a) >= uint64(n) {
		e := graph.NotFound(graph.KindAchievement, "")
		e.Message = "the catalog has no achievement at this index"
		return c, e
	}
	c.Awards = p.Awards(a)
	evidence := p.Evidence()
	for _, i := range c.Awards {
		e := &evidence[i]
		better := c.Award < 0 || (e.Counts && !c.Counts) || (e.Valid && !c.Valid)
		if better {
			c.Award = i
		}
		c.Held, c.Valid, c.Counts = true, c.Valid || e.Valid, c.Counts || e.Counts
	}
	current := p.Catalog.InForce(a, p.At)
	if current != nil {
		v := completeVersion(p, current)
		v.InForce = true
		for i := range v.Routes {
			c.Progress = max(c.Progress, v.Routes[i].Progress)
			c.ReadyToClaim = c.ReadyToClaim || v.Routes[i].Met && !c.Counts
		}
		c.Versions = append(make([]VersionCompletion, 0, 2), v)
	}
	if c.Award >= 0 {
		if held := evidence[c.Award].Version; held == current {
			c.Versions[0].Held = true
		} else {
			v := completeVersion(p, held)
			v.Held = true
			c.Versions = append(c.Versions, v)
		}
	}
	if c.Counts {
		c.Progress = 1
	}
	return c, nil
}

func completeVersion(p *graph.Profile, v *graph.Version) VersionCompletion {
	out := VersionCompletion{Version: v}
	for i := range v.Routes {
		if v.Routes[i].Kind != graph.ByStack {
			continue
		}
		r := RouteCompletion{Route: &v.Routes[i], Met: true, Progress: 1}
		if t := r.Route.Requires; t != nil {
			r.Nodes = p.Evaluate(t)
			r.Met, r.Progress = r.Nodes[0].State == graph.StateMet, r.Nodes[0].Progress
			r.Twice = doubleCounts(p, t, r.Nodes)
		}
		out.Routes = append(out.Routes, r)
	}
	return out
}

// doubleCounts are the achievements that meet several leaves of t, by the first
// leaf that they meet.
func doubleCounts(p *graph.Profile, t *graph.Tree, nodes []graph.NodeResult) []DoubleCount {
	type use struct {
		achievement graph.AchievementIndex
		node        int32
	}
	var buffer [64]use
	uses := buffer[:0]
	evidence := p.Evidence()
	for i := range nodes {
		r := &nodes[i]
		if r.State != graph.StateMet || r.Evidence < 0 || len(t.Nodes[i].Children) > 0 {
			continue
		}
		if v := evidence[r.Evidence].Version; v != nil {
			uses = append(uses, use{v.Index, int32(i)})
		}
	}
	slices.SortFunc(uses, func(a, b use) int {
		return cmp.Or(cmp.Compare(a.achievement, b.achievement), cmp.Compare(a.node, b.node))
	})
	var out []DoubleCount
	for i := 0; i < len(uses); {
		j := i + 1
		for j < len(uses) && uses[j].achievement == uses[i].achievement {
			j++
		}
		if j-i > 1 {
			d := DoubleCount{Achievement: uses[i].achievement}
			for _, u := range uses[i:j] {
				d.Nodes = append(d.Nodes, u.node)
			}
			out = append(out, d)
		}
		i = j
	}
	slices.SortFunc(out, func(a, b DoubleCount) int { return cmp.Compare(a.Nodes[0], b.Nodes[0]) })
	return out
}
