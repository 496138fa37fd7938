package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// importChunk is how many rows are read and committed at once: a commit costs
// two syncs, which 5,000 rows share, and a chunk is a few megabytes.
const importChunk = 5000

// tablePasses is the order in which the rows of tables are recorded: awards and
// claims need the people. Rows whose kind cannot be told are only answered.
var tablePasses = []exchange.TableKind{exchange.PeopleTable, exchange.AwardTable, exchange.ClaimTable, exchange.AnyTable}

// table is a file of people, awards or claims.
type table struct {
	*spooled
	options exchange.TableOptions
	kinds   []exchange.TableKind // of its rows
}

// tables imports files of people, awards and claims. Every file is read to its
// end before anything is recorded, which finds what is wrong with a whole file
// and which rows it has; then it is read again for each kind of its rows.
func (i *importer) tables(ctx context.Context) error {
	options, err := i.tableOptions()
	if err != nil {
		return err
	}
	tables := make([]*table, len(i.spool.files))
	for n, f := range i.spool.files {
		tables[n] = &table{spooled: f, options: options}
		if err := i.check(ctx, tables[n]); err != nil {
			return err
		}
	}
	for _, kind := range tablePasses {
		for _, t := range tables {
			if !slices.Contains(t.kinds, kind) {
				continue
			}
			if err := i.pass(ctx, t, kind); err != nil {
				return err
			}
		}
	}
	return nil
}

func (i *importer) tableOptions() (exchange.TableOptions, error) {
	o := exchange.TableOptions{Zone: i.live.Head().Catalog.Zone(), Chunk: importChunk}
	switch i.header.GetFormat() {
	case cairnv1.ImportFormat_IMPORT_FORMAT_PEOPLE_CSV:
		o.Kind, o.Format = exchange.PeopleTable, exchange.CSVTable
	case cairnv1.ImportFormat_IMPORT_FORMAT_AWARDS_CSV:
		o.Kind, o.Format = exchange.AwardTable, exchange.CSVTable
	case cairnv1.ImportFormat_IMPORT_FORMAT_CLAIMS_CSV:
		o.Kind, o.Format = exchange.ClaimTable, exchange.CSVTable
	case cairnv1.ImportFormat_IMPORT_FORMAT_JSON_LINES:
		o.Format = exchange.JSONLines
	case cairnv1.ImportFormat_IMPORT_FORMAT_YAML:
		o.Format = exchange.HoldingsFile
	default: // told by each file
	}
	if i.header.GetAt() == nil {
		return o, nil
	}
	var err error
	o.At, err = instantOf("at", i.header.GetAt())
	return o, err
}

// decode reads a table from its beginning.
func (t *table) decode(ctx context.Context, emit func([]exchange.Row) error) (exchange.Report, error) {
	f, err := t.open()
	if err != nil {
		return exchange.Report{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return exchange.DecodeTable(ctx, t.name, f, t.options, emit)
}

// check reads a table to its end, notes the kinds of its rows and answers what
// is remarkable about the whole of it.
func (i *importer) check(ctx context.Context, t *table) error {
	if err := i.progress(t.name, i.spool.bytes); err != nil {
		return err
	}
	report, err := t.decode(ctx, func(rows []exchange.Row) error {
		for _, r := range rows {
			if !slices.Contains(t.kinds, r.Kind) {
				t.kinds = append(t.kinds, r.Kind)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	read := &cairnv1.ImportedFile{Name: t.name, Bytes: t.bytes}
	contents := make([]string, len(report.Counts))
	for n, c := range report.Counts {
		contents[n] = c.Kind
		read.Rows += int64(c.Rows)
		read.Accepted += int64(c.Accepted)
		read.Skipped += int64(c.Skipped)
	}
	read.Contents = strings.Join(contents, ", ")
	if read.Format, err = t.format(contents); err != nil {
		return err
	}
	i.report.Files = append(i.report.Files, read)
	for n := range report.Findings {
		f := &report.Findings[n]
		if f.Severity == exchange.Refused {
			continue // answered with its row
		}
		if f.Code == "unknown-column" {
			read.UnknownColumns = append(read.UnknownColumns, f.Column)
		}
		if err := i.find(f, cairnv1.FactKind_FACT_KIND_UNSPECIFIED); err != nil {
			return err
		}
	}
	return nil
}

// format is what a table was taken for, by the rules of exchange.DecodeTable.
func (t *table) format(contents []string) (cairnv1.ImportFormat, error) {
	csv := cairnv1.ImportFormat_IMPORT_FORMAT_UNSPECIFIED
	if len(contents) > 0 {
		switch contents[0] {
		case exchange.PeopleTable.String():
			csv = cairnv1.ImportFormat_IMPORT_FORMAT_PEOPLE_CSV
		case exchange.AwardTable.String():
			csv = cairnv1.ImportFormat_IMPORT_FORMAT_AWARDS_CSV
		case exchange.ClaimTable.String():
			csv = cairnv1.ImportFormat_IMPORT_FORMAT_CLAIMS_CSV
		}
	}
	switch t.options.Format {
	case exchange.CSVTable:
		return csv, nil
	case exchange.JSONLines:
		return cairnv1.ImportFormat_IMPORT_FORMAT_JSON_LINES, nil
	case exchange.HoldingsFile:
		return cairnv1.ImportFormat_IMPORT_FORMAT_YAML, nil
	default: // told by the name, then by the first bytes
	}
	switch path.Ext(strings.TrimSuffix(strings.ToLower(t.name), ".gz")) {
	case ".csv", ".tsv":
		return csv, nil
	case ".jsonl", ".ndjson":
		return cairnv1.ImportFormat_IMPORT_FORMAT_JSON_LINES, nil
	case ".yaml", ".yml", ".json":
		return cairnv1.ImportFormat_IMPORT_FORMAT_YAML, nil
	}
	f, err := t.open()
	if err != nil {
		return csv, err
	}
	defer func() { _ = f.Close() }() // it was only read
	head, err := io.ReadAll(io.LimitReader(f, 4096))
	if err == nil && bytes.HasPrefix(bytes.TrimLeft(head, "\ufeff \t\r\n"), []byte("{")) {
		return cairnv1.ImportFormat_IMPORT_FORMAT_JSON_LINES, nil
	}
	return csv, err
}

// pass records the rows of one kind of a table, a chunk in a commit.
func (i *importer) pass(ctx context.Context, t *table, kind exchange.TableKind) error {
	last := graph.ID("")
	_, err := t.decode(ctx, func(rows []exchange.Row) error {
		rows = slices.DeleteFunc(rows, func(r exchange.Row) bool { return r.Kind != kind })
		if len(rows) == 0 {
			return nil
		}
		if err := i.chunk(ctx, rows, &last); err != nil {
			return err
		}
		i.rows += int64(len(rows))
		return i.progress(t.name, i.spool.bytes)
	})
	return err
}

// chunk records rows and answers those that were not plainly recorded. last is
// the person of the row before, since a person may have a row for each
// assignment and is counted once.
func (i *importer) chunk(ctx context.Context, rows []exchange.Row, last *graph.ID) error {
	f := newFactRows(i.server)
	f.snap = i.live.Head()
	var of []int // the row that each result is of
	begin := func(n int, k cairnv1.FactKind) int {
		of = append(of, n)
		return f.row(k, n)
	}
	for n := range rows {
		r := &rows[n]
		switch {
		case len(r.Refused) > 0: // answered in its turn below
		case r.Kind == exchange.PeopleTable:
			if r.Person != *last || r.Personal != nil && r.Personal.Name != "" && r.Assignment == nil {
				name := ""
				if r.Personal != nil {
					name = r.Personal.Name
				}
				f.addPerson(begin(n, cairnv1.FactKind_FACT_KIND_PERSON), r.Person, name, nil)
			}
			*last = r.Person
			if r.Assignment != nil {
				f.addAssignment(begin(n, cairnv1.FactKind_FACT_KIND_ASSIGNMENT), *r.Assignment)
			}
		case r.Award != nil:
			f.addAward(begin(n, cairnv1.FactKind_FACT_KIND_AWARD), *r.Award, r.Personal)
		case r.Claim != nil:
			row := begin(n, cairnv1.FactKind_FACT_KIND_CLAIM)
			if err := levelByName(f.snap.Catalog, r); err != nil {
				f.refuse(row, "level", err)
				continue
			}
			f.addClaim(row, *r.Claim, r.Personal)
		}
	}
	if err := f.addPersonal(ctx); err != nil {
		return err
	}
	if f.batch.Len() > 0 {
		f.batch.At = i.server.now()
		receipt, err := i.live.Commit(ctx, f.batch, graph.CommitOptions{Partial: true})
		if err != nil {
			return err
		}
		f.settle(&receipt)
		i.committed(&receipt)
	}
	next := 0 // result
	for n := range rows {
		if len(rows[n].Refused) > 0 {
			if err := i.refused(&rows[n]); err != nil {
				return err
			}
		}
		for ; next < len(of) && of[next] == n; next++ {
			if err := i.tally(&rows[n], f.results[next]); err != nil {
				return err
			}
		}
	}
	return nil
}

// refused answers a row that could not be read.
func (i *importer) refused(r *exchange.Row) error {
	kind := cairnv1.FactKind_FACT_KIND_UNSPECIFIED
	switch r.Kind {
	case exchange.PeopleTable:
		kind = cairnv1.FactKind_FACT_KIND_ASSIGNMENT
	case exchange.AwardTable:
		kind = cairnv1.FactKind_FACT_KIND_AWARD
	case exchange.ClaimTable:
		kind = cairnv1.FactKind_FACT_KIND_CLAIM
	default: // it cannot be told
	}
	i.count(kind).Refused++
	for n := range r.Refused {
		if err := i.find(&r.Refused[n], kind); err != nil {
			return err
		}
	}
	return nil
}

// tally counts what became of a fact, and answers it if it has a remark.
func (i *importer) tally(r *exchange.Row, result *cairnv1.FactResult) error {
	c := i.count(result.GetKind())
	switch result.GetOutcome() {
	case cairnv1.Outcome_OUTCOME_RECORDED:
		c.Recorded++
	case cairnv1.Outcome_OUTCOME_UNCHANGED:
		c.Unchanged++
	default:
		c.Refused++
	}
	if result.GetCode() == "" {
		return nil
	}
	row := &cairnv1.ImportRow{
		File: r.File, Line: int64(r.Line), Column: result.GetField(), Kind: result.GetKind(), Id: result.GetId(),
		Outcome: result.GetOutcome(), Code: remarkCode(result.GetCode()), Message: result.GetMessage(),
		PrerequisiteUnmet: result.GetPrerequisiteUnmet(), Severity: cairnv1.Severity_SEVERITY_WARNING,
	}
	if row.GetId() == "" {
		row.Id = string(r.Person)
	}
	if row.GetOutcome() == cairnv1.Outcome_OUTCOME_REFUSED {
		row.Severity = cairnv1.Severity_SEVERITY_ERROR
	} else if row.GetOutcome() == cairnv1.Outcome_OUTCOME_RECORDED {
		c.Remarked++
	}
	return i.remark(row)
}

// levelByName sets the level of a claim that names it, by the title that it has
// on the competency's scale in any language, in capitals or not.
func levelByName(c *graph.Catalog, r *exchange.Row) error {
	if r.LevelName == "" {
		return nil
	}
	i, ok := c.Competency(r.Claim.Competency)
	if !ok {
		return nil // refused as unknown with the others
	}
	e, _ := c.CompetencyEntry(i)
	var names []string
	if s, ok := c.Scale(e.Scale); ok {
		for l, title := range s.Levels {
			for _, tr := range title {
				if strings.EqualFold(tr.Value, r.LevelName) {
					r.Claim.Level = graph.Level(l + 1)
					return nil
				}
			}
			names = append(names, title.In("en").Value)
		}
	}
	message := fmt.Sprintf("%q is no level of %s", r.LevelName, r.Claim.Competency)
	if len(names) > 0 {
		message += ", whose levels are " + strings.Join(names, ", ")
	} else {
		message += ", which has the single level 1"
	}
	return &graph.Error{Class: graph.ErrInvalid, Reason: "LEVEL_OFF_SCALE", Subject: "level", Message: message}
}
