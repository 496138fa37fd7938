package neo4jstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/graph"
)

// unavailable is an error of class [graph.ErrUnavailable].
func unavailable(message string, cause error) error { return graph.Unavailable(message, cause) }

// damaged is the error for content that is not what was committed.
func damaged(revision graph.Revision, cause error) error {
	return &graph.Error{
		Class: graph.ErrUnavailable, Reason: "DAMAGED", Subject: fmt.Sprintf("revision %d", revision),
		Message: "the graph does not hold what was committed; somebody changed it, or the database is damaged: restore it from a backup", Cause: cause,
	}
}

// translate gives an error of the driver its class and a sentence. Errors that
// have a class are returned as they are.
func translate(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*graph.Error](err); ok {
		return err
	}
	if ended := ctx.Err(); ended != nil {
		return unavailable("the call ended before Neo4j answered", errors.Join(ended, err))
	}
	if limit, ok := errors.AsType[*neo4j.TransactionExecutionLimit](err); ok && len(limit.Errors) > 0 {
		err = limit.Errors[len(limit.Errors)-1] // the ones before it are of the same sort
	}
	if lost, ok := errors.AsType[*neo4j.ConnectivityError](err); ok {
		err = lost.Inner
	}
	if refused, ok := errors.AsType[*neo4j.Neo4jError](err); ok {
		if refused.Code == "Neo.ClientError.Security.Unauthorized" {
			return unavailable("Neo4j refuses the user or the password", err)
		}
		return unavailable("Neo4j refuses the statement ("+refused.Code+")", err)
	}
	return unavailable("Neo4j cannot be reached", err)
}
