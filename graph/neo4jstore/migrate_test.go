package neo4jstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// blank is an empty database, without a schema, and options that fit it.
func blank(t *testing.T, server *neo4jtest.Server) neo4jstore.Options {
	t.Helper()
	server.Wipe(t)
	return neo4jstore.Options{
		URI: server.URI(), User: server.User(), Password: server.Password(),
		Keys: filepath.Join(t.TempDir(), "keys"), RetryFor: 2 * time.Second,
	}
}

// usable checks that a graph can be opened and written to.
func usable(t *testing.T, options neo4jstore.Options) {
	t.Helper()
	s := open(t, options)
	defer s.Close() //nolint:errcheck // what it holds is checked
	b := said("usable", 0, rand.New(rand.NewPCG(1, 1)))
	if _, err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if report, err := s.Check(t.Context()); err != nil || len(report.Problems) > 0 || report.Batches != 1 || report.Personal != 2 {
		t.Errorf("check: %+v, %v", report, err)
	}
}

// says fails the test unless err is of a class and has words that tell somebody
// what to do.
func says(t *testing.T, what string, err, class error, words ...string) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Errorf("%s: %v, want %v", what, err, class)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: %q does not say %q", what, err, w)
		}
	}
}

func TestMigrateRefuses(t *testing.T) {
	server := neo4jtest.Start(t)
	options := blank(t, server)
	driver := server.Driver(t)
	_, err := neo4jstore.Open(t.Context(), options)
	says(t, "open an empty database", err, graph.ErrUnavailable, "no graph of Cairn", "cairn migrate")

	ask(t, driver, "CREATE (:Customer {id: 1})", nil)
	_, _, err = neo4jstore.Migrate(t.Context(), options)
	says(t, "migrate a database of something else", err, graph.ErrInvalid, "database of its own")
	if n := ask(t, driver, "SHOW CONSTRAINTS YIELD name RETURN count(*)", nil).Records[0].Values[0]; n != int64(0) {
		t.Errorf("a refused migration left %v constraints", n)
	}
	if _, err := os.Stat(options.Keys); err == nil {
		t.Error("a refused migration left a keys file")
	}
	ask(t, driver, "MATCH (n) DELETE n", nil)

	if from, to, err := neo4jstore.Migrate(t.Context(), options); err != nil || from != 0 || to != neo4jstore.Schema {
		t.Fatalf("migrate: from %d to %d, %v", from, to, err)
	}
	before, err := os.ReadFile(options.Keys)
	if err != nil {
		t.Fatal(err)
	}
	if from, to, err := neo4jstore.Migrate(t.Context(), options); err != nil || from != neo4jstore.Schema || to != neo4jstore.Schema {
		t.Errorf("migrate again: from %d to %d, %v", from, to, err)
	}
	if after, err := os.ReadFile(options.Keys); err != nil || string(after) != string(before) {
		t.Errorf("migrate again changed the keys file (%v)", err)
	}
	usable(t, options)
}

// A graph that a newer version has migrated is not read or written by an older
// one, also not by one that had opened it before.
func TestNewerSchema(t *testing.T) {
	server := neo4jtest.Start(t)
	options := fresh(t, server, server.URI())
	old := open(t, options)
	defer old.Close() //nolint:errcheck // the test is about refusals
	if _, err := old.Commit(t.Context(), said("a", 0, rand.New(rand.NewPCG(1, 1)))); err != nil {
		t.Fatal(err)
	}
	newer := []string{fmt.Sprint("version ", neo4jstore.Schema+1), "newer cairn"}
	change(t, server, "MATCH (s:Cairn) SET s.schema = s.schema + 1 RETURN s", nil)
	_, err := neo4jstore.Open(t.Context(), options)
	says(t, "open", err, graph.ErrUnavailable, newer...)
	_, _, err = neo4jstore.Migrate(t.Context(), options)
	says(t, "migrate", err, graph.ErrUnavailable, newer...)
	_, err = old.Commit(t.Context(), graph.Batch{At: day(1), People: []graph.Person{{ID: "ada"}}})
	says(t, "commit", err, graph.ErrUnavailable, newer...)
	_, err = old.Load(t.Context(), func(graph.Batch) error { t.Error("load reads on"); return nil })
	says(t, "load", err, graph.ErrUnavailable, newer...)
	ctx, cancel := context.WithTimeout(t.Context(), recovery)
	defer cancel()
	err = old.Follow(ctx, 0, func(graph.Revision, graph.Batch) error { t.Error("follow reads on"); return nil })
	says(t, "follow", err, graph.ErrUnavailable, newer...)
	_, err = old.Head(t.Context())
	says(t, "head", err, graph.ErrUnavailable, newer...)

	change(t, server, "MATCH (s:Cairn) SET s.schema = 0 RETURN s", nil)
	_, err = neo4jstore.Open(t.Context(), options)
	says(t, "open what was not migrated", err, graph.ErrUnavailable, "cairn migrate")
}

func TestMigrateAtOnce(t *testing.T) {
	server := neo4jtest.Start(t)
	options := blank(t, server)
	options.RetryFor = 30 * time.Second
	var running sync.WaitGroup
	for range 3 {
		running.Go(func() {
			if _, to, err := neo4jstore.Migrate(t.Context(), options); err != nil || to != neo4jstore.Schema {
				t.Errorf("migrate with others: to %d, %v", to, err)
			}
		})
	}
	running.Wait()
	usable(t, options)
}

// A migration that ends in the middle, wherever it may be, is finished by
// another one.
func TestMigrateKilled(t *testing.T) {
	server := neo4jtest.Start(t)
	proxy := neo4jtest.NewProxy(t, server)
	luck := lucky(t)()
	options := blank(t, server)
	options.RetryFor = 30 * time.Second
	proxied := options
	proxied.URI, proxied.RetryFor, proxied.Configure = proxy.URI(), time.Millisecond, slowToConnect
	before := proxy.Commits()
	if _, _, err := neo4jstore.Migrate(t.Context(), proxied); err != nil {
		t.Fatal(err)
	}
	commits := proxy.Commits() - before
	if commits < 3 {
		t.Fatalf("a migration has %d COMMITs", commits)
	}
	type end struct {
		at      int
		verdict neo4jtest.Verdict
	}
	// The last three are of the node that says what the graph is, of reading it,
	// and of what says that there is a keys file.
	ends := []end{{1 + luck.IntN(commits-3), neo4jtest.CutAfter}, {commits - 2, neo4jtest.CutAfter}, {commits, neo4jtest.CutBefore}}
	if *everywhere {
		ends = nil
		for at := 1; at <= commits; at++ {
			ends = append(ends, end{at, neo4jtest.CutBefore}, end{at, neo4jtest.CutAfter})
		}
	}
	for _, e := range ends {
		options.Keys = filepath.Join(t.TempDir(), "keys")
		proxied.Keys = options.Keys
		server.Wipe(t)
		seen := 0
		proxy.OnCommit(func() neo4jtest.Verdict {
			if seen++; seen < e.at {
				return neo4jtest.Pass
			}
			return e.verdict // also when it is tried again
		})
		if _, _, err := neo4jstore.Migrate(t.Context(), proxied); err == nil {
			t.Errorf("killed at COMMIT %d of %d: no error", e.at, commits)
		}
		proxy.OnCommit(nil)
		if _, to, err := neo4jstore.Migrate(t.Context(), options); err != nil || to != neo4jstore.Schema {
			t.Fatalf("killed at COMMIT %d of %d (%d), then again: to %d, %v", e.at, commits, e.verdict, to, err)
		}
		usable(t, options)
	}
}
