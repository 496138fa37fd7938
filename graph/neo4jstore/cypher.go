package neo4jstore

import (
	"embed"
	"path"
	"strings"
)

//go:embed cypher
var files embed.FS

// statements are the embedded files of the folder cypher by name. Parameters
// are their only variable part.
var statements = func() map[string]string {
	entries, err := files.ReadDir("cypher")
	if err != nil {
		panic(err) // the files are part of the binary
	}
	out := make(map[string]string)
	for _, e := range entries {
		if !e.IsDir() {
			out[strings.TrimSuffix(e.Name(), ".cypher")] = read("cypher/" + e.Name())
		}
	}
	return out
}()

func read(name string) string {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err) // as above
	}
	return string(b)
}

// migrations are the statements of the folder migrate, a list for each version
// of the schema, from 1.
var migrations = func() [][]string {
	entries, err := files.ReadDir("cypher/migrate")
	if err != nil {
		panic(err) // as above
	}
	out := make([][]string, len(entries))
	for i, e := range entries {
		for s := range strings.SplitSeq(read(path.Join("cypher/migrate", e.Name())), ";\n") {
			if s = strings.TrimSpace(s); s != "" {
				out[i] = append(out[i], s)
			}
		}
	}
	return out
}()

// Schema is the version of the graph's schema that this package reads and writes.
var Schema = int64(len(migrations))

// labels are those of named nodes: each has a constraint in the schema and a
// parameter in names.cypher.
var labels = []string{
	"Settings",
	"Scale",
	"Conversion",
	"Framework",
	"Issuer",
	"Competency",
	"Achievement",
	"AchievementVersion",
	"Role",
	"RoleVersion",
	"Ladder",
	"Person",
	"Assignment",
	"Award",
	"Claim",
	"PersonalRecord",
	"Withdrawal",
	"Unit",
	"Catalog",
	"Category",
	"Family",
	"AlignmentTarget",
}
