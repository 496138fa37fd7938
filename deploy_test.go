package cairn_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"go.yaml.in/yaml/v3"

	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// The unit starts the program as it is: its flags are flags of cairn serve, and
// the address one that serve accepts.
func TestUnitStartsServe(t *testing.T) {
	unit, err := os.ReadFile("deploy/cairn.service")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(unit), "ExecStart=/usr/local/bin/cairn ")
	command, _, _ := strings.Cut(rest, "\n")
	words := strings.Fields(command)
	if !found || len(words) == 0 || words[0] != "serve" {
		t.Fatalf("the unit starts %q, want cairn serve", command)
	}
	help, err := exec.Command("go", "run", "./cmd/cairn", "serve", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range words[1:] {
		if strings.HasPrefix(w, "--") && !strings.Contains(string(help), w+" ") {
			t.Errorf("cairn serve has no flag %s", w)
		}
	}
	if !strings.Contains(command, "127.0.0.1:") {
		t.Errorf("%q does not listen on loopback", command)
	}
}

// neo4j runs the launcher and returns what it printed on stdout and on stderr,
// and its exit code.
func neo4j(t *testing.T, env []string, words ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"deploy/neo4j/neo4j.sh"}, words...)...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return strings.HasPrefix(name, "CAIRN_NEO4J_") && name != "CAIRN_NEO4J_CACHE"
	})
	cmd.Env = append(cmd.Env, env...)
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// The launcher starts a server once, returns when it answers whoever has the
// password, and stops it; all three may be said twice.
func TestNeo4jLauncher(t *testing.T) {
	neo4jtest.NeedLauncher(t)
	home, port := filepath.Join(t.TempDir(), "neo4j"), freePort(t)
	address, uri := "127.0.0.1:"+port, "neo4j://127.0.0.1:"+port
	env := []string{"CAIRN_NEO4J_HOME=" + home, "CAIRN_NEO4J_BOLT_PORT=" + port, "CAIRN_NEO4J_HTTP_PORT=0"}
	expect := func(word, wantOut string, wantCode int) {
		t.Helper()
		out, errs, code := neo4j(t, env, word)
		if out != wantOut || code != wantCode {
			t.Fatalf("%s: exit code %d, stdout %q, want %d and %q; stderr:\n%s", word, code, out, wantCode, wantOut, errs)
		}
	}
	t.Cleanup(func() {
		if pid, err := os.ReadFile(filepath.Join(home, "neo4j.pid")); err == nil { // the test failed
			_ = exec.Command("kill", "-9", strings.TrimSpace(string(pid))).Run()
		}
	})

	expect("status", "", 3)
	expect("start", uri+"\n", 0)
	secret, err := os.ReadFile(filepath.Join(home, "password"))
	if err != nil {
		t.Fatal(err)
	}
	login := func(password string) error {
		driver, err := bolt.NewDriverWithContext(uri, bolt.BasicAuth("neo4j", password, ""))
		if err != nil {
			t.Fatal(err)
		}
		defer driver.Close(context.Background()) //nolint:errcheck // only asked
		return driver.VerifyConnectivity(t.Context())
	}
	if err := login(strings.TrimSpace(string(secret))); err != nil {
		t.Errorf("just after start: %v", err)
	}
	if login("neo4j") == nil || login("") == nil {
		t.Error("a wrong password is let in")
	}
	pid, err := os.ReadFile(filepath.Join(home, "neo4j.pid"))
	if err != nil {
		t.Fatal(err)
	}
	expect("start", uri+"\n", 0)
	if again, _ := os.ReadFile(filepath.Join(home, "neo4j.pid")); string(again) != string(pid) {
		t.Errorf("a second start made process %s of %s", again, pid)
	}
	expect("status", uri+"\n", 0)
	checkPrivate(t, home)
	checkLoopback(t, port)
	expect("stop", "", 0)
	if conn, err := net.Dial("tcp", address); err == nil {
		_ = conn.Close()
		t.Error("a stopped server takes connections")
	}
	expect("stop", "", 0)
	expect("status", "", 3)
}

// checkPrivate fails if others of this machine may read the server's folder or
// the password in it.
func checkPrivate(t *testing.T, home string) {
	t.Helper()
	for name, want := range map[string]os.FileMode{"password": 0o600, ".": 0o700 | os.ModeDir} {
		info, err := os.Stat(filepath.Join(home, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
		}
	}
}

// checkLoopback fails if the port is open at an address that other machines see.
func checkLoopback(t *testing.T, port string) {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLoopback() || n.IP.To4() == nil {
			continue
		}
		if conn, err := net.Dial("tcp", net.JoinHostPort(n.IP.String(), port)); err == nil {
			_ = conn.Close()
			t.Errorf("the server listens on %s", n.IP)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it was only to be had
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// What the launcher cannot do it says, before anything is started.
func TestNeo4jLauncherRefuses(t *testing.T) {
	neo4jtest.NeedLauncher(t)
	for _, row := range []struct {
		name, word string
		env        []string
		code       int
		says       string
	}{
		{"no such word", "begin", nil, 2, "usage: neo4j.sh start | stop"},
		{"a port in words", "start", []string{"CAIRN_NEO4J_BOLT_PORT=bolt"}, 1, `port "bolt" is not a number`},
		{"a short password", "start", []string{"CAIRN_NEO4J_PASSWORD=seven77"}, 1, "must have 8 or more"},
		{"a password that needs quoting", "start", []string{"CAIRN_NEO4J_PASSWORD=eight 888"}, 1, "must have 8 or more"},
		{"a relative home", "start", []string{"CAIRN_NEO4J_HOME=here"}, 1, "want an absolute path"},
		{"no Java", "start", []string{"JAVA_HOME=/nowhere"}, 1, "install Java"},
		{"a setting that Neo4j does not know", "start", []string{"CAIRN_NEO4J_EXTRA=" + file(t, "server.bolt.port=1\n")}, 1, "server.bolt.port"},
	} {
		t.Run(row.name, func(t *testing.T) {
			home := filepath.Join(t.TempDir(), "neo4j")
			env := append([]string{"CAIRN_NEO4J_HOME=" + home, "CAIRN_NEO4J_BOLT_PORT=" + freePort(t), "CAIRN_NEO4J_HTTP_PORT=0"}, row.env...)
			out, errs, code := neo4j(t, env, row.word)
			if out != "" || code != row.code || !strings.Contains(errs, row.says) {
				t.Errorf("exit code %d, stdout %q, stderr:\n%swant %d, nothing and %q", code, out, errs, row.code, row.says)
			}
		})
	}
}

// file is the path of a file with this text.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The compose file starts the version that the launcher starts, on loopback,
// with a password that must be given, and keeps what it stores.
func TestCompose(t *testing.T) {
	text, err := os.ReadFile("deploy/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type service struct {
		Image, Restart string
		Ports, Volumes []string
		Environment    map[string]string
		Healthcheck    struct {
			Test              []string
			Interval, Timeout string
			Retries           int
			StartPeriod       string `yaml:"start_period"`
		}
		StopGracePeriod string `yaml:"stop_grace_period"`
	}
	var got struct {
		Name     string
		Services map[string]service
		Volumes  map[string]any
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	pom, err := os.ReadFile("deploy/neo4j/pom.xml")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(pom), "<neo4j.version>")
	version, _, _ := strings.Cut(rest, "<")
	s, ok := got.Services["neo4j"]
	if want := "neo4j:" + version + "-community"; !ok || len(got.Services) != 1 || s.Image != want {
		t.Fatalf("the services are %v, want one of the image %s", got.Services, want)
	}
	port := func(name, number string) string {
		return "127.0.0.1:${CAIRN_NEO4J_" + name + "_PORT:-" + number + "}:" + number
	}
	if diff := cmp.Diff([]string{port("BOLT", "7687"), port("HTTP", "7474")}, s.Ports); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	if auth := s.Environment["NEO4J_AUTH"]; !strings.HasPrefix(auth, "neo4j/${CAIRN_NEO4J_PASSWORD:?") {
		t.Errorf("NEO4J_AUTH is %q: without a password it must be refused", auth)
	}
	for _, v := range s.Volumes {
		name, _, _ := strings.Cut(v, ":")
		if _, ok := got.Volumes[name]; !ok {
			t.Errorf("the volume %s is not declared", name)
		}
	}
	if !slices.Contains(s.Volumes, "neo4j-data:/data") {
		t.Errorf("the volumes are %v: what is stored goes with the container", s.Volumes)
	}
	h := s.Healthcheck
	if len(h.Test) != 2 || h.Test[0] != "CMD-SHELL" || !strings.Contains(h.Test[1], "cypher-shell 'RETURN 1'") || h.Retries < 1 {
		t.Errorf("the health check is %+v, want one that logs in over Bolt", h)
	}
	for _, d := range []string{h.Interval, h.Timeout, h.StartPeriod, s.StopGracePeriod} {
		if d, err := time.ParseDuration(d); err != nil || d < time.Second {
			t.Errorf("%v is no duration of a second or more: %v", d, err)
		}
	}
	checkComposeSettings(t, s.Environment)
}

// checkComposeSettings fails if a setting of Neo4j differs from that of the
// launcher, or is misspelled: those of neo4j.conf a server has accepted.
func checkComposeSettings(t *testing.T, environment map[string]string) {
	t.Helper()
	conf, err := os.ReadFile("deploy/neo4j/neo4j.conf")
	if err != nil {
		t.Fatal(err)
	}
	variables := strings.NewReplacer("@BOLT_PORT@", "${CAIRN_NEO4J_BOLT_PORT:-7687}", "@PAGECACHE@", "${CAIRN_NEO4J_PAGECACHE:-128m}")
	spell := strings.NewReplacer("__", "_", "_", ".")
	for key, value := range environment {
		name, ok := strings.CutPrefix(key, "NEO4J_")
		switch name = spell.Replace(name); {
		case !ok:
			t.Errorf("%s is no setting of Neo4j", key)
		case name == "AUTH":
		case name == "server.memory.heap.max_size": // on Java's command line in the launcher
		case !strings.Contains("\n"+variables.Replace(string(conf)), "\n"+name+"="+value+"\n"):
			t.Errorf("%s: deploy/neo4j/neo4j.conf has no line %s=%s", key, name, value)
		}
	}
}
