package filestore_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// TestLoadRows: awards that come as rows, joined with the names that come after
// them, are what Load hands over.
func TestLoadRows(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "graph.cairn"), filestore.Options{})
	for x := range (graphtest.World{People: 700, Awards: 9000, Named: true}).Batches() {
		if _, err := s.Commit(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	var want, got graph.Batch
	if _, err := s.Load(t.Context(), func(b graph.Batch) error { graphtest.Join(&want, b); return nil }); err != nil {
		t.Fatal(err)
	}
	rows := 0
	at, err := s.LoadRows(t.Context(), func(b graph.Batch, r graph.Rows) error {
		if len(b.Awards) > 0 {
			t.Errorf("%d awards are not rows", len(b.Awards))
		}
		rows += len(r.Awards)
		for i := range r.Awards {
			b.Awards = append(b.Awards, r.Award(i))
		}
		graphtest.Join(&got, b)
		return nil
	})
	if err != nil || rows != 9000 {
		t.Fatalf("%d rows, %v", rows, err)
	}
	if err := s.LoadNames(t.Context(), at, func(p []graph.Personal) error { got.Personal = append(got.Personal, p...); return nil }); err != nil {
		t.Fatal(err)
	}
	if d := graphtest.Diff(want, got); d != "" {
		t.Errorf("the two differ (-load +rows):\n%.2000s", d)
	}
}

// TestLoadNamesAt: names are those of the revision asked for, whatever was
// committed since, one by one and all together; an error of apply ends them.
func TestLoadNamesAt(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "graph.cairn"), filestore.Options{})
	named := func(p graph.ID, name string) graph.Batch {
		return graph.Batch{Personal: []graph.Personal{{Person: p, Name: name}}}
	}
	if _, err := s.Commit(t.Context(), named("a", "A"), named("b", "B"), named("a", "A2"), named("c", "C"), named("b", "B2")); err != nil {
		t.Fatal(err)
	}
	for at, want := range []map[graph.ID]string{{}, {"a": "A"}, {"a": "A", "b": "B"}, {"a": "A2", "b": "B"}} {
		got := make(map[graph.ID]string)
		err := s.LoadNames(t.Context(), graph.Revision(at), func(people []graph.Personal) error {
			for _, p := range people {
				got[p.Person] = p.Name
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if d := graphtest.Diff(want, got); d != "" {
			t.Errorf("at revision %d: %s", at, d)
		}
		for _, p := range []graph.ID{"a", "b", "c"} {
			if r, err := s.ReadName(t.Context(), p, graph.Revision(at)); err != nil || r.Name != want[p] || r.Person != p {
				t.Errorf("at revision %d %s is %+v, %v", at, p, r, err)
			}
		}
	}
	stop := errors.New("enough")
	if err := s.LoadNames(t.Context(), 5, func([]graph.Personal) error { return stop }); err != stop { //nolint:errorlint // as it is
		t.Errorf("the error of apply became %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.LoadNames(t.Context(), 5, func([]graph.Personal) error { return nil }); !errors.Is(err, graph.ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
}
