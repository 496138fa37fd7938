package exchange

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"

	"github.com/cairn-skills/cairn/graph"
)

// fileError is an error of class ErrInvalid that names a place in a file.
func fileError(at Place, reason, message string) *graph.Error {
	return &graph.Error{Class: graph.ErrInvalid, Reason: reason, Subject: at.String(), Message: message}
}

// limitError is an error of class ErrLimit that names a place in a file.
func limitError(at Place, message string) *graph.Error {
	return &graph.Error{Class: graph.ErrLimit, Reason: "TOO_LARGE", Subject: at.String(), Message: message}
}

// openText is the text of src: unpacked if it is gzip (told by its first bytes,
// not by its name) and without a byte order mark. What cannot be UTF-8 text at
// all is refused here; single bad bytes are left to the reader of the rows. At
// most limit bytes of text, after unpacking, are passed on, then an error of
// class ErrLimit; limit 0 is no limit, for who reads row by row.
func openText(name string, src io.Reader, limit int64) (io.Reader, error) {
	br := bufio.NewReaderSize(src, 64<<10)
	head, err := br.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, readError(Place{File: name}, err)
	}
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		zr, err := gzip.NewReader(br)
		if err != nil {
			return nil, readError(Place{File: name}, err)
		}
		br = bufio.NewReaderSize(zr, 64<<10)
		if head, err = br.Peek(4); err != nil && !errors.Is(err, io.EOF) {
			return nil, readError(Place{File: name}, err)
		}
	}
	if message := foreignBytes(head); message != "" {
		return nil, fileError(Place{File: name, Line: 1}, "NOT_TEXT", message)
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		if _, err := br.Discard(3); err != nil {
			return nil, readError(Place{File: name}, err)
		}
	}
	if limit > 0 {
		return &cappedReader{r: br, name: name, left: limit, limit: limit}, nil
	}
	return br, nil
}

// foreignBytes says what a file that begins with head is, if it cannot be text
// in UTF-8.
func foreignBytes(head []byte) string {
	const saveAs = "save it as UTF-8 (in a spreadsheet: \"CSV UTF-8\") and import it again"
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return "is UTF-16 text; " + saveAs
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return "is a zip archive or a spreadsheet; unpack it, or save the sheet as \"CSV UTF-8\""
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return "is gzip inside gzip; unpack it once"
	case len(head) >= 2 && (head[0] == 0) != (head[1] == 0):
		return "looks like UTF-16 text without a byte order mark; " + saveAs
	case bytes.IndexByte(head, 0) >= 0:
		return "is not text; a CSV, JSON Lines or YAML file in UTF-8 is expected"
	}
	return ""
}

// cappedReader passes on limit bytes and refuses more.
type cappedReader struct {
	r           io.Reader
	name        string
	left, limit int64
}

func (c *cappedReader) Read(p []byte) (int, error) {
	if c.left <= 0 {
		var b [1]byte
		if n, err := io.ReadFull(c.r, b[:]); n == 0 {
			return 0, err
		}
		return 0, limitError(Place{File: c.name}, fmt.Sprintf("holds more than %d bytes of text", c.limit))
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	return n, err
}

// readError is err, met while reading at a place, as a sentence. Errors of this
// package pass as they are.
func readError(at Place, err error) error {
	var own *graph.Error
	var corrupt flate.CorruptInputError
	switch {
	case errors.As(err, &own):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		e := fileError(at, "TRUNCATED", "the file ends early: it is cut off inside the compressed data; fetch it again")
		e.Cause = err
		return e
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		e := fileError(at, "DAMAGED", "the compressed data is damaged; fetch it again")
		e.Cause = err
		return e
	}
	return fmt.Errorf("read %s: %w", at, err)
}

// recordGuard bounds the bytes that one record may take, since [csv.Reader]
// itself would read an unclosed quote to the end of any file.
type recordGuard struct {
	r     io.Reader
	limit int // of one record, in bytes
	taken int // since the record began
}

var errRecordTooLong = errors.New("record too long")

func (g *recordGuard) Read(p []byte) (int, error) {
	if g.taken > g.limit {
		return 0, errRecordTooLong
	}
	n, err := g.r.Read(p)
	g.taken += n
	return n, err
}

// rowReader reads the rows of a CSV file (RFC 4180, with LF or CRLF) by the
// names of its header. Rows may have fewer or more fields than the header.
type rowReader struct {
	name       string
	csv        *csv.Reader
	guard      *recordGuard
	fieldLimit int
	header     []string
	line       int      // where the current row begins
	last       int      // the last line of the current row
	fields     []string // of the current row; valid until the next
}

// rowLimits are the largest field and record of a file, in bytes.
type rowLimits struct{ field, record int }

// newRowReader reads the header of r, whose names are trimmed. comma is the
// separator of fields.
func newRowReader(name string, r io.Reader, comma rune, limits rowLimits) (*rowReader, error) {
	g := &recordGuard{r: r, limit: limits.record}
	c := csv.NewReader(g)
	c.FieldsPerRecord = -1
	c.ReuseRecord = true
	c.Comma = comma
	rr := &rowReader{name: name, csv: c, guard: g, fieldLimit: limits.field}
	err := rr.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fileError(Place{name, 1}, "EMPTY", "the file is empty; its first line must name the columns")
	case err != nil:
		return nil, asFatal(err)
	}
	if !rr.valid() {
		return nil, fileError(Place{name, rr.line}, "ENCODING", notUTF8)
	}
	seen := make(map[string]bool, len(rr.fields))
	for _, f := range rr.fields {
		f = strings.Clone(strings.TrimSpace(f))
		if f != "" && seen[f] {
			return nil, fileError(Place{name, rr.line}, "DUPLICATE_COLUMN", fmt.Sprintf("the column %q is there twice", f))
		}
		seen[f] = true
		rr.header = append(rr.header, f)
	}
	return rr, nil
}

const notUTF8 = "holds bytes that are not UTF-8; save the file as UTF-8 (in a spreadsheet: \"CSV UTF-8\") and import it again"

// rowError is what is wrong with one row; the rows after it can be read.
type rowError struct {
	at      Place
	code    string
	message string
}

func (e *rowError) Error() string { return e.at.String() + ": " + e.message }

// asFatal turns a row's error into one of the file.
func asFatal(err error) error {
	if re, ok := errors.AsType[*rowError](err); ok {
		if re.code == findFieldTooLong {
			return limitError(re.at, re.message)
		}
		return fileError(re.at, "NOT_CSV", re.message)
	}
	return err
}

// next reads a row. Errors: io.EOF; *rowError for a row that is not CSV or
// has a field over the limit, after which next may be called again; anything
// else ends the file.
func (r *rowReader) next() error {
	r.guard.taken = 0
	fields, err := r.csv.Read()
	r.fields = fields
	if err != nil {
		return r.failure(err)
	}
	r.line, _ = r.csv.FieldPos(0)
	r.last, _ = r.csv.FieldPos(len(fields) - 1)
	r.last += strings.Count(fields[len(fields)-1], "\n")
	for i, f := range fields {
		if len(f) > r.fieldLimit {
			line, _ := r.csv.FieldPos(i)
			return r.bad(line, findFieldTooLong, fmt.Sprintf("field %d%s has %d bytes; at most %d are allowed", i+1, r.named(i), len(f), r.fieldLimit))
		}
	}
	return nil
}

func (r *rowReader) failure(err error) error {
	var pe *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, errRecordTooLong):
		return limitError(Place{r.name, r.last + 1}, fmt.Sprintf(
			"a row that begins here has more than %d bytes; a quote may be opened and not closed", r.guard.limit))
	case errors.As(err, &pe) && errors.Is(pe.Err, csv.ErrQuote):
		r.last = pe.Line
		if pe.Line > pe.StartLine {
			return r.bad(pe.StartLine, findNotCSV, fmt.Sprintf("a quote is opened in this row and still open on line %d; the lines between are part of this row", pe.Line))
		}
		return r.bad(pe.StartLine, findNotCSV, fmt.Sprintf("at byte %d of line %d a quoted field does not end with the quote that closes it; a quote inside it is written twice", pe.Column, pe.Line))
	case errors.As(err, &pe):
		r.last = pe.Line
		return r.bad(pe.StartLine, findNotCSV, fmt.Sprintf("at byte %d of line %d a quote stands inside a field without quotes; put quotes around the field and write the inner one twice", pe.Column, pe.Line))
	}
	return readError(Place{r.name, r.last + 1}, err)
}

func (r *rowReader) bad(line int, code, message string) error {
	r.line = line
	return &rowError{Place{r.name, line}, code, message}
}

func (r *rowReader) named(i int) string {
	if i < len(r.header) {
		return " (" + r.header[i] + ")"
	}
	return ""
}

// at is the i-th field of the current row; empty where the row is too short or
// i is negative.
func (r *rowReader) at(i int) string {
	if i < 0 || i >= len(r.fields) {
		return ""
	}
	return r.fields[i]
}

// valid reports whether every field of the current row is UTF-8.
func (r *rowReader) valid() bool {
	for _, f := range r.fields {
		if !utf8.ValidString(f) {
			return false
		}
	}
	return true
}

// openFile opens a file of fsys as text; closing the closer closes the file.
func openFile(fsys fs.FS, name string, limit int64) (io.Reader, io.Closer, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", name, err)
	}
	r, err := openText(name, f, limit)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return r, f, nil
}
