package server

import (
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"time"
)

// preface is how a connection that speaks HTTP/2 from the start begins (RFC
// 9113, section 3.4). Over plain text only gRPC clients do.
const preface = "PRI "

// splitter divides the connections of one listener by their first bytes, before
// any server sees them: to native those that speak HTTP/2 from the start, to web
// all others. A connection that says nothing in time is closed.
type splitter struct {
	net.Listener
	native, web *branch
	patience    time.Duration
	peeking     sync.WaitGroup // connections whose first bytes are awaited
	mu          sync.Mutex     // guards waiting, given and closed
	waiting     map[net.Conn]struct{}
	given       map[*begunConn]struct{} // to a branch, and not closed yet
	closed      bool
}

func newSplitter(l net.Listener, patience time.Duration) *splitter {
	return &splitter{
		Listener: l, native: newBranch(l.Addr()), web: newBranch(l.Addr()),
		patience: patience, waiting: make(map[net.Conn]struct{}), given: make(map[*begunConn]struct{}),
	}
}

// run accepts until the listener is closed, whose error it returns. The branches
// end with it.
func (s *splitter) run() error {
	defer s.native.end()
	defer s.web.end()
	pause := time.Duration(0)
	for {
		conn, err := s.Accept()
		if err != nil {
			// Out of file descriptors is over soon: wait, as net/http does.
			if temporary, ok := errors.AsType[interface {
				error
				Temporary() bool
			}](err); ok && temporary.Temporary() {
				pause = min(max(2*pause, 5*time.Millisecond), time.Second)
				time.Sleep(pause)
				continue
			}
			return err
		}
		pause = 0
		if !s.wait(conn) {
			_ = conn.Close() // it was accepted while the splitter closed
			continue
		}
		s.peeking.Go(func() { s.sort(conn) })
	}
}

// sort hands conn to the branch that its first bytes name.
func (s *splitter) sort(conn net.Conn) {
	first := make([]byte, len(preface))
	_ = conn.SetReadDeadline(time.Now().Add(s.patience))
	n := 0
	for n < len(first) && string(first[:n]) == preface[:n] {
		m, err := io.ReadAtLeast(conn, first[n:], 1)
		n += m
		if err != nil {
			break
		}
	}
	begun := &begunConn{Conn: conn, first: first[:n], splitter: s}
	if !s.done(begun) || n == 0 {
		_ = begun.Close()
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	if string(first[:n]) == preface {
		s.native.give(begun)
	} else {
		s.web.give(begun)
	}
}

func (s *splitter) wait(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.waiting[conn] = struct{}{}
	return true
}

// done reports whether c is still wanted.
func (s *splitter) done(c *begunConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, c.Conn)
	s.given[c] = struct{}{}
	return !s.closed
}

// drop closes the connections that are left, whatever they wait for. Neither of
// the two servers closes one that has begun to speak and never finished its
// greeting.
func (s *splitter) drop() {
	s.mu.Lock()
	left := slices.Collect(maps.Keys(s.given))
	s.mu.Unlock()
	for _, c := range left {
		_ = c.Close()
	}
}

// Close stops accepting, drops the connections that have said nothing yet and
// waits for the goroutines.
func (s *splitter) Close() error {
	s.mu.Lock()
	s.closed = true
	for conn := range s.waiting {
		_ = conn.Close()
	}
	s.mu.Unlock()
	err := s.Listener.Close()
	s.native.end()
	s.web.end()
	s.peeking.Wait()
	return err
}

// branch is a listener of the connections given to it.
type branch struct {
	addr  net.Addr
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func newBranch(addr net.Addr) *branch {
	return &branch{addr: addr, conns: make(chan net.Conn), ended: make(chan struct{})}
}

func (b *branch) give(c net.Conn) {
	select {
	case b.conns <- c:
	case <-b.ended:
		_ = c.Close()
	}
}

// Accept waits for the next connection.
func (b *branch) Accept() (net.Conn, error) {
	select {
	case c := <-b.conns:
		return c, nil
	case <-b.ended:
		return nil, net.ErrClosed
	}
}

// Addr is the address of the port.
func (b *branch) Addr() net.Addr { return b.addr }

// Close ends the branch.
func (b *branch) Close() error {
	b.end()
	return nil
}

func (b *branch) end() { b.once.Do(func() { close(b.ended) }) }

// begunConn is a connection whose first bytes were read already.
type begunConn struct {
	net.Conn
	first    []byte
	splitter *splitter
}

// Close closes the connection and lets the splitter forget it.
func (c *begunConn) Close() error {
	c.splitter.mu.Lock()
	delete(c.splitter.given, c)
	c.splitter.mu.Unlock()
	return c.Conn.Close()
}

// Read reads the first bytes, then the others.
func (c *begunConn) Read(p []byte) (int, error) {
	if len(c.first) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.first)
	c.first = c.first[n:]
	return n, nil
}
