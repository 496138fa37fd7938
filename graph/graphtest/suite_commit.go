package graphtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

func testConcurrent(b *bench) {
	t := b.t
	const writers, each = 4, 10
	ctx, cancel := cancelable(t)
	seen := 0
	follower := background(t, func() error {
		return b.Follow(ctx, 0, func(r graph.Revision, _ graph.Batch) error {
			if seen++; int(r) != seen {
				return fmt.Errorf("revision %d came as number %d", r, seen)
			}
			if r == writers*each {
				return errStop
			}
			return nil
		})
	})
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				x := person(w*each + i)
				x.Personal = []graph.Personal{{Person: x.People[0].ID, Name: fmt.Sprint(w, i)}}
				r, err := b.Commit(ctx, x)
				if err != nil {
					t.Errorf("commit: %v", err)
					return
				}
				got, err := b.Read(ctx, graph.PersonalRef{Person: x.People[0].ID})
				if err != nil || got[0].Name != x.Personal[0].Name {
					t.Errorf("read after commit %d: %v, %v", r[0], got, err)
				}
				people := 0
				at, err := b.Load(ctx, func(y graph.Batch) error { people += len(y.People); return nil })
				if err != nil || people != int(at) || at < r[0] {
					t.Errorf("load at %d after commit %d has %d people, %v", at, r[0], people, err)
				}
			}
		})
	}
	group.Wait()
	if err := follower(); !errors.Is(err, errStop) {
		t.Errorf("follow: %v", err)
	}
	cancel()
}

func testClasses(b *bench) {
	t := b.t
	b.commit(t, person(1))
	ended, cancel := cancelable(t)
	cancel()
	conflict := person(2)
	conflict.IfSet = true
	notText := graph.Batch{People: []graph.Person{{ID: "\xff"}}}
	erased := graph.Batch{Personal: []graph.Personal{{Person: "p", Erased: true}}}
	commit := func(ctx context.Context, x graph.Batch) error {
		_, err := b.Commit(ctx, x)
		return err
	}
	for _, c := range []struct {
		name string
		call func() error
		want error
	}{
		{"commit of a conflict", func() error { return commit(t.Context(), conflict) }, graph.ErrConflict},
		{"commit of nothing", func() error { return commit(t.Context(), graph.Batch{}) }, graph.ErrInvalid},
		{"commit of what is not text", func() error { return commit(t.Context(), notText) }, graph.ErrInvalid},
		{"commit of an erased record", func() error { return commit(t.Context(), erased) }, graph.ErrInvalid},
		{"commit with an ended ctx", func() error { return commit(ended, person(3)) }, graph.ErrUnavailable},
		{"head with an ended ctx", func() error { _, err := b.Head(ended); return err }, graph.ErrUnavailable},
		{"read with an ended ctx", func() error { _, err := b.Read(ended); return err }, graph.ErrUnavailable},
		{"follow of what is not there", func() error { return b.Follow(t.Context(), 9, nil) }, graph.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) { expectClass(t, c.call(), c.want) })
	}
	b.expectHead(t, 1)
}

func testHead(b *bench) {
	t := b.t
	b.expectHead(t, 0)
	b.commit(t, person(1))
	b.expectHead(t, 1)
	b.commit(t, person(2), person(3))
	b.expectHead(t, 3)
	b.reopen(t)
	b.expectHead(t, 3)
}

func testConsecutive(b *bench) {
	t := b.t
	if d := Diff([]graph.Revision{1}, b.commit(t, person(1))); d != "" {
		t.Error(d)
	}
	if d := Diff([]graph.Revision{2, 3, 4}, b.commit(t, person(2), person(3), person(4))); d != "" {
		t.Error(d)
	}
	if got, err := b.Commit(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("a commit of no batches answered %v, %v", got, err)
	}
	b.expectHead(t, 4)
}

func testEveryField(b *bench) {
	t := b.t
	want := []graph.Batch{FullBatch(1), FullBatch(2)}
	want[1].If, want[1].IfSet = 1, true
	b.commit(t, want...)
	check := func() {
		t.Helper()
		got := b.followed(t, 0)
		for i, w := range want {
			if d := Diff(w, got[graph.Revision(i+1)]); d != "" {
				t.Errorf("revision %d differs from what was committed (-want +got):\n%s", i+1, d)
			}
		}
	}
	check()
	b.reopen(t)
	check()
}

func testAllOrNone(b *bench) {
	t := b.t
	b.commit(t, person(1))
	bad := person(3)
	bad.If, bad.IfSet = 7, true
	named := person(2)
	named.Key = "a key"
	named.Personal = []graph.Personal{{Person: "p2", Name: "Somebody"}}
	if _, err := b.Commit(t.Context(), named, bad, person(4)); !errors.Is(err, graph.ErrConflict) {
		t.Fatalf("the commit answered %v", err)
	}
	if _, err := b.Commit(t.Context(), named, person(4), graph.Batch{Key: "empty"}); !errors.Is(err, graph.ErrInvalid) {
		t.Fatalf("the commit answered %v", err)
	}
	b.expectHead(t, 1)
	all, _ := b.load(t)
	if d := Diff(person(1).People, all.People); d != "" {
		t.Error(d)
	}
	got, err := b.Read(t.Context(), graph.PersonalRef{Person: "p2"})
	if err != nil || Diff(graph.Personal{Person: "p2"}, got[0]) != "" {
		t.Errorf("read answered %v, %v", got, err)
	}
	if d := Diff([]graph.Revision{2}, b.commit(t, named)); d != "" {
		t.Error("the key of a refused batch is taken: ", d)
	}
}

func testDurable(b *bench) {
	t := b.t
	for i := range 5 {
		x := person(i)
		x.Key = fmt.Sprint("key ", i)
		x.Personal = []graph.Personal{{Person: x.People[0].ID, Name: fmt.Sprint("name ", i), Evidence: []string{"e"}}}
		b.commit(t, x)
		b.reopen(t)
		b.expectHead(t, graph.Revision(i+1))
		all, _ := b.load(t)
		if len(all.People) != i+1 {
			t.Errorf("after commit %d there are %d people", i+1, len(all.People))
		}
		got, err := b.Read(t.Context(), graph.PersonalRef{Person: x.People[0].ID})
		if err != nil || Diff(x.Personal, got) != "" {
			t.Errorf("read answered %v, %v", got, err)
		}
	}
}

func testKeyStored(b *bench) {
	t := b.t
	first := person(1)
	first.Key = "k"
	b.commit(t, first, person(2))
	again := person(3) // with other content, and with an If that does not fit
	again.Key, again.If, again.IfSet = "k", 0, true
	for _, reopen := range []bool{false, true} {
		if reopen {
			b.reopen(t)
		}
		if d := Diff([]graph.Revision{1}, b.commit(t, again)); d != "" {
			t.Error(d)
		}
	}
	if d := Diff([]graph.Revision{1, 3}, b.commit(t, again, person(4))); d != "" {
		t.Error(d)
	}
	b.expectHead(t, 3)
	all, _ := b.load(t)
	want := []graph.Person{{ID: "p1"}, {ID: "p2"}, {ID: "p4"}}
	if d := Diff(want, all.People); d != "" {
		t.Error(d)
	}
}

func testKeyInCall(b *bench) {
	t := b.t
	x, y := person(1), person(2)
	x.Key, y.Key = "k", "k"
	if d := Diff([]graph.Revision{1, 1, 2}, b.commit(t, x, y, person(3))); d != "" {
		t.Error(d)
	}
	all, _ := b.load(t)
	want := []graph.Person{{ID: "p1"}, {ID: "p3"}}
	if d := Diff(want, all.People); d != "" {
		t.Error(d)
	}
}

func testKeyWhateverIf(b *bench) {
	t := b.t
	first, second := person(1), person(2)
	first.Key, first.If, first.IfSet = "first", 0, true
	second.Key, second.If, second.IfSet = "second", 1, true
	check := func(want []graph.Revision, batches ...graph.Batch) {
		t.Helper()
		if d := Diff(want, b.commit(t, batches...)); d != "" {
			t.Errorf("commit answered (-want +got):\n%s", d)
		}
	}
	// The second key stands earlier in the call, with an If that fits it only there.
	check([]graph.Revision{1, 2, 1, 2}, first, second, first, second)
	for _, r := range []graph.Revision{0, 1, 2, 99} {
		again := person(3)
		again.Key, again.If, again.IfSet = "first", r, true
		check([]graph.Revision{1}, again)
		check([]graph.Revision{2, 1}, second, again)
	}
	next := person(4)
	next.If, next.IfSet = 2, true
	check([]graph.Revision{3, 1, 2}, next, first, second)
	b.reopen(t)
	check([]graph.Revision{2, 1}, second, first)
	b.expectHead(t, 3)
	all, _ := b.load(t)
	if d := Diff([]graph.Person{{ID: "p1"}, {ID: "p2"}, {ID: "p4"}}, all.People); d != "" {
		t.Error(d)
	}
}

func testIf(b *bench) {
	t := b.t
	on := func(n int, r graph.Revision) graph.Batch {
		x := person(n)
		x.If, x.IfSet = r, true
		return x
	}
	b.commit(t, on(1, 0), on(2, 1), person(3), on(4, 3))
	for _, r := range []graph.Revision{0, 3, 5} {
		_, err := b.Commit(t.Context(), on(5, r))
		expectClass(t, err, graph.ErrConflict)
	}
	_, err := b.Commit(t.Context(), on(5, 4), on(6, 4))
	expectClass(t, err, graph.ErrConflict)
	b.expectHead(t, 4)
	unset := person(5)
	unset.If = 2 // not set, so it means nothing
	unset.Key = "k"
	b.commit(t, unset)
	b.expectHead(t, 5)
	_, err = b.Commit(t.Context(), unset, on(6, 5)) // which was judged on top of it
	expectClass(t, err, graph.ErrConflict)
	b.expectHead(t, 5)
}

func testEmptyBatch(b *bench) {
	t := b.t
	for _, x := range []graph.Batch{{}, {Key: "k"}, {At: 1, If: 0, IfSet: true}} {
		_, err := b.Commit(t.Context(), x)
		expectClass(t, err, graph.ErrInvalid)
	}
	b.expectHead(t, 0)
	b.commit(t, graph.Batch{Derived: []graph.Derivation{{Change: graph.Awarded}}})
	b.expectHead(t, 1)
}

func testGreatBatch(b *bench) {
	t := b.t
	var want graph.Batch
	for x := range (World{People: 700, Awards: 14_000, Seed: 3, Named: true}).Batches() {
		Join(&want, x)
	}
	want.Key = "great"
	for _, a := range want.Awards[:5000] {
		want.Derived = append(want.Derived, graph.Derivation{Change: graph.Awarded, Award: a, Cause: a.ID})
		want.Claims = append(want.Claims, graph.Claim{ID: a.ID, Person: a.Person, Competency: "c", Level: 1, At: a.IssuedAt})
	}
	b.commit(t, person(1), want, person(2))
	if d := Diff(want, b.followed(t, 0)[2]); d != "" {
		t.Errorf("the batch differs from what was committed (-want +got):\n%.2000s", d)
	}
	b.reopen(t)
	all, _ := b.load(t)
	if d := Diff(want.Awards, all.Awards); d != "" {
		t.Errorf("the awards differ (-want +got):\n%.2000s", d)
	}
	names := make(map[graph.ID]string)
	for _, p := range all.Personal {
		names[p.Person] = p.Name
	}
	delete(names, "")
	if len(names) != 700 || len(all.People) != 702 {
		t.Errorf("%d names, %d people", len(names), len(all.People))
	}
}
