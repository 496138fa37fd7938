package neo4jstore_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// How much is broken; `make torture` breaks more.
var (
	cutsWanted  = flag.Int("cuts", 260, "how many connections the tests of faults cut")
	killsWanted = flag.Int("kills", 5, "how often they kill Neo4j while it is written to")
	childWanted = flag.Int("children", 50, "how many processes that write they kill")
	everywhere  = flag.Bool("everywhere", false, "end a migration at each of its COMMITs, not at a few")
	faultSeed   = flag.Uint64("faultseed", 0, "the seed of the faults; 0: another one each time")
)

// recovery is how long writers may take to get on when nothing is broken any
// more: ten times what they take on two busy cores.
const recovery = time.Minute

// routed is an address, of the same server, for a test in which connections
// are lost: without routing where the race detector watches. When the driver
// loses a server, it takes it out of its table of servers while others read
// that (v5.28.4, internal/router, InvalidateServer), which is its own to mend.
func routed(uri string) string {
	if racing {
		return "bolt" + strings.TrimPrefix(uri, "neo4j")
	}
	return uri
}

// slowToConnect is for a store that is to try once and not to fail for want of
// a connection.
func slowToConnect(c *config.Config) { c.ConnectionAcquisitionTimeout = 5 * time.Second }

// lucky returns seeded sources of luck, and logs the seed.
func lucky(t *testing.T) func() *rand.Rand {
	t.Helper()
	seed := *faultSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-faultseed %d", seed)
	var n atomic.Uint64
	return func() *rand.Rand { return rand.New(rand.NewPCG(seed, n.Add(1))) }
}

// crowd is writers, followers and readers of one graph, who go on until they
// are stopped.
type crowd struct {
	ledger  *ledger
	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex // guards what follows
	digests map[graph.Revision]graph.Digest
	loads   int // that were whole
	broken  int // loads that were not
	resumed int // how often a follow ended and went on
}

// newCrowd starts a writer and a follower in each of stores, and one that loads
// in the last of them.
func newCrowd(t *testing.T, luck func() *rand.Rand, stores ...graph.Store) *crowd {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	c := &crowd{ledger: newLedger(), stop: stop, digests: make(map[graph.Revision]graph.Digest)}
	for i, s := range stores {
		for _, name := range []string{"a", "b"} {
			source := luck()
			c.running.Go(func() { c.ledger.write(ctx, t, s, fmt.Sprint(name, i), source) })
		}
		c.running.Go(func() { c.follow(ctx, t, s) })
	}
	c.running.Go(func() { c.load(ctx, t, stores[len(stores)-1]) })
	t.Cleanup(c.end)
	return c
}

// end stops everybody and waits until the last has ended.
func (c *crowd) end() {
	c.stop()
	c.running.Wait()
}

// progress waits until n more batches were acknowledged, the test has failed, or
// the time is up, and reports whether they were.
func (c *crowd) progress(t *testing.T, n int, within time.Duration) bool {
	t.Helper()
	enough := c.ledger.acknowledged() + n
	for end := time.Now().Add(within); time.Now().Before(end) && !t.Failed(); time.Sleep(5 * time.Millisecond) {
		if c.ledger.acknowledged() >= enough {
			return true
		}
	}
	return false
}

// follow follows a store, on from where it was whenever that ends: without a
// gap, nothing twice, and what any other saw.
func (c *crowd) follow(ctx context.Context, t *testing.T, s graph.Store) {
	t.Helper()
	after := graph.Revision(0)
	for ctx.Err() == nil && !t.Failed() {
		err := s.Follow(ctx, after, func(r graph.Revision, b graph.Batch) error {
			if r != after+1 {
				t.Errorf("follow: revision %d comes after %d", r, after)
			}
			after = r
			c.see(t, "follow", r, b.Digest())
			return nil
		})
		if ctx.Err() != nil {
			return
		}
		if !errors.Is(err, graph.ErrUnavailable) || reason(err) == "DAMAGED" {
			t.Errorf("follow after %d: %v", after, err)
		}
		c.mu.Lock()
		c.resumed++
		c.mu.Unlock()
	}
}

func (c *crowd) see(t *testing.T, what string, r graph.Revision, d graph.Digest) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if was, ok := c.digests[r]; ok && was != d {
		t.Errorf("%s: revision %d was another batch before", what, r)
	}
	c.digests[r] = d
}

// load loads a store again and again: each load is whole, or an error.
func (c *crowd) load(ctx context.Context, t *testing.T, s graph.Store) {
	t.Helper()
	for ; ctx.Err() == nil && !t.Failed(); time.Sleep(20 * time.Millisecond) {
		said, last := 0, graph.Revision(0)
		head, err := s.Load(context.Background(), func(b graph.Batch) error {
			if b.Revision < last || b.Revision > last+1 {
				t.Errorf("load: revision %d comes after %d", b.Revision, last)
			}
			if b.Revision > last {
				said++
			}
			last = b.Revision
			return nil
		})
		c.mu.Lock()
		if err == nil {
			c.loads++
		} else {
			c.broken++
		}
		c.mu.Unlock()
		switch {
		case err == nil && said != int(head):
			t.Errorf("a load of revision %d has %d revisions", head, said)
		case err != nil && (!errors.Is(err, graph.ErrUnavailable) || reason(err) == "DAMAGED"):
			t.Errorf("load: %v", err)
		}
	}
}

// storm breaks the connections of proxies in every way they know until it has
// made as many faults as asked or the test has failed.
//
// Every other time it waits until something was acknowledged, for a second at
// most, so that a slow machine gets as much done between two faults as a fast one.
func (c *crowd) storm(t *testing.T, luck *rand.Rand, faults int, proxies ...*neo4jtest.Proxy) {
	t.Helper()
	var made atomic.Int64
	var verdicts sync.Mutex // guards what COMMITs draw from
	draw := rand.New(rand.NewPCG(luck.Uint64(), 0))
	for _, p := range proxies {
		p.OnCommit(func() neo4jtest.Verdict {
			verdicts.Lock()
			defer verdicts.Unlock()
			switch draw.IntN(8) {
			case 0:
				return neo4jtest.CutBefore
			case 1:
				return neo4jtest.CutAfter
			default:
				return neo4jtest.Pass
			}
		})
	}
	before := 0
	for _, p := range proxies {
		before += p.Cuts()
	}
	extra := 0 // connections that were cut together with another
	for int(made.Load()) < faults && !t.Failed() {
		p := proxies[luck.IntN(len(proxies))]
		pause := time.Duration(luck.IntN(40)) * time.Millisecond
		switch luck.IntN(6) {
		case 0:
			extra += max(0, p.Cut()-1)
		case 1, 2:
			p.CutAfterSent(luck.Int64N(1 << luck.IntN(18)))
		case 3:
			p.CutAfterReceived(luck.Int64N(1 << luck.IntN(16)))
		case 4:
			p.Refuse(true)
			time.Sleep(pause)
			p.Refuse(false)
		default:
			p.Hold(true)
			time.Sleep(pause)
			p.Hold(false)
		}
		time.Sleep(pause)
		if luck.IntN(2) == 0 {
			c.progress(t, 1, time.Second)
		}
		cuts := -before - extra
		for _, p := range proxies {
			cuts += p.Cuts()
		}
		made.Store(int64(cuts))
	}
	for _, p := range proxies {
		p.OnCommit(nil)
		p.CutAfterSent(-1)
		p.CutAfterReceived(-1)
	}
	t.Logf("%d faults", made.Load())
}

// Connections are cut before and after COMMIT and at any byte, refused, and held:
// each write that was acknowledged is there once, where it was acknowledged, and
// whoever reads meanwhile reads the same.
func TestCuts(t *testing.T) {
	server := neo4jtest.Start(t)
	luck := lucky(t)
	options := fresh(t, server, server.URI())
	var stores []graph.Store
	var proxies []*neo4jtest.Proxy
	for i := range 2 {
		p := neo4jtest.NewProxy(t, server)
		o := options
		o.URI = []string{p.URI(), routed(p.RoutingURI())}[i]
		o.RetryFor = []time.Duration{time.Millisecond, 2 * time.Second}[i] // the first gives up, the second tries again
		o.Configure = slowToConnect
		s := open(t, o)
		t.Cleanup(func() { _ = s.Close() })
		stores, proxies = append(stores, s), append(proxies, p)
	}
	c := newCrowd(t, luck, stores...)
	if !c.progress(t, 30, recovery) { // until Neo4j has planned the statements
		t.Fatalf("no writes are acknowledged: %v", c.ledger.lastError())
	}
	c.storm(t, luck(), *cutsWanted, proxies...)
	c.end()
	s := open(t, options)
	defer s.Close() //nolint:errcheck // nothing was written
	log := c.ledger.check(t, server, s)
	t.Logf("%d revisions, %d acknowledged, %d whole loads and %d broken ones, %d follows resumed", len(log), c.ledger.acknowledged(), c.loads, c.broken, c.resumed)
	if c.loads == 0 || c.resumed == 0 || c.ledger.acknowledged() < *cutsWanted/4 {
		t.Error("the faults left no room for what they are to break")
	}
}

// Neo4j is killed while it is written to, and started again: what was
// acknowledged is there.
func TestKillNeo4j(t *testing.T) {
	server := neo4jtest.Start(t)
	luck := lucky(t)
	options := fresh(t, server, routed(server.URI()))
	patient := options
	patient.RetryFor = 30 * time.Second // one lets the caller try again, the other does it
	stores := []graph.Store{open(t, options), open(t, patient)}
	c := newCrowd(t, luck, stores...)
	when := luck()
	for kill := range *killsWanted {
		if !c.progress(t, 1+when.IntN(3), recovery) {
			t.Fatalf("after %d kills no writes are acknowledged: %v", kill, c.ledger.lastError())
		}
		time.Sleep(time.Duration(when.IntN(200)) * time.Millisecond)
		server.Kill(t)
		server.Restart(t)
	}
	if !c.progress(t, 3, recovery) {
		t.Errorf("after the last kill no writes are acknowledged: %v", c.ledger.lastError())
	}
	c.end()
	log := c.ledger.check(t, server, stores[0].(*neo4jstore.Store))
	for _, s := range stores {
		_ = s.Close()
	}
	t.Logf("%d kills; %d revisions, %d acknowledged, %d whole loads and %d broken ones, %d follows resumed", *killsWanted, len(log), c.ledger.acknowledged(), c.loads, c.broken, c.resumed)
}
