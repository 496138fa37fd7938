package exchange

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/cairn-skills/cairn/graph"
)

// TableKind is what the rows of a table are.
type TableKind uint8

// The kinds of tables.
const (
	AnyTable    TableKind = iota // told by the columns
	PeopleTable                  // people and their assignments
	AwardTable
	ClaimTable
)

var tableKindNames = [...]string{"any", "people", "awards", "claims"}

// String is the kind as it is written in reports and on the command line.
func (k TableKind) String() string {
	if int(k) < len(tableKindNames) {
		return tableKindNames[k]
	}
	return fmt.Sprintf("unknown(%d)", uint8(k))
}

// ParseTableKind is the kind that String writes as text; "" is AnyTable. Any
// other text is an error of class [graph.ErrInvalid].
func ParseTableKind(text string) (TableKind, error) {
	for i, n := range tableKindNames {
		if text == n {
			return TableKind(i), nil
		}
	}
	if text == "" {
		return AnyTable, nil
	}
	return 0, graph.Invalid("table", fmt.Sprintf("%q is not one of %s", text, strings.Join(tableKindNames[:], ", ")))
}

// TableFormat is how a table is written.
type TableFormat uint8

// The formats of tables.
const (
	AnyFormat    TableFormat = iota // told by the end of the name, otherwise by the first bytes
	CSVTable                        // RFC 4180, with a header; also with semicolons or tabs
	JSONLines                       // one JSON object a line
	HoldingsFile                    // YAML or JSON: people with what they hold, see [DecodeTable]
)

// TableOptions say how [DecodeTable] reads. The zero value is usable.
type TableOptions struct {
	Kind   TableKind
	Format TableFormat
	Zone   *time.Location // of dates without a time; nil means UTC
	// At is the instant of awards and claims that give none. Zero: they are
	// refused. Recording them again with another At records them twice.
	At    graph.Instant
	Chunk int // rows in a call of emit; zero means 1,000
}

// Row is one row of a table: a person, an assignment, an award or a claim, or
// the reasons why it was left out.
type Row struct {
	File string
	Line int // where the row begins
	Kind TableKind

	Person     graph.ID          // whom the row is about
	Assignment *graph.Assignment // PeopleTable: nil in a row that only names a person
	Award      *graph.Award      // AwardTable
	Claim      *graph.Claim      // ClaimTable
	// LevelName is the claim's level where the table names it instead of
	// counting it; the caller sets Claim.Level, since it knows the scale.
	LevelName string
	Personal  *graph.Personal // name, key and evidence; nil without any

	Refused []Finding // why the row is left out; then no fact is set
}

// The limits of a table: of one field, of one row, of one holdings file.
const (
	tableFieldBytes  = 64 << 10
	tableRecordBytes = 1 << 20
	tableChunk       = 1000
)

// DecodeTable reads people, awards and claims from r and passes them to emit in
// the order of the file, Chunk at a time. Rows come with their facts' IDs, so
// that reading a table twice gives the same facts. name is used in findings and
// to tell the format; gzip is unpacked.
//
// A row that cannot be read is refused alone: it is emitted with the reasons,
// which are in the Report as well. So is what concerns all rows, such as a
// column that no table has. docs/formats-import.md describes columns and values.
//
// Times are RFC 3339 and cut to milliseconds. A date alone is the start of the
// day in opts.Zone; in valid_until and until it includes the day, so it is the
// start of the next. IDs are not looked up.
//
// Errors name file and line, and end the reading after earlier chunks were
// emitted: class [graph.ErrInvalid] for a file that is not text in UTF-8, has
// no usable header or is cut off; [graph.ErrLimit] for a CSV row over 1 MiB (as
// an unclosed quote makes) or a holdings file over the limits of catalog files;
// ctx's and emit's error as they are. Memory is bounded by a chunk and a row,
// for holdings files by the file. The text of a table as a whole has no limit,
// also where gzip unpacks to far more than was sent: ctx ends the reading.
func DecodeTable(ctx context.Context, name string, r io.Reader, opts TableOptions, emit func([]Row) error) (Report, error) {
	if opts.Zone == nil {
		opts.Zone = time.UTC
	}
	if opts.Chunk <= 0 {
		opts.Chunk = tableChunk
	}
	d := &tableDecoder{ctx: ctx, name: name, opts: opts, emit: emit, unknown: make(map[string]bool)}
	err := d.decode(r)
	if err == nil {
		err = d.flush()
	}
	return d.report, err
}

// tableDecoder is the state of one DecodeTable.
type tableDecoder struct {
	ctx     context.Context
	name    string
	opts    TableOptions
	emit    func([]Row) error
	report  Report
	rows    []Row
	unknown map[string]bool // columns that were reported
}

func (d *tableDecoder) decode(src io.Reader) error {
	text, err := openText(d.name, src, 0)
	if err != nil {
		return err
	}
	br := bufio.NewReaderSize(text, 64<<10)
	head, err := br.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return readError(Place{d.name, 1}, err)
	}
	switch d.format(head) {
	case JSONLines:
		return d.jsonLines(br)
	case HoldingsFile:
		return d.holdings(br)
	default:
		return d.csv(br, head)
	}
}

// format is the one asked for, or the one that name and first bytes tell.
func (d *tableDecoder) format(head []byte) TableFormat {
	if d.opts.Format != AnyFormat {
		return d.opts.Format
	}
	switch strings.ToLower(path.Ext(strings.TrimSuffix(strings.ToLower(d.name), ".gz"))) {
	case ".csv", ".tsv":
		return CSVTable
	case ".jsonl", ".ndjson":
		return JSONLines
	case ".yaml", ".yml", ".json":
		return HoldingsFile
	}
	if bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{")) {
		return JSONLines
	}
	return CSVTable
}

// add counts a row, reports it if it is refused, and emits a full chunk.
func (d *tableDecoder) add(row Row) error {
	row.File = d.name
	c := d.countOf(row.Kind)
	c.Rows++
	if len(row.Refused) == 0 {
		c.Accepted++
	} else {
		c.Skipped++
	}
	for _, f := range row.Refused {
		d.report.Add(f)
	}
	d.rows = append(d.rows, row)
	if len(d.rows) < d.opts.Chunk {
		return nil
	}
	return d.flush()
}

func (d *tableDecoder) countOf(k TableKind) *Count {
	for i := range d.report.Counts {
		if d.report.Counts[i].Kind == k.String() {
			return &d.report.Counts[i]
		}
	}
	d.report.Counts = append(d.report.Counts, Count{File: d.name, Kind: k.String()})
	return &d.report.Counts[len(d.report.Counts)-1]
}

// flush emits the rows that wait.
func (d *tableDecoder) flush() error {
	if err := d.ctx.Err(); err != nil {
		return err
	}
	if len(d.rows) == 0 {
		return nil
	}
	rows := d.rows
	d.rows = nil
	return d.emit(rows)
}

// refuse is a finding about a row that is left out.
func (d *tableDecoder) refuse(line int, code, column, message, hint string) Finding {
	return Finding{Severity: Refused, Code: code, File: d.name, Line: line, Column: column, Message: message, Hint: hint}
}
