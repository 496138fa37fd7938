package graph_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/cairn-skills/cairn/graph"
)

// contents is all that a snapshot knows, derived awards included.
type contents struct {
	Revision graph.Revision
	At       graph.Instant
	Catalog  graph.Batch
	Facts    []graph.Batch
	Evidence [][]string
	Entries  []graph.PersonEntry
}

func contentsOf(s *graph.Snapshot) contents {
	c := contents{Revision: s.Revision, At: s.At, Catalog: s.Catalog.Entries(), Facts: slices.Collect(s.Facts())}
	for e := range s.People("") {
		c.Entries = append(c.Entries, e)
		p, err := s.Profile(e.ID, on(28))
		if err != nil {
			panic(err)
		}
		var all []string
		for _, x := range p.Evidence() {
			all = append(all, fmt.Sprint(x.Fact, x.Derived, x.IssuedAt, x.ValidUntil, x.Counts))
		}
		c.Evidence = append(c.Evidence, all)
	}
	return c
}

// differ says how two contents differ; empty if they do not.
func differ(want, got contents) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got)
}

func sameContents(tb testing.TB, what string, want, got *graph.Snapshot) {
	tb.Helper()
	if diff := differ(contentsOf(want), contentsOf(got)); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func shared(tb testing.TB, s graph.Store) *graph.Live {
	tb.Helper()
	return live(tb, s, graph.Options{Shared: true})
}

func awardsOf(person graph.ID, at graph.Instant, achievements ...graph.ID) graph.Batch {
	b := graph.Batch{At: at}
	for _, a := range achievements {
		b.Awards = append(b.Awards, graph.Award{Person: person, Achievement: a, IssuedAt: at})
	}
	return b
}

// A batch is judged by what the store has, also by what another server wrote
// to it a moment ago.
func TestSharedJudgesByTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.poll = time.Minute
		a, b := shared(t, m), shared(t, m)
		defer a.Close()
		defer b.Close()
		must(t, a, smallCatalog())
		must(t, a, graph.Batch{At: on(3), People: []graph.Person{{ID: "ada"}}})
		if r := must(t, b, awardsOf("ada", on(3), "sql")); r.Revision != 3 || !r.Stored {
			t.Errorf("an award to who joined elsewhere: %+v, want stored at 3", r)
		}
		r := must(t, a, awardsOf("ada", on(4), "charts"))
		if len(r.Derived) != 1 || r.Derived[0].Award.Achievement != "analyst" {
			t.Errorf("derived from awards of two servers: %+v, want analyst", r.Derived)
		}
		if r := must(t, b, awardsOf("ada", on(4), "charts")); r.Stored || r.Revision != 4 || r.Outcomes[0].Result != graph.Unchanged {
			t.Errorf("the same award on another server: %+v, want unchanged at 4", r)
		}
		made := graph.Batch{At: on(5), IfSet: true, If: must(t, a, awardsOf("ada", on(5), "sql")).Revision, People: []graph.Person{{ID: "bob"}}}
		if r := must(t, b, made); r.Revision != 6 {
			t.Errorf("made for what was read elsewhere: %+v, want stored at 6", r)
		}
		if _, err := a.Commit(t.Context(), made, graph.CommitOptions{}); !errors.Is(err, graph.ErrConflict) {
			t.Errorf("made for a revision that was overtaken elsewhere: %v, want ErrConflict", err)
		}
		sameContents(t, "two servers", a.Head(), b.Head())
	})
}

// While the store is away a server answers from its snapshot and says since
// when; when the store is back it follows from where it was, without a load.
func TestFollowResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		a, b := shared(t, m), shared(t, m)
		defer a.Close()
		defer b.Close()
		must(t, a, smallCatalog())
		synctest.Wait()
		if since, err := b.Fresh(); err != nil || !since.IsZero() {
			t.Errorf("while it follows: %s, %v", since, err)
		}
		left := time.Now()
		m.leave(errGone)
		synctest.Wait()
		for range 4 {
			time.Sleep(10 * time.Minute)
			if since, err := b.Fresh(); !errors.Is(err, graph.ErrUnavailable) || !since.Equal(left) {
				t.Errorf("while the store is away: %s, %v; want since %s", since, err, left)
			}
			if err := b.Health(t.Context()); !errors.Is(err, graph.ErrUnavailable) {
				t.Errorf("health while the store is away: %v", err)
			}
		}
		if b.Head().Revision != 1 {
			t.Errorf("the snapshot is of revision %d, want 1 still", b.Head().Revision)
		}
		if _, err := b.Commit(t.Context(), joins("ada"), graph.CommitOptions{}); !errors.Is(err, graph.ErrUnavailable) {
			t.Errorf("a write while the store is away: %v, want ErrUnavailable", err)
		}
		m.leave(nil)
		r := must(t, a, joins("ada"))
		if _, err := b.At(t.Context(), r.Revision); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if since, err := b.Fresh(); err != nil || !since.IsZero() {
			t.Errorf("after the store came back: %s, %v", since, err)
		}
		sameContents(t, "after the store came back", a.Head(), b.Head())
		if m.loads != 2 {
			t.Errorf("%d loads, want one of each server", m.loads)
		}
		m.leave(errGone)
		synctest.Wait()
		m.leave(nil)
		time.Sleep(time.Second)
		if _, err := b.Fresh(); err != nil {
			t.Errorf("a second after a short absence: %v", err)
		}
	})
}

// What is no longer kept of the log is loaded instead, by who follows and by
// who commits.
func TestFollowGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.poll = time.Minute
		a, b, c := shared(t, m), shared(t, m), shared(t, m)
		for _, l := range []*graph.Live{a, b, c} {
			defer l.Close()
		}
		must(t, a, smallCatalog())
		for _, id := range []graph.ID{"ada", "bob", "cyd"} {
			must(t, a, joins(id))
		}
		m.forget(4)
		if r := must(t, c, awardsOf("cyd", on(4), "sql", "charts")); r.Revision != 5 || len(r.Derived) != 1 {
			t.Errorf("on top of what was forgotten: %+v", r)
		}
		if s, err := b.At(t.Context(), 5); err != nil {
			t.Error(err)
		} else {
			sameContents(t, "followed over what was forgotten", c.Head(), s)
		}
		if _, err := b.Fresh(); err != nil {
			t.Error(err)
		}
		must(t, b, joins("dan"))
		must(t, a, joins("eve"))
		if s, err := b.At(t.Context(), 7); err != nil || s.CountPeople() != 5 {
			t.Errorf("%v, %d people", err, s.CountPeople())
		}
	})
}

// A key that another server uses at the same moment is answered with what that
// one stored, and its batch is what everybody sees.
func TestSharedKeyRace(t *testing.T) {
	for name, more := range map[string]int{"next": 0, "later": 2} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			a := shared(t, m)
			must(t, a, smallCatalog())
			u := &unsteady{Store: m}
			b := shared(t, u)
			u.next = append(u.next, func(commit func() ([]graph.Revision, error)) ([]graph.Revision, error) {
				for i := range more {
					must(t, a, joins(graph.ID(fmt.Sprint("more", i))))
				}
				must(t, a, graph.Batch{At: on(3), Key: "k", People: []graph.Person{{ID: "ada"}}})
				return commit()
			})
			r := must(t, b, graph.Batch{At: on(3), Key: "k", People: []graph.Person{{ID: "bob"}}})
			if want := graph.Revision(2 + more); r.Revision != want || r.Stored || !r.Replayed {
				t.Errorf("%+v, want a replay of revision %d", r, want)
			}
			must(t, b, joins("cyd"))
			must(t, a, joins("dan"))
			s, err := b.At(t.Context(), graph.Revision(4+more))
			if err != nil {
				t.Fatal(err)
			}
			sameContents(t, "two servers", a.Head(), s)
		})
	}
}

// Three servers write to one store at once, which now and then fails before or
// after it wrote: every acknowledged batch is there exactly once, at the
// revision acknowledged, and all servers, also one that opens then, have the
// same snapshot.
func TestSharedWriters(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "seed")
		trouble := rapid.IntRange(0, 3).Draw(r, "trouble")
		m := newMemory()
		luck := rand.New(rand.NewPCG(seed, 1)) // used under the store's mutex
		m.lose = func(int) fate {
			if luck.IntN(10) < trouble {
				return []fate{lost, silent}[luck.IntN(2)]
			}
			return taken
		}
		lives := make([]*graph.Live, 3)
		for i := range lives {
			l, err := graph.Open(t.Context(), m, graph.Options{Shared: true, KeepRevisions: 1000})
			if err != nil {
				r.Fatal(err)
			}
			defer l.Close()
			lives[i] = l
		}
		commit := func(l *graph.Live, b graph.Batch) graph.Receipt {
			for {
				receipt, err := l.Commit(t.Context(), b, graph.CommitOptions{})
				if err == nil {
					return receipt
				}
				if !errors.Is(err, graph.ErrUnavailable) {
					t.Error(err)
					return receipt
				}
			}
		}
		first := smallCatalog()
		first.Key = "catalog"
		commit(lives[0], first)

		const writers, each = 6, 6
		var mu sync.Mutex
		acknowledged := make(map[string]graph.Revision)
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				chance := rand.New(rand.NewPCG(seed, uint64(w)+2))
				for i := range each {
					l := lives[chance.IntN(len(lives))]
					id := graph.ID(fmt.Sprint("p", chance.IntN(6)))
					b := graph.Batch{At: on(3) + graph.Instant(i), Key: fmt.Sprint(w, "/", i), People: []graph.Person{{ID: id}, {ID: graph.ID(fmt.Sprint("own-", w, "-", i))}}}
					if chance.IntN(4) == 0 { // the same as somebody else's
						b.Key, b.People = fmt.Sprint("common/", i), b.People[:1]
					}
					b.Awards = []graph.Award{{Person: id, Achievement: []graph.ID{"sql", "charts"}[chance.IntN(2)], IssuedAt: on(1 + chance.IntN(20))}}
					receipt := commit(l, b)
					s, err := l.At(t.Context(), receipt.Revision)
					if err != nil {
						t.Error(err)
						return
					}
					if _, ok := s.Person(b.People[len(b.People)-1].ID); !ok && b.Key[0] != 'c' {
						t.Errorf("%s is not seen at its revision %d", b.Key, receipt.Revision)
					}
					if !receipt.Stored && !receipt.Replayed {
						continue // all of it was there already
					}
					mu.Lock()
					if was, twice := acknowledged[b.Key]; twice && was != receipt.Revision {
						t.Errorf("%s was acknowledged at %d and at %d", b.Key, was, receipt.Revision)
					}
					acknowledged[b.Key] = receipt.Revision
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		m.lose = nil
		keys := make(map[string]int)
		for _, b := range m.log {
			keys[b.Key]++
		}
		for key, n := range keys {
			if n != 1 {
				r.Errorf("key %s is stored %d times", key, n)
			}
		}
		for key, rev := range acknowledged {
			if m.log[rev-1].Key != key {
				r.Errorf("%s was acknowledged at %d, where %s is", key, rev, m.log[rev-1].Key)
			}
		}
		head := graph.Revision(len(m.log))
		opened, err := graph.Open(t.Context(), m, graph.Options{})
		if err != nil {
			r.Fatal(err)
		}
		for i, l := range lives {
			s, err := l.At(t.Context(), head)
			if err != nil {
				r.Fatal(err)
			}
			if diff := differ(contentsOf(opened.Head()), contentsOf(s)); diff != "" {
				r.Errorf("server %d differs from one that opened later (-want +got):\n%s", i, diff)
			}
			if bad := s.Refold(); len(bad) > 0 {
				r.Errorf("server %d: folded again, %v differ", i, bad)
			}
		}
		for rev := graph.Revision(1); rev <= head; rev += 7 {
			var all []contents
			for _, l := range lives {
				if s, err := l.Pinned(rev); err == nil {
					all = append(all, contentsOf(s))
				}
			}
			for _, c := range all {
				if diff := differ(all[0], c); diff != "" {
					r.Errorf("revision %d is not the same everywhere:\n%s", rev, diff)
				}
			}
		}
	})
}
