package exchange_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/cairn-skills/cairn/exchange"
	"github.com/cairn-skills/cairn/graph"
)

// facts compares rows without the place they were read at.
var facts = cmpopts.IgnoreFields(exchange.Row{}, "File", "Line")

func anyID(t *rapid.T, label string) graph.ID {
	return graph.ID(rapid.StringMatching(`[\pL\pN\-_.:/#",;='|]{1,20}`).Draw(t, label))
}

func maybe[T any](t *rapid.T, label string, draw func(*rapid.T, string) T) T {
	var none T
	if rapid.Bool().Draw(t, label+" is there") {
		return draw(t, label)
	}
	return none
}

func anyInstant(t *rapid.T, label string) graph.Instant {
	low, high := time.Date(1900, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	i := graph.Instant(rapid.Int64Range(low.UnixMilli(), high.UnixMilli()-1).Draw(t, label))
	if i == 0 {
		i = 1
	}
	return i
}

func anyEnd(after graph.Instant) func(*rapid.T, string) graph.Instant {
	return func(t *rapid.T, label string) graph.Instant {
		if rapid.Bool().Draw(t, label+" is for ever") {
			return graph.Forever
		}
		end := after + graph.Instant(rapid.Int64Range(1, 1e12).Draw(t, label))
		if end == 0 || end.Time().Year() > 9999 {
			return graph.Forever
		}
		return end
	}
}

// anyText is a text without control characters and without spaces around it.
func anyText(t *rapid.T, label string) string {
	clean := func(r rune) bool { return r >= ' ' && (r < 0x7f || r > 0x9f) }
	return strings.TrimSpace(rapid.StringOf(rapid.Rune().Filter(clean)).Draw(t, label))
}

func anyRow(t *rapid.T, kind exchange.TableKind) exchange.Row {
	row := exchange.Row{Kind: kind, Person: anyID(t, "person")}
	switch kind {
	case exchange.PeopleTable:
		if name := anyText(t, "name"); name != "" {
			row.Personal = &graph.Personal{Person: row.Person, Name: name}
		}
		if rapid.Bool().Draw(t, "assigned") {
			a := &graph.Assignment{
				Person: row.Person, Role: anyID(t, "role"), Unit: maybe(t, "unit", anyID), From: anyInstant(t, "from"),
			}
			if m := maybe(t, "manager", anyID); m != row.Person {
				a.Manager = m
			}
			if a.Until = maybe(t, "until", anyEnd(a.From)); a.Until == graph.Forever {
				a.Until = 0
			}
			a.ID = graph.AssignmentID(a.Person, a.Role, a.Unit, a.From)
			row.Assignment = a
		}
	case exchange.AwardTable:
		a := &graph.Award{
			Person: row.Person, Achievement: anyID(t, "achievement"), Version: rapid.IntRange(0, 9).Draw(t, "version"),
			IssuedAt: anyInstant(t, "issued"), Issuer: maybe(t, "issuer", anyID),
			Source: rapid.SampledFrom([]graph.AwardSource{graph.FromAssessment, graph.FromImport, graph.FromPriorLearning, graph.FromMigration}).Draw(t, "source"),
			Rigor:  graph.Rigor(rapid.IntRange(0, graph.Rigors).Draw(t, "rigor")),
		}
		a.ValidUntil = maybe(t, "valid until", anyEnd(a.IssuedAt))
		key := anyText(t, "key")
		a.ID = graph.AwardID(a.Person, a.Achievement, a.IssuedAt, key)
		evidence := someEvidence(t)
		if key != "" || evidence != nil {
			row.Personal = &graph.Personal{Person: row.Person, About: a.ID, Evidence: evidence}
			if key != "" {
				row.Personal.Identifiers = []string{key}
			}
		}
		row.Award = a
	case exchange.ClaimTable:
		c := &graph.Claim{
			Person: row.Person, Competency: anyID(t, "competency"), Rigor: graph.Rigor(rapid.IntRange(1, graph.Rigors).Draw(t, "rigor")),
			By: anyID(t, "by"), At: anyInstant(t, "at"),
		}
		if rapid.Bool().Draw(t, "level by name") {
			row.LevelName = "level " + anyText(t, "level")
			row.LevelName = strings.TrimSpace(row.LevelName)
		} else {
			c.Level = graph.Level(rapid.IntRange(0, graph.MaxLevels).Draw(t, "level"))
		}
		c.ID = graph.ClaimID(c.Person, c.Competency, c.By, c.At)
		if evidence := someEvidence(t); evidence != nil {
			row.Personal = &graph.Personal{Person: row.Person, About: c.ID, Evidence: evidence}
		}
		row.Claim = c
	default:
	}
	return row
}

func someEvidence(t *rapid.T) []string {
	var out []string
	for range rapid.IntRange(0, 3).Draw(t, "evidence") {
		if e := anyText(t, "item"); e != "" {
			out = append(out, e)
		}
	}
	return out
}

// Rows written as CSV and as JSON Lines are read back as the same facts.
func TestTablesComeBack(t *testing.T) {
	zones := []*time.Location{nil, zone(t, "America/Sao_Paulo"), zone(t, "Pacific/Apia")}
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom([]exchange.TableKind{exchange.PeopleTable, exchange.AwardTable, exchange.ClaimTable}).Draw(rt, "kind")
		rows := make([]exchange.Row, rapid.IntRange(0, 5).Draw(rt, "rows"))
		for i := range rows {
			rows[i] = anyRow(rt, kind)
		}
		for _, format := range []exchange.TableFormat{exchange.CSVTable, exchange.JSONLines} {
			var b bytes.Buffer
			if err := exchange.EncodeTable(&b, format, kind, slices.Values(rows)); err != nil {
				rt.Fatal(err)
			}
			opts := exchange.TableOptions{Kind: kind, Format: format, Zone: rapid.SampledFrom(zones).Draw(rt, "zone"), Chunk: 2}
			back, report, err := decodeTable(t, "t", b.String(), opts)
			if err != nil {
				rt.Fatalf("read back %q: %v", b.String(), err)
			}
			if diff := cmp.Diff(rows, back, facts, cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("%q is read back otherwise (-want +got):\n%s", b.String(), diff)
			}
			if len(report.Findings) > 0 {
				rt.Fatalf("%q has findings %v", b.String(), report.Findings)
			}
		}
	})
}

// Rows written as YAML are read back as the same facts, each after the person
// that it is listed under.
func TestHoldingsComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom([]exchange.TableKind{exchange.PeopleTable, exchange.AwardTable, exchange.ClaimTable}).Draw(rt, "kind")
		rows := make([]exchange.Row, rapid.IntRange(0, 6).Draw(rt, "rows"))
		for i := range rows {
			rows[i] = anyRow(rt, kind)
			if i > 0 && rapid.Bool().Draw(rt, "the same person") {
				rows[i] = ofPerson(rows[i], rows[i-1].Person)
			}
		}
		var b bytes.Buffer
		if err := exchange.EncodeTable(&b, exchange.HoldingsFile, kind, slices.Values(rows)); err != nil {
			rt.Fatal(err)
		}
		back, report, err := decodeTable(t, "t.yaml", b.String(), exchange.TableOptions{Chunk: 2})
		if err != nil || len(report.Findings) > 0 {
			rt.Fatalf("read back %q: %v, %v", b.String(), err, report.Findings)
		}
		if diff := cmp.Diff(factsIn(rows), factsIn(back), cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("%q is read back otherwise (-want +got):\n%s", b.String(), diff)
		}
	})
}

// ofPerson is a row as if it were about another person.
func ofPerson(row exchange.Row, id graph.ID) exchange.Row {
	row.Person = id
	if a := row.Assignment; a != nil {
		a.Person, a.ID = id, graph.AssignmentID(id, a.Role, a.Unit, a.From)
		if a.Manager == id {
			a.Manager = ""
		}
	}
	if a := row.Award; a != nil {
		key := ""
		if row.Personal != nil && len(row.Personal.Identifiers) > 0 {
			key = row.Personal.Identifiers[0]
		}
		a.Person, a.ID = id, graph.AwardID(id, a.Achievement, a.IssuedAt, key)
	}
	if c := row.Claim; c != nil {
		c.Person, c.ID = id, graph.ClaimID(id, c.Competency, c.By, c.At)
	}
	if p := row.Personal; p != nil {
		p.Person = id
		switch {
		case row.Award != nil:
			p.About = row.Award.ID
		case row.Claim != nil:
			p.About = row.Claim.ID
		}
	}
	return row
}

// factsIn is what rows say, in words: of people who they are, of the rest all.
func factsIn(rows []exchange.Row) map[string]bool {
	out := make(map[string]bool)
	for _, r := range rows {
		if p := r.Personal; p != nil {
			out[fmt.Sprintf("personal %+v", *p)] = true
		}
		switch {
		case r.Assignment != nil:
			out[fmt.Sprintf("%+v", *r.Assignment)] = true
		case r.Award != nil:
			out[fmt.Sprintf("%+v", *r.Award)] = true
		case r.Claim != nil:
			out[fmt.Sprintf("%+v %s", *r.Claim, r.LevelName)] = true
		}
		out["person "+string(r.Person)] = true
	}
	return out
}

// A holdings file is not written larger than one is read.
func TestHoldingsLimit(t *testing.T) {
	claim := graph.Claim{Person: "ada", Competency: "sql", Level: 1, Rigor: graph.Declared, By: "self", At: instant(t, "2024-03-01T00:00:00Z")}
	row := exchange.Row{Kind: exchange.ClaimTable, Person: "ada", Claim: &claim}
	many := func(yield func(exchange.Row) bool) {
		for range 1_000_000 {
			if !yield(row) {
				return
			}
		}
	}
	var b bytes.Buffer
	if err := exchange.EncodeTable(&b, exchange.HoldingsFile, exchange.ClaimTable, many); !errors.Is(err, graph.ErrLimit) || b.Len() > exchange.MaxCatalogFileBytes {
		t.Errorf("%d bytes are written, error %v; want class limit", b.Len(), err)
	}
}

func TestEncodeTable(t *testing.T) {
	at := instant(t, "2024-03-01T00:00:00Z")
	award := graph.Award{Person: "ada", Achievement: "sql", IssuedAt: at, ValidUntil: graph.Forever, Source: graph.FromAssessment, Rigor: graph.Proctored}
	award.ID = graph.AwardID("ada", "sql", at, "7")
	row := exchange.Row{Kind: exchange.AwardTable, Person: "ada", Award: &award, Personal: &graph.Personal{
		Person: "ada", About: award.ID, Identifiers: []string{"7"}, Evidence: []string{"a, b", "c"},
	}}
	want := map[exchange.TableFormat]string{
		exchange.CSVTable: "person,achievement,issued_at,valid_until,issuer,rigor,source,evidence,key,version\n" +
			"ada,sql,2024-03-01T00:00:00.000Z,forever,,proctored,assessment,\"a, b\nc\",7,\n",
		exchange.JSONLines: `{"person":"ada","achievement":"sql","issued_at":"2024-03-01T00:00:00.000Z","valid_until":"forever",` +
			`"rigor":"proctored","source":"assessment","evidence":["a, b","c"],"key":"7"}` + "\n",
	}
	for format, text := range want {
		var b bytes.Buffer
		if err := exchange.EncodeTable(&b, format, exchange.AwardTable, slices.Values([]exchange.Row{row})); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(text, b.String()); diff != "" {
			t.Errorf("format %d (-want +got):\n%s", format, diff)
		}
	}
	derived := award
	derived.Source = graph.FromStack
	for name, bad := range map[string]exchange.Row{
		"another kind": {Kind: exchange.ClaimTable, Person: "ada"},
		"no award":     {Kind: exchange.AwardTable, Person: "ada"},
		"derived":      {Kind: exchange.AwardTable, Person: "ada", Award: &derived},
		"refused":      {Kind: exchange.AwardTable, Award: &award, Refused: []exchange.Finding{{}}},
		"not UTF-8":    {Kind: exchange.AwardTable, Person: "a\xff", Award: &award},
	} {
		err := exchange.EncodeTable(&bytes.Buffer{}, exchange.CSVTable, exchange.AwardTable, slices.Values([]exchange.Row{bad}))
		if !errors.Is(err, graph.ErrInvalid) {
			t.Errorf("%s: error %v, want class invalid", name, err)
		}
	}
}

func TestUnknownColumns(t *testing.T) {
	const text = "person,achievements,achievement,issued_at,Comment,comment2\nada,x,sql,2024-01-01,a,b\nada,y,charts,2024-01-01,c,d\n"
	rows, report, err := decodeTable(t, "t.csv", text, exchange.TableOptions{})
	if err != nil || len(rows) != 2 || report.Skipped() != 0 {
		t.Fatalf("%d rows, %d skipped, error %v; want 2, 0, none", len(rows), report.Skipped(), err)
	}
	var got []string
	for _, f := range report.Findings {
		got = append(got, fmt.Sprintf("%s %d %s", f.Code, f.Line, f.Column))
	}
	if diff := cmp.Diff([]string{"unknown-column 1 achievements", "unknown-column 1 Comment", "unknown-column 1 comment2"}, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if want := "is achievement meant?"; report.Findings[0].Hint != want {
		t.Errorf("the hint for achievements is %q, want %q", report.Findings[0].Hint, want)
	}
	const lines = `{"person":"ada","nam":"Ada"}` + "\n" + `{"person":"bob","nam":"Bob"}`
	if _, report, _ = decodeTable(t, "t.jsonl", lines, exchange.TableOptions{}); report.Total("unknown-column") != 1 || report.Findings[0].Hint != "is name meant?" {
		t.Errorf("findings of JSON Lines are %v, want nam once with the hint name", report.Findings)
	}
}

func TestSeparators(t *testing.T) {
	for _, sep := range []string{";", "\t"} {
		text := strings.ReplaceAll("person,unit,role,from\nada,,analyst,2024-01-01\n", ",", sep)
		rows, report, err := decodeTable(t, "t.csv", text, exchange.TableOptions{})
		if err != nil || len(rows) != 1 || rows[0].Assignment == nil || rows[0].Assignment.Role != "analyst" || rows[0].Assignment.Unit != "" {
			t.Errorf("with %q: rows %+v and error %v, want one assignment as analyst", sep, rows, err)
		}
		if report.Total("separator") != 1 {
			t.Errorf("with %q: findings %v, want a note about the separator", sep, report.Findings)
		}
	}
}

func TestDates(t *testing.T) {
	tests := []struct{ name, zone, from, until, wantFrom, wantUntil string }{
		{"winter to summer", "Europe/Berlin", "2024-03-30", "2024-03-31", "2024-03-29T23:00:00Z", "2024-03-31T22:00:00Z"},
		{"a day without midnight", "America/Sao_Paulo", "2018-11-04", "2018-11-03", "2018-11-04T03:00:00Z", ""},
		{"the day before it", "America/Sao_Paulo", "2018-11-03", "2018-11-03", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"},
		{"a leap day", "UTC", "2024-02-29", "2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
		{"times", "Europe/Berlin", "2024-03-30T12:00:00Z", "2024-03-30T12:00:00.0019Z", "2024-03-30T12:00:00Z", "2024-03-30T12:00:00.001Z"},
		{"for ever", "UTC", "2024-02-29", "9999-12-31", "2024-02-29T00:00:00Z", "forever"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "person,achievement,issued_at,valid_until\nada,sql," + tt.from + "," + tt.until + "\n"
			rows, _, err := decodeTable(t, "t.csv", text, exchange.TableOptions{Zone: zone(t, tt.zone)})
			if err != nil {
				t.Fatal(err)
			}
			if tt.wantUntil == "" {
				if len(rows[0].Refused) != 1 || rows[0].Refused[0].Code != "bad-order" {
					t.Errorf("row %+v, want it refused for its order", rows[0])
				}
				return
			}
			a := rows[0].Award
			want := graph.Forever
			if tt.wantUntil != "forever" {
				want = instant(t, tt.wantUntil)
			}
			if a.IssuedAt != instant(t, tt.wantFrom) || a.ValidUntil != want {
				t.Errorf("from %s until %s, want %s and %s", a.IssuedAt, a.ValidUntil, tt.wantFrom, tt.wantUntil)
			}
		})
	}
}

// endlessRows is a table of n awards that is made while it is read.
type endlessRows struct {
	n, at int
	rest  []byte
}

func (e *endlessRows) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.at > e.n {
			return 0, fmt.Errorf("the disk is gone")
		}
		e.rest = []byte("person,achievement,issued_at\n")
		if e.at > 0 {
			e.rest = fmt.Appendf(nil, "p%d,sql,2024-01-01\n", e.at)
		}
		e.at++
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func TestTablesStream(t *testing.T) {
	var sizes []int
	src := &endlessRows{n: 2500}
	furthest := 0
	report, err := exchange.DecodeTable(t.Context(), "t.csv", src, exchange.TableOptions{}, func(rows []exchange.Row) error {
		sizes = append(sizes, len(rows))
		furthest = max(furthest, src.at-rows[len(rows)-1].Line)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "t.csv:2502: the disk is gone") {
		t.Errorf("error %v, want the source's with t.csv:2502", err)
	}
	if diff := cmp.Diff([]int{1000, 1000}, sizes); diff != "" {
		t.Errorf("chunks (-want +got):\n%s", diff)
	}
	// What is read ahead is the buffers of 64 KiB, about 3,000 rows at most.
	if furthest > 2*64<<10/len("p1,sql,2024-01-01\n") {
		t.Errorf("the source is %d rows ahead of what was emitted", furthest)
	}
	if report.Accepted() != 2500 {
		t.Errorf("%d rows accepted, want 2500", report.Accepted())
	}
	full := errors.New("full")
	_, err = exchange.DecodeTable(t.Context(), "t.csv", &endlessRows{n: 5000}, exchange.TableOptions{}, func([]exchange.Row) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("error %v, want that of emit", err)
	}
}

func BenchmarkDecodeAwards(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("person,achievement,issued_at,valid_until,issuer,rigor,source,evidence,key\n")
	const rows = 100_000
	for i := range rows {
		fmt.Fprintf(&text, "person-%d,badge-%d,2024-03-01,2026-02-28,academy,assessed,import,https://example.org/%d,%d\n", i/20, i%500, i, i)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		report, err := exchange.DecodeTable(b.Context(), "a.csv", bytes.NewReader(text.Bytes()), exchange.TableOptions{}, func([]exchange.Row) error { return nil })
		if err != nil || report.Accepted() != rows {
			b.Fatal(report.Accepted(), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
