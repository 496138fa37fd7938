package exchange

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cairn-skills/cairn/graph"
)

// The cost of a derived badge: getting into a subject, and each skill.
const (
	badgeBaseMinutes  = 8 * 60
	badgeSkillMinutes = 2 * 60
)

// ESCOBadgeID is the id of the derived badge of a skill group for a field.
//
// ESCO has no credentials. So that there is something to earn on the way to an
// occupation, [DeriveBadges] makes badges by this rule; they are not part of
// ESCO and say so in their description.
//
// A field is a sub-major group of ISCO-08 (two digits), e.g. 25, information and
// communications technology professionals. The groups of a skill are the
// nearest skill groups above it: on every way up along the broader links,
// through skills, the first group. A badge exists for each pair of group and
// field such that an occupation of the field needs, as essential, a skill of the
// group. It attests every such skill, is assessed, has no prerequisite, lasts
// for ever and takes 8 hours plus 2 hours per attested skill, at no price.
//
// A skill can be learned by several badges, since it may have several groups
// and several fields need it, and a badge brings several skills, so which
// badges are the least work is a question worth asking.
func ESCOBadgeID(group graph.ID, field string) graph.ID {
	return graph.ID("urn:cairn:esco-badge:" + field + ":" + lastPart(group))
}

type badgeKey struct {
	group graph.ID
	field string
}

// badges are the derived badges, by group in the order of the files, then field.
func (d *escoDecoder) badges() []graph.Achievement {
	skills := make(map[badgeKey]map[graph.ID]bool)
	ungrouped := make(map[graph.ID]bool)
	for _, o := range d.occupations.list {
		if len(o.iscoGroup) < 2 || !o.released() {
			continue
		}
		field := o.iscoGroup[:2]
		for _, s := range o.essential {
			if len(d.nearestGroups(s)) == 0 && !ungrouped[s] {
				ungrouped[s] = true
				d.find(Warning, findNoGroup, d.skills.byID[s].at, s, "no skill group is above the skill, and an occupation needs it", "no badge attests it")
			}
			for _, g := range d.nearestGroups(s) {
				k := badgeKey{g, field}
				if skills[k] == nil {
					skills[k] = make(map[graph.ID]bool)
				}
				skills[k][s] = true
			}
		}
	}
	position := make(map[graph.ID]int, len(d.skills.list))
	for i, c := range d.skills.list {
		position[c.id] = i
	}
	byPosition := func(a, b graph.ID) int { return cmp.Compare(position[a], position[b]) }
	keys := make([]badgeKey, 0, len(skills))
	for k := range skills {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b badgeKey) int { return cmp.Or(byPosition(a.group, b.group), cmp.Compare(a.field, b.field)) })
	out := make([]graph.Achievement, 0, len(keys))
	taken := make(map[graph.ID]graph.ID, len(keys))
	for _, k := range keys {
		id := ESCOBadgeID(k.group, k.field)
		group := d.skills.byID[k.group]
		if other, ok := taken[id]; ok && other != k.group {
			d.find(Warning, findBadgeTwice, group.at, k.group, fmt.Sprintf("the badge would have the same id as the badge of %s", other), "no badge is made for this group")
			continue
		}
		taken[id] = k.group
		members := make([]graph.ID, 0, len(skills[k]))
		for s := range skills[k] {
			members = append(members, s)
		}
		slices.SortFunc(members, byPosition)
		d.report.SetPlace(graph.KindAchievement, id, group.at)
		out = append(out, d.badge(id, group, k.field, members))
	}
	d.report.Add(Finding{
		Severity: Note, Code: findDerivedBadges, Count: len(out),
		Message: fmt.Sprintf("%d badges are made by a rule of Cairn and are not part of ESCO", len(out)), Hint: "the rule is in docs/formats-import.md",
	})
	return out
}

func (d *escoDecoder) badge(id graph.ID, group *escoConcept, field string, members []graph.ID) graph.Achievement {
	title := graph.NewText(group.title...)
	fieldTitle := graph.Text(nil)
	if g := d.isco[field]; g != nil {
		fieldTitle = graph.NewText(g.title...)
	}
	a := graph.Achievement{
		ID: id, Lifecycle: d.lifecycle(), Type: graph.Badge, Rigor: graph.Assessed,
		Description: graph.NewText(graph.Translation{Lang: "en", Value: fmt.Sprintf(
			"Derived by Cairn, not part of ESCO: the %d skills of this group that occupations of ISCO sub-major group %s need.", len(members), field)}),
		Routes: []graph.Route{{ID: "course", Kind: graph.ByCourse, EffortMinutes: badgeBaseMinutes + badgeSkillMinutes*int64(len(members))}},
		Alignments: []graph.Alignment{{
			Type: graph.RelatedMatch, Target: group.id, TargetName: title.In("en").Value, Framework: d.frameworkName(),
		}},
	}
	for _, t := range title {
		suffix := "ISCO " + field
		if in := fieldTitle.In(t.Lang); in.Lang == t.Lang {
			suffix = in.Value
		}
		a.Title = append(a.Title, graph.Translation{Lang: t.Lang, Value: t.Value + " (" + suffix + ")"})
	}
	for _, s := range members {
		a.Attests = append(a.Attests, graph.Attestation{Competency: s, Level: 1})
	}
	return a
}

// nearestGroups are the first skill groups on every way up from a skill, in the
// order in which they are met; broader links may run in a circle.
func (d *escoDecoder) nearestGroups(skill graph.ID) []graph.ID {
	if groups, ok := d.nearest[skill]; ok {
		return groups
	}
	var groups []graph.ID
	seen := map[graph.ID]bool{skill: true}
	for up := []graph.ID{skill}; len(up) > 0; up = up[1:] {
		for _, b := range d.skills.byID[up[0]].broader {
			if seen[b] {
				continue
			}
			seen[b] = true
			if d.skills.byID[b].kind == graph.SkillGroup {
				groups = append(groups, b)
			} else {
				up = append(up, b)
			}
		}
	}
	if d.nearest == nil {
		d.nearest = make(map[graph.ID][]graph.ID)
	}
	d.nearest[skill] = groups
	return groups
}
