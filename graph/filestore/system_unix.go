//go:build unix && !solaris && !aix

package filestore

import (
	"errors"
	"math"
	"os"
	"syscall"
	"time"
)

// mapSize is the least address space that is reserved for a file: growing past
// it waits for running reads. It costs no memory.
const mapSize = min(4<<30, math.MaxInt/4)

// lock takes the lock that bbolt would take, before anything of the file is
// read: exclusive for writing, shared for reading.
func lock(f *os.File, exclusive bool, wait time.Duration) error {
	how := syscall.LOCK_NB | syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_NB | syscall.LOCK_EX
	}
	for deadline := time.Now().Add(wait); ; time.Sleep(10 * time.Millisecond) { //nolint:forbidigo // how long to wait is no part of any answer
		err := syscall.Flock(int(f.Fd()), how)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return err
		case time.Now().After(deadline): //nolint:forbidigo // as above
			return errHeld
		}
	}
}

// unlock frees what lock took.
func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // whoever calls names the file
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
