// Package neo4jstore is a [graph.Store] in Neo4j: a property graph that an
// analyst can open and query, and that several servers share. docs/neo4j.md has
// its labels, relationships and queries.
//
// # The graph
//
// A fact is one node. Its label says what it is, its properties and
// relationships say what it says, under the names that the walk files give
// them: a walker goes through each type once and serves both directions. What
// is nested in a fact, such as the routes of an achievement and the nodes of
// their rules, are nodes of their own that belong to it.
//
// Nothing is forgotten. When a fact takes the place of an earlier one, what the
// node said before is moved to a node labeled Past, and its relationships become
// WAS; so a query by label sees the present and needs no condition for it, and
// yet every batch can be read back as it was committed.
//
// # Order
//
// Every node of a fact has the revision and its position in the batch, and a
// node labeled Commit for each revision has what else the batch said, the number
// of its facts and a digest of them. Writers queue for a lock on the one node
// labeled Cairn, which holds the newest revision, so commits of all servers are
// one sequence without gaps.
//
// # Outcomes
//
// A transaction carries a name of the call, under a uniqueness constraint. An
// attempt looks for it under the lock before it writes: whatever became of
// earlier attempts of the same call, it is stored once.
//
// # Personal records
//
// They are sealed with a key of the person (package seal) that is kept in a file
// beside the servers, never in the graph.
package neo4jstore
