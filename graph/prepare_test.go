package graph

import (
	"errors"
	"slices"
	"testing"
)

// The outcome of an award says whether its prerequisite held when it was
// issued, by all that the batch says, and by nothing that rests on the award.
func TestPrerequisiteUnmet(t *testing.T) {
	asks := func(id ID, r Requirement) Achievement {
		return badge(id, Route{ID: "course", Kind: ByCourse, EffortMinutes: 60, Requires: &r})
	}
	self := asks("self", AtLevel("sql", 2))
	self.Attests = []Attestation{{"sql", 2}}
	round := asks("round", Holds("echo"))
	b := Holds("b")
	round.Routes = append(round.Routes, Route{ID: "other", Kind: ByCourse, EffortMinutes: 60, Requires: &b})
	other := badge("other")
	other.Attests = self.Attests
	s, _, _ := commit(t, emptySnapshot(), foldWorld(
		badge("a"), stack("ab", Holds("a")), asks("gated", Holds("ab")), self,
		stack("echo", Holds("round")), badge("b"), round, other,
	))
	s, _, _ = commit(t, s, Batch{At: day(2), People: []Person{{"p"}}})
	rows := []struct {
		name   string
		awards []Award
		want   []bool
	}{
		{"met by what derives from the same batch", []Award{got("gated", 5), got("a", 3)}, []bool{false, false}},
		{"not by what comes later", []Award{got("gated", 5), got("a", 6)}, []bool{true, false}},
		{"also beyond the time of recording", []Award{got("gated", 50), got("a", 40)}, []bool{false, false}},
		{"not by itself", []Award{got("self", 5)}, []bool{true}},
		{"not by what derives from it", []Award{got("round", 5)}, []bool{true}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			for i := range r.awards {
				r.awards[i].Person = "p"
			}
			next, _, receipt := commit(t, s, Batch{At: day(20), Awards: r.awards})
			p, err := next.Profile("p", day(60))
			if err != nil {
				t.Fatal(err)
			}
			p.MarkPrerequisites()
			for i, want := range r.want {
				if got := receipt.Outcomes[i].PrerequisiteUnmet; got != want {
					t.Errorf("award %d: prerequisite unmet is %t, want %t", i, got, want)
				}
				for _, e := range p.Evidence() {
					if e.Version.ID == "self" && !e.PrereqUnmet {
						t.Error("the profile takes the award for its own prerequisite")
					}
				}
			}
		})
	}
}

func TestRefusedFacts(t *testing.T) {
	planned := version(badge("a"), Draft, day(10))
	s, _, _ := commit(t, emptySnapshot(), foldWorld(badge("a"), planned))
	s, _, _ = commit(t, s, Batch{At: day(2), People: []Person{{"p"}}})
	for name, b := range map[string]Batch{
		"an award of a draft":            {Awards: []Award{{Person: "p", Achievement: "a", Version: 2, IssuedAt: day(12)}}},
		"a name of nobody":               {Personal: []Personal{{Person: "q", Name: "Q"}}},
		"an award by nobody that exists": {Awards: []Award{{Person: "p", Achievement: "a", Issuer: "who", IssuedAt: day(12)}}},
	} {
		b.At = day(20)
		next, _, err := s.prepare(&request{batch: b})
		if !errors.Is(err, ErrInvalid) || next != nil {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

// A personal record that is not stored says so, like any other fact.
func TestPersonalOutcomes(t *testing.T) {
	s, _, _ := commit(t, emptySnapshot(), foldWorld(badge("a")))
	known := Award{Person: "p", Achievement: "a", IssuedAt: day(3)}
	s, _, _ = commit(t, s, Batch{At: day(4), People: []Person{{"p"}}, Personal: []Personal{{Person: "p", Name: "P"}}, Awards: []Award{known}})
	bad := Award{Person: "p", Achievement: "unknown", IssuedAt: day(5)}
	good := Award{Person: "p", Achievement: "a", IssuedAt: day(5)}
	id := func(a Award) FactID { return AwardID(a.Person, a.Achievement, a.IssuedAt, "") }
	evidence := []string{"https://example.org/1"}
	r := &request{options: CommitOptions{Partial: true}, batch: Batch{
		At: day(6), Awards: []Award{known, bad, good},
		Personal: []Personal{
			{Person: "q", Name: "Q"},
			{Person: "p", Name: "P"},
			{Person: "p", Name: "P. P."},
			{Person: "p", About: id(known), Evidence: evidence},
			{Person: "p", About: id(bad), Evidence: evidence},
			{Person: "p", About: id(good), Evidence: evidence},
			{Person: "q", About: id(good), Evidence: evidence},
		},
	}}
	_, stored, err := s.prepare(r)
	if err != nil {
		t.Fatal(err)
	}
	var got []Result
	for _, o := range r.receipt.Outcomes[3:] {
		got = append(got, o.Result)
		if (o.Result == Refused) != (o.Err != nil) {
			t.Errorf("%s with the error %v", o.Result, o.Err)
		}
	}
	want := []Result{Refused, Unchanged, Recorded, Unchanged, Refused, Recorded, Refused}
	if !slices.Equal(got, want) || len(stored.Personal) != 2 {
		t.Errorf("outcomes %v with %d records stored, want %v with 2", got, len(stored.Personal), want)
	}
}
