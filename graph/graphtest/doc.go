// Package graphtest holds what tests of graph and of its stores share. Only
// tests import it.
//
// Start from three names. [TestStore] tests that a store keeps the contract of
// [graph.Store], sentence by sentence. [FullBatch] has every field of every
// type set. [World] makes an organization of any size.
//
// The package promises that equal arguments give equal data. It never reads a
// clock, except to give up on a call that does not return.
package graphtest
