package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// whole is a flag of a whole number between bounds. Zero is unset: the bounds
// leave it out.
type whole struct {
	to        *int64
	low, high int64
}

// wholeFlag is the flag name of a whole number from low, which is above zero, to
// high. Its default is what to is.
func wholeFlag(cmd *cobra.Command, to *int64, name string, low, high int64, usage string) {
	cmd.Flags().Var(&whole{to, low, high}, name, usage)
}

// Set reads the number.
func (w *whole) Set(text string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < w.low || n > w.high {
		return errors.New(w.wanted())
	}
	*w.to = n
	return nil
}

// wanted is what the flag takes, in words.
func (w *whole) wanted() string {
	if w.high == math.MaxInt64 {
		return fmt.Sprintf("a whole number of %d or more", w.low)
	}
	return fmt.Sprintf("a whole number from %d to %d", w.low, w.high)
}

// String is the number; empty while it is unset, as pflag wants it.
func (w *whole) String() string {
	if w.to == nil || *w.to == 0 {
		return ""
	}
	return strconv.FormatInt(*w.to, 10)
}

// Type is what help calls the value of a flag without a name for it.
func (w *whole) Type() string { return "number" }

// moment is a flag of a time: RFC 3339, or a day, which begins in the
// organization's zone. The zero value is unset.
type moment struct {
	text string
	at   time.Time // of a day its beginning in UTC
	day  bool
}

// momentFlag is the flag name of a time.
func momentFlag(cmd *cobra.Command, to *moment, name, usage string) {
	cmd.Flags().Var(to, name, usage)
}

// Set reads the time.
func (m *moment) Set(text string) (err error) {
	if *m = (moment{text: text}); text == "" {
		return nil
	}
	if m.at, err = time.Parse(time.RFC3339, text); err != nil {
		m.day = true
		m.at, err = time.Parse(time.DateOnly, text)
	}
	switch {
	case err != nil:
		return errors.New("is not a day such as 2026-10-01 or a time such as 2026-10-01T09:00:00Z")
	case !inYears(m.at):
		return errYears
	}
	return nil
}

var errYears = errors.New("lies outside of the years 1 to 9999")

// inYears reports whether a time is one that answers can have.
func inYears(t time.Time) bool { return t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 }

// String is the time as it was written.
func (m *moment) String() string { return m.text }

// Type is what help calls the value of a flag without a name for it.
func (m *moment) Type() string { return "time" }

// flagError is an error of reading the flags of cmd, in words.
func flagError(cmd *cobra.Command, err error) error {
	hint := "see " + cmd.CommandPath() + " --help"
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		wanted := "such a value"
		if _, ok := e.GetFlag().Value.(*moment); ok {
			return misused("--%s: %q %s", e.GetFlag().Name, e.GetValue(), e.Unwrap()).hinted("%s", hint)
		} else if w, ok := e.GetFlag().Value.(*whole); ok {
			wanted = w.wanted()
		} else if t := e.GetFlag().Value.Type(); t == "bool" {
			wanted = "true or false"
		} else if t == "uint64" {
			wanted = "a whole number of 0 or more"
		}
		return misused("--%s: %q is not %s", e.GetFlag().Name, e.GetValue(), wanted).hinted("%s", hint)
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return misused("--%s: its value is missing", e.GetSpecifiedName()).hinted("%s", hint)
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if verbs := cmd.Flags().Args(); !cmd.HasParent() && len(verbs) > 0 {
			return noVerb(cmd, verbs[0]) // its flags are not known either
		}
		name := "--" + e.GetSpecifiedName()
		if e.GetSpecifiedShortnames() != "" {
			name = "-" + e.GetSpecifiedName()
		}
		if near := nearFlag(cmd, e.GetSpecifiedName()); near != "" {
			hint = "did you mean --" + near + "?"
		}
		return misused("%s is no flag of %s", name, cmd.CommandPath()).hinted("%s", hint)
	}
	return misused("%s", err).hinted("%s", hint)
}

// nearFlag is the flag of cmd whose name is the nearest to a name that is none,
// if one is near enough; otherwise empty.
func nearFlag(cmd *cobra.Command, name string) string {
	best, least := "", 3 // two changes are a typing error, three another word
	if len(name) < 4 {
		least = 2
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if d := changes(name, f.Name); !f.Hidden && d < least {
			best, least = f.Name, d
		}
	})
	return best
}

// changes is how many letters must be changed, added or taken away, or be
// swapped with the next, to make b of a: the distance of Damerau and Levenshtein
// without changing a letter twice. Cost: len(a) · len(b).
func changes(a, b string) int {
	x, y := []rune(a), []rune(b)
	d := make([][]int, len(x)+1)
	for i := range d {
		d[i] = make([]int, len(y)+1)
		d[i][0] = i
	}
	for j := range y {
		d[0][j+1] = j + 1
	}
	for i := range x {
		for j := range y {
			same := 1
			if x[i] == y[j] {
				same = 0
			}
			least := min(d[i][j+1]+1, d[i+1][j]+1, d[i][j]+same)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				least = min(least, d[i-1][j-1]+1)
			}
			d[i+1][j+1] = least
		}
	}
	return d[len(x)][len(y)]
}
