package graphtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

// Hooks bring about what the contract of [graph.Store] speaks of and none of its
// methods does. Each acts on an open store of the place. Without a hook its
// subtests are skipped, and say so.
type Hooks struct {
	// Erase destroys the key of a person, who has personal records.
	Erase func(tb testing.TB, s graph.Store, person graph.ID)
	// DamageBatch changes something of the batch stored under r where the store
	// keeps it, as a failing disk would, and returns words that an error about it
	// must have, which name the place. It registers on tb what undoes the damage,
	// which then happens before the store is closed.
	DamageBatch func(tb testing.TB, s graph.Store, r graph.Revision) (where string)
	// DamagePersonal is like DamageBatch, for the newest record of ref.
	DamagePersonal func(tb testing.TB, s graph.Store, ref graph.PersonalRef) (where string)
	// Unknown makes the next Commit of s fail without telling whether its batches
	// are stored; stored says whether they are.
	Unknown func(tb testing.TB, s graph.Store, stored bool)
}

// need skips the test without the hook; what says what is not tested then.
func need(t *testing.T, given bool, hook, what string) {
	t.Helper()
	if !given {
		t.Skipf("NOT TESTED: %s. The test of this store gives no hook graphtest.Hooks.%s", what, hook)
	}
}

func testErased(b *bench) {
	t := b.t
	need(t, b.hooks.Erase != nil, "Erase", "what a record answers whose key was destroyed")
	about := graph.FactID{1}
	want := graph.Batch{
		People: []graph.Person{{ID: "gone"}, {ID: "here"}},
		Personal: []graph.Personal{
			{Person: "gone", Name: "Forget Me", Identifiers: []string{"row 1"}},
			{Person: "gone", About: about, Evidence: []string{"a link"}},
			{Person: "here", Name: "Keep Me"},
			{Person: "here", About: about, Evidence: []string{"another link"}},
		},
	}
	b.commit(t, want)
	b.hooks.Erase(t, b.Store, "gone")
	want.Personal[0] = graph.Personal{Person: "gone", Erased: true}
	want.Personal[1] = graph.Personal{Person: "gone", About: about, Erased: true}
	newest := append([]graph.Personal(nil), want.Personal...)
	check := func() {
		t.Helper()
		var refs []graph.PersonalRef
		for _, p := range newest {
			refs = append(refs, graph.PersonalRef{Person: p.Person, About: p.About})
		}
		got, err := b.Read(t.Context(), refs...)
		if d := Diff(newest, got); err != nil || d != "" {
			t.Errorf("read: %v (-want +got)\n%s", err, d)
		}
		if d := Diff(want, b.followed(t, 0)[1]); d != "" {
			t.Errorf("follow (-want +got):\n%s", d)
		}
		all, _ := b.load(t)
		names := map[graph.ID]string{"gone": ""}
		for _, p := range all.Personal {
			names[p.Person] = p.Name
		}
		if d := Diff(map[graph.ID]string{"gone": newest[0].Name, "here": "Keep Me"}, names); d != "" {
			t.Errorf("the names of a load differ (-want +got):\n%s", d)
		}
	}
	check()
	b.reopen(t)
	check()
	// Who comes back is known again from then on.
	newest[0] = graph.Personal{Person: "gone", Name: "Back"}
	b.commit(t, graph.Batch{Personal: newest[:1]})
	check()
	b.reopen(t)
	check()
}

func testDamagedBatch(outer *bench) {
	need(outer.t, outer.hooks.DamageBatch != nil, "DamageBatch", "that a damaged batch is reported and not served")
	const batches = 3
	for r := graph.Revision(1); r <= batches; r++ {
		outer.t.Run(fmt.Sprintf("revision %d of %d", r, batches), func(t *testing.T) {
			b := newBench(t, outer.place, outer.hooks)
			for i := range batches {
				b.commit(t, person(i+1))
			}
			where := b.hooks.DamageBatch(t, b.Store, r)
			_, err := b.Load(t.Context(), func(x graph.Batch) error {
				if x.Revision == r {
					t.Errorf("a load hands over the damaged revision %d: %+v", r, x)
				}
				for _, p := range x.People {
					if p.ID == person(int(r)).People[0].ID {
						t.Errorf("a load hands over a person of the damaged revision %d: %+v", r, x)
					}
				}
				return nil
			})
			expectPlace(t, "load", err, where)
			err = b.Follow(t.Context(), 0, func(got graph.Revision, x graph.Batch) error {
				if got >= r || Diff(person(int(got)), x) != "" {
					t.Errorf("a follow hands over revision %d: %+v; revision %d is damaged", got, x, r)
				}
				return nil
			})
			expectPlace(t, "follow", err, where)
		})
	}
}

func testDamagedPersonal(outer *bench) {
	need(outer.t, outer.hooks.DamagePersonal != nil, "DamagePersonal", "that a damaged personal record is reported and not served")
	about := graph.FactID{1}
	for _, ref := range []graph.PersonalRef{{Person: "p"}, {Person: "p", About: about}} {
		outer.t.Run(fmt.Sprintf("about a fact: %t", !ref.About.IsZero()), func(t *testing.T) {
			b := newBench(t, outer.place, outer.hooks)
			want := []graph.Personal{
				{Person: "a", Name: "A"},
				{Person: "p", Name: "P"},
				{Person: "z", Name: "Z"},
				{Person: "a", About: about, Evidence: []string{"a"}},
				{Person: "p", About: about, Evidence: []string{"p"}},
			}
			b.commit(t, person(1), graph.Batch{Personal: want}, person(2))
			where := b.hooks.DamagePersonal(t, b.Store, ref)
			for _, w := range want {
				wanted := graph.PersonalRef{Person: w.Person, About: w.About}
				got, err := b.Read(t.Context(), wanted)
				switch {
				case wanted == ref:
					expectPlace(t, "read", err, where)
				case err != nil: // damage beside it
					expectClass(t, err, graph.ErrUnavailable)
				case Diff([]graph.Personal{w}, got) != "":
					t.Errorf("read answered %+v; want %+v", got, w)
				}
			}
			_, err := b.Load(t.Context(), func(x graph.Batch) error {
				for _, p := range x.Personal {
					if p.Person == ref.Person && p.Name != "" && (p.Name != "P" || ref.About.IsZero()) {
						t.Errorf("a load hands over %+v", p)
					}
				}
				return nil
			})
			if ref.About.IsZero() {
				expectPlace(t, "load", err, where)
			}
			err = b.Follow(t.Context(), 0, func(r graph.Revision, x graph.Batch) error {
				if r > 1 {
					t.Errorf("a follow hands over revision %d: %+v", r, x)
				}
				return nil
			})
			expectPlace(t, "follow", err, where)
		})
	}
}

// expectPlace fails unless err is of class ErrUnavailable and says where.
func expectPlace(t *testing.T, call string, err error, where string) {
	t.Helper()
	expectClass(t, err, graph.ErrUnavailable)
	if err == nil || !strings.Contains(err.Error(), where) {
		t.Errorf("%s: the error %v does not name the place, %q", call, err, where)
	}
}

func testUnknown(outer *bench) {
	need(outer.t, outer.hooks.Unknown != nil, "Unknown", "that a commit of unknown outcome can be repeated")
	for _, stored := range []bool{false, true} {
		outer.t.Run(fmt.Sprintf("stored: %t", stored), func(t *testing.T) {
			b := newBench(t, outer.place, outer.hooks)
			batches := []graph.Batch{person(1), person(2), person(3)}
			for i := range batches {
				x := &batches[i]
				x.Key = fmt.Sprint("key ", i)
				x.Personal = []graph.Personal{{Person: x.People[0].ID, Name: "N"}}
			}
			batches[1].If, batches[1].IfSet = 1, true
			b.commit(t, batches[0])
			b.hooks.Unknown(t, b.Store, stored)
			_, err := b.Commit(t.Context(), batches[1:]...)
			expectClass(t, err, graph.ErrUnavailable)
			switch head, err := b.Head(t.Context()); {
			case err != nil:
				expectClass(t, err, graph.ErrUnavailable)
			case head != 1 && (head != 3 || !stored):
				t.Errorf("the head is %d", head)
			}
			// The store may refuse to write until it is opened again.
			got, err := b.Commit(t.Context(), batches[1:]...)
			if err != nil {
				expectClass(t, err, graph.ErrUnavailable)
				b.reopen(t)
				want := graph.Revision(1)
				if stored {
					want = 3
				}
				b.expectHead(t, want)
				got = b.commit(t, batches[1:]...)
			}
			for range 2 {
				if d := Diff([]graph.Revision{2, 3}, got); d != "" {
					t.Errorf("the repeated commit answered (-want +got):\n%s", d)
				}
				b.expectHead(t, 3)
				for r, x := range b.followed(t, 0) {
					if d := Diff(batches[r-1], x); d != "" {
						t.Errorf("revision %d (-want +got):\n%s", r, d)
					}
				}
				b.reopen(t)
				got = b.commit(t, batches[1:]...)
			}
		})
	}
}
