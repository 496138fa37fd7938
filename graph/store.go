package graph

import "context"

// Store keeps batches, durably and in order. It knows no laws. Its methods may
// be called by several goroutines at once. Every error it returns is of one of
// the classes of this package; a driver's error is the cause, not the class.
type Store interface {
	// Head is the newest revision, 0 for an empty store. It is also the health
	// check: [ErrUnavailable] when the store cannot serve.
	Head(ctx context.Context) (Revision, error)

	// Commit stores the batches in consecutive revisions, all of them or none,
	// and returns once they are durable. The answer has a revision for each
	// batch: its own, or for a batch whose Key is stored already (or stands
	// earlier in the same call) the first one's, in which case nothing of it is
	// stored again, whatever its If. If applies to the revision just before its
	// batch, and never fits after a batch of the same call that is not stored
	// again: who judged one on top of the other has to judge anew.
	//
	// Errors: [ErrConflict] when an If does not fit; [ErrInvalid] for an empty
	// batch; [ErrUnavailable] when nothing was written or the outcome is
	// unknown: committing the same batches with the same keys again is safe.
	Commit(ctx context.Context, batches ...Batch) ([]Revision, error)

	// Load calls apply with the whole content at one revision, which it
	// returns. The batches need not be those that were committed, but catalog
	// entries and people come in the order in which they were first recorded,
	// and versions of an entry in the order of publication. Personal records of
	// a person carry the name only, and may come again when it is known; evidence
	// is for Read. Every batch but those that only add names says its Revision. An error of apply
	// ends the load and is returned as it is. Damage is [ErrUnavailable] and
	// names the place; nothing damaged is passed to apply.
	Load(ctx context.Context, apply func(Batch) error) (Revision, error)

	// Read returns the personal records of refs in their order. A record that
	// was never stored is the zero Personal with Person and About set; one whose
	// key was destroyed has Erased set.
	Read(ctx context.Context, refs ...PersonalRef) ([]Personal, error)

	// Follow calls apply with every batch after the given revision, in order
	// and once, as it was committed, and waits for more until ctx ends, whose
	// error it then returns. [ErrGone] if a batch after `after` is no longer
	// kept, [ErrInvalid] if `after` is beyond the head.
	Follow(ctx context.Context, after Revision, apply func(Revision, Batch) error) error

	// Close waits for running calls and frees what the store holds. Calls after
	// it return [ErrUnavailable]; closing twice is allowed.
	Close() error
}
