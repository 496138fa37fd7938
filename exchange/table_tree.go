package exchange

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// jsonLines reads one JSON object a line. A line that is too long is refused
// alone, as the next one begins after the line's end.
func (d *tableDecoder) jsonLines(br *bufio.Reader) error {
	for line := 1; ; line++ {
		if line%1024 == 0 {
			if err := d.ctx.Err(); err != nil {
				return err
			}
		}
		text, long, err := readLine(br)
		if err != nil && !errors.Is(err, io.EOF) {
			return readError(Place{d.name, line}, err)
		}
		end := err != nil
		if s := strings.TrimSpace(string(text)); s != "" || long {
			if line == 1 && strings.HasPrefix(s, "[") {
				return fileError(Place{d.name, 1}, "NOT_JSON_LINES", "the file holds a JSON list; write one object a line, without brackets and commas around them")
			}
			if err := d.add(d.jsonRow(line, []byte(s), long)); err != nil {
				return err
			}
		}
		if end {
			return nil
		}
	}
}

// readLine is the next line without its end, and whether it was longer than a
// row may be and is cut. The last line comes with io.EOF.
func readLine(br *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := br.ReadSlice('\n')
		if len(line)+len(part) > tableRecordBytes {
			long = true
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

func (d *tableDecoder) jsonRow(line int, text []byte, long bool) Row {
	refused := func(code, message, hint string) Row {
		return Row{Line: line, Kind: d.opts.Kind, Refused: []Finding{d.refuse(line, code, "", message, hint)}}
	}
	if long {
		return refused(findRowTooLong, fmt.Sprintf("the line has more than %d bytes", tableRecordBytes), "one object a line is expected")
	}
	if checkCatalogText(text) != nil {
		return refused(findEncoding, "holds bytes that are not UTF-8", "save the file as UTF-8")
	}
	n, bad := parseCatalogJSON(text)
	switch {
	case bad != nil:
		return refused(findNotJSON, fmt.Sprintf("at character %d: %s", bad.column, bad.message), "write one JSON object a line")
	case n == nil || n.Kind != yaml.MappingNode:
		return refused(findNotJSON, "the line is not an object", `write one JSON object a line: {"person": "…", …}`)
	}
	return d.treeRow(n, line, AnyTable, "")
}

// treeRow reads a map as a row. Its kind is the given one, or told by its keys;
// person, if not empty, is whom the row is about.
func (d *tableDecoder) treeRow(n *yaml.Node, line int, kind TableKind, person string) Row {
	t := &treeRow{d: d, rec: tableRecord{line: line}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		t.pair(n.Content[i], n.Content[i+1])
	}
	has := func(c tableColumn) bool { return slices.Contains(t.present, c) || c == colPerson && person != "" }
	problem := ""
	if kind == AnyTable {
		kind, problem = d.kindOf(has)
	}
	t.rec.kind = kind
	if problem != "" {
		t.bad = append(t.bad, d.refuse(line, findNoKind, "", "the row cannot be told from its keys: "+problem, "people have person, awards achievement, claims competency"))
	}
	if person != "" {
		t.rec.text[colPerson] = person
	}
	if kind != AnyTable {
		for _, c := range t.present {
			if !tableShapes[kind].has(c) {
				t.rec.text[c] = ""
				t.others = append(t.others, c.String())
			} else if c == colPerson && person != "" {
				t.bad = append(t.bad, d.refuse(line, findSecondPerson, c.String(), "stands inside a person", "remove it, or move the entry"))
			}
		}
		for _, name := range t.others {
			d.unknownColumn(line, name, kind)
		}
	}
	if len(t.bad) > 0 {
		return Row{Line: line, Kind: kind, Refused: t.bad}
	}
	return d.row(&t.rec)
}

// treeRow collects the columns of a map.
type treeRow struct {
	d       *tableDecoder
	rec     tableRecord
	present []tableColumn
	others  []string // keys that are no columns
	bad     []Finding
}

func (t *treeRow) pair(k, v *yaml.Node) {
	c, ok := columnOf(k.Value)
	if !ok || k.Kind != yaml.ScalarNode {
		t.others = append(t.others, k.Value)
		return
	}
	if slices.Contains(t.present, c) {
		t.bad = append(t.bad, t.d.refuse(t.rec.line, findDuplicateKey, c.String(), "stands twice", "keep one of them"))
		return
	}
	t.present = append(t.present, c)
	items := []*yaml.Node{v}
	if v.Kind == yaml.SequenceNode && c == colEvidence {
		items = v.Content
	}
	texts := make([]string, 0, len(items))
	for _, item := range items {
		text, problem := scalarText(item)
		if problem != "" {
			t.bad = append(t.bad, t.d.refuse(t.rec.line, findWrongType, c.String(), problem, "write a text or a whole number"))
			return
		}
		texts = append(texts, text)
	}
	t.rec.text[c] = strings.TrimSpace(strings.Join(texts, "\n"))
}

// scalarText is the text of a value as it is written, so that an id 007 stays
// 007; null is the empty text.
func scalarText(n *yaml.Node) (text, problem string) {
	switch {
	case n.Kind == yaml.AliasNode:
		return "", "is an alias of YAML, which is not read"
	case n.Kind != yaml.ScalarNode:
		return "", "is a " + nodeWord(n)
	}
	switch scalarTag(n) {
	case "!!null":
		return "", ""
	case "!!bool":
		return "", "is a " + nodeWord(n)
	}
	return n.Value, ""
}

// has reports whether tables of the shape have column c.
func (s *tableShape) has(c tableColumn) bool { return slices.Contains(s.columns, c) }
