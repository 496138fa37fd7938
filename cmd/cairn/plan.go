package main

import (
	"fmt"
	"strings"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// plan writes a plan for someone called who to something called goal, whose
// nodes are called n.
func (a *app) plan(p *cairnv1.Plan, who, goal string, l labels, n nodes) {
	switch {
	case p.GetStatus() == cairnv1.PlanStatus_PLAN_STATUS_UNREACHABLE:
		a.printf("%s to %s: out of reach, nothing leads to what is missing\n", who, goal)
		a.blocked(p.GetBlocked(), l)
	case len(p.GetSteps()) == 0 && p.GetWaitUntil() == nil:
		a.printf("%s to %s: reached, nothing is left to do\n", who, goal)
	case len(p.GetSteps()) == 0:
		a.printf("%s to %s: reached on %s without a further step\n", who, goal, a.date(p.GetWaitUntil()))
	default:
		a.printf("%s to %s: %s, %s\n", who, goal, count(len(p.GetSteps()), "step"), cost(p.GetTotal()))
		a.printf("%s\n\n", proof(p))
		a.steps(p, l, n)
		if p.GetWaitUntil() != nil {
			a.printf("\nThe time in a role that it waits for is reached on %s.\n", a.date(p.GetWaitUntil()))
		}
	}
	a.covered(p.GetCoveredBy(), l, n)
}

// proof says how good a plan is known to be.
func proof(p *cairnv1.Plan) string {
	if p.GetStatus() == cairnv1.PlanStatus_PLAN_STATUS_OPTIMAL {
		return fmt.Sprintf("No plan takes %s: that is proved.", lessOf(p.GetObjective()))
	}
	return fmt.Sprintf("There may be a plan that takes %s, but none below %s (gap %s).",
		lessOf(p.GetObjective()), inUnit(p.GetBound(), p.GetObjective(), p.GetTotal().GetCurrency()), percent(p.GetGap()))
}

func (a *app) steps(p *cairnv1.Plan, l labels, n nodes) {
	t := newTable(" #", "STEP", "WAY", " EFFORT", " PRICE", " WEEKS", "WHY")
	for i, s := range p.GetSteps() {
		c := s.GetCost()
		t.add(fmt.Sprint(i+1), l.achievement(s.GetAchievement()), way(s.GetKind(), s.GetAward()),
			effort(c.GetEffortMinutes()), money(c.GetPriceMinor(), c.GetCurrency()), weeks(c.GetElapsedWeeks()), why(s, n))
	}
	t.write(a.out, "  ")
}

// why says what a step is for: the later steps that rest on it, otherwise the
// nodes of the goal that it meets.
func why(s *cairnv1.PlanStep, n nodes) string {
	var parts []string
	if s.GetRenews() {
		parts = append(parts, "renews what no longer suffices")
	}
	if len(s.GetEnables()) > 0 {
		numbers := make([]string, len(s.GetEnables()))
		for i, later := range s.GetEnables() {
			numbers[i] = fmt.Sprint(later + 1)
		}
		parts = append(parts, "for step "+few(numbers))
	} else if len(s.GetCloses()) > 0 {
		names := make([]string, len(s.GetCloses()))
		for i, r := range s.GetCloses() {
			names[i] = n.name(r)
		}
		parts = append(parts, "meets "+few(names))
	}
	return strings.Join(parts, "; ")
}

// few is a list in words, cut after the third where more than one would be left
// out: the whole of it is in the JSON.
func few(words []string) string {
	const most = 3
	if len(words) <= most+1 {
		return list(words)
	}
	return fmt.Sprintf("%s and %d more", list(words[:most]), len(words)-most)
}

// covered writes what need not be earned any more, and by what.
func (a *app) covered(list []*cairnv1.Covered, l labels, n nodes) {
	if len(list) == 0 {
		return
	}
	a.printf("\nAlready covered:\n")
	t := newTable("WHAT", "BY")
	for _, c := range list {
		by := l.evidence(c.GetEvidence())
		if by == "" {
			by = "time in a role"
		}
		t.add(n.name(c.GetNode()), by)
	}
	t.write(a.out, "  ")
}

// blocked writes why nothing leads to a goal.
func (a *app) blocked(list []*cairnv1.Blocked, l labels) {
	if len(list) == 0 {
		return
	}
	a.printf("\nWithout one of these it stays out of reach:\n")
	t := newTable("WHAT", "WHY")
	for _, b := range list {
		t.add(l.blockedWhat(b), l.blockedWhy(b))
	}
	t.write(a.out, "  ")
}

func (l labels) blockedWhat(b *cairnv1.Blocked) string {
	switch x := b.GetWhat().(type) {
	case *cairnv1.Blocked_Achievement:
		return l.achievement(x.Achievement)
	case *cairnv1.Blocked_Competency:
		return fmt.Sprintf("%s at level %d", l.competency(x.Competency.GetCompetency()), x.Competency.GetLevel())
	case *cairnv1.Blocked_Tenure:
		return fmt.Sprintf("%s in %s", count(x.Tenure.GetMonths(), "month"), l.tenure(x.Tenure.GetRole(), x.Tenure.GetFamily()))
	}
	return "the rule of the goal"
}

func (l labels) blockedWhy(b *cairnv1.Blocked) string {
	var text string
	switch b.GetCause() {
	case cairnv1.Blocked_CAUSE_NO_PROVIDER:
		text = "nothing gives it"
	case cairnv1.Blocked_CAUSE_CIRCULAR:
		text = "every way to it leads back to itself"
	case cairnv1.Blocked_CAUSE_SHORTFALL:
		text = fmt.Sprintf("with everything there is it has %d of %d", b.GetHave(), b.GetWant())
	case cairnv1.Blocked_CAUSE_BLOCKED:
		text = "what gives it needs something else that is out of reach"
	case cairnv1.Blocked_CAUSE_EXCLUDED:
		text = "only what is excluded gives it"
	default:
		text = word(b.GetCause())
	}
	if r := l.reasons(b.GetReasons()); r != "" {
		text += "; " + r
	}
	return text
}
