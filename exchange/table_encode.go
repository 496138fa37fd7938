package exchange

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cairn-skills/cairn/graph"
)

// EncodeTable writes rows of one kind as a table that [DecodeTable] reads back
// as the same facts, with the same IDs. Instants are written in UTC, so the
// zone of the reader does not matter.
//
// A holdings file is kept in memory until it is whole, and never larger than
// one may be that is read.
//
// Errors: class [graph.ErrInvalid] for a row of another kind, a refused row, a
// derived award, text that is not UTF-8, or no format; [graph.ErrLimit] for a
// holdings file that is too large; w's error as it is. Rows before the error are
// written, unless as a holdings file.
func EncodeTable(w io.Writer, format TableFormat, kind TableKind, rows iter.Seq[Row]) error {
	if kind == AnyTable || int(kind) >= len(tableShapes) {
		return graph.Invalid("table", "is to be written as one of people, awards, claims")
	}
	buffered := bufio.NewWriter(w)
	finish := buffered.Flush
	var write func(*tableShape, *tableRecord) error
	switch format {
	case CSVTable:
		cw := csv.NewWriter(buffered)
		fields := tableShapes[kind].names()
		if err := cw.Write(fields); err != nil {
			return err
		}
		write = func(s *tableShape, rec *tableRecord) error {
			for i, c := range s.columns {
				fields[i] = rec.text[c]
			}
			if err := cw.Write(fields); err != nil {
				return err
			}
			cw.Flush()
			return cw.Error()
		}
	case JSONLines:
		write = func(s *tableShape, rec *tableRecord) error { return writeJSONLine(buffered, s, rec) }
	case HoldingsFile:
		h := &holdingsWriter{kind: kind}
		write, finish = h.add, func() error { return h.finish(w) }
	default:
		return graph.Invalid("table", "is to be written as CSV, JSON Lines or a holdings file")
	}
	n := 0
	for row := range rows {
		n++
		rec, err := recordOf(kind, &row)
		if err != nil {
			return fmt.Errorf("write row %d: %w", n, err)
		}
		if err := write(&tableShapes[kind], rec); err != nil {
			return err
		}
	}
	return finish()
}

// writeJSONLine writes the columns that are not empty, and level as a number
// where it is one.
func writeJSONLine(w *bufio.Writer, s *tableShape, rec *tableRecord) error {
	var line bytes.Buffer
	line.WriteByte('{')
	for _, c := range s.columns {
		text := rec.text[c]
		if text == "" {
			continue
		}
		if line.Len() > 1 {
			line.WriteByte(',')
		}
		value := any(text)
		if n, err := strconv.Atoi(text); err == nil && (c == colLevel || c == colVersion) {
			value = n
		} else if c == colEvidence {
			value = strings.Split(text, "\n")
		}
		b, err := json.Marshal(value)
		if err != nil {
			return err
		}
		fmt.Fprintf(&line, "%q:%s", c.String(), b)
	}
	line.WriteString("}\n")
	_, err := w.Write(line.Bytes())
	return err
}

// recordOf is the text of a row by column.
func recordOf(kind TableKind, row *Row) (*tableRecord, error) {
	if row.Kind != kind || len(row.Refused) > 0 {
		return nil, graph.Invalid(string(row.Person), fmt.Sprintf("is a row of %s, or one that was refused; %s are written here", row.Kind, kind))
	}
	rec := &tableRecord{kind: kind}
	set := func(c tableColumn, text string) { rec.text[c] = text }
	set(colPerson, string(row.Person))
	switch kind {
	case PeopleTable:
		if row.Personal != nil {
			set(colName, row.Personal.Name)
		}
		if a := row.Assignment; a != nil {
			set(colUnit, string(a.Unit))
			set(colManager, string(a.Manager))
			set(colRole, string(a.Role))
			set(colFrom, a.From.String())
			set(colUntil, a.Until.String())
		}
	case AwardTable:
		if row.Award == nil {
			return nil, graph.Invalid(string(row.Person), "is a row of awards without an award")
		}
		if row.Award.Source == graph.FromStack {
			return nil, graph.Invalid(row.Award.ID.String(), "is a derived award; derived awards follow from the others and are not written")
		}
		recordAward(set, row)
	case ClaimTable:
		c := row.Claim
		if c == nil {
			return nil, graph.Invalid(string(row.Person), "is a row of claims without a claim")
		}
		set(colCompetency, string(c.Competency))
		set(colLevel, row.LevelName)
		if row.LevelName == "" {
			set(colLevel, strconv.Itoa(int(c.Level)))
		}
		set(colRigor, rigorText(c.Rigor))
		set(colBy, string(c.By))
		set(colAt, c.At.String())
		if row.Personal != nil {
			set(colEvidence, strings.Join(row.Personal.Evidence, "\n"))
		}
	default:
	}
	for c, text := range rec.text {
		if !utf8.ValidString(text) {
			return nil, graph.Invalid(string(row.Person), fmt.Sprintf("the %s is not UTF-8", tableColumn(c)))
		}
	}
	return rec, nil
}

func recordAward(set func(tableColumn, string), row *Row) {
	a := row.Award
	set(colAchievement, string(a.Achievement))
	if a.Version > 0 {
		set(colVersion, strconv.Itoa(a.Version))
	}
	set(colIssuedAt, a.IssuedAt.String())
	set(colValidUntil, a.ValidUntil.String())
	set(colIssuer, string(a.Issuer))
	set(colRigor, rigorText(a.Rigor))
	set(colSource, a.Source.String())
	if p := row.Personal; p != nil {
		set(colEvidence, strings.Join(p.Evidence, "\n"))
		if len(p.Identifiers) > 0 {
			set(colKey, p.Identifiers[0])
		}
	}
}

func rigorText(r graph.Rigor) string {
	if r == graph.RigorUnspecified {
		return ""
	}
	return r.String()
}
