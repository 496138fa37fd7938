package graph_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

func fileAt(tb testing.TB, path string) *filestore.Store {
	tb.Helper()
	s, err := filestore.Open(path, filestore.Options{NoSync: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

func newFile(tb testing.TB) *filestore.Store {
	tb.Helper()
	return fileAt(tb, filepath.Join(tb.TempDir(), "cairn.db"))
}

func store(tb testing.TB, s graph.Store, batches ...graph.Batch) {
	tb.Helper()
	if _, err := s.Commit(tb.Context(), batches...); err != nil {
		tb.Fatal(err)
	}
}

// varied are batches of every sort: great and small, with keys, conditions and
// personal records.
func varied() []graph.Batch {
	batches := slices.Collect(graphtest.World{People: 900, Awards: 20, Named: true, Achievements: 50}.Batches())
	for i := range 1500 {
		b := graph.Batch{Key: fmt.Sprint("key ", i), At: graph.Instant(1000 + i), People: []graph.Person{{ID: graph.ID(fmt.Sprint("single-", i))}}}
		if i%2 == 0 {
			b.If, b.IfSet = graph.Revision(len(batches)), true
		}
		batches = append(batches, b)
	}
	for seed := range 3 {
		batches = append(batches, graphtest.FullBatch(seed+1))
	}
	return batches
}

func filled(tb testing.TB) *filestore.Store {
	tb.Helper()
	s := newFile(tb)
	store(tb, s, varied()...)
	return s
}

// contentHash is the hash of all that s has.
func contentHash(tb testing.TB, s graph.Store) graph.Digest {
	tb.Helper()
	head, err := s.Head(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	d, err := graph.ContentHash(tb.Context(), s, head)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// watched is a store that tells of commits, and that may refuse them.
type watched struct {
	graph.Store
	commit func(batches []graph.Batch) error
}

func (w watched) Commit(ctx context.Context, batches ...graph.Batch) ([]graph.Revision, error) {
	if err := w.commit(batches); err != nil {
		return nil, err
	}
	return w.Store.Commit(ctx, batches...)
}

// all is every batch of s as it was committed.
func all(tb testing.TB, s graph.Store) (out []graph.Batch) {
	tb.Helper()
	head, err := s.Head(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	stop := errors.New("stop")
	err = s.Follow(tb.Context(), 0, func(r graph.Revision, b graph.Batch) error {
		if out = append(out, b); r == head {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) {
		tb.Fatal(err)
	}
	return out
}

func TestCopy(t *testing.T) {
	t.Parallel()
	from, to := filled(t), newFile(t)
	groups := 0
	counting := watched{to, func(batches []graph.Batch) error {
		groups++
		facts := 0
		for i := range batches {
			facts += batches[i].Len() + len(batches[i].Derived)
		}
		if len(batches) > 256 || facts > 5000 && len(batches) > 1 {
			t.Errorf("a group has %d batches with %d facts", len(batches), facts)
		}
		return nil
	}}
	var steps []graph.Revision
	at, err := graph.Copy(t.Context(), from, counting, func(done, until graph.Revision) { steps = append(steps, done) })
	if err != nil {
		t.Fatal(err)
	}
	head, _ := from.Head(t.Context())
	if at != head || steps[0] != 0 || steps[len(steps)-1] != head || !slices.IsSorted(steps) || len(steps) != groups+1 {
		t.Errorf("copied to %d of %d in %d groups, by the steps %d", at, head, groups, steps)
	}
	if d := graphtest.Diff(all(t, from), all(t, to)); d != "" {
		t.Errorf("the copy differs (-want +got):\n%s", d)
	}
	if want, got := contentHash(t, from), contentHash(t, to); got != want {
		t.Errorf("the copy's hash is %s, want %s", got, want)
	}
	again, err := graph.Copy(t.Context(), from, watched{to, func([]graph.Batch) error { return errors.New("a commit") }}, nil)
	if err != nil || again != head {
		t.Errorf("copied again to %d, %v", again, err)
	}
	store(t, from, graph.Batch{Key: "key 3", People: []graph.Person{{ID: "known already"}}}, graphtest.FullBatch(9))
	if at, err := graph.Copy(t.Context(), from, to, nil); err != nil || at != head+1 {
		t.Errorf("what came later was copied to %d, %v; want %d", at, err, head+1)
	}
	if contentHash(t, to) != contentHash(t, from) {
		t.Error("the copy of what came later differs")
	}
}

// A copy that ended goes on where it was.
func TestCopyResumes(t *testing.T) {
	t.Parallel()
	from, to := filled(t), newFile(t)
	refuse := graph.Unavailable("not now", nil)
	copies := 0
	for ; ; copies++ {
		commits := 0
		_, err := graph.Copy(t.Context(), from, watched{to, func([]graph.Batch) error {
			if commits++; commits > 1 {
				return refuse
			}
			return nil
		}}, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, refuse) || copies > 1000 {
			t.Fatal(err)
		}
	}
	if copies < 3 {
		t.Errorf("it took %d copies", copies)
	}
	if d := graphtest.Diff(all(t, from), all(t, to)); d != "" {
		t.Errorf("the copy differs (-want +got):\n%s", d)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := graph.Copy(ctx, from, watched{newFile(t), func([]graph.Batch) error {
		cancel()
		return nil
	}}, nil)
	if !errors.Is(err, graph.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("a copy whose context ended: %v", err)
	}
}

func TestCopyRefuses(t *testing.T) {
	t.Parallel()
	one := func(id graph.ID) graph.Batch { return graph.Batch{People: []graph.Person{{ID: id}}} }
	from := newFile(t)
	store(t, from, one("a"), one("b"), one("c"))
	for _, c := range []struct {
		name    string
		there   []graph.Batch
		message string
	}{
		{"another first", []graph.Batch{one("x"), one("b")}, "its revision 1 is another"},
		{"another last", []graph.Batch{one("a"), one("x")}, "its revision 2 is another"},
		{"another time", []graph.Batch{{At: 1, People: one("a").People}}, "its revision 1 is another"},
		{"more", []graph.Batch{one("a"), one("b"), one("c"), one("d")}, "it has revision 4, what is to be copied ends at 3"},
	} {
		to := newFile(t)
		store(t, to, c.there...)
		_, err := graph.Copy(t.Context(), from, to, nil)
		if !errors.Is(err, graph.ErrExists) || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: %v; want %q", c.name, err, c.message)
		}
		if head, err := to.Head(t.Context()); head != graph.Revision(len(c.there)) {
			t.Errorf("%s: the target is at %d, %v", c.name, head, err)
		}
	}
	to := newFile(t)
	_, err := graph.Copy(t.Context(), from, watched{to, func([]graph.Batch) error {
		store(t, to, one("somebody else's"))
		return nil
	}}, nil)
	if !errors.Is(err, graph.ErrExists) || !strings.Contains(err.Error(), "somebody else wrote to it") {
		t.Errorf("a copy beside another writer: %v", err)
	}
	if _, err := graph.ContentHash(t.Context(), from, 4); !errors.Is(err, graph.ErrInvalid) {
		t.Errorf("the hash at a revision that has not come: %v", err)
	}
}

// erasing is a store that erased what it knew about somebody.
type erasing struct {
	graph.Store
	who graph.ID
}

func (e erasing) Follow(ctx context.Context, after graph.Revision, apply func(graph.Revision, graph.Batch) error) error {
	return e.Store.Follow(ctx, after, func(r graph.Revision, b graph.Batch) error {
		b.Personal = slices.Clone(b.Personal)
		for i, p := range b.Personal {
			if p.Person == e.who {
				b.Personal[i] = graph.Personal{Person: p.Person, About: p.About, Erased: true}
			}
		}
		return apply(r, b)
	})
}

// What was erased is copied as what says nothing: revisions stay, hashes agree.
func TestCopyErased(t *testing.T) {
	t.Parallel()
	named := newFile(t)
	about := graph.FactID{7}
	store(t, named,
		graph.Batch{People: []graph.Person{{ID: "gone"}, {ID: "here"}}},
		graph.Batch{Personal: []graph.Personal{{Person: "gone", Name: "Forget Me", Identifiers: []string{"row"}}}},
		graph.Batch{Personal: []graph.Personal{{Person: "here", Name: "Here"}, {Person: "gone", About: about, Evidence: []string{"link"}}}},
	)
	from, to := erasing{named, "gone"}, newFile(t)
	if at, err := graph.Copy(t.Context(), from, to, nil); err != nil || at != 3 {
		t.Fatalf("copied to %d, %v", at, err)
	}
	want := all(t, named)
	want[1].Personal[0] = graph.Personal{Person: "gone"}
	want[2].Personal[1] = graph.Personal{Person: "gone", About: about}
	if d := graphtest.Diff(want, all(t, to)); d != "" {
		t.Errorf("the copy (-want +got):\n%s", d)
	}
	if contentHash(t, from) != contentHash(t, to) {
		t.Error("the copy's hash is another")
	}
	if contentHash(t, named) == contentHash(t, to) {
		t.Error("what was erased makes no difference to the hash")
	}

	// Made before the erasure, the copy can be continued, and its hash tells that
	// it knows what was to be forgotten.
	early := newFile(t)
	if _, err := graph.Copy(t.Context(), named, early, nil); err != nil {
		t.Fatal(err)
	}
	store(t, named, graph.Batch{People: []graph.Person{{ID: "late"}}})
	if at, err := graph.Copy(t.Context(), from, early, nil); err != nil || at != 4 {
		t.Errorf("continued to %d, %v", at, err)
	}
	if contentHash(t, from) == contentHash(t, early) {
		t.Error("the hashes hide what was not erased")
	}
}

// copyChild names the files that the test binary copies when it runs itself.
const copyChild = "CAIRN_COPY_CHILD"

// TestCopyChild is the process of TestCopyKilled.
func TestCopyChild(t *testing.T) {
	files := os.Getenv(copyChild)
	if files == "" {
		return // nothing to do: it is TestCopyKilled that tests
	}
	from, to, _ := strings.Cut(files, "\n")
	source, err := filestore.Open(from, filestore.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := graph.Copy(t.Context(), source, fileAt(t, to), func(done, _ graph.Revision) { fmt.Println("at", done) }); err != nil {
		t.Fatal(err)
	}
	fmt.Println("done")
}

// A copy whose process is killed, again and again, is in the end as if it had
// not been.
func TestCopyKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from.db"), filepath.Join(dir, "to.db")
	source := fileAt(t, from)
	store(t, source, varied()...)
	if err := source.Close(); err != nil {
		t.Fatal(err)
	}
	kills := 0
	for done := false; !done; {
		if kills > 100 {
			t.Fatal("the copies get nowhere")
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCopyChild$")
		cmd.Env = append(os.Environ(), copyChild+"="+from+"\n"+to)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := 0
		for scan := bufio.NewScanner(out); scan.Scan(); {
			if done = done || scan.Text() == "done"; done {
				continue
			}
			// The second line is that a group is stored; the next is being written.
			if lines++; lines == 2 && kills < 5 {
				_ = cmd.Process.Kill()
				kills++
				break
			}
		}
		if err := cmd.Wait(); done && err != nil {
			t.Fatal(err)
		}
	}
	if kills == 0 {
		t.Error("nothing was killed")
	}
	source, copied := fileAt(t, from), fileAt(t, to)
	if contentHash(t, source) != contentHash(t, copied) {
		t.Error("the copy differs from its source")
	}
	if r, err := copied.Check(t.Context()); err != nil || len(r.Problems) > 0 {
		t.Errorf("check of the copy: %v, %q", err, r.Problems)
	}
}
