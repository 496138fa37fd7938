package graph

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// applied is files of a catalog as they are applied one after another.
type applied struct {
	t    *testing.T
	s    *Snapshot
	name ID
}

// apply publishes want at an instant and returns what changed, in words.
func (a *applied) apply(want Batch, at Instant, prune bool) []string {
	a.t.Helper()
	own := Source{Catalog: a.name}
	for i := range want.Achievements {
		want.Achievements[i].Source = own
	}
	for i := range want.Roles {
		want.Roles[i].Source = own
	}
	if want.Settings != nil {
		want.Settings.Source = own
	}
	b, changes := a.s.Catalog.Publication(want, a.name, prune)
	var out []string
	for _, ch := range changes {
		out = append(out, ch.Action.String()+" "+string(ch.ID))
	}
	if b.Len() != len(changes) {
		a.t.Errorf("%d entries for %d changes %v", b.Len(), len(changes), out)
	}
	if b.Len() > 0 {
		b.At = at
		a.s, _, _ = commit(a.t, a.s, b)
	}
	return out
}

func (a *applied) inForce(id ID, at Instant) bool {
	i, ok := a.s.Catalog.Achievement(id)
	return ok && a.s.Catalog.InForce(i, at) != nil
}

func newApplied(t *testing.T, name ID) *applied {
	t.Helper()
	s, _, _ := commit(t, emptySnapshot(), Batch{At: day(1), Issuers: []Issuer{{ID: "academy", Title: NewText(Translation{"en", "Academy"})}}})
	return &applied{t: t, s: s, name: name}
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func undated(id ID) Achievement { return version(badge(id), InForce, 0) }

func files(as ...Achievement) Batch { return Batch{Achievements: as} }

func TestPublicationAgain(t *testing.T) {
	for name, entry := range map[string]Achievement{"undated": undated("a"), "dated": version(badge("a"), InForce, day(1))} {
		t.Run(name, func(t *testing.T) {
			a := newApplied(t, "ours")
			same(t, "first", a.apply(files(entry, undated("b")), day(2), true), "added a", "added b")
			same(t, "the same files", a.apply(files(entry, undated("b")), day(3), true))
			same(t, "without it", a.apply(files(undated("b")), day(10), true), "retired a")
			same(t, "without it again", a.apply(files(undated("b")), day(11), true))
			if a.inForce("a", day(12)) {
				t.Error("it is in force after it was retired")
			}
			same(t, "with it again", a.apply(files(entry, undated("b")), day(20), true), "changed a")
			if !a.inForce("a", day(20)) || a.inForce("a", day(15)) {
				t.Errorf("back in the files: on day 15 in force %t, on day 20 %t; want false, true", a.inForce("a", day(15)), a.inForce("a", day(20)))
			}
			same(t, "and again", a.apply(files(entry, undated("b")), day(21), true))
			i, _ := a.s.Catalog.Achievement("a")
			versions, _ := a.s.Catalog.Versions(i)
			for n, v := range versions {
				if v.Version != n+1 {
					t.Errorf("version %d has the number %d", n+1, v.Version)
				}
			}
		})
	}
}

func TestPublicationPrune(t *testing.T) {
	a := newApplied(t, "ours")
	draft := version(badge("a"), Draft, 0)
	draft.Attests = nil
	draft.Credits = 700
	a.apply(files(undated("a"), undated("b")), day(2), false)
	a.apply(files(draft), day(3), false)
	a.apply(files(version(badge("b"), InForce, day(100))), day(4), false)
	theirs := &applied{t: t, s: a.s, name: "theirs"}
	same(t, "files of another catalog", theirs.apply(files(undated("c")), day(5), true), "added c")
	a.s = theirs.s
	same(t, "an empty folder", a.apply(Batch{}, day(10), true), "retired a", "retired b")
	if !a.inForce("c", day(20)) {
		t.Error("an entry of another catalog was retired")
	}
	for _, id := range []ID{"a", "b"} {
		for _, at := range []int{20, 200} {
			if a.inForce(id, day(at)) {
				t.Errorf("%s is in force on day %d after it was retired", id, at)
			}
		}
	}
	i, _ := a.s.Catalog.Achievement("a")
	if v := a.s.Catalog.Current(i, day(20)); v.Credits != 0 {
		t.Error("what was retired is the draft, not what was in force")
	}
}

// What is published without an instant is how it is from then on, also instead
// of what was planned; what is planned in its place is not undone.
func TestPublicationOverPlans(t *testing.T) {
	a := newApplied(t, "ours")
	worth := func(credits int64, from Instant) Batch {
		x := version(badge("a"), InForce, from)
		x.Credits = credits
		return files(x)
	}
	credits := func(at int) int64 {
		i, _ := a.s.Catalog.Achievement("a")
		return a.s.Catalog.InForce(i, day(at)).Credits
	}
	a.apply(worth(100, 0), day(2), false)
	a.apply(worth(200, day(100)), day(3), false)
	if credits(50) != 100 || credits(100) != 200 {
		t.Errorf("planned: %d, then %d credits, want 100, then 200", credits(50), credits(100))
	}
	a.apply(worth(300, 0), day(4), false)
	if credits(50) != 300 || credits(100) != 300 {
		t.Errorf("over the plan: %d, then %d credits, want 300", credits(50), credits(100))
	}
	same(t, "the same files", a.apply(worth(300, 0), day(5), false))
}

// Two catalogs that say the same settings do not take them from each other; the
// first one changes them.
func TestPublicationSettings(t *testing.T) {
	settings := func() Batch { return Batch{Settings: &Settings{Currency: "EUR", Zone: "UTC"}} }
	a := newApplied(t, "ours")
	same(t, "ours", a.apply(settings(), day(2), false), "added settings")
	b := &applied{t: t, s: a.s, name: "theirs"}
	same(t, "theirs", b.apply(settings(), day(3), false))
	other := settings()
	other.Settings.Currency = "CHF"
	same(t, "ours, other", a.apply(other, day(4), false), "changed settings")
}
