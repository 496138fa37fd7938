package graph

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"time"
)

// Dense indices of entries in a [Catalog]. An entry keeps its index in every
// later catalog of the same store. They never leave the process: answers name
// entries by ID and are ordered by ID.
type (
	// CompetencyIndex is the dense index of a competency.
	CompetencyIndex uint32
	// AchievementIndex is the dense index of an achievement.
	AchievementIndex uint32
	// RoleIndex is the dense index of a role.
	RoleIndex uint32
	// IssuerIndex is the dense index of an issuer.
	IssuerIndex uint32
)

// None is the index of an ID that the catalog does not know. A leaf that names
// it is an atom without a provider: nothing meets it.
const None = math.MaxUint32

// Catalog is the compiled entries at one revision: dense indices, rule trees,
// implications and providers. It is immutable and safe for concurrent use.
type Catalog struct {
	reg          *registry
	zone         *time.Location
	competencies []compiledCompetency
	achievements []compiledAchievement
	roles        []compiledRole
	family       map[ID][]RoleIndex
	automatic    []AchievementIndex // achievements with a version that fires by itself
	enforcing    bool               // a version enforces its prerequisite
	watchers     watchers
	search       searchIndex
}

type compiledCompetency struct {
	levels    Level
	implies   []Implied
	impliedBy []ImpliedBy
	providers []Provider
}

type compiledAchievement struct {
	versions []*Version         // by number
	order    []*Version         // not drafts, by EffectiveFrom, then number
	heldAs   []AchievementIndex // what a holder holds: itself, then its replacements
	heldFrom []Instant          // since when, for each of heldAs
}

type compiledRole struct {
	versions []*RoleVersion
	order    []*RoleVersion
	countsAs []RoleIndex // the role and those that it replaced
}

// Implied is an edge of the implication closure: Level of the competency it
// belongs to proves ToLevel of To.
type Implied struct {
	Level   Level
	To      CompetencyIndex
	ToLevel Level
}

// ImpliedBy is an implication seen from its right side: FromLevel of From
// proves Level of the competency it belongs to.
type ImpliedBy struct {
	From      CompetencyIndex
	FromLevel Level
	Level     Level
}

// Provider says that Version attests the competency it belongs to at Level.
type Provider struct {
	Version *Version
	Level   Level
}

// Attested is a compiled attestation.
type Attested struct {
	Competency CompetencyIndex
	Level      Level
}

// Version is one compiled version of an achievement. It is read-only.
type Version struct {
	*Achievement
	Index   AchievementIndex
	Issuer  IssuerIndex // shadows the ID; None if unknown
	Attests []Attested  // shadows the IDs; unknown competencies are left out
	Routes  []CompiledRoute
}

// CompiledRoute is a route with its rule tree and its price in the catalog's currency.
type CompiledRoute struct {
	*Route
	Requires   *Tree // nil holds
	PriceMinor int64 // minor units of the catalog's currency
	PriceKnown bool  // false: no rate for the route's currency is declared, or the price is beyond an int64
}

// RoleVersion is one compiled version of a role. It is read-only.
type RoleVersion struct {
	*Role
	Index     RoleIndex
	Essential *Tree // nil holds
	Optional  []CompiledOptional
}

// CompiledOptional is a weighted optional requirement of a role.
type CompiledOptional struct {
	Tree   *Tree
	Weight int64
}

// newCatalog compiles r. Cost: linear in its entries and rules; the entries are
// shared, not copied.
func newCatalog(r *registry) *Catalog {
	c := &Catalog{
		reg: r, zone: time.UTC, family: make(map[ID][]RoleIndex),
		competencies: make([]compiledCompetency, len(r.competencies.rows)),
		achievements: make([]compiledAchievement, len(r.achievements.rows)),
		roles:        make([]compiledRole, len(r.roles.rows)),
	}
	if z, err := time.LoadLocation(r.settings.Zone); err == nil {
		c.zone = z
	}
	c.compileCompetencies()
	c.compileRoleNames()
	cat := c.categories()
	c.compileAchievements(cat)
	c.compileRoles(cat)
	c.watchers = c.watch()
	return c
}

func (c *Catalog) compileCompetencies() {
	r := c.reg
	for i, row := range r.competencies.rows {
		c.competencies[i].levels = 1
		if s, ok := r.scales.get(row.value.Scale); ok {
			c.competencies[i].levels = Level(min(len(s.Levels), MaxLevels))
		}
	}
	for i, row := range r.competencies.rows {
		for _, im := range row.value.Implies {
			if to, ok := r.competencies.find(im.Competency); ok {
				c.imply(CompetencyIndex(i), im.Level, CompetencyIndex(to), im.ToLevel)
			}
		}
		if to, ok := r.competencies.find(row.value.ReplacedBy); ok {
			c.implyEach(CompetencyIndex(i), CompetencyIndex(to))
		}
		if !r.settings.ExactMatchImplies {
			continue
		}
		for _, al := range row.value.Alignments {
			if to, ok := r.competencies.find(al.Target); ok && al.Type == ExactMatch && int(to) != i {
				c.implyEach(CompetencyIndex(i), CompetencyIndex(to))
				c.implyEach(CompetencyIndex(to), CompetencyIndex(i))
			}
		}
	}
}

func (c *Catalog) imply(from CompetencyIndex, level Level, to CompetencyIndex, toLevel Level) {
	c.competencies[from].implies = append(c.competencies[from].implies, Implied{level, to, toLevel})
	c.competencies[to].impliedBy = append(c.competencies[to].impliedBy, ImpliedBy{from, level, toLevel})
}

// implyEach carries every level of from over to to: the same level on the same
// scale, otherwise by the declared conversion; without one nothing follows.
func (c *Catalog) implyEach(from, to CompetencyIndex) {
	a, b := c.reg.competencies.rows[from].value.Scale, c.reg.competencies.rows[to].value.Scale
	if a == b {
		for l := Level(1); l <= c.competencies[from].levels; l++ {
			c.imply(from, l, to, l)
		}
		return
	}
	for _, conv := range c.reg.conversions {
		if conv.From == a && conv.To == b {
			for i, l := range conv.Levels {
				if l > 0 {
					c.imply(from, Level(i+1), to, l)
				}
			}
		}
	}
}

// categories maps each credit category to the achievements with a version in it
// that is not a draft, by ID.
func (c *Catalog) categories() map[ID][]AchievementIndex {
	rows := c.reg.achievements.rows
	out := make(map[ID][]AchievementIndex)
	for i, row := range rows {
		for _, v := range row.value {
			if of := out[v.Category]; v.Category != "" && v.Status != Draft && (len(of) == 0 || of[len(of)-1] != AchievementIndex(i)) {
				out[v.Category] = append(of, AchievementIndex(i))
			}
		}
	}
	for _, of := range out {
		slices.SortFunc(of, func(a, b AchievementIndex) int { return cmp.Compare(rows[a].id, rows[b].id) })
	}
	return out
}

func (c *Catalog) compileAchievements(cat map[ID][]AchievementIndex) {
	r := c.reg
	for i, row := range r.achievements.rows {
		ca := &c.achievements[i]
		fires := false
		for _, a := range row.value {
			v := &Version{Achievement: a, Index: AchievementIndex(i), Issuer: IssuerIndex(c.issuer(a.Issuer))}
			for _, at := range a.Attests {
				if x, ok := r.competencies.find(at.Competency); ok && at.Level > 0 {
					v.Attests = append(v.Attests, Attested{CompetencyIndex(x), at.Level})
					c.competencies[x].providers = append(c.competencies[x].providers, Provider{v, at.Level})
				}
			}
			for j := range a.Routes {
				rt := CompiledRoute{Route: &a.Routes[j], Requires: c.compileTree(a.Routes[j].Requires, cat)}
				rt.PriceMinor, rt.PriceKnown = r.settings.convert(rt.Price)
				v.Routes = append(v.Routes, rt)
				fires = fires || rt.Fires() && v.Status == InForce
			}
			c.enforcing = c.enforcing || a.Enforce
			ca.versions = append(ca.versions, v)
			if v.Status != Draft {
				ca.order = append(ca.order, v)
			}
		}
		if fires {
			c.automatic = append(c.automatic, AchievementIndex(i))
		}
		slices.SortStableFunc(ca.order, func(a, b *Version) int { return cmp.Compare(a.EffectiveFrom, b.EffectiveFrom) })
	}
	for i := range c.achievements {
		ca := &c.achievements[i]
		ca.heldAs, ca.heldFrom = follow(AchievementIndex(i), func(x AchievementIndex) (uint32, Instant, bool) {
			id, from := replacement(c.achievements[x].order, func(v *Version) *Lifecycle { return &v.Lifecycle })
			to, ok := r.achievements.find(id)
			return to, from, ok
		})
	}
	slices.SortFunc(c.automatic, func(a, b AchievementIndex) int {
		return cmp.Compare(r.achievements.rows[a].id, r.achievements.rows[b].id)
	})
}

// replacement is what replaces an entry by the last of its versions, which are
// those that are not drafts by EffectiveFrom, and since when: the first of the
// last versions in a row that say so.
func replacement[V any](order []V, life func(V) *Lifecycle) (by ID, from Instant) {
	for i, v := range slices.Backward(order) {
		l := life(v)
		if i == len(order)-1 {
			by = l.ReplacedBy
		}
		if by == "" || l.ReplacedBy != by {
			break
		}
		from = l.EffectiveFrom
	}
	return by, from
}

// follow is i and what next leads to, each once, with the instants from which
// all steps to it hold.
func follow[I ~uint32](i I, next func(I) (uint32, Instant, bool)) (out []I, from []Instant) {
	out, from = []I{i}, []Instant{beforeAll}
	for {
		last := len(out) - 1
		n, since, ok := next(out[last])
		if !ok || slices.Contains(out, I(n)) {
			return out, from
		}
		out, from = append(out, I(n)), append(from, max(since, from[last]))
	}
}

// compileRoleNames finds what tenures count in which roles. Tenure in a role
// counts in its replacement also before it is replaced: the work was the same.
func (c *Catalog) compileRoleNames() {
	r := c.reg
	order := make([][]*Role, len(r.roles.rows))
	for i, row := range r.roles.rows {
		for _, x := range row.value {
			if x.Status == Draft {
				continue
			}
			order[i] = append(order[i], x)
			if in := c.family[x.Family]; x.Family != "" && (len(in) == 0 || in[len(in)-1] != RoleIndex(i)) {
				c.family[x.Family] = append(in, RoleIndex(i))
			}
		}
		slices.SortStableFunc(order[i], func(a, b *Role) int { return cmp.Compare(a.EffectiveFrom, b.EffectiveFrom) })
	}
	for i := range r.roles.rows {
		as, _ := follow(RoleIndex(i), func(x RoleIndex) (uint32, Instant, bool) {
			id, from := replacement(order[x], func(v *Role) *Lifecycle { return &v.Lifecycle })
			to, ok := r.roles.find(id)
			return to, from, ok
		})
		for _, to := range as {
			c.roles[to].countsAs = append(c.roles[to].countsAs, RoleIndex(i))
		}
	}
}

func (c *Catalog) compileRoles(cat map[ID][]AchievementIndex) {
	for i, row := range c.reg.roles.rows {
		cr := &c.roles[i]
		for _, x := range row.value {
			v := &RoleVersion{Role: x, Index: RoleIndex(i), Essential: c.compileTree(x.Essential, cat)}
			for j := range x.Optional {
				o := &x.Optional[j]
				v.Optional = append(v.Optional, CompiledOptional{c.compileTree(&o.Requirement, cat), o.Weight})
			}
			cr.versions = append(cr.versions, v)
			if v.Status != Draft {
				cr.order = append(cr.order, v)
			}
		}
		slices.SortStableFunc(cr.order, func(a, b *RoleVersion) int { return cmp.Compare(a.EffectiveFrom, b.EffectiveFrom) })
	}
}

func (c *Catalog) issuer(id ID) uint32 {
	if i, ok := c.reg.issuers.find(id); ok {
		return i
	}
	return None
}

// convert is m in minor units of the settings' currency, rounded half up; false
// if no rate is declared, or the amount is beyond an int64.
func (s *Settings) convert(m Money) (int64, bool) {
	if m.Amount == 0 || m.Currency == "" || m.Currency == s.Currency {
		return m.Amount, true
	}
	for _, r := range s.Rates {
		if r.From == m.Currency && r.Denominator > 0 {
			half, all := big.NewInt(r.Denominator), big.NewInt(m.Amount)
			all.Lsh(all.Mul(all, big.NewInt(r.Numerator)), 1).Add(all, half)
			all.Div(all, half.Lsh(half, 1))
			return all.Int64(), all.IsInt64()
		}
	}
	return 0, false
}
