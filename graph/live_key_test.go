package graph_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

// A key is answered with its first revision: after the facts were recorded by
// others, with an If that no longer fits, after a reopening, and when two
// batches with it come at the same time.
func TestCommitKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cairn.db")
	store := open(t, path)
	l := live(t, store, graph.Options{})
	must(t, l, smallCatalog())
	join := graph.Batch{At: on(3), Key: "join", If: 1, IfSet: true, People: []graph.Person{{ID: "ada"}}}
	if r := must(t, l, join); r.Revision != 2 || !r.Stored || r.Replayed {
		t.Fatalf("the first use of a key: %+v", r)
	}
	must(t, l, graph.Batch{At: on(4), People: []graph.Person{{ID: "ben"}}})
	if r := must(t, l, join); r.Revision != 2 || r.Stored || !r.Replayed || r.Outcomes[0].Result != graph.Unchanged {
		t.Errorf("the second use of a key: %+v, want a replay of revision 2", r)
	}
	other := graph.Batch{At: on(4), Key: "join", People: []graph.Person{{ID: "cleo"}}}
	if r := must(t, l, other); r.Revision != 2 || r.Stored || !r.Replayed {
		t.Errorf("a key used for something else: %+v, want a replay of revision 2", r)
	}
	if _, ok := l.Head().Person("cleo"); ok || l.Head().Revision != 3 {
		t.Errorf("a replay stored something: the head is %d", l.Head().Revision)
	}
	if r := must(t, l, graph.Batch{At: on(4), Key: "unused", People: []graph.Person{{ID: "ada"}}}); r.Replayed || r.Stored || r.Revision != 3 {
		t.Errorf("a fresh key with nothing new: %+v, want revision 3, neither stored nor replayed", r)
	}
	again := live(t, store, graph.Options{})
	if r := must(t, again, join); r.Revision != 2 || !r.Replayed {
		t.Errorf("a key after reopening: %+v, want a replay of revision 2", r)
	}

	const callers = 16
	receipts := make([]graph.Receipt, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			r, err := l.Commit(t.Context(), graph.Batch{At: on(5), Key: "race", People: []graph.Person{{ID: "dora"}}}, graph.CommitOptions{})
			if err != nil {
				t.Error(err)
			}
			receipts[i] = r
		})
	}
	wg.Wait()
	stored := 0
	for _, r := range receipts {
		if r.Stored {
			stored++
		}
		if r.Revision != 4 || r.Stored == r.Replayed {
			t.Errorf("one of many with a key: %+v, want revision 4, stored or replayed", r)
		}
	}
	if stored != 1 {
		t.Errorf("%d of %d batches with one key were stored, want 1", stored, callers)
	}
}

// What is said about a fact is kept when the same batch says the fact again.
func TestCommitTwiceInABatch(t *testing.T) {
	l := live(t, open(t, filepath.Join(t.TempDir(), "cairn.db")), graph.Options{})
	must(t, l, smallCatalog())
	id := graph.AwardID("ada", "sql", on(3), "k")
	award := graph.Award{ID: id, Person: "ada", Achievement: "sql", IssuedAt: on(3)}
	r := must(t, l, graph.Batch{
		At: on(3), People: []graph.Person{{ID: "ada"}}, Awards: []graph.Award{award, award},
		Personal: []graph.Personal{{Person: "ada", About: id, Evidence: []string{"https://example.org/1"}}},
	})
	if r.Outcomes[1].Result != graph.Recorded || r.Outcomes[2].Result != graph.Unchanged {
		t.Errorf("outcomes %+v, want recorded, then unchanged", r.Outcomes[1:])
	}
	got, err := l.Personal(t.Context(), graph.PersonalRef{Person: "ada", About: id})
	if err != nil || len(got[0].Evidence) != 1 {
		t.Errorf("evidence %+v, %v; want the link", got, err)
	}
}
