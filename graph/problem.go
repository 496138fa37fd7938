package graph

import "fmt"

// Severity says whether a problem keeps a catalog from being published.
type Severity uint8

// The severities.
const (
	SeverityUnspecified Severity = iota
	Warning                      // published all the same
	Failure                      // refused by Live.Commit with [ErrLaw]
)

var severityNames = [...]string{"", "warning", "error"}

// String is the severity as it is printed.
func (s Severity) String() string { return word(severityNames[:], uint8(s)) }

// Problem is one thing that is wrong with a catalog.
type Problem struct {
	Code     string // stable, e.g. "unknown-id"; listed in docs/lint.md
	Severity Severity
	Kind     Kind   // of the entry it is in
	Subject  ID     // the entry it is in
	Path     string // the place in the entry as in the catalog file: routes/stack/requires/of/1
	Message  string // what is wrong
	Hint     string // what would be right
	Witness  []ID   // for circular support: the cycle; for others the entries involved
}

// String is the problem in one line.
func (p Problem) String() string {
	return fmt.Sprintf("%s %s %s %s/%s: %s; %s", p.Severity, p.Code, p.Kind, p.Subject, p.Path, p.Message, p.Hint)
}
