package graph

import (
	"cmp"
	"slices"
)

// ClaimQuery says which claims are meant.
type ClaimQuery struct {
	Person     ID // empty: everybody
	Competency ID // empty: any
	Counting   bool
	At         Instant // claims made later are left out
}

// StandingClaim is a claim as it stands at an instant.
type StandingClaim struct {
	Claim
	Latest bool // no later one of its source about the competency was made by then
}

// Counts reports whether the claim makes requirements true.
func (c *StandingClaim) Counts() bool { return c.Latest && c.Level > 0 }

// Claims are the claims at the positions from (inclusive) to to (exclusive) of
// those that q means, and how many q means in all. They are in the order of
// their people's IDs, of each person the latest first, then by ID.
//
// Errors: [ErrNotFound] for a person who was never recorded. A competency that
// the catalog does not know has no claims. Cost: linear in the claims of those
// whom q means; only what is answered is copied.
func (s *Snapshot) Claims(q ClaimQuery, from, to int) ([]StandingClaim, int, error) {
	whom := s.people.byID
	if q.Person != "" {
		i, ok := s.people.find(q.Person)
		if !ok {
			return nil, 0, NotFound(KindPerson, q.Person)
		}
		whom = func() []uint32 { return []uint32{i} }
	}
	competency := CompetencyIndex(None)
	if q.Competency != "" {
		i, ok := s.Catalog.Competency(q.Competency)
		if !ok {
			return nil, 0, nil
		}
		competency = i
	}
	var out []StandingClaim
	total := 0
	for _, i := range whom() {
		p := s.people.at(i)
		before := total
		for j := range p.claims {
			if p.claimFits(j, q, competency) {
				total++
			}
		}
		if total > before && total > from && before < to {
			list := p.claimsFitting(s.Catalog, q, competency)
			out = append(out, list[max(from-before, 0):min(to-before, len(list))]...)
		}
	}
	return out, total, nil
}

// claimFits reports whether by means the j-th claim of q. competency is that of
// by, or None.
func (q *person) claimFits(j int, by ClaimQuery, competency CompetencyIndex) bool {
	cl := &q.claims[j]
	return cl.at <= by.At && (competency == None || cl.competency == competency) &&
		(!by.Counting || cl.level > 0 && latestClaim(q.claims, j, by.At))
}

// claimsFitting are the claims of q that by means, the latest first, then by ID.
func (q *person) claimsFitting(c *Catalog, by ClaimQuery, competency CompetencyIndex) []StandingClaim {
	var out []StandingClaim
	for j := range q.claims {
		if !q.claimFits(j, by, competency) {
			continue
		}
		cl := &q.claims[j]
		out = append(out, StandingClaim{
			Claim: Claim{
				ID: cl.id, Person: q.id, Competency: c.CompetencyID(cl.competency), Level: cl.level, Rigor: cl.rigor, By: cl.by, At: cl.at,
			},
			Latest: latestClaim(q.claims, j, by.At),
		})
	}
	slices.SortFunc(out, func(a, b StandingClaim) int {
		return cmp.Or(cmp.Compare(b.At, a.At), slices.Compare(a.ID[:], b.ID[:]))
	})
	return out
}

// latestClaim reports whether no claim after the i-th, made by an instant, is of
// the same source about the same competency. The claims are by instant.
func latestClaim(claims []claim, i int, at Instant) bool {
	for j := i + 1; j < len(claims) && claims[j].at <= at; j++ {
		if claims[j].competency == claims[i].competency && claims[j].by == claims[i].by {
			return false
		}
	}
	return true
}
