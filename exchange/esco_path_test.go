package exchange_test

import (
	"testing"

	"github.com/cairn-skills/cairn/exchange"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/pathway"
)

// The derived badges of the real ESCO make the way from one occupation to
// another a question with an answer that is not obvious: choosing the cheapest
// badge for each missing skill by itself costs more than the best set.
func TestRealESCOPath(t *testing.T) {
	batch, _ := decodeESCO(t, realESCO(t), exchange.ESCOOptions{Derive: exchange.DeriveBadges, EffectiveFrom: 1000})
	if len(batch.Achievements) != 6408 {
		t.Errorf("%d badges, want 6408", len(batch.Achievements))
	}
	for _, p := range graph.Lint(nil, &batch) {
		t.Errorf("the lint says %s", p)
	}
	var analyst, scientist *graph.Role
	for i := range batch.Roles {
		switch batch.Roles[i].Title.In("en").Value {
		case "data analyst":
			analyst = &batch.Roles[i]
		case "data scientist":
			scientist = &batch.Roles[i]
		}
	}
	held := make(map[graph.ID]bool)
	var claims []graph.Claim
	for _, q := range analyst.Essential.Of {
		held[q.Competency] = true
		claims = append(claims, graph.Claim{Person: "ada", Competency: q.Competency, Level: 1, Rigor: graph.Assessed, By: "assessor", At: 2000})
	}
	missing := make(map[graph.ID]bool)
	for _, q := range scientist.Essential.Of {
		if !held[q.Competency] {
			missing[q.Competency] = true
		}
	}
	cheapest := make(map[graph.ID]*graph.Achievement) // for each missing skill by itself
	candidates := 0
	for i := range batch.Achievements {
		a := &batch.Achievements[i]
		useful := false
		for _, at := range a.Attests {
			if !missing[at.Competency] {
				continue
			}
			useful = true
			if c := cheapest[at.Competency]; c == nil || a.Routes[0].EffortMinutes < c.Routes[0].EffortMinutes {
				cheapest[at.Competency] = a
			}
		}
		if useful {
			candidates++
		}
	}
	if len(missing) != 36 || len(cheapest) != 36 || candidates != 244 {
		t.Errorf("%d skills missing, %d of them attested, by %d badges; want 36, 36, 244", len(missing), len(cheapest), candidates)
	}
	oneByOne := int64(0)
	counted := make(map[graph.ID]bool)
	for _, a := range cheapest {
		if !counted[a.ID] {
			counted[a.ID] = true
			oneByOne += a.Routes[0].EffortMinutes
		}
	}
	p := graph.Suppose(graph.CompileBatch(batch), 3000, nil, claims)
	plan, err := pathway.Solve(t.Context(), p, pathway.Goal{Role: scientist.ID}, pathway.Hours, pathway.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	// 376 hours were found by a general integer program for the same cover, too.
	if plan.Status != pathway.Optimal || plan.Total.EffortMinutes != 376*60 || len(plan.Steps) != 19 {
		t.Errorf("the plan is %v with %d minutes in %d steps; want optimal with %d in 19", plan.Status, plan.Total.EffortMinutes, len(plan.Steps), 376*60)
	}
	if oneByOne <= plan.Total.EffortMinutes {
		t.Errorf("badges chosen one by one take %d minutes, not more than the plan's %d", oneByOne, plan.Total.EffortMinutes)
	}
	t.Logf("one by one %d h in %d badges, plan %d h in %d badges", oneByOne/60, len(counted), plan.Total.EffortMinutes/60, len(plan.Steps))
}
