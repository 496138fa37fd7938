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

// found and names are the statements of found.cypher and names.cypher by label.
var (
	found = byLabel("found")
	names = byLabel("names")
)

// byLabel reads a file of statements that each follow a comment with their label.
func byLabel(name string) map[string]string {
	out := make(map[string]string)
	for s := range strings.SplitSeq(statements[name], ";\n") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		before, statement, _ := strings.Cut(s, "\nUNWIND")
		out[before[strings.LastIndexByte(before, ' ')+1:]] = "UNWIND" + statement
	}
	return out
}
