package server

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// TestNodeReasons has a row for each reason why a leaf stands as it does.
func TestNodeReasons(t *testing.T) {
	life := graph.Lifecycle{Status: graph.InForce, EffectiveFrom: graph.InstantOf(day(0))}
	title := graph.NewText(graph.Translation{Lang: "en", Value: "Title"})
	needsOther := graph.Holds("other")
	graph.NameNodes(&needsOther)
	gated := []graph.Route{{ID: "course", Kind: graph.ByCourse, Requires: &needsOther}}
	old := life
	old.ReplacedBy = "badge"
	c := graph.CompileBatch(graph.Batch{
		At:      graph.InstantOf(day(0)),
		Issuers: []graph.Issuer{{ID: "here", Title: title}, {ID: "there", Title: title}},
		Achievements: []graph.Achievement{
			{ID: "badge", Lifecycle: life, Type: graph.Badge, Title: title, Issuer: "here", Rigor: graph.Assessed},
			{ID: "old", Lifecycle: old, Type: graph.Badge, Title: title, Issuer: "here", Rigor: graph.Assessed},
			{ID: "gated", Lifecycle: life, Type: graph.Badge, Title: title, Rigor: graph.Assessed, Routes: gated},
			{ID: "enforced", Lifecycle: life, Type: graph.Badge, Title: title, Rigor: graph.Assessed, Routes: gated, Enforce: true},
			{ID: "other", Lifecycle: life, Type: graph.Badge, Title: title, Rigor: graph.Assessed},
		},
	})
	held := func(a graph.ID, change func(*graph.Award)) []graph.Award {
		x := graph.Award{ID: graph.AwardID("ada", a, graph.InstantOf(day(10)), ""), Person: "ada", Achievement: a, IssuedAt: graph.InstantOf(day(10))}
		if change != nil {
			change(&x)
		}
		return []graph.Award{x}
	}
	for _, row := range []struct {
		name   string
		leaf   graph.Requirement
		awards []graph.Award
		state  cairnv1.NodeState
		code   string // empty: no reason
		params map[string]string
	}{
		{"plainly met", graph.Holds("badge"), held("badge", nil), cairnv1.NodeState_NODE_STATE_MET, "", nil},
		{"plainly missing", graph.Holds("badge"), nil, cairnv1.NodeState_NODE_STATE_MISSING, "", nil},
		{
			"of another rigor", graph.Holds("badge"), held("badge", func(a *graph.Award) { a.Rigor = graph.Endorsed }),
			cairnv1.NodeState_NODE_STATE_TOO_WEAK, "RIGOR_TOO_LOW",
			map[string]string{"rigor": "endorsed", "min_rigor": "assessed"},
		},
		{
			"of another issuer",
			graph.Requirement{Op: graph.OpHolds, Achievement: "badge", Issuers: []graph.ID{"there"}},
			held("badge", nil),
			cairnv1.NodeState_NODE_STATE_TOO_WEAK, "ISSUER_NOT_ACCEPTED",
			map[string]string{"issuer": "here"},
		},
		{
			"too long ago",
			graph.Requirement{Op: graph.OpHolds, Achievement: "badge", FreshWithinMonths: 1},
			held("badge", nil),
			cairnv1.NodeState_NODE_STATE_STALE, "AWARD_STALE",
			map[string]string{"issued_at": "2025-01-11T00:00:00.000Z", "fresh_within_months": "1"},
		},
		{
			"lapsed", graph.Holds("badge"), held("badge", func(a *graph.Award) { a.ValidUntil = graph.InstantOf(day(20)) }),
			cairnv1.NodeState_NODE_STATE_LAPSED, "AWARD_LAPSED",
			map[string]string{"valid_until": "2025-01-21T00:00:00.000Z"},
		},
		{
			"by what it replaced", graph.Holds("badge"), held("old", nil),
			cairnv1.NodeState_NODE_STATE_MET, "REPLACED",
			map[string]string{"held": "old"},
		},
		{
			"without its prerequisite", graph.Holds("gated"), held("gated", nil),
			cairnv1.NodeState_NODE_STATE_MET, "PREREQUISITE_UNMET",
			map[string]string{"achievement": "gated"},
		},
		{
			"without a prerequisite that is enforced", graph.Holds("enforced"), held("enforced", nil),
			cairnv1.NodeState_NODE_STATE_TOO_WEAK, "PREREQUISITE_ENFORCED",
			map[string]string{"achievement": "enforced"},
		},
		{
			"of what is not there", graph.Holds("nothing"), nil,
			cairnv1.NodeState_NODE_STATE_MISSING, "UNKNOWN_ID",
			map[string]string{"kind": "achievement", "id": "nothing"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := graph.Suppose(c, graph.InstantOf(day(100)), row.awards, nil)
			w := &standing{server: &Server{}, profile: p, catalog: c, labels: &labeler{}}
			graph.NameNodes(&row.leaf)
			tree := c.CompileRequirement(&row.leaf)
			m := w.tree(tree, p.Evaluate(tree))
			if m.GetState() != row.state || (m.GetProgress() == 1) != (row.state == cairnv1.NodeState_NODE_STATE_MET) {
				t.Errorf("state %v, progress %v, want %v", m.GetState(), m.GetProgress(), row.state)
			}
			if row.code == "" {
				if len(m.GetReasons()) > 0 {
					t.Errorf("reasons %v, want none", m.GetReasons())
				}
				return
			}
			if len(m.GetReasons()) != 1 || m.GetReasons()[0].GetCode() != row.code || m.GetReasons()[0].GetNode() != row.leaf.Node {
				t.Fatalf("reasons %v, want %s", m.GetReasons(), row.code)
			}
			if diff := cmp.Diff(row.params, m.GetReasons()[0].GetParams()); diff != "" {
				t.Errorf("params (-want +got):\n%s", diff)
			}
			if (m.GetEvidence() == nil) != (len(row.awards) == 0) || len(row.awards) > 0 && m.GetReasons()[0].GetAward() != m.GetEvidence().GetAward() {
				t.Errorf("evidence %v beside the reason %v", m.GetEvidence(), m.GetReasons()[0])
			}
		})
	}
}

// What could not be decided makes an answer partial, and never counts as met.
func TestUndecided(t *testing.T) {
	c := graph.CompileBatch(graph.Batch{At: noon})
	rule := graph.All(graph.Holds("a"), graph.Holds("b"))
	graph.NameNodes(&rule)
	tree := c.CompileRequirement(&rule)
	p := graph.Suppose(c, noon, nil, nil)
	s := &Server{now: func() graph.Instant { return noon }}
	w := &standing{server: s, profile: p, catalog: c, labels: &labeler{}}
	m := w.tree(tree, []graph.NodeResult{
		{State: graph.StateUnknown, Progress: 0.5, Evidence: -1}, {State: graph.StateMet, Progress: 1, Evidence: -1}, {State: graph.StateUnknown, Evidence: -1},
	})
	if m.GetState() != cairnv1.NodeState_NODE_STATE_UNKNOWN || m.GetProgress() != 0.5 || m.GetAtLeast().GetMet() != 1 {
		t.Errorf("the node above is %v", m)
	}
	basis := s.basis(&graph.Snapshot{Revision: 7}, noon, &w.rules, w.missing...)
	if got := basis.GetCompleteness(); got.GetState() != cairnv1.Completeness_STATE_PARTIAL || len(got.GetMissing()) != 2 ||
		got.GetMissing()[1].GetCode() != "UNDECIDED" || got.GetMissing()[1].GetNode() != "holds:b" {
		t.Errorf("completeness %v, want partial for the two nodes", got)
	}
	if basis.GetRevision() != 7 || basis.GetAsOf().AsTime() != noon.Time().In(time.UTC) {
		t.Errorf("basis %v", basis)
	}
}
