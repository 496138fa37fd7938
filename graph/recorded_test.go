package graph

import (
	"testing"
)

// Counts of an award whose prerequisite is enforced: from when the prerequisite
// held since the award was issued, also when it lapses later.
func TestEnforced(t *testing.T) {
	gate := func(id ID, r Requirement) Achievement {
		a := badge(id, Route{ID: "course", Kind: ByCourse, EffortMinutes: 60, Requires: &r})
		a.Enforce = true
		return a
	}
	monthly := stack("ab", All(Holds("a"), Holds("b")))
	monthly.FollowsParts = true
	served := Requirement{Op: OpTenure, Role: "analyst", Months: 1}
	rows := []struct {
		name   string
		awards []Award
		counts map[int]bool // of "gated", by day
	}{
		{"held when it was issued, and lapsed since", []Award{lapsing("a", 2, 10), got("gated", 5)}, map[int]bool{4: false, 5: true, 9: true, 10: true, 60: true}},
		{"held later, and lapsed since", []Award{got("gated", 5), lapsing("a", 8, 10)}, map[int]bool{5: false, 7: false, 8: true, 10: true}},
		{"lapsed before it was issued", []Award{lapsing("a", 2, 4), got("gated", 5)}, map[int]bool{5: false, 60: false}},
		{"never held", []Award{got("b", 2), got("gated", 5)}, map[int]bool{5: false, 60: false}},
		{"but not beyond its own end", []Award{lapsing("a", 2, 10), lapsing("gated", 5, 12)}, map[int]bool{11: true, 12: false}},
		{"through one that is enforced itself", []Award{lapsing("a", 2, 10), got("gated", 5), got("next", 20)}, map[int]bool{20: true}},
		{"by an award that followed its parts", []Award{lapsing("a", 2, 10), got("b", 3), got("other", 4)}, map[int]bool{}},
	}
	s, _, _ := commit(t, emptySnapshot(), foldWorld(
		badge("a"), badge("b"), gate("gated", Holds("a")), gate("next", Holds("gated")), monthly, gate("other", Holds("ab")), gate("tenured", served),
	))
	holds := func(s *Snapshot, id, achievement ID, at Instant) bool {
		p, err := s.Profile(id, at)
		if err != nil {
			t.Fatal(err)
		}
		i, _ := s.Catalog.Achievement(achievement)
		return p.Holds(i)
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			b := Batch{At: day(30), People: []Person{{"p"}}, Awards: r.awards}
			for i := range b.Awards {
				b.Awards[i].Person = "p"
			}
			s, _, _ := commit(t, s, b)
			for at, want := range r.counts {
				if got := holds(s, "p", "gated", day(at)); got != want {
					t.Errorf("on day %d it counts: %t, want %t", at, got, want)
				}
				p, _ := s.Profile("p", day(at))
				for i, e := range p.Evidence() {
					if e.Version.Enforce && e.Valid && p.PrerequisiteUnmet(int32(i)) == e.Counts {
						t.Errorf("on day %d %s counts: %t, and its prerequisite is said to be unmet: %t", at, e.Version.ID, e.Counts, !e.Counts)
					}
				}
			}
			last := r.awards[len(r.awards)-1].Achievement
			if last == "next" && (!holds(s, "p", "next", day(25)) || holds(s, "p", "next", day(19))) {
				t.Error("what requires it does not count from its own day")
			}
			if last == "other" && (!holds(s, "p", "other", day(4)) || !holds(s, "p", "other", day(40)) || holds(s, "p", "ab", day(40))) {
				t.Error("it does not count beyond the derived award that it required")
			}
		})
	}
	s, _, _ = commit(t, s, Batch{
		At: day(5), People: []Person{{"p"}}, Awards: []Award{{Person: "p", Achievement: "tenured", IssuedAt: day(3)}},
		Assignments: []Assignment{{Person: "p", Role: "analyst", Unit: "u", From: day(2)}},
	})
	if holds(s, "p", "tenured", day(32)) || !holds(s, "p", "tenured", day(33)) || !holds(s, "p", "tenured", day(90)) {
		t.Error("a tenure of a month from day 2 is not held from day 33 on")
	}
}

// What a recorded award leaves to the version is of the version that was in
// force when it was issued, also when that is published later.
func TestLatePublication(t *testing.T) {
	stricter := version(badge("a"), InForce, day(10))
	stricter.Validity, stricter.Issuer, stricter.Rigor = Validity{Months: 1}, "board", Proctored
	stricter.Attests = []Attestation{{"sql", 3}}
	first := foldWorld(badge("a"))
	first.Issuers = append(first.Issuers, Issuer{ID: "board"})
	joins := Batch{At: day(20), People: []Person{{"p"}}, Awards: []Award{
		{Person: "p", Achievement: "a", IssuedAt: day(12)},
		{Person: "p", Achievement: "a", IssuedAt: day(13), Version: 1, ValidUntil: Forever, Rigor: Declared, Issuer: "academy"},
		{Person: "p", Achievement: "a", IssuedAt: day(5)},
	}}
	edit := Batch{At: day(20), Achievements: []Achievement{stricter}}
	var answers [2][]Evidence
	for i, order := range [][]Batch{{first, edit, joins}, {first, joins, edit}} {
		s := emptySnapshot()
		for _, b := range order {
			s, _, _ = commit(t, s, b)
		}
		p, err := s.Profile("p", day(20))
		if err != nil {
			t.Fatal(err)
		}
		answers[i] = p.Evidence()
		for j, want := range []struct {
			version int
			until   Instant
			rigor   Rigor
			issuer  ID
		}{
			{1, Forever, Assessed, "academy"},
			{2, day(12).AddMonths(1, nil), Proctored, "board"},
			{1, Forever, Declared, "academy"},
		} {
			e := answers[i][j]
			if e.Version.Version != want.version || e.ValidUntil != want.until || e.Rigor != want.rigor || s.Catalog.IssuerEntry(e.Issuer).ID != want.issuer {
				t.Errorf("order %d, award %d: version %d until %s %s by %s, want %+v", i, j, e.Version.Version, e.ValidUntil, e.Rigor, s.Catalog.IssuerEntry(e.Issuer).ID, want)
			}
		}
		var again []Award // said in full by another source
		for _, e := range answers[i] {
			again = append(again, Award{
				Person: "p", Achievement: "a", IssuedAt: e.IssuedAt, Version: e.Version.Version, ValidUntil: e.ValidUntil,
				Rigor: e.Rigor, Issuer: s.Catalog.IssuerEntry(e.Issuer).ID,
			})
		}
		if _, _, r := commit(t, s, Batch{At: day(21), Awards: again}); r.Stored {
			t.Errorf("order %d: the same awards, said in full: %+v, want unchanged", i, r.Outcomes)
		}
	}
}

// The same fact with and without the issuer that it has is one fact.
func TestAwardIssuer(t *testing.T) {
	s, _, _ := commit(t, emptySnapshot(), foldWorld(badge("a")))
	s, _, _ = commit(t, s, Batch{At: day(20), People: []Person{{"p"}, {"q"}}, Awards: []Award{
		{Person: "p", Achievement: "a", IssuedAt: day(5)}, {Person: "q", Achievement: "a", IssuedAt: day(5), Issuer: "academy"},
	}})
	_, _, r := commit(t, s, Batch{At: day(21), Awards: []Award{
		{Person: "q", Achievement: "a", IssuedAt: day(5)}, {Person: "p", Achievement: "a", IssuedAt: day(5), Issuer: "academy"},
	}})
	for i, o := range r.Outcomes {
		if o.Result != Unchanged {
			t.Errorf("award %d, with the issuer the other way round: %s %v, want unchanged", i, o.Result, o.Err)
		}
	}
}
