package filestore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// TestBackup backs up a store while it is written: the copy is whole, holds a
// first part of the log, and has the content that the store had then.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "graph.cairn")
	s := open(t, path, filestore.Options{NoSync: true})
	commit := func(ctx context.Context, n int) error {
		for range n {
			head, err := s.Head(ctx)
			if err == nil {
				_, err = s.Commit(ctx, childGroup(head)...)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if err := commit(t.Context(), 20); err != nil {
		t.Fatal(err)
	}
	before, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var writing sync.WaitGroup
	writing.Go(func() {
		if err := commit(t.Context(), 200); err != nil {
			t.Error(err)
		}
	})
	var copies []string
	for i := range 5 {
		copies = append(copies, filepath.Join(dir, fmt.Sprint("backup-", i)))
		if err := s.Backup(t.Context(), copies[i]); err != nil {
			t.Fatal(err)
		}
	}
	writing.Wait()
	for _, c := range copies {
		if what := lost(c, before); what != "" {
			t.Errorf("%s: %s", c, what)
		}
	}
	for _, name := range []string{copies[0], filepath.Join(dir, "half")} {
		write(t, filepath.Join(dir, "half"+filestore.KeysSuffix), []byte("somebody's"))
		if err := s.Backup(t.Context(), name); !errors.Is(err, graph.ErrExists) {
			t.Errorf("a backup to a file that exists answered %v", err)
		}
	}
	expectSentence(t, s.Backup(t.Context(), filepath.Join(dir, "no folder", "backup")), "cannot be made")
	left, err := filepath.Glob(filepath.Join(dir, "*.new-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	for _, name := range fileNames(copies[0]) {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v, %v", name, info.Mode(), err)
		}
	}
}

// meddler is a context that does something in the middle of a call: when the
// call asks for the nth time whether it has ended.
type meddler struct {
	context.Context //nolint:containedctx // it is one
	asked, nth      int
	meddle          func()
}

func (m *meddler) Err() error {
	if m.asked++; m.asked == m.nth {
		m.meddle()
	}
	return m.Context.Err()
}

// files are the contents of a folder by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	for _, e := range entries {
		out[e.Name()] = "a folder"
		if !e.IsDir() {
			out[e.Name()] = string(read(t, filepath.Join(dir, e.Name())))
		}
	}
	return out
}

// TestBackupFindsAFile lets somebody make a file of one of the two names while
// the backup is being written: it stays as it is, and there is no backup.
func TestBackupFindsAFile(t *testing.T) {
	s := open(t, made(t), filestore.Options{})
	for i, suffix := range []string{"", filestore.KeysSuffix} {
		dir := t.TempDir()
		ctx := &meddler{Context: t.Context(), nth: 3, meddle: func() {
			write(t, filepath.Join(dir, "backup"+suffix), []byte("somebody's"))
		}}
		err := s.Backup(ctx, filepath.Join(dir, "backup"))
		if ctx.asked < ctx.nth {
			t.Fatalf("the backup asked %d times whether it has ended", ctx.asked)
		}
		if !errors.Is(err, graph.ErrExists) {
			t.Errorf("file %d appeared and the backup answered %v; want an error of class ErrExists", i, err)
		}
		if d := graphtest.Diff(map[string]string{"backup" + suffix: "somebody's"}, files(t, dir)); d != "" {
			t.Errorf("the folder differs (-want +got):\n%.300s", d)
		}
	}
	file := made(t)
	expectSentence(t, s.Backup(t.Context(), filepath.Join(file, "backup")), "the backup cannot be made")
}

// TestBackupEnds ends the call at every moment at which it asks: nothing is left.
func TestBackupEnds(t *testing.T) {
	s := open(t, made(t), filestore.Options{})
	for n, done := 1, false; !done; n++ {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		asking := &meddler{Context: ctx, nth: n, meddle: cancel}
		err := s.Backup(asking, filepath.Join(dir, "backup"))
		left := files(t, dir)
		switch done = asking.asked < n; {
		case done && (err != nil || len(left) != 2):
			t.Errorf("a backup that was not ended answered %v and left %d files", err, len(left))
		case !done && (!errors.Is(err, graph.ErrUnavailable) || !errors.Is(err, context.Canceled) || len(left) > 0):
			t.Errorf("a backup that was ended when it asked for the %d. time answered %v and left %d files", n, err, len(left))
		}
		cancel()
	}
}

// tampered runs a child that backs up the store path to copy under strace,
// which makes calls fail, and returns what the child says. The test is skipped
// where strace cannot do that.
func tampered(t *testing.T, path, backup string, injections ...string) string {
	t.Helper()
	args := []string{injector(t), "-f", "-o", "/dev/null", "-e", "signal=none"}
	var traced []string
	for _, i := range injections {
		calls, _, _ := strings.Cut(i, ":")
		traced = append(traced, calls)
		args = append(args, "-e", "inject="+i)
	}
	args = append(args, "-e", "trace="+strings.Join(traced, ","))
	out, err := command(t.Context(), "backup "+path+" "+backup, args...).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// TestBackupWithoutLinks backs up to a file system that has no links: the
// backup is whole, or there is none.
func TestBackupWithoutLinks(t *testing.T) {
	t.Parallel()
	const renames = "?rename,?renameat,?renameat2"
	path := made(t)
	for _, c := range []struct {
		name       string
		injections []string
		says       string // "" for a backup
	}{
		{"no links", []string{"?link,linkat:error=EPERM"}, ""},
		{"no link for the data file", []string{"?link,linkat:error=EPERM:when=2"}, ""},
		{"no links and no renames", []string{"?link,linkat:error=EPERM", renames + ":error=EIO"}, "cannot be named"},
		{"no links and one rename", []string{"?link,linkat:error=EPERM", renames + ":error=EIO:when=2"}, "cannot be named"},
		// The first sync of a folder is that of opening the store.
		{"the folder cannot be synced", []string{"fsync:error=EIO:when=2"}, "cannot be written"},
		{"the folder cannot be synced with both names", []string{"fsync:error=EIO:when=3"}, "cannot be written"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			backup := filepath.Join(dir, "backup")
			said := tampered(t, path, backup, c.injections...)
			left := files(t, dir)
			if c.says == "" {
				if what := lost(backup, 1); said != "done\n" || len(left) != 2 || what != "" {
					t.Errorf("the child says %q, %d files are there: %s", said, len(left), what)
				}
			} else if !strings.Contains(said, c.says) || len(left) > 0 {
				t.Errorf("the child says %q; want %q; %d files are left", said, c.says, len(left))
			}
		})
	}
}

// TestMoveReserved: without links, too, a file that is there stays as it is,
// and what cannot be moved leaves nothing.
func TestMoveReserved(t *testing.T) {
	dir := t.TempDir()
	there, temp, path := filepath.Join(dir, "there"), filepath.Join(dir, "temp"), filepath.Join(dir, "path")
	write(t, there, nil)
	write(t, temp, []byte("made"))
	if err := filestore.MoveReserved(temp, there); !errors.Is(err, os.ErrExist) {
		t.Errorf("a file that exists: %v", err)
	}
	if err := filestore.MoveReserved(filepath.Join(dir, "missing"), path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is missing: %v", err)
	}
	if d := graphtest.Diff(map[string]string{"there": "", "temp": "made"}, files(t, dir)); d != "" {
		t.Errorf("the folder differs (-want +got):\n%s", d)
	}
	if err := filestore.MoveReserved(temp, path); err != nil {
		t.Error(err)
	}
	if d := graphtest.Diff(map[string]string{"there": "", "path": "made"}, files(t, dir)); d != "" {
		t.Errorf("the folder differs (-want +got):\n%s", d)
	}
}

// TestKillBackup kills a process that backs up, at moments that are not chosen:
// a file that has the name of the backup is a whole one.
func TestKillBackup(t *testing.T) {
	t.Parallel()
	rounds := 40
	if testing.Short() {
		rounds = 8
	}
	path := filepath.Join(t.TempDir(), "graph.cairn")
	fill(t, path, 400)
	killed, finished := 0, 0
	for round := range rounds {
		dir := t.TempDir()
		backup := filepath.Join(dir, "backup")
		c := command(t.Context(), "backup "+path+" "+backup)
		out := said{begun: make(chan struct{})}
		c.Stdout = &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// Every second is killed while it copies, the others once a name is there.
		awaited := []string{dir + "/*", backup + filestore.KeysSuffix, dir + "/*", backup}[round%4]
		for begin := time.Now(); ; time.Sleep(100 * time.Microsecond) {
			if found, err := filepath.Glob(awaited); err != nil || len(found) > 0 {
				break
			}
			if time.Since(begin) > time.Minute {
				t.Fatalf("round %d: there was no %s in a minute", round, awaited)
			}
		}
		if round%2 == 0 {
			time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		c.Wait() //nolint:errcheck // it was killed
		if strings.HasPrefix(out.text.String(), "error") {
			t.Fatalf("round %d: the child says %q", round, out.text.String())
		}
		err := filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
			final := name == backup || name == backup+filestore.KeysSuffix
			if err == nil && !e.IsDir() && !final && !strings.HasPrefix(e.Name(), "unfinished") {
				t.Errorf("round %d: %s does not say that it is unfinished", round, name)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(backup); errors.Is(err, os.ErrNotExist) {
			killed++
			if out.text.Len() > 0 {
				t.Errorf("round %d: the child says %q, and there is no backup", round, out.text.String())
			}
			continue
		}
		finished++
		if what := lost(backup, 1); what != "" {
			t.Errorf("round %d: %s", round, what)
		}
	}
	t.Logf("%d killed before there was a backup, %d after", killed, finished)
	if killed == 0 || finished == 0 {
		t.Error("no process was killed before its backup was whole, or none after")
	}
}

// injector is the path of strace, if it can make calls fail here.
func injector(t *testing.T) string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("NOT TESTED: calls of the system that fail. This test needs strace, which is not installed (apt-get install strace)")
	}
	probe := exec.CommandContext(t.Context(), strace, "-f", "-o", "/dev/null", "-e", "trace=openat", "-e", "inject=openat:error=EIO:when=1000", "/bin/true")
	if out, err := probe.CombinedOutput(); err != nil {
		t.Skipf("NOT TESTED: calls of the system that fail. strace cannot inject them here: %v: %s", err, out)
	}
	return strace
}

// TestBackupForgets: a backup has the keys of nobody who was erased before, in
// no page of it, though the file that it was made from has them in free pages.
func TestBackupForgets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "graph.cairn")
	s := open(t, path, filestore.Options{NoSync: true})
	var gone, here [][]byte
	for i := range 60 {
		p := graph.ID(fmt.Sprint("person-", i))
		if _, err := s.Commit(t.Context(), graph.Batch{Personal: []graph.Personal{{Person: p, Name: "N"}}}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 60 {
		p := graph.ID(fmt.Sprint("person-", i))
		key, err := s.KeyOf(p)
		if err != nil {
			t.Fatal(err)
		}
		if i%3 > 0 {
			here = append(here, key)
			continue
		}
		gone = append(gone, key)
		if err := s.DestroyKey(p); err != nil {
			t.Fatal(err)
		}
	}
	backup := filepath.Join(t.TempDir(), "backup")
	if err := s.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	found := func(file string, keys [][]byte) (n int) {
		data := read(t, file)
		for _, k := range keys {
			if bytes.Contains(data, k) {
				n++
			}
		}
		return n
	}
	if found(path+filestore.KeysSuffix, gone) == 0 {
		t.Fatal("the keys file holds no destroyed key in its free pages, so this test tests nothing")
	}
	for _, name := range fileNames(backup) {
		if n := found(name, gone); n > 0 {
			t.Errorf("%s holds %d of %d destroyed keys", name, n, len(gone))
		}
	}
	if n := found(backup+filestore.KeysSuffix, here); n != len(here) {
		t.Errorf("the backup holds %d of %d keys that were not destroyed", n, len(here))
	}
	copied := open(t, backup, filestore.Options{ReadOnly: true})
	got, err := copied.Read(t.Context(), graph.PersonalRef{Person: "person-0"}, graph.PersonalRef{Person: "person-1"})
	if err != nil || graphtest.Diff([]graph.Personal{{Person: "person-0", Erased: true}, {Person: "person-1", Name: "N"}}, got) != "" {
		t.Errorf("the backup answers %v, %v", got, err)
	}
}
