package graph

import "testing"

// A month of tenure is reached on day 33: with no commit since day 5, the award
// that follows is not recorded.
func TestSettled(t *testing.T) {
	s, _, _ := commit(t, emptySnapshot(), foldWorld(badge("a"),
		stack("loyal", Requirement{Op: OpTenure, Role: "analyst", Months: 1}), stack("copy", Holds("a"))))
	s, _, _ = commit(t, s, Batch{
		At: day(5), People: []Person{{"p"}, {"q"}}, Awards: []Award{{Person: "p", Achievement: "a", IssuedAt: day(3)}, {Person: "q", Achievement: "a", IssuedAt: day(20)}},
		Assignments: []Assignment{{Person: "p", Role: "analyst", Unit: "u", From: day(2)}},
	})
	expect := func(person ID, on int, want bool) {
		t.Helper()
		if got := s.Settled(person, day(on)); got != want {
			t.Errorf("%s is settled on day %d: %t, want %t", person, on, got, want)
		}
	}
	expect("p", 1, true)
	expect("p", 5, true)
	expect("p", 32, true)
	expect("p", 33, false)
	expect("p", 400, false)
	expect("q", 19, true)
	expect("q", 20, false) // an award of a later day, and what follows from it
	expect("nobody", 5, false)
	s, _, _ = commit(t, s, Batch{At: day(40), Awards: []Award{{Person: "p", Achievement: "a", IssuedAt: day(39)}}})
	expect("p", 400, true)
}
