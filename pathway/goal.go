package pathway

import (
	"github.com/cairn-skills/cairn/graph"
)

// Goal is where to. Exactly one of its fields is set.
type Goal struct {
	Role        graph.ID           // be qualified for this role, as of the version whose turn it is
	Achievement graph.ID           // hold this achievement, at any rigor
	Levels      []LevelGoal        // have all these competencies
	Requirement *graph.Requirement // meet this rule
}

// LevelGoal is a competency to have at Level or better.
type LevelGoal struct {
	Competency graph.ID
	Level      graph.Level
	MinRigor   graph.Rigor // unspecified means the catalog's default
}

// Target is a goal resolved in a catalog: Essential holds, and the weights of
// the optional rules that hold reach Threshold; 0 asks for none of them.
type Target struct {
	Essential   *graph.Tree // nil holds
	Optional    []graph.CompiledOptional
	Threshold   int64
	Role        *graph.RoleVersion     // of a goal that is a role; otherwise nil
	Achievement graph.AchievementIndex // of a goal that is an achievement; otherwise [graph.None]
}

// NodeRef names a node of a [Target].
type NodeRef struct {
	Optional int    // index into Target.Optional; -1 for the essential tree
	Index    int32  // index into the tree's Nodes
	Node     string // the node's stable id
}

// Tree is the tree that r is in; r must be of t.
func (t *Target) Tree(r NodeRef) *graph.Tree {
	if r.Optional < 0 {
		return t.Essential
	}
	return t.Optional[r.Optional].Tree
}

// Resolve finds what g asks for in p's catalog at p's instant.
//
// Errors: [graph.ErrInvalid] if not exactly one field of g is set, and
// [graph.ErrNotFound] if g names nothing, or a role of which no version has
// taken effect. IDs inside a Requirement may be unknown: nothing meets them.
// Cost: linear in what g itself writes, and in the achievements of the catalog
// if a Requirement names a category.
func Resolve(p *graph.Profile, g Goal) (Target, error) {
	none := Target{Achievement: graph.None}
	set := 0
	for _, is := range []bool{g.Role != "", g.Achievement != "", len(g.Levels) > 0, g.Requirement != nil} {
		if is {
			set++
		}
	}
	if set != 1 {
		return none, graph.Invalid("goal", "must be exactly one of a role, an achievement, levels or a requirement")
	}
	switch {
	case g.Role != "":
		i, ok := p.Catalog.Role(g.Role)
		if !ok {
			return none, graph.NotFound(graph.KindRole, g.Role)
		}
		return roleTarget(p, i)
	case g.Achievement != "":
		i, ok := p.Catalog.Achievement(g.Achievement)
		if !ok {
			return none, graph.NotFound(graph.KindAchievement, g.Achievement)
		}
		leaf := graph.Holds(g.Achievement)
		leaf.MinRigor, leaf.Node = graph.Declared, "goal"
		return Target{Essential: p.Catalog.CompileRequirement(&leaf), Achievement: i}, nil
	case len(g.Levels) > 0:
		var leaves []graph.Requirement
		for _, l := range g.Levels {
			i, ok := p.Catalog.Competency(l.Competency)
			if !ok {
				return none, graph.NotFound(graph.KindCompetency, l.Competency)
			}
			if l.Level < 1 || l.Level > p.Catalog.Levels(i) {
				return none, graph.Invalid(string(l.Competency), "the level must be on the competency's scale")
			}
			leaf := graph.AtLevel(l.Competency, l.Level)
			leaf.MinRigor = l.MinRigor
			leaves = append(leaves, leaf)
		}
		all := graph.All(leaves...)
		return Target{Essential: p.Catalog.CompileRequirement(&all), Achievement: graph.None}, nil
	}
	return Target{Essential: p.Catalog.CompileRequirement(g.Requirement), Achievement: graph.None}, nil
}

func roleTarget(p *graph.Profile, i graph.RoleIndex) (Target, error) {
	v := p.Catalog.CurrentRole(i, p.At)
	if v == nil {
		e := graph.NotFound(graph.KindRole, p.Catalog.RoleID(i))
		e.Message = "no version of the role has taken effect at the instant asked about"
		return Target{Achievement: graph.None}, e
	}
	return Target{
		Essential: v.Essential, Optional: v.Optional, Threshold: v.Threshold, Role: v, Achievement: graph.None,
	}, nil
}

// met reports whether t holds for p.
func (t *Target) met(p *graph.Profile) bool {
	if !p.Met(t.Essential) {
		return false
	}
	if t.Threshold <= 0 {
		return true
	}
	weight := int64(0)
	for _, o := range t.Optional {
		if p.Met(o.Tree) {
			weight += o.Weight
		}
	}
	return weight >= t.Threshold
}
