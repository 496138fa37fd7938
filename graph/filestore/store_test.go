package filestore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// place is a graphtest.Place whose cleanup checks the files.
func place(o filestore.Options) graphtest.Place {
	return func(tb testing.TB) func() graph.Store {
		tb.Helper()
		path := filepath.Join(tb.TempDir(), "graph.cairn")
		tb.Cleanup(func() { expectClean(tb, path) })
		return func() graph.Store { return open(tb, path, o) }
	}
}

// open opens a store and closes it at the end, if the test does not.
func open(tb testing.TB, path string, o filestore.Options) *filestore.Store {
	tb.Helper()
	s, err := filestore.Open(path, o)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

// expectClean fails if a check of the closed file path finds anything wrong.
func expectClean(tb testing.TB, path string) {
	tb.Helper()
	s, err := filestore.Open(path, filestore.Options{ReadOnly: true})
	if err != nil {
		tb.Errorf("open for the check: %v", err)
		return
	}
	report, err := s.Check(context.Background())
	if err != nil {
		tb.Errorf("check: %v", err)
	}
	for _, p := range report.Problems {
		tb.Errorf("check: %s", p)
	}
	if err := s.Close(); err != nil {
		tb.Errorf("close after the check: %v", err)
	}
}

func TestStore(t *testing.T) {
	graphtest.TestStore(t, place(filestore.Options{}), graphtest.Hooks{
		Erase: func(tb testing.TB, s graph.Store, person graph.ID) {
			tb.Helper()
			if err := s.(*filestore.Store).DestroyKey(person); err != nil {
				tb.Fatal(err)
			}
		},
		DamageBatch: func(tb testing.TB, s graph.Store, r graph.Revision) string {
			tb.Helper()
			spoilEntry(tb, s.(*filestore.Store), "log", string(binary.BigEndian.AppendUint64(nil, uint64(r))))
			return fmt.Sprintf("bucket log, revision %d, part 0", r)
		},
		DamagePersonal: func(tb testing.TB, s graph.Store, ref graph.PersonalRef) string {
			tb.Helper()
			bucket, prefix := "people", string(ref.Person)+"\x00"
			if !ref.About.IsZero() {
				bucket, prefix = "facts", prefix+string(ref.About[:])
			}
			return fmt.Sprintf("bucket %s, entry %x", bucket, spoilEntry(tb, s.(*filestore.Store), bucket, prefix))
		},
		Unknown: func(tb testing.TB, s graph.Store, stored bool) {
			tb.Helper()
			s.(*filestore.Store).FailHeader(stored)
		},
	})
}

// spoilEntry flips a bit of the first entry of a bucket whose key begins with
// prefix, which it returns, and flips it back when the test ends.
func spoilEntry(tb testing.TB, s *filestore.Store, bucket, prefix string) (key []byte) {
	tb.Helper()
	flip := func() {
		err := s.ChangeData(func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(bucket))
			k, v := b.Cursor().Seek([]byte(prefix))
			if !bytes.HasPrefix(k, []byte(prefix)) {
				return fmt.Errorf("bucket %s has no entry %x", bucket, prefix)
			}
			key, v = bytes.Clone(k), bytes.Clone(v)
			v[len(v)/2] ^= 4
			return b.Put(key, v)
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	flip()
	tb.Cleanup(flip)
	return key
}
