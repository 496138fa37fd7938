package filestore

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/cairn-skills/cairn/gen/cairn/store/v1"
	"github.com/cairn-skills/cairn/graph"
)

// decode reads what encode wrote, with the awards in rows, for which it uses out
// if that has the room. Memory is linear in len(data); nothing of data is kept.
// Strings of the facts share the memory of the part's dictionary, except the ids
// of People, which are kept longest.
func decode(data []byte, out []graph.AwardRow) (*part, error) {
	data, awards, err := cutAwards(data)
	if err != nil {
		return nil, err
	}
	var m storev1.Part
	if err := proto.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%w part: %w", errMalformed, err)
	}
	d, err := unpackDictionary(m.GetDictionary())
	if err != nil {
		return nil, err
	}
	p := &part{parts: int(m.GetParts())}
	b := &p.batch
	b.Key, b.IfSet, b.If, b.At = m.GetKey(), m.GetIfSet(), graph.Revision(m.GetIfRevision()), graph.Instant(m.GetAt())
	if m.GetCatalog() != nil {
		unpackCatalog(m.GetCatalog(), b)
	}
	b.People = unpackPeople(m.GetPeople(), d)
	b.Assignments = unpackAssignments(m.GetAssignments(), d)
	p.rows = graph.Rows{Words: d.ids, Awards: readAwards(awards, d, out)}
	b.Claims = unpackClaims(m.GetClaims(), d)
	p.personals = unpackPersonals(m.GetPersonals(), d)
	b.Derived = unpackDerivations(m.GetDerivations(), d)
	if d.err != nil {
		return nil, d.err
	}
	return p, nil
}

// widen moves the rows of p into its batch.
func (p *part) widen() { p.batch.Awards, p.rows = widen(&p.rows), graph.Rows{} }

func widen(rows *graph.Rows) []graph.Award {
	if len(rows.Awards) == 0 {
		return nil
	}
	out := make([]graph.Award, len(rows.Awards))
	for i := range out {
		out[i] = rows.Award(i)
	}
	return out
}

// words is a part's dictionary while it is decoded.
type words struct {
	ids []graph.ID
	err error // the first thing that was wrong
}

func unpackDictionary(m *storev1.Dictionary) (*words, error) {
	text, lengths := m.GetText(), m.GetLengths()
	d := &words{ids: make([]graph.ID, len(lengths))}
	for i, n := range lengths {
		if uint64(n) > uint64(len(text)) {
			return nil, fmt.Errorf("%w dictionary: word %d reaches past the end", errMalformed, i)
		}
		d.ids[i], text = graph.ID(text[:n]), text[n:]
	}
	if text != "" {
		return nil, fmt.Errorf("%w dictionary: %d bytes belong to no word", errMalformed, len(text))
	}
	return d, nil
}

func (d *words) id(i uint32) graph.ID {
	if uint64(i) < uint64(len(d.ids)) {
		return d.ids[i]
	}
	d.fail("a column", fmt.Sprintf("points at word %d of %d", i, len(d.ids)))
	return ""
}

func (d *words) fail(what, how string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w part: %s %s", errMalformed, what, how)
	}
}

// rows is the number of rows of a table whose columns of fact ids and of
// numbers have these lengths; 0 after an error.
func (d *words) rows(table string, ids int, columns ...int) int {
	n := ids / 16
	ok := ids%16 == 0
	for _, c := range columns {
		ok = ok && c == n
	}
	if !ok {
		d.fail(table, "have columns of different lengths")
		return 0
	}
	return n
}

func unpackPeople(column []uint32, d *words) []graph.Person {
	if len(column) == 0 {
		return nil
	}
	own := make([]graph.ID, len(d.ids)) // clones, at most one a word
	out := make([]graph.Person, len(column))
	for i, w := range column {
		id := d.id(w)
		if id != "" && own[w] == "" {
			own[w] = graph.ID(strings.Clone(string(id)))
		}
		if id != "" {
			id = own[w]
		}
		out[i].ID = id
	}
	return out
}

func unpackAssignments(m *storev1.Assignments, d *words) []graph.Assignment {
	n := d.rows("assignments", len(m.GetIds()), len(m.GetPeople()), len(m.GetRoles()), len(m.GetUnits()),
		len(m.GetManagers()), len(m.GetFrom()), len(m.GetUntil()))
	if n == 0 {
		return nil
	}
	out := make([]graph.Assignment, n)
	last := graph.Instant(0)
	for i := range out {
		a := &out[i]
		a.ID = graph.FactID(m.GetIds()[16*i:])
		a.Person, a.Role = d.id(m.GetPeople()[i]), d.id(m.GetRoles()[i])
		a.Unit, a.Manager = d.id(m.GetUnits()[i]), d.id(m.GetManagers()[i])
		last += graph.Instant(m.GetFrom()[i])
		a.From = last
		a.Until = endOf(last, m.GetUntil()[i])
	}
	return out
}

func (d *words) awardRows(m *storev1.Awards) int {
	return d.rows("awards", len(m.GetIds()), len(m.GetPeople()), len(m.GetAchievements()), len(m.GetVersions()),
		len(m.GetIssuedAt()), len(m.GetValidUntil()), len(m.GetSources()), len(m.GetRigors()), len(m.GetIssuers()))
}

// award fills a with row i of m and returns its issue date.
func (d *words) award(a *graph.Award, m *storev1.Awards, i int, last graph.Instant) graph.Instant {
	a.ID = graph.FactID(m.GetIds()[16*i:])
	a.Person, a.Achievement, a.Issuer = d.id(m.GetPeople()[i]), d.id(m.GetAchievements()[i]), d.id(m.GetIssuers()[i])
	a.Version = int(m.GetVersions()[i])
	last += graph.Instant(m.GetIssuedAt()[i])
	a.IssuedAt = last
	a.ValidUntil = endOf(last, m.GetValidUntil()[i])
	a.Source, a.Rigor = graph.AwardSource(m.GetSources()[i]), graph.Rigor(m.GetRigors()[i])
	return last
}

func unpackClaims(m *storev1.Claims, d *words) []graph.Claim {
	n := d.rows("claims", len(m.GetIds()), len(m.GetPeople()), len(m.GetCompetencies()), len(m.GetLevels()),
		len(m.GetRigors()), len(m.GetBy()), len(m.GetAt()))
	if n == 0 {
		return nil
	}
	out := make([]graph.Claim, n)
	last := graph.Instant(0)
	for i := range out {
		c := &out[i]
		c.ID = graph.FactID(m.GetIds()[16*i:])
		c.Person, c.Competency, c.By = d.id(m.GetPeople()[i]), d.id(m.GetCompetencies()[i]), d.id(m.GetBy()[i])
		c.Level, c.Rigor = graph.Level(m.GetLevels()[i]), graph.Rigor(m.GetRigors()[i])
		last += graph.Instant(m.GetAt()[i])
		c.At = last
	}
	return out
}

func unpackPersonals(m *storev1.Personals, d *words) []personalRow {
	n := d.rows("personal records", len(m.GetAbout()), len(m.GetPeople()))
	if n == 0 || len(m.GetSums()) != sumSize*n {
		if len(m.GetSums()) != sumSize*n {
			d.fail("personal records", "have columns of different lengths")
		}
		return nil
	}
	out := make([]personalRow, n)
	for i := range out {
		out[i] = personalRow{
			PersonalRef: graph.PersonalRef{Person: d.id(m.GetPeople()[i]), About: graph.FactID(m.GetAbout()[16*i:])},
			ordinal:     m.GetFirst() + uint32(i),
			sum:         [sumSize]byte(m.GetSums()[sumSize*i:]),
		}
	}
	return out
}

func unpackDerivations(m *storev1.Derivations, d *words) []graph.Derivation {
	n := d.rows("derivations", len(m.GetCauses()), len(m.GetChanges()), d.awardRows(m.GetAwards()))
	if n == 0 {
		return nil
	}
	out := make([]graph.Derivation, n)
	last := graph.Instant(0)
	for i := range out {
		out[i].Change = graph.Change(m.GetChanges()[i])
		out[i].Cause = graph.FactID(m.GetCauses()[16*i:])
		last = d.award(&out[i].Award, m.GetAwards(), i, last)
	}
	return out
}
