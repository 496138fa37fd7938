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

// Load reads the log in order and then the names of people. Batches are decoded
// by a second goroutine ahead of apply. No transaction is open while apply
// runs, so apply may take its time, and may call the store.
func (s *Store) Load(ctx context.Context, apply func(graph.Batch) error) (graph.Revision, error) {
	head, done, err := s.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	stop, cancel := context.WithCancel(ctx)
	pieces := make(chan loadPiece, loadAhead)
	finished := make(chan struct{})
	go func() { // ends when all is read or stop ends
		defer close(finished)
		defer close(pieces)
		s.produce(stop, head, pieces)
	}()
	defer func() { cancel(); <-finished }()
	for piece := range pieces {
		if piece.err != nil {
			return 0, piece.err
		}
		for _, b := range piece.batches {
			if err := ctx.Err(); err != nil {
				return 0, unavailable(s.path, "the load was ended", err)
			}
			if err := apply(b); err != nil {
				return 0, err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return 0, unavailable(s.path, "the load was ended", err)
	}
	return graph.Revision(head.GetRevision()), nil
}

type loadPiece struct {
	batches []graph.Batch
	err     error
}

// produce sends the content up to head in pieces, the last with an error if
// there was one.
func (s *Store) produce(ctx context.Context, head *storev1.Head, pieces chan<- loadPiece) {
	send := func(p loadPiece) bool {
		select {
		case pieces <- p:
			return p.err == nil
		case <-ctx.Done():
			return false
		}
	}
	log := s.scan(0, head)
	for {
		parts, err := log.piece()
		if err != nil {
			send(loadPiece{err: err})
			return
		}
		if len(parts) == 0 {
			break
		}
		batches := make([]graph.Batch, 0, len(parts))
		for _, p := range parts {
			b := p.batch
			b.Revision = p.revision
			for _, row := range p.personals {
				if row.About.IsZero() { // the name follows
					b.Personal = append(b.Personal, graph.Personal{Person: row.Person})
				}
			}
			if b.Len() > 0 || len(b.Derived) > 0 {
				batches = append(batches, b)
			}
		}
		if !send(loadPiece{batches: batches}) {
			return
		}
	}
	names := &names{s: s, head: head}
	for {
		people, err := names.piece()
		if err != nil {
			send(loadPiece{err: err})
			return
		}
		if len(people) > 0 && !send(loadPiece{batches: []graph.Batch{{Personal: people}}}) {
			return
		}
		if names.ended {
			return
		}
	}
}

// names reads the newest record of every person, with the name only.
type names struct {
	s       *Store
	head    *storev1.Head
	next    []byte // where the next piece begins
	records uint64 // read so far
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
		newest := revision <= n.head.GetRevision()
		if newest {
			n.records++
			read++
		}
		at := k
		k, v = c.Next()
		if k != nil && newest {
			// Another record of the same person that counts comes next.
			p, r, err := splitPeopleKey(k)
			if err != nil {
				return nil, err
			}
			newest = !bytes.Equal(p, person) || r > n.head.GetRevision()
		}
		if !newest {
			continue
		}
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
	plain, erased, err := k.open(bucket, entry, sealed)
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
