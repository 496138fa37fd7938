package neo4jstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// A connection that is cut at COMMIT leaves the outcome open: the store finds
// out by itself, also of a batch without a key, and stores it once.
func TestCommitFindsOut(t *testing.T) {
	server := neo4jtest.Start(t)
	proxy := neo4jtest.NewProxy(t, server)
	options := fresh(t, server, proxy.URI())
	options.RetryFor = 20 * time.Second
	s := open(t, options)
	defer s.Close() //nolint:errcheck // the test is about Commit
	for i, verdict := range []neo4jtest.Verdict{neo4jtest.CutBefore, neo4jtest.CutAfter, neo4jtest.CutAfter} {
		proxy.CutNext(i+1, verdict)
		person := graph.Batch{At: day(1), People: []graph.Person{{ID: "ada"}}}
		revs, err := s.Commit(t.Context(), person, person)
		if want := graph.Revision(2*i + 1); err != nil || len(revs) != 2 || revs[0] != want || revs[1] != want+1 {
			t.Fatalf("cut %d: %v, %v; want revisions %d and %d", i, revs, err, want, want+1)
		}
	}
	if log := followAll(t, s); len(log) != 6 {
		t.Errorf("%d revisions are stored, want 6", len(log))
	}
	if proxy.Cuts() != 1+2+3 {
		t.Errorf("%d connections were cut", proxy.Cuts())
	}
}

// A server that is there and says nothing is away: calls end, within a bounded
// time, or when their ctx ends; when it goes on, so do they.
func TestSilence(t *testing.T) {
	server := neo4jtest.Start(t)
	options := fresh(t, server, routed(server.URI()))
	options.Silence = 2 * time.Second
	s := open(t, options)
	defer s.Close() //nolint:errcheck // the test is about calls
	patient := options
	patient.Silence = time.Hour
	waiting := open(t, patient)
	defer waiting.Close() //nolint:errcheck // as above
	batch := graph.Batch{Key: "k", At: day(1), People: []graph.Person{{ID: "ada"}}}
	commit := func() error { _, err := s.Commit(context.Background(), batch); return err }
	if err := commit(); err != nil {
		t.Fatal(err)
	}
	server.Pause(t)
	defer server.Resume(t)
	batch.Key = "while away"
	for what, call := range map[string]func() error{
		"commit": commit,
		"head":   func() error { _, err := s.Head(context.Background()); return err },
		"follow": func() error {
			return s.Follow(context.Background(), 0, func(graph.Revision, graph.Batch) error { return nil })
		},
		"commit until its ctx ends": func() error {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			_, err := waiting.Commit(ctx, graph.Batch{Key: "ended", At: day(1), People: []graph.Person{{ID: "ada"}}})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the error of a call whose ctx ended does not say so: %v", err)
			}
			return err
		},
	} {
		ended := make(chan error, 1)
		go func() { ended <- call() }()
		select {
		case err := <-ended:
			if !errors.Is(err, graph.ErrUnavailable) {
				t.Errorf("%s: %v, want ErrUnavailable", what, err)
			}
		case <-time.After(recovery):
			t.Fatalf("%s does not end", what)
		}
	}
	server.Resume(t)
	if err := commit(); err != nil {
		t.Errorf("after the server went on: %v", err)
	}
	counts := make(map[string]int)
	for _, b := range followAll(t, s) {
		counts[b.Key]++
	}
	if counts["k"] != 1 || counts["while away"] != 1 || counts["ended"] > 1 {
		t.Errorf("stored: %v", counts)
	}
}
