package exchange

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cairn-skills/cairn/graph"
)

func (r *catalogReader) achievement(n *yaml.Node) graph.Achievement {
	a := graph.Achievement{}
	m, ok := r.object(n, "", achievementShape)
	if !ok {
		return a
	}
	a.ID = value(m, "id", r.id)
	a.Lifecycle = r.lifecycle(m)
	a.Type = value(m, "type", word(r, typeWords, graph.ParseAchievementType))
	a.Title = value(m, "title", r.texts)
	a.Issuer = value(m, "issuer", r.id)
	a.AltLabels = value(m, "alt_labels", r.labels)
	a.Description = value(m, "description", r.texts)
	a.Criteria = value(m, "criteria", r.criteria)
	a.Attests = value(m, "attests", r.attests)
	a.Credits = value(m, "credits", r.credits)
	a.Category = value(m, "category", r.id)
	a.Validity = graph.Validity{Months: value(m, "valid_for", r.months), Until: value(m, "valid_until", r.until)}
	if until := m.get("valid_until"); until != nil && m.get("valid_for") != nil {
		r.fail(until, "valid_until", codeBadRule, "an award counts for a time or until a date, not both", "keep valid_for or valid_until")
		a.Validity.Until = 0
	}
	a.Rigor = value(m, "rigor", r.rigor)
	a.Routes = r.routes(m)
	a.FollowsParts = value(m, "follows_parts", r.bool)
	a.Enforce = value(m, "enforce", r.bool)
	a.Alignments = value(m, "alignments", r.alignments)
	return a
}

func (r *catalogReader) lifecycle(m catalogMap) graph.Lifecycle {
	l := graph.Lifecycle{Status: graph.InForce, Source: r.source()}
	if s := value(m, "status", word(r, statusWords, graph.ParseStatus)); s != graph.StatusUnspecified {
		l.Status = s
	}
	l.EffectiveFrom = r.effectiveFrom
	if n := m.get("effective_from"); n != nil {
		l.EffectiveFrom = r.from(n, "effective_from")
	}
	if n := m.get("on_change"); n != nil {
		l.OnChange, l.GraceUntil = r.onChange(n, "on_change")
	}
	l.ReplacedBy = value(m, "replaced_by", r.id)
	return l
}

// onChange is grandfather, reevaluate or {grace: DATE}.
func (r *catalogReader) onChange(n *yaml.Node, path string) (graph.ChangePolicy, graph.Instant) {
	if n.Kind == yaml.MappingNode {
		m, ok := r.object(n, path, graceShape)
		if !ok {
			return graph.Grandfather, 0
		}
		return graph.Grace, value(m, "grace", r.until)
	}
	hint := append(append([]string(nil), changePlainWords...), "{grace: 2027-01-31}")
	p := word(r, hint, graph.ParseChangePolicy)(n, path)
	if p == graph.Grace {
		r.fail(n, path, codeMissingKey, "grace needs a last day", "write {grace: 2027-01-31}")
		return graph.Grandfather, 0
	}
	return p, 0
}

// criteria is prose in the catalog's language, or a map.
func (r *catalogReader) criteria(n *yaml.Node, path string) graph.Criteria {
	if n.Kind != yaml.MappingNode {
		return graph.Criteria{Narrative: r.texts(n, path)}
	}
	m, ok := r.object(n, path, criteriaShape)
	if !ok {
		return graph.Criteria{}
	}
	return graph.Criteria{Narrative: value(m, "narrative", r.texts), URL: value(m, "url", r.filled)}
}

// attests is a list of {competency: level}, or of competencies with one level.
func (r *catalogReader) attests(n *yaml.Node, path string) []graph.Attestation {
	var out []graph.Attestation
	r.list(n, path, func(item *yaml.Node, path string) {
		if item.Kind != yaml.MappingNode {
			if c := r.id(item, path); c != "" {
				out = append(out, graph.Attestation{Competency: c, Level: r.onlyLevel(item, path, c)})
			}
			return
		}
		if len(item.Content) != 2 {
			r.fail(item, path, codeBadRule, "this is not one competency and its level", "write - {sql: 2}, one list item for each competency")
			return
		}
		k, v := item.Content[0], item.Content[1]
		if c := graph.ID(k.Value); r.goodID(k, path, c) {
			out = append(out, graph.Attestation{Competency: c, Level: r.level(v, path, c)})
		}
	})
	return out
}

func (r *catalogReader) routes(m catalogMap) []graph.Route {
	var out []graph.Route
	first := make(map[graph.ID]*yaml.Node)
	m.items("routes", func(item *yaml.Node, path string) {
		if id := catalogItemID(item); id != "" {
			path = joinPath("routes", id)
		}
		route, ok := r.route(item, path)
		if !ok {
			return
		}
		if at, twice := first[route.ID]; twice {
			r.fail(item, path, codeDuplicateRte, "the route "+quoteShort(string(route.ID))+" is already at "+Position{r.file, at.Line, at.Column}.String(),
				"give this one an id of its own; without one its id is its kind")
			return
		}
		first[route.ID] = item
		out = append(out, route)
	})
	return out
}

func (r *catalogReader) route(n *yaml.Node, path string) (graph.Route, bool) {
	m, ok := r.object(n, path, routeShape)
	if !ok {
		return graph.Route{}, false
	}
	t := graph.Route{
		ID:             value(m, "id", r.id),
		Kind:           value(m, "kind", word(r, routeKindWords, graph.ParseRouteKind)),
		Award:          value(m, "award", word(r, awardModeWords, graph.ParseAwardMode)),
		EffortMinutes:  value(m, "effort", r.effort),
		Price:          value(m, "price", r.money),
		ElapsedWeeks:   value(m, "weeks", r.count),
		Requires:       r.requires(m, "requires"),
		SuggestedAfter: value(m, "suggested_after", r.ids),
		URL:            value(m, "url", r.filled),
	}
	if t.ID == "" {
		t.ID = graph.ID(t.Kind.String())
	}
	return t, t.ID != ""
}

func (r *catalogReader) role(n *yaml.Node) graph.Role {
	o := graph.Role{}
	m, ok := r.object(n, "", roleShape)
	if !ok {
		return o
	}
	o.ID = value(m, "id", r.id)
	o.Lifecycle = r.lifecycle(m)
	o.Title = value(m, "title", r.texts)
	o.Family = value(m, "family", r.id)
	o.Rank = int(value(m, "rank", r.count))
	o.AltLabels = value(m, "alt_labels", r.labels)
	o.Description = value(m, "description", r.texts)
	o.Essential = r.requires(m, "requires")
	m.items("optional", func(item *yaml.Node, path string) {
		q, ok := r.rule(item, path, ruleContextOptional)
		if !ok {
			return
		}
		opt := graph.Optional{Requirement: q, Weight: 1}
		if w := mapValue(item, "weight"); w != nil {
			opt.Weight = r.count(w, joinPath(path, "weight"))
		}
		graph.NameNodes(&opt.Requirement)
		o.Optional = append(o.Optional, opt)
	})
	o.Threshold = value(m, "threshold", r.count)
	o.AdvancesTo = value(m, "advances_to", r.ids)
	o.MovesTo = value(m, "moves_to", r.ids)
	o.Alignments = value(m, "alignments", r.alignments)
	return o
}

// requires is the rule at m's key with all its nodes named; nil without one.
func (r *catalogReader) requires(m catalogMap, key string) *graph.Requirement {
	n := m.get(key)
	if n == nil {
		return nil
	}
	q, ok := r.rule(n, m.at(key), ruleContextPlain)
	if !ok {
		return nil
	}
	graph.NameNodes(&q)
	return &q
}

// levelAt is the level of a competency at m's key.
func (r *catalogReader) levelAt(m catalogMap, key string, competency graph.ID) graph.Level {
	if n := m.get(key); n != nil {
		return r.level(n, m.at(key), competency)
	}
	return r.onlyLevel(m.node, m.at(key), competency)
}

// scaleFor is the scale of a competency: known is false for a competency that
// neither the files nor the options have, and the scale nil for one without.
func (r *catalogReader) scaleFor(competency graph.ID) (scale *graph.Scale, known bool) {
	return scaleIn(competency, r.scaleOf, r.scales, r.opts)
}

func scaleIn(competency graph.ID, scaleOf map[graph.ID]graph.ID, scales map[graph.ID]*graph.Scale, opts CatalogOptions) (*graph.Scale, bool) {
	id, ok := scaleOf[competency]
	if !ok && opts.ScaleOf != nil {
		id, ok = opts.ScaleOf(competency)
	}
	switch {
	case !ok:
		return nil, false
	case id == "":
		return nil, true
	}
	s, ok := scaleNamed(id, scales, opts)
	return s, ok
}

func scaleNamed(id graph.ID, scales map[graph.ID]*graph.Scale, opts CatalogOptions) (*graph.Scale, bool) {
	if s := scales[id]; s != nil {
		return s, true
	}
	if opts.Scale != nil {
		if s, ok := opts.Scale(id); ok {
			return &s, true
		}
	}
	return nil, false
}

// onlyLevel is the level of a competency that is written without one: 1, which
// must be all there is.
func (r *catalogReader) onlyLevel(n *yaml.Node, path string, competency graph.ID) graph.Level {
	if s, _ := r.scaleFor(competency); s != nil && len(s.Levels) > 1 {
		r.fail(n, path, codeBadLevel, fmt.Sprintf("the level of %s is missing; its scale has %d", quoteShort(string(competency)), len(s.Levels)),
			"write one of "+strings.Join(levelNames(s), ", "))
	}
	return 1
}

// level is a level of a competency, by number or by a name of its scale.
func (r *catalogReader) level(n *yaml.Node, path string, competency graph.ID) graph.Level {
	s, known := r.scaleFor(competency)
	return r.levelOf(n, path, s, func() string {
		switch {
		case !known:
			return "the levels of " + quoteShort(string(competency)) + " are not known here"
		default:
			return quoteShort(string(competency)) + " has no scale"
		}
	})
}

// levelOn is a level of a scale.
func (r *catalogReader) levelOn(n *yaml.Node, path string, scale graph.ID) graph.Level {
	s, _ := scaleNamed(scale, r.scales, r.opts)
	return r.levelOf(n, path, s, func() string { return "the scale " + quoteShort(string(scale)) + " is not known here" })
}

func (r *catalogReader) levelOf(n *yaml.Node, path string, s *graph.Scale, unknown func() string) graph.Level {
	if n.Kind == yaml.ScalarNode && scalarTag(n) == "!!int" {
		v := r.number(n, path, codeBadLevel, 0, graph.MaxLevels)
		if v == 0 && n.Value == "0" {
			r.fail(n, path, codeBadLevel, "there is no level 0", "the lowest level is 1")
		}
		return graph.Level(v) //nolint:gosec // number gives 100 at most
	}
	if n.Kind != yaml.ScalarNode || scalarTag(n) != "!!str" {
		r.wrongType(n, path, "a level by its number or name")
		return 0
	}
	if s == nil {
		r.fail(n, path, codeBadLevel, unknown()+", so "+quoteShort(n.Value)+" cannot be looked up", "write the level as a number, or give the scale in the catalog")
		return 0
	}
	found := namedLevels(s, n.Value)
	switch len(found) {
	case 1:
		return found[0]
	case 0:
		names := levelNames(s)
		hint := "its levels are " + strings.Join(names, ", ")
		if near := r.nearest(n.Value, names); near != "" {
			hint = "did you mean " + near + "?"
		}
		r.fail(n, path, codeBadLevel, "the scale "+string(s.ID)+" has no level "+quoteShort(n.Value), hint)
	default:
		r.fail(n, path, codeBadLevel, "the scale "+string(s.ID)+" has more than one level "+quoteShort(n.Value), "write the level as a number")
	}
	return 0
}

// namedLevels are the levels of s that have name in some language.
func namedLevels(s *graph.Scale, name string) []graph.Level {
	var out []graph.Level
	for i, t := range s.Levels {
		for _, tr := range t {
			if strings.EqualFold(tr.Value, name) {
				out = append(out, graph.Level(i+1))
				break
			}
		}
	}
	return out
}

// levelNames are the names of s's levels, the first of each.
func levelNames(s *graph.Scale) []string {
	out := make([]string, len(s.Levels))
	for i, t := range s.Levels {
		if out[i] = t.In("en").Value; out[i] == "" {
			out[i] = strconv.Itoa(i + 1)
		}
	}
	return out
}
