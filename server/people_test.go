package server

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

func noonOf(y int, m time.Month, d int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(y, m, d, 12, 0, 0, 0, time.UTC))
}

// TestGetPerson: all assignments, the latest first, and the awards at an instant.
func TestGetPerson(t *testing.T) {
	w := newWorld(t, "", Options{})
	people := cairnv1.NewPeopleServiceClient(w.conn)
	for _, row := range []struct {
		at      *timestamppb.Timestamp
		current []string
		held    int32
	}{
		{noonOf(2021, 1, 1), nil, 0}, {noonOf(2023, 1, 20), []string{"senior-data-analyst"}, 1}, {noonOf(2026, 1, 1), []string{"lead-data-analyst"}, 12},
	} {
		r, err := people.GetPerson(t.Context(), &cairnv1.GetPersonRequest{Person: "p-01", AsOf: row.at})
		if err != nil {
			t.Fatal(err)
		}
		a := r.GetAnswer()
		var roles, current []string
		for _, x := range a.GetAssignments() {
			roles = append(roles, x.GetRole())
			if x.GetCurrent() {
				current = append(current, x.GetRole())
			}
		}
		if diff := cmp.Diff([]string{"lead-data-analyst", "senior-data-analyst"}, roles); diff != "" {
			t.Errorf("assignments (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(row.current, current); diff != "" {
			t.Errorf("current at %v (-want +got):\n%s", row.at.AsTime(), diff)
		}
		if a.GetHeld() != row.held || a.GetValid() > a.GetHeld() || a.GetCounts() > a.GetValid() {
			t.Errorf("at %v %d held, %d valid, %d count; want %d held", row.at.AsTime(), a.GetHeld(), a.GetValid(), a.GetCounts(), row.held)
		}
		if a.GetPerson().GetName() != "Odile Farrow" || a.GetLabels()["role/lead-data-analyst"].GetTitle() != "Lead Data Analyst" {
			t.Errorf("the person is %v and the labels %v", a.GetPerson(), a.GetLabels())
		}
	}
}

// TestListPeople: the filters hold together, of one assignment that runs.
func TestListPeople(t *testing.T) {
	w := newWorld(t, "", Options{})
	people := cairnv1.NewPeopleServiceClient(w.conn)
	for _, row := range []struct {
		name string
		req  *cairnv1.ListPeopleRequest
		want []string
	}{
		{"a role", &cairnv1.ListPeopleRequest{Role: "reporting-assistant"}, []string{"p-05", "p-06"}},
		{"a role in the past", &cairnv1.ListPeopleRequest{Role: "reporting-assistant", AsOf: noonOf(2024, 6, 1)}, []string{"p-04"}},
		{"a manager", &cairnv1.ListPeopleRequest{Manager: "p-02"}, []string{"p-04", "p-05", "p-06"}},
		{"a manager and a role", &cairnv1.ListPeopleRequest{Manager: "p-02", Role: "data-analyst"}, []string{"p-04"}},
		{"a unit and a role of another", &cairnv1.ListPeopleRequest{Unit: "marketing", Role: "data-analyst"}, nil},
		{"before anybody", &cairnv1.ListPeopleRequest{Unit: "marketing", AsOf: noonOf(2020, 1, 1)}, nil},
		{"an id that is nobody's", &cairnv1.ListPeopleRequest{Manager: "p-99"}, nil},
	} {
		r, err := people.ListPeople(t.Context(), row.req)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range r.GetAnswer().GetPeople() {
			got = append(got, p.GetPerson().GetId())
			if len(p.GetAssignments()) != 1 || !p.GetAssignments()[0].GetCurrent() {
				t.Errorf("%s: the assignments of %s are %v, want the one that runs", row.name, p.GetPerson().GetId(), p.GetAssignments())
			}
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// TestListAwards: held, valid and counts are three things, and evidence is read
// when asked for only.
func TestListAwards(t *testing.T) {
	w := newWorld(t, "", Options{})
	people := cairnv1.NewPeopleServiceClient(w.conn)
	list := func(req *cairnv1.ListAwardsRequest) []*cairnv1.Award {
		t.Helper()
		r, err := people.ListAwards(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return r.GetAnswer().GetAwards()
	}
	lapsed := list(&cairnv1.ListAwardsRequest{Person: "p-04", Achievement: "sql-for-beginners", AsOf: noonOf(2035, 1, 1)})
	if len(lapsed) != 1 || !lapsed[0].GetHeld() || lapsed[0].GetValid() || lapsed[0].GetCounts() || len(lapsed[0].GetReasons()) != 1 || lapsed[0].GetReasons()[0].GetCode() != "AWARD_LAPSED" {
		t.Errorf("an award that has lapsed: %v", lapsed)
	}
	if got := list(&cairnv1.ListAwardsRequest{Person: "p-04", Achievement: "sql-for-beginners", Counting: true, AsOf: noonOf(2035, 1, 1)}); len(got) != 0 {
		t.Errorf("of those that count: %v", got)
	}
	all := list(&cairnv1.ListAwardsRequest{Person: "p-01"})
	latest := slices.IsSortedFunc(all, func(a, b *cairnv1.Award) int { return b.GetIssuedAt().AsTime().Compare(a.GetIssuedAt().AsTime()) })
	if len(all) != 12 || !latest {
		t.Errorf("%d awards, the latest first: %v; want 12", len(all), latest)
	}
	derived := 0
	for _, a := range all {
		if len(a.GetEvidence())+len(a.GetIdentifiers()) > 0 {
			t.Errorf("%s has evidence that was not asked for", a.GetAchievement())
		}
		if a.GetSource() == cairnv1.AwardSource_AWARD_SOURCE_DERIVED {
			derived++
		}
	}
	if derived != 1 {
		t.Errorf("%d awards are automatic, want 1", derived)
	}
	proven := list(&cairnv1.ListAwardsRequest{Person: "p-01", Achievement: "analytics-practitioner", WithEvidence: true})
	if len(proven) != 1 || len(proven[0].GetEvidence()) != 1 || !strings.HasPrefix(proven[0].GetEvidence()[0], "https://academy.") || !slices.Contains(proven[0].GetIdentifiers(), "HL-0268") {
		t.Errorf("with evidence: %v", proven)
	}

	// An award that came before what it requires is recorded and marked.
	fact := cairnv1.NewFactServiceClient(w.conn)
	if _, err := fact.RecordFacts(t.Context(), &cairnv1.RecordFactsRequest{
		People: []*cairnv1.PersonFact{{Id: "p-80"}},
		Awards: []*cairnv1.AwardFact{{Person: "p-80", Achievement: "advanced-sql", IssuedAt: noonOf(2026, 1, 1)}},
	}); err != nil {
		t.Fatal(err)
	}
	marked := list(&cairnv1.ListAwardsRequest{Person: "p-80"})
	gated, err := cairnv1.NewCatalogServiceClient(w.conn).GetAchievement(t.Context(), &cairnv1.GetAchievementRequest{Id: "advanced-sql"})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range gated.GetAnswer().GetAchievement().GetRoutes() {
		if r.GetRequires() == nil {
			t.Fatalf("the example's advanced-sql can be earned without anything by %s: take another achievement", r.GetId())
		}
	}
	if len(marked) != 1 || !marked[0].GetPrerequisiteUnmet() || !marked[0].GetCounts() {
		t.Errorf("before its prerequisite: %v", marked)
	}
}

// TestGetInventory: the level at each rigor, and what proves it.
func TestGetInventory(t *testing.T) {
	w := newWorld(t, "", Options{})
	people := cairnv1.NewPeopleServiceClient(w.conn)
	ask := func(req *cairnv1.GetInventoryRequest) map[string]*cairnv1.HeldCompetency {
		t.Helper()
		r, err := people.GetInventory(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		out := make(map[string]*cairnv1.HeldCompetency)
		for _, c := range r.GetAnswer().GetCompetencies() {
			out[c.GetCompetency()] = c
			if c.GetDeclared() < c.GetEndorsed() || c.GetEndorsed() < c.GetAssessed() || c.GetAssessed() < c.GetProctored() || len(c.GetEvidence()) == 0 {
				t.Errorf("%s is held at %v", c.GetCompetency(), c)
			}
			known := c.GetScale() == ""
			for _, s := range r.GetAnswer().GetScales() {
				known = known || s.GetId() == c.GetScale()
			}
			if !known {
				t.Errorf("the scale %s of %s is not in the answer", c.GetScale(), c.GetCompetency())
			}
		}
		return out
	}
	all := ask(&cairnv1.GetInventoryRequest{Person: "p-06"})
	if c := all["python"]; c.GetDeclared() != 3 || c.GetEndorsed() != 0 || c.GetEvidence()[0].GetClaim() == "" {
		t.Errorf("a declared claim: %v", c)
	}
	if c := all["sql"]; c.GetDeclared() != 2 || c.GetEndorsed() != 2 || c.GetAssessed() != 0 {
		t.Errorf("an endorsed claim: %v", c)
	}
	endorsed := ask(&cairnv1.GetInventoryRequest{Person: "p-06", MinRigor: cairnv1.Rigor_RIGOR_ENDORSED})
	if endorsed["python"] != nil || endorsed["sql"] == nil {
		t.Errorf("at endorsed or above: %v", endorsed)
	}
	only := ask(&cairnv1.GetInventoryRequest{Person: "p-06", Competencies: []string{"python", "none"}})
	if len(only) != 1 || only["python"] == nil {
		t.Errorf("of two: %v", only)
	}
	if before := ask(&cairnv1.GetInventoryRequest{Person: "p-06", AsOf: noonOf(2026, 9, 1)}); before["python"] != nil {
		t.Errorf("before the claim: %v", before["python"])
	}
}

// TestSearch: titles, alternative labels and ids, prefixes and typing errors.
func TestSearch(t *testing.T) {
	w := newWorld(t, "", Options{})
	search := cairnv1.NewSearchServiceClient(w.conn)
	person := []cairnv1.Kind{cairnv1.Kind_KIND_PERSON}
	for _, row := range []struct {
		q     string
		kinds []cairnv1.Kind
		kind  cairnv1.Kind
		id    string
		match cairnv1.Hit_Match
	}{
		{"data analyst", []cairnv1.Kind{cairnv1.Kind_KIND_ROLE}, cairnv1.Kind_KIND_ROLE, "data-analyst", cairnv1.Hit_MATCH_EXACT},
		{"DATENANALYST", nil, cairnv1.Kind_KIND_ROLE, "data-analyst", cairnv1.Hit_MATCH_EXACT},
		{"bi analyst", nil, cairnv1.Kind_KIND_ROLE, "data-analyst", cairnv1.Hit_MATCH_EXACT},
		{"sql-for-beginners", nil, cairnv1.Kind_KIND_ACHIEVEMENT, "sql-for-beginners", cairnv1.Hit_MATCH_EXACT},
		{"building ch", nil, cairnv1.Kind_KIND_ACHIEVEMENT, "charts-in-tableau", cairnv1.Hit_MATCH_PREFIX},
		{"tableau build", nil, cairnv1.Kind_KIND_ACHIEVEMENT, "charts-in-tableau", cairnv1.Hit_MATCH_WORDS},
		{"tablaeu", nil, cairnv1.Kind_KIND_ACHIEVEMENT, "charts-in-tableau", cairnv1.Hit_MATCH_TYPO},
		{"tobias wrenfield", person, cairnv1.Kind_KIND_PERSON, "p-02", cairnv1.Hit_MATCH_EXACT},
		{"tob", person, cairnv1.Kind_KIND_PERSON, "p-02", cairnv1.Hit_MATCH_PREFIX},
		{"wren", person, cairnv1.Kind_KIND_PERSON, "p-02", cairnv1.Hit_MATCH_WORDS},
		{"wrenfeild", person, cairnv1.Kind_KIND_PERSON, "p-02", cairnv1.Hit_MATCH_TYPO},
		{"p-02", person, cairnv1.Kind_KIND_PERSON, "p-02", cairnv1.Hit_MATCH_EXACT},
	} {
		r, err := search.Search(t.Context(), &cairnv1.SearchRequest{Q: row.q, Kinds: row.kinds})
		if err != nil {
			t.Fatal(err)
		}
		hits := r.GetAnswer().GetHits()
		if len(hits) == 0 {
			t.Errorf("%q finds nothing", row.q)
			continue
		}
		h := hits[0]
		if h.GetKind() != row.kind || h.GetId() != row.id || h.GetMatch() != row.match || h.GetTitle() == "" {
			t.Errorf("%q finds %v, want %v %s by %v", row.q, h, row.kind, row.id, row.match)
		}
		if len(h.GetRanges()) == 0 {
			t.Errorf("%q: the hit has no range", row.q)
		}
		runes, end := []rune(h.GetMatched()), int32(0)
		for _, x := range h.GetRanges() {
			if x.GetStart() < end || x.GetEnd() <= x.GetStart() || int(x.GetEnd()) > len(runes) {
				t.Errorf("%q: the ranges of %q are %v", row.q, h.GetMatched(), h.GetRanges())
			}
			end = x.GetEnd()
		}
		for i, h := range hits {
			if i > 0 && h.GetMatch() < hits[i-1].GetMatch() && h.GetRetired() == hits[i-1].GetRetired() {
				t.Errorf("%q: hit %d is better than the one before: %v", row.q, i, hits)
			}
			if row.kinds == nil && h.GetKind() == cairnv1.Kind_KIND_PERSON {
				t.Errorf("%q finds a person nobody asked for", row.q)
			}
		}
	}
	german, err := search.Search(t.Context(), &cairnv1.SearchRequest{Q: "bi analyst", Languages: []string{"de"}})
	if err != nil {
		t.Fatal(err)
	}
	if h := german.GetAnswer().GetHits()[0]; h.GetTitle() != "Datenanalyst" || h.GetLanguage() != "de" || h.GetMatched() != "BI analyst" || h.GetMatchedLanguage() != "en" {
		t.Errorf("in German: %v", h)
	}
}

// TestResolve: one entry, several, or none.
func TestResolve(t *testing.T) {
	w := newWorld(t, "", Options{})
	if _, err := w.live.Commit(t.Context(), graph.Batch{
		At: noon, People: []graph.Person{{ID: "q-1"}, {ID: "q-2"}, {ID: "odile"}},
		Personal: []graph.Personal{{Person: "q-1", Name: "Kim Doe"}, {Person: "q-2", Name: "kim doe"}},
	}, graph.CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	search := cairnv1.NewSearchServiceClient(w.conn)
	for _, row := range []struct {
		kind      cairnv1.Kind
		name      string
		id        string
		ambiguous bool
		first     string
	}{
		{cairnv1.Kind_KIND_ROLE, "Data Analyst", "data-analyst", false, ""},
		{cairnv1.Kind_KIND_ROLE, " data-analyst ", "data-analyst", false, ""},
		{cairnv1.Kind_KIND_ROLE, "analyst", "", false, "data-analyst"},
		{cairnv1.Kind_KIND_ROLE, "xyzzy", "", false, ""},
		{cairnv1.Kind_KIND_ACHIEVEMENT, "SQL for beginners", "sql-for-beginners", false, ""},
		{cairnv1.Kind_KIND_COMPETENCY, "sql", "sql", false, ""},
		{cairnv1.Kind_KIND_PERSON, "odile farrow", "p-01", false, ""},
		{cairnv1.Kind_KIND_PERSON, "odile", "odile", false, ""},
		{cairnv1.Kind_KIND_PERSON, "Kim Doe", "", true, "q-1"},
		{cairnv1.Kind_KIND_PERSON, "kim", "", false, "q-1"},
		{cairnv1.Kind_KIND_LADDER, "analytics-ladder", "analytics-ladder", false, ""},
	} {
		r, err := search.Resolve(t.Context(), &cairnv1.ResolveRequest{Kind: row.kind, Name: row.name})
		if err != nil {
			t.Fatal(err)
		}
		a := r.GetAnswer()
		first := ""
		if len(a.GetCandidates()) > 0 {
			first = a.GetCandidates()[0].GetId()
		}
		if a.GetEntry().GetId() != row.id || a.GetAmbiguous() != row.ambiguous || row.first != "" && first != row.first || row.id != "" && first != "" {
			t.Errorf("%v %q: entry %q, ambiguous %v, candidates %v", row.kind, row.name, a.GetEntry().GetId(), a.GetAmbiguous(), a.GetCandidates())
		}
	}
}
