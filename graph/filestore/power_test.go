package filestore_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
)

// TestPowerLoss records what a process that makes a store, writes it and backs
// it up asks of the disk, and rebuilds the folder as a loss of power could leave
// it, at every point of the record. Before the point, what the last finished
// sync of a file covered is on disk, and of the folder the names that its last
// sync covered; of what came after it nothing, everything, any whole writes and
// names, or any sectors. Each rebuilt store must open, be whole, and hold what
// was acknowledged; each backup that has its name must be whole.
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
	whole := record(t, "write", 10)
	for _, c := range []struct {
		name  string
		drop  func(e event, n int) bool // n counts the events of the kind and of the file or folder
		which string
	}{
		{"without the sync before the header", func(e event, n int) bool { return e.kind == eventSync && n%2 == 0 }, "headers that were written before what they refer to"},
		{"without syncs of the folder", func(e event, _ int) bool { return e.kind == eventSyncDir }, "names that were never synced"},
		{"without the sync of the folder after the keys file", func(e event, n int) bool { return e.kind == eventSyncDir && n == 0 }, "a data file that came before its keys file"},
		// The opening has the third, each name of the backup one more.
		{"without the syncs of the folder after the backup", func(e event, n int) bool { return e.kind == eventSyncDir && n > 2 }, "a backup whose names were never synced"},
		{"without the sync of the folder after the backup's keys file", func(e event, n int) bool { return e.kind == eventSyncDir && n == 3 }, "a backup that came before its keys file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := *whole
			count := make(map[[2]int]int)
			rec.events = slices.DeleteFunc(slices.Clone(whole.events), func(e event) bool {
				of := [2]int{int(e.kind), e.file}
				count[of]++
				return c.drop(e, count[of]-1)
			})
			if _, bad := rec.replay(t, 200); len(bad) == 0 {
				t.Errorf("%s survived every loss of power", c.which)
			}
		})
	}
}

type eventKind int

const (
	eventWrite eventKind = iota
	eventTruncate
	eventSync
	eventName    // a name stands for another file, or for none
	eventSyncDir // of the folder
	eventAck
	eventBackup // a backup is acknowledged
)

// event is one thing that the child did.
type event struct {
	kind  eventKind
	file  int // a number for every file that is made; -1 for none
	name  string
	at    int64
	data  []byte
	acked graph.Revision // acknowledged up to here
}

type recording struct {
	path, backup string
	events       []event
}

// record runs a child under strace, in an empty folder.
func record(t *testing.T, todo string, groups int) *recording {
	t.Helper()
	strace := injector(t)
	dir := filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	rec := &recording{path: filepath.Join(dir, "graph.cairn"), backup: filepath.Join(dir, "backup")}
	log := filepath.Join(t.TempDir(), "strace")
	c := command(t.Context(), fmt.Sprintf("%s %s %d %s", todo, rec.path, groups, rec.backup), strace, "-f", "-xx", "-s", "16777216",
		"-e", "trace=openat,pwrite64,write,fdatasync,fsync,ftruncate,?link,linkat,?unlink,unlinkat,?rename,?renameat,renameat2",
		"-e", "signal=none", "-o", log)
	if out, err := c.Output(); err != nil {
		t.Fatalf("strace: %v\n%s", err, out)
	}
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	p := parser{dir: dir, fds: make(map[string]int), names: make(map[string]int), pending: make(map[string]string)}
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
	if p.acked == 0 || !slices.ContainsFunc(rec.events, func(e event) bool { return e.kind == eventBackup }) {
		t.Fatal("the recorded child acknowledged nothing, or no backup")
	}
	return rec
}

func fileNames(path string) [2]string { return [2]string{path, path + filestore.KeysSuffix} }

// theFolder is what stands for the folder where a file's number is.
const theFolder = -1

// parser reads strace's lines.
type parser struct {
	dir     string
	files   int               // made so far
	names   map[string]int    // the files that paths stand for
	fds     map[string]int    // the files that descriptors stand for, or theFolder
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
	if m == nil || strings.HasPrefix(m[4], "-") {
		return nil // an exit, a call that never ended, or one that failed
	}
	name, args := m[2], strings.Split(m[3], ", ")
	e := event{acked: p.acked}
	switch name {
	case "openat":
		return p.open(rec, args, m[4])
	case "write":
		if args[0] != "1" {
			return nil
		}
		return p.said(rec, args[1])
	case "link", "linkat", "unlink", "unlinkat", "rename", "renameat", "renameat2":
		return p.rename(rec, name, args)
	}
	file, known := p.fds[args[0]]
	if !known {
		return nil
	}
	e.file = file
	var err error
	switch name {
	case "pwrite64":
		e.kind = eventWrite
		if e.data, err = unhex(args[1]); err != nil {
			return err
		}
		e.at, err = strconv.ParseInt(args[3], 10, 64)
		if err != nil || m[4] != strconv.Itoa(len(e.data)) {
			return fmt.Errorf("a write of %d bytes wrote %s, %w", len(e.data), m[4], err)
		}
	case "ftruncate":
		e.kind = eventTruncate
		if e.at, err = strconv.ParseInt(args[1], 10, 64); err != nil {
			return err
		}
	case "fdatasync", "fsync":
		e.kind = eventSync
		if file == theFolder {
			e.kind = eventSyncDir
		}
	default:
		return fmt.Errorf("%s is a call that is not known", name)
	}
	rec.events = append(rec.events, e)
	return nil
}

// open notes what a descriptor stands for, and the file if it is made.
func (p *parser) open(rec *recording, args []string, fd string) error {
	path, err := unhex(args[1])
	if err != nil {
		return err
	}
	delete(p.fds, fd)
	file, known := p.names[string(path)]
	switch {
	case filepath.Clean(string(path)) == p.dir:
		p.fds[fd] = theFolder
	case known:
		p.fds[fd] = file
	case strings.Contains(args[2], "O_CREAT"):
		p.fds[fd] = p.files
		p.name(rec, string(path), p.files)
		p.files++
	}
	return nil
}

// rename follows names that move. Names given by an open folder are of no use:
// such calls clean up a folder within the folder.
func (p *parser) rename(rec *recording, call string, args []string) error {
	var paths []string
	for _, a := range args {
		if !strings.HasPrefix(a, `"`) {
			continue
		}
		path, err := unhex(a)
		if err != nil {
			return err
		}
		paths = append(paths, string(path))
	}
	file, known := p.names[paths[0]]
	if !known {
		return nil
	}
	if len(paths) == 2 {
		p.name(rec, paths[1], file)
	}
	if !strings.HasPrefix(call, "link") {
		p.name(rec, paths[0], -1)
	}
	return nil
}

// name lets a path stand for a file, or -1 for none.
func (p *parser) name(rec *recording, path string, file int) {
	if p.names[path] = file; file < 0 {
		delete(p.names, path)
	}
	if filepath.Dir(path) == p.dir {
		rec.events = append(rec.events, event{kind: eventName, name: filepath.Base(path), file: file, acked: p.acked})
	}
}

// said takes what the child acknowledges.
func (p *parser) said(rec *recording, quoted string) error {
	text, err := unhex(quoted)
	if err != nil {
		return err
	}
	if string(text) == "done\n" {
		rec.events = append(rec.events, event{kind: eventBackup, acked: p.acked})
		return nil
	}
	n, others := acknowledged(bytes.NewReader(text))
	if len(others) > 0 {
		return fmt.Errorf("the child says %q", others)
	}
	p.acked = n
	rec.events = append(rec.events, event{kind: eventAck, acked: n})
	return nil
}

// unhex reads a string as strace -xx writes it.
func unhex(quoted string) ([]byte, error) {
	text := strings.ReplaceAll(strings.Trim(quoted, `"`), `\x`, "")
	return hex.DecodeString(text)
}

// disk is a folder on a disk that may lose power.
type disk struct {
	names map[string]int // that were synced
	limbo []event        // changes of names since the last sync
	files map[int]*diskFile
}

// diskFile is one of its files.
type diskFile struct {
	synced []byte
	limbo  []event // since the last sync
}

func (d *disk) file(number int) *diskFile {
	if d.files[number] == nil {
		d.files[number] = &diskFile{}
	}
	return d.files[number]
}

func (d *disk) apply(e event) {
	switch e.kind {
	case eventSync:
		f := d.file(e.file)
		for _, x := range f.limbo {
			f.synced = put(f.synced, x)
		}
		f.limbo = nil
	case eventWrite, eventTruncate:
		f := d.file(e.file)
		f.limbo = append(f.limbo, e)
	case eventName:
		d.limbo = append(d.limbo, e)
	case eventSyncDir:
		for _, x := range d.limbo {
			rename(d.names, x)
		}
		d.limbo = nil
	case eventAck, eventBackup:
	}
}

func rename(names map[string]int, e event) {
	if names[e.name] = e.file; e.file < 0 {
		delete(names, e.name)
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
func (d *diskFile) variants(r *rand.Rand) [][]byte {
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

// folders are the names that a loss of power can leave.
func (d *disk) folders(r *rand.Rand) []map[string]int {
	out := []map[string]int{maps.Clone(d.names)}
	if len(d.limbo) == 0 {
		return out
	}
	for n := range 6 { // all of them, then any
		names := maps.Clone(d.names)
		for _, e := range d.limbo {
			if n == 0 || r.IntN(2) == 0 {
				rename(names, e)
			}
		}
		out = append(out, names)
	}
	return out
}

// images calls check with folders that a loss of power can leave, each written
// to dir, which is empty at first and is left empty.
func (d *disk) images(t *testing.T, r *rand.Rand, dir string, check func(n int, names map[string]int)) int {
	t.Helper()
	folders := d.folders(r)
	variants := make(map[int][][]byte)
	count := len(folders)
	for number, f := range d.files {
		for _, names := range folders {
			if slices.Contains(slices.Collect(maps.Values(names)), number) {
				variants[number] = f.variants(r)
				count = max(count, len(variants[number]))
				break
			}
		}
	}
	for n := range count {
		names := folders[n%len(folders)]
		for name, number := range names {
			var image []byte
			if v := variants[number]; len(v) > 0 {
				image = v[n%len(v)]
			}
			write(t, filepath.Join(dir, name), image)
		}
		check(n, names)
		for name := range files(t, dir) {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return count
}

// replay rebuilds the folder at about the given number of points, chosen at
// random over the recording, and wherever names are about to change, and returns
// how many images there were and what was lost.
func (rec *recording) replay(t *testing.T, points int) (images int, bad []string) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	d := &disk{names: make(map[string]int), files: make(map[int]*diskFile)}
	dir := t.TempDir()
	path, backup := filepath.Join(dir, filepath.Base(rec.path)), filepath.Join(dir, filepath.Base(rec.backup))
	every := max(1, len(rec.events)/points)
	backedUp := false
	for i, e := range rec.events {
		d.apply(e)
		backedUp = backedUp || e.kind == eventBackup
		last := i == len(rec.events)-1
		naming := e.kind == eventName || e.kind == eventSyncDir || !last && rec.events[i+1].kind == eventSyncDir
		if !naming && !last && r.IntN(every) != 0 {
			continue // a fixed step would meet the same call of every commit
		}
		images += d.images(t, r, dir, func(n int, names map[string]int) {
			if what := lost(path, e.acked); what != "" {
				bad = append(bad, fmt.Sprintf("after event %d of %d, image %d: %s", i, len(rec.events), n, what))
			}
			if _, named := names[filepath.Base(backup)]; named || backedUp {
				if what := lostBackup(backup, e.acked); what != "" {
					bad = append(bad, fmt.Sprintf("after event %d of %d, image %d: the backup: %s", i, len(rec.events), n, what))
				}
			}
		})
		if len(bad) > 5 {
			return images, bad
		}
	}
	return images, bad
}

// lostBackup is lost for a backup, which is there or not, and is not made.
func lostBackup(path string, acked graph.Revision) string {
	if _, err := os.Stat(path); err != nil {
		return err.Error()
	}
	return lost(path, acked)
}
