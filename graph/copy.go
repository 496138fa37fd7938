package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// The bounds of a group of batches that [Copy] commits at once.
const (
	copyFacts   = 5_000
	copyBatches = 256
)

// Copy makes to what from is when the copy begins, revision by revision: the
// batches with their keys, conditions and times, in groups of a few thousand
// facts. It begins after the newest revision of to, so a copy that was ended, in
// whatever way, goes on where it was by being made again; what to has already
// must be the beginning of what from has, of which the first and the last batch
// that both have are compared. It calls progress, if it is not nil, with how far
// it is and how far it goes, and returns how far that is.
//
// A personal record that from erased becomes one that says nothing: nobody can
// store one that is erased, and leaving it out would change its batch, or leave a
// revision without any. So the copy does not tell that somebody was erased, only
// that nothing is known of them. Keys are not copied: to seals with its own.
// Nobody else may write to `to` meanwhile; a copy that finds a revision taken
// ends.
//
// Errors: the stores'; [ErrExists] when to has something else, or more.
func Copy(ctx context.Context, from, to Store, progress func(done, until Revision)) (Revision, error) {
	until, err := from.Head(ctx)
	if err != nil {
		return 0, err
	}
	done, err := to.Head(ctx)
	if err != nil {
		return 0, err
	}
	why, err := otherLineage(ctx, from, until, to, done)
	if err != nil {
		return done, err
	}
	if why != "" {
		return done, otherContent(why)
	}
	return until, copyAfter(ctx, from, to, done, until, progress)
}

// otherLineage says why what to has is not the beginning of what from has, by the
// first and the last batch of to; empty: it is.
func otherLineage(ctx context.Context, from Store, until Revision, to Store, done Revision) (why string, err error) {
	if done > until {
		return fmt.Sprintf("it has revision %d, what is to be copied ends at %d", done, until), nil
	}
	for _, r := range slices.Compact([]Revision{min(1, done), done}) {
		if r == 0 {
			continue
		}
		want, err := batchAt(ctx, from, r)
		if err != nil {
			return "", err
		}
		got, err := batchAt(ctx, to, r)
		if err != nil {
			return "", err
		}
		if !sameButErased(want, got) {
			return fmt.Sprintf("its revision %d is another", r), nil
		}
	}
	return "", nil
}

// otherContent is the error of a target that is not the beginning of its source.
func otherContent(why string) *Error {
	return &Error{Class: ErrExists, Reason: "OTHER_CONTENT", Message: "there is something else already: " + why}
}

// batchAt is the batch of one revision.
func batchAt(ctx context.Context, s Store, r Revision) (b Batch, err error) {
	err = between(ctx, s, r-1, r, func(_ Revision, x Batch) error {
		b = x
		return nil
	})
	return b, err
}

// sameButErased reports whether a and b are equal but for what one of them has
// erased.
func sameButErased(a, b Batch) bool {
	a.Personal, b.Personal = slices.Clone(a.Personal), slices.Clone(b.Personal)
	for i := range min(len(a.Personal), len(b.Personal)) {
		if x, y := &a.Personal[i], &b.Personal[i]; x.Erased || y.Erased {
			*x, *y = nothingOf(x), nothingOf(y)
		}
	}
	return a.Digest() == b.Digest()
}

// nothingOf is a record that says nothing, in the place of p.
func nothingOf(p *Personal) Personal { return Personal{Person: p.Person, About: p.About} }

// copyAfter commits to to what from has after a revision, the newest of to, up to
// another.
func copyAfter(ctx context.Context, from, to Store, done, until Revision, progress func(done, until Revision)) error {
	g := group{to: to, done: done, until: until, progress: progress}
	if progress != nil {
		progress(done, until)
	}
	return between(ctx, from, done, until, func(r Revision, b Batch) error { return g.add(ctx, r, b) })
}

// group is batches that are to be committed at once.
type group struct {
	to          Store
	done, until Revision
	progress    func(done, until Revision)
	batches     []Batch
	facts       int
}

// add gathers b, and commits what has been gathered when b does not fit or is
// the last.
func (g *group) add(ctx context.Context, r Revision, b Batch) error {
	b.Revision = 0
	if slices.ContainsFunc(b.Personal, func(p Personal) bool { return p.Erased }) {
		b.Personal = slices.Clone(b.Personal)
		for i := range b.Personal {
			if p := &b.Personal[i]; p.Erased {
				*p = nothingOf(p)
			}
		}
	}
	n := b.Len() + len(b.Derived)
	if len(g.batches) == copyBatches || g.facts+n > copyFacts {
		if err := g.commit(ctx); err != nil {
			return err
		}
	}
	g.batches, g.facts = append(g.batches, b), g.facts+n
	if r < g.until {
		return nil
	}
	return g.commit(ctx)
}

func (g *group) commit(ctx context.Context) error {
	if len(g.batches) == 0 {
		return nil
	}
	revisions, err := g.to.Commit(ctx, g.batches...)
	if errors.Is(err, ErrConflict) {
		return taken(g.done+1, err)
	}
	if err != nil {
		return err
	}
	for i, got := range revisions {
		if want := g.done + 1 + Revision(i); got != want {
			return taken(want, fmt.Errorf("it was stored as %d", got))
		}
	}
	g.done += Revision(len(g.batches))
	g.batches, g.facts = nil, 0
	if g.progress != nil {
		g.progress(g.done, g.until)
	}
	return nil
}

func taken(r Revision, cause error) *Error {
	e := otherContent(fmt.Sprintf("somebody else wrote to it while revision %d was copied", r))
	e.Cause = cause
	return e
}
