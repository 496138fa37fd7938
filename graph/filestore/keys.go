package filestore

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/seal"
)

// decodeKey reads the entry of person. A nil value is an error: keys are never
// removed, so a record without an entry means that the keys file is damaged.
func decodeKey(person graph.ID, stamped []byte) (*seal.Key, error) {
	if stamped == nil {
		return nil, fmt.Errorf("bucket %s: the key of person %q is missing", bucketKeys, person)
	}
	v, err := unstamp(bucketKeys, []byte(person), stamped)
	if err != nil {
		return nil, err
	}
	k, err := seal.FromBytes(v)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: the entry of person %q: %w", bucketKeys, person, err)
	}
	return k, nil
}

// associated binds a sealed record to its place.
func associated(bucket, entry []byte) string {
	return "cairn personal " + string(bucket) + "\x00" + string(entry)
}

// keyring is the keys of the people of a group of batches.
type keyring map[graph.ID]*seal.Key

// provide returns the keys of people, made where they are missing, and the
// generation of the keys file that has them all. Keys are on disk when it
// returns, so that nothing durable is ever sealed with a key that is not.
func (s *Store) provide(people []graph.ID) (keyring, uint64, error) {
	ring := make(keyring, len(people))
	var missing []graph.ID
	var generation uint64
	err := s.keys.view(func(tx *bbolt.Tx) error {
		var err error
		if generation, err = readGeneration(tx); err != nil {
			return err
		}
		b := tx.Bucket(bucketKeys)
		for _, p := range people {
			if ring[p] != nil {
				continue
			}
			k := &seal.Key{}
			if v := b.Get([]byte(p)); v != nil {
				if k, err = decodeKey(p, v); err != nil {
					return err
				}
			} else if err := neighbors(b, bucketKeys, []byte(p)); err != nil {
				return err
			}
			if !k.Live() {
				missing = append(missing, p)
				if k, err = k.Next(); err != nil {
					return err
				}
			}
			ring[p] = k
		}
		return nil
	})
	if err != nil || len(missing) == 0 {
		return ring, generation, translateDamage(s.keys.path, err)
	}
	generation++
	return ring, generation, s.update(s.keys, func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketKeys)
		for _, p := range missing {
			if err := b.Put([]byte(p), stamp(bucketKeys, []byte(p), ring[p].Bytes())); err != nil {
				return err
			}
		}
		return writeGeneration(tx, generation)
	})
}

func readGeneration(tx *bbolt.Tx) (uint64, error) {
	v, err := readMetaEntry(tx, entryGeneration)
	if err != nil {
		return 0, err
	}
	if len(v) != 8 {
		return 0, fmt.Errorf("bucket %s: the generation is malformed", bucketMeta)
	}
	return binary.BigEndian.Uint64(v), nil
}

func writeGeneration(tx *bbolt.Tx, generation uint64) error {
	return writeMetaEntry(tx, entryGeneration, binary.BigEndian.AppendUint64(nil, generation))
}
