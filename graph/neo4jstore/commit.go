package neo4jstore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/seal"
)

// Commit is as [graph.Store] says. The batches are one transaction, about eight
// statements whatever their number and size.
func (s *Store) Commit(ctx context.Context, batches ...graph.Batch) ([]graph.Revision, error) {
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if len(batches) == 0 {
		return []graph.Revision{}, nil
	}
	c, err := s.prepare(batches)
	if err != nil {
		return nil, err
	}
	answer, err := s.transact(ctx, neo4j.AccessModeWrite, func(ctx context.Context, tx neo4j.ManagedTransaction) (any, error) {
		return c.attempt(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	close(s.news)
	s.news = make(chan struct{})
	s.mu.Unlock()
	return answer.([]graph.Revision), nil //nolint:forcetypeassert // what attempt returns
}

// call is one call of Commit.
type call struct {
	name           string // unique, for attempts to know each other
	batches        []graph.Batch
	facts          [][]fact
	digests        []string
	keys           []string
	keysGeneration uint64
}

// prepare makes everything that does not depend on what is stored. Keys of
// people are made here, before anything is sealed with them.
func (s *Store) prepare(batches []graph.Batch) (*call, error) {
	c := &call{name: rand.Text(), batches: batches, keys: []string{}}
	var people []graph.ID
	for i := range batches {
		b := &batches[i]
		if b.Len() == 0 && len(b.Derived) == 0 {
			return nil, graph.Invalid("batch", "is empty")
		}
		if !utf8.ValidString(b.Key) {
			return nil, graph.Invalid("key", "is not valid UTF-8")
		}
		if b.Key != "" {
			c.keys = append(c.keys, b.Key)
		}
		for _, p := range b.Personal {
			if p.Erased {
				return nil, graph.Invalid(string(p.Person), "a personal record with Erased set is never stored")
			}
			people = append(people, p.Person)
		}
	}
	var ring map[graph.ID]*seal.Key
	if len(people) > 0 {
		var err error
		if ring, c.keysGeneration, err = s.keys.provide(people); err != nil {
			return nil, err
		}
	}
	for i := range batches {
		list, err := encode(&batches[i], ring)
		if err != nil {
			return nil, err
		}
		c.facts = append(c.facts, list)
		c.digests = append(c.digests, digest(list))
	}
	return c, nil
}

// encode makes the facts of a batch.
func encode(b *graph.Batch, ring map[graph.ID]*seal.Key) ([]fact, error) {
	c := &content{Batch: *b}
	if b.Settings != nil {
		c.settings = []graph.Settings{*b.Settings}
	}
	for i := range b.Personal {
		p := &b.Personal[i]
		for _, s := range slices.Concat([]string{string(p.Person), p.Name}, p.Identifiers, p.Evidence) {
			if !utf8.ValidString(s) {
				return nil, graph.Invalid("personal record", "is not valid UTF-8")
			}
		}
		plain, err := json.Marshal(opened{p.Name, p.Identifiers, p.Evidence})
		if err != nil {
			return nil, graph.Invalid("personal record", err.Error())
		}
		ref := graph.PersonalRef{Person: p.Person, About: p.About}
		closed, err := ring[p.Person].Seal(recordID(ref), plain)
		if err != nil {
			return nil, unavailable("a personal record cannot be sealed", err)
		}
		c.sealed = append(c.sealed, sealed{p.Person, p.About, closed})
	}
	list, err := facts(c)
	if err != nil {
		return nil, graph.Invalid("batch", err.Error())
	}
	return list, nil
}

// opened is the content of a sealed record.
type opened struct {
	Name        string   `json:"name,omitempty"`
	Identifiers []string `json:"identifiers,omitempty"`
	Evidence    []string `json:"evidence,omitempty"`
}

// attempt is one transaction. It looks first for what became of those before it.
func (c *call) attempt(ctx context.Context, tx neo4j.ManagedTransaction) ([]graph.Revision, error) {
	rows, err := collect(ctx, tx, statements["begin"], map[string]any{"call": c.name, "keys": c.keys})
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, head{}.fits()
	}
	row := rows[0].AsMap()
	schema, _ := row["schema"].(int64)
	if err := (head{schema: schema}).fits(); err != nil {
		return nil, err
	}
	if stored, ok := row["answer"].([]any); ok {
		return revisions(stored), nil
	}
	revision, _ := row["revision"].(int64)
	generation, _ := row["keysGeneration"].(int64)
	stored := make(map[string]graph.Revision)
	pairs, _ := row["keys"].([]any)
	for _, p := range pairs {
		pair := p.([]any)                                          //nolint:forcetypeassert // the statement returns pairs …
		stored[pair[0].(string)] = graph.Revision(pair[1].(int64)) //nolint:forcetypeassert // … of these types
	}
	answer, fresh, err := c.judge(graph.Revision(revision), stored)
	if err != nil || len(fresh) == 0 {
		return answer, err
	}
	w := newWriter(tx)
	var commits []map[string]any
	for _, i := range fresh {
		commits = append(commits, c.commit(i, answer[i]))
		w.add(answer[i], c.facts[i])
	}
	commits[0]["call"] = c.name
	commits[0]["answer"] = plain(answer)
	if err := w.write(ctx); err != nil {
		return nil, err
	}
	_, err = collect(ctx, tx, statements["commit"], map[string]any{
		"commits": commits, "revision": int64(answer[fresh[len(fresh)-1]]),
		"keysGeneration": max(generation, int64(c.keysGeneration)),
	})
	return answer, err
}

// judge is the answer of the call, and which of its batches are to be stored.
func (c *call) judge(head graph.Revision, stored map[string]graph.Revision) (answer []graph.Revision, fresh []int, err error) {
	again := false // a batch is not stored again, so that no If fits after it
	for i := range c.batches {
		b := &c.batches[i]
		if r, ok := stored[b.Key]; ok && b.Key != "" {
			answer, again = append(answer, r), true
			continue
		}
		if b.IfSet && (again || b.If != head) {
			return nil, nil, &graph.Error{
				Class: graph.ErrConflict, Reason: "CONFLICT", Subject: fmt.Sprintf("revision %d", b.If),
				Message: fmt.Sprintf("the newest revision is %d", head),
			}
		}
		head++
		answer, fresh = append(answer, head), append(fresh, i)
		if b.Key != "" {
			stored[b.Key] = head
		}
	}
	return answer, fresh, nil
}

// commit is the node of the change log for batch i. Its key and If are absent
// where they were not given.
func (c *call) commit(i int, r graph.Revision) map[string]any {
	b := &c.batches[i]
	out := map[string]any{
		"revision": int64(r), "facts": len(c.facts[i]), "digest": c.digests[i],
	}
	if b.At != 0 {
		out["at"] = moment(b.At)
	}
	if b.Key != "" {
		out["key"] = b.Key
	}
	if b.IfSet {
		out["if"] = int64(b.If)
	}
	return out
}

func plain(answer []graph.Revision) []int64 {
	out := make([]int64, len(answer))
	for i, r := range answer {
		out[i] = int64(r)
	}
	return out
}

func revisions(stored []any) []graph.Revision {
	out := make([]graph.Revision, len(stored))
	for i, r := range stored {
		out[i] = graph.Revision(r.(int64)) //nolint:forcetypeassert // what commit wrote
	}
	return out
}
