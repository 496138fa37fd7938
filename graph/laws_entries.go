package graph

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// settingsID is the subject of problems of the settings, which have no id.
const settingsID ID = "settings"

// name is the subject of problems of a conversion, which has no id.
func (c *Conversion) name() ID { return "conversions/" + c.From + ">" + c.To }

// maxAmount is the greatest integer that JSON carries exactly everywhere.
const maxAmount = 1<<53 - 1

var currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)

func (l *linter) checkID(id ID) {
	if err := id.Check(); err != nil {
		l.fail(codeBadID, err.Error(), "an id is an IRI or a slug such as sql-for-beginners")
	}
}

// amount judges a number that counts something from 0 up.
func (l *linter) amount(key string, n int64) {
	l.in(key, func() {
		switch {
		case n < 0:
			l.fail(codeNegativeAmount, fmt.Sprintf("%s is %d", key, n), "write 0 or more")
		case n > maxAmount:
			l.fail(codeAmountTooLarge, fmt.Sprintf("%s is %d", key, n), fmt.Sprintf("at most %d can be carried exactly", int64(maxAmount)))
		}
	})
}

func (l *linter) settings(s *Settings) {
	l.entry(KindUnspecified, settingsID)
	l.ownedSettings(s)
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "Local" {
		l.in("zone", func() {
			l.fail(codeBadZone, fmt.Sprintf("%q is not a time zone", s.Zone), "write an IANA name such as Europe/Berlin")
		})
	}
	if s.Currency != "" {
		l.in("currency", func() { l.currency(s.Currency) })
	}
	l.in("rates", func() {
		seen := make(map[Currency]bool)
		for _, r := range s.Rates {
			l.in(string(r.From), func() {
				l.currency(r.From)
				switch {
				case r.Numerator <= 0 || r.Denominator <= 0 || r.Numerator > maxAmount || r.Denominator > maxAmount:
					l.fail(codeBadRate, fmt.Sprintf("the rate of %s is %d/%d", r.From, r.Numerator, r.Denominator), "a rate is above 0")
				case seen[r.From]:
					l.fail(codeBadRate, "there are two rates of "+string(r.From), "keep one")
				case r.From == s.Currency:
					l.fail(codeBadRate, string(r.From)+" is the catalog's own currency", "remove the rate")
				case s.Currency == "":
					l.fail(codeBadRate, "a rate of "+string(r.From)+" into no currency", "set currency")
				}
				seen[r.From] = true
			})
		}
	})
}

func (l *linter) currency(c Currency) {
	if !currencyPattern.MatchString(string(c)) {
		l.fail(codeBadCurrency, fmt.Sprintf("%q is not a currency code", string(c)), "write the three capital letters of ISO 4217, e.g. EUR")
	}
}

func (l *linter) scale(s *Scale) {
	if n := len(s.Levels); n == 0 || n > MaxLevels {
		l.in("levels", func() {
			l.fail(codeBadScale, fmt.Sprintf("has %d levels", n), fmt.Sprintf("a scale has 1 to %d levels", MaxLevels))
		})
	}
}

// scaleLevels is the number of levels of a scale: 1 for none, 0 for an unknown one.
func (l *linter) scaleLevels(id ID) Level {
	if id == "" {
		return 1
	}
	if s, ok := l.reg.scales.get(id); ok {
		return Level(min(len(s.Levels), MaxLevels))
	}
	return 0
}

func (l *linter) conversion(c *Conversion) {
	l.entry(KindUnspecified, c.name())
	l.ownedConversion(c)
	l.in("from", func() { l.known(KindScale, c.From) })
	l.in("to", func() { l.known(KindScale, c.To) })
	from, to := l.scaleLevels(c.From), l.scaleLevels(c.To)
	l.in("levels", func() {
		if c.From == c.To {
			l.fail(codeConversionOrder, "converts the scale "+string(c.From)+" into itself", "levels of one scale compare as they are; remove it")
			return
		}
		if from > 0 && len(c.Levels) != int(from) {
			l.fail(codeConversionLength, fmt.Sprintf("has %d levels; the scale %s has %d", len(c.Levels), c.From, from),
				"write one level of "+string(c.To)+" for each level of "+string(c.From)+", 0 for none", c.From)
		}
		for i, v := range c.Levels {
			l.at(i, func() {
				if to > 0 && v > to {
					l.fail(codeLevelOffScale, fmt.Sprintf("level %d is off the scale %s", v, c.To), fmt.Sprintf("it has levels 1 to %d", to), c.To)
				}
				if i > 0 && v < c.Levels[i-1] {
					l.fail(codeConversionOrder, fmt.Sprintf("level %d of %s proves %d, and level %d only %d", i, c.From, c.Levels[i-1], i+1, v),
						"a higher level never proves less")
				}
			})
		}
	})
}

func (l *linter) competency(c *Competency) {
	l.retired = c.Retired
	if c.Framework != "" {
		l.in("framework", func() { l.known(KindFramework, c.Framework) })
	}
	if c.Scale != "" {
		l.in("scale", func() { l.known(KindScale, c.Scale) })
	}
	l.in("broader", func() {
		for i, id := range c.Broader {
			l.at(i, func() { l.knownOr(Warning, KindCompetency, id) })
		}
	})
	l.in("implies", func() {
		for i, im := range c.Implies {
			l.at(i, func() { l.implication(c, im) })
		}
	})
	l.in("replaced_by", func() {
		l.replacement(KindCompetency, c.ID, c.ReplacedBy)
		if to, ok := l.reg.competencies.get(c.ReplacedBy); ok {
			l.convertible(c, to)
		}
	})
	if !l.reg.settings.ExactMatchImplies {
		return
	}
	l.in("alignments", func() {
		for i, al := range c.Alignments {
			if to, ok := l.reg.competencies.get(al.Target); ok && al.Type == ExactMatch {
				l.at(i, func() { l.convertible(c, to) })
			}
		}
	})
}

func (l *linter) implication(c *Competency, im Implication) {
	if im.Competency == c.ID && im.ToLevel <= im.Level {
		l.warn(codeImpliesItself, fmt.Sprintf("level %d implies its own level %d", im.Level, im.ToLevel), "a level includes those below it; remove it")
	}
	l.level("level", c.ID, im.Level)
	if l.known(KindCompetency, im.Competency) {
		l.level("to", im.Competency, im.ToLevel)
	}
}

// level judges a level of a competency; key is where it is written, empty for here.
func (l *linter) level(key string, competency ID, v Level) {
	i, ok := l.reg.competencies.find(competency)
	if !ok {
		return
	}
	c := l.reg.competencies.rows[i].value
	n := l.scaleLevels(c.Scale)
	if n == 0 || v > 0 && v <= n {
		return
	}
	say := func() {
		hint := fmt.Sprintf("its scale %s has levels 1 to %d", c.Scale, n)
		if c.Scale == "" {
			hint = "it has no scale, so its one level is 1"
		}
		l.fail(codeLevelOffScale, fmt.Sprintf("%s has no level %d", competency, v), hint, competency)
	}
	if key == "" {
		say()
		return
	}
	l.in(key, say)
}

// convertible warns when nothing follows from an entry that stands for another,
// since their scales differ and no conversion is declared.
func (l *linter) convertible(from, to *Competency) {
	if from.Scale == to.Scale || l.scaleLevels(from.Scale) == 0 || l.scaleLevels(to.Scale) == 0 {
		return
	}
	if !slices.ContainsFunc(l.reg.conversions, func(c Conversion) bool { return c.From == from.Scale && c.To == to.Scale }) {
		l.warn(codeNoConversion, fmt.Sprintf("no level of %s carries over to %s: they have different scales", from.ID, to.ID),
			fmt.Sprintf("declare a conversion from %s to %s", scaleName(from.Scale), scaleName(to.Scale)), to.ID)
	}
}

func scaleName(id ID) ID {
	if id == "" {
		return "no scale"
	}
	return id
}

// replacement judges a replaced_by: known, and not leading back.
func (l *linter) replacement(k Kind, id, by ID) {
	if by == "" || !l.known(k, by) {
		return
	}
	chain := []ID{id}
	for at := by; at != ""; at = l.replacedBy(k, at) {
		if at == id {
			l.fail(codeReplacedByCycle, fmt.Sprintf("replaced_by leads back to %s", id), "the newest of them has no replaced_by", chain...)
			return
		}
		if slices.Contains(chain, at) {
			return // a cycle further on; its own entries say so
		}
		chain = append(chain, at)
	}
}

func (l *linter) replacedBy(k Kind, id ID) ID {
	switch k {
	case KindCompetency:
		if c, ok := l.reg.competencies.get(id); ok {
			return c.ReplacedBy
		}
	case KindAchievement:
		if v, ok := l.reg.achievements.get(id); ok {
			return v[len(v)-1].ReplacedBy
		}
	case KindRole:
		if v, ok := l.reg.roles.get(id); ok {
			return v[len(v)-1].ReplacedBy
		}
	default:
	}
	return ""
}
