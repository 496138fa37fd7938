package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/cairn-skills/cairn/graph"
)

// ESCOOptions say how [DecodeESCO] reads. The zero value is usable.
type ESCOOptions struct {
	Catalog       graph.ID      // the source of every entry; empty means "esco"
	Version       string        // of the classification, e.g. "1.1.1"; the files do not name it
	EffectiveFrom graph.Instant // of the roles and badges; zero means the commit's time
	Derive        Derivation    // entries to make that are not part of ESCO; zero means none
}

// Derivation is what DecodeESCO makes beside what ESCO holds.
type Derivation uint8

// The derivations.
const (
	DeriveNothing Derivation = iota
	DeriveBadges             // see [ESCOBadgeID] for the rule
)

// ParseDerivation reads "" or "none" as [DeriveNothing] and "badges" as
// [DeriveBadges]. Any other text is an error of class [graph.ErrInvalid].
func ParseDerivation(text string) (Derivation, error) {
	switch text {
	case "", "none":
		return DeriveNothing, nil
	case "badges":
		return DeriveBadges, nil
	}
	return 0, graph.Invalid("derive", fmt.Sprintf("must be none or badges, not %q", text))
}

// Limits of an ESCO file. The largest field of ESCO 1.1.1 has 627,354 bytes (a
// list of members in conceptSchemes), its largest file about 9 MB of text.
const (
	escoFieldBytes  = 1 << 20
	escoRecordBytes = 4 << 20
	escoFileBytes   = 256 << 20
)

// escoFrameworkID is the URI of ESCO's own concept scheme of skills.
const escoFrameworkID graph.ID = "http://data.europa.eu/esco/concept-scheme/skills"

// DecodeESCO reads the CSV files of the ESCO classification, as the portal
// publishes them, from the top folder of fsys. Each may be plain or gzip
// (".csv" or ".csv.gz"); it is known by the beginning of its name and its
// language by the end: skills_en.csv, occupationSkillRelations.csv.gz. Several
// languages together become language maps.
//
// The result is one Batch, passed to emit once, after every file has been read:
// an error leaves nothing half emitted. It holds a Framework; a Competency for
// each skill, knowledge and skill group, with the single level 1, its broader
// links and no implications (ESCO declares none); and a Role for each
// occupation, whose essential skills are all required and whose optional skills
// weigh 1 each. IDs are the ESCO URIs. A requirement's node is named for the
// last part of the skill's URI, so it stays the same from one version of ESCO
// to the next.
//
// Everything that was not read plainly is in the Report: rows that point at
// nothing, rows shorter than the header, relations that have no counterpart
// here. None of these is an error.
//
// Errors name file and line: class [graph.ErrInvalid] for a file that is not
// CSV, is cut off, is not UTF-8, lacks a column that is needed or is there
// twice, and for a folder without skills_*.csv; [graph.ErrLimit] for a field
// over 1 MiB, a row over 4 MiB or a file over 256 MiB; ctx's and emit's error as it is.
//
// Memory is in proportion to the text of the files.
func DecodeESCO(ctx context.Context, fsys fs.FS, opts ESCOOptions, emit func(graph.Batch) error) (Report, error) {
	if opts.Catalog == "" {
		opts.Catalog = "esco"
	}
	d := &escoDecoder{
		ctx: ctx, fsys: fsys, opts: opts, source: graph.Source{Catalog: opts.Catalog},
		skills: newConcepts(), occupations: newConcepts(), isco: make(map[string]*escoConcept),
		broader: make(map[escoPair]int), pairs: make(map[escoPair]escoRelation),
	}
	if err := d.read(); err != nil {
		return d.report, err
	}
	batch := d.batch()
	if err := ctx.Err(); err != nil {
		return d.report, err
	}
	return d.report, emit(batch)
}

// escoDecoder is the state of one DecodeESCO.
type escoDecoder struct {
	ctx    context.Context
	fsys   fs.FS
	opts   ESCOOptions
	source graph.Source
	report Report
	count  *Count // of the file being read

	skills      *escoConcepts // skills, knowledge and skill groups, in the order of the files
	occupations *escoConcepts
	isco        map[string]*escoConcept // by code
	iscoURIs    map[graph.ID]bool
	broader     map[escoPair]int          // the links of the skill pillar and their line
	pairs       map[escoPair]escoRelation // occupation and skill
	repeats     int                       // alternative labels that say nothing more
	nearest     map[graph.ID][]graph.ID   // nearestGroups of a skill
}

// escoConcept is a row of skills, skillGroups, occupations or ISCOGroups.
type escoConcept struct {
	id          graph.ID
	at          Place  // of its first row
	stem        string // of the files it is in
	lastFile    string
	kind        graph.CompetencyKind
	skillType   string
	status      string
	code        string // ISCO code of an occupation or group, code of a skill group
	iscoGroup   string
	title       []graph.Translation
	alts        []graph.Translation
	description []graph.Translation
	broader     []graph.ID
	essential   []graph.ID
	optional    []graph.ID
}

// released reports whether the concept is in force in ESCO.
func (c *escoConcept) released() bool { return c.status == "" || c.status == "released" }

// escoConcepts are concepts in the order in which they were first read.
type escoConcepts struct {
	list []*escoConcept
	byID map[graph.ID]*escoConcept
}

func newConcepts() *escoConcepts { return &escoConcepts{byID: make(map[graph.ID]*escoConcept)} }

type escoPair struct{ from, to graph.ID }

type escoRelation struct {
	line      int
	essential bool
}

// find records a finding about the current row or file.
func (d *escoDecoder) find(severity Severity, code string, at Place, subject graph.ID, message, hint string) {
	d.report.Add(Finding{
		Severity: severity, Code: code, File: at.File, Line: at.Line, Subject: string(subject), Message: message, Hint: hint,
	})
}

// aside records n occurrences of a construct that has no counterpart here; 0 is
// silent. what are the occurrences in a sentence.
func (d *escoDecoder) aside(file string, n int, construct, what, why string) {
	if n == 0 {
		return
	}
	d.report.Add(Finding{
		Severity: Note, Code: findNotCarriedOver, File: file, Message: fmt.Sprintf("%d %s are not carried over", n, what), Hint: why, Count: n,
		Construct: construct,
	})
}

// skip records that the current row is left out.
func (d *escoDecoder) skip(code string, at Place, subject graph.ID, message, hint string) {
	d.count.Accepted--
	d.count.Skipped++
	d.find(Refused, code, at, subject, message, hint)
}

// escoColumns are the positions of the columns of a file by name.
type escoColumns struct {
	row   *rowReader
	index map[string]int
}

// get is the trimmed field of the current row under the column's name; empty
// where the file or the row has none.
func (c *escoColumns) get(name string) string {
	i, ok := c.index[name]
	if !ok {
		return ""
	}
	return strings.TrimSpace(c.row.at(i))
}

// rows calls row for every data row of a file. need are the columns that it
// must have, with a value in every row; may are those it knows besides. Short
// rows are reported and read; a row without a needed value is left out.
func (d *escoDecoder) rows(f escoFile, need, may []string, row func(*escoColumns, Place)) (err error) {
	r, closer, err := openFile(d.fsys, f.name, escoFileBytes)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := closer.Close(); cerr != nil && err == nil {
			err = cerr
		}
	}()
	rr, err := newRowReader(f.name, r, ',', rowLimits{escoFieldBytes, escoRecordBytes})
	if err != nil {
		return err
	}
	cols := &escoColumns{row: rr, index: make(map[string]int, len(rr.header))}
	for i, h := range rr.header {
		cols.index[h] = i
	}
	for _, n := range need {
		if _, ok := cols.index[n]; !ok {
			return fileError(Place{f.name, 1}, "MISSING_COLUMN", fmt.Sprintf("the column %q is missing; the header has %s", n, strings.Join(rr.header, ", ")))
		}
	}
	d.unknownColumns(f.name, rr.header, need, may)
	d.report.Counts = append(d.report.Counts, Count{File: f.name, Kind: f.part.kind})
	d.count = &d.report.Counts[len(d.report.Counts)-1]
	for {
		if d.count.Rows%1024 == 0 {
			if err := d.ctx.Err(); err != nil {
				return err
			}
		}
		err := rr.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return asFatal(err)
		}
		at := Place{f.name, rr.line}
		if !rr.valid() {
			return fileError(at, "ENCODING", notUTF8)
		}
		d.count.Rows++
		d.count.Accepted++
		if !d.shape(cols, at, need) {
			continue
		}
		row(cols, at)
	}
}

// shape checks the number of fields and the needed ones of the current row.
func (d *escoDecoder) shape(cols *escoColumns, at Place, need []string) bool {
	got, want := len(cols.row.fields), len(cols.row.header)
	if got != want {
		hint := "the missing fields are read as empty"
		if got > want {
			hint = "the fields beyond the header are not read"
		}
		d.find(Warning, findRaggedRow, at, "", fmt.Sprintf("the row has %d fields, the header %d", got, want), hint)
	}
	for _, n := range need {
		if cols.get(n) == "" {
			d.skip(findMissingValue, at, "", fmt.Sprintf("the column %s is empty", n), "the row is left out")
			return false
		}
	}
	return true
}

func (d *escoDecoder) unknownColumns(file string, header, need, may []string) {
	known := make(map[string]bool, len(need)+len(may))
	for _, n := range need {
		known[n] = true
	}
	for _, n := range may {
		known[n] = true
	}
	for _, h := range header {
		if !known[h] {
			d.find(Warning, findUnknownColumn, Place{file, 1}, "", fmt.Sprintf("the column %q is not one of ESCO 1.1.1 and is not read", h), "")
		}
	}
}
