package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// syntaxError is why a file cannot be read at all.
type syntaxError struct {
	code          string
	line, column  int
	message, hint string
}

// parseCatalogFile is the tree of one file: nil for a file without a value. Nodes
// have their line and column; nothing is resolved or checked but the syntax and
// the limits that keep the parser itself within bounds.
func parseCatalogFile(f File) (*yaml.Node, *syntaxError) {
	if len(f.Content) > MaxCatalogFileBytes {
		return nil, &syntaxError{
			code: codeTooLarge, message: fmt.Sprintf("the file is larger than %d MiB", MaxCatalogFileBytes>>20),
			hint: "split it into several files of one folder",
		}
	}
	text, _ := bytes.CutPrefix(f.Content, []byte("\uFEFF"))
	if e := checkCatalogText(text); e != nil {
		return nil, e
	}
	if strings.HasSuffix(strings.ToLower(f.Name), ".json") {
		return parseCatalogJSON(text)
	}
	return parseCatalogYAML(text)
}

// checkCatalogText refuses text that is not UTF-8 and text that may hold far more
// than MaxCatalogValues values, since a parsed value is up to a hundred times as
// large as its text. A value needs one of the characters counted here at least;
// in ordinary files there are about two for each.
func checkCatalogText(text []byte) *syntaxError {
	values := 0
	for i, r := range string(text) {
		if r == utf8.RuneError && !bytes.HasPrefix(text[i:], []byte("\uFFFD")) {
			line, column := catalogLineColumn(text, i)
			return &syntaxError{
				code: codeNotUTF8, line: line, column: column, message: "the file is not UTF-8 text here",
				hint: "save it with the encoding UTF-8",
			}
		}
		switch r {
		case '\n', '\r', '\u0085', '\u2028', '\u2029', ',', ':', '-', '[', '{', '?':
			values++
		}
	}
	if values > 2*MaxCatalogValues {
		return &syntaxError{
			code: codeTooLarge, message: fmt.Sprintf("the file may hold more than %d values", MaxCatalogValues),
			hint: "split it into several files of one folder",
		}
	}
	return nil
}

var yamlErrorLine = regexp.MustCompile(`^line (\d+): `)

func parseCatalogYAML(text []byte) (*yaml.Node, *syntaxError) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	root, err := decodeYAML(dec)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err == nil {
		var second *yaml.Node
		if second, err = decodeYAML(dec); err == nil {
			return nil, &syntaxError{
				code: codeManyDocuments, line: second.Line, column: second.Column,
				message: "a second document begins here", hint: "one file is one document: remove the line --- or use two files",
			}
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, yamlError(text, err)
	}
	if len(root.Content) == 0 {
		return nil, nil
	}
	return root.Content[0], nil
}

// yamlError is an error of the YAML parser, whose words it goes by. It names no
// line for what is wrong on the first one or with a character.
func yamlError(text []byte, err error) *syntaxError {
	e := &syntaxError{code: codeSyntax, line: 1, column: 1, message: strings.TrimPrefix(err.Error(), "yaml: "), hint: "mend the YAML"}
	if m := yamlErrorLine.FindStringSubmatch(e.message); m != nil {
		e.line, _ = strconv.Atoi(m[1])
		e.message = e.message[len(m[0]):]
	}
	switch {
	case strings.Contains(e.message, "exceeded max depth"):
		e.code, e.message, e.hint = codeTooDeep, errCatalogDepth.Error(), "write it flatter"
	case strings.Contains(e.message, "cannot start any token") && bytes.Contains(text, []byte("\t")):
		e.hint = "indent with spaces: YAML allows no tabs there"
	case strings.Contains(e.message, "control characters"):
		if at := bytes.IndexFunc(text, yamlForbids); at >= 0 {
			e.line, e.column = catalogLineColumn(text, at)
		}
	case errors.Is(err, errParserGaveUp):
		e.line, e.column = 0, 0
	}
	return e
}

// yamlForbids reports whether a character may not stand in YAML at all: it is
// not c-printable (YAML 1.2.2, section 5.1).
func yamlForbids(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r >= 0x7F && r < 0xA0 && r != 0x85 || r == 0xFFFE || r == 0xFFFF
}

var errParserGaveUp = errors.New("yaml: the parser gave up")

// decodeYAML is dec's next document. The parser is not ours and has panicked on
// hostile text in earlier releases; such a panic is a syntax error here.
func decodeYAML(dec *yaml.Decoder) (root *yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			root, err = nil, fmt.Errorf("%w: %v", errParserGaveUp, p)
		}
	}()
	root = new(yaml.Node)
	if err := dec.Decode(root); err != nil {
		return nil, err
	}
	return root, nil
}

// parseCatalogJSON builds the same tree from JSON (RFC 8259). JSON is not given
// to the YAML parser, which folds U+2028 in strings and refuses escaped
// surrogate pairs. Keys written twice stay twice, for the reader to report.
func parseCatalogJSON(text []byte) (*yaml.Node, *syntaxError) {
	j := &jsonTree{text: text, dec: json.NewDecoder(bytes.NewReader(text)), line: 1, column: 1}
	j.dec.UseNumber()
	fail := func(code, message, hint string) (*yaml.Node, *syntaxError) {
		at := int(j.dec.InputOffset())
		if code == codeManyDocuments {
			at = j.start(len(text))
		}
		line, column := catalogLineColumn(text, at)
		return nil, &syntaxError{code: code, line: line, column: column, message: message, hint: hint}
	}
	root, err := j.value(0)
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case errors.Is(err, errCatalogDepth):
		return fail(codeTooDeep, err.Error(), "write it flatter")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fail(codeSyntax, "the file ends in the middle of a value", "mend the JSON")
	case err != nil:
		return fail(codeSyntax, strings.TrimPrefix(err.Error(), "json: "), "mend the JSON")
	}
	if _, err := j.dec.Token(); err != io.EOF {
		return fail(codeManyDocuments, "something follows the end of the JSON value", "one file is one value")
	}
	return root, nil
}

// jsonTree turns the tokens of a JSON decoder into nodes. The decoder knows
// offsets only, so line and column are counted along from the last one.
type jsonTree struct {
	text         []byte
	dec          *json.Decoder
	offset       int // up to which line and column are counted
	line, column int
}

var (
	errCatalogDepth = fmt.Errorf("maps and lists are nested deeper than %d", MaxCatalogDepth)
	errSurrogate    = errors.New("a string holds half of a surrogate pair")
)

// next is the next token as a node without content; nil for the end of a map or list.
func (j *jsonTree) next() (*yaml.Node, error) {
	token, err := j.dec.Token()
	if err != nil {
		return nil, err
	}
	end := int(j.dec.InputOffset())
	start := j.start(end)
	line, column := j.advance(start)
	raw := j.text[start:end]
	j.advance(end)
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: line, Column: column}
	switch t := token.(type) {
	case json.Delim:
		switch t {
		case '{':
			n.Kind, n.Tag = yaml.MappingNode, "!!map"
		case '[':
			n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		default:
			return nil, nil
		}
	case string:
		if halfSurrogate(raw) {
			return nil, errSurrogate
		}
		n.Tag, n.Value, n.Style = "!!str", t, yaml.DoubleQuotedStyle
	case json.Number:
		n.Tag, n.Value = "!!float", t.String()
		if !strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!int"
		}
	case bool:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(t)
	default:
		n.Tag, n.Value = "!!null", "null"
	}
	return n, nil
}

// start is where the next token begins, before end.
func (j *jsonTree) start(end int) int {
	i := j.offset
	for i < end && strings.IndexByte(" \t\r\n,:", j.text[i]) >= 0 {
		i++
	}
	return i
}

func (j *jsonTree) value(depth int) (*yaml.Node, error) {
	n, err := j.next()
	if err != nil || n.Kind == yaml.ScalarNode {
		return n, err
	}
	if depth == MaxCatalogDepth {
		return nil, errCatalogDepth
	}
	for j.dec.More() {
		item, err := j.value(depth + 1)
		if err != nil {
			return nil, cutShort(err)
		}
		n.Content = append(n.Content, item)
	}
	if _, err := j.next(); err != nil {
		return nil, cutShort(err)
	}
	return n, nil
}

// cutShort is err inside a value, where the end of the text is not the end.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// advance counts lines and columns up to offset and returns those of offset.
func (j *jsonTree) advance(offset int) (line, column int) {
	for _, r := range string(j.text[j.offset:offset]) {
		if r == '\n' {
			j.line, j.column = j.line+1, 1
		} else {
			j.column++
		}
	}
	j.offset = offset
	return j.line, j.column
}

// halfSurrogate reports whether a JSON string escapes one half of a surrogate
// pair alone, which the decoder would replace without a word.
func halfSurrogate(raw []byte) bool {
	open := false // a high half came just before
	for i := 0; i < len(raw); i++ {
		unit := 0
		if raw[i] == '\\' {
			i++
			if i+4 < len(raw) && raw[i] == 'u' {
				u, _ := strconv.ParseUint(string(raw[i+1:i+5]), 16, 16)
				unit = int(u)
				i += 4
			}
		}
		low := unit >= 0xDC00 && unit <= 0xDFFF
		if low != open {
			return true
		}
		open = unit >= 0xD800 && unit <= 0xDBFF
	}
	return open
}

// catalogLineColumn is the place of an offset in text.
func catalogLineColumn(text []byte, offset int) (line, column int) {
	before := text[:min(offset, len(text))]
	line = 1 + bytes.Count(before, []byte("\n"))
	return line, 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}
