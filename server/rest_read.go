package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cairn-skills/cairn/graph"
)

// shapeError is why a request cannot be read. The subject is a field by the names
// of the .proto files, or empty.
func shapeError(subject, message string) *graph.Error {
	return &graph.Error{Class: graph.ErrInvalid, Reason: "SHAPE", Subject: subject, Message: message}
}

// queryOf reads a query.
// Errors: graph.ErrInvalid.
func queryOf(raw string) (url.Values, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, shapeError("", "the query must be names and values encoded as encodeURIComponent does it, with & between them")
	}
	for key, list := range values {
		if !utf8.ValidString(key) || slices.ContainsFunc(list, func(v string) bool { return !utf8.ValidString(v) }) {
			return nil, shapeError(strings.ToValidUTF8(key, "�"), "is not UTF-8")
		}
	}
	return values, nil
}

// grpcTimeout is what the gateway takes for the limit of a call.
var grpcTimeout = regexp.MustCompile(`^[0-9]{1,8}[HMSmun]$`)

// check is why r is no request of the call at this path; nil if the gateway can
// read it. The parser of the gateway reads less strictly, and what it says of a
// fault is not for callers.
func (at *route) check(r *http.Request, params map[string]string) error {
	if limit := r.Header.Get("Grpc-Timeout"); limit != "" && !grpcTimeout.MatchString(limit) {
		return shapeError("Grpc-Timeout", "must be a number of at most 8 digits and its unit, for example 500m for half a second")
	}
	if at.method == http.MethodGet {
		return checkQuery(at.input, r.Form, params)
	}
	if len(r.Form) > 0 {
		return shapeError(slices.Sorted(maps.Keys(r.Form))[0], "stands in the query; a POST takes its fields in the body")
	}
	b, ok := r.Body.(*body)
	if !ok {
		return nil // it has none
	}
	b.input, b.params = at.input, params
	kind, of, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := of["charset"]; r.Header.Get("Content-Type") == "" ||
		err == nil && kind == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8")) {
		return nil
	}
	return &graph.Error{Class: graph.ErrInvalid, Reason: "MEDIA_TYPE", Subject: "Content-Type", Message: "must be application/json"}
}

// checkQuery is what is wrong with the first parameter, by name, that is wrong.
func checkQuery(d protoreflect.MessageDescriptor, values url.Values, params map[string]string) error {
	seen := make(map[string]bool, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		f, path := fieldPath(d, key)
		switch {
		case f == nil:
			return shapeError(key, "is no parameter of this call; GET /openapi.json lists those it has")
		case params[path] != "":
			return shapeError(path, "stands in the path already")
		case seen[path]:
			return shapeError(path, "is given under two names")
		case f.Message() != nil && (f.IsList() || f.IsMap()):
			return shapeError(path, "does not fit into a query; ask with POST and a body")
		case !f.IsList() && len(values[key]) > 1:
			return shapeError(path, fmt.Sprintf("is given %d times, and has one value", len(values[key])))
		}
		seen[path] = true
		for _, v := range values[key] {
			if wanted := misread(f, v); wanted != "" {
				return shapeError(path, "must be "+wanted)
			}
		}
	}
	return nil
}

// fieldPath is the field that a query key names, and its path by the names of the
// .proto file; nil if there is none.
func fieldPath(d protoreflect.MessageDescriptor, key string) (f protoField, path string) {
	for name := range strings.SplitSeq(key, ".") {
		if d == nil || f != nil && (f.IsList() || f.IsMap() || d.FullName() == timestampName) {
			return nil, ""
		}
		if f = d.Fields().ByJSONName(name); f == nil {
			f = d.Fields().ByTextName(name)
		}
		if f == nil {
			return nil, ""
		}
		path = strings.TrimPrefix(path+"."+string(f.Name()), ".")
		d = f.Message()
	}
	return f, path
}

// timestampName is the type of times.
const timestampName = "google.protobuf.Timestamp"

// misread is what a text must be to be a value of f; empty if it is one.
func misread(f protoField, text string) string {
	switch f.Kind() {
	case protoreflect.BoolKind:
		if text != "true" && text != "false" {
			return "true or false"
		}
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		bits := 64
		if f.Kind() == protoreflect.Int32Kind {
			bits = 32
		}
		if _, err := strconv.ParseInt(text, 10, bits); err != nil {
			return fmt.Sprintf("a whole number of %d bits", bits)
		}
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind:
		bits := 64
		if f.Kind() == protoreflect.Uint32Kind {
			bits = 32
		}
		if _, err := strconv.ParseUint(text, 10, bits); err != nil {
			return fmt.Sprintf("a whole number of %d bits, 0 at least", bits)
		}
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return "a number"
		}
	case protoreflect.EnumKind:
		n, err := strconv.ParseInt(text, 10, 32)
		if f.Enum().Values().ByName(protoreflect.Name(text)) == nil &&
			(err != nil || f.Enum().Values().ByNumber(protoreflect.EnumNumber(n)) == nil) {
			return wordsOf(f)
		}
	case protoreflect.MessageKind:
		if f.Message().FullName() != timestampName {
			return fmt.Sprintf("given by its fields, for example %s.%s", f.JSONName(), f.Message().Fields().Get(0).JSONName())
		}
		if !isTime(text) {
			return "a time, for example 2026-10-15T12:00:00Z"
		}
	default: // any text
	}
	return ""
}

// isTime reports whether a text is a time of the years 1 to 9999.
func isTime(text string) bool {
	at, err := time.Parse(time.RFC3339Nano, text)
	return err == nil && at.UTC().Year() >= 1 && at.UTC().Year() <= 9999
}

// body is the body of a request. The gateway reads it by NewDecoder below.
type body struct {
	io.ReadCloser
	input  protoreflect.MessageDescriptor
	params map[string]string // of the path
	ends   func()            // called when there is nothing more to wait for
	fault  *graph.Error      // why it could not be read
}

// newBody bounds the bytes of a body, and the time in which they arrive.
func (h *web) newBody(w http.ResponseWriter, of io.ReadCloser) *body {
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(h.opts.CallLimit)) // a handler within a test has none
	return &body{
		ReadCloser: http.MaxBytesReader(w, of, int64(h.opts.MaxRequestBytes)),
		ends:       func() { _ = connection.SetReadDeadline(time.Time{}) },
	}
}

// Read reads, and lets the connection be once the body has ended.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.ends()
	}
	return n, err
}

// NewDecoder reads a body as one message.
func (*jsonText) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		b, ok := r.(*body)
		m, message := v.(proto.Message)
		switch {
		case !ok:
			return io.EOF // there is no body
		case !message:
			return fmt.Errorf("read JSON as %T: it is no message", v)
		}
		if b.fault = b.decode(m); b.fault != nil {
			return b.fault
		}
		return nil
	})
}

// decode reads the body as m. An empty body is an empty message.
func (b *body) decode(m proto.Message) *graph.Error {
	text, err := io.ReadAll(b)
	if err != nil {
		return unread(err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	if protojson.Unmarshal(text, m) != nil {
		return diagnose(text, b.input)
	}
	for name, value := range b.params {
		f := b.input.Fields().ByName(protoreflect.Name(name))
		if said := m.ProtoReflect().Get(f).String(); said != "" && said != value {
			return shapeError(name, "is another in the body than in the path")
		}
	}
	return nil
}

// unread is why a body did not arrive.
func unread(err error) *graph.Error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &graph.Error{Class: graph.ErrLimit, Reason: "REQUEST_TOO_LARGE", Message: "the body is over the server's limit; send less at once"}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &graph.Error{Class: context.DeadlineExceeded, Reason: "SLOW_BODY", Message: "the body took longer to arrive than a call may take"}
	}
	return shapeError("", "the body broke off before its end")
}
