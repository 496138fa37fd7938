package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// failer is what testing.TB and rapid.T have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// commit applies b as Live does, without a store, and returns what was stored.
func commit(tb failer, s *Snapshot, b Batch) (*Snapshot, Batch, Receipt) {
	tb.Helper()
	r := &request{batch: b}
	next, stored, err := s.prepare(r)
	if err != nil {
		tb.Fatalf("commit: %v", err)
	}
	if next == nil {
		return s, Batch{}, r.receipt
	}
	return next, *stored, r.receipt
}

// believed is what a snapshot says of a person at an instant, in words.
func believed(tb failer, s *Snapshot, id ID, at Instant) []string {
	tb.Helper()
	p, err := s.Profile(id, at)
	if err != nil {
		tb.Fatal(err)
	}
	var out []string
	for _, e := range p.Evidence() {
		if e.Version == nil {
			out = append(out, fmt.Sprintf("claim %s %d %s %t", s.Catalog.CompetencyID(e.Competency), e.Level, e.IssuedAt, e.Counts))
			continue
		}
		out = append(out, fmt.Sprintf("award %s %s from %s %s to %s %s valid %t counts %t",
			e.Fact, e.Version.ID, e.Version.EffectiveFrom, e.IssuedAt, e.ValidUntil, e.Rigor, e.Valid, e.Counts))
	}
	for _, c := range p.Competencies() {
		out = append(out, fmt.Sprintf("level %s %v", s.Catalog.CompetencyID(c), p.Levels(c)))
	}
	slices.Sort(out)
	return out
}

// arrivalWorld has stacks of stacks, a validity, a policy of each sort, a
// tenure, an enforced prerequisite, a circle, and versions of what is recorded
// that differ in what they attest and for how long.
func arrivalWorld() []Batch {
	a := badge("a")
	a.Attests = []Attestation{{"sql", 2}}
	b := badge("b")
	b.Validity = Validity{Months: 3}
	gated := badge("gated", Route{ID: "course", Kind: ByCourse, EffortMinutes: 60, Requires: &Requirement{Op: OpHolds, Achievement: "ab"}})
	gated.Enforce = true
	ab := stack("ab", All(Holds("a"), Holds("b")))
	ab.Validity = Validity{Months: 4}
	follows := stack("follows", AtLeast(2, Holds("a"), Holds("b"), Holds("c")))
	follows.FollowsParts = true
	first := foldWorld(a, b, badge("c"), gated, ab, follows,
		stack("top", All(Holds("ab"), AtLevel("sql", 2))), stack("x", Any(Holds("y"), Holds("c"))), stack("y", Holds("x")),
		stack("served", Requirement{Op: OpTenure, Role: "analyst", Months: 2}), stack("strict", Holds("gated")))
	edit := func(policy ChangePolicy, from, until Instant, requires Requirement) Batch {
		e := stack("ab", requires)
		e.Lifecycle = Lifecycle{Status: InForce, EffectiveFrom: from, OnChange: policy, GraceUntil: until}
		return Batch{At: day(1), Achievements: []Achievement{e}}
	}
	gone := version(badge("c"), Retired, day(70))
	gone.ReplacedBy = "b"
	back := version(stack("follows", AtLeast(2, Holds("a"), Holds("b"), Holds("c"))), InForce, day(100))
	less := version(badge("a"), InForce, day(45))
	less.Attests, less.Validity, less.Rigor = []Attestation{{"sql", 1}}, Validity{Months: 2}, Proctored
	open := version(gated, InForce, day(55))
	open.Enforce = false
	return []Batch{
		first,
		edit(Reevaluate, day(40), 0, AtLeast(2, Holds("a"), Holds("b"), Holds("c"))),
		edit(Grace, day(80), day(95), All(Holds("a"), Holds("c"))),
		edit(Grandfather, day(90), 0, AtLeast(2, Holds("b"), Holds("gated"), Holds("c"))),
		{At: day(1), Achievements: []Achievement{gone}},
		{At: day(1), Achievements: []Achievement{version(stack("follows", Holds("a")), Retired, day(50))}},
		{At: day(1), Achievements: []Achievement{back}},
		{At: day(1), Achievements: []Achievement{less}},
		{At: day(1), Achievements: []Achievement{version(badge("b"), InForce, day(35))}},
		{At: day(1), Achievements: []Achievement{open}},
	}
}

// Law 1: an answer depends on the facts and the time, never on the order of arrival.
func TestOrderOfArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var facts []Batch
		for i := range rapid.IntRange(1, 7).Draw(t, "facts") {
			// An instant each: what a source says twice of one instant is one
			// fact, and the second saying is refused or a correction.
			at := day(rapid.IntRange(2, 120).Draw(t, "day")) + Instant(i)
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0:
				level := Level(rapid.IntRange(0, 3).Draw(t, "level"))
				facts = append(facts, Batch{Claims: []Claim{{Person: "p", Competency: "sql", Level: level, Rigor: Assessed, By: "m", At: at}}})
			case 1:
				until := at + Instant(rapid.IntRange(1, 100).Draw(t, "stay"))*86_400_000
				facts = append(facts, Batch{Assignments: []Assignment{{Person: "p", Role: "analyst", Unit: "u", From: at, Until: until}}})
			default:
				id := rapid.SampledFrom([]ID{"a", "b", "c", "gated"}).Draw(t, "achievement")
				facts = append(facts, Batch{Awards: []Award{{Person: "p", Achievement: id, IssuedAt: at}}})
			}
		}
		world := arrivalWorld()
		// Catalogs are published in their order, facts anywhere between them.
		arrive := func(order, cuts []int, at Instant) *Snapshot {
			s := emptySnapshot()
			publish := func(b Batch) {
				b.At = at
				s, _, _ = commit(t, s, b)
			}
			publish(world[0])
			s, _, _ = commit(t, s, Batch{At: at, People: []Person{{"p"}}})
			for n, i := range order {
				for k, c := range cuts {
					if c == n {
						publish(world[k+1])
					}
				}
				f := facts[i]
				f.At = at
				r := &request{batch: f, options: CommitOptions{Partial: true}}
				next, _, err := s.prepare(r)
				if err != nil {
					t.Fatal(err)
				}
				if next != nil {
					s = next
				}
			}
			for k, c := range cuts {
				if c >= len(order) {
					publish(world[k+1])
				}
			}
			return s
		}
		plain := make([]int, len(facts))
		for i := range plain {
			plain[i] = i
		}
		last := slices.Repeat([]int{len(facts)}, len(world)-1)
		one := arrive(plain, last, day(60))
		cuts := slices.Clone(last)
		for i := range cuts {
			cuts[i] = rapid.IntRange(0, len(facts)).Draw(t, "edit")
		}
		two := arrive(rapid.Permutation(plain).Draw(t, "order"), cuts, day(rapid.IntRange(2, 150).Draw(t, "recorded")))
		for n := 0; n <= 150; n += 5 {
			at := day(n) + 10
			if diff := cmp.Diff(believed(t, one, "p", at), believed(t, two, "p", at)); diff != "" {
				t.Fatalf("at %s the order of arrival decides (-in order +otherwise):\n%s", at, diff)
			}
		}
		for name, s := range map[string]*Snapshot{"in order": one, "otherwise": two} {
			if bad := s.Refold(); len(bad) > 0 {
				t.Fatalf("%s: kept derived awards of %v are not the fold's", name, bad)
			}
		}
	})
}

// A snapshot loaded from what was stored answers like the one that stored it.
func TestLoadEqualsApply(t *testing.T) {
	s := emptySnapshot()
	var log []Batch
	do := func(b Batch) {
		var stored Batch
		var receipt Receipt
		if s, stored, receipt = commit(t, s, b); receipt.Stored {
			log = append(log, stored)
		}
	}
	for _, b := range arrivalWorld() {
		do(b)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 100 {
		id := ID(fmt.Sprintf("p%03d", i))
		do(Batch{At: day(30), People: []Person{{id}}, Personal: []Personal{{Person: id, Name: "Name " + string(id)}}})
		for range rnd.IntN(6) {
			do(Batch{At: day(31), Awards: []Award{{Person: id, Achievement: []ID{"a", "b", "c", "gated"}[rnd.IntN(4)], IssuedAt: day(2 + rnd.IntN(90))}}})
		}
		do(Batch{At: day(32), Assignments: []Assignment{{Person: id, Role: "analyst", Unit: "u", From: day(2), Until: day(20 + i)}}})
		do(Batch{At: day(33), Assignments: []Assignment{{Person: id, Role: "analyst", Unit: "u", From: day(2), Until: day(200)}}})
	}
	ld := newLoader()
	replayed := emptySnapshot()
	for i := range log {
		log[i].Revision = Revision(i + 1)
		if err := ld.add(&log[i]); err != nil {
			t.Fatal(err)
		}
		var err error
		if replayed, err = replayed.apply(&log[i], Revision(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	loaded := ld.finish(Revision(len(log)))
	for i := range 100 {
		id := ID(fmt.Sprintf("p%03d", i))
		a, _ := s.Person(id)
		for name, other := range map[string]*Snapshot{"loaded": loaded, "replayed": replayed} {
			b, ok := other.Person(id)
			if !ok {
				t.Fatalf("%s: %s is missing", name, id)
			}
			if diff := cmp.Diff(a, b); diff != "" {
				t.Fatalf("%s: %s (-committed +%s):\n%s", name, id, name, diff)
			}
			for _, at := range []Instant{day(10), day(60), day(90), day(150), day(400)} {
				if diff := cmp.Diff(believed(t, s, id, at), believed(t, other, id, at)); diff != "" {
					t.Fatalf("%s: %s at %s (-committed +%s):\n%s", name, id, at, name, diff)
				}
			}
		}
	}
	if bad := loaded.Refold(); len(bad) > 0 {
		t.Errorf("kept derived awards of %v are not the fold's", bad)
	}
}

// bigSnapshot has people × each awards of 200 badges, as loaded from a store.
func bigSnapshot(tb testing.TB, people, each int) *Snapshot {
	tb.Helper()
	var as []Achievement
	for i := range 200 {
		as = append(as, badge(ID(fmt.Sprintf("badge-%03d", i))))
	}
	as = append(as, stack("stack", AtLeast(3, Holds("badge-000"), Holds("badge-001"), Holds("badge-002"))))
	ld := newLoader()
	world := foldWorld(as...)
	(&registry{}).number(&world)
	world.Revision = 1
	if err := ld.add(&world); err != nil {
		tb.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for i := range people {
		id := ID(fmt.Sprintf("person-%07d", i))
		b := Batch{Revision: 2, At: day(2), People: []Person{{id}}}
		for j := range each {
			a := as[3+(i+j*7)%197].ID
			at := day(2) + Instant(rnd.IntN(1e9))
			b.Awards = append(b.Awards, Award{
				ID: AwardID(id, a, at, ""), Person: id, Achievement: a, Version: 1, IssuedAt: at, ValidUntil: Forever,
				Source: FromImport, Rigor: Assessed, Issuer: "academy",
			})
		}
		if err := ld.add(&b); err != nil {
			tb.Fatal(err)
		}
	}
	return ld.finish(2)
}

// A commit costs what it changed: 100 awards over a million copy no more than
// one part in a hundred of the bytes.
func TestCommitCopiesWhatItChanges(t *testing.T) {
	const people, each = 50_000, 20
	s := bigSnapshot(t, people, each)
	total := 0
	for i := range s.people.n {
		total += s.people.at(i).bytes()
	}
	b := Batch{At: day(100)}
	for i := range 100 {
		b.Awards = append(b.Awards, Award{Person: ID(fmt.Sprintf("person-%07d", i*499)), Achievement: "badge-000", IssuedAt: day(50)})
	}
	next, _, receipt := commit(t, s, b)
	t.Logf("%d awards: %d of %d bytes copied, %.3f %%", people*each, next.copied, total, 100*float64(next.copied)/float64(total))
	if !receipt.Stored || next.copied == 0 || next.copied*100 > total {
		t.Errorf("100 awards copied %d of %d bytes, more than 1 %%", next.copied, total)
	}
	if s.people.top[0][1] != next.people.top[0][1] {
		t.Error("a page that did not change is not shared")
	}
	old, _ := s.Profile("person-0000499", day(100))
	now, _ := next.Profile("person-0000499", day(100))
	if len(old.Evidence()) != each || len(now.Evidence()) != each+1 {
		t.Errorf("before %d, after %d awards; want %d and %d", len(old.Evidence()), len(now.Evidence()), each, each+1)
	}
}

func BenchmarkCommit100Over1M(b *testing.B) {
	s := bigSnapshot(b, 50_000, 20)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		batch := Batch{At: day(100)}
		for i := range 100 {
			batch.Awards = append(batch.Awards, Award{Person: ID(fmt.Sprintf("person-%07d", i*499)), Achievement: "badge-000", IssuedAt: day(50) + Instant(n)})
		}
		if _, _, err := s.prepare(&request{batch: batch}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProfile(b *testing.B) {
	s := bigSnapshot(b, 1000, 20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Profile("person-0000500", day(100)); err != nil {
			b.Fatal(err)
		}
	}
}
