package filestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	storev1 "github.com/cairn-skills/cairn/gen/cairn/store/v1"
	"github.com/cairn-skills/cairn/graph"
)

const (
	// loadAhead is how many pieces are decoded ahead of apply.
	loadAhead = 2
	// namesPiece is how many sealed records are opened per transaction.
	namesPiece = 4096
)

var _ graph.RowStore = (*Store)(nil)

// Load is [Store.LoadRows] and then [Store.LoadNames].
func (s *Store) Load(ctx context.Context, apply func(graph.Batch) error) (graph.Revision, error) {
	head, done, err := s.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	err = s.loadRows(ctx, head, func(b graph.Batch, rows graph.Rows) error {
		b.Awards = widen(&rows)
		return apply(b)
	})
	if err == nil {
		err = s.loadNames(ctx, head, graph.Revision(head.GetRevision()), func(people []graph.Personal) error {
			return apply(graph.Batch{Personal: people})
		})
	}
	if err != nil {
		return 0, err
	}
	return graph.Revision(head.GetRevision()), nil
}

// LoadRows reads the log in order. It is decoded by a second goroutine ahead of
// apply. No transaction is open while apply runs, so apply may take its time,
// and may call the store.
func (s *Store) LoadRows(ctx context.Context, apply func(graph.Batch, graph.Rows) error) (graph.Revision, error) {
	head, done, err := s.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	if err := s.loadRows(ctx, head, apply); err != nil {
		return 0, err
	}
	return graph.Revision(head.GetRevision()), nil
}

func (s *Store) loadRows(ctx context.Context, head *storev1.Head, apply func(graph.Batch, graph.Rows) error) error {
	stop, cancel := context.WithCancel(ctx)
	pieces := make(chan loadPiece, loadAhead)
	free := make(chan []graph.AwardRow, (loadAhead+2)*pieceParts)
	finished := make(chan struct{})
	go func() { // ends when all is read or stop ends
		defer close(finished)
		defer close(pieces)
		s.produce(stop, head, pieces, free)
	}()
	defer func() { cancel(); <-finished }()
	for piece := range pieces {
		if piece.err != nil {
			return piece.err
		}
		for _, p := range piece.parts {
			if err := ctx.Err(); err != nil {
				return unavailable(s.path, "the load was ended", err)
			}
			b := p.batch
			b.Revision = p.revision
			for _, row := range p.personals {
				if row.About.IsZero() { // the name is among those of LoadNames
					b.Personal = append(b.Personal, graph.Personal{Person: row.Person})
				}
			}
			if b.Len() == 0 && len(b.Derived) == 0 && len(p.rows.Awards) == 0 {
				continue
			}
			if err := apply(b, p.rows); err != nil {
				return err
			}
			select {
			case free <- p.rows.Awards:
			default:
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return unavailable(s.path, "the load was ended", err)
	}
	return nil
}

type loadPiece struct {
	parts []logPart
	err   error
}

// produce sends the log up to head in pieces, the last with an error if there
// was one. It uses the rows in free again.
func (s *Store) produce(ctx context.Context, head *storev1.Head, pieces chan<- loadPiece, free chan []graph.AwardRow) {
	log := s.scan(0, head)
	log.free = free
	for {
		parts, err := log.piece()
		if err == nil && len(parts) == 0 {
			return
		}
		select {
		case pieces <- loadPiece{parts, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// LoadNames reads the newest record of every person up to a revision. A name
// that was erased since is empty. [Store.Close] ends it with
// [graph.ErrUnavailable].
func (s *Store) LoadNames(ctx context.Context, at graph.Revision, apply func([]graph.Personal) error) error {
	head, done, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer done()
	return s.loadNames(ctx, head, at, func(people []graph.Personal) error {
		select {
		case <-s.closing:
			return s.errClosed()
		default:
			return apply(people)
		}
	})
}

func (s *Store) loadNames(ctx context.Context, head *storev1.Head, at graph.Revision, apply func([]graph.Personal) error) error {
	names := &names{s: s, head: head, at: uint64(at)}
	for !names.ended {
		people, err := names.piece()
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return unavailable(s.path, "the load was ended", err)
		}
		if len(people) > 0 {
			if err := apply(people); err != nil {
				return err
			}
		}
	}
	return nil
}

// names reads the newest record of every person up to a revision, with the name
// only.
type names struct {
	s       *Store
	head    *storev1.Head
	at      uint64
	next    []byte // where the next piece begins
	records uint64 // read so far, up to the head
	ended   bool
}

func (n *names) piece() (out []graph.Personal, err error) {
	err = n.s.data.view(func(tx *bbolt.Tx) error {
		return n.s.keys.view(func(keys *bbolt.Tx) error {
			out, err = n.read(tx.Bucket(bucketPeople), keys.Bucket(bucketKeys))
			return err
		})
	})
	return out, translateDamage(n.s.path, err)
}

func (n *names) read(people, keys *bbolt.Bucket) (out []graph.Personal, err error) {
	c := people.Cursor()
	ring := keys.Cursor()
	k, v := c.Seek(n.next)
	entry, key := ring.Seek(before(n.next))
	for read := 0; k != nil; {
		person, revision, err := splitPeopleKey(k)
		if err != nil {
			return nil, err
		}
		sealed, err := unstamp(bucketPeople, k, v)
		if err != nil {
			return nil, err
		}
		if revision <= n.head.GetRevision() {
			n.records++
		}
		read++
		newest := revision <= n.at
		at := k
		k, v = c.Next()
		if k != nil && newest {
			// Another record of the same person that counts comes next.
			p, r, err := splitPeopleKey(k)
			if err != nil {
				return nil, err
			}
			newest = !bytes.Equal(p, person) || r > n.at
		}
		if newest {
			for entry != nil && bytes.Compare(entry, person) < 0 {
				entry, key = ring.Next()
			}
			var stamped []byte
			if bytes.Equal(entry, person) {
				stamped = key
			}
			p, err := openPersonal(graph.PersonalRef{Person: graph.ID(person)}, bucketPeople, at, sealed, stamped)
			if err != nil {
				return nil, err
			}
			out = append(out, graph.Personal{Person: p.Person, Name: p.Name, Erased: p.Erased})
		}
		if read >= namesPiece && k != nil {
			n.next = bytes.Clone(k)
			return out, nil
		}
	}
	n.ended = true
	if n.records != n.head.GetPeopleRecords() {
		return nil, fmt.Errorf("bucket %s: %d records were read, the head counts %d", bucketPeople, n.records, n.head.GetPeopleRecords())
	}
	return out, nil
}

// before is the person of a key of the bucket people, nil for nil.
func before(key []byte) []byte {
	person, _, _ := bytes.Cut(key, []byte{0})
	return person
}

func splitPeopleKey(k []byte) (person []byte, revision uint64, err error) {
	i := bytes.IndexByte(k, 0)
	if i < 0 || len(k) != i+1+12 {
		return nil, 0, fmt.Errorf("bucket %s, entry %x: the key is malformed", bucketPeople, k)
	}
	return k[:i], binary.BigEndian.Uint64(k[i+1:]), nil
}

// openPersonal opens a sealed record with the person's entry of the keys file.
func openPersonal(ref graph.PersonalRef, bucket, entry, sealed, stampedKey []byte) (graph.Personal, error) {
	p := graph.Personal{Person: ref.Person, About: ref.About}
	k, err := decodeKey(ref.Person, stampedKey)
	if err != nil {
		return p, err
	}
	plain, erased, err := k.Open(associated(bucket, entry), sealed)
	if err != nil {
		return p, fmt.Errorf("bucket %s, entry %x: %w", bucket, entry, err)
	}
	if erased {
		p.Erased = true
		return p, nil
	}
	var m storev1.Personal
	if err := proto.Unmarshal(plain, &m); err != nil {
		return p, fmt.Errorf("bucket %s, entry %x: %w", bucket, entry, err)
	}
	p.Name, p.Identifiers, p.Evidence = m.GetName(), m.GetIdentifiers(), m.GetEvidence()
	return p, nil
}
