package graph

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A catalog publishes no entry of another one, whatever its kind, until that one
// has retired it.
func TestOwner(t *testing.T) {
	entries := func(catalog, title ID) Batch {
		own, name := Source{Catalog: catalog}, NewText(Translation{"en", string(title)})
		a := badge("a")
		a.Title, a.Source, a.EffectiveFrom, a.Issuer = name, own, 0, "i"
		return Batch{
			Scales: []Scale{{ID: "s", Title: name, Levels: make([]Text, 1), Source: own}}, Frameworks: []Framework{{ID: "f", Title: name, Source: own}},
			Issuers: []Issuer{{ID: "i", Title: name, Source: own}}, Competencies: []Competency{{ID: "c", Title: name, Source: own}},
			Achievements: []Achievement{a}, Roles: []Role{{ID: "r", Title: name, Lifecycle: Lifecycle{Source: own}}},
			Ladders: []Ladder{{ID: "l", Title: name, Roles: []ID{"r"}, Source: own}},
		}
	}
	publish := func(s *Snapshot, name ID, want Batch, prune bool, at Instant) (*Snapshot, error) {
		b, _ := s.Catalog.Publication(want, name, prune)
		b.At = at
		if b.Len() == 0 {
			return s, nil
		}
		next, _, err := s.prepare(&request{batch: b})
		return next, err
	}
	s, err := publish(emptySnapshot(), "ours", entries("ours", "one"), false, day(1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = publish(s, "theirs", entries("theirs", "two"), false, day(2))
	refused, ok := errors.AsType[*Error](err)
	if !ok || !errors.Is(err, ErrLaw) {
		t.Fatalf("another catalog's entries: %v, want ErrLaw", err)
	}
	kinds := make(map[Kind]bool)
	never := []Kind{KindScale, KindFramework, KindIssuer} // to be retired
	for _, p := range refused.Problems {
		if p.Code == "other-catalog" && p.Path == "id" && strings.Contains(p.Message, "ours") && strings.Contains(p.Message, "theirs") {
			kinds[p.Kind] = strings.Contains(p.Hint, "retire it first") != slices.Contains(never, p.Kind)
		}
	}
	if len(kinds) != 7 || slices.Contains(slices.Collect(maps.Values(kinds)), false) {
		t.Errorf("refused are the kinds %v, want all seven, each with a hint that can be followed", kinds)
	}

	// What leans on nothing of a catalog's own may be said by both.
	alike := entries("theirs", "one")
	alike.Competencies, alike.Achievements, alike.Roles, alike.Ladders = nil, nil, nil, nil
	if again, err := publish(s, "theirs", alike, false, day(2)); err != nil || again != s {
		t.Errorf("scales, frameworks and issuers that both say alike: %v, want no change", err)
	}

	if s, err = publish(s, "ours", Batch{}, true, day(3)); err != nil {
		t.Fatal(err)
	}
	taken := entries("theirs", "two")
	taken.Scales, taken.Frameworks, taken.Issuers = nil, nil, nil
	if s, err = publish(s, "theirs", taken, false, day(4)); err != nil {
		t.Fatalf("entries that were given up: %v", err)
	}
	back := entries("ours", "one")
	if _, err = publish(s, "ours", back, false, day(5)); !errors.Is(err, ErrLaw) {
		t.Errorf("entries that were taken over: %v, want ErrLaw", err)
	}
	taken.Achievements[0].Credits = 100
	if _, err = publish(s, "theirs", taken, false, day(5)); err != nil {
		t.Errorf("an edit by who took over: %v", err)
	}
}

// An entry that its catalog retires later, or has retired since a day, is the
// other one's from that instant on and not before.
func TestOwnerOfPlans(t *testing.T) {
	s, _, _ := commit(t, emptySnapshot(), foldWorld())
	publish := func(s *Snapshot, catalog ID, status Status, at, from Instant) (*Snapshot, error) {
		a := badge("a")
		a.Lifecycle = Lifecycle{Status: status, EffectiveFrom: from, Source: Source{Catalog: catalog}}
		next, _, err := s.prepare(&request{batch: Batch{At: at, Achievements: []Achievement{a}}})
		return next, err
	}
	s, err := publish(s, "ours", InForce, day(2), 0)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = publish(s, "ours", Retired, day(3), day(30)); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		at, from Instant
		refused  bool
	}{
		"before it is retired":            {day(4), 0, true},
		"planned before it is retired":    {day(4), day(29), true},
		"planned for when it is retired":  {day(4), day(30), false},
		"planned for later":               {day(4), day(40), false},
		"after it is retired":             {day(35), 0, false},
		"afterwards, for the time before": {day(35), day(10), true},
	} {
		_, err := publish(s, "theirs", InForce, row.at, row.from)
		if got := errors.Is(err, ErrLaw); got != row.refused || err != nil && !got {
			t.Errorf("%s: %v; want refused: %t", name, err, row.refused)
		}
		if e, ok := errors.AsType[*Error](err); ok && row.refused && !strings.Contains(e.Problems[0].Hint, day(30).String()) {
			t.Errorf("%s: the hint %q does not say from when on", name, e.Problems[0].Hint)
		}
	}
}

// Settings and conversions are their first catalog's: that one changes
// them, and another catalog may only say the same.
func TestOwnerOfSettings(t *testing.T) {
	want := func(catalog ID, change func(*Settings, *Conversion)) Batch {
		own := Source{Catalog: catalog}
		s := Settings{Language: "en", Currency: "EUR", Zone: "UTC", DefaultMinRigor: Assessed, Rates: []Rate{{"USD", 9, 10}}, Source: own}
		c := Conversion{From: "s", To: "z", Levels: []Level{1, 1}, Source: own}
		change(&s, &c)
		levels := func(id ID, n int) Scale {
			return Scale{ID: id, Title: english(string(id)), Levels: make([]Text, n), Source: own}
		}
		return Batch{Settings: &s, Conversions: []Conversion{c}, Scales: []Scale{levels("s", 2), levels("z", 2)}}
	}
	publish := func(s *Snapshot, name ID, w Batch) (*Snapshot, error) {
		b, _ := s.Catalog.Publication(w, name, true)
		if b.Len() == 0 {
			return s, nil
		}
		b.At = day(2)
		next, _, err := s.prepare(&request{batch: b})
		return next, err
	}
	same := func(*Settings, *Conversion) {}
	s, err := publish(emptySnapshot(), "ours", want("ours", same))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := publish(s, "theirs", want("theirs", same)); err != nil || again != s {
		t.Errorf("what both say alike: %v, want no change", err)
	}
	for path, change := range map[string]func(*Settings, *Conversion){
		"settings language":            func(s *Settings, _ *Conversion) { s.Language = "de" },
		"settings currency":            func(s *Settings, _ *Conversion) { s.Currency = "CHF" },
		"settings zone":                func(s *Settings, _ *Conversion) { s.Zone = "Europe/Berlin" },
		"settings rates":               func(s *Settings, _ *Conversion) { s.Rates = nil },
		"settings default_min_rigor":   func(s *Settings, _ *Conversion) { s.DefaultMinRigor = Declared },
		"settings exact_match_implies": func(s *Settings, _ *Conversion) { s.ExactMatchImplies = true },
		"conversions/s>z levels":       func(_ *Settings, c *Conversion) { c.Levels = []Level{1, 2} },
	} {
		_, err := publish(s, "theirs", want("theirs", change))
		e, _ := errors.AsType[*Error](err)
		if !errors.Is(err, ErrLaw) || e == nil || len(e.Problems) != 1 {
			t.Errorf("other %s: %v, want one problem", path, err)
			continue
		}
		p := e.Problems[0]
		if p.Code != codeOtherCatalog || string(p.Subject)+" "+p.Path != path || !strings.Contains(p.Message, "ours") || !strings.Contains(p.Message, "theirs") {
			t.Errorf("other %s: %+v, want both catalogs and the field", path, p)
		}
		if _, err := publish(s, "ours", want("ours", change)); err != nil {
			t.Errorf("its own %s: %v", path, err)
		}
	}
}
