package exchange

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/cairn-skills/cairn/graph"
)

func compiledSchema(tb testing.TB) *jsonschema.Schema {
	tb.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(CatalogSchema()))
	if err != nil {
		tb.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(catalogSchemaFile, doc); err != nil {
		tb.Fatal(err)
	}
	s, err := c.Compile(catalogSchemaFile)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// instance is a YAML file as an editor's validator sees it: dates are texts.
func instance(tb testing.TB, text []byte) any {
	tb.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		tb.Fatal(err)
	}
	var value func(n *yaml.Node) any
	value = func(n *yaml.Node) any {
		switch n.Kind {
		case yaml.DocumentNode:
			return value(n.Content[0])
		case yaml.SequenceNode:
			out := []any{}
			for _, c := range n.Content {
				out = append(out, value(c))
			}
			return out
		case yaml.MappingNode:
			out := map[string]any{}
			for i := 0; i+1 < len(n.Content); i += 2 {
				out[n.Content[i].Value] = value(n.Content[i+1])
			}
			return out
		default:
			switch scalarTag(n) {
			case "!!int", "!!float":
				return json.Number(n.Value)
			case "!!bool":
				return n.Value == "true"
			case "!!null":
				return nil
			}
			return n.Value
		}
	}
	return value(&root)
}

func TestSchemaAcceptsExample(t *testing.T) {
	schema := compiledSchema(t)
	for _, f := range exampleFiles(t) {
		if err := schema.Validate(instance(t, f.Content)); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

// everyKey is a catalog with every key of the language.
const everyKey = `catalog: x
effective_from: 2026-01-01
settings: {language: en, currency: EUR, rates: {USD: 0.92}, zone: Europe/Berlin, default_min_rigor: assessed, exact_match_implies: true}
scales: [{id: s, title: S, levels: [a, {en: b, de: c}]}]
conversions: [{from: s, to: s, levels: [0, b]}]
frameworks: [{id: f, title: F, description: d, url: u, version: v, publisher: p}]
issuers: [{id: i, title: I, url: u}]
competencies:
  - id: c
    title: C
    kind: skill
    framework: f
    scale: s
    alt_labels: [x, {de: y}]
    description: d
    broader: [c2]
    alignments:
      - {exactMatch: e, name: n, framework: f}
      - {closeMatch: e}
      - {broadMatch: e}
      - {narrowMatch: e}
      - {relatedMatch: e}
    implies: [{level: a, competency: c, to: 2}]
    retired: true
    replaced_by: c2
achievements:
  - id: a
    type: badge
    title: {en: A, de-CH: B}
    issuer: i
    alt_labels: [x]
    description: d
    criteria: {narrative: n, url: u}
    attests: [{c: a}, d]
    credits: 1.25
    category: k
    valid_for: 2 years
    rigor: proctored
    routes:
      - id: r
        kind: stack
        award: recommend
        effort: 1h30m
        price: 60.50 EUR
        weeks: 2
        requires:
          all:
            - b
            - {holds: b, id: n1, issuers: [i], min_rigor: endorsed, fresh_within: 1 month}
            - {competency: c, id: n2, level: b, min_rigor: declared}
            - {any: [b], id: n3, sharing: exclusive}
            - {all: [b], id: n4, sharing: shared}
            - {at_least: 1, of: [b, c], id: n5, sharing: shared}
            - credits: 6
              id: n6
              over: [b, {holds: d, counts: 2, counts_as: k}]
              min: {k: 1}
              max: {k: 4.5}
              sharing: shared
            - {credits: 1, category: k}
            - {tenure: r, id: n7, months: 3}
            - {family: f, id: n8, months: 3}
        suggested_after: [b]
        url: u
    follows_parts: true
    enforce: true
    alignments: [{exactMatch: e}]
    status: draft
    effective_from: 2026-01-02T03:04:05Z
    on_change: {grace: 2027-01-31}
    replaced_by: b
  - {id: b, type: course, valid_until: 2028-01-01, criteria: prose, on_change: reevaluate}
roles:
  - id: r
    title: R
    family: f
    rank: 1
    alt_labels: [x]
    description: d
    requires: a
    optional:
      - a
      - {holds: a, weight: 2}
      - {competency: c, level: 1, weight: 2}
      - {all: [a], weight: 2}
      - {any: [a], weight: 2}
      - {at_least: 1, of: [a, b], weight: 2}
      - {credits: 1, category: k, weight: 2}
      - {tenure: r, months: 1, weight: 2}
      - {family: f, months: 1, weight: 2}
    threshold: 2
    advances_to: [r]
    moves_to: [r]
    alignments: [{exactMatch: e}]
    status: retired
    effective_from: 2026-01-01
    on_change: grandfather
    replaced_by: r
ladders: [{id: l, title: L, description: d, roles: [r], retired: true}]
`

// TestSchemaAndReaderKnowTheSame: a file with every key pleases both, and every
// key that the schema knows is in it, so that none is known to one alone.
func TestSchemaAndReaderKnowTheSame(t *testing.T) {
	decodeGood(t, CatalogOptions{}, File{"f.yaml", []byte(everyKey)})
	doc := instance(t, []byte(everyKey))
	if err := compiledSchema(t).Validate(doc); err != nil {
		t.Errorf("the schema refuses it: %v", err)
	}
	used := map[string]bool{}
	var collect func(any)
	collect = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				used[k] = true
				collect(x)
			}
		case []any:
			for _, x := range v {
				collect(x)
			}
		}
	}
	collect(doc)
	for k := range schemaKeys(t) {
		if !used[k] {
			t.Errorf("the schema knows the key %s, which the test file lacks", k)
		}
	}
	// The other way: a key that the reader knows and the schema does not would
	// be refused above. A key of neither is refused by both.
	for _, place := range []string{"id: c\n", "id: a\n", "id: r\n", "kind: stack\n", "credits: 6\n"} {
		bad := strings.Replace(everyKey, place, place+strings.Repeat(" ", indentOf(everyKey, place))+"nonsense: 1\n", 1)
		c, err := DecodeCatalog([]File{{"f.yaml", []byte(bad)}}, CatalogOptions{})
		if err == nil || len(c.Problems) != 1 || c.Problems[0].Code != codeUnknownKey {
			t.Errorf("the reader takes a nonsense key beside %q: %v", place, c.Problems)
		}
		if compiledSchema(t).Validate(instance(t, []byte(bad))) == nil {
			t.Errorf("the schema takes a nonsense key beside %q", place)
		}
	}
}

func indentOf(text, place string) int {
	i := strings.Index(text, place)
	return i - strings.LastIndexByte(text[:i], '\n') - 1
}

// schemaKeys are the keys of all maps of the schema.
func schemaKeys(tb testing.TB) map[string]bool {
	tb.Helper()
	keys := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if p, ok := v["properties"].(map[string]any); ok {
				for k := range p {
					keys[k] = true
				}
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	var root any
	if err := json.Unmarshal(CatalogSchema(), &root); err != nil {
		tb.Fatal(err)
	}
	walk(root)
	return keys
}

// TestSchemaWords: the words of the schema are those of graph, all of them.
func TestSchemaWords(t *testing.T) {
	var root struct {
		Defs map[string]struct {
			Enum       []string
			Properties map[string]struct{ Enum []string }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(CatalogSchema(), &root); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		where string
		got   []string
		want  []string
		parse func(string) error
	}{
		{"rigor", root.Defs["rigor"].Enum, []string{"declared", "endorsed", "assessed", "proctored"}, func(s string) error { _, err := graph.ParseRigor(s); return err }},
		{
			"type", root.Defs["achievement"].Properties["type"].Enum,
			[]string{"badge", "micro_credential", "certificate", "certification", "course", "degree", "license"},
			func(s string) error { _, err := graph.ParseAchievementType(s); return err },
		},
		{"status", root.Defs["role"].Properties["status"].Enum, []string{"draft", "in_force", "retired"}, func(s string) error { _, err := graph.ParseStatus(s); return err }},
		{"route kind", root.Defs["route"].Properties["kind"].Enum, []string{"course", "assessment", "stack", "renewal"}, func(s string) error { _, err := graph.ParseRouteKind(s); return err }},
		{"award", root.Defs["route"].Properties["award"].Enum, []string{"claim", "automatic", "recommend"}, func(s string) error { _, err := graph.ParseAwardMode(s); return err }},
		{
			"competency kind", root.Defs["competency"].Properties["kind"].Enum,
			[]string{"skill", "knowledge", "ability", "attitude", "language", "group"},
			func(s string) error { _, err := graph.ParseCompetencyKind(s); return err },
		},
		{"sharing", root.Defs["all"].Properties["sharing"].Enum, []string{"shared", "exclusive"}, func(string) error { return nil }},
	} {
		if d := cmp.Diff(row.want, row.got); d != "" {
			t.Errorf("%s (-want +schema):\n%s", row.where, d)
		}
		for _, w := range row.got {
			if err := row.parse(w); err != nil {
				t.Errorf("%s: the schema's word %s is not graph's: %v", row.where, w, err)
			}
		}
	}
}

// TestSchemaRefuses: what the reader refuses by its shape alone, the schema does
// too, so that an editor shows it while it is written.
func TestSchemaRefuses(t *testing.T) {
	schema := compiledSchema(t)
	const badge = "catalog: x\nachievements: [{id: a, type: badge, "
	for _, text := range []string{
		"catalog: 7\n", "catalog: x\nrolls: []\n", "catalog: x\nroles: {}\n", "catalog: x\nroles: [{title: t}]\n", "catalog: x\nroles: [{id: \"a b\"}]\n",
		badge + "typ: x}]\n", badge + "title: 7}]\n", badge + "title: {e n: x}}]\n", badge + "credits: \"6\"}]\n", badge + "credits: -1}]\n",
		badge + "valid_for: 24}]\n", badge + "valid_for: 24 weeks}]\n", badge + "valid_until: 1.1.2027}]\n", badge + "enforce: yes}]\n",
		badge + "rigor: strict}]\n", badge + "routes: [{effort: 1h}]}]\n", badge + "routes: [{kind: course, effort: 12}]}]\n", badge + "routes: [{kind: course, price: 12 euros}]}]\n",
		badge + "routes: [{kind: stack, requires: {}}]}]\n", badge + "routes: [{kind: stack, requires: {all: b}}]}]\n", badge + "routes: [{kind: stack, requires: {all: [b], any: [c]}}]}]\n",
		badge + "routes: [{kind: stack, requires: {holds: b, weight: 2}}]}]\n", badge + "attests: [{a: 1, b: 1}]}]\n", badge + "attests: [{a: 0}]}]\n", badge + "on_change: grace}]\n",
	} {
		if _, err := DecodeCatalog([]File{{"f.yaml", []byte(text)}}, CatalogOptions{}); err == nil {
			t.Errorf("the reader takes %q", text)
		}
		if schema.Validate(instance(t, []byte(text))) == nil {
			t.Errorf("the schema takes %q", text)
		}
	}
}

// TestEveryFormIsInEveryContext: the schema offers each form of a rule wherever a
// rule may stand.
func TestEveryFormIsInEveryContext(t *testing.T) {
	for _, in := range []*ruleContext{ruleContextPlain, ruleContextTerm, ruleContextOptional} {
		if len(in.forms) != len(ruleForms) {
			t.Errorf("%s has %d forms, want %d", in.name, len(in.forms), len(ruleForms))
		}
		for _, f := range in.forms {
			for _, k := range in.more {
				if !slices.Contains(f.names(), k.name) {
					t.Errorf("the form %s lacks %s in %s", f.name, k.name, in.name)
				}
			}
		}
	}
}
