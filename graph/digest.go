package graph

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
)

// Digest is a SHA-256 over content: equal content has the same in every store.
type Digest [sha256.Size]byte

// String is the lower-case hexadecimal form.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Digest is that of all fields of b but Revision. A list that is nil is the
// empty one, and a personal record that was erased is one that says nothing, as
// [Copy] makes of it. Cost: linear in b.
func (b *Batch) Digest() Digest { return sha256.Sum256(canon(nil).batch(b)) }

// ContentHasher makes a [ContentHash] of batches that are read anyway.
type ContentHasher struct {
	sum    hash.Hash
	buffer canon
}

// NewContentHasher is the hasher of a store without batches.
func NewContentHasher() *ContentHasher { return &ContentHasher{sum: sha256.New()} }

// Add adds the batch of the revision that follows.
func (h *ContentHasher) Add(revision Revision, b *Batch) {
	h.buffer = h.buffer[:0].number(uint64(revision)).batch(b)
	_, _ = h.sum.Write(canon(nil).count(len(h.buffer))) // a hash does not fail
	_, _ = h.sum.Write(h.buffer)
}

// Sum is the hash of what was added.
func (h *ContentHasher) Sum() Digest { return Digest(h.sum.Sum(nil)) }

// ContentHash is SHA-256 over every batch of store up to a revision, in order and
// with its revision: of what is known, not of how it is kept, so it does not
// depend on keys, on nonces or on the sort of store. What of a batch counts says
// [Batch.Digest]. Cost: everything is read once.
//
// Errors: the store's, and [ErrInvalid] for a revision that has not come yet.
func ContentHash(ctx context.Context, store Store, at Revision) (Digest, error) {
	h := NewContentHasher()
	err := between(ctx, store, 0, at, func(r Revision, b Batch) error {
		h.Add(r, &b)
		return nil
	})
	return h.Sum(), err
}

// errEnough ends a Follow that has handed over what was wanted.
var errEnough = errors.New("enough")

// between calls apply with the batches of store after a revision up to another.
// Errors: as for [ContentHash], and those of apply as they are.
func between(ctx context.Context, store Store, after, until Revision, apply func(Revision, Batch) error) error {
	head, err := store.Head(ctx)
	if err != nil {
		return err
	}
	if until > head {
		return Invalid(fmt.Sprintf("revision %d", until), fmt.Sprintf("has not come yet; the newest is %d", head))
	}
	if after >= until {
		return nil
	}
	err = store.Follow(ctx, after, func(r Revision, b Batch) error {
		if err := apply(r, b); err != nil {
			return err
		}
		if r >= until {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return ended(ctx, err)
}

// ended gives the error of a call whose ctx ended its class.
func ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return Unavailable("the call was ended", err)
}

// canon is content in one encoding: numbers have eight bytes, texts and lists
// their length before them, and what may be absent a flag. So no two different
// contents have the same bytes.
type canon []byte

func (c canon) number(n uint64) canon { return binary.BigEndian.AppendUint64(c, n) }

func (c canon) count(n int) canon { return c.number(uint64(n)) }

func (c canon) flag(set bool) canon {
	if set {
		return append(c, 1)
	}
	return append(c, 0)
}

func (c canon) text(s string) canon { return append(c.count(len(s)), s...) }

// words are texts of a type of their own.
func words[T ~string](c canon, list ...T) canon {
	for _, s := range list {
		c = c.text(string(s))
	}
	return c
}

// numbers are integers of any type.
func numbers[T ~int | ~int64 | ~uint8](c canon, list ...T) canon {
	for _, n := range list {
		c = c.number(uint64(n))
	}
	return c
}

// all is a list: its length, then what each makes of its elements.
func all[T any](c canon, list []T, each func(canon, *T) canon) canon {
	c = c.count(len(list))
	for i := range list {
		c = each(c, &list[i])
	}
	return c
}

func (c canon) ids(list []ID) canon { return words(c.count(len(list)), list...) }

func (c canon) strings(list []string) canon { return words(c.count(len(list)), list...) }

func (c canon) levels(list []Level) canon { return numbers(c.count(len(list)), list...) }

func (c canon) translations(list []Translation) canon {
	return all(c, list, func(c canon, t *Translation) canon { return words(words(c, t.Lang), t.Value) })
}

func (c canon) source(s Source) canon { return words(c, s.Catalog) }

// batch is every field of b but Revision.
func (c canon) batch(b *Batch) canon {
	c = c.text(b.Key).flag(b.IfSet)
	if b.IfSet {
		c = c.number(uint64(b.If))
	}
	c = numbers(c, b.At).flag(b.Settings != nil)
	if b.Settings != nil {
		c = c.settings(b.Settings)
	}
	c = all(c, b.Scales, canon.scale)
	c = all(c, b.Conversions, canon.conversion)
	c = all(c, b.Frameworks, canon.framework)
	c = all(c, b.Issuers, canon.issuer)
	c = all(c, b.Competencies, canon.competency)
	c = all(c, b.Achievements, canon.achievement)
	c = all(c, b.Roles, canon.role)
	c = all(c, b.Ladders, canon.ladder)
	c = all(c, b.People, func(c canon, p *Person) canon { return words(c, p.ID) })
	c = all(c, b.Assignments, canon.assignment)
	c = all(c, b.Awards, canon.award)
	c = all(c, b.Claims, canon.claim)
	c = all(c, b.Personal, canon.personal)
	return all(c, b.Derived, func(c canon, d *Derivation) canon {
		return append(numbers(c, d.Change).award(&d.Award), d.Cause[:]...)
	})
}
