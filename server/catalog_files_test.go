package server

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

func sourceFile(name, text string) *cairnv1.SourceFile {
	return &cairnv1.SourceFile{Name: name, Content: []byte(text)}
}

// emptyWorld serves an empty store.
func emptyWorld(t *testing.T) *world {
	t.Helper()
	return newWorld(t, t.TempDir()+"/empty.cairn", Options{})
}

// TestLint: what is wrong comes with its place, whether it is the shape or a law.
func TestLint(t *testing.T) {
	w := newWorld(t, "", Options{})
	catalog := cairnv1.NewCatalogServiceClient(w.conn)
	lint := func(alone bool, files ...*cairnv1.SourceFile) *cairnv1.LintCatalogAnswer {
		t.Helper()
		r, err := catalog.LintCatalog(t.Context(), &cairnv1.LintCatalogRequest{Files: files, Alone: alone})
		if err != nil {
			t.Fatal(err)
		}
		return r.GetAnswer()
	}
	clean := lint(true, exampleFiles(t)...)
	if clean.GetErrors() != 0 || len(clean.GetProblems()) != int(clean.GetWarnings()) || len(clean.GetEntries()) < 5 {
		t.Errorf("the example: %v", clean)
	}
	role := sourceFile("roles/new.yaml", "catalog: harborlight\nroles:\n  - id: ünder-analyst\n    title: Under\n    requires: sql-for-beginners\n    advances_to: [data-analyst, nowhere]\n")
	got := lint(false, role)
	if got.GetErrors() != 1 || got.GetProblems()[0].GetCode() != "unknown-id" {
		t.Fatalf("on top of the store: %v", got)
	}
	p := got.GetProblems()[0]
	if p.GetFile() != "roles/new.yaml" || p.GetLine() != 6 || p.GetColumn() != 33 || p.GetSubject() != "ünder-analyst" || p.GetKind() != cairnv1.Kind_KIND_ROLE || p.GetHint() == "" {
		t.Errorf("the unknown id is at %v, want roles/new.yaml:6:33", p)
	}
	if alone := lint(true, role); alone.GetErrors() != 3 {
		t.Errorf("alone: %d errors, want 3: %v", alone.GetErrors(), alone.GetProblems())
	}
	torn := lint(false, role, sourceFile("a.yaml", "catalog: harborlight\nroles: [\n"))
	if torn.GetErrors() != 1 || torn.GetProblems()[0].GetFile() != "a.yaml" {
		t.Errorf("with a file that cannot be read: %v", torn.GetProblems())
	}
	cycle := lint(true, sourceFile("c.yaml", "catalog: c\nachievements:\n  - {id: a, title: A, type: badge, routes: [{kind: stack, requires: b}]}\n  - {id: b, title: B, type: badge, routes: [{kind: stack, requires: a}]}\n"))
	found := false
	for _, p := range cycle.GetProblems() {
		found = found || strings.Contains(p.GetCode(), "circular") && len(p.GetWitness()) >= 2 && p.GetLine() > 0
	}
	if !found {
		t.Errorf("circular support has no problem with a witness and a line: %v", cycle.GetProblems())
	}
}

// TestApply: a difference is published once, and only what differs.
func TestApply(t *testing.T) {
	w := newWorld(t, "", Options{})
	catalog := cairnv1.NewCatalogServiceClient(w.conn)
	files := exampleFiles(t)
	apply := func(req *cairnv1.ApplyCatalogRequest) *cairnv1.ApplyCatalogAnswer {
		t.Helper()
		r, err := catalog.ApplyCatalog(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return r.GetAnswer()
	}
	same := apply(&cairnv1.ApplyCatalogRequest{Files: files, Prune: true})
	if same.GetCommitted() || same.GetBasis().GetRevision() != 2 || len(same.GetDiff().GetChanges()) != 0 || same.GetDiff().GetUnchanged() < 40 {
		t.Errorf("the same again: committed %v at %d, %d unchanged, changes %v", same.GetCommitted(), same.GetBasis().GetRevision(), same.GetDiff().GetUnchanged(), same.GetDiff().GetChanges())
	}
	for _, f := range files {
		if f.GetName() == "roles.yaml" {
			f.Content = []byte(strings.Replace(string(f.GetContent()), "title: Reporting Assistant", "title: Reports Assistant", 1))
		}
	}
	added := sourceFile("intern.yaml", "catalog: harborlight\nroles:\n  - {id: intern, title: Intern}\n")
	want := &cairnv1.CatalogDiff{Catalog: "harborlight", Changes: []*cairnv1.CatalogChange{
		{Kind: cairnv1.Kind_KIND_ROLE, Id: "intern", Action: cairnv1.CatalogChange_ACTION_ADDED, Version: 1},
		{Kind: cairnv1.Kind_KIND_ROLE, Id: "reporting-assistant", Action: cairnv1.CatalogChange_ACTION_CHANGED, Version: 2, Fields: []*cairnv1.FieldChange{
			{Path: "title", Before: "Reporting Assistant", After: "Reports Assistant"},
		}},
	}, Added: 1, Changed: 1, Unchanged: same.GetDiff().GetUnchanged() - 1}
	request := &cairnv1.ApplyCatalogRequest{Files: append(files, added), DryRun: true}
	dry := apply(request)
	if diff := cmp.Diff(want, dry.GetDiff(), protocmp.Transform()); diff != "" {
		t.Errorf("the difference (-want +got):\n%s", diff)
	}
	if dry.GetCommitted() || w.live.Head().Revision != 2 || dry.GetLabels()["role/intern"].GetTitle() != "Intern" {
		t.Errorf("the dry run: committed %v, revision %d, labels %v", dry.GetCommitted(), w.live.Head().Revision, dry.GetLabels())
	}
	diffed, err := catalog.DiffCatalog(t.Context(), &cairnv1.DiffCatalogRequest{Files: request.GetFiles()})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, diffed.GetAnswer().GetDiff(), protocmp.Transform()); diff != "" {
		t.Errorf("DiffCatalog (-want +got):\n%s", diff)
	}

	request.DryRun, request.Key, request.IfRevision = false, "k", proto.Uint64(2)
	done := apply(request)
	if !done.GetCommitted() || done.GetReplayed() || done.GetBasis().GetRevision() != 3 {
		t.Errorf("applied: %v", done)
	}
	again := apply(request)
	if again.GetCommitted() || !again.GetReplayed() || again.GetBasis().GetRevision() != 3 {
		t.Errorf("the same key again: committed %v, replayed %v, revision %d", again.GetCommitted(), again.GetReplayed(), again.GetBasis().GetRevision())
	}
	role, err := catalog.GetRole(t.Context(), &cairnv1.GetRoleRequest{Id: "reporting-assistant"})
	if err != nil {
		t.Fatal(err)
	}
	if r := role.GetAnswer().GetRole(); r.GetVersion().GetNumber() != 2 || r.GetChangedRevision() != 3 || len(role.GetAnswer().GetVersions()) != 2 {
		t.Errorf("the changed role is %v", role.GetAnswer())
	}

	request.Key = ""
	_, err = catalog.ApplyCatalog(t.Context(), request)
	if status.Code(err) != codes.Aborted {
		t.Errorf("for an old revision, without a difference: %v, want %v", err, codes.Aborted)
	}
	pruned := apply(&cairnv1.ApplyCatalogRequest{Files: files, Prune: true})
	if d := pruned.GetDiff(); d.GetRetired() != 1 || d.GetChanges()[0].GetId() != "intern" || d.GetChanges()[0].GetAction() != cairnv1.CatalogChange_ACTION_RETIRED || d.GetUnchanged() != same.GetDiff().GetUnchanged() {
		t.Errorf("pruned: %v", d)
	}
}

// TestRefusedFiles: nothing of files with an error is published, and the status
// has the problems with their places.
func TestRefusedFiles(t *testing.T) {
	w := emptyWorld(t)
	catalog := cairnv1.NewCatalogServiceClient(w.conn)
	for _, row := range []struct{ name, text, reason string }{
		{"a law", "catalog: c\nroles:\n  - {id: good, title: Good}\n  - {id: bad, title: Bad, requires: none}\n", "LAW"},
		{"the shape", "catalog: c\nroles:\n  - {id: good, title: Good}\n  - {id: bad, titel: Bad}\n", "CATALOG_INVALID"},
	} {
		_, err := catalog.ApplyCatalog(t.Context(), &cairnv1.ApplyCatalogRequest{Files: []*cairnv1.SourceFile{sourceFile("c.yaml", row.text)}})
		st := status.Convert(err)
		if st.Code() != codes.FailedPrecondition || reasonOf(st) != row.reason {
			t.Errorf("%s: %v, want the reason %s", row.name, err, row.reason)
		}
		var problems []*cairnv1.Problem
		for _, d := range st.Details() {
			if p, ok := d.(*cairnv1.CatalogProblems); ok {
				problems = p.GetProblems()
			}
		}
		if len(problems) == 0 || problems[0].GetFile() != "c.yaml" || problems[0].GetLine() != 4 {
			t.Errorf("%s: the problems are %v, want one in line 4", row.name, problems)
		}
	}
	if w.live.Head().Revision != 0 {
		t.Errorf("the revision is %d, want 0", w.live.Head().Revision)
	}
}

// TestApplyDerives: publishing an automatic stack awards it to who meets it, and
// the dry run says so before.
func TestApplyDerives(t *testing.T) {
	w := newWorld(t, "", Options{})
	catalog := cairnv1.NewCatalogServiceClient(w.conn)
	stack := sourceFile("x.yaml", "catalog: x\nachievements:\n  - {id: literate, title: Literate, type: badge, routes: [{kind: stack, award: automatic, requires: data-literacy-basics}]}\n")
	var want []*cairnv1.DerivedChange
	for _, dry := range []bool{true, false} {
		r, err := catalog.ApplyCatalog(t.Context(), &cairnv1.ApplyCatalogRequest{Files: []*cairnv1.SourceFile{stack}, DryRun: dry})
		if err != nil {
			t.Fatal(err)
		}
		a := r.GetAnswer()
		if a.GetAwarded() == 0 || int(a.GetAwarded()) != len(a.GetDerived()) || a.GetCommitted() == dry {
			t.Errorf("dry run %v: %d awarded, %d listed, committed %v", dry, a.GetAwarded(), len(a.GetDerived()), a.GetCommitted())
		}
		for i, d := range a.GetDerived() {
			if d.GetChange() != cairnv1.DerivedChange_CHANGE_AWARDED || d.GetAchievement() != "literate" || i > 0 && d.GetPerson() < a.GetDerived()[i-1].GetPerson() {
				t.Errorf("derived %d is %v", i, d)
			}
			if a.GetLabels()["person/"+d.GetPerson()] == nil {
				t.Errorf("%s has no label", d.GetPerson())
			}
		}
		if !dry {
			if diff := cmp.Diff(want, a.GetDerived(), protocmp.Transform()); diff != "" {
				t.Errorf("the dry run and the commit (-dry +commit):\n%s", diff)
			}
		}
		want = a.GetDerived()
	}
}

// TestExport: the files that are exported, applied to an empty store, give the
// same entries, and exported again the same bytes.
func TestExport(t *testing.T) {
	w := newWorld(t, "", Options{})
	for _, format := range []cairnv1.ExportCatalogRequest_Format{cairnv1.ExportCatalogRequest_FORMAT_YAML, cairnv1.ExportCatalogRequest_FORMAT_JSON} {
		export := func(w *world) []*cairnv1.SourceFile {
			t.Helper()
			r, err := cairnv1.NewCatalogServiceClient(w.conn).ExportCatalog(t.Context(), &cairnv1.ExportCatalogRequest{Format: format})
			if err != nil {
				t.Fatal(err)
			}
			return r.GetAnswer().GetFiles()
		}
		files := export(w)
		ending := map[cairnv1.ExportCatalogRequest_Format]string{1: ".yaml", 2: ".json"}[format]
		if len(files) != 1 || files[0].GetName() != "harborlight/catalog"+ending {
			t.Fatalf("the files are %v", idsOfFiles(files))
		}
		other := emptyWorld(t)
		if _, err := cairnv1.NewCatalogServiceClient(other.conn).ApplyCatalog(t.Context(), &cairnv1.ApplyCatalogRequest{Files: files}); err != nil {
			t.Fatalf("%v: %v", format, err)
		}
		if diff := cmp.Diff(files, export(other), protocmp.Transform()); diff != "" {
			t.Errorf("%v, exported again (-first +second):\n%s", format, diff)
		}
		if diff := cmp.Diff(w.live.Head().Catalog.Entries(), other.live.Head().Catalog.Entries()); diff != "" {
			t.Errorf("%v, the entries (-first +second):\n%s", format, diff)
		}
	}
	none, err := cairnv1.NewCatalogServiceClient(w.conn).ExportCatalog(t.Context(), &cairnv1.ExportCatalogRequest{Catalog: "other"})
	if err != nil || len(none.GetAnswer().GetFiles()) != 0 {
		t.Errorf("another catalog: %v, %v", none, err)
	}
}

func idsOfFiles(files []*cairnv1.SourceFile) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.GetName())
	}
	return out
}

// TestAppliesTakeTurns: of two who publish at once one comes after the other, and
// no version is published twice.
func TestAppliesTakeTurns(t *testing.T) {
	w := newWorld(t, "", Options{})
	catalog := cairnv1.NewCatalogServiceClient(w.conn)
	file := sourceFile("i.yaml", "catalog: harborlight\nroles:\n  - {id: intern, title: Intern}\n")
	failed := make(chan error, 8)
	for range cap(failed) {
		go func() {
			_, err := catalog.ApplyCatalog(t.Context(), &cairnv1.ApplyCatalogRequest{Files: []*cairnv1.SourceFile{file}})
			failed <- err
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	c := w.live.Head().Catalog
	i, _ := c.Role("intern")
	if versions, _ := c.RoleVersions(i); len(versions) != 1 || w.live.Head().Revision != 3 {
		t.Errorf("%d versions at revision %d, want 1 at 3", len(versions), w.live.Head().Revision)
	}
}
