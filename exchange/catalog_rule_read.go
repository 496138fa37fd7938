package exchange

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cairn-skills/cairn/graph"
)

// rule is the requirement written at n; its nodes are named only where n does.
// False when n is none.
func (r *catalogReader) rule(n *yaml.Node, path string, in *ruleContext) (graph.Requirement, bool) {
	if n.Kind == yaml.ScalarNode && scalarTag(n) == "!!str" {
		q := graph.Holds(r.id(n, path))
		if in == ruleContextTerm {
			q.TermCredits = graph.OwnCredits
		}
		return q, q.Achievement != ""
	}
	if n.Kind != yaml.MappingNode {
		r.wrongType(n, path, "a requirement: the id of an achievement, or a map with one of "+strings.Join(formWords(), ", "))
		return graph.Requirement{}, false
	}
	form := r.form(n, path, in)
	if form == nil {
		return graph.Requirement{}, false
	}
	m, _ := r.object(n, path, form)
	q := r.ofForm(m)
	q.Node = string(value(m, "id", r.id))
	if in == ruleContextTerm {
		q.TermCredits = graph.OwnCredits
		if c := m.get("counts"); c != nil {
			q.TermCredits = r.credits(c, m.at("counts"))
		} else if q.Op != graph.OpHolds {
			r.fail(n, path, codeMissingKey, "what this counts is missing: it holds no achievement whose credits it could count", "add counts:")
			q.TermCredits = 0
		}
		q.TermCategory = value(m, "counts_as", r.id)
	}
	return q, true
}

func formWords() []string {
	out := make([]string, len(ruleForms))
	for i, f := range ruleForms {
		out[i] = f.keys[0].name
	}
	return out
}

// maxRuleHints is how many keys of a rule of no known form are looked at for a
// hint: more than a rule of any form has.
const maxRuleHints = 10

// form is the shape of the rule at n; nil, reported, if it has none or several.
func (r *catalogReader) form(n *yaml.Node, path string, in *ruleContext) *catalogShape {
	var found *catalogShape
	for _, f := range in.forms {
		k := f.keys[0].name
		if mapValue(n, k) == nil {
			continue
		}
		if found != nil {
			r.fail(n, path, codeBadRule, "one rule asks for "+found.keys[0].name+" and "+k, "write two rules within all: or any:")
			return nil
		}
		found = f
	}
	if found != nil {
		return found
	}
	hint := "a rule has one of " + strings.Join(formWords(), ", ")
	for i := 0; i+1 < len(n.Content) && i < 2*maxRuleHints; i += 2 {
		if near := r.nearest(n.Content[i].Value, formWords()); near != "" {
			hint = "did you mean " + near + " instead of " + quoteShort(n.Content[i].Value) + "?"
			break
		}
	}
	r.fail(n, path, codeBadRule, "this rule does not say what it asks", hint)
	return nil
}

func (r *catalogReader) ofForm(m catalogMap) graph.Requirement {
	var q graph.Requirement
	switch m.shape.keys[0].name {
	case "holds":
		q.Op = graph.OpHolds
		q.Achievement = value(m, "holds", r.id)
		q.Issuers = value(m, "issuers", r.ids)
		q.MinRigor = value(m, "min_rigor", r.rigor)
		q.FreshWithinMonths = value(m, "fresh_within", r.months)
	case "competency":
		q.Op = graph.OpLevel
		q.Competency = value(m, "competency", r.id)
		q.Level = r.levelAt(m, "level", q.Competency)
		q.MinRigor = value(m, "min_rigor", r.rigor)
	case "all":
		q = graph.All(r.rules(m, "all", ruleContextPlain)...)
		q.Sharing = value(m, "sharing", r.sharing)
	case "any":
		q = graph.Any(r.rules(m, "any", ruleContextPlain)...)
		q.Sharing = value(m, "sharing", r.sharing)
	case "at_least":
		q = graph.AtLeast(int(value(m, "at_least", r.count)), r.rules(m, "of", ruleContextPlain)...)
		q.Sharing = value(m, "sharing", r.sharing)
	case "credits":
		r.creditsRule(m, &q)
	case "tenure":
		q.Op = graph.OpTenure
		q.Role = value(m, "tenure", r.id)
		q.Months = int(value(m, "months", r.count))
	case "family":
		q.Op = graph.OpTenure
		q.Family = value(m, "family", r.id)
		q.Months = int(value(m, "months", r.count))
	}
	return q
}

func (r *catalogReader) creditsRule(m catalogMap, q *graph.Requirement) {
	q.Op = graph.OpCredits
	q.Credits = value(m, "credits", r.credits)
	over, category := m.get("over"), m.get("category")
	switch {
	case over == nil && category == nil:
		r.fail(m.node, m.path, codeMissingKey, "it does not say which credits add up", "add over: with a list, or category:")
	case over != nil && category != nil:
		r.fail(category, m.at("category"), codeBadRule, "credits add up over a list or over a category, not both", "keep over or category")
	}
	q.Of = r.rules(m, "over", ruleContextTerm)
	if over == nil {
		q.OverCategory = value(m, "category", r.id)
	}
	q.Min = value(m, "min", r.byCategory)
	q.Max = value(m, "max", r.byCategory)
	q.Sharing = value(m, "sharing", r.sharing)
}

func (r *catalogReader) byCategory(n *yaml.Node, path string) []graph.CategoryCredits {
	var out []graph.CategoryCredits
	r.pairs(n, path, "a map of categories and credits such as {core: 4}", func(k, v *yaml.Node, path string) {
		if c := graph.ID(k.Value); r.goodID(k, path, c) {
			out = append(out, graph.CategoryCredits{Category: c, Credits: r.credits(v, path)})
		}
	})
	return out
}

// rules are the children at m's key, under the path "of".
func (r *catalogReader) rules(m catalogMap, key string, in *ruleContext) []graph.Requirement {
	n := m.get(key)
	if n == nil {
		return nil
	}
	var out []graph.Requirement
	r.list(n, m.at("of"), func(item *yaml.Node, path string) {
		if q, ok := r.rule(item, path, in); ok {
			out = append(out, q)
		}
	})
	return out
}

func (r *catalogReader) sharing(n *yaml.Node, path string) graph.Sharing {
	return word(r, sharingWords, func(s string) (graph.Sharing, error) {
		switch s {
		case "shared":
			return graph.Shared, nil
		case "exclusive":
			return graph.Exclusive, nil
		}
		return graph.Shared, graph.Invalid("sharing", "unknown")
	})(n, path)
}
