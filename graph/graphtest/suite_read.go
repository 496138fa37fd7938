package graphtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cairn-skills/cairn/graph"
)

func testLoadWhole(b *bench) {
	t := b.t
	if all, r := b.load(t); r != 0 || Diff(graph.Batch{}, all) != "" {
		t.Errorf("an empty store loads %v at %d", all, r)
	}
	one, two := FullBatch(1), FullBatch(2)
	b.commit(t, one, two)
	var want graph.Batch
	Join(&want, one)
	Join(&want, two)
	all, r := b.load(t)
	if r != 2 {
		t.Errorf("the load is at %d", r)
	}
	// Names are compared by testLoadNames; what a load's batches carry of a
	// commit's own fields is left open.
	all.Personal, want.Personal = nil, nil
	all.Key, want.Key, all.If, all.IfSet, all.At, want.At, all.Revision = "", "", 0, false, 0, 0, 0
	if d := Diff(want, all); d != "" {
		t.Errorf("the load differs from what was committed (-want +got):\n%s", d)
	}
}

func testLoadOrder(b *bench) {
	t := b.t
	ids := []graph.ID{"m", "c", "z", "a", "m2", "b"}
	previous := graph.ID("")
	for i, id := range ids {
		x := graph.Batch{
			At:           graph.Instant(i + 1),
			People:       []graph.Person{{ID: id}},
			Competencies: []graph.Competency{{ID: id, Scale: "first"}},
			Frameworks:   []graph.Framework{{ID: id}},
		}
		if previous != "" { // a replacement does not change the order
			x.Competencies = append(x.Competencies, graph.Competency{ID: previous, Scale: "second"})
		}
		previous = id
		b.commit(t, x)
	}
	all, _ := b.load(t)
	var people, competencies, frameworks []graph.ID
	for _, x := range all.People {
		people = firstTime(people, x.ID)
	}
	newest := make(map[graph.ID]graph.ID)
	for _, x := range all.Competencies {
		competencies = firstTime(competencies, x.ID)
		newest[x.ID] = x.Scale
	}
	for _, x := range all.Frameworks {
		frameworks = firstTime(frameworks, x.ID)
	}
	for _, got := range [][]graph.ID{people, competencies, frameworks} {
		if d := Diff(ids, got); d != "" {
			t.Error(d)
		}
	}
	for _, id := range ids[:len(ids)-1] {
		if newest[id] != "second" {
			t.Errorf("the newest entry of %s is the %s", id, newest[id])
		}
	}
}

func firstTime(ids []graph.ID, id graph.ID) []graph.ID {
	if slices.Contains(ids, id) {
		return ids
	}
	return append(ids, id)
}

func testLoadVersions(b *bench) {
	t := b.t
	for v := 1; v <= 4; v++ {
		b.commit(t, graph.Batch{
			Achievements: []graph.Achievement{
				{ID: "a", Lifecycle: graph.Lifecycle{Version: 2*v - 1}},
				{ID: "a", Lifecycle: graph.Lifecycle{Version: 2 * v}},
			},
			Roles: []graph.Role{{ID: "r", Lifecycle: graph.Lifecycle{Version: v}}},
		})
	}
	all, _ := b.load(t)
	for i, a := range all.Achievements {
		if a.Version != i+1 {
			t.Errorf("version %d came as number %d", a.Version, i+1)
		}
	}
	for i, r := range all.Roles {
		if r.Version != i+1 {
			t.Errorf("version %d came as number %d", r.Version, i+1)
		}
	}
	if len(all.Achievements) != 8 || len(all.Roles) != 4 {
		t.Errorf("%d versions of the achievement, %d of the role", len(all.Achievements), len(all.Roles))
	}
}

func testLoadNames(b *bench) {
	t := b.t
	about := graph.FactID{7}
	b.commit(t,
		graph.Batch{Personal: []graph.Personal{
			{Person: "p", Name: "Old", Identifiers: []string{"i"}},
			{Person: "p", About: about, Identifiers: []string{"row 7"}, Evidence: []string{"e"}},
			{Person: "pq", Name: "Other", Identifiers: []string{"i"}, Evidence: []string{"e"}},
		}},
		graph.Batch{Personal: []graph.Personal{{Person: "p", Name: "Newer"}, {Person: "p", Name: "Newest", Evidence: []string{"x"}}}},
	)
	all, _ := b.load(t)
	names := make(map[graph.ID]string)
	for _, p := range all.Personal {
		if len(p.Identifiers)+len(p.Evidence) > 0 {
			t.Errorf("the load carries more than a name: %+v", p)
		}
		if p.About.IsZero() {
			names[p.Person] = p.Name
		}
	}
	if d := Diff(map[graph.ID]string{"p": "Newest", "pq": "Other"}, names); d != "" {
		t.Error(d)
	}
}

// testLoadRevisions: every batch but those that only add names says the revision
// of what is in it, also one of a person whose name alone changed.
func testLoadRevisions(b *bench) {
	t := b.t
	want := map[graph.Revision]graph.Batch{
		1: person(1), 2: FullBatch(1), 3: {Personal: []graph.Personal{{Person: "p1", Name: "Name"}}}, 4: FullBatch(2), 5: person(2),
	}
	for r := range graph.Revision(len(want)) {
		b.commit(t, want[r+1])
	}
	got := make(map[graph.Revision]graph.Batch)
	if _, err := b.Load(t.Context(), func(x graph.Batch) error {
		if x.Revision == 0 {
			if x.Len() != len(x.Personal) || len(x.Derived) > 0 {
				t.Errorf("a batch with more than names does not say its revision: %+v", x)
			}
			return nil
		}
		all := got[x.Revision]
		Join(&all, x)
		got[x.Revision] = all
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for r := range got {
		if _, ok := want[r]; !ok {
			t.Errorf("a batch says that it is of revision %d, which was never committed", r)
		}
	}
	for r, w := range want {
		g := got[r]
		if d := Diff(named(w.Personal), named(g.Personal)); d != "" {
			t.Errorf("the people whose names revision %d set (-want +got):\n%s", r, d)
		}
		for _, x := range []*graph.Batch{&w, &g} {
			x.Key, x.At, x.Revision, x.Personal = "", 0, 0, nil
		}
		if d := Diff(w, g); d != "" {
			t.Errorf("revision %d differs (-want +got):\n%s", r, d)
		}
	}
}

// named is the people whose own records are among personal, in their order.
func named(personal []graph.Personal) (out []graph.ID) {
	for _, p := range personal {
		if p.About.IsZero() {
			out = firstTime(out, p.Person)
		}
	}
	return out
}

func testLoadError(b *bench) {
	t := b.t
	b.commit(t, person(1), person(2), person(3))
	calls := 0
	_, err := b.Load(t.Context(), func(graph.Batch) error { calls++; return errStop })
	if err != errStop || calls != 1 { //nolint:errorlint // as it is
		t.Errorf("the load returned %v after %d calls", err, calls)
	}
	b.commit(t, person(4))
}

func testLoadCalls(b *bench) {
	t := b.t
	b.commit(t, person(1))
	people := 0
	r, err := b.Load(t.Context(), func(x graph.Batch) error {
		people += len(x.People)
		_, err := b.Commit(t.Context(), person(2))
		return err
	})
	if err != nil || r != 1 || people != 1 {
		t.Errorf("the load is at %d with %d people, %v", r, people, err)
	}
	b.expectHead(t, 2)
}

func testLoadContext(b *bench) {
	t := b.t
	b.commit(t, person(1), person(2))
	ctx, cancel := cancelable(t)
	_, err := b.Load(ctx, func(graph.Batch) error { cancel(); return nil })
	expectClass(t, err, graph.ErrUnavailable)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error %v does not tell that ctx ended", err)
	}
}

func testReadOrder(b *bench) {
	t := b.t
	var refs []graph.PersonalRef
	var want []graph.Personal
	var x graph.Batch
	for i := range 20 {
		p := graph.Personal{Person: graph.ID(fmt.Sprintf("p%d", i*7%20)), Identifiers: []string{fmt.Sprint(i)}}
		if i%2 == 0 {
			p.About[0] = byte(i + 1)
			p.Evidence = []string{"https://example.org/" + fmt.Sprint(i), ""}
		} else {
			p.Name = fmt.Sprint("Name ", i)
		}
		x.Personal = append(x.Personal, p)
		want = append([]graph.Personal{p}, want...)
		refs = append([]graph.PersonalRef{{Person: p.Person, About: p.About}}, refs...)
	}
	b.commit(t, x)
	refs, want = append(refs, refs[3]), append(want, want[3])
	got, err := b.Read(t.Context(), refs...)
	if err != nil || Diff(want, got) != "" {
		t.Errorf("read: %v\n%s", err, Diff(want, got))
	}
	if got, err := b.Read(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("a read of nothing answered %v, %v", got, err)
	}
}

func testReadNever(b *bench) {
	t := b.t
	about := graph.FactID{1}
	refs := []graph.PersonalRef{{Person: "p"}, {Person: "p", About: about}, {Person: "pq"}, {Person: "o", About: about}, {Person: ""}}
	check := func(want []graph.Personal) {
		t.Helper()
		got, err := b.Read(t.Context(), refs...)
		if err != nil || Diff(want, got) != "" {
			t.Errorf("read: %v\n%s", err, Diff(want, got))
		}
	}
	none := []graph.Personal{{Person: "p"}, {Person: "p", About: about}, {Person: "pq"}, {Person: "o", About: about}, {}}
	check(none)
	b.commit(t, person(1))
	check(none)
	b.commit(t, graph.Batch{Personal: []graph.Personal{{Person: "p", About: about, Evidence: []string{"e"}}}})
	none[1].Evidence = []string{"e"}
	check(none)
	b.commit(t, graph.Batch{Personal: []graph.Personal{{Person: "pq", Name: "N"}, {Person: "p", About: graph.FactID{1, 1}}}})
	none[2].Name = "N"
	check(none)
}

func testReadNewest(b *bench) {
	t := b.t
	for i := range 300 {
		b.commit(t, graph.Batch{Personal: []graph.Personal{{Person: "p", Name: fmt.Sprint(i)}}})
		if i%50 != 0 {
			continue
		}
		got, err := b.Read(t.Context(), graph.PersonalRef{Person: "p"})
		if err != nil || got[0].Name != fmt.Sprint(i) {
			t.Fatalf("read answered %v, %v; want the name %d", got, err, i)
		}
	}
}

func testFollow(b *bench) {
	t := b.t
	want := make(map[graph.Revision]graph.Batch)
	for i := range 6 {
		x := FullBatch(i)
		if i%2 == 1 {
			x = person(i)
		}
		if i > 3 { // the newest record of a person does not change what was committed
			x.Personal = []graph.Personal{{Person: want[1].Personal[0].Person, Name: "Later"}}
		}
		r := b.commit(t, x)
		want[r[0]] = x
	}
	for after := range graph.Revision(6) {
		got := b.followed(t, after)
		if d := Diff(want, got); d != "" {
			t.Errorf("after %d (-want +got):\n%s", after, d)
		}
		delete(want, after+1)
	}
}

func testFollowWaits(b *bench) {
	t := b.t
	b.commit(t, person(1))
	ctx, cancel := cancelable(t)
	seen := make(chan graph.Revision)
	wait := background(t, func() error {
		return b.Follow(ctx, 0, func(r graph.Revision, _ graph.Batch) error {
			select {
			case seen <- r:
			case <-ctx.Done():
			}
			return nil
		})
	})
	for r := graph.Revision(1); r <= 5; r++ {
		if got := receive(t, seen, fmt.Sprintf("revision %d", r)); got != r {
			t.Fatalf("revision %d came, want %d", got, r)
		}
		b.commit(t, person(int(r)+1))
	}
	if got := receive(t, seen, "revision 6"); got != 6 {
		t.Errorf("revision %d came, want 6", got)
	}
	cancel()
	if err := wait(); err != context.Canceled { //nolint:errorlint // its error, not one that wraps it
		t.Errorf("follow returned %v", err)
	}
	if err := b.Follow(ctx, 0, nil); err != context.Canceled { //nolint:errorlint // as above
		t.Errorf("follow with an ended ctx returned %v", err)
	}
}

func testFollowError(b *bench) {
	t := b.t
	b.commit(t, person(1), person(2))
	calls := 0
	err := b.Follow(t.Context(), 0, func(graph.Revision, graph.Batch) error { calls++; return errStop })
	if err != errStop || calls != 1 { //nolint:errorlint // as it is
		t.Errorf("follow returned %v after %d calls", err, calls)
	}
}

func testFollowBeyond(b *bench) {
	t := b.t
	b.commit(t, person(1))
	err := b.Follow(t.Context(), 2, func(graph.Revision, graph.Batch) error { return nil })
	expectClass(t, err, graph.ErrInvalid)
}

func testClosed(b *bench) {
	t := b.t
	b.commit(t, person(1))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := b.Head(t.Context())
	expectClass(t, err, graph.ErrUnavailable)
	_, err = b.Commit(t.Context(), person(2))
	expectClass(t, err, graph.ErrUnavailable)
	_, err = b.Load(t.Context(), func(graph.Batch) error { return nil })
	expectClass(t, err, graph.ErrUnavailable)
	_, err = b.Read(t.Context(), graph.PersonalRef{Person: "p"})
	expectClass(t, err, graph.ErrUnavailable)
	expectClass(t, b.Follow(t.Context(), 0, nil), graph.ErrUnavailable)
}

func testCloseTwice(b *bench) {
	t := b.t
	for range 2 {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

func testCloseFollow(b *bench) {
	t := b.t
	b.commit(t, person(1))
	seen := make(chan struct{}, 1)
	store := b.Store
	wait := background(t, func() error {
		return store.Follow(context.Background(), 0, func(graph.Revision, graph.Batch) error { seen <- struct{}{}; return nil })
	})
	receive(t, seen, "the first revision")
	if err := background(t, store.Close)(); err != nil {
		t.Error(err)
	}
	expectClass(t, wait(), graph.ErrUnavailable)
}

// testCloseWaits closes a store in the middle of a load, twice at once: neither
// Close returns before the load has ended, and the load gets all there is.
func testCloseWaits(b *bench) {
	t := b.t
	for i := range 5 {
		b.commit(t, person(i))
	}
	store := b.Store
	begun, goOn := make(chan struct{}), make(chan struct{})
	begin := sync.OnceFunc(func() { close(begun) })
	release := sync.OnceFunc(func() { close(goOn) })
	t.Cleanup(release) // before the store is closed, also where the test gives up
	var inside atomic.Bool
	people := 0
	load := background(t, func() error {
		_, err := store.Load(context.Background(), func(x graph.Batch) error {
			inside.Store(true)
			defer inside.Store(false)
			begin()
			<-goOn
			people += len(x.People)
			time.Sleep(time.Millisecond) // a Close that does not wait comes in between
			return nil
		})
		return err
	})
	receive(t, begun, "the first batch")
	closed := make(chan error, 2)
	for range 2 {
		go func() {
			err := store.Close()
			if inside.Load() {
				t.Error("Close returned while a load ran")
			}
			closed <- err
		}()
	}
	select {
	case err := <-closed:
		t.Errorf("Close returned %v while a load ran", err)
		closed <- err
	case <-time.After(50 * time.Millisecond):
	}
	release()
	if err := load(); err != nil || people != 5 {
		t.Errorf("the load that ran during Close had %d people, %v; want 5", people, err)
	}
	for range 2 {
		if err := receive(t, closed, "the end of Close"); err != nil {
			t.Error(err)
		}
	}
}
