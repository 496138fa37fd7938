package exchange

import (
	"fmt"
	"strings"

	"github.com/cairn-skills/cairn/graph"
)

// read reads every file of the set in the order of escoParts.
func (d *escoDecoder) read() error {
	files, err := d.files()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := f.part.read(d, f); err != nil {
			return err
		}
	}
	return nil
}

// concept is the entry of a row: a new one, the one of the same URI from a file
// in another language, or nil for a row that is left out.
func (d *escoDecoder) concept(in *escoConcepts, cols *escoColumns, f escoFile, at Place, wantType string) *escoConcept {
	id := graph.ID(strings.Clone(cols.get("conceptUri")))
	if err := id.Check(); err != nil {
		d.skip(findBadID, at, "", fmt.Sprintf("the conceptUri cannot be an id: %v", err), "the row is left out")
		return nil
	}
	if t := cols.get("conceptType"); t != "" && t != wantType {
		d.find(Warning, findOtherType, at, id, fmt.Sprintf("the conceptType is %s where %s is expected", t, wantType), "the row is read all the same")
	}
	c := in.byID[id]
	if c == nil {
		c = &escoConcept{id: id, at: at, stem: f.stem, status: strings.Clone(cols.get("status"))}
		in.byID[id] = c
		in.list = append(in.list, c)
		if !c.released() {
			d.find(Warning, findNotReleased, at, id, fmt.Sprintf("the status is %s", c.status), "the entry is imported as retired")
		}
	} else if c.lastFile == f.name || c.stem != f.stem {
		d.skip(findDuplicate, at, id, fmt.Sprintf("the concept is at %s already", c.at), "the first row counts")
		return nil
	}
	c.lastFile = f.name
	d.texts(c, cols, f.lang)
	return c
}

// texts adds the title, labels and description of the row. Labels that repeat
// the title or another label are left out and counted.
func (d *escoDecoder) texts(c *escoConcept, cols *escoColumns, lang graph.Lang) {
	title := strings.Clone(cols.get("preferredLabel"))
	c.title = append(c.title, graph.Translation{Lang: lang, Value: title})
	first := len(c.alts)
	if alts := cols.get("altLabels"); alts != "" {
	labels:
		for label := range strings.SplitSeq(strings.Clone(alts), "\n") {
			label = strings.TrimSpace(label)
			if label == "" {
				continue
			}
			if label == title {
				d.repeats++
				continue
			}
			for _, have := range c.alts[first:] {
				if have.Value == label {
					d.repeats++
					continue labels
				}
			}
			c.alts = append(c.alts, graph.Translation{Lang: lang, Value: label})
		}
	}
	if text := cols.get("description"); text != "" {
		c.description = append(c.description, graph.Translation{Lang: lang, Value: strings.Clone(text)})
	}
}

var (
	escoConceptColumns = []string{"conceptUri", "preferredLabel"}
	escoOtherColumns   = []string{
		"conceptType", "skillType", "reuseLevel", "altLabels", "hiddenLabels", "status", "modifiedDate", "scopeNote", "definition",
		"inScheme", "description", "code", "iscoGroup", "regulatedProfessionNote",
	}
)

// leftColumns counts, over the rows of a file, the fields that have no
// counterpart here.
type leftColumns struct {
	names  []string
	counts []int
}

func left(names ...string) *leftColumns { return &leftColumns{names, make([]int, len(names))} }

func (l *leftColumns) row(cols *escoColumns) {
	for i, n := range l.names {
		if cols.get(n) != "" {
			l.counts[i]++
		}
	}
}

func (l *leftColumns) report(d *escoDecoder, file string) {
	for i, n := range l.names {
		d.aside(file, l.counts[i], n, "values of the column "+n, "there is no field for them")
	}
}

func (d *escoDecoder) readSkills(f escoFile) error {
	l := left("hiddenLabels", "scopeNote", "definition", "reuseLevel", "inScheme", "modifiedDate")
	err := d.rows(f, escoConceptColumns, append([]string{"skillType"}, escoOtherColumns...), func(cols *escoColumns, at Place) {
		c := d.concept(d.skills, cols, f, at, "KnowledgeSkillCompetence")
		if c == nil {
			return
		}
		l.row(cols)
		c.skillType = strings.Clone(cols.get("skillType"))
		switch c.skillType {
		case "knowledge":
			c.kind = graph.Knowledge
		case "skill/competence":
			c.kind = graph.Skill
		case "":
			c.kind = graph.Skill
			d.find(Warning, findEmptySkillType, at, c.id, "the skillType is empty", "it is read as a skill")
		default:
			c.kind = graph.Skill
			d.find(Warning, findOtherSkillType, at, c.id, fmt.Sprintf("the skillType %q is not one of skill/competence, knowledge", c.skillType), "it is read as a skill")
		}
	})
	if err != nil {
		return err
	}
	l.report(d, f.name)
	return nil
}

func (d *escoDecoder) readSkillGroups(f escoFile) error {
	l := left("hiddenLabels", "scopeNote", "inScheme", "modifiedDate", "code")
	err := d.rows(f, escoConceptColumns, escoOtherColumns, func(cols *escoColumns, at Place) {
		c := d.concept(d.skills, cols, f, at, "SkillGroup")
		if c == nil {
			return
		}
		l.row(cols)
		c.kind = graph.SkillGroup
		c.code = strings.Clone(cols.get("code"))
	})
	if err != nil {
		return err
	}
	l.report(d, f.name)
	return nil
}

func (d *escoDecoder) readOccupations(f escoFile) error {
	l := left("hiddenLabels", "scopeNote", "definition", "inScheme", "modifiedDate", "regulatedProfessionNote")
	err := d.rows(f, append([]string{"iscoGroup"}, escoConceptColumns...), escoOtherColumns, func(cols *escoColumns, at Place) {
		c := d.concept(d.occupations, cols, f, at, "Occupation")
		if c == nil {
			return
		}
		l.row(cols)
		c.code = strings.Clone(cols.get("code"))
		c.iscoGroup = strings.Clone(cols.get("iscoGroup"))
		if len(d.isco) > 0 && d.isco[c.iscoGroup] == nil {
			d.find(Warning, findUnknownGroup, at, c.id, fmt.Sprintf("no ISCO group has the code %q", c.iscoGroup), "the family is named all the same")
		}
	})
	if err != nil {
		return err
	}
	l.report(d, f.name)
	return nil
}

// readISCOGroups reads the groups, which become the families of roles and the
// targets of their alignments.
func (d *escoDecoder) readISCOGroups(f escoFile) error {
	groups := newConcepts()
	l := left("description", "inScheme", "altLabels")
	if d.iscoURIs == nil {
		d.iscoURIs = make(map[graph.ID]bool)
	}
	err := d.rows(f, append([]string{"code"}, escoConceptColumns...), escoOtherColumns, func(cols *escoColumns, at Place) {
		c := d.concept(groups, cols, f, at, "ISCOGroup")
		if c == nil {
			return
		}
		l.row(cols)
		c.code = strings.Clone(cols.get("code"))
		d.iscoURIs[c.id] = true
		if have := d.isco[c.code]; have != nil {
			have.title = append(have.title, c.title...)
			return
		}
		d.isco[c.code] = c
	})
	if err != nil {
		return err
	}
	l.report(d, f.name)
	return nil
}

// readSchemes counts the concept schemes: of them only the framework is kept.
func (d *escoDecoder) readSchemes(f escoFile) error {
	may := []string{"conceptType", "preferredLabel", "title", "status", "description", "hasTopConcept"}
	if err := d.rows(f, []string{"conceptSchemeUri"}, may, func(*escoColumns, Place) {}); err != nil {
		return err
	}
	d.aside(f.name, d.count.Accepted, "concept schemes", "concept schemes", "the import makes one framework for all of them")
	return nil
}
