package neo4jstore_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// order is what a process that writes is told to do.
type order struct {
	URI, User, Password, Keys string
	Writer                    string
	From                      int // the number of its first batch
}

const orderVariable = "CAIRN_TEST_NEO4J_WRITER"

// TestWriterProcess is the process that TestKilledServers kills: a server with a
// store of its own, which writes batch after batch and says what was
// acknowledged.
func TestWriterProcess(t *testing.T) {
	text := os.Getenv(orderVariable)
	if text == "" {
		return // not that process
	}
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	live := serve(t, neo4jstore.Options{URI: o.URI, User: o.User, Password: o.Password, Keys: o.Keys})
	for n := o.From; ; n++ {
		r, err := live.Commit(t.Context(), asked(o.Writer, n), graph.CommitOptions{})
		if errors.Is(err, graph.ErrUnavailable) {
			n--
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("told %d %d\n", n, r.Revision) // one write of a line: whole or not at all
	}
}

// Processes that write are killed, as kill -9 does, whenever it may be; others go
// on where they were, with the batch of which nobody knows what became.
func TestKilledServers(t *testing.T) {
	server := neo4jtest.Start(t)
	luck := lucky(t)
	options := fresh(t, server, server.URI())
	live := serve(t, options)
	l := newLedger()
	l.same = asIs
	l.ask(t, live, catalog())
	l.ask(t, live, asked("first", 0))
	const lanes = 3
	var running sync.WaitGroup
	for lane := range lanes {
		source := luck()
		running.Go(func() {
			o := order{options.URI, options.User, options.Password, options.Keys, fmt.Sprint("p", lane), 0}
			for n := lane; n < *childWanted && !t.Failed(); n += lanes {
				if err := l.killed(t, &o, source); err != nil {
					t.Error(err)
				}
			}
			l.ask(t, live, asked(o.Writer, o.From))
		})
	}
	running.Wait()
	s := open(t, options)
	defer s.Close() //nolint:errcheck // nothing was written
	log := l.check(t, server, s)
	sameEverywhere(t, log, []*graph.Live{live, serve(t, options)})
	t.Logf("%d processes were killed, %d batches acknowledged", *childWanted, l.acknowledged())
	if l.acknowledged() < *childWanted/2 {
		t.Error("too few batches were acknowledged for a kill to matter")
	}
}

// killed runs a process that writes and kills it some time after it was told of
// a write or two; o is then what the next one is to do.
func (l *ledger) killed(tb testing.TB, o *order, luck *rand.Rand) error {
	tb.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(tb.Context(), os.Args[0], "-test.run=^TestWriterProcess$", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), orderVariable+"="+string(text))
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	// Whatever it may be at when it is killed was tried.
	const most = 64
	for n := range most {
		l.try(asked(o.Writer, o.From+n))
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	from, enough := o.From, 1+luck.IntN(3)
	lines := bufio.NewReader(out)
	for n := 0; ; n++ {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // it was killed
		}
		var number int
		var r graph.Revision
		if _, err := fmt.Sscanf(line, "told %d %d\n", &number, &r); err != nil || number != o.From || number >= from+most {
			return errors.Join(fmt.Errorf("the process says %q, and was at %d", line, o.From), cmd.Process.Kill(), cmd.Wait())
		}
		l.tell(tb, asked(o.Writer, number).Key, r)
		o.From = number + 1
		if n+1 == enough {
			time.AfterFunc(time.Duration(luck.IntN(60))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		}
	}
	rest, _ := io.ReadAll(lines)
	err = cmd.Wait()
	if ended, ok := errors.AsType[*exec.ExitError](err); !ok || ended.Exited() {
		return fmt.Errorf("the process ended by itself: %w: %s%s", err, rest, complaint.String())
	}
	return nil
}
