package neo4jstore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

// dice makes a world in which everything happens that rules can say: scales and
// conversions, versions, replacements, enforced prerequisites, automatic awards,
// credits with bounds, tenures, claims of several sources.
type dice struct{ *rand.Rand }

func (d dice) one(of ...graph.ID) graph.ID { return of[d.IntN(len(of))] }

// maybe is true once in n times.
func (d dice) maybe(n int) bool { return d.IntN(n) == 0 }

// The size of a world.
const (
	worldCompetencies = 8
	worldAchievements = 12
	worldRoles        = 4
	worldPeople       = 12
)

// worldDay is a day of the world; the catalog is published on day 0, and again
// on day 400, and people's facts are of days 10 to 900.
func worldDay(n int) graph.Instant {
	const day = 24 * 60 * 60 * 1000
	return exampleDay + graph.Instant(n-900)*day
}

func number(kind string, i int) graph.ID { return graph.ID(fmt.Sprintf("%s%d", kind, i)) }

func english(format string, args ...any) graph.Text {
	return graph.NewText(graph.Translation{Lang: "en", Value: fmt.Sprintf(format, args...)})
}

// worldScale is the scale of a competency, and how many levels it has.
func worldScale(c graph.ID) (graph.ID, int) {
	switch c[len(c)-1] % 3 {
	case 0:
		return "", 1
	case 1:
		return "three", 3
	default:
		return "four", 4
	}
}

func (d dice) competency() graph.ID { return number("c", d.IntN(worldCompetencies)) }

func (d dice) level(c graph.ID) graph.Level {
	_, n := worldScale(c)
	return graph.Level(1 + d.IntN(n))
}

func (d dice) rigor() graph.Rigor { return graph.Rigor(d.IntN(graph.Rigors + 1)) }

// rule is a rule about achievements before the n-th, so that nothing is circular.
func (d dice) rule(n, depth int) graph.Requirement {
	var r graph.Requirement
	switch kind := d.IntN(8); {
	case depth == 0 && kind < 4, kind < 2:
		r = graph.Holds(number("a", d.IntN(n)))
		if d.maybe(3) {
			r.MinRigor = d.rigor()
		}
		if d.maybe(4) {
			r.FreshWithinMonths = 1 + d.IntN(20)
		}
		if d.maybe(4) {
			r.Issuers = []graph.ID{d.one("i0", "i1")}
		}
		return r
	case depth == 0 && kind < 7, kind < 4:
		c := d.competency()
		r = graph.AtLevel(c, d.level(c))
		r.MinRigor = d.rigor()
		return r
	case depth == 0, kind < 5:
		if d.maybe(2) {
			return graph.Requirement{Op: graph.OpTenure, Role: number("r", d.IntN(worldRoles)), Months: 1 + d.IntN(20)}
		}
		return graph.Requirement{Op: graph.OpTenure, Family: d.one("f0", "f1"), Months: 1 + d.IntN(20)}
	case kind < 6:
		return d.credits(n)
	}
	for range 2 + d.IntN(3) {
		r.Of = append(r.Of, d.rule(n, depth-1))
	}
	r.Op, r.K = graph.OpAtLeast, 1+d.IntN(len(r.Of))
	if depth == 1 && d.maybe(8) && !slices.ContainsFunc(r.Of, func(x graph.Requirement) bool { return len(x.Of) > 0 || x.OverCategory != "" }) {
		r.Sharing = graph.Exclusive
	}
	return r
}

func (d dice) credits(n int) graph.Requirement {
	r := graph.Requirement{Op: graph.OpCredits, Credits: int64(50 + 50*d.IntN(4))}
	if d.maybe(3) {
		r.OverCategory = d.one("k0", "k1")
	} else {
		for range 2 + d.IntN(4) {
			of := d.rule(n, 0)
			of.TermCredits, of.TermCategory = int64(100*d.IntN(3)), d.one("", "k0", "k1")
			if of.Op == graph.OpHolds && !d.maybe(4) {
				of.TermCredits = graph.OwnCredits
			}
			r.Of = append(r.Of, of)
		}
	}
	if d.maybe(3) {
		r.Min = []graph.CategoryCredits{{Category: "k0", Credits: int64(50 * d.IntN(2))}}
	}
	if d.maybe(3) {
		r.Max = []graph.CategoryCredits{{Category: d.one("k0", "k1"), Credits: int64(50 + 50*d.IntN(5))}}
	}
	return r
}

// catalog is the world's catalog; what is published again has half the entries.
func (d dice) catalog(again bool) graph.Batch {
	b := graph.Batch{At: worldDay(0)}
	life := graph.Lifecycle{Status: graph.InForce, EffectiveFrom: worldDay(0)}
	if again {
		b.At = worldDay(400)
	} else {
		b.Settings = &graph.Settings{
			Currency: "EUR", Zone: string(d.one("", "Europe/Berlin", "America/New_York")), DefaultMinRigor: d.rigor(), ExactMatchImplies: d.maybe(2),
		}
		b.Issuers = []graph.Issuer{{ID: "i0", Title: english("One")}, {ID: "i1", Title: english("Two")}}
		for i, id := range []graph.ID{"three", "four"} {
			s := graph.Scale{ID: id, Title: english("%s", id)}
			for l := range 3 + i {
				s.Levels = append(s.Levels, english("Level %d", l+1))
			}
			b.Scales = append(b.Scales, s)
		}
		b.Conversions = []graph.Conversion{{From: "three", To: "four", Levels: []graph.Level{1, 2, 4}}, {From: "four", To: "three", Levels: []graph.Level{0, 1, 2, 3}}}
		d.competencies(&b)
	}
	for i := range worldAchievements {
		if again && d.maybe(2) {
			continue
		}
		a := d.achievement(i, life)
		if again {
			a.EffectiveFrom = worldDay(100 + d.IntN(500))
			a.OnChange = graph.ChangePolicy(d.IntN(2))
			if d.maybe(3) && i+1 < worldAchievements {
				a.ReplacedBy = number("a", i+1+d.IntN(worldAchievements-i-1))
			}
		}
		b.Achievements = append(b.Achievements, a)
	}
	for i := range worldRoles {
		if again && d.maybe(2) {
			continue
		}
		essential := d.rule(worldAchievements, 3)
		r := graph.Role{ID: number("r", i), Lifecycle: life, Title: english("Role %d", i), Essential: &essential, Family: d.one("f0", "f1")}
		if again {
			r.EffectiveFrom = worldDay(100 + d.IntN(500))
			if d.maybe(2) && i+1 < worldRoles {
				r.ReplacedBy = number("r", i+1)
			}
		}
		b.Roles = append(b.Roles, r)
	}
	return b
}

func (d dice) competencies(b *graph.Batch) {
	for i := range worldCompetencies {
		c := graph.Competency{ID: number("c", i), Kind: graph.Skill, Title: english("Competency %d", i)}
		c.Scale, _ = worldScale(c.ID)
		if i > 0 && d.maybe(2) {
			to := number("c", d.IntN(i))
			c.Implies = []graph.Implication{{Level: d.level(c.ID), Competency: to, ToLevel: d.level(to)}}
		}
		if i > 0 && d.maybe(4) {
			c.ReplacedBy = number("c", d.IntN(i))
		}
		if d.maybe(3) {
			c.Alignments = []graph.Alignment{{Type: graph.ExactMatch, Target: d.competency()}}
		}
		b.Competencies = append(b.Competencies, c)
	}
}

func (d dice) achievement(i int, life graph.Lifecycle) graph.Achievement {
	a := graph.Achievement{
		ID: number("a", i), Lifecycle: life, Type: graph.Badge, Issuer: d.one("i0", "i1"), Title: english("Achievement %d", i),
		Credits: int64(50 * d.IntN(6)), Rigor: d.rigor(),
	}
	if a.Credits > 0 {
		a.Category = d.one("k0", "k1")
	}
	if d.maybe(3) {
		a.Validity.Months = 1 + d.IntN(36)
	}
	for range d.IntN(3) {
		c := d.competency()
		a.Attests = append(a.Attests, graph.Attestation{Competency: c, Level: d.level(c)})
	}
	course := graph.Route{ID: "course", Kind: graph.ByCourse, EffortMinutes: 60}
	switch {
	case i < 3:
	case d.maybe(3):
		rule := d.rule(i, 2)
		a.Type, a.Rigor = graph.MicroCredential, graph.Declared
		a.FollowsParts = d.maybe(3)
		course = graph.Route{ID: "stack", Kind: graph.ByStack, Award: graph.Automatic, Requires: &rule}
	case d.maybe(2):
		rule := d.rule(i, 2)
		course.Requires, a.Enforce = &rule, d.maybe(2)
	}
	a.Routes = []graph.Route{course}
	return a
}

// people are the facts of everybody, some of which may be refused.
func (d dice) people() graph.Batch {
	b := graph.Batch{At: worldDay(900)}
	for i := range worldPeople {
		p := number("p", i)
		b.People = append(b.People, graph.Person{ID: p})
		for range d.IntN(4) {
			from := d.IntN(880)
			a := graph.Assignment{Person: p, Role: number("r", d.IntN(worldRoles)), Unit: "u", From: worldDay(from)}
			if d.maybe(2) {
				a.Until = worldDay(from + 1 + d.IntN(400))
			}
			b.Assignments = append(b.Assignments, a)
		}
		for range 1 + d.IntN(12) {
			at := 10 + d.IntN(890)
			a := graph.Award{Person: p, Achievement: number("a", d.IntN(worldAchievements)), IssuedAt: worldDay(at)}
			if d.maybe(3) {
				a.Version = 1
			}
			if d.maybe(3) {
				a.ValidUntil = worldDay(at + 1 + d.IntN(600))
			}
			if d.maybe(3) {
				a.Rigor = d.rigor()
			}
			if d.maybe(4) {
				a.Issuer = d.one("i0", "i1")
			}
			b.Awards = append(b.Awards, a)
		}
		for range d.IntN(5) {
			c := d.competency()
			level := d.level(c)
			if d.maybe(5) {
				level = 0
			}
			b.Claims = append(b.Claims, graph.Claim{
				Person: p, Competency: c, Level: level, Rigor: d.rigor(), By: d.one("self", "boss"), At: worldDay(10 + d.IntN(890)),
			})
		}
	}
	return b
}

// publish publishes what the laws let pass of a catalog: entries that they
// refuse are left out, with those that name them.
func publish(tb testing.TB, live *graph.Live, b graph.Batch) {
	tb.Helper()
	for range 30 {
		_, err := live.Commit(tb.Context(), b, graph.CommitOptions{})
		e, ok := errors.AsType[*graph.Error](err)
		switch {
		case err == nil:
			return
		case !ok || !errors.Is(err, graph.ErrLaw):
			tb.Fatal(err)
		}
		refused := make(map[graph.ID]bool)
		for _, p := range e.Problems {
			refused[p.Subject] = true
		}
		b.Achievements = slices.DeleteFunc(b.Achievements, func(a graph.Achievement) bool { return refused[a.ID] })
		b.Roles = slices.DeleteFunc(b.Roles, func(r graph.Role) bool { return refused[r.ID] })
		for i := range b.Competencies {
			if c := &b.Competencies[i]; refused[c.ID] {
				c.Implies, c.ReplacedBy, c.Alignments = nil, "", nil
			}
		}
		if len(b.Achievements)+len(b.Roles) == 0 {
			return
		}
	}
	tb.Fatal("the laws let nothing pass")
}
