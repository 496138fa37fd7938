package neo4jstore

import (
	"fmt"

	"github.com/cairn-skills/cairn/graph"
)

func settings(w *walker, v *graph.Settings) {
	w.record.id = "settings"
	text(w, "language", &v.Language)
	text(w, "currency", &v.Currency)
	parts(w, "CONVERTS", "Rate", &v.Rates, func(w *walker, r *graph.Rate) {
		text(w, "from", &r.From)
		number(w, "numerator", &r.Numerator)
		number(w, "denominator", &r.Denominator)
	})
	text(w, "zone", &v.Zone)
	word(w, "defaultMinRigor", &v.DefaultMinRigor)
	flag(w, "exactMatchImplies", &v.ExactMatchImplies)
	source(w, &v.Source)
}

func source(w *walker, v *graph.Source) { ref(w, "FROM_CATALOG", "Catalog", &v.Catalog) }

func scale(w *walker, v *graph.Scale) {
	key(w, &v.ID)
	translations(w, "title", &v.Title)
	parts(w, "HAS_LEVEL", "ScaleLevel", &v.Levels, func(w *walker, t *graph.Text) { translations(w, "title", t) })
	source(w, &v.Source)
}

func conversion(w *walker, v *graph.Conversion) {
	if w.write {
		w.record.id = string(v.From) + " to " + string(v.To)
	}
	ref(w, "CONVERTS_FROM", "Scale", &v.From)
	ref(w, "CONVERTS_TO", "Scale", &v.To)
	numbers(w, "levels", &v.Levels)
	source(w, &v.Source)
}

func framework(w *walker, v *graph.Framework) {
	key(w, &v.ID)
	translations(w, "title", &v.Title)
	translations(w, "description", &v.Description)
	text(w, "url", &v.URL)
	text(w, "version", &v.Version)
	text(w, "publisher", &v.Publisher)
	source(w, &v.Source)
}

func issuer(w *walker, v *graph.Issuer) {
	key(w, &v.ID)
	translations(w, "title", &v.Title)
	text(w, "url", &v.URL)
	source(w, &v.Source)
}

func competency(w *walker, v *graph.Competency) {
	key(w, &v.ID)
	ref(w, "IN_FRAMEWORK", "Framework", &v.Framework)
	word(w, "kind", &v.Kind)
	ref(w, "ON_SCALE", "Scale", &v.Scale)
	translations(w, "title", &v.Title)
	translations(w, "altLabel", &v.AltLabels)
	translations(w, "description", &v.Description)
	refs(w, "BROADER", "Competency", &v.Broader)
	alignments(w, &v.Alignments)
	each(w, "IMPLIES", "Competency", &v.Implies, func(w *walker, i *graph.Implication) *graph.ID {
		number(w, "level", &i.Level)
		number(w, "toLevel", &i.ToLevel)
		return &i.Competency
	})
	flag(w, "retired", &v.Retired)
	ref(w, "REPLACED_BY", "Competency", &v.ReplacedBy)
	source(w, &v.Source)
}

func alignments(w *walker, v *[]graph.Alignment) {
	each(w, "ALIGNED_TO", "AlignmentTarget", v, func(w *walker, a *graph.Alignment) *graph.ID {
		word(w, "type", &a.Type)
		text(w, "targetName", &a.TargetName)
		text(w, "framework", &a.Framework)
		return &a.Target
	})
}

func lifecycle(w *walker, of string, id *graph.ID, v *graph.Lifecycle) {
	refFrom(w, "HAS_VERSION", of, id)
	if w.write {
		w.record.id = fmt.Sprintf("%s@%d", *id, v.Version)
	}
	number(w, "version", &v.Version)
	word(w, "status", &v.Status)
	instant(w, "effectiveFrom", &v.EffectiveFrom)
	word(w, "onChange", &v.OnChange)
	instant(w, "graceUntil", &v.GraceUntil)
	ref(w, "REPLACED_BY", of, &v.ReplacedBy)
	source(w, &v.Source)
}

// typeLabels are the labels of an achievement's types.
var typeLabels = [...]string{"", "Badge", "MicroCredential", "Certificate", "Certification", "Course", "Degree", "License"}

func achievement(w *walker, v *graph.Achievement) {
	lifecycle(w, "Achievement", &v.ID, &v.Lifecycle)
	word(w, "type", &v.Type)
	if w.write && v.Type > 0 && int(v.Type) < len(typeLabels) {
		w.record.labels = append(w.record.labels, typeLabels[v.Type])
	}
	ref(w, "ISSUED_BY", "Issuer", &v.Issuer)
	translations(w, "title", &v.Title)
	translations(w, "altLabel", &v.AltLabels)
	translations(w, "description", &v.Description)
	translations(w, "criteria", &v.Criteria.Narrative)
	text(w, "criteriaURL", &v.Criteria.URL)
	each(w, "ATTESTS", "Competency", &v.Attests, func(w *walker, a *graph.Attestation) *graph.ID {
		number(w, "level", &a.Level)
		return &a.Competency
	})
	number(w, "credits", &v.Credits)
	ref(w, "IN_CATEGORY", "Category", &v.Category)
	number(w, "validMonths", &v.Validity.Months)
	instant(w, "validUntil", &v.Validity.Until)
	word(w, "rigor", &v.Rigor)
	parts(w, "HAS_ROUTE", "Route", &v.Routes, route)
	flag(w, "followsParts", &v.FollowsParts)
	flag(w, "enforce", &v.Enforce)
	alignments(w, &v.Alignments)
}

func route(w *walker, v *graph.Route) {
	text(w, "name", &v.ID)
	word(w, "kind", &v.Kind)
	number(w, "effortMinutes", &v.EffortMinutes)
	number(w, "price", &v.Price.Amount)
	text(w, "currency", &v.Price.Currency)
	number(w, "elapsedWeeks", &v.ElapsedWeeks)
	word(w, "award", &v.Award)
	requires(w, &v.Requires)
	text(w, "url", &v.URL)
	refs(w, "SUGGESTED_AFTER", "Achievement", &v.SuggestedAfter)
}

// requires is a rule that may be absent.
func requires(w *walker, v **graph.Requirement) {
	var rules []graph.Requirement
	if w.write && *v != nil {
		rules = []graph.Requirement{**v}
	}
	parts(w, "REQUIRES", "Requirement", &rules, requirement)
	if !w.write && len(rules) > 0 {
		*v = &rules[0]
	}
}

func requirement(w *walker, v *graph.Requirement) {
	text(w, "node", &v.Node)
	word(w, "op", &v.Op)
	number(w, "k", &v.K)
	parts(w, "OF", "Requirement", &v.Of, requirement)
	word(w, "sharing", &v.Sharing)
	number(w, "credits", &v.Credits)
	ref(w, "OVER", "Category", &v.OverCategory)
	bounds := func(w *walker, c *graph.CategoryCredits) *graph.ID {
		number(w, "credits", &c.Credits)
		return &c.Category
	}
	each(w, "AT_LEAST_FROM", "Category", &v.Min, bounds)
	each(w, "AT_MOST_FROM", "Category", &v.Max, bounds)
	number(w, "termCredits", &v.TermCredits)
	ref(w, "COUNTS_AS", "Category", &v.TermCategory)
	ref(w, "HOLDS", "Achievement", &v.Achievement)
	refs(w, "ACCEPTS", "Issuer", &v.Issuers)
	number(w, "freshWithinMonths", &v.FreshWithinMonths)
	word(w, "minRigor", &v.MinRigor)
	ref(w, "AT_LEAST", "Competency", &v.Competency)
	number(w, "level", &v.Level)
	ref(w, "TENURE_IN", "Role", &v.Role)
	ref(w, "TENURE_IN_FAMILY", "Family", &v.Family)
	number(w, "months", &v.Months)
}

func role(w *walker, v *graph.Role) {
	lifecycle(w, "Role", &v.ID, &v.Lifecycle)
	translations(w, "title", &v.Title)
	translations(w, "altLabel", &v.AltLabels)
	translations(w, "description", &v.Description)
	ref(w, "IN_FAMILY", "Family", &v.Family)
	number(w, "rank", &v.Rank)
	requires(w, &v.Essential)
	parts(w, "HAS_OPTION", "Option", &v.Optional, func(w *walker, o *graph.Optional) {
		number(w, "weight", &o.Weight)
		rule := &o.Requirement
		requires(w, &rule)
		o.Requirement = *rule
	})
	number(w, "threshold", &v.Threshold)
	refs(w, "ADVANCES_TO", "Role", &v.AdvancesTo)
	refs(w, "MOVES_TO", "Role", &v.MovesTo)
	alignments(w, &v.Alignments)
}

func ladder(w *walker, v *graph.Ladder) {
	key(w, &v.ID)
	translations(w, "title", &v.Title)
	translations(w, "description", &v.Description)
	refs(w, "HAS_RUNG", "Role", &v.Roles)
	flag(w, "retired", &v.Retired)
	source(w, &v.Source)
}
