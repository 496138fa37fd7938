package neo4jstore_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/timestamppb"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
	"github.com/cairn-skills/cairn/server"
)

// BenchmarkNeo4j measures a server on a real Neo4j; make bench-neo4j runs it.
// Its parts build on each other and run once each. CAIRN_BENCH_PEOPLE says how
// many people there are, with 20 awards each.
func BenchmarkNeo4j(b *testing.B) {
	people, err := strconv.Atoi(os.Getenv("CAIRN_BENCH_PEOPLE"))
	if err != nil {
		b.Skip("NOT MEASURED: Neo4j, which takes minutes; make bench-neo4j does")
	}
	m := &measured{server: neo4jtest.Start(b)}
	m.options = fresh(b, m.server, m.server.URI())
	m.options.RetryFor = time.Minute
	m.driver = m.server.Driver(b)
	b.Run("bulk", func(b *testing.B) { m.bulk(b, people) })
	b.Run("start", m.start)
	b.Run("writes", m.writes)
	b.Run("inventory", m.inventory)
	b.Run("completion", m.completion)
}

type measured struct {
	server  *neo4jtest.Server
	options neo4jstore.Options
	driver  neo4j.DriverWithContext
	badges  []graph.ID
	person  graph.ID
}

// bulk stores people with 20 awards each, and a stack of badges.
func (m *measured) bulk(b *testing.B, people int) {
	b.Helper()
	s := open(b, m.options)
	defer func() { _ = s.Close() }()
	facts := 0
	begin := time.Now()
	for x := range (graphtest.World{People: people, Awards: 20 * people, Seed: 7}).Batches() {
		for _, a := range x.Achievements {
			m.badges = append(m.badges, a.ID)
		}
		if len(x.People) > 0 {
			m.person = x.People[0].ID
		}
		if _, err := s.Commit(b.Context(), x); err != nil {
			b.Fatal(err)
		}
		facts += x.Len()
	}
	took := time.Since(begin)
	var parts []graph.Requirement
	for _, id := range m.badges[:10] {
		parts = append(parts, graph.Holds(id))
	}
	rule := graph.AtLeast(5, parts...)
	graph.NameNodes(&rule)
	stack := graph.Achievement{
		ID: "stack", Lifecycle: graph.Lifecycle{Version: 1, Status: graph.InForce, EffectiveFrom: 1}, Type: graph.MicroCredential,
		Title:  graph.NewText(graph.Translation{Lang: "en", Value: "Stack"}),
		Routes: []graph.Route{{ID: "stack", Kind: graph.ByStack, EffortMinutes: 60, Requires: &rule}},
	}
	if _, err := s.Commit(b.Context(), graph.Batch{At: 1, Achievements: []graph.Achievement{stack}}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(facts)/took.Seconds(), "facts/s")
	b.ReportMetric(took.Seconds(), "s")
	b.ReportMetric(0, "ns/op")
}

// start opens a server from Neo4j alone, and with a warm file that has
// everything.
func (m *measured) start(b *testing.B) {
	b.Helper()
	opened := func(s graph.Store) time.Duration {
		begin := time.Now()
		l, err := graph.Open(b.Context(), s, graph.Options{Shared: true})
		if err != nil {
			b.Fatal(err)
		}
		took := time.Since(begin)
		l.Close()
		return took
	}
	s := open(b, m.options)
	cold := opened(s)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "warm.cairn")
	var times []time.Duration
	for range 4 { // the first makes the file
		local, err := filestore.Open(path, filestore.Options{})
		if err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		r, err := graph.OpenReplica(b.Context(), graph.ReplicaOptions{
			Local: local, Name: path,
			Open: func(ctx context.Context) (graph.Store, error) { return neo4jstore.Open(ctx, m.options) },
		})
		if err != nil {
			b.Fatal(err)
		}
		l, err := graph.Open(b.Context(), r, graph.Options{Shared: true})
		if err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(begin))
		l.Close()
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	warm := median(times[1:])
	b.ReportMetric(cold.Seconds(), "cold-s")
	b.ReportMetric(times[0].Seconds(), "first-copy-s")
	b.ReportMetric(warm.Seconds(), "warm-s")
	b.ReportMetric(0, "ns/op")
}

// writes commits awards one after the other, and from 64 callers at once.
func (m *measured) writes(b *testing.B) {
	b.Helper()
	s := open(b, m.options)
	defer func() { _ = s.Close() }()
	l, err := graph.Open(b.Context(), s, graph.Options{Shared: true})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	var serial atomic.Int64
	write := func(ctx context.Context) error {
		n := serial.Add(1)
		at := graph.Instant(1_800_000_000_000 + n)
		_, err := l.Commit(ctx, graph.Batch{
			Key: fmt.Sprint("write ", n), At: at,
			Awards: []graph.Award{{Person: m.person, Achievement: m.badges[n%10], IssuedAt: at, Source: graph.FromAssessment}},
		}, graph.CommitOptions{})
		return err
	}
	together := func(callers, each int) float64 {
		var group sync.WaitGroup
		begin := time.Now()
		for range callers {
			group.Go(func() {
				for range each {
					if err := write(b.Context()); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
		return float64(callers*each) / time.Since(begin).Seconds()
	}
	together(1, 50) // warm
	together(64, 5)
	var one, many []float64
	for range 5 {
		one = append(one, together(1, 40))
		many = append(many, together(64, 40))
	}
	b.ReportMetric(median(one), "one-by-one/s")
	b.ReportMetric(median(many), "64-callers/s")
	b.ReportMetric(median(many)/median(one), "times")
	b.ReportMetric(0, "ns/op")
}

func median[T cmp.Ordered](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}

// serve serves the graph and returns a client.
func (m *measured) serve(b *testing.B) *grpc.ClientConn {
	b.Helper()
	s := open(b, m.options)
	l, err := graph.Open(b.Context(), s, graph.Options{Shared: true})
	if err != nil {
		b.Fatal(err)
	}
	door, err := server.New(l, server.Options{})
	if err != nil {
		b.Fatal(err)
	}
	listener, err := server.Listen(b.Context(), "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- door.Serve(ctx, listener) }()
	conn, err := grpc.NewClient("passthrough:///"+listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = conn.Close()
		cancel()
		if err := <-served; err != nil {
			b.Errorf("serve: %v", err)
		}
		door.Close()
		l.Close()
		_ = s.Close()
	})
	return conn
}

// against asks the same by Cypher and of a server of Cairn, in turns.
func (m *measured) against(b *testing.B, cypher string, parameters map[string]any, ask func(*grpc.ClientConn) error) {
	b.Helper()
	conn := m.serve(b)
	query := func() (server time.Duration, rows int) {
		result, err := neo4j.ExecuteQuery(b.Context(), m.driver, cypher, parameters, neo4j.EagerResultTransformer, neo4j.ExecuteQueryWithReadersRouting())
		if err != nil {
			b.Fatal(err)
		}
		return result.Summary.ResultAvailableAfter() + result.Summary.ResultConsumedAfter(), len(result.Records)
	}
	var theirs, inside, ours []time.Duration
	const warm, rounds = 100, 300
	for i := range warm + rounds {
		begin := time.Now()
		at, rows := query()
		took := time.Since(begin)
		if rows == 0 {
			b.Fatal("the query finds nothing")
		}
		begin = time.Now()
		if err := ask(conn); err != nil {
			b.Fatal(err)
		}
		if i >= warm {
			theirs, inside, ours = append(theirs, took), append(inside, at), append(ours, time.Since(begin))
		}
	}
	b.ReportMetric(float64(median(theirs).Microseconds()), "cypher-us")
	b.ReportMetric(float64(median(inside).Microseconds()), "cypher-in-neo4j-us")
	b.ReportMetric(float64(median(ours).Microseconds()), "cairn-us")
	b.ReportMetric(median(theirs).Seconds()/median(ours).Seconds(), "times")
	b.ReportMetric(0, "ns/op")
}

// inventory asks for the levels of one person.
func (m *measured) inventory(b *testing.B) {
	b.Helper()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m.against(b, `MATCH (:Person {id: $person})-[:EARNED]->(w:Award)-[:OF]->(:Achievement)-[:HAS_VERSION]->(v)-[t:ATTESTS]->(c:Competency)
WHERE v.version = coalesce(w.version, 1) AND w.issuedAt <= $at AND (w.validUntil IS NULL OR w.validUntil > $at)
RETURN c.id AS competency, max(t.level) AS level ORDER BY competency`,
		map[string]any{"person": string(m.person), "at": at},
		func(conn *grpc.ClientConn) error {
			_, err := cairnv1.NewPeopleServiceClient(conn).GetInventory(b.Context(), &cairnv1.GetInventoryRequest{Person: string(m.person), AsOf: timestamppb.New(at)})
			return err
		})
}

// completion asks how far one person is in the stack.
func (m *measured) completion(b *testing.B) {
	b.Helper()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m.against(b, `MATCH (:Achievement {id: 'stack'})-[:HAS_VERSION]->(:AchievementVersion)-[:HAS_ROUTE]->(:Route)-[:REQUIRES]->(r:Requirement)
MATCH (p:Person {id: $person})
MATCH (r)-[:OF]->(leaf)-[:HOLDS]->(a:Achievement)
WITH r, leaf, EXISTS { MATCH (p)-[:EARNED]->(w:Award)-[:OF]->(a) WHERE w.issuedAt <= $at AND (w.validUntil IS NULL OR w.validUntil > $at) } AS met
RETURN r.k AS of, sum(CASE WHEN met THEN 1 ELSE 0 END) AS done, collect([leaf.node, met]) AS leaves`,
		map[string]any{"person": string(m.person), "at": at},
		func(conn *grpc.ClientConn) error {
			_, err := cairnv1.NewPathwayServiceClient(conn).CompleteStack(b.Context(), &cairnv1.CompleteStackRequest{Person: string(m.person), Achievement: "stack", AsOf: timestamppb.New(at)})
			return err
		})
}
