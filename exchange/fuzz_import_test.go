package exchange_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cairn-skills/cairn/exchange"
	"github.com/cairn-skills/cairn/graph"
)

// FuzzDecodeTable reads strangers' tables: whatever the bytes are, the counts
// add up, every refused row has a reason and a line, and what was accepted is
// written and read back as the same facts.
func FuzzDecodeTable(f *testing.F) {
	for _, seed := range []struct{ name, text string }{
		{"p.csv", "\ufeffperson,name,unit,manager,role,from,until\r\nada,\"Lovelace, \"\"Ada\"\"\",u,grace,analyst,2023-01-09,2024-06-30\r\n"},
		{"a.csv", "person;achievement;issued_at;evidence\nada;sql;2024-03-01;\"a\nb\"\n"},
		{"c.csv", "person,competency,level,rigor,by,at\nada,sql,working,assessed,grace,2024-03-01T10:00:00+02:00\nada,sql,0,,,2024-03-02\nada\n"},
		{"f.jsonl", "{\"person\":\"ada\",\"competency\":\"sql\",\"level\":3,\"at\":\"2024-03-01\"}\n\n{\"person\":1,\"achievement\":\"x\",\"issued_at\":\"2024-03-01\",\"evidence\":[\"a\",null]}"},
		{"h.yaml", "people:\n- person: ada\n  awards: [sql, {achievement: x, issued_at: 2024-01-01}]\n  claims: {python: 3}\n  assignments:\n"},
		{"h.json", `{"person":"ada","claims":[{"competency":"sql","level":"working"}]}`},
		{"x.csv", "person,name\nada,\"x\n"},
		{"x.csv", "\xff\xfep\x00"},
		{"x.csv.gz", "\x1f\x8b\x08\x00"},
	} {
		f.Add(seed.name, []byte(seed.text))
	}
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		opts := exchange.TableOptions{At: 1, Chunk: 3}
		accepted := make(map[exchange.TableKind][]exchange.Row)
		rows, refused := 0, 0
		report, err := exchange.DecodeTable(t.Context(), name, bytes.NewReader(text), opts, func(chunk []exchange.Row) error {
			if len(chunk) == 0 || len(chunk) > opts.Chunk {
				t.Fatalf("a chunk has %d rows", len(chunk))
			}
			for _, r := range chunk {
				rows++
				if len(r.Refused) == 0 {
					accepted[r.Kind] = append(accepted[r.Kind], r)
					continue
				}
				refused++
				if r.Assignment != nil || r.Award != nil || r.Claim != nil || r.Personal != nil {
					t.Fatalf("a refused row has facts: %+v", r)
				}
				for _, f := range r.Refused {
					if f.Line == 0 || f.Code == "" || f.Message == "" || f.Hint == "" || f.Severity != exchange.Refused {
						t.Fatalf("a reason says too little: %+v", f)
					}
				}
			}
			return nil
		})
		if err != nil {
			return
		}
		if report.Accepted() != rows-refused || report.Skipped() != refused {
			t.Fatalf("the report counts %d and %d rows, emitted were %d and %d", report.Accepted(), report.Skipped(), rows-refused, refused)
		}
		for kind, want := range accepted {
			for _, format := range []exchange.TableFormat{exchange.CSVTable, exchange.JSONLines} {
				comeBack(t, kind, format, want)
			}
		}
	})
}

func comeBack(t *testing.T, kind exchange.TableKind, format exchange.TableFormat, want []exchange.Row) {
	t.Helper()
	var b bytes.Buffer
	if err := exchange.EncodeTable(&b, format, kind, slices.Values(want)); err != nil {
		t.Fatalf("accepted rows cannot be written: %v", err)
	}
	back, _, err := decodeTable(t, "t", b.String(), exchange.TableOptions{Kind: kind, Format: format})
	if err != nil {
		t.Fatalf("read back %q: %v", b.String(), err)
	}
	if diff := cmp.Diff(want, back, facts, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%q is read back otherwise (-want +got):\n%s", b.String(), diff)
	}
}

// FuzzDecodeESCO reads one hostile file among good ones: no panic, nothing
// emitted beside an error, counts that add up, and entries that only point at
// each other.
func FuzzDecodeESCO(f *testing.F) {
	for name, text := range smallESCO() {
		f.Add(name, []byte(text))
	}
	for name, text := range realHeads(f) {
		f.Add(name, text)
	}
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		if !fs.ValidPath(name) || path.Base(name) != name || name == "." {
			t.Skip("not the name of a file in a folder")
		}
		fsys := mapFS(smallESCO())
		fsys[name] = &fstest.MapFile{Data: text}
		var batch *graph.Batch
		report, err := exchange.DecodeESCO(t.Context(), fsys, exchange.ESCOOptions{Derive: exchange.DeriveBadges}, func(b graph.Batch) error {
			batch = &b
			return nil
		})
		if (err == nil) != (batch != nil) {
			t.Fatalf("error %v, and emit was called: %t", err, batch != nil)
		}
		for _, c := range report.Counts {
			if c.Rows != c.Accepted+c.Skipped || c.Accepted < 0 || c.Skipped < 0 {
				t.Fatalf("the counts do not add up: %+v", c)
			}
		}
		if batch != nil {
			checkESCO(t, batch)
		}
	})
}

// checkESCO fails where an entry points at one that is not there.
func checkESCO(t *testing.T, b *graph.Batch) {
	t.Helper()
	competencies := make(map[graph.ID]bool)
	for _, c := range b.Competencies {
		if err := c.ID.Check(); err != nil || competencies[c.ID] {
			t.Fatalf("competency %q is there twice or has a bad id: %v", c.ID, err)
		}
		competencies[c.ID] = true
		if len(c.Implies) > 0 {
			t.Fatalf("%s implies something", c.ID)
		}
	}
	for _, c := range b.Competencies {
		for _, id := range c.Broader {
			if !competencies[id] || id == c.ID {
				t.Fatalf("%s has the broader %s, which is not there or itself", c.ID, id)
			}
		}
	}
	for _, r := range b.Roles {
		nodes := make(map[string]bool)
		leaves := []graph.Requirement{}
		if r.Essential != nil {
			leaves = append(leaves, r.Essential.Of...)
		}
		for _, o := range r.Optional {
			leaves = append(leaves, o.Requirement)
		}
		for _, leaf := range leaves {
			if !competencies[leaf.Competency] || nodes[leaf.Node] || leaf.Node == "" {
				t.Fatalf("role %s has the leaf %+v, which points nowhere or is named twice", r.ID, leaf)
			}
			nodes[leaf.Node] = true
		}
	}
	badges := make(map[graph.ID]bool)
	for _, a := range b.Achievements {
		if badges[a.ID] || len(a.Attests) == 0 {
			t.Fatalf("badge %s is there twice or attests nothing", a.ID)
		}
		badges[a.ID] = true
		for _, at := range a.Attests {
			if !competencies[at.Competency] {
				t.Fatalf("badge %s attests %s, which is not there", a.ID, at.Competency)
			}
		}
	}
}

// realHeads is the first 2 KiB of text of each file of ESCO as published;
// nothing without the shared data.
func realHeads(f *testing.F) map[string][]byte {
	f.Helper()
	dir, ok := sharedESCO()
	if !ok {
		f.Log("NOT SEEDED with real files: there is no shared data")
		return nil
	}
	names, err := fs.Glob(dir, "*.csv.gz")
	if err != nil {
		f.Fatal(err)
	}
	heads := make(map[string][]byte)
	for _, name := range names {
		file, err := dir.Open(name)
		if err != nil {
			f.Fatal(err)
		}
		zr, err := gzip.NewReader(file)
		if err != nil {
			f.Fatal(err)
		}
		head, err := io.ReadAll(io.LimitReader(zr, 2<<10))
		if err != nil {
			f.Fatal(err)
		}
		if err := file.Close(); err != nil {
			f.Fatal(err)
		}
		heads[strings.TrimSuffix(name, ".gz")] = head
	}
	return heads
}
