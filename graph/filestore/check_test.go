package filestore_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// errEnough is what callbacks of the tests end a call with.
var errEnough = errors.New("enough")

// TestCheckReports counts what a file holds.
func TestCheckReports(t *testing.T) {
	path := filepath.Join(t.TempDir(), "graph.cairn")
	s := open(t, path, filestore.Options{})
	var people graph.Batch
	for i := range 9000 {
		people.People = append(people.People, graph.Person{ID: graph.ID(fmt.Sprint(i))})
	}
	full := graphtest.FullBatch(1)
	if _, err := s.Commit(t.Context(), full, people, childBatch(3)); err != nil {
		t.Fatal(err)
	}
	if err := s.DestroyKey(full.Personal[1].Person); err != nil {
		t.Fatal(err)
	}
	got, err := s.Check(t.Context())
	if err != nil || len(got.Problems) > 0 || len(got.RunningHash) != 64 {
		t.Fatalf("check answered %+v, %v", got, err)
	}
	got.RunningHash = ""
	child := childBatch(3)
	want := filestore.Report{
		Revision: 3, Batches: 3, Parts: 5, Facts: full.Len() + 9000 + child.Len(), Personal: 4, Erased: 1, Keys: 3,
	}
	if d := graphtest.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestCheckFinds changes one thing behind the store's back, with checksums that
// fit where there is one to fit: each is found, with its place.
func TestCheckFinds(t *testing.T) {
	first := func(b *bbolt.Bucket) ([]byte, []byte) {
		k, v := b.Cursor().First()
		return bytes.Clone(k), bytes.Clone(v)
	}
	remove := func(bucket string) func(tx *bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(bucket))
			k, _ := first(b)
			return b.Delete(k)
		}
	}
	spoil := func(bucket string) func(tx *bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(bucket))
			k, v := first(b)
			v[len(v)/2] ^= 1
			return b.Put(k, v)
		}
	}
	swap := func(bucket string) func(tx *bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(bucket))
			c := b.Cursor()
			k, v := c.First()
			k2, v2 := c.Next()
			k, v, k2, v2 = bytes.Clone(k), bytes.Clone(v), bytes.Clone(k2), bytes.Clone(v2)
			return errors.Join(b.Put(k, v2), b.Put(k2, v))
		}
	}
	add := func(bucket, key, value string) func(tx *bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte(bucket)).Put([]byte(key), filestore.Stamp(bucket, key, value))
		}
	}
	hash := strings.Repeat("h", 32)
	for _, c := range []struct {
		name       string
		data, keys func(tx *bbolt.Tx) error
		says       string
	}{
		{name: "a part is missing", data: remove("log"), says: "bucket log, revision 1, part 0: the part is missing"},
		{name: "a part is changed", data: spoil("log"), says: "bucket log, revision 1, part 0: the checksum does not fit"},
		{name: "two parts are swapped", data: swap("log"), says: "bucket log, revision 1, part 0: the checksum does not fit"},
		{name: "a batch's key is missing", data: remove("batches"), says: "bucket batches"},
		{name: "a batch's key is changed", data: spoil("batches"), says: "bucket batches"},
		{name: "a batch's key too many", data: add("batches", hash, "\x00\x00\x00\x00\x00\x00\x00\x01"), says: "bucket batches: has"},
		{name: "a batch's key leads astray", data: func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("batches"))
			k, _ := first(b)
			return b.Put(k, filestore.Stamp("batches", string(k), "\x00\x00\x00\x00\x00\x00\x00\x63"))
		}, says: "leads to revision 99"},
		{name: "a name is missing", data: remove("people"), says: "bucket people"},
		{name: "a name is changed", data: spoil("people"), says: "bucket people"},
		{name: "two names are swapped", data: swap("people"), says: "bucket people"},
		{name: "a name too many", data: add("people", "x\x00"+strings.Repeat("\x00", 12), "y"), says: "bucket people: has"},
		{name: "evidence is missing", data: remove("facts"), says: "bucket facts"},
		{name: "evidence is changed", data: spoil("facts"), says: "bucket facts"},
		{name: "a key is missing", keys: remove("keys"), says: "bucket keys: the key of person"},
		{name: "a key is changed", keys: spoil("keys"), says: "bucket keys"},
		{name: "two keys are swapped", keys: swap("keys"), says: "bucket keys"},
		{name: "another key", keys: func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("keys"))
			k, _ := first(b)
			return b.Put(k, filestore.Stamp("keys", string(k), "\x01\x00\x00\x00\x01"+hash))
		}, says: "the person's key does not open the sealed record"},
		{name: "a later epoch in the record", keys: func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("keys"))
			k, _ := first(b)
			return b.Put(k, filestore.Stamp("keys", string(k), "\x01\x00\x00\x00\x00"+hash))
		}, says: "was sealed in epoch 1"},
		{name: "a malformed key", keys: func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("keys"))
			k, _ := first(b)
			return b.Put(k, filestore.Stamp("keys", string(k), "\x07"))
		}, says: "is malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, made(t), filestore.Options{})
			if c.data != nil {
				if err := s.ChangeData(c.data); err != nil {
					t.Fatal(err)
				}
			}
			if c.keys != nil {
				if err := s.ChangeKeys(c.keys); err != nil {
					t.Fatal(err)
				}
			}
			report, err := s.Check(t.Context())
			if err != nil || !strings.Contains(strings.Join(report.Problems, "\n"), c.says) {
				t.Errorf("check answered %q, %v; want %q", report.Problems, err, c.says)
			}
			err = s.Backup(t.Context(), filepath.Join(t.TempDir(), "backup"))
			expectSentence(t, err, "there is no backup")
		})
	}
}

// TestForeignPart puts a part of a sister of the file, which shares all that came
// before, in the place of the file's own: its own checksum fits, the running
// hash of what follows does not. Nothing of it is handed over, also where it is
// the last of what is read at once.
func TestForeignPart(t *testing.T) {
	award := func(i int) graph.Batch { return oneAward(i, false) }
	for _, c := range []struct {
		name          string
		before, after int // parts of the file beside the foreign one
	}{
		{"the newest", 11, 0},
		{"one that is followed", 11, 1},
		{"the newest, the last of a piece", filestore.PieceParts - 1, 0},
		{"one that is followed, the last of a piece", filestore.PieceParts - 1, 1},
		{"the newest, the first of a piece", filestore.PieceParts, 0},
		{"the newest, the last of the second piece", 2*filestore.PieceParts - 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, sister := filepath.Join(t.TempDir(), "graph.cairn"), filepath.Join(t.TempDir(), "sister.cairn")
			one := open(t, path, filestore.Options{NoSync: true})
			for i := range c.before {
				if _, err := one.Commit(t.Context(), award(i)); err != nil {
					t.Fatal(err)
				}
			}
			if err := one.Close(); err != nil {
				t.Fatal(err)
			}
			for i, name := range fileNames(sister) {
				write(t, name, read(t, fileNames(path)[i]))
			}
			one = open(t, path, filestore.Options{NoSync: true})
			two := open(t, sister, filestore.Options{NoSync: true})
			for i, s := range []*filestore.Store{one, two} {
				for n := range 1 + c.after {
					if _, err := s.Commit(t.Context(), award(1000*(i+1)+n)); err != nil {
						t.Fatal(err)
					}
				}
			}
			var key, value []byte
			err := two.ChangeData(func(tx *bbolt.Tx) error {
				cur := tx.Bucket([]byte("log")).Cursor()
				k, v := cur.Last()
				for range c.after {
					k, v = cur.Prev()
				}
				key, value = bytes.Clone(k), bytes.Clone(v)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := one.ChangeData(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("log")).Put(key, value) }); err != nil {
				t.Fatal(err)
			}
			foreign := graph.Revision(c.before + 1)
			calls := 0
			_, err = one.Load(t.Context(), func(b graph.Batch) error {
				if calls++; b.Revision >= foreign {
					t.Errorf("revision %d is handed over by a load", b.Revision)
				}
				return nil
			})
			expectSentence(t, err, "bucket log")
			if calls > c.before {
				t.Errorf("a load called apply %d times, before the foreign part are %d batches", calls, c.before)
			}
			err = one.Follow(t.Context(), 0, func(r graph.Revision, _ graph.Batch) error {
				if r >= foreign {
					t.Errorf("revision %d is handed over by a follow", r)
				}
				return nil
			})
			expectSentence(t, err, "bucket log")
			report, err := one.Check(t.Context())
			if err != nil || len(report.Problems) == 0 {
				t.Errorf("check answered %v, %v", report.Problems, err)
			}
		})
	}
}

// TestContentHash: equal batches have equal hashes, whatever the keys and the
// groups they came in, and every field counts.
func TestContentHash(t *testing.T) {
	hash := func(groups ...[]graph.Batch) graph.Digest {
		s := open(t, filepath.Join(t.TempDir(), "graph.cairn"), filestore.Options{NoSync: true})
		for _, g := range groups {
			if _, err := s.Commit(t.Context(), g...); err != nil {
				t.Fatal(err)
			}
		}
		head, err := s.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		h, err := graph.ContentHash(t.Context(), s, head)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	one, two := graphtest.FullBatch(1), graphtest.FullBatch(2)
	want := hash([]graph.Batch{one, two})
	if got := hash([]graph.Batch{one}, []graph.Batch{two}); got != want {
		t.Error("the hash depends on the groups, or on keys and nonces")
	}
	other := graphtest.FullBatch(2)
	other.Personal[1].Evidence[1] += "!"
	if got := hash([]graph.Batch{one, other}); got == want {
		t.Error("the hash does not depend on evidence")
	}
	if got := hash([]graph.Batch{two, one}); got == want {
		t.Error("the hash does not depend on the order")
	}
	if hash() == hash([]graph.Batch{one}) {
		t.Error("the hash of an empty store is that of a full one")
	}
}
