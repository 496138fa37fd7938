package server

import (
	"context"
	"time"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/pathway"
)

// asked is what every question about one person has.
type asked interface {
	GetPerson() string
	GetMinRevision() uint64
	GetLanguages() []string
	GetOmitLabels() bool
}

// about is the snapshot, the instant and a writer for the answer to a question
// about one person.
func (s *Server) about(snap *graph.Snapshot, at graph.Instant, q asked) (*standing, error) {
	p, err := snap.Profile(graph.ID(q.GetPerson()), at)
	if err != nil {
		return nil, err
	}
	t := s.standing(snap, p, q.GetLanguages(), q.GetOmitLabels())
	t.labels.add(graph.KindPerson, p.Person)
	return t, nil
}

// CompleteStack says how complete a stack is.
//
// Errors: those of read, graph.ErrNotFound, and with a plan those of PlanPathway.
// Cost: linear in what the person holds and in the rule.
func (s *pathwayService) CompleteStack(ctx context.Context, q *cairnv1.CompleteStackRequest) (*cairnv1.CompleteStackResponse, error) {
	snap, at, err := s.read(ctx, q.GetMinRevision(), q.GetAsOf())
	if err != nil {
		return nil, err
	}
	t, err := s.about(snap, at, q)
	if err != nil {
		return nil, err
	}
	id := graph.ID(q.GetAchievement())
	i, ok := snap.Catalog.Achievement(id)
	if !ok {
		return nil, graph.NotFound(graph.KindAchievement, id)
	}
	c, err := pathway.Complete(t.profile, i)
	if err != nil {
		return nil, err
	}
	t.labels.add(graph.KindAchievement, id)
	a := &cairnv1.CompleteStackAnswer{
		Person: q.GetPerson(), Achievement: q.GetAchievement(), Complete: c.Counts || c.ReadyToClaim, Progress: c.Progress,
		Held: c.Held, Valid: c.Valid, Counts: c.Counts, ReadyToClaim: c.ReadyToClaim, Award: t.award(c.Award),
		Versions: each(c.Versions, t.version),
	}
	cut := false
	if q.GetWithPlan() {
		goal := pathway.Goal{Achievement: id}
		if a.Plan, cut, err = t.solve(ctx, goal, q.GetObjective(), limitsIn(q.GetLimits(), nil)); err != nil {
			return nil, err
		}
	}
	a.Scales = t.scalesOut()
	a.Labels, a.Basis = t.labels.labels(), s.basis(snap, at, &t.rules, t.missing...)
	served := s.served(ctx, q, snap.Revision, at)
	served.CutByTime = cut
	return &cairnv1.CompleteStackResponse{Answer: a, Served: served}, nil
}

// version is how the stacks of a version stand.
func (t *standing) version(v *pathway.VersionCompletion) *cairnv1.VersionStatus {
	t.rules.achievement(v.Version)
	return &cairnv1.VersionStatus{
		Version: int32(v.Version.Version), InForce: v.InForce, Held: v.Held, Stacks: each(v.Routes, t.stack),
	}
}

func (t *standing) stack(r *pathway.RouteCompletion) *cairnv1.StackStatus {
	m := &cairnv1.StackStatus{
		Route: string(r.Route.ID), Award: modeOut(r.Route.Route), Complete: r.Met, Progress: r.Progress,
		Requirement: t.tree(r.Route.Requires, r.Nodes),
	}
	for _, d := range r.Twice {
		id := t.catalog.AchievementID(d.Achievement)
		t.labels.add(graph.KindAchievement, id)
		twice := &cairnv1.DoubleCount{Achievement: string(id), Nodes: make([]string, len(d.Nodes))}
		for i, n := range d.Nodes {
			twice.Nodes[i] = r.Route.Requires.Nodes[n].Node
		}
		m.DoubleCounts = append(m.DoubleCounts, twice)
	}
	return m
}

// RoleGap says how far a person is from a role.
//
// Errors and cost: as CompleteStack.
func (s *pathwayService) RoleGap(ctx context.Context, q *cairnv1.RoleGapRequest) (*cairnv1.RoleGapResponse, error) {
	snap, at, err := s.read(ctx, q.GetMinRevision(), q.GetAsOf())
	if err != nil {
		return nil, err
	}
	t, err := s.about(snap, at, q)
	if err != nil {
		return nil, err
	}
	id := graph.ID(q.GetRole())
	i, ok := snap.Catalog.Role(id)
	if !ok {
		return nil, graph.NotFound(graph.KindRole, id)
	}
	g, err := pathway.Gap(t.profile, i)
	if err != nil {
		return nil, err
	}
	a := t.gap(&g)
	a.Person, a.Role = q.GetPerson(), q.GetRole()
	cut := false
	if q.GetWithPlan() {
		if a.Plan, cut, err = t.solve(ctx, pathway.Goal{Role: id}, q.GetObjective(), limitsIn(q.GetLimits(), nil)); err != nil {
			return nil, err
		}
	}
	a.Scales = t.scalesOut()
	a.Labels, a.Basis = t.labels.labels(), s.basis(snap, at, &t.rules, t.missing...)
	served := s.served(ctx, q, snap.Revision, at)
	served.CutByTime = cut
	return &cairnv1.RoleGapResponse{Answer: a, Served: served}, nil
}

// gap is the answer about a role, but for who asked and the plan.
func (t *standing) gap(g *pathway.RoleGap) *cairnv1.RoleGapAnswer {
	role := g.Target.Role
	t.rules.role(role)
	t.labels.add(graph.KindRole, role.ID)
	a := &cairnv1.RoleGapAnswer{
		Version: int32(role.Version), Qualified: g.Qualified, Progress: g.Progress,
		Essential: t.tree(g.Target.Essential, g.Essential), Threshold: g.Target.Threshold, Reached: g.Weight,
	}
	for i := range g.Optional {
		o := &g.Optional[i]
		a.Optional = append(a.Optional, &cairnv1.OptionalStatus{
			Weight: o.Weight, Requirement: t.tree(g.Target.Optional[i].Tree, o.Nodes),
		})
	}
	node := func(r pathway.NodeRef) *graph.TreeNode { return &g.Target.Tree(r).Nodes[r.Index] }
	a.MissingCompetencies = each(g.Competencies, func(m *pathway.CompetencyGap) *cairnv1.MissingCompetency {
		return &cairnv1.MissingCompetency{
			Node: nodeOut(m.NodeRef, 0), Competency: string(node(m.NodeRef).Requirement.Competency), Scale: t.scale(m.Competency),
			Needed: int32(m.Needed), Held: int32(m.Held), HeldAtAnyRigor: int32(m.HeldAtAny), MinRigor: rigorOut(m.MinRigor),
			State: nodeStates[m.State], Evidence: t.evidence(m.Evidence),
		}
	})
	a.MissingAchievements = each(g.Achievements, func(m *pathway.AchievementGap) *cairnv1.MissingAchievement {
		return &cairnv1.MissingAchievement{
			Node: nodeOut(m.NodeRef, 0), Achievement: string(node(m.NodeRef).Requirement.Achievement),
			State: nodeStates[m.State], Evidence: t.evidence(m.Evidence),
		}
	})
	a.MissingTenures = each(g.Tenures, func(m *pathway.TenureGap) *cairnv1.MissingTenure {
		out := &cairnv1.MissingTenure{
			Node: nodeOut(m.NodeRef, 0), NeededMonths: int32(m.Needed), HeldMonths: int32(m.Held), Reached: timestamp(m.Reached),
		}
		if n := node(m.NodeRef); n.Role != "" {
			out.In = &cairnv1.MissingTenure_Role{Role: string(n.Role)}
		} else {
			out.In = &cairnv1.MissingTenure_Family{Family: string(n.Family)}
		}
		return out
	})
	return a
}

// nodeOut names a leaf of the goal at a position in the question.
func nodeOut(r pathway.NodeRef, goal int) *cairnv1.NodeRef {
	return &cairnv1.NodeRef{Node: r.Node, Optional: int32(r.Optional + 1), Goal: int32(goal)}
}

// cutWork is how far to search for the answer to a question whose time is over:
// about a hundredth of a second.
const cutWork = 1_000_000

// withinTime asks a question that takes long. When nine tenths of the time that
// ctx has are over, the search is given up, and what little work finds is the
// answer; cut then says so. A context that ends for another reason is an error.
func withinTime[A any](ctx context.Context, l pathway.Limits, ask func(context.Context, pathway.Limits) (A, error)) (answer A, cut bool, err error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		answer, err = ask(ctx, l)
		return answer, false, err
	}
	search, cancel := context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/10))
	defer cancel()
	answer, err = ask(search, l)
	if err == nil || search.Err() == nil || ctx.Err() != nil {
		return answer, false, err
	}
	l.Work = cutWork
	answer, err = ask(ctx, l)
	return answer, true, err
}
