package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
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
	size int64  // in bytes; unknown before the end of a stream
	open func() (io.ReadCloser, error)
}

// unknown is the size of a stream.
const unknown = -1

// stdinName is what stdin is called in reports when - names it.
const stdinName = "stdin"

// findInputs are the files that paths name; of a folder those at its top that
// an importer reads. A file is called as it was given, so that its lines can be
// found. Nothing is opened: a pipe would be waited for.
func findInputs(paths []string) ([]input, error) {
	var inputs []input
	var from []os.FileInfo
	for _, path := range paths {
		if path == "-" {
			info, err := os.Stdin.Stat()
			if err != nil {
				return nil, failed("stdin cannot be read: %s", translate(err).message)
			}
			inputs, from = append(inputs, input{name: stdinName, size: unknown, open: openStdin}), append(from, info)
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			in, err := inputAt(path, info)
			if err != nil {
				return nil, err
			}
			inputs, from = append(inputs, in), append(from, info)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		before := len(inputs)
		for _, e := range entries {
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() && importable(e.Name()) {
				inputs, from = append(inputs, fileInput(filepath.Join(path, e.Name()), info.Size())), append(from, info)
			}
		}
		if len(inputs) == before {
			return nil, failed("%s: the folder has no file that can be imported", path).hinted("these are .csv, .jsonl, .yaml and .json, also with .gz")
		}
	}
	for i := range from {
		if j := slices.IndexFunc(from[:i], func(f os.FileInfo) bool { return os.SameFile(f, from[i]) }); j >= 0 {
			return nil, misused("%s is given twice", inputs[j].name)
		}
	}
	return inputs, nil
}

// openStdin is stdin, which is left open when the input is closed.
func openStdin() (io.ReadCloser, error) { return io.NopCloser(os.Stdin), nil }

// fileInput is a file with this many bytes, or unknown.
func fileInput(path string, size int64) input {
	return input{
		name: filepath.ToSlash(path), size: size,
		open: func() (io.ReadCloser, error) { return os.Open(path) }, //nolint:gosec // the caller says what to read
	}
}

// inputAt is what is at path and is no folder: a file, a pipe, or stdin under
// its other name. Devices and sockets are refused: they may have no end.
func inputAt(path string, info os.FileInfo) (input, error) {
	stdin, err := os.Stdin.Stat()
	isStdin := err == nil && os.SameFile(stdin, info)
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return fileInput(path, info.Size()), nil
	case mode&os.ModeNamedPipe != 0 || isStdin:
		return fileInput(path, unknown), nil
	case mode&os.ModeDevice != 0:
		return input{}, failed("%s: is a device, and cannot be imported", path).hinted("files, folders, pipes and - for stdin can be")
	}
	return input{}, failed("%s: is neither a file nor a pipe, and cannot be imported", path).hinted("files, folders, pipes and - for stdin can be")
}

// keptBytes bounds a stream that is kept in memory: a holdings file may have no
// more, and a table of what one question is about has less.
const keptBytes = 64 << 20

// kept are inputs that can be read more than once: streams are read to their
// ends and kept.
func kept(inputs []input) ([]input, error) {
	out := slices.Clone(inputs)
	for i, in := range out {
		if in.size != unknown {
			continue
		}
		r, err := in.open()
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(io.LimitReader(r, keptBytes+1))
		_ = r.Close()
		if err != nil {
			return nil, err
		}
		if len(text) > keptBytes {
			return nil, failed("%s: has more than %d MiB", in.name, keptBytes>>20).hinted("import it into a data file with cairn import, and ask that")
		}
		out[i].size = int64(len(text))
		out[i].open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	}
	return out, nil
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
//
// Reading a pipe or stdin cannot be broken off. When whole ends, run returns
// without the goroutine that reads, which ends with the process.
func (in *importing) run(whole context.Context) (*cairnv1.ImportReport, error) {
	ctx, cancel := context.WithCancel(whole)
	defer cancel()
	stream, err := in.client.facts.Import(ctx)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for _, f := range in.inputs {
		in.header.Files = append(in.header.Files, f.name)
		if f.size == unknown || total == unknown {
			total = unknown
		} else {
			total += f.size
		}
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
			select {
			case sendErr := <-sent:
				if sendErr != nil && !errors.Is(sendErr, io.EOF) {
					return nil, sendErr
				}
			case <-whole.Done():
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
