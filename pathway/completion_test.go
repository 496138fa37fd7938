package pathway

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/graph"
)

// analyst is the catalog of the tests of completion, gaps and next steps: a
// stack whose second version asks for more than the first.
func analyst() graph.Batch {
	first := stack("analyst", 0, graph.All(graph.Holds("data"), graph.Holds("sql")))
	first.Lifecycle = graph.Lifecycle{Version: 1, Status: graph.InForce, EffectiveFrom: instant - 90}
	second := stack("analyst", 0, graph.All(graph.Holds("data"), graph.Holds("sql"), graph.AtLevel("sql", 2)))
	second.Lifecycle = graph.Lifecycle{Version: 2, Status: graph.InForce, EffectiveFrom: instant - 20}
	return graph.Batch{Achievements: []graph.Achievement{
		badge("data", 480), attesting(badge("sql", 720), "sql", 2), first, second,
	}}
}

func complete(tb testing.TB, p *graph.Profile, id graph.ID) Completion {
	tb.Helper()
	i, ok := p.Catalog.Achievement(id)
	if !ok {
		tb.Fatalf("no achievement %s", id)
	}
	c, err := Complete(p, i)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestComplete(t *testing.T) {
	type version struct {
		Number        int
		InForce, Held bool
		Met           bool
		Progress      float64
		Root          graph.State
	}
	type brief struct {
		Held, Valid, Counts, Ready bool
		Progress                   float64
		Versions                   []version
	}
	third := 1.0 / 3
	for _, test := range []struct {
		name   string
		awards []graph.Award
		want   brief
	}{
		{"nothing", nil, brief{Versions: []version{{2, true, false, false, 0, graph.StateMissing}}}},
		{"one of three", []graph.Award{award("data")}, brief{Progress: third, Versions: []version{{2, true, false, false, third, graph.StateMissing}}}},
		{
			"ready",
			[]graph.Award{award("data"), award("sql")},
			brief{Ready: true, Progress: 1, Versions: []version{{2, true, false, true, 1, graph.StateMet}}},
		},
		{
			"held in an earlier version, a part lapsed",
			[]graph.Award{lapsed("data"), award("analyst")},
			brief{Held: true, Valid: true, Counts: true, Progress: 1, Versions: []version{
				{2, true, false, false, 0, graph.StateMissing}, {1, false, true, false, 0, graph.StateMissing},
			}},
		},
		{
			"lapsed",
			[]graph.Award{award("data"), award("sql"), {Achievement: "analyst", IssuedAt: instant - 15, ValidUntil: instant}},
			brief{Held: true, Ready: true, Progress: 1, Versions: []version{{2, true, true, true, 1, graph.StateMet}}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := complete(t, suppose(analyst(), test.awards...), "analyst")
			got := brief{Held: c.Held, Valid: c.Valid, Counts: c.Counts, Ready: c.ReadyToClaim, Progress: c.Progress}
			for _, v := range c.Versions {
				r := v.Routes[0]
				got.Versions = append(got.Versions, version{v.Version.Version, v.InForce, v.Held, r.Met, r.Progress, r.Nodes[0].State})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (c.Award >= 0) != c.Held || c.Held && len(c.Awards) == 0 {
				t.Errorf("award %d of %v", c.Award, c.Awards)
			}
		})
	}
}

func TestCompleteCountsTwice(t *testing.T) {
	c := complete(t, suppose(analyst(), award("data"), award("sql")), "analyst")
	twice := c.Versions[0].Routes[0].Twice
	if len(twice) != 1 || suppose(analyst()).Catalog.AchievementID(twice[0].Achievement) != "sql" {
		t.Fatalf("got %+v, want sql, which meets a badge and a level", twice)
	}
	if diff := cmp.Diff([]int32{2, 3}, twice[0].Nodes); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
}

func TestCompleteRefuses(t *testing.T) {
	if _, err := Complete(suppose(analyst()), graph.None); !errors.Is(err, graph.ErrNotFound) {
		t.Errorf("got %v, want %v", err, graph.ErrNotFound)
	}
	if _, err := Gap(suppose(analyst()), graph.None); !errors.Is(err, graph.ErrNotFound) {
		t.Errorf("got %v, want %v", err, graph.ErrNotFound)
	}
}

func TestGap(t *testing.T) {
	b := analyst()
	weak := graph.AtLevel("sql", 3)
	weak.MinRigor = graph.Proctored
	essential := graph.All(graph.Holds("analyst"), weak)
	b.Roles = []graph.Role{{
		ID: "senior", Essential: &essential, Threshold: 4,
		Optional: []graph.Optional{
			{Requirement: graph.Holds("data"), Weight: 1}, {Requirement: graph.AtLevel("data", 1), Weight: 3},
		},
	}}
	awards := []graph.Award{award("data"), award("sql"), lapsed("analyst")}
	p := suppose(b, awards...)
	i, _ := p.Catalog.Role("senior")
	g, err := Gap(p, i)
	if err != nil {
		t.Fatal(err)
	}
	// Neither essential is met; of the weights 1 of 4 is there.
	if g.Qualified || g.Weight != 1 || g.Progress != (0+0.25)/2 {
		t.Errorf("qualified %v, weight %d, progress %v", g.Qualified, g.Weight, g.Progress)
	}
	if len(g.Achievements) != 1 || g.Achievements[0].State != graph.StateLapsed || g.Achievements[0].Optional != -1 {
		t.Errorf("achievements %+v, want analyst, lapsed", g.Achievements)
	}
	type level struct {
		Optional                int
		Needed, Held, HeldAtAny graph.Level
		MinRigor                graph.Rigor
		State                   graph.State
	}
	var got []level
	for _, c := range g.Competencies {
		got = append(got, level{c.Optional, c.Needed, c.Held, c.HeldAtAny, c.MinRigor, c.State})
	}
	want := []level{
		{-1, 3, 0, 2, graph.Proctored, graph.StateMissing}, {1, 1, 0, 0, graph.Assessed, graph.StateMissing},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("competencies (-want +got):\n%s", diff)
	}
	if len(g.Optional) != 2 || !g.Optional[0].Met || g.Optional[1].Met {
		t.Errorf("optional %+v", g.Optional)
	}
	b.Roles[0].Essential, b.Roles[0].Threshold = nil, 1
	if g, err = Gap(suppose(b, awards...), i); err != nil || !g.Qualified || g.Progress != 1 {
		t.Errorf("with one of one: qualified %v, progress %v, error %v", g.Qualified, g.Progress, err)
	}
}
