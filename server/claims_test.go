package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// TestListClaims: of one source about one competency the latest counts, unless
// it withdraws; later claims than the instant are not there; filters hold
// together; evidence is read when asked for only.
func TestListClaims(t *testing.T) {
	w := newWorld(t, "", Options{})
	people := cairnv1.NewPeopleServiceClient(w.conn)
	claim := func(person, competency string, level int32, by string, at *timestamppb.Timestamp, evidence ...string) *cairnv1.ClaimFact {
		return &cairnv1.ClaimFact{
			Person: person, Competency: competency, Level: level, By: by, At: at, Rigor: cairnv1.Rigor_RIGOR_ENDORSED, Evidence: evidence,
		}
	}
	a := w.record(t, &cairnv1.RecordFactsRequest{Claims: []*cairnv1.ClaimFact{
		claim("p-06", "sql", 3, "p-02", noonOf(2026, 9, 20), "https://example.org/review"),
		claim("p-06", "python", 0, "self", noonOf(2026, 9, 20)),
		claim("p-03", "sql", 1, "hr-system", noonOf(2030, 1, 1)),
	}})
	if a.GetRecorded() != 3 {
		t.Fatalf("recorded: %v", a)
	}
	for _, row := range []struct {
		name string
		req  *cairnv1.ListClaimsRequest
		want []string
	}{
		{"one person", &cairnv1.ListClaimsRequest{Person: "p-06", AsOf: noonOf(2026, 10, 1)}, []string{
			"p-06 sql 3 p-02 2026-09-20 latest counts", "p-06 python 0 self 2026-09-20 latest",
			"p-06 sql 2 p-02 2026-09-15", "p-06 python 3 self 2026-09-15",
		}},
		{"before the later ones", &cairnv1.ListClaimsRequest{Person: "p-06", AsOf: noonOf(2026, 9, 16)}, []string{
			"p-06 sql 2 p-02 2026-09-15 latest counts", "p-06 python 3 self 2026-09-15 latest counts",
		}},
		{"what counts", &cairnv1.ListClaimsRequest{Person: "p-06", Counting: true, AsOf: noonOf(2026, 10, 1)}, []string{"p-06 sql 3 p-02 2026-09-20 latest counts"}},
		{"a competency of everybody", &cairnv1.ListClaimsRequest{Competency: "sql", AsOf: noonOf(2026, 10, 1)}, []string{
			"p-06 sql 3 p-02 2026-09-20 latest counts", "p-06 sql 2 p-02 2026-09-15",
		}},
		{"and later", &cairnv1.ListClaimsRequest{Competency: "sql", Counting: true, AsOf: noonOf(2030, 1, 2)}, []string{
			"p-03 sql 1 hr-system 2030-01-01 latest counts", "p-06 sql 3 p-02 2026-09-20 latest counts",
		}},
		{"nobody's competency", &cairnv1.ListClaimsRequest{Competency: "none", AsOf: noonOf(2026, 10, 1)}, nil},
		{"before anybody", &cairnv1.ListClaimsRequest{AsOf: noonOf(2020, 1, 1)}, nil},
	} {
		r, err := people.ListClaims(t.Context(), row.req)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range r.GetAnswer().GetClaims() {
			line := fmt.Sprintf("%s %s %d %s %s", c.GetPerson(), c.GetCompetency(), c.GetLevel(), c.GetBy(), c.GetAt().AsTime().Format("2006-01-02"))
			if c.GetLatest() {
				line += " latest"
			}
			if c.GetCounts() {
				line += " counts"
			}
			if len(c.GetEvidence()) > 0 {
				t.Errorf("%s: %s has evidence that was not asked for", row.name, line)
			}
			got = append(got, line)
		}
		// Claims of one instant are by id, which is made of what they say.
		if diff := cmp.Diff(sortedWithin(row.want), sortedWithin(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
		if n := r.GetAnswer().GetTotal(); int(n) != len(row.want) {
			t.Errorf("%s: %d in all, want %d", row.name, n, len(row.want))
		}
	}
}

// sortedWithin is a list of claims in words with those of one person and instant
// in the order of their words.
func sortedWithin(list []string) []string {
	out := slices.Clone(list)
	for i := 0; i < len(out); {
		person, at := out[i][:len("p-00")], whenOf(out[i])
		n := slices.IndexFunc(out[i:], func(s string) bool { return s[:len("p-00")] != person || whenOf(s) != at })
		if n < 0 {
			n = len(out) - i
		}
		slices.Sort(out[i : i+n])
		i += n
	}
	return out
}

// whenOf is the day in a claim in words.
func whenOf(s string) string { return strings.Fields(s)[4] }

// TestListClaimsShows: a claim comes with its evidence if that is asked for, and
// with what its ids are called.
func TestListClaimsShows(t *testing.T) {
	w := newWorld(t, "", Options{})
	w.record(t, &cairnv1.RecordFactsRequest{Claims: []*cairnv1.ClaimFact{{
		Person: "p-06", Competency: "sql", Level: 3, By: "p-02", At: noonOf(2026, 9, 20), Evidence: []string{"https://example.org/review"},
	}}})
	r, err := cairnv1.NewPeopleServiceClient(w.conn).ListClaims(t.Context(), &cairnv1.ListClaimsRequest{
		Person: "p-06", Competency: "sql", WithEvidence: true, AsOf: noonOf(2026, 10, 1),
	})
	if err != nil {
		t.Fatal(err)
	}
	a := r.GetAnswer()
	if len(a.GetClaims()) != 2 {
		t.Fatalf("the claims are %v, want 2", a.GetClaims())
	}
	if diff := cmp.Diff([]string{"https://example.org/review"}, a.GetClaims()[0].GetEvidence()); diff != "" {
		t.Errorf("evidence of the first (-want +got):\n%s", diff)
	}
	if got := a.GetClaims()[1].GetEvidence(); len(got) > 0 {
		t.Errorf("evidence of the second: %v", got)
	}
	for _, id := range []string{"competency/sql", "person/p-02", "person/p-06"} {
		if a.GetLabels()[id].GetTitle() == "" {
			t.Errorf("%s has no title among %v", id, a.GetLabels())
		}
	}
	if len(a.GetScales()) != 1 || a.GetScales()[0].GetId() != a.GetClaims()[0].GetScale() {
		t.Errorf("the scales are %v, want that of sql", a.GetScales())
	}
}
