package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cairn-skills/cairn/docs/examples"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// upload is a file to import.
type upload struct {
	name string
	text []byte
}

// imported is what an import answered.
type imported struct {
	rows     []*cairnv1.ImportRow
	report   *cairnv1.ImportReport
	progress int
	err      error
}

// remarks are the rows as text: file:line outcome code column.
func (r *imported) remarks() []string {
	var out []string
	for _, x := range r.rows {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s:%d %s %s %s", x.GetFile(), x.GetLine(),
			strings.ToLower(x.GetOutcome().String()[len("OUTCOME_"):]), x.GetCode(), x.GetColumn())))
	}
	return out
}

// facts are the counts by kind: recorded, unchanged, refused, remarked.
func (r *imported) facts() map[string][4]int64 {
	out := make(map[string][4]int64)
	for _, c := range r.report.GetFacts() {
		out[strings.ToLower(c.GetKind().String()[len("FACT_KIND_"):])] = [4]int64{c.GetRecorded(), c.GetUnchanged(), c.GetRefused(), c.GetRemarked()}
	}
	return out
}

// send gives files to an import in chunks of so many bytes.
func send(stream grpc.BidiStreamingClient[cairnv1.ImportRequest, cairnv1.ImportResponse], h *cairnv1.ImportHeader, size int, files ...upload) error {
	for _, f := range files {
		h.Files = append(h.Files, f.name)
	}
	if err := stream.Send(&cairnv1.ImportRequest{Message: &cairnv1.ImportRequest_Header{Header: h}}); err != nil {
		return err
	}
	for _, f := range files {
		for rest := f.text; ; {
			n := min(size, len(rest))
			c := &cairnv1.ImportChunk{File: f.name, Data: rest[:n], End: n == len(rest)}
			if err := stream.Send(&cairnv1.ImportRequest{Message: &cairnv1.ImportRequest_Chunk{Chunk: c}}); err != nil {
				return err
			}
			if rest = rest[n:]; c.GetEnd() {
				break
			}
		}
	}
	return stream.CloseSend()
}

func answers(stream grpc.BidiStreamingClient[cairnv1.ImportRequest, cairnv1.ImportResponse]) *imported {
	r := &imported{}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return r
		}
		if err != nil {
			r.err = err
			return r
		}
		switch m := m.GetMessage().(type) {
		case *cairnv1.ImportResponse_Progress:
			r.progress++
		case *cairnv1.ImportResponse_Row:
			r.rows = append(r.rows, m.Row)
		case *cairnv1.ImportResponse_Report:
			r.report = m.Report
		}
	}
}

func (w *world) load(tb testing.TB, conn grpc.ClientConnInterface, h *cairnv1.ImportHeader, files ...upload) *imported {
	tb.Helper()
	stream, err := cairnv1.NewFactServiceClient(conn).Import(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	// A send fails with io.EOF when the call has ended; why, the answer says.
	if err := send(stream, h, 4096, files...); err != nil && !errors.Is(err, io.EOF) {
		tb.Fatal(err)
	}
	return answers(stream)
}

// exampleTables are the example's people in the order in which they cannot be
// recorded.
func exampleTables() []upload {
	return []upload{{"claims.csv", examples.Claims}, {"awards.csv", examples.Awards}, {"people.csv", examples.People}}
}

func TestImportTables(t *testing.T) {
	for _, door := range []string{"port", "process"} {
		t.Run(door, func(t *testing.T) {
			w := newEmptyWorld(t)
			conn := grpc.ClientConnInterface(w.conn)
			if door == "process" {
				conn = w.server.Client()
			}
			rows := func(text []byte) int64 { return int64(bytes.Count(text, []byte("\n"))) - 1 }
			want := map[string][4]int64{
				"person": {12, 0, 0, 0}, "assignment": {rows(examples.People), 0, 0, 0},
				"award": {rows(examples.Awards), 0, 0, 1}, "claim": {rows(examples.Claims), 0, 0, 0},
			}
			dry := w.load(t, conn, &cairnv1.ImportHeader{DryRun: true}, exampleTables()...)
			if diff := cmp.Diff(want, dry.facts()); diff != "" || dry.err != nil {
				t.Errorf("a dry run: %v (-want +got):\n%s", dry.err, diff)
			}
			if dry.report.GetCommits() != 0 || dry.report.GetBasis().GetRevision() != 1 || w.live.Head().Revision != 1 || w.live.Head().CountPeople() != 0 {
				t.Errorf("a dry run recorded something: %v", dry.report)
			}
			r := w.load(t, conn, &cairnv1.ImportHeader{}, exampleTables()...)
			if diff := cmp.Diff(want, r.facts()); diff != "" || r.err != nil {
				t.Errorf("%v; facts (-want +got):\n%s", r.err, diff)
			}
			// A badge that came before what it requires; another came after an
			// automatic award that follows from the same chunk.
			if diff := cmp.Diff([]string{"awards.csv:17 recorded prerequisite-unmet"}, r.remarks()); diff != "" {
				t.Errorf("remarks (-want +got):\n%s", diff)
			}
			if r.progress == 0 || r.report.GetCommits() != 3 || r.report.GetBasis().GetRevision() != uint64(w.live.Head().Revision) {
				t.Errorf("progress %d, report %v", r.progress, r.report)
			}
			if r.report.GetAwarded() == 0 || r.report.GetAwarded() != dry.report.GetAwarded() {
				t.Errorf("%d automatic awards came about, %d in the dry run", r.report.GetAwarded(), dry.report.GetAwarded())
			}
			if f := r.report.GetFiles(); len(f) != 3 || f[0].GetFormat() != cairnv1.ImportFormat_IMPORT_FORMAT_CLAIMS_CSV ||
				f[2].GetRows() != rows(examples.People) || f[1].GetBytes() != int64(len(examples.Awards)) {
				t.Errorf("files %v", f)
			}
			again := w.load(t, conn, &cairnv1.ImportHeader{}, exampleTables()...)
			for k, n := range want {
				want[k] = [4]int64{0, n[0], 0, 0}
			}
			if diff := cmp.Diff(want, again.facts()); diff != "" || again.report.GetCommits() != 0 {
				t.Errorf("the same files again: %d commits (-want +got):\n%s", again.report.GetCommits(), diff)
			}
		})
	}
}

func TestImportBadRows(t *testing.T) {
	w := newEmptyWorld(t)
	r := w.load(t, w.conn, &cairnv1.ImportHeader{},
		upload{"awards.csv", []byte("person,achievement,issued_at,grade\nada,sql-for-beginners,2026-01-01,A\nada,cooking,2026-01-02,\n" +
			"ada,sql-for-beginners,yesterday,\nnobody,sql-for-beginners,2026-01-03,\nada,charts-in-tableau,2026-01-04,\n")},
		upload{"people.csv", []byte("person,name,role,from\nada,Ada,data-analyst,2026-01-01\nben,Ben,cook,2026-01-01\ncleo,Cleo,,\n")},
		upload{"claims.csv", []byte("person,competency,level,at\nada,sql,Apply,2026-01-01\nada,seo,assist,2026-01-01\nada,coaching,Wizard,2026-01-01\n\"ada\"x,sql,1,2026-01-02\n")},
		upload{"more.jsonl", []byte(`{"person":"dora"}` + "\n" + `{"person":"dora","achievement":"sql-for-beginners","issued_at":"2026-01-05"}` + "\n" + `{"nonsense":1}` + "\n")},
	)
	if r.err != nil {
		t.Fatal(r.err)
	}
	want := []string{
		"awards.csv:1 recorded unknown-column grade",
		"more.jsonl:3 recorded unknown-column nonsense",
		"people.csv:3 refused unknown-id role",
		"awards.csv:3 refused unknown-id achievement",
		"awards.csv:4 refused bad-date issued_at",
		"awards.csv:5 refused unknown-id person",
		"awards.csv:6 recorded prerequisite-unmet",
		"claims.csv:4 refused level-off-scale level",
		"claims.csv:5 refused not-csv",
		"more.jsonl:3 refused no-kind",
	}
	got := r.remarks()
	// Which columns an object without a kind has is for exchange to say.
	got = deleteText(got, "more.jsonl:3 recorded unknown-column nonsense")
	want = deleteText(want, "more.jsonl:3 recorded unknown-column nonsense")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("remarks (-want +got):\n%s", diff)
	}
	counts := map[string][4]int64{
		"person": {4, 0, 0, 0}, "assignment": {1, 0, 1, 0}, "award": {3, 0, 3, 1}, "claim": {2, 0, 2, 0}, "unspecified": {0, 0, 1, 0},
	}
	if diff := cmp.Diff(counts, r.facts()); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	p, err := w.live.Head().Profile("ada", noon)
	if err != nil {
		t.Fatal(err)
	}
	sql, _ := p.Catalog.Competency("sql")
	seo, _ := p.Catalog.Competency("seo")
	if p.Levels(sql).At(graph.Declared) != 3 || p.Levels(seo).At(graph.Declared) != 2 {
		t.Errorf("levels by name: sql %v, seo %v; want 3 and 2", p.Levels(sql), p.Levels(seo))
	}
	for _, x := range r.rows {
		if x.GetCode() == "prerequisite-unmet" && (!x.GetPrerequisiteUnmet() || x.GetSeverity() != cairnv1.Severity_SEVERITY_WARNING) {
			t.Errorf("an award before its prerequisite: %v", x)
		}
	}
}

func deleteText(list []string, text string) []string {
	var out []string
	for _, x := range list {
		if x != text {
			out = append(out, x)
		}
	}
	return out
}

// What is wrong with a whole file is found before anything is recorded.
func TestImportNothingHalf(t *testing.T) {
	people := upload{"people.csv", []byte("person,name\nada,Ada\n")}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("person,achievement,issued_at\nada,sql-for-beginners,2026-01-01\n"))
	_ = z.Close()
	for _, row := range []struct {
		name   string
		bad    upload
		code   codes.Code
		reason string
	}{
		{"not text", upload{"awards.csv", []byte("PK\x03\x04zip")}, codes.InvalidArgument, "awards.csv:1"},
		{"no header", upload{"awards.csv", []byte("1,2,3\n")}, codes.InvalidArgument, "not the header"},
		{"cut gzip", upload{"awards.csv.gz", packed.Bytes()[:packed.Len()-9]}, codes.InvalidArgument, "cut off"},
		{"a quote that stays open", upload{"awards.csv", []byte("person,achievement,issued_at\n\"" + strings.Repeat("x", 2<<20))}, codes.ResourceExhausted, "awards.csv:2"},
		{"not YAML", upload{"held.yaml", []byte("people: [")}, codes.InvalidArgument, "held.yaml"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newEmptyWorld(t)
			r := w.load(t, w.conn, &cairnv1.ImportHeader{}, people, row.bad)
			if status.Code(r.err) != row.code || !strings.Contains(r.err.Error(), row.reason) {
				t.Errorf("%v, want %v with %q", r.err, row.code, row.reason)
			}
			if w.live.Head().Revision != 1 || r.report != nil {
				t.Errorf("something was recorded: revision %d, report %v", w.live.Head().Revision, r.report)
			}
		})
	}
}

func TestImportStream(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	w := newEmptyWorld(t)
	header := func(files ...string) *cairnv1.ImportRequest {
		return &cairnv1.ImportRequest{Message: &cairnv1.ImportRequest_Header{Header: &cairnv1.ImportHeader{Files: files}}}
	}
	chunk := func(file, data string, end bool) *cairnv1.ImportRequest {
		return &cairnv1.ImportRequest{Message: &cairnv1.ImportRequest_Chunk{Chunk: &cairnv1.ImportChunk{File: file, Data: []byte(data), End: end}}}
	}
	for _, row := range []struct {
		name     string
		messages []*cairnv1.ImportRequest
		reason   string
	}{
		{"nothing at all", nil, "NO_HEADER"},
		{"no header", []*cairnv1.ImportRequest{chunk("people.csv", "person\nada\n", true)}, "NO_HEADER"},
		{"two headers", []*cairnv1.ImportRequest{header("people.csv"), header("people.csv")}, "SECOND_HEADER"},
		{"breaks off inside a file", []*cairnv1.ImportRequest{header("people.csv"), chunk("people.csv", "person\nada\nbe", false)}, "BROKEN_OFF"},
		{"breaks off between files", []*cairnv1.ImportRequest{header("people.csv", "awards.csv"), chunk("people.csv", "person\nada\n", true)}, "BROKEN_OFF"},
		{"another file", []*cairnv1.ImportRequest{header("people.csv"), chunk("awards.csv", "", true)}, "FILE_ORDER"},
		{"a file twice", []*cairnv1.ImportRequest{header("people.csv", "people.csv")}, "SHAPE"},
	} {
		t.Run(row.name, func(t *testing.T) {
			stream, err := cairnv1.NewFactServiceClient(w.conn).Import(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range row.messages {
				if err := stream.Send(m); err != nil {
					t.Fatal(err)
				}
			}
			if err := stream.CloseSend(); err != nil {
				t.Fatal(err)
			}
			r := answers(stream)
			if status.Code(r.err) != codes.InvalidArgument || reasonOf(status.Convert(r.err)) != row.reason {
				t.Errorf("%v with reason %s, want %s", r.err, reasonOf(status.Convert(r.err)), row.reason)
			}
		})
	}
	t.Run("canceled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		stream, err := cairnv1.NewFactServiceClient(w.conn).Import(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []*cairnv1.ImportRequest{header("people.csv"), chunk("people.csv", "person\nada\n", false)} {
			if err := stream.Send(m); err != nil {
				t.Fatal(err)
			}
		}
		waitFor(t, "the spool to be made", func() bool { return len(spools(t)) > 0 })
		cancel()
		if r := answers(stream); status.Code(r.err) != codes.Canceled {
			t.Errorf("%v, want CANCELED", r.err)
		}
	})
	if w.live.Head().Revision != 1 {
		t.Errorf("something was recorded: revision %d", w.live.Head().Revision)
	}
	waitFor(t, "the spools to be removed", func() bool { return len(spools(t)) == 0 })
}

func spools(tb testing.TB) []string {
	tb.Helper()
	found, err := filepath.Glob(filepath.Join(os.TempDir(), "cairn-import-*"))
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

// waitFor waits for what another goroutine does, ten seconds at most.
func waitFor(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	tb.Fatalf("waited too long for %s", what)
}

// failingStore is a store that takes so many commits and no more.
type failingStore struct {
	graph.Store
	left int
}

func (s *failingStore) Commit(ctx context.Context, b ...graph.Batch) ([]graph.Revision, error) {
	if s.left--; s.left < 0 {
		return nil, graph.Unavailable("the disk is full", nil)
	}
	return s.Store.Commit(ctx, b...)
}

// A failure between chunks tells what stays, and the same files again complete it.
func TestImportGoesOn(t *testing.T) {
	w := newEmptyWorld(t)
	var people bytes.Buffer
	people.WriteString("person,name\n")
	for i := range 2*importChunk + 10 {
		fmt.Fprintf(&people, "p%05d,Person %d\n", i, i)
	}
	files := []upload{{"people.csv", people.Bytes()}}
	broken, err := graph.Open(t.Context(), &failingStore{w.store, 1}, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer broken.Close()
	s, err := New(broken, Options{Now: func() graph.Instant { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := w.load(t, s.Client(), &cairnv1.ImportHeader{}, files...)
	if status.Code(r.err) != codes.Unavailable || !strings.Contains(r.err.Error(), "what was committed up to revision 2 stays recorded") {
		t.Errorf("%v, want UNAVAILABLE and what stays", r.err)
	}
	if r.report.GetCommits() != 1 || r.report.GetBasis().GetRevision() != 2 || r.facts()["person"][0] != importChunk {
		t.Errorf("the report of a broken import: %v", r.report)
	}
	w.end()
	again := newWorld(t, w.path, Options{})
	if r := again.load(t, again.conn, &cairnv1.ImportHeader{}, files...); r.err != nil || r.facts()["person"] != [4]int64{importChunk + 10, importChunk, 0, 0} {
		t.Errorf("the same file again: %v, %v", r.err, r.facts())
	}
}

func TestSpoolLimit(t *testing.T) {
	s, err := newSpool([]string{"a.csv"}, 10)
	if err != nil {
		t.Fatal(err)
	}
	next := func() (*cairnv1.ImportRequest, error) {
		return &cairnv1.ImportRequest{Message: &cairnv1.ImportRequest_Chunk{Chunk: &cairnv1.ImportChunk{File: "a.csv", Data: []byte("123456")}}}, nil
	}
	if err := s.receive(next); !errors.Is(err, graph.ErrLimit) {
		t.Errorf("12 bytes where 10 are allowed: %v, want ErrLimit", err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// The whole of ESCO is one commit, and importing it again changes nothing.
func TestImportESCO(t *testing.T) {
	dir := filepath.Join(graphtest.SharedDir(t), "data", "esco-1.1.1-en")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var files []upload
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, upload{"esco/" + e.Name(), text})
	}
	w := newWorld(t, filepath.Join(t.TempDir(), "esco.cairn"), Options{})
	header := func() *cairnv1.ImportHeader {
		return &cairnv1.ImportHeader{FrameworkVersion: "1.1.1", DeriveBadges: true}
	}
	r := w.load(t, w.conn, header(), files...)
	if r.err != nil {
		t.Fatal(r.err)
	}
	competencies, achievements, roles, _ := w.live.Head().Catalog.Counts()
	if competencies < 14000 || roles < 3000 || achievements < 1000 || r.report.GetCommits() != 1 || w.live.Head().Revision != 1 {
		t.Errorf("%d competencies, %d roles, %d badges in %d commits", competencies, roles, achievements, r.report.GetCommits())
	}
	if n := r.facts()["entry"]; n[0] != int64(competencies+achievements+roles+1) || n[1]+n[2] != 0 {
		t.Errorf("entries %v, want all of them recorded", n)
	}
	if len(r.report.GetNotCarried()) == 0 || len(r.report.GetRemarks()) == 0 || len(r.report.GetFiles()) != len(files) {
		t.Errorf("not carried %v, remarks %v, %d files", r.report.GetNotCarried(), r.report.GetRemarks(), len(r.report.GetFiles()))
	}
	left, constructs := int64(0), make(map[string]bool)
	for _, x := range r.report.GetNotCarried() {
		left += x.GetCount()
		if constructs[x.GetConstruct()] || x.GetCount() < 1 || x.GetMessage() == "" || !strings.HasPrefix(x.GetFile(), "esco/") {
			t.Errorf("not carried: %v", x)
		}
		constructs[x.GetConstruct()] = true
	}
	if !constructs["scopeNote"] || !constructs["essential relations between skills"] {
		t.Errorf("not carried are %v", constructs)
	}
	for _, x := range r.report.GetRemarks() {
		if x.GetCode() == "not-carried-over" && x.GetCount() != left {
			t.Errorf("%d places have something that is not carried over; by construct they are %d", x.GetCount(), left)
		}
	}
	for _, x := range r.rows {
		if x.GetFile() != "" && !strings.HasPrefix(x.GetFile(), "esco/") {
			t.Fatalf("a remark names the file %q, not as it was given", x.GetFile())
		}
	}
	again := w.load(t, w.conn, header(), files...)
	if again.err != nil || again.report.GetCommits() != 0 || again.facts()["entry"][0] != 0 {
		t.Errorf("ESCO again: %v, %d commits, %v", again.err, again.report.GetCommits(), again.facts())
	}
}
