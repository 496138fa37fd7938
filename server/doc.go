// Package server is the doors: the services of cairn.v1 over gRPC and over REST,
// on one port, with the same guards.
//
// Start from [New], which makes a [Server] for a [graph.Live]; [Listen] and
// [Server.Serve] open its port, and [Server.Client] is a connection to it
// without one.
//
// It promises that a call has the same answer or the same error through every
// door, that an answer is a function of the question, the revision and the
// instant asked about, in the same bytes from every build, that every error
// carries a code and a reason from the table in errors.go, and that its log has
// no names and no ids of people.
//
// It never decides what an answer is: that is for graph and pathway. It never
// listens on an address that other machines reach, because nothing is
// authenticated.
package server
