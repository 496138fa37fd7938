package graph

// reach says whose derived awards an edit of the catalog can change. It errs
// towards too many people, never towards too few.
type reach struct {
	everybody    bool
	enforcing    bool // who has an award whose prerequisite is enforced is reached
	achievements []bool
	competencies []bool
	roles        []bool
}

// reachOf is the reach of the entries of b, with which the catalog before
// became c. Cost: linear in the catalog's rules.
func reachOf(before, c *Catalog, b *Batch) *reach {
	if b.Settings != nil || len(b.Scales)+len(b.Conversions)+len(b.Issuers) > 0 {
		return &reach{everybody: true} // zone, floors and levels are in every rule
	}
	r := &reach{
		enforcing: before.enforcing || c.enforcing, achievements: make([]bool, len(c.achievements)),
		competencies: make([]bool, len(c.competencies)), roles: make([]bool, len(c.roles)),
	}
	both := []*Catalog{before, c}

	// hit are the automatic achievements that may come out otherwise, at first by
	// what they or what they ask for has become.
	hit := make(map[AchievementIndex]bool)
	add := func(a AchievementIndex) { hit[a] = true }
	automatic := make(map[AchievementIndex]bool)
	for _, x := range both {
		for _, a := range x.automatic {
			automatic[a] = true
		}
		for i := range b.Achievements {
			if a, ok := x.Achievement(b.Achievements[i].ID); ok {
				x.touched(a, make(map[CompetencyIndex]bool), add)
			}
		}
		for i := range b.Competencies {
			if at, ok := x.Competency(b.Competencies[i].ID); ok {
				x.touchedByCompetency(at, make(map[CompetencyIndex]bool), add)
			}
		}
		if len(b.Roles) > 0 { // families and replacements are of several roles
			for _, as := range x.watchers.byRole {
				for _, a := range as {
					add(a)
				}
			}
		}
	}
	for i := range b.Achievements {
		if a, _ := c.Achievement(b.Achievements[i].ID); automatic[a] {
			add(a)
		}
	}

	// Then those that touch one of them, and what a person has that does.
	touches := func(each func(func(AchievementIndex))) bool {
		found := false
		each(func(a AchievementIndex) { found = found || hit[a] })
		return found
	}
	byAchievement := func(x *Catalog, a AchievementIndex) bool {
		return int(a) < len(x.achievements) && touches(func(visit func(AchievementIndex)) {
			x.touched(a, make(map[CompetencyIndex]bool), visit)
		})
	}
	for again := true; again; {
		again = false
		for a := range automatic {
			if !hit[a] && (byAchievement(before, a) || byAchievement(c, a)) {
				hit[a], again = true, true
			}
		}
	}
	for _, x := range both {
		for _, a := range x.watchers.always { // what everybody has
			r.everybody = r.everybody || hit[a]
		}
		for i := range x.achievements {
			a := AchievementIndex(i)
			r.achievements[a] = r.achievements[a] || x.watchers.achievements[a] && byAchievement(x, a)
		}
		for i := range x.competencies {
			at := CompetencyIndex(i)
			r.competencies[at] = r.competencies[at] || x.watchers.competencies[at] && touches(func(visit func(AchievementIndex)) {
				x.touchedByCompetency(at, make(map[CompetencyIndex]bool), visit)
			})
		}
		for role, as := range x.watchers.byRole {
			for _, a := range as {
				r.roles[role] = r.roles[role] || hit[a]
			}
		}
	}
	return r
}

// person reports whether q is reached. Cost: linear in q's facts.
func (r *reach) person(c *Catalog, q *person) bool {
	if r.everybody || r.enforcing && c.enforces(q) {
		return true
	}
	for i := range q.awards {
		if r.achievements[q.awards[i].achievement] {
			return true
		}
	}
	for i := range q.derived {
		if r.achievements[q.derived[i].achievement] {
			return true
		}
	}
	for i := range q.claims {
		if r.competencies[q.claims[i].competency] {
			return true
		}
	}
	for i := range q.assignments {
		if r.roles[q.assignments[i].role] {
			return true
		}
	}
	return false
}
