package filestore

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/cairn-skills/cairn/gen/cairn/store/v1"
	"github.com/cairn-skills/cairn/graph"
)

// partRoom bounds a part of the log by weight: a fact weighs 1 and a catalog
// entry entryWeight. A part of 4096 awards has about 150 kB, so that a reader
// holds little in memory and appending to a leaf of the log rewrites little.
const (
	partRoom    = 4096
	entryWeight = 8
)

// part is one part of a batch as the log keeps it.
type part struct {
	parts     int           // in part 0 the number of parts of the batch, otherwise 0
	batch     graph.Batch   // without Personal
	rows      graph.Rows    // awards that are not in batch
	personals []personalRow // what stands in the place of Personal
}

// personalRow refers to a sealed record.
type personalRow struct {
	graph.PersonalRef
	ordinal uint32 // its number among the personal records of the batch
	sum     [sumSize]byte
}

// split cuts b into parts that can be applied one after the other. Every batch
// has a part, also one that holds personal records only.
func split(b *graph.Batch, rows []personalRow) []part {
	rest := *b
	rest.Personal = nil
	var out []part
	for first := true; first || rest.Len() > 0 || len(rest.Derived) > 0 || len(rows) > 0; first = false {
		p := part{batch: graph.Batch{At: b.At}}
		if first {
			p.batch.Key, p.batch.If, p.batch.IfSet = b.Key, b.If, b.IfSet
			p.batch.Settings, rest.Settings = b.Settings, nil
		}
		room := partRoom
		take(&p.batch.Scales, &rest.Scales, &room, entryWeight)
		take(&p.batch.Conversions, &rest.Conversions, &room, entryWeight)
		take(&p.batch.Frameworks, &rest.Frameworks, &room, entryWeight)
		take(&p.batch.Issuers, &rest.Issuers, &room, entryWeight)
		take(&p.batch.Competencies, &rest.Competencies, &room, entryWeight)
		take(&p.batch.Achievements, &rest.Achievements, &room, entryWeight)
		take(&p.batch.Roles, &rest.Roles, &room, entryWeight)
		take(&p.batch.Ladders, &rest.Ladders, &room, entryWeight)
		take(&p.batch.People, &rest.People, &room, 1)
		take(&p.batch.Assignments, &rest.Assignments, &room, 1)
		take(&p.batch.Awards, &rest.Awards, &room, 1)
		take(&p.batch.Claims, &rest.Claims, &room, 1)
		take(&p.personals, &rows, &room, 1)
		take(&p.batch.Derived, &rest.Derived, &room, 1)
		out = append(out, p)
	}
	out[0].parts = len(out)
	return out
}

// take moves as many elements of rest into part as the room allows.
func take[T any](part, rest *[]T, room *int, weight int) {
	n := min(len(*rest), *room/weight)
	if n > 0 {
		*part = (*rest)[:n:n]
		*rest = (*rest)[n:]
		*room -= n * weight
	}
	if len(*rest) > 0 {
		*room = 0 // what follows must not overtake what is left
	}
}

// encode is p as bytes. The error is of class [graph.ErrInvalid]: a text that
// is not UTF-8 or an instant that cannot be represented.
func (p *part) encode() ([]byte, error) {
	b := &p.batch
	d := dictionary{index: make(map[string]uint32)}
	m := &storev1.Part{
		Parts: uint32(p.parts), Key: b.Key, IfSet: b.IfSet, IfRevision: uint64(b.If), At: int64(b.At),
		Catalog: packCatalog(b),
		People:  each(b.People, func(x graph.Person) uint32 { return d.add(x.ID) }),
	}
	m.Assignments = packAssignments(b.Assignments, &d)
	m.Awards = packAwards(len(b.Awards), func(i int) *graph.Award { return &b.Awards[i] }, &d)
	m.Claims = packClaims(b.Claims, &d)
	m.Personals = packPersonals(p.personals, &d)
	m.Derivations = packDerivations(b.Derived, &d)
	if d.err != nil {
		return nil, d.err
	}
	if len(d.lengths) > 0 {
		m.Dictionary = &storev1.Dictionary{Text: d.text.String(), Lengths: d.lengths}
	}
	out, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, &graph.Error{Class: graph.ErrInvalid, Reason: "INVALID", Message: "a text is not valid UTF-8", Cause: err}
	}
	return out, nil
}

// dictionary collects the strings of a part in the order of first use.
type dictionary struct {
	index   map[string]uint32
	text    strings.Builder
	lengths []uint32
	err     error // the first thing that could not be encoded
}

func (d *dictionary) add(id graph.ID) uint32 {
	if i, ok := d.index[string(id)]; ok {
		return i
	}
	if !utf8.ValidString(string(id)) {
		d.fail(fmt.Sprintf("the id %q is not valid UTF-8", string(id)))
	}
	i := uint32(len(d.lengths))
	d.index[string(id)] = i
	d.text.WriteString(string(id))
	d.lengths = append(d.lengths, uint32(len(id)))
	return i
}

func (d *dictionary) fail(message string) {
	if d.err == nil {
		d.err = graph.Invalid("batch", message)
	}
}

// endCode codes until relative to from: see Awards.valid_until in record.proto.
// The codes of 0 and [graph.Forever] are left out of those of the differences,
// so that every pair of instants has one.
func endCode(from, until graph.Instant) uint64 {
	switch until {
	case 0:
		return 0
	case graph.Forever:
		return 1
	}
	low, high := endGaps(from)
	code := zigzag(until - from)
	if code > high {
		code--
	}
	if code > low {
		code--
	}
	return code + 2
}

// endOf is the inverse of [endCode].
func endOf(from graph.Instant, code uint64) graph.Instant {
	switch code {
	case 0:
		return 0
	case 1:
		return graph.Forever
	}
	low, high := endGaps(from)
	code -= 2
	if code >= low {
		code++
	}
	if code >= high {
		code++
	}
	return from + graph.Instant(int64(code>>1)^-int64(code&1))
}

// endGaps are the zigzag codes that are left out.
func endGaps(from graph.Instant) (low, high uint64) {
	a, b := zigzag(-from), zigzag(graph.Forever-from)
	return min(a, b), max(a, b)
}

func zigzag(i graph.Instant) uint64 { return uint64(i)<<1 ^ uint64(i>>63) }

func packAssignments(rows []graph.Assignment, d *dictionary) *storev1.Assignments {
	if len(rows) == 0 {
		return nil
	}
	m := &storev1.Assignments{}
	last := graph.Instant(0)
	for i := range rows {
		a := &rows[i]
		m.Ids = append(m.Ids, a.ID[:]...)
		m.People = append(m.People, d.add(a.Person))
		m.Roles = append(m.Roles, d.add(a.Role))
		m.Units = append(m.Units, d.add(a.Unit))
		m.Managers = append(m.Managers, d.add(a.Manager))
		m.From = append(m.From, int64(a.From-last))
		m.Until = append(m.Until, endCode(a.From, a.Until))
		last = a.From
	}
	return m
}

func packAwards(n int, row func(int) *graph.Award, d *dictionary) *storev1.Awards {
	if n == 0 {
		return nil
	}
	m := &storev1.Awards{
		Ids: make([]byte, 0, 16*n), People: make([]uint32, n), Achievements: make([]uint32, n), Versions: make([]int64, n),
		IssuedAt: make([]int64, n), ValidUntil: make([]uint64, n), Sources: make([]byte, n), Rigors: make([]byte, n),
		Issuers: make([]uint32, n),
	}
	last := graph.Instant(0)
	for i := range n {
		a := row(i)
		m.Ids = append(m.Ids, a.ID[:]...)
		m.People[i] = d.add(a.Person)
		m.Achievements[i] = d.add(a.Achievement)
		m.Versions[i] = int64(a.Version)
		m.IssuedAt[i] = int64(a.IssuedAt - last)
		m.ValidUntil[i] = endCode(a.IssuedAt, a.ValidUntil)
		m.Sources[i] = byte(a.Source)
		m.Rigors[i] = byte(a.Rigor)
		m.Issuers[i] = d.add(a.Issuer)
		last = a.IssuedAt
	}
	return m
}

func packClaims(rows []graph.Claim, d *dictionary) *storev1.Claims {
	if len(rows) == 0 {
		return nil
	}
	m := &storev1.Claims{}
	last := graph.Instant(0)
	for i := range rows {
		c := &rows[i]
		m.Ids = append(m.Ids, c.ID[:]...)
		m.People = append(m.People, d.add(c.Person))
		m.Competencies = append(m.Competencies, d.add(c.Competency))
		m.Levels = append(m.Levels, byte(c.Level))
		m.Rigors = append(m.Rigors, byte(c.Rigor))
		m.By = append(m.By, d.add(c.By))
		m.At = append(m.At, int64(c.At-last))
		last = c.At
	}
	return m
}

func packPersonals(rows []personalRow, d *dictionary) *storev1.Personals {
	if len(rows) == 0 {
		return nil
	}
	m := &storev1.Personals{First: rows[0].ordinal}
	for i := range rows {
		r := &rows[i]
		m.People = append(m.People, d.add(r.Person))
		m.About = append(m.About, r.About[:]...)
		m.Sums = append(m.Sums, r.sum[:]...)
	}
	return m
}

func packDerivations(rows []graph.Derivation, d *dictionary) *storev1.Derivations {
	if len(rows) == 0 {
		return nil
	}
	m := &storev1.Derivations{Awards: packAwards(len(rows), func(i int) *graph.Award { return &rows[i].Award }, d)}
	for i := range rows {
		m.Changes = append(m.Changes, byte(rows[i].Change))
		m.Causes = append(m.Causes, rows[i].Cause[:]...)
	}
	return m
}

// errMalformed is the cause of every refusal to decode.
var errMalformed = errors.New("malformed")
