package neo4jstore_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
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

var worlds = flag.Int("worlds", 5, "how many random worlds TestVerifyWorlds makes")

// TestVerifyWorlds: Cypher and Cairn give the same answers in random worlds, at
// instants before, at and after the newest commit.
func TestVerifyWorlds(t *testing.T) {
	server := neo4jtest.Start(t)
	total := neo4jstore.Verification{}
	unsaid := 0
	met := make(map[bool]int)
	for seed := range *worlds {
		t.Run(fmt.Sprint("world ", seed), func(t *testing.T) {
			store := open(t, fresh(t, server, server.URI()))
			defer func() { _ = store.Close() }()
			live, err := graph.Open(t.Context(), store, graph.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer live.Close()
			d := dice{rand.New(rand.NewPCG(uint64(seed), 7))} //nolint:gosec // to be repeatable
			publish(t, live, d.catalog(false))
			publish(t, live, d.catalog(true))
			if _, err := live.Commit(t.Context(), d.people(), graph.CommitOptions{Partial: true}); err != nil {
				t.Fatal(err)
			}
			for _, on := range []int{200, 500, 900, 1000} {
				v := verify(t, store, live, neo4jstore.VerifyOptions{At: worldDay(on)})
				t.Logf("day %d: %d rules, %d levels, %d completions, not asked %v", on, v.Rules, v.Levels, v.Completions, v.NotAsked)
				for _, d := range v.Differences {
					t.Errorf("on day %d: %s", on, d)
				}
				total.Levels += v.Levels
				total.Completions += v.Completions
				for _, n := range v.NotAsked {
					unsaid += n.Count
				}
				for _, e := range live.Head().PeopleAt(0, worldPeople) {
					p, err := live.Head().Profile(e.ID, v.At)
					if err != nil {
						t.Fatal(err)
					}
					for _, id := range live.Head().Catalog.IDs(graph.KindRole) {
						i, _ := live.Head().Catalog.Role(id)
						if r := live.Head().Catalog.CurrentRole(i, v.At); r != nil {
							met[p.Met(r.Essential)]++
						}
					}
				}
			}
		})
	}
	t.Logf("%d levels, %d completions, not asked %d; roles met %d, not met %d", total.Levels, total.Completions, unsaid, met[true], met[false])
	if total.Levels < 500**worlds || total.Completions < 100**worlds || unsaid > total.Completions || met[true] < *worlds || met[false] < *worlds {
		t.Error("the worlds are too poor to verify anything")
	}
}
