package pathway

import (
	"math"

	"github.com/cairn-skills/cairn/graph"
)

// RoleGap is how far one person is from a role.
type RoleGap struct {
	Target Target
	// Qualified: the essential tree is met and the weights reach the threshold.
	Qualified bool
	// Progress is in 0 to 1, and 1 exactly when qualified: that of the essential
	// tree, and with a threshold the mean of the two.
	Progress float64
	// Essential are the states of the nodes of Target.Essential, in its order.
	Essential []graph.NodeResult
	Optional  []OptionalGap // in the order of Target.Optional
	Weight    int64         // of the optional rules that are met
	// Competencies and Achievements are the leaves that are not met, those of
	// the essential tree first; Tenures likewise.
	Competencies []CompetencyGap
	Achievements []AchievementGap
	Tenures      []TenureGap
}

// OptionalGap is how an optional rule stands.
type OptionalGap struct {
	Weight int64 // what the rule adds when it is met
	Met    bool
	Nodes  []graph.NodeResult // in the order of the rule's nodes
}

// CompetencyGap is a level leaf that is not met.
type CompetencyGap struct {
	NodeRef
	Competency graph.CompetencyIndex // [graph.None] if the catalog does not know it
	Needed     graph.Level
	Held       graph.Level // at MinRigor or stricter
	HeldAtAny  graph.Level // at any rigor
	MinRigor   graph.Rigor
	State      graph.State
	Evidence   int32 // of what does not suffice; -1 for none
}

// AchievementGap is a holds leaf that is not met.
type AchievementGap struct {
	NodeRef
	Achievement graph.AchievementIndex // [graph.None] if the catalog does not know it
	State       graph.State
	Evidence    int32 // of the award that does not suffice; -1 for none
}

// TenureGap is a tenure leaf that is not met.
type TenureGap struct {
	NodeRef
	Needed, Held int           // whole months
	Reached      graph.Instant // when it is met if no assignment changes; zero: never
}

// Gap says what p lacks for the role at i.
//
// Errors: [graph.ErrNotFound] if the catalog has no such role, or no version of
// it has taken effect at p's instant. Cost: linear in the role's rules.
func Gap(p *graph.Profile, i graph.RoleIndex) (RoleGap, error) {
	if _, _, n, _ := p.Catalog.Counts(); uint64(i) >= uint64(n) {
		e := graph.NotFound(graph.KindRole, "")
		e.Message = "the catalog has no role at this index"
		return RoleGap{}, e
	}
	t, err := roleTarget(p, i)
	if err != nil {
		return RoleGap{}, err
	}
	g := RoleGap{Target: t, Essential: p.Evaluate(t.Essential), Qualified: true, Progress: 1}
	if t.Essential != nil {
		g.Qualified, g.Progress = g.Essential[0].State == graph.StateMet, g.Essential[0].Progress
		g.missing(p, -1, t.Essential, g.Essential)
	}
	for j, o := range t.Optional {
		og := OptionalGap{Weight: o.Weight, Nodes: p.Evaluate(o.Tree), Met: true}
		if o.Tree != nil {
			og.Met = og.Nodes[0].State == graph.StateMet
			g.missing(p, j, o.Tree, og.Nodes)
		}
		if og.Met {
			g.Weight += o.Weight
		}
		g.Optional = append(g.Optional, og)
	}
	if t.Threshold > 0 {
		share := min(1, float64(g.Weight)/float64(t.Threshold))
		g.Progress = (g.Progress + share) / 2
		g.Qualified = g.Qualified && g.Weight >= t.Threshold
	}
	if !g.Qualified { // also where rounding makes it 1
		g.Progress = min(g.Progress, math.Nextafter(1, 0))
	}
	return g, nil
}

// missing adds the leaves of a tree that are not met.
func (g *RoleGap) missing(p *graph.Profile, optional int, t *graph.Tree, nodes []graph.NodeResult) {
	for i := range nodes {
		n, r := &t.Nodes[i], &nodes[i]
		if r.State == graph.StateMet {
			continue
		}
		ref := NodeRef{Optional: optional, Index: int32(i), Node: n.Node}
		switch n.Op {
		case graph.OpLevel:
			c := CompetencyGap{
				NodeRef: ref, Competency: n.Competency, Needed: n.Level, Held: r.Level,
				MinRigor: n.MinRigor, State: r.State, Evidence: r.Evidence,
			}
			if n.Competency != graph.None {
				c.HeldAtAny = p.Levels(n.Competency).At(graph.Declared)
			}
			g.Competencies = append(g.Competencies, c)
		case graph.OpHolds:
			g.Achievements = append(g.Achievements, AchievementGap{
				NodeRef: ref, Achievement: n.Achievement, State: r.State, Evidence: r.Evidence,
			})
		case graph.OpTenure:
			reached, _ := p.TenureReached(n)
			g.Tenures = append(g.Tenures, TenureGap{NodeRef: ref, Needed: n.Months, Held: r.Months, Reached: reached})
		default: // the inner nodes: their leaves say it
		}
	}
}
