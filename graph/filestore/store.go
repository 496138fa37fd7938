package filestore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	storev1 "github.com/cairn-skills/cairn/gen/cairn/store/v1"
	"github.com/cairn-skills/cairn/graph"
)

// Options are the settings of a [Store]; the zero value is usable.
type Options struct {
	// ReadOnly opens existing files without changing them; several processes
	// may do so at once, while none writes. Commit then fails.
	ReadOnly bool
	// NoSync leaves it to the system when to write to disk. Only for files that
	// can be thrown away: a loss of power destroys them.
	NoSync bool
	// LockWait is how long to wait for a file that another process has open;
	// zero means a second.
	LockWait time.Duration
	// AcceptOlder opens a file of whose two headers one is damaged, at the
	// revision of the other. It may be one commit older than the newest, so
	// without this option such a file is not opened.
	AcceptOlder bool
}

// Store is a [graph.Store] in one local file.
type Store struct {
	path    string
	options Options
	id      storeID
	data    *file         // X
	keys    *file         // X.keys
	writer  chan struct{} // holds one element while a commit runs
	closing chan struct{} // closed by Close
	free    func() error  // release, when it is called first

	mu     sync.Mutex     // guards what follows
	head   *storev1.Head  // the newest acknowledged state; replaced, never changed
	news   chan struct{}  // closed and replaced when head is
	failed error          // why nothing is written any more; nil while it works
	closed bool           // whether calls are refused
	calls  sync.WaitGroup // running calls
}

var _ graph.Store = (*Store)(nil)

// KeysSuffix is what the name of the keys file has after that of the data file.
const KeysSuffix = ".keys"

// Open opens the data file path and the keys file beside it, or makes both if
// neither exists. It reads the data file once in order and checks its structure
// without mapping it.
//
// Every error is of class [graph.ErrUnavailable] and says what to do: another
// process has the file, it cannot be written, one of the two files is missing
// or belongs to another, a file is cut or damaged, or is no Cairn data file.
func Open(path string, options Options) (*Store, error) {
	if options.LockWait == 0 {
		options.LockWait = time.Second
	}
	if !options.ReadOnly {
		if err := create(path, options); err != nil {
			return nil, err
		}
	}
	s := &Store{
		path: path, options: options,
		writer: make(chan struct{}, 1), closing: make(chan struct{}), news: make(chan struct{}),
	}
	s.free = sync.OnceValue(s.release)
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

func (s *Store) open() (err error) {
	if s.data, err = openFile(s.path, s.options, dataBuckets); err != nil {
		return err
	}
	if err := s.data.view(s.readMeta); err != nil {
		return translateDamage(s.path, err)
	}
	keysPath := s.path + KeysSuffix
	if _, err := os.Stat(keysPath); errors.Is(err, os.ErrNotExist) {
		return unavailable(keysPath, "the keys file is missing; without it the data file is not opened; put it back beside the data file", nil)
	}
	if s.keys, err = openFile(keysPath, s.options, keysBuckets); err != nil {
		return err
	}
	var generation uint64
	err = s.keys.view(func(tx *bbolt.Tx) error {
		id, err := readIdentity(tx)
		if err != nil {
			return err
		}
		if id != s.id {
			return unavailable(keysPath, "the keys file belongs to another data file; put back the one that was made with it", nil)
		}
		generation, err = readGeneration(tx)
		return err
	})
	if err != nil {
		return translateDamage(keysPath, err)
	}
	if generation < s.head.GetKeysGeneration() {
		return unavailable(keysPath, fmt.Sprintf("the keys file is older than the data file: it has generation %d of %d; put back the newest one",
			generation, s.head.GetKeysGeneration()), nil)
	}
	return s.settle()
}

// settle puts on disk what was read. A process that was killed between a write
// and its sync leaves the write in the system's memory, where it reads like any
// other; without this, a commit repeated with its key would be acknowledged
// although a loss of power could still undo it.
func (s *Store) settle() error {
	if s.options.ReadOnly || s.options.NoSync {
		return nil
	}
	for _, f := range []*file{s.keys, s.data} {
		if err := f.db.Sync(); err != nil {
			return unavailable(s.path, "what the files hold cannot be put on disk", err)
		}
	}
	if err := syncDir(filepath.Dir(s.path)); err != nil {
		return unavailable(s.path, "the folder cannot be put on disk", err)
	}
	return nil
}

func (s *Store) readMeta(tx *bbolt.Tx) (err error) {
	if s.id, err = readIdentity(tx); err != nil {
		return err
	}
	v, err := readMetaEntry(tx, entryHead)
	if err != nil {
		return err
	}
	s.head = &storev1.Head{}
	if err := proto.Unmarshal(v, s.head); err != nil || len(s.head.GetSum()) != chainSize {
		return fmt.Errorf("bucket %s: the head is malformed", bucketMeta)
	}
	return nil
}

// Head is the newest revision.
func (s *Store) Head(ctx context.Context) (graph.Revision, error) {
	head, done, err := s.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	s.mu.Lock()
	failed := s.failed
	s.mu.Unlock()
	if failed != nil { // it reads what there is, but it cannot serve
		return 0, s.errFailed(failed)
	}
	return graph.Revision(head.GetRevision()), nil
}

// Close waits for running calls and frees the files. A Follow that waits, and a
// LoadNames, end with [graph.ErrUnavailable]. Every Close returns once the files
// are free, so a call must not close the store from its own apply.
func (s *Store) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
	s.mu.Unlock()
	s.calls.Wait()
	return s.free()
}

func (s *Store) release() error {
	var errs []error
	for _, f := range []*file{s.data, s.keys} {
		if f != nil {
			errs = append(errs, f.close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return unavailable(s.path, "closing the files", err)
	}
	return nil
}

// enter begins a call: it returns the newest state, and what ends the call.
func (s *Store) enter(ctx context.Context) (*storev1.Head, func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, unavailable(s.path, "the call was ended before it began", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, s.errClosed()
	}
	s.calls.Add(1)
	return s.head, s.calls.Done, nil
}

func (s *Store) errFailed(cause error) error {
	return unavailable(s.path, "an earlier write failed with unknown outcome; open the file again; nothing was written", cause)
}

func (s *Store) errClosed() error { return unavailable(s.path, "the store is closed", nil) }

// state is the newest head and a channel that is closed when there is a newer one.
func (s *Store) state() (*storev1.Head, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head, s.news
}
