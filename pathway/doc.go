// Package pathway answers one person's questions: how far a stack is, which
// plan leads to a role or credential at the least cost, what to do next, and
// what is missing for a role.
//
// Start from three names. [Solve] finds the cheapest [Plan] to a [Goal] and says
// whether it is proven. [Complete] shows how every requirement of a stack
// stands. [Next] ranks the steps that are open.
//
// The package promises that equal questions (profile, goal, objective, limits)
// give equal answers, that a plan can be followed in its order and has no step
// to spare, and that the word optimal is never used without a proof. An
// unreachable goal is an answer, not an error.
//
// All functions are pure: they read a [graph.Profile], which carries the catalog
// and the instant asked about. They never read a clock or a store, never print
// or log, start no goroutine and know no wire format. They are safe to call at
// the same time.
package pathway
