package filestore

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestReadyWhileGrowing: a file that grows while it is looked at was not cut.
func TestReadyWhileGrowing(t *testing.T) {
	raw, err := os.Create(filepath.Join(t.TempDir(), "growing"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close() //nolint:errcheck // thrown away
	f := &file{path: raw.Name(), raw: raw}
	var looking sync.WaitGroup
	for range 4 {
		looking.Go(func() {
			for range 20_000 {
				if err := f.ready(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for size := range int64(20_000) {
		if err := raw.Truncate(size); err != nil {
			t.Fatal(err)
		}
	}
	looking.Wait()
	if err := raw.Truncate(100); err != nil {
		t.Fatal(err)
	}
	if f.ready() == nil {
		t.Error("a cut was not noticed")
	}
}
