package graph

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options are the settings of [Open]. The zero value is usable.
type Options struct {
	// Shared says that the store has other writers: Live follows them in a
	// goroutine of its own. Without it, Live takes itself to be the only writer.
	Shared bool
	// KeepRevisions is how many earlier snapshots stay answerable; 0 means 100.
	KeepRevisions int
	// KeepMillis is for how long, by the commits' own times; 0 means 15 minutes.
	KeepMillis int64
	// Now is the clock of [Live.Fresh]; nil means the machine's. No answer
	// depends on it.
	Now func() time.Time
}

// Live follows a store, offers its newest snapshot and checks the laws before a
// commit. Its methods may be called by several goroutines at once.
//
// Commits are grouped: the first caller to come takes the lead, checks the
// waiting batches in order, each on top of those before it, and stores them in
// one transaction; the others wait for their outcome. So durability is paid
// once a group, and every batch is judged by exactly the state it is applied to:
// each is stored for the revision that it was judged at, and where another
// process was first, Live applies what that one wrote and judges again.
//
// While a shared store cannot be reached, Live goes on with the snapshot that it
// has and tries again, see [Live.Fresh].
type Live struct {
	store Store
	opts  Options
	head  atomic.Pointer[Snapshot]

	queueMu sync.Mutex // guards queue
	queue   []*request
	lead    chan struct{} // holds one token: who has it changes head, and reads doubt
	doubt   bool          // the outcome of the last commit is unknown: the store may be ahead of head

	pastMu sync.Mutex // guards past and grown
	past   []*Snapshot
	grown  chan struct{} // closed and replaced when head moves

	stop    context.CancelFunc
	running sync.WaitGroup          // what stop ends
	away    atomic.Pointer[absence] // nil: the head is the newest, as far as is known
}

// Open loads store and, if it is shared, follows it until Close. The store
// stays the caller's to close, after Live. Cost: linear in the store's content.
// Errors: the store's, and [ErrUnavailable] for content that does not fit together.
func Open(ctx context.Context, store Store, opts Options) (*Live, error) {
	if opts.KeepRevisions == 0 {
		opts.KeepRevisions = 100
	}
	if opts.KeepMillis == 0 {
		opts.KeepMillis = 15 * 60 * 1000
	}
	s, err := load(ctx, store)
	if err != nil {
		return nil, err
	}
	l := &Live{store: store, opts: opts, lead: make(chan struct{}, 1), grown: make(chan struct{})}
	l.lead <- struct{}{}
	l.head.Store(s)
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = cancel
	l.running.Go(func() { _ = s.people.names.fill(life, s.people) }) // see Sound
	if opts.Shared {
		l.running.Go(func() { l.follow(life) })
	}
	return l, nil
}

// Sound is nil unless what is loaded after [Open] returned, the names of people,
// could not be read. Then an answer may lack names and is not to be given; what
// was answered before Sound was asked is whole.
// Errors: [ErrUnavailable].
func (l *Live) Sound() error { return l.head.Load().people.names.failed() }

// Close ends the following of the store and waits for it. It does not close the
// store. Snapshots stay usable but for names that were not loaded yet, which are
// empty.
func (l *Live) Close() {
	l.stop()
	l.running.Wait()
}

// Head is the newest snapshot.
func (l *Live) Head() *Snapshot { return l.head.Load() }

// At is the newest snapshot once it is of revision least or later; it waits for
// that until ctx ends. A read that carries the revision of a write sees it.
// Errors: [ErrUnavailable] when the revision did not come in time.
func (l *Live) At(ctx context.Context, least Revision) (*Snapshot, error) {
	for {
		if s := l.head.Load(); s.Revision >= least {
			return s, nil
		}
		l.pastMu.Lock()
		grown := l.grown
		l.pastMu.Unlock()
		if l.head.Load().Revision >= least {
			continue
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, Unavailable(fmt.Sprintf("revision %d has not arrived; the newest is %d", least, l.head.Load().Revision), ctx.Err())
		}
	}
}

// Pinned is the snapshot of exactly revision rev, for the pages of a list.
// Errors: [ErrGone] when it is no longer kept.
func (l *Live) Pinned(rev Revision) (*Snapshot, error) {
	if s := l.head.Load(); s.Revision == rev {
		return s, nil
	}
	l.pastMu.Lock()
	defer l.pastMu.Unlock()
	for _, s := range l.past {
		if s.Revision == rev {
			return s, nil
		}
	}
	return nil, &Error{Class: ErrGone, Reason: "REVISION_GONE", Subject: fmt.Sprint(rev), Message: "this revision is no longer kept; start again from the first page"}
}

// publish makes next the head. The caller holds the lead. Head and past change
// together for who holds pastMu, so that no kept revision is in neither.
func (l *Live) publish(next *Snapshot) {
	l.pastMu.Lock()
	defer l.pastMu.Unlock()
	l.past = append(l.past, l.head.Load())
	l.head.Store(next)
	drop := max(0, len(l.past)-l.opts.KeepRevisions)
	// A snapshot's time runs from when the next one took its place.
	for drop+1 < len(l.past) && int64(next.At-l.past[drop+1].At) > l.opts.KeepMillis {
		drop++
	}
	l.past = slices.Delete(l.past, 0, drop)
	close(l.grown)
	l.grown = make(chan struct{})
}

// Personal reads the sealed records of refs in their order, see [Store.Read].
func (l *Live) Personal(ctx context.Context, refs ...PersonalRef) ([]Personal, error) {
	return l.store.Read(ctx, refs...)
}
