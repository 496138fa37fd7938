package filestore_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
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
		var out bytes.Buffer
		c := command(t.Context(), fmt.Sprintf("write %s 1000000", path))
		c.Stdout = &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(20+rand.IntN(120)) * time.Millisecond)
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		c.Wait() //nolint:errcheck // it was killed
		// A line that the kill cut in two acknowledges nothing.
		whole := out.Bytes()[:bytes.LastIndexByte(out.Bytes(), '\n')+1]
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
