package graph

import (
	"context"
	"errors"
	"math"
	"slices"
)

// maxAttempts bounds how often a group is judged again because other writers of
// a shared store were first. Each time somebody else's commit succeeded, so only
// a crowd of writers can use them up.
const maxAttempts = 100

// maxGroup bounds the batches of one store transaction: 64 writers are what the
// store was measured with, and a failed group is small.
const maxGroup = 256

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
	// Partial leaves out the people's facts and records that are refused, and
	// commits the rest.
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
	// Outcomes are those of People, Assignments, Awards, Claims and Personal of the
	// batch, in that order.
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

// attempt is a group judged on top of one snapshot.
type attempt struct {
	stored  []*request  // those that are to be stored
	batches []Batch     // as they are to be stored
	tips    []*Snapshot // the snapshot judged on, then the one after each of batches
}

// drop forgets what was judged, which is not to be, when head is.
func (a *attempt) drop(head *Snapshot) {
	a.tips[0].people.forget(a.tips[len(a.tips)-1].people, head.people)
}

// process decides what becomes of a group. The caller holds the lead.
func (l *Live) process(ctx context.Context, group []*request) {
	if len(group) == 0 {
		return
	}
	newest := !l.opts.Shared // the head is no older than the group
	if l.doubt {
		if err := l.catchUp(ctx, nil); err != nil {
			fail(group, err)
			return
		}
		l.settled()
		newest = true
	}
	askFirst := false // for the keys, before anything is stored
	for range maxAttempts {
		a := l.judge(ctx, group, askFirst)
		if !newest && a.answers(group) {
			err := l.catchUp(ctx, nil)
			if newest = err == nil; err != nil || a.tips[0] != l.head.Load() {
				a.drop(l.head.Load())
				if err != nil {
					fail(group, err)
					return
				}
				continue
			}
		}
		if len(a.batches) == 0 {
			return
		}
		revs, err := l.store.Commit(ctx, a.batches...)
		if err == nil {
			err = l.settle(ctx, a, revs)
		} else {
			a.drop(l.head.Load())
		}
		switch {
		case err == nil:
			for _, r := range group {
				if r.first != nil {
					r.receipt.Revision, r.err = r.first.receipt.Revision, r.first.err
				}
			}
			return
		case errors.Is(err, ErrConflict):
			// Another writer was first, or a key of the group was used before.
			if err = l.catchUp(ctx, nil); err == nil {
				newest, askFirst = true, askFirst || l.head.Load() == a.tips[0]
				continue
			}
		case errors.Is(err, ErrUnavailable):
			l.inDoubt(err)
		default:
		}
		// Also those that were judged on top of what was not stored, and the
		// refusals among them.
		first := slices.Index(group, a.stored[0])
		for i, r := range group {
			if r.receipt.Revision > a.tips[0].Revision || r.first != nil || r.err != nil && i > first {
				r.receipt, r.err = Receipt{}, err
			}
		}
		return
	}
	fail(group, &Error{Class: ErrConflict, Reason: "CONFLICT", Message: "other writers were first every time; try again"})
}

func fail(group []*request, err error) {
	for _, r := range group {
		r.receipt, r.err = Receipt{}, err
	}
}

// judge judges a group in order, each batch on top of those before it. A batch
// with a key of which nothing would be stored is answered by what the store has
// under the key; with askFirst, any batch with a key. Otherwise the store finds
// a key that it has when it is to take the batch.
func (l *Live) judge(ctx context.Context, group []*request, askFirst bool) *attempt {
	a := &attempt{tips: []*Snapshot{l.head.Load()}}
	keys := make(map[string]*request)
	for _, r := range group {
		tip := a.tips[len(a.tips)-1]
		keyed := r.batch.Key != "" && !r.options.DryRun
		r.receipt, r.err, r.first = Receipt{}, nil, nil
		if keyed {
			if r.first = keys[r.batch.Key]; r.first != nil {
				replay(r, tip, 0)
				continue
			}
			if askFirst && l.asked(ctx, r, tip) {
				continue
			}
		}
		var next *Snapshot
		var prepared *Batch
		next, prepared, r.err = tip.prepare(r)
		if next == nil {
			if keyed && !askFirst {
				l.asked(ctx, r, tip)
			}
			continue
		}
		prepared.If, prepared.IfSet = tip.Revision, true
		a.batches = append(a.batches, *prepared)
		a.stored = append(a.stored, r)
		a.tips = append(a.tips, next)
		if keyed {
			keys[r.batch.Key] = r
		}
	}
	return a
}

// answers reports whether some of a group is answered by what was known when it
// was judged, and not by storing it.
func (a *attempt) answers(group []*request) bool {
	stored := 0
	for _, r := range group {
		if r.first != nil || r.options.DryRun || r.receipt.Replayed {
			stored++
		}
	}
	return stored+len(a.stored) < len(group)
}

// asked settles r if its key is stored, or if the store does not say.
func (l *Live) asked(ctx context.Context, r *request, tip *Snapshot) bool {
	rev, err := l.keyRevision(ctx, &r.batch)
	switch {
	case err != nil:
		r.receipt, r.err = Receipt{}, err
		return true
	case rev == 0:
		return false
	}
	replay(r, tip, rev)
	return true
}

// replay settles r, whose key was used before, by revision rev.
func replay(r *request, tip *Snapshot, rev Revision) {
	again := request{batch: r.batch, options: CommitOptions{Partial: true, DryRun: true}}
	again.batch.IfSet = false
	// An error is what the batch would be refused with today; it was taken then.
	_, _, _ = tip.prepare(&again)
	r.receipt, r.err = again.receipt, nil
	r.receipt.Revision, r.receipt.Replayed = rev, true
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
//
// A store with other writers does not tell whether it was this batch or theirs
// that it has under a key: then what it has is read.
// Errors: [ErrUnavailable] when what was stored cannot be read or applied.
func (l *Live) settle(ctx context.Context, a *attempt, revs []Revision) error {
	// Only of the last: If of a batch does not fit after one that is not stored.
	certain, replayed := !l.opts.Shared || a.batches[len(revs)-1].Key == "", false
	for i, rev := range revs {
		a.stored[i].receipt.Revision = rev
		replayed = replayed || rev != a.tips[i+1].Revision
	}
	if certain && !replayed {
		for _, tip := range a.tips[1:] {
			l.publish(tip)
		}
		return nil
	}
	a.drop(l.head.Load())
	own := make(map[Revision]bool, len(revs))
	if l.opts.Shared {
		err := l.catchUp(ctx, func(rev Revision, b *Batch) {
			i := slices.Index(revs, rev)
			own[rev] = i >= 0 && b.same(&a.batches[i])
		})
		if err == nil && l.head.Load().Revision < slices.Max(revs) {
			err = Unavailable("the store does not show it yet", nil)
		}
		if err != nil {
			return Unavailable("the batch was committed, and cannot be read back; the same key finds it", err)
		}
	}
	for i, rev := range revs {
		head := l.head.Load()
		if rev > head.Revision { // of the only writer
			next, err := head.apply(&a.batches[i], rev)
			if err != nil {
				return Unavailable("a stored batch cannot be applied", err)
			}
			l.publish(next)
			own[rev] = true
		}
		a.stored[i].receipt.Stored, a.stored[i].receipt.Replayed = own[rev], !own[rev]
	}
	return nil
}

// same reports whether b, as it was read from the store, says what o says about
// people, and publishes entries of the same ids.
func (b *Batch) same(o *Batch) bool {
	return b.Key == o.Key && b.At == o.At && b.Len() == o.Len() &&
		slices.Equal(b.People, o.People) && slices.Equal(b.Assignments, o.Assignments) &&
		slices.Equal(b.Awards, o.Awards) && slices.Equal(b.Claims, o.Claims) && slices.Equal(b.Derived, o.Derived) &&
		slices.EqualFunc(b.Personal, o.Personal, func(x, y Personal) bool { return x.Person == y.Person && x.About == y.About })
}
