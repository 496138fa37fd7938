package graph

import (
	gocmp "cmp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// day is noon of a day of 2025, counted from 1 January.
func day(n int) Instant {
	return InstantOf(time.Date(2025, 1, n, 12, 0, 0, 0, time.UTC))
}

func inForce(from Instant) Lifecycle { return Lifecycle{Status: InForce, EffectiveFrom: from} }

func badge(id ID, routes ...Route) Achievement {
	return Achievement{ID: id, Lifecycle: inForce(day(1)), Type: Badge, Issuer: "academy", Title: NewText(Translation{"en", string(id)}), Rigor: Assessed, Routes: routes}
}

func stack(id ID, requires Requirement) Achievement {
	a := badge(id, Route{ID: "stack", Kind: ByStack, Award: Automatic, Requires: &requires})
	a.Type = MicroCredential
	return a
}

func foldWorld(as ...Achievement) Batch {
	return Batch{
		At: day(1), Issuers: []Issuer{{ID: "academy"}}, Achievements: as,
		Scales:       []Scale{{ID: "s3", Levels: make([]Text, 3)}},
		Competencies: []Competency{{ID: "sql", Scale: "s3"}, {ID: "data", Scale: "s3"}},
		Roles:        []Role{{ID: "analyst", Lifecycle: inForce(day(1))}},
	}
}

type span struct {
	Achievement ID
	Version     int
	From, Until Instant
}

func foldOf(t *testing.T, c *Catalog, horizon Instant, awards []Award, claims []Claim, assignments []Assignment) []span {
	t.Helper()
	q := &person{id: "p"}
	for _, a := range awards {
		a.Person, a.ID = "p", AwardID("p", a.Achievement, a.IssuedAt, "")
		w, err := c.packAward(&a)
		if err != nil {
			t.Fatal(err)
		}
		q.awards = append(q.awards, w)
	}
	for _, cl := range claims {
		w, err := c.packClaim(&cl)
		if err != nil {
			t.Fatal(err)
		}
		q.claims = append(q.claims, w)
	}
	for _, a := range assignments {
		w, err := c.packAssignment(&a)
		if err != nil {
			t.Fatal(err)
		}
		q.assignments = append(q.assignments, w)
	}
	q.sort()
	derived := fold(c, q, horizon).derived
	var out []span
	for _, d := range derived {
		out = append(out, span{c.AchievementID(d.achievement), int(d.version), d.issued, d.until})
	}
	slices.SortFunc(out, func(a, b span) int {
		return gocmp.Or(gocmp.Compare(a.From, b.From), gocmp.Compare(a.Achievement, b.Achievement))
	})
	return out
}

func TestFold(t *testing.T) {
	edited := func(policy ChangePolicy, until Instant) Achievement {
		a := stack("ab", All(Holds("a"), Holds("b"), Holds("c")))
		a.Lifecycle = Lifecycle{Status: InForce, EffectiveFrom: day(20), OnChange: policy, GraceUntil: until}
		return a
	}
	got := func(id ID, d int) Award { return Award{Achievement: id, IssuedAt: day(d)} }
	lapsing := func(id ID, from, until int) Award {
		return Award{Achievement: id, IssuedAt: day(from), ValidUntil: day(until)}
	}
	monthly := stack("monthly", Any(Holds("a"), Holds("echo")))
	monthly.Validity = Validity{Months: 1}
	monthlyTrue := stack("monthly", Holds("a"))
	monthlyTrue.Validity = Validity{Months: 1}
	follows := stack("ab", All(Holds("a"), Holds("b")))
	follows.FollowsParts = true
	fresh := stack("ab", Requirement{Op: OpHolds, Achievement: "a", FreshWithinMonths: 1})
	fresh.FollowsParts = true
	retired := stack("ab", All(Holds("a"), Holds("b")))
	retired.Lifecycle = Lifecycle{Status: Retired, EffectiveFrom: day(20)}
	months := Requirement{Op: OpTenure, Role: "analyst", Months: 2}
	draft := stack("ab", Holds("a"))
	draft.Status = Draft
	attests := badge("a")
	attests.Attests = []Attestation{{Competency: "sql", Level: 2}}

	rows := []struct {
		name        string
		world       []Achievement
		awards      []Award
		claims      []Claim
		assignments []Assignment
		horizon     Instant
		want        []span
	}{
		{
			name: "met when the last part comes", world: []Achievement{badge("a"), badge("b"), stack("ab", All(Holds("a"), Holds("b")))},
			awards: []Award{got("a", 3), got("b", 5)}, want: []span{{"ab", 1, day(5), Forever}},
		},
		{
			name: "not met", world: []Achievement{badge("a"), badge("b"), stack("ab", All(Holds("a"), Holds("b")))},
			awards: []Award{got("a", 3)},
		},
		{name: "published after the parts were earned", world: func() []Achievement {
			s := stack("ab", All(Holds("a"), Holds("b")))
			s.EffectiveFrom = day(10)
			return []Achievement{badge("a"), badge("b"), s}
		}(), awards: []Award{got("a", 3), got("b", 5)}, want: []span{{"ab", 1, day(10), Forever}}},
		{name: "a draft never fires", world: []Achievement{badge("a"), draft}, awards: []Award{got("a", 3)}},
		{
			name: "parts must be held together", world: []Achievement{badge("a"), badge("b"), stack("ab", All(Holds("a"), Holds("b")))},
			awards: []Award{lapsing("a", 3, 4), got("b", 5)},
		},
		{
			name: "a part that lapses later does not end it", world: []Achievement{badge("a"), badge("b"), stack("ab", All(Holds("a"), Holds("b")))},
			awards: []Award{lapsing("a", 3, 8), got("b", 5)}, want: []span{{"ab", 1, day(5), Forever}},
		},
		{
			name: "unless it follows its parts", world: []Achievement{badge("a"), badge("b"), follows},
			awards: []Award{lapsing("a", 3, 8), got("b", 5)}, want: []span{{"ab", 1, day(5), day(8)}},
		},
		{
			name: "which may also grow stale", world: []Achievement{badge("a"), fresh},
			awards: []Award{got("a", 3)}, want: []span{{"ab", 1, day(3), day(34) + 1}},
		},
		{
			name: "stacks of stacks at one instant", world: []Achievement{badge("a"), stack("z1", Holds("a")), stack("y2", Holds("z1")), stack("x3", Holds("y2"))},
			awards: []Award{got("a", 3)}, want: []span{{"x3", 1, day(3), Forever}, {"y2", 1, day(3), Forever}, {"z1", 1, day(3), Forever}},
		},
		{name: "a circle supports nothing", world: []Achievement{stack("x", Holds("y")), stack("y", Holds("x")), badge("a")}, awards: []Award{got("a", 2)}},
		{
			name: "a period that ends begins again while the rule holds", world: []Achievement{badge("a"), monthlyTrue}, horizon: day(70),
			awards: []Award{got("a", 3)}, want: []span{{"monthly", 1, day(3), day(34)}, {"monthly", 1, day(34), day(62)}, {"monthly", 1, day(62), day(93)}},
		},
		{
			name: "but not on its own echo", world: []Achievement{badge("a"), monthly, stack("echo", Holds("monthly"))}, horizon: day(70),
			awards: []Award{lapsing("a", 3, 10)}, want: []span{{"echo", 1, day(3), Forever}, {"monthly", 1, day(3), day(34)}},
		},
		{
			name: "an edit grandfathers", world: []Achievement{badge("a"), badge("b"), badge("c"), stack("ab", All(Holds("a"), Holds("b"))), edited(Grandfather, 0)},
			awards: []Award{got("a", 3), got("b", 5)}, want: []span{{"ab", 1, day(5), Forever}},
		},
		{
			name: "or re-evaluates", world: []Achievement{badge("a"), badge("b"), badge("c"), stack("ab", All(Holds("a"), Holds("b"))), edited(Reevaluate, 0)},
			awards: []Award{got("a", 3), got("b", 5)}, want: []span{{"ab", 1, day(5), day(20)}},
		},
		{
			name: "who passes keeps award and version", world: []Achievement{badge("a"), badge("b"), badge("c"), stack("ab", All(Holds("a"), Holds("b"))), edited(Reevaluate, 0)},
			awards: []Award{got("a", 3), got("b", 5), got("c", 6)}, want: []span{{"ab", 1, day(5), Forever}},
		},
		{
			name: "grace not used", world: []Achievement{badge("a"), badge("b"), badge("c"), stack("ab", All(Holds("a"), Holds("b"))), edited(Grace, day(30))},
			awards: []Award{got("a", 3), got("b", 5), got("c", 31)}, want: []span{{"ab", 1, day(5), day(30)}, {"ab", 2, day(31), Forever}},
		},
		{
			name: "grace used", world: []Achievement{badge("a"), badge("b"), badge("c"), stack("ab", All(Holds("a"), Holds("b"))), edited(Grace, day(30))},
			awards: []Award{got("a", 3), got("b", 5), got("c", 25)}, want: []span{{"ab", 1, day(5), Forever}},
		},
		{
			name: "retired: what is held stays", world: []Achievement{badge("a"), badge("b"), stack("ab", All(Holds("a"), Holds("b"))), retired},
			awards: []Award{got("a", 3), got("b", 5)}, want: []span{{"ab", 1, day(5), Forever}},
		},
		{
			name: "retired: nothing begins", world: []Achievement{badge("a"), badge("b"), stack("ab", All(Holds("a"), Holds("b"))), retired},
			awards: []Award{got("a", 3), got("b", 25)},
		},
		{
			name: "tenure is reached by time alone", world: []Achievement{stack("served", months)}, horizon: day(200),
			assignments: []Assignment{{Role: "analyst", From: day(3)}}, want: []span{{"served", 1, InstantOf(time.Date(2025, 3, 3, 12, 0, 0, 0, time.UTC)), Forever}},
		},
		{
			name: "a level from an award", world: []Achievement{attests, stack("l", AtLevel("sql", 2))},
			awards: []Award{got("a", 3)}, want: []span{{"l", 1, day(3), Forever}},
		},
		{
			name: "a declared claim is too weak", world: []Achievement{badge("a"), stack("l", AtLevel("sql", 2))},
			claims: []Claim{{Competency: "sql", Level: 3, Rigor: Declared, By: "self", At: day(3)}},
		},
		{
			name: "the latest claim of a source counts", world: []Achievement{badge("a"), stack("l", All(AtLevel("sql", 2), Holds("a")))},
			claims: []Claim{{Competency: "sql", Level: 3, Rigor: Assessed, By: "m", At: day(3)}, {Competency: "sql", Level: 1, Rigor: Assessed, By: "m", At: day(4)}},
			awards: []Award{got("a", 5)},
		},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			c := CompileBatch(foldWorld(r.world...))
			if r.horizon == 0 {
				r.horizon = day(100)
			}
			if diff := cmp.Diff(r.want, foldOf(t, c, r.horizon, r.awards, r.claims, r.assignments)); diff != "" {
				t.Errorf("derived awards (-want +got):\n%s", diff)
			}
		})
	}
}
