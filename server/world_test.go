package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/cairn-skills/cairn/docs/examples"
	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
)

// noon is when the tests take place.
var noon = graph.InstantOf(time.Date(2026, 10, 15, 12, 0, 0, 0, time.UTC))

// world is a server of the example on a real port, with its store.
type world struct {
	path   string
	store  *filestore.Store
	live   *graph.Live
	server *Server
	url    string
	conn   *grpc.ClientConn
	web    *http.Client
	end    func()
}

// newWorld serves the store at path, or the example in a store of its own when
// path is empty. It ends with tb.
func newWorld(tb testing.TB, path string, opts Options) *world {
	tb.Helper()
	w := &world{path: path, web: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
	fill := path == ""
	if fill {
		w.path = filepath.Join(tb.TempDir(), "example.cairn")
	}
	var err error
	if w.store, err = filestore.Open(w.path, filestore.Options{NoSync: true}); err != nil {
		tb.Fatal(err)
	}
	if w.live, err = graph.Open(tb.Context(), w.store, graph.Options{}); err != nil {
		tb.Fatal(err)
	}
	if opts.Now == nil {
		opts.Now = func() graph.Instant { return noon }
	}
	if w.server, err = New(w.live, opts); err != nil {
		tb.Fatal(err)
	}
	l, err := Listen(tb.Context(), "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- w.server.Serve(ctx, l) }()
	w.url = "http://" + l.Addr().String()
	w.conn = dial(tb, l.Addr())
	w.end = sync.OnceFunc(func() {
		_ = w.conn.Close()
		w.web.CloseIdleConnections()
		cancel()
		if err := <-served; err != nil {
			tb.Errorf("serve: %v", err)
		}
		w.server.Close()
		w.live.Close()
		if err := w.store.Close(); err != nil {
			tb.Errorf("close the store: %v", err)
		}
	})
	tb.Cleanup(w.end)
	if fill {
		w.fill(tb)
	}
	return w
}

func dial(tb testing.TB, addr net.Addr) *grpc.ClientConn {
	tb.Helper()
	conn, err := grpc.NewClient("passthrough:///"+addr.String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	return conn
}

// exampleFiles are the catalog files of the example.
func exampleFiles(tb testing.TB) []*cairnv1.SourceFile {
	tb.Helper()
	files, err := exchange.CatalogFilesIn(examples.Catalog())
	if err != nil {
		tb.Fatal(err)
	}
	var out []*cairnv1.SourceFile
	for _, f := range files {
		out = append(out, &cairnv1.SourceFile{Name: f.Name, Content: f.Content})
	}
	return out
}

// fill applies the example's catalog and records its people.
func (w *world) fill(tb testing.TB) {
	tb.Helper()
	applied, err := cairnv1.NewCatalogServiceClient(w.conn).ApplyCatalog(tb.Context(), &cairnv1.ApplyCatalogRequest{Files: exampleFiles(tb)})
	if err != nil {
		tb.Fatalf("apply the example: %v", err)
	}
	if !applied.GetAnswer().GetCommitted() {
		tb.Fatal("the example was not committed")
	}
	batch := graph.Batch{At: noon}
	known := make(map[graph.ID]bool)
	for _, table := range []struct {
		name string
		text []byte
	}{{"people.csv", examples.People}, {"awards.csv", examples.Awards}, {"claims.csv", examples.Claims}} {
		_, err := exchange.DecodeTable(tb.Context(), table.name, bytes.NewReader(table.text), exchange.TableOptions{}, func(rows []exchange.Row) error {
			for _, r := range rows {
				if len(r.Refused) > 0 {
					tb.Errorf("%s:%d is refused: %v", r.File, r.Line, r.Refused)
					continue
				}
				if !known[r.Person] {
					batch.People = append(batch.People, graph.Person{ID: r.Person})
					known[r.Person] = true
				}
				if r.Assignment != nil {
					batch.Assignments = append(batch.Assignments, *r.Assignment)
				}
				if r.Award != nil {
					batch.Awards = append(batch.Awards, *r.Award)
				}
				if r.Claim != nil {
					batch.Claims = append(batch.Claims, *r.Claim)
				}
				if r.Personal != nil {
					batch.Personal = append(batch.Personal, *r.Personal)
				}
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if _, err := w.live.Commit(tb.Context(), batch, graph.CommitOptions{}); err != nil {
		tb.Fatal(err)
	}
}

// reply is what REST answered.
type reply struct {
	code   int
	header http.Header
	body   []byte
}

// rest asks over HTTP; body is the text of a POST, header are pairs.
func (w *world) rest(tb testing.TB, method, path, body string, header ...string) reply {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	if body == "" {
		req.Body, req.ContentLength = nil, 0
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	res, err := w.web.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, text}
}

// into reads the body of r as m.
func (r reply) into(tb testing.TB, m proto.Message) {
	tb.Helper()
	if err := protojson.Unmarshal(r.body, m); err != nil {
		tb.Fatalf("%s: %v", r.body, err)
	}
}

// problem is the error in r.
type problem struct {
	Code    int
	Message string
	Details []detail
}

// detail is what an error tells besides.
type detail struct {
	Type            string `json:"@type"`
	Reason          string
	Domain          string
	Metadata        map[string]string
	RequestID       string `json:"requestId"`
	FieldViolations []violation
	Problems        []struct {
		Code, File   string
		Line, Column int
	}
}

// violation is what is wrong with a field.
type violation struct{ Field, Description string }

func (r reply) problem(tb testing.TB) problem {
	tb.Helper()
	var p problem
	if err := json.Unmarshal(r.body, &p); err != nil {
		tb.Fatalf("%s: %v", r.body, err)
	}
	return p
}

// subject is what an error says that it is about.
func (p problem) subject() string {
	for _, d := range p.Details {
		if d.Reason != "" && d.Domain != "" {
			return d.Metadata["subject"]
		}
	}
	return ""
}

func (p problem) reason() string {
	for _, d := range p.Details {
		if d.Reason != "" && d.Domain != "" {
			return d.Reason
		}
	}
	return ""
}
