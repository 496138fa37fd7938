package graph

import "iter"

// FactCounts is how many facts there are.
type FactCounts struct {
	People, Assignments, Awards, Derived, Claims int
}

// CountFacts counts the facts of everybody. Cost: linear in the people.
func (s *Snapshot) CountFacts() FactCounts {
	c := FactCounts{People: int(s.people.n)}
	for i := range s.people.n {
		q := s.people.at(i)
		c.Assignments += len(q.assignments)
		c.Awards += len(q.awards)
		c.Derived += len(q.derived)
		c.Claims += len(q.claims)
	}
	return c
}

// PeopleAt are the people at the positions from (inclusive) to to (exclusive) in
// the order of their IDs, of which there are [Snapshot.CountPeople]. Cost:
// linear in their number, but for the first call after somebody joined.
func (s *Snapshot) PeopleAt(from, to int) []PersonEntry {
	order := s.people.byID()
	from, to = max(from, 0), min(to, len(order))
	if from >= to {
		return nil
	}
	out := make([]PersonEntry, 0, to-from)
	for _, i := range order[from:to] {
		out = append(out, s.entry(i))
	}
	return out
}

// PeopleWith are the IDs of the people with an assignment that fits, in their
// order. The assignment is only lent to fits. Cost: linear in all assignments.
func (s *Snapshot) PeopleWith(fits func(*Assignment) bool) []ID {
	var out []ID
	var lent Assignment
	for _, i := range s.people.byID() {
		q := s.people.at(i)
		for j := range q.assignments {
			a := &q.assignments[j]
			lent = Assignment{
				ID: a.id, Person: q.id, Role: s.Catalog.RoleID(a.role), Unit: a.unit, Manager: a.manager, From: a.from, Until: a.until,
			}
			if fits(&lent) {
				out = append(out, q.id)
				break
			}
		}
	}
	return out
}

// Names are the IDs and names of everybody who has a name, by ID. They wait for
// the names, see [Live.Health].
func (s *Snapshot) Names() iter.Seq2[ID, string] {
	return func(yield func(ID, string) bool) {
		s.people.names.wait()
		for _, i := range s.people.byID() {
			if name := s.people.name(i); name != "" && !yield(s.people.at(i).id, name) {
				return
			}
		}
	}
}
