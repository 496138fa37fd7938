package server

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// newEmptyWorld serves the example's catalog without people.
func newEmptyWorld(tb testing.TB) *world {
	tb.Helper()
	w := newWorld(tb, filepath.Join(tb.TempDir(), "empty.cairn"), Options{})
	if _, err := cairnv1.NewCatalogServiceClient(w.conn).ApplyCatalog(tb.Context(), &cairnv1.ApplyCatalogRequest{Files: exampleFiles(tb)}); err != nil {
		tb.Fatal(err)
	}
	return w
}

func (w *world) record(tb testing.TB, q *cairnv1.RecordFactsRequest) *cairnv1.RecordFactsAnswer {
	tb.Helper()
	r, err := cairnv1.NewFactServiceClient(w.conn).RecordFacts(tb.Context(), q)
	if err != nil {
		tb.Fatalf("record: %v", err)
	}
	return r.GetAnswer()
}

// award is an award with a validity of its own.
func award(person, achievement string, issued *timestamppb.Timestamp) *cairnv1.AwardFact {
	return &cairnv1.AwardFact{Person: person, Achievement: achievement, IssuedAt: issued}
}

// brief is a result as text: what became of it, the code and the field.
func brief(r *cairnv1.FactResult) string {
	text := fmt.Sprintf("%s %d %s", strings.ToLower(r.GetKind().String()[len("FACT_KIND_"):]), r.GetIndex(), strings.ToLower(r.GetOutcome().String()[len("OUTCOME_"):]))
	if r.GetCode() != "" {
		text += " " + r.GetCode()
	}
	if r.GetField() != "" {
		text += " " + r.GetField()
	}
	return text
}

func briefs(a *cairnv1.RecordFactsAnswer) []string {
	var out []string
	for _, r := range a.GetResults() {
		out = append(out, brief(r))
	}
	return out
}

// mixed is a call with rows of each kind, some of which cannot be recorded.
func mixed() *cairnv1.RecordFactsRequest {
	day := onDay(2026, 1, 10)
	return &cairnv1.RecordFactsRequest{
		People: []*cairnv1.PersonFact{{Id: "ada", Name: "Ada"}, {Id: "has space"}, {Id: "ada"}},
		Assignments: []*cairnv1.AssignmentFact{
			{Person: "ada", Role: "data-analyst", Unit: "insights", From: day},
			{Person: "ada", Role: "cook", From: day},
			{Person: "ada", Role: "data-analyst", From: day, Until: onDay(2025, 1, 1)},
			{Person: "ada", Role: "data-analyst", Manager: "ada", From: day},
		},
		Awards: []*cairnv1.AwardFact{
			award("ada", "charts-in-tableau", day),
			award("nobody", "sql-for-beginners", day),
			award("ada", "cooking", day),
			{Person: "ada", Achievement: "sql-for-beginners", IssuedAt: day, Issuer: "nobody-inc"},
			{Person: "ada", Achievement: "sql-for-beginners", IssuedAt: day, Version: 9},
			{Person: "ada", Achievement: "sql-for-beginners", IssuedAt: &timestamppb.Timestamp{}},
			{Person: "ada", Achievement: "sql-for-beginners", IssuedAt: day, Validity: &cairnv1.AwardFact_ValidUntil{ValidUntil: onDay(2020, 1, 1)}},
		},
		Claims: []*cairnv1.ClaimFact{
			{Person: "ada", Competency: "sql", Level: 2, At: day},
			{Person: "ada", Competency: "sql", Level: 99, By: "ben", At: day},
			{Person: "ada", Competency: "cooking", Level: 1, At: day},
		},
	}
}

var mixedResults = []string{
	"person 0 recorded", "person 1 refused INVALID id", "person 2 unchanged",
	"assignment 0 recorded", "assignment 1 refused UNKNOWN_ID role", "assignment 2 refused INVALID until", "assignment 3 refused INVALID manager",
	"award 0 recorded PREREQUISITE_UNMET", "award 1 refused UNKNOWN_ID person", "award 2 refused UNKNOWN_ID achievement",
	"award 3 refused UNKNOWN_ID issuer", "award 4 refused INVALID version", "award 5 refused INVALID issued_at", "award 6 refused INVALID valid_until",
	"claim 0 recorded", "claim 1 refused LEVEL_OFF_SCALE level", "claim 2 refused UNKNOWN_ID competency",
}

func TestRecordFacts(t *testing.T) {
	w := newEmptyWorld(t)
	dry := mixed()
	dry.DryRun = true
	tried := w.record(t, dry)
	if diff := cmp.Diff(mixedResults, briefs(tried)); diff != "" {
		t.Errorf("a dry run (-want +got):\n%s", diff)
	}
	if tried.GetCommitted() || tried.GetBasis().GetRevision() != 1 || w.live.Head().CountPeople() != 0 {
		t.Errorf("a dry run committed: %v, revision %d, %d people", tried.GetCommitted(), tried.GetBasis().GetRevision(), w.live.Head().CountPeople())
	}
	a := w.record(t, mixed())
	if diff := cmp.Diff(mixedResults, briefs(a)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if a.GetRecorded() != 4 || a.GetUnchanged() != 1 || a.GetRefused() != 12 || !a.GetCommitted() || a.GetBasis().GetRevision() != 2 {
		t.Errorf("recorded %d, unchanged %d, refused %d, committed %v, revision %d",
			a.GetRecorded(), a.GetUnchanged(), a.GetRefused(), a.GetCommitted(), a.GetBasis().GetRevision())
	}
	for _, r := range a.GetResults() {
		refused := r.GetOutcome() == cairnv1.Outcome_OUTCOME_REFUSED
		if refused != (r.GetId() == "") || (r.GetCode() == "") != (r.GetMessage() == "") {
			t.Errorf("%s: id %q, message %q", brief(r), r.GetId(), r.GetMessage())
		}
	}
	if name := w.live.Head().Name("ada"); name != "Ada" {
		t.Errorf("the name is %q, want Ada", name)
	}
	if again := w.record(t, mixed()); again.GetRecorded() != 0 || again.GetUnchanged() != 5 || again.GetCommitted() || again.GetBasis().GetRevision() != 2 {
		t.Errorf("the same facts again: %v", briefs(again))
	}
}

func TestRecordFactsDerived(t *testing.T) {
	w := newEmptyWorld(t)
	a := w.record(t, &cairnv1.RecordFactsRequest{
		People: []*cairnv1.PersonFact{{Id: "ada"}, {Id: "ben"}},
		Awards: []*cairnv1.AwardFact{
			award("ada", "data-literacy-basics", onDay(2026, 1, 1)), award("ben", "data-literacy-basics", onDay(2026, 1, 2)),
			award("ada", "sql-for-beginners", onDay(2026, 2, 1)), award("ada", "charts-in-tableau", onDay(2026, 3, 1)),
		},
	})
	var derived []*cairnv1.DerivedChange
	for _, r := range a.GetResults() {
		derived = append(derived, r.GetDerived()...)
	}
	if len(derived) != 1 || derived[0].GetAchievement() != "business-data-analyst" || derived[0].GetPerson() != "ada" ||
		derived[0].GetChange() != cairnv1.DerivedChange_CHANGE_AWARDED || !proto.Equal(derived[0].GetIssuedAt(), onDay(2026, 3, 1)) {
		t.Fatalf("derived %v, want business-data-analyst for ada on 1 March", derived)
	}
	// A late fact that comes before the others moves the award.
	late := w.record(t, &cairnv1.RecordFactsRequest{Awards: []*cairnv1.AwardFact{award("ada", "charts-in-tableau", onDay(2026, 1, 15))}})
	if d := late.GetResults()[0].GetDerived(); len(d) != 1 || d[0].GetChange() != cairnv1.DerivedChange_CHANGE_SUPERSEDED ||
		d[0].GetAward() != derived[0].GetAward() || !proto.Equal(d[0].GetIssuedAt(), onDay(2026, 2, 1)) {
		t.Errorf("after a late fact: %v, want the same award superseded to 1 February", d)
	}
}

func TestRecordFactsAllOrNothing(t *testing.T) {
	w := newEmptyWorld(t)
	q := mixed()
	q.AllOrNothing = true
	a := w.record(t, q)
	if a.GetCommitted() || a.GetRecorded() != 0 || w.live.Head().CountPeople() != 0 {
		t.Fatalf("committed %v: %v", a.GetCommitted(), briefs(a))
	}
	if got := briefs(a); got[0] != "person 0 refused ALL_OR_NOTHING" || got[8] != mixedResults[8] {
		t.Errorf("results %v", got)
	}
	fine := &cairnv1.RecordFactsRequest{People: []*cairnv1.PersonFact{{Id: "ada"}}, AllOrNothing: true, Key: "k"}
	for range 2 {
		if a := w.record(t, fine); a.GetBasis().GetRevision() != 2 || a.GetRefused() != 0 {
			t.Errorf("without a refused row: %v at %d", briefs(a), a.GetBasis().GetRevision())
		}
	}
}

func TestRecordFactsKey(t *testing.T) {
	w := newEmptyWorld(t)
	q := &cairnv1.RecordFactsRequest{People: []*cairnv1.PersonFact{{Id: "ada"}}, Key: "first", IfRevision: proto.Uint64(1)}
	if a := w.record(t, q); !a.GetCommitted() || a.GetReplayed() || a.GetBasis().GetRevision() != 2 {
		t.Fatalf("the first time: %v", a)
	}
	w.record(t, &cairnv1.RecordFactsRequest{People: []*cairnv1.PersonFact{{Id: "ben"}}})
	if a := w.record(t, q); a.GetCommitted() || !a.GetReplayed() || a.GetBasis().GetRevision() != 2 || a.GetUnchanged() != 1 {
		t.Errorf("the same key again: %v", a)
	}
	q.People[0].Id = "cleo"
	if a := w.record(t, q); !a.GetReplayed() || briefs(a)[0] != "person 0 refused KEY_USED" || w.live.Head().CountPeople() != 2 {
		t.Errorf("the same key with other facts: %v", a)
	}
	q.Key = ""
	_, err := cairnv1.NewFactServiceClient(w.conn).RecordFacts(t.Context(), q)
	if status.Code(err) != codes.Aborted {
		t.Errorf("a stale if_revision: %v, want ABORTED", err)
	}
	q.IfRevision = proto.Uint64(3)
	if a := w.record(t, q); !a.GetCommitted() || a.GetBasis().GetRevision() != 4 {
		t.Errorf("a fitting if_revision: %v", a)
	}
}

// What a row does not say of a person stays as it is.
func TestRecordFactsNames(t *testing.T) {
	w := newEmptyWorld(t)
	w.record(t, &cairnv1.RecordFactsRequest{People: []*cairnv1.PersonFact{{Id: "ada", Name: "Ada", Identifiers: []string{"hr-1"}}}})
	for _, row := range []struct {
		fact        *cairnv1.PersonFact
		outcome     string
		name        string
		identifiers []string
	}{
		{&cairnv1.PersonFact{Id: "ada"}, "person 0 unchanged", "Ada", []string{"hr-1"}},
		{&cairnv1.PersonFact{Id: "ada", Name: "Ada"}, "person 0 unchanged", "Ada", []string{"hr-1"}},
		{&cairnv1.PersonFact{Id: "ada", Name: "Ada L."}, "person 0 recorded", "Ada L.", []string{"hr-1"}},
		{&cairnv1.PersonFact{Id: "ada", Identifiers: []string{"hr-1"}}, "person 0 unchanged", "Ada L.", []string{"hr-1"}},
		{&cairnv1.PersonFact{Id: "ada", Identifiers: []string{"hr-2"}}, "person 0 recorded", "Ada L.", []string{"hr-2"}},
	} {
		a := w.record(t, &cairnv1.RecordFactsRequest{People: []*cairnv1.PersonFact{row.fact}})
		p, err := w.live.Personal(t.Context(), graph.PersonalRef{Person: "ada"})
		if err != nil {
			t.Fatal(err)
		}
		if briefs(a)[0] != row.outcome || p[0].Name != row.name || w.live.Head().Name("ada") != row.name || !slices.Equal(p[0].Identifiers, row.identifiers) {
			t.Errorf("after %v: %s, %q, %q; want %s, %q, %q", row.fact, briefs(a)[0], p[0].Name, p[0].Identifiers, row.outcome, row.name, row.identifiers)
		}
	}
}

// Every acknowledged fact of many callers is there exactly once.
func TestRecordFactsTogether(t *testing.T) {
	const callers, each = 32, 20
	w := newEmptyWorld(t)
	client := cairnv1.NewFactServiceClient(w.conn)
	w.record(t, &cairnv1.RecordFactsRequest{People: []*cairnv1.PersonFact{{Id: "shared"}}})
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := make(map[string]int) // recorded ids
	for c := range callers {
		wg.Go(func() {
			person := fmt.Sprintf("p%02d", c)
			for i := range each {
				q := &cairnv1.RecordFactsRequest{
					People: []*cairnv1.PersonFact{{Id: person}},
					Awards: []*cairnv1.AwardFact{
						award(person, "data-literacy-basics", onDay(2026, 1, 1+i)),
						award("shared", "data-literacy-basics", onDay(2026, 2, 1+i)), // all callers record it
					},
					Key: fmt.Sprint(c, "/", i),
				}
				r, err := client.RecordFacts(t.Context(), q)
				if err != nil {
					t.Error(err)
					return
				}
				if w.live.Head().Revision < graph.Revision(r.GetAnswer().GetBasis().GetRevision()) {
					t.Error("a write was acknowledged before it can be read")
				}
				mu.Lock()
				for _, x := range r.GetAnswer().GetResults()[1:] {
					if x.GetOutcome() == cairnv1.Outcome_OUTCOME_RECORDED {
						acknowledged[x.GetId()]++
					} else if x.GetOutcome() != cairnv1.Outcome_OUTCOME_UNCHANGED {
						t.Errorf("%s: %s", brief(x), x.GetMessage())
					}
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(acknowledged) != (callers+1)*each {
		t.Errorf("%d awards were acknowledged, want %d", len(acknowledged), (callers+1)*each)
	}
	w.end()
	again := newWorld(t, w.path, Options{})
	stored := make(map[string]int)
	for b := range again.live.Head().Facts() {
		for _, a := range b.Awards {
			stored[a.ID.String()]++
		}
	}
	if diff := cmp.Diff(acknowledged, stored); diff != "" {
		t.Errorf("acknowledged as recorded and stored, each once (-want +got):\n%s", diff)
	}
}
