package exchange

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/cairn-skills/cairn/graph"
)

// published is the catalog that a file makes when it is applied in early 2026.
func published(t *testing.T, text string) *graph.Catalog {
	t.Helper()
	b := decodeGood(t, CatalogOptions{}, File{"f.yaml", []byte(text)}).Batch
	b.At = at(t, "2026-01-05T10:00:00Z")
	return graph.CompileBatch(b)
}

const diffBase = `catalog: x
settings: {language: en, currency: EUR, zone: Europe/Berlin}
scales: [{id: s, levels: [Low, Mid, High]}]
conversions: [{from: s, to: s2, levels: [1, 1, 2]}]
competencies: [{id: sql, title: SQL, scale: s}]
achievements:
  - id: a
    type: badge
    title: A badge
    attests: [{sql: Mid}]
    credits: 2
    routes:
      - {kind: course, effort: 12h, price: 60 EUR}
      - {id: rpl, kind: assessment, requires: {competency: sql, level: Mid, min_rigor: endorsed}}
  - {id: b, type: badge, title: B}
  - id: big
    type: micro_credential
    routes:
      - kind: stack
        requires:
          all: [first-badge-of-several, second-badge-of-several, third-badge-of-several, {any: [fourth-badge-of-several, fifth-badge-of-several]}]
roles:
  - {id: r, title: R, requires: a, optional: [{holds: b, weight: 2}], advances_to: [r2]}
ladders: [{id: l, roles: [r]}]
`

func TestDiffCatalog(t *testing.T) {
	for _, row := range []struct {
		name string
		edit []string // old and new texts
		want string   // kind/id action: path: before => after; …
	}{
		{"nothing", nil, ""},
		{"layout", []string{"achievements:\n", "# a comment\nachievements:\n\n", "{holds: b, weight: 2}", "{weight: 2, holds: b}"}, ""},
		{"a title", []string{"title: A badge", "title: {en: A badge, de: Ein Abzeichen}"}, "achievement/a changed: title: A badge => {de: Ein Abzeichen, en: A badge}"},
		{"a key more and a key less", []string{"    credits: 2\n", "    category: data\n"}, "achievement/a changed: credits: 2 => ; category:  => data"},
		{"a price", []string{"60 EUR", "75.50 EUR"}, "achievement/a changed: routes/course/price: 60 EUR => 75.50 EUR"},
		{
			"a route less",
			[]string{"      - {kind: course, effort: 12h, price: 60 EUR}\n", ""},
			"achievement/a changed: routes/course: {kind: course, effort: 12h, price: 60 EUR} => ",
		},
		{
			"a small rule",
			[]string{"min_rigor: endorsed", "min_rigor: assessed"},
			"achievement/a changed: routes/rpl/requires/min_rigor: endorsed => assessed",
		},
		{
			"the level of a rule",
			[]string{"requires: {competency: sql, level: Mid", "requires: {competency: sql, level: High"},
			"achievement/a changed: routes/rpl/requires/level: Mid => High",
		},
		{
			"a leaf deep in a rule",
			[]string{"fifth-badge-of-several", "sixth-badge-of-several"},
			"achievement/big changed: routes/stack/requires/of/3/of: [fourth-badge-of-several, fifth-badge-of-several] => [fourth-badge-of-several, sixth-badge-of-several]",
		},
		{
			"a part more",
			[]string{"all: [first-badge-of-several,", "all: [zeroth-badge-of-several, first-badge-of-several,"},
			"achievement/big changed: routes/stack/requires/of/0:  => zeroth-badge-of-several",
		},
		{
			"another connective",
			[]string{"{any: [fourth-badge", "{all: [fourth-badge"},
			"achievement/big changed: routes/stack/requires/of/3: {any: [fourth-badge-of-several, fifth-badge-of-several]} => {all: [fourth-badge-of-several, fifth-badge-of-several]}",
		},
		{"a short list", []string{"advances_to: [r2]", "advances_to: [r2, r3]"}, "role/r changed: advances_to: [r2] => [r2, r3]"},
		{"a weight", []string{"weight: 2", "weight: 3"}, "role/r changed: optional/0/weight: 2 => 3"},
		{
			"the name of a level",
			[]string{"[Low, Mid, High]", "[Low, Medium, High]", "level: Mid,", "level: Medium,", "sql: Mid", "sql: Medium"},
			"scale/s changed: levels: [Low, Mid, High] => [Low, Medium, High]",
		},
		{"settings", []string{"currency: EUR", "currency: EUR, rates: {USD: 0.92}"}, "unspecified/settings changed: rates:  => {USD: 0.92}"},
		{"an entry more", []string{"ladders:", "issuers: [{id: i}]\nladders:"}, "issuer/i added"},
		{"an entry less", []string{"  - {id: b, type: badge, title: B}\n", ""}, "achievement/b retired: status:  => retired"},
		{"retired by hand", []string{"{id: b, type: badge, title: B}", "{id: b, type: badge, title: B, status: retired}"}, "achievement/b retired: status:  => retired"},
		{"taken over", []string{"catalog: x", "catalog: other"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			base := published(t, diffBase)
			text := diffBase
			for i := 0; i+1 < len(row.edit); i += 2 {
				if !strings.Contains(text, row.edit[i]) {
					t.Fatalf("the file has no %q", row.edit[i])
				}
				text = strings.ReplaceAll(text, row.edit[i], row.edit[i+1])
			}
			files := decodeGood(t, CatalogOptions{}, File{"f.yaml", []byte(text)})
			batch, changes := DiffCatalog(base, files, row.name == "an entry less")
			if row.name == "taken over" {
				for _, c := range changes {
					if d := cmp.Diff([]FieldChange{{"catalog", "x", "other"}}, c.Fields); d != "" || c.Action != graph.EntryChanged {
						t.Errorf("%v %s %v:\n%s", c.Kind, c.ID, c.Action, d)
					}
				}
				// Settings, conversions and scales that say the same stay the first one's.
				if want := files.Batch.Len() - 1 - len(files.Batch.Conversions) - len(files.Batch.Scales) - len(files.Batch.Issuers) - len(files.Batch.Frameworks); len(changes) != want {
					t.Errorf("%d changes, want %d", len(changes), want)
				}
				return
			}
			var got []string
			for _, c := range changes {
				var fields []string
				for _, f := range c.Fields {
					fields = append(fields, f.Path+": "+f.Before+" => "+f.After)
				}
				kind := c.Kind.String()
				if c.Kind == graph.KindUnspecified {
					kind = "unspecified"
				}
				line := fmt.Sprintf("%s/%s %s", kind, c.ID, c.Action)
				if len(fields) > 0 {
					line += ": " + strings.Join(fields, "; ")
				}
				got = append(got, line)
			}
			if d := cmp.Diff(row.want, strings.Join(got, "\n")); d != "" {
				t.Errorf("changes (-want +got):\n%s", d)
			}
			if n := batch.Len(); n != len(changes) {
				t.Errorf("%d entries would be published for %d changes", n, len(changes))
			}
		})
	}
}

// TestDiffCatalogFromNothing: on an empty store everything is added.
func TestDiffCatalogFromNothing(t *testing.T) {
	files := decodeGood(t, CatalogOptions{}, File{"f.yaml", []byte(diffBase)})
	batch, changes := DiffCatalog(nil, files, true)
	if batch.Len() != files.Batch.Len() || len(changes) != batch.Len() {
		t.Errorf("%d entries, %d changes; want %d", batch.Len(), len(changes), files.Batch.Len())
	}
	for _, c := range changes {
		if c.Action != graph.EntryAdded && c.ID != "settings" {
			t.Errorf("%v %s is %v", c.Kind, c.ID, c.Action)
		}
		if c.Action == graph.EntryAdded && len(c.Fields) > 0 {
			t.Errorf("%v %s has fields: %v", c.Kind, c.ID, c.Fields)
		}
	}
}

// TestDiffCatalogProperties: an entry that was published shows no difference to
// itself, and every change that is published shows one.
func TestDiffCatalogProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawBatch(t), drawBatch(t)
		base := graph.CompileBatch(canonicalEntries("x", before))
		same := &CatalogFiles{Name: "x", Batch: base.Entries()}
		if batch, changes := DiffCatalog(base, same, true); batch.Len() > 0 || len(changes) > 0 {
			t.Fatalf("what is published differs from itself: %v", changes)
		}
		_, changes := DiffCatalog(base, &CatalogFiles{Name: "x", Batch: canonicalEntries("x", after)}, true)
		for _, c := range changes {
			if c.Action != graph.EntryAdded && len(c.Fields) == 0 && !cmp.Equal(c.Before, c.After, cmpopts.EquateEmpty()) {
				t.Fatalf("%v %s changes no field:\n%s", c.Kind, c.ID, cmp.Diff(c.Before, c.After))
			}
		}
	})
}
