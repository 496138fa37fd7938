package exchange_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/exchange"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// realESCO is ESCO 1.1.1 in English as it was published.
func realESCO(tb testing.TB) fs.FS {
	tb.Helper()
	return os.DirFS(filepath.Join(graphtest.SharedDir(tb), "data", "esco-1.1.1-en"))
}

func decodeESCO(tb testing.TB, fsys fs.FS, opts exchange.ESCOOptions) (graph.Batch, exchange.Report) {
	tb.Helper()
	var batch graph.Batch
	n := 0
	report, err := exchange.DecodeESCO(tb.Context(), fsys, opts, func(b graph.Batch) error {
		n++
		batch = b
		return nil
	})
	if err != nil {
		tb.Fatalf("DecodeESCO: %v", err)
	}
	if n != 1 {
		tb.Fatalf("emit was called %d times, want 1", n)
	}
	return batch, report
}

func TestRealESCORows(t *testing.T) {
	_, report := decodeESCO(t, realESCO(t), exchange.ESCOOptions{})
	want := []exchange.Count{
		{"conceptSchemes_en.csv.gz", "concept schemes", 19, 19, 0},
		{"ISCOGroups_en.csv.gz", "ISCO groups", 619, 619, 0},
		{"skillGroups_en.csv.gz", "skill groups", 640, 640, 0},
		{"skills_en.csv.gz", "skills", 13896, 13896, 0},
		{"occupations_en.csv.gz", "occupations", 3007, 3007, 0},
		{"broaderRelationsSkillPillar.csv.gz", "broader links of skills", 20656, 20649, 7},
		{"broaderRelationsOccPillar.csv.gz", "broader links of occupations", 3617, 3616, 1},
		{"occupationSkillRelations.csv.gz", "skills of occupations", 123855, 123788, 67},
		{"skillSkillRelations.csv.gz", "skills of skills", 5899, 5898, 1},
		{"skillsHierarchy_en.csv.gz", "hierarchy of skill groups", 647, 647, 0},
		{"digCompSkillsCollection_en.csv.gz", "members of a collection", 26, 26, 0},
		{"digitalSkillsCollection_en.csv.gz", "members of a collection", 1201, 1201, 0},
		{"greenSkillsCollection_en.csv.gz", "members of a collection", 570, 570, 0},
		{"languageSkillsCollection_en.csv.gz", "members of a collection", 346, 346, 0},
		{"researchOccupationsCollection_en.csv.gz", "members of a collection", 122, 122, 0},
		{"researchSkillsCollection_en.csv.gz", "members of a collection", 40, 40, 0},
		{"transversalSkillsCollection_en.csv.gz", "members of a collection", 96, 96, 0},
	}
	if diff := cmp.Diff(want, report.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestRealESCOFindings(t *testing.T) {
	_, report := decodeESCO(t, realESCO(t), exchange.ESCOOptions{})
	type key struct{ code, file string }
	got := make(map[key]int)
	for _, f := range report.Findings {
		if f.Code != "not-carried-over" {
			got[key{f.Code, f.File}]++
		}
		if f.Severity == exchange.Refused && f.Line == 0 {
			t.Errorf("a refused row has no line: %s", f)
		}
	}
	want := map[key]int{
		{"other-file", "README.md"}:                                1,
		{"empty-skill-type", "skills_en.csv.gz"}:                   6,
		{"empty-skill-type", "occupationSkillRelations.csv.gz"}:    5,
		{"unknown-skill", "broaderRelationsSkillPillar.csv.gz"}:    7,
		{"unknown-skill", "skillsHierarchy_en.csv.gz"}:             10,
		{"unknown-occupation", "broaderRelationsOccPillar.csv.gz"}: 1,
		{"unknown-occupation", "occupationSkillRelations.csv.gz"}:  67,
		{"self-loop", "skillSkillRelations.csv.gz"}:                1,
		{"ragged-row", "skillsHierarchy_en.csv.gz"}:                189,
		{"no-essential-skill", "occupations_en.csv.gz"}:            1,
		{"repeated-label", ""}:                                     1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings by code and file (-want +got):\n%s", diff)
	}
	const dangling = "http://data.europa.eu/esco/occupation/a9e54177-a185-404d-b6e6-15663d31137e"
	line := 84425
	for _, f := range report.Findings {
		if f.Code == "unknown-occupation" && f.File == "occupationSkillRelations.csv.gz" {
			if f.Subject != dangling || f.Line != line {
				t.Fatalf("dangling relation is reported as %s of %s, want line %d of %s", f, f.Subject, line, dangling)
			}
			line++
		}
		if f.Code == "self-loop" && f.Line != 4645 {
			t.Errorf("self-loop is reported as %s, want line 4645", f)
		}
	}
	left := 0
	for _, f := range report.Findings {
		if f.Code == "not-carried-over" && f.File == "skillSkillRelations.csv.gz" {
			left += f.Count
		}
	}
	if left != 191+5707 {
		t.Errorf("%d relations between skills are reported as not carried over, want %d", left, 191+5707)
	}
}

func TestRealESCOEntries(t *testing.T) {
	batch, report := decodeESCO(t, realESCO(t), exchange.ESCOOptions{Version: "1.1.1"})
	kinds := make(map[graph.CompetencyKind]int)
	links, severalParents, most, implications := 0, 0, 0, 0
	for _, c := range batch.Competencies {
		kinds[c.Kind]++
		links += len(c.Broader)
		implications += len(c.Implies)
		most = max(most, len(c.Broader))
		if len(c.Broader) > 1 {
			severalParents++
		}
	}
	if diff := cmp.Diff(map[graph.CompetencyKind]int{graph.Skill: 10831 + 6, graph.Knowledge: 3059, graph.SkillGroup: 640}, kinds); diff != "" {
		t.Errorf("competencies by kind (-want +got):\n%s", diff)
	}
	if links != 20649 || severalParents != 4646 || most != 9 || implications != 0 {
		t.Errorf("links %d, with several parents %d, most parents %d, implications %d; want 20649, 4646, 9, 0", links, severalParents, most, implications)
	}
	if len(batch.Roles) != 3007 || len(batch.Achievements) != 0 || len(batch.Frameworks) != 1 {
		t.Errorf("%d roles, %d achievements, %d frameworks; want 3007, 0, 1", len(batch.Roles), len(batch.Achievements), len(batch.Frameworks))
	}
	essential, optional := 0, 0
	roles := make(map[string]*graph.Role)
	for i := range batch.Roles {
		r := &batch.Roles[i]
		roles[r.Title.In("en").Value] = r
		if r.Essential != nil {
			essential += len(r.Essential.Of)
			if r.Essential.K != len(r.Essential.Of) {
				t.Errorf("%s asks for %d of %d essential skills, want all", r.ID, r.Essential.K, len(r.Essential.Of))
			}
		}
		optional += len(r.Optional)
		if r.Threshold != 0 {
			t.Errorf("%s has the threshold %d, want 0", r.ID, r.Threshold)
		}
		if r.Source.Catalog != "esco" {
			t.Errorf("%s comes from %q, want esco", r.ID, r.Source.Catalog)
		}
	}
	if essential+optional != 123788 {
		t.Errorf("%d essential and %d optional skills, want 123788 in all", essential, optional)
	}
	for _, tt := range []struct {
		title               string
		essential, optional int
		code                string
	}{
		{"data analyst", 30, 22, "2511.3"},
		{"data scientist", 54, 21, "2511.4"},
		{"database administrator", 27, 39, "2521.1"},
		{"ethical hacker", 19, 41, "2529.4"},
		{"ICT security technician", 18, 60, "3512.3"},
		{"ICT security engineer", 36, 42, "2529.7"},
		{"chief ICT security officer", 29, 35, "2529.1"},
	} {
		r := roles[tt.title]
		if r == nil {
			t.Errorf("no role %q", tt.title)
			continue
		}
		if len(r.Essential.Of) != tt.essential || len(r.Optional) != tt.optional {
			t.Errorf("%s has %d essential and %d optional skills, want %d and %d", tt.title, len(r.Essential.Of), len(r.Optional), tt.essential, tt.optional)
		}
		want := graph.Alignment{Type: graph.ExactMatch, Target: r.ID, TargetName: tt.code + " " + tt.title, Framework: "ESCO 1.1.1"}
		if r.Alignments[0] != want {
			t.Errorf("%s is aligned to %+v, want %+v", tt.title, r.Alignments[0], want)
		}
		if want := graph.ID("http://data.europa.eu/esco/isco/C" + tt.code[:4]); r.Family != want {
			t.Errorf("%s is of family %s, want %s", tt.title, r.Family, want)
		}
	}
	first := batch.Roles[0]
	if p, ok := report.Place(graph.KindRole, first.ID); !ok || p.String() != "occupations_en.csv.gz:2" {
		t.Errorf("the first role is at %v, want occupations_en.csv.gz:2", p)
	}
	if want := "technical and operations director"; first.AltLabels[0].Value != want {
		t.Errorf("the first alternative label is %q, want %q", first.AltLabels[0].Value, want)
	}
}

func BenchmarkDecodeESCO(b *testing.B) {
	fsys := realESCO(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := exchange.DecodeESCO(b.Context(), fsys, exchange.ESCOOptions{Derive: exchange.DeriveBadges}, func(graph.Batch) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// sharedESCO is realESCO for who can do without.
func sharedESCO() (fs.FS, bool) {
	dir, ok := graphtest.FindShared()
	return os.DirFS(filepath.Join(dir, "data", "esco-1.1.1-en")), ok
}
