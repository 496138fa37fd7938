package graph_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// everyField calls visit with the place of every value inside v that has no
// parts of its own, and of every list, pointer and list element taken away.
func everyField(v reflect.Value, place string, visit func(place string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Struct:
		for f, value := range v.Fields() {
			everyField(value, place+"."+f.Name, visit)
		}
		return
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			everyField(v.Index(i), fmt.Sprintf("%s[%d]", place, i), visit)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			everyField(v.Elem(), place+"*", visit)
		}
	default:
	}
	visit(place, v)
}

// TestDigest changes each field of a full batch in turn; each change must give
// another digest, different from that of every other change.
func TestDigest(t *testing.T) {
	full := func() graph.Batch {
		b := graphtest.FullBatch(1)
		b.If, b.IfSet, b.Revision = 7, true, 9
		return b
	}
	b := full()
	whole := b.Digest()
	seen := map[graph.Digest]string{whole: "the batch as it was"}
	places := 0
	everyField(reflect.ValueOf(&b).Elem(), "", func(place string, v reflect.Value) {
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		switch v.Kind() {
		case reflect.String:
			v.SetString(v.String() + "x")
		case reflect.Bool:
			v.SetBool(!v.Bool())
		case reflect.Int, reflect.Int64:
			v.SetInt(v.Int() ^ 1<<40)
		case reflect.Uint8:
			v.SetUint(v.Uint() ^ 0x80)
		case reflect.Uint64:
			v.SetUint(v.Uint() ^ 1<<40)
		case reflect.Slice:
			if v.Len() == 0 { // the children of a leaf
				return
			}
			v.Set(v.Slice(0, v.Len()-1))
		case reflect.Pointer:
			v.SetZero()
		case reflect.Array: // its bytes were changed
			return
		default:
			t.Fatalf("%s is a %s, which this test cannot change", place, v.Kind())
		}
		got := b.Digest()
		v.Set(was)
		places++
		if place == ".Revision" {
			if got != whole {
				t.Error("the revision of a batch changes its digest")
			}
			return
		}
		if strings.HasSuffix(place, ".Erased") {
			return // see below
		}
		if other, ok := seen[got]; ok {
			t.Errorf("a change of %s has the digest of %s", place, other)
		}
		seen[got] = place
	})
	if places < 500 {
		t.Errorf("only %d places were changed", places)
	}
	if d := graphtest.Diff(full(), b); d != "" {
		t.Errorf("the test left the batch changed (-want +got):\n%s", d)
	}

	erased, empty := full(), full()
	erased.Personal[1].Erased = true
	empty.Personal[1] = graph.Personal{Person: empty.Personal[1].Person, About: empty.Personal[1].About}
	if d := erased.Digest(); d != empty.Digest() || d == whole {
		t.Error("an erased record does not count as one that says nothing")
	}
}

// Texts that run into each other are told apart.
func TestDigestBounds(t *testing.T) {
	pairs := [][2]graph.Batch{
		{{People: []graph.Person{{ID: "ab"}, {ID: "c"}}}, {People: []graph.Person{{ID: "a"}, {ID: "bc"}}}},
		{{Claims: []graph.Claim{{}}}, {Awards: []graph.Award{{}}}},
		{{Personal: []graph.Personal{{Person: "p", Name: "n"}}}, {Personal: []graph.Personal{{Person: "p", Identifiers: []string{"n"}}}}},
		{{Personal: []graph.Personal{{Identifiers: []string{"n"}}}}, {Personal: []graph.Personal{{Evidence: []string{"n"}}}}},
	}
	for i, p := range pairs {
		if p[0].Digest() == p[1].Digest() {
			t.Errorf("pair %d: two batches have one digest", i)
		}
	}
	one, none := graph.Batch{People: []graph.Person{}}, graph.Batch{}
	if one.Digest() != none.Digest() {
		t.Error("an empty list differs from none")
	}
}
