package pathway

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

// instance is a file of the format cairn-pathway/1: a small catalog with
// queries and the values that their answers must have.
type instance struct {
	Format  string
	Name    string
	Levels  int
	Implies []implication
	Items   []struct {
		ID, Kind string
		Evidence []pair
		Routes   []struct {
			ID, Kind            string
			Hours, Money, Weeks int64
			Requires            *rule
		}
	}
	Roles []struct {
		ID        string
		Essential rule
		Optional  []struct {
			Rule   rule
			Weight int64
		}
		Threshold int64
	}
	Queries []query
}

type query struct {
	ID       string
	Holdings struct {
		Items        []string
		Competencies []pair
	}
	Target struct {
		Role string
		rule
	}
	Forbid   []graph.ID
	Expected struct {
		Status string
		Hours  int64
		Money  int64
		HM     []int64           `json:"lex_hours_money"`
		MH     []int64           `json:"lex_money_hours"`
		Regret map[string]*int64 `json:"regret_hours"`
	}
}

// pair is a competency at a level, written ["c", 2].
type pair struct {
	id    graph.ID
	level graph.Level
}

func (p *pair) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&p.id, &p.level})
}

// implication is written ["c", 2, "d", 1].
type implication struct{ from, to pair }

func (i *implication) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&i.from.id, &i.from.level, &i.to.id, &i.to.level})
}

// rule is a rule tree as the instances write it; exactly one form is given.
type rule struct {
	Item     *string
	Comp     *graph.ID
	Level    graph.Level
	All      *[]rule
	Any      *[]rule
	N        *int
	Credits  *int64
	Of       []term // of N: the rules alone
	Min, Max map[graph.ID]int64
}

type term struct {
	Rule    *rule
	Credits int64
	Cat     graph.ID
}

func (t *term) UnmarshalJSON(b []byte) error {
	type plain term
	if err := json.Unmarshal(b, (*plain)(t)); err != nil || t.Rule != nil {
		return err
	}
	t.Rule = new(rule)
	return json.Unmarshal(b, t.Rule)
}

func (q *query) UnmarshalJSON(b []byte) error {
	type plain query
	if err := json.Unmarshal(b, (*plain)(q)); err != nil {
		return err
	}
	var target struct{ Target rule }
	err := json.Unmarshal(b, &target)
	q.Target.rule = target.Target
	return err
}

func (r *rule) requirement() graph.Requirement {
	list := func(rules []rule) []graph.Requirement {
		var out []graph.Requirement
		for i := range rules {
			out = append(out, rules[i].requirement())
		}
		return out
	}
	switch {
	case r.Item != nil:
		return graph.Holds(graph.ID(*r.Item))
	case r.Comp != nil:
		return graph.AtLevel(*r.Comp, r.Level)
	case r.All != nil:
		return graph.All(list(*r.All)...)
	case r.Any != nil:
		return graph.Any(list(*r.Any)...)
	}
	out := graph.Requirement{Op: graph.OpAtLeast}
	for _, t := range r.Of {
		child := t.Rule.requirement()
		if r.N == nil {
			child.TermCredits, child.TermCategory = t.Credits, t.Cat
		}
		out.Of = append(out.Of, child)
	}
	if r.N != nil {
		out.K = *r.N
		return out
	}
	out.Op, out.Credits = graph.OpCredits, *r.Credits
	for _, bounds := range []struct {
		from map[graph.ID]int64
		to   *[]graph.CategoryCredits
	}{{r.Min, &out.Min}, {r.Max, &out.Max}} {
		for cat, credits := range bounds.from {
			*bounds.to = append(*bounds.to, graph.CategoryCredits{Category: cat, Credits: credits})
		}
		slices.SortFunc(*bounds.to, func(a, b graph.CategoryCredits) int {
			if a.Category < b.Category {
				return -1
			}
			return 1
		})
	}
	return out
}

// instant is when the worlds of the tests are asked about.
const instant graph.Instant = 1_750_000_000_000

func loadInstance(tb testing.TB, path string) *instance {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	in := new(instance)
	if err := json.Unmarshal(b, in); err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	if in.Format != "cairn-pathway/1" {
		tb.Fatalf("%s: format %q", path, in.Format)
	}
	return in
}

var routeKinds = map[string]graph.RouteKind{"course": graph.ByCourse, "assessment": graph.ByAssessment, "stack": graph.ByStack}

// batch is the catalog of the instance, hours as minutes.
func (in *instance) batch(tb testing.TB) graph.Batch {
	tb.Helper()
	b := graph.Batch{At: instant - 1}
	scale := graph.Scale{ID: "scale", Levels: make([]graph.Text, in.Levels)}
	b.Scales = append(b.Scales, scale)
	competencies := make(map[graph.ID]*graph.Competency)
	var order []graph.ID
	competency := func(id graph.ID) *graph.Competency {
		if competencies[id] == nil {
			competencies[id] = &graph.Competency{ID: id, Scale: "scale"}
			order = append(order, id)
		}
		return competencies[id]
	}
	for _, im := range in.Implies {
		competency(im.to.id)
		c := competency(im.from.id)
		c.Implies = append(c.Implies, graph.Implication{Level: im.from.level, Competency: im.to.id, ToLevel: im.to.level})
	}
	items := make(map[string]bool)
	for _, item := range in.Items {
		items[item.ID] = true
		a := graph.Achievement{ID: graph.ID(item.ID)}
		for _, e := range item.Evidence {
			a.Attests = append(a.Attests, graph.Attestation{Competency: competency(e.id).ID, Level: e.level})
		}
		for _, r := range item.Routes {
			route := graph.Route{
				ID: graph.ID(r.ID), Kind: routeKinds[r.Kind], EffortMinutes: r.Hours,
				Price: graph.Money{Amount: r.Money}, ElapsedWeeks: r.Weeks,
			}
			if route.Kind == graph.RouteKindUnspecified {
				tb.Fatalf("route kind %q", r.Kind)
			}
			if r.Requires != nil {
				requires := r.Requires.requirement()
				route.Requires = &requires
			}
			a.Routes = append(a.Routes, route)
		}
		b.Achievements = append(b.Achievements, a)
	}
	for _, q := range in.Queries {
		for _, id := range q.Holdings.Items {
			if !items[id] { // held, but not in the catalog: it can be held all the same
				items[id] = true
				b.Achievements = append(b.Achievements, graph.Achievement{ID: graph.ID(id)})
			}
		}
		for _, c := range q.Holdings.Competencies {
			competency(c.id)
		}
	}
	for _, r := range in.Roles {
		essential := r.Essential.requirement()
		role := graph.Role{ID: graph.ID(r.ID), Essential: &essential, Threshold: r.Threshold}
		for _, o := range r.Optional {
			role.Optional = append(role.Optional, graph.Optional{Requirement: o.Rule.requirement(), Weight: o.Weight})
		}
		b.Roles = append(b.Roles, role)
	}
	for _, id := range order {
		b.Competencies = append(b.Competencies, *competencies[id])
	}
	return b
}

func (q *query) profile(c *graph.Catalog) *graph.Profile {
	var awards []graph.Award
	for _, id := range q.Holdings.Items {
		awards = append(awards, graph.Award{Achievement: graph.ID(id), IssuedAt: instant - 1, Rigor: graph.Assessed})
	}
	var claims []graph.Claim
	for _, hc := range q.Holdings.Competencies {
		claims = append(claims, graph.Claim{
			Competency: hc.id, Level: hc.level, Rigor: graph.Assessed, By: "assessor", At: instant - 1,
		})
	}
	return graph.Suppose(c, instant, awards, claims)
}

func (q *query) goal() Goal {
	if q.Target.Role != "" {
		return Goal{Role: graph.ID(q.Target.Role)}
	}
	r := q.Target.requirement()
	return Goal{Requirement: &r}
}
