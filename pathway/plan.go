package pathway

import (
	"cmp"

	"github.com/cairn-skills/cairn/graph"
)

// Objective is what a plan costs the least of. Ties are settled by the other
// costs in the order effort, price, weeks, then by the number of routes, then
// by a search whose order depends only on IDs.
type Objective uint8

// The objectives. The zero value is Hours.
const (
	Hours Objective = iota // the sum of the effort, in minutes
	Money                  // the sum of the prices, in minor units
)

// String is the objective as it is written in messages.
func (o Objective) String() string {
	if o == Money {
		return "money"
	}
	return "hours"
}

// DefaultWork is the number of work units that a question may use when it does
// not say. It proves the plans of ordinary roles; it takes about a second when
// all of it is used.
const DefaultWork = 100_000_000

// DefaultSteps is the number of suggestions of [Next] when the question does not
// say: about what a person reads.
const DefaultSteps = 20

// Limits say how far to search and what to leave out.
type Limits struct {
	// Work is the number of work units: inputs, routes and options looked at, of
	// everything from the question to the end of the search. Zero means
	// DefaultWork. A first plan, or a core, is found whatever the limit.
	Work int64
	// Exclude are achievements that no plan may earn. Awards of them that are
	// held still count.
	Exclude []graph.ID
	// Steps is the most suggestions of [Next]. Zero means DefaultSteps.
	Steps int
}

func (l Limits) work() int64 {
	if l.Work <= 0 {
		return DefaultWork
	}
	return l.Work
}

// Cost is what a plan takes: sums over its steps.
type Cost struct {
	EffortMinutes int64
	PriceMinor    int64 // minor units of the catalog's currency
	Weeks         int64
	Routes        int64
}

// Of is the part of c that o is about.
func (c Cost) Of(o Objective) int64 {
	if o == Money {
		return c.PriceMinor
	}
	return c.EffortMinutes
}

// Compare orders costs under o with its tie-break: negative if c is the less.
func (c Cost) Compare(d Cost, o Objective) int {
	return cmp.Or(
		cmp.Compare(c.Of(o), d.Of(o)), cmp.Compare(c.EffortMinutes, d.EffortMinutes),
		cmp.Compare(c.PriceMinor, d.PriceMinor), cmp.Compare(c.Weeks, d.Weeks), cmp.Compare(c.Routes, d.Routes),
	)
}

// Status says how much is proven about a plan.
type Status uint8

// The statuses.
const (
	StatusUnspecified Status = iota
	Optimal                  // no plan costs less
	Feasible                 // a plan, and a bound that no plan can beat; see [Solve] on what is undecided
	Unreachable              // there is no plan; Plan.Core says why
)

// String is the status as it is written in messages.
func (s Status) String() string {
	names := [...]string{"unspecified", "optimal", "feasible", "unreachable"}
	if int(s) < len(names) {
		return names[s]
	}
	return names[0]
}

// Plan is an answer of [Solve].
type Plan struct {
	Status    Status
	Objective Objective
	// Canonical says that the ties are settled too: no plan of the same cost
	// under the objective is better in the tie-break.
	Canonical bool
	// Steps come in an order in which each can be taken; none can be left out.
	Steps []Step
	Total Cost
	// Bound is what no plan can cost less than under the objective. Gap is
	// (cost - bound) / cost, in 0 to 1; 0 when optimal.
	Bound int64
	Gap   float64
	// WaitUntil is when the last tenure that the plan waits for is reached, if
	// no assignment changes; zero for none.
	WaitUntil graph.Instant
	// Target is what the goal asks for, and Covered its leaves that are met.
	Target  Target
	Covered []Covered
	// Core is set when unreachable: at least one of it would be needed, and
	// nothing leads to any of it.
	Core []Blocker
	// Work is the number of work units used.
	Work int64
}

// Step is one achievement to earn by one route.
type Step struct {
	Version *graph.Version
	Route   *graph.CompiledRoute
	// AvailableNow: what the route requires is met already.
	AvailableNow bool
	// Renews: an award of the achievement is held that does not suffice, since
	// it lapsed, is stale or is too weak.
	Renews bool
	// Closes are the leaves of the target that this step leads to, directly or
	// through later steps. An exclusive node stands for the leaves below it, and
	// a credits node for those that are met and count more with the step.
	Closes []NodeRef
	// Needs and Enables are the steps of the plan, by position, that this one
	// rests on and that rest on this one, directly.
	Needs, Enables []int
}

// Cost is what the step alone takes.
func (s *Step) Cost() Cost {
	return Cost{s.Route.EffortMinutes, s.Route.PriceMinor, s.Route.ElapsedWeeks, 1}
}

// Covered is a leaf of the target that is met already.
type Covered struct {
	NodeRef
	Evidence int32 // index into Profile.Evidence; -1: tenure
}

// Why says why nothing leads to a [Blocker].
type Why uint8

// The reasons.
const (
	WhyUnspecified Why = iota
	NoProvider         // no route, achievement or implication gives it
	Circular           // every way to it leads back to itself
	Shortfall          // a rule cannot hold even with all its parts
	Blocked            // what gives it needs others that nothing leads to
	Excluded           // only what Limits.Exclude names gives it
)

// String is the reason as it is written in messages.
func (w Why) String() string {
	names := [...]string{"unspecified", "no_provider", "circular", "shortfall", "blocked", "excluded"}
	if int(w) < len(names) {
		return names[w]
	}
	return names[0]
}

// Blocker is one atom of an unreachable core: an achievement, or a competency
// at a level. With neither, the target's own rule falls short.
type Blocker struct {
	Achievement graph.ID
	Competency  graph.ID
	Level       graph.Level
	MinRigor    graph.Rigor
	Role        graph.ID // of a tenure; or Family
	Family      graph.ID
	Months      int
	Why         Why
	// Have and Want are set for a Shortfall: of credits in hundredths, of
	// weights, or of children.
	Have, Want int64
}
