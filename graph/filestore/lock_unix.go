//go:build unix && !solaris && !aix

package filestore

import (
	"errors"
	"os"
	"syscall"
	"time"
)

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
