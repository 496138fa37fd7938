package filestore

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	storev1 "github.com/cairn-skills/cairn/gen/cairn/store/v1"
)

// storeID ties a keys file to its data file.
type storeID [16]byte

// format is what the entry of that name holds in files of this version.
const format = "cairn data file 1"

var (
	bucketMeta    = []byte("meta")
	bucketLog     = []byte("log")
	bucketBatches = []byte("batches")
	bucketPeople  = []byte("people")
	bucketFacts   = []byte("facts")
	bucketKeys    = []byte("keys")

	entryFormat     = []byte("format")
	entryStore      = []byte("store")
	entryHead       = []byte("head")
	entryGeneration = []byte("generation")
)

// The buckets of the two files, in the order of their names.
var (
	dataBuckets = [][]byte{bucketBatches, bucketFacts, bucketLog, bucketMeta, bucketPeople}
	keysBuckets = [][]byte{bucketKeys, bucketMeta}
)

// growSize is by how much a file grows at once: bbolt's own 16 MiB would make
// every small file as large.
const growSize = 1 << 20

// examine locks f and checks it before it is mapped.
func examine(f *os.File, o Options, buckets [][]byte) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return unavailable(f.Name(), "is not a regular file; name a Cairn data file", nil)
	}
	if err := lock(f, !o.ReadOnly, o.LockWait); err != nil {
		return err
	}
	if info, err = f.Stat(); err != nil {
		return err
	}
	names, err := structure(f, info.Size(), o.AcceptOlder)
	if err != nil {
		return err
	}
	if !slices.EqualFunc(names, buckets, func(n string, b []byte) bool { return n == string(b) }) {
		return unavailable(f.Name(), fmt.Sprintf("is not a Cairn data file of this version, or is damaged: it has the buckets %q", names), nil)
	}
	return nil
}

// structure checks the headers, the size and the pages of f and returns the
// names of its buckets.
func structure(f *os.File, size int64, acceptOlder bool) ([]string, error) {
	if size == 0 {
		return nil, unavailable(f.Name(), "the file is empty; restore it from a backup, or remove it to begin a new one", nil)
	}
	metas, err := headers(f, size)
	if err != nil {
		return nil, err
	}
	m := newest(metas)
	switch {
	case m == nil:
		return nil, unavailable(f.Name(), "is not a Cairn data file, or both of its headers are damaged", nil)
	case (metas[0] == nil || metas[1] == nil) && !acceptOlder:
		return nil, unavailable(f.Name(), "one of the two headers is damaged, so the newest commit may be missing; "+
			"restore the file from a backup, or accept the older state", nil)
	case m.pages > uint64(size)/uint64(m.pageSize):
		return nil, unavailable(f.Name(), fmt.Sprintf("the file is cut: it has %d bytes and needs %d; restore it from a backup",
			size, m.pages*uint64(m.pageSize)), nil)
	}
	if err := readThrough(f, int64(m.pages)*int64(m.pageSize)); err != nil {
		return nil, err
	}
	return walkPages(f, *m)
}

// create makes the two files if there is no data file. Each is made under
// another name and appears whole; the keys file comes first and can be used
// again if the data file was not made.
func create(path string, o Options) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, os.ErrNotExist) {
		return translate(path, err)
	}
	keysPath := path + KeysSuffix
	var id storeID
	if _, err := rand.Read(id[:]); err != nil {
		return translate(path, err)
	}
	if _, err := os.Stat(keysPath); errors.Is(err, os.ErrNotExist) {
		err := createFile(keysPath, o, keysBuckets, func(tx *bbolt.Tx) error {
			return errors.Join(writeMetaEntry(tx, entryStore, id[:]), writeGeneration(tx, 0))
		})
		if err != nil {
			return err
		}
	}
	id, err := unused(keysPath, o)
	if err != nil {
		return err
	}
	return createFile(path, o, dataBuckets, func(tx *bbolt.Tx) error {
		sum := genesis(id)
		return errors.Join(writeMetaEntry(tx, entryStore, id[:]), writeHead(tx, &storev1.Head{Sum: sum[:]}))
	})
}

// unused is the identity of a keys file without keys, which an interrupted
// creation leaves. A keys file with keys belongs to a data file that is lost.
func unused(path string, o Options) (id storeID, err error) {
	f, err := openFile(path, Options{ReadOnly: true, LockWait: o.LockWait}, keysBuckets)
	if err != nil {
		return id, err
	}
	err = f.view(func(tx *bbolt.Tx) error {
		if k, _ := tx.Bucket(bucketKeys).Cursor().First(); k != nil {
			return unavailable(path, "keys exist, but the data file beside them is missing; put it back, or move the keys away to begin a new one", nil)
		}
		id, err = readIdentity(tx)
		return err
	})
	return id, translateDamage(path, errors.Join(err, f.close()))
}

// createFile makes the file path with buckets and what fill writes. A file that
// appears meanwhile is left as it is.
func createFile(path string, o Options, buckets [][]byte, fill func(*bbolt.Tx) error) error {
	dir, name := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	temp, err := os.CreateTemp(dir, name+".new-*")
	if err != nil {
		return unavailable(path, "the file cannot be made", err)
	}
	defer os.Remove(temp.Name()) //nolint:errcheck // the link is what counts
	if err := temp.Close(); err != nil {
		return unavailable(path, "the file cannot be made", err)
	}
	db, err := bbolt.Open(temp.Name(), 0o600, &bbolt.Options{NoSync: o.NoSync, NoGrowSync: true, NoStatistics: true})
	if err == nil {
		db.AllocSize = os.Getpagesize()
		err = errors.Join(db.Update(func(tx *bbolt.Tx) error {
			for _, b := range buckets {
				if _, err := tx.CreateBucket(b); err != nil {
					return err
				}
			}
			return errors.Join(writeMetaEntry(tx, entryFormat, []byte(format)), fill(tx))
		}), db.Close())
	}
	if err == nil {
		if err = publish(temp.Name(), path); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	if err == nil && !o.NoSync {
		err = syncDir(dir)
	}
	if err != nil {
		return unavailable(path, "the file cannot be made", err)
	}
	return nil
}

// publish gives the finished file temp the name path. Where path exists it stays
// as it is, and the error is [fs.ErrExist].
func publish(temp, path string) error {
	err := os.Link(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return moveReserved(temp, path)
}

// moveReserved is publish for a file system without links: it makes an empty
// file path, which fails if there is one, and moves temp in its place. What
// somebody writes to the empty file in between is lost. A crash in between leaves
// the empty file, which does not open.
func moveReserved(temp, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // whoever calls names the file
	if err != nil {
		return err
	}
	if err = f.Close(); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func readMetaEntry(tx *bbolt.Tx, entry []byte) ([]byte, error) {
	return unstamp(bucketMeta, entry, tx.Bucket(bucketMeta).Get(entry))
}

func writeMetaEntry(tx *bbolt.Tx, entry, value []byte) error {
	return tx.Bucket(bucketMeta).Put(entry, stamp(bucketMeta, entry, value))
}

func writeHead(tx *bbolt.Tx, head *storev1.Head) error {
	v, err := proto.MarshalOptions{Deterministic: true}.Marshal(head)
	if err != nil {
		return err
	}
	return writeMetaEntry(tx, entryHead, v)
}

// readIdentity checks the format and reads the store's id.
func readIdentity(tx *bbolt.Tx) (id storeID, err error) {
	v, err := readMetaEntry(tx, entryFormat)
	if err != nil {
		return id, err
	}
	if !bytes.Equal(v, []byte(format)) {
		return id, unavailable(tx.DB().Path(), fmt.Sprintf("the file has the format %q, this program reads %q", v, format), nil)
	}
	if v, err = readMetaEntry(tx, entryStore); err != nil {
		return id, err
	}
	if len(v) != len(id) {
		return id, fmt.Errorf("bucket %s: the store's id is malformed", bucketMeta)
	}
	return storeID(v), nil
}
