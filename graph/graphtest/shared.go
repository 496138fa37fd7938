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
	dir := os.Getenv("CAIRN_SHARED")
	if dir == "" {
		dir = beside(tb)
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err != nil {
		tb.Skipf("NOT TESTED: %s needs the shared data sets and there is no folder %q; set CAIRN_SHARED to the folder that holds data/", tb.Name(), dir)
	}
	return dir
}

// beside is the folder shared beside the root of the module.
func beside(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatalf("find the working folder: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared")
		}
		up := filepath.Dir(dir)
		if up == dir {
			tb.Fatal("no folder above the test holds go.mod")
		}
		dir = up
	}
}
