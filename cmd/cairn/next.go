package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// nextCmd is cairn next.
func (a *app) nextCmd() *cobra.Command {
	var q asking
	var to []string
	var most int64
	cmd := &cobra.Command{
		Use:   "next [--to ROLE|ACHIEVEMENT] [--person PERSON]",
		Short: "What can be done next, the best first",
		Long: `Says what a person can begin at once on the way to a goal, the best first: what is
ready to claim, then what leaving out costs more, what unlocks more roles, what
is cheaper. Without a goal it is what meets most of what roles ask for.`,
		Example: `  cairn next --to 'Senior Data Analyst' --person 'Ines Calloway'`,
		Args:    exactly(0, ""),
	}
	a.filesFlags(cmd)
	a.personFlags(cmd, &q)
	q.planFlags(cmd)
	a.excludeFlag(cmd, &q)
	cmd.Flags().StringArrayVar(&to, "to", nil, "a goal: a `role or achievement`, by id or title; may be repeated")
	suggests(cmd, "to", a.entries(cairnv1.Kind_KIND_ROLE, cairnv1.Kind_KIND_ACHIEVEMENT))
	wholeFlag(cmd, &most, "most", 1, pageSize, "the most `steps` to answer, up to 1000 (otherwise 20)")
	cmd.RunE = a.verb(func(ctx context.Context, _ []string) error {
		objective, limits, err := q.objectiveAndLimits()
		if err != nil {
			return err
		}
		c, err := a.connect(ctx, reads)
		if err != nil {
			return err
		}
		defer c.close()
		req := &cairnv1.RecommendNextStepsRequest{Objective: objective, Limits: limits, MaxSteps: int32(most), Languages: a.languages} //nolint:gosec // 1000 at most
		for _, name := range to {
			goal, err := a.resolveGoal(ctx, c, name)
			if err != nil {
				return err
			}
			if r := goal.GetRole(); r != "" {
				req.Roles = append(req.Roles, r)
			} else {
				req.Achievements = append(req.Achievements, goal.GetAchievement())
			}
		}
		if req.Person, err = a.whom(ctx, c, q.person); err != nil {
			return err
		}
		if req.AsOf, err = a.instant(ctx, c, "--as-of", a.where.asOf); err != nil {
			return err
		}
		if req.Exclude, err = a.excluded(ctx, c, &q); err != nil {
			return err
		}
		defer a.working("asking")()
		out, err := c.pathway.RecommendNextSteps(ctx, req)
		if err != nil {
			return err
		}
		if a.json {
			return a.print(out)
		}
		a.nextSteps(out.GetAnswer())
		return nil
	})
	return cmd
}

func (a *app) nextSteps(x *cairnv1.RecommendNextStepsAnswer) {
	l := a.labels(x.GetLabels())
	who := l.person(x.GetPerson())
	for _, g := range x.GetGoals() {
		name := l.goalName(g.GetGoal())
		switch {
		case g.GetStatus() == cairnv1.PlanStatus_PLAN_STATUS_UNREACHABLE:
			a.printf("%s to %s: out of reach\n", who, name)
		case g.GetSteps() == 0:
			a.printf("%s to %s: reached\n", who, name)
		default:
			a.printf("%s to %s: %s, %s left\n", who, name, count(g.GetSteps(), "step"), cost(g.GetRemaining()))
		}
	}
	if len(x.GetSteps()) == 0 {
		a.printf("%s: there is nothing to begin now\n", who)
		return
	}
	if len(x.GetGoals()) > 0 {
		a.printf("\n")
	}
	t := newTable(" #", "STEP", "WAY", " EFFORT", " PRICE", " WEEKS", "WHY")
	for i, s := range x.GetSteps() {
		c := s.GetCost()
		t.add(fmt.Sprint(i+1), l.achievement(s.GetAchievement()), way(s.GetKind(), mode(s)),
			effort(c.GetEffortMinutes()), money(c.GetPriceMinor(), c.GetCurrency()), weeks(c.GetElapsedWeeks()), l.whyNext(s, x))
	}
	t.write(a.out, "  ")
	if more := int(x.GetTotal()) - len(x.GetSteps()); more > 0 {
		a.printf("\n%d more can be begun.\n", more)
	}
	if !x.GetProven() {
		a.printf("\nThe order is not proved: the search ended at its limit.\n")
	}
}

// mode is how the stack of a step is awarded.
func mode(s *cairnv1.NextStep) cairnv1.AwardMode {
	if s.GetReadiness() == cairnv1.NextStep_READINESS_AWAITS_CONFIRMATION {
		return cairnv1.AwardMode_AWARD_MODE_RECOMMEND
	}
	return cairnv1.AwardMode_AWARD_MODE_CLAIM
}

// whyNext says why a step is recommended.
func (l labels) whyNext(s *cairnv1.NextStep, x *cairnv1.RecommendNextStepsAnswer) string {
	var parts []string
	switch {
	case s.GetReadiness() == cairnv1.NextStep_READINESS_READY_TO_CLAIM:
		parts = append(parts, "its requirement is met")
	case s.GetReadiness() == cairnv1.NextStep_READINESS_AWAITS_CONFIRMATION:
		parts = append(parts, "its requirement is met")
	}
	switch {
	case s.GetIndispensable():
		parts = append(parts, "no way without it")
	case s.Regret != nil && s.GetRegret() > 0:
		parts = append(parts, inUnit(s.GetRegret(), x.GetObjective(), s.GetCost().GetCurrency())+" more without it")
	case len(x.GetGoals()) > 0 && len(s.GetGoals()) > 0:
		parts = append(parts, "on the way")
	}
	if len(s.GetUnlocks()) > 0 {
		names := make([]string, len(s.GetUnlocks()))
		for i, r := range s.GetUnlocks() {
			names[i] = l.role(r)
		}
		parts = append(parts, "unlocks "+list(names))
	}
	if s.GetRequirements() > 0 {
		parts = append(parts, fmt.Sprintf("meets %s of roles", count(s.GetRequirements(), "requirement")))
	}
	return strings.Join(parts, "; ")
}
