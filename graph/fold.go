package graph

import (
	"slices"
	"strings"
)

// The fold derives a person's automatic awards from the recorded facts: a pure
// function of the facts, the catalog and nothing else, so that late facts and
// edits end in the same awards whatever the order of arrival.
//
// It walks the instants at which something can change, in order, and at each
// lets every automatic achievement end or begin a period until nothing more
// happens (a least fixpoint, so circular rules support nothing). A second or
// later period of an achievement must be met without any award that derives
// from an earlier one, and a period lasts only while something else supports
// it: both are tested against the fold in which the achievement was never
// derived. Of that, only the achievements that can support it are folded, so
// without circles there is one such fold for each achievement.

// period is one period of a derived award while it is being folded.
type period struct {
	award
	ended bool
	grace Instant // the first end of its graces that are not settled; zero for none
}

// folder is a fold that has come as far as at.
type folder struct {
	*folding
	autos   []AchievementIndex // what is derived in this fold, by ID
	queue   []Instant          // sorted, all later than at
	at      Instant
	periods []period
	counts  []Instant // see counting; nil when no award of the person is enforced
	open    []int     // the periods that end after at
	begun   map[AchievementIndex]int
	without map[AchievementIndex]*unaided
	last    *Profile // what is held at an instant, until a period begins or ends
}

// folding is what the folds of one person share.
type folding struct {
	catalog  *Catalog
	person   *person
	autos    []AchievementIndex // candidates, by ID
	instants []Instant
	enforced bool                                           // an award of the person counts only when its prerequisite holds
	touches  map[AchievementIndex]map[AchievementIndex]bool // see touchedBy
	folders  map[string]*folder                             // by the IDs of their autos
}

// unaided is the fold in which one achievement was never derived, as far as it matters to it.
type unaided struct {
	*folder
	circular bool // an award of the achievement can support another one of it
}

// conclusion is what a fold ends in.
type conclusion struct {
	derived []award   // by issue instant, then id
	counts  []Instant // see counting
	// next is the earliest instant after the horizon at which, with no further
	// fact, a derived award would begin or end otherwise than its own end says, or
	// an enforced one come to count; [Forever] for never.
	next Instant
}

// fold is the derived awards of q that begin by the horizon, and from when on
// those count whose prerequisite is enforced.
func fold(c *Catalog, q *person, horizon Instant) conclusion {
	autos := c.candidates(q)
	if len(autos) == 0 && !c.enforces(q) {
		return conclusion{next: Forever}
	}
	f := newFolding(c, q, autos).folder(autos)
	out := conclusion{next: f.run(horizon), counts: f.counts, derived: make([]award, 0, len(f.periods))}
	for i := range f.periods {
		out.derived = append(out.derived, f.periods[i].award)
	}
	slices.SortFunc(out.derived, compareAwards)
	return out
}

// enforces reports whether an award of q counts only from when its prerequisite held.
func (c *Catalog) enforces(q *person) bool {
	return c.enforcing && slices.ContainsFunc(q.awards, func(a award) bool { return c.version(&a).Enforce })
}

func newFolding(c *Catalog, q *person, autos []AchievementIndex) *folding {
	g := &folding{
		catalog: c, person: q, autos: autos, enforced: c.enforces(q),
		touches: make(map[AchievementIndex]map[AchievementIndex]bool), folders: make(map[string]*folder),
	}
	g.instants = g.changes()
	return g
}

// counting is, for each recorded award of the person, the instant from which it
// counts as far as its prerequisite is concerned: beforeAll, or for an enforced
// one the first at which the requirement of a route held since it was issued. A
// prerequisite that lapses later takes nothing away.
func (g *folding) counting() []Instant {
	if !g.enforced {
		return nil
	}
	out := make([]Instant, len(g.person.awards))
	for i := range out {
		if out[i] = beforeAll; g.catalog.version(&g.person.awards[i]).Enforce {
			out[i] = Forever
		}
	}
	return out
}

// touchedBy are the automatic achievements that an award of a may touch, also
// by letting recorded awards count whose prerequisite is enforced.
func (g *folding) touchedBy(a AchievementIndex) map[AchievementIndex]bool {
	if to, known := g.touches[a]; known {
		return to
	}
	to := make(map[AchievementIndex]bool)
	proven := make(map[CompetencyIndex]bool)
	granted := []AchievementIndex{a}
	for i := 0; i < len(granted); i++ {
		held := g.catalog.HeldAs(granted[i])
		g.catalog.touched(granted[i], proven, func(b AchievementIndex) { to[b] = true })
		for j := range g.person.awards {
			v := g.catalog.version(&g.person.awards[j])
			if v.Enforce && !slices.Contains(granted, v.Index) && slices.ContainsFunc(v.Routes, func(r CompiledRoute) bool {
				return slices.ContainsFunc(r.Requires.nodes(), func(n TreeNode) bool {
					return n.Op == OpHolds && slices.Contains(held, n.Achievement) || n.Op == OpLevel && proven[n.Competency]
				})
			}) {
				granted = append(granted, v.Index)
			}
		}
	}
	g.touches[a] = to
	return to
}

// folder is the fold in which only autos are derived, as far as it has come.
func (g *folding) folder(autos []AchievementIndex) *folder {
	var key strings.Builder
	for _, a := range autos {
		key.WriteString(string(g.catalog.AchievementID(a)))
		key.WriteByte(' ') // which no ID holds
	}
	f := g.folders[key.String()]
	if f == nil {
		f = &folder{
			folding: g, autos: autos, queue: g.instants, at: beforeAll, counts: g.counting(),
			begun: make(map[AchievementIndex]int), without: make(map[AchievementIndex]*unaided),
		}
		g.folders[key.String()] = f
	}
	return f
}

// run folds on through the horizon and returns the first instant beyond it.
func (f *folder) run(horizon Instant) Instant {
	for {
		next := Forever
		if len(f.queue) > 0 {
			next = f.queue[0]
		}
		for _, i := range f.open {
			next = min(next, f.periods[i].until)
		}
		if next > horizon || next == Forever {
			return next
		}
		for len(f.queue) > 0 && f.queue[0] <= next {
			f.queue = f.queue[1:]
		}
		f.step(next)
	}
}

// step settles one instant.
func (f *folder) step(at Instant) {
	f.at, f.last = at, nil
	f.settle(at)
	f.open = slices.DeleteFunc(f.open, func(i int) bool { return f.periods[i].until <= at })
	for again := true; again; {
		again = false
		for _, a := range f.autos {
			v := f.catalog.InForce(a, at)
			if v == nil || f.live(a) {
				continue
			}
			until := v.validUntil(at, f.catalog.zone)
			if until <= at || !f.meets(v, at) { // what lapses at once never was
				continue
			}
			if f.begun[a] > 0 && f.unaided(a).circular && !f.meetsUnaided(v, at) {
				continue
			}
			f.begin(award{
				id: DerivedID(f.person.id, f.catalog.AchievementID(a), f.begun[a]+1), issued: at, until: until,
				achievement: a, issuer: v.Issuer, version: uint16(v.Version), source: FromStack, rigor: v.PlannedRigor(),
			})
			again = true
		}
	}
	if f.counts == nil {
		return
	}
	p, i := f.profile(at), 0 // of the recorded awards
	for j := range p.evidence {
		if e := &p.evidence[j]; e.Version != nil && !e.Derived {
			if e.Counts {
				f.counts[i] = min(f.counts[i], at)
			}
			i++
		}
	}
}

func (f *folder) begin(a award) {
	f.open = append(f.open, len(f.periods))
	f.periods = append(f.periods, period{award: a})
	f.begun[a.achievement]++
	f.last = nil
	for _, at := range f.freshEnds(a) {
		if i, found := slices.BinarySearch(f.queue, at); !found && at > f.at {
			f.queue = slices.Insert(slices.Clip(f.queue), i, at)
		}
	}
}

// settle ends the periods that a change of version, the end of a grace or a
// lapsed part ends at an instant.
func (f *folder) settle(at Instant) {
	for again := true; again; {
		again = false
		for _, i := range f.open {
			p := &f.periods[i]
			if !p.ended && at < p.until && f.ends(p, at) {
				p.until, p.ended, f.last, again = at, true, nil, true
			}
		}
	}
}

// ends reports whether p, which is live, ends at an instant, and notes a grace
// that begins or is settled.
func (f *folder) ends(p *period, at Instant) bool {
	v := f.catalog.Current(p.achievement, at)
	if v != nil && v.EffectiveFrom == at && v.Version != int(p.version) && v.Status == InForce {
		switch v.OnChange {
		case Reevaluate:
			if !f.meetsUnaided(v, at) {
				return true
			}
		case Grace:
			if p.grace == 0 || v.GraceUntil < p.grace {
				p.grace = v.GraceUntil
			}
		case Grandfather:
		}
	}
	switch { // the version in force settles every grace
	case p.grace == 0:
	case at >= p.grace:
		return true
	case v.Status == InForce && f.meetsUnaided(v, at):
		p.grace = 0
	}
	own := f.catalog.version(&p.award)
	return own.FollowsParts && at > p.issued && !f.meetsUnaided(own, at)
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

// meetsUnaided is meets in the fold that never derived v's achievement, so that
// no period of it rests on another, or on itself.
func (f *folder) meetsUnaided(v *Version, at Instant) bool {
	g := f.unaided(v.Index).folder
	g.run(at)
	return g.meets(v, at)
}

// unaided is the fold of those of f's achievements that can support a, directly
// or through each other, without a itself.
func (f *folder) unaided(a AchievementIndex) *unaided {
	if u := f.without[a]; u != nil {
		return u
	}
	to := map[AchievementIndex]bool{a: true}
	supports := func(x AchievementIndex) bool {
		for y := range to {
			if f.touchedBy(x)[y] {
				return true
			}
		}
		return false
	}
	for again := true; again; {
		again = false
		for _, x := range f.autos {
			if !to[x] && supports(x) {
				to[x], again = true, true
			}
		}
	}
	others := slices.DeleteFunc(slices.Clone(f.autos), func(x AchievementIndex) bool { return x == a || !to[x] })
	u := &unaided{f.folder(others), supports(a)}
	f.without[a] = u
	return u
}

// profile is what is held at an instant that the fold has come to.
func (f *folder) profile(at Instant) *Profile {
	if f.last != nil && f.last.At == at {
		return f.last
	}
	var derived []award
	if at == f.at {
		for _, i := range f.open {
			derived = append(derived, f.periods[i].award)
		}
	} else { // another fold has driven this one further
		for i := range f.periods {
			derived = append(derived, f.periods[i].award)
		}
	}
	slices.SortFunc(derived, compareAwards)
	f.last = newProfile(f.catalog, f.person, conclusion{derived: derived, counts: f.counts}, at)
	return f.last
}

// live reports whether a period of a runs on.
func (f *folder) live(a AchievementIndex) bool {
	return slices.ContainsFunc(f.open, func(i int) bool { return f.periods[i].achievement == a })
}
