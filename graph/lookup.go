package graph

import (
	"slices"
	"time"
)

// Settings are the organization's.
func (c *Catalog) Settings() Settings { return c.reg.settings }

// Changed is the revision that last changed any entry.
func (c *Catalog) Changed() Revision { return c.reg.changed }

// Zone is the time zone in which dates alone and calendar months are meant.
func (c *Catalog) Zone() *time.Location { return c.zone }

// Competency finds a competency by its ID.
func (c *Catalog) Competency(id ID) (CompetencyIndex, bool) {
	i, ok := c.reg.competencies.find(id)
	return CompetencyIndex(i), ok
}

// Achievement finds an achievement by its ID.
func (c *Catalog) Achievement(id ID) (AchievementIndex, bool) {
	i, ok := c.reg.achievements.find(id)
	return AchievementIndex(i), ok
}

// Role finds a role by its ID.
func (c *Catalog) Role(id ID) (RoleIndex, bool) {
	i, ok := c.reg.roles.find(id)
	return RoleIndex(i), ok
}

// Issuer finds an issuer by its ID.
func (c *Catalog) Issuer(id ID) (IssuerIndex, bool) {
	i, ok := c.reg.issuers.find(id)
	return IssuerIndex(i), ok
}

// CompetencyEntry is the entry at i and the revision that last changed it. It is read-only.
func (c *Catalog) CompetencyEntry(i CompetencyIndex) (*Competency, Revision) {
	r := c.reg.competencies.rows[i]
	return r.value, r.changed
}

// Levels is the number of levels of the scale of the competency at i: 1 without a scale.
func (c *Catalog) Levels(i CompetencyIndex) Level { return c.competencies[i].levels }

// AchievementID is the ID of the achievement at i.
func (c *Catalog) AchievementID(i AchievementIndex) ID { return c.reg.achievements.rows[i].id }

// RoleID is the ID of the role at i.
func (c *Catalog) RoleID(i RoleIndex) ID { return c.reg.roles.rows[i].id }

// CompetencyID is the ID of the competency at i.
func (c *Catalog) CompetencyID(i CompetencyIndex) ID { return c.reg.competencies.rows[i].id }

// IssuerEntry is the issuer at i; nil for [None].
func (c *Catalog) IssuerEntry(i IssuerIndex) *Issuer {
	if i == None {
		return nil
	}
	return c.reg.issuers.rows[i].value
}

// Versions are all versions of the achievement at i, drafts included, by
// number, and the revision that last changed it.
func (c *Catalog) Versions(i AchievementIndex) ([]*Version, Revision) {
	return c.achievements[i].versions, c.reg.achievements.rows[i].changed
}

// RoleVersions are all versions of the role at i, drafts included, by number,
// and the revision that last changed it.
func (c *Catalog) RoleVersions(i RoleIndex) ([]*RoleVersion, Revision) {
	return c.roles[i].versions, c.reg.roles.rows[i].changed
}

// Current is the version of the achievement at i whose turn it is at an
// instant: the latest that is not a draft and has taken effect. It may be
// Retired. Before the first takes effect it is nil.
func (c *Catalog) Current(i AchievementIndex, at Instant) *Version {
	order := c.achievements[i].order
	for _, v := range slices.Backward(order) {
		if v.EffectiveFrom <= at {
			return v
		}
	}
	return nil
}

// InForce is [Catalog.Current], or nil when that version is retired.
func (c *Catalog) InForce(i AchievementIndex, at Instant) *Version {
	if v := c.Current(i, at); v != nil && v.Status == InForce {
		return v
	}
	return nil
}

// VersionFor is the version that an award issued at an instant is of when the
// row does not say: the one current then, otherwise the first that takes
// effect; nil when there are only drafts.
func (c *Catalog) VersionFor(i AchievementIndex, issued Instant) *Version {
	if v := c.Current(i, issued); v != nil {
		return v
	}
	if order := c.achievements[i].order; len(order) > 0 {
		return order[0]
	}
	return nil
}

// CurrentRole is the version of the role at i whose turn it is at an instant;
// it may be Retired; nil before the first takes effect.
func (c *Catalog) CurrentRole(i RoleIndex, at Instant) *RoleVersion {
	order := c.roles[i].order
	for _, v := range slices.Backward(order) {
		if v.EffectiveFrom <= at {
			return v
		}
	}
	return nil
}

// Implies are the declared implications from the competency at i.
func (c *Catalog) Implies(i CompetencyIndex) []Implied { return c.competencies[i].implies }

// ImpliedBy are the declared implications to the competency at i.
func (c *Catalog) ImpliedBy(i CompetencyIndex) []ImpliedBy { return c.competencies[i].impliedBy }

// Providers are the versions, of any status, that attest the competency at i.
func (c *Catalog) Providers(i CompetencyIndex) []Provider { return c.competencies[i].providers }

// HeldAs is what a holder of the achievement at i holds in the end: itself, then
// those that replace it.
func (c *Catalog) HeldAs(i AchievementIndex) []AchievementIndex { return c.achievements[i].heldAs }

// HeldAsAt is [Catalog.HeldAs] at an instant: itself, then those that have
// replaced it by then.
func (c *Catalog) HeldAsAt(i AchievementIndex, at Instant) []AchievementIndex {
	ca := &c.achievements[i]
	n := len(ca.heldAs)
	for ca.heldFrom[n-1] > at { // the first is of all time
		n--
	}
	return ca.heldAs[:n]
}

// Scale finds a scale.
func (c *Catalog) Scale(id ID) (*Scale, bool) { return c.reg.scales.get(id) }

// Framework finds a framework.
func (c *Catalog) Framework(id ID) (*Framework, bool) { return c.reg.frameworks.get(id) }

// Ladder finds a ladder and the revision that last changed it.
func (c *Catalog) Ladder(id ID) (*Ladder, Revision, bool) {
	i, ok := c.reg.ladders.find(id)
	if !ok {
		return nil, 0, false
	}
	return c.reg.ladders.rows[i].value, c.reg.ladders.rows[i].changed, true
}

// Counts are the numbers of entries.
func (c *Catalog) Counts() (competencies, achievements, roles, ladders int) {
	return len(c.competencies), len(c.achievements), len(c.roles), len(c.reg.ladders.rows)
}

// IDs are the IDs of all entries of a kind, sorted. It costs a sort; pages of a
// list keep the answer of their snapshot.
func (c *Catalog) IDs(k Kind) []ID {
	var out []ID
	switch k {
	case KindCompetency:
		out = c.reg.competencies.ids()
	case KindAchievement:
		out = c.reg.achievements.ids()
	case KindRole:
		out = c.reg.roles.ids()
	case KindIssuer:
		out = c.reg.issuers.ids()
	case KindFramework:
		out = c.reg.frameworks.ids()
	case KindScale:
		out = c.reg.scales.ids()
	case KindLadder:
		out = c.reg.ladders.ids()
	default:
	}
	slices.Sort(out)
	return out
}

func (t *table[T]) ids() []ID {
	out := make([]ID, len(t.rows))
	for i, r := range t.rows {
		out[i] = r.id
	}
	return out
}

// Entries is the whole catalog as a batch: settings, every entry, and every
// version in the order of publication, entries sorted by ID.
func (c *Catalog) Entries() Batch {
	r := c.reg
	s := r.settings
	b := Batch{Settings: &s, Conversions: slices.Clone(r.conversions)}
	for _, id := range c.IDs(KindScale) {
		v, _ := r.scales.get(id)
		b.Scales = append(b.Scales, *v)
	}
	for _, id := range c.IDs(KindFramework) {
		v, _ := r.frameworks.get(id)
		b.Frameworks = append(b.Frameworks, *v)
	}
	for _, id := range c.IDs(KindIssuer) {
		v, _ := r.issuers.get(id)
		b.Issuers = append(b.Issuers, *v)
	}
	for _, id := range c.IDs(KindCompetency) {
		v, _ := r.competencies.get(id)
		b.Competencies = append(b.Competencies, *v)
	}
	for _, id := range c.IDs(KindAchievement) {
		versions, _ := r.achievements.get(id)
		for _, v := range versions {
			b.Achievements = append(b.Achievements, *v)
		}
	}
	for _, id := range c.IDs(KindRole) {
		versions, _ := r.roles.get(id)
		for _, v := range versions {
			b.Roles = append(b.Roles, *v)
		}
	}
	for _, id := range c.IDs(KindLadder) {
		v, _ := r.ladders.get(id)
		b.Ladders = append(b.Ladders, *v)
	}
	return b
}
