package server

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/cairn-skills/cairn/graph"
)

// listing is what every request for a page has.
type listing interface {
	proto.Message
	GetMinRevision() uint64
	GetAsOf() *timestamppb.Timestamp
	GetPageSize() int32
	GetPageToken() string
}

// defaultPage is the size of a page when none is asked for, as the contract says.
const defaultPage = 100

// page is a part of a list, at the revision and instant of the first page.
type page struct {
	snap     *graph.Snapshot
	at       graph.Instant
	question [8]byte // a hash of the question without the page
	from     int
	size     int
}

// page is the page that q asks for.
// Errors: graph.ErrInvalid for a token that the server did not give to this
// question; graph.ErrGone when its revision is no longer kept; those of read.
func (s *Server) page(ctx context.Context, q listing) (page, error) {
	p := page{question: questionHash(q), size: int(q.GetPageSize())}
	if p.size == 0 {
		p.size = defaultPage
	}
	if q.GetPageToken() == "" {
		var err error
		p.snap, p.at, err = s.read(ctx, q.GetMinRevision(), q.GetAsOf())
		return p, err
	}
	rev, err := p.open(q.GetPageToken())
	if err != nil {
		return p, err
	}
	p.snap, err = s.live.Pinned(rev)
	return p, err
}

// cut is the part of a list of n that is on the page.
func (p *page) cut(n int) (lo, hi int) {
	lo = min(p.from, n)
	return lo, min(lo+p.size, n)
}

// next is the token of the page after one that ends before hi of n; empty on
// the last.
//
// A token is readable on purpose: another server of the same content takes it,
// and there is nothing in it to hide. Its sum keeps accidents out, not people.
func (p *page) next(hi, n int) string {
	if hi >= n {
		return ""
	}
	b := append(make([]byte, 0, 40), p.question[:]...)
	b = binary.AppendUvarint(b, uint64(p.snap.Revision))
	b = binary.AppendVarint(b, int64(p.at))
	b = binary.AppendUvarint(b, uint64(hi))
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(append(b, sum[:4]...))
}

// open reads what next wrote.
func (p *page) open(token string) (graph.Revision, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < 4 {
		return 0, errToken("is not a token of this server; start again from the first page")
	}
	b, sum := b[:len(b)-4], b[len(b)-4:]
	if want := sha256.Sum256(b); string(sum) != string(want[:4]) || len(b) < len(p.question) {
		return 0, errToken("is not a token of this server; start again from the first page")
	}
	if string(b[:len(p.question)]) != string(p.question[:]) {
		return 0, errToken("belongs to another question; ask everything but page_size as for the first page")
	}
	b = b[len(p.question):]
	rev, n := binary.Uvarint(b)
	at, m := binary.Varint(b[max(n, 0):])
	from, k := binary.Uvarint(b[max(n, 0)+max(m, 0):])
	if n <= 0 || m <= 0 || k <= 0 || from > math.MaxInt32 {
		return 0, errToken("is not a token of this server; start again from the first page")
	}
	p.at, p.from = graph.Instant(at), int(from)
	return graph.Revision(rev), nil
}

func errToken(message string) error {
	return &graph.Error{Class: graph.ErrInvalid, Reason: "PAGE_TOKEN", Subject: "page_token", Message: message}
}

// questionHash is a hash of what must be asked for every page alike.
func questionHash(q listing) [8]byte {
	plain := q.ProtoReflect().New()
	q.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch f.Name() {
		case "page_size", "page_token", "min_revision":
		default:
			plain.Set(f, v)
		}
		return true
	})
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(plain.Interface())
	if err != nil { // a question that came over the wire can be written to it
		return [8]byte{}
	}
	sum := sha256.Sum256(append([]byte(q.ProtoReflect().Descriptor().FullName()), b...))
	return [8]byte(sum[:8])
}
