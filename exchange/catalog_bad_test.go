package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/graph"
)

// TestCatalogProblems: each row is wrong in the places listed, and nowhere else.
// A want is line:column code, and what message and hint have to say.
func TestCatalogProblems(t *testing.T) {
	const name = "catalog: x\n"
	const badge = name + "achievements:\n  - id: a\n    type: badge\n"
	const route = badge + "    routes:\n      - kind: stack\n        requires: "
	for _, row := range []struct {
		name string
		text string
		want []string
	}{
		{"unknown root key", name + "rolls: []\n", []string{`2:1 unknown-key "rolls"; did you mean roles?`}},
		{"unknown key far from all", name + "zzzzzz: 1\n", []string{`2:1 unknown-key known keys are catalog`}},
		{"unknown key with a hyphen", badge + "    valid-for: 1 year\n", []string{`5:5 unknown-key did you mean valid_for?`}},
		{"unknown key in a route", route + "b\n        cost: 3\n", []string{`8:9 unknown-key "cost"`}},
		{"twice the same key", badge + "    type: course\n", []string{`5:5 duplicate-key "type" the first is at f.yaml:4:5`}},
		{"twice the same id", badge + "  - {id: a, type: course}\n", []string{`5:5 duplicate-id the achievement "a" is already at f.yaml:3:5`}},
		{"twice the same route", route + "b\n      - kind: stack\n", []string{`8:9 duplicate-route "stack" already at f.yaml:6:9 its id is its kind`}},
		{"twice the same conversion", name + "conversions: [{from: a, to: b, levels: [1]}, {from: a, to: b, levels: [1]}]\n", []string{`2:46 duplicate-id already at f.yaml:2:15`}},
		{"no catalog name", "roles: []\n", []string{`0:0 catalog-name begin one file with catalog:`}},
		{"missing keys", name + "roles: [{title: R}]\nachievements: [{id: a}]\n", []string{`2:9 missing-key id names the role for ever`, `3:16 missing-key type`}},
		{"missing type with a near key", name + "achievements: [{id: a, typ: badge}]\n", []string{`2:16 missing-key type`, `2:24 unknown-key did you mean type?`}},
		{"bad ids", name + "roles: [{id: \"a b\"}, {id: \"\"}, {id: 7}, {id: [x]}]\n", []string{`2:14 bad-id U+0020`, `2:27 bad-id is empty`, `2:37 wrong-type a number put it in quotes`, `2:46 wrong-type a list`}},
		{"bad word", name + "achievements: [{id: a, type: bagde}]\n", []string{`2:30 bad-word "bagde" did you mean badge?`}},
		{"number for a text", badge + "    title: 12\n", []string{`5:12 wrong-type a number, "12"; put it in quotes`}},
		{"no value", badge + "    title:\n", []string{`5:11 wrong-type this has no value or leave the key out`}},
		{"empty text", badge + "    title: \"\"\n", []string{`5:12 bad-text the text is empty`}},
		{"control character", badge + "    title: \"a\\u0007b\"\n", []string{`5:12 bad-text U+0007`}},
		{"bad language", badge + "    title: {english language: a}\n", []string{`5:13 bad-language BCP 47`}},
		{"not a list", name + "roles: {id: a}\n", []string{`2:8 wrong-type this is a map; write a list`}},
		{"not a map", name + "roles: [a]\n", []string{`2:9 wrong-type this is a text, "a"; write a map of id`}},
		{"yes instead of true", badge + "    enforce: yes\n", []string{`5:14 wrong-type "yes"; write true or false`}},
		{"three decimals of credits", badge + "    credits: 1.255\n", []string{`5:14 bad-credits has too many decimals at most 2 decimals`}},
		{"credits below zero", badge + "    credits: -1\n", []string{`5:14 bad-credits is negative`}},
		{"credits in words", badge + "    credits: \"6\"\n", []string{`5:14 wrong-type "6"; write a number`}},
		{"credits as 1e3", badge + "    credits: 1e3\n", []string{`5:14 bad-credits is not a plain decimal number`}},
		{"octal", badge + "    credits: 010\n", []string{`5:14 bad-credits is not a plain decimal number`}},
		{"too large", badge + "    credits: 99999999999999999999\n", []string{`5:14 bad-credits is too large`}},
		{"half a rank", name + "roles: [{id: r, rank: 1.5}]\n", []string{`2:23 bad-number is not a whole number`}},
		{"price with too many decimals", badge + "    routes: [{kind: course, price: 1.005 EUR}]\n", []string{`5:36 bad-money has too many decimals`}},
		{"decimals of yen", badge + "    routes: [{kind: course, price: 1.5 JPY}]\n", []string{`5:36 bad-money is not a whole number`}},
		{"unknown currency", badge + "    routes: [{kind: course, price: 1 QQQ}]\n", []string{`5:36 bad-money "QQQ" is not a currency`}},
		{"currency before the amount", badge + "    routes: [{kind: course, price: EUR 1}]\n", []string{`5:36 bad-money write a price such as 60 EUR`}},
		{"effort without a unit", badge + "    routes: [{kind: course, effort: 12}]\n", []string{`5:37 wrong-type write a time such as 12h`}},
		{"effort in days", badge + "    routes: [{kind: course, effort: 2d}]\n", []string{`5:37 bad-duration`}},
		{"effort with half minutes", badge + "    routes: [{kind: course, effort: 0.001h}]\n", []string{`5:37 bad-duration whole minutes`}},
		{"no months", badge + "    valid_for: 0 months\n", []string{`5:16 bad-duration above 0`}},
		{"bad dates", badge + "    valid_until: 2027-02-30\n    effective_from: 31.1.2027\n", []string{`5:18 bad-date "2027-02-30"`, `6:21 bad-date such as 2027-01-31`}},
		{"date with too fine a time", badge + "    effective_from: 2027-01-01T00:00:00.0001Z\n", []string{`5:21 bad-date`}},
		{"for and until", badge + "    valid_for: 1 year\n    valid_until: 2027-01-01\n", []string{`6:18 bad-rule not both`}},
		{"grace without a day", badge + "    on_change: grace\n", []string{`5:16 missing-key {grace: 2027-01-31}`}},
		{"bad change policy", badge + "    on_change: reevalute\n", []string{`5:16 bad-word did you mean reevaluate?`}},
		{"bad zone", name + "settings: {zone: Europe/Bonn}\n", []string{`2:18 bad-zone IANA`}},
		{"the machine's own zone", name + "settings: {zone: Local}\n", []string{`2:18 bad-zone IANA`}},
		{"two settings", name + "settings: {}\n---\nsettings: {}\n", []string{`3:1 many-documents`}},
		{"rates", name + "settings: {currency: EUR, rates: {USD: 0, eur: 1, GBP: x}}\n", []string{`2:40 bad-money "0" is not a rate`, `2:43 bad-money "eur" is not a currency`, `2:56 bad-money "x" is not a rate`}},
		{"rule without a form", route + "{}\n", []string{`7:19 bad-rule does not say what it asks; a rule has one of holds, competency`}},
		{"rule with a misspelled form", route + "{alll: [b]}\n", []string{`7:19 bad-rule did you mean all instead of "alll"?`}},
		{"rule with two forms", route + "{all: [b], any: [c]}\n", []string{`7:19 bad-rule asks for all and any within all: or any:`}},
		{"rule that is a number", route + "7\n", []string{`7:19 wrong-type a requirement`}},
		{"children that are no list", route + "{all: b}\n", []string{`7:25 wrong-type "b"; write a list`}},
		{"negative count", route + "{at_least: -1, of: [b]}\n", []string{`7:30 bad-number is negative`}},
		{"credits of nothing", route + "{credits: 3}\n", []string{`7:19 missing-key over: with a list, or category:`}},
		{"credits of both", route + "{credits: 3, over: [b], category: c}\n", []string{`7:53 bad-rule not both`}},
		{"a term without its count", route + "{credits: 3, over: [{competency: c}]}\n", []string{`7:39 missing-key add counts:`}},
		{"a term with credits", route + "{credits: 3, over: [{holds: b, credits: 3}]}\n", []string{`7:39 bad-rule asks for holds and credits`}},
		{"level zero", badge + "    attests: [{c: 0}]\n", []string{`5:19 bad-level there is no level 0`}},
		{"level above 100", badge + "    attests: [{c: 101}]\n", []string{`5:19 bad-level is too large`}},
		{"level of an unknown competency by name", badge + "    attests: [{c: Apply}]\n", []string{`5:19 bad-level the levels of "c" are not known here write the level as a number`}},
		{"level of one without a scale", name + "competencies: [{id: c}]\nachievements: [{id: a, type: badge, attests: [{c: Apply}]}]\n", []string{`3:51 bad-level "c" has no scale`}},
		{"attestation of two", badge + "    attests: [{c: 1, d: 1}]\n", []string{`5:15 bad-rule one list item for each`}},
		{"alignment of no type", badge + "    alignments: [{name: n}]\n", []string{`5:18 missing-key write one of exactMatch`}},
		{"alignment of two types", badge + "    alignments: [{exactMatch: a, closeMatch: b}]\n", []string{`5:46 bad-rule either exactMatch or closeMatch`}},
		{"anchor and alias", name + "roles: [{id: &r a, moves_to: [*r]}]\n", []string{`2:14 alias &r`, `2:31 alias *r`}},
		{"merge key", name + "x: &x {a: 1}\nroles:\n  - <<: *x\n    id: r\n", []string{`2:1 unknown-key "x"`, `2:4 alias &x`, `4:9 alias *x`}},
		{"tag", name + "roles: [{id: !!str 7}, {id: !foo a}]\n", []string{`2:14 tag !!str`, `2:29 tag !foo`}},
		{"map as a key", name + "{a: b}: c\n", []string{`2:1 wrong-type a key is a map`}},
		{"list as a key", name + "? [a]\n: c\n", []string{`2:3 wrong-type a key is a list`}},
		{"tab", name + "roles:\n\t- id: a\n", []string{`0:0 syntax indent with spaces`}},
		{"unclosed", name + "roles: [\n", []string{`0:0 syntax`}},
		{"second document", name + "---\ncatalog: y\n", []string{`2:1 many-documents`}},
		{"not UTF-8", name + "roles: # caf\xe9\n", []string{`2:13 not-utf8 UTF-8`}},
		{"UTF-16", "\xff\xfec\x00", []string{`1:1 not-utf8 UTF-8`}},
		{"empty file", "# nothing\n", []string{`0:0 missing-key the file is empty`, `0:0 catalog-name begin one file`}},
		{"a scalar", "hello\n", []string{`0:0 catalog-name`, `1:1 wrong-type a map of catalog`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := DecodeCatalog([]File{{"f.yaml", []byte(row.text)}}, CatalogOptions{})
			checkProblems(t, c, row.want)
			if !errors.Is(err, graph.ErrInvalid) {
				t.Errorf("the error %v is not of class ErrInvalid", err)
			}
		})
	}
}

// checkProblems compares problems with wants: the place, the code, and words of
// message and hint. A want in line 0 is in any place.
func checkProblems(t *testing.T, c *CatalogFiles, want []string) {
	t.Helper()
	if len(c.Problems) != len(want) {
		t.Errorf("%d problems, want %d: %v", len(c.Problems), len(want), c.Problems)
		return
	}
	for i, p := range c.Problems {
		place, rest, _ := strings.Cut(want[i], " ")
		code, words, _ := strings.Cut(rest, " ")
		if at := fmt.Sprintf("%d:%d", p.Line, p.Column); at != place && !strings.HasSuffix(place, ":0") {
			t.Errorf("problem %d is at %s, want %s: %v", i, at, place, p)
		}
		if p.Code != code {
			t.Errorf("problem %d has the code %s, want %s: %v", i, p.Code, code, p)
		}
		said := p.Message + "; " + p.Hint
		for part := range strings.SplitSeq(words, " ") {
			if !strings.Contains(said, part) {
				t.Errorf("problem %d does not say %q: %v", i, part, p)
			}
		}
		if p.Message == "" || p.Hint == "" {
			t.Errorf("problem %d says too little: %v", i, p)
		}
	}
}

// TestCatalogProblemsAcrossFiles: what two files do to each other.
func TestCatalogProblemsAcrossFiles(t *testing.T) {
	c, err := DecodeCatalog([]File{
		{"a.yaml", []byte("catalog: x\nsettings: {currency: EUR}\nroles: [{id: r}]\n")},
		{"b.json", []byte(`{"catalog": "y", "settings": {}, "roles": [{"id": "r"}, {"id": "s"}]}`)},
		{"c.yaml", []byte("roles: [{id: u}]\n")},
	}, CatalogOptions{})
	checkProblems(t, c, []string{
		`1:13 catalog-name "y" "x" at a.yaml:1:10`,
		`1:30 duplicate-id settings a.yaml:2:11`,
		`1:44 duplicate-id "r" a.yaml:3:9`,
	})
	if err == nil || c.Name != "x" {
		t.Errorf("the name is %q, the error %v", c.Name, err)
	}
	var ids []graph.ID
	for _, o := range c.Batch.Roles {
		ids = append(ids, o.ID)
	}
	if d := cmp.Diff([]graph.ID{"r", "s", "u"}, ids); d != "" {
		t.Errorf("the roles (-want +got):\n%s", d)
	}
}

// TestCatalogWarnings: what is odd and read all the same.
func TestCatalogWarnings(t *testing.T) {
	c, err := DecodeCatalog([]File{{"f.yaml", []byte("catalog: x\nroles: [{id: r, moves_to: [a, b, a]}]\nladders: [{id: l, roles: [r, r]}]\n" +
		"achievements: [{id: a, type: badge, attests: [c, c]}]\n")}}, CatalogOptions{})
	checkProblems(t, c, []string{`2:34 duplicate-reference "a" twice`})
	if err != nil || len(c.Batch.Roles[0].MovesTo) != 3 || len(c.Batch.Ladders[0].Roles) != 2 || len(c.Batch.Achievements[0].Attests) != 2 {
		t.Errorf("error %v, entries %+v", err, c.Batch)
	}
}

func TestCatalogWithoutFiles(t *testing.T) {
	c, err := DecodeCatalog(nil, CatalogOptions{})
	checkProblems(t, c, []string{`0:0 catalog-name no file says`})
	if err == nil {
		t.Error("no files are taken for a catalog")
	}
	// An empty file beside others is odd and no more.
	c, err = DecodeCatalog([]File{{"a.yaml", nil}, {"b.yaml", []byte("catalog: x\n")}}, CatalogOptions{})
	if err != nil || len(c.Problems) != 1 || c.Problems[0].Severity != graph.Warning || c.Problems[0].File != "a.yaml" {
		t.Errorf("error %v, problems %v", err, c.Problems)
	}
}

func TestCatalogProblemNamesItsEntry(t *testing.T) {
	c, _ := DecodeCatalog([]File{{"f.yaml", []byte("catalog: x\nachievements: [{id: a, type: badge, routes: [{id: r, kind: stack, requires: {all: [b, {any: [c, {holds: d, min_rigor: x}]}]}}]}]\n")}}, CatalogOptions{})
	if len(c.Problems) != 1 {
		t.Fatalf("problems: %v", c.Problems)
	}
	p := c.Problems[0]
	if p.Kind != graph.KindAchievement || p.Subject != "a" || p.Path != "routes/r/requires/of/1/of/1/min_rigor" {
		t.Errorf("it is in %v %q at %q", p.Kind, p.Subject, p.Path)
	}
	at, ok := c.Position(p.Kind, p.Subject, p.Path)
	if !ok || at != p.Position {
		t.Errorf("the path leads to %v, %t; the problem is at %v", at, ok, p.Position)
	}
}

func TestCatalogLimits(t *testing.T) {
	deep := "catalog: x\nroles: " + strings.Repeat("[", MaxCatalogDepth) + strings.Repeat("]", MaxCatalogDepth) + "\n"
	deepJSON := `{"catalog": "x", "roles": ` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`
	for _, row := range []struct {
		name string
		file File
		code string
	}{
		{"a large file", File{"f.yaml", append([]byte("catalog: x\n#"), bytes.Repeat([]byte{' '}, MaxCatalogFileBytes)...)}, codeTooLarge},
		{"many values", File{"f.yaml", bytes.Repeat([]byte("-\n"), MaxCatalogValues+1)}, codeTooLarge},
		{"deep", File{"f.yaml", []byte(deep)}, codeTooDeep},
		{"deep JSON", File{"f.json", []byte(deepJSON)}, codeTooDeep},
		{"deeper than the parser goes", File{"f.yaml", bytes.Repeat([]byte("["), 100_000)}, codeTooDeep},
		{"deep JSON without an end", File{"f.json", bytes.Repeat([]byte("["), 100_000)}, codeTooDeep},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := DecodeCatalog([]File{row.file}, CatalogOptions{})
			if err == nil || len(c.Problems) == 0 || c.Problems[0].Code != row.code {
				t.Errorf("error %v, problems %v; want %s", err, c.Problems, row.code)
			}
		})
	}
	t.Run("just deep enough", func(t *testing.T) {
		rule := strings.Repeat("{any: [", (MaxCatalogDepth-7)/2) + "a" + strings.Repeat("]}", (MaxCatalogDepth-7)/2)
		decodeGood(t, CatalogOptions{}, File{"f.yaml", []byte("catalog: x\nroles: [{id: r, requires: " + rule + "}]\n")})
	})
	t.Run("many problems", func(t *testing.T) {
		text := "catalog: x\nroles:\n" + strings.Repeat("- {}\n", maxCatalogProblems+5)
		c, err := DecodeCatalog([]File{{"f.yaml", []byte(text)}}, CatalogOptions{})
		if err == nil || len(c.Problems) != maxCatalogProblems+1 || c.Problems[0].Code != codeTooMany {
			t.Errorf("%d problems, the first %v", len(c.Problems), c.Problems[0])
		}
	})
}

func TestCatalogJSONProblems(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"cut", `{"catalog": "x", "roles": [`, `1:28 syntax ends in the middle`},
		{"comma too many", "{\"catalog\": \"x\",\n}", `2:0 syntax`},
		{"two values", `{"catalog": "x"} {}`, `1:18 many-documents`},
		{"half a surrogate", `{"catalog": "x", "roles": [{"id": "r", "title": "a\ud83d"}]}`, `1:0 syntax surrogate`},
		{"twice a key", "{\"catalog\": \"x\",\n  \"roles\": [], \"roles\": []}", `2:16 duplicate-key f.json:2:3`},
		{"number for a text", "{\"catalog\": \"x\", \"roles\": [{\"id\": 7}]}", `1:35 wrong-type a number put it in quotes`},
		{"null", `{"catalog": "x", "roles": null}`, `1:27 wrong-type no value`},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, _ := DecodeCatalog([]File{{"f.json", []byte(row.text)}}, CatalogOptions{})
			checkProblems(t, c, []string{row.want})
		})
	}
}

func TestCatalogFilesIn(t *testing.T) {
	fsys := fstest.MapFS{
		"b.yml":               {Data: []byte("b")},
		"a.yaml":              {Data: []byte("a")},
		"more/c.JSON":         {Data: []byte("c")},
		".git/d.yaml":         {Data: []byte("d")},
		".hidden.yaml":        {Data: []byte("e")},
		"notes.txt":           {Data: []byte("f")},
		"catalog.schema.json": {Data: []byte("g")},
		"large.yaml":          {Data: make([]byte, MaxCatalogFileBytes+10)},
	}
	files, err := CatalogFilesIn(fsys)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	if d := cmp.Diff([]string{"a.yaml", "b.yml", "large.yaml", "more/c.JSON"}, names); d != "" {
		t.Errorf("the files (-want +got):\n%s", d)
	}
	if n := len(files[2].Content); n != MaxCatalogFileBytes+1 {
		t.Errorf("of the large file %d bytes are read", n)
	}
	if _, err := CatalogFilesIn(fstest.MapFS{"a.yaml": {Mode: fs.ModeNamedPipe}}); !errors.Is(err, graph.ErrInvalid) {
		t.Errorf("CatalogFilesIn of a pipe: %v, want ErrInvalid", err)
	}
	if _, err := CatalogFilesIn(fstest.MapFS{"a.txt": {}}); !errors.Is(err, graph.ErrNotFound) {
		t.Errorf("a folder without files gives %v", err)
	}
}
