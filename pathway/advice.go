package pathway

import "github.com/cairn-skills/cairn/graph"

// Advice is an answer of [Next].
type Advice struct {
	Steps []Suggestion // the best first
	// Plans are the plans to the goals, in their order.
	Plans []Plan
	// Proven: every plan and regret is proven, so the ranking is canonical.
	Proven bool
	// Work is the number of work units used.
	Work int64
}

// Suggestion is a route that can be taken now.
type Suggestion struct {
	Version *graph.Version
	Route   *graph.CompiledRoute
	// Ready: a stack whose requirement is met; it only has to be claimed, or
	// confirmed if Route.Award is [graph.Recommend].
	Ready bool
	// Goals are the goals, by position, whose plan has the step.
	Goals []int
	// Regret is what the plans to the goals cost more without the achievement,
	// under the objective, added up. Forced: some goal that can be reached
	// cannot be reached without it; Regret then counts the other goals.
	// RegretProven: every plan that the regret was taken from is proven.
	Regret       int64
	Forced       bool
	RegretProven bool
	// Closes are the leaves of the goals that the step leads to.
	Closes []Closed
	// Requirements is the number of unmet leaves, of the roles that the person
	// does not qualify for, that are met with the achievement. Unlocks are the
	// roles that the person qualifies for with it and not without it, by ID. With
	// it an award held may come to count whose prerequisite its version enforces;
	// automatic awards that would follow do not. Retired roles are left out.
	Requirements int
	Unlocks      []graph.RoleIndex
}

// Closed is a leaf of a goal.
type Closed struct {
	Goal int // position among the goals
	NodeRef
}
