package filestore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/cairn-skills/cairn/graph"
)

// copyPiece bounds the bytes of keys and values that one transaction of a
// backup writes, and so the memory that a backup takes.
const copyPiece = 8 << 20

// unfinished is the name of a backup that has not got its own.
const unfinished = "unfinished"

// Backup copies both files, as they are at one moment, to path and the keys
// file beside it, while the store is in use. Neither may exist, and a file that
// appears there meanwhile stays as it is. The copy is read whole and checked, is
// on disk before it gets its name, and then belongs to no one: it is opened like
// any data file, and whoever has it can read what it seals.
//
// What is copied is the entries, not the pages: keys that were destroyed before,
// which may stand in free pages of the keys file, are not in the copy. The cost
// is that of reading the store twice and writing it once. A commit that makes
// the data file greater than 4 GiB waits until the entries are copied.
//
// Errors: [graph.ErrExists] if there is such a file; [graph.ErrUnavailable] if
// the copy cannot be written, ctx ends, or what is copied is damaged. After an
// error none of the two files is there, unless it cannot be removed. A process
// that is killed leaves a folder whose name begins with path and ".new-", and at
// worst the keys file beside it; the data file comes last, so there is none that
// is not a whole backup.
func (s *Store) Backup(ctx context.Context, path string) error {
	_, done, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer done()
	for _, p := range []string{path, path + KeysSuffix} {
		switch _, err := os.Lstat(p); {
		case err == nil:
			return errExists(p)
		case !errors.Is(err, fs.ErrNotExist):
			return unavailable(p, "the backup cannot be made", err)
		}
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return unavailable(path, "the backup cannot be made", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the backup has its own names by then
	temp := filepath.Join(dir, unfinished)
	if err := s.copyTo(ctx, temp); err != nil {
		return translateDamage(s.path, err)
	}
	if err := checkCopy(ctx, temp); err != nil {
		return err
	}
	return nameCopy(temp, path)
}

func errExists(path string) error {
	return &graph.Error{Class: graph.ErrExists, Reason: "EXISTS", Subject: path, Message: "the file exists; name a new one"}
}

// nameCopy gives the two files of temp the names of path, or neither.
func nameCopy(temp, path string) (err error) {
	var named []string
	defer func() {
		for i := len(named) - 1; i >= 0 && err != nil; i-- {
			err = errors.Join(err, os.Remove(named[i]))
		}
	}()
	// The data file comes last: without it nobody takes the keys for a backup.
	for _, suffix := range []string{KeysSuffix, ""} {
		switch err := publish(temp+suffix, path+suffix); {
		case errors.Is(err, fs.ErrExist):
			return errExists(path + suffix)
		case err != nil:
			return unavailable(path+suffix, "the backup cannot be named", err)
		}
		named = append(named, path+suffix)
		if err := syncDir(filepath.Dir(path)); err != nil {
			return unavailable(path+suffix, "the backup cannot be written", err)
		}
	}
	return nil
}

// copyTo writes the two files. The state of the data file is taken first: the
// keys that it needs are in the keys file by then.
func (s *Store) copyTo(ctx context.Context, path string) error {
	return s.data.view(func(data *bbolt.Tx) error {
		return s.keys.view(func(keys *bbolt.Tx) error {
			if err := copyFile(ctx, data, path); err != nil {
				return err
			}
			return copyFile(ctx, keys, path+KeysSuffix)
		})
	})
}

// copyFile writes the entries that from sees to the file path, and syncs it.
func copyFile(ctx context.Context, from *bbolt.Tx, path string) (err error) {
	defer func() {
		if err != nil {
			err = unavailable(path, "the backup cannot be written", err)
		}
	}()
	to, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoGrowSync: true, NoStatistics: true, InitialMmapSize: mapSize})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	to.AllocSize = growSize
	if err := from.ForEach(func(name []byte, b *bbolt.Bucket) error { return copyBucket(ctx, b.Cursor(), to, name) }); err != nil {
		return err
	}
	return to.Sync()
}

// copyBucket writes the entries of c to the bucket name of to.
func copyBucket(ctx context.Context, c *bbolt.Cursor, to *bbolt.DB, name []byte) error {
	k, v := c.First()
	for first := true; first || k != nil; first = false {
		err := to.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(name)
			if err != nil {
				return err
			}
			b.FillPercent = appendFill
			for size := 0; k != nil && size < copyPiece; k, v = c.Next() {
				if err := b.Put(k, v); err != nil {
					return err
				}
				size += len(k) + len(v)
			}
			return ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func checkCopy(ctx context.Context, path string) (err error) {
	s, err := Open(path, Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	report, err := s.Check(ctx)
	if err == nil && len(report.Problems) > 0 {
		err = unavailable(path, "what was copied is damaged; there is no backup", errors.New(report.Problems[0]))
	}
	return err
}
