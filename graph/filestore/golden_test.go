package filestore_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// makeGolden writes testdata/v1.cairn, its keys and v1.json, if there is none:
// a golden is made once, with the first program that wrote the format, and kept
// for ever.
var makeGolden = flag.Bool("golden.make", false, "make the golden of the format if it is missing")

// goldenV1 is what the golden of format 1 holds.
const goldenV1 = "testdata/v1.cairn"

// TestGoldenV1 reads, checks and continues a file that was written when format
// 1 was made.
func TestGoldenV1(t *testing.T) {
	if *makeGolden {
		writeGolden(t)
	}
	var want []graph.Batch
	if err := json.Unmarshal(read(t, filepath.Join("testdata", "v1.json")), &want); err != nil {
		t.Fatal(err)
	}
	for _, o := range []filestore.Options{{ReadOnly: true}, {}} {
		path := filepath.Join(t.TempDir(), "copy.cairn")
		for i, name := range fileNames(path) {
			write(t, name, read(t, fileNames(goldenV1)[i]))
		}
		expectClean(t, path)
		s := open(t, path, o)
		follow(t, s, 0, len(want), func(r graph.Revision, got graph.Batch) {
			if d := graphtest.Diff(want[r-1], got); d != "" {
				t.Errorf("revision %d (-want +got):\n%s", r, d)
			}
		})
		if o.ReadOnly {
			continue
		}
		again := want[0]
		revisions, err := s.Commit(t.Context(), again, childBatch(1))
		if err != nil || revisions[0] != 1 || int(revisions[1]) != len(want)+1 {
			t.Errorf("a commit answered %v, %v", revisions, err)
		}
	}
}

// follow calls f with n batches after the revision.
func follow(t *testing.T, s *filestore.Store, after graph.Revision, n int, f func(graph.Revision, graph.Batch)) {
	t.Helper()
	last := after + graph.Revision(n)
	err := s.Follow(t.Context(), after, func(r graph.Revision, b graph.Batch) error {
		f(r, b)
		if r == last {
			return errEnough
		}
		return nil
	})
	if err != errEnough { //nolint:errorlint // it is returned as it is
		t.Fatalf("follow: %v", err)
	}
}

func writeGolden(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(goldenV1); err == nil {
		t.Fatal("the golden is there; it is never written again")
	}
	batches := []graph.Batch{graphtest.FullBatch(1), graphtest.FullBatch(2)}
	batches[1].If, batches[1].IfSet = 1, true
	for r := range graph.Revision(12) {
		batches = append(batches, childBatch(r))
	}
	path := filepath.Join(t.TempDir(), "golden.cairn")
	s := open(t, path, filestore.Options{})
	if _, err := s.Commit(t.Context(), batches[:2]...); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), batches[2:]...); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), goldenV1); err != nil { // smaller than the file itself
		t.Fatal(err)
	}
	data, err := json.Marshal(batches)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join("testdata", "v1.json"), data)
}
