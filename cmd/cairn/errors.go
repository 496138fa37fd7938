package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// failure is what a verb returned, as opposed to what cobra found wrong.
type failure struct{ err error }

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// errTold is the failure of a verb that has said on stderr, or in its result, what
// is wrong: only the exit code is left.
var errTold = errors.New("told already")

// sentence is an error in words, with lines that help.
type sentence struct {
	misuse  bool
	message string
	more    []string // lines below the message
	hint    string
	cause   error
}

func (s *sentence) Error() string { return s.message }
func (s *sentence) Unwrap() error { return s.cause }

// misused is an error of the command line.
func misused(format string, args ...any) *sentence {
	return &sentence{misuse: true, message: fmt.Sprintf(format, args...)}
}

// failed is an error of the command.
func failed(format string, args ...any) *sentence {
	return &sentence{message: fmt.Sprintf(format, args...)}
}

func (s *sentence) hinted(format string, args ...any) *sentence {
	s.hint = fmt.Sprintf(format, args...)
	return s
}

// report writes err to stderr and answers the exit code.
func (a *app) report(err error) int {
	if err == nil {
		return exitAnswered
	}
	if errors.Is(err, errTold) {
		return exitFailed
	}
	f, ran := errors.AsType[*failure](err)
	if ran {
		err = f.err
	}
	if !ran {
		err = together(err)
	}
	s, ok := errors.AsType[*sentence](err)
	if !ok {
		s = translate(err)
		s.misuse = s.misuse || !ran
	}
	a.say("%s", s.message)
	for _, line := range s.more {
		a.say("%s", line)
	}
	if s.hint != "" {
		a.say("hint: %s", s.hint)
	}
	if s.misuse {
		return exitMisused
	}
	return exitFailed
}

// say writes a line to stderr; further lines of the text get the prefix as well.
func (a *app) say(format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), "\n")
	for line := range strings.SplitSeq(text, "\n") {
		_, _ = fmt.Fprintf(a.err, "cairn: %s\n", line)
	}
}

// inWords is the sentence that err is, or what translate makes of it.
func inWords(err error) *sentence {
	if s, ok := errors.AsType[*sentence](err); ok {
		return s
	}
	return translate(err)
}

// translate is err as a sentence: that of the house for its own errors and
// those of the API, a plain one for those of the system.
func translate(err error) *sentence {
	if errors.Is(err, context.Canceled) { // by an interrupt, whatever it met
		return failed("stopped")
	}
	if e, ok := errors.AsType[*graph.Error](err); ok {
		return &sentence{message: e.Error(), cause: err}
	}
	if st, ok := status.FromError(err); ok {
		return translateStatus(st)
	}
	path := ""
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		path = e.Path + ": "
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return failed("%sthere is no such file or folder", path)
	case errors.Is(err, fs.ErrPermission):
		return failed("%spermission denied", path)
	}
	// Cobra puts what was perhaps meant below its sentence.
	head, rest, _ := strings.Cut(err.Error(), "\n")
	s := failed("%s", head)
	if words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(rest), "Did you mean this?")); len(words) > 0 {
		s.hint = "did you mean " + strings.Join(words, " or ") + "?"
	}
	return s
}

// asked are the flags and arguments that the fields of requests come from.
var asked = map[string]string{
	"q": "TEXT", "name": "the name", "page_token": "--page", "languages": "--lang", "catalog": "the name of the catalog",
	"framework_version": "--framework-version",
}

// translateStatus is an error of the API as a sentence. A refused catalog has
// its problems below, each with its place.
func translateStatus(st *status.Status) *sentence {
	s := failed("%s", st.Message())
	s.cause = st.Err()
	ours := false
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			ours = true
		case *errdetails.BadRequest:
			if v := d.GetFieldViolations(); len(v) > 0 {
				if flag := asked[strings.TrimPrefix(v[0].GetField(), "header.")]; flag != "" {
					s.misuse, s.message = true, flag+": "+v[0].GetDescription()
				}
			}
		case *cairnv1.CatalogProblems:
			s.message = "nothing was published: the catalog has " + count(len(d.GetProblems()), "problem")
			for _, p := range d.GetProblems() {
				s.more = append(s.more, problemLine(p))
				if p.GetHint() != "" {
					s.more = append(s.more, "    "+p.GetHint())
				}
			}
		}
	}
	if ours {
		return s
	}
	switch st.Code() { //nolint:exhaustive // the others say enough
	case codes.Canceled:
		s.message = "stopped"
	case codes.Unavailable:
		s.message, s.hint = "no server answers: "+unanswered(st.Message()), "cairn serve starts one; --server takes its address"
	case codes.DeadlineExceeded:
		s.message = "the answer took too long"
	}
	return s
}

// unanswered is why a server does not answer, from the message of gRPC, which
// wraps what reach said in what it was doing.
func unanswered(message string) string {
	if _, said, ok := strings.Cut(message, "Error while dialing: "); ok {
		return strings.TrimSuffix(said, `"`)
	}
	if strings.Contains(message, "reading server preface") {
		return "what listens there is no cairn server"
	}
	return "the connection was lost"
}
