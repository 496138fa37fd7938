package exchange

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cairn-skills/cairn/graph"
)

// holdingsWriter writes rows as a holdings file. Rows of one person that follow
// each other stand below the person once. The file is kept until it is whole, so
// that one which is too large to be read is not begun.
type holdingsWriter struct {
	kind TableKind
	text bytes.Buffer
	last [2]string // person and name of the row before
	any  bool      // whether there was a row
	list bool      // whether the list of the person is begun
}

// holdingsKey is the key of the list that has rows of a kind.
func holdingsKey(k TableKind) string {
	for key, kind := range holderLists {
		if kind == k {
			return key
		}
	}
	return ""
}

// add writes a row.
// Errors: class [graph.ErrLimit] when the file would be larger than one may be.
func (h *holdingsWriter) add(s *tableShape, rec *tableRecord) error {
	if !h.any {
		h.text.WriteString("people:\n")
	}
	if who := [2]string{rec.text[colPerson], rec.text[colName]}; !h.any || who != h.last {
		fmt.Fprintf(&h.text, "  - person: %s\n", strconv.Quote(who[0]))
		if who[1] != "" {
			fmt.Fprintf(&h.text, "    name: %s\n", strconv.Quote(who[1]))
		}
		h.last, h.any, h.list = who, true, false
	}
	var pairs []string
	for _, c := range s.columns {
		if text := rec.text[c]; text != "" && c != colPerson && c != colName {
			pairs = append(pairs, c.String()+": "+holdingsValue(c, text))
		}
	}
	if len(pairs) > 0 {
		if !h.list {
			fmt.Fprintf(&h.text, "    %s:\n", holdingsKey(h.kind))
			h.list = true
		}
		fmt.Fprintf(&h.text, "      - {%s}\n", strings.Join(pairs, ", "))
	}
	if h.text.Len() > MaxCatalogFileBytes {
		return errHoldingsLimit()
	}
	return nil
}

// holdingsValue is a value as YAML: a number where the column has one, otherwise
// quoted text, so that no text is taken for something else.
func holdingsValue(c tableColumn, text string) string {
	switch c {
	case colLevel, colVersion:
		if _, err := strconv.Atoi(text); err == nil {
			return text
		}
	case colEvidence:
		items := strings.Split(text, "\n")
		for i := range items {
			items[i] = strconv.Quote(items[i])
		}
		return "[" + strings.Join(items, ", ") + "]"
	default:
	}
	return strconv.Quote(text)
}

// finish writes the file to w.
func (h *holdingsWriter) finish(w io.Writer) error {
	if !h.any {
		h.text.WriteString("people: []\n")
	}
	if checkCatalogText(h.text.Bytes()) != nil { // the text is UTF-8, so it has too many values
		return errHoldingsLimit()
	}
	_, err := h.text.WriteTo(w)
	return err
}

func errHoldingsLimit() error {
	return &graph.Error{
		Class: graph.ErrLimit, Subject: "table",
		Message: fmt.Sprintf("is too large for a holdings file, which may have %d MiB and %d values; write CSV or JSON Lines", MaxCatalogFileBytes>>20, MaxCatalogValues),
	}
}
