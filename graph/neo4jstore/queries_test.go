package neo4jstore_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/docs/examples"
	"github.com/cairn-skills/cairn/exchange"
	"github.com/cairn-skills/cairn/graph"
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
