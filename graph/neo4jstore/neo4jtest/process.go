package neo4jtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// process is a server of ours: a folder, a port, and while it runs the process
// that has them.
type process struct {
	script  string
	dir     string   // holds its home; removed by remove
	lock    *os.File // held while this process uses dir
	address string
	secure  bool // Bolt speaks TLS
	env     []string

	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended; nil before the first start
}

// missing says what this machine lacks to start a server, or nothing. It fetches
// the jars if they are not there, which takes a minute once.
func missing() string {
	const needs = "a real Neo4j, and "
	script, err := launcher()
	if err != nil {
		return needs + err.Error()
	}
	for _, program := range []string{"sh", "java", "mvn"} {
		if _, err := exec.LookPath(program); err != nil {
			return needs + program + " is not installed, which would start one"
		}
	}
	if out, err := exec.CommandContext(context.Background(), "sh", script, "jars").CombinedOutput(); err != nil { //nolint:gosec // our own script
		return needs + "its jars are not there: " + string(bytes.TrimSpace(out))
	}
	return ""
}

// launcher is the path of neo4j.sh, found from the root of the module.
func launcher() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(dir, "deploy", "neo4j", "neo4j.sh")
			_, err := os.Stat(path)
			return path, err
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("the tests do not run inside the module, which has deploy/neo4j/neo4j.sh")
		}
		dir = up
	}
}

// launch starts a server of its own.
func launch(options Options) (*Server, error) {
	script, err := launcher()
	if err != nil {
		return nil, err
	}
	sweep()
	dir, lock, err := makeDir()
	if err != nil {
		return nil, err
	}
	s := &Server{user: "neo4j", password: rand.Text()}
	p := &process{script: script, dir: dir, lock: lock, secure: options.TLS}
	s.process = p
	scheme := "neo4j"
	extra := "# Throw-away: small files.\ndb.tx_log.preallocate=false\n"
	if options.TLS {
		scheme = "neo4j+ssc"
		if s.tls, err = makeIdentity(filepath.Join(dir, "tls")); err != nil {
			p.remove()
			return nil, err
		}
		extra += s.tls.settings()
	}
	extraFile := filepath.Join(dir, "extra.conf")
	if err := os.WriteFile(extraFile, []byte(extra), 0o600); err != nil {
		p.remove()
		return nil, err
	}
	// A port that was free may be taken a moment later: a few tries.
	for range 5 {
		port := freePort()
		p.address = net.JoinHostPort("127.0.0.1", port)
		p.env = append(os.Environ(),
			"CAIRN_NEO4J_HOME="+filepath.Join(dir, "home"),
			"CAIRN_NEO4J_BOLT_PORT="+port,
			"CAIRN_NEO4J_HTTP_PORT=0",
			"CAIRN_NEO4J_PASSWORD="+s.password,
			"CAIRN_NEO4J_EXTRA="+extraFile,
			"CAIRN_NEO4J_PAGECACHE=64m",
		)
		// The first compiler alone halves the processor time of a start; a
		// benchmark sets the variable to have both.
		if os.Getenv("CAIRN_NEO4J_JAVA_OPTIONS") == "" {
			p.env = append(p.env, "CAIRN_NEO4J_JAVA_OPTIONS=-XX:+UseSerialGC -XX:TieredStopAtLevel=1")
		}
		err = p.start()
		if err == nil || !strings.Contains(err.Error(), "Address already in use") {
			break
		}
	}
	if err != nil {
		p.kill()
		p.remove()
		return nil, err
	}
	s.address, s.uri = p.address, scheme+"://"+p.address
	return s, nil
}

// freePort is a port that nothing listens on, below those that Linux takes for
// outgoing connections: one of those could be taken while the server is down.
func freePort() string {
	for {
		port := strconv.Itoa(20000 + mathrand.IntN(12000)) //nolint:gosec // no secret
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			continue
		}
		_ = l.Close()
		return port
	}
}

// start starts the server and waits until it answers. When it returns an error
// the server may still run.
func (p *process) start() error {
	out, err := os.OpenFile(p.console(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close() //nolint:errcheck // the child has its own
	begin, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	p.cmd = exec.CommandContext(context.Background(), "sh", p.script, "run") //nolint:gosec // our own script
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.env, out, out
	endWithParent(p.cmd)
	started := make(chan error)
	p.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		// The system ends the child when the thread that made it ends, so this
		// thread stays until the child has ended.
		runtime.LockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // killed, as a rule
		}
	}(p.cmd, p.done)
	if err := <-started; err != nil {
		return err
	}
	return p.wait(begin)
}

// wait returns when the server answers the handshake of Bolt; begin is where
// its words on the console begin.
func (p *process) wait(begin int64) error {
	deadline := time.After(patience)
	for {
		if p.answers() {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("it ended: %s", p.said(begin))
		case <-deadline:
			return fmt.Errorf("no answer within %v: %s", patience, p.said(begin))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// answers tells whether the server has said that it has started, and answers a
// Bolt handshake that offers version 5.0.
func (p *process) answers() bool {
	conn, err := net.DialTimeout("tcp", p.address, time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()                             //nolint:errcheck // only asked
	_ = conn.SetDeadline(time.Now().Add(patience)) //nolint:forbidigo // how long to wait is no part of any answer
	if p.secure {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // asks only whether it answers
	}
	hello := append([]byte(boltMagic), 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	if _, err := conn.Write(hello); err != nil {
		return false
	}
	var version [4]byte
	_, err = io.ReadFull(conn, version[:])
	return err == nil && version == [4]byte{0, 0, 0, 5}
}

// said is the end of what the server wrote on its console since begin.
func (p *process) said(begin int64) string {
	out, err := os.ReadFile(p.console())
	if err != nil {
		return err.Error()
	}
	out = out[min(int(begin), len(out)):]
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-30):], []byte("\n")))
}

func (p *process) console() string { return filepath.Join(p.dir, "console.log") }

// ended tells whether the process has ended.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill ends the process at once and waits until it has ended.
func (p *process) kill() {
	if p.done == nil || p.ended() {
		return
	}
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
}

// remove removes what the server stored.
func (p *process) remove() {
	_ = os.RemoveAll(p.dir) // what stays is swept by the next
	_ = p.lock.Close()
}

const (
	dirPattern = "cairn-neo4j-"
	lockName   = "lock"
)

// makeDir makes the folder of a server, locked for as long as this process is
// there. The lock has its name once it is held, so that nobody sweeps it.
func makeDir() (string, *os.File, error) {
	dir, err := os.MkdirTemp("", dirPattern)
	if err != nil {
		return "", nil, err
	}
	path := filepath.Join(dir, lockName)
	lock, err := os.Create(path + ".unheld") //nolint:gosec // a folder that was just made
	if err != nil {
		return "", nil, err
	}
	if canLock && !tryLock(lock) {
		return "", nil, fmt.Errorf("%s cannot be locked", lock.Name())
	}
	return dir, lock, os.Rename(lock.Name(), path)
}

// sweep removes the folders of servers whose test binary was killed: their lock
// is free.
func sweep() {
	if !canLock {
		return
	}
	paths, _ := filepath.Glob(filepath.Join(os.TempDir(), dirPattern+"*", lockName)) // the pattern is well-formed
	for _, path := range paths {
		lock, err := os.Open(path) //nolint:gosec // our own
		if err != nil {
			continue
		}
		if tryLock(lock) {
			_ = os.RemoveAll(filepath.Dir(path)) // the next may
		}
		_ = lock.Close()
	}
}
