package exchange

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
)

// maxCatalogLine is the width up to which a map or list is written in one line.
const maxCatalogLine = 100

// maxSimpleKey is the length from which a key is written behind a question mark:
// YAML 1.2 (section 7.4.2) allows others at most 1,024 characters.
const maxSimpleKey = 1000

// docNode is a value of a catalog file that is to be written: a scalar, a list
// or a map whose keys keep their order.
type docNode struct {
	text  string // of a scalar, as it is written within a map or list in one line
	plain string // of a scalar, as it is written behind a key or dash; empty: as text
	prose string // of a scalar that can be written as a literal block
	keys  []string
	items []*docNode // of a list, or the values of a map
	form  docForm
	block bool // never in one line
}

type docForm uint8

const (
	docScalar docForm = iota
	docList
	docMap
)

// rawNode is a number, word or date, which needs no quotes.
func rawNode(text string) *docNode { return &docNode{text: text} }

// textNode is a text, quoted if it would be read as something else.
func textNode(s string) *docNode {
	n := &docNode{text: quoteText(s)}
	if isPlain(s, ",[]{};=%@!?*<>|~$") {
		n.plain = s
	}
	if isProse(s) {
		n.prose = s
	}
	return n
}

func listNode() *docNode { return &docNode{form: docList} }

func mapNode() *docNode { return &docNode{form: docMap} }

// set adds key with value; a nil value is left out.
func (n *docNode) set(key string, value *docNode) {
	if value != nil {
		n.keys = append(n.keys, key)
		n.items = append(n.items, value)
	}
}

// get is the value at key of a map, nil without one.
func (n *docNode) get(key string) *docNode {
	for i, k := range n.keys {
		if k == key {
			return n.items[i]
		}
	}
	return nil
}

// flow is n in one line.
func (n *docNode) flow() string {
	var b strings.Builder
	n.writeFlow(&b)
	return b.String()
}

// line is n in one line of block style, behind a key or a dash.
func (n *docNode) line() string {
	if n.plain != "" {
		return n.plain
	}
	return n.flow()
}

func (n *docNode) writeFlow(b *strings.Builder) {
	switch n.form {
	case docScalar:
		b.WriteString(n.text)
	case docList:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteString(", ")
			}
			item.writeFlow(b)
		}
		b.WriteByte(']')
	case docMap:
		b.WriteByte('{')
		for i, item := range n.items {
			if i > 0 {
				b.WriteString(", ")
			}
			key := quoteText(n.keys[i])
			if len(key) > maxSimpleKey {
				key = "? " + key + " "
			}
			b.WriteString(key)
			b.WriteString(": ")
			item.writeFlow(b)
		}
		b.WriteByte('}')
	}
}

// fits reports whether n may stand in one line that has so much room.
func (n *docNode) fits(room int) bool {
	return n.form == docScalar && n.prose == "" || !n.anyBlock() && len([]rune(n.flow())) <= room
}

// anyBlock reports whether n or something in it wants lines of its own.
func (n *docNode) anyBlock() bool {
	if n.block && len(n.items) > 0 || n.prose != "" {
		return true
	}
	for _, item := range n.items {
		if item.anyBlock() {
			return true
		}
	}
	return false
}

// write writes n, a map, as the lines of a YAML document.
func (n *docNode) write(b *bytes.Buffer, indent int) {
	for i, item := range n.items {
		if i > 0 || indent > 0 {
			b.WriteString(strings.Repeat(" ", indent))
		}
		n.writePair(b, i, item, indent)
	}
}

// writePair writes one key and value; the cursor is behind the indentation.
func (n *docNode) writePair(b *bytes.Buffer, i int, item *docNode, indent int) {
	key := quoteText(n.keys[i]) + ":"
	if len(key) > maxSimpleKey {
		key = "? " + quoteText(n.keys[i]) + "\n" + strings.Repeat(" ", indent) + ":"
	}
	b.WriteString(key)
	switch {
	case item.fits(maxCatalogLine - indent - len(key) - 1):
		b.WriteString(" " + item.line() + "\n")
	case item.form == docScalar:
		item.writeProse(b, indent+2)
	case item.form == docMap:
		b.WriteByte('\n')
		item.write(b, indent+2)
	default:
		b.WriteByte('\n')
		item.writeItems(b, indent+2)
	}
}

// writeItems writes the items of a list.
func (n *docNode) writeItems(b *bytes.Buffer, indent int) {
	for _, item := range n.items {
		b.WriteString(strings.Repeat(" ", indent) + "-")
		switch {
		case item.fits(maxCatalogLine - indent - 2):
			b.WriteString(" " + item.line() + "\n")
		case item.form == docScalar:
			item.writeProse(b, indent+2)
		case item.form == docMap:
			for i, v := range item.items {
				if i == 0 {
					b.WriteByte(' ')
				} else {
					b.WriteString(strings.Repeat(" ", indent+2))
				}
				item.writePair(b, i, v, indent+2)
			}
		default:
			b.WriteByte('\n')
			item.writeItems(b, indent+2)
		}
	}
}

// writeProse writes a literal block: "|" keeps one final line break, "|-" none.
func (n *docNode) writeProse(b *bytes.Buffer, indent int) {
	lines, clipped := strings.CutSuffix(n.prose, "\n")
	if clipped {
		b.WriteString(" |\n")
	} else {
		b.WriteString(" |-\n")
	}
	for line := range strings.SplitSeq(lines, "\n") {
		if line != "" {
			b.WriteString(strings.Repeat(" ", indent) + line)
		}
		b.WriteByte('\n')
	}
}

// isProse reports whether s has several lines that a literal block gives back
// unchanged: none is indented or ends in a space, and all is printable.
func isProse(s string) bool {
	body := strings.TrimSuffix(s, "\n")
	if !strings.Contains(body, "\n") || strings.HasPrefix(body, "\n") || strings.HasSuffix(body, "\n") {
		return false
	}
	for line := range strings.SplitSeq(body, "\n") {
		if line != strings.TrimSpace(line) {
			return false
		}
		for _, r := range line {
			if !unicode.IsPrint(r) {
				return false
			}
		}
	}
	return true
}

// quoteText is s as a plain scalar if that can only be read as the text s, in
// block and in flow style and by readers of YAML 1.1 too; otherwise in quotes.
func quoteText(s string) string {
	if isPlain(s, "") {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r != '\uFEFF' && unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// isPlain reports whether s needs no quotes. In block style the characters that
// make maps and lists in flow style may be among the further ones allowed.
func isPlain(s, further string) bool {
	for i, r := range s {
		switch {
		case unicode.IsLetter(r):
		case i == 0:
			return false // digits and signs may begin a number, other characters mean something
		case r == ':':
			if i+1 == len(s) || strings.IndexByte(" ,]}[{", s[i+1]) >= 0 {
				return false
			}
		case r == '#':
			if s[i-1] == ' ' {
				return false
			}
		case r == ' ':
			if i+1 == len(s) {
				return false
			}
		case unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune(`-_./()'&+–—…’`, r) || strings.ContainsRune(further, r):
		default:
			return false
		}
	}
	switch strings.ToLower(s) {
	case "", "true", "false", "yes", "no", "on", "off", "y", "n", "null":
		return false
	}
	return true
}
