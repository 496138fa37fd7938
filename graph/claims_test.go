package graph

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestClaimsInParts: the claims at any positions are that part of all of them,
// and all of them are the recorded ones, by person and the latest first.
func TestClaimsInParts(t *testing.T) {
	people := []ID{"ada", "bo", "cy"}
	rapid.Check(t, func(t *rapid.T) {
		b := Batch{At: 1, Competencies: []Competency{{ID: "sql"}, {ID: "go"}}}
		for _, p := range people {
			b.People = append(b.People, Person{ID: p})
		}
		s, _, _ := commit(t, emptySnapshot(), b)
		facts := Batch{At: 2}
		for range rapid.IntRange(0, 12).Draw(t, "claims") {
			at := rapid.IntRange(1, 6).Draw(t, "at")
			facts.Claims = append(facts.Claims, Claim{
				Person: rapid.SampledFrom(people).Draw(t, "person"), Competency: rapid.SampledFrom([]ID{"sql", "go"}).Draw(t, "competency"),
				Level: Level(at % 2), By: rapid.SampledFrom([]ID{"self", "hr"}).Draw(t, "by"), At: Instant(at),
			})
		}
		s, _, _ = commit(t, s, facts)

		at := Instant(rapid.IntRange(1, 6).Draw(t, "as of"))
		all, total, err := s.Claims(ClaimQuery{At: at}, 0, 1000)
		if err != nil || total != len(all) {
			t.Fatalf("%d of %d claims, error %v", len(all), total, err)
		}
		var recorded, listed []string
		for f := range s.Facts() {
			for _, c := range f.Claims {
				if c.At <= at {
					recorded = append(recorded, c.ID.String())
				}
			}
		}
		counting := make(map[string]bool)
		for i, c := range all {
			listed = append(listed, c.ID.String())
			if c.Counts() {
				counting[c.ID.String()] = true
			}
			if i > 0 && (all[i-1].Person > c.Person || all[i-1].Person == c.Person && all[i-1].At < c.At) {
				t.Errorf("%v is after %v", c, all[i-1])
			}
		}
		slices.Sort(recorded)
		slices.Sort(listed)
		if diff := cmp.Diff(recorded, listed); diff != "" {
			t.Errorf("recorded and listed (-recorded +listed):\n%s", diff)
		}
		for _, p := range people { // what counts is what a profile says
			profile, err := s.Profile(p, at)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range profile.Evidence() {
				if e.Counts != counting[e.Fact.String()] {
					t.Errorf("claim %s of %s counts: %t in the list, %t in the profile", e.Fact, p, counting[e.Fact.String()], e.Counts)
				}
			}
		}
		from := rapid.IntRange(0, 13).Draw(t, "from")
		to := from + rapid.IntRange(0, 5).Draw(t, "size")
		part, n, err := s.Claims(ClaimQuery{At: at}, from, to)
		if err != nil || n != total {
			t.Fatalf("%d in all, error %v; want %d", n, err, total)
		}
		want := all[min(from, total):min(to, total)]
		if !slices.Equal(want, part) {
			t.Errorf("claims %d to %d are %v, want %v", from, to, part, want)
		}
		if _, _, err := s.Claims(ClaimQuery{Person: "nobody", At: at}, 0, 1); !errors.Is(err, ErrNotFound) {
			t.Errorf("of nobody: %v", err)
		}
	})
}
