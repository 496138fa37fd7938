package neo4jstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// ledger is what writers tried to commit and what they were told, to be held
// against what a store has. Its methods may be called by several goroutines at
// once.
type ledger struct {
	mu    sync.Mutex
	tried map[string]graph.Batch    // by key
	told  map[string]graph.Revision // by key, of those that were acknowledged
	never map[string]bool           // keys of batches that were refused
	last  error                     // that a writer met
	// same tells whether what is stored is what was tried.
	same func(tried, stored *graph.Batch) bool
}

func newLedger() *ledger {
	return &ledger{
		tried: make(map[string]graph.Batch), told: make(map[string]graph.Revision), never: make(map[string]bool),
		same: func(tried, stored *graph.Batch) bool { return tried.Digest() == stored.Digest() },
	}
}

// try notes batches that are about to be committed.
func (l *ledger) try(batches ...graph.Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range batches {
		l.tried[b.Key] = b
	}
}

// tell notes what was acknowledged.
func (l *ledger) tell(tb testing.TB, key string, r graph.Revision) {
	tb.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if was, twice := l.told[key]; twice && was != r {
		tb.Errorf("%s was acknowledged at %d and at %d", key, was, r)
	}
	l.told[key] = r
}

// refuse notes a batch that the store refused.
func (l *ledger) refuse(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.never[key] = true
}

// pause notes the error after which a writer tries again, and lets the server
// breathe.
func (l *ledger) pause(err error) {
	l.mu.Lock()
	l.last = err
	l.mu.Unlock()
	time.Sleep(10 * time.Millisecond)
}

func (l *ledger) lastError() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// acknowledged is how many batches were.
func (l *ledger) acknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.told)
}

// check holds the store against the ledger: what was acknowledged is there
// exactly once, at the revision acknowledged, what was tried is there once or
// not at all, and as it was tried, and nothing else is; by Follow, by Load and
// by Cypher. It returns the log.
func (l *ledger) check(t *testing.T, server *neo4jtest.Server, s *neo4jstore.Store) []graph.Batch {
	t.Helper()
	log := followAll(t, s)
	l.mu.Lock()
	defer l.mu.Unlock()
	revisions := make(map[string]graph.Revision, len(log))
	for i, b := range log {
		r := graph.Revision(i + 1)
		if was, twice := revisions[b.Key]; twice {
			t.Errorf("%s is stored at %d and at %d", b.Key, was, r)
		}
		revisions[b.Key] = r
		tried, ok := l.tried[b.Key]
		switch {
		case l.never[b.Key]:
			t.Errorf("revision %d is %s, which was refused", r, b.Key)
		case !ok:
			t.Errorf("revision %d is %s, which nobody committed", r, b.Key)
		case !l.same(&tried, &b):
			t.Errorf("revision %d is not as it was committed (-want +got):\n%s", r, cmp.Diff(tried, b))
		}
	}
	for key, r := range l.told {
		if revisions[key] != r {
			t.Errorf("%s was acknowledged at %d and is at %d (0: lost)", key, r, revisions[key])
		}
	}
	checkLoad(t, s, log)
	checkGraph(t, server, log)
	report, err := s.Check(t.Context())
	if err != nil || len(report.Problems) > 0 || report.Batches != len(log) {
		t.Errorf("check: %v, %d of %d batches, %v", err, report.Batches, len(log), report.Problems)
	}
	return log
}

// followAll is every batch that the store has, in order; a gap fails the test.
func followAll(t *testing.T, s graph.Store) []graph.Batch {
	t.Helper()
	head, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if head == 0 {
		return nil
	}
	var log []graph.Batch
	enough := errors.New("enough")
	err = s.Follow(t.Context(), 0, func(r graph.Revision, b graph.Batch) error {
		if r != graph.Revision(len(log)+1) {
			t.Errorf("follow: revision %d comes after %d", r, len(log))
		}
		if log = append(log, b); r == head {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatalf("follow: %v", err)
	}
	return log
}

// content is what Load says, without the division into batches.
type content struct {
	Revisions []graph.Revision // that said something, each once
	People    []graph.ID       // in the order in which they were first recorded
	Awards    []graph.Award
	Claims    []graph.Claim
	Derived   []graph.Derivation
	Issuers   []graph.Issuer
	Names     map[graph.ID]string
}

func (c *content) add(b *graph.Batch) {
	if n := len(c.Revisions); b.Revision != 0 && (n == 0 || c.Revisions[n-1] != b.Revision) {
		c.Revisions = append(c.Revisions, b.Revision)
	}
	for _, p := range b.People {
		if !slices.Contains(c.People, p.ID) {
			c.People = append(c.People, p.ID)
		}
	}
	c.Awards = append(c.Awards, b.Awards...)
	c.Claims = append(c.Claims, b.Claims...)
	c.Derived = append(c.Derived, b.Derived...)
	c.Issuers = append(c.Issuers, b.Issuers...)
	for _, p := range b.Personal {
		if p.About.IsZero() {
			c.Names[p.Person] = p.Name
		}
	}
}

// checkLoad holds a load against the log.
func checkLoad(t *testing.T, s graph.Store, log []graph.Batch) {
	t.Helper()
	want, got := content{Names: map[graph.ID]string{}}, content{Names: map[graph.ID]string{}}
	for i := range log {
		b := log[i]
		b.Revision = graph.Revision(i + 1)
		want.add(&b)
	}
	r, err := s.Load(t.Context(), func(b graph.Batch) error {
		got.add(&b)
		return nil
	})
	if err != nil || r != graph.Revision(len(log)) {
		t.Fatalf("load: revision %d of %d, %v", r, len(log), err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("load differs from the log (-want +got):\n%s", d)
	}
}

// checkGraph asks in Cypher what the log has: nothing is there twice, half, or
// of a revision that is not in the change log.
func checkGraph(t *testing.T, server *neo4jtest.Server, log []graph.Batch) {
	t.Helper()
	driver := server.Driver(t)
	facts, people, awards := 0, make(map[graph.ID]bool), make(map[graph.FactID]bool)
	var keys []any
	for i := range log {
		keys = append(keys, log[i].Key)
		facts += log[i].Len() + len(log[i].Derived)
		for _, p := range log[i].People {
			people[p.ID] = true
		}
		for _, a := range log[i].Awards {
			awards[a.ID] = true
		}
		for _, d := range log[i].Derived {
			if d.Change == graph.Withdrawn {
				delete(awards, d.Award.ID)
			} else {
				awards[d.Award.ID] = true
			}
		}
	}
	for _, q := range []struct {
		what, statement string
		want            any
	}{
		{"the keys of the change log", "MATCH (c:Commit) WITH c ORDER BY c.revision RETURN collect(c.key) AS v", keys},
		{"the newest revision", "MATCH (s:Cairn) RETURN s.revision AS v", int64(len(log))},
		{"the sum of the change log", "MATCH (c:Commit) RETURN sum(c.facts) AS v", int64(facts)},
		{"facts", "MATCH (n:Recorded) WHERE n.fact IS NOT NULL AND n.part IS NULL RETURN count(n) AS v", int64(facts)},
		{"places with two facts", "MATCH (n:Recorded) WHERE n.part IS NULL WITH n.revision AS r, n.position AS p, count(*) AS c WHERE c > 1 RETURN count(*) AS v", int64(0)},
		{"nodes without a commit", "MATCH (n:Recorded) WHERE NOT EXISTS { MATCH (:Commit {revision: n.revision}) } RETURN count(n) AS v", int64(0)},
		{"people", "MATCH (p:Person) WHERE p.fact IS NOT NULL RETURN count(p) AS v", int64(len(people))},
		{"awards", "MATCH (a:Award) WHERE a.fact IS NOT NULL RETURN count(a) AS v", int64(len(awards))},
		{"awards of nobody", "MATCH (a:Award) WHERE a.fact IS NOT NULL AND COUNT { (:Person)-[:EARNED]->(a) } <> 1 RETURN count(a) AS v", int64(0)},
	} {
		result, err := neo4j.ExecuteQuery(t.Context(), driver, q.statement, nil, neo4j.EagerResultTransformer)
		if err != nil {
			t.Fatalf("%s: %v", q.what, err)
		}
		if d := cmp.Diff(q.want, result.Records[0].Values[0]); d != "" {
			t.Errorf("by Cypher, %s (-want +got):\n%s", q.what, d)
		}
	}
}

// day is midnight of a day of January 2026.
func day(d int) graph.Instant { return graph.Instant(1_767_225_600_000 + int64(d-1)*86_400_000) }

// said is a batch of a writer, of which everything tells whose it is. It
// replaces things that others replace too, and takes back what the writer's
// batch before awarded.
func said(writer string, n int, luck *rand.Rand) graph.Batch {
	key := fmt.Sprintf("%s/%d", writer, n)
	own, common := graph.ID(key), graph.ID(fmt.Sprint("common ", luck.IntN(4)))
	at := day(2) + graph.Instant(n)
	award := graph.Award{
		ID: graph.AwardID(common, "sql", at, key), Person: common, Achievement: "sql", Version: 1, IssuedAt: at,
		Source: graph.FromAssessment, Rigor: graph.Assessed, Issuer: "academy",
	}
	b := graph.Batch{
		Key: key, At: at, People: []graph.Person{{ID: own}, {ID: common}}, Awards: []graph.Award{award},
		Personal: []graph.Personal{{Person: own, Name: "name of " + key}, {Person: common, About: award.ID, Evidence: []string{key}}},
	}
	switch luck.IntN(3) {
	case 0:
		b.Issuers = []graph.Issuer{{ID: "academy", Title: graph.Text{{Value: "as " + key + " has it"}}}}
	case 1:
		b.Assignments = []graph.Assignment{{
			ID: graph.AssignmentID(common, "analyst", "unit", day(1)), Person: common, Role: "analyst", Unit: "unit",
			Manager: own, From: day(1), Until: at,
		}}
	}
	derived := func(change graph.Change, n int) graph.Derivation {
		p := graph.ID(fmt.Sprintf("%s/%d", writer, n))
		return graph.Derivation{Change: change, Award: graph.Award{
			ID: graph.DerivedID(p, "analyst", 1), Person: p, Achievement: "analyst", Version: 1, IssuedAt: day(2) + graph.Instant(n),
			Source: graph.FromStack, Rigor: graph.Assessed, Issuer: "academy",
		}}
	}
	if n%3 == 1 {
		b.Derived = append(b.Derived, derived(graph.Awarded, n))
	}
	if n%3 == 2 {
		b.Derived = append(b.Derived, derived(graph.Withdrawn, n-1))
	}
	return b
}

// write commits batches of a writer, several at once now and then, until ctx
// ends; what is not acknowledged is committed again with the same keys, so that
// in the end everything is acknowledged.
func (l *ledger) write(ctx context.Context, tb testing.TB, s graph.Store, writer string, luck *rand.Rand) {
	tb.Helper()
	for n := 0; ctx.Err() == nil && !tb.Failed(); {
		batches := []graph.Batch{said(writer, n, luck)}
		for n++; luck.IntN(3) == 0 && len(batches) < 4; n++ {
			batches = append(batches, said(writer, n, luck))
		}
		l.try(batches...)
		l.commit(tb, s, batches)
		if luck.IntN(8) == 0 {
			l.refused(tb, s, fmt.Sprintf("%s/never %d", writer, n))
		}
	}
}

func (l *ledger) commit(tb testing.TB, s graph.Store, batches []graph.Batch) {
	tb.Helper()
	for {
		revs, err := s.Commit(context.Background(), batches...)
		switch {
		case err == nil:
			for i, r := range revs {
				l.tell(tb, batches[i].Key, r)
			}
			return
		case !errors.Is(err, graph.ErrUnavailable) || reason(err) == "DAMAGED":
			tb.Errorf("commit %s: %v", batches[0].Key, err)
			return
		case tb.Failed():
			return
		}
		l.pause(err)
	}
}

// refused commits what must be refused.
func (l *ledger) refused(tb testing.TB, s graph.Store, key string) {
	tb.Helper()
	l.refuse(key)
	_, err := s.Commit(context.Background(), graph.Batch{Key: key, If: 1 << 40, IfSet: true, At: day(2), People: []graph.Person{{ID: graph.ID(key)}}})
	if !errors.Is(err, graph.ErrConflict) && !errors.Is(err, graph.ErrUnavailable) {
		tb.Errorf("commit for a revision that cannot be: %v, want ErrConflict", err)
	}
}

// reason is the reason code of an error.
func reason(err error) string {
	if e, ok := errors.AsType[*graph.Error](err); ok {
		return e.Reason
	}
	return ""
}
