package server

import (
	"cmp"
	"context"
	"slices"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// GetPerson answers a person, their assignments and how many awards they have.
//
// Errors: those of read, graph.ErrNotFound, and graph.ErrUnavailable when the record
// of somebody without a name cannot be read. Cost: linear in what the person holds.
func (s *peopleService) GetPerson(ctx context.Context, req *cairnv1.GetPersonRequest) (*cairnv1.GetPersonResponse, error) {
	snap, at, err := s.read(ctx, req.GetMinRevision(), req.GetAsOf())
	if err != nil {
		return nil, err
	}
	id := graph.ID(req.GetPerson())
	profile, err := snap.Profile(id, at)
	if err != nil {
		return nil, err
	}
	entry, _ := snap.Person(id)
	person, err := s.person(ctx, &entry)
	if err != nil {
		return nil, err
	}
	l := s.labeler(snap, req.GetLanguages(), req.GetOmitLabels())
	l.add(graph.KindPerson, id)
	answer := &cairnv1.GetPersonAnswer{Person: person, Assignments: assignmentsOut(entry.Assignments, at, l, nil)}
	for i := range profile.Evidence() {
		e := &profile.Evidence()[i]
		if e.Version == nil {
			continue
		}
		answer.Held++
		if e.Valid {
			answer.Valid++
		}
		if e.Counts {
			answer.Counts++
		}
	}
	answer.Labels, answer.Basis = l.labels(), s.basis(snap, at, nil)
	return &cairnv1.GetPersonResponse{Answer: answer, Served: s.served(ctx, req, snap.Revision, at)}, nil
}

// person is a person as a message. Whoever has no name is looked up: it may be
// that it was erased.
func (s *Server) person(ctx context.Context, e *graph.PersonEntry) (*cairnv1.Person, error) {
	list, err := s.people(ctx, []graph.PersonEntry{*e})
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// people are people as messages. The records of those without a name are read at
// once.
func (s *Server) people(ctx context.Context, entries []graph.PersonEntry) ([]*cairnv1.Person, error) {
	var refs []graph.PersonalRef
	for i := range entries {
		if entries[i].Name == "" {
			refs = append(refs, graph.PersonalRef{Person: entries[i].ID})
		}
	}
	var records []graph.Personal
	if len(refs) > 0 {
		var err error
		if records, err = s.live.Personal(ctx, refs...); err != nil {
			return nil, err
		}
	}
	out := make([]*cairnv1.Person, len(entries))
	for i := range entries {
		e := &entries[i]
		out[i] = &cairnv1.Person{Id: string(e.ID), Name: e.Name}
		if e.Name == "" {
			out[i].Erased, records = records[0].Erased, records[1:]
		}
	}
	return out, nil
}

// assignmentsOut are the assignments that fit, the latest start first, then by id;
// a nil keep keeps all.
func assignmentsOut(list []graph.Assignment, at graph.Instant, l *labeler, keep func(*graph.Assignment) bool) []*cairnv1.Assignment {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b graph.Assignment) int {
		return cmp.Or(cmp.Compare(b.From, a.From), slices.Compare(a.ID[:], b.ID[:]))
	})
	var out []*cairnv1.Assignment
	for i := range list {
		if keep == nil || keep(&list[i]) {
			out = append(out, assignmentOut(&list[i], at, l))
		}
	}
	return out
}

// ListPeople answers a page of people.
//
// Errors: those of page, and graph.ErrUnavailable as GetPerson. Cost: the page;
// with a filter, linear in the people.
func (s *peopleService) ListPeople(ctx context.Context, req *cairnv1.ListPeopleRequest) (*cairnv1.ListPeopleResponse, error) {
	p, err := s.page(ctx, req)
	if err != nil {
		return nil, err
	}
	current := func(a *graph.Assignment) bool { return runs(a, p.at) }
	var total, hi int
	var entries []graph.PersonEntry
	if req.GetUnit() == "" && req.GetRole() == "" && req.GetManager() == "" {
		total = p.snap.CountPeople()
		var lo int
		lo, hi = p.cut(total)
		entries = p.snap.PeopleAt(lo, hi)
	} else {
		found := p.snap.PeopleWith(func(a *graph.Assignment) bool {
			return fits(req.GetUnit(), a.Unit) && fits(req.GetRole(), a.Role) && fits(req.GetManager(), a.Manager) && current(a)
		})
		total = len(found)
		var lo int
		lo, hi = p.cut(total)
		for _, id := range found[lo:hi] {
			e, _ := p.snap.Person(id)
			entries = append(entries, e)
		}
	}
	people, err := s.people(ctx, entries)
	if err != nil {
		return nil, err
	}
	l := s.labeler(p.snap, req.GetLanguages(), req.GetOmitLabels())
	answer := &cairnv1.ListPeopleAnswer{NextPageToken: p.next(hi, total), Total: int32(total)}
	for i := range entries {
		l.add(graph.KindPerson, entries[i].ID)
		answer.People = append(answer.People, &cairnv1.PersonSummary{
			Person: people[i], Assignments: assignmentsOut(entries[i].Assignments, p.at, l, current),
		})
	}
	answer.Labels, answer.Basis = l.labels(), s.basis(p.snap, p.at, nil)
	return &cairnv1.ListPeopleResponse{Answer: answer, Served: s.served(ctx, req, p.snap.Revision, p.at)}, nil
}

// ListAwards answers a page of a person's awards.
//
// Errors: those of page, graph.ErrNotFound, and with evidence graph.ErrUnavailable.
// Cost: linear in what the person holds.
func (s *peopleService) ListAwards(ctx context.Context, req *cairnv1.ListAwardsRequest) (*cairnv1.ListAwardsResponse, error) {
	p, err := s.page(ctx, req)
	if err != nil {
		return nil, err
	}
	profile, err := p.snap.Profile(graph.ID(req.GetPerson()), p.at)
	if err != nil {
		return nil, err
	}
	profile.MarkPrerequisites()
	var found []*graph.Evidence
	for i := range profile.Evidence() {
		e := &profile.Evidence()[i]
		if e.Version != nil && fits(req.GetAchievement(), e.Version.ID) && (e.Counts || !req.GetCounting()) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b *graph.Evidence) int {
		return cmp.Or(cmp.Compare(b.IssuedAt, a.IssuedAt), slices.Compare(a.Fact[:], b.Fact[:]))
	})
	l := s.labeler(p.snap, req.GetLanguages(), req.GetOmitLabels())
	lo, hi := p.cut(len(found))
	answer := &cairnv1.ListAwardsAnswer{NextPageToken: p.next(hi, len(found)), Total: int32(len(found))}
	decided := &rules{}
	for _, e := range found[lo:hi] {
		decided.achievement(e.Version)
		answer.Awards = append(answer.Awards, awardOut(profile, e, l))
	}
	if req.GetWithEvidence() {
		if err := s.addEvidence(ctx, profile.Person, found[lo:hi], answer.GetAwards()); err != nil {
			return nil, err
		}
	}
	answer.Labels, answer.Basis = l.labels(), s.basis(p.snap, p.at, decided)
	return &cairnv1.ListAwardsResponse{Answer: answer, Served: s.served(ctx, req, p.snap.Revision, p.at)}, nil
}

// addEvidence reads what was said to prove the awards of a page, once for all.
// Derived awards follow from others and have none of their own.
func (s *Server) addEvidence(ctx context.Context, person graph.ID, found []*graph.Evidence, awards []*cairnv1.Award) error {
	refs := make([]graph.PersonalRef, 0, len(found))
	for _, e := range found {
		refs = append(refs, graph.PersonalRef{Person: person, About: e.Fact})
	}
	if len(refs) == 0 {
		return nil
	}
	records, err := s.live.Personal(ctx, refs...)
	if err != nil {
		return err
	}
	for i := range records {
		awards[i].Evidence, awards[i].Identifiers, awards[i].Erased = records[i].Evidence, records[i].Identifiers, records[i].Erased
	}
	return nil
}

// GetInventory answers a page of the competencies that a person holds.
//
// Errors: those of page, and graph.ErrNotFound. Cost: linear in what the person
// holds and the competencies it bears on.
func (s *peopleService) GetInventory(ctx context.Context, req *cairnv1.GetInventoryRequest) (*cairnv1.GetInventoryResponse, error) {
	p, err := s.page(ctx, req)
	if err != nil {
		return nil, err
	}
	profile, err := p.snap.Profile(graph.ID(req.GetPerson()), p.at)
	if err != nil {
		return nil, err
	}
	c := p.snap.Catalog
	only := make(map[string]bool, len(req.GetCompetencies()))
	for _, id := range req.GetCompetencies() {
		only[id] = true
	}
	floor := rigorIn(req.GetMinRigor())
	var found []graph.CompetencyIndex
	for _, i := range profile.Competencies() {
		if profile.Levels(i).At(floor) > 0 && (len(only) == 0 || only[string(c.CompetencyID(i))]) {
			found = append(found, i)
		}
	}
	l := s.labeler(p.snap, req.GetLanguages(), req.GetOmitLabels())
	lo, hi := p.cut(len(found))
	profile.MarkPrerequisites()
	answer := &cairnv1.GetInventoryAnswer{NextPageToken: p.next(hi, len(found)), Total: int32(len(found))}
	decided := &rules{}
	scales := make(map[graph.ID]bool)
	for _, i := range found[lo:hi] {
		held := s.heldOut(profile, i, l, decided)
		scales[graph.ID(held.GetScale())] = true
		answer.Competencies = append(answer.Competencies, held)
	}
	delete(scales, "")
	answer.Scales = s.scalesOut(c, scales, l)
	answer.Labels, answer.Basis = l.labels(), s.basis(p.snap, p.at, decided)
	return &cairnv1.GetInventoryResponse{Answer: answer, Served: s.served(ctx, req, p.snap.Revision, p.at)}, nil
}

// heldOut is what p holds of a competency, and what proves it.
func (s *Server) heldOut(p *graph.Profile, i graph.CompetencyIndex, l *labeler, decided *rules) *cairnv1.HeldCompetency {
	x, _ := p.Catalog.CompetencyEntry(i)
	levels := p.Levels(i)
	l.add(graph.KindCompetency, x.ID)
	out := &cairnv1.HeldCompetency{
		Competency: string(x.ID), Scale: string(x.Scale), Declared: int32(levels.At(graph.Declared)), Endorsed: int32(levels.At(graph.Endorsed)),
		Assessed: int32(levels.At(graph.Assessed)), Proctored: int32(levels.At(graph.Proctored)),
	}
	var shown []*graph.Evidence
	for floor := graph.Proctored; floor >= graph.Declared; floor-- {
		e := p.LevelEvidence(i, floor)
		if e == nil || slices.Contains(shown, e) {
			continue
		}
		shown = append(shown, e)
		if e.Version != nil {
			decided.achievement(e.Version)
		}
		out.Evidence = append(out.Evidence, evidenceOut(p, e, l))
	}
	return out
}

// scalesOut are scales as messages, by ID; those that the catalog lacks are left out.
func (s *Server) scalesOut(c *graph.Catalog, ids map[graph.ID]bool, l *labeler) []*cairnv1.Scale {
	b := s.bookOf(c)
	var out []*cairnv1.Scale
	for id := range ids {
		if x := b.scale(id); x != nil {
			out = append(out, x)
			l.add(graph.KindScale, id)
		}
	}
	slices.SortFunc(out, func(a, b *cairnv1.Scale) int { return cmp.Compare(a.GetId(), b.GetId()) })
	return out
}
