package neo4jstore_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

func file(tb testing.TB) *filestore.Store {
	tb.Helper()
	s, err := filestore.Open(filepath.Join(tb.TempDir(), "cairn.db"), filestore.Options{NoSync: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// copyAll copies from to to and returns the hashes of both.
func copyAll(tb testing.TB, from, to graph.Store) (want, got graph.Digest) {
	tb.Helper()
	at, err := graph.Copy(tb.Context(), from, to, nil)
	if err == nil {
		want, err = graph.ContentHash(tb.Context(), from, at)
	}
	if err == nil {
		got, err = graph.ContentHash(tb.Context(), to, at)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return want, got
}

// Every field comes through a file, through Neo4j and back with one hash; what
// is erased on the way is nothing in the copy, in the same revisions.
func TestCopy(t *testing.T) {
	server := neo4jtest.Start(t)
	s := open(t, fresh(t, server, server.URI()))
	t.Cleanup(func() { _ = s.Close() })
	from, back := file(t), file(t)
	batches := []graph.Batch{{At: 1, Key: "first", People: []graph.Person{{ID: "gone"}}}}
	for seed := range 3 {
		batches = append(batches, graphtest.FullBatch(seed+1))
	}
	batches = append(batches,
		graph.Batch{IfSet: true, If: 4, Personal: []graph.Personal{{Person: "gone", Name: "Forget Me"}}},
		graph.Batch{Personal: []graph.Personal{{Person: "gone", About: graph.FactID{1}, Evidence: []string{"link"}}, {Person: "here", Name: "Here"}}},
	)
	batches = slices.AppendSeq(batches, graphtest.World{People: 300, Awards: 20, Named: true, Achievements: 20}.Batches())
	for _, b := range batches {
		if _, err := from.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if want, got := copyAll(t, from, s); want != got {
		t.Errorf("Neo4j has the hash %s, the file %s", got, want)
	}
	if want, got := copyAll(t, s, back); want != got {
		t.Errorf("the file has the hash %s, Neo4j %s", got, want)
	}
	r, err := s.Check(t.Context())
	if err != nil || len(r.Problems) != 0 {
		t.Fatalf("check: %v, %q", err, r.Problems)
	}
	if want, _ := graph.ContentHash(t.Context(), from, r.Revision); r.ContentHash != want.String() || r.Batches != len(batches) {
		t.Errorf("check: %+v, want %d batches with the hash %s", r, len(batches), want)
	}

	if err := s.DestroyKeys("gone"); err != nil {
		t.Fatal(err)
	}
	erased := file(t)
	if want, got := copyAll(t, s, erased); want != got {
		t.Errorf("after an erasure the file has the hash %s, Neo4j %s", got, want)
	}
	head, _ := erased.Head(t.Context())
	if head != r.Revision {
		t.Errorf("after an erasure the copy is at %d, want %d", head, r.Revision)
	}
	got, err := erased.Read(t.Context(), graph.PersonalRef{Person: "gone"}, graph.PersonalRef{Person: "here"})
	if d := graphtest.Diff([]graph.Personal{{Person: "gone"}, {Person: "here", Name: "Here"}}, got); err != nil || d != "" {
		t.Errorf("read of the copy: %v (-want +got)\n%s", err, d)
	}
	if want, got := copyAll(t, s, back); want == got {
		t.Error("the hashes hide that the earlier copy has what was erased")
	}
	if r, err := s.Check(t.Context()); err != nil || len(r.Problems) != 0 || r.Erased != 2 {
		t.Errorf("check after an erasure: %+v, %v; want 2 erased", r, err)
	}
}

// Check names every revision that is damaged, and no other.
func TestCheckDamage(t *testing.T) {
	server := neo4jtest.Start(t)
	s := open(t, fresh(t, server, server.URI()))
	t.Cleanup(func() { _ = s.Close() })
	for p := range 40 {
		if _, err := s.Commit(t.Context(), graph.Batch{People: []graph.Person{{ID: graph.ID(rune('A' + p))}}}); err != nil {
			t.Fatal(err)
		}
	}
	change(t, server, "MATCH (p:Person {revision: $r}) SET p.id = 'x' RETURN p", map[string]any{"r": 7})
	change(t, server, "MATCH (p:Person {revision: $r}) DETACH DELETE p RETURN 1", map[string]any{"r": 23})
	change(t, server, "MATCH (c:Commit {revision: $r}) SET c.digest = 'x' RETURN c", map[string]any{"r": 40})
	r, err := s.Check(t.Context())
	if err != nil || len(r.Problems) != 3 || r.Batches != 37 || r.ContentHash != "" {
		t.Fatalf("check: %+v, %v", r, err)
	}
	for i, want := range []string{"revision 7:", "revision 23:", "revision 40:"} {
		if !strings.HasPrefix(r.Problems[i], want) {
			t.Errorf("problem %d is %q, want %s", i, r.Problems[i], want)
		}
	}
	change(t, server, "MATCH (c:Commit {revision: $r}) DELETE c RETURN 1", map[string]any{"r": 12})
	r, err = s.Check(t.Context())
	if err != nil || len(r.Problems) != 4 || !strings.HasPrefix(r.Problems[1], "revision 12:") {
		t.Errorf("check without a commit: %q, %v", r.Problems, err)
	}
}

// A replica of Neo4j keeps the contract of a store.
func TestReplica(t *testing.T) {
	if !*everywhere {
		t.Skip("NOT TESTED: the whole suite on a replica of Neo4j; make torture does. The suite on a replica, and on Neo4j, are.")
	}
	server := neo4jtest.Start(t)
	graphtest.TestStore(t, func(tb testing.TB) func() graph.Store {
		tb.Helper()
		options, path := fresh(tb, server, server.URI()), filepath.Join(tb.TempDir(), "warm.db")
		return func() graph.Store {
			local, err := filestore.Open(path, filestore.Options{NoSync: true})
			if err != nil {
				tb.Fatal(err)
			}
			r, err := graph.OpenReplica(tb.Context(), graph.ReplicaOptions{
				Open:  func(ctx context.Context) (graph.Store, error) { return neo4jstore.Open(ctx, options) },
				Local: local, Name: path,
			})
			if err != nil {
				tb.Fatal(err)
			}
			return r
		}
	})
}
