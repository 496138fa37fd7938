package exchange_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/exchange"
	"github.com/cairn-skills/cairn/graph"
)

// smallESCO is a set of files in the shape of ESCO, with two occupations, three
// skills and two groups; each call is a copy.
func smallESCO() map[string]string {
	return maps.Clone(map[string]string{
		"skills_en.csv": "conceptType,conceptUri,skillType,preferredLabel,altLabels,status,description\n" +
			"KnowledgeSkillCompetence,urn:s/1,skill/competence,query data,\"ask data\nquery data\n\nask data\",released,\"Ask,\nand ask again.\"\n" +
			"KnowledgeSkillCompetence,urn:s/2,knowledge,SQL,,released,\n" +
			"KnowledgeSkillCompetence,urn:s/3,skill/competence,draw charts,,released,\n",
		"skillGroups_en.csv": "conceptType,conceptUri,preferredLabel,status,code\n" +
			"SkillGroup,urn:g/a,data,released,S1\nSkillGroup,urn:g/b,pictures,released,S2\n",
		"ISCOGroups_en.csv": "conceptType,conceptUri,code,preferredLabel,status\n" +
			"ISCOGroup,urn:isco/C25,25,ICT professionals,released\nISCOGroup,urn:isco/C2511,2511,Analysts,released\n",
		"occupations_en.csv": "conceptType,conceptUri,iscoGroup,preferredLabel,altLabels,status,code\n" +
			"Occupation,urn:o/1,2511,analyst,,released,2511.1\nOccupation,urn:o/2,2511,artist,,released,2511.2\n",
		"occupationSkillRelations.csv": "occupationUri,relationType,skillType,skillUri\n" +
			"urn:o/1,essential,skill/competence,urn:s/1\nurn:o/1,essential,knowledge,urn:s/2\nurn:o/1,optional,skill/competence,urn:s/3\n" +
			"urn:o/2,essential,skill/competence,urn:s/3\n",
		"broaderRelationsSkillPillar.csv": "conceptType,conceptUri,broaderType,broaderUri\n" +
			"KnowledgeSkillCompetence,urn:s/1,SkillGroup,urn:g/a\nKnowledgeSkillCompetence,urn:s/2,KnowledgeSkillCompetence,urn:s/1\n" +
			"KnowledgeSkillCompetence,urn:s/3,SkillGroup,urn:g/b\nKnowledgeSkillCompetence,urn:s/3,KnowledgeSkillCompetence,urn:s/1\n",
	})
}

func mapFS(files map[string]string) fstest.MapFS {
	fsys := make(fstest.MapFS, len(files))
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func packed(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func TestESCOEntries(t *testing.T) {
	files := smallESCO()
	files["occupations_en.csv.gz"] = packed(t, files["occupations_en.csv"])
	delete(files, "occupations_en.csv")
	batch, report := decodeESCO(t, mapFS(files), exchange.ESCOOptions{Catalog: "mine", EffectiveFrom: 1000})
	english := func(s string) graph.Text { return graph.NewText(graph.Translation{Lang: "en", Value: s}) }
	source := graph.Source{Catalog: "mine"}
	const framework = "http://data.europa.eu/esco/concept-scheme/skills"
	want := []graph.Competency{
		{ID: "urn:g/a", Framework: framework, Kind: graph.SkillGroup, Title: english("data"), Source: source},
		{ID: "urn:g/b", Framework: framework, Kind: graph.SkillGroup, Title: english("pictures"), Source: source},
		{
			ID: "urn:s/1", Framework: framework, Kind: graph.Skill, Title: english("query data"), Description: english("Ask,\nand ask again."),
			AltLabels: []graph.Translation{{Lang: "en", Value: "ask data"}}, Broader: []graph.ID{"urn:g/a"}, Source: source,
		},
		{ID: "urn:s/2", Framework: framework, Kind: graph.Knowledge, Title: english("SQL"), Broader: []graph.ID{"urn:s/1"}, Source: source},
		{ID: "urn:s/3", Framework: framework, Kind: graph.Skill, Title: english("draw charts"), Broader: []graph.ID{"urn:g/b", "urn:s/1"}, Source: source},
	}
	if diff := cmp.Diff(want, batch.Competencies); diff != "" {
		t.Errorf("competencies (-want +got):\n%s", diff)
	}
	leaf := func(node string, c graph.ID) graph.Requirement {
		r := graph.AtLevel(c, 1)
		r.Node = node
		return r
	}
	essential := graph.All(leaf("1", "urn:s/1"), leaf("2", "urn:s/2"))
	essential.Node = "essential"
	role := graph.Role{
		ID: "urn:o/1", Lifecycle: graph.Lifecycle{Status: graph.InForce, EffectiveFrom: 1000, Source: source}, Title: english("analyst"),
		Family: "urn:isco/C2511", Essential: &essential, Optional: []graph.Optional{{Requirement: leaf("3", "urn:s/3"), Weight: 1}},
		Alignments: []graph.Alignment{
			{Type: graph.ExactMatch, Target: "urn:o/1", TargetName: "2511.1 analyst", Framework: "ESCO"},
			{Type: graph.BroadMatch, Target: "urn:isco/C2511", TargetName: "2511 Analysts", Framework: "ISCO-08"},
		},
	}
	if diff := cmp.Diff(role, batch.Roles[0]); diff != "" {
		t.Errorf("first role (-want +got):\n%s", diff)
	}
	if p, _ := report.Place(graph.KindCompetency, "urn:s/2"); p.String() != "skills_en.csv:7" {
		t.Errorf("urn:s/2 is at %s, want skills_en.csv:7, after the fields with line ends", p)
	}
	if got := report.Total("repeated-label"); got != 2 {
		t.Errorf("%d labels are reported as repeated, want 2", got)
	}
}

func TestESCOBadges(t *testing.T) {
	batch, report := decodeESCO(t, mapFS(smallESCO()), exchange.ESCOOptions{Derive: exchange.DeriveBadges})
	type badge struct {
		id, title string
		hours     int64
		attests   []graph.Attestation
	}
	var got []badge
	for _, a := range batch.Achievements {
		if a.Type != graph.Badge || a.Status != graph.InForce || a.Rigor != graph.Assessed || len(a.Routes) != 1 || a.Routes[0].Kind != graph.ByCourse ||
			a.Routes[0].Price.Amount != 0 || a.Routes[0].Requires != nil || a.Source.Catalog != "esco" {
			t.Errorf("badge %s is %+v, want an assessed badge with a free course and no prerequisite", a.ID, a)
		}
		if d := a.Description.In("en").Value; !strings.Contains(d, "not part of ESCO") {
			t.Errorf("badge %s is described as %q, which does not say that it is not part of ESCO", a.ID, d)
		}
		got = append(got, badge{string(a.ID), a.Title.In("en").Value, a.Routes[0].EffortMinutes / 60, a.Attests})
	}
	// SQL has no group of its own: its nearest group is that of query data,
	// above it. draw charts has two: its own, and on the other way up data.
	want := []badge{
		{"urn:cairn:esco-badge:25:a", "data (ICT professionals)", 14, []graph.Attestation{{Competency: "urn:s/1", Level: 1}, {Competency: "urn:s/2", Level: 1}, {Competency: "urn:s/3", Level: 1}}},
		{"urn:cairn:esco-badge:25:b", "pictures (ICT professionals)", 10, []graph.Attestation{{Competency: "urn:s/3", Level: 1}}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(badge{})); diff != "" {
		t.Errorf("badges (-want +got):\n%s", diff)
	}
	if report.Total("derived-badges") != 2 {
		t.Errorf("%d badges are reported as derived, want 2", report.Total("derived-badges"))
	}
}

func TestESCOLanguages(t *testing.T) {
	files := smallESCO()
	files["skills_de.csv"] = "conceptType,conceptUri,skillType,preferredLabel,altLabels,status,description\n" +
		"KnowledgeSkillCompetence,urn:s/1,skill/competence,Daten abfragen,query data,released,\n" +
		"KnowledgeSkillCompetence,urn:s/4,skill/competence,nur deutsch,,released,\n"
	batch, report := decodeESCO(t, mapFS(files), exchange.ESCOOptions{})
	if len(batch.Competencies) != 6 {
		t.Fatalf("%d competencies, want 6", len(batch.Competencies))
	}
	for _, c := range batch.Competencies {
		if c.ID != "urn:s/1" {
			continue
		}
		if diff := cmp.Diff(graph.Text{{Lang: "de", Value: "Daten abfragen"}, {Lang: "en", Value: "query data"}}, c.Title); diff != "" {
			t.Errorf("title (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]graph.Translation{{Lang: "de", Value: "query data"}, {Lang: "en", Value: "ask data"}}, c.AltLabels); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
	}
	if n := report.Total("duplicate"); n != 0 {
		t.Errorf("%d duplicates are reported, want none", n)
	}
}

// edit replaces old by text in a file of files.
func edit(tb testing.TB, files map[string]string, name, old, text string) {
	tb.Helper()
	if !strings.Contains(files[name], old) {
		tb.Fatalf("%s does not hold %q", name, old)
	}
	files[name] = strings.Replace(files[name], old, text, 1)
}

func TestESCOFindings(t *testing.T) {
	const relations, skills, broader = "occupationSkillRelations.csv", "skills_en.csv", "broaderRelationsSkillPillar.csv"
	more := func(file, row string) func(map[string]string) {
		return func(files map[string]string) { files[file] += row + "\n" }
	}
	tests := []struct {
		name   string
		change func(map[string]string)
		code   string
		place  string
		sev    exchange.Severity
	}{
		{"unknown skill", more(relations, "urn:o/1,essential,knowledge,urn:s/9"), "unknown-skill", relations + ":6", exchange.Refused},
		{"unknown occupation", more(relations, "urn:o/9,essential,knowledge,urn:s/2"), "unknown-occupation", relations + ":6", exchange.Refused},
		{"relation twice", more(relations, "urn:o/1,essential,knowledge,urn:s/2"), "duplicate", relations + ":6", exchange.Refused},
		{"essential and optional", more(relations, "urn:o/1,optional,knowledge,urn:s/2"), "duplicate", relations + ":6", exchange.Refused},
		{"other relation", more(relations, "urn:o/2,useful,knowledge,urn:s/2"), "other-relation", relations + ":6", exchange.Refused},
		{"cut row", more(relations, "urn:o/2,essen"), "missing-value", relations + ":6", exchange.Refused},
		{"other type", more(relations, "urn:o/2,essential,skill/competence,urn:s/2"), "other-skill-type", relations + ":6", exchange.Warning},
		{"more fields", more(relations, "urn:o/2,essential,knowledge,urn:s/2,more"), "ragged-row", relations + ":6", exchange.Warning},
		{"no skill type", more(skills, "KnowledgeSkillCompetence,urn:s/5,,x,,released,"), "empty-skill-type", skills + ":9", exchange.Warning},
		{"new skill type", more(skills, "KnowledgeSkillCompetence,urn:s/5,attitude,x,,released,"), "other-skill-type", skills + ":9", exchange.Warning},
		{"obsolete", more(skills, "KnowledgeSkillCompetence,urn:s/5,knowledge,x,,obsolete,"), "not-released", skills + ":9", exchange.Warning},
		{"other concept", more(skills, "Occupation,urn:s/5,knowledge,x,,released,"), "other-type", skills + ":9", exchange.Warning},
		{"no label", more(skills, "KnowledgeSkillCompetence,urn:s/5,knowledge,,,released,"), "missing-value", skills + ":9", exchange.Refused},
		{"no URI", more(skills, "KnowledgeSkillCompetence,,knowledge,x,,released,"), "missing-value", skills + ":9", exchange.Refused},
		{"bad URI", more(skills, "KnowledgeSkillCompetence,urn: s,knowledge,x,,released,"), "bad-id", skills + ":9", exchange.Refused},
		{"skill twice", more(skills, "KnowledgeSkillCompetence,urn:s/1,knowledge,x,,released,"), "duplicate", skills + ":9", exchange.Refused},
		{"skill and group", more(skills, "KnowledgeSkillCompetence,urn:g/a,knowledge,x,,released,"), "duplicate", skills + ":9", exchange.Refused},
		{"broader than itself", more(broader, "KnowledgeSkillCompetence,urn:s/1,KnowledgeSkillCompetence,urn:s/1"), "self-loop", broader + ":6", exchange.Refused},
		{"link twice", more(broader, "KnowledgeSkillCompetence,urn:s/1,SkillGroup,urn:g/a"), "duplicate", broader + ":6", exchange.Refused},
		{"unknown broader", more(broader, "KnowledgeSkillCompetence,urn:s/1,SkillGroup,urn:g/z"), "unknown-skill", broader + ":6", exchange.Refused},
		{"unknown group", func(f map[string]string) {
			edit(t, f, "occupations_en.csv", "urn:o/2,2511", "urn:o/2,2599")
		}, "unknown-group", "occupations_en.csv:3", exchange.Warning},
		{"nothing essential", func(f map[string]string) {
			edit(t, f, relations, "urn:o/2,essential", "urn:o/2,optional")
		}, "no-essential-skill", "occupations_en.csv:3", exchange.Warning},
		{"unknown column", func(f map[string]string) { edit(t, f, relations, "skillType,", "skillLabel,") }, "unknown-column", relations + ":1", exchange.Warning},
		{"unknown file", more("notes.txt", "hello"), "other-file", "notes.txt", exchange.Note},
		{"relations in a language", func(f map[string]string) { f["occupationSkillRelations_de.csv"] = f[relations] }, "other-file", "occupationSkillRelations_de.csv", exchange.Note},
		{"member of nothing", more("greenSkillsCollection_en.csv", "conceptUri\nurn:s/9"), "unknown-concept", "greenSkillsCollection_en.csv:2", exchange.Refused},
		{"skill needs itself", more("skillSkillRelations.csv", "originalSkillUri,relationType,relatedSkillUri\nurn:s/1,optional,urn:s/1"), "self-loop", "skillSkillRelations.csv:2", exchange.Refused},
		{"other hierarchy", more("skillsHierarchy_en.csv", "Level 0 URI,Level 1 URI\nurn:g/a,urn:g/b"), "other-hierarchy", "skillsHierarchy_en.csv:2", exchange.Warning},
		{"hierarchy of the unknown", more("skillsHierarchy_en.csv", "Level 0 URI,Level 1 URI\nurn:g/a,urn:g/z"), "unknown-skill", "skillsHierarchy_en.csv:2", exchange.Warning},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := smallESCO()
			tt.change(files)
			_, report := decodeESCO(t, mapFS(files), exchange.ESCOOptions{})
			for _, f := range report.Findings {
				if f.Code == tt.code && (exchange.Place{File: f.File, Line: f.Line}).String() == tt.place {
					if f.Severity != tt.sev {
						t.Errorf("severity %s, want %s", f.Severity, tt.sev)
					}
					if rows := report.Skipped(); rows != map[bool]int{true: 1, false: 0}[tt.sev == exchange.Refused] {
						t.Errorf("%d rows are skipped", rows)
					}
					return
				}
			}
			t.Errorf("no finding %s at %s in %v", tt.code, tt.place, report.Findings)
		})
	}
}

func TestESCORefused(t *testing.T) {
	const skills = "skills_en.csv"
	tests := []struct {
		name   string
		change func(map[string]string)
		class  error
		say    string
	}{
		{"no skills", func(f map[string]string) { delete(f, skills) }, graph.ErrInvalid, "no file skills_*.csv"},
		{"no relations", func(f map[string]string) { delete(f, "occupationSkillRelations.csv") }, graph.ErrInvalid, "every role would ask for nothing"},
		{"plain and packed", func(f map[string]string) { f["skills_en.csv.gz"] = packed(t, f[skills]) }, graph.ErrInvalid, "is there as skills_en.csv already"},
		{"missing column", func(f map[string]string) { edit(t, f, skills, "conceptUri", "uri") }, graph.ErrInvalid, `skills_en.csv:1: the column "conceptUri" is missing`},
		{"column twice", func(f map[string]string) { edit(t, f, skills, "skillType", "conceptUri") }, graph.ErrInvalid, `skills_en.csv:1: the column "conceptUri" is there twice`},
		{"empty file", func(f map[string]string) { f[skills] = "" }, graph.ErrInvalid, "skills_en.csv:1: the file is empty"},
		{"not CSV", func(f map[string]string) { f[skills] += "a,b\"c,d\n" }, graph.ErrInvalid, "skills_en.csv:9: at byte 4 of line 9"},
		{"cut in quotes", func(f map[string]string) { f[skills], _, _ = strings.Cut(f[skills], "again") }, graph.ErrInvalid, "skills_en.csv:2: a quote is opened"},
		{"not UTF-8", func(f map[string]string) { f[skills] += "x,urn:s/5,,M\xfcller,,,\n" }, graph.ErrInvalid, "skills_en.csv:9: holds bytes that are not UTF-8"},
		{"UTF-16", func(f map[string]string) { f[skills] = "\xff\xfec\x00" }, graph.ErrInvalid, "skills_en.csv:1: is UTF-16"},
		{"long field", func(f map[string]string) {
			f[skills] += "x,urn:s/5,," + strings.Repeat("x", 1<<20+1) + ",,,\n"
		}, graph.ErrLimit, "skills_en.csv:9: field 4 (preferredLabel) has 1048577 bytes"},
		{"long row", func(f map[string]string) { f[skills] += "x,\"" + strings.Repeat("x\n", 4<<20) }, graph.ErrLimit, "skills_en.csv:9: a row that begins here has more than"},
		{"cut gzip", func(f map[string]string) {
			p := packed(t, f[skills])
			delete(f, skills)
			f["skills_en.csv.gz"] = p[:len(p)-20]
		}, graph.ErrInvalid, "the file ends early"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := smallESCO()
			tt.change(files)
			_, err := exchange.DecodeESCO(t.Context(), mapFS(files), exchange.ESCOOptions{}, func(graph.Batch) error {
				t.Error("emit was called")
				return nil
			})
			if !errors.Is(err, tt.class) || !strings.Contains(fmt.Sprint(err), tt.say) {
				t.Errorf("error %v, want one of class %v that says %q", err, tt.class, tt.say)
			}
		})
	}
}

func TestESCOStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := exchange.DecodeESCO(ctx, mapFS(smallESCO()), exchange.ESCOOptions{}, func(graph.Batch) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after the context ended, want context.Canceled", err)
	}
	full := errors.New("full")
	_, err = exchange.DecodeESCO(t.Context(), mapFS(smallESCO()), exchange.ESCOOptions{}, func(graph.Batch) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("error %v, want that of emit", err)
	}
}
