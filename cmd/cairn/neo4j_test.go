package main

import (
	"path/filepath"
	"testing"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// TestNeo4jTranscripts runs the scripts of testdata/neo4j one after the other,
// each on an empty database at $NEO4J. Besides the commands of TestTranscripts
// they have
//
//	cypher STATEMENT      runs a statement on the database
func TestNeo4jTranscripts(t *testing.T) {
	server := neo4jtest.Start(t)
	files, err := filepath.Glob("testdata/neo4j/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			server.Wipe(t)
			p := transcripts()
			p.Files = []string{file}
			p.Setup = func(env *testscript.Env) error {
				env.Setenv("NEO4J", server.URI())
				env.Setenv("CAIRN_NEO4J_USER", server.User())
				env.Setenv("CAIRN_NEO4J_PASSWORD", server.Password())
				return setUpTranscript(env)
			}
			p.Cmds["cypher"] = func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 1 {
					ts.Fatalf("usage: cypher STATEMENT")
				}
				_, err := neo4j.ExecuteQuery(t.Context(), server.Driver(t), args[0], nil, neo4j.EagerResultTransformer)
				ts.Check(err)
			}
			testscript.Run(t, p)
		})
	}
}
