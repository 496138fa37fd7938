package filestore

import (
	"os"
	"reflect"
	"syscall"

	"go.etcd.io/bbolt"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/seal"
)

// PieceParts is how many parts of the log are read at once.
const PieceParts = pieceParts

// MoveReserved is what publishes without links.
var MoveReserved = moveReserved

// DestroyKey overwrites the key of a person, as an erasure does.
func (s *Store) DestroyKey(person graph.ID) error {
	return s.update(s.keys, func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketKeys)
		k, err := decodeKey(person, b.Get([]byte(person)))
		if err != nil {
			return err
		}
		if err := b.Put([]byte(person), stamp(bucketKeys, []byte(person), k.Destroyed().Bytes())); err != nil {
			return err
		}
		generation, err := readGeneration(tx)
		if err != nil {
			return err
		}
		return writeGeneration(tx, generation+1)
	})
}

// ChangeData lets f change the data file, and ChangeKeys the keys file, behind
// the store's back.
func (s *Store) ChangeData(f func(*bbolt.Tx) error) error { return s.data.db.Update(f) }

// ChangeKeys is like ChangeData.
func (s *Store) ChangeKeys(f func(*bbolt.Tx) error) error { return s.keys.db.Update(f) }

// KeyOf is the key of a person, as the keys file holds it.
func (s *Store) KeyOf(person graph.ID) (key []byte, err error) {
	err = s.keys.view(func(tx *bbolt.Tx) error {
		k, err := decodeKey(person, tx.Bucket(bucketKeys).Get([]byte(person)))
		if err == nil {
			key = k.Bytes()[seal.Size-32:]
		}
		return err
	})
	return key, err
}

// Structure is what a check finds in the pages of the file path.
func Structure(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err == nil {
		_, err = structure(f, info.Size(), false)
	}
	return err
}

// FailHeader makes the next write of the data file's header fail, before or
// after it was done: the only write that decides whether a commit is stored.
func (s *Store) FailHeader(written bool) {
	field := reflect.ValueOf(s.data.db).Elem().FieldByName("ops").FieldByName("writeAt")
	writeAt := (*func([]byte, int64) (int, error))(field.Addr().UnsafePointer())
	whole := *writeAt
	*writeAt = func(data []byte, at int64) (int, error) {
		if at >= 2*int64(s.data.db.Info().PageSize) {
			return whole(data, at)
		}
		if written {
			if n, err := whole(data, at); err != nil {
				return n, err
			}
		}
		return 0, syscall.EIO
	}
}

// Stamp is what the value of an entry needs for a checksum that fits.
func Stamp(bucket, key, value string) []byte {
	return stamp([]byte(bucket), []byte(key), []byte(value))
}

// ForgetSize keeps the store from noticing that the data file was cut.
func (s *Store) ForgetSize() { s.data.least.Store(0) }
