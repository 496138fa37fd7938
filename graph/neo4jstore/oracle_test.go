package neo4jstore_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/graphtest"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// pinned gives the snapshots of live by revision.
func pinned(live *graph.Live) func(context.Context, graph.Revision) (*graph.Snapshot, error) {
	return func(ctx context.Context, r graph.Revision) (*graph.Snapshot, error) {
		if _, err := live.At(ctx, r); err != nil {
			return nil, err
		}
		return live.Pinned(r)
	}
}

func verify(tb testing.TB, store *neo4jstore.Store, live *graph.Live, options neo4jstore.VerifyOptions) neo4jstore.Verification {
	tb.Helper()
	v, err := store.VerifyInventory(tb.Context(), pinned(live), options)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// TestVerifyExample: Cypher and Cairn give the same answers about everybody in
// the example, on several days.
func TestVerifyExample(t *testing.T) {
	server := neo4jtest.Start(t)
	store := open(t, fresh(t, server, server.URI()))
	t.Cleanup(func() { _ = store.Close() })
	live := loadExample(t, store)
	const day = 24 * 60 * 60 * 1000
	for _, at := range []graph.Instant{0, exampleDay - 700*day, exampleDay - 300*day, exampleDay + 400*day} {
		v := verify(t, store, live, neo4jstore.VerifyOptions{At: at})
		if v.People != 12 || v.Rules != 26 || v.Completions != 12*26 || v.Levels < 100 || len(v.NotAsked) > 0 || v.Revision != live.Head().Revision {
			t.Errorf("%+v", v)
		}
		for _, d := range v.Differences {
			t.Errorf("at %s: %s", v.At, d)
		}
	}
}

var worlds = flag.Int("worlds", 5, "how many random worlds TestVerifyWorlds makes")

// TestVerifyWorlds: Cypher and Cairn give the same answers in random worlds, at
// instants before, at and after the newest commit.
func TestVerifyWorlds(t *testing.T) {
	server := neo4jtest.Start(t)
	total := neo4jstore.Verification{}
	unsaid := 0
	met := make(map[bool]int)
	for seed := range *worlds {
		t.Run(fmt.Sprint("world ", seed), func(t *testing.T) {
			store := open(t, fresh(t, server, server.URI()))
			defer func() { _ = store.Close() }()
			live, err := graph.Open(t.Context(), store, graph.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer live.Close()
			d := dice{rand.New(rand.NewPCG(uint64(seed), 7))}
			publish(t, live, d.catalog(false))
			publish(t, live, d.catalog(true))
			if _, err := live.Commit(t.Context(), d.people(), graph.CommitOptions{Partial: true}); err != nil {
				t.Fatal(err)
			}
			for _, on := range []int{200, 500, 900, 1000} {
				v := verify(t, store, live, neo4jstore.VerifyOptions{At: worldDay(on)})
				t.Logf("day %d: %d rules, %d levels, %d completions, not asked %v", on, v.Rules, v.Levels, v.Completions, v.NotAsked)
				for _, d := range v.Differences {
					t.Errorf("on day %d: %s", on, d)
				}
				total.Levels += v.Levels
				total.Completions += v.Completions
				for _, n := range v.NotAsked {
					unsaid += n.Count
				}
				for _, e := range live.Head().PeopleAt(0, worldPeople) {
					p, err := live.Head().Profile(e.ID, v.At)
					if err != nil {
						t.Fatal(err)
					}
					for _, id := range live.Head().Catalog.IDs(graph.KindRole) {
						i, _ := live.Head().Catalog.Role(id)
						if r := live.Head().Catalog.CurrentRole(i, v.At); r != nil {
							met[p.Met(r.Essential)]++
						}
					}
				}
			}
		})
	}
	t.Logf("%d levels, %d completions, not asked %d; roles met %d, not met %d", total.Levels, total.Completions, unsaid, met[true], met[false])
	if total.Levels < 500**worlds || total.Completions < 100**worlds || unsaid > total.Completions || met[true] < *worlds || met[false] < *worlds {
		t.Error("the worlds are too poor to verify anything")
	}
}

// TestVerifyTeeth changes the example's graph behind Cairn's back, one thing at
// a time: each change is reported, with both answers, and nothing is once it is
// undone.
func TestVerifyTeeth(t *testing.T) {
	server := neo4jtest.Start(t)
	store := open(t, fresh(t, server, server.URI()))
	t.Cleanup(func() { _ = store.Close() })
	live := loadExample(t, store)
	expect := func(what string, some bool) {
		t.Helper()
		found := verify(t, store, live, neo4jstore.VerifyOptions{}).Differences
		if some != (len(found) > 0) {
			t.Errorf("%s: %d differences %v", what, len(found), found)
		}
		for _, d := range found {
			if d.Cairn == d.Neo4j || d.Question == "" {
				t.Errorf("%s: %q is no difference", what, d)
			}
		}
		if len(found) > 0 {
			t.Logf("%s: %s", what, found[0])
		}
	}
	expect("nothing", false)
	for _, row := range []struct{ what, change, undo string }{
		{
			"an award ends early",
			"MATCH (:Person {id: 'p-02'})-[:EARNED]->(w:Award)-[:OF]->(:Achievement {id: 'advanced-sql'}) SET w.validUntil = datetime('2026-01-01T00:00:00Z') RETURN w",
			"MATCH (:Person {id: 'p-02'})-[:EARNED]->(w:Award)-[:OF]->(:Achievement {id: 'advanced-sql'}) REMOVE w.validUntil RETURN w",
		},
		{
			"a derived award is another's",
			"MATCH (p:Person {id: 'p-01'})-[e:EARNED]->(w:Derived), (q:Person {id: 'p-12'}) DELETE e CREATE (q)-[:EARNED]->(w) RETURN w",
			"MATCH (q:Person {id: 'p-12'})-[e:EARNED]->(w:Derived), (p:Person {id: 'p-01'}) DELETE e CREATE (p)-[:EARNED]->(w) RETURN w",
		},
		{
			"a version attests less",
			"MATCH (:AchievementVersion {id: 'seo-essentials@1'})-[r:ATTESTS]->() SET r.level = 1 RETURN r",
			"MATCH (:AchievementVersion {id: 'seo-essentials@1'})-[r:ATTESTS]->() SET r.level = 2 RETURN r",
		},
		{
			"an award of a version is valid for less",
			"MATCH (v:AchievementVersion {id: 'sql-for-beginners@1'}) SET v.validMonths = 7 RETURN v",
			"MATCH (v:AchievementVersion {id: 'sql-for-beginners@1'}) SET v.validMonths = 36 RETURN v",
		},
		{
			"less is implied",
			"MATCH (:Competency {id: 'statistics'})-[r:IMPLIES]->() SET r.toLevel = 2 RETURN r",
			"MATCH (:Competency {id: 'statistics'})-[r:IMPLIES]->() SET r.toLevel = 3 RETURN r",
		},
		{
			"a claim says more",
			"MATCH (:Person {id: 'p-03'})-[:CLAIMED]->(c)-[:FOR]->(:Competency {id: 'coaching'}) SET c.level = 4 RETURN c",
			"MATCH (:Person {id: 'p-03'})-[:CLAIMED]->(c)-[:FOR]->(:Competency {id: 'coaching'}) SET c.level = 2 RETURN c",
		},
		{
			"a claim is more than declared",
			"MATCH (:Person {id: 'p-03'})-[:CLAIMED]->(c)-[:FOR]->(:Competency {id: 'coaching'}) SET c.rigor = 'assessed' RETURN c",
			"MATCH (:Person {id: 'p-03'})-[:CLAIMED]->(c)-[:FOR]->(:Competency {id: 'coaching'}) SET c.rigor = 'declared' RETURN c",
		},
		{
			"a rule asks for more of its parts",
			"MATCH (n:Requirement {node: 'two-specialties'}) SET n.k = 3 RETURN n",
			"MATCH (n:Requirement {node: 'two-specialties'}) SET n.k = 2 RETURN n",
		},
		{
			"a rule asks for more credits",
			"MATCH (n:Requirement {op: 'credits', credits: 600}) SET n.credits = 900 RETURN n",
			"MATCH (n:Requirement {op: 'credits', credits: 900}) SET n.credits = 600 RETURN n",
		},
		{
			"less of a category counts",
			"MATCH (:Requirement)-[r:AT_MOST_FROM {credits: 300}]->() SET r.credits = 100 RETURN r",
			"MATCH (:Requirement)-[r:AT_MOST_FROM {credits: 100}]->() SET r.credits = 300 RETURN r",
		},
		{
			"an achievement counts under another category",
			"MATCH (v {id: 'web-analytics-essentials@1'})-[r:IN_CATEGORY]->(), (k:Category {id: 'search'}) DELETE r CREATE (v)-[:IN_CATEGORY]->(k) RETURN v",
			"MATCH (v {id: 'web-analytics-essentials@1'})-[r:IN_CATEGORY]->(), (k:Category {id: 'measurement'}) DELETE r CREATE (v)-[:IN_CATEGORY]->(k) RETURN v",
		},
		{
			"a rule asks for another achievement",
			"MATCH (:Role {id: 'reporting-assistant'})-[:HAS_VERSION]->()-[:REQUIRES]->(n)-[r:HOLDS]->(), (a:Achievement {id: 'advanced-sql'}) DELETE r CREATE (n)-[:HOLDS]->(a) RETURN n",
			"MATCH (:Role {id: 'reporting-assistant'})-[:HAS_VERSION]->()-[:REQUIRES]->(n)-[r:HOLDS]->(), (a:Achievement {id: 'data-literacy-basics'}) DELETE r CREATE (n)-[:HOLDS]->(a) RETURN n",
		},
		{
			"a tenure is longer",
			"MATCH (n:Requirement {op: 'tenure'})-[:TENURE_IN_FAMILY]->({id: 'marketing'}) SET n.months = 60 RETURN n",
			"MATCH (n:Requirement {op: 'tenure'})-[:TENURE_IN_FAMILY]->({id: 'marketing'}) SET n.months = 24 RETURN n",
		},
		{
			"somebody began later",
			"MATCH (:Person {id: 'p-12'})-[:ASSIGNED]->(a) SET a.from = a.from + duration('P2Y') RETURN a",
			"MATCH (:Person {id: 'p-12'})-[:ASSIGNED]->(a) SET a.from = a.from - duration('P2Y') RETURN a",
		},
		{"the least rigor is another", "MATCH (s:Settings) SET s.defaultMinRigor = 'proctored' RETURN s", "MATCH (s:Settings) SET s.defaultMinRigor = 'assessed' RETURN s"},
		{
			"a role is retired",
			"MATCH (v:RoleVersion {id: 'marketing-lead@1'}) SET v.status = 'retired' RETURN v",
			"MATCH (v:RoleVersion {id: 'marketing-lead@1'}) SET v.status = 'in_force' RETURN v",
		},
		{"there is somebody more", "CREATE (p:Person:Recorded {id: 'ghost'}) RETURN p", "MATCH (p:Person {id: 'ghost'}) DETACH DELETE p RETURN 1"},
	} {
		change(t, server, row.change, nil)
		expect(row.what, true)
		change(t, server, row.undo, nil)
	}
	expect("everything undone", false)
}

// TestVerifySample: the sample is of the size and by the seed that was asked for.
func TestVerifySample(t *testing.T) {
	server := neo4jtest.Start(t)
	store := open(t, fresh(t, server, server.URI()))
	t.Cleanup(func() { _ = store.Close() })
	live := loadExample(t, store)
	const at = "MATCH (w:Award)<-[:EARNED]-(p:Person) SET w.issuedAt = datetime('2030-01-01T00:00:00Z') RETURN DISTINCT 1"
	change(t, server, at, nil) // so that everybody who has an award differs
	about := func(seed uint64) (people []graph.ID) {
		v := verify(t, store, live, neo4jstore.VerifyOptions{People: 4, Rules: 3, Seed: seed})
		if v.People != 4 || v.Rules < 1 || v.Completions != 4*v.Rules {
			t.Errorf("%+v", v)
		}
		for _, d := range v.Differences {
			people = append(people, d.Person)
		}
		return slices.Compact(people)
	}
	first, again := about(1), about(1)
	if !slices.Equal(first, again) || len(first) < 3 {
		t.Errorf("one seed asks about %v and about %v", first, again)
	}
	different := false
	for seed := range uint64(5) {
		different = different || !slices.Equal(about(seed+2), first)
	}
	if !different {
		t.Error("every seed asks about the same people")
	}
}

// TestVerifyWhileWriting: what others commit meanwhile is no difference.
func TestVerifyWhileWriting(t *testing.T) {
	server := neo4jtest.Start(t)
	options := fresh(t, server, server.URI())
	store, other := open(t, options), open(t, options)
	t.Cleanup(func() { _ = store.Close(); _ = other.Close() })
	loadExample(t, other)
	live, err := graph.Open(t.Context(), store, graph.Options{Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	writer, err := graph.Open(t.Context(), other, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	done, stop := make(chan error, 1), make(chan struct{})
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			case <-time.After(100 * time.Millisecond):
			}
			b := graph.Batch{At: exampleDay + graph.Instant(i+1)*1000, Claims: []graph.Claim{{
				Person: number("p-0", 1+i%9), Competency: "python", Level: graph.Level(1 + i%4), Rigor: graph.Assessed, By: "self", At: exampleDay - graph.Instant(i),
			}}}
			if _, err := writer.Commit(context.Background(), b, graph.CommitOptions{}); err != nil {
				done <- err
				return
			}
		}
	}()
	first := graph.Revision(0)
	for range 5 {
		v, err := store.VerifyInventory(t.Context(), pinned(live), neo4jstore.VerifyOptions{At: exampleDay})
		switch {
		case errors.Is(err, graph.ErrUnavailable) && strings.Contains(err.Error(), "others commit faster"):
			t.Log(err) // on a machine that is busy with other things
		case err != nil:
			t.Error(err)
		}
		for _, d := range v.Differences {
			t.Error(d)
		}
		if first == 0 {
			first = v.Revision
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if live.Head().Revision == first {
		t.Error("nobody wrote meanwhile")
	}
}

// TestVerifyWorld: the same in an organization of another kind, of which a sample
// is asked about.
func TestVerifyWorld(t *testing.T) {
	server := neo4jtest.Start(t)
	store := open(t, fresh(t, server, server.URI()))
	t.Cleanup(func() { _ = store.Close() })
	live, err := graph.Open(t.Context(), store, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	for b := range (graphtest.World{People: 300, Awards: 3000, Achievements: 60, Seed: 3}).Batches() {
		if _, err := live.Commit(t.Context(), b, graph.CommitOptions{Partial: true}); err != nil { // it may give an award twice
			t.Fatal(err)
		}
	}
	began := time.Now()
	v := verify(t, store, live, neo4jstore.VerifyOptions{At: exampleDay, Seed: 9})
	t.Logf("%d levels and %d completions of %d people in %v", v.Levels, v.Completions, v.People, time.Since(began))
	if v.People != 100 || v.Rules != 20 || v.Completions != 2000 || v.Levels < 2000 || len(v.NotAsked) > 0 {
		t.Errorf("%+v", v)
	}
	for _, d := range v.Differences {
		t.Error(d)
	}
}
