//go:build race

package neo4jstore_test

const racing = true
