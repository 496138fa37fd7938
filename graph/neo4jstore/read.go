package neo4jstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/seal"
)

const (
	// maxCommits bounds the commits of one read of the change log.
	maxCommits = 1000
	// maxFacts bounds the facts of one read, about a megabyte.
	maxFacts = 4000
)

// logged is a node of the change log.
type logged struct {
	revision graph.Revision
	facts    int
	digest   string
	batch    graph.Batch // what it says of the batch itself
}

// commits reads the change log after a revision up to another.
func (s *Store) commits(ctx context.Context, after, until graph.Revision) ([]logged, error) {
	rows, err := s.run(ctx, neo4j.AccessModeRead, statements["commits"], map[string]any{
		"after": int64(after), "until": int64(until), "limit": maxCommits,
	})
	if err != nil {
		return nil, err
	}
	out := make([]logged, len(rows))
	for i, row := range rows {
		if out[i], err = readCommit(row.AsMap()); err == nil && out[i].revision != after+graph.Revision(i)+1 {
			err = fmt.Errorf("commit %d stands in its place", out[i].revision)
		}
		if err != nil {
			return nil, damaged(after+graph.Revision(i)+1, err)
		}
	}
	return out, nil
}

func readCommit(row map[string]any) (logged, error) {
	present := maps.Clone(row)
	maps.DeleteFunc(present, func(_ string, v any) bool { return v == nil })
	w := &walker{record: &record{label: "Commit", properties: present}}
	var l logged
	var revision, condition int64
	number(w, "revision", &revision)
	number(w, "facts", &l.facts)
	text(w, "digest", &l.digest)
	text(w, "key", &l.batch.Key)
	instant(w, "at", &l.batch.At)
	number(w, "if", &condition)
	_, l.batch.IfSet = present["if"]
	l.revision, l.batch.If = graph.Revision(revision), graph.Revision(condition)
	return l, w.err
}

// span is facts of one revision, from a position to before another.
type span struct {
	commit   logged
	from, to int
}

// spans cuts commits into reads of at most maxFacts facts. What belongs to one
// revision may be in several.
func spans(commits []logged) [][]span {
	var out [][]span
	room := 0
	for _, c := range commits {
		for from := 0; from < c.facts; {
			if room == 0 {
				out, room = append(out, nil), maxFacts
			}
			to := min(c.facts, from+room)
			out[len(out)-1] = append(out[len(out)-1], span{c, from, to})
			room -= to - from
			from = to
		}
	}
	return out
}

// batches calls apply with the batch of each commit, in order.
func (s *Store) batches(ctx context.Context, commits []logged, apply func(graph.Batch) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		facts [][]fact
		err   error
	}
	work := spans(commits)
	answers := make(chan answer, 2) // the next read goes on while this one is applied
	go func() {
		defer close(answers)
		for _, w := range work {
			list, err := s.readSpans(ctx, w)
			select {
			case answers <- answer{list, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	var whole []fact
	torn := false
	for _, w := range work {
		a, ok := <-answers
		if !ok {
			return translate(ctx, context.Cause(ctx))
		}
		if a.err != nil {
			return a.err
		}
		for i, sp := range w {
			whole, torn = append(whole, a.facts[i]...), torn || a.facts[i] == nil
			if sp.to < sp.commit.facts {
				continue
			}
			var b graph.Batch
			var err error
			if !torn {
				b, err = s.restore(sp.commit, whole)
			}
			if torn || err != nil {
				b, err = s.readAlone(ctx, sp.commit)
			}
			if err != nil {
				return err
			}
			if err := apply(b); err != nil {
				return err
			}
			whole, torn = nil, false
		}
	}
	return nil
}

// readAlone reads a commit while nobody writes. Neo4j does not isolate what is
// read from a commit that goes on meanwhile: that may move a fact to the past
// between the reading of the one node and the other. So only what does not fit
// now is damage.
func (s *Store) readAlone(ctx context.Context, commit logged) (graph.Batch, error) {
	list, err := s.transact(ctx, neo4j.AccessModeWrite, func(ctx context.Context, tx neo4j.ManagedTransaction) (any, error) {
		if _, err := collect(ctx, tx, statements["lock"], nil); err != nil {
			return nil, err
		}
		var whole []fact
		for _, work := range spans([]logged{commit}) {
			rows, err := collect(ctx, tx, statements["read"], map[string]any{"ranges": ranges(work)})
			if err != nil {
				return nil, err
			}
			part, err := assemble(work, rows)
			if err != nil {
				return nil, damaged(commit.revision, err)
			}
			whole = append(whole, part[0]...)
		}
		return whole, nil
	})
	if err != nil {
		return graph.Batch{}, err
	}
	b, err := s.restore(commit, list.([]fact)) //nolint:forcetypeassert // what the work returns
	if err != nil {
		return b, damaged(commit.revision, err)
	}
	return b, nil
}

// restore makes the batch of a commit and holds it against the digest.
func (s *Store) restore(commit logged, list []fact) (b graph.Batch, err error) {
	c, err := contentOf(list)
	if err != nil {
		return b, err
	}
	personal, err := s.openAll(c.sealed)
	if err != nil {
		return b, err
	}
	again, err := facts(c)
	if err != nil {
		return b, err
	}
	if digest(again) != commit.digest {
		return b, errors.New("its facts are not those of its digest")
	}
	b = c.Batch
	b.Key, b.If, b.IfSet, b.At = commit.batch.Key, commit.batch.If, commit.batch.IfSet, commit.batch.At
	b.Revision, b.Personal = commit.revision, personal
	return b, nil
}

// readSpans reads the facts of spans, each in the order of positions; nil for a
// span that is not whole.
func (s *Store) readSpans(ctx context.Context, work []span) ([][]fact, error) {
	rows, err := s.run(ctx, neo4j.AccessModeRead, statements["read"], map[string]any{"ranges": ranges(work)})
	if refused, ok := errors.AsType[*neo4j.Neo4jError](err); ok && refused.Code == "Neo.ClientError.Statement.EntityNotFound" {
		return make([][]fact, len(work)), nil // a node was deleted between two looks at it
	}
	if err != nil {
		return nil, err
	}
	out, _ := assemble(work, rows) // what does not fit is read again
	return out, nil
}

func ranges(work []span) []map[string]any {
	out := make([]map[string]any, len(work))
	for i, sp := range work {
		out[i] = map[string]any{"revision": int64(sp.commit.revision), "from": sp.from, "to": sp.to}
	}
	return out
}

// place is where a node belongs.
type place struct {
	revision, position, part int64
}

// assemble makes the facts of spans of the nodes read: nil for a span of which
// not every fact is there once and whole, and an error that says so.
func assemble(work []span, rows []*neo4j.Record) (out [][]fact, err error) {
	nodes := make(map[place]*record, len(rows))
	kinds := make(map[place]string, len(rows))
	links := make(map[place][]any, len(rows))
	twice := make(map[place]bool)
	for _, row := range rows {
		properties, _ := row.Values[0].(map[string]any)
		var p place
		p.revision, _ = properties["revision"].(int64)
		p.position, _ = properties["position"].(int64)
		p.part, _ = properties["part"].(int64)
		r := &record{properties: properties}
		r.id, _ = properties["id"].(string)
		kinds[p], _ = properties["fact"].(string)
		twice[p] = nodes[p] != nil
		for _, name := range []string{"id", "fact", "revision", "position", "part"} {
			delete(properties, name)
		}
		nodes[p] = r
		out, _ := row.Values[1].([]any)
		into, _ := row.Values[2].([]any)
		links[p] = append(out, into...)
		r.links = make([]link, 0, len(links[p]))
	}
	lacking := make(map[place]bool) // facts without one of their parts
	for p, list := range links {
		for _, x := range list {
			t, _ := x.([]any)
			if len(t) != 4 {
				continue
			}
			l := link{}
			l.kind, _ = t[0].(string)
			l.properties, _ = t[1].(map[string]any)
			l.id, _ = t[2].(string)
			if part, ok := t[3].(int64); ok {
				if l.part = nodes[place{p.revision, p.position, part}]; l.part == nil {
					lacking[place{p.revision, p.position, 0}] = true
					continue
				}
			}
			nodes[p].links = append(nodes[p].links, l)
		}
	}
	out = make([][]fact, len(work))
	for i, sp := range work {
		for position := sp.from; position < sp.to; position++ {
			p := place{int64(sp.commit.revision), int64(position), 0}
			if nodes[p] == nil || twice[p] || lacking[p] {
				out[i], err = nil, fmt.Errorf("position %d is missing, in part, or there twice", position)
				break
			}
			out[i] = append(out[i], fact{kinds[p], nodes[p]})
		}
	}
	return out, err
}

// Load is as [graph.Store] says. Cost: every node that was ever recorded is
// read once, in reads of some thousands, the next while apply works on one.
func (s *Store) Load(ctx context.Context, apply func(graph.Batch) error) (graph.Revision, error) {
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	h, err := s.head(ctx)
	if err != nil {
		return 0, err
	}
	return h.revision, s.scan(ctx, 0, h.revision, func(b graph.Batch) error {
		// Names only; evidence is for Read.
		b.Personal = slices.DeleteFunc(b.Personal, func(p graph.Personal) bool { return !p.About.IsZero() || p.Erased })
		for i := range b.Personal {
			b.Personal[i].Identifiers, b.Personal[i].Evidence = nil, nil
		}
		b.Key, b.If, b.IfSet = "", 0, false
		return apply(b)
	})
}

// scan calls apply with the batches after a revision up to another.
func (s *Store) scan(ctx context.Context, after, until graph.Revision, apply func(graph.Batch) error) error {
	for after < until {
		commits, err := s.commits(ctx, after, until)
		if err != nil {
			return err
		}
		if len(commits) == 0 {
			return damaged(after+1, errors.New("it is not in the change log"))
		}
		err = s.batches(ctx, commits, func(b graph.Batch) error {
			if ctx.Err() != nil {
				return unavailable("the call ended before everything was read", ctx.Err())
			}
			return apply(b)
		})
		if err != nil {
			return err
		}
		after = commits[len(commits)-1].revision
	}
	return nil
}

// openAll opens personal records. One whose key was destroyed has Erased set.
func (s *Store) openAll(list []sealed) ([]graph.Personal, error) {
	if len(list) == 0 {
		return nil, nil
	}
	people := make([]graph.ID, len(list))
	for i, x := range list {
		people[i] = x.person
	}
	ring, _, err := s.keys.get(people)
	if err != nil {
		return nil, err
	}
	out := make([]graph.Personal, len(list))
	for i, x := range list {
		ref := graph.PersonalRef{Person: x.person, About: x.about}
		if out[i], err = unseal(ring, ref, x.content); err != nil {
			return nil, fmt.Errorf("personal record %s: %w", recordID(ref), err)
		}
	}
	return out, nil
}

func unseal(ring map[graph.ID]*seal.Key, ref graph.PersonalRef, closed []byte) (graph.Personal, error) {
	p := graph.Personal{Person: ref.Person, About: ref.About}
	key := ring[ref.Person]
	if key == nil {
		return p, errors.New("the keys file lacks a key that sealed a personal record")
	}
	plain, erased, err := key.Open(recordID(ref), closed)
	if err != nil || erased {
		p.Erased = erased
		return p, err
	}
	var o opened
	if err := json.Unmarshal(plain, &o); err != nil {
		return p, errors.New("a personal record is malformed")
	}
	p.Name, p.Identifiers, p.Evidence = o.Name, o.Identifiers, o.Evidence
	return p, nil
}

// Read is as [graph.Store] says. Cost: one read of the graph and one of the keys file.
func (s *Store) Read(ctx context.Context, refs ...graph.PersonalRef) ([]graph.Personal, error) {
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	ids := make([]string, len(refs))
	people := make([]graph.ID, len(refs))
	for i, ref := range refs {
		ids[i], people[i] = recordID(ref), ref.Person
	}
	slices.Sort(ids)
	rows, err := s.run(ctx, neo4j.AccessModeRead, statements["records"], map[string]any{"ids": slices.Compact(ids)})
	if err != nil {
		return nil, err
	}
	found := make(map[string][]byte, len(rows))
	for _, row := range rows {
		id, _ := row.Values[0].(string)
		found[id], _ = row.Values[1].([]byte)
	}
	out := make([]graph.Personal, len(refs))
	if len(found) == 0 {
		for i, ref := range refs {
			out[i] = graph.Personal{Person: ref.Person, About: ref.About}
		}
		return out, nil
	}
	ring, _, err := s.keys.get(people)
	if err != nil {
		return nil, err
	}
	for i, ref := range refs {
		out[i] = graph.Personal{Person: ref.Person, About: ref.About}
		if closed, ok := found[recordID(ref)]; ok {
			if out[i], err = unseal(ring, ref, closed); err != nil {
				return nil, &graph.Error{Class: graph.ErrUnavailable, Reason: "DAMAGED", Subject: "personal record " + recordID(ref), Message: "it cannot be opened", Cause: err}
			}
		}
	}
	return out, nil
}
