package neo4jstore

import (
	"context"
	"crypto/rand"
	"errors"
	"os"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/graph"
)

// Migrate brings the graph to [Schema], forward only, and returns the versions
// before and after. In an empty database it makes the graph, and its keys file,
// which must not exist. It may be run while servers of the version before are
// running if docs/neo4j.md says so of the version; running it again finishes
// what an earlier one has not, or does nothing.
//
// Errors: those of [Open]; and [graph.ErrInvalid] when the database holds
// something else.
func Migrate(ctx context.Context, options Options) (from, to int64, err error) {
	s, err := connect(options)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, translate(ctx, s.driver.Close(context.WithoutCancel(ctx)))) }()
	// In this order: what another migration makes meanwhile is not taken for
	// something that was there without a graph.
	_, noKeys := os.Stat(options.Keys)
	others, err := s.run(ctx, neo4j.AccessModeRead, statements["others"], nil)
	if err != nil {
		return 0, 0, err
	}
	h, err := s.readHead(ctx)
	from = h.schema
	switch {
	case err != nil:
		return 0, 0, err
	case from > Schema:
		return from, from, h.fits()
	case from == 0 && len(others) > 0:
		return 0, 0, graph.Invalid("database", "holds something else already; give Cairn a database of its own")
	case from == 0 && noKeys == nil:
		return 0, 0, unavailable("the keys file "+options.Keys+" exists already; a new graph needs a new one", nil)
	}
	for v := from; v < Schema; v++ {
		for _, statement := range migrations[v] {
			if _, err := s.run(ctx, neo4j.AccessModeWrite, statement, nil); err != nil {
				return from, v, err
			}
		}
		if _, err := s.run(ctx, neo4j.AccessModeWrite, statements["migrated"], map[string]any{"schema": v + 1, "organization": rand.Text()}); err != nil {
			return from, v, err
		}
	}
	if h, err = s.head(ctx); err != nil || h.keysGeneration > 0 {
		return from, Schema, err
	}
	if err := createKeys(options.Keys, h.organization); err != nil {
		return from, Schema, err
	}
	_, err = s.run(ctx, neo4j.AccessModeWrite, statements["keyed"], map[string]any{"generation": firstGeneration})
	return from, Schema, err
}
