package server

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

type (
	protoField = protoreflect.FieldDescriptor
	protoValue = protoreflect.Value
)

// web stands before every HTTP request.
type web struct {
	*Server
	gateway *runtime.ServeMux
	pages   map[string]http.HandlerFunc
	routes  []route
	origins *http.CrossOriginProtection
}

// newHandler is REST: the gateway over the connection within the process, so
// that both doors have the same guards.
func newHandler(s *Server) (http.Handler, error) {
	h := &web{Server: s, pages: s.pages(), routes: routes(), origins: http.NewCrossOriginProtection()}
	h.gateway = runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, &jsonText{}), runtime.WithWriteContentLength(),
		runtime.WithUnescapingMode(runtime.UnescapingModeLegacy), runtime.WithMiddlewares(h.check),
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
		runtime.WithErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
			h.writeError(w, r, err)
		}),
		runtime.WithRoutingErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, _ int) {
			h.writeNoRoute(w, r)
		}),
	)
	ctx := context.Background()
	return h, errors.Join(
		cairnv1.RegisterCatalogServiceHandlerClient(ctx, h.gateway, cairnv1.NewCatalogServiceClient(s.inside)),
		cairnv1.RegisterPeopleServiceHandlerClient(ctx, h.gateway, cairnv1.NewPeopleServiceClient(s.inside)),
		cairnv1.RegisterFactServiceHandlerClient(ctx, h.gateway, cairnv1.NewFactServiceClient(s.inside)),
		cairnv1.RegisterPathwayServiceHandlerClient(ctx, h.gateway, cairnv1.NewPathwayServiceClient(s.inside)),
		cairnv1.RegisterSearchServiceHandlerClient(ctx, h.gateway, cairnv1.NewSearchServiceClient(s.inside)),
		cairnv1.RegisterSystemServiceHandlerClient(ctx, h.gateway, cairnv1.NewSystemServiceClient(s.inside)),
	)
}

// ServeHTTP names the call, refuses what a web page of another site sends in its
// reader's name, and answers 304 where the caller has the answer already. The
// body of a request has Options.CallLimit to arrive.
func (h *web) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	foreign := h.foreign(r)
	if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") && foreign == nil {
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
	out := &response{ResponseWriter: w}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		out.ifNoneMatch = r.Header.Values("If-None-Match")
	}
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		err := &panicked{p, debug.Stack()}
		if !out.begun {
			h.writeError(out, r, err)
			return
		}
		_ = h.statusOf(r.Context(), &call{id: id, method: "rest"}, err) // for the log
		panic(http.ErrAbortHandler)                                     // so that half an answer is not taken for a whole one
	}()
	if foreign != nil {
		h.writeError(out, r, foreign)
		return
	}
	if r.Method == http.MethodHead {
		get := *r // net/http drops the body of the answer
		get.Method = http.MethodGet
		r = &get
	}
	// An http.ServeMux would clean the path, and ids have two slashes in a row.
	if page := h.pages[r.URL.Path]; page != nil && r.Method == http.MethodGet {
		page(out, r)
		return
	}
	path, err := segments(r.URL)
	if err == nil {
		r.Form, err = queryOf(r.URL.RawQuery)
	}
	if err != nil {
		h.writeError(out, r, err)
		return
	}
	if r.Body != http.NoBody {
		r.Body = h.newBody(out, r.Body)
	}
	u := *r.URL
	u.Path, u.RawPath = path, ""
	split := *r
	split.URL = &u
	h.gateway.ServeHTTP(out, &split)
}

// foreign is why r is not for this server, or not of its caller's will; nil if
// it is both.
func (h *web) foreign(r *http.Request) error {
	if !ownHost(r.Host) {
		return &graph.Error{
			Class: errForeign, Reason: "FOREIGN_HOST", Subject: r.Host,
			Message: "the server is for this machine only and answers to localhost and loopback addresses",
		}
	}
	if h.origins.Check(r) != nil {
		return &graph.Error{
			Class: errForeign, Reason: "FOREIGN_ORIGIN", Subject: r.Header.Get("Origin"),
			Message: "pages of other sites may not change anything here",
		}
	}
	return nil
}

// route is a path of a call.
type route struct {
	method  string
	path    *regexp.Regexp
	pattern string // as the gateway writes it
	input   protoreflect.MessageDescriptor
}

// routes are the paths of all calls.
func routes() []route {
	var out []route
	for m := range methods() {
		rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
		for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
			method, path := http.MethodGet, r.GetGet()
			if path == "" {
				method, path = http.MethodPost, r.GetPost()
			}
			if path == "" {
				continue // a stream
			}
			x := route{method: method, pattern: strings.ReplaceAll(path, "}", "=*}"), input: m.Input()}
			x.path = regexp.MustCompile("^" + variable.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$")
			out = append(out, x)
		}
	}
	return out
}

// variable is a part of a quoted path that an id takes the place of.
var variable = regexp.MustCompile(`\\\{[a-z_]+\\\}`)

// check refuses what is no request of the call whose path was found, before the
// gateway reads it, and gives the ids in the path their slashes back.
func (h *web) check(next runtime.HandlerFunc) runtime.HandlerFunc {
	var of atomic.Pointer[route] // next serves one path, which a request tells
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		at := of.Load()
		if at == nil {
			pattern, _ := runtime.HTTPPattern(r.Context())
			at = h.route(r.Method, pattern.String())
			of.Store(at)
		}
		if slices.Contains(slices.Collect(maps.Values(params)), "") {
			h.writeNoRoute(w, r) // a path that ends with a slash
			return
		}
		for name, value := range params {
			params[name] = strings.ReplaceAll(value, slash, "/")
		}
		if err := at.check(r, params); err != nil {
			h.writeError(w, r, err)
			return
		}
		next(w, r, params)
	}
}

// route is that of a pattern. Every pattern of the gateway has one.
func (h *web) route(method, pattern string) *route {
	i := slices.IndexFunc(h.routes, func(x route) bool { return x.method == method && x.pattern == pattern })
	return &h.routes[i]
}

// writeNoRoute says that no call has the path, or not with the method.
func (h *web) writeNoRoute(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	if h.pages[r.URL.Path] != nil {
		allowed = append(allowed, http.MethodGet)
	}
	for i := range h.routes {
		if h.routes[i].path.MatchString(r.URL.Path) {
			allowed = append(allowed, h.routes[i].method)
		}
	}
	if slices.Contains(allowed, http.MethodGet) {
		allowed = append(allowed, http.MethodHead)
	}
	if len(allowed) == 0 || slices.Contains(allowed, r.Method) {
		h.writeError(w, r, &graph.Error{
			Class: graph.ErrNotFound, Reason: "NO_SUCH_PATH", Subject: strings.ReplaceAll(r.URL.Path, slash, "/"),
			Message: "nothing is at this path; GET /openapi.json lists what is",
		})
		return
	}
	slices.Sort(allowed)
	w.Header().Set("Allow", strings.Join(slices.Compact(allowed), ", "))
	h.writeError(w, r, &graph.Error{
		Class: errUnknownMethod, Reason: "METHOD_NOT_ALLOWED", Subject: r.Method,
		Message: "the path does not take this method; it takes " + w.Header().Get("Allow"),
	})
}

// slash stands for a slash within a segment of a path. The gateway would take an
// encoded one, which ids that are IRIs have, for the end of the segment.
const slash = "\x00"

// segments is the decoded path of u, with the slashes within its segments marked.
// Errors: graph.ErrInvalid for bytes that no id has.
func segments(u *url.URL) (string, error) {
	raw := u.EscapedPath()
	if !utf8.ValidString(u.Path) || strings.Contains(u.Path, "\x00") {
		return "", shapeError("", "the path must be UTF-8 without zeros, encoded as encodeURIComponent does it")
	}
	if !strings.Contains(raw, "%") {
		return raw, nil
	}
	parts := strings.Split(raw, "/")
	for i, part := range parts {
		plain, err := url.PathUnescape(part)
		if err != nil {
			return "", shapeError("", "the path must be encoded as encodeURIComponent does it")
		}
		parts[i] = strings.ReplaceAll(plain, "/", slash)
	}
	return strings.Join(parts, "/"), nil
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
