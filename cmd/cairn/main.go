// Command cairn answers what a person can earn next, and why, from a catalog of
// competencies, achievements and roles.
//
// Each verb is in the file of its name. A verb asks the API of cairn.v1, always:
// of a server (--server), of a data file (--data), or of a throw-away file made
// from a catalog and what people hold (--catalog, --holdings); see connect.go.
// So every way has the same answers, and --json prints the API's own message.
//
// The rules of the terminal: results go to stdout, everything else to stderr,
// each line with the prefix "cairn:", in lower case and without a full stop, a
// hint on a line of its own. The exit code is 0 for an answer, whatever it says
// (unreachable, incomplete, a difference); 1 when the command failed, a catalog
// has errors, a check found something, a name is ambiguous or a row was refused;
// 2 when the command was misused.
//
// Flags and the environment (CAIRN_DATA, CAIRN_SERVER, CAIRN_LISTEN, CAIRN_LANG,
// CAIRN_NOW) are read here and nowhere else in the house.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// The exit codes.
const (
	exitAnswered = 0
	exitFailed   = 1
	exitMisused  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends it at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// app is one run of the command.
type app struct {
	out, err io.Writer
	env      func(string) string
	now      func() time.Time

	// The flags of all verbs.
	json      bool
	languages []string
	where     where

	calendar
}

// run executes args and answers the exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	a := &app{out: out, err: errOut, env: os.Getenv, now: time.Now}
	if err := a.readClock(); err != nil {
		return a.report(err)
	}
	root := a.root()
	root.SetArgs(args)
	results := &honest{w: out}
	a.out = results
	root.SetOut(results)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if results.err != nil {
		err = &failure{failed("the result cannot be written: %s", results.err)}
	}
	return a.report(err)
}

// honest remembers that a write failed, so that no verb has to look: an answer
// that nobody could read is no answer.
type honest struct {
	w   io.Writer
	err error
}

func (h *honest) Write(p []byte) (int, error) {
	n, err := h.w.Write(p)
	if err != nil && h.err == nil {
		h.err = err
	}
	return n, err
}

// readClock stops the clock at CAIRN_NOW, for transcripts whose answers must
// not depend on the day.
func (a *app) readClock() error {
	text := a.env("CAIRN_NOW")
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return misused("CAIRN_NOW: %q is not a time such as 2026-10-01T09:00:00Z", text)
	}
	a.now = func() time.Time { return t }
	return nil
}
