package graph

import (
	"fmt"
	"slices"
)

// tree judges a rule at the place; nil asks nothing and is fine.
func (l *linter) tree(r *Requirement) {
	if r == nil {
		return
	}
	l.node(r, make(map[string]bool))
}

func (l *linter) node(r *Requirement, names map[string]bool) {
	if r.Node != "" {
		if names[r.Node] {
			l.fail(codeDuplicateNode, "another node of this rule has the id "+r.Node+" too", "give each node an id of its own, or none")
		}
		names[r.Node] = true
	}
	switch r.Op {
	case OpHolds:
		l.holds(r)
	case OpLevel:
		l.levelLeaf(r)
	case OpTenure:
		l.tenure(r)
	case OpAtLeast, OpCredits:
		l.inner(r)
		l.in("of", func() {
			for i := range r.Of {
				l.at(i, func() { l.node(&r.Of[i], names) })
			}
		})
	case OpUnspecified:
		fallthrough
	default:
		l.fail(codeBadRule, "the node does not say what it asks", "write one of at_least, credits, holds, level, tenure")
	}
}

func (l *linter) holds(r *Requirement) {
	l.amount("fresh_within", int64(r.FreshWithinMonths))
	for i, id := range r.Issuers {
		l.in("issuers", func() { l.at(i, func() { l.known(KindIssuer, id) }) })
	}
	if !l.known(KindAchievement, r.Achievement) {
		return
	}
	i, _ := l.catalog.Achievement(r.Achievement)
	if v := l.catalog.Current(i, Forever-1); v != nil && v.Status == Retired {
		l.warn(codeRequiresRetired, "asks for "+string(r.Achievement)+", which is retired: nobody can earn it any more", insteadOf(v.ReplacedBy), r.Achievement)
	}
}

func (l *linter) levelLeaf(r *Requirement) {
	if !l.known(KindCompetency, r.Competency) {
		return
	}
	l.level("", r.Competency, r.Level)
	if c, _ := l.reg.competencies.get(r.Competency); c.Retired {
		l.warn(codeRequiresRetired, "asks for "+string(r.Competency)+", which is retired", insteadOf(c.ReplacedBy), r.Competency)
	}
}

func (l *linter) tenure(r *Requirement) {
	l.amount("months", int64(r.Months))
	if r.Months == 0 {
		l.fail(codeAsksNothing, "asks for 0 months, which everybody has", "write the months, or remove it")
	}
	switch {
	case (r.Role == "") == (r.Family == ""):
		l.fail(codeBadRule, "a tenure is in a role or in a family", "name one of them")
	case r.Role != "":
		l.known(KindRole, r.Role)
	case len(l.catalog.family[r.Family]) == 0:
		l.fail(codeUnknownID, "no role is of the family "+string(r.Family), "give roles this family, or name another", r.Family)
	}
}

func (l *linter) inner(r *Requirement) {
	if r.Op == OpCredits {
		l.credits(r)
	} else {
		l.count(r)
	}
	if r.Sharing == Exclusive {
		l.exclusive(r)
		return
	}
	if r.Op == OpAtLeast && r.K == len(r.Of) {
		l.redundant(r)
	}
}

func (l *linter) count(r *Requirement) {
	switch n := len(r.Of); {
	case n == 0:
		l.fail(codeEmptyRule, "the rule is empty", "say what it asks, or remove it")
	case r.K <= 0:
		l.fail(codeAsksNothing, fmt.Sprintf("asks for %d of %d, which everybody has", r.K, n), fmt.Sprintf("write a number from 1 to %d", n))
	case r.K > n:
		l.fail(codeImpossibleCount, fmt.Sprintf("asks for %d of %d", r.K, n), fmt.Sprintf("write a number from 1 to %d", n))
	}
}

func (l *linter) credits(r *Requirement) {
	l.amount("credits", r.Credits)
	l.bounds("min", r.Min)
	l.bounds("max", r.Max)
	switch {
	case len(r.Of) > 0 && r.OverCategory != "":
		l.fail(codeBadRule, "credits add up over a list or over a category, not both", "keep one")
		return
	case len(r.Of) == 0 && r.OverCategory == "":
		l.fail(codeEmptyRule, "the rule does not say which credits add up", "list what counts, or name a category")
		return
	case r.Credits == 0 && len(r.Min) == 0:
		l.fail(codeAsksNothing, "asks for 0 credits, which everybody has", "write the credits that are needed")
		return
	}
	var sums []CategoryCredits
	all := int64(0)
	count := func(cat ID, credits int64) {
		if all <= maxAmount { // beyond it the sums are refused, so that none overflows
			credits = min(max(credits, 0), maxAmount)
			all += credits
			sums = addCredits(sums, cat, credits)
		}
	}
	vague := false
	for i := range r.Of {
		cat, credits, ok := l.mostOf(&r.Of[i])
		vague = vague || !ok
		l.in("of", func() {
			l.at(i, func() {
				switch {
				case credits < 0:
					l.fail(codeNegativeAmount, "counts less than 0", "write what it counts when it is met")
				case credits > maxAmount:
					l.fail(codeAmountTooLarge, fmt.Sprintf("counts %d", credits), fmt.Sprintf("at most %d can be carried exactly", int64(maxAmount)))
				case ok && credits == 0:
					l.warn(codeCountsNothing, "counts 0 credits", "write what it counts, or give the achievement credits")
				}
			})
		})
		count(cat, credits)
	}
	for _, a := range l.category[r.OverCategory] {
		count(l.worth(a))
	}
	if all > maxAmount {
		l.fail(codeAmountTooLarge, "what is listed counts more together than can be added up", fmt.Sprintf("at most %s credits can be carried exactly", hundredths(maxAmount)))
		return
	}
	if vague {
		return // an unknown id is said where it is
	}
	most := sumUp(r, sums)
	if most.State == StateMet {
		return
	}
	for _, m := range r.Min {
		if have := sumOf(sums, m.Category); have < m.Credits {
			l.in("min", func() {
				l.in(string(m.Category), func() {
					l.fail(codeImpossibleCredits, fmt.Sprintf("asks for %s credits of %s; there are %s", hundredths(m.Credits), m.Category, hundredths(have)), "ask for less, or list more")
				})
			})
		}
	}
	if most.Credits < r.Credits {
		l.fail(codeImpossibleCredits, fmt.Sprintf("asks for %s credits; with everything held %s count", hundredths(r.Credits), hundredths(most.Credits)), "ask for less, list more, or raise a maximum")
	}
}

func sumOf(sums []CategoryCredits, cat ID) int64 {
	for _, s := range sums {
		if s.Category == cat {
			return s.Credits
		}
	}
	return 0
}

func (l *linter) bounds(key string, bounds []CategoryCredits) {
	l.in(key, func() {
		seen := make(map[ID]bool, len(bounds))
		for _, m := range bounds {
			l.amount(string(m.Category), m.Credits)
			if seen[m.Category] {
				l.in(string(m.Category), func() {
					l.fail(codeBadRule, "the category "+string(m.Category)+" stands twice", "keep one")
				})
			}
			seen[m.Category] = true
		}
	})
}

// mostOf is the most that a child of a credits node counts, and under which
// category; false if an id is not known.
func (l *linter) mostOf(r *Requirement) (ID, int64, bool) {
	if r.TermCredits != OwnCredits {
		return r.TermCategory, r.TermCredits, true
	}
	a, ok := l.catalog.Achievement(r.Achievement)
	if r.Op != OpHolds {
		return r.TermCategory, 0, true
	}
	if !ok {
		return "", 0, false
	}
	cat, credits := l.worth(a)
	if r.TermCategory != "" {
		cat = r.TermCategory
	}
	return cat, credits, true
}

// worth is the most credits of a version of an achievement, and their category.
func (l *linter) worth(a AchievementIndex) (cat ID, most int64) {
	for _, v := range l.catalog.achievements[a].versions {
		if v.Credits >= most {
			cat, most = v.Category, v.Credits
		}
	}
	return cat, most
}

// exclusive judges what stands below an exclusive node, and whether distinct
// achievements could ever serve it.
func (l *linter) exclusive(r *Requirement) {
	leaf := func(n *Requirement) bool { return n.Op != OpAtLeast && n.Op != OpCredits }
	fine := true
	l.in("of", func() {
		for i := range r.Of {
			n := &r.Of[i]
			ofLeaves := !slices.ContainsFunc(n.Of, func(x Requirement) bool { return !leaf(&x) })
			if leaf(n) || ofLeaves && (n.Op == OpCredits || n.K == 1) {
				continue
			}
			fine = false
			l.at(i, func() {
				l.fail(codeExclusiveChild, "stands below an exclusive node and is not a leaf, an any of leaves or credits of leaves", "share the node, or write the child out as one of them")
			})
		}
	})
	if !fine || len(r.Of) == 0 || r.Op == OpAtLeast && r.K > len(r.Of) || r.OverCategory != "" {
		return
	}
	// Claims and tenures use nothing up, so only what must be held can run out.
	children := l.allOptions(r.Of)
	plain := slices.ContainsFunc(children, func(c ExclusiveChild) bool { return c.Node.Op == OpCredits })
	if met, known := MeetsExclusive(r, children); met || !known || plain {
		return
	}
	shared := *r
	shared.Sharing = Shared
	before := len(l.problems)
	if r.Op == OpCredits {
		if l.credits(&shared); len(l.problems) > before {
			l.problems = l.problems[:before]
			return // impossible shared as well, and said so
		}
	}
	l.fail(codeImpossibleExcl, "there are not enough different achievements to serve the children one each", "name others, or share the node")
}

// allOptions are the children with every known achievement that could serve them.
func (l *linter) allOptions(of []Requirement) []ExclusiveChild {
	out := make([]ExclusiveChild, len(of))
	for i := range of {
		n := &of[i]
		out[i] = ExclusiveChild{Node: n, Of: l.allOptions(n.Of)}
		if len(n.Of) > 0 {
			continue
		}
		a, ok := l.catalog.Achievement(n.Achievement)
		if n.Op != OpHolds || !ok {
			out[i].Options = []ExclusiveOption{{Item: NoItem, Progress: 1}}
			continue
		}
		for _, x := range append([]AchievementIndex{a}, l.stands[a]...) {
			cat, credits, _ := l.mostOf(n)
			out[i].Options = append(out[i].Options, ExclusiveOption{Item: int32(x), Progress: 1, Category: cat, Credits: credits})
		}
	}
	return out
}

// redundant warns of children of an `all` that another child implies.
func (l *linter) redundant(r *Requirement) {
	type ask struct {
		level Level
		rigor Rigor
	}
	levels := make(map[CompetencyIndex]int) // a leaf that asks for it
	holds := make(map[ID]int)
	said := make(map[int]bool)
	say := func(i, by int, what string) {
		if said[i] || said[by] {
			return
		}
		said[i] = true
		l.in("of", func() {
			l.at(i, func() {
				l.warn(codeRedundant, fmt.Sprintf("holds whenever of/%d does: %s", by, what), "remove one of them")
			})
		})
	}
	of := func(n *Requirement) ask { return ask{n.Level, l.reg.settings.floor(n.MinRigor)} }
	for i := range r.Of {
		n := &r.Of[i]
		switch n.Op {
		case OpLevel:
			c, ok := l.catalog.Competency(n.Competency)
			if !ok {
				continue
			}
			if j, twice := levels[c]; twice {
				a, b := of(n), of(&r.Of[j])
				switch {
				case a.level <= b.level && a.rigor <= b.rigor:
					say(i, j, "it asks for more of "+string(n.Competency))
				case a.level >= b.level && a.rigor >= b.rigor:
					say(j, i, "it asks for more of "+string(n.Competency))
				}
				continue
			}
			levels[c] = i
		case OpHolds:
			if j, twice := holds[n.Achievement]; twice && sameHolds(n, &r.Of[j]) {
				say(i, j, "they ask the same")
				continue
			}
			holds[n.Achievement] = i
		default:
		}
	}
	proves := func(i int, rigor Rigor, proof map[CompetencyIndex]Level, what string) {
		var proven []int
		for c, level := range proof {
			if j, ok := levels[c]; ok && j != i && of(&r.Of[j]).level <= level && of(&r.Of[j]).rigor <= rigor {
				proven = append(proven, j)
			}
		}
		slices.Sort(proven)
		for _, j := range proven {
			say(j, i, what+" proves it")
		}
	}
	for i := range r.Of {
		n := &r.Of[i]
		switch n.Op {
		case OpLevel:
			if c, ok := l.catalog.Competency(n.Competency); ok && len(l.catalog.competencies[c].implies) > 0 {
				proof := make(map[CompetencyIndex]Level)
				l.catalog.proven(c, n.Level, proof)
				delete(proof, c)
				proves(i, of(n).rigor, proof, fmt.Sprintf("%s at level %d", n.Competency, n.Level))
			}
		case OpHolds:
			if a, ok := l.catalog.Achievement(n.Achievement); ok {
				proves(i, of(n).rigor, l.alwaysProves(a), string(n.Achievement))
			}
		default:
		}
	}
}

func sameHolds(a, b *Requirement) bool {
	return a.MinRigor == b.MinRigor && a.FreshWithinMonths == b.FreshWithinMonths && slices.Equal(a.Issuers, b.Issuers)
}

// alwaysProves are the levels that every version of an achievement, and of
// those that it replaced, attests.
func (l *linter) alwaysProves(a AchievementIndex) map[CompetencyIndex]Level {
	var out map[CompetencyIndex]Level
	for _, x := range append([]AchievementIndex{a}, l.stands[a]...) {
		for _, v := range l.catalog.achievements[x].order {
			proof := make(map[CompetencyIndex]Level)
			for _, at := range v.Attests {
				l.catalog.proven(at.Competency, at.Level, proof)
			}
			if out == nil {
				out = proof
				continue
			}
			for c := range out {
				out[c] = min(out[c], proof[c])
			}
		}
	}
	return out
}
