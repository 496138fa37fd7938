package graph

import "slices"

// Settled reports whether the automatic awards of a person that began by an
// instant are those that commits recorded: false when, with no further fact, one
// begins or ends otherwise between the newest commit and the instant. Nobody who
// is not known is settled. Cost: at most two folds of the person's facts.
func (s *Snapshot) Settled(person ID, at Instant) bool {
	i, ok := s.people.find(person)
	if !ok {
		return false
	}
	q := s.people.at(i)
	begun := func(awards []award) []award {
		return slices.DeleteFunc(slices.Clone(awards), func(a award) bool { return a.issued > at })
	}
	return slices.Equal(begun(q.derived), begun(s.foldedAt(q, at).derived))
}
