//go:build !race

package neo4jstore_test

// racing tells whether the race detector watches.
const racing = false
