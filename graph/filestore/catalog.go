package filestore

import (
	storev1 "github.com/cairn-skills/cairn/gen/cairn/store/v1"
	"github.com/cairn-skills/cairn/graph"
)

// The functions of this file and of uncatalog.go turn catalog entries into
// messages and back, field by field. A field that is forgotten here fails the
// conformance suite, which fills every field of every type.

// each is f of every element of in, nil for none.
func each[A, B any](in []A, f func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}

// texts converts between the string types of graph and the messages.
func texts[B, A ~string](in []A) []B {
	return each(in, func(a A) B { return B(a) })
}

func packCatalog(b *graph.Batch) *storev1.Catalog {
	if !b.HasCatalog() {
		return nil
	}
	return &storev1.Catalog{
		Settings:     packSettings(b.Settings),
		Scales:       each(b.Scales, packScale),
		Conversions:  each(b.Conversions, packConversion),
		Frameworks:   each(b.Frameworks, packFramework),
		Issuers:      each(b.Issuers, packIssuer),
		Competencies: each(b.Competencies, packCompetency),
		Achievements: each(b.Achievements, packAchievement),
		Roles:        each(b.Roles, packRole),
		Ladders:      each(b.Ladders, packLadder),
	}
}

func packText(t graph.Text) []*storev1.Translation { return each(t, packTranslation) }

func packTranslation(t graph.Translation) *storev1.Translation {
	return &storev1.Translation{Lang: string(t.Lang), Value: t.Value}
}

func packSettings(s *graph.Settings) *storev1.Settings {
	if s == nil {
		return nil
	}
	return &storev1.Settings{
		Language: string(s.Language),
		Currency: string(s.Currency),
		Rates: each(s.Rates, func(r graph.Rate) *storev1.Rate {
			return &storev1.Rate{From: string(r.From), Numerator: r.Numerator, Denominator: r.Denominator}
		}),
		Zone:              s.Zone,
		DefaultMinRigor:   uint32(s.DefaultMinRigor),
		ExactMatchImplies: s.ExactMatchImplies,
		SourceCatalog:     string(s.Source.Catalog),
	}
}

func packScale(s graph.Scale) *storev1.Scale {
	return &storev1.Scale{
		Id:    string(s.ID),
		Title: packText(s.Title),
		Levels: each(s.Levels, func(t graph.Text) *storev1.Text {
			return &storev1.Text{Translations: packText(t)}
		}),
		SourceCatalog: string(s.Source.Catalog),
	}
}

func packConversion(c graph.Conversion) *storev1.Conversion {
	return &storev1.Conversion{
		From:          string(c.From),
		To:            string(c.To),
		Levels:        each(c.Levels, func(l graph.Level) byte { return byte(l) }),
		SourceCatalog: string(c.Source.Catalog),
	}
}

func packFramework(f graph.Framework) *storev1.Framework {
	return &storev1.Framework{
		Id: string(f.ID), Title: packText(f.Title), Description: packText(f.Description),
		Url: f.URL, Version: f.Version, Publisher: f.Publisher, SourceCatalog: string(f.Source.Catalog),
	}
}

func packIssuer(i graph.Issuer) *storev1.Issuer {
	return &storev1.Issuer{
		Id: string(i.ID), Title: packText(i.Title), Url: i.URL, SourceCatalog: string(i.Source.Catalog),
	}
}

func packCompetency(c graph.Competency) *storev1.Competency {
	return &storev1.Competency{
		Id:          string(c.ID),
		Framework:   string(c.Framework),
		Kind:        uint32(c.Kind),
		Scale:       string(c.Scale),
		Title:       packText(c.Title),
		AltLabels:   each(c.AltLabels, packTranslation),
		Description: packText(c.Description),
		Broader:     texts[string](c.Broader),
		Alignments:  each(c.Alignments, packAlignment),
		Implies: each(c.Implies, func(i graph.Implication) *storev1.Implication {
			return &storev1.Implication{Level: uint32(i.Level), Competency: string(i.Competency), ToLevel: uint32(i.ToLevel)}
		}),
		Retired:       c.Retired,
		ReplacedBy:    string(c.ReplacedBy),
		SourceCatalog: string(c.Source.Catalog),
	}
}

func packAlignment(a graph.Alignment) *storev1.Alignment {
	return &storev1.Alignment{
		Type: uint32(a.Type), Target: string(a.Target), TargetName: a.TargetName, Framework: a.Framework,
	}
}

func packLifecycle(l graph.Lifecycle) *storev1.Lifecycle {
	return &storev1.Lifecycle{
		Version:       int64(l.Version),
		Status:        uint32(l.Status),
		EffectiveFrom: int64(l.EffectiveFrom),
		OnChange:      uint32(l.OnChange),
		GraceUntil:    int64(l.GraceUntil),
		ReplacedBy:    string(l.ReplacedBy),
		SourceCatalog: string(l.Source.Catalog),
	}
}

func packAchievement(a graph.Achievement) *storev1.Achievement {
	return &storev1.Achievement{
		Id:                string(a.ID),
		Lifecycle:         packLifecycle(a.Lifecycle),
		Type:              uint32(a.Type),
		Issuer:            string(a.Issuer),
		Title:             packText(a.Title),
		AltLabels:         each(a.AltLabels, packTranslation),
		Description:       packText(a.Description),
		CriteriaNarrative: packText(a.Criteria.Narrative),
		CriteriaUrl:       a.Criteria.URL,
		Attests: each(a.Attests, func(t graph.Attestation) *storev1.Attestation {
			return &storev1.Attestation{Competency: string(t.Competency), Level: uint32(t.Level)}
		}),
		Credits:        a.Credits,
		Category:       string(a.Category),
		ValidityMonths: int64(a.Validity.Months),
		ValidityUntil:  int64(a.Validity.Until),
		Rigor:          uint32(a.Rigor),
		Routes:         each(a.Routes, packRoute),
		FollowsParts:   a.FollowsParts,
		Enforce:        a.Enforce,
		Alignments:     each(a.Alignments, packAlignment),
	}
}

func packRoute(r graph.Route) *storev1.Route {
	return &storev1.Route{
		Id:             string(r.ID),
		Kind:           uint32(r.Kind),
		EffortMinutes:  r.EffortMinutes,
		PriceAmount:    r.Price.Amount,
		PriceCurrency:  string(r.Price.Currency),
		ElapsedWeeks:   r.ElapsedWeeks,
		Award:          uint32(r.Award),
		Requires:       packTree(r.Requires),
		Url:            r.URL,
		SuggestedAfter: texts[string](r.SuggestedAfter),
	}
}

func packTree(r *graph.Requirement) *storev1.Requirement {
	if r == nil {
		return nil
	}
	return packRequirement(*r)
}

func packRequirement(r graph.Requirement) *storev1.Requirement {
	return &storev1.Requirement{
		Node:              r.Node,
		Op:                uint32(r.Op),
		K:                 int64(r.K),
		Of:                each(r.Of, packRequirement),
		Sharing:           uint32(r.Sharing),
		Credits:           r.Credits,
		OverCategory:      string(r.OverCategory),
		Min:               each(r.Min, packCredits),
		Max:               each(r.Max, packCredits),
		TermCredits:       r.TermCredits,
		TermCategory:      string(r.TermCategory),
		Achievement:       string(r.Achievement),
		Issuers:           texts[string](r.Issuers),
		FreshWithinMonths: int64(r.FreshWithinMonths),
		MinRigor:          uint32(r.MinRigor),
		Competency:        string(r.Competency),
		Level:             uint32(r.Level),
		Role:              string(r.Role),
		Family:            string(r.Family),
		Months:            int64(r.Months),
	}
}

func packCredits(c graph.CategoryCredits) *storev1.CategoryCredits {
	return &storev1.CategoryCredits{Category: string(c.Category), Credits: c.Credits}
}

func packRole(r graph.Role) *storev1.Role {
	return &storev1.Role{
		Id:          string(r.ID),
		Lifecycle:   packLifecycle(r.Lifecycle),
		Title:       packText(r.Title),
		AltLabels:   each(r.AltLabels, packTranslation),
		Description: packText(r.Description),
		Family:      string(r.Family),
		Rank:        int64(r.Rank),
		Essential:   packTree(r.Essential),
		Optional: each(r.Optional, func(o graph.Optional) *storev1.Optional {
			return &storev1.Optional{Requirement: packRequirement(o.Requirement), Weight: o.Weight}
		}),
		Threshold:  r.Threshold,
		AdvancesTo: texts[string](r.AdvancesTo),
		MovesTo:    texts[string](r.MovesTo),
		Alignments: each(r.Alignments, packAlignment),
	}
}

func packLadder(l graph.Ladder) *storev1.Ladder {
	return &storev1.Ladder{
		Id: string(l.ID), Title: packText(l.Title), Description: packText(l.Description),
		Roles: texts[string](l.Roles), Retired: l.Retired, SourceCatalog: string(l.Source.Catalog),
	}
}
