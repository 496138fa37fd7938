package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRefusedByTheSystem asks for what the system refuses: writing a file that
// is read-only, reading one that is nobody's, printing to a full disk. Each is a
// sentence and the exit code 1, and what was there stays as it was.
func TestRefusedByTheSystem(t *testing.T) {
	t.Parallel()
	p := newPoorUser(t)
	if out, code := p.run(t, "", "apply", "catalog"); code != exitAnswered {
		t.Fatalf("apply: exit %d\n%s", code, out)
	}
	before := read(t, filepath.Join(p.dir, defaultData))

	for _, f := range []string{defaultData, defaultData + ".keys"} {
		if err := os.Chmod(filepath.Join(p.dir, f), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if out, code := p.run(t, "", "search", "flying"); code != exitAnswered || !strings.Contains(out, "Flying") {
		t.Errorf("search of a read-only file: exit %d\n%s", code, out)
	}
	if out, code := p.run(t, "", "apply", "--prune", "catalog2"); code != exitFailed || !strings.Contains(out, "cairn: cairn.db: the file cannot be opened for writing") {
		t.Errorf("apply to a read-only file: exit %d\n%s", code, out)
	}
	if !bytes.Equal(before, read(t, filepath.Join(p.dir, defaultData))) {
		t.Error("the read-only file has changed")
	}
	if err := os.Chmod(filepath.Join(p.dir, defaultData), 0); err != nil {
		t.Fatal(err)
	}
	if out, code := p.run(t, "", "search", "flying"); code != exitFailed || !strings.Contains(out, "cairn: cairn.db: ") {
		t.Errorf("search of a file that may not be read: exit %d\n%s", code, out)
	}
	if err := os.Mkdir(filepath.Join(p.dir, "locked"), 0o555); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ line, want string }{
		{"apply --data locked/x.db catalog", "cairn: locked/x.db.keys: the file cannot be made: permission denied\n"},
		{"export schema locked/x.json", "cairn: locked/x.json: permission denied\n"},
		{"export schema locked/x/y.json", "cairn: locked/x/y.json: there is no such file or folder\n"},
	} {
		if out, code := p.run(t, "", strings.Fields(row.line)...); code != exitFailed || !strings.HasPrefix(out, row.want) {
			t.Errorf("%s: exit %d\n%swant %s", row.line, code, out, row.want)
		}
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("NOT TESTED: a full disk, because there is no /dev/full")
	}
	for _, verb := range []string{"version", "export schema", "completion bash"} {
		if out, code := p.run(t, ">/dev/full", verb); code != exitFailed || !strings.HasPrefix(out, "cairn: ") || !strings.Contains(out, "no space left") {
			t.Errorf("printing %s to a full disk: exit %d\n%s", verb, code, out)
		}
	}
}

// TestFileSizeLimit lets the data file grow only so far: the import fails with
// a sentence, and what was acknowledged before is whole.
func TestFileSizeLimit(t *testing.T) {
	t.Parallel()
	p := newPoorUser(t)
	if out, code := p.run(t, "", "apply", "catalog"); code != exitAnswered {
		t.Fatalf("apply: exit %d\n%s", code, out)
	}
	var people strings.Builder
	people.WriteString("person,name\n")
	for i := range 20_000 {
		people.WriteString("person-" + strings.Repeat("x", 100) + string(rune('a'+i%26)) + strings.Repeat("y", i/26%300) + ",Somebody\n")
	}
	// The upload is kept while it is read: packed, it is below the limit.
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(people.String())); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p.write(t, "people.csv.gz", packed.String())
	// 400 blocks of 512 bytes are the file as it is and little more.
	out, code := p.limited(t, "400", "import", "people.csv.gz")
	if code != exitFailed || !strings.HasPrefix(out, "cairn: cairn.db") ||
		!strings.Contains(out, "no space left") && !strings.Contains(out, "outcome unknown") {
		t.Errorf("import over the limit: exit %d\n%.2000s", code, out)
	}
	if out, code := p.run(t, "", "check"); code != exitAnswered || !strings.Contains(out, "is whole") {
		t.Errorf("check afterwards: exit %d\n%s", code, out)
	}
}

// poorUser runs the program in a folder of its own as somebody whom permissions
// bind: root may write what is read-only.
type poorUser struct {
	dir, program string
	attributes   *syscall.SysProcAttr
}

// nobody is the user id that owns nothing on most systems.
const nobody = 65534

func newPoorUser(t *testing.T) *poorUser {
	t.Helper()
	// t.TempDir has a parent that only its owner may enter.
	dir, err := os.MkdirTemp("", "cairn-poor-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Under this name the test is the program: see TestMain.
	p := &poorUser{dir: dir, program: filepath.Join(dir, "cairn")}
	if err := os.WriteFile(p.program, read(t, self), 0o755); err != nil {
		t.Fatal(err)
	}
	p.write(t, "catalog/catalog.yaml", "catalog: air\ncompetencies: [{id: flying, title: Flying}]\n")
	p.write(t, "catalog2/catalog.yaml", "catalog: air\ncompetencies: [{id: flying, title: Flying by plane}]\n")
	if os.Geteuid() == 0 {
		p.attributes = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *poorUser) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run answers what the program prints on stdout and stderr, and its exit code.
func (p *poorUser) run(t *testing.T, redirect string, args ...string) (string, int) {
	t.Helper()
	return p.shell(t, p.program+" "+strings.Join(args, " ")+" "+redirect)
}

// limited runs the program with files of at most so many blocks of 512 bytes.
func (p *poorUser) limited(t *testing.T, blocks string, args ...string) (string, int) {
	t.Helper()
	return p.shell(t, "ulimit -f "+blocks+" && "+p.program+" "+strings.Join(args, " "))
}

func (p *poorUser) shell(t *testing.T, line string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", line)
	cmd.Dir, cmd.SysProcAttr = p.dir, p.attributes
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + p.dir}
	out, err := cmd.CombinedOutput()
	if _, ended := err.(*exec.ExitError); err != nil && !ended { //nolint:errorlint // Run answers it bare
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
