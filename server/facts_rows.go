package server

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// factRows gathers rows as one batch and tells what became of each.
type factRows struct {
	server  *Server
	snap    *graph.Snapshot
	batch   graph.Batch
	results []*cairnv1.FactResult
	refused int
	// Rows of the facts of the batch, by their place in it.
	people, assignments, awards, claims []int
	named                               []named // in the order of the rows
}

// named is what a row says of a person besides that they are there.
type named struct {
	row         int
	person      graph.ID
	name        string
	identifiers []string
}

func newFactRows(s *Server) *factRows { return &factRows{server: s, snap: s.live.Head()} }

// row begins the result of a row, whose number it returns. index is its place
// in the list of its kind.
func (f *factRows) row(k cairnv1.FactKind, index int) int {
	f.results = append(f.results, &cairnv1.FactResult{Kind: k, Index: int32(index)})
	return len(f.results) - 1
}

func (f *factRows) refuse(row int, field string, err error) {
	r := f.results[row]
	if r.GetOutcome() != cairnv1.Outcome_OUTCOME_REFUSED {
		f.refused++
	}
	r.Outcome, r.Id, r.Code, r.Message, r.Field = cairnv1.Outcome_OUTCOME_REFUSED, "", "INVALID", err.Error(), field
	r.PrerequisiteUnmet, r.Derived = false, nil
	if e, ok := errors.AsType[*graph.Error](err); ok && e.Reason != "" {
		r.Code = e.Reason
	}
}

// field is a text of a row by the name of its field.
type field struct{ name, text string }

// ids refuses a row with an ID that cannot be one. Empty ones pass: the shape
// rules ask for those that are needed.
func (f *factRows) ids(row int, fields ...field) bool {
	for _, x := range fields {
		if x.text == "" {
			continue
		}
		if err := graph.ID(x.text).Check(); err != nil {
			f.refuse(row, x.name, err)
			return false
		}
	}
	return true
}

// instant is a time of a row, zero for nil; false if the row is refused for it.
func (f *factRows) instant(row int, name string, t *timestamppb.Timestamp) (graph.Instant, bool) {
	if t == nil {
		return 0, true
	}
	at, err := instantOf(name, t)
	if err == nil && at == 0 {
		err = graph.Invalid(name, "is 1970-01-01T00:00:00Z, the one moment that cannot be recorded; give a millisecond later")
	}
	if err != nil {
		f.refuse(row, name, err)
		return 0, false
	}
	return at, true
}

func (f *factRows) person(row int, x *cairnv1.PersonFact) {
	if f.ids(row, field{"id", x.GetId()}) {
		f.addPerson(row, graph.ID(x.GetId()), x.GetName(), x.GetIdentifiers())
	}
}

func (f *factRows) addPerson(row int, id graph.ID, name string, identifiers []string) {
	f.results[row].Id = string(id)
	f.people = append(f.people, row)
	f.batch.People = append(f.batch.People, graph.Person{ID: id})
	if name != "" || len(identifiers) > 0 {
		f.named = append(f.named, named{row, id, name, identifiers})
	}
}

func (f *factRows) assignment(row int, x *cairnv1.AssignmentFact) {
	ok := f.ids(row, field{"person", x.GetPerson()}, field{"role", x.GetRole()}, field{"unit", x.GetUnit()}, field{"manager", x.GetManager()})
	if !ok {
		return
	}
	a := graph.Assignment{Person: graph.ID(x.GetPerson()), Role: graph.ID(x.GetRole()), Unit: graph.ID(x.GetUnit()), Manager: graph.ID(x.GetManager())}
	if a.From, ok = f.instant(row, "from", x.GetFrom()); !ok {
		return
	}
	if a.Until, ok = f.instant(row, "until", x.GetUntil()); !ok {
		return
	}
	if a.Manager == a.Person {
		f.refuse(row, "manager", graph.Invalid("manager", "is the person; leave it empty for who reports to nobody"))
		return
	}
	a.ID = graph.AssignmentID(a.Person, a.Role, a.Unit, a.From)
	f.addAssignment(row, a)
}

func (f *factRows) addAssignment(row int, a graph.Assignment) {
	f.results[row].Id = a.ID.String()
	f.assignments = append(f.assignments, row)
	f.batch.Assignments = append(f.batch.Assignments, a)
}

func (f *factRows) award(row int, x *cairnv1.AwardFact) {
	ok := f.ids(row, field{"person", x.GetPerson()}, field{"achievement", x.GetAchievement()}, field{"issuer", x.GetIssuer()})
	if !ok {
		return
	}
	a := graph.Award{
		Person: graph.ID(x.GetPerson()), Achievement: graph.ID(x.GetAchievement()), Version: int(x.GetVersion()),
		Source: sourceIn(x.GetSource()), Rigor: rigorIn(x.GetRigor()), Issuer: graph.ID(x.GetIssuer()),
	}
	if a.IssuedAt, ok = f.instant(row, "issued_at", x.GetIssuedAt()); !ok {
		return
	}
	if a.ValidUntil, ok = f.instant(row, "valid_until", x.GetValidUntil()); !ok {
		return
	}
	if x.GetNeverLapses() {
		a.ValidUntil = graph.Forever
	}
	a.ID = graph.AwardID(a.Person, a.Achievement, a.IssuedAt, x.GetKey())
	identifiers := x.GetIdentifiers()
	if key := x.GetKey(); key != "" && !slices.Contains(identifiers, key) {
		identifiers = append([]string{key}, identifiers...) // as an import of the same award does
	}
	var about *graph.Personal
	if len(identifiers)+len(x.GetEvidence()) > 0 {
		about = &graph.Personal{Person: a.Person, About: a.ID, Identifiers: identifiers, Evidence: x.GetEvidence()}
	}
	f.addAward(row, a, about)
}

// addAward adds an award and what is told about it, which may be nil.
func (f *factRows) addAward(row int, a graph.Award, about *graph.Personal) {
	f.results[row].Id = a.ID.String()
	f.awards = append(f.awards, row)
	f.batch.Awards = append(f.batch.Awards, a)
	if about != nil {
		f.batch.Personal = append(f.batch.Personal, *about)
	}
}

func (f *factRows) claim(row int, x *cairnv1.ClaimFact) {
	ok := f.ids(row, field{"person", x.GetPerson()}, field{"competency", x.GetCompetency()}, field{"by", x.GetBy()})
	if !ok {
		return
	}
	c := graph.Claim{
		Person: graph.ID(x.GetPerson()), Competency: graph.ID(x.GetCompetency()), Level: graph.Level(x.GetLevel()),
		Rigor: rigorIn(x.GetRigor()), By: graph.ID(x.GetBy()),
	}
	if c.At, ok = f.instant(row, "at", x.GetAt()); !ok {
		return
	}
	if c.By == "" {
		c.By = "self"
	}
	c.ID = graph.ClaimID(c.Person, c.Competency, c.By, c.At)
	var about *graph.Personal
	if len(x.GetEvidence()) > 0 {
		about = &graph.Personal{Person: c.Person, About: c.ID, Evidence: x.GetEvidence()}
	}
	f.addClaim(row, c, about)
}

// addClaim adds a claim and what is told about it, which may be nil.
func (f *factRows) addClaim(row int, c graph.Claim, about *graph.Personal) {
	f.results[row].Id = c.ID.String()
	f.claims = append(f.claims, row)
	f.batch.Claims = append(f.batch.Claims, c)
	if about != nil {
		f.batch.Personal = append(f.batch.Personal, *about)
	}
}

// addPersonal adds the records of the people whom rows name. A row leaves as it
// is what it does not say, so the record of somebody who is there is read first.
func (f *factRows) addPersonal(ctx context.Context) error {
	var refs []graph.PersonalRef
	at := make(map[graph.ID]int, len(f.named)) // in refs
	for _, n := range f.named {
		_, read := at[n.person]
		if _, there := f.snap.Person(n.person); there && !read && (len(n.identifiers) > 0 || n.name != f.snap.Name(n.person)) {
			at[n.person] = len(refs)
			refs = append(refs, graph.PersonalRef{Person: n.person})
		}
	}
	var records []graph.Personal
	if len(refs) > 0 {
		var err error
		if records, err = f.server.live.Personal(ctx, refs...); err != nil {
			return err
		}
	}
	made := make(map[graph.ID]int, len(f.named)) // in f.batch.Personal
	for _, n := range f.named {
		was := graph.Personal{Person: n.person, Name: f.snap.Name(n.person)}
		if i, ok := at[n.person]; ok {
			was = records[i]
		}
		i, again := made[n.person]
		if again {
			was = f.batch.Personal[i]
		}
		if was.Erased {
			f.refuse(n.row, "id", &graph.Error{
				Class: graph.ErrGone, Reason: "ERASED", Subject: string(n.person), Message: "the personal record was erased, and nothing can be written to it",
			})
			continue
		}
		is := was
		is.Name = cmp.Or(n.name, was.Name)
		if len(n.identifiers) > 0 {
			is.Identifiers = n.identifiers
		}
		switch {
		case is.Name == was.Name && slices.Equal(is.Identifiers, was.Identifiers):
			continue
		case again:
			f.batch.Personal[i] = is
		default:
			made[n.person] = len(f.batch.Personal)
			f.batch.Personal = append(f.batch.Personal, is)
		}
		f.results[n.row].Outcome = cairnv1.Outcome_OUTCOME_RECORDED
	}
	return nil
}

// settle fills the results from the receipt of the batch.
func (f *factRows) settle(r *graph.Receipt) {
	if len(r.Outcomes) == 0 {
		return
	}
	outcomes := r.Outcomes
	part := func(rows []int, facts func(i int) []field) {
		for i, row := range rows {
			f.outcome(row, &outcomes[i], func() []field { return facts(i) })
		}
		outcomes = outcomes[len(rows):]
	}
	part(f.people, func(int) []field { return nil })
	part(f.assignments, func(i int) []field {
		a := &f.batch.Assignments[i]
		return []field{{"role", string(a.Role)}, {"person", string(a.Person)}}
	})
	part(f.awards, func(i int) []field {
		a := &f.batch.Awards[i]
		return []field{{"achievement", string(a.Achievement)}, {"person", string(a.Person)}, {"issuer", string(a.Issuer)}}
	})
	part(f.claims, func(i int) []field {
		c := &f.batch.Claims[i]
		return []field{{"competency", string(c.Competency)}, {"person", string(c.Person)}}
	})
	f.derived(r.Derived)
}

// factFields are the fields that errors of graph name as their subject.
var factFields = []string{"version", "issued_at", "valid_until", "source", "level", "at", "from", "until"}

func (f *factRows) outcome(row int, o *graph.Outcome, ids func() []field) {
	m := f.results[row]
	switch o.Result {
	case graph.Refused:
		name := ""
		if slices.Contains(factFields, o.Err.Subject) {
			name = o.Err.Subject
		} else {
			for _, x := range ids() {
				if x.text == o.Err.Subject {
					name = x.name
					break
				}
			}
		}
		f.refuse(row, name, o.Err)
	case graph.Unchanged:
		if m.GetOutcome() == cairnv1.Outcome_OUTCOME_UNSPECIFIED {
			m.Outcome = cairnv1.Outcome_OUTCOME_UNCHANGED
		}
	default:
		m.Outcome = cairnv1.Outcome_OUTCOME_RECORDED
		if o.PrerequisiteUnmet {
			m.PrerequisiteUnmet, m.Code = true, "PREREQUISITE_UNMET"
			m.Message = "was recorded; when it was issued, no route of the achievement had its requirement met"
		}
	}
}

// derived gives the changes of automatic awards to the rows that caused them.
func (f *factRows) derived(list []graph.Derivation) {
	if len(list) == 0 {
		return
	}
	rows := make(map[graph.FactID]int)
	note := func(id graph.FactID, row int) {
		if f.results[row].GetOutcome() == cairnv1.Outcome_OUTCOME_RECORDED {
			rows[id] = row
		}
	}
	for i, row := range f.assignments {
		note(f.batch.Assignments[i].ID, row)
	}
	for i, row := range f.awards {
		note(f.batch.Awards[i].ID, row)
	}
	for i, row := range f.claims {
		note(f.batch.Claims[i].ID, row)
	}
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b graph.Derivation) int {
		return cmp.Or(cmp.Compare(a.Award.Achievement, b.Award.Achievement), cmp.Compare(a.Award.IssuedAt, b.Award.IssuedAt))
	})
	for i := range sorted {
		if row, ok := rows[sorted[i].Cause]; ok {
			f.results[row].Derived = append(f.results[row].Derived, derivedOut(sorted[i:i+1], nil)...)
		}
	}
}

// refuseRecorded refuses the rows that would have been recorded, because the
// batch was not.
func (f *factRows) refuseRecorded(code, message string) {
	for row, r := range f.results {
		if r.GetOutcome() == cairnv1.Outcome_OUTCOME_RECORDED {
			f.refuse(row, "", &graph.Error{Class: graph.ErrInvalid, Reason: code, Message: message})
		}
	}
}
