package server

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// callers is how many ask at once, as the aim in docs/performance.md says.
const callers = 50

// BenchmarkDoors measures calls a second through a real port, as a ratio to the
// empty call of the same door in the same run: rounds of both alternate, so that
// what else the machine does meets both.
func BenchmarkDoors(b *testing.B) {
	w := newWorld(b, "", Options{})
	ping := w.ask(b, cairnv1.SystemService_Ping_FullMethodName, &cairnv1.PingRequest{})
	stack := &cairnv1.CompleteStackRequest{Person: "p-05", Achievement: "business-data-analyst"}
	bare := &cairnv1.CompleteStackRequest{Person: "p-05", Achievement: "business-data-analyst", OmitLabels: true}
	next := &cairnv1.RecommendNextStepsRequest{Person: "p-05", Roles: []string{"senior-data-analyst"}}
	for _, c := range []struct {
		name        string
		empty, call func(context.Context) (int, error)
	}{
		{"grpc/empty", ping, ping}, // the ratio of equals: how far the others can be trusted
		{"grpc/complete", ping, w.ask(b, cairnv1.PathwayService_CompleteStack_FullMethodName, stack)},
		{"grpc/complete-without-labels", ping, w.ask(b, cairnv1.PathwayService_CompleteStack_FullMethodName, bare)},
		{"grpc/next", ping, w.ask(b, cairnv1.PathwayService_RecommendNextSteps_FullMethodName, next)},
		{"rest/complete", w.get("/v1/ping"), w.get("/v1/people/p-05/achievements/business-data-analyst:complete")},
		{"rest/next", w.get("/v1/ping"), w.get("/v1/people/p-05/next-steps?roles=senior-data-analyst")},
	} {
		b.Run(c.name, func(b *testing.B) {
			size, err := c.call(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			const round = 1000
			var empty, asked, emptyCPU, askedCPU time.Duration
			rounds := 0
			for b.Loop() {
				cpu := processTime(b)
				empty += together(b, round, c.empty)
				between := processTime(b)
				asked += together(b, round, c.call)
				emptyCPU += between - cpu
				askedCPU += processTime(b) - between
				rounds++
			}
			n := float64(rounds * round)
			b.ReportMetric(float64(emptyCPU.Microseconds())/n, "empty-cpu-us")
			b.ReportMetric(float64(askedCPU.Microseconds())/n, "cpu-us")
			b.ReportMetric(n/asked.Seconds(), "calls/s")
			b.ReportMetric(n/empty.Seconds(), "empty-calls/s")
			b.ReportMetric(empty.Seconds()/asked.Seconds(), "of-empty")
			b.ReportMetric(float64(size), "answer-bytes")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// processTime is the processor time that the process has used, caller and server
// together. Where both fill the machine, its ratio is that of the calls.
func processTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ask makes a call whose answer arrives as bytes: what is measured is the
// server, not what a caller makes of the answer.
func (w *world) ask(b *testing.B, method string, req proto.Message) func(context.Context) (int, error) {
	b.Helper()
	text, err := proto.Marshal(req)
	if err != nil {
		b.Fatal(err)
	}
	return func(ctx context.Context) (int, error) {
		out := new(rawMessage)
		err := w.conn.Invoke(ctx, method, rawMessage(text), out, grpc.ForceCodecV2(rawCodec{}))
		return len(*out), err
	}
}

type rawMessage []byte

// rawCodec passes bytes through.
type rawCodec struct{}

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.(rawMessage))}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*rawMessage) = data.Materialize()
	return nil
}

func (rawCodec) Name() string { return "proto" }

// get asks a path over HTTP.
func (w *world) get(path string) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+path, nil)
		if err != nil {
			return 0, err
		}
		res, err := w.web.Do(req)
		if err != nil {
			return 0, err
		}
		defer func() { _ = res.Body.Close() }()
		n, err := io.Copy(io.Discard, res.Body)
		return int(n), err
	}
}

// together makes n calls by all callers at once and returns how long they took.
func together(b *testing.B, n int, call func(context.Context) (int, error)) time.Duration {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	start := time.Now()
	for range callers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := call(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// BenchmarkInside measures the calls without a port, one caller: what the guards
// and the method cost.
func BenchmarkInside(b *testing.B) {
	w := newWorld(b, "", Options{})
	g, err := newGuards(w.server)
	if err != nil {
		b.Fatal(err)
	}
	ctx := metadata.NewIncomingContext(b.Context(), metadata.MD{})
	service := &pathwayService{Server: w.server}
	for _, c := range []struct {
		name   string
		method string
		req    proto.Message
		handle grpc.UnaryHandler
	}{
		{"ping", cairnv1.SystemService_Ping_FullMethodName, &cairnv1.PingRequest{}, func(ctx context.Context, r any) (any, error) {
			return (&systemService{Server: w.server}).Ping(ctx, r.(*cairnv1.PingRequest))
		}},
		{"complete", cairnv1.PathwayService_CompleteStack_FullMethodName, &cairnv1.CompleteStackRequest{Person: "p-05", Achievement: "business-data-analyst"}, func(ctx context.Context, r any) (any, error) {
			return service.CompleteStack(ctx, r.(*cairnv1.CompleteStackRequest))
		}},
		{"next", cairnv1.PathwayService_RecommendNextSteps_FullMethodName, &cairnv1.RecommendNextStepsRequest{Person: "p-05", Roles: []string{"senior-data-analyst"}}, func(ctx context.Context, r any) (any, error) {
			return service.RecommendNextSteps(ctx, r.(*cairnv1.RecommendNextStepsRequest))
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := g.unary(ctx, c.req, &grpc.UnaryServerInfo{FullMethod: c.method}, c.handle)
				if err != nil {
					b.Fatal(err)
				}
				text, err := codec{}.Marshal(r)
				if err != nil {
					b.Fatal(err)
				}
				text.Free()
			}
		})
	}
}
