package exchange

import (
	"fmt"
	"strings"

	"github.com/cairn-skills/cairn/graph"
)

// escoAttribution is what the terms of ESCO ask its users to say.
const escoAttribution = "This service uses the ESCO classification of the European Commission."

// batch is everything that was read, as graph entries.
func (d *escoDecoder) batch() graph.Batch {
	if d.repeats > 0 {
		d.report.Add(Finding{
			Severity: Note, Code: findRepeatedLabel, Count: d.repeats,
			Message: fmt.Sprintf("%d alternative labels repeat the preferred label or one another and are left out", d.repeats),
		})
	}
	b := graph.Batch{Frameworks: []graph.Framework{{
		ID:          escoFrameworkID,
		Title:       graph.NewText(graph.Translation{Lang: "en", Value: "ESCO, European Skills, Competences, Qualifications and Occupations"}),
		Description: graph.NewText(graph.Translation{Lang: "en", Value: escoAttribution}),
		URL:         "https://esco.ec.europa.eu",
		Version:     d.opts.Version,
		Publisher:   "European Commission",
		Source:      d.source,
	}}}
	d.report.SetPlace(graph.KindFramework, escoFrameworkID, Place{})
	b.Competencies = make([]graph.Competency, 0, len(d.skills.list))
	for _, c := range d.skills.list {
		d.report.SetPlace(graph.KindCompetency, c.id, c.at)
		b.Competencies = append(b.Competencies, graph.Competency{
			ID: c.id, Framework: escoFrameworkID, Kind: c.kind, Title: graph.NewText(c.title...), AltLabels: c.alts,
			Description: graph.NewText(c.description...), Broader: c.broader, Retired: !c.released(), Source: d.source,
		})
	}
	b.Roles = make([]graph.Role, 0, len(d.occupations.list))
	for _, o := range d.occupations.list {
		d.report.SetPlace(graph.KindRole, o.id, o.at)
		b.Roles = append(b.Roles, d.role(o))
	}
	if d.opts.Derive == DeriveBadges {
		b.Achievements = d.badges()
	}
	return b
}

// role is an occupation as a role.
func (d *escoDecoder) role(o *escoConcept) graph.Role {
	r := graph.Role{
		ID: o.id, Lifecycle: d.lifecycle(), Title: graph.NewText(o.title...), AltLabels: o.alts,
		Description: graph.NewText(o.description...), Family: d.family(o.iscoGroup),
	}
	if !o.released() {
		r.Status = graph.Retired
	}
	node := nodeNames()
	if len(o.essential) == 0 {
		d.find(Warning, findNoEssentialSkill, o.at, o.id, "no essential skill is related to the occupation", "anybody meets the role")
	} else {
		of := make([]graph.Requirement, len(o.essential))
		for i, s := range o.essential {
			of[i] = graph.AtLevel(s, 1)
			of[i].Node = node(s)
		}
		all := graph.All(of...)
		all.Node = "essential"
		r.Essential = &all
	}
	for _, s := range o.optional {
		leaf := graph.AtLevel(s, 1)
		leaf.Node = node(s)
		r.Optional = append(r.Optional, graph.Optional{Requirement: leaf, Weight: 1})
	}
	name := graph.NewText(o.title...).In("en").Value
	if o.code != "" {
		name = o.code + " " + name
	}
	r.Alignments = append(r.Alignments, graph.Alignment{Type: graph.ExactMatch, Target: o.id, TargetName: name, Framework: d.frameworkName()})
	if g := d.isco[o.iscoGroup]; g != nil {
		r.Alignments = append(r.Alignments, graph.Alignment{
			Type: graph.BroadMatch, Target: g.id, TargetName: g.code + " " + graph.NewText(g.title...).In("en").Value, Framework: "ISCO-08",
		})
	}
	return r
}

func (d *escoDecoder) frameworkName() string {
	return strings.TrimSpace("ESCO " + d.opts.Version)
}

func (d *escoDecoder) lifecycle() graph.Lifecycle {
	return graph.Lifecycle{Status: graph.InForce, EffectiveFrom: d.opts.EffectiveFrom, Source: d.source}
}

// family is the URI of the ISCO group with a code.
func (d *escoDecoder) family(code string) graph.ID {
	if g := d.isco[code]; g != nil {
		return g.id
	}
	return graph.ID("http://data.europa.eu/esco/isco/C" + code)
}

// nodeNames names the nodes of one role for the last part of a URI, or for the
// whole URI where another node of the role has that name.
func nodeNames() func(graph.ID) string {
	used := map[string]bool{"essential": true}
	return func(id graph.ID) string {
		name := lastPart(id)
		if used[name] {
			name = string(id)
		}
		used[name] = true
		return name
	}
}

// lastPart is what follows the last slash of id.
func lastPart(id graph.ID) string {
	return string(id[strings.LastIndexByte(string(id), '/')+1:])
}
