package graph

import "context"

// names are the names that a [RowStore] gives after the load: until then
// somebody's name is read by itself, and what needs everybody's waits.
type names struct {
	store RowStore // nil: names came with the load
	at    Revision
	done  chan struct{} // closed when of and err stand
	of    []string      // by position
	err   error         // why they could not be read
}

// newNames are the names of the first n people at a revision, which store gives,
// or of nobody without one.
func newNames(store RowStore, at Revision, people uint32) *names {
	n := &names{store: store, at: at, of: make([]string, people), done: make(chan struct{})}
	if store == nil {
		close(n.done)
	}
	return n
}

// fill reads the names of p, unless they came with the load.
func (n *names) fill(ctx context.Context, p *people) error {
	if n.store == nil {
		return nil
	}
	defer close(n.done)
	n.err = n.store.LoadNames(ctx, n.at, func(personals []Personal) error {
		for i := range personals {
			if at, ok := p.loaded(personals[i].Person); ok {
				n.of[at] = personals[i].Name
			}
		}
		return nil
	})
	return n.err
}

// wait waits until the names stand.
func (n *names) wait() { <-n.done }

// failed is why the names could not be read; nil while they are.
func (n *names) failed() error {
	select {
	case <-n.done:
		return n.err
	default:
		return nil
	}
}

// name is the name of the person at position i; empty if it is not known.
func (p *people) name(i uint32) string {
	q := p.at(i)
	if q.name != nil {
		return *q.name
	}
	n := p.names
	if int(i) >= len(n.of) {
		return ""
	}
	select {
	case <-n.done:
		return n.of[i]
	default:
	}
	if r, err := n.store.ReadName(context.Background(), q.id, n.at); err == nil {
		return r.Name
	}
	n.wait()
	return n.of[i]
}
