package filestore_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
)

// TestPowerLoss records what a writing process asks of the disk and rebuilds
// the files as a loss of power could leave them, at every point of the record.
// Before the point, what the last finished sync of a file covered is on disk;
// of what came after it nothing, everything, any whole writes, or any sectors.
// Each rebuilt file must open, be whole, and hold what was acknowledged.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	groups, points := 60, 300
	if testing.Short() {
		groups, points = 10, 50
	}
	rec := record(t, "write", groups)
	images, bad := rec.replay(t, points)
	for _, b := range bad {
		t.Error(b)
	}
	t.Logf("%d events, about %d points, %d images, %d revisions acknowledged", len(rec.events), min(points, len(rec.events)), images, rec.events[len(rec.events)-1].acked)
}

// TestPowerLossHasTeeth breaks what makes the store durable and expects that
// the replay notices.
func TestPowerLossHasTeeth(t *testing.T) {
	t.Parallel()
	t.Run("without syncs", func(t *testing.T) {
		if _, bad := record(t, "nosync", 10).replay(t, 40); len(bad) == 0 {
			t.Error("files that were never synced survived every loss of power")
		}
	})
	t.Run("without the sync before the header", func(t *testing.T) {
		rec := record(t, "write", 10)
		odd := make(map[int]bool)
		rec.events = slices.DeleteFunc(rec.events, func(e event) bool {
			if e.kind == eventSync {
				odd[e.file] = !odd[e.file]
				return odd[e.file]
			}
			return false
		})
		if _, bad := rec.replay(t, 200); len(bad) == 0 {
			t.Error("headers that were written before what they refer to survived every loss of power")
		}
	})
}

type eventKind int

const (
	eventWrite eventKind = iota
	eventTruncate
	eventSync
	eventAck
)

// event is one thing that the child did.
type event struct {
	kind  eventKind
	file  int // 0 the data file, 1 the keys file
	at    int64
	data  []byte
	acked graph.Revision // acknowledged up to here
}

type recording struct {
	before [2][]byte // the files before the first event
	events []event
}

// record runs a child under strace.
func record(t *testing.T, todo string, groups int) *recording {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("NOT TESTED: loss of power. This test needs strace, which is not installed (apt-get install strace)")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "graph.cairn")
	open(t, path, filestore.Options{}).Close() //nolint:errcheck // open checks it
	rec := &recording{}
	for i, name := range fileNames(path) {
		if rec.before[i], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	log := filepath.Join(dir, "strace")
	c := command(t.Context(), fmt.Sprintf("%s %s %d", todo, path, groups), strace, "-f", "-xx", "-s", "16777216",
		"-e", "trace=openat,pwrite64,write,fdatasync,fsync,ftruncate", "-e", "signal=none", "-o", log)
	if out, err := c.Output(); err != nil {
		t.Fatalf("strace: %v\n%s", err, out)
	}
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	p := parser{path: path, fds: make(map[string]int), pending: make(map[string]string)}
	lines := bufio.NewReaderSize(f, 1<<20)
	for {
		line, err := lines.ReadString('\n')
		if line == "" || err != nil {
			break
		}
		if err := p.line(line, rec); err != nil {
			t.Fatalf("strace's output cannot be read: %v\n%.200s", err, line)
		}
	}
	if p.acked == 0 {
		t.Fatal("the recorded child acknowledged nothing")
	}
	return rec
}

func fileNames(path string) [2]string { return [2]string{path, path + filestore.KeysSuffix} }

// parser reads strace's lines.
type parser struct {
	path    string
	fds     map[string]int    // the files that descriptors stand for
	pending map[string]string // by thread, the beginning of a call that has not ended
	acked   graph.Revision
}

var (
	unfinished = regexp.MustCompile(`^(\d+) +(.*) <unfinished \.\.\.>\s*$`)
	resumed    = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>(.*)$`)
	call       = regexp.MustCompile(`(?s)^(\d+) +(\w+)\((.*)\) += (-?\d+)`)
)

func (p *parser) line(line string, rec *recording) error {
	line = strings.TrimRight(line, "\n")
	if m := unfinished.FindStringSubmatch(line); m != nil {
		p.pending[m[1]] = m[2]
		return nil
	}
	if m := resumed.FindStringSubmatch(line); m != nil {
		line = m[1] + " " + p.pending[m[1]] + m[2]
	}
	m := call.FindStringSubmatch(line)
	if m == nil {
		return nil // an exit, or a call that never ended
	}
	name, args := m[2], strings.Split(m[3], ", ")
	if strings.HasPrefix(m[4], "-") {
		return nil // it failed
	}
	file, known := p.fds[args[0]]
	switch name {
	case "openat":
		opened, err := unhex(args[1])
		if err != nil {
			return err
		}
		delete(p.fds, m[4])
		if i := slices.Index([]string{p.path, p.path + filestore.KeysSuffix}, string(opened)); i >= 0 {
			p.fds[m[4]] = i
		}
	case "pwrite64":
		if !known {
			return nil
		}
		data, err := unhex(args[1])
		if err != nil {
			return err
		}
		at, err := strconv.ParseInt(args[3], 10, 64)
		if err != nil || m[4] != strconv.Itoa(len(data)) {
			return fmt.Errorf("a write of %d bytes wrote %s, %w", len(data), m[4], err)
		}
		rec.events = append(rec.events, event{kind: eventWrite, file: file, at: at, data: data, acked: p.acked})
	case "ftruncate":
		size, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		if known {
			rec.events = append(rec.events, event{kind: eventTruncate, file: file, at: size, acked: p.acked})
		}
	case "fdatasync", "fsync":
		if known {
			rec.events = append(rec.events, event{kind: eventSync, file: file, acked: p.acked})
		}
	case "write":
		if args[0] != "1" {
			return nil
		}
		text, err := unhex(args[1])
		if err != nil {
			return err
		}
		n, others := acknowledged(bytes.NewReader(text))
		if len(others) > 0 {
			return fmt.Errorf("the child says %q", others)
		}
		p.acked = n
		rec.events = append(rec.events, event{kind: eventAck, acked: n})
	}
	return nil
}

// unhex reads a string as strace -xx writes it.
func unhex(quoted string) ([]byte, error) {
	text := strings.ReplaceAll(strings.Trim(quoted, `"`), `\x`, "")
	return hex.DecodeString(text)
}

// disk is a file on a disk that may lose power.
type disk struct {
	synced []byte
	limbo  []event // since the last sync
}

func (d *disk) apply(e event) {
	switch e.kind {
	case eventSync:
		for _, x := range d.limbo {
			d.synced = put(d.synced, x)
		}
		d.limbo = nil
	case eventWrite, eventTruncate:
		d.limbo = append(d.limbo, e)
	case eventAck:
	}
}

// put is the image after the event.
func put(image []byte, e event) []byte {
	end := e.at + int64(len(e.data))
	if grow := end - int64(len(image)); grow > 0 {
		image = append(image, make([]byte, grow)...)
	}
	if e.kind == eventTruncate {
		return image[:e.at]
	}
	copy(image[e.at:], e.data)
	return image
}

// sectorBytes is what a disk writes whole.
const sectorBytes = 512

// variants are files that a loss of power can leave.
func (d *disk) variants(r *rand.Rand) [][]byte {
	base := func() []byte { return bytes.Clone(d.synced) }
	none, all, some, sectors := base(), base(), base(), base()
	for _, e := range d.limbo {
		all = put(all, e)
		if r.IntN(2) == 0 {
			some = put(some, e)
		}
		if e.kind == eventTruncate {
			sectors = put(sectors, e)
			continue
		}
		for at := 0; at < len(e.data); at += sectorBytes {
			if r.IntN(2) == 0 {
				part := e.data[at:min(at+sectorBytes, len(e.data))]
				sectors = put(sectors, event{kind: eventWrite, at: e.at + int64(at), data: part})
			}
		}
	}
	if len(d.limbo) == 0 {
		return [][]byte{none}
	}
	return [][]byte{none, all, some, sectors}
}

// replay rebuilds the files at about the given number of points, chosen at
// random over the recording, and returns how many images there were and what was lost.
func (rec *recording) replay(t *testing.T, points int) (images int, bad []string) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	disks := [2]*disk{{synced: rec.before[0]}, {synced: rec.before[1]}}
	dir := t.TempDir()
	path := filepath.Join(dir, "graph.cairn")
	every := max(1, len(rec.events)/points)
	for i, e := range rec.events {
		if e.kind != eventAck {
			disks[e.file].apply(e)
		}
		if r.IntN(every) != 0 && i != len(rec.events)-1 {
			continue // a fixed step would meet the same call of every commit
		}
		data, keys := disks[0].variants(r), disks[1].variants(r)
		for n := range max(len(data), len(keys)) {
			for f, image := range [][]byte{data[n%len(data)], keys[n%len(keys)]} {
				if err := os.WriteFile(fileNames(path)[f], image, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			images++
			if what := lost(path, e.acked); what != "" {
				bad = append(bad, fmt.Sprintf("after event %d of %d, image %d: %s", i, len(rec.events), n, what))
			}
			if len(bad) > 5 {
				return images, bad
			}
		}
	}
	return images, bad
}
