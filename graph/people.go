package graph

import (
	"bytes"
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// person is what decides answers about one person. It is immutable once it is
// in a snapshot: a change makes another.
type person struct {
	id          ID
	name        *string // nil: see people.name
	changed     Revision
	changedAt   Instant // the time of recording of that revision
	awards      []award // as recorded; by issue instant, then id
	derived     []award // by the fold; by issue instant, then id
	claims      []claim // by instant, then id
	assignments []assignment
	wake        atomic.Pointer[wake] // see wakes
}

// award is an [Award]. Of a recorded one the version, until, rigor and issuer
// may be left to the version: zero, or the issuer [None]. See [Catalog.filled].
type award struct {
	id            FactID
	issued, until Instant
	achievement   AchievementIndex
	issuer        IssuerIndex
	version       uint16
	source        AwardSource
	rigor         Rigor
}

type claim struct {
	id         FactID
	at         Instant
	by         ID
	competency CompetencyIndex
	level      Level
	rigor      Rigor
}

type assignment struct {
	id          FactID
	from, until Instant // until is never zero
	role        RoleIndex
	unit        ID
	manager     ID
}

func compareAwards(a, b award) int {
	if a.issued != b.issued {
		return cmp.Compare(a.issued, b.issued)
	}
	return bytes.Compare(a.id[:], b.id[:])
}

// The people of a snapshot are a tree of fixed fan-out: a change copies the
// person, one page, one chunk and the short top, whatever the number of people.
const (
	fanOut    = 64
	chunkSize = fanOut * fanOut // people
)

type (
	page  [fanOut]*person
	chunk [fanOut]*page
)

type people struct {
	top   []*chunk
	n     uint32
	index *personIndex // shared by all snapshots of a store; see find
	order *personOrder // shared until somebody joins
	names *names       // as they were loaded
}

// personIndex maps IDs to positions. Positions are only ever added, so all
// snapshots share it: an older snapshot ignores positions beyond its own
// people. A position of a commit that is not stored, or never was, is told by
// the ID.
type personIndex struct {
	base  *idTable     // filled while loading, then read-only
	added sync.Map     // ID → uint32, since then
	under *personIndex // of a fork: the index of what it began with; otherwise nil
	ready bool         // loading has ended
}

func newPeople() *people {
	return &people{index: &personIndex{base: &idTable{}}, order: &personOrder{}, names: newNames(nil, 0, 0)}
}

func (p *people) at(i uint32) *person {
	return p.top[i/chunkSize][i/fanOut%fanOut][i%fanOut]
}

func (p *people) find(id ID) (uint32, bool) {
	if i, ok := p.loaded(id); ok && i < p.n {
		return i, true
	}
	for x := p.index; x != nil; x = x.under {
		if v, ok := x.added.Load(id); ok {
			if i := v.(uint32); i < p.n && p.at(i).id == id {
				return i, true
			}
		}
	}
	return 0, false
}

// loaded is the position of somebody who was there when loading ended.
func (p *people) loaded(id ID) (uint32, bool) {
	return p.index.base.find(id, func(i uint32) ID { return p.at(i).id })
}

func (x *personIndex) add(id ID, i uint32) {
	if x.ready {
		x.added.Store(id, i)
	} else {
		x.base.add(id, i)
	}
}

// forget takes out of the index who joined on the way from p to next, which is
// not to be, and did not join by the way to head either.
func (p *people) forget(next, head *people) {
	for i := p.n; i < next.n; i++ {
		if id := next.at(i).id; !head.has(id) {
			p.index.added.Delete(id)
		}
	}
}

func (p *people) has(id ID) bool {
	_, ok := p.find(id)
	return ok
}

// with is p with the given people in the place of those at the same positions;
// positions from p.n on, without gaps, are people who join. Cost: what it
// changes; copied counts the bytes.
func (p *people) with(changes map[uint32]*person) (next *people, copied int) {
	next = &people{top: slices.Clone(p.top), n: p.n, index: p.index, order: p.order, names: p.names}
	copied = len(p.top) * 8
	own := make(map[*page]bool, len(changes))
	ownChunk := make(map[*chunk]bool, 4)
	for i, q := range changes {
		ti, ci, pi := i/chunkSize, i/fanOut%fanOut, i%fanOut
		for uint32(len(next.top)) <= ti {
			next.top = append(next.top, nil)
		}
		c := next.top[ti]
		if c == nil || !ownChunk[c] {
			fresh := new(chunk)
			if c != nil {
				*fresh = *c
			}
			c = fresh
			ownChunk[c], next.top[ti] = true, c
			copied += fanOut * 8
		}
		g := c[ci]
		if g == nil || !own[g] {
			fresh := new(page)
			if g != nil {
				*fresh = *g
			}
			g = fresh
			own[g], c[ci] = true, g
			copied += fanOut * 8
		}
		g[pi] = q
		if i >= next.n {
			next.n = i + 1
		}
	}
	if next.n > p.n {
		next.order = &personOrder{}
	}
	return next, copied
}

// personOrder is the people by ID, computed when first asked for.
type personOrder struct {
	once   sync.Once
	sorted []uint32
}

func (p *people) byID() []uint32 {
	p.order.once.Do(func() {
		s := make([]uint32, p.n)
		for i := range s {
			s[i] = uint32(i)
		}
		slices.SortFunc(s, func(a, b uint32) int { return cmp.Compare(p.at(a).id, p.at(b).id) })
		p.order.sorted = s
	})
	return p.order.sorted
}
