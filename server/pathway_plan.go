package server

import (
	"context"
	"math"
	"slices"
	"strconv"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/pathway"
)

// PlanPathway plans the cheapest way to a goal.
//
// Errors: those of read; graph.ErrNotFound for the person, the goal and what is
// excluded; graph.ErrLaw for a price without a rate; graph.ErrLimit for costs that
// cannot be added up. A search that ctx cuts short is an answer with
// served.cut_by_time, and so is a goal out of reach. Cost: up to the work units of
// the limits.
func (s *pathwayService) PlanPathway(ctx context.Context, q *cairnv1.PlanPathwayRequest) (*cairnv1.PlanPathwayResponse, error) {
	snap, at, err := s.read(ctx, q.GetMinRevision(), q.GetAsOf())
	if err != nil {
		return nil, err
	}
	t, err := s.about(snap, at, q)
	if err != nil {
		return nil, err
	}
	plan, cut, err := t.solve(ctx, goalIn(q.GetGoal()), q.GetObjective(), limitsIn(q.GetLimits(), q.GetExclude()))
	if err != nil {
		return nil, err
	}
	t.labelGoal(q.GetGoal())
	a := &cairnv1.PlanPathwayAnswer{Person: q.GetPerson(), Goal: q.GetGoal(), Plan: plan}
	a.Labels, a.Basis = t.labels.labels(), s.basis(snap, at, &t.rules, t.missing...)
	served := s.served(ctx, q, snap.Revision, at)
	served.CutByTime = cut
	return &cairnv1.PlanPathwayResponse{Answer: a, Served: served}, nil
}

// defaultNextSteps is how many next steps are answered unless asked otherwise:
// as the contract says.
const defaultNextSteps = 20

// RecommendNextSteps recommends what to earn next.
//
// Errors: as PlanPathway. Cost: a search for each goal, and one without each step
// of its plan.
func (s *pathwayService) RecommendNextSteps(ctx context.Context, q *cairnv1.RecommendNextStepsRequest) (*cairnv1.RecommendNextStepsResponse, error) {
	snap, at, err := s.read(ctx, q.GetMinRevision(), q.GetAsOf())
	if err != nil {
		return nil, err
	}
	t, err := s.about(snap, at, q)
	if err != nil {
		return nil, err
	}
	goals := goalsOf(q)
	asked := make([]pathway.Goal, len(goals))
	for i, g := range goals {
		asked[i] = goalIn(g)
	}
	limits := limitsIn(q.GetLimits(), q.GetExclude())
	limits.Steps = math.MaxInt // the total is part of the answer
	advice, cut, err := withinTime(ctx, limits, func(ctx context.Context, l pathway.Limits) (pathway.Advice, error) {
		return pathway.Next(ctx, t.profile, asked, objectiveIn(q.GetObjective()), l)
	})
	if err != nil {
		return nil, err
	}
	a := &cairnv1.RecommendNextStepsAnswer{
		Person: q.GetPerson(), Objective: objectiveOut(objectiveIn(q.GetObjective())), Proven: advice.Proven,
		Total: int32(min(len(advice.Steps), math.MaxInt32)), WorkUnits: advice.Work,
	}
	for i, g := range goals {
		t.labelGoal(g)
		p := &advice.Plans[i]
		t.rules.role(p.Target.Role)
		status := &cairnv1.GoalStatus{Goal: g, Status: cairnv1.PlanStatus(p.Status), Steps: int32(len(p.Steps))}
		if p.Status != pathway.Unreachable {
			status.Remaining = t.cost(p.Total)
		}
		a.Goals = append(a.Goals, status)
	}
	most := int(q.GetMaxSteps())
	if most == 0 {
		most = defaultNextSteps
	}
	for i := range advice.Steps[:min(most, len(advice.Steps))] {
		a.Steps = append(a.Steps, t.nextStep(&advice.Steps[i], len(goals) > 0))
	}
	a.Labels, a.Basis = t.labels.labels(), s.basis(snap, at, &t.rules, t.missing...)
	served := s.served(ctx, q, snap.Revision, at)
	served.CutByTime = cut
	return &cairnv1.RecommendNextStepsResponse{Answer: a, Served: served}, nil
}

// goalsOf are the goals of a question: the roles, the achievements, the
// competencies.
func goalsOf(q *cairnv1.RecommendNextStepsRequest) []*cairnv1.Goal {
	var out []*cairnv1.Goal
	for _, id := range q.GetRoles() {
		out = append(out, &cairnv1.Goal{To: &cairnv1.Goal_Role{Role: id}})
	}
	for _, id := range q.GetAchievements() {
		out = append(out, &cairnv1.Goal{To: &cairnv1.Goal_Achievement{Achievement: id}})
	}
	if q.GetCompetencies() != nil {
		out = append(out, &cairnv1.Goal{To: &cairnv1.Goal_Competencies{Competencies: q.GetCompetencies()}})
	}
	return out
}

func goalIn(g *cairnv1.Goal) pathway.Goal {
	out := pathway.Goal{Role: graph.ID(g.GetRole()), Achievement: graph.ID(g.GetAchievement())}
	for _, c := range g.GetCompetencies().GetTargets() {
		out.Levels = append(out.Levels, pathway.LevelGoal{
			Competency: graph.ID(c.GetCompetency()), Level: graph.Level(c.GetLevel()), MinRigor: rigorIn(c.GetMinRigor()),
		})
	}
	return out
}

func (t *standing) labelGoal(g *cairnv1.Goal) {
	t.labels.add(graph.KindRole, graph.ID(g.GetRole()))
	t.labels.add(graph.KindAchievement, graph.ID(g.GetAchievement()))
	for _, c := range g.GetCompetencies().GetTargets() {
		t.labels.add(graph.KindCompetency, graph.ID(c.GetCompetency()))
	}
}

func limitsIn(l *cairnv1.Limits, exclude []string) pathway.Limits {
	return pathway.Limits{Work: l.GetWorkUnits(), Exclude: idsIn(exclude)}
}

func objectiveIn(o cairnv1.Objective) pathway.Objective {
	if o == cairnv1.Objective_OBJECTIVE_MONEY {
		return pathway.Money
	}
	return pathway.Hours
}

func objectiveOut(o pathway.Objective) cairnv1.Objective {
	if o == pathway.Money {
		return cairnv1.Objective_OBJECTIVE_MONEY
	}
	return cairnv1.Objective_OBJECTIVE_HOURS
}

// cost is c in the organization's currency.
func (t *standing) cost(c pathway.Cost) *cairnv1.Cost {
	return costOut(c.EffortMinutes, c.PriceMinor, t.catalog.Settings().Currency, c.Weeks)
}

// solve is the cheapest plan to a goal, and whether the clock cut the search.
func (t *standing) solve(ctx context.Context, g pathway.Goal, o cairnv1.Objective, l pathway.Limits) (*cairnv1.Plan, bool, error) {
	p, cut, err := withinTime(ctx, l, func(ctx context.Context, l pathway.Limits) (pathway.Plan, error) {
		return pathway.Solve(ctx, t.profile, g, objectiveIn(o), l)
	})
	if err != nil {
		return nil, cut, err
	}
	return t.plan(&p), cut, nil
}

// plan is a plan to the one goal of a question.
func (t *standing) plan(p *pathway.Plan) *cairnv1.Plan {
	t.rules.role(p.Target.Role)
	m := &cairnv1.Plan{
		Status: cairnv1.PlanStatus(p.Status), Objective: objectiveOut(p.Objective), Bound: p.Bound, Gap: p.Gap,
		Canonical: p.Canonical, WorkUnits: p.Work, WaitUntil: timestamp(p.WaitUntil),
		CoveredBy: each(p.Covered, func(c *pathway.Covered) *cairnv1.Covered {
			return &cairnv1.Covered{Node: nodeOut(c.NodeRef, 0), Evidence: t.evidence(c.Evidence)}
		}),
		Blocked: each(p.Core, t.blocked),
	}
	if p.Status != pathway.Unreachable {
		m.Total = t.cost(p.Total)
	}
	for i := range p.Steps {
		m.Steps = append(m.Steps, t.step(p, &p.Steps[i]))
	}
	return m
}

func (t *standing) step(p *pathway.Plan, x *pathway.Step) *cairnv1.PlanStep {
	t.rules.achievement(x.Version)
	t.labels.add(graph.KindAchievement, x.Version.ID)
	rule := ruleOfVersion(x.Version)
	m := &cairnv1.PlanStep{
		Achievement: rule.GetId(), Version: rule.GetVersion(), Route: string(x.Route.ID), Kind: routeKindOut(x.Route.Kind),
		Award: modeOut(x.Route.Route), Cost: t.cost(x.Cost()), AvailableNow: x.AvailableNow, Renews: x.Renews,
		Needs: positions(x.Needs), Enables: positions(x.Enables),
		Closes: each(x.Closes, func(r *pathway.NodeRef) *cairnv1.NodeRef { return nodeOut(*r, 0) }),
	}
	if x.Renews {
		m.Why = append(m.Why, &cairnv1.Reason{Code: "RENEWS", Params: map[string]string{"achievement": rule.GetId()}, Rule: rule})
	}
	for _, i := range x.Enables {
		id := string(p.Steps[i].Version.ID)
		m.Why = append(m.Why, &cairnv1.Reason{Code: "NEEDED_FOR", Params: map[string]string{"achievement": id}, Rule: ruleOfVersion(p.Steps[i].Version)})
	}
	if len(x.Enables) == 0 {
		for _, r := range x.Closes {
			m.Why = append(m.Why, &cairnv1.Reason{Code: "CLOSES", Node: r.Node, Rule: rule})
		}
	}
	return m
}

func ruleOfVersion(v *graph.Version) *cairnv1.RuleVersion {
	return &cairnv1.RuleVersion{Kind: cairnv1.Kind_KIND_ACHIEVEMENT, Id: string(v.ID), Version: int32(v.Version)}
}

func positions(list []int) []int32 {
	return each(list, func(i *int) int32 { return int32(*i) })
}

// blocked is something that nothing leads to.
func (t *standing) blocked(b *pathway.Blocker) *cairnv1.Blocked {
	m := &cairnv1.Blocked{Cause: cairnv1.Blocked_Cause(b.Why), Have: b.Have, Want: b.Want}
	unknown := func(k graph.Kind, id graph.ID, known bool) {
		t.labels.add(k, id)
		if !known {
			m.Reasons = append(m.Reasons, unknownID("", k, id))
		}
	}
	switch {
	case b.Achievement != "":
		m.What = &cairnv1.Blocked_Achievement{Achievement: string(b.Achievement)}
		_, known := t.catalog.Achievement(b.Achievement)
		unknown(graph.KindAchievement, b.Achievement, known)
	case b.Competency != "":
		m.What = &cairnv1.Blocked_Competency{Competency: &cairnv1.CompetencyTarget{
			Competency: string(b.Competency), Level: int32(b.Level), MinRigor: rigorOut(b.MinRigor),
		}}
		_, known := t.catalog.Competency(b.Competency)
		unknown(graph.KindCompetency, b.Competency, known)
	case b.Role != "":
		m.What = &cairnv1.Blocked_Tenure{Tenure: &cairnv1.Tenure{In: &cairnv1.Tenure_Role{Role: string(b.Role)}, Months: int32(b.Months)}}
		_, known := t.catalog.Role(b.Role)
		unknown(graph.KindRole, b.Role, known)
	case b.Family != "":
		m.What = &cairnv1.Blocked_Tenure{Tenure: &cairnv1.Tenure{In: &cairnv1.Tenure_Family{Family: string(b.Family)}, Months: int32(b.Months)}}
	}
	return m
}

func (t *standing) nextStep(x *pathway.Suggestion, hasGoals bool) *cairnv1.NextStep {
	t.rules.achievement(x.Version)
	t.labels.add(graph.KindAchievement, x.Version.ID)
	rule := ruleOfVersion(x.Version)
	m := &cairnv1.NextStep{
		Achievement: rule.GetId(), Version: rule.GetVersion(), Route: string(x.Route.ID), Kind: routeKindOut(x.Route.Kind),
		Readiness: cairnv1.NextStep_READINESS_AVAILABLE_NOW,
		Cost:      t.cost(pathway.Cost{EffortMinutes: x.Route.EffortMinutes, PriceMinor: x.Route.PriceMinor, Weeks: x.Route.ElapsedWeeks}),
		Goals:     positions(x.Goals), Indispensable: x.Forced, RegretProven: x.RegretProven, Requirements: int32(x.Requirements),
		Closes: each(x.Closes, func(c *pathway.Closed) *cairnv1.NodeRef { return nodeOut(c.NodeRef, c.Goal) }),
	}
	because := func(code string, params map[string]string) {
		m.Why = append(m.Why, &cairnv1.Reason{Code: code, Params: params, Rule: rule})
	}
	switch {
	case x.Ready && x.Route.Award == graph.Recommend:
		m.Readiness = cairnv1.NextStep_READINESS_AWAITS_CONFIRMATION
		because("AWAITS_CONFIRMATION", nil)
	case x.Ready:
		m.Readiness = cairnv1.NextStep_READINESS_READY_TO_CLAIM
		because("READY_TO_CLAIM", nil)
	}
	if hasGoals {
		m.Regret = &x.Regret
	}
	if x.Forced {
		because("INDISPENSABLE", nil)
	}
	if x.Regret > 0 {
		because("SAVES", map[string]string{"regret": strconv.FormatInt(x.Regret, 10)})
	}
	if len(x.Goals) > 0 {
		because("IN_PLAN", map[string]string{"goals": strconv.Itoa(len(x.Goals))})
	}
	unlocked := make([]graph.ID, 0, len(x.Unlocks))
	for _, r := range x.Unlocks {
		unlocked = append(unlocked, t.catalog.RoleID(r))
	}
	slices.Sort(unlocked)
	t.labels.add(graph.KindRole, unlocked...)
	m.Unlocks = idsOut(unlocked)
	if len(unlocked) > 0 {
		because("UNLOCKS_ROLES", map[string]string{"roles": strconv.Itoa(len(unlocked))})
	}
	if x.Requirements > 0 {
		because("MEETS_REQUIREMENTS", map[string]string{"requirements": strconv.Itoa(x.Requirements)})
	}
	if len(m.GetWhy()) == 0 {
		because("OPEN", nil)
	}
	return m
}
