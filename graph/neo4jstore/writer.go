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
	if err := w.resolve(ctx, round); err != nil {
		return err
	}
	var past []string
	var says []map[string]any
	b := &links{}
	for i := range round {
		f := &round[i]
		n := named{f.label, f.id}
		e := w.elements[n]
		if e.taken {
			past = append(past, e.id)
		}
		w.elements[n] = element{e.id, true}
		properties := f.place(f.properties)
		properties["id"], properties["fact"] = f.id, f.kind
		labels := f.labels
		if labels == nil {
			labels = []string{}
		}
		says = append(says, map[string]any{"element": e.id, "properties": properties, "labels": labels})
		b.fact, b.part = f, 0
		b.collect(f.record, -1)
	}
	if _, err := run(ctx, w, "past", "elements", past); err != nil {
		return err
	}
	if _, err := run(ctx, w, "facts", "facts", says); err != nil {
		return err
	}
	return w.connect(ctx, b)
}

// place is properties with the place of the fact.
func (f *placed) place(properties map[string]any) map[string]any {
	out := maps.Clone(properties)
	out["revision"], out["position"] = int64(f.revision), f.position //nolint:gosec // revisions are far below 2^63
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

// resolve finds or makes the named nodes of the round.
func (w *writer) resolve(ctx context.Context, round []placed) error {
	wanted := make(map[string][]string)
	for _, l := range labels {
		wanted[l] = []string{}
	}
	count := 0
	want := func(n named) {
		if _, ok := w.elements[n]; !ok {
			w.elements[n] = element{}
			wanted[n.label] = append(wanted[n.label], n.id)
			count++
		}
	}
	var walk func(r *record)
	walk = func(r *record) {
		for i := range r.links {
			if l := &r.links[i]; l.part != nil {
				walk(l.part)
			} else {
				want(named{l.label, l.id})
			}
		}
	}
	for i := range round {
		want(named{round[i].label, round[i].id})
		walk(round[i].record)
	}
	if count == 0 {
		return nil
	}
	parameters := make(map[string]any, len(wanted))
	for l, ids := range wanted {
		parameters[l] = ids
	}
	rows, err := collect(ctx, w.tx, statements["names"], parameters)
	if err != nil {
		return err
	}
	for i, l := range rows[0].Keys {
		list, _ := rows[0].Values[i].([]any)
		for _, x := range list {
			t := x.([]any)                                                                       //nolint:forcetypeassert // what the statement returns
			w.elements[named{l, t[0].(string)}] = element{id: t[1].(string), taken: t[2].(bool)} //nolint:forcetypeassert // as above
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
	made, err := run(ctx, w, "parts", "parts", b.parts)
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
