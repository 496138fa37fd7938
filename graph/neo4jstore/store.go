package neo4jstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"github.com/cairn-skills/cairn/graph"
)

// Options say where the graph is. URI, User, Password and Keys are needed.
type Options struct {
	// URI has one of the schemes neo4j, bolt (plain), neo4j+s, bolt+s (TLS with a
	// known authority), neo4j+ssc, bolt+ssc (TLS with any certificate). With
	// neo4j the driver routes: to the leader of a cluster for writes.
	URI      string
	User     string
	Password string
	// Database names a database of the server; empty is the user's own.
	Database string
	// Keys is the path of the keys file; servers of one graph share the file.
	Keys string
	// RetryFor is for how long a transaction that failed for a passing reason is
	// tried again; zero means 15 seconds.
	RetryFor time.Duration
	// Silence is for how long Neo4j may say nothing to a statement before it
	// counts as away, also while it waits for what another server writes; zero
	// means 30 seconds.
	Silence time.Duration
	// Poll is how often Follow asks for what other servers committed; zero means
	// 20 milliseconds. What this store commits is followed at once.
	Poll time.Duration
	// Configure makes further settings of the driver, such as a private authority.
	Configure func(*config.Config)
}

func (o Options) withDefaults() Options {
	if o.RetryFor == 0 {
		o.RetryFor = 15 * time.Second
	}
	if o.Silence == 0 {
		o.Silence = 30 * time.Second
	}
	if o.Poll == 0 {
		o.Poll = 20 * time.Millisecond
	}
	return o
}

// Store is a [graph.Store] in Neo4j.
type Store struct {
	driver  neo4j.DriverWithContext
	options Options
	keys    *keys
	marks   neo4j.BookmarkManager
	closing chan struct{} // closed by Close
	shut    func() error  // closes, once

	mu     sync.Mutex     // guards what follows
	news   chan struct{}  // closed and replaced when this store committed
	closed bool           // whether calls are refused
	calls  sync.WaitGroup // running calls
}

var _ graph.Store = (*Store)(nil)

// Open opens the graph at the URI with its keys file. [Migrate] must have
// brought the graph to this package's [Schema] before.
//
// Errors are of class [graph.ErrUnavailable] and say what to do: the server
// cannot be reached or refuses the password, the graph has an older or newer
// schema or none, the keys file is missing, older, or of another graph.
func Open(ctx context.Context, options Options) (*Store, error) {
	s, err := connect(options)
	if err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, translate(ctx, s.driver.Close(context.WithoutCancel(ctx))))
	}
	return s, nil
}

func connect(options Options) (*Store, error) {
	options = options.withDefaults()
	token := neo4j.NoAuth()
	if options.User != "" {
		token = neo4j.BasicAuth(options.User, options.Password, "")
	}
	driver, err := neo4j.NewDriverWithContext(options.URI, token, func(c *config.Config) {
		c.UserAgent = "cairn"
		c.MaxTransactionRetryTime = options.RetryFor
		c.ConnectionAcquisitionTimeout = options.RetryFor
		c.SocketConnectTimeout = 5 * time.Second
		if options.Configure != nil {
			options.Configure(c)
		}
	})
	if err != nil {
		return nil, graph.Invalid("neo4j address", err.Error())
	}
	s := &Store{
		driver: driver, options: options, marks: neo4j.NewBookmarkManager(neo4j.BookmarkManagerConfig{}),
		closing: make(chan struct{}), news: make(chan struct{}),
	}
	s.shut = sync.OnceValue(s.close)
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	head, err := s.head(ctx)
	if err != nil {
		return err
	}
	s.keys, err = openKeys(s.options.Keys, head.organization, head.keysGeneration)
	return err
}

// head is what the node labeled Cairn says.
type head struct {
	revision       graph.Revision
	schema         int64
	organization   string
	keysGeneration uint64
}

// fits refuses a graph of another schema than this package's.
func (h head) fits() error {
	switch {
	case h.schema == 0:
		return unavailable("the database holds no graph of Cairn; run cairn migrate to make one", nil)
	case h.schema < Schema:
		return unavailable(fmt.Sprintf("the graph has schema version %d, older than %d; run cairn migrate", h.schema, Schema), nil)
	case h.schema > Schema:
		return unavailable(fmt.Sprintf("the graph has schema version %d, newer than %d; use a newer cairn", h.schema, Schema), nil)
	}
	return nil
}

// head reads what calls begin with, and refuses a graph that was migrated, or
// emptied, since it was opened.
func (s *Store) head(ctx context.Context) (head, error) {
	h, err := s.readHead(ctx)
	if err == nil {
		err = h.fits()
	}
	return h, err
}

// readHead reads what the graph says of itself; all is zero when there is none.
func (s *Store) readHead(ctx context.Context) (head, error) {
	rows, err := s.run(ctx, neo4j.AccessModeRead, statements["head"], nil)
	if err != nil || len(rows) == 0 {
		return head{}, err
	}
	row := rows[0].AsMap()
	revision, _ := row["revision"].(int64)
	schema, _ := row["schema"].(int64)
	organization, _ := row["organization"].(string)
	generation, _ := row["keysGeneration"].(int64)
	return head{graph.Revision(revision), schema, organization, uint64(generation)}, nil
}

// run runs one statement in a transaction of its own and returns all its rows.
func (s *Store) run(ctx context.Context, mode neo4j.AccessMode, statement string, parameters map[string]any) ([]*neo4j.Record, error) {
	rows, err := s.transact(ctx, mode, func(ctx context.Context, tx neo4j.ManagedTransaction) (any, error) {
		return collect(ctx, tx, statement, parameters)
	})
	if err != nil {
		return nil, err
	}
	return rows.([]*neo4j.Record), nil //nolint:forcetypeassert // what work returns
}

func collect(ctx context.Context, tx neo4j.ManagedTransaction, statement string, parameters map[string]any) ([]*neo4j.Record, error) {
	result, err := tx.Run(ctx, statement, parameters)
	if err != nil {
		return nil, err
	}
	return result.Collect(ctx)
}

// session is a session whose reads see what this store wrote, on any member of
// a cluster.
func (s *Store) session(ctx context.Context, mode neo4j.AccessMode) neo4j.SessionWithContext {
	return s.driver.NewSession(ctx, neo4j.SessionConfig{AccessMode: mode, DatabaseName: s.options.Database, BookmarkManager: s.marks})
}

// end gives a session back, also when the call's ctx has ended.
func (s *Store) end(session neo4j.SessionWithContext) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = session.Close(ctx) // a connection that cannot be given back is closed by the driver
}

// begin enters a call; the caller defers what it returns.
func (s *Store) begin(ctx context.Context) (context.Context, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, unavailable("the store is closed", nil)
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, unavailable("the call ended before it began", err)
	}
	s.calls.Add(1)
	return ctx, s.calls.Done, nil
}

// Head is as [graph.Store] says. Cost: one read.
func (s *Store) Head(ctx context.Context) (graph.Revision, error) {
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	h, err := s.head(ctx)
	return h.revision, err
}

// Close is as [graph.Store] says.
func (s *Store) Close() error { return s.shut() }

func (s *Store) close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	close(s.closing)
	s.calls.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return translate(ctx, s.driver.Close(ctx))
}
