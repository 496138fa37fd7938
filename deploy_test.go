package cairn_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The unit starts the program as it is: its flags are flags of cairn serve, and
// the address one that serve accepts.
func TestUnitStartsServe(t *testing.T) {
	unit, err := os.ReadFile("deploy/cairn.service")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(unit), "ExecStart=/usr/local/bin/cairn ")
	command, _, _ := strings.Cut(rest, "\n")
	words := strings.Fields(command)
	if !found || len(words) == 0 || words[0] != "serve" {
		t.Fatalf("the unit starts %q, want cairn serve", command)
	}
	help, err := exec.Command("go", "run", "./cmd/cairn", "serve", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range words[1:] {
		if strings.HasPrefix(w, "--") && !strings.Contains(string(help), w+" ") {
			t.Errorf("cairn serve has no flag %s", w)
		}
	}
	if !strings.Contains(command, "127.0.0.1:") {
		t.Errorf("%q does not listen on loopback", command)
	}
}
