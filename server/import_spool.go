package server

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// maxImportBytes bounds the files of one import: twice what a million people
// with twenty awards each take as plain CSV.
const maxImportBytes = 4 << 30

// spool keeps the files of an import on disk while they are read, because they
// are read several times and only after all of them are there. It is a file
// system with one folder, in which a file has the last part of its name.
type spool struct {
	dir   string
	files []*spooled
	limit int64
	bytes int64
}

// spooled is one file of an import.
type spooled struct {
	name  string // as in the header
	path  string
	bytes int64
	ended bool
	read  func(n int) // told of the bytes that are read; nil: nobody
}

// newSpool makes an empty file for each name, in a folder for temporary files.
func newSpool(names []string, limit int64) (_ *spool, err error) {
	s := &spool{limit: limit}
	if s.dir, err = os.MkdirTemp("", "cairn-import-"); err != nil {
		return nil, spoolError(err)
	}
	for i, name := range names {
		s.files = append(s.files, &spooled{name: name, path: filepath.Join(s.dir, strconv.Itoa(i))})
	}
	return s, nil
}

func spoolError(err error) error {
	return graph.Unavailable("the files cannot be kept while they are read; the folder for temporary files needs space for them", err)
}

// close removes everything.
func (s *spool) close() error { return os.RemoveAll(s.dir) }

// receive takes chunks until every file has ended.
func (s *spool) receive(next func() (*cairnv1.ImportRequest, error)) error {
	for _, f := range s.files {
		if err := s.receiveFile(f, next); err != nil {
			return err
		}
	}
	return nil
}

func (s *spool) receiveFile(f *spooled, next func() (*cairnv1.ImportRequest, error)) (err error) {
	to, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return spoolError(err)
	}
	defer func() {
		if e := to.Close(); e != nil && err == nil {
			err = spoolError(e)
		}
	}()
	for !f.ended {
		m, err := next()
		switch {
		case errors.Is(err, io.EOF):
			return streamError("BROKEN_OFF", f.name, fmt.Sprintf("the stream ends after %d bytes of the file and before its end; nothing was recorded", f.bytes))
		case err != nil:
			return err
		case m.GetChunk() == nil:
			return streamError("SECOND_HEADER", "header", "comes once, and first; chunks of the files follow it")
		case m.GetChunk().GetFile() != f.name:
			return streamError("FILE_ORDER", m.GetChunk().GetFile(), fmt.Sprintf("is not the file whose turn it is; files come one after the other as the header names them, and %s has not ended", f.name))
		}
		data := m.GetChunk().GetData()
		if s.bytes += int64(len(data)); s.bytes > s.limit {
			return &graph.Error{
				Class: graph.ErrLimit, Reason: "TOO_LARGE", Subject: f.name,
				Message: fmt.Sprintf("the files have more than %d bytes together; import them one after the other", s.limit),
			}
		}
		if _, err := to.Write(data); err != nil {
			return spoolError(err)
		}
		f.bytes += int64(len(data))
		f.ended = m.GetChunk().GetEnd()
	}
	return nil
}

func streamError(reason, subject, message string) error {
	return &graph.Error{Class: graph.ErrInvalid, Reason: reason, Subject: subject, Message: message}
}

// flat is why the files cannot be told apart in one folder; nil if they can.
func (s *spool) flat() error {
	for i, f := range s.files {
		same := func(g *spooled) bool { return g.base() == f.base() }
		if slices.ContainsFunc(s.files[:i], same) {
			return streamError("TWICE", f.name, "another file has the same name in another folder; the files of one set stand in one folder")
		}
	}
	return nil
}

func (f *spooled) base() string { return path.Base(strings.ReplaceAll(f.name, "\\", "/")) }

func (f *spooled) open() (*spooledFile, error) {
	from, err := os.Open(f.path)
	if err != nil {
		return nil, spoolError(err)
	}
	return &spooledFile{File: from, of: f}, nil
}

// Open opens a file by the last part of its name.
func (s *spool) Open(name string) (fs.File, error) {
	for _, f := range s.files {
		if f.base() == name {
			return f.open()
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists the one folder, by name.
func (s *spool) ReadDir(name string) ([]fs.DirEntry, error) {
	if name != "." {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	out := make([]fs.DirEntry, len(s.files))
	for i, f := range s.files {
		out[i] = fs.FileInfoToDirEntry(f)
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// spooledFile is a spooled file that is being read.
type spooledFile struct {
	*os.File
	of *spooled
}

// Read tells of the bytes it reads.
func (f *spooledFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	if f.of.read != nil {
		f.of.read(n)
	}
	return n, err
}

// Stat is the file by its own name.
func (f *spooledFile) Stat() (fs.FileInfo, error) { return f.of, nil }

// A spooled file describes itself.

// Name is the last part of its name.
func (f *spooled) Name() string { return f.base() }

// Size is what was received of it, in bytes.
func (f *spooled) Size() int64 { return f.bytes }

// Mode is that of a file that can be read.
func (f *spooled) Mode() fs.FileMode { return 0o400 }

// ModTime is not known.
func (f *spooled) ModTime() time.Time { return time.Time{} }

// IsDir is false.
func (f *spooled) IsDir() bool { return false }

// Sys is nothing.
func (f *spooled) Sys() any { return nil }
