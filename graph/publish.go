package graph

import (
	"cmp"
	"reflect"
	"slices"
)

// EntryAction is what a publication does to an entry.
type EntryAction uint8

// The actions.
const (
	EntryActionUnspecified EntryAction = iota
	EntryAdded
	EntryChanged
	EntryRetired
)

var entryActionNames = [...]string{"", "added", "changed", "retired"}

// String is the action as it is written in messages.
func (a EntryAction) String() string { return word(entryActionNames[:], uint8(a)) }

// EntryChange is one entry that a publication changes. Before and After are the
// entry as pointers to its type ([Competency], [Achievement], …); Before is nil
// for an added entry.
type EntryChange struct {
	Kind          Kind
	ID            ID
	Action        EntryAction
	Before, After any
}

// Publication is what publishing the entries of want takes: a batch with only
// what differs from c, and the changes by kind and ID. Entries that are not in
// want stay as they are; with prune, those whose source is the catalog named
// source and that can be retired (competencies, achievements, roles, ladders)
// are retired.
func (c *Catalog) Publication(want Batch, source ID, prune bool) (Batch, []EntryChange) {
	p := publication{catalog: c, source: source, prune: prune}
	r := c.reg
	if before := r.settings; want.Settings != nil && !sameSettings(*want.Settings, before) {
		p.out.Settings = want.Settings
		p.changes = append(p.changes, EntryChange{Kind: KindUnspecified, ID: "settings", Action: changedOrAdded(before.Source.Catalog != ""), Before: &before, After: want.Settings})
	}
	for _, conv := range want.Conversions {
		if i := slices.IndexFunc(r.conversions, func(x Conversion) bool { return x.From == conv.From && x.To == conv.To }); i < 0 || !slices.Equal(r.conversions[i].Levels, conv.Levels) {
			p.out.Conversions = append(p.out.Conversions, conv)
			var before any
			if i >= 0 {
				before = &r.conversions[i]
			}
			p.changes = append(p.changes, EntryChange{Kind: KindScale, ID: conv.From + "→" + conv.To, Action: changedOrAdded(i >= 0), Before: before, After: &conv})
		}
	}
	p.out.Scales = publishPlain(&p, KindScale, &r.scales, want.Scales, func(x *Scale) (ID, *Source) { return x.ID, &x.Source }, nil)
	p.out.Frameworks = publishPlain(&p, KindFramework, &r.frameworks, want.Frameworks, func(x *Framework) (ID, *Source) { return x.ID, &x.Source }, nil)
	p.out.Issuers = publishPlain(&p, KindIssuer, &r.issuers, want.Issuers, func(x *Issuer) (ID, *Source) { return x.ID, &x.Source }, nil)
	p.out.Competencies = publishPlain(&p, KindCompetency, &r.competencies, want.Competencies, func(x *Competency) (ID, *Source) { return x.ID, &x.Source },
		func(x Competency) (Competency, bool) {
			if x.Retired || x.Source.Catalog != source {
				return x, false
			}
			x.Retired = true
			return x, true
		})
	p.out.Ladders = publishPlain(&p, KindLadder, &r.ladders, want.Ladders, func(x *Ladder) (ID, *Source) { return x.ID, &x.Source },
		func(x Ladder) (Ladder, bool) {
			if x.Retired || x.Source.Catalog != source {
				return x, false
			}
			x.Retired = true
			return x, true
		})
	p.out.Achievements = publishVersions(&p, KindAchievement, &r.achievements, want.Achievements,
		func(x *Achievement) (ID, *Lifecycle) { return x.ID, &x.Lifecycle })
	p.out.Roles = publishVersions(&p, KindRole, &r.roles, want.Roles,
		func(x *Role) (ID, *Lifecycle) { return x.ID, &x.Lifecycle })
	slices.SortStableFunc(p.changes, func(a, b EntryChange) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	return p.out, p.changes
}

// sameSettings reports whether two catalogs say the same: whose word it is does
// not matter, since what both say alike stays the first one's.
func sameSettings(a, b Settings) bool {
	a.Source = b.Source
	return reflect.DeepEqual(a, b)
}

type publication struct {
	catalog *Catalog
	source  ID
	prune   bool
	out     Batch
	changes []EntryChange
}

func changedOrAdded(there bool) EntryAction {
	if there {
		return EntryChanged
	}
	return EntryAdded
}

// publishPlain is the entries of want that differ from have; with p.prune, also
// those of have that are not in want, as retire leaves them. What cannot be
// retired, because anything may lean on it, two catalogs may say alike: it stays
// the first one's.
func publishPlain[T any](p *publication, k Kind, have *table[*T], want []T, parts func(*T) (ID, *Source), retire func(T) (T, bool)) []T {
	var out []T
	named := make(map[ID]bool, len(want))
	for i := range want {
		w := &want[i]
		id, _ := parts(w)
		named[id] = true
		was, there := have.get(id)
		if there {
			same := *w
			if _, source := parts(&same); retire == nil {
				_, theirs := parts(was)
				*source = *theirs
			}
			if reflect.DeepEqual(*was, same) {
				continue
			}
		}
		out = append(out, *w)
		ch := EntryChange{Kind: k, ID: id, Action: changedOrAdded(there), After: w}
		if there {
			ch.Before = was
		}
		p.changes = append(p.changes, ch)
	}
	if !p.prune || retire == nil {
		return out
	}
	for _, r := range have.rows {
		if named[r.id] {
			continue
		}
		if gone, ok := retire(*r.value); ok {
			out = append(out, gone)
			p.changes = append(p.changes, EntryChange{Kind: k, ID: r.id, Action: EntryRetired, Before: r.value, After: &gone})
		}
	}
	return out
}

// publishVersions is the entries of want that differ from the newest version of
// have, each to be a version of its own; with p.prune, also a retired version
// of those that are not in want. What was retired after the instant from which
// want has it in force is in force again from the publication on.
func publishVersions[T any](p *publication, k Kind, have *table[[]*T], want []T, parts func(*T) (ID, *Lifecycle)) []T {
	var out []T
	named := make(map[ID]bool, len(want))
	for i := range want {
		w := want[i]
		id, life := parts(&w)
		named[id] = true
		versions, there := have.get(id)
		if life.Status == StatusUnspecified {
			life.Status = InForce
		}
		ch := EntryChange{Kind: k, ID: id, Action: changedOrAdded(there), After: &w}
		if there {
			was := versions[len(versions)-1]
			_, old := parts(was)
			for _, v := range versions {
				if _, l := parts(v); l.Status == Retired && life.Status != Retired && l.EffectiveFrom > life.EffectiveFrom {
					life.EffectiveFrom = 0
				}
			}
			// The file says when a version takes effect only if its author did;
			// otherwise the version keeps the instant of its publication.
			same := w
			_, l := parts(&same)
			l.Version = old.Version
			if l.EffectiveFrom == 0 {
				l.EffectiveFrom = old.EffectiveFrom
			}
			if reflect.DeepEqual(same, *was) {
				continue
			}
			ch.Before = was
			if life.Status == Retired && old.Status != Retired {
				ch.Action = EntryRetired
			}
		}
		out = append(out, w)
		p.changes = append(p.changes, ch)
	}
	if !p.prune {
		return out
	}
	for _, r := range have.rows {
		was := r.value[len(r.value)-1]
		for _, v := range slices.Backward(r.value) {
			if _, l := parts(v); l.Status != Draft {
				was = v
				break
			}
		}
		gone := *was
		_, life := parts(&gone)
		if named[r.id] || life.Status == Retired || life.Source.Catalog != p.source {
			continue
		}
		life.Status, life.Version, life.EffectiveFrom = Retired, 0, 0
		life.OnChange, life.GraceUntil = Grandfather, 0
		out = append(out, gone)
		p.changes = append(p.changes, EntryChange{Kind: k, ID: r.id, Action: EntryRetired, Before: was, After: &gone})
	}
	return out
}
