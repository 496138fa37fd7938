package neo4jstore_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/docs/examples"
	"github.com/cairn-skills/cairn/exchange"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// exampleDay is the day on which the example is loaded, and asked about.
var exampleDay = graph.InstantOf(time.Date(2026, time.October, 1, 0, 0, 0, 0, time.UTC))

// loadExample publishes the example's catalog and records its people, awards
// and claims, each a commit as the command line makes them. Then the youngest
// analyst gets another manager, so that the graph has a past.
func loadExample(tb testing.TB, store graph.Store) *graph.Live {
	tb.Helper()
	live, err := graph.Open(tb.Context(), store, graph.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(live.Close)
	files, err := exchange.CatalogFilesIn(examples.Catalog())
	if err != nil {
		tb.Fatal(err)
	}
	read, err := exchange.DecodeCatalog(files, exchange.CatalogOptions{})
	if err != nil || len(read.Problems) > 0 {
		tb.Fatalf("the example catalog: %v\n%v", err, read.Problems)
	}
	batch, _ := exchange.DiffCatalog(live.Head().Catalog, read, false)
	record(tb, live, batch)
	for _, t := range []struct {
		name    string
		content []byte
	}{{"people.csv", examples.People}, {"awards.csv", examples.Awards}, {"claims.csv", examples.Claims}} {
		var b graph.Batch
		options := exchange.TableOptions{Zone: live.Head().Catalog.Zone()}
		report, err := exchange.DecodeTable(tb.Context(), t.name, bytes.NewReader(t.content), options, func(rows []exchange.Row) error {
			for i := range rows {
				addRow(&b, &rows[i])
			}
			return nil
		})
		if err != nil || len(report.Findings) > 0 {
			tb.Fatalf("%s: %v, findings %v", t.name, err, report.Findings)
		}
		record(tb, live, b)
	}
	e, _ := live.Head().Person("p-06")
	e.Assignments[0].Manager, e.Assignments[0].Until = "p-01", 0
	record(tb, live, graph.Batch{Assignments: e.Assignments})
	return live
}

func addRow(b *graph.Batch, r *exchange.Row) {
	if n := len(b.People); r.Kind == exchange.PeopleTable && (n == 0 || b.People[n-1].ID != r.Person) {
		b.People = append(b.People, graph.Person{ID: r.Person})
	}
	switch {
	case r.Assignment != nil:
		b.Assignments = append(b.Assignments, *r.Assignment)
	case r.Award != nil:
		b.Awards = append(b.Awards, *r.Award)
	case r.Claim != nil:
		b.Claims = append(b.Claims, *r.Claim)
	}
	if r.Personal != nil {
		b.Personal = append(b.Personal, *r.Personal)
	}
}

// record commits a batch, an hour after the one before.
func record(tb testing.TB, live *graph.Live, b graph.Batch) {
	tb.Helper()
	const hour = 60 * 60 * 1000
	b.At = exampleDay + graph.Instant(live.Head().Revision)*hour
	if _, err := live.Commit(tb.Context(), b, graph.CommitOptions{}); err != nil {
		tb.Fatal(err)
	}
}

// ask runs a statement of the test's own and returns its rows.
func ask(tb testing.TB, driver neo4j.DriverWithContext, statement string, parameters map[string]any) *neo4j.EagerResult {
	tb.Helper()
	result, err := neo4j.ExecuteQuery(tb.Context(), driver, statement, parameters, neo4j.EagerResultTransformer)
	if err != nil {
		tb.Fatalf("%v in\n%s", err, statement)
	}
	return result
}

var update = flag.Bool("update", false, "write what Neo4j answers into docs/neo4j.md")

const page = "../../docs/neo4j.md"

// TestQueries runs every query of docs/neo4j.md on the example and compares the
// answer with the table below it.
func TestQueries(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	server := neo4jtest.Start(t)
	store := open(t, fresh(t, server, server.URI()))
	t.Cleanup(func() { _ = store.Close() })
	loadExample(t, store)
	driver := server.Driver(t)
	lines := strings.Split(string(text), "\n")
	parameters := make(map[string]any)
	var out []string
	title, queries, empty := "", 0, 0
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		out = append(out, line)
		if strings.HasPrefix(line, "#") {
			title = strings.TrimLeft(line, "# ")
		}
		if name, value, ok := strings.Cut(strings.TrimPrefix(line, ":param "), " => "); ok && strings.HasPrefix(line, ":param ") {
			parameters[name] = ask(t, driver, "RETURN "+value, nil).Records[0].Values[0]
		}
		if line != "```cypher" {
			continue
		}
		end := i + 1 + slices.Index(lines[i+1:], "```")
		statement := strings.Join(lines[i+1:end], "\n")
		out = append(out, lines[i+1:end+1]...)
		got := table(ask(t, driver, statement, parameters))
		from := end + 1
		for from < len(lines) && lines[from] == "" {
			from++
		}
		to := from
		for to < len(lines) && strings.HasPrefix(lines[to], "|") {
			to++
		}
		if d := cmp.Diff(lines[from:to], got); d != "" && !*update {
			t.Errorf("%s (-%s +Neo4j):\n%s", title, page, d)
		}
		if queries++; len(got) == 2 {
			empty++
		}
		out = append(append(append(out, ""), got...), "")
		for i = to - 1; i+1 < len(lines) && lines[i+1] == ""; {
			i++
		}
	}
	if queries < 16 || empty > 0 {
		t.Errorf("%d queries, of which %d have no answer to show", queries, empty)
	}
	if *update {
		whole := strings.TrimRight(strings.Join(out, "\n"), "\n") + "\n"
		if err := os.WriteFile(page, []byte(whole), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// table is an answer in Markdown.
func table(result *neo4j.EagerResult) []string {
	row := func(cells []string) string { return "| " + strings.Join(cells, " | ") + " |" }
	out := []string{row(result.Keys), strings.Repeat("|---", len(result.Keys)) + "|"}
	for _, r := range result.Records {
		cells := make([]string, len(r.Values))
		for i, v := range r.Values {
			cells[i] = cell(v)
		}
		out = append(out, row(cells))
	}
	return out
}

func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		texts := make([]string, len(v))
		for i := range v {
			texts[i] = cell(v[i])
		}
		return strings.Join(texts, ", ")
	case neo4j.Date:
		return v.String()
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	}
	return strings.ReplaceAll(fmt.Sprint(v), "|", `\|`)
}
