package server

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// The metadata that every door understands. Over REST they are headers.
const (
	requestIDKey   = "x-request-id"
	minRevisionKey = "cairn-min-revision"
	ifMatchKey     = "if-match"
)

// The numbers that shared fields have in every request.
const (
	minRevisionField = 20
	ifRevisionField  = 26
)

// call is what the guards know of a call. It travels in the context.
type call struct {
	id     string
	method string // without the package: /CatalogService/GetRole is CatalogService/GetRole
	rule   *cairnv1.Rule
	start  time.Time
}

type callKey struct{}

// callOf is the call that ctx belongs to; nil outside of one.
func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// guards stand before every call, whatever door it came through.
type guards struct {
	server    *Server
	validator protovalidate.Validator
	rules     map[string]*cairnv1.Rule // by full method, "/cairn.v1.CatalogService/GetRole"
}

// newGuards compiles the shape rules of every request, so that the first call
// is as quick as the others.
func newGuards(s *Server) (*guards, error) {
	g := &guards{server: s, rules: make(map[string]*cairnv1.Rule)}
	var requests []proto.Message
	for m := range methods() {
		g.rules["/"+string(m.Parent().FullName())+"/"+string(m.Name())] = ruleOf(m)
		t, err := protoregistry.GlobalTypes.FindMessageByName(m.Input().FullName())
		if err != nil {
			return nil, fmt.Errorf("request of %s: %w", m.FullName(), err)
		}
		requests = append(requests, t.New().Interface())
	}
	v, err := protovalidate.New(protovalidate.WithMessages(requests...), protovalidate.WithDisableLazy())
	if err != nil {
		return nil, fmt.Errorf("compile the shape rules: %w", err)
	}
	g.validator = v
	return g, nil
}

// methods are all RPCs of cairn.v1.
func methods() func(yield func(protoreflect.MethodDescriptor) bool) {
	return func(yield func(protoreflect.MethodDescriptor) bool) {
		protoregistry.GlobalFiles.RangeFilesByPackage("cairn.v1", func(f protoreflect.FileDescriptor) bool {
			for i := range f.Services().Len() {
				list := f.Services().Get(i).Methods()
				for j := range list.Len() {
					if !yield(list.Get(j)) {
						return false
					}
				}
			}
			return true
		})
	}
}

// ruleOf is what m says a caller needs; nil if it says nothing.
func ruleOf(m protoreflect.MethodDescriptor) *cairnv1.Rule {
	r, _ := proto.GetExtension(m.Options(), cairnv1.E_Rule).(*cairnv1.Rule)
	return r
}

// enter begins a call.
func (g *guards) enter(ctx context.Context, full string) (context.Context, *call) {
	c := &call{method: strings.TrimPrefix(full, "/cairn.v1."), rule: g.rules[full], start: time.Now()}
	if given := metadata.ValueFromIncomingContext(ctx, requestIDKey); len(given) > 0 && requestIDFits(given[0]) {
		c.id = given[0]
		_ = grpc.SetHeader(ctx, metadata.Pairs(requestIDKey, c.id)) // fails only after headers were sent
	} else {
		c.id = g.server.nextID()
	}
	return context.WithValue(ctx, callKey{}, c), c
}

// nextID names a call of this server.
func (s *Server) nextID() string {
	var buf [24]byte
	b := append(buf[:0], s.process...)
	b = append(b, '-')
	return string(strconv.AppendUint(b, s.calls.Add(1), 36))
}

// requestIDFits reports whether a caller's own id may stand in headers and logs.
func requestIDFits(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}

// unary guards a call with one request.
func (g *guards) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
	ctx, c := g.enter(ctx, info.FullMethod)
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, &panicked{p, debug.Stack()}
		}
		if err != nil {
			err = g.worded(ctx, c, err)
		}
		g.leave(ctx, c, err)
	}()
	ctx, cancel := g.server.bound(ctx)
	defer cancel()
	if m, ok := req.(proto.Message); ok && c.rule != nil {
		if err := fromHeaders(ctx, m); err != nil {
			return nil, err
		}
		if err := g.validator.Validate(m); err != nil {
			return nil, err
		}
	}
	if resp, err = handler(ctx, req); err == nil {
		err = g.server.live.Sound() // the answer may lack what could not be read
	}
	return resp, err
}

// stream guards a call with a stream; its handler receives checked messages.
func (g *guards) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	ctx, c := g.enter(ss.Context(), info.FullMethod)
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{p, debug.Stack()}
		}
		if err != nil {
			err = g.worded(ctx, c, err)
		}
		g.leave(ctx, c, err)
	}()
	return handler(srv, &guardedStream{ServerStream: ss, ctx: ctx, guards: g, checked: c.rule != nil})
}

type guardedStream struct {
	grpc.ServerStream
	ctx     context.Context //nolint:containedctx // a stream's context is the stream's
	guards  *guards
	checked bool
}

func (s *guardedStream) Context() context.Context { return s.ctx }

func (s *guardedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	if p, ok := m.(proto.Message); ok && s.checked {
		return s.guards.validator.Validate(p)
	}
	return nil
}

// worded is err as the caller sees it. A panic while an error is put into words
// ends the call and not the process.
func (g *guards) worded(ctx context.Context, c *call, err error) (out error) {
	defer func() {
		if p := recover(); p != nil {
			out = g.server.statusOf(ctx, c, &panicked{p, debug.Stack()})
		}
	}()
	return g.server.statusOf(ctx, c, err)
}

// leave ends a call.
func (g *guards) leave(ctx context.Context, c *call, err error) {
	if !g.server.opts.AccessLog {
		return
	}
	g.server.log.LogAttrs(ctx, slog.LevelInfo, "call",
		slog.String("request", c.id), slog.String("method", c.method), slog.String("scope", c.rule.GetScope().String()),
		slog.String("code", status.Code(err).String()), slog.Duration("took", time.Since(c.start)))
}

// panicked is a panic as an error: of no class, so it is logged and hidden.
type panicked struct {
	value any
	stack []byte
}

// Error is the value of the panic and where it happened.
func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// fromHeaders fills min_revision and if_revision of a request from metadata.
func fromHeaders(ctx context.Context, m proto.Message) error {
	if given := metadata.ValueFromIncomingContext(ctx, minRevisionKey); len(given) > 0 {
		least, err := strconv.ParseUint(given[0], 10, 53)
		if err != nil {
			return graph.Invalid("Cairn-Min-Revision", "must be a revision, a number below 2^53")
		}
		r := m.ProtoReflect()
		if f := r.Descriptor().Fields().ByNumber(minRevisionField); f != nil && r.Get(f).Uint() < least {
			r.Set(f, protoreflect.ValueOfUint64(least))
		}
	}
	if given := metadata.ValueFromIncomingContext(ctx, ifMatchKey); len(given) > 0 && given[0] != "*" {
		r := m.ProtoReflect()
		f := r.Descriptor().Fields().ByNumber(ifRevisionField)
		if f == nil {
			return nil
		}
		rev, err := tagRevision(given[0])
		if err != nil {
			return err
		}
		if r.Has(f) && r.Get(f).Uint() != rev {
			return graph.Invalid("If-Match", "names another revision than if_revision")
		}
		r.Set(f, protoreflect.ValueOfUint64(rev))
	}
	return nil
}

// tagRevision is the revision that an entity tag begins with.
func tagRevision(tag string) (uint64, error) {
	text, opened := strings.CutPrefix(tag, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	text, _, _ = strings.Cut(text, "-")
	rev, err := strconv.ParseUint(text, 10, 64)
	if !opened || !closed || err != nil || rev > math.MaxInt64 {
		return 0, graph.Invalid("If-Match", `must be a revision in quotes, for example "17"`)
	}
	return rev, nil
}

// unknownMethod answers calls that no service has.
func unknownMethod(any, grpc.ServerStream) error { return errUnknownMethod }
