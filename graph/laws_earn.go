package graph

import (
	"fmt"
	"reflect"
	"slices"
)

func (l *linter) achievement(a *Achievement) {
	l.retired = a.Status == Retired
	versions, _ := l.reg.achievements.get(a.ID)
	lives := make([]*Lifecycle, len(versions))
	for i, v := range versions {
		lives[i] = &v.Lifecycle
	}
	before, _ := l.earlier.achievements.get(a.ID)
	l.lifecycle(KindAchievement, a.ID, &a.Lifecycle, lives, len(before))
	if a.Issuer != "" {
		l.in("issuer", func() { l.known(KindIssuer, a.Issuer) })
	}
	l.amount("credits", a.Credits)
	l.validity(a)
	l.in("attests", func() {
		seen := make(map[ID]bool, len(a.Attests))
		for i, at := range a.Attests {
			l.at(i, func() {
				if !l.known(KindCompetency, at.Competency) {
					return
				}
				l.level("", at.Competency, at.Level)
				if c, _ := l.reg.competencies.get(at.Competency); c.Retired {
					l.warn(codeRequiresRetired, "attests "+string(at.Competency)+", which is retired", insteadOf(c.ReplacedBy), at.Competency)
				}
				if seen[at.Competency] {
					l.warn(codeDuplicateReference, "attests "+string(at.Competency)+" twice", "the highest level counts; keep that one", at.Competency)
				}
				seen[at.Competency] = true
			})
		}
	})
	l.in("routes", func() {
		seen := make(map[ID]bool, len(a.Routes))
		for i := range a.Routes {
			r := &a.Routes[i]
			step := func(look func()) { l.in(string(r.ID), look) }
			if r.ID == "" {
				step = func(look func()) { l.at(i, look) }
			}
			step(func() {
				if seen[r.ID] {
					l.fail(codeDuplicateRoute, "two routes have the id "+string(r.ID), "give each route an id of its own")
				}
				seen[r.ID] = true
				l.route(a, r)
			})
		}
	})
}

func insteadOf(id ID) string {
	if id == "" {
		return "name one that is in use"
	}
	return "it was replaced by " + string(id)
}

func (l *linter) lifecycle(k Kind, id ID, life *Lifecycle, all []*Lifecycle, published int) {
	l.in("replaced_by", func() { l.replacement(k, id, life.ReplacedBy) })
	if life.OnChange == Grace && (life.GraceUntil == 0 || life.GraceUntil <= life.EffectiveFrom) {
		l.in("on_change", func() {
			l.fail(codeBadGrace, "the grace is over before the version takes effect", "give the last day of grace, after effective_from")
		})
	}
	if life.OnChange != Grace && life.GraceUntil != 0 {
		l.in("on_change", func() {
			l.fail(codeBadGrace, "gives a last day of grace, but the change is "+life.OnChange.String(), "write on_change: {grace: …} or leave the day out")
		})
	}
	if life.Status == Draft || life.EffectiveFrom == 0 {
		return
	}
	l.in("effective_from", func() {
		for _, o := range all {
			switch {
			case o.Status == Draft || o.Version >= life.Version:
			case o.EffectiveFrom == life.EffectiveFrom && o.Version > published:
				l.fail(codeOverlapping, fmt.Sprintf("two versions take effect at %s", life.EffectiveFrom), "one version is in force at an instant; give each its own effective_from")
			case o.EffectiveFrom == life.EffectiveFrom:
				l.warn(codeOverlapping, fmt.Sprintf("takes the place of version %d from its first instant, %s", o.Version, life.EffectiveFrom),
					"awards of that version keep it; give a later effective_from if it was in force")
			case o.EffectiveFrom > life.EffectiveFrom:
				l.warn(codeVersionOutOfOrder, fmt.Sprintf("takes effect at %s, before version %d at %s, which then follows it", life.EffectiveFrom, o.Version, o.EffectiveFrom),
					"give a later effective_from if this version is to stay in force")
			}
		}
	})
}

func (l *linter) validity(a *Achievement) {
	v := a.Validity
	l.amount("valid_for", int64(v.Months))
	switch {
	case v.Months != 0 && v.Until != 0:
		l.in("valid_until", func() {
			l.fail(codeBadValidity, "an award counts for a time or until a date, not both", "keep valid_for or valid_until")
		})
	case v.Until != 0 && v.Until <= a.EffectiveFrom:
		l.in("valid_until", func() {
			l.fail(codeBadValidity, fmt.Sprintf("awards lapse at %s, before the version takes effect", v.Until), "give a later day")
		})
	case v.Months > 1200:
		l.in("valid_for", func() {
			l.fail(codeBadValidity, fmt.Sprintf("%d months are over a century", v.Months), "leave valid_for out: awards then count for ever")
		})
	}
}

func (l *linter) route(a *Achievement, r *Route) {
	l.checkID(r.ID)
	l.amount("effort", r.EffortMinutes)
	l.amount("weeks", r.ElapsedWeeks)
	l.price(r.Price)
	l.in("suggested_after", func() {
		for i, id := range r.SuggestedAfter {
			l.at(i, func() { l.known(KindAchievement, id) })
		}
	})
	costs := r.EffortMinutes != 0 || r.Price.Amount != 0 || r.ElapsedWeeks != 0
	switch {
	case r.Award != ByClaim && r.Kind != ByStack:
		l.in("award", func() {
			l.warn(codeAwardIgnored, "award: "+r.Award.String()+" has no meaning on a "+r.Kind.String()+" route", "only a stack is awarded by its requirement; remove it or make the route a stack")
		})
	case r.Award == Automatic && costs:
		l.in("award", func() {
			l.warn(codeAutomaticCosts, "the stack costs effort, money or time, so it never fires by itself", "make it free, or write award: claim")
		})
	}
	if r.Kind == ByStack && r.Requires == nil {
		l.fail(codeEmptyRule, "a stack that requires nothing", "say what it requires")
	}
	l.in("requires", func() { l.tree(r.Requires) })
	if r.Fires() && r.Requires != nil {
		l.firesWithRigor(a, r)
	}
	if r.Kind == ByStack && r.Requires != nil {
		l.lapses(r)
	}
	for i := range a.Routes {
		if o := &a.Routes[i]; o != r && o.ID != r.ID && dominates(o, r, i < slices.IndexFunc(a.Routes, func(x Route) bool { return x.ID == r.ID })) {
			l.warn(codeDominatedRoute, "route "+string(o.ID)+" asks no more and costs no more, so no plan takes this one", "give one of them what sets it apart, or remove this one", o.ID)
			return
		}
	}
}

// dominates reports whether o asks and costs no more than r; of equal routes
// the earlier dominates.
func dominates(o, r *Route, earlier bool) bool {
	if o.Price.Currency != r.Price.Currency || o.EffortMinutes > r.EffortMinutes || o.Price.Amount > r.Price.Amount || o.ElapsedWeeks > r.ElapsedWeeks ||
		o.Kind == ByRenewal || r.Kind == ByRenewal || o.Award == Recommend && r.Award != Recommend {
		return false
	}
	same := o.EffortMinutes == r.EffortMinutes && o.Price.Amount == r.Price.Amount && o.ElapsedWeeks == r.ElapsedWeeks
	if o.Requires != nil {
		return reflect.DeepEqual(o.Requires, r.Requires) && (!same || earlier)
	}
	return !same || r.Requires != nil || earlier
}

func (l *linter) price(m Money) {
	l.amount("price", m.Amount)
	s := &l.reg.settings
	l.in("price", func() {
		if m.Currency != "" {
			l.currency(m.Currency)
		}
		switch {
		case m.Amount == 0:
		case m.Currency == "" && s.Currency == "":
			l.warn(codeNoCurrency, "a price without a currency, in a catalog without one", "write the currency in settings, or beside the price")
		case m.Currency == "" || m.Currency == s.Currency:
		case !slices.ContainsFunc(s.Rates, func(r Rate) bool { return r.From == m.Currency }):
			hint := "declare a rate: settings: {rates: {" + string(m.Currency) + ": …}}"
			if s.Currency == "" {
				hint = "write settings: {currency: " + string(m.Currency) + "}"
			}
			l.fail(codeMixedCurrencies, fmt.Sprintf("a price in %s; the catalog's currency is %s and sums never mix", m.Currency, currencyName(s.Currency)), hint)
		}
	})
}

func currencyName(c Currency) string {
	if c == "" {
		return "not set"
	}
	return string(c)
}

// firesWithRigor refuses a derived award that claims more rigor than what it
// rests on: what is not assessed strictly does not become so by adding it up.
func (l *linter) firesWithRigor(a *Achievement, r *Route) {
	least, weakest := Proctored, ""
	var walk func(n *Requirement)
	walk = func(n *Requirement) {
		if n.Op == OpHolds || n.Op == OpLevel {
			if f := l.reg.settings.floor(n.MinRigor); f < least {
				least, weakest = f, string(n.Achievement+n.Competency)
			}
		}
		if n.OverCategory != "" {
			if f := l.reg.settings.floor(RigorUnspecified); f < least {
				least, weakest = f, "the category "+string(n.OverCategory)
			}
		}
		for i := range n.Of {
			walk(&n.Of[i])
		}
	}
	walk(r.Requires)
	have := a.Rigor
	if have == RigorUnspecified {
		have = Assessed
	}
	if have > least {
		l.fail(codeAutomaticRigor, fmt.Sprintf("awards with rigor %s by itself, but %s is asked for at %s only", have, weakest, least),
			fmt.Sprintf("declare rigor: %s on the achievement, or ask for min_rigor: %s", least, have))
	}
}

// lapses warns of a part of a stack that lapses before another part can be had.
func (l *linter) lapses(r *Route) {
	parts := necessary(r.Requires, nil)
	const weeksOfTwelveMonths = 52
	for i, p := range parts {
		v := l.newest(p.Achievement)
		if v == nil || v.Validity.Months == 0 {
			continue
		}
		for j, q := range parts {
			w := l.newest(q.Achievement)
			if i == j || w == nil || len(w.Routes) == 0 {
				continue
			}
			weeks := w.Routes[0].ElapsedWeeks
			for _, x := range w.Routes[1:] {
				weeks = min(weeks, x.ElapsedWeeks)
			}
			if weeks*12 >= int64(v.Validity.Months)*weeksOfTwelveMonths {
				l.in("requires", func() {
					l.warn(codeLapsesTooSoon, fmt.Sprintf("%s counts for %d months, and %s takes %d weeks: who begins with the first has lost it before the other is earned", p.Achievement, v.Validity.Months, q.Achievement, weeks),
						"let it count longer, or have it earned last", p.Achievement, q.Achievement)
				})
				return
			}
		}
	}
}

// necessary are the holds leaves without which r is never met.
func necessary(r *Requirement, out []*Requirement) []*Requirement {
	switch {
	case r.Op == OpHolds:
		out = append(out, r)
	case r.Op == OpAtLeast && r.K == len(r.Of):
		for i := range r.Of {
			out = necessary(&r.Of[i], out)
		}
	}
	return out
}

// newest is the version of an achievement that is in force in the end: the last
// to take effect; nil for none or a retired one.
func (l *linter) newest(id ID) *Version {
	i, ok := l.catalog.Achievement(id)
	if !ok {
		return nil
	}
	return l.catalog.offered(i)
}

// offered is the version of the achievement at i that is in force in the end.
func (c *Catalog) offered(i AchievementIndex) *Version {
	return c.InForce(i, Forever)
}
