// Package seal encrypts the personal records of one person with a key of that
// person's own, so that destroying the key erases every copy of them.
//
// AES-256 in Galois/Counter Mode with a random nonce for each record (NIST
// SP 800-38D: a key may seal 2^32 records). A record is bound to its place, so
// that it cannot be read in another's.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	secretSize = 32
	sumSize    = 8

	epochSize = 4
	nonceSize = 12
	headSize  = epochSize + nonceSize
)

// Size is how many bytes a key takes: its state, its epoch and its secret.
const Size = 1 + epochSize + secretSize

// The states of a key.
const (
	live      = 1
	destroyed = 2
)

// Key is one person's key. Epochs count a person's keys from 1: what was sealed
// in an earlier one than the key's is erased. The zero value is no key; [Key.Next]
// makes the first.
type Key struct {
	state  byte
	epoch  uint32
	secret [secretSize]byte // zero when destroyed
}

// Live reports whether k can seal.
func (k *Key) Live() bool { return k.state == live }

// Next is a new random key in the epoch after k's.
func (k *Key) Next() (*Key, error) {
	next := &Key{state: live, epoch: k.epoch + 1}
	_, err := rand.Read(next.secret[:])
	return next, err
}

// Destroyed is k without its secret.
func (k *Key) Destroyed() *Key { return &Key{state: destroyed, epoch: k.epoch} }

// Bytes is k as a file with checksums of its own keeps it, [Size] bytes.
func (k *Key) Bytes() []byte {
	b := make([]byte, 0, Size)
	b = append(b, k.state)
	b = binary.BigEndian.AppendUint32(b, k.epoch)
	return append(b, k.secret[:]...)
}

// FromBytes is the key that Bytes wrote.
func FromBytes(b []byte) (*Key, error) {
	if len(b) != Size || b[0] != live && b[0] != destroyed {
		return nil, errors.New("the entry is malformed")
	}
	k := &Key{state: b[0], epoch: binary.BigEndian.Uint32(b[1:])}
	copy(k.secret[:], b[5:])
	return k, nil
}

// Append appends Bytes with a checksum over them and the name of the person.
func (k *Key) Append(b []byte, person string) []byte {
	bytes := k.Bytes()
	return append(append(b, bytes...), sum(person, bytes)...)
}

// Parse reads what Append wrote for the person. Its error does not name the person.
func Parse(person string, b []byte) (*Key, error) {
	if len(b) != Size+sumSize {
		return nil, errors.New("the entry is malformed")
	}
	if subtle.ConstantTimeCompare(sum(person, b[:Size]), b[Size:]) != 1 {
		return nil, errors.New("the checksum does not fit")
	}
	return FromBytes(b[:Size])
}

func sum(person string, b []byte) []byte {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d %s", len(person), person) // a hash does not fail
	_, _ = h.Write(b)
	return h.Sum(nil)[:sumSize]
}

// Seal encrypts plain for the place: 32 bytes more than plain.
func (k *Key) Seal(place string, plain []byte) ([]byte, error) {
	a, err := k.aead()
	if err != nil {
		return nil, err
	}
	out := make([]byte, headSize, headSize+len(plain)+a.Overhead())
	binary.BigEndian.PutUint32(out, k.epoch)
	if _, err := rand.Read(out[epochSize:]); err != nil {
		return nil, err
	}
	return a.Seal(out, out[epochSize:headSize], plain, []byte(place)), nil
}

// Open decrypts what Seal made for the place; erased reports that the key it
// was sealed with was destroyed.
func (k *Key) Open(place string, sealed []byte) (plain []byte, erased bool, err error) {
	if len(sealed) < headSize {
		return nil, false, errors.New("the sealed record is too short")
	}
	switch epoch := binary.BigEndian.Uint32(sealed); {
	case epoch < k.epoch, epoch == k.epoch && k.state == destroyed:
		return nil, true, nil
	case epoch != k.epoch:
		return nil, false, fmt.Errorf("the record was sealed in epoch %d of the key, there are %d", epoch, k.epoch)
	}
	a, err := k.aead()
	if err != nil {
		return nil, false, err
	}
	plain, err = a.Open(nil, sealed[epochSize:headSize], sealed[headSize:], []byte(place))
	if err != nil {
		return nil, false, errors.New("the person's key does not open the sealed record")
	}
	return plain, false, nil
}

func (k *Key) aead() (cipher.AEAD, error) {
	if !k.Live() {
		return nil, errors.New("the key is destroyed")
	}
	block, err := aes.NewCipher(k.secret[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
