//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// started is the program, running.
type started struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan struct{} // closed once it has ended
}

// start runs the program in a folder, until the test ends at the latest.
func start(t *testing.T, dir string, args ...string) *started {
	t.Helper()
	path, err := exec.LookPath("cairn") // under this name the test is the program: see TestMain
	if err != nil {
		t.Fatal(err)
	}
	s := &started{cmd: exec.CommandContext(t.Context(), path, args...), ended: make(chan struct{})}
	s.cmd.Dir, s.cmd.Stderr = dir, &s.stderr
	s.cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.ended
	})
	return s
}

// interrupt interrupts it and answers its exit code and what it said.
func (s *started) interrupt(t *testing.T) (int, string) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on after an interrupt")
	}
	return s.cmd.ProcessState.ExitCode(), s.stderr.String()
}

// TestImportInterrupted: an import that waits for a pipe, or for more of it,
// ends at the first interrupt, with a sentence, and has recorded nothing.
func TestImportInterrupted(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		write bool
	}{{"nobody writes", false}, {"somebody has not ended", true}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			pipe := filepath.Join(dir, "people.csv")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			s := start(t, dir, "import", "people.csv")
			if row.write {
				w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // until it is read
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = w.Close() }()
				if _, err := w.WriteString("person,name\nada,Ada\n"); err != nil {
					t.Fatal(err)
				}
			} else {
				awaitFile(t, filepath.Join(dir, defaultData))
			}
			if code, said := s.interrupt(t); code != exitFailed || said != "cairn: stopped\n" {
				t.Errorf("exit %d\n%s", code, said)
			}
			check := exec.CommandContext(t.Context(), s.cmd.Path, "check")
			check.Dir = dir
			out, err := check.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "is whole: revision 0,") {
				t.Errorf("check afterwards: %v\n%s", err, out)
			}
		})
	}
}

// awaitFile waits until there is a file.
func awaitFile(t *testing.T, path string) {
	t.Helper()
	for range 500 {
		if exists(path) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("there is no %s", path)
}
