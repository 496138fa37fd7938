package neo4jtest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Verdict is what a [Proxy] does when a client commits.
type Verdict int

const (
	// Pass forwards the COMMIT and its answer.
	Pass Verdict = iota
	// CutBefore cuts the connection instead of forwarding the COMMIT: nothing is
	// stored.
	CutBefore
	// CutAfter forwards the COMMIT, waits for its answer, and cuts the connection
	// instead of forwarding that: what was to be stored is stored, unless the
	// server refused it, and the client cannot know.
	CutAfter
)

// Proxy forwards connections to a server until it is told to break them. A cut
// connection ends by a reset, on both sides. Its methods may be called at once.
//
// With TLS it sees no messages: it cuts by hand and by bytes, not at a COMMIT.
type Proxy struct {
	listener net.Listener
	target   string // host and port of the server
	security string // the end of a scheme that fits the server: "", "+ssc" or "+s"
	running  sync.WaitGroup

	mu       sync.Mutex // guards what follows
	links    map[*link]struct{}
	closed   bool
	refusing bool
	held     chan struct{} // closed when a hold ends; nil without one
	delay    time.Duration
	onCommit func() Verdict
	budget   [2]int64 // by direction: bytes until a cut, or -1
	cuts     int
	commits  int
}

// direction is the way that bytes take.
type direction int

const (
	sent     direction = iota // from the client
	received                  // to the client
)

// NewProxy returns a proxy to s, which ends with the test. Clients reach it at
// [Proxy.URI] and [Proxy.RoutingURI], and stay with it.
func NewProxy(tb testing.TB, s *Server) *Proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{listener: l, target: s.Address(), security: s.security(), links: map[*link]struct{}{}, budget: [2]int64{-1, -1}}
	p.running.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// Address is the host and port to connect to.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// URI is for a client that talks to one server: bolt://, or with TLS
// bolt+ssc://.
func (p *Proxy) URI() string { return "bolt" + p.security + "://" + p.Address() }

// RoutingURI is for a client that asks where to go: neo4j://, or with TLS
// neo4j+ssc://. A server that is no cluster answers the address it was asked
// at, which is the proxy's.
func (p *Proxy) RoutingURI() string { return "neo4j" + p.security + "://" + p.Address() }

// Cut cuts all connections and returns how many there were.
func (p *Proxy) Cut() int {
	p.mu.Lock()
	links := make([]*link, 0, len(p.links))
	for l := range p.links {
		links = append(links, l)
	}
	p.mu.Unlock()
	n := 0
	for _, l := range links {
		if l.cut() {
			n++
		}
	}
	return n
}

// CutAfterSent cuts the connection on which a client sends the byte after the
// next n, before that byte; all connections count together. Negative: never.
func (p *Proxy) CutAfterSent(n int64) { p.cutAfter(sent, n) }

// CutAfterReceived is [Proxy.CutAfterSent] for bytes that the server sends.
func (p *Proxy) CutAfterReceived(n int64) { p.cutAfter(received, n) }

func (p *Proxy) cutAfter(d direction, n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.budget[d] = max(n, -1)
}

// OnCommit asks f what to do with each COMMIT; nil passes them. f is called by
// one goroutine at a time and must not call the proxy.
func (p *Proxy) OnCommit(f func() Verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onCommit = f
}

// CutNext gives the next n COMMITs the verdict v; later ones pass.
func (p *Proxy) CutNext(n int, v Verdict) {
	p.OnCommit(func() Verdict {
		if n == 0 {
			return Pass
		}
		n--
		return v
	})
}

// Refuse ends new connections as soon as they are made, or takes them again.
func (p *Proxy) Refuse(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = refuse
}

// Hold keeps back all bytes, with connections open, as a silent network does;
// Hold(false) lets them go on.
func (p *Proxy) Hold(hold bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case hold && p.held == nil:
		p.held = make(chan struct{})
	case !hold && p.held != nil:
		close(p.held)
		p.held = nil
	}
}

// Delay keeps back each message for d, in both directions.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Cuts is how many connections were cut so far, by whichever method.
func (p *Proxy) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// Commits is how many COMMITs were seen so far.
func (p *Proxy) Commits() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.commits
}

// verdict counts a COMMIT and says what to do with it.
func (p *Proxy) verdict() Verdict {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commits++
	if p.onCommit == nil {
		return Pass
	}
	return p.onCommit()
}

// spend takes up to n bytes from the budget of a direction and returns how many
// there were; when fewer, the budget ends.
func (p *Proxy) spend(d direction, n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.budget[d]
	switch {
	case left < 0:
		return n
	case left >= int64(n):
		p.budget[d] -= int64(n)
		return n
	default:
		p.budget[d] = -1
		return int(left)
	}
}

// accept takes connections until the proxy is closed.
func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		refusing := p.refusing || p.closed
		p.mu.Unlock()
		if refusing {
			reset(client)
			continue
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			reset(client) // as if the client had tried itself
			continue
		}
		l := &link{proxy: p, client: client, server: server, speaksBolt: make(chan bool, 1), choose: make(chan bool, 1), ended: make(chan struct{})}
		if !p.add(l) {
			l.end(false)
			continue
		}
		p.running.Go(func() { l.forward(l.up) })
		p.running.Go(func() { l.forward(l.down) })
	}
}

// add counts a connection among those to cut, unless the proxy was closed.
func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.links[l] = struct{}{}
	}
	return !p.closed
}

// remove forgets a connection that has ended.
func (p *Proxy) remove(l *link, cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
	if cut {
		p.cuts++
	}
}

// close ends the proxy and its connections, and waits for its goroutines.
func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.Cut()
	p.running.Wait()
}
