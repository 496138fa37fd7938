package filestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/cairn-skills/cairn/graph"
)

// Read fetches the newest record of each of refs: a search in each file, a few
// microseconds a record.
func (s *Store) Read(ctx context.Context, refs ...graph.PersonalRef) ([]graph.Personal, error) {
	head, done, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	out := make([]graph.Personal, len(refs))
	err = s.data.view(func(tx *bbolt.Tx) error {
		return s.keys.view(func(keys *bbolt.Tx) error {
			for i, ref := range refs {
				if out[i], err = readPersonal(tx, keys, ref, head.GetRevision()); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, translateDamage(s.path, err)
	}
	return out, nil
}

// ReadName fetches the newest name of a person up to a revision.
func (s *Store) ReadName(ctx context.Context, person graph.ID, at graph.Revision) (p graph.Personal, err error) {
	_, done, err := s.enter(ctx)
	if err != nil {
		return p, err
	}
	defer done()
	err = s.data.view(func(tx *bbolt.Tx) error {
		return s.keys.view(func(keys *bbolt.Tx) error {
			p, err = readPersonal(tx, keys, graph.PersonalRef{Person: person}, uint64(at))
			return err
		})
	})
	if err != nil {
		return graph.Personal{}, translateDamage(s.path, err)
	}
	return graph.Personal{Person: person, Name: p.Name, Erased: p.Erased}, nil
}

func readPersonal(tx, keys *bbolt.Tx, ref graph.PersonalRef, revision uint64) (graph.Personal, error) {
	none := graph.Personal{Person: ref.Person, About: ref.About}
	if len(ref.Person) > graph.MaxIDBytes || ref.Person == "" || bytes.IndexByte([]byte(ref.Person), 0) >= 0 {
		return none, nil // cannot be stored
	}
	bucket, prefix := personalPrefix(ref)
	b := tx.Bucket(bucket)
	past := binary.BigEndian.AppendUint64(bytes.Clone(prefix), revision+1)
	if err := neighbors(b, bucket, past); err != nil {
		return none, err
	}
	c := b.Cursor()
	k, _ := c.Seek(past)
	var v []byte
	if k == nil {
		k, v = c.Last()
	} else {
		k, v = c.Prev()
	}
	if len(k) != len(prefix)+12 || !bytes.HasPrefix(k, prefix) {
		return none, nil
	}
	sealed, err := unstamp(bucket, k, v)
	if err != nil {
		return none, err
	}
	return openPersonal(ref, bucket, k, sealed, keys.Bucket(bucketKeys).Get([]byte(ref.Person)))
}

// recorded is the record that row refers to, as it was committed in revision r.
func recorded(tx, keys *bbolt.Tx, row *personalRow, r graph.Revision) (graph.Personal, error) {
	bucket, key := personalKey(row.PersonalRef, r, row.ordinal)
	stamped := tx.Bucket(bucket).Get(key)
	if stamped == nil {
		return graph.Personal{}, fmt.Errorf("bucket %s, entry %x: the record is missing", bucket, key)
	}
	sealed, err := unstamp(bucket, key, stamped)
	if err != nil {
		return graph.Personal{}, err
	}
	if !bytes.Equal(stamped[len(sealed):], row.sum[:]) {
		return graph.Personal{}, fmt.Errorf("bucket %s, entry %x: the record is not the one that revision %d refers to", bucket, key, r)
	}
	return openPersonal(row.PersonalRef, bucket, key, sealed, keys.Bucket(bucketKeys).Get([]byte(row.Person)))
}
