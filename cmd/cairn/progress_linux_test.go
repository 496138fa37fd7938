package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal is a pseudo terminal: what is written to the second can be read from
// the first.
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("NOT TESTED: what is drawn on a terminal, because there is none to be had: %v", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	control := func(request uintptr, value *int32) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Fatal(errno)
		}
	}
	var locked, number int32
	control(syscall.TIOCSPTLCK, &locked)
	control(syscall.TIOCGPTN, &number)
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return screen, tty
}

// TestBarOnTerminal: a bar appears on a terminal once it took a while, shows how
// far it is, makes room for a line, and is gone in the end; what is quick has none.
func TestBarOnTerminal(t *testing.T) {
	t.Parallel()
	screen, tty := terminal(t)
	a := &app{err: tty}
	a.working("quickly")()
	b := a.startBar("importing", 200)
	b.at(100)
	var seen bytes.Buffer
	buf := make([]byte, 4096)
	for begun := time.Now(); !strings.Contains(seen.String(), "["+strings.Repeat("=", barWidth/2)); {
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("no bar that is half full: %q", &seen)
		}
		n, err := screen.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		seen.Write(buf[:n])
	}
	if got := seen.String(); !strings.Contains(got, "cairn: importing [") || !strings.Contains(got, "] 50 %, ") || strings.Contains(got, "quickly") {
		t.Errorf("the terminal shows %q", got)
	}
	b.clear()
	a.say("a line")
	b.stop()
	b.stop()
	a.say("the end")
	seen.Reset()
	for !strings.Contains(seen.String(), "the end") {
		n, err := screen.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		seen.Write(buf[:n])
	}
	lines := strings.Split(seen.String(), "\n")
	for i, want := range []string{"cairn: a line", "cairn: the end"} {
		_, shown, cleared := strings.Cut(lines[min(i, len(lines)-1)], "\x1b[K")
		for strings.Contains(shown, "\x1b[K") {
			_, shown, _ = strings.Cut(shown, "\x1b[K")
		}
		if !cleared {
			shown = lines[min(i, len(lines)-1)]
		}
		if strings.TrimSpace(shown) != want {
			t.Errorf("line %d shows %q, want %q", i, shown, want)
		}
	}
}

// TestBarWithoutTotal: what nobody knows the length of shows how long it takes.
func TestBarWithoutTotal(t *testing.T) {
	t.Parallel()
	screen, tty := terminal(t)
	b := (&app{err: tty}).startBar("importing", unknown)
	defer b.stop()
	b.at(1 << 20)
	buf := make([]byte, 4096)
	n, err := screen.Read(buf)
	if got := string(buf[:n]); err != nil || !strings.Contains(got, "cairn: importing, 1 s") || strings.Contains(got, "%") {
		t.Errorf("the terminal shows %q, error %v", got, err)
	}
}

// TestNoBarInPipes: an import that takes a while draws nothing into a pipe or a
// file.
func TestNoBarInPipes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var buffer bytes.Buffer
	bars := []*bar{(&app{err: file}).startBar("importing", 10), (&app{err: w}).startBar("importing", 10), (&app{err: &buffer}).startBar("importing", 10)}
	time.Sleep(patience + 2*redraw)
	for _, b := range bars {
		b.at(5)
		b.stop()
	}
	_ = w.Close()
	var piped bytes.Buffer
	if _, err := piped.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	if got := string(read(t, file.Name())) + piped.String() + buffer.String(); got != "" {
		t.Errorf("%q is written", got)
	}
}
