// Package filestore keeps a graph in one local file and the keys of its
// personal records in a second one beside it.
//
// Start from three names. [Open] opens or makes the files X and X.keys and
// gives a [Store], which keeps the contract of [graph.Store]. [Store.Check]
// reads everything and reports all that is wrong; [Store.Backup] copies both
// files while they are in use.
//
// The package promises that what was acknowledged is on disk, whatever happens
// to the process or the power; that damage is reported with its place and never
// served; and that a sealed record cannot be read without its person's key.
//
// It never repairs, retries a failed sync, logs, or runs a goroutine of its own
// beyond a call. Two processes cannot write one file: the second one is told.
//
// # The format
//
// Both files are bbolt files. X has the buckets
//
//	meta      format, the store's id, and the head: see Head in store/v1
//	log       revision and part number → running hash, Part
//	batches   SHA-256 of a batch's key → its revision
//	people    person, revision, ordinal → the sealed record about the person
//	facts     person, fact id, revision, ordinal → the sealed record about the fact
//
// and X.keys has
//
//	meta      format, the store's id, and the generation
//	keys      person → state, epoch, key
//
// Numbers in keys and values are big-endian, a person's id ends with a zero
// byte. The running hash of a part is SHA-256 over the hash before it, the
// part's key and its bytes; every other value ends with a checksum over the
// bucket's name, the key and the value. A sealed record is the epoch of the
// key, a nonce, and AES-256-GCM over a Personal with the entry's bucket and key
// as associated data. Nothing is ever changed or deleted in log, people and
// facts. An entry of the keys file may say that its key was destroyed, and its
// records are then erased; the erasure itself, which must also rewrite the pages
// that bbolt frees, is no part of this package.
package filestore
