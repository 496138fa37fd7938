package graph

import (
	"iter"
	"slices"
)

// Snapshot is one catalog and everybody's facts at one revision. It is
// immutable and safe for concurrent use; a later one shares with it what did
// not change.
type Snapshot struct {
	Revision Revision
	At       Instant // the time of recording of the newest commit
	Catalog  *Catalog
	people   *people
	copied   int // bytes of people copied to make it from its predecessor
}

// wake remembers, for one catalog, from when on a person's kept derived awards
// no longer suffice, and before that from when on the recorded ones count.
type wake struct {
	catalog *Catalog
	at      Instant
	counts  []Instant
}

// wakes is the earliest instant at which q's kept derived awards are no longer
// what the fold says: the first period that they lack or end otherwise, and
// without one the first instant after recorded at which the fold goes on. It
// folds q once per catalog.
func (q *person) wakes(c *Catalog, recorded Instant) *wake {
	if w := q.wake.Load(); w != nil && w.catalog == c {
		return w
	}
	by := fold(c, q, recorded)
	w := &wake{c, by.next, by.counts}
	for _, f := range by.derived {
		k := slices.IndexFunc(q.derived, func(x award) bool { return x.id == f.id })
		switch {
		case k < 0:
			w.at = min(w.at, f.issued)
		case q.derived[k] != f:
			w.at = min(w.at, parting(f, q.derived[k]))
		}
	}
	q.wake.Store(w)
	return w
}

// parting is the first instant at which it matters which of two different
// recordings of a period is taken.
func parting(a, b award) Instant {
	until := min(a.until, b.until)
	if a.until = b.until; a == b {
		return until
	}
	return min(a.issued, b.issued)
}

// foldedAt is what the fold says of q that decides at an instant.
func (s *Snapshot) foldedAt(q *person, at Instant) conclusion {
	if len(s.Catalog.automatic) == 0 && !s.Catalog.enforcing {
		return conclusion{derived: q.derived}
	}
	if w := q.wakes(s.Catalog, s.At); at < w.at {
		return conclusion{derived: q.derived, counts: w.counts}
	}
	return fold(s.Catalog, q, at)
}

// Profile is what a person holds at an instant, by the facts of this snapshot.
// Errors: [ErrNotFound]. Cost: linear in the person's facts; a fold of them
// when automatic awards begin between the last commit and the instant.
func (s *Snapshot) Profile(id ID, at Instant) (*Profile, error) {
	i, ok := s.people.find(id)
	if !ok {
		return nil, NotFound(KindPerson, id)
	}
	q := s.people.at(i)
	return newProfile(s.Catalog, q, s.foldedAt(q, at), at), nil
}

// PersonEntry is what a snapshot knows of a person besides awards and claims.
type PersonEntry struct {
	ID          ID
	Name        string // empty if none was recorded or it was erased
	Changed     Revision
	Assignments []Assignment // by start
}

// Person finds a person.
func (s *Snapshot) Person(id ID) (PersonEntry, bool) {
	i, ok := s.people.find(id)
	if !ok {
		return PersonEntry{}, false
	}
	return s.entry(i), true
}

// Name is the name of a person; empty if the person or the name is not known.
func (s *Snapshot) Name(id ID) string {
	if i, ok := s.people.find(id); ok {
		return s.people.name(i)
	}
	return ""
}

func (s *Snapshot) entry(i uint32) PersonEntry {
	q := s.people.at(i)
	e := PersonEntry{ID: q.id, Name: s.people.name(i), Changed: q.changed}
	for _, a := range q.assignments {
		e.Assignments = append(e.Assignments, Assignment{
			ID: a.id, Person: q.id, Role: s.Catalog.RoleID(a.role), Unit: a.unit, Manager: a.manager, From: a.from, Until: a.until,
		})
	}
	return e
}

// CountPeople is the number of people ever recorded.
func (s *Snapshot) CountPeople() int { return int(s.people.n) }

// People are all people whose ID is greater than after, by ID. The first call
// after somebody joined sorts the people.
func (s *Snapshot) People(after ID) iter.Seq[PersonEntry] {
	return func(yield func(PersonEntry) bool) {
		s.people.names.wait()
		order := s.people.byID()
		from, found := slices.BinarySearchFunc(order, after, func(i uint32, id ID) int {
			switch x := s.people.at(i).id; {
			case x < id:
				return -1
			case x > id:
				return 1
			}
			return 0
		})
		if found {
			from++
		}
		for _, i := range order[from:] {
			if !yield(s.entry(i)) {
				return
			}
		}
	}
}

// Facts are the recorded facts of everybody, a batch per person by ID, with
// names and without evidence; derived awards are left out.
func (s *Snapshot) Facts() iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		s.people.names.wait()
		for _, i := range s.people.byID() {
			q := s.people.at(i)
			e := s.entry(i)
			b := Batch{People: []Person{{ID: q.id}}, Assignments: e.Assignments}
			if e.Name != "" {
				b.Personal = []Personal{{Person: q.id, Name: e.Name}}
			}
			for j := range q.awards {
				b.Awards = append(b.Awards, s.Catalog.unpackAward(q.id, &q.awards[j]))
			}
			for _, cl := range q.claims {
				b.Claims = append(b.Claims, Claim{
					ID: cl.id, Person: q.id, Competency: s.Catalog.CompetencyID(cl.competency),
					Level: cl.level, Rigor: cl.rigor, By: cl.by, At: cl.at,
				})
			}
			if !yield(b) {
				return
			}
		}
	}
}

// apply is s after b, which is as it was stored at revision rev. Cost: what b
// changes; a batch with catalog entries compiles the catalog anew.
func (s *Snapshot) apply(b *Batch, rev Revision) (*Snapshot, error) {
	next := &Snapshot{Revision: rev, At: max(s.At, b.At), Catalog: s.Catalog, people: s.people}
	if b.HasCatalog() {
		reg := s.Catalog.reg.clone()
		reg.add(b, rev)
		next.Catalog = newCatalog(reg)
	}
	ed := newEditor(next.Catalog, s.people, rev, next.At)
	if err := ed.batch(b); err != nil {
		return nil, err
	}
	next.people, next.copied = ed.done()
	return next, nil
}

// editor gathers the people that a batch changes.
type editor struct {
	catalog *Catalog
	at      Instant
	people  *people
	rev     Revision
	n       uint32
	changes map[uint32]*person
	joined  map[ID]uint32
}

func newEditor(c *Catalog, p *people, rev Revision, at Instant) *editor {
	return &editor{catalog: c, at: at, people: p, rev: rev, n: p.n, changes: make(map[uint32]*person), joined: make(map[ID]uint32)}
}

// find is a person as the batch leaves them so far; nil if there is none.
func (e *editor) find(id ID) *person {
	if i, ok := e.joined[id]; ok {
		return e.changes[i]
	}
	i, ok := e.people.find(id)
	if !ok {
		return nil
	}
	if q := e.changes[i]; q != nil {
		return q
	}
	return e.people.at(i)
}

// name is somebody's name as the batch leaves it so far.
func (e *editor) name(id ID) string {
	if q := e.find(id); q != nil && q.name != nil {
		return *q.name
	}
	if i, ok := e.people.find(id); ok {
		return e.people.name(i)
	}
	return ""
}

// edit is a copy of a person that may be changed; nil if there is none.
func (e *editor) edit(id ID) *person {
	if i, ok := e.joined[id]; ok {
		return e.changes[i]
	}
	i, ok := e.people.find(id)
	if !ok {
		return nil
	}
	if q := e.changes[i]; q != nil {
		return q
	}
	old := e.people.at(i)
	q := &person{
		id: old.id, name: old.name, changed: e.rev, changedAt: e.at, awards: slices.Clone(old.awards), derived: slices.Clone(old.derived),
		claims: slices.Clone(old.claims), assignments: slices.Clone(old.assignments),
	}
	e.changes[i] = q
	return q
}

// join adds a person, or does nothing if they are there.
func (e *editor) join(id ID) {
	if e.find(id) != nil {
		return
	}
	e.changes[e.n] = &person{id: id, changed: e.rev, changedAt: e.at}
	e.joined[id] = e.n
	e.n++
}

// done is the people after the edit, with the bytes copied for it. Who joined is
// in the index from here on.
func (e *editor) done() (next *people, copied int) {
	next, copied = e.people.with(e.changes)
	for _, q := range e.changes {
		copied += q.bytes()
	}
	for id, i := range e.joined {
		e.people.index.add(id, i)
	}
	return next, copied
}

// batch applies stored facts. An error is damage: a store handed over facts
// that do not fit together.
func (e *editor) batch(b *Batch) error {
	for _, p := range b.People {
		e.join(p.ID)
	}
	for i := range b.Personal {
		if r := &b.Personal[i]; r.About.IsZero() {
			if q := e.edit(r.Person); q != nil {
				name := r.Name // not a pointer into b, which would keep it
				q.name = &name
			}
		}
	}
	for i := range b.Assignments {
		if err := e.assignment(&b.Assignments[i]); err != nil {
			return err
		}
	}
	for i := range b.Awards {
		if err := e.award(&b.Awards[i]); err != nil {
			return err
		}
	}
	for i := range b.Claims {
		if err := e.claim(&b.Claims[i]); err != nil {
			return err
		}
	}
	for i := range b.Derived {
		if err := e.derivation(&b.Derived[i]); err != nil {
			return err
		}
	}
	return nil
}

func (e *editor) assignment(a *Assignment) error {
	packed, err := e.catalog.packAssignment(a)
	if err != nil {
		return err
	}
	q := e.edit(a.Person)
	if q == nil {
		return unknownPerson(a.Person)
	}
	q.assignments = slices.DeleteFunc(q.assignments, func(x assignment) bool { return x.id == a.ID })
	q.assignments = append(q.assignments, packed)
	q.sort()
	return nil
}

func (e *editor) award(a *Award) error {
	packed, err := e.catalog.packAward(a)
	if err != nil {
		return err
	}
	q := e.edit(a.Person)
	if q == nil {
		return unknownPerson(a.Person)
	}
	at, found := slices.BinarySearchFunc(q.awards, packed, compareAwards)
	if !found {
		q.awards = slices.Insert(q.awards, at, packed)
	}
	return nil
}

func (e *editor) claim(cl *Claim) error {
	packed, err := e.catalog.packClaim(cl)
	if err != nil {
		return err
	}
	q := e.edit(cl.Person)
	if q == nil {
		return unknownPerson(cl.Person)
	}
	if !slices.ContainsFunc(q.claims, func(x claim) bool { return x.id == cl.ID }) {
		q.claims = append(q.claims, packed)
		q.sort()
	}
	return nil
}

func (e *editor) derivation(d *Derivation) error {
	packed, err := e.catalog.packAward(&d.Award)
	if err != nil {
		return err
	}
	q := e.edit(d.Award.Person)
	if q == nil {
		return unknownPerson(d.Award.Person)
	}
	q.derived = slices.DeleteFunc(q.derived, func(x award) bool { return x.id == packed.id })
	if d.Change != Withdrawn {
		q.derived = append(q.derived, packed)
		slices.SortFunc(q.derived, compareAwards)
	}
	return nil
}

func unknownPerson(id ID) *Error {
	return unknown(KindPerson, id, "record the person first")
}

// bytes is about what a copy of q copies.
func (q *person) bytes() int {
	return 160 + 48*(len(q.awards)+len(q.derived)) + 56*len(q.claims) + 72*len(q.assignments)
}

// Refold folds everybody again and returns the people, by ID, whose kept derived
// awards are not what the fold says of the time up to their last change.
func (s *Snapshot) Refold() []ID {
	var out []ID
	for _, i := range s.people.byID() {
		q := s.people.at(i)
		if q.wakes(s.Catalog, q.changedAt).at <= q.changedAt || len(fold(s.Catalog, q, q.changedAt).derived) != len(q.derived) {
			out = append(out, q.id)
		}
	}
	return out
}
