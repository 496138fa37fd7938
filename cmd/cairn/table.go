package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// table is text in columns. Columns whose heading begins with a space are
// numbers: they are aligned on the right.
type table struct {
	headings []string
	rows     [][]string
}

func newTable(headings ...string) *table { return &table{headings: headings} }

// add is a further row; it may be shorter than the headings.
func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write writes the headings and rows, each line after indent. Columns without
// any text are left out, and so is the whole of an empty table.
func (t *table) write(w io.Writer, indent string) {
	if len(t.rows) == 0 {
		return
	}
	widths := make([]int, len(t.headings))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], columns(cell))
		}
	}
	head := make([]string, len(t.headings))
	for i, h := range t.headings {
		head[i] = strings.TrimSpace(h)
		if widths[i] > 0 {
			widths[i] = max(widths[i], columns(head[i]))
		}
	}
	for _, row := range append([][]string{head}, t.rows...) {
		var line strings.Builder
		for i, width := range widths {
			if width == 0 {
				continue
			}
			cell := ""
			if i < len(row) {
				cell = row[i]
			}
			pad := strings.Repeat(" ", width-columns(cell))
			if line.Len() > 0 {
				line.WriteString("  ")
			}
			if strings.HasPrefix(t.headings[i], " ") {
				line.WriteString(pad + cell)
			} else {
				line.WriteString(cell + pad)
			}
		}
		_, _ = fmt.Fprintln(w, strings.TrimRight(indent+line.String(), " "))
	}
}

// columns is how many columns of a terminal a text takes: two for a letter of
// East Asian scripts that is wide (Unicode Standard Annex 11), none for a mark
// above or below a letter.
func columns(text string) int {
	n := 0
	for _, r := range text {
		switch k := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case k == width.EastAsianWide || k == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
