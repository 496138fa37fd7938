package filestore_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
)

// TestKill kills a writing process again and again, at moments that are not
// chosen: what it acknowledged must be there when the next one begins.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 40
	if testing.Short() {
		rounds = 5
	}
	path := filepath.Join(t.TempDir(), "graph.cairn")
	acked := graph.Revision(0)
	for round := range rounds {
		out := said{begun: make(chan struct{})}
		c := command(t.Context(), fmt.Sprintf("write %s 1000000", path))
		c.Stdout = &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// Every third is killed while it starts and recovers, the others while
		// they write, however slow the machine is.
		if round%3 > 0 {
			select {
			case <-out.begun:
			case <-time.After(time.Minute):
				t.Fatalf("round %d: the child acknowledged nothing in a minute", round)
			}
		}
		time.Sleep(time.Duration(rand.IntN(80)) * time.Millisecond)
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		c.Wait() //nolint:errcheck // it was killed
		// A line that the kill cut in two acknowledges nothing.
		whole := out.text.Bytes()[:bytes.LastIndexByte(out.text.Bytes(), '\n')+1]
		n, others := acknowledged(bytes.NewReader(whole))
		if len(others) > 0 {
			t.Fatalf("round %d: the child says %q", round, others)
		}
		acked = max(acked, n)
		if what := lost(path, acked); what != "" {
			t.Fatalf("round %d: %s", round, what)
		}
	}
	if acked == 0 {
		t.Fatal("nothing was acknowledged in any round")
	}
	t.Logf("%d revisions were acknowledged in %d rounds", acked, rounds)
}

// said is what a process says; begun is closed at the first of it.
type said struct {
	text  bytes.Buffer
	begun chan struct{}
	once  sync.Once
}

func (s *said) Write(b []byte) (int, error) {
	defer s.once.Do(func() { close(s.begun) })
	return s.text.Write(b)
}
