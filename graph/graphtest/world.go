package graphtest

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"

	"github.com/cairn-skills/cairn/graph"
)

// World is a synthetic organization for benchmarks of great stores. Equal
// worlds give equal batches. Its catalog keeps the laws: every achievement is a
// badge that attests one competency.
type World struct {
	People, Awards int
	// Seed chooses the dates and who holds what.
	Seed uint64
	// Named gives every person a name, which a store seals.
	Named bool
	// Achievements is the size of the catalog; zero means 2,000.
	Achievements int
}

// The facts of a world are recorded in this many at a time.
const worldBatch = 10_000

// dayMillis is a day.
const dayMillis = 24 * 60 * 60 * 1000

// worldStart is 2020-01-01T00:00:00Z, before every fact of a world.
const worldStart graph.Instant = 1_577_836_800_000

// Batches is the world's content: a batch with the catalog, then the people,
// each with an assignment and next to each other their awards.
func (w World) Batches() iter.Seq[graph.Batch] {
	if w.Achievements == 0 {
		w.Achievements = 2000
	}
	return func(yield func(graph.Batch) bool) {
		r := rand.New(rand.NewPCG(w.Seed, 1)) //nolint:gosec // a world is to be repeatable
		if !yield(w.catalog()) {
			return
		}
		b := graph.Batch{At: worldStart}
		for p := range w.People {
			w.person(&b, p, r)
			if len(b.Awards)+len(b.People) >= worldBatch {
				if !yield(b) {
					return
				}
				b = graph.Batch{At: b.At + dayMillis}
			}
		}
		if b.Len() > 0 {
			yield(b)
		}
	}
}

func (w World) catalog() graph.Batch {
	life := graph.Lifecycle{Version: 1, Status: graph.InForce, EffectiveFrom: worldStart, Source: graph.Source{Catalog: "world"}}
	title := func(format string, i int) graph.Text {
		return graph.NewText(graph.Translation{Lang: "en", Value: fmt.Sprintf(format, i)})
	}
	b := graph.Batch{
		At:       worldStart,
		Settings: &graph.Settings{Currency: "EUR", Source: life.Source},
		Issuers:  []graph.Issuer{{ID: "world-academy", Title: title("Academy %d", 1), Source: life.Source}},
	}
	for i := range w.Achievements {
		c := graph.ID("competency-" + strconv.Itoa(i))
		b.Competencies = append(b.Competencies, graph.Competency{
			ID: c, Kind: graph.Skill, Title: title("Competency %d", i), Source: life.Source,
		})
		b.Achievements = append(b.Achievements, graph.Achievement{
			ID: achievementID(i), Lifecycle: life, Type: graph.Badge, Issuer: "world-academy", Title: title("Badge %d", i),
			Attests: []graph.Attestation{{Competency: c, Level: 1}}, Rigor: graph.Assessed,
			Routes: []graph.Route{{ID: "course", Kind: graph.ByCourse, EffortMinutes: int64(60 + i%600)}},
		})
	}
	for i := range 20 {
		need := graph.Holds(achievementID(i % w.Achievements))
		b.Roles = append(b.Roles, graph.Role{
			ID: graph.ID("role-" + strconv.Itoa(i)), Lifecycle: life, Title: title("Role %d", i), Essential: &need,
		})
	}
	return b
}

func achievementID(i int) graph.ID { return graph.ID("badge-" + strconv.Itoa(i)) }

func (w World) person(b *graph.Batch, p int, r *rand.Rand) {
	id := graph.ID(fmt.Sprintf("person-%07d", p))
	b.People = append(b.People, graph.Person{ID: id})
	if w.Named {
		b.Personal = append(b.Personal, graph.Personal{Person: id, Name: fmt.Sprintf("Name Surname %d", p)})
	}
	from := worldStart + graph.Instant(r.IntN(1000))*dayMillis
	role, unit := graph.ID("role-"+strconv.Itoa(p%20)), graph.ID("unit-"+strconv.Itoa(p/50%1000))
	b.Assignments = append(b.Assignments, graph.Assignment{
		ID: graph.AssignmentID(id, role, unit, from), Person: id, Role: role, Unit: unit,
		Manager: graph.ID(fmt.Sprintf("person-%07d", p/50*50)), From: from,
	})
	// Awards are spread evenly: the first People get one more where it does not divide.
	n := w.Awards / w.People
	if p < w.Awards%w.People {
		n++
	}
	for range n {
		a := achievementID(r.IntN(w.Achievements))
		at := worldStart + graph.Instant(r.IntN(2000))*dayMillis
		until := graph.Forever
		if r.IntN(3) == 0 {
			until = at + 730*dayMillis
		}
		b.Awards = append(b.Awards, graph.Award{
			ID: graph.AwardID(id, a, at, ""), Person: id, Achievement: a, Version: 1,
			IssuedAt: at, ValidUntil: until, Source: graph.FromImport, Rigor: graph.Assessed, Issuer: "world-academy",
		})
	}
}
