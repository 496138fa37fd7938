package graph

import (
	"cmp"
	"slices"
)

// watchers say which automatic achievements may be touched by what a person has.
type watchers struct {
	byAchievement map[AchievementIndex][]AchievementIndex
	byCompetency  map[CompetencyIndex][]AchievementIndex
	byRole        map[RoleIndex][]AchievementIndex
	always        []AchievementIndex // rules that hold of nothing
	achievements  []bool             // by index: an award of it may touch one
	competencies  []bool             // by index: holding it may touch one
}

// watch inverts the rules of the automatic achievements.
func (c *Catalog) watch() watchers {
	w := watchers{
		byAchievement: make(map[AchievementIndex][]AchievementIndex),
		byCompetency:  make(map[CompetencyIndex][]AchievementIndex),
		byRole:        make(map[RoleIndex][]AchievementIndex),
	}
	for _, a := range c.automatic {
		for _, v := range c.achievements[a].order {
			for i := range v.Routes {
				if !v.Routes[i].Fires() {
					continue
				}
				if v.Routes[i].Requires == nil {
					w.always = append(w.always, a)
				}
				for _, n := range v.Routes[i].Requires.nodes() {
					switch n.Op {
					case OpHolds:
						w.byAchievement[n.Achievement] = append(w.byAchievement[n.Achievement], a)
					case OpLevel:
						w.byCompetency[n.Competency] = append(w.byCompetency[n.Competency], a)
					case OpTenure:
						for _, r := range n.Roles {
							w.byRole[r] = append(w.byRole[r], a)
						}
					default:
					}
				}
			}
		}
	}
	w.competencies = make([]bool, len(c.competencies))
	for x := range w.byCompetency {
		if x != None {
			c.spread(w.competencies, x)
		}
	}
	w.achievements = make([]bool, len(c.achievements))
	for i := range c.achievements {
		for _, h := range c.achievements[i].heldAs {
			w.achievements[i] = w.achievements[i] || len(w.byAchievement[h]) > 0
		}
		for _, v := range c.achievements[i].versions {
			for _, at := range v.Attests {
				w.achievements[i] = w.achievements[i] || w.competencies[at.Competency]
			}
		}
	}
	return w
}

// spread marks x and everything that implies it.
func (c *Catalog) spread(mark []bool, x CompetencyIndex) {
	if mark[x] {
		return
	}
	mark[x] = true
	for _, im := range c.competencies[x].impliedBy {
		c.spread(mark, im.From)
	}
}

// touches reports whether anything that q has touches an automatic achievement.
func (w *watchers) touches(q *person) bool {
	for i := range q.awards {
		if w.achievements[q.awards[i].achievement] {
			return true
		}
	}
	for i := range q.claims {
		if w.competencies[q.claims[i].competency] {
			return true
		}
	}
	for i := range q.assignments {
		if len(w.byRole[q.assignments[i].role]) > 0 {
			return true
		}
	}
	return len(w.always) > 0
}

// touched calls visit with the automatic achievements of which some leaf is
// touched by an award of a, several times with some. Competencies in seen are
// left out; those that the award proves are added.
func (c *Catalog) touched(a AchievementIndex, seen map[CompetencyIndex]bool, visit func(AchievementIndex)) {
	for _, h := range c.HeldAs(a) {
		for _, x := range c.watchers.byAchievement[h] {
			visit(x)
		}
	}
	for _, v := range c.achievements[a].versions {
		for _, at := range v.Attests {
			c.touchedByCompetency(at.Competency, seen, visit)
		}
	}
}

func (c *Catalog) touchedByCompetency(x CompetencyIndex, seen map[CompetencyIndex]bool, visit func(AchievementIndex)) {
	if seen[x] {
		return
	}
	seen[x] = true
	for _, a := range c.watchers.byCompetency[x] {
		visit(a)
	}
	for _, im := range c.competencies[x].implies {
		c.touchedByCompetency(im.To, seen, visit)
	}
}

// candidates are the automatic achievements of which some leaf is touched by
// what q has, or by what those would attest, by ID.
func (c *Catalog) candidates(q *person) []AchievementIndex {
	if len(c.automatic) == 0 || !c.watchers.touches(q) {
		return nil
	}
	var out []AchievementIndex
	has := make(map[AchievementIndex]bool)
	add := func(a AchievementIndex) {
		if !has[a] {
			has[a] = true
			out = append(out, a)
		}
	}
	seen := make(map[CompetencyIndex]bool)
	for _, a := range c.watchers.always {
		add(a)
	}
	for i := range q.awards {
		if i == 0 || q.awards[i].achievement != q.awards[i-1].achievement {
			c.touched(q.awards[i].achievement, seen, add)
		}
	}
	for i := range q.claims {
		c.touchedByCompetency(q.claims[i].competency, seen, add)
	}
	for i := range q.assignments {
		for _, a := range c.watchers.byRole[q.assignments[i].role] {
			add(a)
		}
	}
	for i := 0; i < len(out); i++ {
		c.touched(out[i], seen, add)
	}
	slices.SortFunc(out, func(a, b AchievementIndex) int { return cmp.Compare(c.AchievementID(a), c.AchievementID(b)) })
	return out
}
