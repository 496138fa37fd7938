package main

import (
	"fmt"
	"sort"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// enum is a value of an enum of the API.
type enum interface {
	Number() protoreflect.EnumNumber
	Descriptor() protoreflect.EnumDescriptor
}

// word is an enum's value in lower case without the enum's own name, for
// example "micro credential".
func word(e enum) string {
	d := e.Descriptor()
	v := d.Values().ByNumber(e.Number())
	if v == nil {
		return fmt.Sprintf("unknown(%d)", e.Number())
	}
	name := string(v.Name())
	if _, rest, ok := strings.Cut(string(d.Values().Get(0).Name()), "UNSPECIFIED"); ok && rest == "" {
		prefix := strings.TrimSuffix(string(d.Values().Get(0).Name()), "UNSPECIFIED")
		name = strings.TrimPrefix(name, prefix)
	}
	return strings.ToLower(strings.ReplaceAll(name, "_", " "))
}

// kindWord is a kind in the sentence "no … is called".
func kindWord(k cairnv1.Kind) string {
	if k == cairnv1.Kind_KIND_ROLE {
		return "role or achievement"
	}
	return word(k)
}

// way is how a step is taken.
func way(kind cairnv1.RouteKind, award cairnv1.AwardMode) string {
	if kind != cairnv1.RouteKind_ROUTE_KIND_STACK {
		return word(kind)
	}
	switch award {
	case cairnv1.AwardMode_AWARD_MODE_AUTOMATIC:
		return "awarded by itself"
	case cairnv1.AwardMode_AWARD_MODE_RECOMMEND:
		return "a manager confirms"
	default:
		return "claim it"
	}
}

// lessOf is less of what an objective makes least.
func lessOf(o cairnv1.Objective) string {
	if o == cairnv1.Objective_OBJECTIVE_MONEY {
		return "less money"
	}
	return "fewer hours"
}

// objectiveOf is the objective that a flag names.
func objectiveOf(text string) (cairnv1.Objective, error) {
	switch text {
	case "hours":
		return cairnv1.Objective_OBJECTIVE_HOURS, nil
	case "money":
		return cairnv1.Objective_OBJECTIVE_MONEY, nil
	}
	return 0, misused("--objective: %q is neither hours nor money", text)
}

// reason is a reason in words. A code without words of its own is shown as it
// is, with what belongs to it.
func (l labels) reason(r *cairnv1.Reason) string {
	p := r.GetParams()
	switch r.GetCode() {
	case "UNDECIDED":
		return "it could not be decided within the work limit"
	case "UNKNOWN_ID":
		return fmt.Sprintf("the catalog has no %s %s", p["kind"], p["id"])
	case "AWARD_LAPSED":
		return "lapsed on " + l.day(p["valid_until"])
	case "AWARD_STALE":
		return fmt.Sprintf("issued more than %s months before", p["fresh_within_months"])
	case "RIGOR_TOO_LOW":
		return fmt.Sprintf("is %s, must be %s", p["rigor"], p["min_rigor"])
	case "ISSUER_NOT_ACCEPTED":
		return fmt.Sprintf("awarded by %s, which is not accepted", l.title(cairnv1.Kind_KIND_ISSUER, p["issuer"]))
	case "PREREQUISITE_ENFORCED":
		return "does not count before its prerequisite is met"
	case "PREREQUISITE_UNMET":
		return "its prerequisite is not met"
	case "REPLACED":
		return "stands in for it: " + l.achievement(p["held"])
	}
	text := strings.ToLower(strings.ReplaceAll(r.GetCode(), "_", " "))
	names := make([]string, 0, len(p))
	for name := range p {
		names = append(names, name)
	}
	sort.Strings(names)
	words := []string{text}
	for _, name := range names {
		words = append(words, strings.ReplaceAll(name, "_", " "), p[name])
	}
	return strings.Join(words, " ")
}

// reasons are reasons in words, joined.
func (l labels) reasons(list []*cairnv1.Reason) string {
	parts := make([]string, len(list))
	for i, r := range list {
		parts[i] = l.reason(r)
	}
	return strings.Join(parts, "; ")
}

// evidence is what proves something, for example "SQL for Beginners, awarded
// 2026-02-02, through 2029-02-01".
func (l labels) evidence(e *cairnv1.Evidence) string {
	if e == nil {
		return ""
	}
	var text string
	switch e.GetFact().(type) {
	case *cairnv1.Evidence_Award:
		text = fmt.Sprintf("%s, awarded %s", l.achievement(e.GetAchievement()), l.date(e.GetIssuedAt()))
	case *cairnv1.Evidence_Claim:
		text = l.competency(e.GetCompetency())
		if e.GetLevel() > 1 {
			text += fmt.Sprintf(" at level %d", e.GetLevel())
		}
		text += fmt.Sprintf(", claimed as %s %s", word(e.GetRigor()), l.date(e.GetIssuedAt()))
	default:
		return ""
	}
	if e.GetValidUntil() != nil {
		text += ", through " + l.last(e.GetValidUntil())
	}
	if e.GetPrerequisiteUnmet() {
		text += ", prerequisite unmet"
	}
	return text
}
