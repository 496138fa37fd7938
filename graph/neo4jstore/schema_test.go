package neo4jstore_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/graphtest"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// furtherLabels are the labels beside the one that says what a node is.
var furtherLabels = []string{
	"Recorded", "Derived", "Past", "Badge", "MicroCredential", "Certificate", "Certification", "Course", "Degree", "License",
}

// TestSchema: the tables of docs/neo4j.md have what a graph has in which every
// field of every fact is set, and nothing else.
func TestSchema(t *testing.T) {
	server := neo4jtest.Start(t)
	store := open(t, fresh(t, server, server.URI()))
	t.Cleanup(func() { _ = store.Close() })
	first := graphtest.FullBatch(1)
	first.IfSet = true
	a := first.Achievements[0]
	first.Achievements = nil
	for i := range 7 { // a version of each type
		a.Version, a.Type = i+1, graph.AchievementType(i+1)
		first.Achievements = append(first.Achievements, a)
	}
	first.Derived[0].Change, first.Derived[1].Change = graph.Awarded, graph.Awarded
	lost := graphtest.FullBatch(1)
	lost.Key, lost.Derived[0].Change, lost.Derived[1].Change = "another", graph.Withdrawn, graph.Superseded
	for i := range first.Derived {
		first.Derived[i].Cause, lost.Derived[i].Cause = graph.FactID{1}, graph.FactID{2}
	}
	if _, err := store.Commit(t.Context(), first, lost); err != nil {
		t.Fatal(err)
	}
	driver := server.Driver(t)
	nodes, further := make(map[string]bool), make(map[string]bool)
	for _, r := range ask(t, driver, "MATCH (n) RETURN labels(n), properties(n)", nil).Records {
		label, others := noun(r.Values[0])
		for _, l := range others {
			further[l] = true
		}
		properties, _ := r.Values[1].(map[string]any)
		for name, v := range properties {
			switch {
			case label == "Past": // as before
			case slices.Contains(others, "Recorded") && slices.Contains([]string{"revision", "position", "fact", "part"}, name):
				nodes["Recorded."+name+" "+sort(v)] = true
			default:
				nodes[label+"."+name+" "+sort(v)] = true
			}
		}
		if len(properties) == 0 {
			t.Errorf("a %s has no property", label)
		}
	}
	links := make(map[string]bool)
	for _, r := range ask(t, driver, "MATCH (a)-[r]->(b) RETURN labels(a), type(r), labels(b), properties(r)", nil).Records {
		from, _ := noun(r.Values[0])
		to, _ := noun(r.Values[2])
		properties, _ := r.Values[3].(map[string]any)
		if kind := fmt.Sprint(r.Values[1]); kind == "WAS" || from == "Past" || to == "Past" {
			if _, ok := properties["was"].(string); !ok || kind != "WAS" || from != "Past" && to != "Past" {
				t.Errorf("(%s)-[%s %v]->(%s) is not what a node said before", from, kind, properties, to)
			}
			continue
		}
		links[fmt.Sprintf("(%s)-[%s]->(%s)", from, r.Values[1], to)] = true
		for name, v := range properties {
			links[fmt.Sprintf("(%s)-[%s]->(%s).%s %s", from, r.Values[1], to, name, sort(v))] = true
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	wantNodes, wantLinks := documented(t, string(text))
	if d := cmp.Diff(wantNodes, slices.Sorted(maps.Keys(nodes))); d != "" {
		t.Errorf("nodes (-docs +graph):\n%s", d)
	}
	if d := cmp.Diff(wantLinks, slices.Sorted(maps.Keys(links))); d != "" {
		t.Errorf("relationships (-docs +graph):\n%s", d)
	}
	want := slices.Sorted(slices.Values(furtherLabels))
	if d := cmp.Diff(want, slices.Sorted(maps.Keys(further))); d != "" {
		t.Errorf("further labels (-want +graph):\n%s", d)
	}
	for _, l := range want {
		if !strings.Contains(string(text), "`"+l+"`") {
			t.Errorf("the label %s is not in the docs", l)
		}
	}
}

// noun is the label that says what a node is, and the further ones.
func noun(labels any) (is string, others []string) {
	list, _ := labels.([]any)
	for _, x := range list {
		l, _ := x.(string)
		if !slices.Contains(furtherLabels, l) {
			is += l
		} else if others = append(others, l); l == "Past" {
			is += l
		}
	}
	return is, others
}

// sort is the type of a property.
func sort(v any) string {
	switch v := v.(type) {
	case string:
		return "STRING"
	case int64:
		return "INTEGER"
	case bool:
		return "BOOLEAN"
	case time.Time:
		return "DATETIME"
	case []byte:
		return "BYTES"
	case []any:
		return "LIST<" + sort(v[0]) + ">"
	}
	return fmt.Sprintf("%T", v)
}

// documented is what the two tables of the page say, sorted.
func documented(t *testing.T, text string) (nodes, links []string) {
	t.Helper()
	var header, label string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "|") {
			header = ""
			continue
		}
		if header == "" {
			header = line
		}
		if line == header || strings.HasPrefix(line, "|---") {
			continue
		}
		cells := strings.Split(strings.NewReplacer("`", "", "&lt;", "<", "&gt;", ">").Replace(line), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case strings.HasPrefix(header, "| label | property |"):
			if cells[1] != "" {
				label = cells[1]
			}
			name, translated := strings.CutSuffix(cells[2], "…")
			nodes = append(nodes, label+"."+name+" "+cells[3])
			if translated {
				nodes = append(nodes, label+"."+name+"Lang STRING", label+"."+name+"Other LIST<STRING>", label+"."+name+"OtherLang LIST<STRING>")
			}
		case strings.HasPrefix(header, "| from | relationship |"):
			for from := range strings.SplitSeq(cells[1], ", ") {
				link := fmt.Sprintf("(%s)-[%s]->(%s)", from, cells[2], cells[3])
				links = append(links, link)
				for property := range strings.SplitSeq(cells[4], ", ") {
					if property != "" {
						links = append(links, link+"."+property)
					}
				}
			}
		}
	}
	slices.Sort(nodes)
	slices.Sort(links)
	return nodes, links
}
