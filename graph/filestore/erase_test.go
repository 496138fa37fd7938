package filestore_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// TestDestroyedKey: what was sealed with a destroyed key answers Erased in
// every way of asking, the rest is as it was, and a person who comes back gets
// another key.
func TestDestroyedKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "graph.cairn")
	s := open(t, path, filestore.Options{})
	about := graph.FactID{1}
	batch := graph.Batch{
		People: []graph.Person{{ID: "gone"}, {ID: "here"}},
		Personal: []graph.Personal{
			{Person: "gone", Name: "Forget Me"},
			{Person: "gone", About: about, Evidence: []string{"a link"}},
			{Person: "here", Name: "Keep Me"},
			{Person: "here", About: about, Evidence: []string{"a link"}},
		},
	}
	if _, err := s.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := s.DestroyKey("gone"); err != nil {
		t.Fatal(err)
	}
	want := batch
	want.Personal = []graph.Personal{
		{Person: "gone", Erased: true}, {Person: "gone", About: about, Erased: true}, batch.Personal[2], batch.Personal[3],
	}
	names := map[graph.ID]graph.Personal{"gone": {Person: "gone", Erased: true}, "here": {Person: "here", Name: "Keep Me"}}
	check := func() {
		t.Helper()
		var refs []graph.PersonalRef
		for _, p := range want.Personal {
			refs = append(refs, graph.PersonalRef{Person: p.Person, About: p.About})
		}
		got, err := s.Read(t.Context(), refs...)
		if d := graphtest.Diff(want.Personal, got); err != nil || d != "" {
			t.Errorf("read: %v\n%s", err, d)
		}
		var loaded graph.Batch
		if _, err := s.Load(t.Context(), func(b graph.Batch) error { graphtest.Join(&loaded, b); return nil }); err != nil {
			t.Error(err)
		}
		newest := make(map[graph.ID]graph.Personal)
		for _, p := range loaded.Personal {
			newest[p.Person] = p
		}
		if d := graphtest.Diff(names, newest); d != "" {
			t.Error("load: ", d)
		}
		follow(t, s, 0, 1, func(_ graph.Revision, got graph.Batch) {
			want := want
			want.Personal = append([]graph.Personal{{Person: "gone", Erased: true}}, want.Personal[1:]...)
			if d := graphtest.Diff(want, got); d != "" {
				t.Error("follow: ", d)
			}
		})
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	expectClean(t, path)
	s = open(t, path, filestore.Options{})
	check()
	if _, err := s.Commit(t.Context(), graph.Batch{Personal: []graph.Personal{{Person: "gone", Name: "Back"}}}); err != nil {
		t.Fatal(err)
	}
	want.Personal[0] = graph.Personal{Person: "gone", Name: "Back"}
	names["gone"] = want.Personal[0]
	check()
}

// TestSealed: nothing personal stands in either file in the clear.
func TestSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "graph.cairn")
	s := open(t, path, filestore.Options{})
	secrets := []string{"Ada Secretname", "row-secret-7", "https://example.org/secret-evidence"}
	if _, err := s.Commit(t.Context(), graph.Batch{Personal: []graph.Personal{
		{Person: "p", Name: secrets[0], Identifiers: secrets[1:2]}, {Person: "p", About: graph.FactID{1}, Evidence: secrets[2:]},
	}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range fileNames(path) {
		data := read(t, name)
		for _, secret := range secrets {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%q stands in %s", secret, name)
			}
		}
	}
}

// TestInterruptedCreation begins with what a creation leaves that was
// interrupted at any step.
func TestInterruptedCreation(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
	}{
		{"a keys file without keys", func(t *testing.T, path string) {
			t.Helper()
			open(t, path, filestore.Options{}).Close() //nolint:errcheck // open checks it
			write(t, path+".moved", read(t, path))
			remove(t, path)
		}},
		{"halves of files under other names", func(t *testing.T, path string) {
			t.Helper()
			write(t, path+".new-1", []byte("half"))
			write(t, path+filestore.KeysSuffix+".new-2", nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "graph.cairn")
			c.make(t, path)
			fill(t, path, 4)
			if what := lost(path, 4); what != "" {
				t.Error(what)
			}
		})
	}
}
