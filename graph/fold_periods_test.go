package graph

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// within fails a test whose body does not end in time: the fold must not run for ever.
func within(t *testing.T, limit time.Duration, body func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); body() }()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("not done after %s", limit)
	}
}

func version(a Achievement, status Status, from Instant) Achievement {
	a.Lifecycle = Lifecycle{Status: status, EffectiveFrom: from}
	return a
}

func days(n int) Instant { return Instant(n) * 24 * 60 * 60 * 1000 }

func got(id ID, d int) Award { return Award{Achievement: id, IssuedAt: day(d)} }

func lapsing(id ID, from, until int) Award {
	return Award{Achievement: id, IssuedAt: day(from), ValidUntil: day(until)}
}

func TestFoldPeriods(t *testing.T) {
	dated := stack("ab", Holds("a"))
	dated.Validity = Validity{Until: day(10)}
	edit := func(requires Requirement, from Instant, policy ChangePolicy, until Instant) Achievement {
		a := stack("ab", requires)
		a.Lifecycle = Lifecycle{Status: InForce, EffectiveFrom: from, OnChange: policy, GraceUntil: until}
		return a
	}
	replacedBy := func(a Achievement, by ID) Achievement { a.ReplacedBy = by; return a }
	fresh := stack("ab", Requirement{Op: OpHolds, Achievement: "a", FreshWithinMonths: 1})
	fresh.FollowsParts = true
	abc := []Achievement{badge("a"), badge("b"), badge("c")}

	rows := []struct {
		name   string
		world  []Achievement
		awards []Award
		want   []span
	}{
		{
			name: "nothing begins after the date until which awards count", world: []Achievement{badge("a"), dated},
			awards: []Award{got("a", 12)},
		},
		{
			name: "nor again when it has come", world: []Achievement{badge("a"), dated},
			awards: []Award{got("a", 3)}, want: []span{{"ab", 1, day(3), day(10)}},
		},
		{
			name: "grace is settled by the version in force", world: append(abc[:3:3], stack("ab", Holds("a")),
				edit(Holds("b"), day(20), Grace, day(30)), edit(Holds("c"), day(25), Grandfather, 0)),
			awards: []Award{got("a", 3), got("c", 26)}, want: []span{{"ab", 1, day(3), Forever}},
		},
		{
			name: "not by one that no longer is", world: append(abc[:3:3], stack("ab", Holds("a")),
				edit(Holds("b"), day(20), Grace, day(30)), edit(Holds("c"), day(25), Grandfather, 0)),
			awards: []Award{got("a", 3), got("b", 26)}, want: []span{{"ab", 1, day(3), day(30)}},
		},
		{
			name: "a second grace leaves the first its end", world: append(abc[:3:3], stack("ab", Holds("a")),
				edit(Holds("b"), day(20), Grace, day(30)), edit(Holds("c"), day(25), Grace, day(60))),
			awards: []Award{got("a", 3), got("c", 40)}, want: []span{{"ab", 1, day(3), day(30)}, {"ab", 3, day(40), Forever}},
		},
		{
			name: "both are settled by the version in force", world: append(abc[:3:3], stack("ab", Holds("a")),
				edit(Holds("b"), day(20), Grace, day(30)), edit(Holds("c"), day(25), Grace, day(60))),
			awards: []Award{got("a", 3), got("c", 27)}, want: []span{{"ab", 1, day(3), Forever}},
		},
		{
			name: "one that is settled does not settle the next", world: append(abc[:3:3], stack("ab", Holds("a")),
				edit(Holds("b"), day(20), Grace, day(30)), edit(Holds("c"), day(25), Grace, day(60))),
			awards: []Award{got("a", 3), got("b", 22)}, want: []span{{"ab", 1, day(3), day(60)}},
		},
		{
			name: "a shorter second grace ends it earlier", world: append(abc[:3:3], stack("ab", Holds("a")),
				edit(Holds("b"), day(20), Grace, day(60)), edit(Holds("c"), day(25), Grace, day(30))),
			awards: []Award{got("a", 3)}, want: []span{{"ab", 1, day(3), day(30)}},
		},
		{
			name: "each of several versions is tested on its day", world: append(abc[:3:3], stack("ab", Holds("a")),
				edit(Holds("b"), day(20), Reevaluate, 0), edit(Holds("c"), day(25), Reevaluate, 0)),
			awards: []Award{got("a", 3), got("b", 5)}, want: []span{{"ab", 1, day(3), day(25)}},
		},
		{
			name: "a draft in between tests nothing", world: append(abc[:3:3], stack("ab", Holds("a")),
				version(stack("ab", Holds("b")), Draft, day(20)), edit(Holds("a"), day(25), Reevaluate, 0)),
			awards: []Award{got("a", 3)}, want: []span{{"ab", 1, day(3), Forever}},
		},
		{
			name: "retired, then in force again", world: []Achievement{
				badge("a"), stack("ab", Holds("a")),
				version(stack("ab", Holds("a")), Retired, day(20)), version(stack("ab", Holds("a")), InForce, day(40)),
			},
			awards: []Award{got("a", 25)}, want: []span{{"ab", 3, day(40), Forever}},
		},
		{
			name: "who holds the replaced one holds the other", world: []Achievement{replacedBy(badge("a"), "b"), badge("b"), stack("ab", Holds("b"))},
			awards: []Award{got("a", 3)}, want: []span{{"ab", 1, day(3), Forever}},
		},
		{
			name: "from when it is replaced", world: []Achievement{
				badge("a"), badge("b"), stack("ab", Holds("b")),
				replacedBy(version(badge("a"), Retired, day(20)), "b"),
			},
			awards: []Award{got("a", 3)}, want: []span{{"ab", 1, day(20), Forever}},
		},
		{
			name: "and does so while that is said again", world: []Achievement{
				badge("a"), badge("b"), stack("ab", Holds("b")),
				replacedBy(version(badge("a"), Retired, day(20)), "b"), replacedBy(version(badge("a"), Retired, day(40)), "b"),
			},
			awards: []Award{got("a", 3)}, want: []span{{"ab", 1, day(20), Forever}},
		},
		{
			name: "a draft replaces nothing", world: []Achievement{
				badge("a"), badge("b"), stack("ab", Holds("b")),
				replacedBy(version(badge("a"), Draft, day(2)), "b"),
			},
			awards: []Award{got("a", 3)},
		},
		{
			name: "a late publication of an earlier version does not undo it", world: []Achievement{
				badge("a"), badge("b"), stack("ab", Holds("b")),
				replacedBy(version(badge("a"), Retired, day(20)), "b"), version(badge("a"), InForce, day(10)),
			},
			awards: []Award{got("a", 3)}, want: []span{{"ab", 1, day(20), Forever}},
		},
		{
			name: "awards of before 1970 count from their day", world: []Achievement{version(badge("a"), InForce, -days(9000)), version(stack("ab", Holds("a")), InForce, -days(8000))},
			awards: []Award{{Achievement: "a", IssuedAt: -days(700)}}, want: []span{{"ab", 1, -days(700), Forever}},
		},
		{
			name: "what is held by replacement grows stale", world: []Achievement{replacedBy(badge("old"), "a"), badge("a"), badge("c"), fresh},
			awards: []Award{got("old", 3), got("c", 50)}, want: []span{{"ab", 1, day(3), day(34) + 1}},
		},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			within(t, 5*time.Second, func() {
				c := CompileBatch(foldWorld(r.world...))
				if diff := cmp.Diff(r.want, foldOf(t, c, day(100), r.awards, nil, nil)); diff != "" {
					t.Errorf("derived awards (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The fold of many achievements that begin again and again costs what they
// are, not every subset of them, also of those that follow their parts.
func TestFoldOfManyPeriods(t *testing.T) {
	within(t, 10*time.Second, func() {
		world := []Achievement{badge("a")}
		for i := range 12 {
			s := stack(ID(fmt.Sprintf("s%02d", i)), Holds("a"))
			s.Validity = Validity{Months: 1}
			f := stack(ID(fmt.Sprintf("t%02d", i)), All(Holds(s.ID), Holds(world[len(world)-1].ID)))
			f.FollowsParts = true
			world = append(world, s, f)
		}
		c := CompileBatch(foldWorld(world...))
		if got := foldOf(t, c, day(3650), []Award{got("a", 3)}, nil, nil); len(got) < 12*119+12 {
			t.Errorf("%d periods, want one a month of twelve stacks in ten years, and of twelve that follow them", len(got))
		}
	})
}

// Folding, without an achievement, only what the rules say can support it
// gives what folding everything else gives.
func TestFoldUnaided(t *testing.T) {
	autos := []ID{"x", "y", "z"}
	rapid.Check(t, func(t *rapid.T) {
		needs := Holds("y")
		gated := badge("gated", Route{ID: "course", Kind: ByCourse, Requires: &needs})
		gated.Enforce = true
		world := []Achievement{badge("a"), badge("b"), gated}
		for _, id := range autos {
			of := make([]Requirement, 0, 3)
			for _, h := range rapid.SliceOfNDistinct(rapid.SampledFrom([]ID{"a", "b", "x", "y", "z", "gated"}), 1, 3, rapid.ID).Draw(t, "of") {
				of = append(of, Holds(h))
			}
			s := stack(id, AtLeast(rapid.IntRange(1, len(of)).Draw(t, "k"), of...))
			s.Validity.Months = rapid.IntRange(0, 2).Draw(t, "months")
			s.FollowsParts = rapid.Bool().Draw(t, "follows")
			world = append(world, s)
		}
		c := CompileBatch(foldWorld(world...))
		q := &person{id: "p"}
		for i := range rapid.IntRange(1, 4).Draw(t, "awards") {
			from := rapid.IntRange(2, 60).Draw(t, "from")
			a := lapsing(rapid.SampledFrom([]ID{"a", "b", "x", "gated"}).Draw(t, "id"), from, from+rapid.IntRange(1, 90).Draw(t, "for"))
			a.ID = AwardID("p", a.Achievement, a.IssuedAt, fmt.Sprint(i))
			w, err := c.packAward(&a)
			if err != nil {
				t.Fatal(err)
			}
			q.awards = append(q.awards, w)
		}
		q.sort()
		folded := func(always bool) []period {
			g := newFolding(c, q, c.candidates(q))
			for _, from := range g.autos {
				for _, to := range g.autos {
					if g.touchedBy(from); always {
						g.touches[from][to] = true
					}
				}
			}
			f := g.folder(g.autos)
			f.run(day(300))
			return f.periods
		}
		if diff := cmp.Diff(folded(true), folded(false), cmp.AllowUnexported(period{}, award{})); diff != "" {
			t.Errorf("everything (-) and what can support it (+):\n%s", diff)
		}
	})
}

// Two periods that ended otherwise than the kept ones say are both seen to
// have ended, at every instant since.
func TestKeptPeriodsThatEnded(t *testing.T) {
	first, second := stack("first", Holds("a")), stack("second", Holds("b"))
	first.FollowsParts, second.FollowsParts = true, true
	s, _, _ := commit(t, emptySnapshot(), foldWorld(badge("a"), badge("b"), first, second))
	s, _, _ = commit(t, s, Batch{At: day(5), People: []Person{{"p"}, {"q"}}, Awards: []Award{
		{Person: "p", Achievement: "a", IssuedAt: day(3), ValidUntil: day(15)},
		{Person: "p", Achievement: "b", IssuedAt: day(4), ValidUntil: day(20)},
	}})
	s, _, _ = commit(t, s, Batch{At: day(30), Awards: []Award{{Person: "q", Achievement: "a", IssuedAt: day(30)}}})
	i, _ := s.Catalog.Achievement("first")
	for _, row := range []struct {
		at   int
		want bool
	}{{10, true}, {17, false}, {25, false}, {40, false}} {
		p, err := s.Profile("p", day(row.at))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Holds(i); got != row.want {
			t.Errorf("on day %d it counts: %t, want %t", row.at, got, row.want)
		}
	}
}

// The end of a derived period that is still live is the one that it began with,
// whether what ended it earlier was recorded before or after that end.
func TestEndOfALivePeriod(t *testing.T) {
	follows := stack("follows", Holds("a"))
	follows.FollowsParts = true
	follows.Validity.Months = 2
	for _, recorded := range []int{5, 30, 300} {
		s, _, _ := commit(t, emptySnapshot(), foldWorld(badge("a"), follows))
		award := lapsing("a", 3, 15)
		award.Person = "p"
		s, _, _ = commit(t, s, Batch{At: day(recorded), People: []Person{{"p"}}, Awards: []Award{award}})
		for at, want := range map[int]Instant{10: day(3 + 59), 20: day(15)} {
			p, err := s.Profile("p", day(at))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range p.Evidence() {
				if e.Derived && (e.ValidUntil != want || e.Valid != (at < 15)) {
					t.Errorf("recorded on day %d, as of day %d: valid until %s (%t), want %s", recorded, at, e.ValidUntil, e.Valid, want)
				}
			}
			if n := len(p.Evidence()); n != 2 {
				t.Errorf("%d awards, want 2", n)
			}
		}
	}
}
