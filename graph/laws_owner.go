package graph

import (
	"fmt"
	"slices"
)

// owner judges that an entry is published by the catalog that it is of, or by
// another one from when it is given up on: from when its catalog has retired it,
// Forever for never. An entry without a catalog is anybody's.
func (l *linter) owner(mine, was Source, from, givenUp Instant) {
	if from >= givenUp || was.Catalog == "" || mine.Catalog == was.Catalog {
		return
	}
	hint := fmt.Sprintf("change it in the files of %s, or use another id", was.Catalog)
	switch l.kind {
	case KindScale, KindFramework, KindIssuer: // which are never retired
	default:
		if hint += "; to take it over, "; givenUp < Forever {
			hint += fmt.Sprintf("let this take effect at %s, when %s retires it, or later", givenUp, was.Catalog)
		} else {
			hint += fmt.Sprintf("have %s retire it first", was.Catalog)
		}
	}
	l.foreign("id", mine, was, hint)
}

// foreign says that what stands at key is another catalog's.
func (l *linter) foreign(key string, mine, was Source, hint string) {
	ours := "facts without a catalog"
	if mine.Catalog != "" {
		ours = "the catalog " + string(mine.Catalog)
	}
	l.in(key, func() {
		l.fail(codeOtherCatalog, fmt.Sprintf("is of the catalog %s, and %s cannot publish it", was.Catalog, ours), hint)
	})
}

// shared judges the owner of what has no id, by the fields that differ from what
// is published: every catalog may say it alike, the first one changes it.
func (l *linter) shared(mine, was Source, fields []sharedField) {
	if was.Catalog == "" || mine.Catalog == was.Catalog {
		return
	}
	found := false
	for _, f := range fields {
		if !f.same {
			found = true
			l.foreign(f.key, mine, was, fmt.Sprintf("say the same as %s or nothing, or change it in a file of %s", was.Catalog, was.Catalog))
		}
	}
	if !found {
		l.foreign("source", mine, was, "leave out what is published already")
	}
}

// sharedField is whether a field is as it was.
type sharedField struct {
	key  string
	same bool
}

// ownedSettings judges the owner of settings.
func (l *linter) ownedSettings(s *Settings) {
	was := &l.earlier.settings
	l.shared(s.Source, was.Source, []sharedField{
		{"language", s.Language == was.Language},
		{"currency", s.Currency == was.Currency},
		{"rates", slices.Equal(s.Rates, was.Rates)},
		{"zone", s.Zone == was.Zone},
		{"default_min_rigor", s.DefaultMinRigor == was.DefaultMinRigor},
		{"exact_match_implies", s.ExactMatchImplies == was.ExactMatchImplies},
	})
}

// ownedConversion judges the owner of a conversion.
func (l *linter) ownedConversion(c *Conversion) {
	if i := slices.IndexFunc(l.earlier.conversions, func(x Conversion) bool { return x.name() == c.name() }); i >= 0 {
		was := &l.earlier.conversions[i]
		l.shared(c.Source, was.Source, []sharedField{{"levels", slices.Equal(c.Levels, was.Levels)}})
	}
}

// ownedPlain judges the owner of an entry without versions by the one that it
// takes the place of. State is whose an entry is, and whether it is retired.
func ownedPlain[T any](l *linter, have *table[*T], id ID, entry *T, state func(*T) (Source, bool)) {
	if was, there := have.get(id); there {
		mine, _ := state(entry)
		whose, retired := state(was)
		givenUp := Forever
		if retired {
			givenUp = beforeAll
		}
		l.owner(mine, whose, 0, givenUp)
	}
}

// ownedVersion judges the owner of a version by those that were published before
// it: the last that is not a draft says from when on the entry is retired.
func ownedVersion[T any](l *linter, have *table[[]*T], id ID, mine *Lifecycle, life func(*T) *Lifecycle) {
	versions, _ := have.get(id)
	givenUp := Forever
	for _, v := range versions[:min(len(versions), max(mine.Version-1, 0))] {
		switch s := life(v); s.Status {
		case Draft:
		case Retired:
			givenUp = s.EffectiveFrom
		default:
			givenUp = Forever
		}
	}
	if n := mine.Version - 2; n >= 0 && n < len(versions) {
		l.owner(mine.Source, life(versions[n]).Source, mine.EffectiveFrom, givenUp)
	}
}
