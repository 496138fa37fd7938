package pathway

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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

// unlockWorld is a world of random rules with roles, where more is held than in
// others, more of it does not count before its prerequisite holds, and
// achievements have earlier versions or successors that are worth something else.
func unlockWorld(seed uint64) *graph.Profile {
	const achievements = 7
	w := makeWorld(seed, achievements)
	m := worldMaker{Rand: rand.New(rand.NewPCG(seed, 1)), competencies: len(w.batch.Competencies), achievements: achievements}
	for i := range 4 {
		essential, optional := m.rule(2), m.rule(2)
		if m.few(0, 1) == 1 {
			essential = graph.Requirement{Op: graph.OpCredits, Credits: int64(m.few(2, 4, 6, 8))}
			for range m.few(1, 2, 3) {
				leaf := graph.Holds(achievementID(m.IntN(achievements)))
				leaf.TermCredits = graph.OwnCredits
				essential.Of = append(essential.Of, leaf)
			}
		}
		w.batch.Roles = append(w.batch.Roles, graph.Role{
			ID: graph.ID(fmt.Sprint("role", i)), Essential: &essential, Threshold: int64(i % 3),
			Optional: []graph.Optional{{Requirement: optional, Weight: 2}},
		})
	}
	var earlier []graph.Achievement
	for i := range w.batch.Achievements {
		a := &w.batch.Achievements[i]
		a.Enforce, a.Credits = a.Enforce || m.few(0, 1) == 1, int64(m.few(1, 2, 4))
		if i > 0 && i+1 < achievements && m.few(0, 0, 1) == 1 {
			a.ReplacedBy = achievementID(i + 1)
		}
		if m.few(0, 1) == 1 {
			before := *a
			before.Credits, before.Category = int64(m.few(0, 1, 4)), []graph.ID{"core", "elective"}[m.few(0, 1)]
			earlier = append(earlier, before)
			a.EffectiveFrom = instant - 4
		}
	}
	w.batch.Achievements = append(earlier, w.batch.Achievements...)
	for range m.few(1, 2, 3) {
		w.awards = append(w.awards, graph.Award{
			Achievement: achievementID(m.IntN(achievements)), IssuedAt: instant - graph.Instant(m.few(1, 5, 8)), Rigor: m.rigor(),
		})
	}
	return w.profile()
}

// gaps are how p stands in every role, by index.
func gaps(t *testing.T, p *graph.Profile) []RoleGap {
	t.Helper()
	_, _, n, _ := p.Catalog.Counts()
	out := make([]RoleGap, n)
	for r := range out {
		g, err := Gap(p, graph.RoleIndex(r))
		if err != nil {
			t.Fatal(err)
		}
		out[r] = g
	}
	return out
}

// metBetween counts the leaves of a role that are met after and not before;
// optional rules count where they can matter.
func metBetween(before, after *RoleGap) int {
	count := func(t *graph.Tree, before, after []graph.NodeResult) int {
		n := 0
		for i := range before {
			if len(t.Nodes[i].Children) == 0 && before[i].State != graph.StateMet && after[i].State == graph.StateMet {
				n++
			}
		}
		return n
	}
	n := count(before.Target.Essential, before.Essential, after.Essential)
	for i, o := range before.Target.Optional {
		if before.Target.Threshold > 0 {
			n += count(o.Tree, before.Optional[i].Nodes, after.Optional[i].Nodes)
		}
	}
	return n
}

// TestUnlocks compares the roles that next steps unlock with evaluating every
// role before and after, and the leaves that they meet likewise.
func TestUnlocks(t *testing.T) {
	unlocked, byOthers := 0, 0
	for seed := range uint64(2000) {
		p := unlockWorld(seed)
		before := gaps(t, p)
		for _, goals := range [][]Goal{nil, {{Role: "role0"}}} {
			a, err := Next(t.Context(), p, goals, Hours, Limits{Steps: math.MaxInt})
			if err != nil {
				t.Fatal(err)
			}
			for i := range a.Steps {
				s := &a.Steps[i]
				with := p.With(s.Version)
				var want []graph.RoleIndex // whose IDs are in the order of the indices
				leaves := 0
				for r, after := range gaps(t, with) {
					if before[r].Qualified {
						continue
					}
					leaves += metBetween(&before[r], &after)
					if after.Qualified {
						want = append(want, graph.RoleIndex(r))
					}
				}
				unlocked += len(want)
				if slices.ContainsFunc(p.Evidence(), func(e graph.Evidence) bool { return e.Valid && !e.Counts }) {
					byOthers += len(want)
				}
				if diff := cmp.Diff(want, s.Unlocks); diff != "" || s.Requirements != leaves {
					t.Errorf("world %d: %s meets %d leaves, want %d; unlocks (-want +got):\n%s", seed, s.Version.ID, s.Requirements, leaves, diff)
				}
			}
		}
	}
	if unlocked < 1000 || byOthers < 100 {
		t.Errorf("%d roles were unlocked, %d of them where an award waits for its prerequisite: too few to tell anything", unlocked, byOthers)
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
