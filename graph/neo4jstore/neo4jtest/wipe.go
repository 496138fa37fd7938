package neo4jtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"
)

// lockedServer keeps the lock on an external server until this process ends:
// go test runs several test binaries at once, and there is one database.
var lockedServer *os.File

// external is the server of CAIRN_TEST_NEO4J_URI. What it holds at the first
// contact is somebody's unless CAIRN_TEST_NEO4J_WIPE=1 says that it is not.
func external(uri string) (*Server, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return nil, fmt.Errorf("CAIRN_TEST_NEO4J_URI: %w", err)
	}
	s := &Server{uri: uri, address: u.Host, user: os.Getenv("CAIRN_TEST_NEO4J_USER"), password: os.Getenv("CAIRN_TEST_NEO4J_PASSWORD")}
	if u.Port() == "" {
		s.address = u.Hostname() + ":7687"
	}
	if s.user == "" {
		s.user = "neo4j"
	}
	name := "cairn-neo4j-" + url.PathEscape(s.address) + ".lock"
	lockedServer, err = os.OpenFile(filepath.Join(os.TempDir(), name), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a file name, escaped
	if err != nil {
		return nil, err
	}
	if err := waitLock(lockedServer); err != nil {
		return nil, err
	}
	driver, err := s.adminDriver()
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	found, err := neo4j.ExecuteQuery(ctx, driver, "MATCH (n) RETURN count(n) AS nodes", nil, neo4j.EagerResultTransformer)
	if err != nil {
		return nil, fmt.Errorf("CAIRN_TEST_NEO4J_URI: %w", err)
	}
	if n, _, _ := neo4j.GetRecordValue[int64](found.Records[0], "nodes"); n > 0 && os.Getenv("CAIRN_TEST_NEO4J_WIPE") != "1" {
		return nil, fmt.Errorf("the database of CAIRN_TEST_NEO4J_URI has %d nodes, which the tests would delete; set CAIRN_TEST_NEO4J_WIPE=1 if they may", n)
	}
	return s, nil
}

// adminDriver is the driver of Wipe.
func (s *Server) adminDriver() (neo4j.DriverWithContext, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admin == nil {
		var err error
		if s.admin, err = neo4j.NewDriverWithContext(s.URI(), neo4j.BasicAuth(s.user, s.password, ""), func(c *config.Config) {
			c.ConnectionLivenessCheckTimeout = 0 // a kill may have ended what is in the pool
		}); err != nil {
			return nil, err
		}
	}
	return s.admin, nil
}

// Empty deletes all nodes and relationships, and leaves constraints, indexes
// and the plans of statements: much faster than Wipe for what comes next.
func (s *Server) Empty(tb testing.TB) {
	tb.Helper()
	s.delete(tb, empty)
}

// Wipe empties the database: nodes and relationships, constraints, indexes. The
// two lookup indexes of an empty database stay. Most of its time goes into
// dropping the schema: where that may stay, [Server.Empty] is enough.
func (s *Server) Wipe(tb testing.TB) {
	tb.Helper()
	s.delete(tb, wipe)
}

func (s *Server) delete(tb testing.TB, what func(context.Context, neo4j.SessionWithContext) error) {
	tb.Helper()
	driver, err := s.adminDriver()
	if err != nil {
		tb.Fatal(err)
	}
	ctx := context.WithoutCancel(tb.Context()) // a cleanup may delete too
	session := driver.NewSession(ctx, neo4j.SessionConfig{})
	err = errors.Join(what(ctx, session), session.Close(ctx))
	if err != nil {
		tb.Fatalf("wipe Neo4j: %v", err)
	}
}

func empty(ctx context.Context, session neo4j.SessionWithContext) error {
	// In batches, so that a large world needs no large heap.
	result, err := session.Run(ctx, "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS", nil)
	if err != nil {
		return err
	}
	_, err = result.Consume(ctx)
	return err
}

func wipe(ctx context.Context, session neo4j.SessionWithContext) error {
	if err := empty(ctx, session); err != nil {
		return err
	}
	_, err := session.ExecuteWrite(ctx, func(tx neo4j.ManagedTransaction) (any, error) {
		if err := dropAll(ctx, tx, "SHOW CONSTRAINTS YIELD name", "DROP CONSTRAINT $name"); err != nil {
			return nil, err
		}
		return nil, dropAll(ctx, tx, "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name", "DROP INDEX $name")
	})
	return err
}

// dropAll runs drop for every name that show returns.
func dropAll(ctx context.Context, tx neo4j.ManagedTransaction, show, drop string) error {
	result, err := tx.Run(ctx, show, nil)
	if err != nil {
		return err
	}
	records, err := result.Collect(ctx)
	if err != nil {
		return err
	}
	for _, r := range records {
		name, _, err := neo4j.GetRecordValue[string](r, "name")
		if err != nil {
			return err
		}
		if _, err := tx.Run(ctx, drop, map[string]any{"name": name}); err != nil {
			return err
		}
	}
	return nil
}
