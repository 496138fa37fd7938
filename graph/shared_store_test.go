package graph_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cairn-skills/cairn/graph"
)

// memory is a store that several Lives share, and that can be taken away from them.
type memory struct {
	// poll is how long a Follow that has handed over everything waits before it
	// looks again; zero: it is woken by every commit.
	poll time.Duration

	mu       sync.Mutex // guards what follows
	log      []graph.Batch
	keys     map[string]graph.Revision
	news     chan struct{} // closed and replaced by every commit, and when the store goes away
	away     error         // what every call answers; nil: the store is there
	kept     graph.Revision
	lose     func(n int) fate // asked at each commit of n batches; nil: all is well
	loads    int
	refusals int // commits that were refused with ErrConflict
}

// fate is what becomes of a commit.
type fate int

const (
	taken  fate = iota
	lost        // not written, and the caller is not told so
	silent      // written, and the caller is not told so
)

func newMemory() *memory {
	return &memory{keys: make(map[string]graph.Revision), news: make(chan struct{})}
}

// leave makes every call fail until leave(nil), also those that wait.
func (m *memory) leave(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = err
	m.wake()
}

// forget drops the log up to a revision: it can only be loaded.
func (m *memory) forget(rev graph.Revision) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = rev
}

func (m *memory) wake() {
	close(m.news)
	m.news = make(chan struct{})
}

func (m *memory) Head(context.Context) (graph.Revision, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return graph.Revision(len(m.log)), m.away
}

func (m *memory) Commit(_ context.Context, batches ...graph.Batch) ([]graph.Revision, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away != nil {
		return nil, m.away
	}
	log, fresh := m.log, make(map[string]graph.Revision)
	revs := make([]graph.Revision, len(batches))
	again := false
	for i, b := range batches {
		rev, stored := m.keys[b.Key]
		if !stored {
			rev, stored = fresh[b.Key]
		}
		if stored && b.Key != "" {
			revs[i], again = rev, true
			continue
		}
		if b.IfSet && (again || b.If != graph.Revision(len(log))) {
			m.refusals++
			return nil, &graph.Error{Class: graph.ErrConflict, Reason: "CONFLICT"}
		}
		log = append(slices.Clip(log), b)
		revs[i] = graph.Revision(len(log))
		fresh[b.Key] = revs[i]
	}
	end := taken
	if m.lose != nil {
		end = m.lose(len(batches))
	}
	if end != lost && len(log) > len(m.log) {
		m.log = log
		maps.Copy(m.keys, fresh)
		m.wake()
	}
	if end != taken {
		return nil, errGone
	}
	return revs, nil
}

func (m *memory) Load(_ context.Context, apply func(graph.Batch) error) (graph.Revision, error) {
	m.mu.Lock()
	log, away := m.log, m.away
	m.loads++
	m.mu.Unlock()
	if away != nil {
		return 0, away
	}
	for i, b := range log {
		b.Revision = graph.Revision(i + 1)
		if err := apply(b); err != nil {
			return 0, err
		}
	}
	return graph.Revision(len(log)), nil
}

func (m *memory) Read(_ context.Context, refs ...graph.PersonalRef) ([]graph.Personal, error) {
	out := make([]graph.Personal, len(refs))
	for i, r := range refs {
		out[i] = graph.Personal{Person: r.Person, About: r.About}
	}
	return out, nil
}

func (m *memory) Follow(ctx context.Context, after graph.Revision, apply func(graph.Revision, graph.Batch) error) error {
	for {
		m.mu.Lock()
		log, away, news, kept := m.log, m.away, m.news, m.kept
		m.mu.Unlock()
		switch {
		case away != nil:
			return away
		case after < kept:
			return &graph.Error{Class: graph.ErrGone, Reason: "GONE"}
		case after > graph.Revision(len(log)):
			return graph.Invalid("after", "is beyond the head")
		}
		for _, b := range log[after:] {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			after++
			if err := apply(after, b); err != nil {
				return err
			}
		}
		var again <-chan time.Time
		if m.poll > 0 {
			news, again = nil, time.After(m.poll)
		}
		select {
		case <-news:
		case <-again:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (m *memory) Close() error { return nil }
