package server

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/cairn-skills/cairn/graph"
)

// logged is err as the log has it: who it is about is left out. An error can
// have been made of anything, so its text is logged only where its type bounds
// what stands in it: the sentences of graph, and what the system says of files
// and connections. Of every other error the log has the type, and of a panic the
// stack. Subjects are left out, and so is every word of a sentence that is the id
// of somebody known.
func (s *Server) logged(err error) string {
	var parts []string
	s.logParts(err, &parts)
	return strings.Join(parts, ": ")
}

// fixed are errors whose text is always the same.
var fixed = []error{context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, io.ErrShortWrite, os.ErrDeadlineExceeded}

func (s *Server) logParts(err error, to *[]string) {
	switch e := err.(type) { //nolint:errorlint // each link of the chain in its turn
	case *graph.Error:
		*to = append(*to, strings.TrimSpace(e.Reason+" "+s.nobody(e.Message)))
		if e.Cause != nil {
			s.logParts(e.Cause, to)
		}
		return
	case *panicked:
		text := fmt.Sprintf("panic of a %T", e.value)
		if bug, ok := e.value.(runtime.Error); ok {
			text = "panic: " + bug.Error()
		}
		*to = append(*to, text+"\n"+string(e.stack))
		return
	case *fs.PathError, *os.LinkError, *os.SyscallError, *net.OpError, syscall.Errno:
		*to = append(*to, err.Error())
		return
	}
	if slices.Contains(fixed, err) {
		*to = append(*to, err.Error())
		return
	}
	*to = append(*to, fmt.Sprintf("%T", err))
	switch e := err.(type) { //nolint:errorlint // each link of the chain in its turn
	case interface{ Unwrap() error }:
		if next := e.Unwrap(); next != nil {
			s.logParts(next, to)
		}
	case interface{ Unwrap() []error }:
		for _, next := range e.Unwrap() {
			s.logParts(next, to)
		}
	}
}

// nobody is a sentence without the ids of people.
func (s *Server) nobody(sentence string) string {
	snap := s.live.Head()
	words := strings.Fields(sentence)
	for i, word := range words {
		id := strings.Trim(word, "\"'`()[]{}<>,;:.")
		if _, known := snap.Person(graph.ID(id)); known {
			words[i] = "(a person)"
		}
	}
	return strings.Join(words, " ")
}
