package graph_test

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/cairn-skills/cairn/graph"
)

// lateNames is a store whose names come when go is closed, or fail.
type lateNames struct {
	graph.RowStore
	begin chan struct{}
	fail  error
	read  int // names read by themselves
}

func (s *lateNames) LoadNames(ctx context.Context, at graph.Revision, apply func([]graph.Personal) error) error {
	select {
	case <-s.begin:
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.fail != nil {
		return s.fail
	}
	return s.RowStore.LoadNames(ctx, at, apply)
}

func (s *lateNames) ReadName(ctx context.Context, person graph.ID, at graph.Revision) (graph.Personal, error) {
	if s.fail != nil {
		return graph.Personal{}, s.fail
	}
	s.read++
	return s.RowStore.ReadName(ctx, person, at)
}

// named is a store with ann and bob, and a Live of it whose names have not come.
func named(t *testing.T, fail error) (*lateNames, *graph.Live) {
	t.Helper()
	s := open(t, filepath.Join(t.TempDir(), "cairn.db"))
	first := live(t, s, graph.Options{})
	must(t, first, smallCatalog())
	must(t, first, graph.Batch{
		At: on(3), People: []graph.Person{{ID: "ann"}, {ID: "bob"}, {ID: "nameless"}},
		Personal: []graph.Personal{{Person: "ann", Name: "Ann"}, {Person: "bob", Name: "Bob"}},
	})
	late := &lateNames{RowStore: s, begin: make(chan struct{}), fail: fail}
	return late, live(t, late, graph.Options{})
}

func everybody(s *graph.Snapshot) map[graph.ID]string {
	return maps.Collect(s.Names())
}

func expectNames(t *testing.T, what string, want, got map[graph.ID]string) {
	t.Helper()
	if !maps.Equal(want, got) {
		t.Errorf("%s are %v; want %v", what, got, want)
	}
}

// What needs one name does not wait for all; what needs all waits; and what was
// said since the opening holds.
func TestNamesComeLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, l := named(t, nil)
		opened := l.Head()
		if got := opened.Name("ann"); got != "Ann" || store.read != 1 {
			t.Errorf("before the names came ann is called %q, with %d names read", got, store.read)
		}
		if e, ok := opened.Person("nameless"); !ok || e.Name != "" {
			t.Errorf("nameless is %+v, %t", e, ok)
		}
		r := must(t, l, graph.Batch{
			At: on(4), People: []graph.Person{{ID: "cyd"}},
			Personal: []graph.Personal{{Person: "ann", Name: "Ann"}, {Person: "bob", Name: "Rob"}, {Person: "cyd", Name: "Cyd"}},
		})
		if changed, _ := l.Head().Person("ann"); changed.Changed == r.Revision {
			t.Error("a name that was there before was recorded again")
		}
		if got := opened.Name("bob"); got != "Bob" {
			t.Errorf("before he was renamed bob was called %q", got)
		}
		all := make(chan map[graph.ID]string, 2)
		go func() { all <- everybody(opened) }()
		synctest.Wait()
		if len(all) > 0 {
			t.Fatal("everybody's names were there before they came")
		}
		close(store.begin)
		expectNames(t, "names when opened", map[graph.ID]string{"ann": "Ann", "bob": "Bob"}, <-all)
		expectNames(t, "names at the head", map[graph.ID]string{"ann": "Ann", "bob": "Rob", "cyd": "Cyd"}, everybody(l.Head()))
		expectNames(t, "names of a fork", map[graph.ID]string{"ann": "Ann", "bob": "Rob", "cyd": "Cyd"}, everybody(graph.Fork(l.Head()).Head()))
		before := store.read
		if got := l.Head().Name("ann"); got != "Ann" || store.read != before {
			t.Errorf("ann is called %q, and %d names were read that are there", got, store.read-before)
		}
		if err := l.Sound(); err != nil {
			t.Error(err)
		}
	})
}

// Names that cannot be read are nobody's: whoever asks is told.
func TestNamesFail(t *testing.T) {
	damage := graph.Unavailable("page 7 is damaged", nil)
	store, l := named(t, damage)
	if err := l.Sound(); err != nil {
		t.Errorf("before the names were read: %v", err)
	}
	close(store.begin)
	if got := everybody(l.Head()); len(got) > 0 || l.Head().Name("ann") != "" {
		t.Errorf("the names are %v", got)
	}
	for what, err := range map[string]error{"Sound": l.Sound(), "Health": l.Health(t.Context())} {
		if !errors.Is(err, damage) {
			t.Errorf("%s is %v", what, err)
		}
	}
}

// Closing does not wait for names.
func TestNamesClosed(t *testing.T) {
	_, l := named(t, nil)
	l.Close()
	if got := everybody(l.Head()); len(got) > 0 {
		t.Errorf("the names are %v", got)
	}
}
