package graph

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// preparation judges one batch on top of a snapshot.
type preparation struct {
	base    *Snapshot
	batch   Batch // what is to be stored
	editor  *editor
	touched map[ID]FactID     // people whose facts change, and the fact that changes them
	settled map[FactID]Result // what became of the facts
	receipt Receipt
}

// prepare judges r's batch on top of s and fills r.receipt. next is the
// snapshot after it and prepared what is to be stored; both are nil when there
// is nothing to store or the request is a dry run.
func (s *Snapshot) prepare(r *request) (next *Snapshot, prepared *Batch, err error) {
	b := &r.batch
	switch {
	case b.At == 0:
		return nil, nil, Invalid("at", "is missing; a batch carries the time of recording")
	case b.IfSet && b.If != s.Revision:
		return nil, nil, &Error{
			Class: ErrConflict, Reason: "REVISION_CHANGED", Subject: fmt.Sprint(b.If),
			Message: fmt.Sprintf("the newest revision is %d; read again and retry", s.Revision),
		}
	case len(b.Derived) > 0:
		return nil, nil, Invalid("derived", "is computed from the facts and cannot be given")
	}
	p := &preparation{base: s, touched: make(map[ID]FactID), settled: make(map[FactID]Result)}
	p.batch = Batch{Key: b.Key, At: max(b.At, s.At)}
	catalog, err := p.catalog(b)
	if err != nil {
		return nil, nil, err
	}
	p.editor = newEditor(catalog, s.people, s.Revision+1, p.batch.At)
	p.facts(b)
	if !r.options.Partial {
		if err := p.firstRefused(b); err != nil {
			return nil, nil, err
		}
	}
	p.prerequisites(len(b.People)+len(b.Assignments), len(b.Awards))
	if err := p.derive(b); err != nil {
		return nil, nil, err
	}
	p.receipt.Revision, p.receipt.At, p.receipt.Derived = s.Revision, p.batch.At, p.batch.Derived
	r.receipt = p.receipt
	if r.options.DryRun || p.batch.Len()+len(p.batch.Derived) == 0 {
		return nil, nil, nil
	}
	r.receipt.Revision, r.receipt.Stored = s.Revision+1, true
	next = &Snapshot{Revision: s.Revision + 1, At: p.batch.At, Catalog: catalog}
	next.people, next.copied = p.editor.done()
	return next, &p.batch, nil
}

// catalog numbers and lints b's entries and compiles what they make of the catalog.
func (p *preparation) catalog(b *Batch) (*Catalog, error) {
	base := p.base.Catalog
	if !b.HasCatalog() {
		return base, nil
	}
	e := Batch{
		At: p.batch.At, Settings: b.Settings, Scales: b.Scales, Conversions: b.Conversions, Frameworks: b.Frameworks,
		Issuers: b.Issuers, Competencies: b.Competencies, Achievements: b.Achievements, Roles: b.Roles, Ladders: b.Ladders,
	}
	base.reg.number(&e)
	var failures []Problem
	for _, problem := range Lint(base, &e) {
		if problem.Severity == Failure {
			failures = append(failures, problem)
		}
	}
	if len(failures) > 0 {
		return nil, &Error{
			Class: ErrLaw, Reason: "LAW", Subject: string(failures[0].Subject), Problems: failures,
			Message: fmt.Sprintf("%d problems keep the catalog from being published, first: %s", len(failures), failures[0].Message),
		}
	}
	e.Key = p.batch.Key
	p.batch = e
	reg := base.reg.clone()
	reg.add(&e, p.base.Revision+1)
	return newCatalog(reg), nil
}

// facts judges the people's facts in order and keeps those that are new.
func (p *preparation) facts(b *Batch) {
	p.receipt.Outcomes = make([]Outcome, 0, len(b.People)+len(b.Assignments)+len(b.Awards)+len(b.Claims)+len(b.Personal))
	settle := func(result Result, err *Error) {
		p.receipt.Outcomes = append(p.receipt.Outcomes, Outcome{Result: result, Err: err})
	}
	for _, x := range b.People {
		if err := x.ID.Check(); err != nil {
			settle(Refused, asError(err))
		} else if p.editor.find(x.ID) != nil {
			settle(Unchanged, nil)
		} else {
			p.editor.join(x.ID)
			p.batch.People = append(p.batch.People, x)
			p.touch(x.ID, FactID{})
			settle(Recorded, nil)
		}
	}
	for _, a := range b.Assignments {
		settle(p.assignment(a))
	}
	for _, a := range b.Awards {
		settle(p.award(a))
	}
	for _, c := range b.Claims {
		settle(p.claim(c))
	}
	for _, r := range b.Personal {
		settle(p.personal(r))
	}
}

// personal judges a personal record: what is said about a fact that is refused,
// or that was there before, is not stored.
func (p *preparation) personal(r Personal) (Result, *Error) {
	q := p.editor.find(r.Person)
	about, fact := p.settled[r.About]
	switch {
	case fact && about == Refused:
		return Refused, &Error{Class: ErrInvalid, Reason: "INVALID", Subject: r.About.String(), Message: "what the record is about was refused"}
	case q == nil:
		return Refused, unknownPerson(r.Person)
	case fact && about == Unchanged,
		r.About.IsZero() && p.editor.name(r.Person) == r.Name && len(r.Identifiers)+len(r.Evidence) == 0:
		return Unchanged, nil
	}
	if r.About.IsZero() {
		name := r.Name
		p.editor.edit(r.Person).name = &name
	}
	p.batch.Personal = append(p.batch.Personal, r)
	return Recorded, nil
}

func (p *preparation) touch(person ID, fact FactID) {
	if was, ok := p.touched[person]; !ok || was.IsZero() {
		p.touched[person] = fact
	}
}

// skip notes what became of a fact that is not to be stored: it was refused, or
// is there already, and not by this batch.
func (p *preparation) skip(id FactID, r Result, err error) (Result, *Error) {
	if _, settled := p.settled[id]; !settled {
		p.settled[id] = r
	}
	return r, asError(err)
}

func (p *preparation) assignment(a Assignment) (Result, *Error) {
	if a.ID.IsZero() {
		a.ID = AssignmentID(a.Person, a.Role, a.Unit, a.From)
	}
	packed, err := p.editor.catalog.packAssignment(&a)
	if err != nil {
		return p.skip(a.ID, Refused, err)
	}
	q := p.editor.find(a.Person)
	if q == nil {
		return p.skip(a.ID, Refused, unknownPerson(a.Person))
	}
	if slices.Contains(q.assignments, packed) {
		return p.skip(a.ID, Unchanged, nil)
	}
	if err := p.editor.assignment(&a); err != nil {
		return p.skip(a.ID, Refused, err)
	}
	p.batch.Assignments = append(p.batch.Assignments, a)
	p.settled[a.ID] = Recorded
	p.touch(a.Person, a.ID)
	return Recorded, nil
}

func (p *preparation) award(a Award) (Result, *Error) {
	if a.ID.IsZero() {
		a.ID = AwardID(a.Person, a.Achievement, a.IssuedAt, "")
	}
	if a.Source == FromStack {
		return p.skip(a.ID, Refused, Invalid("source", "derived awards follow from facts and cannot be recorded"))
	}
	packed, err := p.editor.catalog.packAward(&a)
	if err != nil {
		return p.skip(a.ID, Refused, err)
	}
	q := p.editor.find(a.Person)
	if q == nil {
		return p.skip(a.ID, Refused, unknownPerson(a.Person))
	}
	for i := range q.awards {
		if q.awards[i].id != a.ID {
			continue
		}
		// What one source says and another leaves to the version is the same.
		if c := p.editor.catalog; q.awards[i] == packed || c.filled(q.awards[i]) == c.filled(packed) {
			return p.skip(a.ID, Unchanged, nil)
		}
		return p.skip(a.ID, Refused, &Error{
			Class: ErrExists, Reason: "AWARD_EXISTS", Subject: a.ID.String(),
			Message: "this award is recorded with another version, end, source, rigor or issuer, and awards are immutable; record another with a key of its own",
		})
	}
	if err := p.editor.award(&a); err != nil {
		return p.skip(a.ID, Refused, err)
	}
	p.batch.Awards = append(p.batch.Awards, a)
	p.settled[a.ID] = Recorded
	p.touch(a.Person, a.ID)
	return Recorded, nil
}

func (p *preparation) claim(c Claim) (Result, *Error) {
	if c.By == "" {
		c.By = "self"
	}
	if c.ID.IsZero() {
		c.ID = ClaimID(c.Person, c.Competency, c.By, c.At)
	}
	packed, err := p.editor.catalog.packClaim(&c)
	if err != nil {
		return p.skip(c.ID, Refused, err)
	}
	q := p.editor.find(c.Person)
	if q == nil {
		return p.skip(c.ID, Refused, unknownPerson(c.Person))
	}
	for i := range q.claims {
		if q.claims[i].id != c.ID {
			continue
		}
		if q.claims[i] == packed {
			return p.skip(c.ID, Unchanged, nil)
		}
		return p.skip(c.ID, Refused, &Error{
			Class: ErrExists, Reason: "CLAIM_EXISTS", Subject: c.ID.String(),
			Message: "the same source made another claim for this competency at the same instant; give the later one its own instant",
		})
	}
	if err := p.editor.claim(&c); err != nil {
		return p.skip(c.ID, Refused, err)
	}
	p.batch.Claims = append(p.batch.Claims, c)
	p.settled[c.ID] = Recorded
	p.touch(c.Person, c.ID)
	return Recorded, nil
}

func asError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*Error); ok { //nolint:errorlint // every error made here is an *Error itself
		return e
	}
	return &Error{Class: ErrInvalid, Message: err.Error()}
}

// firstRefused is the first refusal, with the place of its fact in b; nil for none.
func (p *preparation) firstRefused(b *Batch) error {
	for i, o := range p.receipt.Outcomes {
		if o.Result != Refused {
			continue
		}
		place, n := "people", i
		for _, part := range []struct {
			name string
			n    int
		}{{"people", len(b.People)}, {"assignments", len(b.Assignments)}, {"awards", len(b.Awards)}, {"claims", len(b.Claims)}, {"personal", len(b.Personal)}} {
			place = part.name
			if n < part.n {
				break
			}
			n -= part.n
		}
		return &Error{
			Class: o.Err.Class, Reason: o.Err.Reason, Subject: fmt.Sprintf("%s[%d]", place, n),
			Message: o.Err.Error(), Cause: o.Err.Cause,
		}
	}
	return nil
}

// prerequisites marks the recorded awards that came before what they require:
// at their issue it does not hold by all facts but the award itself. The
// outcomes of the awards start at first.
func (p *preparation) prerequisites(first, n int) {
	c := p.editor.catalog
	next := 0 // of the awards kept
	for i := first; i < first+n; i++ {
		if p.receipt.Outcomes[i].Result != Recorded {
			continue
		}
		a := &p.batch.Awards[next]
		next++
		at, _ := c.Achievement(a.Achievement)
		v := c.version(&award{achievement: at, version: uint16(a.Version), issued: a.IssuedAt})
		if !v.gated() {
			continue
		}
		p.receipt.Outcomes[i].PrerequisiteUnmet = !p.editor.find(a.Person).qualified(c, a.ID, v, a.IssuedAt)
	}
}

// derive adds the difference between the kept derived awards and the fold of
// the facts after the batch: of the people it touches, and when it publishes
// entries of those whom these reach.
func (p *preparation) derive(b *Batch) error {
	c := p.editor.catalog
	if len(c.automatic) == 0 && len(p.base.Catalog.automatic) == 0 {
		return nil
	}
	settle := func(q *person) {
		p.difference(q, fold(c, q, p.batch.At).derived)
	}
	for id := range p.touched {
		settle(p.editor.find(id))
	}
	if b.HasCatalog() {
		reached := reachOf(p.base.Catalog, c, b)
		for i := range p.base.people.n {
			if q := p.base.people.at(i); reached.person(c, q) {
				if _, done := p.touched[q.id]; !done {
					settle(q)
				}
			}
		}
	}
	slices.SortFunc(p.batch.Derived, func(a, b Derivation) int {
		return cmp.Or(cmp.Compare(a.Award.Person, b.Award.Person), bytes.Compare(a.Award.ID[:], b.Award.ID[:]))
	})
	for i := range p.batch.Derived {
		if err := p.editor.derivation(&p.batch.Derived[i]); err != nil {
			return err
		}
	}
	return nil
}

// difference adds what changed from q's kept derived awards to folded.
func (p *preparation) difference(q *person, folded []award) {
	add := func(change Change, a *award) {
		d := Derivation{Change: change, Award: p.editor.catalog.unpackAward(q.id, a), Cause: p.touched[q.id]}
		p.batch.Derived = append(p.batch.Derived, d)
	}
	for i := range folded {
		k := slices.IndexFunc(q.derived, func(x award) bool { return x.id == folded[i].id })
		switch {
		case k < 0:
			add(Awarded, &folded[i])
		case q.derived[k] != folded[i]:
			add(Superseded, &folded[i])
		}
	}
	for i := range q.derived {
		if !slices.ContainsFunc(folded, func(x award) bool { return x.id == q.derived[i].id }) {
			add(Withdrawn, &q.derived[i])
		}
	}
}
