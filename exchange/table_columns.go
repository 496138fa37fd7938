package exchange

import (
	"fmt"
	"slices"
	"strings"
)

// tableColumn is a column of a table, or a key of an object that is a row.
type tableColumn uint8

const (
	colPerson tableColumn = iota
	colName
	colUnit
	colManager
	colRole
	colFrom
	colUntil
	colAchievement
	colVersion
	colIssuedAt
	colValidUntil
	colIssuer
	colRigor
	colSource
	colEvidence
	colKey
	colCompetency
	colLevel
	colBy
	colAt
	tableColumns // their number
)

var tableColumnNames = [tableColumns]string{
	"person", "name", "unit", "manager", "role", "from", "until", "achievement", "version", "issued_at", "valid_until", "issuer",
	"rigor", "source", "evidence", "key", "competency", "level", "by", "at",
}

func (c tableColumn) String() string { return tableColumnNames[c] }

// tableShape is the columns of a kind of table, in the order in which they are
// written; the first needed of them must have a value in every row.
type tableShape struct {
	needed  int
	columns []tableColumn
	mark    tableColumn // whose presence tells the kind
}

var tableShapes = [...]tableShape{
	PeopleTable: {1, []tableColumn{colPerson, colName, colUnit, colManager, colRole, colFrom, colUntil}, colPerson},
	AwardTable: {2, []tableColumn{
		colPerson, colAchievement, colIssuedAt, colValidUntil, colIssuer, colRigor, colSource, colEvidence, colKey, colVersion,
	}, colAchievement},
	ClaimTable: {3, []tableColumn{colPerson, colCompetency, colLevel, colRigor, colBy, colAt, colEvidence}, colCompetency},
}

// names are the columns of a kind by name.
func (s *tableShape) names() []string {
	out := make([]string, len(s.columns))
	for i, c := range s.columns {
		out[i] = c.String()
	}
	return out
}

// columnOf is the column that is meant by a name: case, spaces and hyphens do
// not matter ("Valid until" is valid_until).
func columnOf(name string) (tableColumn, bool) {
	folded := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(name)))
	for c := range tableColumns {
		if tableColumnNames[c] == folded {
			return c, true
		}
	}
	return 0, false
}

// tableRecord is one row before its values are read.
type tableRecord struct {
	kind TableKind
	line int
	text [tableColumns]string // trimmed; empty where there is none
}

// kindOf is the kind of a table with these columns: the one asked for, or the
// one whose mark is there. The answer is AnyTable, and why, if it cannot be told.
func (d *tableDecoder) kindOf(has func(tableColumn) bool) (TableKind, string) {
	if d.opts.Kind != AnyTable {
		return d.opts.Kind, ""
	}
	achievement, competency := has(colAchievement), has(colCompetency)
	switch {
	case achievement && competency:
		return AnyTable, "it has an achievement and a competency; a row is an award or a claim"
	case achievement:
		return AwardTable, ""
	case competency:
		return ClaimTable, ""
	case has(colPerson):
		return PeopleTable, ""
	}
	return AnyTable, "it has no person"
}

// unknownColumn reports, once in a file, a column that tables of a kind do not have.
func (d *tableDecoder) unknownColumn(line int, name string, kind TableKind) {
	if d.unknown[name] || len(d.unknown) >= maxFindingsPerCode {
		return
	}
	d.unknown[name] = true
	known := tableShapes[kind].names()
	hint := fmt.Sprintf("%s have %s", kind, strings.Join(known, ", "))
	if near := nearest(name, known); near != "" {
		hint = fmt.Sprintf("is %s meant?", near)
	}
	d.report.Add(Finding{
		Severity: Warning, Code: findUnknownColumn, File: d.name, Line: line, Column: name,
		Message: fmt.Sprintf("the column %s is not one of %s and is not read", quoteShort(name), kind), Hint: hint,
	})
}

// missingColumns are the needed columns of a kind that are not there.
func (d *tableDecoder) missingColumns(kind TableKind, has func(tableColumn) bool) []string {
	s := &tableShapes[kind]
	need := slices.Clone(s.columns[:s.needed])
	if d.opts.At == 0 {
		switch kind {
		case AwardTable:
			need = append(need, colIssuedAt)
		case ClaimTable:
			need = append(need, colAt)
		default:
		}
	}
	var missing []string
	for _, c := range need {
		if !has(c) {
			missing = append(missing, c.String())
		}
	}
	return missing
}
