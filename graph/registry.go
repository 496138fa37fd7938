package graph

import (
	"maps"
	"slices"
)

// table is an append-only list of entries with an index by ID. A row's position
// never changes, so it serves as the dense index of the entry.
type table[T any] struct {
	index map[ID]uint32
	rows  []row[T]
}

type row[T any] struct {
	id      ID
	value   T
	changed Revision // the revision that last changed the entry: its ETag
}

func (t *table[T]) clone() table[T] {
	return table[T]{index: maps.Clone(t.index), rows: slices.Clone(t.rows)}
}

func (t *table[T]) find(id ID) (uint32, bool) {
	i, ok := t.index[id]
	return i, ok
}

func (t *table[T]) get(id ID) (T, bool) {
	if i, ok := t.index[id]; ok {
		return t.rows[i].value, true
	}
	var zero T
	return zero, false
}

func (t *table[T]) set(id ID, value T, at Revision) {
	if i, ok := t.index[id]; ok {
		t.rows[i].value, t.rows[i].changed = value, at
		return
	}
	if t.index == nil {
		t.index = make(map[ID]uint32)
	}
	t.index[id] = uint32(len(t.rows))
	t.rows = append(t.rows, row[T]{id: id, value: value, changed: at})
}

// registry is every catalog entry as it was recorded, before compilation.
type registry struct {
	settings     Settings
	scales       table[*Scale]
	conversions  []Conversion
	frameworks   table[*Framework]
	issuers      table[*Issuer]
	competencies table[*Competency]
	achievements table[[]*Achievement] // versions in the order of publication
	roles        table[[]*Role]
	ladders      table[*Ladder]
	changed      Revision
}

func (r *registry) clone() *registry {
	return &registry{
		settings: r.settings, scales: r.scales.clone(), conversions: slices.Clone(r.conversions),
		frameworks: r.frameworks.clone(), issuers: r.issuers.clone(), competencies: r.competencies.clone(),
		achievements: r.achievements.clone(), roles: r.roles.clone(), ladders: r.ladders.clone(), changed: r.changed,
	}
}

// add records b's catalog entries as of revision rev. Versions come in the order
// of their numbers, which number gives them.
func (r *registry) add(b *Batch, rev Revision) {
	if !b.HasCatalog() {
		return
	}
	r.changed = rev
	if b.Settings != nil {
		r.settings = *b.Settings
	}
	for i := range b.Scales {
		r.scales.set(b.Scales[i].ID, &b.Scales[i], rev)
	}
	for _, c := range b.Conversions {
		same := func(x Conversion) bool { return x.From == c.From && x.To == c.To }
		if i := slices.IndexFunc(r.conversions, same); i >= 0 {
			r.conversions[i] = c
		} else {
			r.conversions = append(r.conversions, c)
		}
	}
	for i := range b.Frameworks {
		r.frameworks.set(b.Frameworks[i].ID, &b.Frameworks[i], rev)
	}
	for i := range b.Issuers {
		r.issuers.set(b.Issuers[i].ID, &b.Issuers[i], rev)
	}
	for i := range b.Competencies {
		r.competencies.set(b.Competencies[i].ID, &b.Competencies[i], rev)
	}
	for i := range b.Achievements {
		a := &b.Achievements[i]
		versions, _ := r.achievements.get(a.ID)
		r.achievements.set(a.ID, append(slices.Clip(versions), a), rev)
	}
	for i := range b.Roles {
		x := &b.Roles[i]
		versions, _ := r.roles.get(x.ID)
		r.roles.set(x.ID, append(slices.Clip(versions), x), rev)
	}
	for i := range b.Ladders {
		r.ladders.set(b.Ladders[i].ID, &b.Ladders[i], rev)
	}
}

// number gives b's publications their version numbers and effective instants:
// the next number of their entry, and b.At where none is given. A publication
// without an instant also takes the place of the versions of its entry that
// are planned for later, each on its day: it says how things are from here on.
func (r *registry) number(b *Batch) {
	b.Achievements = numbered(b.Achievements, &r.achievements, b.At, func(a *Achievement) (ID, *Lifecycle) { return a.ID, &a.Lifecycle })
	b.Roles = numbered(b.Roles, &r.roles, b.At, func(x *Role) (ID, *Lifecycle) { return x.ID, &x.Lifecycle })
}

func numbered[T any](published []T, have *table[[]*T], at Instant, parts func(*T) (ID, *Lifecycle)) []T {
	next := make(map[ID]int)
	var out []T
	add := func(x T, from Instant) {
		id, l := parts(&x)
		if next[id] == 0 {
			versions, _ := have.get(id)
			next[id] = len(versions)
		}
		next[id]++
		l.Version, l.EffectiveFrom = next[id], from
		if l.Status == StatusUnspecified {
			l.Status = InForce
		}
		out = append(out, x)
	}
	for _, x := range published {
		id, l := parts(&x)
		if l.EffectiveFrom != 0 {
			add(x, l.EffectiveFrom)
			continue
		}
		add(x, at)
		if l.Status == Draft {
			continue
		}
		planned, _ := have.get(id)
		l.OnChange, l.GraceUntil = Grandfather, 0
		var days []Instant
		for _, v := range planned {
			if _, p := parts(v); p.Status != Draft && p.EffectiveFrom > at {
				days = append(days, p.EffectiveFrom)
			}
		}
		slices.Sort(days)
		for _, day := range slices.Compact(days) {
			add(x, day)
		}
	}
	return out
}
