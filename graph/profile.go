package graph

import (
	"bytes"
	"cmp"
	"slices"
)

// Levels is what is held of one competency: Levels[r-1] is the highest level
// proven at rigor r or stricter, so it never rises with the index.
type Levels [Rigors]Level

// At is the level held at a floor.
func (l Levels) At(floor Rigor) Level {
	if floor == RigorUnspecified {
		floor = Declared
	}
	return l[floor-1]
}

// Evidence is one award or claim of a profile.
type Evidence struct {
	Fact        FactID
	Derived     bool
	Version     *Version        // of an award; nil for a claim
	Competency  CompetencyIndex // of a claim; [None] for an award
	By          ID              // of a claim: its source
	Level       Level           // of a claim
	Issuer      IssuerIndex     // of an award
	Source      AwardSource     // of an award
	Rigor       Rigor
	IssuedAt    Instant
	ValidUntil  Instant // Forever: never lapses
	Valid       bool    // issued and not lapsed at the profile's instant
	Counts      bool    // valid, and a prerequisite that its version enforces held since it was issued
	PrereqUnmet bool    // see PrerequisiteUnmet; set by MarkPrerequisites
}

// Profile is what one person holds at an instant. It is immutable; hypothetical
// ones come from [Suppose] and [Profile.With].
type Profile struct {
	Catalog *Catalog
	Person  ID // empty for a supposed person
	At      Instant

	evidence []Evidence
	held     []heldItem // by achievement, then by issue instant, latest first
	levels   map[CompetencyIndex]proven
	tenure   []assignment
	facts    *person // recorded
}

// heldItem says that evidence stands for an achievement: its own, or one that replaced it.
type heldItem struct {
	achievement AchievementIndex
	evidence    int32
}

// proven is the levels held of a competency and the evidence for each floor.
type proven struct {
	levels Levels
	by     [Rigors]int32
}

// Evidence are all awards and then all claims of the person issued by the
// profile's instant, also those that do not count, by issue instant then id.
func (p *Profile) Evidence() []Evidence { return p.evidence }

// Levels are the levels held of a competency, after all implications.
func (p *Profile) Levels(c CompetencyIndex) Levels { return p.levels[c].levels }

// Competencies are the competencies held at any level and rigor, by ID.
func (p *Profile) Competencies() []CompetencyIndex {
	out := make([]CompetencyIndex, 0, len(p.levels))
	for c := range p.levels {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b CompetencyIndex) int {
		return cmp.Compare(p.Catalog.CompetencyID(a), p.Catalog.CompetencyID(b))
	})
	return out
}

// LevelEvidence is the evidence behind Levels(c).At(floor); nil if the level is 0.
func (p *Profile) LevelEvidence(c CompetencyIndex, floor Rigor) *Evidence {
	pr, ok := p.levels[c]
	if !ok || pr.levels.At(floor) == 0 {
		return nil
	}
	return &p.evidence[pr.by[max(floor, Declared)-1]]
}

// Awards are the indices into Evidence of the awards that stand for an
// achievement, the latest issued first.
func (p *Profile) Awards(a AchievementIndex) []int32 {
	var out []int32
	for _, h := range p.awards(a) {
		out = append(out, h.evidence)
	}
	return out
}

// awards is the part of p.held that is of an achievement.
func (p *Profile) awards(a AchievementIndex) []heldItem {
	i, _ := slices.BinarySearchFunc(p.held, a, func(h heldItem, a AchievementIndex) int { return cmp.Compare(h.achievement, a) })
	end := i
	for end < len(p.held) && p.held[end].achievement == a {
		end++
	}
	return p.held[i:end]
}

// Holds reports whether an award that counts stands for the achievement.
func (p *Profile) Holds(a AchievementIndex) bool {
	return slices.ContainsFunc(p.awards(a), func(h heldItem) bool { return p.evidence[h.evidence].Counts })
}

// newProfile compiles the facts of q at an instant, with what a fold says in the
// place of q's own derived awards.
func newProfile(c *Catalog, q *person, by conclusion, at Instant) *Profile {
	p := &Profile{Catalog: c, Person: q.id, At: at, tenure: q.assignments, facts: q}
	p.evidence = make([]Evidence, 0, len(q.awards)+len(by.derived)+len(q.claims))
	add := func(awards []award, counts []Instant, isDerived bool) {
		for i := range awards {
			if awards[i].issued > at {
				break
			}
			a := c.filled(awards[i])
			valid := at < a.until
			if isDerived && valid { // a fold may have seen what ends it later
				a.until = c.version(&a).validUntil(a.issued, c.zone)
			}
			p.evidence = append(p.evidence, Evidence{
				Fact: a.id, Derived: isDerived, Version: c.version(&a),
				Competency: None, Issuer: a.issuer, Source: a.source, Rigor: a.rigor,
				IssuedAt: a.issued, ValidUntil: a.until, Valid: valid, Counts: valid && (counts == nil || counts[i] <= at),
			})
		}
	}
	add(q.awards, by.counts, false)
	add(by.derived, nil, true)
	if len(by.derived) > 0 {
		slices.SortFunc(p.evidence, func(a, b Evidence) int {
			return cmp.Or(cmp.Compare(a.IssuedAt, b.IssuedAt), bytes.Compare(a.Fact[:], b.Fact[:]))
		})
	}
	awards := len(p.evidence)
	p.addClaims(q.claims)
	p.finish(awards)
	return p
}

// addClaims adds the claims made by the profile's instant; of one source and
// competency only the latest counts.
func (p *Profile) addClaims(claims []claim) {
	for i := range claims {
		cl := &claims[i]
		if cl.at > p.At {
			break
		}
		latest := latestClaim(claims, i, p.At)
		p.evidence = append(p.evidence, Evidence{
			Fact: cl.id, Competency: cl.competency, By: cl.by, Level: cl.level, Rigor: cl.rigor,
			IssuedAt: cl.at, ValidUntil: Forever, Valid: latest, Counts: latest && cl.level > 0,
		})
	}
}

// finish indexes the evidence and derives what it proves. The first awards
// entries of the evidence are awards.
func (p *Profile) finish(awards int) {
	p.held = make([]heldItem, 0, awards)
	for i := range p.evidence[:awards] {
		for _, a := range p.Catalog.HeldAsAt(p.evidence[i].Version.Index, p.At) {
			p.held = append(p.held, heldItem{a, int32(i)})
		}
	}
	slices.SortFunc(p.held, func(a, b heldItem) int {
		return cmp.Or(cmp.Compare(a.achievement, b.achievement), cmp.Compare(b.evidence, a.evidence))
	})
	p.levels = make(map[CompetencyIndex]proven, len(p.evidence))
	enforced := false
	for i := range p.evidence {
		e := &p.evidence[i]
		enforced = enforced || i < awards && e.Valid && !e.Counts
		p.prove(int32(i))
	}
	// Enforced prerequisites are a least fixpoint: an award comes to count when
	// what already counts meets a route of it.
	for again := enforced; again; {
		again = false
		for i := range p.evidence[:awards] {
			if e := &p.evidence[i]; e.Valid && !e.Counts && p.prerequisiteHolds(e.Version) {
				e.Counts, again = true, true
				p.prove(int32(i))
			}
		}
	}
}

// MarkPrerequisites sets PrereqUnmet on the awards of the profile; it is not
// part of making a profile because only answers that show awards need it.
func (p *Profile) MarkPrerequisites() {
	for i := range p.evidence {
		p.evidence[i].PrereqUnmet = p.PrerequisiteUnmet(int32(i))
	}
}

// PrerequisiteUnmet reports whether the i-th evidence is a recorded award of a
// version of which no route's requirement held when it was issued, nor holds, by
// all facts but that award; of one that is enforced, whether it does not count
// for that reason. It is for answers that show a few awards; see
// [Profile.MarkPrerequisites]. Cost: two folds of the person's facts, if every
// route of the version requires something.
func (p *Profile) PrerequisiteUnmet(i int32) bool {
	e := &p.evidence[i]
	switch {
	case e.Version == nil || e.Derived || !e.Version.gated():
		return false
	case e.Version.Enforce && e.Valid:
		return !e.Counts
	}
	return !p.facts.qualified(p.Catalog, e.Fact, e.Version, e.IssuedAt) && !p.facts.qualified(p.Catalog, e.Fact, e.Version, p.At)
}

// qualified reports whether the prerequisite of v holds at an instant by all
// facts of q but one award.
func (q *person) qualified(c *Catalog, without FactID, v *Version, at Instant) bool {
	others := &person{
		id: q.id, claims: q.claims, assignments: q.assignments,
		awards: slices.DeleteFunc(slices.Clone(q.awards), func(w award) bool { return w.id == without }),
	}
	return newProfile(c, others, fold(c, others, at), at).prerequisiteHolds(v)
}

// gated reports whether every route of v requires something.
func (v *Version) gated() bool {
	for i := range v.Routes {
		if v.Routes[i].Requires == nil {
			return false
		}
	}
	return len(v.Routes) > 0
}

// prerequisiteHolds reports whether v has no route, or one whose requirement holds.
func (p *Profile) prerequisiteHolds(v *Version) bool {
	for i := range v.Routes {
		if p.Met(v.Routes[i].Requires) {
			return true
		}
	}
	return len(v.Routes) == 0
}

// prove raises the levels that evidence i proves, if it counts.
func (p *Profile) prove(i int32) {
	e := &p.evidence[i]
	switch {
	case !e.Counts:
	case e.Version == nil:
		p.raise(e.Competency, e.Level, e.Rigor, i)
	default:
		for _, at := range e.Version.Attests {
			p.raise(at.Competency, at.Level, e.Rigor, i)
		}
	}
}

func (p *Profile) raise(c CompetencyIndex, l Level, rigor Rigor, by int32) {
	l = min(l, p.Catalog.Levels(c))
	pr := p.levels[c]
	raised := false
	for r := range int(rigor) {
		if pr.levels[r] < l {
			pr.levels[r], pr.by[r], raised = l, by, true
		}
	}
	if !raised {
		return
	}
	p.levels[c] = pr
	for _, im := range p.Catalog.competencies[c].implies {
		if l >= im.Level {
			p.raise(im.To, im.ToLevel, rigor, by)
		}
	}
}

// Suppose is the profile of nobody in particular who was given these awards,
// claims and assignments, with the automatic awards that follow from them.
// Entries that the catalog does not know are left out. Zero fields are filled as
// [Live.Commit] fills them.
func Suppose(c *Catalog, at Instant, awards []Award, claims []Claim, assignments ...Assignment) *Profile {
	q := &person{}
	for _, a := range awards {
		if packed, err := c.packAward(&a); err == nil {
			q.awards = append(q.awards, packed)
		}
	}
	for _, cl := range claims {
		if packed, err := c.packClaim(&cl); err == nil {
			q.claims = append(q.claims, packed)
		}
	}
	for _, a := range assignments {
		if packed, err := c.packAssignment(&a); err == nil {
			q.assignments = append(q.assignments, packed)
		}
	}
	q.sort()
	return newProfile(c, q, fold(c, q, at), at)
}

// With is p with a new award, just issued, of each of the versions, and without
// the automatic awards that would follow.
func (p *Profile) With(versions ...*Version) *Profile {
	q := &Profile{Catalog: p.Catalog, Person: p.Person, At: p.At, tenure: p.tenure, facts: p.facts}
	var claims []Evidence
	for _, e := range p.evidence {
		if e.Version == nil {
			claims = append(claims, e)
		} else {
			q.evidence = append(q.evidence, e)
		}
	}
	for _, v := range versions {
		q.evidence = append(q.evidence, Evidence{
			Version: v, Competency: None, Issuer: v.Issuer, Source: FromAssessment, Rigor: v.PlannedRigor(),
			IssuedAt: p.At, ValidUntil: Forever, Valid: true, Counts: !v.Enforce,
		})
	}
	awards := len(q.evidence)
	q.evidence = append(q.evidence, claims...)
	q.finish(awards)
	return q
}

// PlannedRigor is the rigor that an award of v has when nothing else is said:
// the version's, or Assessed.
func (v *Version) PlannedRigor() Rigor {
	if v.Rigor == RigorUnspecified {
		return Assessed
	}
	return v.Rigor
}
