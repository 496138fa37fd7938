package neo4jstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/seal"
)

var (
	bucketMeta = []byte("meta")
	bucketKeys = []byte("keys")

	entryOrganization = []byte("organization")
	entryGeneration   = []byte("generation")
)

// keyWait is how long to wait for another server that is writing to the file;
// it takes a few milliseconds.
const keyWait = 10 * time.Second

// keys is the file of the people's keys. Servers of one graph share it: it is
// open, and locked, only while something is read or written.
type keys struct{ path string }

// firstGeneration is that of a file without keys. A graph has generation 0 until
// it is known to have a file.
const firstGeneration = 1

// createKeys makes the file for an organization, unless its file is there.
// Whenever it may end, the file is whole or not there.
func createKeys(path, organization string) (err error) {
	if _, err := os.Stat(path); err == nil {
		_, err := openKeys(path, organization, 0)
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return unavailable("the keys file "+path+" cannot be made", err)
	}
	defer func() { err = errors.Join(err, os.Remove(draft.Name())) }()
	if err := draft.Close(); err != nil {
		return unavailable("the keys file "+path+" cannot be made", err)
	}
	k := &keys{path: draft.Name()}
	err = k.with(&bbolt.Options{Timeout: keyWait}, func(db *bbolt.DB) error {
		return db.Update(func(tx *bbolt.Tx) error {
			meta, err := tx.CreateBucket(bucketMeta)
			if err != nil {
				return err
			}
			if _, err := tx.CreateBucket(bucketKeys); err != nil {
				return err
			}
			return errors.Join(meta.Put(entryOrganization, []byte(organization)),
				meta.Put(entryGeneration, binary.BigEndian.AppendUint64(nil, firstGeneration)))
		})
	})
	if err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); errors.Is(err, fs.ErrExist) {
		_, err := openKeys(path, organization, 0) // another migration was first
		return err
	} else if err != nil {
		return unavailable("the keys file "+path+" cannot be made", err)
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a folder durable.
func syncDir(path string) error {
	dir, err := os.Open(path) //nolint:gosec // the folder of the keys file
	if err != nil {
		return unavailable("the folder "+path+" cannot be opened", err)
	}
	defer dir.Close()                                                    //nolint:errcheck // it was only synced
	if err := dir.Sync(); err != nil && !errors.Is(err, fs.ErrInvalid) { // some file systems need none
		return unavailable("the folder "+path+" cannot be written", err)
	}
	return nil
}

// openKeys checks that path is the file of the organization and has at least
// the given generation.
func openKeys(path, organization string, generation uint64) (*keys, error) {
	k := &keys{path: path}
	return k, k.view(func(tx *bbolt.Tx) error {
		if got := string(tx.Bucket(bucketMeta).Get(entryOrganization)); got != organization {
			return unavailable("the keys file "+path+" belongs to another graph; give the one that was made with this graph", nil)
		}
		if got := generationOf(tx); got < generation {
			return unavailable(fmt.Sprintf("the keys file %s is older than the graph: it has generation %d of %d; give the newest one", path, got, generation), nil)
		}
		return nil
	})
}

// view opens the file for reading, as several servers may at once.
func (k *keys) view(f func(*bbolt.Tx) error) error {
	if _, err := os.Stat(k.path); err != nil {
		return unavailable("the keys file "+k.path+" cannot be read; without it the graph's personal records are closed", err)
	}
	return k.with(&bbolt.Options{ReadOnly: true, Timeout: keyWait}, func(db *bbolt.DB) error {
		return db.View(func(tx *bbolt.Tx) error {
			if tx.Bucket(bucketMeta) == nil || tx.Bucket(bucketKeys) == nil {
				return unavailable(k.path+" is no keys file of Cairn", nil)
			}
			return f(tx)
		})
	})
}

// update opens the file for writing, alone. What f wrote is on disk when it returns.
func (k *keys) update(f func(*bbolt.Tx) error) error {
	if err := k.view(func(*bbolt.Tx) error { return nil }); err != nil {
		return err
	}
	return k.with(&bbolt.Options{Timeout: keyWait}, func(db *bbolt.DB) error { return db.Update(f) })
}

func (k *keys) with(options *bbolt.Options, f func(*bbolt.DB) error) (err error) {
	db, err := bbolt.Open(k.path, 0o600, options)
	if errors.Is(err, bolterrors.ErrTimeout) {
		return unavailable("another process keeps the keys file "+k.path+" locked", err)
	}
	if err != nil {
		return unavailable("the keys file "+k.path+" cannot be opened", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := f(db); err != nil {
		if _, ok := errors.AsType[*graph.Error](err); ok {
			return err
		}
		return unavailable("the keys file "+k.path+" cannot be used", err)
	}
	return nil
}

func generationOf(tx *bbolt.Tx) uint64 {
	v := tx.Bucket(bucketMeta).Get(entryGeneration)
	if len(v) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(v)
}

// provide returns a live key for each of people, made where there is none, and
// the generation of the file that has them all. They are on disk when it
// returns, so that nothing is ever sealed with a key that is not.
func (k *keys) provide(people []graph.ID) (ring map[graph.ID]*seal.Key, generation uint64, err error) {
	ring, generation, err = k.get(people)
	if err != nil {
		return nil, 0, err
	}
	missing := false
	for _, p := range people {
		missing = missing || ring[p] == nil || !ring[p].Live()
	}
	if !missing {
		return ring, generation, nil
	}
	err = k.update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketKeys)
		for _, p := range people {
			found, err := parseKey(p, b.Get(name(p))) // another server may have been here first
			if err != nil {
				return err
			}
			if found == nil || !found.Live() {
				if found == nil {
					found = &seal.Key{}
				}
				if found, err = found.Next(); err != nil {
					return err
				}
				if err := b.Put(name(p), found.Append(nil, string(p))); err != nil {
					return err
				}
			}
			ring[p] = found
		}
		generation = generationOf(tx) + 1
		return tx.Bucket(bucketMeta).Put(entryGeneration, binary.BigEndian.AppendUint64(nil, generation))
	})
	return ring, generation, err
}

// get returns the keys that people have, as the file has them.
func (k *keys) get(people []graph.ID) (ring map[graph.ID]*seal.Key, generation uint64, err error) {
	ring = make(map[graph.ID]*seal.Key, len(people))
	err = k.view(func(tx *bbolt.Tx) error {
		generation = generationOf(tx)
		for _, p := range people {
			found, err := parseKey(p, tx.Bucket(bucketKeys).Get(name(p)))
			if err != nil {
				return err
			}
			if found != nil {
				ring[p] = found
			}
		}
		return nil
	})
	return ring, generation, err
}

// name is the entry of a person; bbolt takes no empty one.
func name(p graph.ID) []byte { return []byte("p" + p) }

func parseKey(p graph.ID, b []byte) (*seal.Key, error) {
	if b == nil {
		return nil, nil //nolint:nilnil // no key is an answer
	}
	return seal.Parse(string(p), b)
}

// destroy erases the keys of people: what was sealed with them cannot be read
// again, here or in any copy of the graph.
func (k *keys) destroy(people ...graph.ID) error {
	return k.update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketKeys)
		for _, p := range people {
			found, err := parseKey(p, b.Get(name(p)))
			if err != nil {
				return err
			}
			if found == nil {
				continue
			}
			if err := b.Put(name(p), found.Destroyed().Append(nil, string(p))); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketMeta).Put(entryGeneration, binary.BigEndian.AppendUint64(nil, generationOf(tx)+1))
	})
}
