package graphtest

import (
	"fmt"
	"reflect"

	"github.com/cairn-skills/cairn/graph"
)

// FullBatch is a batch in which every field of every type is set, each to a
// value of its own; lists have two elements and rule trees two levels. It is
// found by reflection, so that a field that is added to a type is in it, and a
// store that forgets to keep the field fails. Different seeds give different
// values. The batch keeps no law, and its If is not set.
func FullBatch(seed int) graph.Batch {
	f := filler{n: seed * 10_000}
	var b graph.Batch
	f.fill(reflect.ValueOf(&b).Elem(), 0)
	b.If, b.IfSet, b.Revision = 0, false, 0
	for i := range b.Personal {
		b.Personal[i].Erased = false
	}
	b.Personal[0].About = graph.FactID{}
	b.Derived[0].Cause = graph.FactID{} // zero means something there
	b.Awards[0].ValidUntil = graph.Forever
	return b
}

// filler counts, so that no two values are the same.
type filler struct{ n int }

func (f *filler) fill(v reflect.Value, depth int) {
	f.n++
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(1 + f.n%100))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.n))
	case reflect.Uint64:
		v.SetUint(uint64(f.n))
	case reflect.String:
		v.SetString(fmt.Sprintf("text-%d-é", f.n))
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i), depth)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			f.fill(field, depth)
		}
	case reflect.Pointer, reflect.Slice:
		f.fillNested(v, depth)
	default:
		panic("graphtest: a batch holds a " + v.Kind().String() + ", which FullBatch cannot fill")
	}
}

// fillNested fills what may contain its own type: a rule has rules.
func (f *filler) fillNested(v reflect.Value, depth int) {
	if v.Type().Elem() == reflect.TypeFor[graph.Requirement]() {
		if depth == 2 {
			return
		}
		depth++
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), depth)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 2, 2))
	for i := range 2 {
		f.fill(v.Index(i), depth)
	}
}
