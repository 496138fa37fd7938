package graph

import (
	"errors"
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
