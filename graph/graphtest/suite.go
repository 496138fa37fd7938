package graphtest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cairn-skills/cairn/graph"
)

// Place makes an empty place for a store and returns what opens a store on it;
// it is called again, after Close, to see what was kept. A place registers its
// own cleanup on tb, and there checks the integrity of what the test left:
// every store that the suite opened is closed by then.
type Place func(tb testing.TB) (open func() graph.Store)

// patience is how long the suite waits for what must happen. It is long, since
// only a broken store needs it.
const patience = 30 * time.Second

// TestStore tests that stores of place keep the contract of [graph.Store], a
// subtest for each of its sentences, and compares random use with a twin in
// memory. At most one Hooks is given.
func TestStore(t *testing.T, place Place, hooks ...Hooks) {
	var given Hooks
	if len(hooks) > 0 {
		given = hooks[0]
	}
	for _, c := range []struct {
		name string
		test func(*bench)
	}{
		{"Methods may be called by several goroutines at once", testConcurrent},
		{"Every error is of one of the classes", testClasses},
		{"Head is the newest revision, 0 for an empty store", testHead},
		{"Commit stores in consecutive revisions", testConsecutive},
		{"Commit stores every field of every type", testEveryField},
		{"Commit stores all of the batches or none", testAllOrNone},
		{"Commit is durable when it returns", testDurable},
		{"Commit answers the first revision for a key that is stored", testKeyStored},
		{"Commit answers the first revision for a key earlier in the call", testKeyInCall},
		{"Commit answers a stored key whatever its If", testKeyWhateverIf},
		{"Commit judges If just before its batch", testIf},
		{"Commit refuses an empty batch", testEmptyBatch},
		{"Commit takes a batch of any size", testGreatBatch},
		{"Commit of the same keys is safe after an unknown outcome", testUnknown},
		{"Load has the whole content at the revision it returns", testLoadWhole},
		{"Load has entries and people in the order of recording", testLoadOrder},
		{"Load has versions in the order of publication", testLoadVersions},
		{"Load has the name only of personal records", testLoadNames},
		{"Load says the revision of every batch", testLoadRevisions},
		{"Load returns an error of apply as it is", testLoadError},
		{"Load lets apply call the store", testLoadCalls},
		{"Load ends with ctx", testLoadContext},
		{"A damaged batch is ErrUnavailable with its place", testDamagedBatch},
		{"A damaged personal record is ErrUnavailable with its place", testDamagedPersonal},
		{"Read returns records in the order of refs", testReadOrder},
		{"Read returns the zero record for what was never stored", testReadNever},
		{"Read returns the newest record", testReadNewest},
		{"Read returns Erased for a destroyed key", testErased},
		{"Follow has every batch in order and once as it was committed", testFollow},
		{"Follow waits for more until ctx ends and returns its error", testFollowWaits},
		{"Follow returns an error of apply as it is", testFollowError},
		{"Follow refuses a revision beyond the head", testFollowBeyond},
		{"Close makes calls return ErrUnavailable", testClosed},
		{"Close may be called twice", testCloseTwice},
		{"Close ends a Follow that waits", testCloseFollow},
		{"Close waits for running calls", testCloseWaits},
		{"A random use agrees with a twin", testTwin},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.test(newBench(t, place, given))
		})
	}
}

// bench is a store under test and its place.
type bench struct {
	graph.Store
	t     *testing.T
	place Place
	hooks Hooks
	open  func() graph.Store
}

func newBench(t *testing.T, place Place, hooks Hooks) *bench {
	t.Helper()
	b := &bench{t: t, place: place, hooks: hooks, open: place(t)}
	b.Store = b.open()
	t.Cleanup(func() { b.close(t) })
	return b
}

func (b *bench) close(t *testing.T) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// reopen closes the store and opens it again.
func (b *bench) reopen(t *testing.T) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	b.Store = b.open()
}

// commit commits and expects it to succeed.
func (b *bench) commit(t *testing.T, batches ...graph.Batch) []graph.Revision {
	t.Helper()
	revisions, err := b.Commit(t.Context(), batches...)
	if err != nil {
		t.Fatalf("commit: %v", err)
	}
	if len(revisions) != len(batches) {
		t.Fatalf("commit answered %d revisions for %d batches", len(revisions), len(batches))
	}
	return revisions
}

// expectHead fails if the newest revision is another one.
func (b *bench) expectHead(t *testing.T, want graph.Revision) {
	t.Helper()
	got, err := b.Head(t.Context())
	if err != nil || got != want {
		t.Errorf("head is %d, %v; want %d", got, err, want)
	}
}

// load joins everything that Load hands over.
func (b *bench) load(t *testing.T) (graph.Batch, graph.Revision) {
	t.Helper()
	var all graph.Batch
	revision, err := b.Load(t.Context(), func(x graph.Batch) error {
		Join(&all, x)
		return nil
	})
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return all, revision
}

// followed is the batches after the revision up to the head.
func (b *bench) followed(t *testing.T, after graph.Revision) map[graph.Revision]graph.Batch {
	t.Helper()
	head, err := b.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[graph.Revision]graph.Batch)
	if head == after {
		return out
	}
	last := after
	err = b.Follow(t.Context(), after, func(r graph.Revision, x graph.Batch) error {
		if r != last+1 {
			t.Errorf("revision %d came after %d", r, last)
		}
		last = r
		out[r] = x
		if r == head {
			return errStop
		}
		return nil
	})
	if !errors.Is(err, errStop) {
		t.Fatalf("follow: %v", err)
	}
	return out
}

// errStop is what callbacks of the suite end a call with.
var errStop = errors.New("stop")

// Join appends the content of b to all, as applying it after all would: what is
// given once is replaced.
func Join(all *graph.Batch, b graph.Batch) {
	to, from := reflect.ValueOf(all).Elem(), reflect.ValueOf(b)
	for i := range to.NumField() {
		switch f := from.Field(i); f.Kind() {
		case reflect.Slice:
			to.Field(i).Set(reflect.AppendSlice(to.Field(i), f))
		default:
			if !f.IsZero() {
				to.Field(i).Set(f)
			}
		}
	}
}

// Diff is how got differs from want, "" if it does not; an empty list is the
// same as none.
func Diff[T any](want, got T) string {
	if same(reflect.ValueOf(&want).Elem(), reflect.ValueOf(&got).Elem()) {
		return "" // cmp.Diff takes a hundred times as long to find that out
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// same is cmp.Equal with cmpopts.EquateEmpty for values without cycles; false
// where it cannot tell.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range a.NumField() {
			if !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Pointer:
		return a.IsNil() == b.IsNil() && (a.IsNil() || same(a.Elem(), b.Elem()))
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, k := range a.MapKeys() {
			if v := b.MapIndex(k); !v.IsValid() || !same(a.MapIndex(k), v) {
				return false
			}
		}
		return true
	default:
		return a.Comparable() && a.Equal(b)
	}
}

// expectClass fails if err is not of the class.
func expectClass(t *testing.T, err, class error) {
	t.Helper()
	var e *graph.Error
	if !errors.Is(err, class) || !errors.As(err, &e) {
		t.Errorf("the error is %v; want a *graph.Error of class %q", err, class)
	}
}

// person is a batch with a person of the number.
func person(n int) graph.Batch {
	return graph.Batch{At: graph.Instant(n + 1), People: []graph.Person{{ID: graph.ID(fmt.Sprintf("p%d", n))}}}
}

// background runs f and returns what waits for it.
func background(t *testing.T, f func() error) func() error {
	t.Helper()
	out := make(chan error, 1)
	go func() { out <- f() }()
	return sync.OnceValue(func() error {
		select {
		case err := <-out:
			return err
		case <-time.After(patience):
			t.Fatal("the call did not return")
			return nil
		}
	})
}

// receive waits for the next value of c; what says for what it waits.
func receive[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case x := <-c:
		return x
	case <-time.After(patience):
		t.Fatalf("%s did not come in %v", what, patience)
		panic("unreachable")
	}
}

func cancelable(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}
