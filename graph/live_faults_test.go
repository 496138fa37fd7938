package graph_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
)

// unsteady is a store that may be told what to do instead of its next commits.
// Probes for a key are not told.
type unsteady struct {
	graph.Store
	mu     sync.Mutex
	next   []func(commit func() ([]graph.Revision, error)) ([]graph.Revision, error)
	groups []int // the batches of each commit
}

func (u *unsteady) Commit(ctx context.Context, batches ...graph.Batch) ([]graph.Revision, error) {
	commit := func() ([]graph.Revision, error) { return u.Store.Commit(ctx, batches...) }
	u.mu.Lock()
	if batches[0].IfSet && batches[0].If > 1<<60 {
		u.mu.Unlock()
		return commit()
	}
	u.groups = append(u.groups, len(batches))
	if len(u.next) == 0 {
		u.mu.Unlock()
		return commit()
	}
	do := u.next[0]
	u.next = u.next[1:]
	u.mu.Unlock()
	return do(commit)
}

func newUnsteady(t *testing.T) (*unsteady, *graph.Live) {
	t.Helper()
	u := &unsteady{Store: open(t, filepath.Join(t.TempDir(), "cairn.db"))}
	l := live(t, u, graph.Options{})
	must(t, l, smallCatalog())
	return u, l
}

func joins(id graph.ID) graph.Batch {
	return graph.Batch{At: on(3), Key: "join " + string(id), People: []graph.Person{{ID: id}}}
}

var errGone = graph.Unavailable("the line is cut", nil)

// A commit whose outcome is unknown may be there: the next ones are made on top
// of it, and the same key finds it.
func TestUnknownOutcome(t *testing.T) {
	for name, written := range map[string]bool{"written": true, "not written": false} {
		t.Run(name, func(t *testing.T) {
			u, l := newUnsteady(t)
			u.next = append(u.next, func(commit func() ([]graph.Revision, error)) ([]graph.Revision, error) {
				if written {
					if _, err := commit(); err != nil {
						t.Error(err)
					}
				}
				return nil, errGone
			})
			if _, err := l.Commit(t.Context(), joins("ada"), graph.CommitOptions{}); !errors.Is(err, graph.ErrUnavailable) {
				t.Fatalf("the line is cut: %v, want ErrUnavailable", err)
			}
			other := must(t, l, joins("bob"))
			again := must(t, l, joins("ada"))
			if again.Replayed != written || again.Stored == written || again.Revision == other.Revision {
				t.Errorf("the same key again: %+v after %+v; it was written: %t", again, other, written)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			s, err := l.At(ctx, max(again.Revision, other.Revision))
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range []graph.ID{"ada", "bob"} {
				if _, ok := s.Person(id); !ok {
					t.Errorf("%s is missing at revision %d", id, s.Revision)
				}
			}
			if s.CountPeople() != 2 || s.Revision != 3 {
				t.Errorf("%d people at revision %d, want 2 at 3", s.CountPeople(), s.Revision)
			}
		})
	}
}

// queued starts commits that wait behind one that the store holds back, and
// returns what lets it go on and what collects the outcomes.
func queued(t *testing.T, u *unsteady, l *graph.Live, ids []graph.ID, then func(commit func() ([]graph.Revision, error)) ([]graph.Revision, error)) (receipts []graph.Receipt, errs []error) {
	t.Helper()
	held, goOn := make(chan struct{}), make(chan struct{})
	hold := func(commit func() ([]graph.Revision, error)) ([]graph.Revision, error) {
		close(held)
		<-goOn
		return commit()
	}
	u.mu.Lock()
	u.next = append(u.next, hold)
	if then != nil {
		u.next = append(u.next, then)
	}
	u.mu.Unlock()
	receipts, errs = make([]graph.Receipt, len(ids)), make([]error, len(ids))
	var first, rest sync.WaitGroup
	first.Go(func() {
		if _, err := l.Commit(t.Context(), joins("first"), graph.CommitOptions{}); err != nil {
			t.Error(err)
		}
	})
	<-held
	for i, id := range ids {
		rest.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					errs[i] = fmt.Errorf("panic: %v", r)
				}
			}()
			receipts[i], errs[i] = l.Commit(t.Context(), joins(id), graph.CommitOptions{})
		})
	}
	for l.Waiting() < len(ids) {
		time.Sleep(time.Millisecond)
	}
	close(goOn)
	first.Wait()
	rest.Wait()
	return receipts, errs
}

// Every batch of a group has a revision of its own, and each of those can be
// asked for as long as revisions are kept.
func TestGroupRevisions(t *testing.T) {
	u, l := newUnsteady(t)
	var ids []graph.ID
	for i := range 300 {
		ids = append(ids, graph.ID(fmt.Sprintf("p%03d", i)))
	}
	receipts, errs := queued(t, u, l, ids, nil)
	seen := make(map[graph.Revision]bool)
	kept := 0
	for i, r := range receipts {
		if errs[i] != nil || seen[r.Revision] {
			t.Fatalf("%s: %v at revision %d, seen before: %t", ids[i], errs[i], r.Revision, seen[r.Revision])
		}
		seen[r.Revision] = true
		s, err := l.Pinned(r.Revision)
		if err != nil {
			continue
		}
		kept++
		if _, ok := s.Person(ids[i]); !ok || s.CountPeople() != int(r.Revision)-1 {
			t.Errorf("revision %d has %d people, %s among them: %t", r.Revision, s.CountPeople(), ids[i], ok)
		}
	}
	if kept != 101 {
		t.Errorf("%d of 300 revisions can be asked for, want the newest and 100", kept)
	}
	for _, n := range u.groups {
		if n > 256 {
			t.Errorf("a group of %d batches", n)
		}
	}
	if len(u.groups) != 4 {
		t.Errorf("%d transactions, want the catalog, the first and two groups", len(u.groups))
	}
}

// A group that the store refuses leaves nothing behind.
func TestGroupRefused(t *testing.T) {
	u, l := newUnsteady(t)
	ids := []graph.ID{"ada", "bob", "cyd"}
	_, errs := queued(t, u, l, ids, func(func() ([]graph.Revision, error)) ([]graph.Revision, error) { return nil, errGone })
	for i, err := range errs {
		if !errors.Is(err, graph.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", ids[i], err)
		}
		if _, ok := l.Head().Person(ids[i]); ok {
			t.Errorf("%s is there", ids[i])
		}
	}
	if _, err := l.Commit(t.Context(), joins("eve"), graph.CommitOptions{DryRun: true}); err != nil {
		t.Error(err)
	}
	if n := l.Indexed(); n != 1 {
		t.Errorf("%d people are remembered, want the first alone", n)
	}
	must(t, l, joins("dan")) // at the position that ada had
	for _, id := range append(ids, "dan") {
		if _, ok := l.Head().Person(id); ok != (id == "dan") {
			t.Errorf("%s is there: %t", id, ok)
		}
	}
	must(t, l, joins("ada"))
	if s := l.Head(); s.Revision != 4 || s.CountPeople() != 3 {
		t.Errorf("%d people at revision %d, want 3 at 4", s.CountPeople(), s.Revision)
	}
}

// What a batch was refused for on top of one that the store did not take is not
// said: nothing of it is there.
func TestRefusedOnTopOfNothing(t *testing.T) {
	u, l := newUnsteady(t)
	must(t, l, joins("ada"))
	held, goOn := make(chan struct{}), make(chan struct{})
	u.next = append(u.next,
		func(commit func() ([]graph.Revision, error)) ([]graph.Revision, error) {
			close(held)
			<-goOn
			return commit()
		},
		func(func() ([]graph.Revision, error)) ([]graph.Revision, error) { return nil, errGone })
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := l.Commit(t.Context(), joins("bob"), graph.CommitOptions{}); err != nil {
			t.Error(err)
		}
	})
	<-held
	award := awardsOf("ada", on(4), "sql")
	other := awardsOf("ada", on(4), "sql")
	other.Awards[0].Rigor = graph.Declared
	for i, b := range []graph.Batch{{}, award, other} { // the first is refused whatever the store does
		all.Go(func() {
			want := graph.ErrUnavailable
			if i == 0 {
				want = graph.ErrInvalid
			}
			if _, err := l.Commit(t.Context(), b, graph.CommitOptions{}); !errors.Is(err, want) {
				t.Errorf("batch %d: %v, want %v", i, err, want)
			}
		})
		for l.Waiting() <= i {
			time.Sleep(time.Millisecond)
		}
	}
	close(goOn)
	all.Wait()
	if p, err := l.Head().Profile("ada", on(5)); err != nil || len(p.Evidence()) > 0 {
		t.Errorf("%v, %d awards, want none", err, len(p.Evidence()))
	}
	if r := must(t, l, other); !r.Stored {
		t.Errorf("the other award again: %+v", r)
	}
}

// A store that panics takes down its caller, acknowledges nothing to the
// others, and leaves the next ones their turn.
func TestStorePanics(t *testing.T) {
	u, l := newUnsteady(t)
	ids := []graph.ID{"ada", "bob", "cyd"}
	_, errs := queued(t, u, l, ids, func(func() ([]graph.Revision, error)) ([]graph.Revision, error) { panic("a bug") })
	for i, err := range errs {
		if err == nil {
			t.Errorf("%s was acknowledged", ids[i])
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if r, err := l.Commit(ctx, joins("dan"), graph.CommitOptions{}); err != nil || !r.Stored {
		t.Errorf("the next commit: %+v, %v", r, err)
	}
}

// A caller that gives up before its turn has stored nothing.
func TestCommitCanceled(t *testing.T) {
	u, l := newUnsteady(t)
	held, goOn := make(chan struct{}), make(chan struct{})
	u.next = append(u.next, func(commit func() ([]graph.Revision, error)) ([]graph.Revision, error) {
		close(held)
		<-goOn
		return commit()
	})
	ctx, cancel := context.WithCancel(t.Context())
	var taken sync.WaitGroup
	taken.Go(func() { // taken up, and canceled then: the outcome is its own
		if r, err := l.Commit(ctx, joins("ada"), graph.CommitOptions{}); err != nil || !r.Stored {
			t.Errorf("canceled while it was stored: %+v, %v", r, err)
		}
	})
	<-held
	cancel()
	if _, err := l.Commit(ctx, joins("bob"), graph.CommitOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled before its turn: %v", err)
	}
	close(goOn)
	taken.Wait()
	must(t, l, joins("cyd"))
	if _, ok := l.Head().Person("bob"); ok || l.Head().Revision != 3 {
		t.Errorf("at revision %d bob is there: %t", l.Head().Revision, ok)
	}
}
