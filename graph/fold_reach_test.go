package graph

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// reachWorld draws the entries of a small catalog: every way in which one entry
// can matter to an automatic achievement occurs.
type reachWorld struct{ *rapid.T }

var (
	reachParts = []ID{"a", "b", "c", "d", "e", "x", "y", "z", "w"}
	reachComps = []ID{"k0", "k1", "k2", "k3"}
)

func (w reachWorld) few(n int, what string) int { return rapid.IntRange(0, n-1).Draw(w.T, what) }

func (w reachWorld) leaf() Requirement {
	switch w.few(8, "leaf") {
	case 0:
		return AtLevel(reachComps[w.few(4, "competency")], 1)
	case 1:
		return Requirement{Op: OpTenure, Role: []ID{"r0", "r1"}[w.few(2, "role")], Months: 1}
	case 2:
		return Requirement{Op: OpTenure, Family: "family", Months: 1}
	case 3:
		return Requirement{Op: OpCredits, Credits: 100, OverCategory: "core"}
	}
	return Holds(reachParts[w.few(9, "part")])
}

func (w reachWorld) achievement(id ID) Achievement {
	r := w.leaf()
	if w.few(2, "two") == 0 {
		r = AtLeast(1+w.few(2, "k"), w.leaf(), w.leaf())
	}
	a := badge(id)
	switch {
	case id >= "w":
		a = stack(id, r)
		a.FollowsParts = w.few(4, "follows") == 0
		if w.few(40, "always") == 0 {
			a.Routes[0].Requires = nil
		}
	case w.few(5, "enforce") == 0:
		a.Routes, a.Enforce = []Route{{ID: "course", Kind: ByCourse, EffortMinutes: 1, Requires: &r}}, true
	}
	if w.few(3, "attests") == 0 {
		a.Attests = []Attestation{{reachComps[w.few(4, "attested")], Level(1 + w.few(2, "level"))}}
	}
	a.Credits, a.Category = int64(100*w.few(2, "credits")), []ID{"", "core"}[w.few(2, "category")]
	a.Validity.Months = []int{0, 0, 1}[w.few(3, "months")]
	a.Rigor = []Rigor{Assessed, Declared}[w.few(2, "rigor")]
	if w.few(6, "replaced") == 0 {
		a.ReplacedBy = reachParts[w.few(9, "by")]
	}
	if w.few(8, "retired") == 0 {
		a.Status = Retired
	}
	a.OnChange = []ChangePolicy{Grandfather, Reevaluate}[w.few(2, "policy")]
	a.EffectiveFrom = day(1 + 10*w.few(6, "from"))
	return a
}

func (w reachWorld) competency(id ID) Competency {
	c := Competency{ID: id, Scale: "s3"}
	if w.few(3, "implies") == 0 {
		c.Implies = []Implication{{1, reachComps[w.few(4, "implied")], 1}}
	}
	return c
}

func (w reachWorld) role(id ID) Role {
	r := Role{ID: id, Lifecycle: inForce(day(1)), Family: []ID{"", "family"}[w.few(2, "family")]}
	if id == "r0" && w.few(3, "replaced") == 0 {
		r.ReplacedBy = "r1"
	}
	return r
}

func (w reachWorld) person(c *Catalog, i int) *person {
	q := &person{id: ID(fmt.Sprint("p", i))}
	for j := range w.few(4, "awards") {
		a := Award{Achievement: reachParts[w.few(9, "award")], IssuedAt: day(1 + w.few(60, "day"))}
		a.ID = AwardID(q.id, a.Achievement, a.IssuedAt, fmt.Sprint(j))
		if packed, err := c.packAward(&a); err == nil {
			q.awards = append(q.awards, packed)
		}
	}
	if w.few(3, "claims") == 0 {
		packed, err := c.packClaim(&Claim{Competency: reachComps[w.few(4, "claimed")], Level: 1, Rigor: Assessed, By: "m", At: day(5)})
		if err != nil {
			w.Fatal(err)
		}
		q.claims = append(q.claims, packed)
	}
	if w.few(3, "works") == 0 {
		packed, err := c.packAssignment(&Assignment{Role: []ID{"r0", "r1"}[w.few(2, "role")], From: day(3)})
		if err != nil {
			w.Fatal(err)
		}
		q.assignments = append(q.assignments, packed)
	}
	q.sort()
	return q
}

// Whom an edit does not reach, the fold says the same of before and after it.
func TestReach(t *testing.T) {
	reachedPeople, others := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := reachWorld{t}
		world := foldWorld()
		for _, id := range reachParts {
			world.Achievements = append(world.Achievements, w.achievement(id))
		}
		for _, id := range reachComps {
			world.Competencies = append(world.Competencies, w.competency(id))
		}
		world.Roles = append(world.Roles, w.role("r0"), w.role("r1"))
		reg := &registry{}
		reg.number(&world)
		reg.add(&world, 1)
		before := newCatalog(reg)
		edit := Batch{At: day(30)}
		switch w.few(4, "edit") {
		case 0:
			edit.Competencies = []Competency{w.competency(reachComps[w.few(4, "which")])}
		case 1:
			edit.Roles = []Role{w.role("r0")}
		default:
			edit.Achievements = []Achievement{w.achievement(reachParts[w.few(9, "which")])}
		}
		next := reg.clone()
		next.number(&edit)
		next.add(&edit, 2)
		after := newCatalog(next)
		reached := reachOf(before, after, &edit)
		for i := range 8 {
			q := w.person(before, i)
			q.derived = fold(before, q, day(40)).derived
			if reached.person(after, q) {
				reachedPeople++
				continue
			}
			others++
			for _, horizon := range []Instant{day(40), day(400)} {
				was, is := fold(before, q, horizon).derived, fold(after, q, horizon).derived
				if !slices.Equal(was, is) {
					t.Fatalf("%s is not reached by %+v, and is folded otherwise (-before +after):\n%s", q.id, edit, cmp.Diff(was, is, cmp.AllowUnexported(award{})))
				}
			}
		}
	})
	t.Logf("%d people reached, %d not", reachedPeople, others)
	if reachedPeople == 0 || others < reachedPeople/20 {
		t.Errorf("%d people reached, %d not: the property says little", reachedPeople, others)
	}
}

// An edit refolds whom it reaches: compare the first rows with the last, which
// reaches everybody.
func BenchmarkPublish(b *testing.B) {
	s := bigSnapshot(b, 100_000, 20)
	several := func(k int) Achievement {
		return version(stack("several", AtLeast(k, Holds("badge-010"), Holds("badge-017"), Holds("badge-024"), Holds("badge-031"))), InForce, 0)
	}
	s, _, _ = commit(b, s, Batch{At: day(90), Achievements: []Achievement{several(2)}})
	for _, row := range []struct {
		name string
		edit Batch
	}{
		{"of what is in no stack", Batch{Achievements: []Achievement{version(badge("badge-100"), InForce, 0)}}},
		{"of a stack", Batch{Achievements: []Achievement{several(3)}}},
		{"of the settings", Batch{Settings: &Settings{Currency: "EUR"}}},
	} {
		b.Run(row.name, func(b *testing.B) {
			row.edit.At = day(100)
			for b.Loop() {
				if _, _, err := s.prepare(&request{batch: row.edit}); err != nil {
					b.Fatal(err)
				}
			}
			r, reached := reachOf(s.Catalog, s.Catalog, &row.edit), 0
			for i := range s.people.n {
				if r.person(s.Catalog, s.people.at(i)) {
					reached++
				}
			}
			b.ReportMetric(float64(reached), "people-reached")
		})
	}
}
