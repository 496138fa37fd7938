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

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// catalog is two badges, and a third that both of them earn.
func catalog() graph.Batch {
	life := graph.Lifecycle{Status: graph.InForce, EffectiveFrom: day(1)}
	entry := func(id graph.ID, kind graph.AchievementType, route graph.Route) graph.Achievement {
		return graph.Achievement{
			ID: id, Lifecycle: life, Type: kind, Issuer: "academy", Title: graph.Text{{Value: string(id)}},
			Rigor: graph.Assessed, Routes: []graph.Route{route},
		}
	}
	both := graph.All(graph.Holds("charts"), graph.Holds("sql"))
	both.Node, both.Of[0].Node, both.Of[1].Node = "all", "charts", "sql"
	course := graph.Route{ID: "course", Kind: graph.ByCourse, EffortMinutes: 60}
	return graph.Batch{
		Key: "catalog", At: day(2), Issuers: []graph.Issuer{{ID: "academy", Title: graph.Text{{Value: "Academy"}}}},
		Achievements: []graph.Achievement{
			entry("sql", graph.Badge, course), entry("charts", graph.Badge, course),
			entry("analyst", graph.MicroCredential, graph.Route{ID: "stack", Kind: graph.ByStack, Award: graph.Automatic, Requires: &both}),
		},
	}
}

// asked is batch n of a writer as a server gets it: somebody joins and earns
// badges, and so does somebody whom other writers name too.
func asked(writer string, n int) graph.Batch {
	key := fmt.Sprintf("%s/%d", writer, n)
	own, common := graph.ID(key), graph.ID(fmt.Sprint("common", n%5))
	at := day(3) + graph.Instant(n)
	return graph.Batch{
		Key: key, At: at, People: []graph.Person{{ID: own}, {ID: common}},
		Personal: []graph.Personal{{Person: own, Name: "name of " + key}},
		Awards: []graph.Award{
			{Person: own, Achievement: "sql", IssuedAt: at},
			{Person: own, Achievement: "charts", IssuedAt: at},
			{Person: common, Achievement: []graph.ID{"sql", "charts"}[n%2], IssuedAt: at},
		},
	}
}

// asIs tells whether a batch that went through a server is the one that was
// asked for: what was known already is left out of it, and its time is not
// before that of another.
func asIs(tried, stored *graph.Batch) bool {
	first := func(b *graph.Batch) (id graph.ID) {
		if len(b.People) > 0 {
			id = b.People[0].ID
		}
		return id
	}
	return first(tried) == first(stored) && len(tried.Achievements) == len(stored.Achievements) &&
		len(tried.Personal) == len(stored.Personal) && (len(tried.Personal) == 0 || tried.Personal[0].Name == stored.Personal[0].Name)
}

// fingerprint is a digest of all that a snapshot answers from, derived awards
// and names included.
func fingerprint(tb testing.TB, s *graph.Snapshot) graph.Digest {
	tb.Helper()
	h := graph.NewContentHasher()
	entries := s.Catalog.Entries()
	h.Add(s.Revision, &entries)
	for b := range s.Facts() {
		p, err := s.Profile(b.People[0].ID, day(30))
		if err != nil {
			tb.Error(err)
			return graph.Digest{}
		}
		for _, x := range p.Evidence() {
			b.Key += fmt.Sprint(x.Fact, x.Derived, x.IssuedAt, x.ValidUntil, x.Counts, "; ")
		}
		h.Add(s.Revision, &b)
	}
	return h.Sum()
}

// prefix is a store that has the first revisions of another.
type prefix []graph.Batch

func (p prefix) Head(context.Context) (graph.Revision, error) { return graph.Revision(len(p)), nil }

func (p prefix) Load(_ context.Context, apply func(graph.Batch) error) (graph.Revision, error) {
	for i, b := range p {
		b.Revision = graph.Revision(i + 1)
		if err := apply(b); err != nil {
			return 0, err
		}
	}
	return graph.Revision(len(p)), nil
}

func (p prefix) Commit(context.Context, ...graph.Batch) ([]graph.Revision, error) {
	return nil, graph.Unavailable("it is read only", nil)
}

func (p prefix) Read(context.Context, ...graph.PersonalRef) ([]graph.Personal, error) {
	return nil, graph.Unavailable("it has no records", nil)
}

func (p prefix) Follow(context.Context, graph.Revision, func(graph.Revision, graph.Batch) error) error {
	return graph.Unavailable("nothing follows", nil)
}

func (p prefix) Close() error { return nil }

// serve opens a server on a store of its own.
func serve(t *testing.T, options neo4jstore.Options) *graph.Live {
	t.Helper()
	s := open(t, options)
	l, err := graph.Open(t.Context(), s, graph.Options{Shared: true, KeepRevisions: 1 << 20, KeepMillis: 1 << 50})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		_ = s.Close()
	})
	return l
}

// ask commits a batch until it is acknowledged.
func (l *ledger) ask(tb testing.TB, live *graph.Live, b graph.Batch) graph.Revision {
	tb.Helper()
	l.try(b)
	for !tb.Failed() {
		r, err := live.Commit(context.Background(), b, graph.CommitOptions{})
		switch {
		case err == nil:
			if !r.Stored && !r.Replayed {
				tb.Errorf("%s: neither stored nor a replay: %+v", b.Key, r)
			}
			l.tell(tb, b.Key, r.Revision)
			return r.Revision
		case !errors.Is(err, graph.ErrUnavailable):
			tb.Errorf("%s: %v", b.Key, err)
		}
		l.pause(err)
	}
	return 0
}

// sameEverywhere checks that every revision that a server has or had is what
// the log makes of its beginning.
func sameEverywhere(t *testing.T, log []graph.Batch, lives []*graph.Live) {
	t.Helper()
	for i, l := range lives {
		ctx, cancel := context.WithTimeout(t.Context(), recovery)
		s, err := l.At(ctx, graph.Revision(len(log)))
		cancel()
		if err != nil {
			t.Fatalf("server %d: %v", i, err)
		}
		if bad := s.Refold(); len(bad) > 0 {
			t.Errorf("server %d: folded again, %v differ", i, bad)
		}
	}
	shown := 0
	for r := 1; r <= len(log); r++ {
		whole, err := graph.Open(t.Context(), prefix(log[:r]), graph.Options{})
		if err != nil {
			t.Fatalf("the first %d revisions: %v", r, err)
		}
		want := fingerprint(t, whole.Head())
		whole.Close()
		for i, l := range lives {
			s, err := l.Pinned(graph.Revision(r))
			if err != nil {
				continue // it began later, or that was all that it was told
			}
			if shown++; fingerprint(t, s) != want {
				t.Errorf("server %d showed as revision %d what never was", i, r)
			}
		}
	}
	if shown < len(log) {
		t.Errorf("of %d revisions, servers have shown %d: too few to compare", len(log), shown)
	}
}

// Three servers with connections that break write at once. Each write that was
// acknowledged is there once, is seen by another server at its revision, and no
// server ever shows a state that is not a beginning of the log.
func TestServers(t *testing.T) {
	server := neo4jtest.Start(t)
	luck := lucky(t)
	options := fresh(t, server, server.URI())
	c := &crowd{ledger: newLedger()}
	c.ledger.same = asIs
	var lives []*graph.Live
	var proxies []*neo4jtest.Proxy
	for i := range 3 {
		o := options
		if i > 0 {
			p := neo4jtest.NewProxy(t, server)
			o.URI = p.URI()
			o.RetryFor = time.Millisecond
			o.Configure = slowToConnect
			proxies = append(proxies, p)
		}
		lives = append(lives, serve(t, o))
	}
	c.ledger.ask(t, lives[0], catalog())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var running sync.WaitGroup
	for w := range 6 {
		source := luck()
		running.Go(func() { c.serveWriter(ctx, t, lives, fmt.Sprint("w", w), source) })
	}
	if !c.progress(t, 12, recovery) {
		t.Fatalf("no writes are acknowledged: %v", c.ledger.lastError())
	}
	c.storm(t, luck(), *cutsWanted/4, proxies...)
	c.progress(t, 6, recovery)
	stop()
	running.Wait()
	s := open(t, options)
	defer s.Close() //nolint:errcheck // nothing was written
	log := c.ledger.check(t, server, s)
	sameEverywhere(t, log, lives)
	t.Logf("%d revisions", len(log))
}

// serveWriter asks any of the servers to commit, and another one to show what
// was committed.
func (c *crowd) serveWriter(ctx context.Context, t *testing.T, lives []*graph.Live, name string, luck *rand.Rand) {
	t.Helper()
	for n := 0; ctx.Err() == nil && !t.Failed(); n++ {
		b := asked(name, n)
		r := c.ledger.ask(t, lives[luck.IntN(len(lives))], b)
		other := luck.IntN(len(lives))
		within, cancel := context.WithTimeout(context.Background(), recovery)
		s, err := lives[other].At(within, r)
		cancel()
		if err != nil {
			t.Errorf("server %d does not see revision %d: %v", other, r, err)
			return
		}
		if e, ok := s.Person(b.People[0].ID); !ok || e.Name != b.Personal[0].Name {
			t.Errorf("%s is not on server %d at revision %d, where it was acknowledged", b.Key, other, r)
		}
	}
}

// While Neo4j is away, killed or silent, a server answers from what it has and
// says since when; a write is refused within a bounded time; afterwards all goes on.
func TestAway(t *testing.T) {
	server := neo4jtest.Start(t)
	options := fresh(t, server, routed(server.URI()))
	options.RetryFor, options.Silence = time.Second, 4*time.Second
	lives := []*graph.Live{serve(t, options), serve(t, options)}
	l := newLedger()
	l.same = asIs
	l.ask(t, lives[0], catalog())
	for n, away := range []struct {
		what        string
		leave, back func(testing.TB)
	}{{"killed", server.Kill, server.Restart}, {"silent", server.Pause, server.Resume}} {
		r := l.ask(t, lives[0], asked("before", n))
		for i, live := range lives {
			wait(t, fmt.Sprintf("server %d sees revision %d", i, r), func() bool {
				_, err := live.Fresh()
				return live.Head().Revision >= r && err == nil
			})
		}
		left := time.Now()
		away.leave(t)
		lost := asked("while-away", n)
		l.try(lost)
		refused := make(chan error, 1)
		go func() {
			_, err := lives[0].Commit(context.Background(), lost, graph.CommitOptions{})
			refused <- err
		}()
		select {
		case err := <-refused:
			if !errors.Is(err, graph.ErrUnavailable) {
				t.Errorf("%s: a write is answered by %v, want ErrUnavailable", away.what, err)
			}
		case <-time.After(recovery):
			t.Errorf("%s: a write is not answered", away.what)
		}
		for i, live := range lives {
			wait(t, fmt.Sprintf("%s: server %d says so", away.what, i), func() bool {
				since, err := live.Fresh()
				return errors.Is(err, graph.ErrUnavailable) && since.After(left) && live.Health(t.Context()) != nil
			})
			if s := live.Head(); s.Revision != r {
				t.Errorf("%s: server %d answers from revision %d, want %d", away.what, i, s.Revision, r)
			} else if e, ok := s.Person(asked("before", n).People[0].ID); !ok || e.Name == "" {
				t.Errorf("%s: server %d does not answer reads: %+v", away.what, i, e)
			}
		}
		away.back(t)
		for i, live := range lives {
			wait(t, fmt.Sprintf("%s and back: server %d is in touch", away.what, i), func() bool {
				_, err := live.Fresh()
				return err == nil && live.Health(t.Context()) == nil
			})
		}
		l.ask(t, lives[0], lost)
		l.ask(t, lives[1], asked("after", n))
	}
	s := open(t, options)
	defer s.Close() //nolint:errcheck // nothing was written
	log := l.check(t, server, s)
	sameEverywhere(t, log, lives)
	var keys []string
	for _, b := range log {
		keys = append(keys, b.Key)
	}
	slices.Sort(keys)
	if len(keys) != 7 {
		t.Errorf("stored: %v", keys)
	}
}

// wait waits until something is so.
func wait(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(recovery); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", recovery, what)
		}
	}
}
