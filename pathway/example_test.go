package pathway_test

import (
	"context"
	"fmt"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/pathway"
)

// The catalog of the examples: three badges that stack into a micro-credential,
// and a role that wants it.
func example() *graph.Profile {
	const asked graph.Instant = 1_750_000_000_000
	data := graph.Achievement{
		ID: "data-literacy-basics", Attests: []graph.Attestation{{Competency: "data-literacy", Level: 1}},
		Routes: []graph.Route{{ID: "course", Kind: graph.ByCourse, EffortMinutes: 480, ElapsedWeeks: 1}},
	}
	needs := graph.AtLevel("data-literacy", 1)
	sql := graph.Achievement{ID: "sql-for-beginners", Routes: []graph.Route{{
		ID: "course", Kind: graph.ByCourse, EffortMinutes: 720, Price: graph.Money{Amount: 6000}, ElapsedWeeks: 2, Requires: &needs,
	}}}
	charts := graph.Achievement{ID: "charts-in-tableau", Routes: []graph.Route{{
		ID: "course", Kind: graph.ByCourse, EffortMinutes: 600, Price: graph.Money{Amount: 9000}, ElapsedWeeks: 2, Requires: &needs,
	}}}
	all := graph.All(graph.Holds("data-literacy-basics"), graph.Holds("sql-for-beginners"), graph.Holds("charts-in-tableau"))
	analyst := graph.Achievement{
		ID: "business-data-analyst", Routes: []graph.Route{{ID: "stack", Kind: graph.ByStack, Requires: &all}},
	}
	essential := graph.Holds("business-data-analyst")
	c := graph.CompileBatch(graph.Batch{
		At:           asked - 1000,
		Competencies: []graph.Competency{{ID: "data-literacy"}},
		Achievements: []graph.Achievement{data, sql, charts, analyst},
		Roles:        []graph.Role{{ID: "data-analyst", Essential: &essential}},
	})
	return graph.Suppose(c, asked, []graph.Award{{Achievement: "data-literacy-basics", IssuedAt: asked - 500}}, nil)
}

func ExampleSolve() {
	p := example()
	plan, err := pathway.Solve(context.Background(), p, pathway.Goal{Role: "data-analyst"}, pathway.Hours, pathway.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.Status, plan.Total.EffortMinutes, "minutes")
	for _, s := range plan.Steps {
		fmt.Println(s.Version.ID, "by", s.Route.ID)
	}
	// Output:
	// optimal 1320 minutes
	// charts-in-tableau by course
	// sql-for-beginners by course
	// business-data-analyst by stack
}

func ExampleComplete() {
	p := example()
	i, _ := p.Catalog.Achievement("business-data-analyst")
	c, err := pathway.Complete(p, i)
	if err != nil {
		fmt.Println(err)
		return
	}
	r := c.Versions[0].Routes[0]
	fmt.Printf("held %v, progress %.2f\n", c.Held, c.Progress)
	for n, res := range r.Nodes[1:] {
		fmt.Println(r.Route.Requires.Nodes[n+1].Requirement.Achievement, res.State)
	}
	// Output:
	// held false, progress 0.33
	// data-literacy-basics met
	// sql-for-beginners missing
	// charts-in-tableau missing
}

func ExampleNext() {
	p := example()
	advice, err := pathway.Next(context.Background(), p, []pathway.Goal{{Role: "data-analyst"}}, pathway.Hours, pathway.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range advice.Steps {
		fmt.Println(s.Version.ID, "by", s.Route.ID, "forced:", s.Forced)
	}
	// Output:
	// charts-in-tableau by course forced: true
	// sql-for-beginners by course forced: true
}

func ExampleGap() {
	p := example()
	i, _ := p.Catalog.Role("data-analyst")
	g, err := pathway.Gap(p, i)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("qualified:", g.Qualified)
	for _, a := range g.Achievements {
		fmt.Println(p.Catalog.AchievementID(a.Achievement), a.State)
	}
	// Output:
	// qualified: false
	// business-data-analyst missing
}

func ExampleResolve() {
	t, err := pathway.Resolve(example(), pathway.Goal{Role: "data-analyst"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Role.ID, len(t.Essential.Nodes))
	// Output: data-analyst 1
}
