package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// csv reads a table with a header and a row a record. head is the beginning of
// what br reads.
func (d *tableDecoder) csv(br io.Reader, head []byte) error {
	comma, err := d.separator(head)
	if err != nil {
		return err
	}
	rr, err := newRowReader(d.name, br, comma, rowLimits{tableFieldBytes, tableRecordBytes})
	if err != nil {
		return err
	}
	kind, columns, err := d.header(rr)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		if n%1024 == 0 {
			if err := d.ctx.Err(); err != nil {
				return err
			}
		}
		err := rr.next()
		var bad *rowError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			f := d.refuse(bad.at.Line, bad.code, "", bad.message, "mend the row")
			err = d.add(Row{Line: bad.at.Line, Kind: kind, Refused: []Finding{f}})
		case err == nil:
			err = d.add(d.csvRow(rr, kind, columns))
		}
		if err != nil {
			return err
		}
	}
}

// separator is the comma, unless the first line has none of it and holds
// semicolons or tabs, as spreadsheets write in some countries.
func (d *tableDecoder) separator(head []byte) (rune, error) {
	first, _, _ := bytes.Cut(head, []byte("\n"))
	first = bytes.TrimSuffix(first, []byte("\r"))
	if bytes.IndexByte(first, '\r') >= 0 && !bytes.Contains(first, []byte("\"")) {
		return 0, fileError(Place{d.name, 1}, "LINE_ENDS", "the lines end with CR alone; save the file with LF or CRLF at the ends of lines")
	}
	if bytes.HasPrefix(bytes.TrimSpace(first), []byte("[")) {
		return 0, fileError(Place{d.name, 1}, "NOT_CSV", "the file holds a JSON list; write one object a line (JSON Lines, .jsonl) or a CSV table")
	}
	if bytes.IndexByte(first, ',') >= 0 {
		return ',', nil
	}
	for _, sep := range []rune{';', '\t'} {
		if bytes.ContainsRune(first, sep) {
			d.report.Add(Finding{
				Severity: Note, Code: findSeparator, File: d.name, Line: 1,
				Message: fmt.Sprintf("the header has no comma; the fields are taken to be separated by %q", sep),
			})
			return sep, nil
		}
	}
	return ',', nil
}

// noColumn stands for a column of the file that is not read.
const noColumn = tableColumns

// header tells the kind of the table and what each of its columns is.
func (d *tableDecoder) header(rr *rowReader) (TableKind, []tableColumn, error) {
	var at [tableColumns]int
	has := func(c tableColumn) bool { return at[c] > 0 }
	columns := make([]tableColumn, len(rr.header))
	for i, name := range rr.header {
		c, ok := columnOf(name)
		if !ok {
			columns[i] = noColumn
			continue
		}
		if has(c) {
			return 0, nil, fileError(Place{d.name, rr.line}, "DUPLICATE_COLUMN", fmt.Sprintf(
				"the columns %q and %q are both %s", rr.header[at[c]-1], name, c))
		}
		at[c] = i + 1
		columns[i] = c
	}
	listed := strings.Join(rr.header, ", ")
	kind, problem := d.kindOf(has)
	if kind == AnyTable {
		return 0, nil, fileError(Place{d.name, rr.line}, "NO_HEADER", fmt.Sprintf(
			"the first line is not the header of a table: %s; people have the columns %s, awards %s, claims %s", problem,
			strings.Join(tableShapes[PeopleTable].names(), ","), strings.Join(tableShapes[AwardTable].names(), ","),
			strings.Join(tableShapes[ClaimTable].names(), ",")))
	}
	if missing := d.missingColumns(kind, has); len(missing) > 0 {
		return 0, nil, fileError(Place{d.name, rr.line}, "MISSING_COLUMN", fmt.Sprintf(
			"the column %s is missing; the header has %s", strings.Join(missing, ", "), quoteShort(listed)))
	}
	d.countOf(kind)
	for i, c := range columns {
		if c == noColumn || !tableShapes[kind].has(c) {
			columns[i] = noColumn
			if name := rr.header[i]; name != "" {
				d.unknownColumn(rr.line, name, kind)
			}
		}
	}
	return kind, columns, nil
}

func (d *tableDecoder) csvRow(rr *rowReader, kind TableKind, columns []tableColumn) Row {
	rec := tableRecord{kind: kind, line: rr.line}
	for i, f := range rr.fields {
		if i >= len(columns) {
			if strings.TrimSpace(f) == "" {
				continue
			}
			return Row{Line: rr.line, Kind: kind, Refused: []Finding{d.refuse(rr.line, findRaggedRow, "", fmt.Sprintf(
				"the row has %d fields, the header %d", len(rr.fields), len(columns)), "put quotes around a field that holds the separator")}}
		}
		if c := columns[i]; c != noColumn {
			rec.text[c] = strings.TrimSpace(f)
		}
	}
	if len(rr.fields) < len(columns) {
		d.report.Add(Finding{
			Severity: Warning, Code: findRaggedRow, File: d.name, Line: rr.line,
			Message: fmt.Sprintf("the row has %d fields, the header %d", len(rr.fields), len(columns)), Hint: "the missing fields are read as empty",
		})
	}
	return d.row(&rec)
}
