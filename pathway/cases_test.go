package pathway

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
)

// badge is an achievement with one course of so many minutes.
func badge(id graph.ID, minutes int64, requires ...graph.Requirement) graph.Achievement {
	r := graph.Route{ID: "course", Kind: graph.ByCourse, EffortMinutes: minutes}
	if len(requires) > 0 {
		all := graph.All(requires...)
		r.Requires = &all
	}
	return graph.Achievement{ID: id, Routes: []graph.Route{r}}
}

func attesting(a graph.Achievement, c graph.ID, l graph.Level) graph.Achievement {
	a.Attests = append(a.Attests, graph.Attestation{Competency: c, Level: l})
	return a
}

func stack(id graph.ID, minutes int64, requires graph.Requirement) graph.Achievement {
	return graph.Achievement{ID: id, Routes: []graph.Route{
		{ID: "stack", Kind: graph.ByStack, EffortMinutes: minutes, Requires: &requires},
	}}
}

func suppose(b graph.Batch, awards ...graph.Award) *graph.Profile {
	b.At = instant - 100
	b.Scales = append(b.Scales, graph.Scale{ID: "three", Levels: make([]graph.Text, 3)})
	for _, id := range []graph.ID{"sql", "data"} {
		b.Competencies = append(b.Competencies, graph.Competency{ID: id, Scale: "three"})
	}
	return graph.Suppose(graph.CompileBatch(b), instant, awards, nil)
}

func award(id graph.ID) graph.Award { return graph.Award{Achievement: id, IssuedAt: instant - 50} }

func lapsed(id graph.ID) graph.Award {
	return graph.Award{Achievement: id, IssuedAt: instant - 50, ValidUntil: instant - 1}
}

// brief is a plan in one line: status, minutes, then the steps as id/route.
func brief(plan *Plan) string {
	words := []string{plan.Status.String(), fmt.Sprint(plan.Total.EffortMinutes)}
	for i := range plan.Steps {
		words = append(words, string(plan.Steps[i].Version.ID)+"/"+string(plan.Steps[i].Route.ID))
	}
	for _, b := range plan.Core {
		words = append(words, fmt.Sprintf("%s%s:%s", b.Achievement, b.Competency, b.Why))
	}
	return strings.Join(words, " ")
}

func TestSolveCases(t *testing.T) {
	weak := badge("sql-badge", 60)
	weak.Rigor = graph.Endorsed
	proctored := graph.AtLevel("sql", 2)
	proctored.MinRigor = graph.Proctored
	draft, retired := badge("a", 1), badge("b", 1)
	draft.Status, retired.Status = graph.Draft, graph.Retired
	later := badge("a", 1)
	later.EffectiveFrom = instant + 1
	fresh := graph.Holds("a")
	fresh.FreshWithinMonths = 1
	school := graph.Holds("a")
	school.Issuers = []graph.ID{"school"}
	renewable := badge("a", 90)
	renewable.Routes = append(renewable.Routes, graph.Route{ID: "renewal", Kind: graph.ByRenewal, EffortMinutes: 10})
	replaced, replacing := graph.Achievement{ID: "old", Lifecycle: graph.Lifecycle{ReplacedBy: "a"}}, badge("a", 70)
	old := replaced
	old.Routes = badge("old", 30).Routes
	enforced := badge("a", 70, graph.Holds("b"))
	enforced.Enforce = true
	own := func(id graph.ID) graph.Requirement {
		r := graph.Holds(id)
		r.TermCredits = graph.OwnCredits
		return r
	}
	worth := func(a graph.Achievement, credits int64, category graph.ID) graph.Achievement {
		a.Credits, a.Category = credits, category
		return a
	}
	twice := graph.All(graph.Holds("a"), graph.AtLevel("sql", 1))
	twice.Sharing = graph.Exclusive
	exam := attesting(badge("exam", 40), "sql", 2)
	exam.Rigor = graph.Proctored
	for _, test := range []struct {
		name         string
		achievements []graph.Achievement
		awards       []graph.Award
		goal         graph.Requirement
		want         string
	}{
		{"held", []graph.Achievement{badge("a", 60)}, []graph.Award{award("a")}, graph.Holds("a"), "optimal 0"},
		{"lapsed is earned again", []graph.Achievement{badge("a", 60)}, []graph.Award{lapsed("a")}, graph.Holds("a"), "optimal 60 a/course"},
		{"lapsed is renewed", []graph.Achievement{renewable}, []graph.Award{lapsed("a")}, graph.Holds("a"), "optimal 10 a/renewal"},
		{"nothing to renew", []graph.Achievement{renewable}, nil, graph.Holds("a"), "optimal 90 a/course"},
		{
			"stale is earned again",
			[]graph.Achievement{badge("a", 60)},
			[]graph.Award{{Achievement: "a", IssuedAt: graph.InstantOf(instant.Time().AddDate(0, -2, 0))}},
			fresh, "optimal 60 a/course",
		},
		{"too weak a badge proves nothing", []graph.Achievement{attesting(weak, "sql", 2)}, nil, graph.AtLevel("sql", 1), "unreachable 0 sql:no_provider"},
		{"a floor above the default", []graph.Achievement{attesting(badge("a", 5), "sql", 3), exam}, nil, proctored, "optimal 40 exam/course"},
		{"another issuer", []graph.Achievement{badge("a", 60)}, nil, school, "unreachable 0 a:no_provider"},
		{"a draft offers no routes", []graph.Achievement{draft}, nil, graph.Holds("a"), "unreachable 0 a:no_provider"},
		{"retired offers no routes", []graph.Achievement{retired}, nil, graph.Holds("b"), "unreachable 0 b:no_provider"},
		{"not yet in force", []graph.Achievement{later}, nil, graph.Holds("a"), "unreachable 0 a:no_provider"},
		{"an unknown achievement", nil, nil, graph.Holds("nothing"), "unreachable 0 nothing:no_provider"},
		{"an unknown competency", nil, nil, graph.AtLevel("nothing", 1), "unreachable 0 nothing:no_provider"},
		{"a level off the scale", []graph.Achievement{attesting(badge("a", 1), "sql", 9)}, nil, graph.AtLevel("sql", 4), "unreachable 0 sql:no_provider"},
		{"held as what replaced it", []graph.Achievement{replaced, replacing}, []graph.Award{award("old")}, graph.Holds("a"), "optimal 0"},
		{"earned as what it was", []graph.Achievement{old, replacing}, nil, graph.Holds("a"), "optimal 30 old/course"},
		{
			"an enforced award comes to count",
			[]graph.Achievement{enforced, badge("b", 20)},
			[]graph.Award{award("a")},
			graph.Holds("a"), "optimal 20 b/course",
		},
		{
			"own credits by category",
			[]graph.Achievement{worth(badge("a", 10), 3, "core"), worth(badge("b", 20), 3, "elective"), worth(badge("c", 5), 9, "core")},
			nil,
			graph.Requirement{
				Op: graph.OpCredits, Credits: 6, Of: []graph.Requirement{own("a"), own("b"), own("c")},
				Max: []graph.CategoryCredits{{Category: "core", Credits: 3}},
			},
			"optimal 25 b/course c/course",
		},
		{
			"credits over a category",
			[]graph.Achievement{worth(badge("a", 10), 3, "core"), worth(badge("b", 20), 3, "elective"), worth(badge("c", 50), 3, "core")},
			nil,
			graph.Requirement{Op: graph.OpCredits, Credits: 6, OverCategory: "core"},
			"optimal 60 a/course c/course",
		},
		{
			"one badge serves two where they share",
			[]graph.Achievement{attesting(badge("a", 60), "sql", 1), attesting(badge("b", 50), "sql", 1)},
			nil, graph.All(graph.Holds("a"), graph.AtLevel("sql", 1)), "optimal 60 a/course",
		},
		{
			"and one where they do not",
			[]graph.Achievement{attesting(badge("a", 60), "sql", 1), attesting(badge("b", 50), "sql", 1)},
			nil, twice, "optimal 110 a/course b/course",
		},
		{
			"a held badge that serves both is not enough",
			[]graph.Achievement{attesting(badge("a", 60), "sql", 1), attesting(badge("b", 50), "sql", 1)},
			[]graph.Award{award("a")},
			twice, "optimal 50 b/course",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := suppose(graph.Batch{Achievements: test.achievements}, test.awards...)
			plan := mustSolve(t, p, Goal{Requirement: &test.goal}, Hours, Limits{})
			if diff := cmp.Diff(test.want, brief(&plan)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSolveExplains checks the reasons of a plan: what a step closes, what it
// rests on, what is covered and whether it renews.
func TestSolveExplains(t *testing.T) {
	goal := graph.All(graph.Holds("cert"), graph.AtLevel("sql", 1), graph.Holds("z"))
	goal.Of[0].Node, goal.Of[1].Node, goal.Of[2].Node = "cert", "sql", "z"
	p := suppose(graph.Batch{Achievements: []graph.Achievement{
		attesting(badge("a", 60), "sql", 2), badge("b", 30, graph.AtLevel("sql", 1)), badge("z", 1),
		stack("cert", 0, graph.All(graph.Holds("a"), graph.Holds("b"))),
	}}, award("z"), lapsed("b"))
	plan := mustSolve(t, p, Goal{Requirement: &goal}, Hours, Limits{})
	type step struct {
		ID             graph.ID
		Now, Renews    bool
		Closes         string
		Needs, Enables []int
	}
	var got []step
	for i := range plan.Steps {
		s := &plan.Steps[i]
		closes := ""
		for _, n := range s.Closes {
			closes += n.Node + " "
		}
		got = append(got, step{s.Version.ID, s.AvailableNow, s.Renews, closes, s.Needs, s.Enables})
	}
	want := []step{
		{"a", true, false, "cert sql ", nil, []int{1, 2}},
		{"b", false, true, "cert ", []int{0}, []int{2}},
		{"cert", false, false, "cert ", []int{0, 1}, nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if len(plan.Covered) != 1 || plan.Covered[0].Node != "z" || p.Evidence()[plan.Covered[0].Evidence].Version.ID != "z" {
		t.Errorf("covered %+v, want z", plan.Covered)
	}
}

func TestSolveRefuses(t *testing.T) {
	p := suppose(graph.Batch{Achievements: []graph.Achievement{
		badge("a", 1), badge("huge", math.MaxInt64/4),
		{ID: "foreign", Routes: []graph.Route{{ID: "r", Kind: graph.ByCourse, Price: graph.Money{Amount: 5, Currency: "XTS"}}}},
	}})
	level := func(l graph.Level) []LevelGoal { return []LevelGoal{{Competency: "sql", Level: l}} }
	for _, test := range []struct {
		name   string
		goal   Goal
		limits Limits
		want   error
	}{
		{"no goal", Goal{}, Limits{}, graph.ErrInvalid},
		{"two goals", Goal{Achievement: "a", Levels: level(1)}, Limits{}, graph.ErrInvalid},
		{"unknown role", Goal{Role: "x"}, Limits{}, graph.ErrNotFound},
		{"unknown achievement", Goal{Achievement: "x"}, Limits{}, graph.ErrNotFound},
		{"unknown competency", Goal{Levels: []LevelGoal{{Competency: "x", Level: 1}}}, Limits{}, graph.ErrNotFound},
		{"off the scale", Goal{Levels: level(4)}, Limits{}, graph.ErrInvalid},
		{"unknown exclusion", Goal{Achievement: "a"}, Limits{Exclude: []graph.ID{"x"}}, graph.ErrNotFound},
		{"no rate", Goal{Achievement: "foreign"}, Limits{}, graph.ErrLaw},
		{"overflow", Goal{Achievement: "huge"}, Limits{}, graph.ErrLimit},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Solve(t.Context(), p, test.goal, Hours, test.limits)
			if _, typed := errors.AsType[*graph.Error](err); !errors.Is(err, test.want) || !typed {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	plan := mustSolve(t, p, Goal{Achievement: "a"}, Hours, Limits{Exclude: []graph.ID{"a"}})
	if got := brief(&plan); got != "unreachable 0 a:excluded" {
		t.Errorf("got %s", got)
	}
}

// TestTenure asks for a role that wants months in another one.
func TestTenure(t *testing.T) {
	months := func(n int) graph.Requirement {
		return graph.Requirement{Op: graph.OpTenure, Role: "analyst", Months: n}
	}
	essential, long := graph.All(graph.Holds("a"), months(6)), graph.Any(months(30), graph.Holds("b"))
	path := filepath.Join(t.TempDir(), "graph.cairn")
	store, err := filestore.Open(path, filestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	live, err := graph.Open(t.Context(), store, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	date := func(months int) graph.Instant { return instant.AddMonths(months, nil) }
	_, err = live.Commit(t.Context(), graph.Batch{
		At:           date(-24),
		Achievements: []graph.Achievement{{ID: "a", Type: graph.Badge, Routes: badge("a", 60).Routes}, {ID: "b", Type: graph.Badge, Routes: badge("b", 5).Routes}},
		Roles:        []graph.Role{{ID: "analyst"}, {ID: "senior", Essential: &essential}, {ID: "lead", Essential: &long}},
		People:       []graph.Person{{ID: "ann"}, {ID: "bob"}},
		Assignments: []graph.Assignment{
			{Person: "ann", Role: "analyst", From: date(-2)},
			{Person: "bob", Role: "analyst", From: date(-9), Until: date(-7)},
		},
	}, graph.CommitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(person, role graph.ID) (*graph.Profile, Plan) {
		p, err := live.Head().Profile(person, instant)
		if err != nil {
			t.Fatal(err)
		}
		return p, mustSolve(t, p, Goal{Role: role}, Hours, Limits{})
	}
	p, plan := ask("ann", "senior")
	if brief(&plan) != "optimal 60 a/course" || plan.WaitUntil != date(4) {
		t.Errorf("ann: %s, waits until %v; want until %v", brief(&plan), plan.WaitUntil, date(4))
	}
	i, _ := p.Catalog.Role("senior")
	gap, err := Gap(p, i)
	if err != nil {
		t.Fatal(err)
	}
	if len(gap.Tenures) != 1 || gap.Tenures[0].Held != 2 || gap.Tenures[0].Reached != date(4) {
		t.Errorf("tenures %+v, want 2 of 6 months, reached at %v", gap.Tenures, date(4))
	}
	if _, plan = ask("bob", "senior"); brief(&plan) != "unreachable 0 :no_provider" || plan.Core[0].Role != "analyst" || plan.Core[0].Months != 6 {
		t.Errorf("bob: %s %+v, want the tenure without provider", brief(&plan), plan.Core)
	}
	// Waiting costs nothing, so it is preferred; it is not asked for where the
	// plan does without.
	if _, plan = ask("ann", "lead"); brief(&plan) != "optimal 0" || plan.WaitUntil != date(28) {
		t.Errorf("ann: %s, waits until %v; want until %v", brief(&plan), plan.WaitUntil, date(28))
	}
	if _, plan = ask("bob", "lead"); brief(&plan) != "optimal 5 b/course" || plan.WaitUntil != 0 {
		t.Errorf("bob: %s, waits until %v; want no wait", brief(&plan), plan.WaitUntil)
	}
}

// TestGapProgressBelowOne: what is not qualified is never the whole way, also
// where the mean of the two shares is rounded up to it.
func TestGapProgressBelowOne(t *testing.T) {
	const want = 1<<53 - 1
	leaf, other := graph.Holds("a"), graph.Holds("b")
	leaf.TermCredits, other.TermCredits = want-1, 1
	essential := graph.Requirement{Op: graph.OpCredits, Credits: want, Of: []graph.Requirement{leaf, other}}
	p := suppose(graph.Batch{
		Achievements: []graph.Achievement{badge("a", 1), badge("b", 1)},
		Roles: []graph.Role{{
			ID: "role", Essential: &essential, Threshold: 1, Optional: []graph.Optional{{Requirement: graph.Holds("a"), Weight: 1}},
		}},
	}, award("a"))
	i, _ := p.Catalog.Role("role")
	g, err := Gap(p, i)
	if err != nil || g.Qualified || g.Progress >= 1 {
		t.Errorf("qualified %v with a progress of %v, error %v", g.Qualified, g.Progress, err)
	}
}
