package graph

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
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
}

// maxAttempts bounds how often a group is prepared again because other writers
// of a shared store were first. Each time somebody else's commit succeeded, so
// only a crowd of writers can use them up.
const maxAttempts = 100

// maxGroup bounds the batches of one store transaction: 64 writers are what the
// store was measured with, and a failed group is small.
const maxGroup = 256

// Live follows a store, offers its newest snapshot and checks the laws before a
// commit. Its methods may be called by several goroutines at once.
//
// Commits are grouped: the first caller to come takes the lead, checks the
// waiting batches in order, each on top of those before it, and stores them in
// one transaction; the others wait for their outcome. So durability is paid
// once a group, and every batch is judged by exactly the state it is applied to.
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

	stop     context.CancelFunc
	followed sync.WaitGroup
	broken   atomic.Pointer[Error] // why the store no longer can be followed
}

type request struct {
	batch   Batch
	options CommitOptions
	receipt Receipt
	err     error
	done    chan struct{}
	first   *request // the one of the same group that had the key before
}

// CommitOptions say how a batch is taken. The zero value is all or nothing.
type CommitOptions struct {
	// Partial leaves out the people's facts that are refused, and commits the rest.
	Partial bool
	// DryRun computes the receipt and stores nothing.
	DryRun bool
}

// Receipt says what became of a batch.
type Receipt struct {
	// Revision shows the batch; for a batch without effect, or a dry run, the
	// revision it was judged at.
	Revision Revision
	At       Instant // the time of recording
	// Outcomes are those of People, Assignments, Awards and Claims of the batch,
	// in that order.
	Outcomes []Outcome
	Derived  []Derivation // by person and id
	Stored   bool         // false: nothing in the batch was new, or a dry run, or a replay
	// Replayed: the batch's key was used before. Revision is that of the first
	// commit with it, nothing is stored again, and Outcomes are those that the
	// batch would have without its key.
	Replayed bool
}

// Outcome says what became of one fact.
type Outcome struct {
	Result Result
	Err    *Error // of a refused fact
	// PrerequisiteUnmet says that no route's requirement of the award's version
	// held when it was issued; the award is recorded all the same.
	PrerequisiteUnmet bool
}

// Result is what became of one fact.
type Result uint8

// The results.
const (
	ResultUnspecified Result = iota
	Recorded
	Unchanged // it was recorded before, with the same content
	Refused
)

var resultNames = [...]string{"", "recorded", "unchanged", "refused"}

// String is the result as it is written in messages.
func (r Result) String() string { return word(resultNames[:], uint8(r)) }

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
	ld := newLoader()
	rev, err := store.Load(ctx, func(b Batch) error { return ld.add(&b) })
	if err != nil {
		if errors.Is(err, ErrInvalid) {
			return nil, Unavailable("the stored facts do not fit together", err)
		}
		return nil, err
	}
	l := &Live{store: store, opts: opts, lead: make(chan struct{}, 1), grown: make(chan struct{}), stop: func() {}}
	l.lead <- struct{}{}
	l.head.Store(ld.finish(rev))
	if opts.Shared {
		follow, cancel := context.WithCancel(context.WithoutCancel(ctx))
		l.stop = cancel
		l.followed.Go(func() { l.follow(follow) })
	}
	return l, nil
}

// Close ends the following of the store and waits for it. It does not close the store.
func (l *Live) Close() {
	l.stop()
	l.followed.Wait()
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

// publish makes next the head. The caller holds the lead.
func (l *Live) publish(next *Snapshot) {
	old := l.head.Load()
	l.head.Store(next)
	l.pastMu.Lock()
	defer l.pastMu.Unlock()
	l.past = append(l.past, old)
	drop := max(0, len(l.past)-l.opts.KeepRevisions)
	// A snapshot's time runs from when the next one took its place.
	for drop+1 < len(l.past) && int64(next.At-l.past[drop+1].At) > l.opts.KeepMillis {
		drop++
	}
	l.past = slices.Delete(l.past, 0, drop)
	close(l.grown)
	l.grown = make(chan struct{})
}

// Commit checks b against the laws, adds the derived difference that it causes
// and stores both, all or nothing. The answer's revision shows it.
//
// Errors: [ErrLaw] with the problems, [ErrInvalid] for a fact that is refused
// (unless opts.Partial), [ErrConflict] when b.If is not the newest revision,
// [ErrUnavailable] when the store cannot take it or the outcome is unknown:
// the same batch with the same Key may be committed again. When ctx ends before
// the batch was taken up nothing is stored, and the error is ctx's.
func (l *Live) Commit(ctx context.Context, b Batch, opts CommitOptions) (Receipt, error) {
	r := &request{batch: b, options: opts, done: make(chan struct{})}
	l.queueMu.Lock()
	l.queue = append(l.queue, r)
	l.queueMu.Unlock()
	for {
		select {
		case <-r.done:
			return r.receipt, r.err
		case <-ctx.Done():
			if l.withdraw(r) {
				return Receipt{}, ctx.Err()
			}
			<-r.done // taken up: the outcome is on its way
			return r.receipt, r.err
		case <-l.lead:
			l.turn(context.WithoutCancel(ctx))
		}
	}
}

// turn settles the group that waits. The caller holds the lead, which turn
// gives back.
func (l *Live) turn(ctx context.Context) {
	group := l.take()
	settled := false
	defer func() {
		for _, r := range group {
			if !settled { // the store panicked: nobody is told that all is well
				r.receipt, r.err = Receipt{}, Unavailable("the store broke down and the outcome is unknown", nil)
			}
			close(r.done)
		}
		l.doubt = l.doubt || !settled
		l.lead <- struct{}{}
	}()
	l.process(ctx, group)
	settled = true
}

// withdraw takes r out of the queue, if nobody took it up.
func (l *Live) withdraw(r *request) bool {
	l.queueMu.Lock()
	defer l.queueMu.Unlock()
	i := slices.Index(l.queue, r)
	if i < 0 {
		return false
	}
	l.queue = slices.Delete(l.queue, i, i+1)
	return true
}

func (l *Live) take() []*request {
	l.queueMu.Lock()
	defer l.queueMu.Unlock()
	n := min(len(l.queue), maxGroup)
	group := slices.Clone(l.queue[:n])
	l.queue = slices.Delete(l.queue, 0, n)
	return group
}

// process decides what becomes of a group. The caller holds the lead.
func (l *Live) process(ctx context.Context, group []*request) {
	fail := func(err error) {
		for _, r := range group {
			r.receipt, r.err = Receipt{}, err
		}
	}
	if len(group) == 0 {
		return
	}
	if l.doubt {
		if err := l.catchUp(ctx); err != nil {
			fail(err)
			return
		}
		l.doubt = false
	}
	for range maxAttempts {
		head := l.head.Load()
		tips := []*Snapshot{head}
		var stored []*request
		var batches []Batch
		keys := make(map[string]*request)
		for _, r := range group {
			tip := tips[len(tips)-1]
			if l.replay(ctx, r, tip, keys) {
				continue
			}
			next, prepared, err := tip.prepare(r)
			r.err = err
			if err == nil && next != nil {
				prepared.If, prepared.IfSet = tip.Revision, true
				batches = append(batches, *prepared)
				stored = append(stored, r)
				if r.batch.Key != "" {
					keys[r.batch.Key] = r
				}
				tips = append(tips, next)
			}
		}
		if len(batches) == 0 {
			return
		}
		revs, err := l.store.Commit(ctx, batches...)
		if err == nil {
			l.settle(stored, batches, revs, tips[1:])
			for _, r := range group {
				if r.first != nil {
					r.receipt.Revision, r.err = r.first.receipt.Revision, r.first.err
				}
			}
			return
		}
		head.people.forget(tips[len(tips)-1].people)
		l.doubt = errors.Is(err, ErrUnavailable)
		if errors.Is(err, ErrConflict) && l.opts.Shared {
			if err = l.catchUp(ctx); err == nil {
				continue
			}
		}
		// Also those that were judged on top of what was not stored.
		for _, r := range group {
			if r.err == nil && (r.receipt.Revision > head.Revision || r.first != nil) {
				r.receipt, r.err = Receipt{}, err
			}
		}
		return
	}
	fail(&Error{Class: ErrConflict, Reason: "CONFLICT", Message: "other writers were first every time; try again"})
}

// replay settles r if its key was used before, in the store or in the group.
func (l *Live) replay(ctx context.Context, r *request, tip *Snapshot, keys map[string]*request) bool {
	r.first = nil
	if r.batch.Key == "" || r.options.DryRun {
		return false
	}
	var rev Revision
	if r.first = keys[r.batch.Key]; r.first == nil {
		if rev, r.err = l.keyRevision(ctx, &r.batch); r.err != nil || rev == 0 {
			return r.err != nil
		}
	}
	again := request{batch: r.batch, options: CommitOptions{Partial: true, DryRun: true}}
	again.batch.IfSet = false
	// An error is what the batch would be refused with today; it was taken then.
	_, _, _ = tip.prepare(&again)
	r.receipt, r.err = again.receipt, nil
	r.receipt.Revision, r.receipt.Replayed = rev, true
	return true
}

// keyRevision is the revision under which the key of b is stored; 0 for none. It
// commits for a revision that cannot be: the store answers a key that it has
// before it looks at If, and writes nothing otherwise.
func (l *Live) keyRevision(ctx context.Context, b *Batch) (Revision, error) {
	revs, err := l.store.Commit(ctx, Batch{Key: b.Key, At: b.At, If: math.MaxUint64, IfSet: true, People: []Person{{ID: "nobody"}}})
	switch {
	case err == nil:
		return revs[0], nil
	case errors.Is(err, ErrConflict):
		return 0, nil
	}
	return 0, err
}

// settle publishes what the store took, each revision for itself, since any of
// them may be asked for. Where a batch's key was stored before, its first
// revision is the answer and the batch had no effect.
func (l *Live) settle(stored []*request, batches []Batch, revs []Revision, tips []*Snapshot) {
	head := l.head.Load()
	replayed := false
	for i := range revs {
		replayed = replayed || revs[i] != tips[i].Revision
		stored[i].receipt.Revision = revs[i]
	}
	if !replayed {
		for _, tip := range tips {
			l.publish(tip)
		}
		return
	}
	head.people.forget(tips[len(tips)-1].people)
	for i := range batches {
		if revs[i] <= head.Revision {
			stored[i].receipt.Stored, stored[i].receipt.Replayed = false, true
			continue
		}
		next, err := head.apply(&batches[i], revs[i])
		if err != nil {
			broken := Unavailable("a stored batch cannot be applied", err)
			l.broken.Store(broken)
			for _, r := range stored[i:] {
				r.err = broken
			}
			return
		}
		l.publish(next)
		head = next
	}
}

// catchUp applies what other writers stored. The caller holds the lead.
func (l *Live) catchUp(ctx context.Context) error {
	newest, err := l.store.Head(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if l.head.Load().Revision >= newest {
		return nil
	}
	err = l.store.Follow(ctx, l.head.Load().Revision, func(rev Revision, b Batch) error {
		if err := l.advance(rev, &b); err != nil {
			return err
		}
		if rev >= newest {
			cancel()
		}
		return nil
	})
	if l.head.Load().Revision >= newest {
		return nil
	}
	return err
}

// advance applies one followed batch. The caller holds the lead.
func (l *Live) advance(rev Revision, b *Batch) error {
	head := l.head.Load()
	if rev <= head.Revision {
		return nil
	}
	next, err := head.apply(b, rev)
	if err != nil {
		return err
	}
	l.publish(next)
	return nil
}

// follow applies what other writers store until ctx ends.
func (l *Live) follow(ctx context.Context) {
	err := l.store.Follow(ctx, l.head.Load().Revision, func(rev Revision, b Batch) error {
		select {
		case <-l.lead:
		case <-ctx.Done():
			return ctx.Err()
		}
		defer func() { l.lead <- struct{}{} }()
		return l.advance(rev, &b)
	})
	if ctx.Err() == nil {
		l.broken.Store(Unavailable("the store can no longer be followed", err))
	}
}

// Health is nil while the head follows the store and the store answers.
// Errors: [ErrUnavailable].
func (l *Live) Health(ctx context.Context) error {
	if e := l.broken.Load(); e != nil {
		return e
	}
	_, err := l.store.Head(ctx)
	return err
}

// Personal reads the sealed records of refs in their order, see [Store.Read].
func (l *Live) Personal(ctx context.Context, refs ...PersonalRef) ([]Personal, error) {
	return l.store.Read(ctx, refs...)
}
