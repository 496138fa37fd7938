package neo4jstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// transact runs work in a transaction, and again for as long as a failure may
// pass, [Options].RetryFor. So work must find out what became of earlier
// transactions of the same call: when the connection was lost at COMMIT, that is
// not known.
//
// A server that says nothing to a statement or a COMMIT for [Options].Silence
// is taken to be away. The driver alone would wait for it without end.
func (s *Store) transact(ctx context.Context, mode neo4j.AccessMode, work func(context.Context, neo4j.ManagedTransaction) (any, error)) (any, error) {
	session := s.session(ctx, mode)
	defer s.end(session)
	retry, giveUp := context.WithTimeout(ctx, s.options.RetryFor)
	defer giveUp()
	// While the driver reads, it heeds only a ctx that has a deadline.
	within, cancel := context.WithTimeout(ctx, aYear)
	defer cancel()
	silence := time.AfterFunc(s.options.Silence, cancel)
	defer silence.Stop()
	heard := func() {
		if silence.Stop() {
			silence.Reset(s.options.Silence)
		}
	}
	execute := session.ExecuteWrite
	if mode == neo4j.AccessModeRead {
		execute = session.ExecuteRead
	}
	for {
		answer, err := execute(within, func(tx neo4j.ManagedTransaction) (any, error) {
			defer heard()
			return work(within, watched{tx, heard})
		})
		switch _, lost := errors.AsType[*neo4j.ConnectivityError](err); {
		case err == nil:
			return answer, nil
		case ctx.Err() == nil && within.Err() != nil:
			return nil, unavailable(fmt.Sprintf("Neo4j has said nothing for %s", s.options.Silence), err)
		case !lost || retry.Err() != nil:
			return nil, translate(ctx, err)
		}
	}
}

// aYear is longer than any call.
const aYear = 365 * 24 * time.Hour

// watched is a transaction that calls heard before each statement.
type watched struct {
	neo4j.ManagedTransaction
	heard func()
}

// Run is as the interface says.
func (w watched) Run(ctx context.Context, statement string, parameters map[string]any) (neo4j.ResultWithContext, error) {
	w.heard()
	return w.ManagedTransaction.Run(ctx, statement, parameters)
}
