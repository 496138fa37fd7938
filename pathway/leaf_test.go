package pathway

import (
	"fmt"
	"testing"

	"github.com/cairn-skills/cairn/graph"
)

// TestIssuersKey checks that leaves share a gate only if they take the same
// issuers, also where an index is no character: a half of a surrogate pair, or
// above the last one.
func TestIssuersKey(t *testing.T) {
	keys := make(map[string]string)
	for _, issuers := range [][]graph.IssuerIndex{
		nil,
		{0},
		{1},
		{0, 1},
		{1, 0},
		{10},
		{1, 1},
		{11},
		{32},
		{0xD800},
		{0xD801},
		{0xDFFF},
		{0xFFFD},
		{0x10FFFF},
		{0x110000},
		{0x110001},
		{graph.None},
		{graph.None >> 1},
		{1, 0xD800},
		{1, 0xD801},
	} {
		key := issuersKey(issuers)
		if other, taken := keys[key]; taken {
			t.Errorf("the issuers %v and %s have the same key %q", issuers, other, key)
		}
		keys[key] = fmt.Sprint(issuers)
	}
}

// TestManyIssuers asks for awards of two of very many issuers.
func TestManyIssuers(t *testing.T) {
	b := graph.Batch{}
	for i := range 0xD802 {
		b.Issuers = append(b.Issuers, graph.Issuer{ID: graph.ID(fmt.Sprintf("issuer-%05d", i))})
	}
	a := badge("a", 60)
	a.Issuer = b.Issuers[0xD800].ID
	b.Achievements = []graph.Achievement{a}
	by := func(i int) graph.Requirement {
		r := graph.Holds("a")
		r.Issuers = []graph.ID{b.Issuers[i].ID}
		return r
	}
	goal := graph.All(by(0xD800), by(0xD801))
	plan := mustSolve(t, suppose(b), Goal{Requirement: &goal}, Hours, Limits{})
	if got := brief(&plan); got != "unreachable 0 a:no_provider" {
		t.Errorf("awards of two issuers, of which one awards it: %s", got)
	}
}
