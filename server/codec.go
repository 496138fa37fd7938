package server

import (
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// codec writes messages as gRPC does, but the same message in the same bytes:
// maps by key. The labels of an answer it writes itself, because a map of
// messages costs the general way a quarter of the whole answer. A message is
// written once and belongs to nobody afterwards.
type codec struct{ encoding.CodecV2 }

// Marshal writes v.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return c.CodecV2.Marshal(v)
	}
	labels, parts := takeLabels(m)
	if labels == nil {
		size := proto.Size(m)
		return buffer(size, func(b []byte) ([]byte, error) { return stable.MarshalAppend(b, m) })
	}
	// The answer is taken out and written first, with its labels behind.
	response := m.ProtoReflect()
	answer := response.Get(parts.answer).Message().Interface()
	response.Clear(parts.answer)
	inner := proto.Size(answer) + sizeOf(labels, parts.labels.Number())
	size := protowire.SizeTag(parts.answer.Number()) + protowire.SizeBytes(inner) + proto.Size(m)
	return buffer(size, func(b []byte) ([]byte, error) {
		b = protowire.AppendTag(b, parts.answer.Number(), protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(inner))
		b, err := stable.MarshalAppend(b, answer)
		if err != nil {
			return nil, err
		}
		return stable.MarshalAppend(appendLabels(b, labels, parts.labels.Number()), m)
	})
}

// stable writes the same message in the same bytes; its size was asked before.
var stable = proto.MarshalOptions{Deterministic: true, UseCachedSize: true}

// buffer is what write appends to nothing, in memory that is used again.
func buffer(size int, write func([]byte) ([]byte, error)) (mem.BufferSlice, error) {
	if mem.IsBelowBufferPoolingThreshold(size) {
		b, err := write(make([]byte, 0, size))
		return mem.BufferSlice{mem.SliceBuffer(b)}, err
	}
	pool := mem.DefaultBufferPool()
	b := pool.Get(size)
	if _, err := write((*b)[:0]); err != nil {
		pool.Put(b)
		return nil, err
	}
	return mem.BufferSlice{mem.NewBuffer(b, pool)}, nil
}

// answerParts are where a type of response has its answer, and that its labels;
// nil for a response without.
type answerParts struct{ answer, labels protoreflect.FieldDescriptor }

// partsOf keeps the answerParts of each type.
var partsOf sync.Map // protoreflect.MessageDescriptor to *answerParts

// takeLabels takes the labels out of the answer in m; nil if it has none.
func takeLabels(m proto.Message) ([]keyLabel, *answerParts) {
	r := m.ProtoReflect()
	d := r.Descriptor()
	kept, ok := partsOf.Load(d)
	if !ok {
		kept, _ = partsOf.LoadOrStore(d, findParts(d))
	}
	parts := kept.(*answerParts)
	if parts == nil || !r.Has(parts.answer) {
		return nil, nil
	}
	answer := r.Get(parts.answer).Message()
	all := answer.Interface().(interface {
		GetLabels() map[string]*cairnv1.Label
	}).GetLabels()
	if len(all) == 0 {
		return nil, nil
	}
	answer.Clear(parts.labels)
	list := make([]keyLabel, 0, len(all))
	for key, label := range all {
		list = append(list, keyLabel{key, label})
	}
	slices.SortFunc(list, func(a, b keyLabel) int { return strings.Compare(a.key, b.key) })
	return list, parts
}

func findParts(d protoreflect.MessageDescriptor) *answerParts {
	answer := d.Fields().ByName("answer")
	if answer == nil || answer.Message() == nil {
		return nil
	}
	labels := answer.Message().Fields().ByName("labels")
	if labels == nil || !labels.IsMap() || labels.MapValue().Message() == nil ||
		labels.MapValue().Message().FullName() != (*cairnv1.Label)(nil).ProtoReflect().Descriptor().FullName() {
		return nil
	}
	return &answerParts{answer, labels}
}

type keyLabel struct {
	key   string
	label *cairnv1.Label
}

// The numbers of the fields of a map's entry, and of a Label.
const (
	mapKey, mapValue                     = 1, 2
	labelKind, labelTitle, labelLanguage = 1, 2, 3
)

func sizeOf(list []keyLabel, field protowire.Number) int {
	n := len(list) * protowire.SizeTag(field)
	for _, x := range list {
		n += protowire.SizeBytes(entrySize(x.key, labelSize(x.label)))
	}
	return n
}

func entrySize(key string, value int) int {
	return protowire.SizeTag(mapKey) + protowire.SizeBytes(len(key)) + protowire.SizeTag(mapValue) + protowire.SizeBytes(value)
}

func labelSize(x *cairnv1.Label) int {
	n := 0
	if x.GetKind() != 0 {
		n += protowire.SizeTag(labelKind) + protowire.SizeVarint(uint64(x.GetKind()))
	}
	if x.GetTitle() != "" {
		n += protowire.SizeTag(labelTitle) + protowire.SizeBytes(len(x.GetTitle()))
	}
	if x.GetLanguage() != "" {
		n += protowire.SizeTag(labelLanguage) + protowire.SizeBytes(len(x.GetLanguage()))
	}
	return n
}

func appendLabels(b []byte, list []keyLabel, field protowire.Number) []byte {
	for _, x := range list {
		size := labelSize(x.label)
		b = protowire.AppendVarint(protowire.AppendTag(b, field, protowire.BytesType), uint64(entrySize(x.key, size)))
		b = protowire.AppendString(protowire.AppendTag(b, mapKey, protowire.BytesType), x.key)
		b = protowire.AppendVarint(protowire.AppendTag(b, mapValue, protowire.BytesType), uint64(size))
		if x.label.GetKind() != 0 {
			b = protowire.AppendVarint(protowire.AppendTag(b, labelKind, protowire.VarintType), uint64(x.label.GetKind()))
		}
		if x.label.GetTitle() != "" {
			b = protowire.AppendString(protowire.AppendTag(b, labelTitle, protowire.BytesType), x.label.GetTitle())
		}
		if x.label.GetLanguage() != "" {
			b = protowire.AppendString(protowire.AppendTag(b, labelLanguage, protowire.BytesType), x.label.GetLanguage())
		}
	}
	return b
}
