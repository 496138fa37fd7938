package main

import (
	"context"
	"math"

	"github.com/spf13/cobra"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// asking are the flags that questions about a person share.
type asking struct {
	person    string
	objective string
	exclude   []string
	work      int64
}

func (a *app) personFlags(cmd *cobra.Command, q *asking) {
	cmd.Flags().StringVar(&q.person, "person", "", "whose question it is: an `id or name`; not needed if there is one person")
	suggests(cmd, "person", a.entries(cairnv1.Kind_KIND_PERSON))
	momentFlag(cmd, &a.where.asOf, "as-of", "the `day or time` asked about, for example 2027-01-31 (otherwise the present)")
}

func (q *asking) planFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&q.objective, "objective", "hours", "`what` the plan makes least: hours or money")
	oneOf(cmd, "objective", "hours", "money")
	wholeFlag(cmd, &q.work, "work", 1, math.MaxInt64, "the most units of `work` to search (otherwise the server's own limit)")
}

func (a *app) excludeFlag(cmd *cobra.Command, q *asking) {
	cmd.Flags().StringArrayVar(&q.exclude, "exclude", nil, "an `achievement` that must not be earned, by id or title; may be repeated")
	suggests(cmd, "exclude", a.entries(cairnv1.Kind_KIND_ACHIEVEMENT))
}

// objectiveAndLimits are the plan's flags as the API takes them.
func (q *asking) objectiveAndLimits() (cairnv1.Objective, *cairnv1.Limits, error) {
	o, err := objectiveOf(q.objective)
	if q.work == 0 {
		return o, nil, err
	}
	return o, &cairnv1.Limits{WorkUnits: q.work}, err
}

// excluded are the ids of what must not be earned.
func (a *app) excluded(ctx context.Context, c *client, q *asking) ([]string, error) {
	var ids []string
	for _, name := range q.exclude {
		id, err := a.resolve(ctx, c, cairnv1.Kind_KIND_ACHIEVEMENT, name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// pathCmd is cairn path.
func (a *app) pathCmd() *cobra.Command {
	var q asking
	var to string
	cmd := &cobra.Command{
		Use:   "path --to ROLE|ACHIEVEMENT [--person PERSON]",
		Short: "The cheapest way to a role or an achievement",
		Long: `Plans the cheapest way to a role or an achievement: steps in an order in which
each can be done, what they cost, why each is there, and what is covered already.
A plan is proved to be the cheapest, or has a bound below which there is none.`,
		Example: `  cairn path --to 'data analyst' --person 'Priya Ashdown'
  cairn path --catalog DIR --holdings FILE --to data-analyst --objective money`,
		Args: exactly(0, ""),
	}
	a.filesFlags(cmd)
	a.personFlags(cmd, &q)
	q.planFlags(cmd)
	a.excludeFlag(cmd, &q)
	cmd.Flags().StringVar(&to, "to", "", "where to: a `role or achievement`, by id or title")
	suggests(cmd, "to", a.entries(cairnv1.Kind_KIND_ROLE, cairnv1.Kind_KIND_ACHIEVEMENT))
	cmd.RunE = a.verb(func(ctx context.Context, _ []string) error {
		if to == "" {
			return misused("--to is missing").hinted("it takes a role or an achievement, by id or title")
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
		req := &cairnv1.PlanPathwayRequest{Objective: objective, Limits: limits, Languages: a.languages}
		if req.Goal, err = a.resolveGoal(ctx, c, to); err != nil {
			return err
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
		defer a.working("planning")()
		out, err := c.pathway.PlanPathway(ctx, req)
		if err != nil {
			return err
		}
		if a.json {
			return a.print(out)
		}
		a.answerPath(ctx, c, out.GetAnswer())
		return nil
	})
	return cmd
}

// answerPath writes the answer to a question for a path.
func (a *app) answerPath(ctx context.Context, c *client, x *cairnv1.PlanPathwayAnswer) {
	l := a.labels(x.GetLabels())
	n := a.goalNodes(ctx, c, x)
	a.plan(x.GetPlan(), l.person(x.GetPerson()), l.goalName(x.GetGoal()), l, n)
}
