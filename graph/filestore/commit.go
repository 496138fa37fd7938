package filestore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	storev1 "github.com/cairn-skills/cairn/gen/cairn/store/v1"
	"github.com/cairn-skills/cairn/graph"
)

// appendFill is how full the pages of a bucket become whose keys only grow.
const appendFill = .9

// Commit stores the batches in one transaction of the data file, which costs
// two syncs however many batches there are, and two more of the keys file when
// a batch holds the first personal record of a person.
//
// After an error that says that the outcome is unknown, the store writes no
// more until it is opened again; reads go on at the last acknowledged revision.
func (s *Store) Commit(ctx context.Context, batches ...graph.Batch) ([]graph.Revision, error) {
	_, done, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	for i := range batches {
		if err := checkBatch(&batches[i]); err != nil {
			return nil, err
		}
	}
	select {
	case s.writer <- struct{}{}:
		defer func() { <-s.writer }()
	case <-ctx.Done():
		return nil, unavailable(s.path, "the call ended before it was its turn; nothing was written", ctx.Err())
	}
	if err := s.writable(); err != nil {
		return nil, err
	}
	c := &commit{s: s, head: proto.CloneOf(s.newest()), revisions: make([]graph.Revision, len(batches))}
	if err := c.number(batches); err != nil {
		return nil, translateDamage(s.path, err)
	}
	if len(c.fresh) == 0 {
		return c.revisions, nil
	}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	if err := s.update(s.data, c.write); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head = c.head
	close(s.news)
	s.news = make(chan struct{})
	return c.revisions, nil
}

func checkBatch(b *graph.Batch) error {
	if b.Len() == 0 && len(b.Derived) == 0 {
		return graph.Invalid("batch", "is empty; a batch has at least one fact")
	}
	for i := range b.Personal {
		p := &b.Personal[i]
		switch {
		case p.Erased:
			return graph.Invalid(string(p.Person), "a personal record with Erased set is never stored")
		case len(p.Person) > graph.MaxIDBytes:
			return graph.Invalid("person", fmt.Sprintf("has an id of %d bytes; at most %d are allowed", len(p.Person), graph.MaxIDBytes))
		case p.Person == "" || strings.IndexByte(string(p.Person), 0) >= 0:
			return graph.Invalid("person", "a personal record needs a person whose id is not empty and has no zero byte")
		}
	}
	return nil
}

func (s *Store) newest() *storev1.Head {
	head, _ := s.state()
	return head
}

func (s *Store) writable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.options.ReadOnly:
		return unavailable(s.path, "the file was opened read-only; nothing was written", nil)
	case s.failed != nil:
		return s.errFailed(s.failed)
	}
	return nil
}

// commit is a group of batches on its way into the file.
type commit struct {
	s         *Store
	head      *storev1.Head // as it will be
	revisions []graph.Revision
	fresh     []freshBatch
	entries   []entry // in the order of writing
}

type freshBatch struct {
	*graph.Batch
	revision graph.Revision
}

type entry struct{ bucket, key, value []byte }

// number finds the batches that are to be stored and gives each its revision.
func (c *commit) number(batches []graph.Batch) error {
	return c.s.data.view(func(tx *bbolt.Tx) error {
		keyed := make(map[string]graph.Revision)
		again := false // a batch is not stored again
		for i := range batches {
			b := &batches[i]
			if b.Key != "" {
				r, ok := keyed[b.Key]
				if !ok {
					var err error
					if r, err = revisionOf(tx, b.Key); err != nil {
						return err
					}
				}
				if r > 0 {
					c.revisions[i], again = r, true
					continue
				}
			}
			before := graph.Revision(c.head.GetRevision())
			if b.IfSet && (again || b.If != before) {
				return &graph.Error{
					Class: graph.ErrConflict, Reason: "CONFLICT", Subject: "if",
					Message: fmt.Sprintf("the batch was made for revision %d, the newest is %d; read again and retry", b.If, before),
				}
			}
			c.head.Revision++
			r := graph.Revision(c.head.GetRevision())
			c.revisions[i] = r
			if b.Key != "" {
				keyed[b.Key] = r
				c.head.BatchKeys++
			}
			c.fresh = append(c.fresh, freshBatch{b, r})
		}
		return nil
	})
}

// revisionOf is the revision of the batch with the key, 0 for none.
func revisionOf(tx *bbolt.Tx, key string) (graph.Revision, error) {
	hash := sha256.Sum256([]byte(key))
	b := tx.Bucket(bucketBatches)
	stamped := b.Get(hash[:])
	if stamped == nil {
		return 0, neighbors(b, bucketBatches, hash[:])
	}
	v, err := unstamp(bucketBatches, hash[:], stamped)
	if err != nil {
		return 0, err
	}
	if len(v) != 8 {
		return 0, fmt.Errorf("bucket %s, entry %x: malformed", bucketBatches, hash)
	}
	return graph.Revision(binary.BigEndian.Uint64(v)), nil
}

// neighbors checks the entries on both sides of where key would stand: if key
// was there and was damaged, it is one of them, since the order of the entries
// was checked when the file was opened.
func neighbors(b *bbolt.Bucket, bucket, key []byte) error {
	c := b.Cursor()
	k, v := c.Seek(key)
	if k != nil {
		if _, err := unstamp(bucket, k, v); err != nil {
			return err
		}
		k, v = c.Prev()
	} else {
		k, v = c.Last()
	}
	if k != nil {
		if _, err := unstamp(bucket, k, v); err != nil {
			return err
		}
	}
	return nil
}

// prepare provides the keys of the people and makes the entries.
func (c *commit) prepare() error {
	var ring keyring
	var people []graph.ID
	for _, b := range c.fresh {
		for i := range b.Personal {
			people = append(people, b.Personal[i].Person)
		}
	}
	if len(people) > 0 {
		// What cannot be encoded is refused before a key is made for it.
		for _, b := range c.fresh {
			for i := range b.Personal {
				if _, err := packPersonal(&b.Personal[i]); err != nil {
					return err
				}
			}
		}
		var err error
		if ring, c.head.KeysGeneration, err = c.s.provide(people); err != nil {
			return err
		}
	}
	for _, b := range c.fresh {
		rows, err := c.sealAll(b, ring)
		if err != nil {
			return err
		}
		if err := c.append(b, rows); err != nil {
			return err
		}
		if b.Key != "" {
			hash := sha256.Sum256([]byte(b.Key))
			revision := binary.BigEndian.AppendUint64(nil, uint64(b.revision))
			c.entries = append(c.entries, entry{bucketBatches, hash[:], stamp(bucketBatches, hash[:], revision)})
		}
	}
	return nil
}

// sealAll makes the entries of the personal records of b, and what refers to them.
func (c *commit) sealAll(b freshBatch, ring keyring) ([]personalRow, error) {
	rows := make([]personalRow, len(b.Personal))
	for i := range b.Personal {
		p := &b.Personal[i]
		row := &rows[i]
		row.Person, row.About, row.ordinal = p.Person, p.About, uint32(i)
		bucket, key := personalKey(row.PersonalRef, b.revision, row.ordinal)
		plain, err := packPersonal(p)
		if err != nil {
			return nil, err
		}
		sealed, err := ring[p.Person].Seal(associated(bucket, key), plain)
		if err != nil {
			return nil, unavailable(c.s.path, "sealing a personal record; nothing was written", err)
		}
		value := stamp(bucket, key, sealed)
		row.sum = [sumSize]byte(value[len(sealed):])
		c.entries = append(c.entries, entry{bucket, key, value})
		if p.About.IsZero() {
			c.head.PeopleRecords++
		} else {
			c.head.FactRecords++
		}
	}
	return rows, nil
}

// append makes the entries of the log for b.
func (c *commit) append(b freshBatch, rows []personalRow) error {
	parts := split(b.Batch, rows)
	c.head.NewestParts = uint32(len(parts))
	for i := range parts {
		payload, err := parts[i].encode()
		if err != nil {
			return err
		}
		key := logKey(b.revision, uint32(i))
		sum := chain([chainSize]byte(c.head.GetSum()), key, payload)
		c.head.Sum = sum[:]
		c.head.Parts++
		c.entries = append(c.entries, entry{bucketLog, key, append(sum[:], payload...)})
	}
	return nil
}

func (c *commit) write(tx *bbolt.Tx) error {
	for _, name := range [][]byte{bucketLog, bucketPeople, bucketFacts, bucketBatches} {
		b := tx.Bucket(name)
		if bytes.Equal(name, bucketLog) {
			b.FillPercent = appendFill
		}
		for _, e := range c.entries {
			if !bytes.Equal(e.bucket, name) {
				continue
			}
			if err := b.Put(e.key, e.value); err != nil {
				return err
			}
		}
	}
	return writeHead(tx, c.head)
}

// logKey is the key of a part.
func logKey(r graph.Revision, part uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, uint64(r)), part)
}

// personalPrefix is the bucket of the sealed records of ref, and how their keys begin.
func personalPrefix(ref graph.PersonalRef) (bucket, prefix []byte) {
	prefix = make([]byte, 0, len(ref.Person)+1+16+12)
	prefix = append(append(prefix, ref.Person...), 0)
	if ref.About.IsZero() {
		return bucketPeople, prefix
	}
	return bucketFacts, append(prefix, ref.About[:]...)
}

// personalKey is the entry of the sealed record of ref in revision r.
func personalKey(ref graph.PersonalRef, r graph.Revision, ordinal uint32) (bucket, key []byte) {
	bucket, prefix := personalPrefix(ref)
	return bucket, append(prefix, logKey(r, ordinal)...)
}

func packPersonal(p *graph.Personal) ([]byte, error) {
	out, err := proto.Marshal(&storev1.Personal{Name: p.Name, Identifiers: p.Identifiers, Evidence: p.Evidence})
	if err != nil {
		return nil, &graph.Error{
			Class: graph.ErrInvalid, Reason: "INVALID", Subject: string(p.Person),
			Message: "a text of the personal record is not valid UTF-8", Cause: err,
		}
	}
	return out, nil
}

// update changes f in one transaction. After a failed
// sync the outcome is unknown: what the system holds in memory may or may not
// be on disk, and a second sync would not tell. Then nothing is written any more.
// A write that was refused before the header changed left nothing behind.
func (s *Store) update(f *file, change func(*bbolt.Tx) error) error {
	if err := f.ready(); err != nil {
		return err
	}
	var inner error
	transaction, written := 0, false
	err := f.guard(func() error {
		return f.db.Update(func(tx *bbolt.Tx) error {
			transaction = tx.ID()
			inner = change(tx)
			written = inner == nil
			return inner
		})
	})
	if err == nil {
		return nil
	}
	if inner != nil && !written {
		return translateDamage(f.path, inner)
	}
	var refused *fs.PathError
	if errors.As(err, &refused) && full(err) && headerBefore(f.raw, transaction) {
		return translate(f.path, err)
	}
	failure := unavailable(f.path, "outcome unknown: the write failed half-way; open the file again and commit again with the same keys", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
	return failure
}

// headerBefore reports whether both headers of file are whole and older than
// the transaction.
func headerBefore(file *os.File, transaction int) bool {
	info, err := file.Stat()
	if err != nil {
		return false
	}
	metas, err := headers(file, info.Size())
	return err == nil && metas[0] != nil && metas[1] != nil && newest(metas).txn < uint64(transaction)
}
