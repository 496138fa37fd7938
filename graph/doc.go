// Package graph holds the words and the laws of Cairn: what can be known about
// competencies, achievements, roles and people, when a requirement is met, and
// what a store must promise.
//
// Start from three names. A [Batch] is the only thing that crosses a store's
// door, in either direction. A [Snapshot] is the compiled, immutable state at
// one [Revision]; every question is answered from it. [Live] follows a [Store],
// offers its newest Snapshot and checks the laws before a commit.
//
// The package promises that an answer depends on the recorded facts, the time
// asked about and nothing else: not on the order in which facts arrived, not on
// the store that keeps them, not on the iteration order of a map.
//
// It never reads a clock, prints, logs, or knows a wire format. Times are
// arguments; errors are values of the classes in errors.go.
package graph
