package main

import (
	"context"

	"github.com/spf13/cobra"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// completeCmd is cairn complete.
func (a *app) completeCmd() *cobra.Command {
	var q asking
	var withPlan bool
	cmd := &cobra.Command{
		Use:   "complete ACHIEVEMENT [--person PERSON]",
		Short: "How complete a stack is, node by node",
		Long: `Says how complete the stack of an achievement is: the state of each node of its
requirement, what decided it, and whether an award is held and counts.`,
		Example: `  cairn complete 'Business Data Analyst' --person 'Priya Ashdown' --plan`,
		Args:    exactly(1, "ACHIEVEMENT"),
	}
	a.filesFlags(cmd)
	a.personFlags(cmd, &q)
	q.planFlags(cmd)
	cmd.ValidArgsFunction = a.firstEntry(cairnv1.Kind_KIND_ACHIEVEMENT)
	cmd.Flags().BoolVar(&withPlan, "plan", false, "plan the cheapest missing set as well")
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		objective, limits, err := q.objectiveAndLimits()
		if err != nil {
			return err
		}
		c, err := a.connect(ctx, reads)
		if err != nil {
			return err
		}
		defer c.close()
		req := &cairnv1.CompleteStackRequest{WithPlan: withPlan, Objective: objective, Limits: limits, Languages: a.languages}
		if req.Achievement, err = a.resolve(ctx, c, cairnv1.Kind_KIND_ACHIEVEMENT, args[0]); err != nil {
			return err
		}
		if req.Person, err = a.whom(ctx, c, q.person); err != nil {
			return err
		}
		if req.AsOf, err = a.instant(ctx, c, "--as-of", a.where.asOf); err != nil {
			return err
		}
		defer a.working("asking")()
		out, err := c.pathway.CompleteStack(ctx, req)
		if err != nil {
			return err
		}
		if a.json {
			return a.print(out)
		}
		a.completion(out.GetAnswer())
		return nil
	})
	return cmd
}

func (a *app) completion(x *cairnv1.CompleteStackAnswer) {
	l, s := a.labels(x.GetLabels()), scalesOf(x.GetScales())
	who, what := l.person(x.GetPerson()), l.achievement(x.GetAchievement())
	switch {
	case x.GetCounts():
		a.printf("%s, %s: held\n", who, what)
	case x.GetReadyToClaim():
		a.printf("%s, %s: ready to claim, the requirement is met\n", who, what)
	case x.GetHeld() && !x.GetValid():
		a.printf("%s, %s: lapsed; %s complete\n", who, what, percent(x.GetProgress()))
	case x.GetHeld():
		a.printf("%s, %s: held, but it does not count; %s complete\n", who, what, percent(x.GetProgress()))
	default:
		a.printf("%s, %s: %s complete\n", who, what, percent(x.GetProgress()))
	}
	if w := x.GetAward(); w != nil {
		text := "awarded " + a.date(w.GetIssuedAt())
		if w.GetSource() == cairnv1.AwardSource_AWARD_SOURCE_DERIVED {
			text = "awarded by itself " + a.date(w.GetIssuedAt())
		}
		if w.GetValidUntil() != nil {
			text += ", through " + a.last(w.GetValidUntil())
		}
		if r := l.reasons(w.GetReasons()); r != "" {
			text += "; " + r
		}
		a.printf("  %s\n", text)
	}
	for _, v := range x.GetVersions() {
		for _, st := range v.GetStacks() {
			a.printf("\n")
			if len(x.GetVersions()) > 1 {
				a.printf("version %d, ", v.GetVersion())
			}
			a.printf("stack %s: %s\n", st.GetRoute(), percent(st.GetProgress()))
			if st.GetRequirement() != nil {
				a.rule(l, s, st.GetRequirement())
			}
			for _, d := range st.GetDoubleCounts() {
				a.printf("  %s counts for %s\n", l.achievement(d.GetAchievement()), list(d.GetNodes()))
			}
		}
		if len(v.GetStacks()) == 0 {
			a.printf("\nIt has no stack: it is earned in other ways.\n")
		}
	}
	if x.GetPlan() != nil {
		a.printf("\n")
		a.plan(x.GetPlan(), who, what, l, nodes{place{node: "goal"}: what})
	}
}
