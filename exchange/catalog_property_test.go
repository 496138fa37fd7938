package exchange

import (
	"bytes"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/cairn-skills/cairn/graph"
)

// The generators below draw any entry that a catalog file can say, with every
// field of every type, so that a field that is not written or not read is found.

var (
	anyID   = rapid.OneOf(rapid.StringMatching(`[a-z][a-z0-9-]{0,8}`), rapid.SampledFrom([]string{"http://x.example/a/b#c", "42", "true", "2027-01-01", "a:b", "-", "[x]", "é", "id", "null", "a'b\"c", "~", "#1", "kind", strings.Repeat("\"", 512)}))
	anyText = rapid.OneOf(
		rapid.StringMatching(`[A-Za-z][a-z ,:#-]{0,20}[a-z]`),
		rapid.SampledFrom([]string{
			"two\nlines", "two\nlines\n", "\n", " led", "trailed ", "a: b", "a #b", "- a", "? a", "{a}", "[a]", "a, b", "yes", "null", "~", "12", "0x1f", "1e3",
			"2027-01-01", "'", "\"", "\\", "tab\there", "\ttab", "nel\u0085x", "ls\u2028x", "bom\ufeff", "nbsp\u00a0x", "emoji 🎒", "c1\u009d", "cr\rlf\r\n",
			"a\n\nb", "a\n b", "\na", "a\n\n", "%x", "@x", "`x", "!x", "&x", "*x", "|", ">", "---", "...", "a\n---\nb", "Übung", "日本", "\U000F0000", "<<",
		}),
		rapid.String().Filter(func(s string) bool { _, ok := badRune(s); return ok && s != "" && !strings.ContainsRune(s, '\uFFFD') }),
	)
)

func drawID(t *rapid.T) graph.ID { return graph.ID(anyID.Draw(t, "id")) }

func drawIDs(t *rapid.T) []graph.ID {
	return rapid.SliceOfNDistinct(rapid.Custom(drawID), 0, 3, rapid.ID[graph.ID]).Draw(t, "ids")
}

func drawMaybe[T any](t *rapid.T, draw func(*rapid.T) T) T {
	var zero T
	if rapid.Bool().Draw(t, "there") {
		return draw(t)
	}
	return zero
}

func drawString(t *rapid.T) string { return anyText.Draw(t, "text") }

func drawTranslation(t *rapid.T) graph.Translation {
	return graph.Translation{Lang: graph.Lang(rapid.SampledFrom([]string{"en", "de", "no", "pt-BR"}).Draw(t, "lang")), Value: drawString(t)}
}

func drawText(t *rapid.T) graph.Text {
	return graph.NewText(rapid.SliceOfN(rapid.Custom(drawTranslation), 0, 3).Draw(t, "texts")...)
}

func drawLabels(t *rapid.T) []graph.Translation {
	return rapid.SliceOfN(rapid.Custom(drawTranslation), 0, 3).Draw(t, "labels")
}

func drawLevel(t *rapid.T) graph.Level { return graph.Level(rapid.IntRange(1, 100).Draw(t, "level")) }

func drawRigor(t *rapid.T) graph.Rigor {
	return graph.Rigor(rapid.IntRange(0, graph.Rigors).Draw(t, "rigor"))
}

func drawInstant(t *rapid.T) graph.Instant {
	day := rapid.Int64Range(0, 40_000).Draw(t, "day") * 86_400_000
	return graph.Instant(day + rapid.SampledFrom([]int64{1, -3_600_000, -7_200_000, 86_400_000, 12_345}).Draw(t, "time"))
}

func drawSum(t *rapid.T) int64 {
	return rapid.SampledFrom([]int64{0, 1, 10, 25, 100, 150, 199, 600, 12_345}).Draw(t, "sum")
}

func drawCurrency(t *rapid.T) graph.Currency {
	return graph.Currency(rapid.SampledFrom([]string{"EUR", "JPY", "KWD", "GBP"}).Draw(t, "currency"))
}

func drawMoney(t *rapid.T) graph.Money {
	return graph.Money{Amount: drawSum(t), Currency: drawMaybe(t, drawCurrency)}
}

func drawAlignments(t *rapid.T) []graph.Alignment {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) graph.Alignment {
		return graph.Alignment{
			Type: graph.AlignmentType(rapid.IntRange(1, 5).Draw(t, "type")), Target: drawID(t),
			TargetName: drawMaybe(t, drawString), Framework: drawMaybe(t, drawString),
		}
	}), 0, 2).Draw(t, "alignments")
}

func drawByCategory(t *rapid.T) []graph.CategoryCredits {
	var out []graph.CategoryCredits
	for _, id := range drawIDs(t) {
		out = append(out, graph.CategoryCredits{Category: id, Credits: drawSum(t)})
	}
	return out
}

func drawRule(depth int) func(t *rapid.T) graph.Requirement {
	return func(t *rapid.T) graph.Requirement {
		var q graph.Requirement
		of := func() []graph.Requirement {
			return rapid.SliceOfN(rapid.Custom(drawRule(depth-1)), 0, 3).Draw(t, "of")
		}
		kinds := 3
		if depth > 0 {
			kinds = 6
		}
		switch rapid.IntRange(1, kinds).Draw(t, "op") {
		case 1:
			q = graph.Holds(drawID(t))
			q.Issuers, q.MinRigor = drawIDs(t), drawRigor(t)
			q.FreshWithinMonths = rapid.IntRange(0, 30).Draw(t, "fresh")
		case 2:
			q = graph.AtLevel(drawID(t), drawLevel(t))
			q.MinRigor = drawRigor(t)
		case 3:
			q = graph.Requirement{Op: graph.OpTenure, Months: rapid.IntRange(0, 40).Draw(t, "months")}
			if rapid.Bool().Draw(t, "family") {
				q.Family = drawID(t)
			} else {
				q.Role = drawID(t)
			}
		case 4, 5:
			q = graph.AtLeast(rapid.IntRange(0, 4).Draw(t, "k"), of()...)
			q.Sharing = graph.Sharing(rapid.IntRange(0, 1).Draw(t, "sharing"))
		default:
			q = graph.Requirement{Op: graph.OpCredits, Credits: drawSum(t), Min: drawByCategory(t), Max: drawByCategory(t)}
			q.Sharing = graph.Sharing(rapid.IntRange(0, 1).Draw(t, "sharing"))
			if rapid.Bool().Draw(t, "category") {
				q.OverCategory = drawID(t)
				break
			}
			q.Of = of()
			for i := range q.Of {
				c := &q.Of[i]
				c.TermCredits, c.TermCategory = drawSum(t), drawMaybe(t, drawID)
				if c.Op == graph.OpHolds && rapid.Bool().Draw(t, "own") {
					c.TermCredits = graph.OwnCredits
				}
			}
		}
		if rapid.IntRange(0, 4).Draw(t, "named") == 0 {
			q.Node = string(drawID(t))
		}
		return q
	}
}

func drawLifecycle(t *rapid.T) graph.Lifecycle {
	l := graph.Lifecycle{
		Status: graph.Status(rapid.IntRange(1, 3).Draw(t, "status")), EffectiveFrom: drawMaybe(t, drawInstant),
		OnChange: graph.ChangePolicy(rapid.IntRange(0, 2).Draw(t, "policy")), ReplacedBy: drawMaybe(t, drawID),
	}
	if l.OnChange == graph.Grace {
		l.GraceUntil = drawInstant(t)
	}
	return l
}

func drawRoute(t *rapid.T) graph.Route {
	r := graph.Route{
		ID: drawID(t), Kind: graph.RouteKind(rapid.IntRange(1, 4).Draw(t, "kind")), EffortMinutes: drawSum(t), Price: drawMoney(t),
		ElapsedWeeks: drawSum(t), Award: graph.AwardMode(rapid.IntRange(0, 2).Draw(t, "award")),
		URL: drawMaybe(t, drawString), SuggestedAfter: drawIDs(t),
	}
	if rapid.Bool().Draw(t, "requires") {
		q := drawRule(3)(t)
		r.Requires = &q
	}
	return r
}

func drawBatch(t *rapid.T) graph.Batch {
	var b graph.Batch
	if rapid.Bool().Draw(t, "settings") {
		s := graph.Settings{
			Language: graph.Lang(rapid.SampledFrom([]string{"", "en", "de"}).Draw(t, "language")), Currency: drawMaybe(t, drawCurrency),
			Zone:            rapid.SampledFrom([]string{"", "UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia"}).Draw(t, "zone"),
			DefaultMinRigor: drawRigor(t), ExactMatchImplies: rapid.Bool().Draw(t, "implies"),
		}
		for _, c := range rapid.SliceOfNDistinct(rapid.Custom(drawCurrency), 0, 2, rapid.ID[graph.Currency]).Draw(t, "rates") {
			s.Rates = append(s.Rates, graph.Rate{From: c, Numerator: rapid.Int64Range(1, 1000).Draw(t, "n"), Denominator: rapid.Int64Range(1, 1000).Draw(t, "d")})
		}
		b.Settings = &s
	}
	entries := func() []graph.ID { return drawIDs(t) }
	for _, id := range entries() {
		levels := rapid.SliceOfN(rapid.Custom(drawText).Filter(func(x graph.Text) bool { return len(x) > 0 }), 0, 4).Draw(t, "levels")
		b.Scales = append(b.Scales, graph.Scale{ID: id, Title: drawText(t), Levels: levels})
	}
	for _, id := range entries() {
		levels := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 5), func(i int) graph.Level { return graph.Level(i) }), 0, 3).Draw(t, "levels")
		b.Conversions = append(b.Conversions, graph.Conversion{From: id, To: drawID(t), Levels: levels})
	}
	for _, id := range entries() {
		b.Frameworks = append(b.Frameworks, graph.Framework{
			ID: id, Title: drawText(t), Description: drawText(t), URL: drawMaybe(t, drawString), Version: drawMaybe(t, drawString), Publisher: drawMaybe(t, drawString),
		})
		b.Issuers = append(b.Issuers, graph.Issuer{ID: id, Title: drawText(t), URL: drawMaybe(t, drawString)})
	}
	for _, id := range entries() {
		c := graph.Competency{
			ID: id, Framework: drawMaybe(t, drawID), Kind: graph.CompetencyKind(rapid.IntRange(0, 6).Draw(t, "kind")), Scale: drawMaybe(t, drawID),
			Title: drawText(t), AltLabels: drawLabels(t), Description: drawText(t), Broader: drawIDs(t), Alignments: drawAlignments(t),
			Retired: rapid.Bool().Draw(t, "retired"), ReplacedBy: drawMaybe(t, drawID),
		}
		for range rapid.IntRange(0, 2).Draw(t, "implies") {
			c.Implies = append(c.Implies, graph.Implication{Level: drawLevel(t), Competency: drawID(t), ToLevel: drawLevel(t)})
		}
		b.Competencies = append(b.Competencies, c)
	}
	for _, id := range entries() {
		b.Achievements = append(b.Achievements, drawAchievement(t, id))
	}
	for _, id := range entries() {
		b.Roles = append(b.Roles, drawRole(t, id))
	}
	for _, id := range entries() {
		b.Ladders = append(b.Ladders, graph.Ladder{ID: id, Title: drawText(t), Description: drawText(t), Roles: drawIDs(t), Retired: rapid.Bool().Draw(t, "retired")})
	}
	return b
}

func drawAchievement(t *rapid.T, id graph.ID) graph.Achievement {
	a := graph.Achievement{
		ID: id, Lifecycle: drawLifecycle(t), Type: graph.AchievementType(rapid.IntRange(1, 7).Draw(t, "type")), Issuer: drawMaybe(t, drawID),
		Title: drawText(t), AltLabels: drawLabels(t), Description: drawText(t), Criteria: graph.Criteria{Narrative: drawText(t), URL: drawMaybe(t, drawString)},
		Credits: drawSum(t), Category: drawMaybe(t, drawID), Rigor: drawRigor(t), FollowsParts: rapid.Bool().Draw(t, "follows"),
		Enforce: rapid.Bool().Draw(t, "enforce"), Alignments: drawAlignments(t),
	}
	switch rapid.IntRange(0, 2).Draw(t, "validity") {
	case 1:
		a.Validity.Months = rapid.IntRange(1, 40).Draw(t, "months")
	case 2:
		a.Validity.Until = drawInstant(t)
	}
	for _, c := range drawIDs(t) {
		a.Attests = append(a.Attests, graph.Attestation{Competency: c, Level: drawLevel(t)})
	}
	a.Routes = rapid.SliceOfNDistinct(rapid.Custom(drawRoute), 0, 3, func(r graph.Route) graph.ID { return r.ID }).Draw(t, "routes")
	return a
}

func drawRole(t *rapid.T, id graph.ID) graph.Role {
	o := graph.Role{
		ID: id, Lifecycle: drawLifecycle(t), Title: drawText(t), AltLabels: drawLabels(t), Description: drawText(t), Family: drawMaybe(t, drawID),
		Rank: rapid.IntRange(0, 9).Draw(t, "rank"), Threshold: drawSum(t), AdvancesTo: drawIDs(t), MovesTo: drawIDs(t), Alignments: drawAlignments(t),
	}
	if rapid.Bool().Draw(t, "essential") {
		q := drawRule(3)(t)
		o.Essential = &q
	}
	for range rapid.IntRange(0, 2).Draw(t, "optional") {
		o.Optional = append(o.Optional, graph.Optional{Requirement: drawRule(2)(t), Weight: drawSum(t)})
	}
	return o
}

// TestEncodeProperties: whatever a catalog file can say is read back as it was,
// and written again as the same bytes.
func TestEncodeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBatch(t)
		files, err := EncodeCatalog("x", b, CatalogOptions{})
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		c, err := DecodeCatalog(files, CatalogOptions{})
		if err != nil || len(c.Problems) > 0 {
			t.Fatalf("decode: %v\n%s", c.Problems, files[0].Content)
		}
		if d := cmp.Diff(canonicalEntries("x", b), c.Batch, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("read back (-want +got):\n%s\n%s", d, files[0].Content)
		}
		again, err := EncodeCatalog("x", c.Batch, CatalogOptions{})
		if err != nil || !bytes.Equal(files[0].Content, again[0].Content) {
			t.Fatalf("written again: %v\n%s", err, cmp.Diff(string(files[0].Content), string(again[0].Content)))
		}
	})
}

// TestDrawBatchFillsEveryField keeps the generators above honest: a field that is
// added to an entry and forgotten there is found here.
func TestDrawBatchFillsEveryField(t *testing.T) {
	seen := map[string]bool{}
	var look func(path string, v reflect.Value)
	look = func(path string, v reflect.Value) {
		if !v.IsZero() {
			seen[path] = true
		}
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				look(path, v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				look(path, v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				look(v.Type().Name()+"."+v.Type().Field(i).Name, v.Field(i))
			}
		default:
		}
	}
	gen := rapid.Custom(drawBatch)
	for seed := range 300 {
		look("", reflect.ValueOf(gen.Example(seed)))
	}
	var missing []string
	var walk func(reflect.Type)
	walk = func(v reflect.Type) {
		switch v.Kind() {
		case reflect.Pointer, reflect.Slice:
			walk(v.Elem())
		case reflect.Struct:
			for f := range v.Fields() {
				switch name := v.Name() + "." + f.Name; {
				case !seen[name]:
					missing = append(missing, name)
				case name != "Requirement.Of": // which is a Requirement again
					walk(f.Type)
				}
			}
		default:
		}
	}
	walk(reflect.TypeFor[graph.Batch]())
	// Set by others than the files, and the facts about people.
	others := []string{
		"Batch.Key", "Batch.If", "Batch.IfSet", "Batch.Revision", "Batch.At", "Batch.People", "Batch.Assignments", "Batch.Awards", "Batch.Claims",
		"Batch.Personal", "Batch.Derived", "Lifecycle.Version",
	}
	missing = slices.DeleteFunc(missing, func(s string) bool {
		return slices.Contains(others, s) || strings.HasSuffix(s, ".Source")
	})
	if len(missing) > 0 {
		t.Errorf("drawBatch never sets %v", missing)
	}
}

func FuzzDecodeCatalog(f *testing.F) {
	for _, file := range exampleFiles(f) {
		f.Add(file.Content, false)
	}
	f.Add([]byte(`{"catalog": "x", "roles": [{"id": "r", "title": {"de": "\ud83c\udf92"}, "requires": {"any": ["a", {"tenure": "r", "months": 3}]}}]}`), true)
	f.Add([]byte("catalog: x\nroles: [{id: &a r, <<: *a}]\n---\n"), false)
	f.Add([]byte("catalog: x\nscales:\n- {id: s, levels: [a, {de: b}, \"3\"]}\ncompetencies:\n- {id: c, scale: s, implies: [{level: a, competency: c, to: 2}]}\n"), false)
	f.Add([]byte("catalog: x\nsettings: {zone: America/Sao_Paulo, rates: {USD: 10/13}}\neffective_from: 2018-11-04\nachievements: [{id: a, type: badge, valid_until: 2018-11-03}]\n"), false)
	if text, err := os.ReadFile(catalogSchemaFile); err == nil {
		f.Add(text[:4000], true)
	}
	f.Fuzz(func(t *testing.T, text []byte, asJSON bool) {
		if len(text) > 64<<10 {
			return
		}
		name := "f.yaml"
		if asJSON {
			name = "f.json"
		}
		start := time.Now()
		c, err := DecodeCatalog([]File{{name, text}}, CatalogOptions{})
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%d bytes took %v", len(text), took)
		}
		for _, p := range c.Problems {
			if p.Code == "" || p.Message == "" || p.Hint == "" || p.Severity == graph.SeverityUnspecified {
				t.Errorf("the problem %+v says too little", p)
			}
			if lines := 1 + bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")) + bytes.Count(text, []byte("\xc2\x85")) + bytes.Count(text, []byte("\xe2\x80")); p.Line < 0 || p.Line > lines+1 {
				t.Errorf("the problem %v is in line %d of %d", p, p.Line, lines)
			}
		}
		if err != nil {
			return
		}
		files, err := EncodeCatalog(c.Name, c.Batch, CatalogOptions{})
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := DecodeCatalog(files, CatalogOptions{})
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", again.Problems, files[0].Content)
		}
		if d := cmp.Diff(c.Batch, again.Batch, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("read back (-first +second):\n%s", d)
		}
	})
}
