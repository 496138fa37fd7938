package exchange

import (
	"math/big"
	"strconv"

	"github.com/cairn-skills/cairn/graph"
)

func (w *catalogWriter) settings(s *graph.Settings) *docNode {
	n := mapNode()
	n.set("language", stringNode(string(s.Language)))
	n.set("currency", stringNode(string(s.Currency)))
	if len(s.Rates) > 0 {
		rates := mapNode()
		for _, r := range s.Rates {
			rates.set(string(r.From), rateNode(r, s.Currency))
		}
		n.set("rates", rates)
	}
	n.set("zone", stringNode(s.Zone))
	n.set("default_min_rigor", wordNode(s.DefaultMinRigor))
	n.set("exact_match_implies", boolNode(s.ExactMatchImplies))
	return n
}

// rateNode is a rate between whole units: a decimal if it has one, otherwise a
// fraction.
func rateNode(r graph.Rate, to graph.Currency) *docNode {
	if r.Denominator == 0 {
		return rawNode("0")
	}
	q := big.NewRat(r.Numerator, r.Denominator)
	q.Quo(q, minorShift(r.From, to))
	if digits, exact := q.FloatPrec(); exact && digits <= 12 {
		return rawNode(q.FloatString(digits))
	}
	return textNode(q.String())
}

func (w *catalogWriter) scale(s *graph.Scale) *docNode {
	n := mapNode()
	n.set("id", idNode(s.ID))
	n.set("title", w.text(s.Title))
	levels := listNode()
	for _, l := range s.Levels {
		levels.items = append(levels.items, w.translations(l))
	}
	n.set("levels", levels)
	return n
}

func (w *catalogWriter) conversion(c *graph.Conversion) *docNode {
	n := mapNode()
	n.set("from", idNode(c.From))
	n.set("to", idNode(c.To))
	s, _ := scaleNamed(c.To, w.scales, w.opts)
	levels := listNode()
	for _, l := range c.Levels {
		levels.items = append(levels.items, w.levelOf(s, l))
	}
	n.set("levels", levels)
	return n
}

func (w *catalogWriter) framework(f *graph.Framework) *docNode {
	n := mapNode()
	n.set("id", idNode(f.ID))
	n.set("title", w.text(f.Title))
	n.set("description", w.text(f.Description))
	n.set("url", stringNode(f.URL))
	n.set("version", stringNode(f.Version))
	n.set("publisher", stringNode(f.Publisher))
	return n
}

func (w *catalogWriter) issuer(i *graph.Issuer) *docNode {
	n := mapNode()
	n.set("id", idNode(i.ID))
	n.set("title", w.text(i.Title))
	n.set("url", stringNode(i.URL))
	return n
}

func (w *catalogWriter) competency(c *graph.Competency) *docNode {
	n := mapNode()
	n.set("id", idNode(c.ID))
	n.set("title", w.text(c.Title))
	n.set("kind", wordNode(c.Kind))
	n.set("framework", idNode(c.Framework))
	n.set("scale", idNode(c.Scale))
	n.set("alt_labels", w.labels(c.AltLabels))
	n.set("description", w.text(c.Description))
	n.set("broader", idList(c.Broader))
	n.set("alignments", w.alignments(c.Alignments))
	n.set("implies", nodeList(c.Implies, func(i *graph.Implication) *docNode {
		m := mapNode()
		m.set("level", w.level(c.ID, i.Level))
		m.set("competency", idNode(i.Competency))
		m.set("to", w.level(i.Competency, i.ToLevel))
		return m
	}))
	n.set("retired", boolNode(c.Retired))
	n.set("replaced_by", idNode(c.ReplacedBy))
	return n
}

func (w *catalogWriter) alignments(list []graph.Alignment) *docNode {
	return nodeList(list, func(a *graph.Alignment) *docNode {
		m := mapNode()
		m.set(a.Type.String(), idNode(a.Target))
		m.set("name", stringNode(a.TargetName))
		m.set("framework", stringNode(a.Framework))
		return m
	})
}

func (w *catalogWriter) lifecycle(n *docNode, l *graph.Lifecycle) {
	if l.Status != graph.InForce {
		n.set("status", wordNode(l.Status))
	}
	n.set("effective_from", w.from(l.EffectiveFrom))
	switch l.OnChange {
	case graph.Grandfather:
	case graph.Grace:
		grace := mapNode()
		grace.set("grace", w.until(l.GraceUntil))
		n.set("on_change", grace)
	default:
		n.set("on_change", rawNode(l.OnChange.String()))
	}
	n.set("replaced_by", idNode(l.ReplacedBy))
}

func (w *catalogWriter) achievement(a *graph.Achievement) *docNode {
	n := mapNode()
	n.set("id", idNode(a.ID))
	n.set("type", wordNode(a.Type))
	n.set("title", w.text(a.Title))
	n.set("issuer", idNode(a.Issuer))
	n.set("alt_labels", w.labels(a.AltLabels))
	n.set("description", w.text(a.Description))
	n.set("criteria", w.criteria(a.Criteria))
	n.set("attests", nodeList(a.Attests, func(t *graph.Attestation) *docNode {
		level := w.level(t.Competency, t.Level)
		if level == nil {
			return textNode(string(t.Competency))
		}
		m := mapNode()
		m.set(string(t.Competency), level)
		return m
	}))
	n.set("credits", creditsNode(a.Credits))
	n.set("category", idNode(a.Category))
	n.set("valid_for", monthsNode(a.Validity.Months))
	n.set("valid_until", w.until(a.Validity.Until))
	n.set("rigor", wordNode(a.Rigor))
	n.set("routes", nodeList(a.Routes, w.route))
	n.set("follows_parts", boolNode(a.FollowsParts))
	n.set("enforce", boolNode(a.Enforce))
	n.set("alignments", w.alignments(a.Alignments))
	w.lifecycle(n, &a.Lifecycle)
	return n
}

func (w *catalogWriter) criteria(c graph.Criteria) *docNode {
	if c.URL == "" && len(c.Narrative) == 1 && c.Narrative[0].Lang == w.lang {
		return w.text(c.Narrative)
	}
	if c.URL == "" && len(c.Narrative) == 0 {
		return nil
	}
	n := mapNode()
	n.set("narrative", w.text(c.Narrative))
	n.set("url", stringNode(c.URL))
	return n
}

func (w *catalogWriter) route(r *graph.Route) *docNode {
	n := mapNode()
	if string(r.ID) != r.Kind.String() {
		n.set("id", idNode(r.ID))
	}
	n.set("kind", wordNode(r.Kind))
	n.set("award", wordNode(r.Award))
	n.set("effort", effortNode(r.EffortMinutes))
	n.set("price", w.money(r.Price))
	n.set("weeks", countNode(r.ElapsedWeeks))
	n.set("requires", w.requires(r.Requires))
	n.set("suggested_after", idList(r.SuggestedAfter))
	n.set("url", stringNode(r.URL))
	return n
}

func (w *catalogWriter) role(o *graph.Role) *docNode {
	n := mapNode()
	n.set("id", idNode(o.ID))
	n.set("title", w.text(o.Title))
	n.set("family", idNode(o.Family))
	n.set("rank", countNode(int64(o.Rank)))
	n.set("alt_labels", w.labels(o.AltLabels))
	n.set("description", w.text(o.Description))
	n.set("requires", w.requires(o.Essential))
	n.set("optional", nodeList(o.Optional, func(p *graph.Optional) *docNode {
		var weight *docNode
		if p.Weight != 1 {
			weight = rawNode(strconv.FormatInt(p.Weight, 10))
		}
		return w.rule(&p.Requirement, extraNames(&p.Requirement), func(m *docNode) { m.set("weight", weight) })
	}))
	n.set("threshold", countNode(o.Threshold))
	n.set("advances_to", idList(o.AdvancesTo))
	n.set("moves_to", idList(o.MovesTo))
	n.set("alignments", w.alignments(o.Alignments))
	w.lifecycle(n, &o.Lifecycle)
	return n
}

func (w *catalogWriter) ladder(l *graph.Ladder) *docNode {
	n := mapNode()
	n.set("id", idNode(l.ID))
	n.set("title", w.text(l.Title))
	n.set("description", w.text(l.Description))
	n.set("roles", idList(l.Roles))
	n.set("retired", boolNode(l.Retired))
	return n
}

func (w *catalogWriter) requires(r *graph.Requirement) *docNode {
	if r == nil {
		return nil
	}
	return w.rule(r, extraNames(r), func(*docNode) {})
}

// extraNames are the nodes of r's tree whose names must be written because
// naming the tree without them would give others.
func extraNames(r *graph.Requirement) map[*graph.Requirement]bool {
	extra := make(map[*graph.Requirement]bool)
	for {
		bare := bareTree(r, extra)
		graph.NameNodes(&bare)
		before := len(extra)
		var compare func(want, got *graph.Requirement)
		compare = func(want, got *graph.Requirement) {
			if want.Node != got.Node {
				extra[want] = true
			}
			for i := range want.Of {
				compare(&want.Of[i], &got.Of[i])
			}
		}
		compare(r, &bare)
		if len(extra) == before {
			return extra
		}
	}
}

// bareTree is r's tree without the names that are not extra.
func bareTree(r *graph.Requirement, extra map[*graph.Requirement]bool) graph.Requirement {
	c := *r
	if !extra[r] {
		c.Node = ""
	}
	c.Of = make([]graph.Requirement, len(r.Of))
	for i := range r.Of {
		c.Of[i] = bareTree(&r.Of[i], extra)
	}
	return c
}

// rule writes r with the keys that its context adds; an award without filters
// and further keys is its id alone.
func (w *catalogWriter) rule(r *graph.Requirement, extra map[*graph.Requirement]bool, context func(*docNode)) *docNode {
	n := mapNode()
	var name *docNode
	if extra[r] {
		name = textNode(r.Node)
	}
	children := func(in func(*graph.Requirement) func(*docNode)) *docNode {
		list := listNode()
		for i := range r.Of {
			list.items = append(list.items, w.rule(&r.Of[i], extra, in(&r.Of[i])))
		}
		return list
	}
	plain := func(*graph.Requirement) func(*docNode) { return func(*docNode) {} }
	switch r.Op {
	case graph.OpHolds:
		n.set("holds", textNode(string(r.Achievement)))
		n.set("id", name)
		n.set("issuers", idList(r.Issuers))
		n.set("min_rigor", wordNode(r.MinRigor))
		n.set("fresh_within", monthsNode(r.FreshWithinMonths))
	case graph.OpLevel:
		n.set("competency", textNode(string(r.Competency)))
		n.set("id", name)
		n.set("level", w.level(r.Competency, r.Level))
		n.set("min_rigor", wordNode(r.MinRigor))
	case graph.OpTenure:
		n.set("tenure", idNode(r.Role))
		n.set("family", idNode(r.Family))
		n.set("id", name)
		n.set("months", rawNode(strconv.Itoa(r.Months)))
	case graph.OpAtLeast:
		n.set("id", name)
		switch {
		case r.K == len(r.Of):
			n.set("all", children(plain))
		case r.K == 1:
			n.set("any", children(plain))
		default:
			n.set("at_least", rawNode(strconv.Itoa(r.K)))
			n.set("of", children(plain))
		}
		n.set("sharing", sharingNode(r.Sharing))
	case graph.OpCredits:
		n.set("id", name)
		n.set("credits", sumNode(r.Credits))
		n.set("category", idNode(r.OverCategory))
		if r.OverCategory == "" || len(r.Of) > 0 {
			n.set("over", children(termContext))
		}
		n.set("min", byCategoryNode(r.Min))
		n.set("max", byCategoryNode(r.Max))
		n.set("sharing", sharingNode(r.Sharing))
	case graph.OpUnspecified:
	default:
	}
	context(n)
	if r.Op == graph.OpHolds && len(n.keys) == 1 {
		return n.items[0]
	}
	return n
}

// termContext writes what a child of a credits rule counts.
func termContext(r *graph.Requirement) func(*docNode) {
	return func(n *docNode) {
		if r.TermCredits != graph.OwnCredits {
			n.set("counts", sumNode(r.TermCredits))
		}
		n.set("counts_as", idNode(r.TermCategory))
	}
}

func sharingNode(s graph.Sharing) *docNode {
	if s == graph.Shared {
		return nil
	}
	return rawNode(sharingWords[s])
}

func byCategoryNode(list []graph.CategoryCredits) *docNode {
	if len(list) == 0 {
		return nil
	}
	n := mapNode()
	for _, c := range list {
		n.set(string(c.Category), sumNode(c.Credits))
	}
	return n
}
