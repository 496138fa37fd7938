package graph

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func english(s string) Text { return NewText(Translation{"en", s}) }

func alsoEnglish(labels ...string) []Translation {
	out := make([]Translation, len(labels))
	for i, l := range labels {
		out[i] = Translation{"en", l}
	}
	return out
}

// searchCatalog has a few entries of each kind.
func searchCatalog() *Catalog {
	return CompileBatch(Batch{
		At: 1,
		Competencies: []Competency{
			{ID: "sql", Title: english("SQL"), AltLabels: alsoEnglish("Structured Query Language")},
			{ID: "analysis", Title: NewText(Translation{"en", "data analysis"}, Translation{"de", "Datenanalyse"}), AltLabels: alsoEnglish("analysing data")},
			{ID: "cpp", Title: english("C++")},
			{ID: "c", Title: english("C")},
			{ID: "resume", Title: NewText(Translation{"fr", "rédiger un résumé"})},
			{ID: "road", Title: NewText(Translation{"de", "Straßenbau"})},
			{ID: "old-analysis", Title: english("data analysis"), Retired: true},
		},
		Achievements: []Achievement{
			{ID: "basics", Title: english("SQL for Beginners")},
			{ID: "draft", Title: english("SQL for nobody"), Lifecycle: Lifecycle{Status: Draft}},
			{ID: "management", Title: english("Project Management")},
		},
		Roles: []Role{
			{ID: "analyst", Title: english("Data Analyst"), AltLabels: alsoEnglish("analyst of data", "number cruncher")},
			{ID: "senior-analyst", Title: english("Senior Data Analyst")},
			{ID: "scientist", Title: english("Data Scientist"), AltLabels: alsoEnglish("Data Analyst")},
		},
	})
}

func TestSearch(t *testing.T) {
	c := searchCatalog()
	for _, row := range []struct {
		name  string
		query Query
		want  []string // kind/id: match, label with the ranges in brackets
	}{
		{"title, then alternative label, then words", Query{Text: "data analyst"}, []string{
			"role/analyst: title [Data] [Analyst]", "role/scientist: label [Data] [Analyst]", "role/senior-analyst: words Senior [Data] [Analyst]",
		}},
		{"any order", Query{Text: "analyst data", Kinds: []Kind{KindRole}}, []string{
			"role/analyst: words [Data] [Analyst]", "role/scientist: words [Data] [Analyst]", "role/senior-analyst: words Senior [Data] [Analyst]",
		}},
		{"beginning of the title before words", Query{Text: "sq", Limit: 1}, []string{"competency/sql: prefix [SQ]L"}},
		{"an id before all else", Query{Text: "sql"}, []string{
			"competency/sql: id SQL", "achievement/basics: prefix [SQL] for Beginners",
		}},
		{"beginning of a word", Query{Text: "anal", Kinds: []Kind{KindCompetency}}, []string{
			"competency/analysis: words data [anal]ysis", "competency/old-analysis: words data [anal]ysis, retired",
		}},
		{"beginning of every word", Query{Text: "sen dat ana"}, []string{"role/senior-analyst: words [Sen]ior [Dat]a [Ana]lyst"}},
		{"retired last", Query{Text: "data analysis"}, []string{
			"competency/analysis: title [data] [analysis]", "competency/old-analysis: title [data] [analysis], retired",
		}},
		{"typing error", Query{Text: "scientsit"}, []string{"role/scientist: typos Data [Scientist]"}},
		{"typing error in an unfinished word", Query{Text: "mangem"}, []string{"achievement/management: typos Project [Management]"}},
		{"two typing errors in a long word", Query{Text: "projct menagemant"}, []string{"achievement/management: typos [Project] [Management]"}},
		{"two typing errors in a short word", Query{Text: "prjct"}, nil},
		{"no typing errors in three runes", Query{Text: "sqk"}, nil},
		{"not every word", Query{Text: "data plumber"}, nil},
		{"accents and case", Query{Text: "REDIGER resume"}, []string{"competency/resume: words [rédiger] un [résumé]"}},
		{"folded to two letters", Query{Text: "strassen"}, []string{"competency/road: prefix [Straßenbau]"}},
		{"another language", Query{Text: "datenanalyse"}, []string{"competency/analysis: title [Datenanalyse]"}},
		{"another language only", Query{Text: "cruncher", Languages: []Lang{"de"}}, nil},
		{"marks of a name", Query{Text: "c++"}, []string{"competency/cpp: title [C++]"}},
		{"an id", Query{Text: "senior-analyst"}, []string{"role/senior-analyst: id Senior Data Analyst"}},
		{"one kind", Query{Text: "sql", Kinds: []Kind{KindAchievement}}, []string{"achievement/basics: prefix [SQL] for Beginners"}},
		{"a page", Query{Text: "data", Kinds: []Kind{KindRole}, Limit: 1, Offset: 1}, []string{"role/scientist: prefix [Data] Scientist"}},
		{"beyond the last page", Query{Text: "data", Offset: 99}, nil},
		{"nothing asked", Query{Text: " -, "}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, h := range c.Search(row.query) {
				got = append(got, describe(h))
			}
			if diff := gocmp.Diff(row.want, got); diff != "" {
				t.Errorf("hits (-want +got):\n%s", diff)
			}
		})
	}
}

// A word in full goes before one that the word of the query only begins.
func TestSearchWholeWords(t *testing.T) {
	var b Batch
	for i, title := range []string{"Databases", "Data Analyst Lead", "Old Datasets", "Large Amounts of Data"} {
		b.Competencies = append(b.Competencies, Competency{ID: ID(fmt.Sprint("c", i)), Title: english(title)})
	}
	var got []string
	for _, h := range CompileBatch(b).Search(Query{Text: "data"}) {
		got = append(got, h.Label)
	}
	if diff := gocmp.Diff([]string{"Data Analyst Lead", "Databases", "Large Amounts of Data", "Old Datasets"}, got); diff != "" {
		t.Errorf("hits (-want +got):\n%s", diff)
	}
}

var matchNames = [...]string{"none", "typos", "words", "prefix", "label", "title", "id"}

func describe(h Hit) string {
	runes, out := []rune(h.Label), strings.Builder{}
	at := 0
	for _, r := range h.Ranges {
		out.WriteString(string(runes[at:r[0]]) + "[" + string(runes[r[0]:r[1]]) + "]")
		at = r[1]
	}
	out.WriteString(string(runes[at:]))
	if h.Retired {
		out.WriteString(", retired")
	}
	return fmt.Sprintf("%s/%s: %s %s", h.Kind, h.ID, matchNames[h.Match], out.String())
}

func TestResolve(t *testing.T) {
	c := searchCatalog()
	for _, row := range []struct {
		name       string
		kind       Kind
		text       string
		want       ID
		candidates []ID
	}{
		{"an id", KindRole, "analyst", "analyst", nil},
		{"a title, whatever the case", KindRole, "data ANALYST", "analyst", nil},
		{"an alternative label", KindRole, "number cruncher", "analyst", nil},
		{"the one in use of two titles", KindCompetency, "Data analysis", "analysis", nil},
		{"an id of another kind", KindRole, "sql", "", nil},
		{"part of titles", KindRole, "data", "", []ID{"analyst", "scientist", "senior-analyst"}},
		{"a typing error is not a name", KindRole, "data scientst", "", []ID{"scientist"}},
		{"nothing like it", KindRole, "plumber", "", nil},
		{"empty", KindRole, "", "", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, hits := c.Resolve(row.kind, row.text)
			var candidates []ID
			for _, h := range hits {
				candidates = append(candidates, h.ID)
			}
			if got != row.want || !slices.Equal(candidates, row.candidates) {
				t.Errorf("Resolve(%q) = %q, %q; want %q, %q", row.text, got, candidates, row.want, row.candidates)
			}
		})
	}
	twice := CompileBatch(Batch{At: 1, Roles: []Role{{ID: "b", Title: english("Lead")}, {ID: "a", Title: english("lead")}, {ID: "c", Title: english("Lead of leads")}}})
	if got, hits := twice.Resolve(KindRole, "lead"); got != "" || len(hits) != 2 || hits[0].ID != "a" || hits[1].ID != "b" {
		t.Errorf("Resolve of a title of two = %q, %v; want the two of them", got, hits)
	}
}

// TestSearchAgreesWithReading compares the index with reading every label.
func TestSearchAgreesWithReading(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"data", "datum", "dat", "analyst", "analysis", "sql", "of", "Ärzte", "arzt"})
		phrase := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(word, 1, 4).Draw(t, "words"), " ") })
		var b Batch
		for i := range rapid.IntRange(1, 8).Draw(t, "entries") {
			b.Competencies = append(b.Competencies, Competency{
				ID: ID(fmt.Sprint("c", i)), Title: english(phrase.Draw(t, "title")), Retired: rapid.Bool().Draw(t, "retired"),
				AltLabels: alsoEnglish(rapid.SliceOfN(phrase, 0, 3).Draw(t, "labels")...),
			})
		}
		text := phrase.Draw(t, "query")
		if cut := rapid.IntRange(0, len(text)-1).Draw(t, "cut"); cut > 0 && text[cut-1] < 0x80 && text[cut] < 0x80 {
			text = text[:cut]
		}
		words := searchWords(text)
		type ranked struct {
			id    ID
			key   [5]int
			label string
		}
		var want []ranked
		for _, e := range b.Competencies {
			best := ranked{}
			for i, l := range append([]Translation{e.Title[0]}, e.AltLabels...) {
				has := searchWords(l.Value)
				match := MatchWords
				for _, w := range words {
					if !slices.ContainsFunc(has, func(x string) bool { return strings.HasPrefix(x, w) }) {
						match = MatchNone
					}
				}
				n := len(words)
				switch {
				case match == MatchNone:
					continue
				case slices.Equal(has, words) && i == 0:
					match = MatchTitle
				case slices.Equal(has, words):
					match = MatchLabel
				case i == 0 && len(has) >= n && slices.Equal(has[:n-1], words[:n-1]) && strings.HasPrefix(has[n-1], words[n-1]):
					match = MatchPrefix
				}
				retired, alt, whole := 0, min(i, 1), 0
				for _, w := range words {
					if slices.Contains(has, w) {
						whole++
					}
				}
				if e.Retired {
					retired = 1
				}
				r := ranked{e.ID, [5]int{retired, -int(match), -whole, len([]rune(l.Value)), alt}, l.Value}
				if best.id == "" || slices.Compare(r.key[:], best.key[:]) < 0 {
					best = r
				}
			}
			if best.id != "" {
				want = append(want, best)
			}
		}
		slices.SortFunc(want, func(a, b ranked) int {
			return cmp.Or(slices.Compare(a.key[:], b.key[:]), cmp.Compare(a.id, b.id))
		})
		var got, wanted []string
		for _, h := range CompileBatch(b).Search(Query{Text: text}) {
			if h.Match != MatchTypos {
				got = append(got, string(h.ID)+" "+h.Label)
			}
		}
		for _, r := range want {
			wanted = append(wanted, string(r.id)+" "+r.label)
		}
		if diff := gocmp.Diff(wanted, got); diff != "" {
			t.Fatalf("hits of %q (-reading +index):\n%s", text, diff)
		}
	})
}

func TestEditDistance(t *testing.T) {
	// reference is the whole table, without a limit.
	reference := func(a, b []rune) int {
		d := make([][]int, len(a)+1)
		for i := range d {
			d[i] = make([]int, len(b)+1)
			for j := range d[i] {
				switch {
				case i == 0:
					d[i][j] = j
				case j == 0:
					d[i][j] = i
				default:
					d[i][j] = min(d[i-1][j], d[i][j-1], d[i-1][j-1]) + 1
					if a[i-1] == b[j-1] {
						d[i][j] = min(d[i][j], d[i-1][j-1])
					}
					if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
						d[i][j] = min(d[i][j], d[i-2][j-2]+1)
					}
				}
			}
		}
		return d[len(a)][len(b)]
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SliceOfN(rapid.SampledFrom([]rune("abcä")), 0, 40)
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		if rapid.Bool().Draw(t, "similar") {
			b = slices.Clone(a)
			for range rapid.IntRange(0, 3).Draw(t, "edits") {
				if len(b) > 0 {
					b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] = 'c'
				}
			}
		}
		most := rapid.IntRange(0, 4).Draw(t, "most")
		got, ok := editDistance(a, b, most)
		if want := reference(a, b); ok != (want <= most) || ok && got != want {
			t.Fatalf("editDistance(%q, %q, %d) = %d, %v; want %d", string(a), string(b), most, got, ok, want)
		}
	})
}

func TestMatchName(t *testing.T) {
	for _, row := range []struct {
		query, name string
		want        Match
		ranges      [][2]int
	}{
		{"ada lovelace", "Ada Lovelace", MatchTitle, [][2]int{{0, 3}, {4, 12}}},
		{"ada l", "Ada Lovelace", MatchPrefix, [][2]int{{0, 3}, {4, 5}}},
		{"lovelace, ada", "Ada Lovelace", MatchWords, [][2]int{{0, 3}, {4, 12}}},
		{"loveluce", "Ada Lovelace", MatchTypos, [][2]int{{4, 12}}},
		{"muller", "Jörg Müller", MatchWords, [][2]int{{5, 11}}},
		{"ada byron", "Ada Lovelace", MatchNone, nil},
		{"", "Ada Lovelace", MatchNone, nil},
	} {
		m, where, ok := MatchName(row.query, row.name)
		if m != row.want || ok != (row.want != MatchNone) || gocmp.Diff(row.ranges, where) != "" {
			t.Errorf("MatchName(%q, %q) = %v, %v, %v; want %v, %v", row.query, row.name, m, where, ok, row.want, row.ranges)
		}
	}
}

// bigCatalog has the size of ESCO: 14,000 competencies with ten labels each and
// 3,000 roles with twenty.
func bigCatalog() *Catalog {
	rnd := rand.New(rand.NewPCG(1, 2))
	vocabulary := make([]string, 18000)
	for i := range vocabulary {
		w := make([]byte, 4+rnd.IntN(9))
		for j := range w {
			w[j] = "etaoinshrdlucmfgypbv"[rnd.IntN(20)*rnd.IntN(20)/20]
		}
		vocabulary[i] = string(w)
	}
	phrase := func() string {
		w := make([]string, 2+rnd.IntN(4))
		for i := range w {
			w[i] = vocabulary[rnd.IntN(len(vocabulary))*rnd.IntN(len(vocabulary))/len(vocabulary)]
		}
		return strings.Join(w, " ")
	}
	labels := func(n int) []Translation {
		out := make([]string, n)
		for i := range out {
			out[i] = phrase()
		}
		return alsoEnglish(out...)
	}
	b := Batch{At: 1}
	for i := range 14000 {
		b.Competencies = append(b.Competencies, Competency{ID: ID(fmt.Sprint("http://example.org/skill/", i)), Title: english(phrase()), AltLabels: labels(9)})
	}
	for i := range 3000 {
		b.Roles = append(b.Roles, Role{ID: ID(fmt.Sprint("http://example.org/role/", i)), Title: english(phrase()), AltLabels: labels(19)})
	}
	return CompileBatch(b)
}

func BenchmarkSearch(b *testing.B) {
	c := bigCatalog()
	b.Run("build", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.search = searchIndex{}
			c.search.of(c)
		}
	})
	title := []rune(c.reg.roles.rows[7].value[0].Title[0].Value)
	swapped := slices.Clone(title)
	swapped[1], swapped[2] = swapped[2], swapped[1]
	for _, q := range []struct{ name, text string }{
		{"title", string(title)}, {"one letter", "e"}, {"three letters", string(title[:3])}, {"typing error", string(swapped)},
	} {
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				c.Search(Query{Text: q.text, Limit: 20})
			}
		})
	}
	b.Run("a million names", func(b *testing.B) {
		names := make([]string, 1000)
		for i := range names {
			names[i] = FoldName(c.reg.roles.rows[i].value[0].Title[0].Value)
		}
		q := NewNameQuery("lovel ada")
		for b.Loop() {
			for i := range 1_000_000 {
				q.MatchFolded(names[i%len(names)], false)
			}
		}
	})
}
