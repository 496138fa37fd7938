package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/server"
)

// defaultListen is the address of a server when nothing names one.
const defaultListen = "127.0.0.1:8080"

// listening is what cairn serve --json prints once it answers.
type listening struct {
	Address string `json:"address"`
	URL     string `json:"url"`
	Data    string `json:"data"`
}

// serveCmd is cairn serve.
func (a *app) serveCmd() *cobra.Command {
	var listen, warm string
	var accessLog bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer over gRPC and REST",
		Long: `Serves the data file over gRPC and REST on one port, until it is interrupted. The
data file is made if there is none. Several servers may serve one graph in Neo4j:
each answers from its own memory and follows what the others write. Nothing asks callers who they are, so only
loopback addresses are taken. One server serves one organization.`,
		Args: exactly(0, ""),
	}
	a.dataFlag(cmd)
	cmd.Flags().StringVar(&listen, "listen", "", "the `address` to listen on (CAIRN_LISTEN; otherwise "+defaultListen+"); port 0 is any that is free")
	cmd.Flags().StringVar(&warm, "warm", "", "of Neo4j: a `file` to start from, and without Neo4j too; it is made if there is none, and kept up to date")
	cmd.Flags().BoolVar(&accessLog, "access-log", false, "log every call")
	cmd.RunE = a.verb(func(ctx context.Context, _ []string) error {
		listen = cmp.Or(listen, a.env("CAIRN_LISTEN"), defaultListen)
		if _, port, err := net.SplitHostPort(listen); err == nil {
			if _, err := net.LookupPort("tcp", port); err != nil {
				return misused("--listen: %s: %q is no port; ports are 0 to 65535", listen, port)
			}
		}
		path, _, err := a.dataFile()
		if err != nil {
			return err
		}
		if warm != "" && !inNeo4j(path) {
			return misused("--warm is for Neo4j: %s is a data file", path)
		}
		// The address is tried first: a wrong one should not make a data file.
		l, err := server.Listen(ctx, listen)
		if errors.Is(err, graph.ErrInvalid) {
			return misused("--listen: %s", err)
		}
		if err != nil {
			return err
		}
		defer func() { _ = l.Close() }()
		stop := a.working("opening " + path)
		h, err := a.open(ctx, path, opening{file: filestore.Options{}, log: slog.New(slog.NewTextHandler(a.err, nil)), accessLog: accessLog, served: true, warm: warm})
		stop()
		if err != nil {
			return err
		}
		defer h.close()
		return a.serve(ctx, h, l, path)
	})
	return cmd
}

// serve says where it answers, and answers until ctx ends.
func (a *app) serve(ctx context.Context, h *house, l net.Listener, path string) error {
	out := listening{Address: l.Addr().String(), URL: "http://" + l.Addr().String(), Data: path}
	if a.json {
		if err := a.printValue(out); err != nil {
			return err
		}
	} else {
		a.printf("%s is served on %s\n", path, out.Address)
		a.printf("  REST   %s/v1/status, described by %s/openapi.json\n", out.URL, out.URL)
		a.printf("  gRPC   %s, with reflection and health\n", out.Address)
		a.printf("  cairn  search --server %s data\n", out.Address)
		a.say("interrupt it to stop")
	}
	if err := h.server.Serve(ctx, l); err != nil {
		return err
	}
	a.say("stopped")
	return nil
}
