package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// Import imports files of any size.
//
// The files are kept on disk until all of them are there and have been read
// once to the end, so that a stream that breaks off and a file that is cut or
// malformed record nothing. Facts are then committed in chunks. A failure after
// that leaves whole chunks: the report tells them before the error, and
// importing the same files again completes them, since a fact has one id.
//
// So many imports run at once as Options.ImportLimit says, and one ends when its
// caller neither sends nor takes anything for Options.ImportIdleLimit.
func (s *factService) Import(stream grpc.BidiStreamingServer[cairnv1.ImportRequest, cairnv1.ImportResponse]) (err error) {
	select {
	case s.imports <- struct{}{}:
		defer func() { <-s.imports }()
	default:
		return &graph.Error{
			Class: graph.ErrLimit, Reason: "TOO_MANY_IMPORTS",
			Message: fmt.Sprintf("%d imports run already, which is as many as the server takes; try again when one has ended", cap(s.imports)),
		}
	}
	receive, send := s.receiving(stream.Recv), s.sending(stream.Send)
	first, err := receive()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	header := first.GetHeader()
	if header == nil {
		return streamError("NO_HEADER", "header", "is missing; the first message says what files come")
	}
	files, err := newSpool(header.GetFiles(), maxImportBytes)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.close()) }()
	if err := files.receive(receive); err != nil {
		return err
	}
	i := &importer{
		server: s.Server, live: s.live, header: header, spool: files, send: send, report: &cairnv1.ImportReport{},
		facts: make(map[cairnv1.FactKind]*cairnv1.FactCount), remarks: make(map[string]*remarks),
	}
	return i.run(stream.Context())
}

// receiving is recv for as long as the caller is waited for.
func (s *Server) receiving(recv func() (*cairnv1.ImportRequest, error)) func() (*cairnv1.ImportRequest, error) {
	return func() (*cairnv1.ImportRequest, error) {
		var m *cairnv1.ImportRequest
		err := s.await("sent nothing", func() (err error) {
			m, err = recv()
			return err
		})
		if err != nil { // it may be that recv still writes to m
			return nil, err
		}
		return m, nil
	}
}

// sending is send for as long as the caller is waited for. After an error it
// sends nothing: it may be that send still runs.
func (s *Server) sending(send func(*cairnv1.ImportResponse) error) func(*cairnv1.ImportResponse) error {
	var failed error
	return func(m *cairnv1.ImportResponse) error {
		if failed == nil {
			failed = s.await("took no answer", func() error { return send(m) })
		}
		return failed
	}
}

// await is the error of wait, which waits for the caller of an import and ends
// with the call at the latest. It gives up after Options.ImportIdleLimit, and
// then says what the caller did not do.
func (s *Server) await(omission string, wait func() error) error {
	done := make(chan error, 1)
	if !s.waiting(func() {
		defer func() {
			if p := recover(); p != nil {
				done <- &panicked{p, debug.Stack()}
			}
		}()
		done <- wait()
	}) {
		return graph.Unavailable("the server is ending", nil)
	}
	idle := time.NewTimer(s.opts.ImportIdleLimit)
	defer idle.Stop()
	select {
	case err := <-done:
		return err
	case <-idle.C:
		return &graph.Error{
			Class: graph.ErrLimit, Reason: "IMPORT_IDLE",
			Message: fmt.Sprintf("the caller %s for %v, and the import was given up", omission, s.opts.ImportIdleLimit),
		}
	}
}

// importer is the state of one import.
type importer struct {
	server *Server
	live   *graph.Live // the server's; for a dry run a fork of it
	header *cairnv1.ImportHeader
	spool  *spool
	send   func(*cairnv1.ImportResponse) error

	report  *cairnv1.ImportReport
	facts   map[cairnv1.FactKind]*cairnv1.FactCount
	remarks map[string]*remarks // by code
	newest  *graph.Receipt      // of what was committed; nil if nothing was
	rows    int64
}

// remarks are those of one code.
type remarks struct {
	count    *cairnv1.RemarkCount
	answered int
}

// maxRemarks is how many remarks of one code are answered as rows: as the
// contract says.
const maxRemarks = 1000

// run imports the files that were received and answers the report.
func (i *importer) run(ctx context.Context) error {
	begun := i.live.Head()
	if i.header.GetDryRun() {
		i.live = graph.Fork(begun)
	}
	var err error
	if i.isESCO() {
		err = i.esco(ctx)
	} else {
		err = i.tables(ctx)
	}
	if err != nil && i.newest == nil {
		return err
	}
	i.finish(begun)
	if sent := i.send(&cairnv1.ImportResponse{Message: &cairnv1.ImportResponse_Report{Report: i.report}}); sent != nil && err == nil {
		err = sent
	}
	return i.partly(err)
}

// finish fills what the report tells at the end.
func (i *importer) finish(begun *graph.Snapshot) {
	receipt := graph.Receipt{Revision: begun.Revision, At: max(i.server.now(), begun.At)}
	if i.newest != nil && !i.header.GetDryRun() {
		receipt = *i.newest
	}
	i.report.Basis = i.server.writeBasis(&receipt)
	i.report.Facts = slices.SortedFunc(maps.Values(i.facts), func(a, b *cairnv1.FactCount) int { return cmp.Compare(a.GetKind(), b.GetKind()) })
	if i.header.GetDryRun() {
		i.report.Commits = 0
	}
}

// partly is err with what stays recorded in spite of it.
func (i *importer) partly(err error) error {
	if err == nil || i.newest == nil || i.header.GetDryRun() {
		return err
	}
	own, ok := errors.AsType[*graph.Error](err)
	if !ok {
		return err
	}
	e := *own
	e.Message += fmt.Sprintf("; what was committed up to revision %d stays recorded, and importing the same files again completes it", i.newest.Revision)
	return &e
}

// isESCO reports whether the files are the set of ESCO: as the header says, or
// by their names.
func (i *importer) isESCO() bool {
	if f := i.header.GetFormat(); f != cairnv1.ImportFormat_IMPORT_FORMAT_UNSPECIFIED {
		return f == cairnv1.ImportFormat_IMPORT_FORMAT_ESCO
	}
	skills, others := false, 0
	for _, f := range i.spool.files {
		switch stem, ok := exchange.ESCOFile(f.base()); {
		case ok && strings.EqualFold(stem, "skills"):
			skills = true
		case ok:
			others++
		}
	}
	return skills && others > 0
}

// committed notes what a commit did.
func (i *importer) committed(r *graph.Receipt) {
	if r.Stored {
		i.newest = r
		i.report.Commits++
	}
	for j := range r.Derived {
		switch r.Derived[j].Change {
		case graph.Awarded:
			i.report.Awarded++
		case graph.Superseded:
			i.report.Superseded++
		default:
			i.report.Withdrawn++
		}
	}
}

// count is what became of the rows of a kind.
func (i *importer) count(k cairnv1.FactKind) *cairnv1.FactCount {
	c := i.facts[k]
	if c == nil {
		c = &cairnv1.FactCount{Kind: k}
		i.facts[k] = c
	}
	return c
}

// remark counts a remark and answers it, if there are not too many of its code.
func (i *importer) remark(row *cairnv1.ImportRow) error {
	row.Count = max(row.GetCount(), 1)
	r := i.remarks[row.GetCode()]
	if r == nil {
		r = &remarks{count: &cairnv1.RemarkCount{Code: row.GetCode()}}
		i.remarks[row.GetCode()] = r
		i.report.Remarks = append(i.report.Remarks, r.count)
	}
	r.count.Count += int64(row.GetCount())
	if r.answered++; r.answered > maxRemarks {
		return nil
	}
	return i.send(&cairnv1.ImportResponse{Message: &cairnv1.ImportResponse_Row{Row: row}})
}

// find answers what exchange found.
func (i *importer) find(f *exchange.Finding, k cairnv1.FactKind) error {
	row := &cairnv1.ImportRow{
		File: f.File, Line: int64(f.Line), Column: f.Column, Kind: k, Id: f.Subject, Outcome: cairnv1.Outcome_OUTCOME_RECORDED,
		Code: f.Code, Message: f.Message, Hint: f.Hint, Count: int32(f.Count),
	}
	switch f.Severity {
	case exchange.Note:
		row.Severity = cairnv1.Severity_SEVERITY_NOTE
	case exchange.Refused:
		row.Severity, row.Outcome = cairnv1.Severity_SEVERITY_ERROR, cairnv1.Outcome_OUTCOME_REFUSED
	default:
		row.Severity = cairnv1.Severity_SEVERITY_WARNING
	}
	return i.remark(row)
}

// progress answers how far the import is.
func (i *importer) progress(file string, bytes int64) error {
	return i.send(&cairnv1.ImportResponse{Message: &cairnv1.ImportResponse_Progress{
		Progress: &cairnv1.ImportProgress{File: file, Rows: i.rows, Bytes: bytes},
	}})
}

// remarkCode is a reason of graph as remarks have it: UNKNOWN_ID is unknown-id.
func remarkCode(reason string) string {
	return strings.ToLower(strings.ReplaceAll(reason, "_", "-"))
}
