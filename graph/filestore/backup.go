package filestore

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/cairn-skills/cairn/graph"
)

// Backup copies both files, as they are at one moment, to path and the keys
// file beside it, while the store is in use. Neither may exist. The copy is
// checked before it gets its name and then belongs to no one: it is opened like
// any data file, and whoever has it can read what it seals.
//
// Errors: [graph.ErrExists] if there is such a file, [graph.ErrUnavailable] if
// it cannot be written, or what is copied is damaged; then nothing is left.
func (s *Store) Backup(ctx context.Context, path string) error {
	_, done, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer done()
	for _, p := range []string{path, path + KeysSuffix} {
		if _, err := os.Lstat(p); !errors.Is(err, os.ErrNotExist) {
			return &graph.Error{
				Class: graph.ErrExists, Reason: "EXISTS", Subject: p, Message: "the file exists; name a new one", Cause: err,
			}
		}
	}
	parent := filepath.Dir(path)
	dir, err := os.MkdirTemp(parent, filepath.Base(path)+".new-*")
	if err != nil {
		return unavailable(path, "the backup cannot be made", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the links are what counts
	temp := filepath.Join(dir, filepath.Base(path))
	if err := s.copyTo(ctx, temp); err != nil {
		return err
	}
	if err := checkCopy(ctx, temp); err != nil {
		return err
	}
	// The data file comes last: without it nobody takes the keys for a backup.
	for _, suffix := range []string{KeysSuffix, ""} {
		if err := publish(temp+suffix, path+suffix); err != nil {
			return unavailable(path, "the backup cannot be named", err)
		}
	}
	if err := syncDir(parent); err != nil {
		return unavailable(path, "the backup cannot be written", err)
	}
	return nil
}

// copyTo writes the two files. The state of the data file is taken first: the
// keys that it needs are in the keys file by then.
func (s *Store) copyTo(ctx context.Context, path string) error {
	return s.data.view(func(tx *bbolt.Tx) error {
		return s.keys.view(func(keys *bbolt.Tx) error {
			for _, c := range []struct {
				tx   *bbolt.Tx
				path string
			}{{tx, path}, {keys, path + KeysSuffix}} {
				if err := copyFile(ctx, c.tx, c.path); err != nil {
					return unavailable(c.path, "the backup cannot be written", err)
				}
			}
			return nil
		})
	})
}

func copyFile(ctx context.Context, tx *bbolt.Tx, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // whoever calls names the file
	if err != nil {
		return err
	}
	_, err = tx.WriteTo(endedWriter{ctx, f})
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// endedWriter fails once ctx has ended.
type endedWriter struct {
	ctx context.Context //nolint:containedctx // lives as long as one call
	io.Writer
}

func (w endedWriter) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.Writer.Write(p)
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
