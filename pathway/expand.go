package pathway

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/cairn-skills/cairn/graph"
)

// expand builds the inputs of a gate that stands for an atom.
func (b *builder) expand(g int32) error {
	a := b.gates[g].atom
	switch {
	case a.version != nil && a.enforced >= 0:
		for i := range a.version.Routes {
			b.input(b.tree(a.version.Routes[i].Requires), g)
		}
	case a.version != nil:
		return b.expandAward(g, a.version)
	case a.competency != graph.None:
		b.expandLevel(g, a)
	}
	return nil
}

// expandAward makes the routes of v inputs of its gate. A renewal is open to
// who was ever awarded the achievement.
func (b *builder) expandAward(g int32, v *graph.Version) error {
	if b.excluded[v.Index] {
		return nil
	}
	for i := range v.Routes {
		r := &v.Routes[i]
		if r.Kind == graph.ByRenewal && len(b.profile.Awards(v.Index)) == 0 {
			continue
		}
		if !r.PriceKnown {
			return &graph.Error{
				Class: graph.ErrLaw, Reason: "UNKNOWN_RATE", Subject: string(v.ID),
				Message: fmt.Sprintf("route %s has a price in %s, for which the catalog declares no rate", r.ID, r.Price.Currency),
			}
		}
		rg := b.gate(1, nil)
		b.connect(rg, g, 0)
		requires := b.tree(r.Requires)
		if requires != always {
			b.gates[rg].need = 2
			b.connect(requires, rg, 0)
		}
		b.routes = append(b.routes, route{
			version: v, route: r, gate: rg, requires: requires,
			cost: b.objective.vec(Cost{r.EffortMinutes, r.PriceMinor, r.ElapsedWeeks, 1}),
		})
	}
	return nil
}

// expandLevel makes what proves a level at a floor inputs of its gate: new
// awards of that rigor that attest it, awards that would come to count, and
// implications at the same floor.
func (b *builder) expandLevel(g int32, a *atom) {
	k := levelKey{a.competency, a.level, a.floor}
	if a.level > b.profile.Catalog.Levels(a.competency) {
		return
	}
	seen := make(map[int32]bool)
	add := func(from int32) {
		if !seen[from] {
			seen[from] = true
			b.input(from, g)
		}
	}
	for _, v := range b.providers(k) {
		add(b.award(v))
	}
	for i := range b.profile.Evidence() {
		from, ok := b.enforced[int32(i)]
		if !ok || b.profile.Evidence()[i].Rigor < a.floor {
			continue
		}
		for _, at := range b.gates[from].atom.version.Attests {
			if at.Competency == a.competency && at.Level >= a.level {
				add(from)
			}
		}
	}
	for _, im := range b.impliers(k) {
		add(b.level(im.From, im.FromLevel, a.floor))
	}
}

// sources are the levels of which each by itself proves k, itself included.
func (b *builder) sources(k levelKey) []levelKey {
	out := []levelKey{k}
	for i := 0; i < len(out); i++ {
		for _, im := range b.impliers(out[i]) {
			if from := (levelKey{im.From, im.FromLevel, k.floor}); !slices.Contains(out, from) {
				out = append(out, from)
			}
		}
	}
	return out
}

// providers are the versions in force whose new award proves k, by ID.
func (b *builder) providers(k levelKey) []*graph.Version {
	c := b.profile.Catalog
	var out []*graph.Version
	b.meter.spend(len(c.Providers(k.competency)))
	for _, p := range c.Providers(k.competency) {
		if p.Level >= k.level && k.level <= c.Levels(k.competency) && p.Version.PlannedRigor() >= k.floor &&
			c.InForce(p.Version.Index, b.profile.At) == p.Version {
			out = append(out, p.Version)
		}
	}
	slices.SortStableFunc(out, func(x, y *graph.Version) int { return cmp.Compare(x.ID, y.ID) })
	return out
}

// impliers are the implications that prove k, by ID.
func (b *builder) impliers(k levelKey) []graph.ImpliedBy {
	c := b.profile.Catalog
	var out []graph.ImpliedBy
	b.meter.spend(len(c.ImpliedBy(k.competency)))
	for _, im := range c.ImpliedBy(k.competency) {
		if im.Level >= k.level && k.level <= c.Levels(k.competency) && im.FromLevel > 0 && im.FromLevel <= c.Levels(im.From) {
			out = append(out, im)
		}
	}
	slices.SortStableFunc(out, func(x, y graph.ImpliedBy) int {
		return cmp.Or(cmp.Compare(c.CompetencyID(x.From), c.CompetencyID(y.From)), cmp.Compare(x.FromLevel, y.FromLevel))
	})
	return out
}

// most bounds the sum of the costs of all routes of a problem, so that no sum
// or difference of costs can overflow.
const most = math.MaxInt64 / 8

func (b *builder) checkCosts() error {
	var sum vec
	for i := range b.routes {
		r := &b.routes[i]
		for j, c := range r.cost {
			if c < 0 || c > most || sum[j]+c > most {
				return &graph.Error{
					Class: graph.ErrLimit, Reason: "COST_OVERFLOW", Subject: string(r.version.ID),
					Message: "the costs of the routes that matter here are negative or too large to be added up",
				}
			}
			sum[j] += c
		}
	}
	return nil
}

// vec is a cost in the order in which an objective compares: the objective,
// then the other of effort and price, weeks, routes. Vectors are compared
// lexicographically, which orders them as a group: they can be added and
// subtracted like numbers.
type vec [4]int64

func (o Objective) vec(c Cost) vec {
	if o == Money {
		return vec{c.PriceMinor, c.EffortMinutes, c.Weeks, c.Routes}
	}
	return vec{c.EffortMinutes, c.PriceMinor, c.Weeks, c.Routes}
}

func (v vec) less(w vec) bool {
	for i := range v {
		if v[i] != w[i] {
			return v[i] < w[i]
		}
	}
	return false
}

func (v vec) plus(w vec) vec {
	return vec{v[0] + w[0], v[1] + w[1], v[2] + w[2], v[3] + w[3]}
}

func (v vec) minus(w vec) vec {
	return vec{v[0] - w[0], v[1] - w[1], v[2] - w[2], v[3] - w[3]}
}

// tame reports whether v is far from overflowing. Differences of vectors can
// grow in all but their first component.
func (v vec) tame() bool {
	for _, c := range v {
		if c > most || c < -most {
			return false
		}
	}
	return true
}
