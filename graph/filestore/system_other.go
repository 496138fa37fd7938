//go:build !unix || solaris || aix

package filestore

import (
	"os"
	"time"
)

// mapSize is zero where a file becomes as large as its map.
const mapSize = 0

// lock leaves the lock to bbolt, which takes it after the structure is checked.
func lock(*os.File, bool, time.Duration) error { return nil }

// unlock leaves the lock to bbolt.
func unlock(*os.File) error { return nil }

// syncDir does nothing where folders cannot be synced.
func syncDir(string) error { return nil }
