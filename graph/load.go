package graph

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
)

// load is the snapshot of all that store has, but for names that the store gives
// later: whoever calls it sees to it that they are filled in.
func load(ctx context.Context, store Store) (s *Snapshot, err error) {
	l := newLoader()
	var rev Revision
	rows, late := store.(RowStore)
	if l.late = late; late {
		rev, err = rows.LoadRows(ctx, func(b Batch, r Rows) error {
			if err := l.add(&b); err != nil {
				return err
			}
			return l.rows(&r, b.At, b.Revision)
		})
	} else {
		rev, err = store.Load(ctx, func(b Batch) error { return l.add(&b) })
	}
	switch {
	case errors.Is(err, ErrInvalid):
		return nil, Unavailable("the stored facts do not fit together", err)
	case err != nil:
		return nil, err
	}
	s = l.finish(rev)
	if late {
		s.people.names = newNames(rows, rev, s.people.n)
	}
	return s, nil
}

// loader builds a snapshot from a store's content. It differs from applying
// batch after batch in that the catalog is compiled once and that everybody's
// facts end in a few great arrays.
type loader struct {
	reg          *registry
	people       *people
	at           Instant
	blocks       [][]person // the people, a chunk of them in each block
	awards       facts[award]
	derived      facts[award]
	claims       facts[claim]
	assignments  facts[assignment]
	lastPerson   ID
	lastIndex    uint32
	words        []rowWord // see rows
	achievements idTable
	late         bool // names come after the load
}

// facts are the facts of one kind in the order of loading, in blocks so that
// growing copies nothing, and the runs of them that belong to one person.
type facts[T any] struct {
	blocks [][]T
	runs   []run
}

// run is consecutive facts of one person in one block.
type run struct {
	person, block, from, n uint32
}

const factBlock = 1 << 16

func (f *facts[T]) add(person uint32, value T) {
	last := len(f.blocks) - 1
	if last < 0 || len(f.blocks[last]) == factBlock {
		f.blocks = append(f.blocks, make([]T, 0, factBlock))
		last++
	}
	at := uint32(len(f.blocks[last]))
	f.blocks[last] = append(f.blocks[last], value)
	if n := len(f.runs); n > 0 && f.runs[n-1].person == person && f.runs[n-1].block == uint32(last) {
		f.runs[n-1].n++
		return
	}
	f.runs = append(f.runs, run{person, uint32(last), at, 1})
}

// last is the value added last.
func (f *facts[T]) last() *T {
	b := f.blocks[len(f.blocks)-1]
	return &b[len(b)-1]
}

// each calls give with the facts of every person who has any, in the order of
// loading: those in one run as they lie, the others gathered. It calls give from
// several goroutines, once a person.
func (f *facts[T]) each(people uint32, give func(person uint32, values []T)) {
	count, runs := make([]uint32, people), make([]uint32, people)
	for _, r := range f.runs {
		count[r.person] += r.n
		runs[r.person]++
	}
	scattered := uint32(0)
	for i, n := range runs {
		if n > 1 {
			scattered += count[i]
		}
	}
	room := make([]T, scattered)
	values := make([][]T, people)
	for _, r := range f.runs {
		part := f.blocks[r.block][r.from : r.from+r.n : r.from+r.n]
		if runs[r.person] == 1 {
			values[r.person] = part
			continue
		}
		if values[r.person] == nil {
			n := count[r.person]
			values[r.person], room = room[:0:n], room[n:]
		}
		values[r.person] = append(values[r.person], part...)
	}
	var all sync.WaitGroup
	share := people/uint32(runtime.GOMAXPROCS(0)) + 1
	for from := uint32(0); from < people; from += share {
		all.Go(func() {
			for i := from; i < min(from+share, people); i++ {
				if len(values[i]) > 0 {
					give(i, values[i])
				}
			}
		})
	}
	all.Wait()
}

func newLoader() *loader {
	return &loader{reg: &registry{}, people: newPeople()}
}

// add takes one batch of a load.
func (l *loader) add(b *Batch) error {
	rev := b.Revision
	l.at = max(l.at, b.At)
	l.reg.add(b, rev)
	for _, p := range b.People {
		l.join(p.ID, b.At, rev)
	}
	for i := range b.Personal {
		if r := &b.Personal[i]; r.About.IsZero() {
			at, err := l.person(r.Person, b.At, rev)
			if err != nil {
				return err
			}
			if !l.late {
				name := r.Name
				l.personAt(at).name = &name
			}
		}
	}
	for i := range b.Assignments {
		a := &b.Assignments[i]
		at, err := l.person(a.Person, b.At, rev)
		if err != nil {
			return err
		}
		role, ok := l.reg.roles.find(a.Role)
		if !ok {
			return unknown(KindRole, a.Role, "the store is damaged")
		}
		l.assignments.add(at, assignment{id: a.ID, from: a.From, until: a.Until.End(), role: RoleIndex(role), unit: a.Unit, manager: a.Manager})
	}
	for i := range b.Awards {
		if err := l.award(&l.awards, &b.Awards[i], b.At, rev); err != nil {
			return err
		}
	}
	for i := range b.Claims {
		c := &b.Claims[i]
		at, err := l.person(c.Person, b.At, rev)
		if err != nil {
			return err
		}
		comp, ok := l.reg.competencies.find(c.Competency)
		if !ok {
			return unknown(KindCompetency, c.Competency, "the store is damaged")
		}
		l.claims.add(at, claim{id: c.ID, at: c.At, by: c.By, competency: CompetencyIndex(comp), level: c.Level, rigor: c.Rigor})
	}
	for i := range b.Derived {
		d := &b.Derived[i]
		if err := l.award(&l.derived, &d.Award, b.At, rev); err != nil {
			return err
		}
		if d.Change == Withdrawn {
			l.derived.last().version = 0 // see lastDerived
		}
	}
	return nil
}

// join adds a person, or does nothing if they are there.
func (l *loader) join(id ID, at Instant, rev Revision) {
	if _, ok := l.find(id); ok {
		return
	}
	if l.people.n%chunkSize == 0 {
		l.blocks = append(l.blocks, make([]person, chunkSize))
	}
	q := l.personAt(l.people.n)
	q.id, q.changed, q.changedAt = id, rev, at
	l.people.index.base.add(id, l.people.n)
	l.people.n++
}

func (l *loader) find(id ID) (uint32, bool) {
	return l.people.index.base.find(id, func(i uint32) ID { return l.personAt(i).id })
}

func (l *loader) personAt(i uint32) *person { return &l.blocks[i/chunkSize][i%chunkSize] }

// person is the position of a person; facts of one person often come together.
func (l *loader) person(id ID, at Instant, rev Revision) (uint32, error) {
	if id != l.lastPerson || id == "" {
		i, ok := l.find(id)
		if !ok {
			return 0, unknown(KindPerson, id, "the store is damaged")
		}
		l.lastPerson, l.lastIndex = id, i
	}
	if rev > 0 { // a name that comes by itself is not a change of its own
		q := l.personAt(l.lastIndex)
		q.changedAt, q.changed = at, rev
	}
	return l.lastIndex, nil
}

// award takes a stored award, whose fields are all filled.
func (l *loader) award(to *facts[award], a *Award, recorded Instant, rev Revision) error {
	at, err := l.person(a.Person, recorded, rev)
	if err != nil {
		return err
	}
	i, ok := l.reg.achievements.find(a.Achievement)
	if !ok {
		return unknown(KindAchievement, a.Achievement, "the store is damaged")
	}
	if n := len(l.reg.achievements.rows[i].value); a.Version < 0 || a.Version > n {
		return Invalid(string(a.Achievement), "an award names a version that is not stored; the store is damaged")
	}
	issuer, err := l.findIssuer(a.Issuer)
	if err != nil {
		return err
	}
	to.add(at, award{
		id: a.ID, issued: a.IssuedAt, until: a.ValidUntil, achievement: AchievementIndex(i), issuer: issuer,
		version: uint16(a.Version), source: a.Source, rigor: a.Rigor,
	})
	return nil
}

// findIssuer is the issuer of a stored award, None for the empty ID.
func (l *loader) findIssuer(id ID) (IssuerIndex, error) {
	if i, ok := l.reg.issuers.find(id); ok {
		return IssuerIndex(i), nil
	} else if id != "" {
		return None, unknown(KindIssuer, id, "the store is damaged")
	}
	return None, nil
}

// finish compiles what was loaded.
func (l *loader) finish(rev Revision) *Snapshot {
	s := &Snapshot{Revision: rev, At: l.at, Catalog: newCatalog(l.reg), people: l.people}
	n := l.people.n
	for at, block := range l.blocks {
		pages := make([]page, fanOut)
		c := new(chunk)
		for i := range min(n-uint32(at)*chunkSize, chunkSize) {
			c[i/fanOut] = &pages[i/fanOut]
			pages[i/fanOut][i%fanOut] = &block[i]
		}
		s.people.top = append(s.people.top, c)
	}
	l.awards.each(n, func(i uint32, as []award) {
		sortAwards(as)
		l.personAt(i).awards = as
	})
	l.derived.each(n, func(i uint32, as []award) { l.personAt(i).derived = lastDerived(as) })
	l.claims.each(n, func(i uint32, cs []claim) {
		q := l.personAt(i)
		q.claims = cs
		q.sort()
	})
	l.assignments.each(n, func(i uint32, as []assignment) {
		q := l.personAt(i)
		q.assignments = lastAssignments(as)
		q.sort()
	})
	s.people.index.ready = true
	return s
}

// sortAwards sorts by compareAwards. A few are sorted by what decides first, so
// that awards, which are great, are moved once: a million people's are in order
// three times sooner.
func sortAwards(as []award) {
	const few = 64
	if len(as) > few {
		slices.SortFunc(as, compareAwards)
		return
	}
	var keys [few]struct {
		issued Instant
		at     int
	}
	moved := false
	for i := range as {
		j, issued := i, as[i].issued
		for ; j > 0; j-- {
			k := &keys[j-1]
			if k.issued < issued || k.issued == issued && bytes.Compare(as[k.at].id[:], as[i].id[:]) <= 0 {
				break
			}
			keys[j] = *k
			moved = true
		}
		keys[j].issued, keys[j].at = issued, i
	}
	if !moved {
		return
	}
	var sorted [few]award
	for i := range as {
		sorted[i] = as[keys[i].at]
	}
	copy(as, sorted[:])
}

// lastDerived keeps of a person's derived awards the last recording of each id;
// one of version 0 says that it was withdrawn.
func lastDerived(as []award) []award {
	var out []award
	for i, a := range as {
		if a.version > 0 && !slices.ContainsFunc(as[i+1:], func(x award) bool { return x.id == a.id }) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, compareAwards)
	return out
}

// lastAssignments keeps the last of the assignments with the same id.
func lastAssignments(as []assignment) []assignment {
	if len(as) < 2 {
		return as
	}
	out := make([]assignment, 0, len(as))
	for i, a := range as {
		if !slices.ContainsFunc(as[i+1:], func(x assignment) bool { return x.id == a.id }) {
			out = append(out, a)
		}
	}
	return out
}
