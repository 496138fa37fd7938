package server

import (
	"context"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// ListClaims answers a page of the claims of a person, or of everybody.
//
// Errors: those of page, graph.ErrNotFound, and with evidence graph.ErrUnavailable.
// Cost: linear in the claims of the person, or of everybody.
func (s *peopleService) ListClaims(ctx context.Context, req *cairnv1.ListClaimsRequest) (*cairnv1.ListClaimsResponse, error) {
	p, err := s.page(ctx, req)
	if err != nil {
		return nil, err
	}
	q := graph.ClaimQuery{
		Person: graph.ID(req.GetPerson()), Competency: graph.ID(req.GetCompetency()), Counting: req.GetCounting(), At: p.at,
	}
	found, total, err := p.snap.Claims(q, p.from, p.from+p.size)
	if err != nil {
		return nil, err
	}
	l := s.labeler(p.snap, req.GetLanguages(), req.GetOmitLabels())
	answer := &cairnv1.ListClaimsAnswer{NextPageToken: p.next(min(p.from, total)+len(found), total), Total: int32(total)}
	scales := make(map[graph.ID]bool)
	for i := range found {
		m := claimOut(p.snap.Catalog, &found[i], l)
		if m.GetScale() != "" {
			scales[graph.ID(m.GetScale())] = true
		}
		answer.Claims = append(answer.Claims, m)
	}
	if req.GetWithEvidence() {
		if err := s.addClaimEvidence(ctx, found, answer.GetClaims()); err != nil {
			return nil, err
		}
	}
	answer.Scales = s.scalesOut(p.snap.Catalog, scales, l)
	answer.Labels, answer.Basis = l.labels(), s.basis(p.snap, p.at, nil)
	return &cairnv1.ListClaimsResponse{Answer: answer, Served: s.served(ctx, req, p.snap.Revision, p.at)}, nil
}

// claimOut is a claim as a message. Its ids go to l.
func claimOut(c *graph.Catalog, x *graph.StandingClaim, l *labeler) *cairnv1.Claim {
	l.add(graph.KindPerson, x.Person, x.By)
	l.add(graph.KindCompetency, x.Competency)
	out := &cairnv1.Claim{
		Id: x.ID.String(), Person: string(x.Person), Competency: string(x.Competency), Level: int32(x.Level), Rigor: rigorOut(x.Rigor),
		By: string(x.By), At: stamp(x.At), Latest: x.Latest, Counts: x.Counts(),
	}
	if i, ok := c.Competency(x.Competency); ok {
		e, _ := c.CompetencyEntry(i)
		out.Scale = string(e.Scale)
	}
	return out
}

// addClaimEvidence reads what was said to prove the claims of a page, once for
// all.
func (s *Server) addClaimEvidence(ctx context.Context, found []graph.StandingClaim, claims []*cairnv1.Claim) error {
	if len(found) == 0 {
		return nil
	}
	refs := make([]graph.PersonalRef, len(found))
	for i := range found {
		refs[i] = graph.PersonalRef{Person: found[i].Person, About: found[i].ID}
	}
	records, err := s.live.Personal(ctx, refs...)
	if err != nil {
		return err
	}
	for i := range records {
		claims[i].Evidence, claims[i].Erased = records[i].Evidence, records[i].Erased
	}
	return nil
}
