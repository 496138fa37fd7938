package server

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// sources are catalog files as they came, and what was read of them.
type sources struct {
	files   []exchange.File
	read    *exchange.CatalogFiles
	refused error // of what cannot be read; nil if all was
}

// readSources reads files that may lean on base, which may be nil.
func readSources(files []*cairnv1.SourceFile, base *graph.Catalog) *sources {
	s := &sources{}
	for _, f := range files {
		s.files = append(s.files, exchange.File{Name: f.GetName(), Content: f.GetContent()})
	}
	s.read, s.refused = exchange.DecodeCatalog(s.files, exchange.CatalogOptionsOf(base))
	return s
}

// lint is everything that is wrong with the files on top of base. What breaks a
// law is looked for only when all could be read: half a catalog breaks many.
func (s *sources) lint(base *graph.Catalog) []*cairnv1.Problem {
	problems := slices.Clone(s.read.Problems)
	if s.refused == nil {
		problems = append(problems, s.read.Locate(graph.Lint(base, &s.read.Batch))...)
	}
	out := problemsOut(problems)
	if s.refused != nil || base == nil {
		return out
	}
	changed := make(map[entryKey]bool)
	_, changes := exchange.DiffCatalog(base, s.read, false)
	for i := range changes {
		k, id := changedName(&changes[i].EntryChange)
		changed[entryKey{k, id}] = true
	}
	// An entry that is as published gets no version: it is in nobody's way.
	return slices.DeleteFunc(out, func(p *cairnv1.Problem) bool {
		inTheWay := p.GetCode() == "overlapping-versions" || p.GetCode() == "version-out-of-order"
		return inTheWay && p.GetSeverity() == cairnv1.Severity_SEVERITY_WARNING && !changed[entryKey{p.GetKind(), p.GetSubject()}]
	})
}

// entryKey names an entry as the API does.
type entryKey struct {
	kind cairnv1.Kind
	id   string
}

// problemsOut are problems as messages: by file, line, column and code, those
// without a file last.
func problemsOut(list []exchange.CatalogProblem) []*cairnv1.Problem {
	slices.SortStableFunc(list, func(a, b exchange.CatalogProblem) int {
		if (a.File == "") != (b.File == "") {
			return strings.Compare(b.File, a.File)
		}
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code))
	})
	return each(list, func(p *exchange.CatalogProblem) *cairnv1.Problem {
		kind, subject := entryName(p.Kind, p.Subject)
		return &cairnv1.Problem{
			Code: p.Code, Severity: severityOut(p.Severity), File: p.File, Line: int32(p.Line), Column: int32(p.Column),
			Kind: kind, Subject: subject, Path: p.Path, Message: p.Message, Hint: p.Hint, Witness: idsOut(p.Witness),
		}
	})
}

// entryName is the kind and id by which the API names an entry that graph may
// name by a subject alone.
func entryName(k graph.Kind, id graph.ID) (cairnv1.Kind, string) {
	if k != graph.KindUnspecified {
		return kindOut(k), string(id)
	}
	if name, ok := strings.CutPrefix(string(id), "conversions/"); ok {
		return cairnv1.Kind_KIND_CONVERSION, name
	}
	if id == "settings" {
		return cairnv1.Kind_KIND_SETTINGS, string(id)
	}
	return cairnv1.Kind_KIND_UNSPECIFIED, string(id)
}

// counts are how many entries of each kind the files define, by kind.
func (s *sources) counts() []*cairnv1.KindCount {
	b := &s.read.Batch
	settings := 0
	if b.Settings != nil {
		settings = 1
	}
	var out []*cairnv1.KindCount
	for _, c := range []struct {
		kind cairnv1.Kind
		n    int
	}{
		{cairnv1.Kind_KIND_COMPETENCY, len(b.Competencies)},
		{cairnv1.Kind_KIND_ACHIEVEMENT, len(b.Achievements)},
		{cairnv1.Kind_KIND_ROLE, len(b.Roles)},
		{cairnv1.Kind_KIND_ISSUER, len(b.Issuers)},
		{cairnv1.Kind_KIND_FRAMEWORK, len(b.Frameworks)},
		{cairnv1.Kind_KIND_SCALE, len(b.Scales)},
		{cairnv1.Kind_KIND_LADDER, len(b.Ladders)},
		{cairnv1.Kind_KIND_SETTINGS, settings},
		{cairnv1.Kind_KIND_CONVERSION, len(b.Conversions)},
	} {
		if c.n > 0 {
			out = append(out, &cairnv1.KindCount{Kind: c.kind, Count: int32(c.n)})
		}
	}
	return out
}

// LintCatalog answers everything that is wrong with catalog files.
//
// Errors: those of read; problems of the files are an answer. Cost: linear in the
// files and the catalog.
func (s *catalogService) LintCatalog(ctx context.Context, req *cairnv1.LintCatalogRequest) (*cairnv1.LintCatalogResponse, error) {
	snap, at, err := s.read(ctx, req.GetMinRevision(), req.GetAsOf())
	if err != nil {
		return nil, err
	}
	base := snap.Catalog
	if req.GetAlone() {
		base = nil
	}
	files := readSources(req.GetFiles(), base)
	answer := &cairnv1.LintCatalogAnswer{Problems: files.lint(base), Entries: files.counts(), Basis: s.basis(snap, at, nil)}
	for _, p := range answer.GetProblems() {
		if p.GetSeverity() == cairnv1.Severity_SEVERITY_ERROR {
			answer.Errors++
		} else {
			answer.Warnings++
		}
	}
	return &cairnv1.LintCatalogResponse{Answer: answer, Served: s.served(ctx, req, snap.Revision, at)}, nil
}

// DiffCatalog answers what applying catalog files would change. Of files that
// cannot be read there is no difference, and the answer is partial.
//
// Errors: those of read. Cost: as LintCatalog.
func (s *catalogService) DiffCatalog(ctx context.Context, req *cairnv1.DiffCatalogRequest) (*cairnv1.DiffCatalogResponse, error) {
	snap, at, err := s.read(ctx, req.GetMinRevision(), req.GetAsOf())
	if err != nil {
		return nil, err
	}
	files := readSources(req.GetFiles(), snap.Catalog)
	answer := &cairnv1.DiffCatalogAnswer{Problems: files.lint(snap.Catalog), Diff: &cairnv1.CatalogDiff{Catalog: string(files.read.Name)}}
	var missing []*cairnv1.Reason
	l := s.labeler(snap, req.GetLanguages(), req.GetOmitLabels())
	if files.refused != nil {
		missing = append(missing, &cairnv1.Reason{Code: "FILES_UNREADABLE"})
	} else {
		_, changes := exchange.DiffCatalog(snap.Catalog, files.read, req.GetPrune())
		answer.Diff = files.diff(snap.Catalog, changes, l)
	}
	answer.Labels, answer.Basis = l.labels(), s.basis(snap, at, nil, missing...)
	return &cairnv1.DiffCatalogResponse{Answer: answer, Served: s.served(ctx, req, snap.Revision, at)}, nil
}

// diff is what changes of base, as a message. Labels of entries that base does
// not have come from the files.
func (s *sources) diff(base *graph.Catalog, changes []exchange.CatalogChange, l *labeler) *cairnv1.CatalogDiff {
	out := &cairnv1.CatalogDiff{Catalog: string(s.read.Name)}
	fromFiles := 0
	for i := range changes {
		ch := &changes[i]
		kind, id := changedName(&ch.EntryChange)
		m := &cairnv1.CatalogChange{Kind: kind, Id: id, Action: actionOut(ch.Action)}
		switch ch.Action {
		case graph.EntryAdded:
			out.Added++
		case graph.EntryChanged:
			out.Changed++
		case graph.EntryRetired:
			out.Retired++
		case graph.EntryActionUnspecified:
		}
		if ch.Before == nil || s.has(ch) {
			fromFiles++
		}
		switch after := ch.After.(type) {
		case *graph.Achievement:
			m.Version = 1
			if at, ok := base.Achievement(after.ID); ok {
				versions, _ := base.Versions(at)
				m.Version = int32(len(versions)) + 1
			}
		case *graph.Role:
			m.Version = 1
			if at, ok := base.Role(after.ID); ok {
				versions, _ := base.RoleVersions(at)
				m.Version = int32(len(versions)) + 1
			}
		}
		l.put(ch.Kind, ch.ID, titleIn(ch.After))
		for _, f := range ch.Fields {
			m.Fields = append(m.Fields, &cairnv1.FieldChange{Path: f.Path, Before: f.Before, After: f.After})
		}
		out.Changes = append(out.Changes, m)
	}
	slices.SortStableFunc(out.GetChanges(), func(a, b *cairnv1.CatalogChange) int {
		return cmp.Or(cmp.Compare(a.GetKind(), b.GetKind()), cmp.Compare(a.GetId(), b.GetId()))
	})
	all := int32(0)
	for _, c := range s.counts() {
		all += c.GetCount()
	}
	out.Unchanged = all - int32(fromFiles)
	return out
}

// has reports whether the files define what ch changes; otherwise pruning
// retires it.
func (s *sources) has(ch *exchange.CatalogChange) bool {
	if ch.Action != graph.EntryRetired {
		return true
	}
	_, ok := s.read.Position(ch.Kind, ch.ID, "")
	return ok
}

// changedName is the kind and id by which the API names what is changed.
func changedName(ch *graph.EntryChange) (cairnv1.Kind, string) {
	switch after := ch.After.(type) {
	case *graph.Settings:
		return cairnv1.Kind_KIND_SETTINGS, "settings"
	case *graph.Conversion:
		return cairnv1.Kind_KIND_CONVERSION, string(after.From + ">" + after.To)
	}
	return kindOut(ch.Kind), string(ch.ID)
}

// titleIn is the title of an entry given as a pointer to its type.
func titleIn(entry any) graph.Text {
	switch e := entry.(type) {
	case *graph.Scale:
		return e.Title
	case *graph.Framework:
		return e.Title
	case *graph.Issuer:
		return e.Title
	case *graph.Competency:
		return e.Title
	case *graph.Achievement:
		return e.Title
	case *graph.Role:
		return e.Title
	case *graph.Ladder:
		return e.Title
	}
	return nil
}

// publish waits until nobody else publishes. Who has done so calls done.
// Errors: ctx's.
func (s *Server) publish(ctx context.Context) (done func(), err error) {
	select {
	case s.publishing <- struct{}{}:
		return func() { <-s.publishing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// maxDerived is how many derived changes an answer lists, as the contract says.
const maxDerived = 1000

// ApplyCatalog publishes catalog files, all or nothing.
//
// Errors: graph.ErrLaw with the problems and their places, graph.ErrConflict when
// if_revision is not the newest, graph.ErrUnavailable, and ctx's while somebody else
// publishes. Cost: as LintCatalog, and a fold of everybody whom a change concerns.
func (s *catalogService) ApplyCatalog(ctx context.Context, req *cairnv1.ApplyCatalogRequest) (*cairnv1.ApplyCatalogResponse, error) {
	// Between the difference and the commit nothing else may be published.
	done, err := s.publish(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	base := s.live.Head()
	files := readSources(req.GetFiles(), base.Catalog)
	problems := files.lint(base.Catalog)
	if err := files.refusal(problems); err != nil {
		return nil, err
	}
	batch, changes := exchange.DiffCatalog(base.Catalog, files.read, req.GetPrune())
	batch.At, batch.Key = s.now(), req.GetKey()
	if req.IfRevision != nil {
		batch.If, batch.IfSet = graph.Revision(req.GetIfRevision()), true
	}
	receipt, err := s.live.Commit(ctx, batch, graph.CommitOptions{DryRun: req.GetDryRun()})
	if err != nil {
		return nil, files.located(err)
	}
	after := s.live.Head()
	l := s.labeler(after, req.GetLanguages(), req.GetOmitLabels())
	answer := &cairnv1.ApplyCatalogAnswer{
		Diff: files.diff(base.Catalog, changes, l), Problems: problems, Committed: receipt.Stored, Replayed: receipt.Replayed,
	}
	var missing []*cairnv1.Reason
	derived := slices.Clone(receipt.Derived)
	slices.SortStableFunc(derived, func(a, b graph.Derivation) int {
		return cmp.Or(cmp.Compare(a.Award.Person, b.Award.Person), cmp.Compare(a.Award.Achievement, b.Award.Achievement), cmp.Compare(a.Award.IssuedAt, b.Award.IssuedAt))
	})
	for i := range derived {
		switch derived[i].Change {
		case graph.Awarded:
			answer.Awarded++
		case graph.Superseded:
			answer.Superseded++
		case graph.Withdrawn:
			answer.Withdrawn++
		case graph.ChangeUnspecified:
		}
	}
	if len(derived) > maxDerived {
		missing = append(missing, &cairnv1.Reason{Code: "LIST_CUT", Params: map[string]string{
			"field": "derived", "listed": fmt.Sprint(maxDerived), "total": fmt.Sprint(len(derived)),
		}})
		derived = derived[:maxDerived]
	}
	answer.Derived = derivedOut(derived, l)
	answer.Labels = l.labels()
	answer.Basis = s.writeBasis(&receipt, missing...)
	return &cairnv1.ApplyCatalogResponse{Answer: answer, Served: s.served(ctx, req, receipt.Revision, receipt.At)}, nil
}

// writeBasis is what the answer to a write stands on: the revision of the
// commit and the time of recording.
func (s *Server) writeBasis(r *graph.Receipt, missing ...*cairnv1.Reason) *cairnv1.Basis {
	return s.basis(&graph.Snapshot{Revision: r.Revision}, r.At, nil, missing...)
}

// refusal is why files with these problems are not applied; nil if they are.
func (s *sources) refusal(problems []*cairnv1.Problem) error {
	n, first := 0, (*cairnv1.Problem)(nil)
	for _, p := range problems {
		if p.GetSeverity() == cairnv1.Severity_SEVERITY_ERROR {
			if n++; first == nil {
				first = p
			}
		}
	}
	if n == 0 {
		return nil
	}
	reason := "LAW"
	if s.refused != nil {
		reason = "CATALOG_INVALID"
	}
	return &catalogError{
		cause: &graph.Error{
			Class: graph.ErrLaw, Reason: reason, Subject: first.GetSubject(),
			Message: fmt.Sprintf("the files have %d problems that keep them from being published, first: %s: %s", n, first.GetCode(), first.GetMessage()),
		},
		problems: &cairnv1.CatalogProblems{Problems: problems},
	}
}

// located gives the problems of a refused commit their places in the files.
func (s *sources) located(err error) error {
	e := lawError(err)
	if e == nil {
		return err
	}
	return &catalogError{cause: e, problems: &cairnv1.CatalogProblems{Problems: problemsOut(s.read.Locate(e.Problems))}}
}
