package graphtest

import (
	"reflect"
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

// TestFullBatch: no field is zero but those that say something by being so.
func TestFullBatch(t *testing.T) {
	zero := map[string]bool{
		"Batch.If": true, "Batch.IfSet": true, "Batch.Revision": true,
		"Batch.Personal.Erased": true, "Batch.Personal.About": true, "Batch.Derived.Cause": true,
	}
	var walk func(path string, v reflect.Value, depth int)
	walk = func(path string, v reflect.Value, depth int) {
		if v.Type() == reflect.TypeFor[graph.Requirement]() {
			depth++
		}
		if v.IsZero() && !zero[path] && (depth < 2 || v.Kind() != reflect.Slice) {
			t.Errorf("%s is zero", path)
			return
		}
		switch v.Kind() {
		case reflect.Struct:
			for f, value := range v.Fields() {
				walk(path+"."+f.Name, value, depth)
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(path, v.Index(i), depth)
			}
		case reflect.Pointer:
			walk(path, v.Elem(), depth)
		default:
		}
	}
	for seed := range 5 {
		walk("Batch", reflect.ValueOf(FullBatch(seed)), 0)
	}
	if Diff(FullBatch(1), FullBatch(1)) != "" || Diff(FullBatch(1), FullBatch(2)) == "" {
		t.Error("equal seeds must give equal batches, and others other ones")
	}
}

// TestWorld: equal worlds are equal, and have what was asked for.
func TestWorld(t *testing.T) {
	join := func(w World) (all graph.Batch) {
		for b := range w.Batches() {
			Join(&all, b)
		}
		return all
	}
	w := World{People: 1100, Awards: 23_456, Seed: 7, Named: true, Achievements: 30}
	all := join(w)
	if len(all.People) != 1100 || len(all.Awards) != 23_456 || len(all.Assignments) != 1100 || len(all.Personal) != 1100 || len(all.Achievements) != 30 {
		t.Errorf("the world has %d people, %d awards, %d assignments, %d names, %d achievements",
			len(all.People), len(all.Awards), len(all.Assignments), len(all.Personal), len(all.Achievements))
	}
	if !reflect.DeepEqual(all, join(w)) {
		t.Error("the same world differs from itself")
	}
	w.Seed = 8
	if reflect.DeepEqual(all.Awards, join(w).Awards) {
		t.Error("worlds of two seeds are the same")
	}
}

// TestDiff: what is the same has no difference, and lists that are empty in two
// ways are the same.
func TestDiff(t *testing.T) {
	one := graph.Batch{Awards: []graph.Award{}, Personal: []graph.Personal{{Person: "p"}}}
	two := graph.Batch{Personal: []graph.Personal{{Person: "p", Evidence: []string{}}}}
	if d := Diff(one, two); d != "" {
		t.Error(d)
	}
	two.Personal[0].Evidence = []string{""}
	if Diff(one, two) == "" || Diff(map[string]int{"a": 1}, map[string]int{"b": 1}) == "" || Diff(&one, nil) == "" {
		t.Error("a difference was not seen")
	}
}
