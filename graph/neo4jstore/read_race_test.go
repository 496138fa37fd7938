package neo4jstore_test

import (
	"context"
	"sync"
	"testing"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// Who reads while facts take the place of others sees whole revisions and no
// damage, though Neo4j does not isolate a read from commits that go on meanwhile.
func TestReadWhileWritten(t *testing.T) {
	server := neo4jtest.Start(t)
	luck := lucky(t)
	options := fresh(t, server, server.URI())
	s := open(t, options)
	defer s.Close() //nolint:errcheck // the test is about reads
	first := said("first", 0, luck())
	for i := range 40 {
		first.Issuers = append(first.Issuers, graph.Issuer{ID: graph.ID(rune('a' + i)), Title: graph.Text{{Value: "first"}}})
	}
	l := newLedger()
	l.try(first)
	l.commit(t, s, []graph.Batch{first})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	source := luck()
	running.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			b := said("hot", n, source)
			for i := range 3 {
				b.Issuers = append(b.Issuers, graph.Issuer{ID: graph.ID(rune('a' + (3*n+i)%40)), Title: graph.Text{{Value: b.Key}}})
			}
			l.try(b)
			l.commit(t, s, []graph.Batch{b})
		}
	})
	c := &crowd{ledger: l, digests: make(map[graph.Revision]graph.Digest)}
	running.Go(func() { c.follow(ctx, t, s) })
	if !c.progress(t, 10, recovery) {
		t.Error("no writes are acknowledged")
	}
	for range 3 {
		running.Go(func() { c.load(ctx, t, s) })
	}
	if !c.progress(t, 60, recovery) {
		t.Error("no writes are acknowledged")
	}
	cancel()
	running.Wait()
	if c.loads == 0 || c.broken > 0 || c.resumed > 0 {
		t.Errorf("%d loads are whole, %d are not; %d follows ended", c.loads, c.broken, c.resumed)
	}
	l.check(t, server, s)
}
