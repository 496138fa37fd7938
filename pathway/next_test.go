package pathway

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/cairn-skills/cairn/graph"
)

// lines is advice with one line a step: id/route, then what is true of it.
func lines(p *graph.Profile, a *Advice) string {
	var b strings.Builder
	for i := range a.Steps {
		s := &a.Steps[i]
		fmt.Fprintf(&b, "%s/%s", s.Version.ID, s.Route.ID)
		if s.Ready {
			b.WriteString(" ready")
		}
		if len(s.Goals) > 0 {
			fmt.Fprint(&b, " goals ", s.Goals)
		}
		if s.Forced {
			b.WriteString(" forced")
		}
		if s.Regret > 0 {
			fmt.Fprint(&b, " regret ", s.Regret)
		}
		for _, c := range s.Closes {
			fmt.Fprintf(&b, " closes %d:%s", c.Goal, c.Node)
		}
		if s.Requirements > 0 {
			fmt.Fprint(&b, " meets ", s.Requirements)
		}
		for _, r := range s.Unlocks {
			fmt.Fprint(&b, " unlocks ", p.Catalog.RoleID(r))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// nextWorld has two ways to sql, a stack that can be claimed, and roles.
func nextWorld() *graph.Profile {
	junior, senior := graph.AtLevel("sql", 1), graph.All(graph.AtLevel("sql", 1), graph.Holds("lead"))
	b := graph.Batch{
		Achievements: []graph.Achievement{
			attesting(badge("sql-course", 100), "sql", 1), attesting(badge("sql-exam", 130), "sql", 1),
			badge("lead", 50, graph.Holds("sql-course")), badge("talks", 5),
			stack("medal", 0, graph.Holds("start")), badge("start", 1), badge("far", 1, graph.Holds("lead")),
			{ID: "gone", Lifecycle: graph.Lifecycle{Status: graph.Retired}, Routes: badge("gone", 1).Routes},
		},
		Roles: []graph.Role{{ID: "junior", Essential: &junior}, {ID: "senior", Essential: &senior}},
	}
	return suppose(b, award("start"))
}

func TestNext(t *testing.T) {
	talks := graph.All(graph.Holds("talks"), graph.AtLevel("sql", 1))
	talks.Of[0].Node, talks.Of[1].Node = "talks", "sql"
	for _, test := range []struct {
		name  string
		goals []Goal
		steps int
		want  string
	}{
		{
			"no goal", nil, 0,
			"medal/stack ready\n" +
				"sql-course/course meets 2 unlocks junior\n" +
				"sql-exam/course meets 2 unlocks junior\n" +
				"talks/course\n",
		},
		{"only the best", nil, 2, "medal/stack ready\nsql-course/course meets 2 unlocks junior\n"},
		{
			"one goal",
			[]Goal{{Requirement: &talks}},
			0,
			"medal/stack ready\n" +
				"talks/course goals [0] forced closes 0:talks\n" +
				"sql-course/course goals [0] regret 30 closes 0:sql meets 2 unlocks junior\n",
		},
		{
			"two goals",
			[]Goal{{Role: "junior"}, {Role: "senior"}},
			0,
			"medal/stack ready\n" +
				"sql-course/course goals [0 1] forced regret 30 closes 0:0 closes 1:1 closes 1:2 meets 2 unlocks junior\n",
		},
		{"out of reach", []Goal{{Achievement: "gone"}}, 0, "medal/stack ready\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := nextWorld()
			a, err := Next(t.Context(), p, test.goals, Hours, Limits{Steps: test.steps})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, lines(p, &a)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !a.Proven || len(a.Plans) != len(test.goals) {
				t.Errorf("proven %v, %d plans", a.Proven, len(a.Plans))
			}
		})
	}
}

// TestUnlocks compares the roles that next steps unlock with asking every role
// before and after.
func TestUnlocks(t *testing.T) {
	unlocked := 0
	for seed := range uint64(300) {
		w := makeWorld(seed, 7)
		for i := range 4 {
			rule := makeWorld(seed+uint64(i)*1000, 7).goal
			w.batch.Roles = append(w.batch.Roles, graph.Role{
				ID: graph.ID(fmt.Sprint("role", i)), Essential: &rule.Of[i%2], Threshold: int64(i % 3),
				Optional: []graph.Optional{{Requirement: rule.Of[1-i%2], Weight: 2}},
			})
		}
		for i := range w.batch.Achievements { // what else an enforced award brings about is not by itself
			w.batch.Achievements[i].Enforce = false
		}
		p := w.profile()
		a, err := Next(t.Context(), p, nil, Hours, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.Steps {
			s := &a.Steps[i]
			with := p.With(s.Version)
			var want, got []string
			for r := range graph.RoleIndex(4) {
				target, err := roleTarget(p, r)
				if err != nil {
					t.Fatal(err)
				}
				if !target.met(p) && target.met(with) {
					want = append(want, string(p.Catalog.RoleID(r)))
				}
			}
			for _, r := range s.Unlocks {
				got = append(got, string(p.Catalog.RoleID(r)))
			}
			unlocked += len(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("world %d: %s unlocks (-want +got):\n%s", seed, s.Version.ID, diff)
			}
		}
	}
	if unlocked == 0 {
		t.Error("no step unlocked a role")
	}
}

// TestNextRunsOutOfWork asks for more than the limit allows: the steps are
// there, and the answer says that their ranking is not proven.
func TestNextRunsOutOfWork(t *testing.T) {
	a, err := Next(t.Context(), nextWorld(), nil, Hours, Limits{Work: 1})
	if err != nil || a.Proven || len(a.Steps) != 4 {
		t.Errorf("proven %v, %d steps, error %v", a.Proven, len(a.Steps), err)
	}
}

// TestRegret checks the regrets of all next steps against solving without them,
// by trying every set of routes.
func TestRegret(t *testing.T) {
	forWorlds(t, func(t *rapid.T, w *world, p *graph.Profile, plan *Plan) {
		a, err := Next(t.Context(), p, []Goal{{Requirement: &w.goal}}, Hours, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		now := 0
		for i := range plan.Steps {
			if plan.Steps[i].AvailableNow {
				now++
			}
		}
		for i := range a.Steps {
			s := &a.Steps[i]
			if len(s.Goals) == 0 {
				continue
			}
			now--
			without, ok := cheapest(p, &plan.Target, Hours, s.Version.ID)
			if s.Forced == ok || ok && s.Regret != without.EffortMinutes-plan.Total.EffortMinutes {
				t.Fatalf("%s: forced %v, regret %d; without it %v (%v)", s.Version.ID, s.Forced, s.Regret, without, ok)
			}
		}
		if now != 0 {
			t.Fatalf("%d more steps of the plan can be taken at once than were suggested", now)
		}
	})
}
