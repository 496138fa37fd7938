package filestore_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
)

// expectSentence fails unless err is of class ErrUnavailable and says this.
func expectSentence(t *testing.T, err error, says string) {
	t.Helper()
	var e *graph.Error
	if !errors.Is(err, graph.ErrUnavailable) || !errors.As(err, &e) || !strings.Contains(err.Error(), says) {
		t.Errorf("the error is %v; want a *graph.Error of class ErrUnavailable that says %q", err, says)
	}
}

func remove(t *testing.T, paths ...string) {
	t.Helper()
	for _, p := range paths {
		if err := os.Remove(p); err != nil {
			t.Fatal(err)
		}
	}
}

// made is the path of a closed store with some content.
func made(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "graph.cairn")
	fill(t, path, 5)
	return path
}

// fill commits groups of children to the file path and closes it.
func fill(t *testing.T, path string, groups int) {
	t.Helper()
	s := open(t, path, filestore.Options{NoSync: true})
	for range groups {
		head, err := s.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Commit(t.Context(), childGroup(head)...); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestOpenRefuses opens what cannot be opened: the error says what is wrong,
// and both files stay as they are.
func TestOpenRefuses(t *testing.T) {
	other := made(t)
	for _, c := range []struct {
		name    string
		spoil   func(t *testing.T, path string)
		options filestore.Options
		says    string
	}{
		{"no keys file", func(t *testing.T, path string) {
			t.Helper()
			remove(t, path+filestore.KeysSuffix)
		}, filestore.Options{}, "the keys file is missing"},
		{"the keys file of another store", func(t *testing.T, path string) {
			t.Helper()
			write(t, path+filestore.KeysSuffix, read(t, other+filestore.KeysSuffix))
		}, filestore.Options{}, "belongs to another data file"},
		{"an older keys file", func(t *testing.T, path string) {
			t.Helper()
			before := read(t, path+filestore.KeysSuffix)
			s := open(t, path, filestore.Options{})
			if _, err := s.Commit(t.Context(), graph.Batch{Personal: []graph.Personal{{Person: "somebody new"}}}); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			write(t, path+filestore.KeysSuffix, before)
		}, filestore.Options{}, "older than the data file"},
		{"keys without a data file", func(t *testing.T, path string) {
			t.Helper()
			remove(t, path)
		}, filestore.Options{}, "the data file beside them is missing"},
		{"nothing, read-only", func(t *testing.T, path string) {
			t.Helper()
			remove(t, path, path+filestore.KeysSuffix)
		}, filestore.Options{ReadOnly: true}, "does not exist"},
		{"an empty file", func(t *testing.T, path string) { t.Helper(); write(t, path, nil) }, filestore.Options{}, "the file is empty"},
		{"a cut file", func(t *testing.T, path string) {
			t.Helper()
			if err := os.Truncate(path, 5*4096); err != nil {
				t.Fatal(err)
			}
		}, filestore.Options{}, "the file is cut: it has 20480 bytes"},
		{"a text", func(t *testing.T, path string) {
			t.Helper()
			write(t, path, bytes.Repeat([]byte("no data file "), 9999))
		}, filestore.Options{}, "is not a Cairn data file"},
		{"a folder", func(t *testing.T, path string) {
			t.Helper()
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, filestore.Options{ReadOnly: true}, "not a regular file"},
		{"a bbolt file of somebody else", func(t *testing.T, path string) {
			t.Helper()
			remove(t, path)
			db, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
		}, filestore.Options{}, "is not a Cairn data file"},
		{"a later format", func(t *testing.T, path string) {
			t.Helper()
			s := open(t, path, filestore.Options{})
			err := s.ChangeData(func(tx *bbolt.Tx) error {
				return tx.Bucket([]byte("meta")).Put([]byte("format"), filestore.Stamp("meta", "format", "cairn data file 2"))
			})
			if err := errors.Join(err, s.Close()); err != nil {
				t.Fatal(err)
			}
		}, filestore.Options{}, `has the format "cairn data file 2"`},
		{"one header gone", func(t *testing.T, path string) {
			t.Helper()
			data := read(t, path)
			data[40] ^= 1
			write(t, path, data)
		}, filestore.Options{}, "one of the two headers is damaged"},
		{"the data file as keys file", func(t *testing.T, path string) {
			t.Helper()
			write(t, path+filestore.KeysSuffix, read(t, path))
		}, filestore.Options{}, "is not a Cairn data file of this version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := made(t)
			c.spoil(t, path)
			before := contents(fileNames(path))
			s, err := filestore.Open(path, c.options)
			if err == nil {
				s.Close() //nolint:errcheck // the test has failed
			}
			expectSentence(t, err, c.says)
			if after := contents(fileNames(path)); after != before {
				t.Error("the files were changed")
			}
		})
	}
}

// contents is what the files hold, in a comparable form.
func contents(paths [2]string) (out [2]string) {
	for i, p := range paths {
		data, err := os.ReadFile(p)
		out[i] = fmt.Sprintf("%s %v", data, err != nil)
	}
	return out
}

// TestAcceptOlder opens a file of which either header is damaged: one of the
// two ways gives the newest revision, the other the one before it.
func TestAcceptOlder(t *testing.T) {
	path := made(t)
	whole := read(t, path)
	heads := make(map[graph.Revision]bool)
	for _, header := range []int{0, os.Getpagesize()} {
		data := bytes.Clone(whole)
		data[header+16+48] ^= 1
		write(t, path, data)
		s := open(t, path, filestore.Options{AcceptOlder: true})
		head, err := s.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		heads[head] = true
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if what := lostWith(path, head); what != "" {
			t.Error(what)
		}
	}
	if len(heads) != 2 {
		t.Errorf("the heads are %v; want two different ones", heads)
	}
}

// lostWith is lost for a file that was opened with AcceptOlder, whose headers
// become whole with the next commit.
func lostWith(path string, head graph.Revision) string {
	s, err := filestore.Open(path, filestore.Options{AcceptOlder: true})
	if err != nil {
		return err.Error()
	}
	if _, err := s.Commit(nilContext{}, childGroup(head)...); err != nil {
		return err.Error()
	}
	if err := s.Close(); err != nil {
		return err.Error()
	}
	return lost(path, head)
}

// nilContext never ends.
type nilContext struct{}

func (nilContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (nilContext) Done() <-chan struct{}       { return nil }
func (nilContext) Err() error                  { return nil }
func (nilContext) Value(any) any               { return nil }

// TestHeld opens a file that another process has.
func TestHeld(t *testing.T) {
	path := made(t)
	c := command(t.Context(), "hold "+path+" 0")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
	for _, o := range []filestore.Options{{}, {ReadOnly: true}, {LockWait: time.Millisecond}} {
		begin := time.Now()
		_, err := filestore.Open(path, o)
		expectSentence(t, err, "another process has the file open")
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("it took %v to say so", took)
		}
	}
	if err := errors.Join(in.Close(), c.Wait()); err != nil {
		t.Fatal(err)
	}
	expectClean(t, path)
}

// TestReadOnlyTogether opens a file read-only twice at once.
func TestReadOnlyTogether(t *testing.T) {
	path := made(t)
	one, two := open(t, path, filestore.Options{ReadOnly: true}), open(t, path, filestore.Options{ReadOnly: true})
	for _, s := range []*filestore.Store{one, two} {
		if head, err := s.Head(t.Context()); err != nil || head == 0 {
			t.Errorf("head is %d, %v", head, err)
		}
		_, err := s.Commit(t.Context(), childGroup(0)...)
		expectSentence(t, err, "opened read-only")
	}
	_, err := filestore.Open(path, filestore.Options{LockWait: time.Millisecond})
	expectSentence(t, err, "another process has the file open")
}

// TestNoPermission opens files as somebody who may only read them, or nothing.
func TestNoPermission(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("NOT TESTED: files without permission. This test must run as root, to become somebody else")
	}
	for _, c := range []struct {
		mode os.FileMode
		says string
	}{{0o444, "cannot be opened for writing"}, {0o000, "cannot be opened for writing"}} {
		path := made(t)
		for dir := filepath.Dir(path); dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range fileNames(path) {
			if err := os.Chmod(name, c.mode); err != nil {
				t.Fatal(err)
			}
		}
		said := asNobody(t, "write "+path+" 1")
		if !strings.Contains(said, c.says) {
			t.Errorf("mode %v: the child says %q; want %q", c.mode, said, c.says)
		}
		expectClean(t, path)
	}
	said := asNobody(t, "write "+filepath.Join(t.TempDir(), "new.cairn")+" 1")
	if !strings.Contains(said, "cannot be made") {
		t.Errorf("the child says %q", said)
	}
}

// asNobody runs a copy of the test binary that nobody may run.
func asNobody(t *testing.T, todo string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "nobody") //nolint:usetesting // others may not enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // temporary
	bin := filepath.Join(dir, "child")
	if err := errors.Join(os.WriteFile(bin, read(t, os.Args[0]), 0o755), os.Chmod(dir, 0o755), os.Chmod(bin, 0o755)); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), bin, "-test.run=^$")
	c.Dir = dir
	c.Env = append(os.Environ(), childEnv+"="+todo)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// TestFileSizeLimit lets the system refuse to grow the file: the commit fails
// with a sentence, what was acknowledged is there, and goes on elsewhere.
func TestFileSizeLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "graph.cairn")
	c := command(t.Context(), "again "+path+" 100000", "bash", "-c", `ulimit -f 2000 && exec "$0" "$@"`)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	acked, others := acknowledged(bytes.NewReader(out))
	if acked < 100 || len(others) == 0 || !strings.Contains(others[0], "file too large") {
		t.Fatalf("%d acknowledged, and the child says %q", acked, others)
	}
	if what := lost(path, acked); what != "" {
		t.Error(what)
	}
}

// TestFullDisk fills a disk of a megabyte: the commit fails with a sentence and
// leaves nothing behind, what was acknowledged is there, and once there is
// space the same store writes on.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("NOT TESTED: a full disk. This test must be able to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	write(t, ballast, make([]byte, 200_000))
	path := filepath.Join(dir, "graph.cairn")
	s := open(t, path, filestore.Options{})
	head := graph.Revision(0)
	for {
		revisions, err := s.Commit(t.Context(), childGroup(head)...)
		if err != nil {
			expectSentence(t, err, "no space left")
			break
		}
		head = revisions[len(revisions)-1]
	}
	if head < 50 {
		t.Errorf("only %d revisions fitted", head)
	}
	if got, err := s.Head(t.Context()); err != nil || got != head {
		t.Errorf("the head is %d, %v; want %d", got, err, head)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	revisions, err := s.Commit(t.Context(), childGroup(head)...)
	if err != nil {
		t.Fatalf("with space again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if what := lost(path, revisions[len(revisions)-1]); what != "" {
		t.Error(what)
	}
}

// TestFailedSync lets a sync fail, each of the first few in its turn: the
// outcome is unknown, the store writes no more, and after opening again the
// file is whole and can be written.
func TestFailedSync(t *testing.T) {
	t.Parallel()
	strace := injector(t)
	const opening = 2 // syncs of an opening, one for each file
	unknown := 0
	for n := 1; n <= opening+12; n++ {
		path := filepath.Join(t.TempDir(), "graph.cairn")
		open(t, path, filestore.Options{}).Close() //nolint:errcheck // open checks it
		c := command(t.Context(), "again "+path+" 4", strace, "-f", "-o", "/dev/null", "-e", "trace=fdatasync",
			"-e", "signal=none", "-e", fmt.Sprintf("inject=fdatasync:error=EIO:when=%d", n))
		out, err := c.Output()
		if err != nil {
			t.Fatalf("sync %d: %v: %s", n, err, out)
		}
		acked, others := acknowledged(bytes.NewReader(out))
		said := strings.Join(others, "\n")
		if strings.Contains(said, "error") {
			unknown++
			wanted := []string{"outcome unknown", "input/output error", "again ", "earlier write failed with unknown outcome", "committed <nil>"}
			if n <= opening {
				wanted = []string{"cannot be put on disk", "input/output error"}
			}
			for _, want := range wanted {
				if !strings.Contains(said, want) {
					t.Errorf("sync %d: the child says %q; want %q", n, said, want)
				}
			}
		}
		if what := lost(path, acked); what != "" {
			t.Errorf("sync %d: %s", n, what)
		}
	}
	if unknown < opening+8 {
		t.Errorf("only %d of the failed syncs were noticed", unknown)
	}
}

// TestCutWhileOpen cuts the file under an open store: reading it is an error,
// not the end of the process.
func TestCutWhileOpen(t *testing.T) {
	for _, c := range []struct {
		name   string
		size   int64
		unseen bool // the size is not compared, so the memory system faults
		check  bool // the check is the first to see it
	}{
		{"to two pages", 8192, false, false},
		{"to nothing", 0, false, false},
		{"to two pages, unseen", 8192, true, false},
		{"to nothing, unseen", 0, true, false},
		{"to two pages, checked", 8192, false, true},
		{"to nothing, checked", 0, false, true},
		{"to two pages, unseen, checked", 8192, true, true},
		{"to nothing, unseen, checked", 0, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := made(t)
			whole := read(t, path)
			s := open(t, path, filestore.Options{})
			if err := os.Truncate(path, c.size); err != nil {
				t.Fatal(err)
			}
			if c.unseen {
				s.ForgetSize()
			}
			check := func() {
				t.Helper()
				report, err := s.Check(t.Context())
				if err != nil || len(report.Problems) == 0 {
					t.Errorf("check answered %v, %v", report.Problems, err)
				}
			}
			if c.check {
				check()
			}
			for range 2 {
				_, err := s.Load(t.Context(), func(graph.Batch) error { return nil })
				expectSentence(t, err, "the file")
				_, err = s.Read(t.Context(), graph.PersonalRef{Person: "person-3"})
				expectSentence(t, err, "the file")
				_, err = s.Commit(t.Context(), childGroup(0)...)
				expectSentence(t, err, "the file")
			}
			check()
			// The file is free for whoever puts it right.
			s.Close() //nolint:errcheck // it was cut
			write(t, path, whole)
			open(t, path, filestore.Options{})
		})
	}
}

// TestCutWhileChecked cuts the file at moments that are not chosen while it is
// checked: the check finds it or was done, and the process goes on.
func TestCutWhileChecked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "graph.cairn")
	fill(t, path, 150)
	whole := [2][]byte{read(t, path), read(t, path+filestore.KeysSuffix)}
	took := time.Second
	for round := range 60 {
		for i, name := range fileNames(path) {
			write(t, name, whole[i])
		}
		s := open(t, path, filestore.Options{NoSync: true})
		s.ForgetSize()
		begin := time.Now()
		cut := make(chan error, 1)
		if round > 0 {
			time.AfterFunc(rand.N(took), func() { cut <- os.Truncate(path, 8192) })
		} else {
			cut <- nil
		}
		_, err := s.Check(t.Context())
		if took = min(took, time.Since(begin)); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if err := <-cut; err != nil { // not in the next round
			t.Error(err)
		}
		s.Close() //nolint:errcheck // it was cut
	}
}
