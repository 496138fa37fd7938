package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/cairn-skills/cairn/graph"
)

const (
	// headerLimit is how long a connection may take to begin: ten seconds are
	// many round trips on any line, and bound what idle connections hold.
	headerLimit = 10 * time.Second
	// idleBytes is memory that is held and never touched while serving, so that no
	// page of it is real. The collector runs when the heap has doubled: a small
	// organization has a heap of a few megabytes, which calls would double many
	// times a second. With it a fifth less time goes into the same calls.
	idleBytes = 64 << 20
	// maxHeaderBytes bounds the headers of a call; net/http's own limit is a
	// megabyte, and ours have a few hundred bytes.
	maxHeaderBytes = 64 << 10
)

// Listen listens on addr, a host and a port. Port 0 is any that is free.
//
// Errors: [graph.ErrInvalid] for every address that is not a loopback address
// of this machine, because whoever reaches the port may do everything;
// [graph.ErrUnavailable] when the port is taken.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, &graph.Error{Class: graph.ErrInvalid, Reason: "ADDRESS", Subject: addr, Message: "is not an address such as 127.0.0.1:8080"}
	}
	var ips []net.IPAddr
	if host != "" {
		ips, err = net.DefaultResolver.LookupIPAddr(ctx, host)
	}
	if err != nil {
		return nil, &graph.Error{Class: graph.ErrInvalid, Reason: "ADDRESS", Subject: addr, Message: "has a host without an address", Cause: err}
	}
	for _, ip := range ips {
		if !ip.IP.IsLoopback() {
			ips = nil
		}
	}
	if len(ips) == 0 {
		return nil, &graph.Error{
			Class: graph.ErrInvalid, Reason: "NOT_LOOPBACK", Subject: addr,
			Message: "is reached from other machines, and nothing asks callers who they are; listen on a loopback address such as 127.0.0.1:8080",
		}
	}
	// The address that was checked is the one that is listened on.
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(ips[0].String(), port))
	if err != nil {
		return nil, &graph.Error{Class: graph.ErrUnavailable, Reason: "ADDRESS", Subject: addr, Message: "cannot be listened on", Cause: err}
	}
	return l, nil
}

// Serve answers at l until ctx ends or [Server.Close], then lets running calls
// finish for up to Options.ShutdownLimit and returns nil. It closes l. A Server
// serves once. It holds 64 MiB of address space of which no page is real.
// Errors: that of l, when connections can no longer be accepted.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	idle := make([]byte, idleBytes)
	defer runtime.KeepAlive(idle)
	split := newSplitter(l, headerLimit)
	web := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: headerLimit, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	var running sync.WaitGroup
	failed := make(chan error, 3)
	run := func(serve func() error) {
		running.Go(func() { failed <- serve() })
	}
	run(split.run)
	run(func() error { return s.native.Serve(split.native) })
	run(func() error { return web.Serve(split.web) })
	var err error
	select {
	case <-ctx.Done():
	case <-s.ended:
	case err = <-failed:
	}
	s.beginEnd()
	// Accept no more, then let what runs finish.
	_ = split.Close()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.ShutdownLimit)
	defer cancel()
	defer context.AfterFunc(limit, split.drop)()
	var ending sync.WaitGroup
	ending.Go(func() {
		if web.Shutdown(limit) != nil {
			_ = web.Close()
		}
	})
	ending.Go(func() { stopWithin(limit, s.native) })
	ending.Wait()
	running.Wait()
	if ended(err) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", l.Addr(), err)
}

// ended reports whether err is how a server ends that was told to.
func ended(err error) bool {
	return err == nil || errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) || errors.Is(err, grpc.ErrServerStopped)
}

// stopWithin lets the calls of g finish until ctx ends, and then cancels them.
func stopWithin(ctx context.Context, g *grpc.Server) {
	gone := make(chan struct{})
	go func() {
		g.GracefulStop()
		close(gone)
	}()
	select {
	case <-gone:
	case <-ctx.Done():
		g.Stop()
		<-gone
	}
}
