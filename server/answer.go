package server

import (
	"cmp"
	"context"
	"errors"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// read is the snapshot to answer at and the instant asked about: asOf, or the
// later of the server's clock and the commit time of the snapshot. It waits for
// minRevision for as long as Options.WaitLimit.
// Errors: graph.ErrUnavailable, graph.ErrInvalid.
func (s *Server) read(ctx context.Context, minRevision uint64, asOf *timestamppb.Timestamp) (*graph.Snapshot, graph.Instant, error) {
	snap := s.live.Head()
	if uint64(snap.Revision) < minRevision {
		wait, cancel := context.WithTimeout(ctx, s.opts.WaitLimit)
		defer cancel()
		var err error
		if snap, err = s.live.At(wait, graph.Revision(minRevision)); err != nil {
			if ctx.Err() != nil {
				return nil, 0, ctx.Err()
			}
			if e, ok := errors.AsType[*graph.Error](err); ok {
				return nil, 0, &graph.Error{Class: graph.ErrUnavailable, Reason: revisionAhead, Subject: "min_revision", Message: e.Message}
			}
			return nil, 0, err
		}
	}
	at, err := s.instant(asOf, snap)
	return snap, at, err
}

// instant is asOf, or the later of the server's clock and the commit time of snap.
func (s *Server) instant(asOf *timestamppb.Timestamp, snap *graph.Snapshot) (graph.Instant, error) {
	if asOf == nil {
		return max(s.now(), snap.At), nil
	}
	return instantOf("as_of", asOf)
}

// instantOf is t in whole milliseconds; field names it in the error.
// Errors: graph.ErrInvalid for a time before year 1 or after year 9999.
func instantOf(field string, t *timestamppb.Timestamp) (graph.Instant, error) {
	if err := t.CheckValid(); err != nil {
		return 0, graph.Invalid(field, "is not a time between the years 1 and 9999")
	}
	return graph.InstantOf(t.AsTime()), nil
}

// timestamp is i as a message; nil for zero and graph.Forever.
func timestamp(i graph.Instant) *timestamppb.Timestamp {
	if i == 0 || i == graph.Forever {
		return nil
	}
	return stamp(i)
}

// stamp is i as a message.
func stamp(i graph.Instant) *timestamppb.Timestamp { return setStamp(new(timestamppb.Timestamp), i) }

// setStamp makes m be i, and returns it.
func setStamp(m *timestamppb.Timestamp, i graph.Instant) *timestamppb.Timestamp {
	sec, ms := int64(i)/1000, int64(i)%1000
	if ms < 0 {
		sec, ms = sec-1, ms+1000
	}
	m.Seconds, m.Nanos = sec, int32(ms)*1e6
	return m
}

// rules collects the versions that decided an answer. They are few, so a list
// that is searched is quicker than a map.
type rules struct{ list []rule }

type rule struct {
	kind    cairnv1.Kind
	id      graph.ID
	version int
}

func (r *rules) add(x rule) {
	if !slices.Contains(r.list, x) {
		r.list = append(r.list, x)
	}
}

// achievement and role add a version; nil adds nothing.
func (r *rules) achievement(v *graph.Version) {
	if v != nil {
		r.add(rule{cairnv1.Kind_KIND_ACHIEVEMENT, v.ID, v.Version})
	}
}

func (r *rules) role(v *graph.RoleVersion) {
	if v != nil {
		r.add(rule{cairnv1.Kind_KIND_ROLE, v.ID, v.Version})
	}
}

// sorted are the versions as messages, which are made in one piece; nil for none.
func (r *rules) sorted() []*cairnv1.RuleVersion {
	if r == nil || len(r.list) == 0 {
		return nil
	}
	slices.SortFunc(r.list, func(a, b rule) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id), cmp.Compare(a.version, b.version))
	})
	all := make([]cairnv1.RuleVersion, len(r.list))
	out := make([]*cairnv1.RuleVersion, len(r.list))
	for i, x := range r.list {
		all[i].Kind, all[i].Id, all[i].Version = x.kind, string(x.id), int32(x.version)
		out[i] = &all[i]
	}
	return out
}

// basis is what an answer at an instant of snap stands on. It is full unless
// something is missing.
func (s *Server) basis(snap *graph.Snapshot, at graph.Instant, r *rules, missing ...*cairnv1.Reason) *cairnv1.Basis {
	state := cairnv1.Completeness_STATE_FULL
	if len(missing) > 0 {
		state = cairnv1.Completeness_STATE_PARTIAL
	}
	m := &struct { // in one piece, since they live and die together
		basis    cairnv1.Basis
		complete cairnv1.Completeness
		asOf     timestamppb.Timestamp
	}{}
	m.complete.State, m.complete.Missing = state, missing
	m.basis.Revision, m.basis.AsOf, m.basis.RuleVersions = uint64(snap.Revision), setStamp(&m.asOf, at), r.sorted()
	m.basis.Completeness = &m.complete
	return &m.basis
}

// served is what depends on the moment of serving the answer to question at an
// instant of a revision. The entity tag is the revision and a hash of the three,
// so that a write may be made for the revision of an answer.
func (s *Server) served(ctx context.Context, question proto.Message, rev graph.Revision, at graph.Instant) *cairnv1.Served {
	h := hashOf(question)
	for i := range 8 {
		h = (h ^ uint64(at)>>(8*i)&0xff) * fnvPrime
	}
	var buf [48]byte
	b := strconv.AppendUint(append(buf[:0], '"'), uint64(rev), 10)
	b = strconv.AppendUint(append(b, '-'), h, 16)
	return s.servedAs(ctx, string(append(b, '"')))
}

// servedContent is served for an answer that stays true while its content stays:
// the entity tag is a hash of the answer, which has no basis yet.
func (s *Server) servedContent(ctx context.Context, answer proto.Message) *cairnv1.Served {
	return s.servedAs(ctx, `"c`+strconv.FormatUint(hashOf(answer), 16)+`"`)
}

// servedAs is what depends on the moment, with an entity tag. The age is that of
// the newest revision this server has: for how long it has not known whether the
// store has a newer one.
func (s *Server) servedAs(ctx context.Context, etag string) *cairnv1.Served {
	out := &cairnv1.Served{Etag: etag}
	if since, away := s.live.Fresh(); away != nil {
		out.AgeMs = int32(min(max(time.Since(since).Milliseconds(), 1), math.MaxInt32))
	}
	if c := callOf(ctx); c != nil {
		out.RequestId = c.id
		out.TookUs = int32(min(time.Since(c.start).Microseconds(), math.MaxInt32))
	}
	return out
}

// fnvPrime is that of the 64-bit hash FNV-1a.
const fnvPrime = 1099511628211

// hashOf is a hash of the type and content of a message.
func hashOf(m proto.Message) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(m.ProtoReflect().Descriptor().FullName()))
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil { // what came over the wire, or goes there, can be written to it
		return 0
	}
	_, _ = h.Write(b)
	return h.Sum64()
}
