package graph

import (
	"cmp"
	"slices"
)

// The fold derives a person's automatic awards from the recorded facts: a pure
// function of the facts, the catalog and nothing else, so that late facts and
// edits end in the same awards whatever the order of arrival.
//
// It walks the instants at which something can change, in order, and at each
// lets every automatic achievement end or begin a period until nothing more
// happens (a least fixpoint, so circular rules support nothing). A second or
// later period of an achievement must be met without any award that derives
// from an earlier one: it is tested against the fold in which the achievement
// was never derived.

// period is one period of a derived award while it is being folded.
type period struct {
	award
	ordinal int
	ended   bool
	grace   *Version // the version that gave it a grace which is not settled; nil for none
}

type folder struct {
	catalog  *Catalog
	person   *person
	autos    []AchievementIndex // candidates, by ID
	barred   []AchievementIndex // never derived in this fold
	periods  []period
	scratch  []award
	profiles map[Instant]*Profile
}

// fold is the derived awards of q that begin by the horizon, by issue instant
// then id, and the earliest later instant at which, with no further fact, one
// would begin or end otherwise than its own end says ([Forever] for never).
func fold(c *Catalog, q *person, horizon Instant) ([]award, Instant) {
	autos := c.candidates(q)
	if len(autos) == 0 {
		return nil, Forever
	}
	f := &folder{catalog: c, person: q, autos: autos}
	next := f.run(horizon)
	out := make([]award, 0, len(f.periods))
	for i := range f.periods {
		out = append(out, f.periods[i].award)
	}
	slices.SortFunc(out, compareAwards)
	return out, next
}

// run folds through the horizon and returns the first instant beyond it.
func (f *folder) run(horizon Instant) Instant {
	queue := f.instants()
	for at := Instant(0); ; {
		next := Forever
		for _, t := range queue {
			if t > at && t < next {
				next = t
			}
		}
		for i := range f.periods {
			if p := &f.periods[i]; p.until > at && p.until < next {
				next = p.until
			}
		}
		if next > horizon || next == Forever {
			return next
		}
		at = next
		queue = append(queue, f.step(at)...)
	}
}

// step settles one instant and returns later instants that it gave rise to.
func (f *folder) step(at Instant) (later []Instant) {
	f.profiles = nil
	f.settle(at)
	for again := true; again; {
		again = false
		for _, a := range f.autos {
			v := f.catalog.InForce(a, at)
			if v == nil || slices.Contains(f.barred, a) || f.live(a, at) != nil {
				continue
			}
			until := v.validUntil(at, f.catalog.zone)
			if until <= at || !f.meets(v, at) { // what lapses at once never was
				continue
			}
			n := f.count(a)
			if n > 0 && !f.without(a, at).meets(v, at) {
				continue
			}
			p := period{ordinal: n + 1, award: award{
				id: DerivedID(f.person.id, f.catalog.AchievementID(a), n+1), issued: at, until: until,
				achievement: a, issuer: v.Issuer, version: uint16(v.Version), source: FromStack, rigor: v.PlannedRigor(),
			}}
			f.periods = append(f.periods, p)
			later = append(later, f.freshEnds(p.award)...)
			f.profiles, again = nil, true
		}
	}
	return later
}

// settle ends the periods that a change of version, the end of a grace or a
// lapsed part ends at an instant.
func (f *folder) settle(at Instant) {
	for again := true; again; {
		again = false
		for i := range f.periods {
			p := &f.periods[i]
			if p.ended || at >= p.until {
				continue
			}
			v := f.catalog.Current(p.achievement, at)
			if v != nil && v.EffectiveFrom == at && v.Version != int(p.version) && v.Status == InForce {
				switch v.OnChange {
				case Reevaluate:
					if !f.meetsWithout(v, p, at) {
						p.until, p.ended, again = at, true, true
						f.profiles = nil
						continue
					}
				case Grace:
					p.grace = v
				}
			}
			if g := p.grace; g != nil {
				switch {
				case at < g.GraceUntil && v.Status == InForce && f.meetsWithout(v, p, at):
					p.grace = nil
				case at >= g.GraceUntil:
					p.until, p.ended, again = at, true, true
					f.profiles = nil
					continue
				}
			}
			own := f.catalog.achievements[p.achievement].versions[p.version-1]
			if own.FollowsParts && at > p.issued && !f.meetsWithout(own, p, at) {
				p.until, p.ended, again = at, true, true
				f.profiles = nil
			}
		}
	}
}

// meets reports whether a route of v that fires by itself is met at an instant.
func (f *folder) meets(v *Version, at Instant) bool {
	for i := range v.Routes {
		if r := &v.Routes[i]; r.Fires() && f.profile(at).Met(r.Requires) {
			return true
		}
	}
	return false
}

// meetsWithout is meets in the fold that never derived p's achievement, so that
// a period does not keep itself alive.
func (f *folder) meetsWithout(v *Version, p *period, at Instant) bool {
	return f.without(p.achievement, at).meets(v, at)
}

// without is the fold through an instant in which achievement a is never derived.
func (f *folder) without(a AchievementIndex, at Instant) *folder {
	g := &folder{catalog: f.catalog, person: f.person, autos: f.autos, barred: append(slices.Clip(f.barred), a)}
	g.run(at)
	return g
}

func (f *folder) profile(at Instant) *Profile {
	if p, ok := f.profiles[at]; ok {
		return p
	}
	f.scratch = f.scratch[:0]
	for i := range f.periods {
		f.scratch = append(f.scratch, f.periods[i].award)
	}
	slices.SortFunc(f.scratch, compareAwards)
	p := newProfile(f.catalog, f.person, f.scratch, at)
	f.profiles = map[Instant]*Profile{at: p}
	return p
}

func (f *folder) live(a AchievementIndex, at Instant) *period {
	for i := range f.periods {
		if p := &f.periods[i]; p.achievement == a && p.issued <= at && at < p.until {
			return p
		}
	}
	return nil
}

func (f *folder) count(a AchievementIndex) int {
	n := 0
	for i := range f.periods {
		if f.periods[i].achievement == a {
			n++
		}
	}
	return n
}

// instants are those at which something can change by the recorded facts and
// the publications: facts begin and end, awards cease to be fresh, tenures are
// reached, versions take effect, graces end.
func (f *folder) instants() []Instant {
	q, w := f.person, &f.catalog.watchers
	var out []Instant
	enforced := slices.ContainsFunc(q.awards, func(a award) bool {
		return f.catalog.achievements[a.achievement].versions[a.version-1].Enforce
	})
	for i := range q.awards {
		// What touches no automatic achievement changes nothing, unless it may
		// let an award of an enforced version count.
		if enforced || w.achievements[q.awards[i].achievement] {
			out = append(out, q.awards[i].issued, q.awards[i].until)
			out = append(out, f.catalog.achievements[q.awards[i].achievement].heldFrom...)
			out = append(out, f.freshEnds(q.awards[i])...)
		}
	}
	for i := range q.claims {
		if enforced || w.competencies[q.claims[i].competency] {
			out = append(out, q.claims[i].at)
		}
	}
	for i := range q.assignments {
		out = append(out, q.assignments[i].from)
	}
	for _, a := range f.autos {
		out = append(out, f.catalog.achievements[a].heldFrom...)
		for _, v := range f.catalog.achievements[a].order {
			out = append(out, v.EffectiveFrom)
			if v.OnChange == Grace {
				out = append(out, v.GraceUntil)
			}
			for _, r := range v.Routes {
				for _, n := range r.Requires.nodes() {
					if n.Op == OpTenure {
						out = append(out, tenureReached(q.assignments, n.Roles, n.Months, f.catalog.zone)...)
					}
				}
			}
		}
	}
	// An award of an enforced version may come to count when its route changes.
	for i := range q.awards {
		if vs := f.catalog.achievements[q.awards[i].achievement].versions; vs[q.awards[i].version-1].Enforce {
			for _, r := range vs[q.awards[i].version-1].Routes {
				for _, n := range r.Requires.nodes() {
					if n.Op == OpTenure {
						out = append(out, tenureReached(q.assignments, n.Roles, n.Months, f.catalog.zone)...)
					}
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// freshEnds are the instants just after which an award is too old for a leaf
// of a candidate: only then can a rule that follows its parts end.
func (f *folder) freshEnds(a award) []Instant {
	var out []Instant
	for _, auto := range f.autos {
		for _, v := range f.catalog.achievements[auto].order {
			if !v.FollowsParts {
				continue
			}
			for _, r := range v.Routes {
				for _, n := range r.Requires.nodes() {
					if n.Op == OpHolds && n.FreshWithinMonths > 0 && slices.Contains(f.catalog.HeldAs(a.achievement), n.Achievement) {
						out = append(out, f.catalog.freshEnd(a.issued, n.FreshWithinMonths))
					}
				}
			}
		}
	}
	return out
}

// freshEnd is the first instant at which something issued at issued is no
// longer fresh within n months: months are clamped, so it is found from the
// instant that is n months on.
func (c *Catalog) freshEnd(issued Instant, n int) Instant {
	at := issued.AddMonths(n, c.zone)
	const day = Instant(24 * 60 * 60 * 1000)
	lo, hi := at-4*day, at+4*day // stale at hi, fresh at lo
	for lo+1 < hi {
		mid := lo + (hi-lo)/2
		if issued < mid.AddMonths(-n, c.zone) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

func (t *Tree) nodes() []TreeNode {
	if t == nil {
		return nil
	}
	return t.Nodes
}

// watchers say which automatic achievements may be touched by what a person has.
type watchers struct {
	byAchievement map[AchievementIndex][]AchievementIndex
	byCompetency  map[CompetencyIndex][]AchievementIndex
	byRole        map[RoleIndex][]AchievementIndex
	always        []AchievementIndex // rules that hold of nothing
	achievements  []bool             // by index: an award of it may touch one
	competencies  []bool             // by index: holding it may touch one
}

// watch inverts the rules of the automatic achievements.
func (c *Catalog) watch() watchers {
	w := watchers{
		byAchievement: make(map[AchievementIndex][]AchievementIndex),
		byCompetency:  make(map[CompetencyIndex][]AchievementIndex),
		byRole:        make(map[RoleIndex][]AchievementIndex),
	}
	for _, a := range c.automatic {
		for _, v := range c.achievements[a].order {
			for i := range v.Routes {
				if !v.Routes[i].Fires() {
					continue
				}
				if v.Routes[i].Requires == nil {
					w.always = append(w.always, a)
				}
				for _, n := range v.Routes[i].Requires.nodes() {
					switch n.Op {
					case OpHolds:
						w.byAchievement[n.Achievement] = append(w.byAchievement[n.Achievement], a)
					case OpLevel:
						w.byCompetency[n.Competency] = append(w.byCompetency[n.Competency], a)
					case OpTenure:
						for _, r := range n.Roles {
							w.byRole[r] = append(w.byRole[r], a)
						}
					}
				}
			}
		}
	}
	w.competencies = make([]bool, len(c.competencies))
	for x := range w.byCompetency {
		if x != None {
			c.spread(w.competencies, x)
		}
	}
	w.achievements = make([]bool, len(c.achievements))
	for i := range c.achievements {
		for _, h := range c.achievements[i].heldAs {
			w.achievements[i] = w.achievements[i] || len(w.byAchievement[h]) > 0
		}
		for _, v := range c.achievements[i].versions {
			for _, at := range v.Attests {
				w.achievements[i] = w.achievements[i] || w.competencies[at.Competency]
			}
		}
	}
	return w
}

// spread marks x and everything that implies it.
func (c *Catalog) spread(mark []bool, x CompetencyIndex) {
	if mark[x] {
		return
	}
	mark[x] = true
	for _, im := range c.competencies[x].impliedBy {
		c.spread(mark, im.From)
	}
}

// touches reports whether anything that q has touches an automatic achievement.
func (w *watchers) touches(q *person) bool {
	for i := range q.awards {
		if w.achievements[q.awards[i].achievement] {
			return true
		}
	}
	for i := range q.claims {
		if w.competencies[q.claims[i].competency] {
			return true
		}
	}
	for i := range q.assignments {
		if len(w.byRole[q.assignments[i].role]) > 0 {
			return true
		}
	}
	return len(w.always) > 0
}

// candidates are the automatic achievements of which some leaf is touched by
// what q has, or by what those would attest, by ID.
func (c *Catalog) candidates(q *person) []AchievementIndex {
	if len(c.automatic) == 0 || !c.watchers.touches(q) {
		return nil
	}
	out := slices.Clone(c.watchers.always)
	seenCompetency := make(map[CompetencyIndex]bool)
	var queue []AchievementIndex
	add := func(as []AchievementIndex) {
		for _, a := range as {
			if !slices.Contains(out, a) {
				out = append(out, a)
				queue = append(queue, a)
			}
		}
	}
	var competency func(x CompetencyIndex)
	competency = func(x CompetencyIndex) {
		if seenCompetency[x] {
			return
		}
		seenCompetency[x] = true
		add(c.watchers.byCompetency[x])
		for _, im := range c.competencies[x].implies {
			competency(im.To)
		}
	}
	achievement := func(a AchievementIndex) {
		for _, h := range c.HeldAs(a) {
			add(c.watchers.byAchievement[h])
		}
		for _, v := range c.achievements[a].versions {
			for _, at := range v.Attests {
				competency(at.Competency)
			}
		}
	}
	queue = append(queue, out...)
	for i := range q.awards {
		if i == 0 || q.awards[i].achievement != q.awards[i-1].achievement {
			achievement(q.awards[i].achievement)
		}
	}
	for i := range q.claims {
		competency(q.claims[i].competency)
	}
	for i := range q.assignments {
		add(c.watchers.byRole[q.assignments[i].role])
	}
	for ; len(queue) > 0; queue = queue[1:] {
		achievement(queue[0])
	}
	slices.SortFunc(out, func(a, b AchievementIndex) int { return cmp.Compare(c.AchievementID(a), c.AchievementID(b)) })
	return slices.Compact(out)
}
