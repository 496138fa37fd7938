package filestore

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	storev1 "github.com/cairn-skills/cairn/gen/cairn/store/v1"
	"github.com/cairn-skills/cairn/graph"
)

// Readers of the log take a piece of it per transaction and hand it on after
// the transaction has ended, so that a slow reader never holds up a writer. The
// log only grows, so the pieces up to one head belong together.
const (
	pieceParts = 64
	pieceBytes = 1 << 20
)

// logPart is a part with its place.
type logPart struct {
	*part
	revision graph.Revision
	number   uint32
	last     bool // of its batch
}

// scanner reads the log in order and checks the running hash. A part's own hash
// tells that it fits what came before it, not that it belongs to this file: that
// is told by the hash of the part after it, or by the head's. So the last part
// that was read is held back until then.
type scanner struct {
	s     *Store
	head  *storev1.Head
	next  []byte // the key of the next part
	sum   [chainSize]byte
	rest  uint32    // parts of the current revision that are still to come
	parts uint64    // read so far
	held  []logPart // the last part that was read, until it is known to be the file's own
	whole bool      // the scan began with the first part
	ended bool
	free  chan []graph.AwardRow // rows that a reader gave back; may be nil
}

// scan is a scanner of the parts after the revision, up to head.
func (s *Store) scan(after graph.Revision, head *storev1.Head) *scanner {
	return &scanner{s: s, head: head, next: logKey(after+1, 0), sum: genesis(s.id), whole: after == 0}
}

// piece is the next parts, at least one; none at the end.
func (c *scanner) piece() (out []logPart, err error) {
	if c.ended {
		return nil, nil
	}
	err = c.s.data.view(func(tx *bbolt.Tx) error {
		cur := tx.Bucket(bucketLog).Cursor()
		k, v := cur.Seek(c.next)
		if !c.whole && c.parts == 0 {
			if err := c.start(cur, k); err != nil {
				return err
			}
			k, v = cur.Seek(c.next)
		}
		out, c.held = c.held, nil
		for size := 0; len(out) < 2 || len(out) <= pieceParts && size < pieceBytes; k, v = cur.Next() {
			if k == nil || len(k) == 12 && binary.BigEndian.Uint64(k) > c.head.GetRevision() {
				return c.end()
			}
			p, err := c.read(k, v)
			if err != nil {
				return err
			}
			out = append(out, p)
			size += len(v)
		}
		n := len(out) - 1
		out, c.held = out[:n:n], []logPart{out[n]}
		return nil
	})
	return out, translateDamage(c.s.path, err)
}

// spare is room for rows, nil if none was given back.
func (c *scanner) spare() []graph.AwardRow {
	select {
	case rows := <-c.free:
		return rows
	default:
		return nil
	}
}

// start takes the running hash from the part before k.
func (c *scanner) start(cur *bbolt.Cursor, k []byte) error {
	var v []byte
	if k == nil {
		k, v = cur.Last()
	} else {
		k, v = cur.Prev()
	}
	if len(k) != 12 || len(v) < chainSize || binary.BigEndian.Uint64(k)+1 != binary.BigEndian.Uint64(c.next) {
		return c.wrong(c.next, "the part before it is missing")
	}
	copy(c.sum[:], v)
	return nil
}

// read checks and decodes the part (k, v).
func (c *scanner) read(k, v []byte) (logPart, error) {
	if !bytes.Equal(k, c.next) {
		return logPart{}, c.wrong(c.next, "the part is missing")
	}
	if len(v) < chainSize {
		return logPart{}, c.wrong(k, "the part has no checksum")
	}
	payload := v[chainSize:]
	sum := chain(c.sum, k, payload)
	if !bytes.Equal(sum[:], v[:chainSize]) {
		return logPart{}, c.wrong(k, "the checksum does not fit")
	}
	c.sum = sum
	p, err := decode(payload, c.spare())
	if err != nil {
		return logPart{}, c.wrong(k, err.Error())
	}
	out := logPart{part: p, revision: graph.Revision(binary.BigEndian.Uint64(k)), number: binary.BigEndian.Uint32(k[8:])}
	if out.number == 0 {
		if p.parts < 1 {
			return logPart{}, c.wrong(k, "the part has no number of parts")
		}
		c.rest = uint32(p.parts)
	}
	c.parts++
	c.rest--
	out.last = c.rest == 0
	if c.rest > 0 {
		c.next = logKey(out.revision, out.number+1)
	} else {
		c.next = logKey(out.revision+1, 0)
	}
	return out, nil
}

// end checks that the last part read is the one that the head names.
func (c *scanner) end() error {
	c.ended = true
	switch {
	case c.rest > 0, binary.BigEndian.Uint64(c.next) != c.head.GetRevision()+1:
		return c.wrong(c.next, "the part is missing")
	case !bytes.Equal(c.sum[:], c.head.GetSum()):
		return c.wrong(c.next, "the running hash before it is not that of the head")
	case c.whole && c.parts != c.head.GetParts():
		return c.wrong(c.next, fmt.Sprintf("%d parts were read, the head counts %d", c.parts, c.head.GetParts()))
	}
	return nil
}

func (c *scanner) wrong(key []byte, what string) error {
	if len(key) != 12 {
		return fmt.Errorf("bucket %s, entry %x: %s", bucketLog, key, what)
	}
	return fmt.Errorf("bucket %s, revision %d, part %d: %s", bucketLog,
		binary.BigEndian.Uint64(key), binary.BigEndian.Uint32(key[8:]), what)
}
