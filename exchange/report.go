package exchange

import (
	"fmt"
	"strings"

	"github.com/cairn-skills/cairn/graph"
)

// Severity says what became of the thing a [Finding] is about.
type Severity uint8

// The severities, from the mildest.
const (
	SeverityUnspecified Severity = iota
	Note                         // read as meant; something beside it was not carried over
	Warning                      // odd, and read all the same, in the way the finding says
	Refused                      // left out
)

// String is the severity as it is printed.
func (s Severity) String() string {
	switch s {
	case Note:
		return "note"
	case Warning:
		return "warning"
	case Refused:
		return "refused"
	default:
		return "unspecified"
	}
}

// Finding is one thing in a file that was not read plainly.
type Finding struct {
	Severity Severity
	Code     string // stable, lower case with hyphens; listed in docs/formats-import.md
	File     string // as it was named by the caller; empty for a finding about all of them
	Line     int    // where the row begins, from 1; 0 for the whole file
	Column   string // the column by its name; empty for the whole row
	Subject  string // the id it is about; may be empty
	Message  string // what is wrong, lower case, no full stop
	Hint     string // what would be right; may be empty
	Count    int    // how many places it stands for; 0 and 1 are one place
	// Construct is what has no counterpart here, such as a column: of a finding
	// that says of Count occurrences in File that they are not carried over, and
	// in its Hint why. Empty for every other finding.
	Construct string
}

// String is the finding in one line: file:line: severity code: column: subject: message; hint.
func (f Finding) String() string {
	var b strings.Builder
	if f.File != "" {
		b.WriteString(Place{f.File, f.Line}.String())
		b.WriteString(": ")
	}
	fmt.Fprintf(&b, "%s %s: ", f.Severity, f.Code)
	if f.Column != "" {
		fmt.Fprintf(&b, "%s: ", f.Column)
	}
	if f.Subject != "" {
		fmt.Fprintf(&b, "%s: ", f.Subject)
	}
	b.WriteString(f.Message)
	if f.Hint != "" {
		b.WriteString("; ")
		b.WriteString(f.Hint)
	}
	return b.String()
}

// Place is a line of a file.
type Place struct {
	File string
	Line int // from 1; 0 is the whole file
}

// String is file:line, or the file alone.
func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Count is what became of the rows of one file.
type Count struct {
	File     string
	Kind     string // what the rows are, e.g. "skills", "awards"
	Rows     int    // data rows, without the header and empty lines
	Accepted int    // rows that were understood and used
	Skipped  int    // rows that were left out; each has a finding. Rows = Accepted + Skipped
}

// maxFindingsPerCode bounds what a Report keeps of one code, so that a hostile
// file cannot fill the memory with complaints about itself. It is well above
// what the largest file set read so far needs (ESCO 1.1.1: 189 ragged rows).
const maxFindingsPerCode = 1000

// Report is what an import understood, changed and left aside. Everything that
// was not read plainly is a finding; of one code the first 1,000 are kept whole
// and the others counted, so [Report.Total] is exact always.
type Report struct {
	Counts   []Count   // in the order of reading
	Findings []Finding // in the order of reading

	tallies map[string]tally // by code
	codes   []string         // of tallies, in the order of first appearance
	places  map[entryKey]Place
}

// tally is how many findings of a code are kept, and how many places had one.
type tally struct{ kept, total int }

type entryKey struct {
	kind graph.Kind
	id   graph.ID
}

// Add records a finding: of one code the first 1,000 whole, of the others the Count.
func (r *Report) Add(f Finding) {
	if r.tallies == nil {
		r.tallies = make(map[string]tally)
	}
	t, ok := r.tallies[f.Code]
	if !ok {
		r.codes = append(r.codes, f.Code)
	}
	if r.keeps(f.Code) {
		r.Findings = append(r.Findings, f)
		t.kept++
	}
	t.total += max(f.Count, 1)
	r.tallies[f.Code] = t
}

// keeps reports whether the next finding of code is kept whole.
func (r *Report) keeps(code string) bool { return r.tallies[code].kept < maxFindingsPerCode }

// Total is how many places have a finding of code, kept whole or not.
func (r *Report) Total(code string) int { return r.tallies[code].total }

// Codes are the codes that were found, in the order of first appearance.
func (r *Report) Codes() []string { return append([]string(nil), r.codes...) }

// SetPlace records where the entry id of kind k is written. The first place
// recorded for an entry stays.
func (r *Report) SetPlace(k graph.Kind, id graph.ID, p Place) {
	if r.places == nil {
		r.places = make(map[entryKey]Place)
	}
	key := entryKey{k, id}
	if _, ok := r.places[key]; !ok {
		r.places[key] = p
	}
}

// Place is where the entry id of kind k is written; false for an entry that has
// no place.
func (r *Report) Place(k graph.Kind, id graph.ID) (Place, bool) {
	p, ok := r.places[entryKey{k, id}]
	return p, ok
}

// Accepted is the number of rows that were used, over all files.
func (r *Report) Accepted() int {
	n := 0
	for _, c := range r.Counts {
		n += c.Accepted
	}
	return n
}

// Skipped is the number of rows that were left out, over all files.
func (r *Report) Skipped() int {
	n := 0
	for _, c := range r.Counts {
		n += c.Skipped
	}
	return n
}
