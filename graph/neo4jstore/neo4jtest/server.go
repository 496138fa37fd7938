package neo4jtest

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"
)

// patience is how long a server may take to start or to answer: ten times what
// it takes on two busy cores.
const patience = 2 * time.Minute

// Server is a Neo4j that answers. Its methods are for one goroutine at a time.
type Server struct {
	uri      string
	address  string // host and port of Bolt
	user     string
	password string

	process *process // nil for an external server
	tls     *identity

	mu    sync.Mutex
	admin neo4j.DriverWithContext // for Wipe; guarded by mu
}

// Options are for [StartWith]. The zero Options are those of [Start].
type Options struct {
	// TLS makes Bolt refuse plain text; the certificate is made for the test and
	// signed by a throw-away authority.
	TLS bool
}

// shared is the server that [Start] gives to all tests of this binary.
var shared struct {
	once   sync.Once
	main   bool // Main runs, so it will be stopped
	server *Server
	skip   string // why there is none
	err    error  // why there should be one and is not
}

// Main runs the tests and exits, as TestMain must; it stops what [Start] has
// started.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main without the exit, for a TestMain that has more to do around it.
func Run(m interface{ Run() int }) int {
	shared.main = true
	code := m.Run()
	if shared.server != nil {
		shared.server.stop()
	}
	return code
}

// Start returns the server of this test binary, running and answering: one that
// an earlier test killed or paused is brought back first. It starts at the
// first call, which takes about ten seconds. What earlier tests stored is still
// there; see [Server.Wipe].
//
// The test is skipped when there can be no server, or fails with CAIRN_CI=1;
// it fails when there should be one and it does not start.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if !shared.main {
		tb.Fatal("neo4jtest.Start needs func TestMain(m *testing.M) { neo4jtest.Main(m) }")
	}
	shared.once.Do(func() {
		if uri := os.Getenv("CAIRN_TEST_NEO4J_URI"); uri != "" {
			shared.server, shared.err = external(uri)
			return
		}
		if shared.skip = missing(); shared.skip != "" {
			shared.skip += ", and CAIRN_TEST_NEO4J_URI names none"
		} else {
			shared.server, shared.err = launch(Options{})
		}
	})
	require(tb, shared.skip, shared.err)
	shared.server.revive(tb)
	return shared.server
}

// StartWith returns a server of the test's own, which ends with it.
func StartWith(tb testing.TB, options Options) *Server {
	tb.Helper()
	why := missing()
	if os.Getenv("CAIRN_TEST_NEO4J_URI") != "" {
		why = "a server of its own, but CAIRN_TEST_NEO4J_URI names one"
	}
	require(tb, why, nil)
	s, err := launch(options)
	require(tb, "", err)
	tb.Cleanup(s.stop)
	return s
}

// NeedLauncher skips the test, or with CAIRN_CI=1 fails it, where
// deploy/neo4j/neo4j.sh cannot start a server.
func NeedLauncher(tb testing.TB) {
	tb.Helper()
	require(tb, missing(), nil)
}

// require ends the test unless there is a server: skip says what it lacks.
func require(tb testing.TB, skip string, err error) {
	tb.Helper()
	switch {
	case err != nil:
		tb.Fatalf("start Neo4j: %v", err)
	case skip != "" && os.Getenv("CAIRN_CI") == "1":
		tb.Fatalf("CI must have a Neo4j: %s needs %s", tb.Name(), skip)
	case skip != "":
		tb.Skipf("NOT TESTED: %s needs %s", tb.Name(), skip)
	}
}

// URI is what a client is given: neo4j:// for a server of ours, neo4j+ssc://
// with TLS, or what CAIRN_TEST_NEO4J_URI says.
func (s *Server) URI() string { return s.uri }

// security is the end of a scheme that fits the server, as [Server.URI] has it.
func (s *Server) security() string {
	scheme, _, _ := strings.Cut(s.uri, "://")
	_, security, secure := strings.Cut(scheme, "+")
	if !secure {
		return ""
	}
	return "+" + security
}

// Address is the host and port of Bolt.
func (s *Server) Address() string { return s.address }

// User is who to log in as.
func (s *Server) User() string { return s.user }

// Password is the password of [Server.User].
func (s *Server) Password() string { return s.password }

// External tells whether the server is the one of CAIRN_TEST_NEO4J_URI.
func (s *Server) External() bool { return s.process == nil }

// CAFile is a PEM file of the authority that signed the server's certificate,
// and RootCAs the same as a pool, for neo4j+s:// and bolt+s://. Without TLS
// they are empty.
func (s *Server) CAFile() string {
	if s.tls == nil {
		return ""
	}
	return s.tls.caFile
}

// RootCAs is a pool with the authority of [Server.CAFile], or nil.
func (s *Server) RootCAs() *x509.CertPool {
	if s.tls == nil {
		return nil
	}
	return s.tls.roots
}

// Driver returns a driver logged in to [Server.URI]; it is closed when the test
// ends.
func (s *Server) Driver(tb testing.TB) neo4j.DriverWithContext {
	tb.Helper()
	return s.DriverAt(tb, s.URI())
}

// DriverAt is [Server.Driver] for another URI of the same server, for example
// one through a [Proxy].
func (s *Server) DriverAt(tb testing.TB, uri string, configurers ...func(*config.Config)) neo4j.DriverWithContext {
	tb.Helper()
	driver, err := neo4j.NewDriverWithContext(uri, neo4j.BasicAuth(s.user, s.password, ""), configurers...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = driver.Close(context.Background()) })
	return driver
}

// Kill ends the server at once, as kill -9 does. [Server.Restart] brings it
// back, at the latest the next [Start].
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	s.own(tb, "Kill")
	s.process.kill()
}

// Restart starts a server that was killed, with the same content on the same
// port, and waits until it answers.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.own(tb, "Restart")
	s.process.kill()
	require(tb, "", s.process.start())
}

// Pause stops the server's process without ending it: connections stay open and
// nothing answers, as when a machine is frozen.
func (s *Server) Pause(tb testing.TB) {
	tb.Helper()
	s.own(tb, "Pause")
	if err := s.process.pause(); err != nil {
		tb.Fatalf("pause Neo4j: %v", err)
	}
}

// Resume lets a paused server go on.
func (s *Server) Resume(tb testing.TB) {
	tb.Helper()
	s.own(tb, "Resume")
	if err := s.process.resume(); err != nil {
		tb.Fatalf("resume Neo4j: %v", err)
	}
}

// own ends the test when the server is not ours to break.
func (s *Server) own(tb testing.TB, what string) {
	tb.Helper()
	if s.External() {
		require(tb, fmt.Sprintf("%s, but the server of CAIRN_TEST_NEO4J_URI is not ours to break", what), nil)
	}
}

// revive brings back what an earlier test has killed or paused.
func (s *Server) revive(tb testing.TB) {
	tb.Helper()
	if s.External() {
		return
	}
	if s.process.ended() {
		require(tb, "", s.process.start())
		return
	}
	if err := s.process.resume(); err != nil {
		tb.Fatalf("resume Neo4j: %v", err)
	}
}

// stop ends the server for good.
func (s *Server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admin != nil {
		_ = s.admin.Close(context.Background())
	}
	if s.process != nil {
		s.process.kill()
		s.process.remove()
	}
}
