package filestore

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/cairn-skills/cairn/graph"
)

// errHeld is the cause when another process has the file.
var errHeld = errors.New("locked")

// unavailable is an error of class [graph.ErrUnavailable] about the file path. A
// cause of the system is given without the file that it names, which is path, or
// one beside it that nobody asked for.
func unavailable(path, message string, cause error) error {
	switch e := cause.(type) { //nolint:errorlint // one that is wrapped says more
	case *fs.PathError:
		cause = e.Err
	case *os.LinkError:
		cause = e.Err
	}
	return &graph.Error{Class: graph.ErrUnavailable, Reason: "UNAVAILABLE", Subject: path, Message: message, Cause: cause}
}

// damaged is the error for a file whose content is wrong; the cause names the place.
func damaged(path string, cause error) error {
	return &graph.Error{
		Class: graph.ErrUnavailable, Reason: "DAMAGED", Subject: path,
		Message: "the file is damaged; restore it from a backup", Cause: cause,
	}
}

// translate gives err, of opening or reading path, its class and a sentence.
func translate(path string, err error) error {
	var e *graph.Error
	var d *damage
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return err
	case errors.As(err, &d):
		return damaged(path, err)
	case errors.Is(err, errHeld), errors.Is(err, bolterrors.ErrTimeout):
		return unavailable(path, "another process has the file open; stop it or use another file", nil)
	case errors.Is(err, fs.ErrNotExist):
		return unavailable(path, "the file does not exist", nil)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return unavailable(path, "the file cannot be opened for writing; grant the permission or open it read-only", err)
	case full(err):
		return unavailable(path, "there is no space left for the file; nothing was written", err)
	}
	return unavailable(path, "the file cannot be read", err)
}

// translateDamage is for errors of reading the content of path: what has no
// class yet is damage.
func translateDamage(path string, err error) error {
	var e *graph.Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return damaged(path, err)
}

// full reports whether err says that the file may not grow.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
