package neo4jtest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

func TestMain(m *testing.M) { neo4jtest.Main(m) }

// ask runs a statement and returns the value named v of its only record, or nil
// when there is none.
func ask(t *testing.T, driver neo4j.DriverWithContext, statement string) any {
	t.Helper()
	result, err := neo4j.ExecuteQuery(t.Context(), driver, statement, nil, neo4j.EagerResultTransformer)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if len(result.Records) == 0 {
		return nil
	}
	v, _ := result.Records[0].Get("v")
	return v
}

func TestStartAnswers(t *testing.T) {
	s := neo4jtest.Start(t)
	driver := s.Driver(t)
	if got := ask(t, driver, "RETURN 1 AS v"); got != int64(1) {
		t.Errorf("RETURN 1 gives %v", got)
	}
	if again := neo4jtest.Start(t); again != s {
		t.Error("a second Start gives another server")
	}
	stranger, err := neo4j.NewDriverWithContext(s.URI(), neo4j.BasicAuth(s.User(), s.Password()+"x", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close(context.Background()) //nolint:errcheck // nothing was sent
	if err := stranger.VerifyAuthentication(t.Context(), nil); err == nil {
		t.Error("a wrong password is let in")
	}
}

func TestWipe(t *testing.T) {
	s := neo4jtest.Start(t)
	s.Wipe(t)
	driver := s.Driver(t)
	const schema = "SHOW INDEXES YIELD name, type RETURN collect(type) AS v"
	empty := ask(t, driver, schema)
	for _, statement := range []string{
		"CREATE CONSTRAINT person_id FOR (p:Person) REQUIRE p.id IS UNIQUE",
		"CREATE CONSTRAINT `odd ``name` FOR ()-[h:HOLDS]-() REQUIRE h.id IS UNIQUE",
		"CREATE INDEX person_name FOR (p:Person) ON (p.name)",
		"CREATE FULLTEXT INDEX words FOR (n:Person|Badge) ON EACH [n.name]",
		"UNWIND range(1, 12000) AS i CREATE (:Person {id: i})-[:HOLDS {id: i}]->(:Badge {id: i})",
	} {
		ask(t, driver, statement)
	}
	kept := ask(t, driver, schema)
	s.Empty(t)
	if got := ask(t, driver, schema); len(got.([]any)) != len(kept.([]any)) {
		t.Errorf("Empty leaves the indexes %v of %v", got, kept)
	}
	if got := ask(t, driver, "MATCH (n) RETURN count(n) AS v"); got != int64(0) {
		t.Errorf("Empty leaves %v nodes", got)
	}
	ask(t, driver, "CREATE (:Person {id: 1})")
	s.Wipe(t)
	if got := ask(t, driver, "MATCH (n) RETURN count(n) AS v"); got != int64(0) {
		t.Errorf("%v nodes are left", got)
	}
	if got := ask(t, driver, "SHOW CONSTRAINTS YIELD name RETURN count(*) AS v"); got != int64(0) {
		t.Errorf("%v constraints are left", got)
	}
	if got := ask(t, driver, schema); len(got.([]any)) != len(empty.([]any)) {
		t.Errorf("the indexes left are %v, want those of an empty database, %v", got, empty)
	}
}

// BenchmarkEmpty times both ways to empty a database of 8 constraints, 8 indexes
// and 1,600 nodes.
func BenchmarkEmpty(b *testing.B) {
	s := neo4jtest.Start(b)
	driver := s.Driver(b)
	for name, empty := range map[string]func(testing.TB){"Wipe": s.Wipe, "Empty": s.Empty} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				fill(b, driver)
				b.StartTimer()
				empty(b)
			}
		})
	}
}

func fill(b *testing.B, driver neo4j.DriverWithContext) {
	b.Helper()
	for _, label := range []string{"A", "B", "C", "D", "E", "F", "G", "H"} {
		for _, statement := range []string{
			"CREATE CONSTRAINT IF NOT EXISTS FOR (n:" + label + ") REQUIRE n.id IS UNIQUE",
			"CREATE INDEX IF NOT EXISTS FOR (n:" + label + ") ON (n.name)",
			"UNWIND range(1, 100) AS i CREATE (:" + label + " {id: i, name: 'x'})-[:TO]->(:" + label + ")",
		} {
			if _, err := neo4j.ExecuteQuery(b.Context(), driver, statement, nil, neo4j.EagerResultTransformer); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// What was committed is there after a kill, on the same port with the same
// password; clients go on.
func TestKillAndRestart(t *testing.T) {
	s := neo4jtest.Start(t)
	s.Wipe(t)
	driver, uri := s.Driver(t), s.URI()
	for i := range int64(2) {
		ask(t, driver, "CREATE (:Kept)")
		s.Kill(t)
		if conn, err := net.Dial("tcp", s.Address()); err == nil {
			_ = conn.Close()
			t.Fatal("a killed server takes connections")
		}
		if i == 0 {
			s.Restart(t)
		} else {
			neo4jtest.Start(t) // brings it back too
		}
		if got := ask(t, driver, "MATCH (n:Kept) RETURN count(n) AS v"); got != i+1 || s.URI() != uri {
			t.Fatalf("after kill %d: %v nodes at %s, want %d at %s", i+1, got, s.URI(), i+1, uri)
		}
	}
}

func TestPause(t *testing.T) {
	s := neo4jtest.Start(t)
	driver := s.Driver(t)
	ask(t, driver, "RETURN 1 AS v")
	s.Pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := neo4j.ExecuteQuery(ctx, driver, "RETURN 1 AS v", nil, neo4j.EagerResultTransformer); err == nil {
		t.Error("a paused server answers")
	}
	s.Resume(t)
	if got := ask(t, driver, "RETURN 2 AS v"); got != int64(2) {
		t.Errorf("a resumed server answers %v", got)
	}
	s.Pause(t)
	neo4jtest.Start(t)
	ask(t, driver, "RETURN 1 AS v")
}

func TestTLS(t *testing.T) {
	s := neo4jtest.StartWith(t, neo4jtest.Options{TLS: true})
	p := neo4jtest.NewProxy(t, s)
	trusting := func(c *config.Config) { c.TlsConfig = &tls.Config{RootCAs: s.RootCAs(), MinVersion: tls.VersionTLS12} }
	verified := func(scheme string) string { return scheme + "+s://" + s.Address() }
	for _, row := range []struct {
		name, uri string
		configure func(*config.Config)
		refused   bool
	}{
		{"any certificate, routed", s.URI(), nil, false},
		{"any certificate, direct", "bolt+ssc://" + s.Address(), nil, false},
		{"a verified one, routed", verified("neo4j"), trusting, false},
		{"a verified one, direct", verified("bolt"), trusting, false},
		{"through the proxy, routed", p.RoutingURI(), nil, false},
		{"through the proxy, direct", p.URI(), nil, false},
		{"an unknown authority", verified("bolt"), nil, true},
		{"plain text", "bolt://" + s.Address(), nil, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			var configurers []func(*config.Config)
			if row.configure != nil {
				configurers = append(configurers, row.configure)
			}
			driver := s.DriverAt(t, row.uri, configurers...)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if err := driver.VerifyConnectivity(ctx); (err != nil) != row.refused {
				t.Errorf("%s: error %v, want refused %v", row.uri, err, row.refused)
			}
		})
	}
	if _, err := os.Stat(s.CAFile()); err != nil {
		t.Error(err)
	}
	driver := s.DriverAt(t, p.URI())
	ask(t, driver, "RETURN 1 AS v")
	if p.Cut() == 0 {
		t.Error("no connection went through the proxy")
	}
	s.Wipe(t) // by its own driver
}

// childEnv tells this test binary that another one started it, to do what its
// value says.
const childEnv = "CAIRN_NEO4JTEST_CHILD"

// child is this test binary again, running one test with more environment and
// none of ours that chooses a server.
func child(t *testing.T, test string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.v")
	ours := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "CAIRN_TEST_NEO4J_") || strings.HasPrefix(kv, "CAIRN_CI=")
	})
	cmd.Env = append(append(ours, childEnv+"=1"), env...)
	return cmd
}

// A server ends with its test binary, also when that is killed, and its folder
// goes with the next.
func TestServerEndsWithItsTests(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT TESTED: that a server ends with a killed test binary holds on Linux only")
	}
	if os.Getenv(childEnv) != "" {
		s := neo4jtest.Start(t)
		if err := os.WriteFile(os.Getenv("CAIRN_NEO4JTEST_SAY"), []byte(s.Address()), 0o600); err != nil {
			t.Fatal(err)
		}
		select {} // until it is killed
	}
	neo4jtest.Start(t) // or skip
	dir := t.TempDir()
	say := filepath.Join(dir, "address")
	cmd := child(t, "TestServerEndsWithItsTests", "CAIRN_NEO4JTEST_SAY="+say, "TMPDIR="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var address []byte
	for deadline := time.Now().Add(3 * time.Minute); len(address) == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the child has no server after three minutes")
		}
		address, _ = os.ReadFile(say)
	}
	if _, err := net.Dial("tcp", string(address)); err != nil {
		t.Fatalf("the child's server: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", string(address))
		if err != nil {
			break
		}
		_ = conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("the server outlives its test binary by 20 s")
		}
	}
	left := func() int {
		dirs, err := filepath.Glob(filepath.Join(dir, "cairn-neo4j-*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(dirs)
	}
	if left() != 1 {
		t.Fatalf("%d folders are left by the killed binary, want 1", left())
	}
	t.Setenv("TMPDIR", dir)
	neo4jtest.Sweep()
	if left() != 0 {
		t.Errorf("%d folders are left after the sweep", left())
	}
}

// Without a server a test is skipped and says so, and fails in CI; the server
// that the environment names is used, but neither broken nor wiped unasked.
func TestWhichServer(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT TESTED: which server tests get, for want of time")
	}
	s := neo4jtest.Start(t)
	bare := "PATH=" + t.TempDir()
	named := []string{
		"CAIRN_TEST_NEO4J_URI=" + s.URI(), "CAIRN_TEST_NEO4J_USER=" + s.User(), "CAIRN_TEST_NEO4J_PASSWORD=" + s.Password(),
		"TMPDIR=" + t.TempDir(), bare,
	}
	for _, row := range []struct {
		name, test, before string
		env                []string
		fails              bool
		says               string
	}{
		{"no Java", "TestStartAnswers", "", []string{bare}, false, "NOT TESTED: TestStartAnswers needs a real Neo4j"},
		{"no Java in CI", "TestStartAnswers", "", []string{bare, "CAIRN_CI=1"}, true, "CI must have a Neo4j: TestStartAnswers needs a real Neo4j"},
		{"named", "TestStartAnswers", "", named, false, "--- PASS: TestStartAnswers"},
		{"named, to be killed", "TestKillAndRestart", "", named, false, "NOT TESTED: TestKillAndRestart needs Kill"},
		{"named, with content", "TestStartAnswers", "CREATE (:Precious)", named, true, "has 1 nodes, which the tests would delete"},
		{"named, with content to wipe", "TestWipe", "CREATE (:Precious)", append(named, "CAIRN_TEST_NEO4J_WIPE=1"), false, "--- PASS: TestWipe"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s.Wipe(t)
			if row.before != "" {
				ask(t, s.Driver(t), row.before)
			}
			out, err := child(t, row.test, row.env...).CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if (err != nil) != row.fails || !strings.Contains(string(out), row.says) {
				t.Errorf("error %v, want one: %v; said:\n%s\nwant %q", err, row.fails, out, row.says)
			}
		})
	}
}
