package filestore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/cairn-skills/cairn/graph"
)

// The states of a person's key.
const (
	keyLive      = 1
	keyDestroyed = 2
)

// keySize is that of AES-256.
const keySize = 32

// personKey is an entry of the keys file. Epochs count a person's keys from 1:
// a record sealed in an earlier one than the entry's is erased.
type personKey struct {
	state byte
	epoch uint32
	key   [keySize]byte // zero when destroyed
}

func (k *personKey) encode() []byte {
	out := make([]byte, 5, 5+keySize+sumSize)
	out[0] = k.state
	binary.BigEndian.PutUint32(out[1:], k.epoch)
	return append(out, k.key[:]...)
}

// decodeKey reads the entry of person. A nil value is an error: keys are never
// removed, so a record without an entry means that the keys file is damaged.
func decodeKey(person graph.ID, stamped []byte) (k personKey, err error) {
	if stamped == nil {
		return k, fmt.Errorf("bucket %s: the key of person %q is missing", bucketKeys, person)
	}
	v, err := unstamp(bucketKeys, []byte(person), stamped)
	if err != nil {
		return k, err
	}
	if len(v) != 5+keySize || v[0] != keyLive && v[0] != keyDestroyed {
		return k, fmt.Errorf("bucket %s: the entry of person %q is malformed", bucketKeys, person)
	}
	k.state, k.epoch, k.key = v[0], binary.BigEndian.Uint32(v[1:]), [keySize]byte(v[5:])
	return k, nil
}

// erased reports whether what was sealed in epoch can no longer be read.
func (k *personKey) erased(epoch uint32) bool {
	return epoch < k.epoch || epoch == k.epoch && k.state == keyDestroyed
}

// aead is the cipher of k.
func (k *personKey) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// sealed is an entry of the buckets people and facts: the epoch of the key, the
// nonce and the ciphertext.
const (
	epochSize  = 4
	nonceSize  = 12
	sealedHead = epochSize + nonceSize
)

// seal encrypts plain for the entry entry of bucket.
func (k *personKey) seal(bucket, entry, plain []byte) ([]byte, error) {
	a, err := k.aead()
	if err != nil {
		return nil, err
	}
	out := make([]byte, sealedHead, sealedHead+len(plain)+a.Overhead()+sumSize)
	binary.BigEndian.PutUint32(out, k.epoch)
	if _, err := rand.Read(out[epochSize:sealedHead]); err != nil {
		return nil, err
	}
	return a.Seal(out, out[epochSize:sealedHead], plain, associated(bucket, entry)), nil
}

// open decrypts what seal made; nil and true when the key was destroyed.
func (k *personKey) open(bucket, entry, sealed []byte) (plain []byte, erased bool, err error) {
	if len(sealed) < sealedHead {
		return nil, false, errors.New("the sealed record is too short")
	}
	epoch := binary.BigEndian.Uint32(sealed)
	if k.erased(epoch) {
		return nil, true, nil
	}
	if epoch != k.epoch {
		return nil, false, fmt.Errorf("the record was sealed in epoch %d, the keys file has %d", epoch, k.epoch)
	}
	a, err := k.aead()
	if err != nil {
		return nil, false, err
	}
	plain, err = a.Open(nil, sealed[epochSize:sealedHead], sealed[sealedHead:], associated(bucket, entry))
	if err != nil {
		return nil, false, errors.New("the person's key does not open the sealed record")
	}
	return plain, false, nil
}

// associated binds a sealed record to its place.
func associated(bucket, entry []byte) []byte {
	const label = "cairn personal "
	out := make([]byte, 0, len(label)+len(bucket)+1+len(entry))
	out = append(append(out, label...), bucket...)
	return append(append(out, 0), entry...)
}

// keyring is the keys of the people of a group of batches.
type keyring map[graph.ID]*personKey

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
			k := &personKey{}
			if v := b.Get([]byte(p)); v != nil {
				if *k, err = decodeKey(p, v); err != nil {
					return err
				}
			} else if err := neighbors(b, bucketKeys, []byte(p)); err != nil {
				return err
			}
			if k.state != keyLive {
				missing = append(missing, p)
				k.state = keyLive
				k.epoch++
				if _, err := rand.Read(k.key[:]); err != nil {
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
			if err := b.Put([]byte(p), stamp(bucketKeys, []byte(p), ring[p].encode())); err != nil {
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
