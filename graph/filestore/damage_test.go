package filestore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// everything is what a store answers to every question, for comparison.
type everything struct {
	Head     graph.Revision
	Loaded   graph.Batch
	Followed []graph.Batch
	Read     []graph.Personal
	Keyed    []graph.Revision
}

// ask asks a store everything that was committed by a child up to the head
// wanted, and for something that never was. An answer that is refused is that
// of want, so that each of the others is compared, and errs says why.
func ask(path string, wanted graph.Revision, want everything) (all everything, errs error) {
	s, err := filestore.Open(path, filestore.Options{NoSync: true}) // the files are thrown away
	if err != nil {
		return want, err
	}
	ctx := context.Background()
	if all.Head, err = s.Head(ctx); err != nil {
		all.Head, errs = want.Head, errors.Join(errs, err)
	}
	if _, err = s.Load(ctx, func(b graph.Batch) error { graphtest.Join(&all.Loaded, b); return nil }); err != nil {
		all.Loaded, errs = want.Loaded, errors.Join(errs, err)
	}
	err = s.Follow(ctx, 0, func(r graph.Revision, b graph.Batch) error {
		all.Followed = append(all.Followed, b)
		if r == all.Head {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		all.Followed, errs = want.Followed, errors.Join(errs, err)
	}
	for r := range wanted + 2 { // some of them were never stored
		b := childBatch(r)
		p := graph.ID(fmt.Sprint("person-", r%40))
		for _, about := range []graph.FactID{{}, b.Awards[0].ID} {
			got, err := s.Read(ctx, graph.PersonalRef{Person: p, About: about})
			if err != nil {
				errs = errors.Join(errs, err)
				got = []graph.Personal{{}}
				if n := len(all.Read); n < len(want.Read) {
					got = want.Read[n : n+1]
				}
			}
			all.Read = append(all.Read, got...)
		}
	}
	// A key that is found answers its revision; one that is not would store the
	// batch again, so this comes last.
	for r := graph.Revision(1); r <= wanted; r++ {
		if b := childBatch(r); b.Key != "" {
			revisions, err := s.Commit(ctx, b)
			if err != nil {
				errs, revisions = errors.Join(errs, err), []graph.Revision{r}
			}
			all.Keyed = append(all.Keyed, revisions...)
		}
	}
	return all, errors.Join(errs, s.Close())
}

// victim is a store whose files are spoiled again and again.
type victim struct {
	path string
	head graph.Revision
	data [2][]byte
	want everything
}

func newVictim(t *testing.T, groups int) *victim {
	t.Helper()
	v := &victim{path: filepath.Join(t.TempDir(), "graph.cairn")}
	fill(t, v.path, groups)
	v.keep(t)
	var err error
	s := open(t, v.path, filestore.Options{})
	if v.head, err = s.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if v.want, err = ask(v.path, v.head, everything{}); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *victim) keep(t *testing.T) {
	t.Helper()
	for i, name := range fileNames(v.path) {
		v.data[i] = read(t, name)
	}
}

// serve writes one of the files spoiled and the other whole, and reports
// whether the damage was noticed. It fails if the store answers anything else
// than it did.
func (v *victim) serve(t *testing.T, file int, spoiled []byte, what string) (noticed bool) {
	t.Helper()
	data := v.data
	data[file] = spoiled
	for i, name := range fileNames(v.path) {
		write(t, name, data[i])
	}
	got, err := ask(v.path, v.head, v.want)
	if d := graphtest.Diff(v.want, got); d != "" {
		t.Errorf("%s is served (-want +got):\n%.2000s", what, d)
	}
	if err != nil {
		if !errors.Is(err, graph.ErrUnavailable) {
			t.Errorf("%s: the error %v is not of class ErrUnavailable", what, err)
		}
		return true
	}
	if w := lost(v.path, v.head); w != "" {
		t.Errorf("%s was not noticed before the next commit: %s", what, w)
	}
	return false
}

// bitFlips takes some seconds; 6,000 in each file passed when this was written.
var bitFlips = flag.Int("flips", 300, "single bits that TestBitFlips flips in each file")

// TestBitFlips flips single bits all over both files: each is either noticed or
// changes nothing that is answered, and nothing that is committed after it.
func TestBitFlips(t *testing.T) {
	t.Parallel()
	flips := *bitFlips
	if testing.Short() {
		flips /= 4
	}
	v := newVictim(t, 30)
	r := rand.New(rand.NewPCG(3, 4))
	for file, name := range []string{"data", "keys"} {
		noticed := 0
		used := len(bytes.TrimRight(v.data[file], "\x00"))
		for range flips {
			bit := r.IntN(used * 8)
			spoiled := bytes.Clone(v.data[file])
			spoiled[bit/8] ^= 1 << (bit % 8)
			if v.serve(t, file, spoiled, fmt.Sprintf("%s file, byte %d, bit %d", name, bit/8, bit%8)) {
				noticed++
			}
		}
		t.Logf("%s file of %d bytes: %d of %d flips were noticed, the others changed nothing", name, used, noticed, flips)
		if noticed < flips/20 {
			t.Errorf("only %d of %d flips were noticed", noticed, flips)
		}
	}
}

// TestKeyFlips flips single bits of the keys of entries, which decide what is
// found: a record that is not found is damage, not a record that never was.
func TestKeyFlips(t *testing.T) {
	t.Parallel()
	flips := 400
	if testing.Short() {
		flips = 50
	}
	v := newVictim(t, 12)
	r := rand.New(rand.NewPCG(7, 8))
	for file, data := range v.data {
		var keys []int // where a person's id begins that ends with a zero byte or stands before a live key
		for at := range data {
			if bytes.HasPrefix(data[at:], []byte("person-")) {
				keys = append(keys, at)
			}
		}
		noticed := 0
		for range flips {
			at, bit := keys[r.IntN(len(keys))]+7+r.IntN(20), r.IntN(8)
			spoiled := bytes.Clone(data)
			spoiled[at] ^= 1 << bit
			if v.serve(t, file, spoiled, fmt.Sprintf("file %d, byte %d, bit %d", file, at, bit)) {
				noticed++
			}
		}
		if noticed == 0 {
			t.Errorf("none of %d flips in file %d was noticed", flips, file)
		}
	}
}

// TestStructureAsBbolt flips bits of page headers, tables of elements and the
// list of free pages: what bbolt's own check finds, dies of or never ends with,
// ours finds.
func TestStructureAsBbolt(t *testing.T) {
	t.Parallel()
	flips := 90
	if testing.Short() {
		flips = 20
	}
	path := filepath.Join(t.TempDir(), "graph.cairn")
	fill(t, path, 30)
	data := read(t, path)
	page := os.Getpagesize()
	pages := len(bytes.TrimRight(data, "\x00"))/page + 1
	r := rand.New(rand.NewPCG(9, 10))
	theirs, ours := 0, 0
	for n := range flips {
		at := r.IntN(pages) * page
		table := 16 * min(int(binary.NativeEndian.Uint16(data[at+10:])), page/16-1)
		byteAt, bit := at+16+r.IntN(table+1), r.IntN(8)
		if n%3 > 0 { // the page's own header more often
			byteAt = at + r.IntN(13) // not the high bytes of the overflow, which bbolt counts through
		}
		spoiled := bytes.Clone(data)
		spoiled[byteAt] ^= 1 << bit
		write(t, path, spoiled)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		c := command(ctx, "bbolt "+path+" 0")
		c.Stderr = nil // a process that dies says much
		said, err := c.Output()
		cancel()
		found := filestore.Structure(path)
		if err != nil || string(said) != "sound\n" {
			theirs++
			if found == nil {
				t.Errorf("byte %d, bit %d: bbolt says %q, %v; ours finds nothing", byteAt, bit, said, err)
			}
		}
		if found != nil {
			ours++
		}
	}
	t.Logf("%d of %d flips were found by bbolt's check, %d by ours", theirs, flips, ours)
	if theirs < flips/4 {
		t.Errorf("bbolt's check found only %d of %d flips", theirs, flips)
	}
}

// TestCheckFindsStructure damages the pages of both files under an open store:
// a check says what is wrong with either.
func TestCheckFindsStructure(t *testing.T) {
	path := made(t)
	s := open(t, path, filestore.Options{})
	for _, name := range fileNames(path) {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		// Every page but the headers says that it is another one.
		for at := 2 * os.Getpagesize(); at < len(read(t, name)); at += os.Getpagesize() {
			if _, err := f.WriteAt([]byte{99}, int64(at)); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	report, err := s.Check(t.Context())
	if err != nil || len(report.Problems) != 2 {
		t.Fatalf("check answered %q, %v; want a problem of each file", report.Problems, err)
	}
	for i, name := range fileNames(path) {
		if p := report.Problems[i]; !strings.HasPrefix(p, name+": ") || !strings.Contains(p, "page") {
			t.Errorf("problem %d is %q; want a page of %s", i, p, name)
		}
	}
}

// TestTornPages overwrites sectors with zeros, with noise, and with other
// sectors of the same file: as single bits.
func TestTornPages(t *testing.T) {
	t.Parallel()
	rounds := 300
	if testing.Short() {
		rounds = 60
	}
	v := newVictim(t, 30)
	r := rand.New(rand.NewPCG(5, 6))
	for n := range rounds {
		file := r.IntN(2)
		sectors := len(bytes.TrimRight(v.data[file], "\x00")) / sectorBytes
		at := r.IntN(sectors) * sectorBytes
		spoiled := bytes.Clone(v.data[file])
		sector := spoiled[at : at+sectorBytes]
		switch n % 3 {
		case 0:
			clear(sector)
		case 1:
			for i := range sector {
				sector[i] = byte(r.Uint32())
			}
		case 2:
			from := r.IntN(sectors) * sectorBytes
			copy(sector, v.data[file][from:])
		}
		if !bytes.Equal(spoiled, v.data[file]) {
			v.serve(t, file, spoiled, fmt.Sprintf("file %d, sector %d, way %d", file, at/sectorBytes, n%3))
		}
	}
}

// TestCutFiles cuts both files at many lengths: never is anything else served,
// and nothing ends the process.
func TestCutFiles(t *testing.T) {
	v := newVictim(t, 30)
	for file := range v.data {
		size := len(v.data[file])
		var lengths []int
		for n := 1; n < size; n = n*3/2 + 1 {
			lengths = append(lengths, n, size-n, n/4096*4096)
		}
		slices.Sort(lengths)
		noticed := 0
		for _, n := range slices.Compact(lengths) {
			if v.serve(t, file, v.data[file][:n], fmt.Sprintf("file %d cut to %d of %d bytes", file, n, size)) {
				noticed++
			}
		}
		if noticed == 0 {
			t.Errorf("no cut of file %d was noticed", file)
		}
	}
}

// TestOldCopies puts back each file as it was before the last commits, beside
// the newer other one. An older data file is a whole store of its time; an older
// keys file is refused when keys are missing from it.
func TestOldCopies(t *testing.T) {
	v := newVictim(t, 3)
	fill(t, v.path, 20)
	newer := read(t, v.path)
	write(t, v.path, v.data[0])
	if got, err := ask(v.path, v.head, v.want); err != nil || graphtest.Diff(v.want, got) != "" {
		t.Errorf("older data beside newer keys: %v\n%s", err, graphtest.Diff(v.want, got))
	}
	write(t, v.path, newer)
	write(t, v.path+filestore.KeysSuffix, v.data[1])
	_, err := filestore.Open(v.path, filestore.Options{})
	expectSentence(t, err, "older than the data file")
}
