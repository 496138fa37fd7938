package filestore_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// users are calls of every kind on one store until it is closed.
type users struct {
	*testing.T
	s   *filestore.Store
	dir string

	mu      sync.Mutex // guards what follows
	acked   map[graph.Revision]graph.Batch
	backups map[string]graph.Revision // what was acknowledged before each began
	calls   map[string]int            // that succeeded, by kind
}

// newest is the newest acknowledged revision.
func (u *users) newest() (newest graph.Revision) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for r := range u.acked {
		newest = max(newest, r)
	}
	return newest
}

// commit commits a group of which one batch has a key that it commits again.
func (u *users) commit(n, round int) error {
	group := make([]graph.Batch, 3)
	for i := range group {
		p := graph.ID(fmt.Sprintf("p-%d-%d-%d", n, round, i))
		group[i] = graph.Batch{
			At: 1, Key: string(p), People: []graph.Person{{ID: p}},
			Personal: []graph.Personal{{Person: p, Name: "Name of " + string(p)}, {Person: graph.ID(fmt.Sprint("shared-", round%7)), About: graph.FactID{byte(n)}}},
		}
	}
	revisions, err := u.s.Commit(context.Background(), group...)
	if err != nil {
		return err
	}
	u.mu.Lock()
	for i, r := range revisions {
		if _, ok := u.acked[r]; ok {
			u.Errorf("revision %d was acknowledged twice", r)
		}
		u.acked[r] = group[i]
	}
	u.mu.Unlock()
	again, err := u.s.Commit(context.Background(), group[1])
	if err == nil && again[0] != revisions[1] {
		u.Errorf("the key of revision %d answers %d", revisions[1], again[0])
	}
	return err
}

func (u *users) follow(int, int) error {
	last := graph.Revision(0)
	return u.s.Follow(context.Background(), 0, func(r graph.Revision, b graph.Batch) error {
		if r != last+1 || len(b.People) != 1 || b.Personal[0].Name != "Name of "+string(b.People[0].ID) {
			u.Errorf("a follow has %+v at %d after %d", b, r, last)
		}
		last = r
		return nil
	})
}

func (u *users) load(int, int) error {
	before := u.newest()
	people, names := 0, 0
	at, err := u.s.Load(context.Background(), func(b graph.Batch) error {
		people += len(b.People)
		for _, p := range b.Personal {
			if b.Revision == 0 && p.Name == "Name of "+string(p.Person) {
				names++
			}
		}
		return nil
	})
	if err == nil && (at < before || people != int(at) || names != int(at)) {
		u.Errorf("a load at %d has %d people and %d names; %d was acknowledged before", at, people, names, before)
	}
	return err
}

func (u *users) read(int, int) error {
	u.mu.Lock()
	var want graph.Personal
	for _, b := range u.acked {
		want = b.Personal[0]
		break
	}
	u.mu.Unlock()
	got, err := u.s.Read(context.Background(), graph.PersonalRef{Person: want.Person})
	if err == nil && graphtest.Diff([]graph.Personal{want}, got) != "" {
		u.Errorf("read answered %+v; want %+v", got, want)
	}
	return err
}

func (u *users) check(int, int) error {
	before := u.newest()
	report, err := u.s.Check(context.Background())
	if err == nil && (len(report.Problems) > 0 || report.Revision < before || report.Batches != int(report.Revision)) {
		u.Errorf("check answered %+v; %d was acknowledged before", report, before)
	}
	return err
}

func (u *users) backup(n, round int) error {
	before := u.newest()
	name := filepath.Join(u.dir, fmt.Sprintf("backup-%d-%d", n, round))
	err := u.s.Backup(context.Background(), name)
	if err == nil {
		u.mu.Lock()
		u.backups[name] = before
		u.mu.Unlock()
	}
	return err
}

func (u *users) hash(int, int) error {
	head, err := u.s.Head(context.Background())
	if err == nil {
		_, err = graph.ContentHash(context.Background(), u.s, head)
	}
	return err
}

// TestTogether lets calls of every kind run side by side on a store that is
// closed in their midst, by two at once: each call answers what it should or
// that the store is closed, and what was acknowledged is there, in the backups
// as well.
func TestTogether(t *testing.T) {
	t.Parallel()
	rounds := 8
	if testing.Short() {
		rounds = 2
	}
	path := filepath.Join(t.TempDir(), "graph.cairn")
	u := &users{T: t, dir: t.TempDir(), acked: make(map[graph.Revision]graph.Batch), backups: make(map[string]graph.Revision), calls: make(map[string]int)}
	for round := range rounds {
		u.s = open(t, path, filestore.Options{NoSync: true})
		var calling, closing sync.WaitGroup
		for kind, c := range map[string]struct {
			callers int
			call    func(n, round int) error
		}{
			"commit": {3, u.commit}, "follow": {2, u.follow}, "load": {2, u.load}, "read": {2, u.read},
			"check": {1, u.check}, "backup": {2, u.backup}, "hash": {1, u.hash},
		} {
			for n := range c.callers {
				calling.Go(func() {
					for i := 0; ; i++ {
						if err := c.call(n, round*1_000_000+i); err != nil {
							expectSentence(t, err, "the store is closed")
							return
						}
						u.mu.Lock()
						u.calls[kind]++
						u.mu.Unlock()
					}
				})
			}
		}
		time.Sleep(100*time.Millisecond + rand.N(200*time.Millisecond))
		for range 2 {
			closing.Go(func() {
				if err := u.s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		closing.Wait()
		calling.Wait()
	}
	t.Logf("%d revisions, calls: %v", len(u.acked), u.calls)
	for _, kind := range []string{"commit", "load", "read", "check", "backup", "hash"} {
		if u.calls[kind] == 0 {
			t.Errorf("no %s ended before the store was closed", kind)
		}
	}
	expectClean(t, path)
	u.expect(path, u.newest())
	for name, acked := range u.backups {
		expectClean(t, name)
		u.expect(name, acked)
	}
	left, err := filepath.Glob(filepath.Join(u.dir, "*.new-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// expect fails unless the store path has what was acknowledged, up to a
// revision at least.
func (u *users) expect(path string, least graph.Revision) {
	u.Helper()
	s := open(u, path, filestore.Options{ReadOnly: true})
	head, err := s.Head(u.Context())
	if err != nil || head < least {
		u.Errorf("%s: the head is %d, %v; %d was acknowledged", path, head, err, least)
	}
	if head == 0 { // a backup from before the first commit
		return
	}
	rest := maps.Clone(u.acked)
	err = s.Follow(u.Context(), 0, func(r graph.Revision, b graph.Batch) error {
		if want, ok := rest[r]; ok {
			if d := graphtest.Diff(want, b); d != "" {
				u.Errorf("%s: revision %d (-want +got):\n%s", path, r, d)
			}
		}
		delete(rest, r)
		if r == head {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		u.Errorf("%s: %v", path, err)
	}
	for r := range rest {
		if r <= head {
			u.Errorf("%s: revision %d is missing", path, r)
		}
	}
	if err := s.Close(); err != nil {
		u.Error(err)
	}
}
