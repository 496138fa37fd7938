package neo4jtest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// commit stores a node with this number in a transaction of its own and returns
// the error of its COMMIT; anything else that fails fails the test.
func commit(t *testing.T, driver neo4j.DriverWithContext, number int) error {
	t.Helper()
	ctx := t.Context()
	session := driver.NewSession(ctx, neo4j.SessionConfig{})
	defer session.Close(ctx) //nolint:errcheck // its connection may be cut
	tx, err := session.BeginTransaction(ctx)
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	result, err := tx.Run(ctx, "CREATE (:Stored {n: $n})", map[string]any{"n": number})
	if err == nil {
		_, err = result.Consume(ctx)
	}
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	return tx.Commit(ctx)
}

// stored tells whether the node of this number is there, asked without proxy.
func stored(t *testing.T, direct neo4j.DriverWithContext, number int) bool {
	t.Helper()
	result, err := neo4j.ExecuteQuery(t.Context(), direct, "MATCH (s:Stored {n: $n}) RETURN s", map[string]any{"n": number}, neo4j.EagerResultTransformer)
	if err != nil {
		t.Fatal(err)
	}
	return len(result.Records) == 1
}

func TestCutAtCommit(t *testing.T) {
	s := neo4jtest.Start(t)
	s.Wipe(t)
	direct, p := s.Driver(t), neo4jtest.NewProxy(t, s)
	driver := s.DriverAt(t, p.URI())
	const rounds = 20
	for i := range 3 * rounds {
		verdict := neo4jtest.Verdict(i % 3)
		p.CutNext(1, verdict)
		err := commit(t, driver, i)
		if wantErr := verdict != neo4jtest.Pass; (err != nil) != wantErr {
			t.Errorf("verdict %d: COMMIT returns %v", verdict, err)
		}
		if got, want := stored(t, direct, i), verdict != neo4jtest.CutBefore; got != want {
			t.Errorf("verdict %d: stored %v, want %v", verdict, got, want)
		}
	}
	if p.Cuts() != 2*rounds || p.Commits() != 3*rounds {
		t.Errorf("%d cuts at %d commits, want %d at %d", p.Cuts(), p.Commits(), 2*rounds, 3*rounds)
	}
}

// A managed transaction tries again after a cut, so each attempt's verdict is
// asked for.
func TestOnCommit(t *testing.T) {
	s := neo4jtest.Start(t)
	s.Wipe(t)
	p := neo4jtest.NewProxy(t, s)
	driver := s.DriverAt(t, p.URI())
	verdicts := []neo4jtest.Verdict{neo4jtest.Pass, neo4jtest.CutBefore, neo4jtest.Pass}
	asked := 0
	p.OnCommit(func() neo4jtest.Verdict { asked++; return verdicts[asked-1] })
	for i, fails := range []bool{false, true, false} {
		if err := commit(t, driver, i); (err != nil) != fails {
			t.Errorf("commit %d: %v, want an error: %v", i, err, fails)
		}
	}
	if asked != len(verdicts) {
		t.Errorf("asked %d times, want %d", asked, len(verdicts))
	}
}

// The bytes of a COMMIT inside a long text are not a COMMIT, wherever the text
// is split into chunks.
func TestCommitIsFoundByItsPlace(t *testing.T) {
	s := neo4jtest.Start(t)
	s.Wipe(t)
	p := neo4jtest.NewProxy(t, s)
	driver := s.DriverAt(t, p.URI())
	text := strings.Repeat("\x00\x02\x30\x12\x00\x00\x12", 50_000)
	p.OnCommit(func() neo4jtest.Verdict { return neo4jtest.CutBefore })
	// A statement outside a transaction has no COMMIT.
	ctx := t.Context()
	session := driver.NewSession(ctx, neo4j.SessionConfig{})
	defer session.Close(ctx) //nolint:errcheck // nothing is pending
	result, err := session.Run(ctx, "RETURN $text AS v", map[string]any{"text": text})
	if err != nil {
		t.Fatal(err)
	}
	record, err := result.Single(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := record.Get("v"); v != text {
		t.Error("the text came back different")
	}
	if p.Cuts() != 0 || p.Commits() != 0 {
		t.Errorf("%d cuts at %d commits, want none", p.Cuts(), p.Commits())
	}
}

// Routed clients stay with the proxy too.
func TestRoutedThroughProxy(t *testing.T) {
	s := neo4jtest.Start(t)
	s.Wipe(t)
	direct, p := s.Driver(t), neo4jtest.NewProxy(t, s)
	driver := s.DriverAt(t, p.RoutingURI())
	for i, verdict := range []neo4jtest.Verdict{neo4jtest.Pass, neo4jtest.CutBefore, neo4jtest.CutAfter} {
		p.CutNext(1, verdict)
		if err := commit(t, driver, i); (err != nil) != (verdict != neo4jtest.Pass) {
			t.Errorf("verdict %d: COMMIT returns %v", verdict, err)
		}
		if p.Commits() != i+1 || stored(t, direct, i) != (verdict != neo4jtest.CutBefore) {
			t.Errorf("verdict %d: %d commits through the proxy, want %d; stored %v", verdict, p.Commits(), i+1, stored(t, direct, i))
		}
	}
}

// Wherever the bytes end, the transaction is whole or absent, and whole if it
// was acknowledged.
func TestCutAfterBytes(t *testing.T) {
	s := neo4jtest.Start(t)
	s.Wipe(t)
	direct, p := s.Driver(t), neo4jtest.NewProxy(t, s)
	cuts := 0
	for i := range 40 {
		// A connection of its own, so that every part of it is cut once.
		driver := s.DriverAt(t, p.URI())
		cut := p.CutAfterSent
		if i%2 == 1 {
			cut = p.CutAfterReceived
		}
		cut(int64(i * 40))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		session := driver.NewSession(ctx, neo4j.SessionConfig{})
		tx, err := session.BeginTransaction(ctx)
		if err == nil {
			_, err = tx.Run(ctx, "CREATE (:Stored {n: $n})", map[string]any{"n": i})
		}
		if err == nil {
			err = tx.Commit(ctx)
		}
		_ = session.Close(ctx)
		cancel()
		if err == nil && !stored(t, direct, i) {
			t.Errorf("cut after %d bytes: acknowledged, but not stored", i*40)
		}
		if err != nil {
			cuts++
		}
		cut(-1)
		_ = driver.Close(t.Context())
	}
	if cuts < 10 || cuts == 40 {
		t.Errorf("%d of 40 transactions were cut: the numbers of bytes do not fit", cuts)
	}
	if p.Cuts() < cuts {
		t.Errorf("%d cuts, but %d transactions failed", p.Cuts(), cuts)
	}
}

func TestCutNow(t *testing.T) {
	s := neo4jtest.Start(t)
	p := neo4jtest.NewProxy(t, s)
	driver := s.DriverAt(t, p.URI())
	ctx := t.Context()
	session := driver.NewSession(ctx, neo4j.SessionConfig{})
	defer session.Close(ctx) //nolint:errcheck // its connection is cut
	tx, err := session.BeginTransaction(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if n := p.Cut(); n != 1 || p.Cuts() != 1 {
		t.Errorf("cut %d connections and counted %d, want 1", n, p.Cuts())
	}
	if _, err := tx.Run(ctx, "RETURN 1", nil); err == nil {
		t.Error("a cut connection answers")
	}
	if n := p.Cut(); n != 0 {
		t.Errorf("cut %d connections more, want none", n)
	}
	ask(t, driver, "RETURN 1 AS v")
}

func TestRefuse(t *testing.T) {
	s := neo4jtest.Start(t)
	p := neo4jtest.NewProxy(t, s)
	driver := s.DriverAt(t, p.URI())
	p.Refuse(true)
	if err := driver.VerifyConnectivity(t.Context()); err == nil {
		t.Error("a connection that is refused is there")
	}
	p.Refuse(false)
	if err := driver.VerifyConnectivity(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestHoldAndDelay(t *testing.T) {
	s := neo4jtest.Start(t)
	p := neo4jtest.NewProxy(t, s)
	driver := s.DriverAt(t, p.URI())
	ask(t, driver, "RETURN 1 AS v")
	p.Hold(true)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := neo4j.ExecuteQuery(ctx, driver, "RETURN 1 AS v", nil, neo4j.EagerResultTransformer); err == nil {
		t.Error("held bytes arrive")
	}
	if p.Cuts() != 0 {
		t.Error("a hold cuts")
	}
	p.Hold(false)
	ask(t, driver, "RETURN 1 AS v")
	const delay = 30 * time.Millisecond
	p.Delay(delay)
	begin := time.Now()
	ask(t, driver, "RETURN 1 AS v")
	if took := time.Since(begin); took < 2*delay {
		t.Errorf("a question and its answer took %v, want %v or more", took, 2*delay)
	}
}
