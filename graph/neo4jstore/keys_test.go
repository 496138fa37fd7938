package neo4jstore_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// personalOf is a batch with the personal record of somebody.
func personalOf(person graph.ID, name string) graph.Batch {
	return graph.Batch{At: day(2), People: []graph.Person{{ID: person}}, Personal: []graph.Personal{{Person: person, Name: name}}}
}

func mustCommit(t *testing.T, s graph.Store, b graph.Batch) {
	t.Helper()
	if _, err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// name reads the name of somebody.
func name(t *testing.T, s graph.Store, person graph.ID) graph.Personal {
	t.Helper()
	got, err := s.Read(t.Context(), graph.PersonalRef{Person: person})
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}

// Only the file that was made with the graph opens it, and only the newest of
// its copies.
func TestKeysFile(t *testing.T) {
	server := neo4jtest.Start(t)
	foreign := fresh(t, server, server.URI()).Keys
	options := fresh(t, server, server.URI())
	dir := t.TempDir()
	older, before := filepath.Join(dir, "older"), filepath.Join(dir, "before")
	copyFile(t, options.Keys, before)
	s := open(t, options)
	mustCommit(t, s, personalOf("ada", "Ada"))
	copyFile(t, options.Keys, older)
	mustCommit(t, s, personalOf("bob", "Bob"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, []byte("no keys"), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		path  string
		words []string
	}{
		"no file":                     {filepath.Join(dir, "none"), []string{"keys file " + filepath.Join(dir, "none"), "cannot be read"}},
		"the file of another graph":   {foreign, []string{foreign, "another graph"}},
		"an older copy":               {older, []string{older, "older than the graph", "newest"}},
		"the copy that has no key":    {before, []string{before, "older than the graph", "newest"}},
		"something that is no file":   {garbage, []string{garbage}},
		"a folder instead of a file ": {dir, []string{dir}},
	} {
		o := options
		o.Keys = c.path
		_, err := neo4jstore.Open(t.Context(), o)
		says(t, what, err, graph.ErrUnavailable, c.words...)
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("opening made a keys file")
	}
	s = open(t, options)
	defer s.Close() //nolint:errcheck // what it holds is checked
	for person, want := range map[graph.ID]string{"ada": "Ada", "bob": "Bob"} {
		if got := name(t, s, person); got.Name != want {
			t.Errorf("the name of %s: %+v", person, got)
		}
	}
	if err := os.Remove(options.Keys); err != nil {
		t.Fatal(err)
	}
	_, err := s.Commit(t.Context(), personalOf("cyd", "Cyd"))
	says(t, "commit a name after the file is gone", err, graph.ErrUnavailable, options.Keys, "cannot be read")
	if _, err := os.Stat(options.Keys); err == nil {
		t.Error("a commit made a keys file")
	}
	mustCommit(t, s, graph.Batch{At: day(2), People: []graph.Person{{ID: "dan"}}}) // needs no key
}

// Two servers that make the key of the same person at once make one; a key that
// one of them destroys is gone for both, and who comes back has another.
func TestKeysOfTwoServers(t *testing.T) {
	server := neo4jtest.Start(t)
	options := fresh(t, server, server.URI())
	stores := []*neo4jstore.Store{open(t, options), open(t, options)}
	for _, s := range stores {
		defer s.Close() //nolint:errcheck // what it holds is checked
	}
	people := []graph.ID{"ada", "bob", "cyd", "dan"}
	var running sync.WaitGroup
	for _, s := range stores {
		running.Go(func() {
			for _, p := range people {
				if _, err := s.Commit(t.Context(), personalOf(p, "name of "+string(p)), personalOf(p, "name of "+string(p))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	for _, s := range stores {
		for _, p := range people {
			want := graph.Personal{Person: p, Name: "name of " + string(p)}
			if d := cmp.Diff(want, name(t, s, p)); d != "" {
				t.Errorf("the name of %s (-want +got):\n%s", p, d)
			}
		}
		report, err := s.Check(t.Context())
		if err != nil || report.Keys != len(people) || report.Personal != 2*2*len(people) || report.Erased > 0 || len(report.Problems) > 0 {
			t.Errorf("check: %+v, %v", report, err)
		}
	}
	if err := stores[0].DestroyKeys("ada"); err != nil {
		t.Fatal(err)
	}
	for i, s := range stores {
		if got := name(t, s, "ada"); !got.Erased || got.Name != "" {
			t.Errorf("store %d has of a person whose key was destroyed %+v", i, got)
		}
	}
	mustCommit(t, stores[1], personalOf("ada", "Ada again"))
	for i, s := range stores {
		if got := name(t, s, "ada"); got.Erased || got.Name != "Ada again" {
			t.Errorf("store %d has of who came back %+v", i, got)
		}
		names, erased := 0, 0
		for _, b := range followAll(t, s) {
			for _, p := range b.Personal {
				if p.Person == "ada" && p.Erased {
					erased++
				} else if p.Person == "ada" {
					names++
				}
			}
		}
		if names != 1 || erased != 4 {
			t.Errorf("store %d follows %d names of who came back and %d that were erased, want 1 and 4", i, names, erased)
		}
	}
}
