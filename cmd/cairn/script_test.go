package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cairn-skills/cairn/docs/examples"
	"github.com/cairn-skills/cairn/graph/graphtest"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

var update = flag.Bool("update", false, "rewrite the goldens in the transcripts")

func TestMain(m *testing.M) {
	testscript.Main(withNeo4j{m}, map[string]func(){"cairn": main})
}

// withNeo4j are tests that may start a Neo4j.
type withNeo4j struct{ m *testing.M }

func (w withNeo4j) Run() int { return neo4jtest.Run(w.m) }

// transcriptNow is the clock of all transcripts.
const transcriptNow = "2026-10-01T09:00:00Z"

// TestTranscripts runs the scripts of testdata. Each has the example in the
// folder example, and besides the commands of testscript
//
//	exits CODE COMMAND…   runs a command that must end with this code
//	serves ARG…           starts cairn serve on a free port and sets $ADDR
//	stops                 interrupts it; it must end with code 0
//	sameanswer FILE FILE  compares the answers of two responses
//	damage FILE           changes a byte in the middle of each page of a file
//
// With -update, stdout and stderr as compared by cmp are rewritten.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	p := transcripts()
	p.Dir = "testdata"
	testscript.Run(t, p)
}

// transcripts is what all transcripts have in common.
func transcripts() testscript.Params {
	return testscript.Params{
		UpdateScripts: *update,
		Setup:         setUpTranscript,
		Condition:     transcriptCondition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "serves": serves, "stops": stops, "sameanswer": sameAnswer, "damage": damage,
		},
		RequireExplicitExec: true,
	}
}

func setUpTranscript(env *testscript.Env) error {
	env.Setenv("CAIRN_NOW", transcriptNow)
	if dir, ok := graphtest.FindShared(); ok {
		env.Setenv("CAIRN_SHARED", dir)
	} else {
		env.T().Log("NOT TESTED: what needs the shared data sets; set CAIRN_SHARED to the folder that holds data/")
	}
	return fs.WalkDir(examples.Files(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(examples.Files(), path)
		if err != nil {
			return err
		}
		to := filepath.Join(env.WorkDir, "example", filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o600)
	})
}

// transcriptCondition knows [shared]: whether the shared data sets are there.
func transcriptCondition(name string) (bool, error) {
	if name == "shared" {
		_, ok := graphtest.FindShared()
		return ok, nil
	}
	return false, errors.New("unknown condition " + name)
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%v ended with %d, want %d", args[1:], got, want)
	}
}

// running is a server that a transcript started.
type running struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// scriptServers are the servers of transcripts, by working folder.
var scriptServers sync.Map

func serves(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: serves ARG…")
	}
	path, err := lookPath(ts, "cairn")
	ts.Check(err)
	r := &running{cmd: exec.Command(path, append([]string{"serve", "--json", "--listen", "127.0.0.1:0"}, args...)...)}
	r.cmd.Dir, r.cmd.Stderr = ts.MkAbs("."), &r.stderr
	r.cmd.Env = os.Environ()
	for _, name := range []string{"CAIRN_NOW", "CAIRN_NEO4J_USER", "CAIRN_NEO4J_PASSWORD", "CAIRN_NEO4J_PASSWORD_FILE", "CAIRN_NEO4J_KEYS", "CAIRN_NEO4J_CA"} {
		r.cmd.Env = append(r.cmd.Env, name+"="+ts.Getenv(name))
	}
	out, err := r.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(r.cmd.Start())
	ts.Defer(func() {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
	})
	var first listening
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&first); err != nil {
		_ = r.cmd.Wait()
		ts.Fatalf("cairn serve said no address: %v\n%s", err, &r.stderr)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	ts.Setenv("ADDR", first.Address)
	scriptServers.Store(ts.MkAbs("."), r)
}

func stops(ts *testscript.TestScript, neg bool, _ []string) {
	found, ok := scriptServers.LoadAndDelete(ts.MkAbs("."))
	if neg || !ok {
		ts.Fatalf("usage: stops, after serves")
	}
	r := found.(*running)
	ts.Check(r.cmd.Process.Signal(syscall.SIGINT))
	if err := r.cmd.Wait(); err != nil {
		ts.Fatalf("the server ended with %v\n%s", err, &r.stderr)
	}
}

func lookPath(ts *testscript.TestScript, name string) (string, error) {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(dir, name); isFile(path) {
			return path, nil
		}
	}
	return "", errors.New(name + " is not in PATH")
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func sameAnswer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sameanswer FILE FILE")
	}
	var answers [2]string
	for i, name := range args {
		var m struct{ Answer json.RawMessage }
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(name)), &m))
		var b bytes.Buffer
		ts.Check(json.Compact(&b, m.Answer))
		answers[i] = b.String()
	}
	if answers[0] != answers[1] || answers[0] == "" {
		ts.Fatalf("the answers differ:\n%s\n%s", answers[0], answers[1])
	}
}

func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage FILE")
	}
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	// Some pages are free, so there is a blow in the middle of each after the
	// two headers and the list of buckets.
	const page = 4096
	for i := 4*page + page/2; i < len(text); i += page {
		text[i] ^= 0x55
	}
	ts.Check(os.WriteFile(path, text, 0o600))
}
