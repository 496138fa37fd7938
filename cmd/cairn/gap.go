package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// gapCmd is cairn gap.
func (a *app) gapCmd() *cobra.Command {
	var q asking
	var to string
	var withPlan bool
	cmd := &cobra.Command{
		Use:   "gap ROLE [--person PERSON]",
		Short: "How far a person is from a role",
		Long: `Says how far a person is from a role: the state of each node of what it asks for,
and what is missing, competency by competency and achievement by achievement.`,
		Example: `  cairn gap 'Senior Data Analyst' --person 'Ines Calloway' --plan`,
		Args: func(cmd *cobra.Command, args []string) error {
			if to != "" {
				return exactly(0, "")(cmd, args)
			}
			return exactly(1, "ROLE")(cmd, args)
		},
	}
	a.filesFlags(cmd)
	a.personFlags(cmd, &q)
	q.planFlags(cmd)
	cmd.Flags().StringVar(&to, "to", "", "the `role`, instead of the argument")
	suggests(cmd, "to", a.entries(cairnv1.Kind_KIND_ROLE))
	cmd.ValidArgsFunction = a.firstEntry(cairnv1.Kind_KIND_ROLE)
	cmd.Flags().BoolVar(&withPlan, "plan", false, "plan the cheapest way as well")
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		role := to
		if role == "" {
			role = args[0]
		}
		objective, limits, err := q.objectiveAndLimits()
		if err != nil {
			return err
		}
		c, err := a.connect(ctx, reads)
		if err != nil {
			return err
		}
		defer c.close()
		req := &cairnv1.RoleGapRequest{WithPlan: withPlan, Objective: objective, Limits: limits, Languages: a.languages}
		if req.Role, err = a.resolve(ctx, c, cairnv1.Kind_KIND_ROLE, role); err != nil {
			return err
		}
		if req.Person, err = a.whom(ctx, c, q.person); err != nil {
			return err
		}
		if req.AsOf, err = a.instant(ctx, c, "--as-of", a.where.asOf); err != nil {
			return err
		}
		defer a.working("asking")()
		out, err := c.pathway.RoleGap(ctx, req)
		if err != nil {
			return err
		}
		if a.json {
			return a.print(out)
		}
		a.gap(out.GetAnswer())
		return nil
	})
	return cmd
}

func (a *app) gap(x *cairnv1.RoleGapAnswer) {
	l, s := a.labels(x.GetLabels()), scalesOf(x.GetScales())
	who, role := l.person(x.GetPerson()), l.role(x.GetRole())
	if x.GetQualified() {
		a.printf("%s to %s: qualified\n", who, role)
	} else {
		a.printf("%s to %s: %s of the way\n", who, role, percent(x.GetProgress()))
	}
	if x.GetEssential() != nil {
		a.printf("\nessential\n")
		a.rule(l, s, x.GetEssential())
	}
	if len(x.GetOptional()) > 0 {
		weights := int64(0)
		for _, o := range x.GetOptional() {
			weights += o.GetWeight()
		}
		a.printf("\noptional: %d of the weights of %d", x.GetReached(), weights)
		if x.GetThreshold() > 0 {
			a.printf(", %d needed", x.GetThreshold())
		}
		a.printf("\n")
		roots := make([]*cairnv1.NodeStatus, len(x.GetOptional()))
		for i, o := range x.GetOptional() {
			roots[i] = o.GetRequirement()
		}
		a.rule(l, s, roots...)
	}
	a.missing(x, l, s)
	if x.GetPlan() != nil {
		a.printf("\n")
		a.plan(x.GetPlan(), who, role, l, a.gapNodes(x))
	}
}

// missing writes the leaves that are not met.
func (a *app) missing(x *cairnv1.RoleGapAnswer, l labels, s scales) {
	t := newTable("MISSING", "STATE", "NEEDED", "HELD", "IN", "NOTE")
	in := func(n *cairnv1.NodeRef) string {
		if n.GetOptional() > 0 {
			return "optional"
		}
		return "essential"
	}
	for _, m := range x.GetMissingCompetencies() {
		note := l.evidence(m.GetEvidence())
		if m.GetHeldAtAnyRigor() > m.GetHeld() {
			note = strings.TrimSuffix("held at "+s.level(m.GetScale(), m.GetHeldAtAnyRigor(), a.languages)+" below "+word(m.GetMinRigor())+": "+note, ": ")
		}
		t.add(l.competency(m.GetCompetency()), word(m.GetState()), s.level(m.GetScale(), m.GetNeeded(), a.languages),
			s.level(m.GetScale(), m.GetHeld(), a.languages), in(m.GetNode()), note)
	}
	for _, m := range x.GetMissingAchievements() {
		t.add(l.achievement(m.GetAchievement()), word(m.GetState()), "", "", in(m.GetNode()), l.evidence(m.GetEvidence()))
	}
	for _, m := range x.GetMissingTenures() {
		note := "no current assignment leads there"
		if m.GetReached() != nil {
			note = "reached on " + a.date(m.GetReached())
		}
		t.add("time in "+l.tenure(m.GetRole(), m.GetFamily()), "missing", count(m.GetNeededMonths(), "month"),
			count(m.GetHeldMonths(), "month"), in(m.GetNode()), note)
	}
	if len(t.rows) > 0 {
		a.printf("\n")
		t.write(a.out, "")
	}
}

// list is words with commas between them.
func list(words []string) string { return strings.Join(words, ", ") }
