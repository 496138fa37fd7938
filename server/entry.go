package server

import (
	"strconv"

	"google.golang.org/protobuf/proto"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// entryTag is the entity tag of the entry that m answers; empty for none.
func entryTag(m proto.Message) string {
	var e interface{ GetChangedRevision() uint64 }
	switch m := m.(type) {
	case *cairnv1.GetCompetencyResponse:
		e = m.GetAnswer().GetCompetency()
	case *cairnv1.GetAchievementResponse:
		e = m.GetAnswer().GetAchievement()
	case *cairnv1.GetRoleResponse:
		e = m.GetAnswer().GetRole()
	case *cairnv1.GetLadderResponse:
		e = m.GetAnswer().GetLadder()
	default:
		return ""
	}
	return strconv.Quote(strconv.FormatUint(e.GetChangedRevision(), 10))
}

func translationOut(t *graph.Translation) *cairnv1.Translation {
	return &cairnv1.Translation{Language: string(t.Lang), Text: t.Value}
}

func alignmentOut(a *graph.Alignment) *cairnv1.Alignment {
	return &cairnv1.Alignment{
		Type: cairnv1.AlignmentType(a.Type), Target: string(a.Target), TargetName: a.TargetName, Framework: a.Framework,
	}
}

// labelAlignments collects the labels of targets that are entries of kind k.
func labelAlignments(l *labeler, k graph.Kind, list []graph.Alignment) {
	for i := range list {
		l.add(k, list[i].Target)
	}
}

func competencyOut(x *graph.Competency, changed graph.Revision, l *labeler) *cairnv1.Competency {
	l.add(graph.KindCompetency, x.ID, x.ReplacedBy)
	l.add(graph.KindCompetency, x.Broader...)
	l.add(graph.KindFramework, x.Framework)
	l.add(graph.KindScale, x.Scale)
	labelAlignments(l, graph.KindCompetency, x.Alignments)
	return &cairnv1.Competency{
		Id: string(x.ID), ChangedRevision: uint64(changed), Framework: string(x.Framework), Kind: cairnv1.CompetencyKind(x.Kind),
		Scale: string(x.Scale), Title: textOut(x.Title), AltLabels: each(x.AltLabels, translationOut), Description: textOut(x.Description),
		Broader: idsOut(x.Broader), Alignments: each(x.Alignments, alignmentOut),
		Implies: each(x.Implies, func(im *graph.Implication) *cairnv1.Implication {
			l.add(graph.KindCompetency, im.Competency)
			return &cairnv1.Implication{Level: int32(im.Level), Competency: string(im.Competency), ToLevel: int32(im.ToLevel)}
		}),
		Retired: x.Retired, ReplacedBy: string(x.ReplacedBy), Catalog: string(x.Source.Catalog),
	}
}

// scaleOut is a scale; nil for none.
func scaleOut(x *graph.Scale) *cairnv1.Scale {
	if x == nil {
		return nil
	}
	out := &cairnv1.Scale{Id: string(x.ID), Title: textOut(x.Title), Catalog: string(x.Source.Catalog)}
	for i, title := range x.Levels {
		out.Levels = append(out.Levels, &cairnv1.ScaleLevel{Level: int32(i + 1), Title: textOut(title)})
	}
	return out
}

func lifecycleOut(x *graph.Lifecycle, inForce bool) *cairnv1.Version {
	return &cairnv1.Version{
		Number: int32(x.Version), Status: statusKindOut(x.Status), EffectiveFrom: timestamp(x.EffectiveFrom), OnChange: policyOut(x.OnChange),
		GraceUntil: timestamp(x.GraceUntil), ReplacedBy: string(x.ReplacedBy), Catalog: string(x.Source.Catalog), InForce: inForce,
	}
}

func summaryOut(x *graph.Lifecycle) *cairnv1.VersionSummary {
	return &cairnv1.VersionSummary{Number: int32(x.Version), Status: statusKindOut(x.Status), EffectiveFrom: timestamp(x.EffectiveFrom)}
}

// achievementOut is a version of an achievement as it stands at an instant.
func achievementOut(c *graph.Catalog, v *graph.Version, changed graph.Revision, at graph.Instant, l *labeler) *cairnv1.Achievement {
	x := v.Achievement
	l.add(graph.KindAchievement, x.ID, x.ReplacedBy)
	l.add(graph.KindIssuer, x.Issuer)
	labelAlignments(l, graph.KindAchievement, x.Alignments)
	out := &cairnv1.Achievement{
		Id: string(x.ID), ChangedRevision: uint64(changed), Version: lifecycleOut(&x.Lifecycle, c.InForce(v.Index, at) == v),
		Type: cairnv1.AchievementType(x.Type), Issuer: string(x.Issuer), Title: textOut(x.Title),
		AltLabels: each(x.AltLabels, translationOut), Description: textOut(x.Description),
		Attests: each(x.Attests, func(a *graph.Attestation) *cairnv1.Attestation {
			l.add(graph.KindCompetency, a.Competency)
			return &cairnv1.Attestation{Competency: string(a.Competency), Level: int32(a.Level)}
		}),
		CreditsHundredths: x.Credits, Category: string(x.Category), Validity: validityOut(x.Validity), Rigor: rigorOut(x.Rigor),
		FollowsParts: x.FollowsParts, Enforce: x.Enforce, Alignments: each(x.Alignments, alignmentOut),
	}
	if len(x.Criteria.Narrative) > 0 || x.Criteria.URL != "" {
		out.Criteria = &cairnv1.Criteria{Narrative: textOut(x.Criteria.Narrative), Url: x.Criteria.URL}
	}
	settings := c.Settings()
	for i := range v.Routes {
		r := &v.Routes[i]
		currency := r.Price.Currency
		if currency == "" {
			currency = settings.Currency
		}
		l.add(graph.KindAchievement, r.SuggestedAfter...)
		out.Routes = append(out.Routes, &cairnv1.Route{
			Id: string(r.ID), Kind: routeKindOut(r.Kind), Cost: costOut(r.EffortMinutes, r.Price.Amount, currency, r.ElapsedWeeks),
			Award: modeOut(r.Route), Requires: requirementOut(r.Requires, l), Url: r.URL, SuggestedAfter: idsOut(r.SuggestedAfter),
		})
	}
	return out
}

func validityOut(v graph.Validity) *cairnv1.Validity {
	switch {
	case v.Months > 0:
		return &cairnv1.Validity{Ends: &cairnv1.Validity_Months{Months: int32(v.Months)}}
	case v.Until != 0:
		return &cairnv1.Validity{Ends: &cairnv1.Validity_Until{Until: timestamp(v.Until)}}
	}
	return &cairnv1.Validity{}
}

// roleOut is a version of a role as it stands at an instant.
func roleOut(c *graph.Catalog, v *graph.RoleVersion, changed graph.Revision, at graph.Instant, l *labeler) *cairnv1.Role {
	x := v.Role
	l.add(graph.KindRole, x.ID, x.ReplacedBy)
	l.add(graph.KindRole, x.AdvancesTo...)
	l.add(graph.KindRole, x.MovesTo...)
	labelAlignments(l, graph.KindRole, x.Alignments)
	out := &cairnv1.Role{
		Id: string(x.ID), ChangedRevision: uint64(changed), Version: lifecycleOut(&x.Lifecycle, roleInForce(c, v, at)),
		Title: textOut(x.Title), AltLabels: each(x.AltLabels, translationOut), Description: textOut(x.Description),
		Family: string(x.Family), Rank: int32(x.Rank), Essential: requirementOut(v.Essential, l), Threshold: x.Threshold,
		AdvancesTo: idsOut(x.AdvancesTo), MovesTo: idsOut(x.MovesTo), Alignments: each(x.Alignments, alignmentOut),
	}
	for i := range v.Optional {
		out.Optional = append(out.Optional, &cairnv1.Optional{
			Requirement: requirementOut(v.Optional[i].Tree, l), Weight: v.Optional[i].Weight,
		})
	}
	return out
}

func roleInForce(c *graph.Catalog, v *graph.RoleVersion, at graph.Instant) bool {
	return v.Status == graph.InForce && c.CurrentRole(v.Index, at) == v
}

func ladderOut(x *graph.Ladder, changed graph.Revision, l *labeler) *cairnv1.Ladder {
	l.add(graph.KindLadder, x.ID)
	l.add(graph.KindRole, x.Roles...)
	return &cairnv1.Ladder{
		Id: string(x.ID), ChangedRevision: uint64(changed), Title: textOut(x.Title), Description: textOut(x.Description),
		Roles: idsOut(x.Roles), Retired: x.Retired, Catalog: string(x.Source.Catalog),
	}
}

// requirementOut is a rule; nil for none. Its ids go to l, which may be nil.
func requirementOut(t *graph.Tree, l *labeler) *cairnv1.Requirement {
	if t == nil {
		return nil
	}
	return requirementNode(t, 0, false, l)
}

func requirementNode(t *graph.Tree, i int32, term bool, l *labeler) *cairnv1.Requirement {
	n := &t.Nodes[i]
	out := &cairnv1.Requirement{Node: n.Node}
	if term {
		out.Term = termOut(n.Requirement)
	}
	switch n.Op {
	case graph.OpAtLeast:
		out.Asks = &cairnv1.Requirement_AtLeast{AtLeast: &cairnv1.AtLeast{K: int32(n.K), Sharing: sharingOut(n.Requirement)}}
	case graph.OpCredits:
		out.Asks = &cairnv1.Requirement_Credits{Credits: &cairnv1.Credits{
			Hundredths: n.Credits, Sharing: sharingOut(n.Requirement), OverCategory: string(n.OverCategory),
			Minima: each(n.Min, categoryOut), Maxima: each(n.Max, categoryOut),
		}}
	case graph.OpHolds:
		out.Asks = &cairnv1.Requirement_Holds{Holds: holdsOut(n, l)}
	case graph.OpLevel:
		l.add(graph.KindCompetency, n.Requirement.Competency)
		out.Asks = &cairnv1.Requirement_Level{Level: &cairnv1.LevelOf{
			Competency: string(n.Requirement.Competency), Level: int32(n.Level), MinRigor: rigorOut(n.MinRigor),
		}}
	case graph.OpTenure:
		tenure := &cairnv1.Tenure{Months: int32(n.Months)}
		if n.Role != "" {
			l.add(graph.KindRole, n.Role)
			tenure.In = &cairnv1.Tenure_Role{Role: string(n.Role)}
		} else {
			tenure.In = &cairnv1.Tenure_Family{Family: string(n.Family)}
		}
		out.Asks = &cairnv1.Requirement_Tenure{Tenure: tenure}
	case graph.OpUnspecified:
	}
	if n.Op == graph.OpCredits && n.OverCategory != "" {
		return out // the category stands for the children that the tree has
	}
	for _, c := range n.Children {
		out.Children = append(out.Children, requirementNode(t, c, n.Op == graph.OpCredits, l))
	}
	return out
}

func termOut(r *graph.Requirement) *cairnv1.Term {
	if r.TermCredits == graph.OwnCredits {
		return &cairnv1.Term{Counts: &cairnv1.Term_Own{Own: true}}
	}
	return &cairnv1.Term{Counts: &cairnv1.Term_Hundredths{Hundredths: r.TermCredits}, Category: string(r.TermCategory)}
}

func categoryOut(c *graph.CategoryCredits) *cairnv1.CategoryCredits {
	return &cairnv1.CategoryCredits{Category: string(c.Category), Hundredths: c.Credits}
}

// holdsOut is a leaf that asks for an award. Its ids go to l, which may be nil.
func holdsOut(n *graph.TreeNode, l *labeler) *cairnv1.Holds {
	l.add(graph.KindAchievement, n.Requirement.Achievement)
	l.add(graph.KindIssuer, n.Requirement.Issuers...)
	return &cairnv1.Holds{
		Achievement: string(n.Requirement.Achievement), Issuers: idsOut(n.Requirement.Issuers),
		FreshWithinMonths: int32(n.FreshWithinMonths), MinRigor: rigorOut(n.MinRigor),
	}
}
