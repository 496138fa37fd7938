package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// TestListen: only loopback addresses are listened on.
func TestListen(t *testing.T) {
	for _, row := range []struct {
		addr   string
		reason string
	}{
		{"127.0.0.1:0", ""},
		{"localhost:0", ""},
		{"127.8.8.8:0", ""},
		{"[::1]:0", "any"},
		{":8080", "NOT_LOOPBACK"},
		{"0.0.0.0:0", "NOT_LOOPBACK"},
		{"[::]:0", "NOT_LOOPBACK"},
		{"192.0.2.1:80", "NOT_LOOPBACK"},
		{"[::ffff:192.0.2.1]:80", "NOT_LOOPBACK"},
		{"8080", "ADDRESS"},
		{"no.such.host.invalid:80", "ADDRESS"},
		{"127.0.0.1:99999", "ADDRESS"},
	} {
		l, err := Listen(t.Context(), row.addr)
		if l != nil {
			if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
				t.Errorf("%s: listens on %s", row.addr, l.Addr())
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
		e, _ := errors.AsType[*graph.Error](err)
		switch {
		case row.reason == "any": // a machine without IPv6 refuses it
		case row.reason == "" && err != nil:
			t.Errorf("%s: %v", row.addr, err)
		case row.reason != "" && (e == nil || e.Reason != row.reason):
			t.Errorf("%s: %v, want the reason %s", row.addr, err, row.reason)
		}
	}
	taken, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	if _, err := Listen(t.Context(), taken.Addr().String()); !errors.Is(err, graph.ErrUnavailable) {
		t.Errorf("a port that is taken: %v, want %v", err, graph.ErrUnavailable)
	}
}

// TestReflection: a caller without our files finds the services.
func TestReflection(t *testing.T) {
	w := newWorld(t, "", Options{})
	stream, err := grpc_reflection_v1.NewServerReflectionClient(w.conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	got, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range got.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	for m := range methods() {
		if !slices.Contains(names, string(m.Parent().FullName())) {
			t.Errorf("%s is not among %v", m.Parent().FullName(), names)
		}
	}
	if !slices.Contains(names, "grpc.health.v1.Health") {
		t.Errorf("the health service is not among %v", names)
	}
}

// TestHealth follows the store, and tells watchers of the end.
func TestHealth(t *testing.T) {
	w := newWorld(t, "", Options{})
	health := grpc_health_v1.NewHealthClient(w.conn)
	check := func(service string) (grpc_health_v1.HealthCheckResponse_ServingStatus, codes.Code) {
		r, err := health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
		return r.GetStatus(), status.Code(err)
	}
	for _, service := range []string{"", "cairn.v1.PathwayService"} {
		if s, _ := check(service); s != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Errorf("%q is %v", service, s)
		}
	}
	if _, code := check("no.such.Service"); code != codes.NotFound {
		t.Errorf("an unknown service: %v, want %v", code, codes.NotFound)
	}
	watch, err := health.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := watch.Recv(); err != nil || r.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("the watch begins with %v, %v", r, err)
	}
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	if s, _ := check(""); s != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("without a store: %v", s)
	}
	if r, err := watch.Recv(); err != nil || r.GetStatus() != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("the watch goes on with %v, %v", r, err)
	}
	watch, err = health.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Recv(); err != nil {
		t.Fatal(err)
	}
	w.server.beginEnd()
	if _, err := watch.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end of the server the watch ends with %v, want %v", err, io.EOF)
	}
}

// TestAge: while the store is out of touch an answer tells for how long nothing
// newer could be seen, and otherwise it is of this moment.
func TestAge(t *testing.T) {
	w := newWorld(t, "", Options{})
	ago := time.Now().Add(-time.Minute)
	live, err := graph.Open(t.Context(), w.store, graph.Options{Shared: true, Now: func() time.Time { return ago }})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	s, err := New(live, Options{Now: func() graph.Instant { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	age := func() int32 {
		r, err := cairnv1.NewCatalogServiceClient(s.Client()).GetRole(t.Context(), &cairnv1.GetRoleRequest{Id: "data-analyst"})
		if err != nil {
			t.Fatal(err)
		}
		return r.GetServed().GetAgeMs()
	}
	waitFor(t, "the follower to be in touch", func() bool { return age() == 0 })
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the store to be missed", func() bool { return age() > 0 })
	if n := age(); n < 60_000 || n > 600_000 {
		t.Errorf("%d ms, want a minute", n)
	}
}

// TestUnknownCall: a call that no service has, through both kinds of connection.
func TestUnknownCall(t *testing.T) {
	w := newWorld(t, "", Options{})
	for _, conn := range []grpc.ClientConnInterface{w.conn, w.server.Client()} {
		err := conn.Invoke(t.Context(), "/cairn.v1.CatalogService/Destroy", &cairnv1.PingRequest{}, &cairnv1.PingResponse{})
		if status.Code(err) != codes.Unimplemented {
			t.Errorf("%T: %v, want %v", conn, err, codes.Unimplemented)
		}
	}
}

// TestInside: the connection without a port has the same guards, and its caller
// cannot change what the server keeps.
func TestInside(t *testing.T) {
	w := newWorld(t, "", Options{})
	inside := cairnv1.NewCatalogServiceClient(w.server.Client())
	_, err := inside.GetRole(t.Context(), &cairnv1.GetRoleRequest{})
	if r := reasonOf(status.Convert(err)); r != "SHAPE" {
		t.Errorf("an empty id: %v, want the reason SHAPE", err)
	}
	asked := &cairnv1.GetRoleRequest{Id: "data-analyst"}
	got, err := inside.GetRole(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	got.Answer = nil
	again, err := inside.GetRole(t.Context(), asked)
	if err != nil || again.GetAnswer().GetRole().GetId() != "data-analyst" || asked.GetMinRevision() != 0 {
		t.Errorf("asked again: %v, %v", again, err)
	}
}

// TestPanicOfWords: a panic while an error is put into words ends the call only.
func TestPanicOfWords(t *testing.T) {
	w := newWorld(t, "", Options{Log: slog.New(slog.DiscardHandler)})
	g, err := newGuards(w.server)
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.unary(t.Context(), &cairnv1.PingRequest{}, &grpc.UnaryServerInfo{FullMethod: cairnv1.SystemService_Ping_FullMethodName},
		func(context.Context, any) (any, error) {
			return nil, &protovalidate.ValidationError{Violations: []*protovalidate.Violation{nil}}
		})
	if st := status.Convert(err); st.Code() != codes.Internal || reasonOf(st) != "INTERNAL" {
		t.Errorf("the caller sees %v", err)
	}
}

// TestPanic: a panic is hidden from the caller, logged with its stack, and ends
// no other call.
func TestPanic(t *testing.T) {
	var logged bytes.Buffer
	w := newWorld(t, "", Options{Log: slog.New(slog.NewTextHandler(&logged, nil)), AccessLog: true})
	g, err := newGuards(w.server)
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.unary(t.Context(), &cairnv1.PingRequest{}, &grpc.UnaryServerInfo{FullMethod: cairnv1.SystemService_Ping_FullMethodName},
		func(context.Context, any) (any, error) { panic("secret") })
	st := status.Convert(err)
	if st.Code() != codes.Internal || reasonOf(st) != "INTERNAL" || strings.Contains(st.Message(), "secret") {
		t.Errorf("the caller sees %v", err)
	}
	text := logged.String()
	for _, want := range []string{"panic of a string", "serve_test.go", "method=SystemService/Ping", "code=Internal", "scope=SCOPE_SYSTEM_READ"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log has no %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "secret") {
		t.Errorf("the log has the value of the panic, which may be of a person:\n%s", text)
	}
	// The log of calls has no ids of people.
	if _, err := cairnv1.NewPeopleServiceClient(w.conn).GetPerson(t.Context(), &cairnv1.GetPersonRequest{Person: "p-01"}); err != nil {
		t.Fatal(err)
	}
	if w.end(); strings.Contains(logged.String(), "p-01") || !strings.Contains(logged.String(), "PeopleService/GetPerson") {
		t.Errorf("the log is\n%s", logged.String())
	}
}

// TestLogIsOfNobody: whatever an error was made of, the log has no names and no
// ids of people, and still tells what went wrong.
func TestLogIsOfNobody(t *testing.T) {
	var logged bytes.Buffer
	w := newWorld(t, "", Options{Log: slog.New(slog.NewTextHandler(&logged, nil))})
	g, err := newGuards(w.server)
	if err != nil {
		t.Fatal(err)
	}
	hostile := errors.New("p-01 Tobias evidence")
	var index []int
	for _, row := range []struct {
		name   string
		handle func() error
		want   string
	}{
		{"a cause", func() error { return graph.Unavailable("the disk is full", hostile) }, "the disk is full: *errors.errorString"},
		{"a subject", func() error {
			return &graph.Error{Class: graph.ErrUnavailable, Reason: "DAMAGED", Subject: "p-01", Message: "the record cannot be opened"}
		}, "DAMAGED the record cannot be opened"},
		{"a sentence", func() error { return graph.Unavailable(`the record of "p-01" is torn`, nil) }, "the record of (a person) is torn"},
		{"an error of ours", func() error { return fmt.Errorf("read p-01: %w", hostile) }, "*fmt.wrapError: *errors.errorString"},
		{"several errors", func() error { return errors.Join(hostile, io.ErrUnexpectedEOF) }, "unexpected EOF"},
		{"a file", func() error {
			return graph.Unavailable("the file cannot be read", &fs.PathError{Op: "read", Path: "/data/cairn.db", Err: syscall.EIO})
		}, "read /data/cairn.db: input/output error"},
		{"a panic", func() error { panic("p-01 Tobias") }, "panic of a string"},
		{"a panic with an error", func() error { panic(hostile) }, "panic of a *errors.errorString"},
		{"a bug", func() error { _ = index[len(t.Name())]; return nil }, "panic: runtime error: index out of range [17] with length 0"},
	} {
		logged.Reset()
		_, err := g.unary(t.Context(), &cairnv1.PingRequest{}, &grpc.UnaryServerInfo{FullMethod: cairnv1.SystemService_Ping_FullMethodName},
			func(context.Context, any) (any, error) { return nil, row.handle() })
		if err == nil {
			t.Errorf("%s: no error", row.name)
		}
		text := logged.String()
		for _, never := range []string{"p-01", "Tobias", "evidence"} {
			if strings.Contains(text, never) {
				t.Errorf("%s: the log has %q:\n%s", row.name, never, text)
			}
		}
		if !strings.Contains(text, row.want) || !strings.Contains(text, "request=") || !strings.Contains(text, "method=SystemService/Ping") {
			t.Errorf("%s: the log has not %q and the call:\n%s", row.name, row.want, text)
		}
	}
}

// TestCallLimit: a call without a deadline has the server's, and a caller's own
// deadline is kept.
func TestCallLimit(t *testing.T) {
	full := newWorld(t, "", Options{})
	full.end()
	w := newWorld(t, full.path, Options{CallLimit: time.Nanosecond})
	plan, err := cairnv1.NewPathwayServiceClient(w.server.Client()).PlanPathway(t.Context(), &cairnv1.PlanPathwayRequest{
		Person: "p-10", Goal: &cairnv1.Goal{To: &cairnv1.Goal_Role{Role: "lead-data-analyst"}},
	})
	if c := status.Code(err); c != codes.DeadlineExceeded && (c != codes.OK || !plan.GetServed().GetCutByTime()) {
		t.Errorf("%v, %v, want %v or a plan that says it was cut", err, plan.GetServed(), codes.DeadlineExceeded)
	}
	_, err = cairnv1.NewCatalogServiceClient(w.server.Client()).GetRole(t.Context(), &cairnv1.GetRoleRequest{Id: "data-analyst", MinRevision: 99})
	if st := status.Convert(err); st.Code() != codes.DeadlineExceeded || reasonOf(st) != "DEADLINE_EXCEEDED" {
		t.Errorf("waiting beyond the limit: %v, want %v", err, codes.DeadlineExceeded)
	}
}

// TestPublishWaits: who waits until somebody else has published gives up in time.
func TestPublishWaits(t *testing.T) {
	w := newWorld(t, "", Options{})
	done, err := w.server.publish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	catalog := cairnv1.NewCatalogServiceClient(w.conn)
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = catalog.ApplyCatalog(short, &cairnv1.ApplyCatalogRequest{Files: exampleFiles(t)})
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("while somebody publishes: %v, want %v", err, codes.DeadlineExceeded)
	}
	done()
	if _, err := catalog.ApplyCatalog(t.Context(), &cairnv1.ApplyCatalogRequest{Files: exampleFiles(t), DryRun: true}); status.Code(err) != codes.OK {
		t.Errorf("afterwards: %v", err)
	}
}

// TestSilentConnection: connections that say nothing, or little, hold nothing up
// and end with the server.
func TestSilentConnection(t *testing.T) {
	w := newWorld(t, "", Options{ShutdownLimit: 200 * time.Millisecond})
	addr := strings.TrimPrefix(w.url, "http://")
	var conns []net.Conn
	for _, first := range []string{"", "P", "PRI", "PRI ", "GET /healthz HTTP/1.1\r\n", "\x16\x03\x01"} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, first); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	if got := w.rest(t, "GET", "/healthz", ""); got.code != 200 {
		t.Errorf("/healthz is %d", got.code)
	}
	began := time.Now()
	w.end()
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("the end took %v", took)
	}
	for _, c := range conns {
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("a connection outlives the server")
		}
		_ = c.Close()
	}
}

// TestHugeHeaders are refused by both sides of the port.
func TestHugeHeaders(t *testing.T) {
	w := newWorld(t, "", Options{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/v1/ping", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Large", strings.Repeat("x", 2*maxHeaderBytes))
	res, err := w.web.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("REST: %d, want %d", res.StatusCode, http.StatusRequestHeaderFieldsTooLarge)
	}
}

// TestNothingStays: after Close no goroutine of the server runs.
func TestNothingStays(t *testing.T) {
	before := runtime.NumGoroutine()
	w := newWorld(t, "", Options{})
	w.rest(t, "GET", "/v1/status", "")
	w.end()
	stacks := make([]byte, 1<<20)
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(20 * time.Millisecond) // connections end a moment after they are closed
	}
	t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
}
