package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

type (
	protoField = protoreflect.FieldDescriptor
	protoValue = protoreflect.Value
)

// strictQueries makes the gateway refuse what it cannot read in a query. The
// gateway keeps its parser in a variable of the package, whatever mux it is told.
var strictQueries = sync.OnceFunc(func() { runtime.SetQueryParameterParser(strictQuery{})(nil) })

// newHandler is REST: the gateway over the connection within the process, so
// that both doors have the same guards.
func newHandler(s *Server) (http.Handler, error) {
	strictQueries()
	marshaler := &runtime.JSONPb{MarshalOptions: protojson.MarshalOptions{EmitDefaultValues: true}}
	gateway := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, marshaler),
		runtime.WithUnescapingMode(runtime.UnescapingModeLegacy), runtime.WithMiddlewares(unmark),
		runtime.WithDisablePathLengthFallback(), runtime.WithDisableHTTPMethodOverride(),
		runtime.WithIncomingHeaderMatcher(func(header string) (string, bool) {
			switch header {
			case "X-Request-Id", "Cairn-Min-Revision", "If-Match":
				return strings.ToLower(header), true
			}
			return "", false
		}),
		runtime.WithOutgoingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithForwardResponseOption(setTags),
		runtime.WithErrorHandler(writeError),
		runtime.WithRoutingErrorHandler(func(ctx context.Context, mux *runtime.ServeMux, m runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
			err := detailed(codes.NotFound, "NO_SUCH_PATH", strings.ReplaceAll(r.URL.Path, slash, "/"), "nothing is at this path; GET /openapi.json lists what is")
			switch code {
			case http.StatusMethodNotAllowed:
				err = &runtime.HTTPStatusError{HTTPStatus: code, Err: detailed(codes.Unimplemented, "METHOD_NOT_ALLOWED", r.Method, "the path does not take this method")}
			case http.StatusBadRequest:
				err = detailed(codes.InvalidArgument, "SHAPE", "", "the path is not encoded as encodeURIComponent does it")
			}
			writeError(ctx, mux, m, w, r, err)
		}),
	)
	ctx := context.Background()
	if err := errors.Join(
		cairnv1.RegisterCatalogServiceHandlerClient(ctx, gateway, cairnv1.NewCatalogServiceClient(s.inside)),
		cairnv1.RegisterPeopleServiceHandlerClient(ctx, gateway, cairnv1.NewPeopleServiceClient(s.inside)),
		cairnv1.RegisterFactServiceHandlerClient(ctx, gateway, cairnv1.NewFactServiceClient(s.inside)),
		cairnv1.RegisterPathwayServiceHandlerClient(ctx, gateway, cairnv1.NewPathwayServiceClient(s.inside)),
		cairnv1.RegisterSearchServiceHandlerClient(ctx, gateway, cairnv1.NewSearchServiceClient(s.inside)),
		cairnv1.RegisterSystemServiceHandlerClient(ctx, gateway, cairnv1.NewSystemServiceClient(s.inside)),
	); err != nil {
		return nil, err
	}
	return &web{Server: s, gateway: gateway, marshaler: marshaler, pages: s.pages(), origins: http.NewCrossOriginProtection()}, nil
}

// web stands before every HTTP request.
type web struct {
	*Server
	gateway   *runtime.ServeMux
	marshaler runtime.Marshaler
	pages     map[string]http.HandlerFunc
	origins   *http.CrossOriginProtection
}

// ServeHTTP names the call, refuses what a web page of another site sends in its
// reader's name, and answers 304 where the caller has the answer already.
func (h *web) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		h.native.ServeHTTP(w, r)
		return
	}
	id := r.Header.Get("X-Request-Id")
	if !requestIDFits(id) {
		id = h.nextID()
		r.Header.Set("X-Request-Id", id)
	}
	header := w.Header()
	header.Set("X-Request-Id", id)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "private, no-cache")
	out := &response{ResponseWriter: w, ifNoneMatch: r.Header.Get("If-None-Match")}
	out.conditional = out.ifNoneMatch != "" && (r.Method == http.MethodGet || r.Method == http.MethodHead)
	refuse := func(code codes.Code, reason, subject, message string) {
		writeError(r.Context(), h.gateway, h.marshaler, out, r, detailed(code, reason, subject, message))
	}
	switch {
	case !ownHost(r.Host):
		refuse(codes.PermissionDenied, "FOREIGN_HOST", r.Host, "the server is for this machine only and answers to localhost and loopback addresses")
		return
	case h.origins.Check(r) != nil:
		refuse(codes.PermissionDenied, "FOREIGN_ORIGIN", r.Header.Get("Origin"), "pages of other sites may not change anything here")
		return
	case r.URL.RawQuery != "" && r.Method == http.MethodPost:
		refuse(codes.InvalidArgument, "SHAPE", r.URL.Path, "a POST takes its fields in the body, not in the query")
		return
	}
	if r.Method == http.MethodHead {
		get := *r // net/http drops the body of the answer
		get.Method = http.MethodGet
		r = &get
	}
	r.Body = http.MaxBytesReader(out, r.Body, int64(h.opts.MaxRequestBytes))
	path, ok := segments(r.URL)
	if !ok {
		refuse(codes.InvalidArgument, "SHAPE", "", "the path holds an encoded zero, which no id has")
		return
	}
	// An http.ServeMux would clean the path, and ids have two slashes in a row.
	if page := h.pages[r.URL.Path]; page != nil && r.Method == http.MethodGet {
		page(out, r)
		return
	}
	u := *r.URL
	u.Path, u.RawPath = path, ""
	split := *r
	split.URL = &u
	h.gateway.ServeHTTP(out, &split)
}

// slash stands for a slash within a segment of a path. The gateway would take an
// encoded one, which ids that are IRIs have, for the end of the segment.
const slash = "\x00"

// segments is the decoded path of u, with the slashes within its segments marked.
func segments(u *url.URL) (string, bool) {
	raw := u.EscapedPath()
	if strings.Contains(raw, "%00") {
		return "", false
	}
	if !strings.Contains(raw, "%") {
		return raw, true
	}
	parts := strings.Split(raw, "/")
	for i, part := range parts {
		plain, err := url.PathUnescape(part)
		if err != nil {
			return "", false
		}
		parts[i] = strings.ReplaceAll(plain, "/", slash)
	}
	return strings.Join(parts, "/"), true
}

// unmark gives the ids in a path their slashes back.
func unmark(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		for name, value := range params {
			params[name] = strings.ReplaceAll(value, slash, "/")
		}
		next(w, r, params)
	}
}

// ownHost reports whether a Host header is one of this machine's. A page of
// another site whose name was made to lead here (DNS rebinding) has its own.
func ownHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && ip.IsLoopback()
}

// response answers 304 in the place of an answer that the caller has.
type response struct {
	http.ResponseWriter
	ifNoneMatch string
	conditional bool
	entry       string // the entity tag of the entry that is answered, if it is one
	begun, cut  bool
}

// WriteHeader sends the status, or 304.
func (w *response) WriteHeader(code int) {
	if w.begun {
		return
	}
	w.begun = true
	h := w.Header()
	if code == http.StatusOK && w.conditional && tagged(w.ifNoneMatch, h.Get("Etag"), w.entry) {
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

// tagged reports whether If-None-Match names one of the tags (RFC 9110, section
// 13.1.2). Two tags are the same also if one of them is weak.
func tagged(header string, tags ...string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	for given := range strings.SplitSeq(header, ",") {
		given = strings.TrimPrefix(strings.TrimSpace(given), "W/")
		for _, t := range tags {
			if t != "" && given == t {
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
func writeError(ctx context.Context, mux *runtime.ServeMux, m runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	custom, _ := errors.AsType[*runtime.HTTPStatusError](err)
	if custom != nil {
		err = custom.Err
	}
	st := status.Convert(err)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok || strings.Contains(st.Message(), "http: request body too large") {
		_ = tooLarge
		st = status.Convert(detailed(codes.ResourceExhausted, "REQUEST_TOO_LARGE", "", "the body is over the server's limit; send less at once"))
	}
	st = withReason(st, r.Header.Get("X-Request-Id"))
	code := httpCode(st.Code())
	switch {
	case custom != nil:
		code = custom.HTTPStatus
	case st.Code() == codes.Aborted && r.Header.Get("If-Match") != "":
		code = http.StatusPreconditionFailed
	}
	w.Header().Del("Etag")
	runtime.DefaultHTTPErrorHandler(ctx, mux, m, w, r, &runtime.HTTPStatusError{HTTPStatus: code, Err: st.Err()})
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

// strictQuery reads a query and refuses what names no field of the request.
type strictQuery struct{}

// Parse fills m from values. filter has the fields that stand in the path.
func (strictQuery) Parse(m proto.Message, values url.Values, filter *utilities.DoubleArray) error {
	for key := range values {
		path, ok := fieldPath(m.ProtoReflect().Descriptor(), key)
		switch {
		case !ok:
			return graph.Invalid(key, "is no parameter of this call")
		case filter.HasCommonPrefix(path):
			return graph.Invalid(key, "stands in the path already")
		}
	}
	return (&runtime.DefaultQueryParser{}).Parse(m, values, filter)
}

// fieldPath is the path that a query key names, by the names of the .proto file.
func fieldPath(d protoreflect.MessageDescriptor, key string) ([]string, bool) {
	var path []string
	for name := range strings.SplitSeq(key, ".") {
		if d == nil {
			return nil, false
		}
		f := d.Fields().ByJSONName(name)
		if f == nil {
			f = d.Fields().ByTextName(name)
		}
		if f == nil {
			return nil, false
		}
		path = append(path, string(f.Name()))
		d = f.Message()
	}
	return path, true
}
