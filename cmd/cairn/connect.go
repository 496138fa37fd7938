package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/server"
)

// defaultData is the data file when nothing names one.
const defaultData = "cairn.db"

// maxMessage bounds a message to or from a server: the server's own limit.
const maxMessage = 128 << 20

// where is where a verb asks: the flags that say so.
type where struct {
	server   string
	data     string
	catalog  string
	holdings []string
	login    login  // of a data file in Neo4j
	asOf     moment // when what is held without a date is taken to be issued
}

// access is what a verb does with a data file.
type access uint8

const (
	reads  access = iota // it must be there
	tries                // it is read if it is there; otherwise the store is empty
	writes               // it is made if it is not there
)

// asksFlags are the flags of a verb that asks a server or a data file.
func (a *app) asksFlags(cmd *cobra.Command) {
	a.dataFlag(cmd)
	cmd.Flags().StringVar(&a.where.server, "server", "", "ask the server at this `address`, for example 127.0.0.1:8080 (CAIRN_SERVER)")
	cmd.MarkFlagsMutuallyExclusive("server", "data")
}

// dataFlag is the flag of a verb that works on a data file.
func (a *app) dataFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.where.data, "data", "", "the data `file`, or an address of Neo4j such as neo4j://127.0.0.1:7687 (CAIRN_DATA; otherwise "+defaultData+")")
	a.neo4jFlags(cmd)
}

// filesFlags are the further flags of a verb that can be asked straight from
// files.
func (a *app) filesFlags(cmd *cobra.Command) {
	a.asksFlags(cmd)
	cmd.Flags().StringVar(&a.where.catalog, "catalog", "", "ask the catalog in this `folder` instead of a data file")
	suggests(cmd, "catalog", folders)
	cmd.Flags().StringArrayVar(&a.where.holdings, "holdings", nil, "with --catalog: a `file` of people, awards or claims; may be repeated")
	cmd.MarkFlagsMutuallyExclusive("server", "data", "catalog")
	cmd.MarkFlagsMutuallyExclusive("server", "holdings")
	cmd.MarkFlagsMutuallyExclusive("data", "holdings")
}

// together is the error of cobra for flags that exclude each other, in words.
func together(err error) error {
	_, flags, ok := strings.Cut(err.Error(), "none of the others can be; [")
	flags, _, cut := strings.Cut(flags, "]")
	if !ok || !cut {
		return err
	}
	return misused("--%s cannot be given together", strings.ReplaceAll(flags, " ", " and --"))
}

// client is a connection to the API.
type client struct {
	catalog cairnv1.CatalogServiceClient
	people  cairnv1.PeopleServiceClient
	facts   cairnv1.FactServiceClient
	pathway cairnv1.PathwayServiceClient
	search  cairnv1.SearchServiceClient
	system  cairnv1.SystemServiceClient
	closers []func()
}

func newClient(conn grpc.ClientConnInterface, closers ...func()) *client {
	return &client{
		catalog: cairnv1.NewCatalogServiceClient(conn),
		people:  cairnv1.NewPeopleServiceClient(conn),
		facts:   cairnv1.NewFactServiceClient(conn),
		pathway: cairnv1.NewPathwayServiceClient(conn),
		search:  cairnv1.NewSearchServiceClient(conn),
		system:  cairnv1.NewSystemServiceClient(conn),
		closers: closers,
	}
}

// close ends the connection, last opened first.
func (c *client) close() {
	for _, end := range slices.Backward(c.closers) {
		end()
	}
}

// connect opens what the flags and the environment name, and reads in which zone
// its days begin if they are to be shown.
func (a *app) connect(ctx context.Context, need access) (*client, error) {
	c, err := a.pick(ctx, need)
	if err != nil || a.json {
		return c, err
	}
	if err := a.readZone(ctx, c); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// pick opens what is named. A flag goes before the environment, and a server
// named there before a data file.
func (a *app) pick(ctx context.Context, need access) (*client, error) {
	switch {
	case a.where.catalog != "":
		return a.connectFiles(ctx)
	case len(a.where.holdings) > 0:
		return nil, misused("--holdings needs --catalog").hinted("what a data file has comes by cairn import")
	case a.servedAt() != "":
		return dial(a.servedAt())
	}
	return a.connectData(ctx, need)
}

// servedAt is the address of the server to ask; empty: a data file is asked.
func (a *app) servedAt() string {
	if a.where.server != "" || a.where.data != "" {
		return a.where.server
	}
	return a.env("CAIRN_SERVER")
}

// exists reports whether something is at path.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// dial connects to a server.
func dial(addr string) (*client, error) {
	host, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil || host == "" {
		return nil, misused("--server: %q is not an address such as 127.0.0.1:8080", addr)
	}
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(reach),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		return nil, err
	}
	return newClient(conn, func() { _ = conn.Close() }), nil
}

// reach connects to addr.
// Errors: in words, without quotes, since gRPC quotes them in its own.
func reach(ctx context.Context, addr string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err == nil {
		return conn, nil
	}
	why := "it cannot be reached"
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		why = "there is no such host"
	} else if errno, ok := errors.AsType[syscall.Errno](err); ok {
		why = errno.Error()
	} else if errors.Is(err, context.DeadlineExceeded) {
		why = "nobody answered in time"
	}
	return nil, errors.New(addr + ": " + why)
}

// dataFile is the data file or the address of Neo4j that is meant, and whether
// it was named.
func (a *app) dataFile() (name string, named bool, err error) {
	if name = cmp.Or(a.where.data, a.env("CAIRN_DATA")); name == "" {
		return defaultData, false, nil
	}
	name, err = storeName(name)
	return name, true, err
}

// errNoData is the failure of a verb that needs a data file and has none.
func errNoData(path string) error {
	return failed("%s: there is no such data file", path).
		hinted("cairn apply DIR makes one from a catalog; --data or CAIRN_DATA names another")
}

// connectData opens the data file with a server over it in this process.
func (a *app) connectData(ctx context.Context, need access) (*client, error) {
	path, named, err := a.dataFile()
	if err != nil {
		return nil, err
	}
	if need != writes && !there(path) {
		if need == reads || named {
			return nil, errNoData(path)
		}
		return a.connectThrowaway(ctx)
	}
	h, err := a.open(ctx, path, opening{file: filestore.Options{ReadOnly: need != writes}})
	if err != nil {
		return nil, err
	}
	return newClient(h.server.Client(), h.close), nil
}

// connectThrowaway is a server over an empty file that is removed by close.
func (a *app) connectThrowaway(ctx context.Context) (*client, error) {
	h, err := a.openThrowaway(ctx, opening{})
	if err != nil {
		return nil, err
	}
	return newClient(h.server.Client(), h.close), nil
}

// house is a store with a server over it.
type house struct {
	store  graph.Store
	live   *graph.Live
	server *server.Server
	remove string // the folder to remove in the end
}

// opening says how a data file is opened. The zero value is usable.
type opening struct {
	file      filestore.Options
	log       *slog.Logger // receives what goes wrong inside; nil: nothing
	accessLog bool
	served    bool   // others call it, through a port
	warm      string // of Neo4j: the file to start from; empty: none
}

// open opens a data file or a graph in Neo4j, and puts a server over it.
func (a *app) open(ctx context.Context, path string, how opening) (*house, error) {
	var store graph.Store
	var err error
	if how.warm != "" {
		store, err = a.openReplica(ctx, path, how.warm)
	} else {
		store, err = a.openStore(ctx, path, a.where.login, how.file)
	}
	if err != nil {
		return nil, err
	}
	sort, shared := "file", inNeo4j(path)
	if shared {
		sort = "neo4j"
	}
	h := &house{store: store}
	if h.live, err = graph.Open(ctx, store, graph.Options{Shared: shared}); err != nil {
		h.close()
		return nil, err
	}
	limit := time.Duration(0) // the server's own
	if !how.served {
		limit = time.Hour // who sits in front of it can stop it
	}
	h.server, err = server.New(h.live, server.Options{
		Version: version(), Store: sort, Log: how.log, AccessLog: how.accessLog,
		Now:       func() graph.Instant { return graph.InstantOf(a.now()) },
		CallLimit: limit,
	})
	if err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// openThrowaway opens an empty data file in a folder of its own, which close
// removes. It is never synced: nothing in it outlives the process.
func (a *app) openThrowaway(ctx context.Context, how opening) (*house, error) {
	dir, err := os.MkdirTemp("", "cairn-")
	if err != nil {
		return nil, err
	}
	how.file.NoSync = true
	h, err := a.open(ctx, filepath.Join(dir, defaultData), how)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	h.remove = dir
	return h, nil
}

func (h *house) close() {
	if h.server != nil {
		h.server.Close()
	}
	if h.live != nil {
		h.live.Close()
	}
	_ = h.store.Close()
	if h.remove != "" {
		_ = os.RemoveAll(h.remove)
	}
}
