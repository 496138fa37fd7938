package server

import (
	"context"
	"slices"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// RecordFacts records up to 10000 facts in one commit.
//
// Errors: graph.ErrConflict when if_revision is not the newest, and
// graph.ErrUnavailable; rows that are refused are an answer. Cost: linear in the rows
// and in what their people hold, and one durable write, which calls share.
func (s *factService) RecordFacts(ctx context.Context, q *cairnv1.RecordFactsRequest) (*cairnv1.RecordFactsResponse, error) {
	rows := newFactRows(s.Server)
	for i, f := range q.GetPeople() {
		rows.person(rows.row(cairnv1.FactKind_FACT_KIND_PERSON, i), f)
	}
	for i, f := range q.GetAssignments() {
		rows.assignment(rows.row(cairnv1.FactKind_FACT_KIND_ASSIGNMENT, i), f)
	}
	for i, f := range q.GetAwards() {
		rows.award(rows.row(cairnv1.FactKind_FACT_KIND_AWARD, i), f)
	}
	for i, f := range q.GetClaims() {
		rows.claim(rows.row(cairnv1.FactKind_FACT_KIND_CLAIM, i), f)
	}
	if err := rows.addPersonal(ctx); err != nil {
		return nil, err
	}
	batch := rows.batch
	batch.At, batch.Key = s.now(), q.GetKey()
	if q.IfRevision != nil {
		batch.If, batch.IfSet = graph.Revision(q.GetIfRevision()), true
	}
	receipt, err := s.commitFacts(ctx, batch, rows.refused > 0, q)
	if err != nil {
		return nil, err
	}
	rows.settle(&receipt)
	a := &cairnv1.RecordFactsAnswer{
		Basis: s.writeBasis(&receipt), Results: rows.results, Committed: receipt.Stored, Replayed: receipt.Replayed,
	}
	switch {
	case receipt.Replayed:
		rows.refuseRecorded("KEY_USED", "was not recorded: the key was used before by a call with other facts; give this call a key of its own")
	case q.GetAllOrNothing() && rows.refused > 0:
		rows.refuseRecorded("ALL_OR_NOTHING", "was not recorded: another row of the call is refused, and the call is all or nothing")
	}
	for _, r := range rows.results {
		switch r.GetOutcome() {
		case cairnv1.Outcome_OUTCOME_RECORDED:
			a.Recorded++
		case cairnv1.Outcome_OUTCOME_UNCHANGED:
			a.Unchanged++
		default:
			a.Refused++
		}
	}
	return &cairnv1.RecordFactsResponse{Answer: a, Served: s.served(ctx, q, receipt.Revision, receipt.At)}, nil
}

// commitFacts commits what a call asks to record. A call that is all or nothing
// is tried dry first, so that its answer can tell all rows that are refused;
// early says that some are refused already.
func (s *factService) commitFacts(ctx context.Context, b graph.Batch, early bool, q *cairnv1.RecordFactsRequest) (graph.Receipt, error) {
	if !q.GetAllOrNothing() {
		return s.live.Commit(ctx, b, graph.CommitOptions{Partial: true, DryRun: q.GetDryRun()})
	}
	dry := b
	dry.IfSet = b.IfSet && q.GetDryRun() // a commit looks at it itself, after the key
	receipt, err := s.live.Commit(ctx, dry, graph.CommitOptions{Partial: true, DryRun: true})
	refused := slices.ContainsFunc(receipt.Outcomes, func(o graph.Outcome) bool { return o.Result == graph.Refused })
	if err != nil || early || refused || q.GetDryRun() {
		return receipt, err
	}
	return s.live.Commit(ctx, b, graph.CommitOptions{})
}
