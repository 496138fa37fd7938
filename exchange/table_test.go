package exchange_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/exchange"
	"github.com/cairn-skills/cairn/graph"
)

// instant is the moment that an RFC 3339 text names.
func instant(tb testing.TB, text string) graph.Instant {
	tb.Helper()
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		tb.Fatal(err)
	}
	return graph.InstantOf(t)
}

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		tb.Fatal(err)
	}
	return z
}

// decodeTable is all rows of a table, and the error.
func decodeTable(tb testing.TB, name, text string, opts exchange.TableOptions) ([]exchange.Row, exchange.Report, error) {
	tb.Helper()
	var rows []exchange.Row
	report, err := exchange.DecodeTable(tb.Context(), name, strings.NewReader(text), opts, func(r []exchange.Row) error {
		rows = append(rows, r...)
		return nil
	})
	return rows, report, err
}

func TestDecodePeople(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	const text = "\ufeffperson,name,unit,manager,role,from,until\r\n" +
		"ada,\"Lovelace, Ada\",analytics,grace,analyst,2023-01-09,2024-06-30\r\n" +
		"ada,,analytics,grace,senior-analyst,2024-07-01,\r\n" +
		"\r\n" +
		"grace,Grace Hopper,,,,,\r\n"
	rows, report, err := decodeTable(t, "people.csv", text, exchange.TableOptions{Zone: berlin})
	if err != nil {
		t.Fatal(err)
	}
	first := graph.Assignment{
		Person: "ada", Role: "analyst", Unit: "analytics", Manager: "grace",
		From: instant(t, "2023-01-09T00:00:00+01:00"), Until: instant(t, "2024-07-01T00:00:00+02:00"),
	}
	first.ID = graph.AssignmentID("ada", "analyst", "analytics", first.From)
	second := graph.Assignment{Person: "ada", Role: "senior-analyst", Unit: "analytics", Manager: "grace", From: first.Until}
	second.ID = graph.AssignmentID("ada", "senior-analyst", "analytics", second.From)
	want := []exchange.Row{
		{
			File: "people.csv", Line: 2, Kind: exchange.PeopleTable, Person: "ada", Assignment: &first,
			Personal: &graph.Personal{Person: "ada", Name: "Lovelace, Ada"},
		},
		{File: "people.csv", Line: 3, Kind: exchange.PeopleTable, Person: "ada", Assignment: &second},
		{File: "people.csv", Line: 5, Kind: exchange.PeopleTable, Person: "grace", Personal: &graph.Personal{Person: "grace", Name: "Grace Hopper"}},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]exchange.Count{{File: "people.csv", Kind: "people", Rows: 3, Accepted: 3}}, report.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if len(report.Findings) != 0 {
		t.Errorf("findings: %v, want none", report.Findings)
	}
}

func TestDecodeAwards(t *testing.T) {
	const text = "evidence,Person,achievement,issued at,valid_until,issuer,rigor,source,key,version\n" +
		"\"https://example.org/1\nseen by grace\",ada,sql,2024-03-01T09:30:00.5+01:00,2026-02-28,academy,proctored,prior_learning,row 7,2\n" +
		",ada,charts,2024-03-01,forever,,,,,\n"
	rows, _, err := decodeTable(t, "awards", text, exchange.TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	first := graph.Award{
		Person: "ada", Achievement: "sql", Version: 2, IssuedAt: instant(t, "2024-03-01T08:30:00.5Z"), ValidUntil: instant(t, "2026-03-01T00:00:00Z"),
		Source: graph.FromPriorLearning, Rigor: graph.Proctored, Issuer: "academy",
	}
	first.ID = graph.AwardID("ada", "sql", first.IssuedAt, "row 7")
	second := graph.Award{
		Person: "ada", Achievement: "charts", IssuedAt: instant(t, "2024-03-01T00:00:00Z"), ValidUntil: graph.Forever, Source: graph.FromImport,
	}
	second.ID = graph.AwardID("ada", "charts", second.IssuedAt, "")
	want := []exchange.Row{
		{File: "awards", Line: 2, Kind: exchange.AwardTable, Person: "ada", Award: &first, Personal: &graph.Personal{
			Person: "ada", About: first.ID, Identifiers: []string{"row 7"}, Evidence: []string{"https://example.org/1", "seen by grace"},
		}},
		{File: "awards", Line: 4, Kind: exchange.AwardTable, Person: "ada", Award: &second},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestDecodeClaims(t *testing.T) {
	const text = `{"person":"ada","competency":"sql","level":3,"rigor":"endorsed","by":"grace","at":"2024-03-01"}

{"person":"ada","competency":"charts","level":"working","at":"2024-03-01T00:00:00Z"}
{"person":"ada","achievement":"sql-badge","issued_at":"2024-03-02","evidence":["a","b"]}
{"person":"ada","competency":"seo","level":0,"at":"2024-03-03"}`
	rows, report, err := decodeTable(t, "facts.jsonl", text, exchange.TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	at := instant(t, "2024-03-01T00:00:00Z")
	want := []exchange.Row{
		{File: "facts.jsonl", Line: 1, Kind: exchange.ClaimTable, Person: "ada", Claim: &graph.Claim{
			ID: graph.ClaimID("ada", "sql", "grace", at), Person: "ada", Competency: "sql", Level: 3, Rigor: graph.Endorsed, By: "grace", At: at,
		}},
		{File: "facts.jsonl", Line: 3, Kind: exchange.ClaimTable, Person: "ada", LevelName: "working", Claim: &graph.Claim{
			ID: graph.ClaimID("ada", "charts", "self", at), Person: "ada", Competency: "charts", Rigor: graph.Declared, By: "self", At: at,
		}},
	}
	if diff := cmp.Diff(want, rows[:2]); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if got := rows[2]; got.Award == nil || cmp.Diff([]string{"a", "b"}, got.Personal.Evidence) != "" {
		t.Errorf("third row is %+v, want an award with the evidence a, b", got)
	}
	if got := rows[3]; got.Claim == nil || got.Claim.Level != 0 || got.LevelName != "" {
		t.Errorf("fourth row is %+v, want a withdrawn claim", got)
	}
	wantCounts := []exchange.Count{
		{File: "facts.jsonl", Kind: "claims", Rows: 3, Accepted: 3}, {File: "facts.jsonl", Kind: "awards", Rows: 1, Accepted: 1},
	}
	if diff := cmp.Diff(wantCounts, report.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestDecodeHoldings(t *testing.T) {
	const text = `people:
  - person: ada
    name: Ada
    assignments:
      - {role: analyst, unit: analytics, manager: grace, from: 2023-01-09}
    awards:
      - sql
      - achievement: charts
        issued_at: 2024-03-01
        evidence: [one, two]
    claims:
      python: 3
      007: working
  - person: 42
    claims:
      - {competency: seo, level: 1, at: 2024-01-01, rigor: assessed}
`
	at := instant(t, "2025-01-01T00:00:00Z")
	rows, report, err := decodeTable(t, "holdings.yaml", text, exchange.TableOptions{At: at})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Findings) > 0 {
		t.Fatalf("findings: %v", report.Findings)
	}
	var got []string
	for _, r := range rows {
		line := fmt.Sprintf("%d %s %s", r.Line, r.Kind, r.Person)
		switch {
		case r.Assignment != nil:
			line += " " + string(r.Assignment.Role) + " " + r.Assignment.From.String()
		case r.Award != nil:
			line += " " + string(r.Award.Achievement) + " " + r.Award.IssuedAt.String()
		case r.Claim != nil:
			line += fmt.Sprintf(" %s %d%s %s", r.Claim.Competency, r.Claim.Level, r.LevelName, r.Claim.At)
		}
		got = append(got, line)
	}
	want := []string{
		"2 people ada", "5 people ada analyst 2023-01-09T00:00:00.000Z", "7 awards ada sql 2025-01-01T00:00:00.000Z",
		"8 awards ada charts 2024-03-01T00:00:00.000Z", "12 claims ada python 3 2025-01-01T00:00:00.000Z",
		"13 claims ada 007 0working 2025-01-01T00:00:00.000Z", "14 people 42", "16 claims 42 seo 1 2024-01-01T00:00:00.000Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestRefusedRows(t *testing.T) {
	const (
		people = "person,name,unit,manager,role,from,until\n"
		awards = "person,achievement,issued_at,valid_until,issuer,rigor,source,version\n"
		claims = "person,competency,level,rigor,by,at\n"
	)
	tests := []struct {
		name, header, row string
		code, column      string
	}{
		{"no person", people, ",x,u,m,r,2024-01-01,", "missing-value", "person"},
		{"a title for an id", awards, "ada,SQL for Beginners,2024-01-01,,,,,", "bad-id", "achievement"},
		{"unit without role", people, "ada,,u,,,2024-01-01,", "missing-value", "role"},
		{"role without start", people, "ada,,u,,r,,", "missing-value", "from"},
		{"ends before it begins", people, "ada,,u,,r,2024-02-01,2024-01-01", "bad-order", "until"},
		{"own manager", people, "ada,,u,ada,r,2024-02-01,", "bad-manager", "manager"},
		{"control character", people, "ada,A\x07da,u,,r,2024-02-01,", "control-character", "name"},
		{"newline in a name", people, "ada,\"A\nda\",u,,r,2024-02-01,", "control-character", "name"},
		{"not UTF-8", people, "ada,M\xfcller,u,,r,2024-02-01,", "encoding", "name"},
		{"day first", awards, "ada,sql,01.02.2024,,,,,", "bad-date", "issued_at"},
		{"no such day", awards, "ada,sql,2024-02-30,,,,,", "bad-date", "issued_at"},
		{"time without zone", awards, "ada,sql,2024-02-03T10:00:00,,,,,", "bad-date", "issued_at"},
		{"no date", awards, "ada,sql,,,,,,", "missing-value", "issued_at"},
		{"the moment zero", awards, "ada,sql,1970-01-01,,,,,", "bad-date", "issued_at"},
		{"a date of a spreadsheet's zero", awards, "ada,sql,1899-12-30,,,,,", "bad-date", "issued_at"},
		{"never valid", awards, "ada,sql,2024-02-03,2024-02-02,,,,", "bad-order", "valid_until"},
		{"no rigor", awards, "ada,sql,2024-02-03,,,strict,,", "bad-word", "rigor"},
		{"no source", awards, "ada,sql,2024-02-03,,,,school,", "bad-word", "source"},
		{"derived", awards, "ada,sql,2024-02-03,,,,derived,", "derived-award", "source"},
		{"version zero", awards, "ada,sql,2024-02-03,,,,,0", "bad-number", "version"},
		{"a comma without quotes", awards, "ada,sql,2024-02-03,,,,,,x", "ragged-row", ""},
		{"level too high", claims, "ada,sql,101,,,2024-01-01", "bad-level", "level"},
		{"level below zero", claims, "ada,sql,-1,,,2024-01-01", "bad-level", "level"},
		{"half a level", claims, "ada,sql,2.5,,,2024-01-01", "bad-level", "level"},
		{"no level", claims, "ada,sql,,,,2024-01-01", "missing-value", "level"},
		{"quote inside a field", claims, "ada,s\"ql,1,,,2024-01-01", "not-csv", ""},
		{"text after a quote", claims, "ada,\"sql\"x,1,,,2024-01-01", "not-csv", ""},
		{"field too long", claims, "ada," + strings.Repeat("x", 64<<10+1) + ",1,,,2024-01-01", "field-too-long", ""},
	}
	good := map[string]string{
		people: "grace,,,,,,", awards: "grace,sql,2024-01-01,,,,,", claims: "grace,sql,1,,,2024-01-01",
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := tt.header + good[tt.header] + "\n" + tt.row + "\n" + good[tt.header] + "\n"
			rows, report, err := decodeTable(t, "t.csv", text, exchange.TableOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != 3 || len(rows[0].Refused) > 0 || len(rows[2].Refused) > 0 {
				t.Fatalf("rows are %+v, want only the second refused", rows)
			}
			if len(rows[1].Refused) != 1 {
				t.Fatalf("the row is refused for %v, want one reason", rows[1].Refused)
			}
			f := rows[1].Refused[0]
			if f.Code != tt.code || f.Column != tt.column || f.Line != 3 || f.File != "t.csv" || f.Hint == "" {
				t.Errorf("finding %+v, want code %s, column %s, t.csv:3 and a hint", f, tt.code, tt.column)
			}
			if rows[1].Assignment != nil || rows[1].Award != nil || rows[1].Claim != nil || rows[1].Personal != nil {
				t.Errorf("the refused row has facts: %+v", rows[1])
			}
			if c := report.Counts[0]; c.Rows != 3 || c.Accepted != 2 || c.Skipped != 1 || report.Total(tt.code) != 1 {
				t.Errorf("counts %+v and %d findings, want 3 rows, 2 accepted, 1 skipped, 1 finding", c, report.Total(tt.code))
			}
		})
	}
}

func TestRefusedObjects(t *testing.T) {
	tests := []struct{ name, line, code, column string }{
		{"not JSON", `{"person":`, "not-json", ""},
		{"two objects", `{"person":"a"}{"person":"b"}`, "not-json", ""},
		{"not an object", `"ada"`, "not-json", ""},
		{"a key twice", `{"person":"a","Person":"b"}`, "duplicate-key", "person"},
		{"a list for a text", `{"person":["a"]}`, "wrong-type", "person"},
		{"a truth for a text", `{"person":true}`, "wrong-type", "person"},
		{"no kind", `{"name":"a"}`, "no-kind", ""},
		{"two kinds", `{"person":"a","achievement":"b","competency":"c"}`, "no-kind", ""},
		{"not UTF-8", "{\"person\":\"a\xff\"}", "encoding", ""},
		{"half a surrogate", `{"person":"a\ud800"}`, "not-json", ""},
		{"too long", `{"person":"` + strings.Repeat("a", 1<<20) + `"}`, "row-too-long", ""},
		{"too deep", strings.Repeat("[", 5000), "not-json", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, _, err := decodeTable(t, "t.ndjson", "{\"person\":\"x\"}\n"+tt.line+"\n{\"person\":\"y\"}", exchange.TableOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != 3 || rows[0].Person != "x" || rows[2].Person != "y" || rows[2].Line != 3 {
				t.Fatalf("rows are %+v, want x, the refused one and y", rows)
			}
			if len(rows[1].Refused) != 1 || rows[1].Refused[0].Code != tt.code || rows[1].Refused[0].Column != tt.column || rows[1].Refused[0].Line != 2 {
				t.Errorf("refused for %v, want %s at line 2, column %q", rows[1].Refused, tt.code, tt.column)
			}
		})
	}
}

func TestRefusedTables(t *testing.T) {
	pack := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	const people = "person,name\nada,Ada\n"
	packed := pack(people + strings.Repeat("grace,Grace Hopper\n", 9))
	tests := []struct {
		name, file, text string
		opts             exchange.TableOptions
		class            error
		say              string
	}{
		{"empty", "t.csv", "", exchange.TableOptions{}, graph.ErrInvalid, "t.csv:1: the file is empty"},
		{"no header", "t.csv", "ada,sql\n", exchange.TableOptions{}, graph.ErrInvalid, "t.csv:1: the first line is not the header"},
		{"other header", "t.csv", "\nachievement,issued_at\n", exchange.TableOptions{}, graph.ErrInvalid, "t.csv:2: the column person is missing"},
		{"no dates", "t.csv", "person,competency,level\n", exchange.TableOptions{}, graph.ErrInvalid, "the column at is missing"},
		{"a column twice", "t.csv", "person,Person\n", exchange.TableOptions{}, graph.ErrInvalid, "are both person"},
		{"another kind", "t.csv", people, exchange.TableOptions{Kind: exchange.AwardTable}, graph.ErrInvalid, "the column achievement, issued_at is missing"},
		{"UTF-16", "t.csv", "\xff\xfep\x00e\x00", exchange.TableOptions{}, graph.ErrInvalid, "is UTF-16 text; save it as UTF-8"},
		{"UTF-16 without a mark", "t.csv", "p\x00e\x00", exchange.TableOptions{}, graph.ErrInvalid, "looks like UTF-16"},
		{"a spreadsheet", "t.csv", "PK\x03\x04xxxx", exchange.TableOptions{}, graph.ErrInvalid, "zip archive or a spreadsheet"},
		{"CR line ends", "t.csv", "person,name\rada,Ada\r", exchange.TableOptions{}, graph.ErrInvalid, "end with CR alone"},
		{"a JSON list", "t.csv", "[{\"person\":\"a\"}]", exchange.TableOptions{}, graph.ErrInvalid, "JSON list"},
		{"a JSON list of lines", "t.jsonl", "[\n{\"person\":\"a\"}]", exchange.TableOptions{}, graph.ErrInvalid, "JSON list"},
		{"cut gzip", "t.csv.gz", packed[:len(packed)-12], exchange.TableOptions{}, graph.ErrInvalid, "the file ends early"},
		{"damaged gzip", "t.csv.gz", packed[:len(packed)-8] + "xxxxxxxx", exchange.TableOptions{}, graph.ErrInvalid, "compressed data is damaged"},
		{"an unclosed quote", "t.csv", people + "x,\"" + strings.Repeat("y\n", 1<<20), exchange.TableOptions{}, graph.ErrLimit, "t.csv:3: a row that begins here"},
		{"YAML that is none", "t.yaml", "person: [", exchange.TableOptions{}, graph.ErrInvalid, "t.yaml:1: "},
		{"a list for holdings", "t.yaml", "- person: a", exchange.TableOptions{}, graph.ErrInvalid, "it begins with person: or people:"},
		{"two documents", "t.yaml", "person: a\n---\nperson: b", exchange.TableOptions{}, graph.ErrInvalid, "second document"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := decodeTable(t, tt.file, tt.text, tt.opts)
			if !errors.Is(err, tt.class) || !strings.Contains(fmt.Sprint(err), tt.say) || !strings.Contains(fmt.Sprint(err), tt.file) {
				t.Errorf("error %v, want one of class %v that names %s and says %q", err, tt.class, tt.file, tt.say)
			}
		})
	}
	rows, _, err := decodeTable(t, "t.csv.gz", packed, exchange.TableOptions{})
	if err != nil || len(rows) != 10 {
		t.Errorf("%d rows and error %v of the whole gzip, want 10", len(rows), err)
	}
}
