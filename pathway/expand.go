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
	c := b.profile.Catalog
	top := c.Levels(a.competency)
	if a.level > top {
		return
	}
	seen := make(map[int32]bool)
	add := func(from int32) {
		if !seen[from] {
			seen[from] = true
			b.input(from, g)
		}
	}
	providers := slices.Clone(c.Providers(a.competency))
	slices.SortStableFunc(providers, func(x, y graph.Provider) int { return cmp.Compare(x.Version.ID, y.Version.ID) })
	for _, p := range providers {
		if p.Level >= a.level && p.Version.PlannedRigor() >= a.floor && c.InForce(p.Version.Index, b.profile.At) == p.Version {
			add(b.award(p.Version))
		}
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
	implied := slices.Clone(c.ImpliedBy(a.competency))
	slices.SortStableFunc(implied, func(x, y graph.ImpliedBy) int {
		return cmp.Or(cmp.Compare(c.CompetencyID(x.From), c.CompetencyID(y.From)), cmp.Compare(x.FromLevel, y.FromLevel))
	})
	for _, im := range implied {
		if im.Level >= a.level && im.FromLevel > 0 && im.FromLevel <= c.Levels(im.From) {
			add(b.level(im.From, im.FromLevel, a.floor))
		}
	}
}

// linkMatches makes the awards that can matter to an exclusive node inputs of
// its gate.
func (b *builder) linkMatches() {
	for _, m := range b.matches {
		seen := make(map[int32]bool)
		var awards []int32
		var walk func(g int32)
		walk = func(g int32) {
			if seen[g] {
				return
			}
			seen[g] = true
			a := b.gates[g].atom
			if a != nil && a.version != nil && a.enforced < 0 {
				awards = append(awards, g)
				return
			}
			for _, in := range b.gates[g].in {
				walk(in)
			}
		}
		for _, in := range b.gates[m].in {
			walk(in)
		}
		if len(b.enforced) > 0 { // what lets them count may be any award
			for g := range b.gates {
				walk(int32(g))
			}
		}
		slices.Sort(awards)
		b.gates[m].match.events = awards
		for _, g := range awards {
			if !slices.Contains(b.gates[m].in, g) {
				b.connect(g, m, 0)
			}
		}
	}
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
