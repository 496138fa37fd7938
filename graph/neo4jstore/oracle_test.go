package neo4jstore_test

import (
	"context"
	"testing"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// pinned gives the snapshots of live by revision.
func pinned(live *graph.Live) func(context.Context, graph.Revision) (*graph.Snapshot, error) {
	return func(ctx context.Context, r graph.Revision) (*graph.Snapshot, error) {
		if _, err := live.At(ctx, r); err != nil {
			return nil, err
		}
		return live.Pinned(r)
	}
}

func verify(tb testing.TB, store *neo4jstore.Store, live *graph.Live, options neo4jstore.VerifyOptions) neo4jstore.Verification {
	tb.Helper()
	v, err := store.VerifyInventory(tb.Context(), pinned(live), options)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// TestVerifyExample: Cypher and Cairn give the same answers about everybody in
// the example, on several days.
func TestVerifyExample(t *testing.T) {
	server := neo4jtest.Start(t)
	store := open(t, fresh(t, server, server.URI()))
	t.Cleanup(func() { _ = store.Close() })
	live := loadExample(t, store)
	const day = 24 * 60 * 60 * 1000
	for _, at := range []graph.Instant{0, exampleDay - 700*day, exampleDay - 300*day, exampleDay + 400*day} {
		v := verify(t, store, live, neo4jstore.VerifyOptions{At: at})
		if v.People != 12 || v.Rules != 26 || v.Completions != 12*26 || v.Levels < 100 || len(v.NotAsked) > 0 || v.Revision != live.Head().Revision {
			t.Errorf("%+v", v)
		}
		for _, d := range v.Differences {
			t.Errorf("at %s: %s", v.At, d)
		}
	}
}
