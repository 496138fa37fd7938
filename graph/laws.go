package graph

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Lint judges the catalog as it would be after the entries of b, and returns
// what is wrong with them and what they make wrong in entries of base, sorted
// by kind and subject; within an entry in the order of its file. What was wrong
// in base before is not repeated. The codes are listed in docs/lint.md.
//
// Entries of b may be numbered or not, as [Live.Commit] takes them; base may be
// nil for no catalog. Neither is changed. Cost: linear in b and its rules, and
// in base as well when b edits an entry that base has.
func Lint(base *Catalog, b *Batch) []Problem {
	if !b.HasCatalog() {
		return nil
	}
	if base == nil {
		base = newCatalog(&registry{})
	}
	e := *b
	base.reg.number(&e)
	reg := base.reg.clone()
	reg.add(&e, reg.changed+1)
	l := newLinter(newCatalog(reg), base.reg)
	l.entries(&e)
	edits := base.reg.edited(&e)
	touched := touchedBy(&e)
	if edits {
		// What b makes wrong elsewhere: what the other entries have with it and
		// did not have without it.
		rest := base.latest(touched)
		after, before := newLinter(l.catalog, reg), newLinter(base, base.reg)
		after.entries(&rest)
		before.entries(&rest)
		l.problems = append(l.problems, fresh(after.problems, before.problems)...)
	}
	l.support(base, edits, touched)
	slices.SortStableFunc(l.problems, func(x, y Problem) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Subject, y.Subject))
	})
	return l.problems
}

// linter finds problems. It keeps the place that it looks at, so that paths
// are written only for what is wrong.
type linter struct {
	catalog  *Catalog
	reg      *registry
	earlier  *registry // what was published before the entries that are judged
	problems []Problem

	kind     Kind
	subject  ID
	path     []step
	retired  bool // the entry is retired: only what must not be is said
	hints    int  // how many nearest ids may still be looked for
	category map[ID][]AchievementIndex
	stands   map[AchievementIndex][]AchievementIndex // see [Catalog.standsFor]
	laddered map[ID]bool                             // roles that are on a ladder or follow another; nil until asked for
}

// step is one step of a path: a key, or a position when key is empty.
type step struct {
	key string
	n   int
}

// newLinter judges entries of c that earlier does not have yet.
func newLinter(c *Catalog, earlier *registry) *linter {
	return &linter{catalog: c, reg: c.reg, earlier: earlier, hints: maxHints, category: c.categories(), stands: c.standsFor()}
}

// entry begins an entry.
func (l *linter) entry(k Kind, id ID) {
	l.kind, l.subject, l.path, l.retired = k, id, l.path[:0], false
}

// in looks at a key of the place, then at what look looks at.
func (l *linter) in(key string, look func()) {
	l.path = append(l.path, step{key: key})
	look()
	l.path = l.path[:len(l.path)-1]
}

// at looks at a position of the place.
func (l *linter) at(n int, look func()) {
	l.path = append(l.path, step{n: n})
	look()
	l.path = l.path[:len(l.path)-1]
}

func (l *linter) where() string {
	parts := make([]string, len(l.path))
	for i, s := range l.path {
		if parts[i] = s.key; s.key == "" {
			parts[i] = strconv.Itoa(s.n)
		}
	}
	return strings.Join(parts, "/")
}

func (l *linter) fail(code, message, hint string, witness ...ID) {
	l.report(Failure, code, message, hint, witness)
}

func (l *linter) warn(code, message, hint string, witness ...ID) {
	if !l.retired {
		l.report(Warning, code, message, hint, witness)
	}
}

func (l *linter) report(s Severity, code, message, hint string, witness []ID) {
	l.problems = append(l.problems, Problem{
		Code: code, Severity: s, Kind: l.kind, Subject: l.subject, Path: l.where(), Message: message, Hint: hint, Witness: witness,
	})
}

// entries judges the entries of b, one by one, in the linter's catalog.
func (l *linter) entries(b *Batch) {
	if b.Settings != nil {
		l.settings(b.Settings)
	}
	once := func(k Kind) func(ID) {
		seen := make(map[ID]bool)
		return func(id ID) {
			l.entry(k, id)
			l.checkID(id)
			if seen[id] {
				l.fail(codeDuplicateID, "stands twice in one publication", "keep one of them")
			}
			seen[id] = true
		}
	}
	begin := once(KindScale)
	for i := range b.Scales {
		begin(b.Scales[i].ID)
		ownedPlain(l, &l.earlier.scales, b.Scales[i].ID, &b.Scales[i], func(x *Scale) (Source, bool) { return x.Source, false })
		l.scale(&b.Scales[i])
	}
	for i := range b.Conversions {
		l.conversion(&b.Conversions[i])
	}
	begin = once(KindFramework)
	for i := range b.Frameworks {
		begin(b.Frameworks[i].ID)
		ownedPlain(l, &l.earlier.frameworks, b.Frameworks[i].ID, &b.Frameworks[i], func(x *Framework) (Source, bool) { return x.Source, false })
	}
	begin = once(KindIssuer)
	for i := range b.Issuers {
		begin(b.Issuers[i].ID)
		ownedPlain(l, &l.earlier.issuers, b.Issuers[i].ID, &b.Issuers[i], func(x *Issuer) (Source, bool) { return x.Source, false })
	}
	begin = once(KindCompetency)
	for i := range b.Competencies {
		begin(b.Competencies[i].ID)
		ownedPlain(l, &l.earlier.competencies, b.Competencies[i].ID, &b.Competencies[i], func(x *Competency) (Source, bool) { return x.Source, x.Retired })
		l.competency(&b.Competencies[i])
	}
	for i := range b.Achievements {
		l.entry(KindAchievement, b.Achievements[i].ID)
		l.checkID(b.Achievements[i].ID)
		ownedVersion(l, &l.reg.achievements, b.Achievements[i].ID, &b.Achievements[i].Lifecycle, func(x *Achievement) *Lifecycle { return &x.Lifecycle })
		l.achievement(&b.Achievements[i])
	}
	for i := range b.Roles {
		l.entry(KindRole, b.Roles[i].ID)
		l.checkID(b.Roles[i].ID)
		ownedVersion(l, &l.reg.roles, b.Roles[i].ID, &b.Roles[i].Lifecycle, func(x *Role) *Lifecycle { return &x.Lifecycle })
		l.role(&b.Roles[i])
	}
	begin = once(KindLadder)
	for i := range b.Ladders {
		begin(b.Ladders[i].ID)
		ownedPlain(l, &l.earlier.ladders, b.Ladders[i].ID, &b.Ladders[i], func(x *Ladder) (Source, bool) { return x.Source, x.Retired })
		l.ladder(&b.Ladders[i])
	}
}

// entryKey names an entry across kinds.
type entryKey struct {
	kind Kind
	id   ID
}

// touchedBy are the entries that b has.
func touchedBy(b *Batch) map[entryKey]bool {
	out := make(map[entryKey]bool, b.Len())
	if b.Settings != nil {
		out[entryKey{0, settingsID}] = true
	}
	for i := range b.Scales {
		out[entryKey{KindScale, b.Scales[i].ID}] = true
	}
	for i := range b.Conversions {
		out[entryKey{0, b.Conversions[i].name()}] = true
	}
	for i := range b.Competencies {
		out[entryKey{KindCompetency, b.Competencies[i].ID}] = true
	}
	for i := range b.Achievements {
		out[entryKey{KindAchievement, b.Achievements[i].ID}] = true
	}
	for i := range b.Roles {
		out[entryKey{KindRole, b.Roles[i].ID}] = true
	}
	for i := range b.Ladders {
		out[entryKey{KindLadder, b.Ladders[i].ID}] = true
	}
	return out
}

// edited reports whether b edits something that r has and others may rely on.
// What is only added takes nothing from anybody.
func (r *registry) edited(b *Batch) bool {
	if b.Settings != nil && r.changed > 0 {
		return true
	}
	has := func(ok bool, index map[ID]uint32, id ID) bool {
		_, there := index[id]
		return ok || there
	}
	found := false
	for i := range b.Scales {
		found = has(found, r.scales.index, b.Scales[i].ID)
	}
	for _, c := range b.Conversions {
		found = found || slices.ContainsFunc(r.conversions, func(x Conversion) bool { return x.name() == c.name() })
	}
	for i := range b.Competencies {
		found = has(found, r.competencies.index, b.Competencies[i].ID)
	}
	for i := range b.Achievements {
		found = has(found, r.achievements.index, b.Achievements[i].ID)
	}
	for i := range b.Roles {
		found = has(found, r.roles.index, b.Roles[i].ID)
	}
	for i := range b.Ladders {
		found = has(found, r.ladders.index, b.Ladders[i].ID)
	}
	return found
}

// latest is the newest version of every entry of c but those left out.
func (c *Catalog) latest(without map[entryKey]bool) Batch {
	var b Batch
	r := c.reg
	if !without[entryKey{0, settingsID}] {
		b.Settings = &r.settings
	}
	for _, x := range r.scales.rows {
		if !without[entryKey{KindScale, x.id}] {
			b.Scales = append(b.Scales, *x.value)
		}
	}
	for _, x := range r.conversions {
		if !without[entryKey{0, x.name()}] {
			b.Conversions = append(b.Conversions, x)
		}
	}
	for _, x := range r.competencies.rows {
		if !without[entryKey{KindCompetency, x.id}] {
			b.Competencies = append(b.Competencies, *x.value)
		}
	}
	for _, x := range r.achievements.rows {
		if !without[entryKey{KindAchievement, x.id}] {
			b.Achievements = append(b.Achievements, *x.value[len(x.value)-1])
		}
	}
	for _, x := range r.roles.rows {
		if !without[entryKey{KindRole, x.id}] {
			b.Roles = append(b.Roles, *x.value[len(x.value)-1])
		}
	}
	for _, x := range r.ladders.rows {
		if !without[entryKey{KindLadder, x.id}] {
			b.Ladders = append(b.Ladders, *x.value)
		}
	}
	return b
}

// fresh are the problems of after that before does not have.
func fresh(after, before []Problem) []Problem {
	type key struct {
		code    string
		kind    Kind
		subject ID
		path    string
	}
	of := func(p *Problem) key { return key{p.Code, p.Kind, p.Subject, p.Path} }
	known := make(map[key]bool, len(before))
	for i := range before {
		known[of(&before[i])] = true
	}
	return slices.DeleteFunc(after, func(p Problem) bool { return known[of(&p)] })
}
