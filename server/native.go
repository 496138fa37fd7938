package server

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip" // callers may compress
	grpcproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/protobuf/proto"
)

// newNative is the gRPC server behind g.
func newNative(s *Server, g *guards) *grpc.Server {
	return grpc.NewServer(
		grpc.UnaryInterceptor(g.unary), grpc.StreamInterceptor(g.stream), grpc.UnknownServiceHandler(unknownMethod),
		grpc.MaxRecvMsgSize(s.opts.MaxRequestBytes), grpc.MaxSendMsgSize(math.MaxInt32),
		grpc.ForceServerCodecV2(codec{encoding.GetCodecV2(grpcproto.Name)}),
		grpc.MaxHeaderListSize(maxHeaderBytes), grpc.MaxConcurrentStreams(1000), grpc.ConnectionTimeout(headerLimit),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.WaitForHandlers(true), grpc.NumStreamWorkers(streamWorkers),
	)
}

// streamWorkers is how many goroutines stay to answer calls. A fresh goroutine
// for each call would grow its stack each time; beyond these there are some.
const streamWorkers = 64

// registerStanding offers what tells about the server: health and reflection.
func registerStanding(s *Server) {
	grpc_health_v1.RegisterHealthServer(s.native, &healthService{Server: s})
	reflection.Register(s.native)
}

// shallow hands messages over within the process: the message is a copy, so that
// the guards may fill its fields, and what hangs on it is shared and read-only.
type shallow struct{}

// Copy makes out a shallow copy of in.
func (shallow) Copy(out, in any) error {
	o, ok1 := out.(proto.Message)
	i, ok2 := in.(proto.Message)
	if !ok1 || !ok2 || reflect.TypeOf(o) != reflect.TypeOf(i) {
		return fmt.Errorf("copy of %T into %T", in, out)
	}
	proto.Reset(o)
	to := o.ProtoReflect()
	i.ProtoReflect().Range(func(f protoField, v protoValue) bool {
		to.Set(f, v)
		return true
	})
	to.SetUnknown(i.ProtoReflect().GetUnknown())
	return nil
}

// Clone is a shallow copy of in.
func (c shallow) Clone(in any) (any, error) {
	m, ok := in.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("copy of %T", in)
	}
	out := m.ProtoReflect().New().Interface()
	return out, c.Copy(out, in)
}

// healthService follows [graph.Live.Health].
type healthService struct {
	grpc_health_v1.UnimplementedHealthServer
	*Server
}

// healthEvery is how often a watcher of the health is told of a change at least.
const healthEvery = time.Second

// Check says whether the server can answer. Only the whole server has a health.
func (h *healthService) Check(ctx context.Context, req *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	if !knownService(req.GetService()) {
		return nil, errUnknownService
	}
	return &grpc_health_v1.HealthCheckResponse{Status: h.health(ctx)}, nil
}

// Watch tells the health, and each change of it.
func (h *healthService) Watch(req *grpc_health_v1.HealthCheckRequest, stream grpc_health_v1.Health_WatchServer) error {
	last := grpc_health_v1.HealthCheckResponse_UNKNOWN
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		is := grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN
		if knownService(req.GetService()) {
			is = h.health(stream.Context())
		}
		if is != last {
			if err := stream.Send(&grpc_health_v1.HealthCheckResponse{Status: is}); err != nil {
				return err
			}
			last = is
		}
		select {
		case <-tick.C:
		case <-stream.Context().Done():
			return stream.Context().Err()
		case <-h.ending:
			if last == grpc_health_v1.HealthCheckResponse_NOT_SERVING {
				return nil
			}
			return stream.Send(&grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING})
		}
	}
}

func (h *healthService) health(ctx context.Context) grpc_health_v1.HealthCheckResponse_ServingStatus {
	if h.ready(ctx) != nil {
		return grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	return grpc_health_v1.HealthCheckResponse_SERVING
}

// knownService reports whether a name is that of a service, or empty: the server.
func knownService(name string) bool {
	if name == "" {
		return true
	}
	for m := range methods() {
		if string(m.Parent().FullName()) == name {
			return true
		}
	}
	return false
}
