package main

import (
	"context"
	"fmt"
	"strings"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// scales are the scales of an answer, by id.
type scales map[string]*cairnv1.Scale

func scalesOf(list []*cairnv1.Scale) scales {
	out := make(scales, len(list))
	for _, s := range list {
		out[s.GetId()] = s
	}
	return out
}

// level is a level by its number and name on a scale, for example "3 Apply"; a
// competency without a scale has the single level 1, which is not worth saying.
func (s scales) level(scale string, level int32, languages []string) string {
	if level == 0 {
		return "none"
	}
	x, ok := s[scale]
	if !ok || level > int32(len(x.GetLevels())) { //nolint:gosec // a scale has at most 100 levels
		return fmt.Sprint(level)
	}
	if name := pick(x.GetLevels()[level-1].GetTitle(), languages); name != "" {
		return fmt.Sprintf("%d %s", level, name)
	}
	return fmt.Sprint(level)
}

// pick is the text in the first wanted language that there is, otherwise in
// English, otherwise in the first by tag.
func pick(texts map[string]string, languages []string) string {
	for _, l := range append(append([]string{}, languages...), "en") {
		if t := texts[l]; t != "" {
			return t
		}
	}
	first := ""
	for l := range texts {
		if first == "" || l < first {
			first = l
		}
	}
	return texts[first]
}

// rule writes requirements with the state of each node, one node a line.
func (a *app) rule(l labels, s scales, roots ...*cairnv1.NodeStatus) {
	t := newTable("", "", "", "")
	for _, n := range roots {
		a.ruleRows(t, n, l, s, 0)
	}
	// The headings are empty on purpose: the marks speak for themselves.
	var b strings.Builder
	t.write(&b, "  ")
	_, rows, _ := strings.Cut(b.String(), "\n")
	a.printf("%s", rows)
}

func (a *app) ruleRows(t *table, n *cairnv1.NodeStatus, l labels, s scales, depth int) {
	mark := "[ ]"
	switch n.GetState() { //nolint:exhaustive // the others are not met
	case cairnv1.NodeState_NODE_STATE_MET:
		mark = "[x]"
	case cairnv1.NodeState_NODE_STATE_UNKNOWN:
		mark = "[?]"
	}
	note := word(n.GetState())
	if n.GetState() == cairnv1.NodeState_NODE_STATE_MET {
		note = ""
	} else if len(n.GetChildren()) > 0 {
		note = percent(n.GetProgress())
	}
	what := l.asks(n, s, a.languages)
	why := l.evidence(n.GetEvidence())
	for _, r := range n.GetReasons() {
		switch r.GetCode() {
		case "AWARD_LAPSED", "PREREQUISITE_UNMET": // the evidence says so
		default:
			why = strings.TrimPrefix(why+"; "+l.reason(r), "; ")
		}
	}
	t.add(strings.Repeat("  ", depth)+mark+" "+what, note, why)
	for _, c := range n.GetChildren() {
		a.ruleRows(t, c, l, s, depth+1)
	}
}

// asks is what a node asks, in words.
func (l labels) asks(n *cairnv1.NodeStatus, s scales, languages []string) string {
	switch x := n.GetAsks().(type) {
	case *cairnv1.NodeStatus_AtLeast:
		text := fmt.Sprintf("%d of %d", x.AtLeast.GetK(), len(n.GetChildren()))
		switch int(x.AtLeast.GetK()) {
		case len(n.GetChildren()):
			text = "all of"
		case 1:
			text = "one of"
		}
		return text + exclusive(x.AtLeast.GetSharing())
	case *cairnv1.NodeStatus_Credits:
		parts := []string{fmt.Sprintf("%s of %s credits", credits(x.Credits.GetCountedHundredths()), credits(x.Credits.GetNeededHundredths()))}
		for _, m := range x.Credits.GetMinima() {
			parts = append(parts, fmt.Sprintf("at least %s in %s", credits(m.GetHundredths()), m.GetCategory()))
		}
		for _, m := range x.Credits.GetMaxima() {
			parts = append(parts, fmt.Sprintf("at most %s in %s", credits(m.GetHundredths()), m.GetCategory()))
		}
		return list(parts) + exclusive(x.Credits.GetSharing())
	case *cairnv1.NodeStatus_Holds:
		text := l.achievement(x.Holds.GetAchievement())
		if m := x.Holds.GetFreshWithinMonths(); m > 0 {
			text += fmt.Sprintf(", no older than %s", count(m, "month"))
		}
		return text
	case *cairnv1.NodeStatus_Level:
		text := l.competency(x.Level.GetCompetency())
		if x.Level.GetScale() != "" {
			text += fmt.Sprintf(" at %s (held: %s)", s.level(x.Level.GetScale(), x.Level.GetNeeded(), languages),
				s.level(x.Level.GetScale(), x.Level.GetHeld(), languages))
		}
		return text
	case *cairnv1.NodeStatus_Tenure:
		return fmt.Sprintf("%d of %s in %s", x.Tenure.GetHeldMonths(), count(x.Tenure.GetNeededMonths(), "month"), l.tenure(x.Tenure.GetRole(), x.Tenure.GetFamily()))
	}
	return n.GetNode()
}

func exclusive(s cairnv1.Sharing) string {
	if s == cairnv1.Sharing_SHARING_EXCLUSIVE {
		return ", each counted once"
	}
	return ""
}

// nodes are the nodes of a goal in words, by where they are.
type nodes map[place]string

// place is where a node of a goal is: NodeRef without the goal.
type place struct {
	optional int32
	node     string
}

// name is a node in words, otherwise its id.
func (n nodes) name(r *cairnv1.NodeRef) string {
	if text := n[place{r.GetOptional(), r.GetNode()}]; text != "" {
		return text
	}
	return r.GetNode()
}

// goalNodes are what the nodes of a plan's goal mean. A role is asked about, as
// the plan's basis saw it. They are for the eye only, so without an answer there
// are none.
func (a *app) goalNodes(ctx context.Context, c *client, x *cairnv1.PlanPathwayAnswer) nodes {
	if id := x.GetGoal().GetAchievement(); id != "" {
		return nodes{place{node: "goal"}: a.labels(x.GetLabels()).achievement(id)}
	}
	out, err := c.pathway.RoleGap(ctx, &cairnv1.RoleGapRequest{
		Person: x.GetPerson(), Role: x.GetGoal().GetRole(), MinRevision: x.GetBasis().GetRevision(), AsOf: x.GetBasis().GetAsOf(),
		Languages: a.languages,
	})
	if err != nil {
		return nil
	}
	return a.gapNodes(out.GetAnswer())
}

// gapNodes are the nodes of a role in words.
func (a *app) gapNodes(x *cairnv1.RoleGapAnswer) nodes {
	l, s := a.labels(x.GetLabels()), scalesOf(x.GetScales())
	all := make(nodes)
	var walk func(optional int32, n *cairnv1.NodeStatus)
	walk = func(optional int32, n *cairnv1.NodeStatus) {
		text := ""
		switch v := n.GetAsks().(type) {
		case *cairnv1.NodeStatus_Holds:
			text = l.achievement(v.Holds.GetAchievement())
		case *cairnv1.NodeStatus_Level:
			text = l.competency(v.Level.GetCompetency())
			if v.Level.GetScale() != "" {
				text += " at " + s.level(v.Level.GetScale(), v.Level.GetNeeded(), a.languages)
			}
		case *cairnv1.NodeStatus_Tenure:
			text = count(v.Tenure.GetNeededMonths(), "month") + " in " + l.tenure(v.Tenure.GetRole(), v.Tenure.GetFamily())
		}
		all[place{optional, n.GetNode()}] = text
		for _, child := range n.GetChildren() {
			walk(optional, child)
		}
	}
	walk(0, x.GetEssential())
	for i, o := range x.GetOptional() {
		walk(int32(i+1), o.GetRequirement())
	}
	return all
}

// tenure is a role, or the roles of a family.
func (l labels) tenure(role, family string) string {
	if role != "" {
		return l.role(role)
	}
	return "roles of the family " + family
}
