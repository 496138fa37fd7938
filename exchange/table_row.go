package exchange

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cairn-skills/cairn/graph"
)

// rowReading reads the values of one record, collecting what is wrong.
type rowReading struct {
	d   *tableDecoder
	rec *tableRecord
	bad []Finding
}

func (r *rowReading) refuse(c tableColumn, code, message, hint string) {
	r.bad = append(r.bad, r.d.refuse(r.rec.line, code, c.String(), message, hint))
}

// row is a record as facts, or with the reasons why not.
func (d *tableDecoder) row(rec *tableRecord) Row {
	r := &rowReading{d: d, rec: rec}
	out := Row{Line: rec.line, Kind: rec.kind}
	for c, text := range rec.text {
		r.plain(tableColumn(c), text)
	}
	if len(r.bad) == 0 {
		out.Person = r.id(colPerson, true)
		switch rec.kind {
		case PeopleTable:
			r.person(&out)
		case AwardTable:
			r.award(&out)
		case ClaimTable:
			r.claim(&out)
		default:
		}
	}
	if len(r.bad) > 0 {
		return Row{Line: rec.line, Kind: rec.kind, Person: out.Person, Refused: r.bad}
	}
	return out
}

// plain refuses text that no value may have.
func (r *rowReading) plain(c tableColumn, text string) {
	if text == "" {
		return
	}
	if len(text) > tableFieldBytes {
		r.refuse(c, findFieldTooLong, fmt.Sprintf("has %d bytes", len(text)), fmt.Sprintf("at most %d are allowed", tableFieldBytes))
		return
	}
	if !utf8.ValidString(text) {
		r.refuse(c, findEncoding, "holds bytes that are not UTF-8", "save the file as UTF-8 (in a spreadsheet: \"CSV UTF-8\")")
		return
	}
	for _, ch := range text {
		if unicode.IsControl(ch) && (c != colEvidence || ch != '\n' && ch != '\t' && ch != '\r') {
			r.refuse(c, findControlCharacter, fmt.Sprintf("holds the control character %U", ch), "remove it")
			return
		}
	}
}

func (r *rowReading) id(c tableColumn, needed bool) graph.ID {
	text := r.rec.text[c]
	if text == "" {
		if needed {
			r.refuse(c, findMissingValue, "is empty", "an id is needed")
		}
		return ""
	}
	id := graph.ID(text)
	if err := id.Check(); err != nil {
		r.refuse(c, findBadID, fmt.Sprintf("%s is not an id: %v", quoteShort(text), err), "an id is an IRI or a slug such as sql-for-beginners, not a title")
		return ""
	}
	return id
}

func (r *rowReading) rigor() graph.Rigor {
	text := r.rec.text[colRigor]
	if text == "" {
		return graph.RigorUnspecified
	}
	rigor, err := graph.ParseRigor(strings.ToLower(text))
	if err != nil {
		r.refuse(colRigor, findBadWord, fmt.Sprintf("%s is no rigor", quoteShort(text)), "one of declared, endorsed, assessed, proctored")
	}
	return rigor
}

// at is the instant in column c, or opts.At where there is none.
func (r *rowReading) at(c tableColumn) graph.Instant {
	if r.rec.text[c] != "" {
		return r.instant(c, false)
	}
	if r.d.opts.At == 0 {
		r.refuse(c, findMissingValue, "is empty", "a date such as 2024-03-31 is needed")
	}
	return r.d.opts.At
}

func (r *rowReading) instant(c tableColumn, end bool) graph.Instant {
	text := r.rec.text[c]
	if text == "" {
		return 0
	}
	t, problem, hint := tableInstant(text, r.d.opts.Zone, end)
	if problem != "" {
		r.refuse(c, findBadDate, quoteShort(text)+" "+problem, hint)
	}
	return t
}

// tableInstant reads a time or a date. As an end, "forever" and 31 December
// 9999, by which many systems mean it, are [graph.Forever].
func tableInstant(text string, zone *time.Location, end bool) (at graph.Instant, problem, hint string) {
	const shape = "write a date as 2024-03-31 or a time with its offset as 2024-03-31T09:00:00+02:00"
	switch day, err := time.Parse(time.DateOnly, text); {
	case end && (strings.EqualFold(text, graph.Forever.String()) || text == "9999-12-31"):
		return graph.Forever, "", ""
	case err == nil && end:
		at = startOfDay(day.AddDate(0, 0, 1), zone)
	case err == nil:
		at = startOfDay(day, zone)
	default:
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return 0, "is not a date or a time", shape
		}
		at = graph.InstantOf(t)
	}
	if y := at.Time().Year(); y < 1900 || y > 9999 {
		return 0, fmt.Sprintf("lies in the year %d", y), "years from 1900 to 9999 can be recorded"
	}
	if at == 0 {
		return 0, "is the one moment that cannot be recorded", "write 1970-01-01T00:00:00.001Z"
	}
	return at, "", ""
}

// person reads a person and the assignment, if the row has one.
func (r *rowReading) person(out *Row) {
	if name := r.rec.text[colName]; name != "" {
		out.Personal = &graph.Personal{Person: out.Person, Name: name}
	}
	a := graph.Assignment{
		Person: out.Person, Role: r.id(colRole, false), Unit: r.id(colUnit, false), Manager: r.id(colManager, false),
		From: r.instant(colFrom, false), Until: r.instant(colUntil, true),
	}
	if len(r.bad) > 0 || a == (graph.Assignment{Person: out.Person}) {
		return
	}
	if a.Until == graph.Forever {
		a.Until = 0
	}
	if a.Role == "" {
		r.refuse(colRole, findMissingValue, "is empty in a row with a unit, a manager or dates", "an assignment needs a role")
	}
	if a.From == 0 {
		r.refuse(colFrom, findMissingValue, "is empty", "an assignment needs the date from which it runs, e.g. 2024-03-01")
	}
	if a.Until != 0 && a.Until <= a.From {
		r.refuse(colUntil, findBadOrder, "is not after from", "an assignment ends after it begins")
	}
	if a.Manager == a.Person {
		r.refuse(colManager, findBadManager, "is the person", "leave it empty for a person without a manager")
	}
	a.ID = graph.AssignmentID(a.Person, a.Role, a.Unit, a.From)
	out.Assignment = &a
}

func (r *rowReading) award(out *Row) {
	a := graph.Award{
		Person: out.Person, Achievement: r.id(colAchievement, true), IssuedAt: r.at(colIssuedAt),
		ValidUntil: r.instant(colValidUntil, true), Source: graph.FromImport, Rigor: r.rigor(), Issuer: r.id(colIssuer, false),
	}
	if text := r.rec.text[colSource]; text != "" {
		source, err := graph.ParseAwardSource(strings.ToLower(text))
		switch {
		case err != nil:
			r.refuse(colSource, findBadWord, fmt.Sprintf("%s is no source", quoteShort(text)), "one of assessment, import, prior_learning, migration")
		case source == graph.FromStack:
			r.refuse(colSource, findDerivedAward, "says that the award is derived", "derived awards follow from the others and are not imported")
		}
		a.Source = source
	}
	if text := r.rec.text[colVersion]; text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 1 {
			r.refuse(colVersion, findBadNumber, quoteShort(text)+" is no version", "a whole number from 1, or empty for the version in force when it was issued")
		}
		a.Version = int(n)
	}
	if len(r.bad) == 0 && a.ValidUntil != 0 && a.ValidUntil <= a.IssuedAt {
		r.refuse(colValidUntil, findBadOrder, "is not after issued_at", "an award ends after it is issued")
	}
	if len(r.bad) > 0 {
		return
	}
	key := r.rec.text[colKey]
	a.ID = graph.AwardID(a.Person, a.Achievement, a.IssuedAt, key)
	p := graph.Personal{Person: a.Person, About: a.ID, Evidence: evidence(r.rec.text[colEvidence])}
	if key != "" {
		p.Identifiers = []string{key}
	}
	if key != "" || len(p.Evidence) > 0 {
		out.Personal = &p
	}
	out.Award = &a
}

// evidence is the lines of a text that are not empty.
func evidence(text string) []string {
	var out []string
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r", "\n"), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func (r *rowReading) claim(out *Row) {
	c := graph.Claim{
		Person: out.Person, Competency: r.id(colCompetency, true), Rigor: r.rigor(), By: r.id(colBy, false), At: r.at(colAt),
	}
	if c.Rigor == graph.RigorUnspecified {
		c.Rigor = graph.Declared
	}
	if c.By == "" {
		c.By = "self"
	}
	level, name := r.level()
	if len(r.bad) > 0 {
		return
	}
	c.Level = level
	c.ID = graph.ClaimID(c.Person, c.Competency, c.By, c.At)
	out.Claim, out.LevelName = &c, name
	if list := evidence(r.rec.text[colEvidence]); len(list) > 0 {
		out.Personal = &graph.Personal{Person: c.Person, About: c.ID, Evidence: list}
	}
}

// level is a level by number, or its name.
func (r *rowReading) level() (graph.Level, string) {
	text := r.rec.text[colLevel]
	if text == "" {
		r.refuse(colLevel, findMissingValue, "is empty", "a level by its number or name; 0 withdraws the claim")
		return 0, ""
	}
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return 0, text
	}
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil || n > graph.MaxLevels {
		r.refuse(colLevel, findBadLevel, quoteShort(text)+" is no level", fmt.Sprintf("a whole number from 0 to %d, or the level's name", graph.MaxLevels))
	}
	return graph.Level(n), ""
}
