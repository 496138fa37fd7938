package graph

import (
	"context"
	"sync"
)

// Fork is a [Live] of its own that begins with s: what is committed to it is
// judged and shown as if it had been committed after s, and is kept nowhere
// else. It is for what would happen if. Personal records are not in it. Cost:
// nothing at first, then what is committed.
func Fork(s *Snapshot) *Live {
	own := *s
	under := s.people
	own.people = &people{top: under.top, n: under.n, order: under.order, names: under.names, index: &personIndex{
		base: under.index.base, under: under.index, ready: true,
	}}
	l := &Live{
		store: &nowhere{head: s.Revision, keys: make(map[string]Revision)}, opts: Options{KeepRevisions: 1},
		lead: make(chan struct{}, 1), grown: make(chan struct{}), stop: func() {},
	}
	l.lead <- struct{}{}
	l.head.Store(&own)
	return l
}

// nowhere is a store that numbers batches and forgets them.
type nowhere struct {
	mu   sync.Mutex // guards head and keys
	head Revision
	keys map[string]Revision
}

func (n *nowhere) Head(context.Context) (Revision, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.head, nil
}

func (n *nowhere) Commit(_ context.Context, batches ...Batch) ([]Revision, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	revs := make([]Revision, len(batches))
	again := false
	for i := range batches {
		b := &batches[i]
		if rev, ok := n.keys[b.Key]; ok && b.Key != "" {
			revs[i], again = rev, true
			continue
		}
		if b.IfSet && (again || b.If != n.head) {
			return nil, &Error{Class: ErrConflict, Reason: "CONFLICT", Message: "the batch was made for another revision"}
		}
		n.head++
		revs[i], n.keys[b.Key] = n.head, n.head
	}
	return revs, nil
}

func (n *nowhere) Load(context.Context, func(Batch) error) (Revision, error) {
	return 0, Unavailable("a fork keeps nothing that could be loaded", nil)
}

func (n *nowhere) Read(_ context.Context, refs ...PersonalRef) ([]Personal, error) {
	out := make([]Personal, len(refs))
	for i, r := range refs {
		out[i] = Personal{Person: r.Person, About: r.About}
	}
	return out, nil
}

func (n *nowhere) Follow(context.Context, Revision, func(Revision, Batch) error) error {
	return Unavailable("a fork keeps nothing that could be followed", nil)
}

func (n *nowhere) Close() error { return nil }
