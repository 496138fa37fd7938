package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// nodeNames are the names of r's tree, parents before children.
func nodeNames(r Requirement) []string {
	out := []string{r.Node}
	for _, c := range r.Of {
		out = append(out, nodeNames(c)...)
	}
	return out
}

func TestNameNodes(t *testing.T) {
	strict := Holds("a")
	strict.MinRigor, strict.FreshWithinMonths, strict.Issuers = Proctored, 24, []ID{"y", "x"}
	named := Holds("b")
	named.Node = "my-node"
	clash := Holds("b")
	clash.Node = "holds:a"
	credits := Requirement{Op: OpCredits, Credits: 650, OverCategory: "core"}
	for _, row := range []struct {
		name string
		tree Requirement
		want []string
	}{
		{"holds", Holds("a"), []string{"holds:a"}},
		{"filters", strict, []string{"holds:a;by=x,y;fresh=24;rigor=proctored"}},
		{"level", AtLevel("sql", 2), []string{"level:sql>=2"}},
		{"tenure", Requirement{Op: OpTenure, Role: "analyst", Months: 12}, []string{"tenure:analyst>=12"}},
		{"tenure of a family", Requirement{Op: OpTenure, Family: "analytics", Months: 6}, []string{"tenure:family:analytics>=6"}},
		{"all", All(Holds("a"), Holds("b")), []string{"all:09a97f4a", "holds:a", "holds:b"}},
		{"any", Any(Holds("a"), Holds("b")), []string{"any:09a97f4a", "holds:a", "holds:b"}},
		{"two of three", AtLeast(2, Holds("a"), Holds("b"), Holds("c")), []string{"at_least-2:313015d5", "holds:a", "holds:b", "holds:c"}},
		{"credits", credits, []string{"credits>=6.5:e06ea7f8"}},
		{"given names stay", All(named, Holds("a")), []string{"all:0667f672", "my-node", "holds:a"}},
		{"a given name is not taken again", All(Holds("a"), clash), []string{"all:28a61984", "holds:a~2", "holds:a"}},
		{"equal nodes", Any(Holds("a"), Holds("a"), Holds("a")), []string{"any:85e8ea41", "holds:a", "holds:a~2", "holds:a~3"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			NameNodes(&row.tree)
			if d := cmp.Diff(row.want, nodeNames(row.tree)); d != "" {
				t.Errorf("names (-want +got):\n%s", d)
			}
		})
	}
	NameNodes(nil)
}

func TestNameNodesLongIDs(t *testing.T) {
	a, b := Holds(ID(strings.Repeat("é", 255)+"a")), Holds(ID(strings.Repeat("é", 255)+"b"))
	NameNodes(&a)
	NameNodes(&b)
	if a.Node == b.Node {
		t.Errorf("two long ids that differ at the end are both named %s", a.Node)
	}
	if err := ID(a.Node).Check(); err != nil {
		t.Errorf("the name of a leaf with the longest id: %v", err)
	}
}

// TestNameNodesProperties: names are unique, a second run changes none, and
// moving children or nodes about changes no name of an inner node.
func TestNameNodesProperties(t *testing.T) {
	var tree func(depth int) *rapid.Generator[Requirement]
	tree = func(depth int) *rapid.Generator[Requirement] {
		return rapid.Custom(func(t *rapid.T) Requirement {
			if depth == 0 || rapid.Bool().Draw(t, "leaf") {
				return Holds(ID(fmt.Sprintf("a%d", rapid.IntRange(0, 3).Draw(t, "a"))))
			}
			of := rapid.SliceOfN(tree(depth-1), 0, 4).Draw(t, "of")
			return AtLeast(rapid.IntRange(0, 4).Draw(t, "k"), of...)
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		r := tree(3).Draw(t, "tree")
		turned := turn(r)
		NameNodes(&r)
		NameNodes(&turned)
		seen := map[string]bool{}
		for _, n := range nodeNames(r) {
			if n == "" || seen[n] {
				t.Fatalf("the name %q is empty or given twice", n)
			}
			seen[n] = true
		}
		for _, n := range nodeNames(turned) {
			if !seen[n] {
				t.Fatalf("%q appears only when the children are turned around", n)
			}
		}
		before := nodeNames(r)
		NameNodes(&r)
		if d := cmp.Diff(before, nodeNames(r)); d != "" {
			t.Fatalf("naming again changes names:\n%s", d)
		}
	})
}

// turn is r with the children of every node in reverse order.
func turn(r Requirement) Requirement {
	of := make([]Requirement, 0, len(r.Of))
	for _, c := range slices.Backward(r.Of) {
		of = append(of, turn(c))
	}
	r.Of = of
	return r
}
