package neo4jstore_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/graphtest"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

func TestMain(m *testing.M) {
	// A call takes milliseconds here where it takes microseconds in a file.
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		if err := flag.Set("rapid.checks", "4"); err != nil {
			panic(err)
		}
	}
	neo4jtest.Main(m)
}

// wipe is done once: with the schema left in place the statements' plans stay.
var wipe sync.Once

// fresh is an empty graph on the server, migrated, and the options that open it
// by way of uri.
func fresh(tb testing.TB, server *neo4jtest.Server, uri string) neo4jstore.Options {
	tb.Helper()
	wipe.Do(func() { server.Wipe(tb) })
	server.Empty(tb)
	options := neo4jstore.Options{
		URI: uri, User: server.User(), Password: server.Password(),
		Keys: filepath.Join(tb.TempDir(), "keys"), RetryFor: 2 * time.Second,
	}
	from, to, err := neo4jstore.Migrate(tb.Context(), options)
	if err != nil || from != 0 || to != neo4jstore.Schema {
		tb.Fatalf("migrated from %d to %d, %v", from, to, err)
	}
	return options
}

func open(tb testing.TB, options neo4jstore.Options) *neo4jstore.Store {
	tb.Helper()
	s, err := neo4jstore.Open(tb.Context(), options)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// change runs a statement that must change exactly one node.
func change(tb testing.TB, server *neo4jtest.Server, statement string, parameters map[string]any) {
	tb.Helper()
	result, err := neo4j.ExecuteQuery(tb.Context(), server.Driver(tb), statement, parameters, neo4j.EagerResultTransformer)
	if err != nil {
		tb.Fatal(err)
	}
	if n := len(result.Records); n != 1 {
		tb.Fatalf("the statement changed %d nodes: %s", n, statement)
	}
}

func TestStore(t *testing.T) {
	server := neo4jtest.Start(t)
	proxy := neo4jtest.NewProxy(t, server)
	graphtest.TestStore(t, func(tb testing.TB) func() graph.Store {
		tb.Helper()
		options := fresh(tb, server, proxy.URI())
		// It finds out what became of a COMMIT by itself, if there is time.
		options.RetryFor, options.Configure = time.Millisecond, slowToConnect
		return func() graph.Store { return open(tb, options) }
	}, graphtest.Hooks{
		Erase: func(tb testing.TB, s graph.Store, person graph.ID) {
			tb.Helper()
			if err := s.(*neo4jstore.Store).DestroyKeys(person); err != nil {
				tb.Fatal(err)
			}
		},
		DamageBatch: func(tb testing.TB, _ graph.Store, r graph.Revision) string {
			tb.Helper()
			change(tb, server, "MATCH (p:Person {revision: $r}) SET p.id = p.id + 'x' RETURN p", map[string]any{"r": int64(r)})
			return fmt.Sprintf("revision %d", r)
		},
		DamagePersonal: func(tb testing.TB, _ graph.Store, ref graph.PersonalRef) string {
			tb.Helper()
			id := neo4jstore.RecordID(ref)
			change(tb, server, "MATCH (a:PersonalRecord {id: $id}), (b:PersonalRecord {id: 'of z'}) SET a.sealed = b.sealed RETURN a", map[string]any{"id": id})
			return "personal record " + id
		},
		Unknown: func(tb testing.TB, _ graph.Store, stored bool) {
			tb.Helper()
			verdict := neo4jtest.CutBefore
			if stored {
				verdict = neo4jtest.CutAfter
			}
			proxy.CutNext(1, verdict)
		},
	})
}
