package cairn_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/graph/graphtest"
)

var updateDocs = flag.Bool("update", false, "rewrite the output in the transcripts of the documentation")

// TestReadme types what README.md shows and compares what it prints.
func TestReadme(t *testing.T) {
	t.Parallel()
	typeTranscripts(t, "README.md", t.TempDir())
}

// TestESCO types what docs/esco.md shows: the import of all of ESCO, the lint of
// it, and the paths of somebody who holds what a data analyst needs.
func TestESCO(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(graphtest.SharedDir(t), "data", "esco-1.1.1-en"), filepath.Join(dir, "esco-1.1.1-en")); err != nil {
		t.Fatal(err)
	}
	typeTranscripts(t, filepath.Join("docs", "esco.md"), dir)
}

// block is a fenced part of a Markdown file: its first word and second word,
// and the lines between the fences.
var block = regexp.MustCompile("(?ms)^```(\\w+)(?: (\\S+))?\n(.*?)^```$")

// typeTranscripts runs the blocks of a document in their order in the folder
// dir, which has a link to docs and the program in its PATH. A block whose fence
// names a file is written to it. In a console block each line that begins with
// "$ " is typed, and the lines below are what it must print; "..." stands for
// any lines. With -update they are rewritten, but where there is such a "...".
func typeTranscripts(t *testing.T, path, dir string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(root, "docs"), filepath.Join(dir, "docs")); err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", bin, "./cmd/cairn")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	typed := 0
	out := block.ReplaceAllStringFunc(string(text), func(b string) string {
		m := block.FindStringSubmatch(b)
		language, file, body := m[1], m[2], m[3]
		if file != "" {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if language != "console" {
			return b
		}
		var fresh strings.Builder
		for _, part := range strings.Split("\n"+body, "\n$ ")[1:] {
			command, want, _ := strings.Cut(part, "\n")
			want = strings.TrimSuffix(want, "\n")
			got := strings.TrimSuffix(typeLine(t, dir, bin, command), "\n")
			typed++
			switch {
			case linesMatch(want, got):
				got = want
			case !*updateDocs || strings.Contains("\n"+want+"\n", "\n...\n"):
				t.Errorf("%s: $ %s (-shown +printed):\n%s", path, command, cmp.Diff(want, got))
			}
			fresh.WriteString("$ " + command + "\n")
			if got != "" {
				fresh.WriteString(got + "\n")
			}
		}
		return strings.Replace(b, body, fresh.String(), 1)
	})
	if typed == 0 {
		t.Errorf("%s shows no transcript", path)
	}
	if *updateDocs && !t.Failed() && out != string(text) {
		if err := os.WriteFile(path, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// typeLine is what a line of the shell prints on stdout and stderr.
func typeLine(t *testing.T, dir, bin, line string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "CAIRN_DATA=", "CAIRN_SERVER=", "CAIRN_NOW=", "CAIRN_LANG=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("$ %s: %v\n%s", line, err, &out)
	}
	return out.String()
}

// linesMatch reports whether got is want, where a line "..." stands for any
// lines.
func linesMatch(want, got string) bool {
	pattern := regexp.QuoteMeta("\n" + want + "\n")
	pattern = strings.ReplaceAll(pattern, "\n"+regexp.QuoteMeta("...")+"\n", "\n(?:.*\n)*?")
	ok, err := regexp.MatchString("^"+pattern+"$", "\n"+got+"\n")
	return err == nil && ok
}
