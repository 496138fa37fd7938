package filestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"go.etcd.io/bbolt"

	storev1 "github.com/cairn-skills/cairn/gen/cairn/store/v1"
	"github.com/cairn-skills/cairn/graph"
)

// Report is what [Store.Check] found.
type Report struct {
	Revision graph.Revision // the newest revision
	Batches  int            // revisions in the log
	Parts    int            // parts in the log
	Facts    int            // facts in the log, personal records included
	Personal int            // sealed records
	Erased   int            // sealed records whose key was destroyed
	Keys     int            // people with an entry in the keys file
	// RunningHash is the log's hash at Revision, in hexadecimal digits. Files
	// with one running hash have one log.
	RunningHash string
	// Problems says all that is wrong, each with its place; none when the files
	// are whole. Where a bucket is damaged, what follows in it is not reported, and
	// where the structure of a file is, nothing that follows from it.
	Problems []string
}

// Check reads both files whole and checks their structure, every checksum, the
// running hash, that every sealed record opens, and that logs, records, keys
// and counts agree. The file stays in use, except that commits wait while the
// structure is read. The error is for a check that could not be made.
func (s *Store) Check(ctx context.Context) (Report, error) {
	head, done, err := s.enter(ctx)
	if err != nil {
		return Report{}, err
	}
	defer done()
	c := &checker{s: s, head: head, report: Report{
		Revision: graph.Revision(head.GetRevision()), RunningHash: hex.EncodeToString(head.GetSum()),
	}}
	select {
	case s.writer <- struct{}{}:
	case <-ctx.Done():
		return Report{}, unavailable(s.path, "the check was ended", ctx.Err())
	}
	data, keys := c.structure(s.data), c.structure(s.keys)
	<-s.writer
	if !data || !keys {
		return c.report, nil
	}
	for _, f := range []func(context.Context) error{c.log, c.batches, c.sealed, c.keys} {
		if err := f(ctx); err != nil {
			if ctx.Err() != nil {
				return Report{}, unavailable(s.path, "the check was ended", ctx.Err())
			}
			c.problem(err)
		}
	}
	return c.report, nil
}

type checker struct {
	s      *Store
	head   *storev1.Head
	report Report
}

func (c *checker) problem(err error) { c.report.Problems = append(c.report.Problems, err.Error()) }

// structure checks the pages of f without the map: bbolt's own check would end
// the process where a page cannot be read, and finds nothing else.
func (c *checker) structure(f *file) bool {
	info, err := f.raw.Stat()
	if err == nil {
		_, err = structure(f.raw, info.Size(), c.s.options.AcceptOlder)
	}
	if err != nil {
		c.problem(translate(f.path, err))
	}
	return err == nil
}

// log reads every part, opens what it refers to and finds every batch's key.
func (c *checker) log(ctx context.Context) error {
	scan := c.s.scan(0, c.head)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		parts, err := scan.piece()
		if err != nil {
			return err
		}
		if len(parts) == 0 {
			return nil
		}
		if err := c.s.fill(parts); err != nil {
			return err
		}
		for _, p := range parts {
			c.report.Parts++
			if p.number == 0 {
				c.report.Batches++
			}
			c.report.Facts += p.batch.Len() + len(p.rows.Awards)
			for i := range p.batch.Personal {
				c.report.Personal++
				if p.batch.Personal[i].Erased {
					c.report.Erased++
				}
			}
			if err := c.key(p); err != nil {
				return err
			}
		}
	}
}

// key checks that the key of p's batch leads to its revision.
func (c *checker) key(p logPart) error {
	if p.batch.Key == "" {
		return nil
	}
	err := c.s.data.view(func(tx *bbolt.Tx) error {
		r, err := revisionOf(tx, p.batch.Key)
		if err == nil && r != p.revision {
			err = fmt.Errorf("bucket %s: the key of revision %d leads to revision %d", bucketBatches, p.revision, r)
		}
		return err
	})
	return translateDamage(c.s.path, err)
}

func (c *checker) batches(ctx context.Context) error {
	return c.bucket(ctx, c.s.data, bucketBatches, c.head.GetBatchKeys(), func(_, v []byte) (uint64, error) {
		if len(v) != 8 {
			return 0, fmt.Errorf("bucket %s: an entry is malformed", bucketBatches)
		}
		return binary.BigEndian.Uint64(v), nil
	})
}

func (c *checker) sealed(ctx context.Context) error {
	revision := func(k, _ []byte) (uint64, error) {
		if len(k) < 12 {
			return 0, fmt.Errorf("the key %x is malformed", k)
		}
		return binary.BigEndian.Uint64(k[len(k)-12:]), nil
	}
	if err := c.bucket(ctx, c.s.data, bucketPeople, c.head.GetPeopleRecords(), revision); err != nil {
		return err
	}
	return c.bucket(ctx, c.s.data, bucketFacts, c.head.GetFactRecords(), revision)
}

func (c *checker) keys(ctx context.Context) error {
	return c.each(ctx, c.s.keys, bucketKeys, func(k, v []byte) error {
		c.report.Keys++
		_, err := decodeKey(graph.ID(k), v)
		return err
	})
}

// bucket checks every entry of a bucket and that as many as want belong to the
// revisions up to the head.
func (c *checker) bucket(ctx context.Context, f *file, name []byte, want uint64, revision func(k, v []byte) (uint64, error)) error {
	got := uint64(0)
	err := c.each(ctx, f, name, func(k, stamped []byte) error {
		v, err := unstamp(name, k, stamped)
		if err != nil {
			return err
		}
		r, err := revision(k, v)
		if err != nil {
			return err
		}
		if r <= c.head.GetRevision() {
			got++
		}
		return nil
	})
	if err == nil && got != want {
		err = damaged(c.s.path, fmt.Errorf("bucket %s: has %d entries, the head counts %d", name, got, want))
	}
	return err
}

// each calls visit with the entries of a bucket, some thousands in a transaction.
func (c *checker) each(ctx context.Context, f *file, name []byte, visit func(k, v []byte) error) error {
	var next []byte
	for first := true; first || next != nil; first = false {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := f.view(func(tx *bbolt.Tx) error {
			cur := tx.Bucket(name).Cursor()
			k, v := cur.Seek(next)
			for n := 0; k != nil && n < namesPiece; n++ {
				if err := visit(k, v); err != nil {
					return err
				}
				k, v = cur.Next()
			}
			next = bytes.Clone(k)
			return nil
		})
		if err != nil {
			return translateDamage(f.path, err)
		}
	}
	return nil
}
