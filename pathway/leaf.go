package pathway

import (
	"slices"
	"strconv"

	"github.com/cairn-skills/cairn/graph"
)

// leaf is the gate of a leaf. Leaves that ask the same share a gate, and a
// holds leaf that only one award can meet shares the gate of the award.
func (b *builder) leaf(n *graph.TreeNode) int32 {
	g := b.leafGate(n)
	b.record(n.Requirement, g)
	return g
}

func (b *builder) leafGate(n *graph.TreeNode) int32 {
	switch {
	case n.Op == graph.OpLevel && n.Competency != graph.None:
		return b.level(n.Competency, n.Level, n.MinRigor)
	case n.Op == graph.OpHolds:
		if one := b.profile.Evaluate(&graph.Tree{Nodes: []graph.TreeNode{*n}}); one[0].State == graph.StateMet {
			return always
		}
		key := holdsKey{n.Achievement, n.MinRigor, n.FreshWithinMonths, issuersKey(n.Issuers)}
		if n.Achievement == graph.None {
			key.issuers = string(n.Requirement.Achievement)
		}
		if g, ok := b.holds[key]; ok {
			return g
		}
		givers := b.givers(n)
		var g int32
		if len(givers) == 1 {
			g = givers[0]
		} else {
			g = b.gate(1, &atom{achievement: n.Achievement, leaf: n, competency: graph.None, enforced: -1})
			for _, from := range givers {
				b.connect(from, g, 0)
			}
		}
		b.holds[key] = g
		return g
	case n.Op == graph.OpTenure:
		until, ok := b.profile.TenureReached(n)
		if !ok {
			return b.gate(1, &atom{achievement: graph.None, leaf: n, competency: graph.None, enforced: -1})
		}
		g, ok := b.waiting[until]
		if !ok {
			g = b.gate(1, &atom{achievement: graph.None, leaf: n, competency: graph.None, enforced: -1})
			b.waiting[until] = g
			b.waits = append(b.waits, wait{g, until})
		}
		return g
	}
	return b.gate(1, &atom{achievement: graph.None, leaf: n, competency: graph.None, enforced: -1})
}

// issuersKey tells lists of issuers apart.
func issuersKey(issuers []graph.IssuerIndex) string {
	var key []byte
	for _, i := range issuers {
		key = append(strconv.AppendUint(key, uint64(i), 10), ' ')
	}
	return string(key)
}

// suffices reports whether an award that comes to count meets a holds leaf that
// asks for what it stands for: by its issuer, rigor and age.
func suffices(p *graph.Profile, n *graph.TreeNode, e *graph.Evidence) bool {
	return e.Rigor >= n.MinRigor &&
		(len(n.Issuers) == 0 || e.Issuer != graph.None && slices.Contains(n.Issuers, e.Issuer)) &&
		(n.FreshWithinMonths <= 0 || e.IssuedAt >= p.At.AddMonths(-n.FreshWithinMonths, p.Catalog.Zone()))
}

// planned is a new award of v.
func planned(p *graph.Profile, v *graph.Version) *graph.Evidence {
	return &graph.Evidence{Version: v, Issuer: v.Issuer, Rigor: v.PlannedRigor(), IssuedAt: p.At}
}

// givers are the gates of the awards that would meet a holds leaf: new ones, by
// achievement, then awards held that do not count yet.
func (b *builder) givers(n *graph.TreeNode) []int32 {
	if n.Achievement == graph.None {
		return nil
	}
	var out []int32
	c := b.profile.Catalog
	for _, a := range append([]graph.AchievementIndex{n.Achievement}, b.replaced[n.Achievement]...) {
		if v := c.InForce(a, b.profile.At); v != nil && suffices(b.profile, n, planned(b.profile, v)) {
			out = append(out, b.award(v))
		}
	}
	for i := range b.profile.Evidence() {
		g, ok := b.enforced[int32(i)]
		if !ok {
			continue
		}
		e := &b.profile.Evidence()[i]
		if suffices(b.profile, n, e) && slices.Contains(c.HeldAsAt(e.Version.Index, b.profile.At), n.Achievement) {
			out = append(out, g)
		}
	}
	return out
}

// award is the gate of a new award of v.
func (b *builder) award(v *graph.Version) int32 {
	g, ok := b.versions[v]
	if !ok {
		g = b.gate(1, &atom{
			version: v, achievement: v.Index, competency: graph.None, excluded: b.excluded[v.Index] && len(v.Routes) > 0, enforced: -1,
		})
		b.versions[v] = g
	}
	return g
}

// level is the gate of a competency at a level and floor.
func (b *builder) level(c graph.CompetencyIndex, l graph.Level, floor graph.Rigor) int32 {
	if l == 0 || b.profile.Levels(c).At(floor) >= l {
		return always
	}
	key := levelKey{c, l, floor}
	g, ok := b.levels[key]
	if !ok {
		g = b.gate(1, &atom{achievement: graph.None, competency: c, level: l, floor: floor, enforced: -1})
		b.levels[key] = g
	}
	return g
}
