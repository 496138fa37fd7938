package filestore

import (
	storev1 "github.com/cairn-skills/cairn/gen/cairn/store/v1"
	"github.com/cairn-skills/cairn/graph"
)

func unpackCatalog(c *storev1.Catalog, b *graph.Batch) {
	b.Settings = unpackSettings(c.GetSettings())
	b.Scales = each(c.GetScales(), unpackScale)
	b.Conversions = each(c.GetConversions(), unpackConversion)
	b.Frameworks = each(c.GetFrameworks(), unpackFramework)
	b.Issuers = each(c.GetIssuers(), unpackIssuer)
	b.Competencies = each(c.GetCompetencies(), unpackCompetency)
	b.Achievements = each(c.GetAchievements(), unpackAchievement)
	b.Roles = each(c.GetRoles(), unpackRole)
	b.Ladders = each(c.GetLadders(), unpackLadder)
}

func unpackText(t []*storev1.Translation) graph.Text { return each(t, unpackTranslation) }

func unpackTranslation(t *storev1.Translation) graph.Translation {
	return graph.Translation{Lang: graph.Lang(t.GetLang()), Value: t.GetValue()}
}

func unpackSource(catalog string) graph.Source { return graph.Source{Catalog: graph.ID(catalog)} }

func unpackSettings(s *storev1.Settings) *graph.Settings {
	if s == nil {
		return nil
	}
	return &graph.Settings{
		Language: graph.Lang(s.GetLanguage()),
		Currency: graph.Currency(s.GetCurrency()),
		Rates: each(s.GetRates(), func(r *storev1.Rate) graph.Rate {
			return graph.Rate{From: graph.Currency(r.GetFrom()), Numerator: r.GetNumerator(), Denominator: r.GetDenominator()}
		}),
		Zone:              s.GetZone(),
		DefaultMinRigor:   graph.Rigor(s.GetDefaultMinRigor()),
		ExactMatchImplies: s.GetExactMatchImplies(),
		Source:            unpackSource(s.GetSourceCatalog()),
	}
}

func unpackScale(s *storev1.Scale) graph.Scale {
	return graph.Scale{
		ID:     graph.ID(s.GetId()),
		Title:  unpackText(s.GetTitle()),
		Levels: each(s.GetLevels(), func(t *storev1.Text) graph.Text { return unpackText(t.GetTranslations()) }),
		Source: unpackSource(s.GetSourceCatalog()),
	}
}

func unpackConversion(c *storev1.Conversion) graph.Conversion {
	return graph.Conversion{
		From:   graph.ID(c.GetFrom()),
		To:     graph.ID(c.GetTo()),
		Levels: each(c.GetLevels(), func(l byte) graph.Level { return graph.Level(l) }),
		Source: unpackSource(c.GetSourceCatalog()),
	}
}

func unpackFramework(f *storev1.Framework) graph.Framework {
	return graph.Framework{
		ID: graph.ID(f.GetId()), Title: unpackText(f.GetTitle()), Description: unpackText(f.GetDescription()),
		URL: f.GetUrl(), Version: f.GetVersion(), Publisher: f.GetPublisher(), Source: unpackSource(f.GetSourceCatalog()),
	}
}

func unpackIssuer(i *storev1.Issuer) graph.Issuer {
	return graph.Issuer{
		ID: graph.ID(i.GetId()), Title: unpackText(i.GetTitle()), URL: i.GetUrl(), Source: unpackSource(i.GetSourceCatalog()),
	}
}

func unpackCompetency(c *storev1.Competency) graph.Competency {
	return graph.Competency{
		ID:          graph.ID(c.GetId()),
		Framework:   graph.ID(c.GetFramework()),
		Kind:        graph.CompetencyKind(c.GetKind()),
		Scale:       graph.ID(c.GetScale()),
		Title:       unpackText(c.GetTitle()),
		AltLabels:   each(c.GetAltLabels(), unpackTranslation),
		Description: unpackText(c.GetDescription()),
		Broader:     texts[graph.ID](c.GetBroader()),
		Alignments:  each(c.GetAlignments(), unpackAlignment),
		Implies: each(c.GetImplies(), func(i *storev1.Implication) graph.Implication {
			return graph.Implication{
				Level: graph.Level(i.GetLevel()), Competency: graph.ID(i.GetCompetency()), ToLevel: graph.Level(i.GetToLevel()),
			}
		}),
		Retired:    c.GetRetired(),
		ReplacedBy: graph.ID(c.GetReplacedBy()),
		Source:     unpackSource(c.GetSourceCatalog()),
	}
}

func unpackAlignment(a *storev1.Alignment) graph.Alignment {
	return graph.Alignment{
		Type: graph.AlignmentType(a.GetType()), Target: graph.ID(a.GetTarget()),
		TargetName: a.GetTargetName(), Framework: a.GetFramework(),
	}
}

func unpackLifecycle(l *storev1.Lifecycle) graph.Lifecycle {
	return graph.Lifecycle{
		Version:       int(l.GetVersion()),
		Status:        graph.Status(l.GetStatus()),
		EffectiveFrom: graph.Instant(l.GetEffectiveFrom()),
		OnChange:      graph.ChangePolicy(l.GetOnChange()),
		GraceUntil:    graph.Instant(l.GetGraceUntil()),
		ReplacedBy:    graph.ID(l.GetReplacedBy()),
		Source:        unpackSource(l.GetSourceCatalog()),
	}
}

func unpackAchievement(a *storev1.Achievement) graph.Achievement {
	return graph.Achievement{
		ID:          graph.ID(a.GetId()),
		Lifecycle:   unpackLifecycle(a.GetLifecycle()),
		Type:        graph.AchievementType(a.GetType()),
		Issuer:      graph.ID(a.GetIssuer()),
		Title:       unpackText(a.GetTitle()),
		AltLabels:   each(a.GetAltLabels(), unpackTranslation),
		Description: unpackText(a.GetDescription()),
		Criteria:    graph.Criteria{Narrative: unpackText(a.GetCriteriaNarrative()), URL: a.GetCriteriaUrl()},
		Attests: each(a.GetAttests(), func(t *storev1.Attestation) graph.Attestation {
			return graph.Attestation{Competency: graph.ID(t.GetCompetency()), Level: graph.Level(t.GetLevel())}
		}),
		Credits:      a.GetCredits(),
		Category:     graph.ID(a.GetCategory()),
		Validity:     graph.Validity{Months: int(a.GetValidityMonths()), Until: graph.Instant(a.GetValidityUntil())},
		Rigor:        graph.Rigor(a.GetRigor()),
		Routes:       each(a.GetRoutes(), unpackRoute),
		FollowsParts: a.GetFollowsParts(),
		Enforce:      a.GetEnforce(),
		Alignments:   each(a.GetAlignments(), unpackAlignment),
	}
}

func unpackRoute(r *storev1.Route) graph.Route {
	return graph.Route{
		ID:             graph.ID(r.GetId()),
		Kind:           graph.RouteKind(r.GetKind()),
		EffortMinutes:  r.GetEffortMinutes(),
		Price:          graph.Money{Amount: r.GetPriceAmount(), Currency: graph.Currency(r.GetPriceCurrency())},
		ElapsedWeeks:   r.GetElapsedWeeks(),
		Award:          graph.AwardMode(r.GetAward()),
		Requires:       unpackTree(r.GetRequires()),
		URL:            r.GetUrl(),
		SuggestedAfter: texts[graph.ID](r.GetSuggestedAfter()),
	}
}

func unpackTree(r *storev1.Requirement) *graph.Requirement {
	if r == nil {
		return nil
	}
	tree := unpackRequirement(r)
	return &tree
}

func unpackRequirement(r *storev1.Requirement) graph.Requirement {
	return graph.Requirement{
		Node:              r.GetNode(),
		Op:                graph.Op(r.GetOp()),
		K:                 int(r.GetK()),
		Of:                each(r.GetOf(), unpackRequirement),
		Sharing:           graph.Sharing(r.GetSharing()),
		Credits:           r.GetCredits(),
		OverCategory:      graph.ID(r.GetOverCategory()),
		Min:               each(r.GetMin(), unpackCredits),
		Max:               each(r.GetMax(), unpackCredits),
		TermCredits:       r.GetTermCredits(),
		TermCategory:      graph.ID(r.GetTermCategory()),
		Achievement:       graph.ID(r.GetAchievement()),
		Issuers:           texts[graph.ID](r.GetIssuers()),
		FreshWithinMonths: int(r.GetFreshWithinMonths()),
		MinRigor:          graph.Rigor(r.GetMinRigor()),
		Competency:        graph.ID(r.GetCompetency()),
		Level:             graph.Level(r.GetLevel()),
		Role:              graph.ID(r.GetRole()),
		Family:            graph.ID(r.GetFamily()),
		Months:            int(r.GetMonths()),
	}
}

func unpackCredits(c *storev1.CategoryCredits) graph.CategoryCredits {
	return graph.CategoryCredits{Category: graph.ID(c.GetCategory()), Credits: c.GetCredits()}
}

func unpackRole(r *storev1.Role) graph.Role {
	return graph.Role{
		ID:          graph.ID(r.GetId()),
		Lifecycle:   unpackLifecycle(r.GetLifecycle()),
		Title:       unpackText(r.GetTitle()),
		AltLabels:   each(r.GetAltLabels(), unpackTranslation),
		Description: unpackText(r.GetDescription()),
		Family:      graph.ID(r.GetFamily()),
		Rank:        int(r.GetRank()),
		Essential:   unpackTree(r.GetEssential()),
		Optional: each(r.GetOptional(), func(o *storev1.Optional) graph.Optional {
			return graph.Optional{Requirement: unpackRequirement(o.GetRequirement()), Weight: o.GetWeight()}
		}),
		Threshold:  r.GetThreshold(),
		AdvancesTo: texts[graph.ID](r.GetAdvancesTo()),
		MovesTo:    texts[graph.ID](r.GetMovesTo()),
		Alignments: each(r.GetAlignments(), unpackAlignment),
	}
}

func unpackLadder(l *storev1.Ladder) graph.Ladder {
	return graph.Ladder{
		ID: graph.ID(l.GetId()), Title: unpackText(l.GetTitle()), Description: unpackText(l.GetDescription()),
		Roles: texts[graph.ID](l.GetRoles()), Retired: l.GetRetired(), Source: unpackSource(l.GetSourceCatalog()),
	}
}
