package graph

import (
	"errors"
	"strings"
)

// The classes of errors. Every error of this package, and of every store, is an
// [*Error] that unwraps to exactly one of them.
var (
	// ErrInvalid: the input is malformed; the caller changes the request.
	ErrInvalid = errors.New("invalid")
	// ErrNotFound: the named thing is not there.
	ErrNotFound = errors.New("not found")
	// ErrExists: the thing to be created is there already, with other content.
	ErrExists = errors.New("already exists")
	// ErrConflict: Batch.If is not the newest revision; read again and retry.
	ErrConflict = errors.New("conflict")
	// ErrGone: the revision asked for is no longer kept.
	ErrGone = errors.New("no longer kept")
	// ErrLaw: the catalog would break a law; its author must act.
	ErrLaw = errors.New("breaks a law")
	// ErrLimit: the request asks for more than is allowed.
	ErrLimit = errors.New("over the limit")
	// ErrUnavailable: the store cannot answer now, or the outcome of a write is
	// unknown; retry with the same key.
	ErrUnavailable = errors.New("unavailable")
)

// Error is what this package returns: a class, the subject it is about (an ID,
// a field, a place in a file) and a sentence that says what is wrong and what
// would be right.
type Error struct {
	Class    error     // one of the sentinels above
	Reason   string    // a stable upper-case code for programs, e.g. UNKNOWN_ID; may be empty
	Subject  string    // what the error is about; may be empty
	Message  string    // the sentence, lower case, no full stop
	Problems []Problem // for ErrLaw: every problem found
	Cause    error     // what lies beneath; may be nil
}

// Error is the subject and the sentence, then the cause.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Subject != "" {
		b.WriteString(e.Subject)
		b.WriteString(": ")
	}
	if e.Message != "" {
		b.WriteString(e.Message)
	} else if e.Class != nil {
		b.WriteString(e.Class.Error())
	}
	if e.Cause != nil {
		b.WriteString(": ")
		b.WriteString(e.Cause.Error())
	}
	return b.String()
}

// Unwrap makes errors.Is work on the class and on the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Class}
	}
	return []error{e.Class, e.Cause}
}

// Invalid is an Error of class [ErrInvalid].
func Invalid(subject, message string) *Error {
	return &Error{Class: ErrInvalid, Reason: "INVALID", Subject: subject, Message: message}
}

// NotFound is an Error of class [ErrNotFound] for an entry of kind k.
func NotFound(k Kind, id ID) *Error {
	return &Error{
		Class: ErrNotFound, Reason: strings.ToUpper(k.String()) + "_NOT_FOUND", Subject: string(id),
		Message: "no " + k.String() + " has this id",
	}
}

// Unavailable is an Error of class [ErrUnavailable] that carries a cause.
func Unavailable(message string, cause error) *Error {
	return &Error{Class: ErrUnavailable, Reason: "UNAVAILABLE", Message: message, Cause: cause}
}
