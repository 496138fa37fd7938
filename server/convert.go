package server

import (
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// The enums below have the same order in graph and in the contract, which
// TestEnumsAgree holds them to; the shape rules admit declared values only.

func kindOut(k graph.Kind) cairnv1.Kind                     { return cairnv1.Kind(k) }
func rigorOut(r graph.Rigor) cairnv1.Rigor                  { return cairnv1.Rigor(r) }
func rigorIn(r cairnv1.Rigor) graph.Rigor                   { return graph.Rigor(r) }
func sourceOut(s graph.AwardSource) cairnv1.AwardSource     { return cairnv1.AwardSource(s) }
func sourceIn(s cairnv1.AwardSource) graph.AwardSource      { return graph.AwardSource(s) }
func routeKindOut(k graph.RouteKind) cairnv1.RouteKind      { return cairnv1.RouteKind(k) }
func severityOut(s graph.Severity) cairnv1.Severity         { return cairnv1.Severity(s) }
func changeOut(c graph.Change) cairnv1.DerivedChange_Change { return cairnv1.DerivedChange_Change(c) }
func statusKindOut(s graph.Status) cairnv1.Status           { return cairnv1.Status(s) }
func policyOut(p graph.ChangePolicy) cairnv1.ChangePolicy   { return cairnv1.ChangePolicy(p) + 1 }
func actionOut(a graph.EntryAction) cairnv1.CatalogChange_Action {
	return cairnv1.CatalogChange_Action(a)
}

// modeOut is what happens when a route's requirement is met: unspecified for a
// route that is no stack.
func modeOut(r *graph.Route) cairnv1.AwardMode {
	if r.Kind != graph.ByStack {
		return cairnv1.AwardMode_AWARD_MODE_UNSPECIFIED
	}
	return cairnv1.AwardMode(r.Award) + 1
}

// sharingOut is the sharing of a node; unspecified for one without children.
func sharingOut(r *graph.Requirement) cairnv1.Sharing {
	if r.Op != graph.OpAtLeast && r.Op != graph.OpCredits {
		return cairnv1.Sharing_SHARING_UNSPECIFIED
	}
	return cairnv1.Sharing(r.Sharing) + 1
}

// textOut is a text by language; nil for none.
func textOut(t graph.Text) map[string]string {
	if len(t) == 0 {
		return nil
	}
	out := make(map[string]string, len(t))
	for _, tr := range t {
		out[string(tr.Lang)] = tr.Value
	}
	return out
}

// idsOut are ids as strings; nil for none.
func idsOut(ids []graph.ID) []string {
	if len(ids) == 0 {
		return nil
	}
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}

// idsIn are strings as ids; nil for none.
func idsIn(list []string) []graph.ID {
	if len(list) == 0 {
		return nil
	}
	out := make([]graph.ID, len(list))
	for i, s := range list {
		out[i] = graph.ID(s)
	}
	return out
}

// each converts every item of a list; nil for none.
func each[A, B any](list []A, convert func(*A) B) []B {
	if len(list) == 0 {
		return nil
	}
	out := make([]B, len(list))
	for i := range list {
		out[i] = convert(&list[i])
	}
	return out
}

// costOut is effort in minutes, money in minor units of currency, and weeks.
func costOut(minutes, minor int64, currency graph.Currency, weeks int64) *cairnv1.Cost {
	out := &cairnv1.Cost{EffortMinutes: minutes, PriceMinor: minor, ElapsedWeeks: weeks}
	if minor != 0 {
		out.Currency = string(currency)
	}
	return out
}

// issuerID is the ID of the issuer at i; empty for graph.None.
func issuerID(c *graph.Catalog, i graph.IssuerIndex) graph.ID {
	if e := c.IssuerEntry(i); e != nil {
		return e.ID
	}
	return ""
}

// evidenceOut is an award or a claim of p as what decides something. Its ids go
// to l, which may be nil.
func evidenceOut(p *graph.Profile, e *graph.Evidence, l *labeler) *cairnv1.Evidence {
	if e == nil {
		return nil
	}
	out := &cairnv1.Evidence{
		Rigor: rigorOut(e.Rigor), IssuedAt: stamp(e.IssuedAt), ValidUntil: timestamp(e.ValidUntil),
		Counts: e.Counts, PrerequisiteUnmet: e.PrereqUnmet,
	}
	if e.Version == nil {
		competency := p.Catalog.CompetencyID(e.Competency)
		out.Fact = &cairnv1.Evidence_Claim{Claim: e.Fact.String()}
		out.Competency, out.Level = string(competency), int32(e.Level)
		l.add(graph.KindCompetency, competency)
		return out
	}
	out.Fact = &cairnv1.Evidence_Award{Award: e.Fact.String()}
	out.Achievement, out.Version = string(e.Version.ID), int32(e.Version.Version)
	l.add(graph.KindAchievement, e.Version.ID)
	return out
}

// awardOut is an award of p, with the reasons why it is not valid or does not
// count. Its ids go to l, which may be nil. p's prerequisites are marked.
func awardOut(p *graph.Profile, e *graph.Evidence, l *labeler) *cairnv1.Award {
	issuer := issuerID(p.Catalog, e.Issuer)
	out := &cairnv1.Award{
		Id: e.Fact.String(), Person: string(p.Person), Achievement: string(e.Version.ID), Version: int32(e.Version.Version),
		IssuedAt: stamp(e.IssuedAt), ValidUntil: timestamp(e.ValidUntil), Source: sourceOut(e.Source), Rigor: rigorOut(e.Rigor),
		Issuer: string(issuer), Held: true, Valid: e.Valid, Counts: e.Counts, PrerequisiteUnmet: e.PrereqUnmet,
	}
	l.add(graph.KindPerson, p.Person)
	l.add(graph.KindAchievement, e.Version.ID)
	l.add(graph.KindIssuer, issuer)
	version := &cairnv1.RuleVersion{Kind: cairnv1.Kind_KIND_ACHIEVEMENT, Id: out.GetAchievement(), Version: out.GetVersion()}
	because := func(code string, params map[string]string) {
		out.Reasons = append(out.Reasons, &cairnv1.Reason{Code: code, Params: params, Award: out.GetId(), Rule: version})
	}
	switch {
	case !e.Valid:
		because("AWARD_LAPSED", map[string]string{"valid_until": e.ValidUntil.String()})
	case !e.Counts:
		because("PREREQUISITE_ENFORCED", map[string]string{"achievement": out.GetAchievement()})
	}
	if e.PrereqUnmet {
		because("PREREQUISITE_UNMET", map[string]string{"achievement": out.GetAchievement()})
	}
	return out
}

// derivedOut is what became of automatic awards, in their order.
func derivedOut(list []graph.Derivation, l *labeler) []*cairnv1.DerivedChange {
	return each(list, func(d *graph.Derivation) *cairnv1.DerivedChange {
		l.add(graph.KindPerson, d.Award.Person)
		l.add(graph.KindAchievement, d.Award.Achievement)
		out := &cairnv1.DerivedChange{
			Change: changeOut(d.Change), Award: d.Award.ID.String(), Person: string(d.Award.Person),
			Achievement: string(d.Award.Achievement), Version: int32(d.Award.Version),
			IssuedAt: timestamp(d.Award.IssuedAt), ValidUntil: timestamp(d.Award.ValidUntil),
		}
		if !d.Cause.IsZero() {
			out.Cause = d.Cause.String()
		}
		return out
	})
}

// assignmentOut is an assignment as it stands at an instant.
func assignmentOut(a *graph.Assignment, at graph.Instant, l *labeler) *cairnv1.Assignment {
	l.add(graph.KindRole, a.Role)
	l.add(graph.KindPerson, a.Manager)
	return &cairnv1.Assignment{
		Id: a.ID.String(), Role: string(a.Role), Unit: string(a.Unit), Manager: string(a.Manager),
		From: stamp(a.From), Until: timestamp(a.Until), Current: runs(a, at),
	}
}

// runs reports whether a runs at an instant.
func runs(a *graph.Assignment, at graph.Instant) bool {
	return a.From <= at && at < a.Until.End()
}
