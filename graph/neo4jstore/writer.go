package neo4jstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/graph"
)

// named is a node that has a name.
type named struct{ label, id string }

// element is such a node in the transaction: Neo4j's own name of it, and
// whether it says something.
type element struct {
	id    string
	taken bool
}

// placed is a fact with its place.
type placed struct {
	fact
	revision graph.Revision
	position int
}

// writer writes facts in rounds: a node says one thing a round, so that a
// later fact of the same transaction takes the place of an earlier one like any
// other. Nearly always there is one round.
type writer struct {
	tx       neo4j.ManagedTransaction
	rounds   [][]placed
	touched  map[named]int // the round after the last that a node said something in
	elements map[named]element
}

func newWriter(tx neo4j.ManagedTransaction) *writer {
	return &writer{tx: tx, touched: make(map[named]int), elements: make(map[named]element)}
}

// add adds the facts of a revision.
func (w *writer) add(r graph.Revision, list []fact) {
	for i, f := range list {
		n := named{f.label, f.id}
		if f.label == withdrawal {
			n.label = "Award" // which it ends
		}
		round := w.touched[n]
		w.touched[n] = round + 1
		if round == len(w.rounds) {
			w.rounds = append(w.rounds, nil)
		}
		w.rounds[round] = append(w.rounds[round], placed{f, r, i})
	}
}

// maxRows bounds the rows of a statement's parameter.
const maxRows = 10_000

// run runs a statement on rows, as the parameter of the given name.
func run[T any](ctx context.Context, w *writer, statement, parameter string, rows []T) ([]*neo4j.Record, error) {
	var out []*neo4j.Record
	for chunk := range slices.Chunk(rows, maxRows) {
		got, err := collect(ctx, w.tx, statements[statement], map[string]any{parameter: chunk})
		if err != nil {
			return nil, err
		}
		out = append(out, got...)
	}
	return out, nil
}

// write writes all that was added.
func (w *writer) write(ctx context.Context) error {
	for _, round := range w.rounds {
		if err := w.round(ctx, round); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) round(ctx context.Context, round []placed) error {
	if err := w.end(ctx, round); err != nil {
		return err
	}
	own, others := namesOf(round)
	if err := w.resolve(ctx, found, own); err != nil {
		return err
	}
	var past []string
	var says, fresh, awards []map[string]any
	var made []named
	b := &links{}
	for i := range round {
		f := &round[i]
		n := named{f.label, f.id}
		e, there := w.elements[n]
		if e.taken {
			past = append(past, e.id)
		}
		properties := f.place(f.properties)
		properties["id"], properties["fact"] = f.id, f.kind
		labels := append([]string{}, f.labels...)
		switch {
		case there:
			w.elements[n] = element{e.id, true}
			says = append(says, map[string]any{"element": e.id, "properties": properties, "labels": labels})
		case f.plainAward():
			awards = append(awards, map[string]any{"person": f.links[0].id, "achievement": f.links[1].id, "properties": properties, "labels": labels})
			continue // with its relationships
		default:
			made = append(made, n)
			fresh = append(fresh, map[string]any{"properties": properties, "labels": append(labels, f.label)})
		}
		b.fact, b.part = f, 0
		b.collect(f.record, -1)
	}
	if _, err := run(ctx, w, "past", "elements", past); err != nil {
		return err
	}
	if _, err := run(ctx, w, "facts", "facts", says); err != nil {
		return err
	}
	rows, err := run(ctx, w, "create", "nodes", fresh)
	if err != nil {
		return err
	}
	for i, n := range made {
		id, _ := rows[i].Values[1].(string)
		w.elements[n] = element{id, true}
	}
	if err := w.resolve(ctx, names, others); err != nil {
		return err
	}
	if _, err := run(ctx, w, "award", "awards", awards); err != nil {
		return err
	}
	return w.connect(ctx, b)
}

// plainAward reports whether f is an award as the laws have it, of somebody and
// of something. They come by the million, so award.cypher writes all of one at
// once, in a seventh of the time.
func (f *placed) plainAward() bool {
	return f.label == "Award" && len(f.links) == 2 && f.links[0].kind == "EARNED" && f.links[1].kind == "OF"
}

// place is properties with the place of the fact.
func (f *placed) place(properties map[string]any) map[string]any {
	out := maps.Clone(properties)
	out["revision"], out["position"] = int64(f.revision), f.position
	return out
}

// end moves awards that are taken back to the past, and names the withdrawals.
func (w *writer) end(ctx context.Context, round []placed) error {
	var ids []string
	for i := range round {
		if f := &round[i]; f.label == withdrawal {
			ids = append(ids, f.id)
			delete(w.elements, named{"Award", f.id})
			r := *f.record
			r.id = fmt.Sprintf("%s@%d.%d", f.id, f.revision, f.position)
			f.record = &r
		}
	}
	rows, err := run(ctx, w, "awards", "ids", ids)
	if err != nil {
		return err
	}
	elements := make([]string, len(rows))
	for i, row := range rows {
		elements[i], _ = row.Values[0].(string)
	}
	if _, err = run(ctx, w, "past", "elements", elements); err != nil {
		return err
	}
	_, err = run(ctx, w, "ends", "elements", elements)
	return err
}

// namesOf is the named nodes that facts are about, and those that they refer to.
func namesOf(round []placed) (own, others []named) {
	var walk func(r *record)
	walk = func(r *record) {
		for i := range r.links {
			if l := &r.links[i]; l.part != nil {
				walk(l.part)
			} else {
				others = append(others, named{l.label, l.id})
			}
		}
	}
	for i := range round {
		own = append(own, named{round[i].label, round[i].id})
		walk(round[i].record)
	}
	return own, others
}

// resolve learns the elements of names: the statements found look for them,
// names makes those that are missing.
func (w *writer) resolve(ctx context.Context, statements map[string]string, list []named) error {
	wanted := make(map[string][]string)
	asked := make(map[named]bool)
	for _, n := range list {
		if _, ok := w.elements[n]; !ok && !asked[n] {
			asked[n] = true
			wanted[n.label] = append(wanted[n.label], n.id)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(wanted)) {
		rows, err := collect(ctx, w.tx, statements[label], map[string]any{"ids": wanted[label]})
		if err != nil {
			return err
		}
		for _, row := range rows {
			id, _ := row.Values[0].(string)
			e := element{}
			e.id, _ = row.Values[1].(string)
			e.taken, _ = row.Values[2].(bool)
			w.elements[named{label, id}] = e
		}
	}
	return nil
}

// links are the parts and the relationships of a round. A number below zero is
// the named node of a fact, another one that of a part.
type links struct {
	fact  *placed
	part  int // how many parts the fact has so far
	parts []map[string]any
	rows  []linked
}

type linked struct {
	from, to end
	link     *link
}

// end is one end of a relationship.
type end struct {
	part int // its number among the parts; -1 for a named node
	named
}

func (b *links) collect(r *record, part int) {
	self := end{part, named{r.label, r.id}}
	for i := range r.links {
		l := &r.links[i]
		other := end{-1, named{l.label, l.id}}
		if l.part != nil {
			b.part++
			properties := b.fact.place(l.part.properties)
			properties["part"] = b.part
			other.part = len(b.parts)
			b.parts = append(b.parts, map[string]any{"labels": []string{l.part.label}, "properties": properties})
			b.collect(l.part, other.part)
		}
		if l.incoming {
			b.rows = append(b.rows, linked{other, self, l})
		} else {
			b.rows = append(b.rows, linked{self, other, l})
		}
	}
}

func (w *writer) connect(ctx context.Context, b *links) error {
	made, err := run(ctx, w, "create", "nodes", b.parts)
	if err != nil {
		return err
	}
	element := func(e end) any {
		if e.part >= 0 {
			return made[e.part].Values[1]
		}
		return w.elements[e.named].id
	}
	rows := make([]map[string]any, len(b.rows))
	for i, l := range b.rows {
		properties := l.link.properties
		if properties == nil {
			properties = map[string]any{}
		}
		rows[i] = map[string]any{"from": element(l.from), "to": element(l.to), "type": l.link.kind, "properties": properties}
	}
	_, err = run(ctx, w, "links", "links", rows)
	return err
}

// moment is an instant as Neo4j has it.
func moment(i graph.Instant) time.Time { return time.UnixMilli(int64(i)).UTC() }
