package graph_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// replica is a replica of what open opens, with a copy in a file.
func replica(tb testing.TB, path string, open func() (graph.Store, error), report func(error)) (*graph.Replica, error) {
	tb.Helper()
	local, err := filestore.Open(path, filestore.Options{NoSync: true})
	if err != nil {
		tb.Fatal(err)
	}
	r, err := graph.OpenReplica(tb.Context(), graph.ReplicaOptions{
		Open:  func(context.Context) (graph.Store, error) { return open() },
		Local: local, Name: "warm.db", Every: 10 * time.Millisecond, Report: report,
	})
	if err == nil {
		tb.Cleanup(func() { _ = r.Close() })
	}
	return r, err
}

// A replica keeps the contract of a store.
func TestReplicaStore(t *testing.T) {
	t.Parallel()
	graphtest.TestStore(t, func(tb testing.TB) func() graph.Store {
		tb.Helper()
		dir := tb.TempDir()
		return func() graph.Store {
			r, err := replica(tb, filepath.Join(dir, "warm.db"), func() (graph.Store, error) {
				return filestore.Open(filepath.Join(dir, "remote.db"), filestore.Options{NoSync: true})
			}, nil)
			if err != nil {
				tb.Fatal(err)
			}
			return r
		}
	})
}

// reads counts what is read of a store.
type reads struct {
	graph.Store
	mu      sync.Mutex // guards what follows
	batches int
	loads   int
}

func (s *reads) Load(ctx context.Context, apply func(graph.Batch) error) (graph.Revision, error) {
	s.mu.Lock()
	s.loads++
	s.mu.Unlock()
	return s.Store.Load(ctx, apply)
}

func (s *reads) Follow(ctx context.Context, after graph.Revision, apply func(graph.Revision, graph.Batch) error) error {
	return s.Store.Follow(ctx, after, func(r graph.Revision, b graph.Batch) error {
		s.mu.Lock()
		s.batches++
		s.mu.Unlock()
		return apply(r, b)
	})
}

// A warm start reads what is new and two batches more, however much there is.
func TestReplicaWarmStart(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 300} {
		remote := newFile(t)
		for i := range n {
			store(t, remote, joins(graph.ID(fmt.Sprint("p", i))))
		}
		path := filepath.Join(t.TempDir(), "warm.db")
		const more = 4
		for start, want := range []int{n, 2, 2 + more} {
			if start == 2 {
				for i := range more {
					store(t, remote, joins(graph.ID(fmt.Sprint("late", i))))
				}
			}
			counted := &reads{Store: keptOpen{remote}}
			r, err := replica(t, path, func() (graph.Store, error) { return counted, nil }, nil)
			if err != nil {
				t.Fatal(err)
			}
			l := live(t, r, graph.Options{})
			head, _ := remote.Head(t.Context())
			if got := l.Head(); got.Revision != head {
				t.Errorf("start %d of %d: the snapshot is of revision %d, want %d", start, n, got.Revision, head)
			}
			counted.mu.Lock()
			if counted.batches != want || counted.loads != 0 {
				t.Errorf("start %d of %d: %d batches were read, %d loads; want %d and none", start, n, counted.batches, counted.loads, want)
			}
			counted.mu.Unlock()
			sameContents(t, fmt.Sprint("start ", start), live(t, remote, graph.Options{}).Head(), l.Head())
			l.Close()
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// keptOpen is a store that others use as well.
type keptOpen struct{ graph.Store }

func (keptOpen) Close() error { return nil }

// joinsAs is somebody who joins with a name.
func joinsAs(id graph.ID, name string) graph.Batch {
	b := joins(id)
	b.Personal = []graph.Personal{{Person: id, Name: name}}
	return b
}

// While the remote store is away a replica starts from its copy and says so;
// when it comes, the replica goes on with it.
func TestReplicaAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		path := filepath.Join(t.TempDir(), "warm.db")
		away := func() (graph.Store, error) { return nil, errGone }
		if _, err := replica(t, path, away, nil); !errors.Is(err, errGone) {
			t.Fatalf("a start without a copy and without the store: %v", err)
		}
		store(t, m, smallCatalog(), joinsAs("ada", "Ada"))
		r, err := replica(t, path, func() (graph.Store, error) { return m, nil }, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		store(t, m, joinsAs("bob", "Bob"))

		var there atomic.Bool
		told := make(chan error, 9)
		r, err = replica(t, path, func() (graph.Store, error) {
			if !there.Load() {
				return nil, errGone
			}
			return m, nil
		}, func(err error) { told <- err })
		if err != nil {
			t.Fatal(err)
		}
		l := shared(t, r)
		synctest.Wait()
		if s := l.Head(); s.Revision != 2 || len(contentsOf(s).Entries) != 1 {
			t.Errorf("without the store the snapshot is of revision %d", s.Revision)
		}
		if _, err := l.Fresh(); !errors.Is(err, graph.ErrUnavailable) {
			t.Errorf("without the store it is fresh: %v", err)
		}
		if _, err := l.Commit(t.Context(), joins("eve"), graph.CommitOptions{}); !errors.Is(err, graph.ErrUnavailable) {
			t.Errorf("a write without the store: %v", err)
		}
		if got, err := l.Personal(t.Context(), graph.PersonalRef{Person: "ada"}); err != nil || got[0].Name != "Ada" {
			t.Errorf("read without the store: %+v, %v", got, err)
		}
		if err := <-told; len(told) != 0 || !errors.Is(err, errGone) {
			t.Errorf("told %v and %d more, want that it is away", err, len(told))
		}
		there.Store(true)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if _, err := l.Fresh(); err != nil || l.Head().Revision != 3 {
			t.Errorf("when the store is there: revision %d, %v", l.Head().Revision, err)
		}
		if err := <-told; len(told) != 0 || err != nil {
			t.Errorf("told %v and %d more, want that it is there", err, len(told))
		}
		if r := must(t, l, joins("eve")); r.Revision != 4 {
			t.Errorf("a write is at %d, want 4", r.Revision)
		}

		// It goes away again: what was handed out and is not in the copy yet is
		// not taken for nothing.
		if _, err := r.Commit(t.Context(), joinsAs("zoe", "Zoe")); err != nil {
			t.Fatal(err)
		}
		m.leave(errGone)
		time.Sleep(time.Second)
		if _, err := r.Read(t.Context(), graph.PersonalRef{Person: "zoe"}); !errors.Is(err, graph.ErrUnavailable) {
			t.Errorf("a read of what the copy lacks: %v", err)
		}
		m.leave(nil)
		time.Sleep(time.Minute)
		m.leave(errGone)
		time.Sleep(time.Minute)
		if got, err := r.Read(t.Context(), graph.PersonalRef{Person: "zoe"}); err != nil || got[0].Name != "Zoe" {
			t.Errorf("a read of what the copy has by now: %+v, %v", got, err)
		}
		m.leave(nil)
		l.Close()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A copy of something else is neither used nor changed, whenever that is found.
func TestReplicaForeign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, other := newMemory(), newMemory()
		store(t, ours, smallCatalog(), joins("ada"))
		store(t, other, smallCatalog(), joins("bob"), joins("eve"))
		path := filepath.Join(t.TempDir(), "warm.db")
		opens := func(m *memory) func() (graph.Store, error) {
			return func() (graph.Store, error) { return m, nil }
		}
		r, err := replica(t, path, opens(ours), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		for _, m := range []*memory{other, newMemory()} {
			if _, err := replica(t, path, opens(m), nil); !errors.Is(err, graph.ErrExists) || !strings.Contains(err.Error(), "warm.db: is a copy of something else") {
				t.Errorf("opened beside another store: %v", err)
			}
		}

		var there atomic.Bool
		r, err = replica(t, path, func() (graph.Store, error) {
			if !there.Load() {
				return nil, errGone
			}
			return other, nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		l := shared(t, r)
		there.Store(true)
		time.Sleep(time.Minute)
		if _, err := l.Fresh(); err == nil || !strings.Contains(err.Error(), "is a copy of something else") {
			t.Errorf("the other store is followed: %v", err)
		}
		if _, err := l.Commit(t.Context(), joins("zoe"), graph.CommitOptions{}); !errors.Is(err, graph.ErrUnavailable) {
			t.Errorf("a write to the other store: %v", err)
		}
		if head, _ := other.Head(t.Context()); head != 3 || l.Head().Revision != 2 {
			t.Errorf("the other store is at %d, the snapshot of %d", head, l.Head().Revision)
		}
		l.Close()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		s := fileAt(t, path)
		if head, err := s.Head(t.Context()); head != 2 || err != nil {
			t.Errorf("the copy is at %d, %v", head, err)
		}
		_ = s.Close()
	})
}
