package graph

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// bruteExclusive is the best progress and credits of r over every way to give
// each item to one child or to none, by plain enumeration.
func bruteExclusive(r *Requirement, children []ExclusiveChild) (progress float64) {
	var items []int32
	var collect func(cs []ExclusiveChild)
	collect = func(cs []ExclusiveChild) {
		for _, c := range cs {
			for _, o := range c.Options {
				if o.Item != NoItem && !slices.Contains(items, o.Item) {
					items = append(items, o.Item)
				}
			}
			collect(c.Of)
		}
	}
	collect(children)
	given := make([][]int32, len(children))
	var try func(i int)
	try = func(i int) {
		if i == len(items) {
			progress = max(progress, bruteNode(r, children, func(j int) []int32 { return given[j] }))
			return
		}
		try(i + 1)
		for j := range children {
			given[j] = append(given[j], items[i])
			try(i + 1)
			given[j] = given[j][:len(given[j])-1]
		}
	}
	try(0)
	return progress
}

// bruteNode is the progress of r when the j-th child has the items has(j).
func bruteNode(r *Requirement, children []ExclusiveChild, has func(int) []int32) float64 {
	progress := make([]float64, len(children))
	category, credits := make([]ID, len(children)), make([]int64, len(children))
	for j, c := range children {
		category[j], credits[j] = c.Node.TermCategory, c.Node.TermCredits
		if credits[j] == OwnCredits {
			credits[j] = 0
		}
		switch {
		case len(c.Of) > 0 && c.Node.Sharing == Exclusive:
			progress[j] = bruteExclusive(c.Node, keepItems(c.Of, has(j)))
		case len(c.Of) > 0:
			progress[j] = bruteNode(c.Node, c.Of, func(int) []int32 { return has(j) })
		default:
			for _, o := range c.Options {
				if o.Item == NoItem || slices.Contains(has(j), o.Item) {
					progress[j] = max(progress[j], o.Progress)
					if c.Node.TermCredits == OwnCredits && o.Progress >= 1 && o.Credits > credits[j] {
						category[j], credits[j] = o.Category, o.Credits
					}
				}
			}
		}
	}
	if r.Op == OpAtLeast {
		if r.K <= 0 {
			return 1
		}
		slices.Sort(progress)
		slices.Reverse(progress)
		sum := 0.0
		for _, p := range progress[:min(r.K, len(progress))] {
			sum += p
		}
		return sum / float64(r.K)
	}
	sums := make(map[ID]int64)
	for j := range children {
		if progress[j] >= 1 {
			sums[category[j]] += credits[j]
		}
	}
	total := int64(0)
	for cat, s := range sums {
		for _, m := range r.Max {
			if m.Category == cat {
				s = min(s, m.Credits)
			}
		}
		total += s
	}
	least := share(total, r.Credits)
	for _, m := range r.Min {
		least = min(least, share(sums[m.Category], m.Credits))
	}
	return least
}

func keepItems(cs []ExclusiveChild, items []int32) []ExclusiveChild {
	out := slices.Clone(cs)
	for i := range out {
		out[i].Of = keepItems(out[i].Of, items)
		out[i].Options = slices.DeleteFunc(slices.Clone(out[i].Options), func(o ExclusiveOption) bool {
			return o.Item != NoItem && !slices.Contains(items, o.Item)
		})
	}
	return out
}

func drawExclusive(t *rapid.T) (*Requirement, []ExclusiveChild) {
	category := rapid.SampledFrom([]ID{"", "x", "y"})
	figures := func(r *Requirement, children int) {
		if r.Op == OpAtLeast {
			r.K = rapid.IntRange(0, children+1).Draw(t, "k")
			return
		}
		r.Credits = int64(rapid.IntRange(0, 12).Draw(t, "credits"))
		if rapid.Bool().Draw(t, "min") {
			r.Min = []CategoryCredits{{category.Draw(t, "category"), int64(rapid.IntRange(1, 5).Draw(t, "least"))}}
		}
		if rapid.Bool().Draw(t, "max") {
			r.Max = []CategoryCredits{{category.Draw(t, "category"), int64(rapid.IntRange(1, 5).Draw(t, "most"))}}
		}
	}
	var node func(depth int) ExclusiveChild
	nodes := func(depth, most int) (cs []ExclusiveChild) {
		for range rapid.IntRange(1, most).Draw(t, "children") {
			cs = append(cs, node(depth))
		}
		return cs
	}
	node = func(depth int) ExclusiveChild {
		n := &Requirement{Op: OpHolds, TermCredits: int64(rapid.IntRange(0, 6).Draw(t, "term")), TermCategory: category.Draw(t, "category")}
		kind := rapid.IntRange(0, 5).Draw(t, "node")
		if depth == 0 || kind < 3 {
			if rapid.Bool().Draw(t, "own") {
				n.TermCredits = OwnCredits
			}
			c := ExclusiveChild{Node: n}
			shares := rapid.SampledFrom([]float64{1, 1, 1, 1.0 / 3, 0.5, 0.75})
			for range rapid.IntRange(0, 3).Draw(t, "options") {
				o := ExclusiveOption{Item: int32(rapid.IntRange(-1, 4).Draw(t, "item")), Progress: shares.Draw(t, "progress"), Category: n.TermCategory, Credits: 3}
				if !slices.ContainsFunc(c.Options, func(x ExclusiveOption) bool { return x.Item == o.Item }) {
					c.Options = append(c.Options, o)
				}
			}
			return c
		}
		c := ExclusiveChild{Node: n, Of: nodes(depth-1, 3)}
		n.Op = OpAtLeast
		if kind == 5 {
			n.Op = OpCredits
		}
		figures(n, len(c.Of))
		if kind == 3 {
			n.Op, n.K = OpAtLeast, 1
		}
		if rapid.IntRange(0, 4).Draw(t, "nested exclusive") == 0 {
			n.Sharing = Exclusive
		}
		return c
	}
	r := &Requirement{Op: rapid.SampledFrom([]Op{OpAtLeast, OpCredits}).Draw(t, "op"), Sharing: Exclusive}
	children := nodes(1, 4)
	figures(r, len(children))
	return r, children
}

func TestExclusiveAgreesWithEnumeration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, children := drawExclusive(t)
		want := bruteExclusive(r, children)
		got := assignExclusive(r, children)
		if math.Abs(got.Progress-want) > 1e-9 {
			t.Fatalf("progress %v, enumeration says %v", got.Progress, want)
		}
		if met := want >= 1-1e-9; (got.State == StateMet) != met || got.State == StateUnknown || met && got.Progress != 1 {
			t.Fatalf("%v with progress %v, enumeration says %v", got.State, got.Progress, want)
		}
		if met, known := MeetsExclusive(r, children); met != (got.State == StateMet) || !known {
			t.Fatalf("MeetsExclusive says %v, %v; the evaluation %v", met, known, got.State)
		}
	})
}

func TestExclusiveNeverFallsWithMoreOptions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, children := drawExclusive(t)
		without := rapid.SliceOf(rapid.Int32Range(0, 4)).Draw(t, "items held before")
		before := assignExclusive(r, keepItems(children, without))
		after := assignExclusive(r, children)
		if after.Progress < before.Progress {
			t.Fatalf("progress fell from %v to %v", before.Progress, after.Progress)
		}
	})
}

func TestExclusiveIgnoresTheNumbersOfItems(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, children := drawExclusive(t)
		numbers := rapid.Permutation([]int32{0, 1, 2, 3, 4}).Draw(t, "numbers")
		var rename func(cs []ExclusiveChild) []ExclusiveChild
		rename = func(cs []ExclusiveChild) []ExclusiveChild {
			out := slices.Clone(cs)
			for i := range out {
				out[i].Of, out[i].Options = rename(out[i].Of), slices.Clone(out[i].Options)
				for j, o := range out[i].Options {
					if o.Item != NoItem {
						out[i].Options[j].Item = numbers[o.Item]
					}
				}
			}
			return out
		}
		if a, b := assignExclusive(r, children), assignExclusive(r, rename(children)); a != b {
			t.Fatalf("%+v, and with other numbers %+v", a, b)
		}
	})
}

// TestExclusiveBeyondTheWorkLimit asks for a partition of odd weights into two
// equal halves, which no bound sees through.
func TestExclusiveBeyondTheWorkLimit(t *testing.T) {
	const n = 41
	r := &Requirement{Op: OpCredits, Sharing: Exclusive}
	var children []ExclusiveChild
	total := int64(0)
	for i := range n {
		w := int64(1000003 + 2*i*i*7919%99991*2)
		total += w
		for _, cat := range []ID{"a", "b"} {
			children = append(children, ExclusiveChild{
				Node:    &Requirement{Op: OpHolds, TermCredits: w, TermCategory: cat},
				Options: []ExclusiveOption{{Item: int32(i), Progress: 1}},
			})
		}
	}
	r.Min = []CategoryCredits{{"a", total / 2}, {"b", total - total/2}}
	r.Credits = total
	if met, known := MeetsExclusive(r, children); met || known {
		t.Errorf("MeetsExclusive = %v, %v; want an undecided answer", met, known)
	}
	got := assignExclusive(r, children)
	if got.State != StateUnknown || got.Progress < 0.9 || got.Progress >= 1 {
		t.Errorf("%v with progress %v; want unknown, close to 1", got.State, got.Progress)
	}
}

func TestExclusiveLargeMatching(t *testing.T) {
	r := &Requirement{Op: OpAtLeast, Sharing: Exclusive, K: 200}
	var children []ExclusiveChild
	for i := range 200 {
		c := ExclusiveChild{Node: &Requirement{Op: OpHolds}}
		for j := range 6 {
			c.Options = append(c.Options, ExclusiveOption{Item: int32((i + j*j*17) % 200), Progress: 1})
		}
		children = append(children, c)
	}
	if met, known := MeetsExclusive(r, children); !met || !known {
		t.Errorf("MeetsExclusive = %v, %v; every child has an item of its own", met, known)
	}
	children[7].Options = children[7].Options[:1]
	children[8].Options = []ExclusiveOption{children[7].Options[0]}
	if met, known := MeetsExclusive(r, children); met || !known {
		t.Errorf("MeetsExclusive = %v, %v; two children need the same item", met, known)
	}
	if got := assignExclusive(r, children); got.Progress != 199.0/200 {
		t.Errorf("progress %v, want 199/200", got.Progress)
	}
}

// exclusiveWorld has badges that attest sql and charts, and one that replaced another.
func exclusiveWorld(t *testing.T) *Catalog {
	t.Helper()
	reg := &registry{}
	attest := func(id ID, credits int64, at ...Attestation) Achievement {
		return Achievement{ID: id, Type: Badge, Lifecycle: Lifecycle{Status: InForce, EffectiveFrom: 1}, Attests: at, Credits: credits, Category: "core"}
	}
	old := attest("old-sql", 100)
	old.ReplacedBy = "sql"
	b := &Batch{
		At:     1,
		Scales: []Scale{{ID: "three", Levels: make([]Text, 3)}},
		Competencies: []Competency{
			{ID: "c-sql", Scale: "three"}, {ID: "c-charts", Scale: "three", Implies: []Implication{{Level: 2, Competency: "c-sql", ToLevel: 1}}},
		},
		Achievements: []Achievement{
			attest("sql", 300, Attestation{"c-sql", 2}), attest("charts", 200, Attestation{"c-charts", 2}), old,
		},
	}
	reg.number(b)
	reg.add(b, 1)
	return newCatalog(reg)
}

func TestExclusiveOfProfile(t *testing.T) {
	c := exclusiveWorld(t)
	leaf := AtLevel
	claim := Claim{Person: "p", Competency: "c-sql", Level: 1, Rigor: Assessed, By: "boss", At: 5}
	two := func(of ...Requirement) Requirement { return AtLeast(2, of...) }
	credits := func(want int64, of ...Requirement) Requirement {
		for i := range of {
			of[i].TermCredits = OwnCredits
		}
		return Requirement{Op: OpCredits, Credits: want, Of: of}
	}
	for _, row := range []struct {
		name     string
		held     []ID
		claims   []Claim
		rule     Requirement
		state    State
		progress float64
	}{
		{"one award for a badge and its level", []ID{"sql"}, nil, two(Holds("sql"), leaf("c-sql", 1)), StateMissing, 0.5},
		{"a claim meets the level and uses nothing up", []ID{"sql"}, []Claim{claim}, two(Holds("sql"), leaf("c-sql", 1)), StateMet, 1},
		{"the level by an implication from another badge", []ID{"sql", "charts"}, nil, two(Holds("sql"), leaf("c-sql", 1)), StateMet, 1},
		{"the implication proves too little", []ID{"sql", "charts"}, nil, two(Holds("sql"), leaf("c-sql", 2)), StateMissing, 0.75},
		{"a claim gives a share", []ID{"sql"}, []Claim{claim}, two(Holds("sql"), leaf("c-sql", 2)), StateMissing, 0.75},
		{"two awards of one achievement are one", []ID{"sql", "sql"}, nil, two(Holds("sql"), leaf("c-sql", 2)), StateMissing, 0.5},
		{"what it replaced serves as well", []ID{"sql", "old-sql"}, nil, two(Holds("sql"), leaf("c-sql", 2)), StateMet, 1},
		{"no greed: the badge goes where it is needed", []ID{"sql", "charts"}, nil, two(Any(Holds("sql"), Holds("charts")), Holds("sql")), StateMet, 1},
		{"credits of distinct achievements", []ID{"sql", "charts"}, nil, credits(500, Holds("sql"), Holds("sql"), Holds("charts")), StateMet, 1},
		{"an achievement counts once", []ID{"sql", "charts"}, nil, credits(600, Holds("sql"), Holds("sql"), Holds("charts")), StateMissing, 500.0 / 600},
		{"a level nobody can have", []ID{"sql"}, nil, two(leaf("unknown", 1), Holds("sql")), StateMissing, 0.5},
		{"nothing is asked", nil, nil, AtLeast(0, Holds("sql")), StateMet, 1},
		{"more is asked than there is", []ID{"sql"}, nil, AtLeast(4, Holds("sql")), StateMissing, 0.25},
	} {
		t.Run(row.name, func(t *testing.T) {
			var awards []Award
			for i, id := range row.held {
				awards = append(awards, Award{ID: FactID{byte(i + 1)}, Achievement: id, IssuedAt: Instant(3 + i)})
			}
			row.rule.Sharing = Exclusive
			tree := c.compileTree(&row.rule, nil)
			p := Suppose(c, 10, awards, row.claims)
			got := p.Evaluate(tree)[0]
			if got.State != row.state || math.Abs(got.Progress-row.progress) > 1e-12 {
				t.Errorf("%v with progress %v, want %v with %v", got.State, got.Progress, row.state, row.progress)
			}
			if p.Met(tree) != (row.state == StateMet) {
				t.Errorf("Met = %v beside state %v", p.Met(tree), row.state)
			}
		})
	}
}

// BenchmarkExclusive is a stack of ten children of which each of twelve badges serves three.
func BenchmarkExclusive(b *testing.B) {
	for _, met := range []bool{true, false} {
		b.Run(fmt.Sprintf("met=%v", met), func(b *testing.B) {
			r := &Requirement{Op: OpAtLeast, Sharing: Exclusive, K: 10}
			var children []ExclusiveChild
			for i := range 10 {
				c := ExclusiveChild{Node: &Requirement{Op: OpHolds}}
				for j := range 3 {
					if met || i > 1 {
						c.Options = append(c.Options, ExclusiveOption{Item: int32((i + 3*j) % 12), Progress: 1})
					}
				}
				children = append(children, c)
			}
			b.ReportAllocs()
			for b.Loop() {
				if got, _ := MeetsExclusive(r, children); got != met {
					b.Fatal(got)
				}
			}
		})
	}
}

// assignExclusive is how the exclusive node r stands.
func assignExclusive(r *Requirement, children []ExclusiveChild) NodeResult {
	result, _ := assignUntil(r, children, false, nil)
	return result
}
