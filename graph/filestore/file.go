package filestore

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"go.etcd.io/bbolt"
)

// file is one of the two files of a store, mapped by bbolt.
type file struct {
	path string
	db   *bbolt.DB
	raw  *os.File // what db reads and writes, for what bbolt does not offer

	least   atomic.Int64 // the size it had at least; files do not shrink
	faulted atomic.Bool  // reading the map failed
}

// openFile opens one of the two files after its size and structure were
// checked.
func openFile(path string, o Options, buckets [][]byte) (*file, error) {
	out := &file{path: path}
	opened := func(name string, flag int, mode os.FileMode) (*os.File, error) {
		f, err := os.OpenFile(name, flag&^os.O_CREATE, mode) //nolint:gosec // whoever calls names the file
		if err != nil {
			return nil, err
		}
		if err := examine(f, o, buckets); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		out.raw = f
		return f, nil
	}
	_, err := guard(func() (err error) {
		out.db, err = bbolt.Open(path, 0o600, &bbolt.Options{
			Timeout: o.LockWait, ReadOnly: o.ReadOnly, NoSync: o.NoSync, NoGrowSync: o.NoSync,
			FreelistType: bbolt.FreelistMapType, InitialMmapSize: mapSize, NoStatistics: true, OpenFile: opened,
		})
		return err
	})
	if err != nil {
		if e := (*os.PathError)(nil); o.ReadOnly && errors.As(err, &e) && errors.Is(err, os.ErrPermission) {
			return nil, unavailable(path, "the file cannot be read; grant the permission", err)
		}
		return nil, translate(path, err)
	}
	out.db.AllocSize = growSize
	return out, nil
}

// view reads f in one transaction, in which nothing may wait.
//
// bbolt reads its headers from the map while it holds its locks, so a page that
// cannot be read may leave them held: after such a fault the file is not
// touched again.
func (f *file) view(read func(*bbolt.Tx) error) error {
	if err := f.ready(); err != nil {
		return err
	}
	return f.guard(func() error { return f.db.View(read) })
}

// ready is an error if f was cut or has faulted.
func (f *file) ready() error {
	if f.faulted.Load() {
		return unavailable(f.path, "the file could not be read; open it again", nil)
	}
	least := f.least.Load() // before the size: the file may grow in between
	info, err := f.raw.Stat()
	if err != nil {
		return unavailable(f.path, "the file cannot be read", err)
	}
	if info.Size() < least {
		return damaged(f.path, fmt.Errorf("the file was cut while it was open: it has %d bytes and had %d", info.Size(), least))
	}
	f.least.CompareAndSwap(least, info.Size())
	return nil
}

func (f *file) guard(call func() error) error {
	fault, err := guard(call)
	if fault {
		f.faulted.Store(true)
	}
	return err
}

func (f *file) close() error {
	if f.ready() != nil { // bbolt would read the map, or wait for its locks
		// The map stays, and would keep the lock.
		return errors.Join(unlock(f.raw), f.raw.Close())
	}
	return f.guard(f.db.Close)
}

// guard runs call, which reads a mapped file, and turns what bbolt or the
// memory system throws into an error: a page that cannot be read from disk, a
// file cut while it is open, an assertion of bbolt.
func guard(call func() error) (fault bool, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error:
			fault, err = true, fmt.Errorf("reading the mapped file: %w", p)
		default:
			fault, err = true, fmt.Errorf("reading the mapped file: %v", p)
		}
	}()
	return false, call()
}
