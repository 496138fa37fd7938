package graphtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/cairn-skills/cairn/graph"
)

// twin is what a store must have, in memory.
type twin struct {
	batches  []graph.Batch // revision i+1
	keys     map[string]graph.Revision
	personal map[graph.PersonalRef]graph.Personal
}

func (w *twin) head() graph.Revision { return graph.Revision(len(w.batches)) }

func (w *twin) clone() *twin {
	return &twin{slices.Clone(w.batches), maps.Clone(w.keys), maps.Clone(w.personal)}
}

// commit is what Commit must do; the error is a class.
func (w *twin) commit(batches []graph.Batch) ([]graph.Revision, error) {
	after := w.clone()
	var out []graph.Revision
	again := false
	for _, b := range batches {
		if b.Len() == 0 && len(b.Derived) == 0 {
			return nil, graph.ErrInvalid
		}
	}
	for _, b := range batches {
		if r, ok := after.keys[b.Key]; ok && b.Key != "" {
			out, again = append(out, r), true
			continue
		}
		if b.IfSet && (again || b.If != after.head()) {
			return nil, graph.ErrConflict
		}
		after.batches = append(after.batches, b)
		out = append(out, after.head())
		if b.Key != "" {
			after.keys[b.Key] = after.head()
		}
		for _, p := range b.Personal {
			after.personal[graph.PersonalRef{Person: p.Person, About: p.About}] = p
		}
	}
	*w = *after
	return out, nil
}

// testTwin lets a store and its twin take the same random calls, with the store
// closed and opened again in the middle.
func testTwin(outer *bench) {
	t := outer.t
	rapid.Check(t, func(r *rapid.T) {
		w := &twin{keys: make(map[string]graph.Revision), personal: make(map[graph.PersonalRef]graph.Personal)}
		b := newBench(t, outer.place, outer.hooks)
		defer b.close(t)
		r.Repeat(map[string]func(*rapid.T){
			"commit": func(r *rapid.T) {
				batches := rapid.SliceOfN(randomBatch(w.head()), 1, 5).Draw(r, "batches")
				want, class := w.commit(batches)
				got, err := b.Commit(t.Context(), batches...)
				if !errors.Is(err, class) || (err == nil) != (class == nil) {
					r.Fatalf("commit answered %v; want %v", err, class)
				}
				if d := Diff(want, got); d != "" {
					r.Fatal(d)
				}
			},
			"read": func(r *rapid.T) {
				refs := rapid.SliceOfN(randomRef(), 1, 5).Draw(r, "refs")
				got, err := b.Read(t.Context(), refs...)
				if err != nil {
					r.Fatal(err)
				}
				for i, ref := range refs {
					want, ok := w.personal[ref]
					if !ok {
						want = graph.Personal{Person: ref.Person, About: ref.About}
					}
					if d := Diff(want, got[i]); d != "" {
						r.Fatal(d)
					}
				}
			},
			"follow": func(r *rapid.T) {
				after := graph.Revision(rapid.IntRange(0, len(w.batches)).Draw(r, "after"))
				got := b.followed(t, after)
				for i := after; i < w.head(); i++ {
					if d := Diff(w.batches[i], got[i+1]); d != "" {
						r.Fatalf("revision %d: %s", i+1, d)
					}
				}
			},
			"reopen": func(r *rapid.T) {
				b.reopen(t)
			},
			"": func(r *rapid.T) {
				if got, err := b.Head(t.Context()); err != nil || got != w.head() {
					r.Fatalf("head is %d, %v; want %d", got, err, w.head())
				}
			},
		})
		b.reopen(t)
		w.compareLoad(t, r, b)
	})
}

// compareLoad compares everything with a load.
func (w *twin) compareLoad(t *testing.T, r *rapid.T, b *bench) {
	t.Helper()
	r.Helper()
	var want graph.Batch
	for _, x := range w.batches {
		x.Key, x.If, x.IfSet, x.Personal, x.At = "", 0, false, nil, 0
		Join(&want, x)
	}
	got, _ := b.load(t)
	names := make(map[graph.ID]string)
	for _, p := range got.Personal {
		names[p.Person] = p.Name
	}
	got.Key, got.If, got.IfSet, got.Personal, got.At, got.Revision = "", 0, false, nil, 0, 0
	if d := Diff(want, got); d != "" {
		r.Errorf("the load differs (-want +got):\n%.4000s", d)
	}
	wantNames := make(map[graph.ID]string)
	for ref, p := range w.personal {
		if ref.About.IsZero() {
			wantNames[ref.Person] = p.Name
		}
	}
	if d := Diff(wantNames, names); d != "" {
		r.Errorf("the names differ (-want +got):\n%.4000s", d)
	}
}

// randomID draws from few ids, so that they meet again, some of them long or
// beginnings of others.
func randomID() *rapid.Generator[graph.ID] {
	return rapid.OneOf(
		rapid.SampledFrom([]graph.ID{"a", "ab", "abc", "b", "http://example.org/é", "\u00ff"}),
		rapid.Map(rapid.IntRange(0, 50), func(i int) graph.ID { return graph.ID(fmt.Sprint("id-", i)) }),
	)
}

func randomFact() *rapid.Generator[graph.FactID] {
	return rapid.Map(rapid.IntRange(0, 20), func(i int) graph.FactID {
		if i == 0 {
			return graph.FactID{}
		}
		return graph.AwardID("p", "a", graph.Instant(i), "")
	})
}

func randomRef() *rapid.Generator[graph.PersonalRef] {
	return rapid.Custom(func(r *rapid.T) graph.PersonalRef {
		return graph.PersonalRef{Person: randomID().Draw(r, "person"), About: randomFact().Draw(r, "about")}
	})
}

func randomInstant() *rapid.Generator[graph.Instant] {
	return rapid.OneOf(
		rapid.SampledFrom([]graph.Instant{0, 1, graph.Forever, -1, worldStart}),
		rapid.Map(rapid.Int64Range(-1<<50, 1<<50), func(i int64) graph.Instant { return graph.Instant(i) }),
	)
}

func randomAward() *rapid.Generator[graph.Award] {
	return rapid.Custom(func(r *rapid.T) graph.Award {
		return graph.Award{
			ID: randomFact().Draw(r, "id"), Person: randomID().Draw(r, "person"), Achievement: randomID().Draw(r, "achievement"),
			Version: rapid.Int().Draw(r, "version"), IssuedAt: randomInstant().Draw(r, "issued"), ValidUntil: randomInstant().Draw(r, "until"),
			Source: graph.AwardSource(rapid.Byte().Draw(r, "source")), Rigor: graph.Rigor(rapid.Byte().Draw(r, "rigor")),
			Issuer: graph.ID(rapid.SampledFrom([]string{"", "i1", "i2"}).Draw(r, "issuer")),
		}
	})
}

func randomBatch(head graph.Revision) *rapid.Generator[graph.Batch] {
	return rapid.Custom(func(r *rapid.T) graph.Batch {
		b := graph.Batch{
			At:     randomInstant().Draw(r, "at"),
			Awards: rapid.SliceOfN(randomAward(), 0, 4).Draw(r, "awards"),
			People: rapid.SliceOfN(rapid.Map(randomID(), func(id graph.ID) graph.Person { return graph.Person{ID: id} }), 0, 3).Draw(r, "people"),
		}
		if rapid.IntRange(0, 3).Draw(r, "keyed") == 0 {
			b.Key = fmt.Sprint("key ", rapid.IntRange(0, 30).Draw(r, "key"))
		}
		if rapid.IntRange(0, 3).Draw(r, "conditional") == 0 {
			b.If, b.IfSet = head+graph.Revision(rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(r, "if")), true
		}
		if rapid.IntRange(0, 9).Draw(r, "full") == 0 {
			full := FullBatch(rapid.IntRange(0, 99).Draw(r, "seed"))
			full.Key, full.If, full.IfSet = b.Key, b.If, b.IfSet
			return full
		}
		for range rapid.IntRange(0, 3).Draw(r, "personal") {
			ref := randomRef().Draw(r, "ref")
			p := graph.Personal{Person: ref.Person, About: ref.About, Evidence: rapid.SliceOfN(rapid.String(), 0, 2).Draw(r, "evidence")}
			if ref.About.IsZero() {
				p.Name = rapid.String().Draw(r, "name")
			}
			b.Personal = append(b.Personal, p)
		}
		for _, a := range b.Awards {
			b.Derived = append(b.Derived, graph.Derivation{Change: graph.Change(a.Rigor), Award: a, Cause: a.ID})
		}
		return b
	})
}
