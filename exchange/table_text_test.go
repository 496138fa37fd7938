package exchange

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

// gzipped packs what write writes.
func gzipped(tb testing.TB, write func(io.Writer) error) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if err := errors.Join(write(w), w.Close()); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// TestOpenTextLimit: a limit is of the text, not of the file, and 0 is none.
func TestOpenTextLimit(t *testing.T) {
	text := []byte("person,name\nada,Ada\n")
	packed := gzipped(t, func(w io.Writer) error { _, err := w.Write(text); return err })
	for name, src := range map[string][]byte{"plain": text, "gzip": packed} {
		for _, limit := range []int64{0, int64(len(text)), int64(len(text)) + 1, int64(len(text)) - 1, 1} {
			r, err := openText("t.csv", bytes.NewReader(src), limit)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			switch fits := limit == 0 || limit >= int64(len(text)); {
			case fits && (err != nil || !bytes.Equal(got, text)):
				t.Errorf("%s with the limit %d: %q, error %v", name, limit, got, err)
			case !fits && (!errors.Is(err, graph.ErrLimit) || !bytes.Equal(got, text[:limit])):
				t.Errorf("%s with the limit %d: %q, error %v, want ErrLimit after so many bytes", name, limit, got, err)
			}
		}
	}
}

// TestTableUnpacksWhileItReads reads tables whose gzip is small and whose text
// is large. What is not a row ends the reading, and so does the context: there
// is no limit of the text as a whole.
func TestTableUnpacksWhileItReads(t *testing.T) {
	const size = 64 << 20
	repeat := func(head, line string) []byte {
		return gzipped(t, func(w io.Writer) error {
			_, err := io.WriteString(w, head)
			block := strings.Repeat(line, max(1, (1<<16)/len(line)))
			for n := 0; n < size && err == nil; n += len(block) {
				_, err = io.WriteString(w, block)
			}
			return err
		})
	}
	for _, test := range []struct {
		name, file string
		packed     []byte
		is         error
	}{
		{"a row without end", "t.csv.gz", repeat("person,name\n", "x"), graph.ErrLimit},
		{"lines without rows", "t.csv.gz", repeat("person,name\n", "\n"), graph.ErrLimit},
		{"a line without end", "t.jsonl.gz", repeat(`{"person":"`, "x"), nil},
		{"people", "t.yaml.gz", repeat("people:\n", "- person: ada\n"), graph.ErrLimit},
		{"rows", "t.csv.gz", repeat("person,name\n", "ada,Ada\n"), context.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			if len(test.packed) > size/100 {
				t.Fatalf("the gzip has %d bytes", len(test.packed))
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			rows := 0
			_, err := DecodeTable(ctx, test.file, bytes.NewReader(test.packed), TableOptions{At: 1}, func(r []Row) error {
				if rows += len(r); rows >= 5000 {
					cancel()
				}
				return nil
			})
			if !errors.Is(err, test.is) || rows > 6000 {
				t.Errorf("error %v after %d rows, want %v", err, rows, test.is)
			}
		})
	}
}
