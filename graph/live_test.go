package graph_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
)

func on(n int) graph.Instant {
	return graph.InstantOf(time.Date(2026, 1, n, 9, 0, 0, 0, time.UTC))
}

func open(tb testing.TB, path string) *filestore.Store {
	tb.Helper()
	s, err := filestore.Open(path, filestore.Options{NoSync: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func live(tb testing.TB, s graph.Store, opts graph.Options) *graph.Live {
	tb.Helper()
	l, err := graph.Open(tb.Context(), s, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(l.Close)
	return l
}

func text(s string) graph.Text { return graph.NewText(graph.Translation{Lang: "en", Value: s}) }

// smallCatalog is two badges that stack by themselves into a third.
func smallCatalog() graph.Batch {
	life := graph.Lifecycle{Status: graph.InForce, EffectiveFrom: on(1)}
	course := func(id graph.ID) graph.Achievement {
		return graph.Achievement{
			ID: id, Lifecycle: life, Type: graph.Badge, Issuer: "academy", Title: text(string(id)), Rigor: graph.Assessed,
			Routes: []graph.Route{{ID: "course", Kind: graph.ByCourse, EffortMinutes: 60}},
		}
	}
	both := graph.All(graph.Holds("charts"), graph.Holds("sql"))
	both.Node, both.Of[0].Node, both.Of[1].Node = "all", "charts", "sql"
	return graph.Batch{
		At: on(2), Issuers: []graph.Issuer{{ID: "academy", Title: text("Academy")}},
		Achievements: []graph.Achievement{course("sql"), course("charts"), {
			ID: "analyst", Lifecycle: life, Type: graph.MicroCredential, Issuer: "academy", Title: text("analyst"), Rigor: graph.Assessed,
			Routes: []graph.Route{{ID: "stack", Kind: graph.ByStack, Award: graph.Automatic, Requires: &both}},
		}},
	}
}

func must(tb testing.TB, l *graph.Live, b graph.Batch) graph.Receipt {
	tb.Helper()
	r, err := l.Commit(tb.Context(), b, graph.CommitOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestCommitReceipt(t *testing.T) {
	l := live(t, open(t, filepath.Join(t.TempDir(), "cairn.db")), graph.Options{})
	if r := must(t, l, smallCatalog()); r.Revision != 1 || !r.Stored {
		t.Fatalf("the catalog: %+v", r)
	}
	join := graph.Batch{At: on(3), People: []graph.Person{{ID: "ada"}}, Personal: []graph.Personal{{Person: "ada", Name: "Ada"}}}
	must(t, l, join)
	awards := graph.Batch{At: on(4), Awards: []graph.Award{
		{Person: "ada", Achievement: "sql", IssuedAt: on(3)},
		{Person: "ada", Achievement: "charts", IssuedAt: on(4)},
	}}

	dry, err := l.Commit(t.Context(), awards, graph.CommitOptions{DryRun: true})
	if err != nil || dry.Stored || len(dry.Derived) != 1 || l.Head().Revision != 2 {
		t.Fatalf("a dry run: %+v, %v; the head is %d, want 2 still", dry, err, l.Head().Revision)
	}
	r := must(t, l, awards)
	if len(r.Derived) != 1 || r.Derived[0].Change != graph.Awarded || r.Derived[0].Award.Achievement != "analyst" ||
		r.Derived[0].Award.IssuedAt != on(4) || r.Derived[0].Award.ID != graph.DerivedID("ada", "analyst", 1) {
		t.Errorf("derived: %+v, want analyst awarded at %s", r.Derived, on(4))
	}
	if again := must(t, l, awards); again.Stored || again.Revision != 3 || again.Outcomes[0].Result != graph.Unchanged {
		t.Errorf("the same facts again: %+v, want unchanged at revision 3", again)
	}
	if again := must(t, l, smallCatalog()); !again.Stored {
		t.Error("a batch of entries is a publication even when they read the same; Publication leaves those out")
	}
	if b, changes := l.Head().Catalog.Publication(smallCatalog(), "", false); b.Len() != 0 || len(changes) != 0 {
		t.Errorf("publishing the same entries again would change %v", changes)
	}

	refused := graph.Batch{At: on(5), Awards: []graph.Award{
		{Person: "ada", Achievement: "sql", IssuedAt: on(5)},
		{Person: "nobody", Achievement: "sql", IssuedAt: on(5)},
		{Person: "ada", Achievement: "cooking", IssuedAt: on(5)},
		{Person: "ada", Achievement: "sql", IssuedAt: on(3), Rigor: graph.Declared, ID: graph.AwardID("ada", "sql", on(3), "")},
	}}
	head := l.Head().Revision
	if _, err := l.Commit(t.Context(), refused, graph.CommitOptions{}); !errors.Is(err, graph.ErrInvalid) || l.Head().Revision != head {
		t.Errorf("a batch with unknown ids: %v at revision %d, want ErrInvalid at %d", err, l.Head().Revision, head)
	}
	part, err := l.Commit(t.Context(), refused, graph.CommitOptions{Partial: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []graph.Result
	for _, o := range part.Outcomes {
		got = append(got, o.Result)
	}
	if want := []graph.Result{graph.Recorded, graph.Refused, graph.Refused, graph.Refused}; !slices.Equal(got, want) {
		t.Errorf("outcomes %v, want %v", got, want)
	}
	if e := part.Outcomes[3].Err; e == nil || !errors.Is(e, graph.ErrExists) {
		t.Errorf("an award with other content: %v, want ErrExists", e)
	}
}

func TestCommitPreconditions(t *testing.T) {
	l := live(t, open(t, filepath.Join(t.TempDir(), "cairn.db")), graph.Options{KeepMillis: 7 * 86_400_000})
	must(t, l, smallCatalog())
	b := graph.Batch{At: on(3), Key: "once", People: []graph.Person{{ID: "ada"}}}
	first := must(t, l, b)
	must(t, l, graph.Batch{At: on(3), People: []graph.Person{{ID: "bob"}}})
	b.People = append(b.People, graph.Person{ID: "eve"})
	if again := must(t, l, b); again.Revision != first.Revision {
		t.Errorf("the same key again: revision %d, want the first's, %d", again.Revision, first.Revision)
	}
	if _, ok := l.Head().Person("eve"); ok || l.Head().Revision != 3 {
		t.Errorf("the same key again had an effect; head is %d", l.Head().Revision)
	}
	stale := graph.Batch{At: on(4), IfSet: true, If: 2, People: []graph.Person{{ID: "cyd"}}}
	if _, err := l.Commit(t.Context(), stale, graph.CommitOptions{}); !errors.Is(err, graph.ErrConflict) {
		t.Errorf("a stale If: %v, want ErrConflict", err)
	}
	stale.If = 3
	if r := must(t, l, stale); r.Revision != 4 {
		t.Errorf("a fitting If: revision %d, want 4", r.Revision)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.At(ctx, 99); !errors.Is(err, graph.ErrUnavailable) {
		t.Errorf("a revision that does not come: %v, want ErrUnavailable", err)
	}
	if s, err := l.Pinned(2); err != nil || s.Revision != 2 {
		t.Errorf("revision 2: %v", err)
	}
	small := live(t, open(t, filepath.Join(t.TempDir(), "small.db")), graph.Options{KeepRevisions: 1})
	for i := range 4 {
		must(t, small, graph.Batch{At: on(4), People: []graph.Person{{ID: graph.ID(fmt.Sprint("p", i))}}})
	}
	if _, err := small.Pinned(1); !errors.Is(err, graph.ErrGone) {
		t.Errorf("a revision beyond those kept: %v, want ErrGone", err)
	}
	must(t, small, graph.Batch{At: on(5), People: []graph.Person{{ID: "later"}}})
	must(t, small, graph.Batch{At: on(6), People: []graph.Person{{ID: "last"}}})
	if _, err := small.Pinned(4); !errors.Is(err, graph.ErrGone) {
		t.Errorf("a revision replaced a day before: %v, want ErrGone", err)
	}
	if _, err := small.Pinned(5); err != nil {
		t.Errorf("the revision replaced last: %v", err)
	}
}

// A revision that was the head a moment ago is kept from the moment at which it
// no longer is: a page asked for in between is not gone.
func TestHeadMovesWithPast(t *testing.T) {
	l := live(t, open(t, filepath.Join(t.TempDir(), "cairn.db")), graph.Options{})
	must(t, l, smallCatalog())
	release := l.HoldPast()
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := l.Commit(t.Context(), joins("ada"), graph.CommitOptions{}); err != nil {
			t.Error(err)
		}
	})
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if l.Head().Revision != 1 {
			t.Error("the head moved before the one that it replaces was kept")
			break
		}
	}
	release()
	wg.Wait()
	if s, err := l.Pinned(1); err != nil || s.Revision != 1 || l.Head().Revision != 2 {
		t.Errorf("revision 1 at the head %d: %v", l.Head().Revision, err)
	}
}

// Every acknowledged fact of many writers is there exactly once, at the
// revision acknowledged, also after opening again.
func TestConcurrentCommits(t *testing.T) {
	const writers, each = 16, 40
	path := filepath.Join(t.TempDir(), "cairn.db")
	store, err := filestore.Open(path, filestore.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	l := live(t, store, graph.Options{})
	must(t, l, smallCatalog())
	var mu sync.Mutex
	at := make(map[graph.Revision]string)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			id := graph.ID(fmt.Sprintf("w%02d", w))
			for i := range each {
				b := graph.Batch{At: on(3), Awards: []graph.Award{{Person: id, Achievement: "sql", IssuedAt: on(3) + graph.Instant(i)}}}
				if i == 0 {
					b = graph.Batch{At: on(3), People: []graph.Person{{ID: id}}}
				}
				r, err := l.Commit(t.Context(), b, graph.CommitOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				s, err := l.At(t.Context(), r.Revision)
				if err != nil {
					t.Error(err)
					return
				}
				p, err := s.Profile(id, on(20))
				if err != nil || len(p.Evidence()) != i {
					t.Errorf("%s does not see its own write %d: %v", id, i, err)
				}
				mu.Lock()
				if other, taken := at[r.Revision]; taken {
					t.Errorf("revision %d was acknowledged to %s and %s/%d", r.Revision, other, id, i)
				}
				at[r.Revision] = fmt.Sprintf("%s/%d", id, i)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if head := l.Head().Revision; head != 1+writers*each {
		t.Errorf("head is %d, want %d", head, 1+writers*each)
	}
	l.Close()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	again := live(t, open(t, path), graph.Options{})
	for w := range writers {
		p, err := again.Head().Profile(graph.ID(fmt.Sprintf("w%02d", w)), on(20))
		if err != nil || len(p.Evidence()) != each-1 {
			t.Errorf("after opening again writer %d has %d awards, %v; want %d", w, len(p.Evidence()), err, each-1)
		}
	}
	if again.Head().Revision != 1+writers*each || len(again.Head().Refold()) > 0 {
		t.Errorf("after opening again: revision %d, refolded differently: %v", again.Head().Revision, again.Head().Refold())
	}
}

// Two servers on one store take turns and end in the same state.
func TestSharedStore(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "cairn.db"))
	a := live(t, store, graph.Options{Shared: true})
	b := live(t, store, graph.Options{Shared: true})
	must(t, a, smallCatalog())
	var wg sync.WaitGroup
	for w, l := range []*graph.Live{a, b, a, b} {
		wg.Go(func() {
			for i := range 25 {
				r, err := l.Commit(t.Context(), graph.Batch{At: on(3), People: []graph.Person{{ID: graph.ID(fmt.Sprintf("%d-%d", w, i))}}}, graph.CommitOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				for _, reader := range []*graph.Live{a, b} {
					if s, err := reader.At(t.Context(), r.Revision); err != nil {
						t.Error(err)
					} else if _, ok := s.Person(graph.ID(fmt.Sprintf("%d-%d", w, i))); !ok {
						t.Errorf("revision %d does not show its own write", s.Revision)
					}
				}
			}
		})
	}
	wg.Wait()
	for _, l := range []*graph.Live{a, b} {
		if s := l.Head(); s.Revision != 101 || s.CountPeople() != 100 {
			t.Errorf("revision %d with %d people, want 101 with 100", s.Revision, s.CountPeople())
		}
		if err := l.Health(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkGroupCommit(b *testing.B) {
	s, err := filestore.Open(filepath.Join(b.TempDir(), "cairn.db"), filestore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	l := live(b, s, graph.Options{})
	must(b, l, smallCatalog())
	must(b, l, graph.Batch{At: on(3), People: []graph.Person{{ID: "ada"}}})
	var n sync.Mutex
	i := 0
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n.Lock()
			i++
			p := graph.ID(fmt.Sprintf("p%d", i))
			n.Unlock()
			if _, err := l.Commit(b.Context(), graph.Batch{At: on(3), People: []graph.Person{{ID: p}}}, graph.CommitOptions{}); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

// Opening again changes no answer, also not what revision changed what.
func TestOpenKeepsRevisions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cairn.db")
	store, err := filestore.Open(path, filestore.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	l := live(t, store, graph.Options{})
	must(t, l, smallCatalog())
	must(t, l, graph.Batch{At: on(3), People: []graph.Person{{ID: "ada"}, {ID: "bob"}}, Personal: []graph.Personal{{Person: "ada", Name: "Ada"}}})
	must(t, l, graph.Batch{At: on(4), Personal: []graph.Personal{{Person: "ada", Name: "Ada L."}}})
	must(t, l, graph.Batch{At: on(5), Awards: []graph.Award{{Person: "bob", Achievement: "sql", IssuedAt: on(5)}}})
	before := l.Head()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	after := live(t, open(t, path), graph.Options{}).Head()
	if after.Revision != before.Revision || after.At != before.At || after.Catalog.Changed() != 1 {
		t.Errorf("revision %d at %s, catalog of %d; want %d at %s, 1", after.Revision, after.At, after.Catalog.Changed(), before.Revision, before.At)
	}
	for id, changed := range map[graph.ID]graph.Revision{"ada": 3, "bob": 4} {
		was, _ := before.Person(id)
		is, _ := after.Person(id)
		if was.Changed != changed || is.Changed != changed || is.Name != was.Name {
			t.Errorf("%s: %+v before, %+v after; want changed at %d", id, was, is, changed)
		}
	}
	i, _ := after.Catalog.Achievement("sql")
	if _, rev := after.Catalog.Versions(i); rev != 1 {
		t.Errorf("sql was changed at %d, want 1", rev)
	}
}
