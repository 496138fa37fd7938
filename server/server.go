package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"google.golang.org/grpc"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// Options are the settings of [New]. The zero value is usable.
type Options struct {
	// Version and Store are what GetStatus says of the program and of the sort
	// of its store, for example "v0.1.0" and "file".
	Version, Store string
	// Now is the server's clock; nil: the machine's.
	Now func() graph.Instant
	// Log receives what went wrong inside the server, under the id of the call;
	// nil: nothing. It never receives names, evidence or the ids of people: of an
	// error that could have been made of them it has the type.
	Log *slog.Logger
	// AccessLog logs a line for every call as well. It costs about as much as a
	// small answer.
	AccessLog bool
	// CallLimit is the longest that a call without a deadline of its own may
	// take, and the longest that the body of a REST call may take to arrive; 0
	// means 30 seconds. Imports have limits of their own.
	CallLimit time.Duration
	// ImportLimit is how many imports may run at once, each of which keeps its
	// files on disk, 4 GiB at most; 0 means 2. One more is refused at once.
	ImportLimit int
	// ImportIdleLimit is the longest that an import waits for its caller to send
	// the next message or to take an answer; 0 means a minute.
	ImportIdleLimit time.Duration
	// WaitLimit is the longest that a call waits for the revision it asks for;
	// 0 means 5 seconds.
	WaitLimit time.Duration
	// MaxRequestBytes bounds one message or body; 0 means 128 MiB, which holds
	// a catalog file of the largest size that is read, in base64.
	MaxRequestBytes int
	// ShutdownLimit is how long running calls may take when serving ends; 0
	// means 10 seconds.
	ShutdownLimit time.Duration
}

// Server is the services of cairn.v1. Its methods may be called by several
// goroutines at once.
type Server struct {
	live    *graph.Live
	now     func() graph.Instant
	opts    Options
	log     *slog.Logger
	started graph.Instant
	book    atomic.Pointer[book]    // of the newest catalog asked
	counted atomic.Pointer[counted] // of the newest revision asked

	native  *grpc.Server
	inside  *inprocgrpc.Channel
	handler http.Handler
	ending  chan struct{} // closed when serving ends
	endOnce sync.Once
	ended   chan struct{} // closed by Close
	closed  sync.Once
	calls   atomic.Uint64 // numbers the calls

	// publishing holds a token while somebody publishes catalog entries, from the
	// reading of the catalog that they differ from until their commit.
	publishing chan struct{}
	imports    chan struct{} // holds a token for each import that runs
	process    string        // begins the ids of this server's calls

	awaitMu sync.Mutex     // guards the beginning of what is awaited against Close
	awaited sync.WaitGroup // what imports wait for; its goroutines end with their calls
}

// The services. Each has its methods in a file of its own.
type (
	catalogService struct {
		cairnv1.UnimplementedCatalogServiceServer
		*Server
	}
	peopleService struct {
		cairnv1.UnimplementedPeopleServiceServer
		*Server
	}
	factService struct {
		cairnv1.UnimplementedFactServiceServer
		*Server
	}
	pathwayService struct {
		cairnv1.UnimplementedPathwayServiceServer
		*Server
	}
	searchService struct {
		cairnv1.UnimplementedSearchServiceServer
		*Server
	}
	systemService struct {
		cairnv1.UnimplementedSystemServiceServer
		*Server
	}
)

// New is a server of what live has. live stays the caller's to close, after
// [Server.Close]. It compiles the rules of every request, which takes some
// hundredths of a second; an error is a fault of the program.
func New(live *graph.Live, opts Options) (*Server, error) {
	def := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	def(&opts.CallLimit, 30*time.Second)
	def(&opts.WaitLimit, 5*time.Second)
	def(&opts.ShutdownLimit, 10*time.Second)
	def(&opts.ImportIdleLimit, time.Minute)
	if opts.ImportLimit == 0 {
		opts.ImportLimit = 2
	}
	if opts.MaxRequestBytes == 0 {
		opts.MaxRequestBytes = 128 << 20
	}
	if opts.Now == nil {
		opts.Now = func() graph.Instant { return graph.InstantOf(time.Now()) }
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	s := &Server{
		live: live, now: opts.Now, opts: opts, log: opts.Log, started: opts.Now(),
		ending: make(chan struct{}), ended: make(chan struct{}),
		publishing: make(chan struct{}, 1), imports: make(chan struct{}, opts.ImportLimit), process: hex.EncodeToString(random[:]),
	}
	guards, err := newGuards(s)
	if err != nil {
		return nil, err
	}
	s.native = newNative(s, guards)
	s.register(s.native)
	s.inside = new(inprocgrpc.Channel).WithCloner(shallow{}).
		WithServerUnaryInterceptor(guards.unary).WithServerStreamInterceptor(guards.stream)
	s.register(s.inside)
	registerStanding(s)
	s.handler, err = newHandler(s)
	return s, err
}

// register offers every service of cairn.v1 at r.
func (s *Server) register(r grpc.ServiceRegistrar) {
	cairnv1.RegisterCatalogServiceServer(r, &catalogService{Server: s})
	cairnv1.RegisterPeopleServiceServer(r, &peopleService{Server: s})
	cairnv1.RegisterFactServiceServer(r, &factService{Server: s})
	cairnv1.RegisterPathwayServiceServer(r, &pathwayService{Server: s})
	cairnv1.RegisterSearchServiceServer(r, &searchService{Server: s})
	cairnv1.RegisterSystemServiceServer(r, &systemService{Server: s})
}

// Client is a connection to s within the process: the same calls through the
// same guards with the same errors, without a port. The messages it answers share
// parts with the server and are read-only. It may be used until [Server.Close].
func (s *Server) Client() grpc.ClientConnInterface { return s.inside }

// Handler serves REST, and gRPC to clients that speak it over net/http's own
// HTTP/2: for callers on this machine, by the Host header. It bounds the bytes of a
// body and the time in which they arrive; connections and headers are for the
// http.Server around it.
func (s *Server) Handler() http.Handler { return s.handler }

// Close ends what is still running, and waits for it. A call in progress is
// canceled. Closing twice is allowed.
func (s *Server) Close() {
	s.beginEnd()
	s.closed.Do(func() { close(s.ended) })
	s.native.Stop()
	s.awaitMu.Lock()   // what begins later finds that the server has ended
	s.awaitMu.Unlock() //nolint:staticcheck // nothing is in between
	s.awaited.Wait()
}

// waiting runs f, which Close waits for; it reports false once Close has begun.
func (s *Server) waiting(f func()) bool {
	s.awaitMu.Lock()
	defer s.awaitMu.Unlock()
	select {
	case <-s.ended:
		return false
	default:
	}
	s.awaited.Go(f)
	return true
}

// beginEnd tells those who ask that the server ends.
func (s *Server) beginEnd() { s.endOnce.Do(func() { close(s.ending) }) }

// bound is ctx with Options.CallLimit if ctx has no deadline of its own.
func (s *Server) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, s.opts.CallLimit)
}
