package server

import (
	"context"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// GetStatus answers what the server has and is.
//
// Errors: those of read. Cost: linear in the people, once for each revision.
func (s *systemService) GetStatus(ctx context.Context, req *cairnv1.GetStatusRequest) (*cairnv1.GetStatusResponse, error) {
	snap, at, err := s.read(ctx, req.GetMinRevision(), req.GetAsOf())
	if err != nil {
		return nil, err
	}
	c := snap.Catalog
	set := c.Settings()
	competencies, achievements, roles, ladders := c.Counts()
	facts := s.countFacts(snap)
	answer := &cairnv1.GetStatusAnswer{
		Basis: s.basis(snap, at, nil), CommittedAt: timestamp(snap.At),
		Settings: &cairnv1.Settings{
			Language: string(wantedLanguages(c, nil)[0]), Currency: string(set.Currency), Zone: c.Zone().String(),
			DefaultMinRigor: rigorOut(defaultRigor(&set)), ExactMatchImplies: set.ExactMatchImplies,
		},
		Counts: &cairnv1.Counts{
			Competencies: int32(competencies), Achievements: int32(achievements), Roles: int32(roles), Ladders: int32(ladders),
			People: int32(facts.People), Assignments: int64(facts.Assignments), Awards: int64(facts.Awards),
			DerivedAwards: int64(facts.Derived), Claims: int64(facts.Claims),
		},
	}
	// All but the instant is the same until a commit, or another server: its tag
	// is of when this one began, so that who asks again and again gets 304.
	return &cairnv1.GetStatusResponse{
		Answer: answer, Served: s.served(ctx, req, snap.Revision, s.started),
		Server: &cairnv1.ServerStatus{Version: s.opts.Version, Store: s.opts.Store, StartedAt: timestamp(s.started)},
	}, nil
}

// counted is how many facts a revision has.
type counted struct {
	revision graph.Revision
	facts    graph.FactCounts
}

// countFacts counts the facts of snap, once for a revision that is asked again.
func (s *Server) countFacts(snap *graph.Snapshot) graph.FactCounts {
	if c := s.counted.Load(); c != nil && c.revision == snap.Revision {
		return c.facts
	}
	c := &counted{snap.Revision, snap.CountFacts()}
	s.counted.Store(c)
	return c.facts
}

// defaultRigor is the floor of leaves that name none.
func defaultRigor(s *graph.Settings) graph.Rigor {
	if s.DefaultMinRigor == graph.RigorUnspecified {
		return graph.Assessed
	}
	return s.DefaultMinRigor
}

// Ping answers nothing.
func (s *systemService) Ping(context.Context, *cairnv1.PingRequest) (*cairnv1.PingResponse, error) {
	return &cairnv1.PingResponse{}, nil
}
