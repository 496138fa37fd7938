package examples_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/docs/examples"
	"github.com/cairn-skills/cairn/exchange"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

func catalog(t *testing.T) *exchange.CatalogFiles {
	t.Helper()
	files, err := exchange.CatalogFilesIn(examples.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	c, err := exchange.DecodeCatalog(files, exchange.CatalogOptions{})
	if err != nil || len(c.Problems) > 0 {
		t.Fatalf("the example catalog has problems: %v\n%v", err, c.Problems)
	}
	return c
}

// table reads a table whose every row must be accepted without a finding.
func table(t *testing.T, name string, content []byte) []exchange.Row {
	t.Helper()
	var rows []exchange.Row
	report, err := exchange.DecodeTable(context.Background(), name, bytes.NewReader(content), exchange.TableOptions{}, func(r []exchange.Row) error {
		rows = append(rows, r...)
		return nil
	})
	if err != nil || len(report.Findings) > 0 || report.Skipped() > 0 {
		t.Fatalf("%s: %v, findings %v", name, err, report.Findings)
	}
	return rows
}

// TestTables: every row is read, and names only what the catalog and the other
// tables have.
func TestTables(t *testing.T) {
	c := catalog(t)
	known := map[graph.Kind]map[graph.ID]bool{graph.KindAchievement: {}, graph.KindRole: {}, graph.KindCompetency: {}, graph.KindPerson: {}}
	for _, a := range c.Batch.Achievements {
		known[graph.KindAchievement][a.ID] = true
	}
	for _, o := range c.Batch.Roles {
		known[graph.KindRole][o.ID] = true
	}
	for _, o := range c.Batch.Competencies {
		known[graph.KindCompetency][o.ID] = true
	}
	must := func(k graph.Kind, id graph.ID, line int) {
		if !known[k][id] {
			t.Errorf("row in line %d names the %s %q, which is not there", line, k, id)
		}
	}
	people := table(t, "people.csv", examples.People)
	units := map[graph.ID]bool{}
	for _, r := range people {
		known[graph.KindPerson][r.Person] = true
	}
	for _, r := range people {
		must(graph.KindRole, r.Assignment.Role, r.Line)
		units[r.Assignment.Unit] = true
		if r.Assignment.Manager != "" {
			must(graph.KindPerson, r.Assignment.Manager, r.Line)
		}
	}
	if n := len(known[graph.KindPerson]); n != 12 || len(units) != 2 {
		t.Errorf("%d people in %d units, want 12 in 2", n, len(units))
	}
	for _, r := range table(t, "awards.csv", examples.Awards) {
		must(graph.KindPerson, r.Person, r.Line)
		must(graph.KindAchievement, r.Award.Achievement, r.Line)
	}
	for _, r := range table(t, "claims.csv", examples.Claims) {
		must(graph.KindPerson, r.Person, r.Line)
		must(graph.KindCompetency, r.Claim.Competency, r.Line)
	}
	for _, r := range table(t, "holdings.csv", examples.Holdings) {
		must(graph.KindAchievement, r.Award.Achievement, r.Line)
	}
}

// TestAlignments: every ESCO address of the example is in ESCO, under the name
// that the example gives it.
func TestAlignments(t *testing.T) {
	dir := filepath.Join(graphtest.SharedDir(t), "data", "esco-1.1.1-en")
	labels := map[graph.ID]string{}
	for _, name := range []string{"skills_en.csv.gz", "occupations_en.csv.gz"} {
		readLabels(t, filepath.Join(dir, name), labels)
	}
	if len(labels) < 15_000 {
		t.Fatalf("only %d ESCO concepts were read", len(labels))
	}
	checked := 0
	check := func(id graph.ID, list []graph.Alignment) {
		for _, a := range list {
			if !strings.HasPrefix(string(a.Target), "http://data.europa.eu/esco/") {
				continue
			}
			checked++
			if d := cmp.Diff(labels[a.Target], a.TargetName); d != "" {
				t.Errorf("%s is aligned to %s, whose name (-ESCO +example) is:\n%s", id, a.Target, d)
			}
		}
	}
	b := catalog(t).Batch
	for _, c := range b.Competencies {
		check(c.ID, c.Alignments)
	}
	for _, o := range b.Roles {
		check(o.ID, o.Alignments)
	}
	if checked < 20 {
		t.Errorf("the example has %d alignments to ESCO, want 20 at least", checked)
	}
}

func readLabels(t *testing.T, name string, into map[graph.ID]string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(z)
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	header, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	uri, label := -1, -1
	for i, h := range header {
		switch h {
		case "conceptUri":
			uri = i
		case "preferredLabel":
			label = i
		}
	}
	for {
		row, err := r.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(row) > max(uri, label) {
			into[graph.ID(row[uri])] = row[label]
		}
	}
}
