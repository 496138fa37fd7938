package neo4jstore_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// kept is a store that keeps what was given to it.
type kept struct {
	graph.Store
	batches []graph.Batch
}

func (k *kept) Commit(ctx context.Context, batches ...graph.Batch) ([]graph.Revision, error) {
	k.batches = append(k.batches, batches...)
	return k.Store.Commit(ctx, batches...)
}

// walk is one statement of the walk through the graph, and what it must find.
type walk struct {
	what      string
	statement string // returns the column fact, and seen: the element ids of nodes and relationships
	want      []map[string]any
}

// TestWholeGraph walks the example's graph by hand-written Cypher: every fact
// is there with all it says, and there is no node and no relationship besides.
func TestWholeGraph(t *testing.T) {
	server := neo4jtest.Start(t)
	store := &kept{Store: open(t, fresh(t, server, server.URI()))}
	t.Cleanup(func() { _ = store.Close() })
	live := loadExample(t, store)
	driver := server.Driver(t)
	walks := slices.Concat(catalogWalks(store.batches), peopleWalks(store.batches))
	if found := differences(t, driver, walks); len(found) > 0 {
		t.Errorf("%d differences:\n%s", len(found), strings.Join(found, "\n"))
	}
	noNames(t, driver, live, store.batches)
	for _, change := range []string{
		"CREATE (x:Note {id: 'mine'}) RETURN x",
		"MATCH (c:Competency {id: 'sql'})-[r:IMPLIES {level: 2}]->() SET r.toLevel = 3 RETURN c",
		"MATCH (n:Requirement {node: 'two-specialties'})-[r:OF {order: 1}]->() SET r.order = 3 RETURN n",
		"MATCH (p:Person {id: 'p-05'}), (a:Achievement {id: 'advanced-sql'}) CREATE (p)-[:LIKES]->(a) RETURN p",
		"MATCH (w:Award)-[:OF]->(:Achievement {id: 'advanced-sql'}) WITH w LIMIT 1 DETACH DELETE w RETURN 1",
	} {
		before := len(differences(t, driver, walks))
		if n := len(ask(t, driver, change, nil).Records); n != 1 {
			t.Fatalf("%d changes by %s", n, change)
		}
		if after := len(differences(t, driver, walks)); after <= before {
			t.Errorf("nobody saw %s", change)
		}
	}
}

// differences are between what the statements return and what they must find,
// and whatever they do not see.
func differences(t *testing.T, driver neo4j.DriverWithContext, walks []walk) (out []string) {
	t.Helper()
	seen := make(map[string]bool)
	total := 0
	for _, w := range walks {
		left := make(map[string]int) // how many more of a fact are recorded than found
		for _, fact := range w.want {
			left[fmt.Sprintf("%#v", plainly(fact))]++
		}
		for _, r := range ask(t, driver, w.statement, nil).Records {
			left[fmt.Sprintf("%#v", plainly(r.Values[0]))]--
			ids, _ := r.Values[1].([]any)
			for _, id := range ids {
				seen[id.(string)] = true //nolint:forcetypeassert // element ids are strings
			}
			total++
		}
		for fact, n := range left {
			if n != 0 {
				out = append(out, fmt.Sprintf("%s: recorded %+d times more than found: %s", w.what, n, fact))
			}
		}
	}
	if total < 400 {
		t.Errorf("only %d facts and parts were compared", total)
	}
	for _, statement := range []string{
		"MATCH (n) RETURN elementId(n), labels(n), properties(n)",
		"MATCH (a)-[r]->(b) RETURN elementId(r), [labels(a)[0], type(r), labels(b)[0]], properties(r)",
	} {
		for _, r := range ask(t, driver, statement, nil).Records {
			if id := r.Values[0].(string); !seen[id] { //nolint:forcetypeassert // an element id
				out = append(out, fmt.Sprintf("left over: %v %v", r.Values[1], r.Values[2]))
			}
		}
	}
	slices.Sort(out)
	return out
}

// noNames searches everything in the graph for what is personal.
func noNames(t *testing.T, driver neo4j.DriverWithContext, live *graph.Live, batches []graph.Batch) {
	t.Helper()
	personal := make(map[string]bool)
	for _, b := range batches {
		for _, p := range b.Personal {
			for _, text := range slices.Concat([]string{p.Name}, strings.Fields(p.Name), p.Identifiers, p.Evidence) {
				personal[text] = true
			}
		}
	}
	delete(personal, "")
	if len(personal) < 80 || live.Head().Name("p-01") == "" {
		t.Fatalf("only %d personal texts were recorded", len(personal))
	}
	var all bytes.Buffer
	for _, statement := range []string{"MATCH (n) RETURN labels(n), properties(n)", "MATCH ()-[r]->() RETURN type(r), properties(r)"} {
		for _, r := range ask(t, driver, statement, nil).Records {
			for _, v := range r.Values {
				if m, ok := v.(map[string]any); ok {
					for k, x := range m {
						if b, ok := x.([]byte); ok {
							all.Write(b)
						}
						fmt.Fprintln(&all, k, x)
					}
				}
				fmt.Fprintln(&all, v)
			}
		}
	}
	find := func(word string) bool {
		return regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(word) + `\b`).Match(all.Bytes())
	}
	if !find("SQL for Beginners") || !find("sealed") {
		t.Fatal("the search finds nothing")
	}
	for text := range personal {
		if find(text) {
			t.Errorf("the graph has %q in the clear", text)
		}
	}
}

// plainly is a value without what is empty: no text, zero, no list. Instants
// are milliseconds.
func plainly(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any)
		for k, x := range v {
			if x = plainly(x); x != nil {
				out[k] = x
			}
		}
		return out
	case []any:
		var out []any
		for _, x := range v {
			out = append(out, plainly(x))
		}
		if out == nil {
			return nil
		}
		return out
	case time.Time:
		return plainly(v.UnixMilli())
	case graph.Instant:
		return plainly(int64(v))
	case graph.ID:
		return plainly(string(v))
	case graph.FactID:
		if v.IsZero() {
			return nil
		}
		return v.String()
	case int:
		return plainly(int64(v))
	case graph.Level:
		return plainly(int64(v))
	case int64:
		if v == 0 {
			return nil
		}
	case string:
		if v == "" {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	case fmt.Stringer:
		return plainly(strings.TrimPrefix(v.String(), "unspecified"))
	}
	return v
}

// list is a list of anything.
func list[T any](values []T, each func(int, T) any) []any {
	var out []any
	for i, v := range values {
		out = append(out, each(i, v))
	}
	return out
}

func ids[T ~string](values []T) []any {
	return list(values, func(_ int, v T) any { return string(v) })
}

// texts are translations, each with its language before it.
func texts(values []graph.Translation) []any {
	return list(values, func(_ int, v graph.Translation) any { return string(v.Lang) + ":" + v.Value })
}

// every is all values of a kind in all batches.
func every[T any](batches []graph.Batch, of func(*graph.Batch) []T, fact func(T) map[string]any) []map[string]any {
	var out []map[string]any
	for i := range batches {
		for _, v := range of(&batches[i]) {
			out = append(out, fact(v))
		}
	}
	return out
}

func alignments(values []graph.Alignment) []any {
	return list(values, func(_ int, a graph.Alignment) any {
		return []any{a.Type.String(), string(a.Target), a.TargetName, a.Framework}
	})
}

func lifecycle(l graph.Lifecycle, fact map[string]any) map[string]any {
	fact["version"], fact["status"], fact["from"] = l.Version, l.Status.String(), l.EffectiveFrom
	fact["grace"], fact["replaced"], fact["catalog"] = l.GraceUntil, ids(some(l.ReplacedBy)), string(l.Source.Catalog)
	if l.OnChange != graph.Grandfather {
		fact["change"] = l.OnChange.String()
	}
	return fact
}

// some is a list of the id, or of none.
func some(id graph.ID) []graph.ID {
	if id == "" {
		return nil
	}
	return []graph.ID{id}
}

// rule is the nodes of a rule tree, each with its way from the root.
func rule(of string, r *graph.Requirement) (out []map[string]any) {
	if r == nil {
		return nil
	}
	var node func(r *graph.Requirement, way string)
	node = func(r *graph.Requirement, way string) {
		bounds := func(c []graph.CategoryCredits) []any {
			return list(c, func(_ int, c graph.CategoryCredits) any { return []any{string(c.Category), c.Credits} })
		}
		fact := map[string]any{
			"of": of, "way": way, "node": r.Node, "op": r.Op.String(), "k": r.K, "credits": r.Credits,
			"over": ids(some(r.OverCategory)), "least": bounds(r.Min), "most": bounds(r.Max), "term": r.TermCredits,
			"counts": ids(some(r.TermCategory)), "holds": ids(some(r.Achievement)), "issuers": ids(r.Issuers),
			"fresh": r.FreshWithinMonths, "competency": ids(some(r.Competency)), "level": r.Level,
			"role": ids(some(r.Role)), "family": ids(some(r.Family)), "months": r.Months,
		}
		if r.Sharing != graph.Shared {
			fact["sharing"] = r.Sharing.String()
		}
		fact["rigor"] = r.MinRigor.String()
		out = append(out, fact)
		for i := range r.Of {
			node(&r.Of[i], fmt.Sprint(way, "/", i))
		}
	}
	node(r, "")
	return out
}
