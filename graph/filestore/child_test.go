package filestore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// The test binary runs itself as a process that can be killed, watched or
// starved: childEnv holds what to do, the file, and how many groups to commit.
const childEnv = "CAIRN_FILESTORE_CHILD"

func TestMain(m *testing.M) {
	if todo := os.Getenv(childEnv); todo != "" {
		child(strings.Fields(todo))
		return
	}
	os.Exit(m.Run())
}

// child commits groups to a file and writes a line to stdout for what happened:
// "ack N" when N revisions are acknowledged, "error TEXT" at the first error,
// after which it tries once more, without and with opening the file again, and
// "done" when there is a backup, if a name for one is given.
func child(todo []string) {
	options := filestore.Options{NoSync: todo[0] == "nosync"}
	signal.Ignore(syscall.SIGXFSZ)
	runtime.LockOSThread() // strace counts the calls of each thread
	path := todo[1]
	say := func(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) }
	switch todo[0] {
	case "backup":
		backUp(path, todo[2], say)
		return
	case "bbolt":
		checkAsBbolt(path, say)
		return
	}
	groups, err := strconv.Atoi(todo[2])
	var s *filestore.Store
	if err == nil {
		s, err = filestore.Open(path, options)
	}
	if err != nil {
		say("error %v", err)
		return
	}
	if todo[0] == "hold" {
		say("held")
		io.Copy(io.Discard, os.Stdin) //nolint:errcheck // until the parent closes it
	}
	ctx := context.Background()
	head, _ := s.Head(ctx)
	for range groups {
		group := childGroup(head)
		if _, err := s.Commit(ctx, group...); err != nil {
			say("error %v", err)
			break
		}
		head += graph.Revision(len(group))
		say("ack %d", head)
	}
	if todo[0] == "again" {
		_, err := s.Commit(ctx, childGroup(head)...)
		say("again %v", err)
		if err := s.Close(); err != nil {
			say("close %v", err)
		}
		if s, err = filestore.Open(path, options); err != nil {
			say("reopen %v", err)
			return
		}
		reopened, err := s.Head(ctx)
		say("reopened %d %v", reopened, err)
		_, err = s.Commit(ctx, childGroup(reopened)...)
		say("committed %v", err)
	}
	if len(todo) > 3 {
		if err := s.Backup(ctx, todo[3]); err != nil {
			say("error %v", err)
		} else {
			say("done")
		}
	}
	if err := s.Close(); err != nil {
		say("close %v", err)
	}
}

// backUp copies the store path and says "done", or the error.
func backUp(path, to string, say func(string, ...any)) {
	s, err := filestore.Open(path, filestore.Options{})
	if err == nil {
		err = errors.Join(s.Backup(context.Background(), to), s.Close())
	}
	if err != nil {
		say("error %v", err)
		return
	}
	say("done")
}

// checkAsBbolt says "sound" if bbolt's own check finds nothing in the file path.
// It may end the process instead.
func checkAsBbolt(path string, say func(string, ...any)) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		say("%v", err)
		return
	}
	sound := true
	err = db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			say("%v", err)
			sound = false
		}
		return nil
	})
	if err == nil && sound {
		say("sound")
	}
}

// childGroup is the group that is committed on top of head: of one to four
// batches, the same whenever it is asked for.
func childGroup(head graph.Revision) []graph.Batch {
	n := 1 + int(head)%4
	out := make([]graph.Batch, 0, n)
	for i := range n {
		out = append(out, childBatch(head+graph.Revision(i)+1))
	}
	return out
}

// childBatch is the batch of a revision.
func childBatch(r graph.Revision) graph.Batch {
	b := oneAward(int(r), r%2 == 0)
	p := graph.ID(fmt.Sprint("person-", r%40))
	if r%3 == 0 {
		b.People = []graph.Person{{ID: p}}
		b.Personal = []graph.Personal{{Person: p, Name: fmt.Sprint("Name ", r)}, {Person: p, About: b.Awards[0].ID, Evidence: []string{"e"}}}
	}
	if r%17 == 0 {
		b.Competencies = []graph.Competency{{ID: p, Title: graph.Text{{Lang: "en", Value: strings.Repeat("long text ", 900)}}}}
	}
	return b
}

// command is the test binary as a child, run by the prefix if there is one.
func command(ctx context.Context, todo string, prefix ...string) *exec.Cmd {
	args := slices.Concat(prefix, []string{os.Args[0], "-test.run=^$"})
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Env = append(os.Environ(), childEnv+"="+todo)
	c.Stderr = os.Stderr
	return c
}

// acknowledged is the number of revisions that the lines say are stored, and
// the lines that say something else.
func acknowledged(r io.Reader) (acked graph.Revision, others []string) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		n, ok := strings.CutPrefix(lines.Text(), "ack ")
		if v, err := strconv.Atoi(n); ok && err == nil {
			acked = graph.Revision(v)
		} else {
			others = append(others, lines.Text())
		}
	}
	return acked, others
}

// lost says what of the acknowledged revisions of a child is missing or other
// than it was committed in the file path, "" for nothing: the file opens, is
// whole, and has the first so many of the child's batches, and no others.
func lost(path string, acked graph.Revision) (what string) {
	s, err := filestore.Open(path, filestore.Options{NoSync: true}) // what is asked here is thrown away
	if err != nil {
		return fmt.Sprint("open: ", err)
	}
	defer func() {
		if err := s.Close(); err != nil && what == "" {
			what = fmt.Sprint("close: ", err)
		}
	}()
	ctx := context.Background()
	report, err := s.Check(ctx)
	if err != nil || len(report.Problems) > 0 {
		return fmt.Sprint("check: ", err, report.Problems)
	}
	if report.Revision < acked {
		return fmt.Sprintf("the head is %d, %d was acknowledged", report.Revision, acked)
	}
	next := graph.Revision(1)
	errEnd := errors.New("end")
	if report.Revision == 0 {
		return ""
	}
	err = s.Follow(ctx, 0, func(r graph.Revision, got graph.Batch) error {
		if d := graphtest.Diff(childBatch(next), got); d != "" || r != next {
			return fmt.Errorf("revision %d: %s", r, d)
		}
		if next++; r == report.Revision {
			return errEnd
		}
		return nil
	})
	if !errors.Is(err, errEnd) {
		return fmt.Sprint("follow: ", err)
	}
	// What is there can be written on.
	if _, err := s.Commit(ctx, childGroup(report.Revision)...); err != nil {
		return fmt.Sprint("commit: ", err)
	}
	return ""
}
