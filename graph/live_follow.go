package graph

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How long to wait before a store that could not be followed is tried again:
// short enough that a restart is hardly noticed, and in a long absence few
// enough tries that a store which comes back is not kept busy by them.
const (
	firstPause = 50 * time.Millisecond
	maxPause   = 5 * time.Second
)

// absence is since when and why what others write to the store is not seen.
type absence struct {
	since time.Time
	err   error
}

// Fresh says whether the head is the newest revision, as far as is known: a zero
// time and nil, or since when the store has been out of touch and why. Until it
// is in touch again the head may lack what other servers wrote since, and of a
// store without other writers a commit whose outcome is unknown.
func (l *Live) Fresh() (since time.Time, err error) {
	if a := l.away.Load(); a != nil {
		return a.since, a.err
	}
	return time.Time{}, nil
}

// Health is nil while the head is the newest revision and the store answers.
// Errors: [ErrUnavailable].
func (l *Live) Health(ctx context.Context) error {
	if _, err := l.Fresh(); err != nil && l.opts.Shared {
		return Unavailable("the store is out of touch", err)
	}
	if err := l.Sound(); err != nil {
		return err
	}
	_, err := l.store.Head(ctx)
	return err
}

// outOfTouch notes that the store cannot be followed.
func (l *Live) outOfTouch(err error) {
	now := time.Now //nolint:forbidigo // of no answer: how long the store is away is this machine's to say
	if l.opts.Now != nil {
		now = l.opts.Now
	}
	a := &absence{now(), err}
	if was := l.away.Load(); was != nil {
		a.since = was.since
	}
	l.away.Store(a)
}

// inDoubt notes that the outcome of a commit is unknown. Of a shared store the
// follower learns it. The caller holds the lead.
func (l *Live) inDoubt(err error) {
	l.doubt = true
	if !l.opts.Shared {
		l.outOfTouch(err)
	}
}

// settled notes that no outcome is unknown. The caller holds the lead.
func (l *Live) settled() {
	l.doubt = false
	if !l.opts.Shared {
		l.away.Store(nil)
	}
}

// catchUp applies what other writers stored, and calls seen with it if it is not
// nil. The caller holds the lead.
func (l *Live) catchUp(ctx context.Context, seen func(Revision, *Batch)) error {
	newest, err := l.newest(ctx)
	if err != nil || l.head.Load().Revision == newest {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err = l.store.Follow(ctx, l.head.Load().Revision, func(rev Revision, b Batch) error {
		if err := l.advance(rev, &b); err != nil {
			return err
		}
		if seen != nil {
			seen(rev, &b)
		}
		if rev >= newest {
			cancel()
		}
		return nil
	})
	if errors.Is(err, ErrGone) {
		err = l.reload(ctx)
	}
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
		return Unavailable("a stored batch cannot be applied", err)
	}
	l.publish(next)
	return nil
}

// reload makes all that the store has the head, because the way there is no
// longer kept. The caller holds the lead, so that nothing is judged by the old one.
func (l *Live) reload(ctx context.Context) error {
	s, err := load(ctx, l.store)
	if err == nil && s.Revision > l.head.Load().Revision {
		if err = s.people.names.fill(ctx, s.people); err != nil {
			return err
		}
		l.publish(s)
	}
	return err
}

// follow applies what other writers store until ctx ends, and tries again when
// the store cannot be followed.
func (l *Live) follow(ctx context.Context) {
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := l.inTouch(ctx, func() {
			pause = firstPause
			l.away.Store(nil)
		})
		if errors.Is(err, ErrGone) {
			err = l.led(ctx, func() error { return l.reload(ctx) })
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			l.outOfTouch(err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// led calls do with the lead.
func (l *Live) led(ctx context.Context, do func() error) error {
	select {
	case <-l.lead:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { l.lead <- struct{}{} }()
	return do()
}

// inTouch applies what other writers store until that fails, and calls found
// whenever all is applied that the store had when it began.
func (l *Live) inTouch(ctx context.Context, found func()) error {
	newest, err := l.newest(ctx)
	if err != nil {
		return err
	}
	reached := func() {
		if l.head.Load().Revision >= newest {
			found()
		}
	}
	reached()
	err = l.store.Follow(ctx, l.head.Load().Revision, func(rev Revision, b Batch) error {
		err := l.led(ctx, func() error { return l.advance(rev, &b) })
		if err == nil {
			reached()
		}
		return err
	})
	if err == nil {
		err = Unavailable("the store ended what it was to hand on", nil)
	}
	return err
}

// newest is the store's newest revision.
// Errors: [ErrUnavailable] also for one that is before what was read of it.
func (l *Live) newest(ctx context.Context) (Revision, error) {
	head := l.head.Load().Revision
	newest, err := l.store.Head(ctx)
	if err == nil && newest < head {
		err = Unavailable(fmt.Sprintf("the store is at revision %d and was at %d before: it is an older copy", newest, head), nil)
	}
	return newest, err
}
