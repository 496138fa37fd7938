package pathway

import (
	"math/bits"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

// cover is a set cover with prerequisites, with near-equal costs: the search
// has to branch, and prunes by bounds that differ by little.
type cover struct {
	needs []uint32 // the badges that a badge requires
	gives []uint32 // the competencies that it attests
	hours []int64
	money []int64
	all   uint32
}

func makeCover(r *rand.Rand, badges, competencies int) cover {
	c := cover{all: 1<<competencies - 1}
	for i := range badges {
		gives, needs := uint32(0), uint32(0)
		for range 2 + r.IntN(3) {
			gives |= 1 << r.IntN(competencies)
		}
		for range r.IntN(3) / 2 {
			needs |= 1 << r.IntN(badges) &^ (1 << i)
		}
		c.needs, c.gives = append(c.needs, needs), append(c.gives, gives)
		c.hours, c.money = append(c.hours, int64(4+r.IntN(4))), append(c.money, int64(r.IntN(3)))
	}
	return c
}

// cheapest tries every set of badges without the barred one, by bits.
func (c *cover) cheapest(barred int) (Cost, bool) {
	var best Cost
	found := false
	for set := range uint32(1) << len(c.hours) {
		if barred >= 0 && set>>barred&1 == 1 {
			continue
		}
		cost := Cost{Routes: int64(bits.OnesCount32(set))}
		earned, have := uint32(0), uint32(0)
		for i := range c.hours {
			if set>>i&1 == 1 {
				cost.EffortMinutes += c.hours[i]
				cost.PriceMinor += c.money[i]
			}
		}
		if found && cost.Compare(best, Hours) >= 0 {
			continue
		}
		for again := true; again; {
			again = false
			for i := range c.hours {
				if set>>i&1 == 1 && earned>>i&1 == 0 && c.needs[i]&^earned == 0 {
					earned |= 1 << i
					have |= c.gives[i]
					again = true
				}
			}
		}
		if have == c.all {
			best, found = cost, true
		}
	}
	return best, found
}

func (c *cover) world() (*graph.Catalog, Goal) {
	b := graph.Batch{At: 1}
	var goal Goal
	for i := range bits.Len32(c.all) {
		b.Competencies = append(b.Competencies, graph.Competency{ID: competencyID(i)})
		goal.Levels = append(goal.Levels, LevelGoal{Competency: competencyID(i), Level: 1})
	}
	for i := range c.hours {
		r := graph.Route{
			ID: "course", Kind: graph.ByCourse, EffortMinutes: c.hours[i], Price: graph.Money{Amount: c.money[i]},
		}
		var needs []graph.Requirement
		for j := range c.hours {
			if c.needs[i]>>j&1 == 1 {
				needs = append(needs, graph.Holds(achievementID(j)))
			}
		}
		if len(needs) > 0 {
			all := graph.All(needs...)
			r.Requires = &all
		}
		a := graph.Achievement{ID: achievementID(i), Routes: []graph.Route{r}}
		for j := range bits.Len32(c.all) {
			if c.gives[i]>>j&1 == 1 {
				a.Attests = append(a.Attests, graph.Attestation{Competency: competencyID(j), Level: 1})
			}
		}
		b.Achievements = append(b.Achievements, a)
	}
	return graph.CompileBatch(b), goal
}

// cheapestFlat is cheapest for badges without prerequisites, by what is covered.
func (c *cover) cheapestFlat(barred int) (Cost, bool) {
	const unreached = -1
	best := make([]Cost, c.all+1)
	for i := range best[1:] {
		best[i+1].Routes = unreached
	}
	for i := range c.hours {
		if i == barred {
			continue
		}
		for have := c.all; ; have-- { // downwards, so that a badge is taken once
			if from := best[have]; from.Routes != unreached {
				from.EffortMinutes += c.hours[i]
				from.PriceMinor += c.money[i]
				from.Routes++
				if to := &best[have|c.gives[i]]; to.Routes == unreached || from.Compare(*to, Hours) < 0 {
					*to = from
				}
			}
			if have == 0 {
				break
			}
		}
	}
	return best[c.all], best[c.all].Routes != unreached
}

// TestSolveCovers compares with every set of badges, also where one is left out:
// the regrets rest on it.
func TestSolveCovers(t *testing.T) {
	for _, test := range []struct {
		name                         string
		covers, badges, competencies int
		flat                         bool
		work                         int64 // that some cover needs at least
	}{
		{"with prerequisites", 40, 15, 11, false, 5_000},
		{"flat", 60, 40, 15, true, 20_000},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 7))
			work := int64(0)
			for n := range test.covers {
				c := makeCover(r, test.badges, test.competencies)
				cheapest := c.cheapest
				if test.flat {
					clear(c.needs)
					cheapest = c.cheapestFlat
				}
				catalog, goal := c.world()
				p := graph.Suppose(catalog, instant, nil, nil)
				first := mustSolve(t, p, goal, Hours, Limits{})
				barred := []int{-1}
				for _, s := range first.Steps {
					i, _ := strconv.Atoi(string(s.Version.ID[1:]))
					barred = append(barred, i)
				}
				for _, i := range barred {
					var l Limits
					if i >= 0 {
						l.Exclude = append(l.Exclude, achievementID(i))
					}
					plan := mustSolve(t, p, goal, Hours, l)
					want, ok := cheapest(i)
					if ok != (plan.Status == Optimal) || ok && plan.Total != want {
						t.Errorf("cover %d without %d: %v %+v, want %+v (%v)", n, i, plan.Status, plan.Total, want, ok)
					}
					work = max(work, plan.Work)
				}
			}
			if work < test.work {
				t.Errorf("no cover needed a search: %d units of work at most", work)
			}
		})
	}
}
