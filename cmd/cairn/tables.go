package main

import (
	"context"
	"io"
	"iter"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// pageSize is the most entries that the API answers at once.
const pageSize = 1000

// tables writes what is known about people, person by person, in pages pinned
// to the revision of the first.
type tables struct {
	client *client
	err    error // what ended the reading
}

// endOfTime is the instant that facts are asked of, so that those which begin
// later than the present are there: the last one that the API has.
var endOfTime = timestamppb.New(time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC))

// write writes the table what: people, awards or claims.
func (t *tables) write(ctx context.Context, w io.Writer, what string, format exchange.TableFormat) error {
	kind, err := exchange.ParseTableKind(what)
	if err != nil {
		return err
	}
	rows := t.claims
	switch kind {
	case exchange.PeopleTable:
		rows = t.each(t.assignments)
	case exchange.AwardTable:
		rows = t.each(t.awards)
	default:
	}
	err = exchange.EncodeTable(w, format, kind, rows(ctx))
	if t.err != nil {
		return t.err
	}
	return err
}

// each is the rows of everybody, person by person.
func (t *tables) each(rows func(context.Context, *cairnv1.Person) iter.Seq[exchange.Row]) func(context.Context) iter.Seq[exchange.Row] {
	return func(ctx context.Context) iter.Seq[exchange.Row] {
		return func(yield func(exchange.Row) bool) {
			for p := range t.people(ctx) {
				for row := range rows(ctx, p) {
					if !yield(row) {
						return
					}
				}
				if t.err != nil {
					return
				}
			}
		}
	}
}

// people are all people, by id.
func (t *tables) people(ctx context.Context) iter.Seq[*cairnv1.Person] {
	return func(yield func(*cairnv1.Person) bool) {
		req := &cairnv1.ListPeopleRequest{PageSize: pageSize, OmitLabels: true}
		for {
			out, err := t.client.people.ListPeople(ctx, req)
			if err != nil {
				t.err = err
				return
			}
			for _, p := range out.GetAnswer().GetPeople() {
				if !yield(p.GetPerson()) {
					return
				}
			}
			if req.PageToken = out.GetAnswer().GetNextPageToken(); req.GetPageToken() == "" {
				return
			}
		}
	}
}

// assignments are the rows of a person in the table of people: one for each
// assignment, the oldest first, or one with the name alone.
func (t *tables) assignments(ctx context.Context, p *cairnv1.Person) iter.Seq[exchange.Row] {
	return func(yield func(exchange.Row) bool) {
		out, err := t.client.people.GetPerson(ctx, &cairnv1.GetPersonRequest{Person: p.GetId(), OmitLabels: true})
		if err != nil {
			t.err = err
			return
		}
		row := exchange.Row{Kind: exchange.PeopleTable, Person: graph.ID(p.GetId())}
		if p.GetName() != "" {
			row.Personal = &graph.Personal{Person: row.Person, Name: p.GetName()}
		}
		list := out.GetAnswer().GetAssignments()
		if len(list) == 0 {
			yield(row)
		}
		for _, x := range slices.Backward(list) {
			row.Assignment = &graph.Assignment{
				Person: row.Person, Role: graph.ID(x.GetRole()), Unit: graph.ID(x.GetUnit()), Manager: graph.ID(x.GetManager()),
				From: instantOf(x.GetFrom()), Until: instantOf(x.GetUntil()),
			}
			if !yield(row) {
				return
			}
		}
	}
}

// awards are the rows of a person in the table of awards, the latest first.
func (t *tables) awards(ctx context.Context, p *cairnv1.Person) iter.Seq[exchange.Row] {
	return func(yield func(exchange.Row) bool) {
		req := &cairnv1.ListAwardsRequest{Person: p.GetId(), WithEvidence: true, AsOf: endOfTime, PageSize: pageSize, OmitLabels: true}
		for {
			out, err := t.client.people.ListAwards(ctx, req)
			if err != nil {
				t.err = err
				return
			}
			for _, w := range out.GetAnswer().GetAwards() {
				if w.GetSource() != cairnv1.AwardSource_AWARD_SOURCE_DERIVED && !yield(awardRow(w)) {
					return
				}
			}
			if req.PageToken = out.GetAnswer().GetNextPageToken(); req.GetPageToken() == "" {
				return
			}
		}
	}
}

// claims are the rows of the table of claims, by person, of each the latest
// first.
func (t *tables) claims(ctx context.Context) iter.Seq[exchange.Row] {
	return func(yield func(exchange.Row) bool) {
		req := &cairnv1.ListClaimsRequest{WithEvidence: true, AsOf: endOfTime, PageSize: pageSize, OmitLabels: true}
		for {
			out, err := t.client.people.ListClaims(ctx, req)
			if err != nil {
				t.err = err
				return
			}
			for _, x := range out.GetAnswer().GetClaims() {
				if !yield(claimRow(x)) {
					return
				}
			}
			if req.PageToken = out.GetAnswer().GetNextPageToken(); req.GetPageToken() == "" {
				return
			}
		}
	}
}

// claimRow is a claim as a row that is read back as the same claim.
func claimRow(x *cairnv1.Claim) exchange.Row {
	row := exchange.Row{
		Kind: exchange.ClaimTable, Person: graph.ID(x.GetPerson()),
		Claim: &graph.Claim{
			Person: graph.ID(x.GetPerson()), Competency: graph.ID(x.GetCompetency()), Level: graph.Level(x.GetLevel()), //nolint:gosec // 100 at most
			Rigor: graph.Rigor(x.GetRigor()), By: graph.ID(x.GetBy()), At: instantOf(x.GetAt()), //nolint:gosec // both lists have the same order
		},
	}
	if len(x.GetEvidence()) > 0 {
		row.Personal = &graph.Personal{Person: row.Person, Evidence: x.GetEvidence()}
	}
	return row
}

// awardRow is an award as a row that is read back as the same award.
func awardRow(w *cairnv1.Award) exchange.Row {
	row := exchange.Row{
		Kind: exchange.AwardTable, Person: graph.ID(w.GetPerson()),
		Award: &graph.Award{
			Person: graph.ID(w.GetPerson()), Achievement: graph.ID(w.GetAchievement()), Version: int(w.GetVersion()),
			IssuedAt: instantOf(w.GetIssuedAt()), ValidUntil: instantOf(w.GetValidUntil()),
			Source: graph.AwardSource(w.GetSource()), Rigor: graph.Rigor(w.GetRigor()), Issuer: graph.ID(w.GetIssuer()), //nolint:gosec // both lists have the same order
		},
	}
	if w.GetValidUntil() == nil {
		row.Award.ValidUntil = graph.Forever
	}
	if len(w.GetEvidence())+len(w.GetIdentifiers()) > 0 {
		row.Personal = &graph.Personal{Person: row.Person, Evidence: w.GetEvidence(), Identifiers: w.GetIdentifiers()}
	}
	return row
}

// instantOf is a time of the API as one of graph; unset is zero.
func instantOf(t *timestamppb.Timestamp) graph.Instant {
	if t == nil {
		return 0
	}
	return graph.InstantOf(t.AsTime())
}
