package graph

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// ReplicaOptions are for [OpenReplica]. Open, Local and Name are needed.
type ReplicaOptions struct {
	// Open opens the remote store. While its errors are of class
	// [ErrUnavailable] it is called again, seconds apart.
	Open func(context.Context) (Store, error)
	// Local is the copy: empty, or what an earlier replica left. The replica
	// closes it.
	Local RowStore
	// Name is what errors call the copy: its file.
	Name string
	// Every is how often the copy is brought up to the remote store; 0 means a
	// second.
	Every time.Duration
	// Report receives why the remote store is out of touch when it gets so, and
	// nil when it is in touch again; nil: nobody is told. It is called by one
	// goroutine at a time.
	Report func(error)
}

// Replica is a remote [Store] with a local copy that it is loaded from, so that
// a load does not read again what was read before. Everything else goes to the
// remote store. While that is out of touch, Load and Read answer from the copy:
// Load as of the copy's revision, Read if the copy has all that was handed out.
//
// The copy is brought up to the remote store by each load and, in a goroutine of
// its own, while the replica is open; each change is read once more for it. It
// has personal records of its own, sealed with its own keys: what the remote
// store erases later stays in it until it is removed.
//
// A copy of something else is never used, nor replaced: then the address, or the
// copy, is not the one that was meant, or the remote store was put back to an
// earlier state, which somebody has to know. Who removes the copy gets a new one.
type Replica struct {
	opts ReplicaOptions

	copying chan struct{} // holds one token: who has it changes the copy, and what follows
	opened  Store         // the remote store, also before it is known to be that of the copy
	doubt   bool          // opened has to be held against the copy

	mu     sync.Mutex // guards what follows
	remote Store      // nil until it was found to be that of the copy
	err    error      // why it is out of touch, or not that of the copy
	closed bool

	seen    atomic.Uint64 // the newest revision that was handed out
	stop    context.CancelFunc
	running sync.WaitGroup // what stop ends
}

var _ RowStore = (*Replica)(nil)

// OpenReplica opens the remote store and brings the copy up to it, or, if the
// remote store is away and the copy is not empty, goes on with the copy as it is.
//
// Errors: those of Open; [ErrExists] when the copy is of something else. Then
// Local is closed.
func OpenReplica(ctx context.Context, opts ReplicaOptions) (*Replica, error) {
	if opts.Every == 0 {
		opts.Every = time.Second
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &Replica{opts: opts, copying: make(chan struct{}, 1), doubt: true, stop: cancel}
	r.copying <- struct{}{}
	err := r.warm(ctx)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.running.Go(func() { r.keep(life) })
	return r, nil
}

// keep brings the copy up to the remote store until ctx ends.
func (r *Replica) keep(ctx context.Context) {
	for pause := r.opts.Every; ; {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		if err := r.catchUp(ctx); err == nil {
			pause = r.opts.Every
		} else {
			pause = min(2*pause, maxPause)
		}
	}
}

// warm brings the copy up to the remote store unless that is away.
func (r *Replica) warm(ctx context.Context) error {
	err := r.catchUp(ctx)
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrExists) || !errors.Is(err, ErrUnavailable) {
		return err
	}
	if remote, away := r.far(); away == nil {
		if _, away = remote.Head(ctx); away == nil {
			return err // it is there, and something is wrong with it
		}
	}
	if head, broken := r.opts.Local.Head(ctx); broken != nil || head == 0 {
		return err
	}
	return nil
}

// catchUp brings the copy up to the remote store, which it opens if need be.
func (r *Replica) catchUp(ctx context.Context) error {
	select {
	case <-r.copying:
	case <-ctx.Done():
		return Unavailable("the call was ended", ctx.Err())
	}
	defer func() { r.copying <- struct{}{} }()
	err := r.advance(ctx)
	if err != nil && ctx.Err() != nil {
		return err // that says nothing about the remote store
	}
	r.note(err)
	return err
}

func (r *Replica) advance(ctx context.Context) error {
	if r.isClosed() {
		return errReplicaClosed
	}
	if r.opened == nil {
		remote, err := r.opts.Open(ctx)
		if err != nil {
			return err
		}
		r.opened = remote
	}
	until, err := r.opened.Head(ctx)
	if err != nil {
		return err
	}
	done, err := r.opts.Local.Head(ctx)
	if err != nil {
		return err
	}
	if r.doubt || done > until {
		why, err := otherLineage(ctx, r.opened, until, r.opts.Local, done)
		if err != nil {
			return err
		}
		if why != "" {
			return &Error{
				Class: ErrExists, Reason: "OTHER_CONTENT", Subject: r.opts.Name,
				Message: "is a copy of something else: " + why + "; name the store that it is of, or remove the copy and its keys, and it is made again",
			}
		}
	}
	r.publish()
	return copyAfter(ctx, r.opened, r.opts.Local, done, until, nil)
}

// publish makes the opened store the one that calls go to.
func (r *Replica) publish() {
	r.doubt = false
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remote = r.opened
}

// note keeps why the remote store is out of touch, nil: it is in touch.
func (r *Replica) note(err error) {
	r.mu.Lock()
	changed := (r.err == nil) != (err == nil) && !r.closed
	r.err = err
	if errors.Is(err, ErrExists) {
		r.remote = nil
	}
	r.mu.Unlock()
	r.doubt = r.doubt || err != nil
	if changed && r.opts.Report != nil {
		r.opts.Report(err)
	}
}

var errReplicaClosed = Unavailable("the store is closed", nil)

func (r *Replica) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// far is the remote store.
func (r *Replica) far() (Store, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return nil, errReplicaClosed
	case r.remote == nil:
		return nil, Unavailable("the store is away", r.err)
	}
	return r.remote, nil
}

// handed notes that somebody knows of a revision.
func (r *Replica) handed(revision Revision) {
	for {
		was := r.seen.Load()
		if uint64(revision) <= was || r.seen.CompareAndSwap(was, uint64(revision)) {
			return
		}
	}
}

// Head is that of the remote store.
func (r *Replica) Head(ctx context.Context) (Revision, error) {
	remote, err := r.far()
	if err != nil {
		return 0, err
	}
	return remote.Head(ctx)
}

// Commit is that of the remote store.
func (r *Replica) Commit(ctx context.Context, batches ...Batch) ([]Revision, error) {
	remote, err := r.far()
	if err != nil {
		return nil, err
	}
	revisions, err := remote.Commit(ctx, batches...)
	for _, revision := range revisions {
		r.handed(revision)
	}
	return revisions, err
}

// Follow is that of the remote store.
func (r *Replica) Follow(ctx context.Context, after Revision, apply func(Revision, Batch) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	remote, err := r.far()
	if err != nil {
		return err
	}
	return remote.Follow(ctx, after, func(revision Revision, b Batch) error {
		r.handed(revision)
		return apply(revision, b)
	})
}

// Read is that of the remote store, or of the copy while that is out of touch.
func (r *Replica) Read(ctx context.Context, refs ...PersonalRef) ([]Personal, error) {
	remote, err := r.far()
	if err == nil && r.inTouch() {
		var out []Personal
		if out, err = remote.Read(ctx, refs...); err == nil {
			return out, nil
		}
		if _, away := remote.Head(ctx); away == nil {
			return nil, err
		}
	}
	if head, broken := r.opts.Local.Head(ctx); broken != nil || uint64(head) < r.seen.Load() {
		if err == nil {
			err = Unavailable("the store is away, and the copy lacks what was written last", broken)
		}
		return nil, err
	}
	return r.opts.Local.Read(ctx, refs...)
}

func (r *Replica) inTouch() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err == nil
}

// Load brings the copy up to the remote store and is its Load. Cost: what was
// written since the copy, and the load of the copy.
func (r *Replica) Load(ctx context.Context, apply func(Batch) error) (Revision, error) {
	if err := r.warm(ctx); err != nil {
		return 0, err
	}
	revision, err := r.opts.Local.Load(ctx, apply)
	r.handed(revision)
	return revision, err
}

// LoadRows is to Load as in [RowStore].
func (r *Replica) LoadRows(ctx context.Context, apply func(Batch, Rows) error) (Revision, error) {
	if err := r.warm(ctx); err != nil {
		return 0, err
	}
	revision, err := r.opts.Local.LoadRows(ctx, apply)
	r.handed(revision)
	return revision, err
}

// LoadNames is that of the copy.
func (r *Replica) LoadNames(ctx context.Context, at Revision, apply func([]Personal) error) error {
	return r.opts.Local.LoadNames(ctx, at, apply)
}

// ReadName is that of the copy.
func (r *Replica) ReadName(ctx context.Context, person ID, at Revision) (Personal, error) {
	return r.opts.Local.ReadName(ctx, person, at)
}

// Close is as [Store] says, and closes the remote store and the copy.
func (r *Replica) Close() error {
	r.mu.Lock()
	r.closed = true
	remote := r.remote
	r.mu.Unlock()
	r.stop()
	var err error
	if remote != nil {
		err = remote.Close()
	}
	r.running.Wait()
	<-r.copying // a load that opens the remote store
	if r.opened != nil && r.opened != remote {
		err = errors.Join(err, r.opened.Close())
	}
	r.copying <- struct{}{}
	return errors.Join(err, r.opts.Local.Close())
}
