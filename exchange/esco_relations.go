package exchange

import (
	"fmt"
	"strings"

	"github.com/cairn-skills/cairn/graph"
)

// unknown leaves out a row that points at a concept which no file has; code
// says which sort.
func (d *escoDecoder) unknown(at Place, column string, id graph.ID, code string) {
	d.skip(code, at, id, fmt.Sprintf("the %s is no %s of the set", column, strings.TrimPrefix(code, "unknown-")), "the row is left out")
}

// readBroaderSkills reads the links from skills and skill groups to broader ones.
func (d *escoDecoder) readBroaderSkills(f escoFile) error {
	return d.rows(f, []string{"conceptUri", "broaderUri"}, []string{"conceptType", "broaderType"}, func(cols *escoColumns, at Place) {
		from, to := graph.ID(cols.get("conceptUri")), graph.ID(cols.get("broaderUri"))
		c, b := d.skills.byID[from], d.skills.byID[to]
		switch {
		case c == nil:
			d.unknown(at, "conceptUri", from, findUnknownSkill)
		case b == nil:
			d.unknown(at, "broaderUri", to, findUnknownSkill)
		case c == b:
			d.skip(findSelfLoop, at, c.id, "the concept is broader than itself", "the row is left out")
		default:
			pair := escoPair{c.id, b.id}
			if line, ok := d.broader[pair]; ok {
				d.skip(findDuplicate, at, c.id, fmt.Sprintf("the same link is on line %d", line), "it counts once")
				return
			}
			d.broader[pair] = at.Line
			c.broader = append(c.broader, b.id)
		}
	})
}

// readBroaderOccupations checks the links from occupations and ISCO groups to
// broader ones. Of them only the ISCO group of an occupation is kept, which the
// occupation's own row has as well.
func (d *escoDecoder) readBroaderOccupations(f escoFile) error {
	known := func(id graph.ID) bool { return d.iscoURIs[id] || d.occupations.byID[id] != nil }
	inGroup, nested, groups := 0, 0, 0
	err := d.rows(f, []string{"conceptUri", "broaderUri"}, []string{"conceptType", "broaderType"}, func(cols *escoColumns, at Place) {
		from, to := graph.ID(cols.get("conceptUri")), graph.ID(cols.get("broaderUri"))
		switch {
		case !known(from):
			d.unknown(at, "conceptUri", from, findUnknownOccupation)
		case !known(to):
			d.unknown(at, "broaderUri", to, findUnknownOccupation)
		case from == to:
			d.skip(findSelfLoop, at, from, "the concept is broader than itself", "the row is left out")
		case d.iscoURIs[from]:
			groups++
		case d.iscoURIs[to]:
			inGroup++
			o := d.occupations.byID[from]
			if g := d.isco[o.iscoGroup]; g != nil && g.id != to {
				d.find(Warning, findOtherGroup, at, from, fmt.Sprintf("the ISCO group here is %s, in the occupation's own row %s", to, g.id), "the occupation's own row counts")
			}
		default:
			nested++
		}
	})
	if err != nil {
		return err
	}
	d.aside(f.name, nested, "links from an occupation to a broader occupation", "links from an occupation to a broader occupation", "roles have no broader links; their family is the ISCO group")
	d.aside(f.name, groups, "links between ISCO groups", "links between ISCO groups", "families of roles have no hierarchy")
	return nil
}

// readOccupationSkills reads what occupations need.
func (d *escoDecoder) readOccupationSkills(f escoFile) error {
	return d.rows(f, []string{"occupationUri", "relationType", "skillUri"}, []string{"skillType"}, func(cols *escoColumns, at Place) {
		from, to := graph.ID(cols.get("occupationUri")), graph.ID(cols.get("skillUri"))
		o, s := d.occupations.byID[from], d.skills.byID[to]
		kind := cols.get("relationType")
		switch {
		case o == nil:
			d.unknown(at, "occupationUri", from, findUnknownOccupation)
			return
		case s == nil:
			d.unknown(at, "skillUri", to, findUnknownSkill)
			return
		case kind != "essential" && kind != "optional":
			d.skip(findOtherRelation, at, o.id, fmt.Sprintf("the relationType %q is neither essential nor optional", kind), "the row is left out")
			return
		}
		pair := escoPair{o.id, s.id}
		if have, ok := d.pairs[pair]; ok {
			hint := "it counts once"
			if have.essential != (kind == "essential") {
				hint = "the first row counts"
			}
			d.skip(findDuplicate, at, o.id, fmt.Sprintf("occupation and skill %s are related on line %d already", s.id, have.line), hint)
			return
		}
		d.pairs[pair] = escoRelation{at.Line, kind == "essential"}
		if t := cols.get("skillType"); t == "" {
			d.find(Warning, findEmptySkillType, at, s.id, "the skillType is empty", "the skill's own row counts")
		} else if s.skillType != "" && t != s.skillType {
			d.find(Warning, findOtherSkillType, at, s.id, fmt.Sprintf("the skillType is %s here and %s in the skill's own row", t, s.skillType), "the skill's own row counts")
		}
		if kind == "essential" {
			o.essential = append(o.essential, s.id)
		} else {
			o.optional = append(o.optional, s.id)
		}
	})
}

// readSkillSkills checks and counts the relations between skills. That a skill
// is useful for another does not prove it, so they cannot become implications.
func (d *escoDecoder) readSkillSkills(f escoFile) error {
	essential, optional := 0, 0
	may := []string{"originalSkillType", "relatedSkillType"}
	err := d.rows(f, []string{"originalSkillUri", "relationType", "relatedSkillUri"}, may, func(cols *escoColumns, at Place) {
		from, to := graph.ID(cols.get("originalSkillUri")), graph.ID(cols.get("relatedSkillUri"))
		kind := cols.get("relationType")
		switch {
		case d.skills.byID[from] == nil:
			d.unknown(at, "originalSkillUri", from, findUnknownSkill)
		case d.skills.byID[to] == nil:
			d.unknown(at, "relatedSkillUri", to, findUnknownSkill)
		case from == to:
			d.skip(findSelfLoop, at, from, "the skill needs itself", "the row is left out")
		case kind == "essential":
			essential++
		case kind == "optional":
			optional++
		default:
			d.skip(findOtherRelation, at, from, fmt.Sprintf("the relationType %q is neither essential nor optional", kind), "the row is left out")
		}
	})
	if err != nil {
		return err
	}
	const why = "that a skill needs another does not prove that other one, and only what is proven counts"
	d.aside(f.name, essential, "essential relations between skills", "essential relations between skills", why)
	d.aside(f.name, optional, "optional relations between skills", "optional relations between skills", why)
	return nil
}

// escoLevels is the depth of skillsHierarchy: levels 0 to 3.
const escoLevels = 4

// readHierarchy checks the flattened hierarchy against the broader links, from
// which the same is known.
func (d *escoDecoder) readHierarchy(f escoFile) error {
	var uri [escoLevels]string
	may := []string{"Description", "Scope note"}
	for i := range uri {
		uri[i] = fmt.Sprintf("Level %d URI", i)
		may = append(may, uri[i], fmt.Sprintf("Level %d preferred term", i), fmt.Sprintf("Level %d code", i))
	}
	return d.rows(f, []string{uri[0]}, may, func(cols *escoColumns, at Place) {
		above := graph.ID("")
		for i := range uri {
			id := graph.ID(cols.get(uri[i]))
			if id == "" {
				return
			}
			if d.skills.byID[id] == nil {
				d.find(Warning, findUnknownSkill, at, id, fmt.Sprintf("the %s is no skill of the set", uri[i]), "the hierarchy is taken from the broader links")
			} else if above != "" && len(d.broader) > 0 {
				if _, ok := d.broader[escoPair{id, above}]; !ok {
					d.find(Warning, findOtherHierarchy, at, id, fmt.Sprintf("stands below %s here and not in the broader links", above), "the broader links count")
				}
			}
			above = id
		}
	})
}

// readCollection checks and counts the members of a collection.
func (d *escoDecoder) readCollection(f escoFile) error {
	members := 0
	err := d.rows(f, []string{"conceptUri"}, append([]string{"preferredLabel", "broaderConceptUri", "broaderConceptPT"}, escoOtherColumns...), func(cols *escoColumns, at Place) {
		id := graph.ID(cols.get("conceptUri"))
		if d.skills.byID[id] == nil && d.occupations.byID[id] == nil {
			d.unknown(at, "conceptUri", id, findUnknownConcept)
			return
		}
		members++
	})
	if err != nil {
		return err
	}
	d.aside(f.name, members, "memberships of a collection", "memberships of a collection", "a competency belongs to one framework; the members themselves are imported")
	return nil
}
