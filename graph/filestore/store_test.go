package filestore_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// place is a graphtest.Place whose cleanup checks the files.
func place(o filestore.Options) graphtest.Place {
	return func(tb testing.TB) func() graph.Store {
		tb.Helper()
		path := filepath.Join(tb.TempDir(), "graph.cairn")
		tb.Cleanup(func() { expectClean(tb, path) })
		return func() graph.Store { return open(tb, path, o) }
	}
}

// open opens a store and closes it at the end, if the test does not.
func open(tb testing.TB, path string, o filestore.Options) *filestore.Store {
	tb.Helper()
	s, err := filestore.Open(path, o)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

// expectClean fails if a check of the closed file path finds anything wrong.
func expectClean(tb testing.TB, path string) {
	tb.Helper()
	s, err := filestore.Open(path, filestore.Options{ReadOnly: true})
	if err != nil {
		tb.Errorf("open for the check: %v", err)
		return
	}
	report, err := s.Check(context.Background())
	if err != nil {
		tb.Errorf("check: %v", err)
	}
	for _, p := range report.Problems {
		tb.Errorf("check: %s", p)
	}
	if err := s.Close(); err != nil {
		tb.Errorf("close after the check: %v", err)
	}
}

func TestStore(t *testing.T) {
	graphtest.TestStore(t, place(filestore.Options{}))
}
