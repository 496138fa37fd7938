package neo4jtest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// link is one connection through the proxy.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	speaksBolt     chan bool // from up to down, once: what the client began with
	choose         chan bool // from down to up, once: the client chooses the version from a list
	ended          chan struct{}
	once           sync.Once

	requests int64        // that the client sent and that have an answer; for up only
	answers  int64        // for down only
	withhold atomic.Int64 // the number of the request whose answer is cut; 0 is none
}

var errCut = errors.New("cut")

// forward runs one direction, and ends the connection when that has ended.
func (l *link) forward(run func() error) {
	err := run()
	l.end(errors.Is(err, errCut))
}

// cut cuts the connection, and reports whether it was there to cut.
func (l *link) cut() bool { return l.end(true) }

// end ends both sides, by a reset when it is a cut, and reports whether they
// had not ended before.
func (l *link) end(cut bool) bool {
	first := false
	l.once.Do(func() {
		first = true
		close(l.ended)
		l.proxy.remove(l, cut)
		if cut {
			reset(l.client)
			reset(l.server)
			return
		}
		_ = l.client.Close()
		_ = l.server.Close()
	})
	return first
}

// reset closes a connection so that its other side reads an error, not an end.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// up forwards what the client sends.
func (l *link) up() error {
	r := bufio.NewReaderSize(l.client, 1<<16)
	first, err := readMore(r, nil, len(boltMagic))
	if err != nil {
		return err
	}
	l.speaksBolt <- string(first) == boltMagic
	if string(first) != boltMagic {
		if err := l.send(sent, first); err != nil {
			return err
		}
		return l.copy(sent, r)
	}
	if first, err = readMore(r, first, proposalBytes); err != nil {
		return err
	}
	if err := l.send(sent, first); err != nil {
		return err
	}
	select {
	case choose := <-l.choose:
		if choose {
			choice, err := readChoice(r)
			if err != nil {
				return err
			}
			if err := l.send(sent, choice); err != nil {
				return err
			}
		}
	case <-l.ended:
		return io.EOF
	}
	var buf []byte
	for {
		m, err := readMessage(r, buf)
		if err != nil {
			return err
		}
		buf = m.raw
		if m.tag != 0 && m.tag != tagGoodbye {
			l.requests++
		}
		if m.tag == tagCommit {
			switch l.proxy.verdict() {
			case CutBefore:
				return errCut
			case CutAfter:
				l.withhold.Store(l.requests)
			case Pass:
			}
		}
		if err := l.send(sent, m.raw); err != nil {
			return err
		}
	}
}

// down forwards what the server sends.
func (l *link) down() error {
	r := bufio.NewReaderSize(l.server, 1<<16)
	select {
	case bolt := <-l.speaksBolt:
		if !bolt {
			return l.copy(received, r)
		}
	case <-l.ended:
		return io.EOF
	}
	version, choose, err := readVersion(r)
	if err != nil {
		return err
	}
	l.choose <- choose
	if err := l.send(received, version); err != nil {
		return err
	}
	var buf []byte
	for {
		m, err := readMessage(r, buf)
		if err != nil {
			return err
		}
		buf = m.raw
		if m.summary() {
			l.answers++
			if l.answers == l.withhold.Load() {
				return errCut
			}
		}
		if err := l.send(received, m.raw); err != nil {
			return err
		}
	}
}

// copy forwards bytes as they come: what they mean is not seen.
func (l *link) copy(d direction, r io.Reader) error {
	buf := make([]byte, 1<<15)
	for {
		n, err := r.Read(buf)
		if err := l.send(d, buf[:n]); err != nil {
			return err
		}
		if err != nil {
			return err
		}
	}
}

// send forwards bytes, later and in part if the proxy was told so.
func (l *link) send(d direction, raw []byte) error {
	to := l.server
	if d == received {
		to = l.client
	}
	if err := l.wait(); err != nil {
		return err
	}
	n := l.proxy.spend(d, len(raw))
	if _, err := to.Write(raw[:n]); err != nil {
		return err
	}
	if n < len(raw) {
		return errCut
	}
	return nil
}

// wait returns when the proxy's delay has passed and no hold is on.
func (l *link) wait() error {
	l.proxy.mu.Lock()
	delay, held := l.proxy.delay, l.proxy.held
	l.proxy.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-l.ended:
			return io.EOF
		}
	}
	for held != nil {
		select {
		case <-held:
		case <-l.ended:
			return io.EOF
		}
		l.proxy.mu.Lock()
		held = l.proxy.held
		l.proxy.mu.Unlock()
	}
	return nil
}
