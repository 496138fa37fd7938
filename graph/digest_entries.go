package graph

// Each of these writes every field of a type, in the order of its declaration.
// TestDigest finds a field that is missing.

func (c canon) settings(s *Settings) canon {
	c = words(words(c, s.Language), s.Currency)
	c = all(c, s.Rates, func(c canon, r *Rate) canon { return numbers(words(c, r.From), r.Numerator, r.Denominator) })
	return numbers(c.text(s.Zone), s.DefaultMinRigor).flag(s.ExactMatchImplies).source(s.Source)
}

func (c canon) scale(s *Scale) canon {
	c = words(c, s.ID).translations(s.Title)
	return all(c, s.Levels, func(c canon, t *Text) canon { return c.translations(*t) }).source(s.Source)
}

func (c canon) conversion(v *Conversion) canon {
	return words(c, v.From, v.To).levels(v.Levels).source(v.Source)
}

func (c canon) framework(f *Framework) canon {
	c = words(c, f.ID).translations(f.Title).translations(f.Description)
	return words(c, f.URL, f.Version, f.Publisher).source(f.Source)
}

func (c canon) issuer(i *Issuer) canon {
	return words(c, i.ID).translations(i.Title).text(i.URL).source(i.Source)
}

func (c canon) competency(x *Competency) canon {
	c = words(numbers(words(c, x.ID, x.Framework), x.Kind), x.Scale)
	c = c.translations(x.Title).translations(x.AltLabels).translations(x.Description).ids(x.Broader).alignments(x.Alignments)
	c = all(c, x.Implies, func(c canon, i *Implication) canon {
		return numbers(words(numbers(c, i.Level), i.Competency), i.ToLevel)
	})
	return words(c.flag(x.Retired), x.ReplacedBy).source(x.Source)
}

func (c canon) alignments(list []Alignment) canon {
	return all(c, list, func(c canon, a *Alignment) canon {
		return words(words(numbers(c, a.Type), a.Target), a.TargetName, a.Framework)
	})
}

func (c canon) lifecycle(l *Lifecycle) canon {
	c = numbers(numbers(c, l.Version), l.Status)
	c = numbers(numbers(c, l.EffectiveFrom), l.OnChange)
	return words(numbers(c, l.GraceUntil), l.ReplacedBy).source(l.Source)
}

func (c canon) achievement(a *Achievement) canon {
	c = words(numbers(words(c, a.ID).lifecycle(&a.Lifecycle), a.Type), a.Issuer)
	c = c.translations(a.Title).translations(a.AltLabels).translations(a.Description)
	c = c.translations(a.Criteria.Narrative).text(a.Criteria.URL)
	c = all(c, a.Attests, func(c canon, x *Attestation) canon { return numbers(words(c, x.Competency), x.Level) })
	c = words(numbers(c, a.Credits), a.Category)
	c = numbers(numbers(numbers(c, a.Validity.Months), a.Validity.Until), a.Rigor)
	c = all(c, a.Routes, canon.route)
	return c.flag(a.FollowsParts).flag(a.Enforce).alignments(a.Alignments)
}

func (c canon) route(r *Route) canon {
	c = numbers(numbers(words(c, r.ID), r.Kind), r.EffortMinutes, r.Price.Amount)
	c = numbers(numbers(words(c, r.Price.Currency), r.ElapsedWeeks), r.Award).flag(r.Requires != nil)
	if r.Requires != nil {
		c = c.requirement(r.Requires)
	}
	return c.text(r.URL).ids(r.SuggestedAfter)
}

func (c canon) requirement(n *Requirement) canon {
	c = numbers(numbers(c.text(n.Node), n.Op), n.K)
	c = all(c, n.Of, canon.requirement)
	c = words(numbers(numbers(c, n.Sharing), n.Credits), n.OverCategory)
	for _, list := range [][]CategoryCredits{n.Min, n.Max} {
		c = all(c, list, func(c canon, x *CategoryCredits) canon { return numbers(words(c, x.Category), x.Credits) })
	}
	c = words(numbers(c, n.TermCredits), n.TermCategory, n.Achievement).ids(n.Issuers)
	c = words(numbers(numbers(c, n.FreshWithinMonths), n.MinRigor), n.Competency)
	return numbers(words(numbers(c, n.Level), n.Role, n.Family), n.Months)
}

func (c canon) role(r *Role) canon {
	c = words(c, r.ID).lifecycle(&r.Lifecycle)
	c = c.translations(r.Title).translations(r.AltLabels).translations(r.Description)
	c = numbers(words(c, r.Family), r.Rank).flag(r.Essential != nil)
	if r.Essential != nil {
		c = c.requirement(r.Essential)
	}
	c = all(c, r.Optional, func(c canon, o *Optional) canon { return numbers(c.requirement(&o.Requirement), o.Weight) })
	return numbers(c, r.Threshold).ids(r.AdvancesTo).ids(r.MovesTo).alignments(r.Alignments)
}

func (c canon) ladder(l *Ladder) canon {
	return words(c, l.ID).translations(l.Title).translations(l.Description).ids(l.Roles).flag(l.Retired).source(l.Source)
}

func (c canon) assignment(a *Assignment) canon {
	return numbers(words(append(c, a.ID[:]...), a.Person, a.Role, a.Unit, a.Manager), a.From, a.Until)
}

func (c canon) award(a *Award) canon {
	c = numbers(words(append(c, a.ID[:]...), a.Person, a.Achievement), a.Version)
	return words(numbers(numbers(numbers(c, a.IssuedAt, a.ValidUntil), a.Source), a.Rigor), a.Issuer)
}

func (c canon) claim(x *Claim) canon {
	c = numbers(numbers(words(append(c, x.ID[:]...), x.Person, x.Competency), x.Level), x.Rigor)
	return numbers(words(c, x.By), x.At)
}

// personal is a record; of one that was erased, that it is there.
func (c canon) personal(p *Personal) canon {
	c = append(words(c, p.Person), p.About[:]...)
	if p.Erased {
		p = &Personal{}
	}
	return c.text(p.Name).strings(p.Identifiers).strings(p.Evidence)
}
