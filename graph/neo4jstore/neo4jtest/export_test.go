package neo4jtest

// Sweep removes the folders that killed test binaries have left.
var Sweep = sweep
