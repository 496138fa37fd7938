package graph_test

import (
	"path/filepath"
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

// A fork sees what it began with and what is committed to it, and the Live that
// it was taken from sees neither its facts nor its people, whoever of the two
// records the same person first.
func TestFork(t *testing.T) {
	l := live(t, open(t, filepath.Join(t.TempDir(), "cairn.db")), graph.Options{})
	must(t, l, smallCatalog())
	must(t, l, graph.Batch{At: on(3), People: []graph.Person{{ID: "ada"}}, Awards: []graph.Award{{Person: "ada", Achievement: "sql", IssuedAt: on(3)}}})

	f := graph.Fork(l.Head())
	if r := must(t, f, graph.Batch{At: on(4), People: []graph.Person{{ID: "ben"}, {ID: "cleo"}}}); r.Revision != 3 || !r.Stored {
		t.Fatalf("a commit to a fork: %+v", r)
	}
	r := must(t, f, graph.Batch{At: on(4), Awards: []graph.Award{
		{Person: "ada", Achievement: "charts", IssuedAt: on(4)}, {Person: "cleo", Achievement: "sql", IssuedAt: on(4)},
	}})
	if len(r.Derived) != 1 || r.Derived[0].Award.Achievement != "analyst" {
		t.Errorf("derived in a fork: %+v, want analyst for ada", r.Derived)
	}
	if l.Head().Revision != 2 || l.Head().CountPeople() != 1 {
		t.Errorf("the fork changed what it was taken from: revision %d, %d people", l.Head().Revision, l.Head().CountPeople())
	}

	must(t, l, graph.Batch{At: on(5), People: []graph.Person{{ID: "dora"}, {ID: "ben"}}})
	must(t, f, graph.Batch{At: on(5), People: []graph.Person{{ID: "dora"}}})
	for _, at := range []struct {
		live  *graph.Live
		there []graph.ID
		n     int
	}{{l, []graph.ID{"ada", "ben", "dora"}, 3}, {f, []graph.ID{"ada", "ben", "cleo", "dora"}, 4}} {
		if n := at.live.Head().CountPeople(); n != at.n {
			t.Errorf("%d people, want %d", n, at.n)
		}
		for _, id := range at.there {
			if _, ok := at.live.Head().Person(id); !ok {
				t.Errorf("%s is not there", id)
			}
		}
	}
	if _, ok := l.Head().Person("cleo"); ok {
		t.Error("cleo, of the fork alone, is found outside of it")
	}
}
