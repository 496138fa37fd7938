package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// chunkBytes is the size of the parts of a file that are sent: half of what the
// API takes, so that a part with its name always fits.
const chunkBytes = 512 << 10

// input is a file to import.
type input struct {
	name string // as the API and the reports call it
	size int64  // in bytes
	open func() (io.ReadCloser, error)
}

// findInputs are the files that paths name; of a folder those at its top that
// an importer reads. A file is called as it was given, so that its lines can be
// found.
func findInputs(paths []string) ([]input, error) {
	var inputs []input
	add := func(path string, size int64) {
		inputs = append(inputs, input{
			name: filepath.ToSlash(path), size: size,
			open: func() (io.ReadCloser, error) { return os.Open(path) }, //nolint:gosec // the caller says what to read
		})
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			add(path, info.Size())
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		before := len(inputs)
		for _, e := range entries {
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() && importable(e.Name()) {
				add(filepath.Join(path, e.Name()), info.Size())
			}
		}
		if len(inputs) == before {
			return nil, failed("%s: the folder has no file that can be imported", path).hinted("these are .csv, .jsonl, .yaml and .json, also with .gz")
		}
	}
	return inputs, nil
}

// importable reports whether a file's name ends as those that importers read.
func importable(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	switch filepath.Ext(name) {
	case ".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".yaml", ".yml":
		return !strings.HasPrefix(name, ".")
	}
	return false
}

// importing is an import in progress.
type importing struct {
	app    *app
	client *client
	header *cairnv1.ImportHeader
	inputs []input
	quiet  bool // whether only what was refused is said

	refused int64                // rows of facts; what a framework's own files lack is no failure
	notes   []*cairnv1.ImportRow // what was not carried over
}

// run sends the files and answers the report. Each row that has a remark is
// written as it comes.
func (in *importing) run(ctx context.Context) (*cairnv1.ImportReport, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := in.client.facts.Import(ctx)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for _, f := range in.inputs {
		in.header.Files = append(in.header.Files, f.name)
		total += f.size
	}
	bar := in.app.startBar("importing", total)
	defer bar.stop()
	sent := make(chan error, 1)
	go func() { // ends with the stream
		err := in.send(stream.Send)
		if err != nil && !errors.Is(err, io.EOF) {
			cancel()
		}
		_ = stream.CloseSend()
		sent <- err
	}()
	var report *cairnv1.ImportReport
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			// A file that could not be read is why the stream was given up.
			if sendErr := <-sent; sendErr != nil && !errors.Is(sendErr, io.EOF) {
				return nil, sendErr
			}
			return nil, err
		}
		if err := in.take(m, bar); err != nil {
			return nil, err
		}
		if r := m.GetReport(); r != nil {
			report = r
		}
	}
	if report == nil {
		return nil, failed("the import ended without a report")
	}
	return report, nil
}

// take shows a message of the server.
func (in *importing) take(m *cairnv1.ImportResponse, bar *bar) error {
	if p := m.GetProgress(); p != nil {
		bar.at(p.GetBytes())
		return nil
	}
	if r := m.GetRow(); r != nil {
		if r.GetOutcome() == cairnv1.Outcome_OUTCOME_REFUSED && r.GetKind() != cairnv1.FactKind_FACT_KIND_ENTRY {
			in.refused += int64(max(1, r.GetCount()))
		}
		if r.GetSeverity() == cairnv1.Severity_SEVERITY_NOTE {
			in.notes = append(in.notes, r)
		}
		if worthALine(r) && (!in.quiet || r.GetOutcome() == cairnv1.Outcome_OUTCOME_REFUSED) {
			bar.clear()
			in.app.say("%s", rowLine(r))
			if r.GetHint() != "" {
				in.app.say("    %s", r.GetHint())
			}
		}
	}
	if in.app.json && !in.quiet {
		return in.app.printLine(m)
	}
	return nil
}

// rowLine is a row's remark in one line: file:line: column: what became of it.
func rowLine(r *cairnv1.ImportRow) string {
	var b strings.Builder
	b.WriteString(r.GetFile())
	if r.GetLine() > 0 {
		b.WriteString(":" + strconv.FormatInt(r.GetLine(), 10))
	}
	b.WriteString(": ")
	if r.GetOutcome() == cairnv1.Outcome_OUTCOME_REFUSED {
		b.WriteString("refused")
	} else {
		b.WriteString(word(r.GetSeverity()))
	}
	if r.GetCode() != "" {
		b.WriteString(" " + r.GetCode())
	}
	b.WriteString(": ")
	if r.GetColumn() != "" {
		b.WriteString(r.GetColumn() + ": ")
	}
	// An error may begin with its subject, which is the column as a rule.
	b.WriteString(strings.TrimPrefix(r.GetMessage(), r.GetColumn()+": "))
	if r.GetCount() > 1 {
		fmt.Fprintf(&b, " (%d times)", r.GetCount())
	}
	return b.String()
}

// send sends the header and the files in chunks.
func (in *importing) send(send func(*cairnv1.ImportRequest) error) error {
	if err := send(&cairnv1.ImportRequest{Message: &cairnv1.ImportRequest_Header{Header: in.header}}); err != nil {
		return err
	}
	for _, f := range in.inputs {
		if err := in.sendFile(send, f); err != nil {
			return err
		}
	}
	return nil
}

func (in *importing) sendFile(send func(*cairnv1.ImportRequest) error, f input) error {
	r, err := f.open()
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		// Each chunk has bytes of its own: a server in this process keeps them.
		data := make([]byte, chunkBytes)
		n, err := io.ReadFull(r, data)
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			return err
		}
		chunk := &cairnv1.ImportChunk{File: f.name, Data: data[:n], End: end}
		if err := send(&cairnv1.ImportRequest{Message: &cairnv1.ImportRequest_Chunk{Chunk: chunk}}); err != nil {
			return err
		}
		if end {
			return nil
		}
	}
}
