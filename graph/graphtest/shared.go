package graphtest

import (
	"os"
	"path/filepath"
	"testing"
)

// SharedDir is the folder of data sets that are too large or too foreign to
// keep in this repository: the one named by CAIRN_SHARED, otherwise the folder
// shared beside the folder that holds go.mod. Without either the test is
// skipped, and says so.
func SharedDir(tb testing.TB) string {
	tb.Helper()
	dir, ok := FindShared()
	if !ok {
		tb.Skipf("NOT TESTED: %s needs the shared data sets and there is no folder %q; set CAIRN_SHARED to the folder that holds data/", tb.Name(), dir)
	}
	return dir
}

// FindShared is the folder that [SharedDir] answers, and whether it is there.
// It is for tests that are worth running without.
func FindShared() (dir string, ok bool) {
	if dir = os.Getenv("CAIRN_SHARED"); dir == "" {
		dir = besideModule()
	}
	_, err := os.Stat(filepath.Join(dir, "data")) //nolint:gosec // the folder is the tester's own to name
	return dir, err == nil
}

// besideModule is the folder shared beside the root of the module that holds
// the working folder.
func besideModule() string {
	dir, err := os.Getwd()
	if err != nil {
		return "shared"
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared")
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "shared"
		}
		dir = up
	}
}
