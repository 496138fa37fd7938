package exchange

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/graph"
)

func at(tb testing.TB, text string) graph.Instant {
	tb.Helper()
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		tb.Fatal(err)
	}
	return graph.InstantOf(v)
}

// TestCatalogDates: a date alone is the start of its day in the catalog's zone,
// and as an end includes the day; days that begin late or are left out too.
func TestCatalogDates(t *testing.T) {
	for _, row := range []struct {
		name, zone, date string
		from, until      string
	}{
		{"UTC", "", "2027-01-31", "2027-01-31T00:00:00Z", "2027-02-01T00:00:00Z"},
		{"winter", "Europe/Berlin", "2027-01-31", "2027-01-30T23:00:00Z", "2027-01-31T23:00:00Z"},
		{"a day of 23 hours", "Europe/Berlin", "2027-03-28", "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z"},
		{"a day of 25 hours", "Europe/Berlin", "2027-10-31", "2027-10-30T22:00:00Z", "2027-10-31T23:00:00Z"},
		{"clocks skip midnight", "America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
		{"clocks go back to 23:00", "America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z", "2018-02-19T03:00:00Z"},
		{"clocks go back to midnight", "America/Havana", "2018-11-04", "2018-11-04T04:00:00Z", "2018-11-05T05:00:00Z"},
		{"the day before a day that is left out", "Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"a day that is left out", "Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"leap day", "Asia/Kathmandu", "2028-02-29", "2028-02-28T18:15:00Z", "2028-02-29T18:15:00Z"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := "catalog: x\nsettings: {zone: " + row.zone + "}\nachievements: [{id: a, type: badge, effective_from: " + row.date + ", valid_until: " + row.date + ", on_change: {grace: " + row.date + "}}]\n"
			if row.zone == "" {
				text = strings.Replace(text, "zone: ", "", 1)
			}
			c := decodeGood(t, CatalogOptions{}, File{"f.yaml", []byte(text)})
			a := c.Batch.Achievements[0]
			want := [3]graph.Instant{at(t, row.from), at(t, row.until), at(t, row.until)}
			if got := [3]graph.Instant{a.EffectiveFrom, a.Validity.Until, a.GraceUntil}; got != want {
				t.Errorf("got %v, want %v", got, want)
			}
			if again := decodeGood(t, CatalogOptions{}, encodeGood(t, "x", c.Batch, CatalogOptions{})...); !cmp.Equal(c.Batch, again.Batch) {
				t.Errorf("read back: %s", cmp.Diff(c.Batch, again.Batch))
			}
		})
	}
}

// TestCatalogDatesLeanOnSettings: without settings of their own files are read
// with those in force.
func TestCatalogDatesLeanOnSettings(t *testing.T) {
	file := File{"f.yaml", []byte("catalog: x\nachievements: [{id: a, type: badge, title: T, effective_from: 2027-01-31, routes: [{kind: course, price: 1200}]}]\n")}
	inForce := &graph.Settings{Zone: "Asia/Tokyo", Language: "ja", Currency: "JPY"}
	a := decodeGood(t, CatalogOptions{Settings: inForce}, file).Batch.Achievements[0]
	if a.EffectiveFrom != at(t, "2027-01-30T15:00:00Z") || a.Title[0].Lang != "ja" || a.Routes[0].Price.Amount != 1200 {
		t.Errorf("in Japan it is %v, %v, %v", a.EffectiveFrom, a.Title, a.Routes[0].Price)
	}
	a = decodeGood(t, CatalogOptions{}, file).Batch.Achievements[0]
	if a.EffectiveFrom != at(t, "2027-01-31T00:00:00Z") || a.Title[0].Lang != "en" || a.Routes[0].Price.Amount != 120_000 {
		t.Errorf("alone it is %v, %v, %v", a.EffectiveFrom, a.Title, a.Routes[0].Price)
	}
}

func TestCatalogQuantities(t *testing.T) {
	route := func(t *testing.T, key, text string) graph.Route {
		t.Helper()
		file := "catalog: x\nsettings: {currency: EUR}\nachievements: [{id: a, type: badge, routes: [{kind: course, " + key + ": " + text + "}]}]\n"
		return decodeGood(t, CatalogOptions{}, File{"f.yaml", []byte(file)}).Batch.Achievements[0].Routes[0]
	}
	for text, want := range map[string]int64{"12h": 720, "90m": 90, "1h30m": 90, "1h 30m": 90, "1.5h": 90, "2 hours": 120, "1 hour 5 minutes": 65, "45 min": 45, "0h": 0} {
		if got := route(t, "effort", text).EffortMinutes; got != want {
			t.Errorf("effort %s is %d minutes, want %d", text, got, want)
		}
	}
	for text, want := range map[string]graph.Money{
		"60 EUR": {Amount: 6000, Currency: "EUR"}, "60.5 EUR": {Amount: 6050, Currency: "EUR"}, "0.01 EUR": {Amount: 1, Currency: "EUR"},
		"60": {Amount: 6000}, "60.00": {Amount: 6000}, "60.10": {Amount: 6010}, "700 JPY": {Amount: 700, Currency: "JPY"}, "1.234 KWD": {Amount: 1234, Currency: "KWD"}, "0 EUR": {Currency: "EUR"},
	} {
		if got := route(t, "price", text).Price; got != want {
			t.Errorf("price %s is %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string]int64{"6": 600, "1.5": 150, "0.25": 25, "1.10": 110, "2.000": 200, "1000000": 100_000_000} {
		file := "catalog: x\nachievements: [{id: a, type: badge, credits: " + text + "}]\n"
		if got := decodeGood(t, CatalogOptions{}, File{"f.yaml", []byte(file)}).Batch.Achievements[0].Credits; got != want {
			t.Errorf("credits %s are %d hundredths, want %d", text, got, want)
		}
	}
	for text, want := range map[string]int{"1 month": 1, "24 months": 24, "2 years": 24, "1 year": 12} {
		file := "catalog: x\nachievements: [{id: a, type: badge, valid_for: " + text + "}]\n"
		if got := decodeGood(t, CatalogOptions{}, File{"f.yaml", []byte(file)}).Batch.Achievements[0].Validity.Months; got != want {
			t.Errorf("%s are %d months, want %d", text, got, want)
		}
	}
}

func TestCatalogRates(t *testing.T) {
	c := decodeGood(t, CatalogOptions{}, File{"f.yaml", []byte("catalog: x\nsettings: {currency: EUR, rates: {USD: 0.92, JPY: 0.006, KWD: 3, GBP: 7/6}}\n")})
	want := []graph.Rate{
		{From: "USD", Numerator: 23, Denominator: 25},
		{From: "JPY", Numerator: 3, Denominator: 5},  // 1 yen is 0.6 cents
		{From: "KWD", Numerator: 3, Denominator: 10}, // 1 fils is 0.3 cents
		{From: "GBP", Numerator: 7, Denominator: 6},
	}
	if d := cmp.Diff(want, c.Batch.Settings.Rates); d != "" {
		t.Errorf("rates (-want +got):\n%s", d)
	}
	if text := string(encodeGood(t, "x", c.Batch, CatalogOptions{})[0].Content); !strings.Contains(text, `rates: {USD: 0.92, JPY: 0.006, KWD: 3, GBP: "7/6"}`) {
		t.Errorf("written:\n%s", text)
	}
}

// TestCatalogLevelNames: a level's name is looked up on the competency's own
// scale, in any language, in the files or in what is published.
func TestCatalogLevelNames(t *testing.T) {
	published := CatalogOptions{
		Scale: func(id graph.ID) (graph.Scale, bool) {
			return graph.Scale{ID: id, Levels: []graph.Text{{{Lang: "en", Value: "Low"}}, {{Lang: "en", Value: "High"}}}}, id == "old"
		},
		ScaleOf: func(id graph.ID) (graph.ID, bool) { return "old", id == "c-old" },
	}
	file := File{"b.yaml", []byte("achievements: [{id: a, type: badge, attests: [{c1: Gut}, {c2: well}, {c3: \"2\"}, {c4: 2}, {c-old: high}, c5]}]\n")}
	scales := File{"z.yaml", []byte(`catalog: x
scales: [{id: s1, levels: [{en: Fair, de: Genug}, {en: Well, de: Gut}]}, {id: s2, levels: [Well, Better]}, {id: s3, levels: ["2", "1"]}]
competencies: [{id: c1, scale: s1}, {id: c2, scale: s2}, {id: c3, scale: s3}, {id: c4, scale: s3}, {id: c5}]
`)}
	c := decodeGood(t, published, file, scales)
	want := []graph.Attestation{{Competency: "c1", Level: 2}, {Competency: "c2", Level: 1}, {Competency: "c3", Level: 1}, {Competency: "c4", Level: 2}, {Competency: "c-old", Level: 2}, {Competency: "c5", Level: 1}}
	if d := cmp.Diff(want, c.Batch.Achievements[0].Attests); d != "" {
		t.Errorf("attests (-want +got):\n%s", d)
	}
	text := string(encodeGood(t, "x", c.Batch, published)[0].Content)
	if want := `attests: [{c1: Well}, {c2: Well}, {c3: "2"}, {c4: "1"}, {c-old: High}, c5]`; !strings.Contains(text, want) {
		t.Errorf("not written as %s:\n%s", want, text)
	}

	bad := []byte("catalog: x\nscales: [{id: s, levels: [Low, High, high]}]\ncompetencies: [{id: c, scale: s}]\n" +
		"achievements: [{id: a, type: badge, attests: [{c: Lwo}]}, {id: b, type: badge, attests: [c]}, {id: d, type: badge, attests: [{c: High}]}]\n")
	d, _ := DecodeCatalog([]File{{"f.yaml", bad}}, CatalogOptions{})
	checkProblems(t, d, []string{
		`4:51 bad-level the scale s has no level "Lwo"; did you mean Low?`,
		`4:90 bad-level "c" is missing; its scale has 3`,
		`4:130 bad-level more than one level "High"; write the level as a number`,
	})
}

// TestCatalogJSON: JSON and YAML of the same content are the same catalog, also
// where the JSON has what the YAML parser does not take.
func TestCatalogJSON(t *testing.T) {
	doc, err := json.MarshalIndent(instance(t, []byte(everyKey)), "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	want := decodeGood(t, CatalogOptions{}, File{"f.yaml", []byte(everyKey)})
	got := decodeGood(t, CatalogOptions{}, File{"f.json", doc})
	// Maps of a Go program have no order; that of min and max does not matter here.
	if d := cmp.Diff(want.Batch, got.Batch); d != "" {
		t.Errorf("(-YAML +JSON):\n%s", d)
	}
	odd := decodeGood(t, CatalogOptions{}, File{"f.json", []byte("{\"catalog\": \"x\", \"roles\": [{\"id\": \"r\",\n\t\"title\": \"\\ud83c\\udf92 a\u2028b \\/ \\u0085\"}]}")})
	if got := odd.Batch.Roles[0].Title[0].Value; got != "\U0001F392 a\u2028b / \u0085" {
		t.Errorf("the title is %q", got)
	}
	if at, ok := odd.Position(graph.KindRole, "r", "title"); !ok || at != (Position{"f.json", 2, 11}) {
		t.Errorf("the title is at %v", at)
	}
	withBOM := File{"f.yaml", append([]byte("\uFEFF"), everyKey...)}
	if d := cmp.Diff(want.Batch, decodeGood(t, CatalogOptions{}, withBOM).Batch); d != "" {
		t.Errorf("with a byte order mark (-want +got):\n%s", d)
	}
	crlf := File{"f.yaml", bytes.ReplaceAll([]byte(everyKey), []byte("\n"), []byte("\r\n"))}
	if d := cmp.Diff(want.Batch, decodeGood(t, CatalogOptions{}, crlf).Batch); d != "" {
		t.Errorf("with Windows line ends (-want +got):\n%s", d)
	}
}

// TestCatalogPositions: every place of an entry can be found again, and what is
// not there leads to the nearest place around it.
func TestCatalogPositions(t *testing.T) {
	c := decodeGood(t, CatalogOptions{}, File{"f.yaml", []byte(everyKey)})
	lines := strings.Split(everyKey, "\n")
	for _, row := range []struct {
		kind   graph.Kind
		id     graph.ID
		path   string
		stands string
	}{
		{graph.KindAchievement, "a", "", "id: a"},
		{graph.KindAchievement, "a", "credits", "1.25"},
		{graph.KindAchievement, "a", "attests/1", "d]"},
		{graph.KindAchievement, "a", "attests/0/level", "{c: a}"},
		{graph.KindAchievement, "a", "routes/r/price", "60.50 EUR"},
		{graph.KindAchievement, "a", "routes/0/price", "60.50 EUR"},
		{graph.KindAchievement, "a", "routes/r/requires/of/2/level", "b, min_rigor"},
		{graph.KindAchievement, "a", "routes/r/requires/of/3/of/0", "b], id: n3"},
		{graph.KindAchievement, "a", "routes/r/requires/of/6/of/1/counts", "2, counts_as"},
		{graph.KindAchievement, "a", "routes/r/requires/of/99/level", "- b"},
		{graph.KindAchievement, "a", "nowhere", "id: a"},
		{graph.KindRole, "r", "optional/2/level", "1, weight"},
		{graph.KindUnspecified, "settings", "rates/USD", "0.92"},
		{graph.KindUnspecified, "conversions/s>s", "levels/1", "b]}]"},
	} {
		at, ok := c.Position(row.kind, row.id, row.path)
		if !ok {
			t.Errorf("%v %s %s is nowhere", row.kind, row.id, row.path)
			continue
		}
		if got := string([]rune(lines[at.Line-1])[at.Column-1:]); !strings.HasPrefix(got, row.stands) {
			t.Errorf("%v %s %s is at %v, where %q stands; want %q", row.kind, row.id, row.path, at, got, row.stands)
		}
	}
	if _, ok := c.Position(graph.KindRole, "unknown", ""); ok {
		t.Error("an unknown role has a place")
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, b := range map[string]graph.Batch{
		"an id with a space":            {Roles: []graph.Role{{ID: "a b"}}},
		"no id":                         {Ladders: []graph.Ladder{{}}},
		"no type":                       {Achievements: []graph.Achievement{{ID: "a"}}},
		"text that is not UTF-8":        {Issuers: []graph.Issuer{{ID: "i", URL: "\xff"}}},
		"a control character":           {Issuers: []graph.Issuer{{ID: "i", URL: "a\x07"}}},
		"twice an id":                   {Issuers: []graph.Issuer{{ID: "i"}, {ID: "i"}}},
		"a negative price":              {Achievements: []graph.Achievement{{ID: "a", Type: graph.Badge, Routes: []graph.Route{{ID: "r", Kind: graph.ByCourse, Price: graph.Money{Amount: -1}}}}}},
		"a rule without an operator":    {Roles: []graph.Role{{ID: "r", Essential: &graph.Requirement{}}}},
		"a leaf with fields of another": {Roles: []graph.Role{{ID: "r", Essential: &graph.Requirement{Op: graph.OpHolds, Achievement: "a", Months: 3}}}},
		"tenure of a role and a family": {Roles: []graph.Role{{ID: "r", Essential: &graph.Requirement{Op: graph.OpTenure, Role: "a", Family: "f"}}}},
		"a level 0":                     {Achievements: []graph.Achievement{{ID: "a", Type: graph.Badge, Attests: []graph.Attestation{{Competency: "c"}}}}},
		"an unknown word":               {Achievements: []graph.Achievement{{ID: "a", Type: 99}}},
		"grace without a day":           {Roles: []graph.Role{{ID: "r", Lifecycle: graph.Lifecycle{OnChange: graph.Grace}}}},
		"a language that is none":       {Issuers: []graph.Issuer{{ID: "i", Title: graph.Text{{Lang: "x y", Value: "v"}}}}},
		"valid for and until":           {Achievements: []graph.Achievement{{ID: "a", Type: graph.Badge, Validity: graph.Validity{Months: 1, Until: 1}}}},
	} {
		if files, err := EncodeCatalog("x", b, CatalogOptions{}); err == nil {
			t.Errorf("%s is written: %s", name, files[0].Content)
		}
	}
	if _, err := EncodeCatalog("", graph.Batch{}, CatalogOptions{}); err == nil {
		t.Error("a catalog without a name is written")
	}
}
