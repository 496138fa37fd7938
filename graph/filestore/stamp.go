package filestore

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
)

// sumSize is the length of an entry's checksum: SHA-256 cut to 128 bits, which
// leaves damage no chance and costs 0.1 µs where the processor has SHA.
const sumSize = 16

// chainSize is the length of the log's running hash: all of SHA-256, since it
// also stands for the content towards whoever compares two files.
const chainSize = sha256.Size

// checksum is over the bucket, the key and the value, each with its length
// where it is needed to tell them apart.
func checksum(bucket, key, value []byte) (sum [sumSize]byte) {
	h := sha256.New()
	var n [8]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(bucket)))
	binary.BigEndian.PutUint32(n[4:], uint32(len(key)))
	h.Write(n[:])
	h.Write(bucket)
	h.Write(key)
	h.Write(value)
	var full [sha256.Size]byte
	copy(sum[:], h.Sum(full[:0]))
	return sum
}

// stamp is value followed by its checksum.
func stamp(bucket, key, value []byte) []byte {
	sum := checksum(bucket, key, value)
	return append(slices.Clip(value), sum[:]...)
}

// unstamp is the value that [stamp] was given, or an error that names the place.
func unstamp(bucket, key, stamped []byte) ([]byte, error) {
	n := len(stamped) - sumSize
	if n < 0 || checksum(bucket, key, stamped[:n]) != [sumSize]byte(stamped[n:]) {
		return nil, fmt.Errorf("bucket %s, entry %x: the checksum does not fit", bucket, key)
	}
	return stamped[:n], nil
}

// chain is the running hash after a part of the log.
func chain(before [chainSize]byte, key, payload []byte) (sum [chainSize]byte) {
	h := sha256.New()
	h.Write(before[:])
	h.Write(key)
	h.Write(payload)
	h.Sum(sum[:0])
	return sum
}

// genesis is the running hash of an empty log.
func genesis(id storeID) [chainSize]byte {
	return sha256.Sum256(append([]byte("cairn data file\x00"), id[:]...))
}
