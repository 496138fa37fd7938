package graph

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// creditWorld has achievements whose versions differ in credits and category,
// one that replaced another, one of an enforced prerequisite, and a scale.
func creditWorld() *Catalog {
	worth := func(id, category ID, credits int64, from Instant) Achievement {
		a := version(badge(id), InForce, from)
		a.Category, a.Credits = category, credits
		return a
	}
	needs := Holds("a")
	gated := badge("gated", Route{ID: "course", Kind: ByCourse, Requires: &needs})
	gated.Enforce, gated.Attests = true, []Attestation{{"data", 3}}
	old := worth("old", "core", 300, day(1))
	old.ReplacedBy = "a"
	attests := worth("d", "core", 100, day(1))
	attests.Attests = []Attestation{{"sql", 2}}
	draft := worth("planned", "core", 500, day(1))
	draft.Status = Draft
	return CompileBatch(foldWorld(
		worth("a", "core", 300, day(1)), worth("a", "elective", 500, day(10)), worth("a", "core", 100, day(20)),
		worth("b", "core", 200, day(1)), worth("b", "core", 400, day(15)),
		worth("c", "elective", 250, day(1)), old, gated, attests, draft,
	))
}

func TestCreditsOfOwn(t *testing.T) {
	own := func(r Requirement) Requirement { r.TermCredits = OwnCredits; return r }
	over := Requirement{Op: OpCredits, Credits: 1000, OverCategory: "core"}
	list := func(of ...Requirement) Requirement { return Requirement{Op: OpCredits, Credits: 1000, Of: of} }
	rows := []struct {
		name   string
		rule   Requirement
		awards []Award
		want   int64
	}{
		{"the version held counts", list(own(Holds("b"))), []Award{got("b", 2)}, 200},
		{"of several, the most", list(own(Holds("b"))), []Award{got("b", 16), got("b", 2)}, 400},
		{"earning a lesser version again takes nothing away", list(own(Holds("a"))), []Award{got("a", 2), got("a", 21)}, 300},
		{"nor does one of another category", list(own(Holds("a"))), []Award{got("a", 2), got("a", 11)}, 300},
		{"a category counts versions of that category", over, []Award{got("a", 11)}, 0},
		{"and each of its achievements once", over, []Award{got("a", 2), got("b", 2)}, 500},
		{"also one that was replaced by another of it", over, []Award{got("old", 2)}, 300},
		{"and both, when both are held", over, []Award{got("old", 2), got("a", 2)}, 600},
	}
	c := creditWorld()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			tree := c.CompileRequirement(&r.rule)
			if got := Suppose(c, day(30), r.awards, nil).Evaluate(tree)[0].Credits; got != r.want {
				t.Errorf("%d hundredths count, want %d", got, r.want)
			}
		})
	}
	var held []ID
	for _, n := range c.CompileRequirement(&over).Nodes[1:] {
		held = append(held, n.Requirement.Achievement)
	}
	if want := []ID{"a", "b", "d", "old"}; !slices.Equal(held, want) {
		t.Errorf("a category stands for %v, want %v: by ID, without drafts", held, want)
	}
}

// Law 8: a leaf is in the first state that fits, over all evidence.
func TestLeafStates(t *testing.T) {
	c := creditWorld()
	strict := Holds("a")
	strict.MinRigor = Proctored
	fresh := Requirement{Op: OpHolds, Achievement: "a", FreshWithinMonths: 1}
	both := fresh
	both.MinRigor = Proctored
	weak := func(a Award) Award { a.Rigor = Endorsed; return a }
	rows := []struct {
		name   string
		leaf   Requirement
		at     int
		awards []Award
		claims []Claim
		want   State
	}{
		{"holds", Holds("a"), 30, []Award{got("a", 2)}, nil, StateMet},
		{"nothing", Holds("a"), 30, []Award{got("b", 2)}, nil, StateMissing},
		{"not yet", Holds("a"), 30, []Award{got("a", 31)}, nil, StateMissing},
		{"met before all", Holds("a"), 30, []Award{got("a", 2), lapsing("a", 3, 9), weak(got("a", 4))}, nil, StateMet},
		{"too weak before stale", both, 90, []Award{got("a", 2)}, nil, StateTooWeak},
		{"too weak before lapsed", strict, 30, []Award{got("a", 2), lapsing("a", 3, 9)}, nil, StateTooWeak},
		{"stale before lapsed", fresh, 90, []Award{got("a", 2), lapsing("a", 3, 9)}, nil, StateStale},
		{"lapsed", Holds("a"), 30, []Award{lapsing("a", 3, 9)}, nil, StateLapsed},
		{"lapses at its end", Holds("a"), 9, []Award{lapsing("a", 3, 9)}, nil, StateLapsed},
		{"enforced and not met", Holds("gated"), 30, []Award{got("gated", 2)}, nil, StateTooWeak},
		{"enforced and met", Holds("gated"), 30, []Award{got("gated", 2), got("a", 5)}, nil, StateMet},
		{"level", AtLevel("sql", 2), 30, []Award{got("d", 2)}, nil, StateMet},
		{"level of a weak award", AtLevel("sql", 2), 30, []Award{weak(got("d", 2))}, nil, StateTooWeak},
		{"level of a lapsed award", AtLevel("sql", 2), 30, []Award{lapsing("d", 2, 9)}, nil, StateLapsed},
		{"level that is not all", AtLevel("sql", 3), 30, []Award{got("d", 2)}, nil, StateMissing},
		{"level of an award that does not count", AtLevel("data", 3), 30, []Award{got("gated", 2)}, nil, StateTooWeak},
		{"level claimed", AtLevel("sql", 2), 30, nil, []Claim{{Competency: "sql", Level: 2, At: day(3)}}, StateTooWeak},
		{"level claimed and withdrawn", AtLevel("sql", 2), 30, nil, []Claim{{Competency: "sql", Level: 2, At: day(3)}, {Competency: "sql", At: day(4)}}, StateMissing},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			p := Suppose(c, day(r.at), r.awards, r.claims)
			res := p.Evaluate(c.CompileRequirement(&r.leaf))[0]
			if res.State != r.want {
				t.Errorf("the leaf is %s, want %s", res.State, r.want)
			}
			if (res.Evidence < 0) != (r.want == StateMissing && res.Level == 0) {
				t.Errorf("evidence %d for %s", res.Evidence, res.State)
			}
		})
	}
}

// randomRule draws a rule over creditWorld. Trees of it need not keep the laws.
func randomRule(t *rapid.T, depth int) Requirement {
	kinds := 4
	if depth > 0 {
		kinds = 8
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return AtLevel(rapid.SampledFrom([]ID{"sql", "data", "unheard of"}).Draw(t, "competency"), Level(rapid.IntRange(0, 3).Draw(t, "level")))
	case 1:
		return Requirement{Op: OpTenure, Role: "analyst", Months: rapid.IntRange(0, 3).Draw(t, "months")}
	case 2, 3:
		h := Holds(rapid.SampledFrom([]ID{"a", "b", "c", "d", "old", "gated", "planned", "unheard of"}).Draw(t, "achievement"))
		h.FreshWithinMonths = rapid.IntRange(0, 1).Draw(t, "fresh")
		h.MinRigor = Rigor(rapid.IntRange(0, 4).Draw(t, "floor"))
		return h
	}
	r := Requirement{Op: OpAtLeast, Sharing: Sharing(rapid.IntRange(0, 1).Draw(t, "sharing"))}
	for range rapid.IntRange(0, 4).Draw(t, "children") {
		r.Of = append(r.Of, randomRule(t, depth-1))
	}
	if rapid.Bool().Draw(t, "credits") {
		r.Op = OpCredits
		r.Credits = int64(rapid.IntRange(0, 9).Draw(t, "sum")) * 100
		for i := range r.Of {
			r.Of[i].TermCredits = int64(rapid.IntRange(-1, 4).Draw(t, "term"))
			if r.Of[i].TermCredits > 0 {
				r.Of[i].TermCredits *= 100
				r.Of[i].TermCategory = rapid.SampledFrom([]ID{"", "core", "elective"}).Draw(t, "category")
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "over") == 0 {
			r.Of, r.OverCategory = nil, rapid.SampledFrom([]ID{"core", "elective"}).Draw(t, "of category")
		}
		if rapid.Bool().Draw(t, "minimum") {
			r.Min = []CategoryCredits{{"core", int64(rapid.IntRange(0, 5).Draw(t, "min")) * 100}}
		}
		if rapid.Bool().Draw(t, "cap") {
			r.Max = []CategoryCredits{{"core", int64(rapid.IntRange(0, 5).Draw(t, "max")) * 100}}
		}
		return r
	}
	r.K = rapid.IntRange(0, len(r.Of)+1).Draw(t, "k")
	return r
}

// Law 7: progress is 1 exactly when the node is met, and never falls when
// something is earned; Met says what Evaluate says.
func TestProgress(t *testing.T) {
	c := creditWorld()
	rapid.Check(t, func(t *rapid.T) {
		rule := randomRule(t, 3)
		tree := c.CompileRequirement(&rule)
		var awards []Award
		var claims []Claim
		var before []NodeResult
		for i := range rapid.IntRange(1, 8).Draw(t, "steps") {
			at := day(30) + Instant(i) // nothing lapses or grows stale between two steps
			if rapid.IntRange(0, 4).Draw(t, "what") == 0 {
				claims = append(claims, Claim{
					Competency: rapid.SampledFrom([]ID{"sql", "data"}).Draw(t, "competency"), By: ID(fmt.Sprint(i)), At: at,
					Level: Level(rapid.IntRange(1, 3).Draw(t, "level")), Rigor: Rigor(rapid.IntRange(1, 4).Draw(t, "rigor")),
				})
			} else {
				id := rapid.SampledFrom([]ID{"a", "b", "c", "d", "old", "gated"}).Draw(t, "achievement")
				j, _ := c.Achievement(id)
				versions, _ := c.Versions(j)
				awards = append(awards, Award{
					ID: FactID{byte(i)}, Achievement: id, Version: rapid.IntRange(1, len(versions)).Draw(t, "version"), IssuedAt: at,
					Rigor: Rigor(rapid.IntRange(1, 4).Draw(t, "rigor")),
				})
			}
			p := Suppose(c, at, awards, claims)
			after := p.Evaluate(tree)
			for n := range after {
				res, node := after[n], tree.Nodes[n].Node
				if (res.Progress == 1) != (res.State == StateMet) || res.Progress < 0 || res.Progress > 1 {
					t.Fatalf("node %s is %s with progress %v", node, res.State, res.Progress)
				}
				if before != nil && res.Progress < before[n].Progress {
					t.Fatalf("node %s had %v and has %v after earning more (-before +after):\n%s", node, before[n].Progress, res.Progress, cmp.Diff(before, after))
				}
			}
			if len(after) > 0 && p.Met(tree) != (after[0].State == StateMet) {
				t.Fatalf("Met is %t, Evaluate says %s", p.Met(tree), after[0].State)
			}
			before = after
		}
	})
}

// What is not all of it is less than 1, however near.
func TestProgressNearOne(t *testing.T) {
	c := creditWorld()
	p := Suppose(c, day(30), []Award{got("a", 2), got("c", 2)}, nil)
	credits := Requirement{Op: OpCredits, Credits: 1<<60 + 1, Of: []Requirement{{Op: OpHolds, Achievement: "a", TermCredits: 1 << 60}}}
	nested := AtLevel("sql", 3)
	for range 9 {
		of := []Requirement{nested}
		for range 99 {
			of = append(of, Holds("c"))
		}
		nested = All(of...)
	}
	for name, rule := range map[string]Requirement{"credits": credits, "depth": nested} {
		if res := p.Evaluate(c.CompileRequirement(&rule))[0]; res.State == StateMet || res.Progress >= 1 {
			t.Errorf("%s: %s with progress %v, want less than 1", name, res.State, res.Progress)
		}
	}
}

// A leaf is a leaf, whatever is written about sharing in it.
func TestExclusiveLeaf(t *testing.T) {
	c := creditWorld()
	leaf := Holds("a")
	leaf.Sharing = Exclusive
	tree := c.CompileRequirement(&leaf)
	if p := Suppose(c, day(30), nil, nil); p.Met(tree) || p.Evaluate(tree)[0].State != StateMissing {
		t.Errorf("a leaf that is said to be exclusive is %s with nothing held", p.Evaluate(tree)[0].State)
	}
}

// The evidence of an instant is in the order of its ids, whoever recorded it.
func TestEvidenceOrder(t *testing.T) {
	c := CompileBatch(foldWorld(badge("a"), stack("s1", Holds("a")), stack("s2", Holds("a")), stack("s3", Holds("a"))))
	p := Suppose(c, day(30), []Award{{ID: FactID{0x80}, Achievement: "a", IssuedAt: day(3)}, {ID: FactID{0x7f}, Achievement: "a", IssuedAt: day(3)}}, nil)
	ordered := slices.IsSortedFunc(p.Evidence(), func(a, b Evidence) int { return slices.Compare(a.Fact[:], b.Fact[:]) })
	if !ordered || len(p.Evidence()) != 5 {
		t.Errorf("%d awards of one instant, by id: %t", len(p.Evidence()), ordered)
	}
}

func TestConvert(t *testing.T) {
	s := Settings{Currency: "EUR", Rates: []Rate{{"USD", 92, 100}, {"JPY", 1, 3}}}
	rows := []struct {
		price Money
		want  int64
		known bool
	}{
		{Money{100, "USD"}, 92, true},
		{Money{5, "USD"}, 5, true}, // 4.6
		{Money{2, "JPY"}, 1, true}, // 0.67
		{Money{1 << 60, "JPY"}, (1<<60 + 1) / 3, true},
		{Money{1 << 60, "USD"}, 1060687784238299218, true},
		{Money{1, "CHF"}, 0, false},
		{Money{7, ""}, 7, true},
	}
	for _, r := range rows {
		if got, known := s.convert(r.price); got != r.want || known != r.known {
			t.Errorf("%d %s is %d, %t; want %d, %t", r.price.Amount, r.price.Currency, got, known, r.want, r.known)
		}
	}
}
