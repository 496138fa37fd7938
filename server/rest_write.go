package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// jsonText is how messages stand in bodies: as protojson writes them, zero and
// false too, and the same message in the same bytes.
type jsonText struct{ runtime.JSONPb }

// Marshal writes a message.
func (*jsonText) Marshal(v any) ([]byte, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("write %T as JSON: it is no message", v)
	}
	return asJSON(m)
}

// asJSON is m as text.
func asJSON(m proto.Message) ([]byte, error) {
	b, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(m)
	return squeeze(b), err
}

// squeeze takes the spaces between the tokens of JSON out of b, in place. By
// protojson there are some or none, as the build has it, so that nobody relies
// on them; an answer is the same bytes from every build.
func squeeze(b []byte) []byte {
	n := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case ' ', '\n', '\t', '\r':
		case '"':
			from := i
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			n += copy(b[n:], b[from:min(i+1, len(b))])
		default:
			b[n] = b[i]
			n++
		}
	}
	return b[:n]
}

// response answers 304 in the place of an answer that the caller has.
type response struct {
	http.ResponseWriter
	ifNoneMatch []string // of a request that reads
	entry       string   // the entity tag of the entry that is answered, if it is one
	begun, cut  bool
}

// WriteHeader sends the status, or 304.
func (w *response) WriteHeader(code int) {
	if w.begun {
		return
	}
	w.begun = true
	h := w.Header()
	if code == http.StatusOK && tagged(w.ifNoneMatch, h.Get("Etag"), w.entry) {
		w.cut, code = true, http.StatusNotModified
		h.Del("Content-Type")
		h.Del("Content-Length")
	}
	w.ResponseWriter.WriteHeader(code)
}

// Write sends the body, unless the caller has it.
func (w *response) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.cut {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// tagged reports whether If-None-Match, which may come in several lines, names
// one of the tags (RFC 9110, section 13.1.2). Two tags are the same also if one
// of them is weak.
func tagged(header []string, tags ...string) bool {
	for _, line := range header {
		for given := range strings.SplitSeq(line, ",") {
			given = strings.TrimPrefix(strings.TrimSpace(given), "W/")
			if given == "*" || given != "" && slices.Contains(tags, given) {
				return true
			}
		}
	}
	return false
}

// setTags puts the entity tag of an answer into its header, and notes that of
// the entry in it.
func setTags(_ context.Context, w http.ResponseWriter, m proto.Message) error {
	if x, ok := m.(interface{ GetServed() *cairnv1.Served }); ok && x.GetServed().GetEtag() != "" {
		w.Header().Set("Etag", x.GetServed().GetEtag())
	}
	if out, ok := w.(*response); ok {
		out.entry = entryTag(m)
	}
	return nil
}

// writeError writes err as the JSON of a google.rpc.Status.
func (h *web) writeError(w http.ResponseWriter, r *http.Request, err error) {
	if b, ok := r.Body.(*body); ok && b.fault != nil {
		err = b.fault // of which the gateway made text
	}
	id := w.Header().Get("X-Request-Id")
	st, made := status.FromError(err)
	if made {
		st = withReason(st, id)
	} else {
		st = status.Convert(h.statusOf(r.Context(), &call{id: id, method: "rest"}, err))
	}
	code := httpStatus(st)
	if st.Code() == codes.Aborted && r.Header.Get("If-Match") != "" {
		code = http.StatusPreconditionFailed
	}
	text, err := asJSON(st.Proto())
	if err != nil { // its parts are UTF-8, and their types are linked in
		code, text = http.StatusInternalServerError, nil
	}
	w.Header().Del("Etag")
	writeJSON(w, code, text)
}

// withReason adds to a status that the gateway or gRPC made what all others have.
func withReason(st *status.Status, id string) *status.Status {
	has := func(match func(any) bool) bool {
		return slices.ContainsFunc(st.Details(), match)
	}
	if !has(func(d any) bool { _, ok := d.(*errdetails.ErrorInfo); return ok }) {
		reason := internalReason
		for _, row := range classes {
			if row.code == st.Code() {
				reason = row.reason
				break
			}
		}
		if st.Code() == codes.InvalidArgument {
			reason = "SHAPE"
		}
		if with, err := st.WithDetails(&errdetails.ErrorInfo{Domain: domain, Reason: reason}); err == nil {
			st = with
		}
	}
	if !has(func(d any) bool { _, ok := d.(*errdetails.RequestInfo); return ok }) {
		if with, err := st.WithDetails(&errdetails.RequestInfo{RequestId: id}); err == nil {
			st = with
		}
	}
	return st
}
