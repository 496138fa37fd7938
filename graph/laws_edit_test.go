package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestLawsOfEdits publishes an edit on top of a sound catalog: what it makes
// wrong elsewhere is said there, and what was wrong before is not.
func TestLawsOfEdits(t *testing.T) {
	for _, row := range []struct {
		name string
		base func(b *Batch)
		edit func(b *Batch) Batch // from the entries of the base
		want []expected
	}{
		{"nothing changes", nil, func(b *Batch) Batch { return Batch{Scales: b.Scales} }, nil},
		{"a scale loses a level", nil, func(*Batch) Batch {
			return Batch{Scales: []Scale{{ID: "three", Levels: make([]Text, 2)}}}
		}, slices.Concat(
			lawFailure(codeConversionLength, 0, "conversions/three>five", "levels", "three"),
			lawFailure(codeLevelOffScale, ach, "sql", "attests/0", "c-sql"),
		)},
		{"a competency changes its scale", nil, func(*Batch) Batch {
			return Batch{Competencies: []Competency{{ID: "c-sql"}}}
		}, slices.Concat(
			lawFailure(codeLevelOffScale, ach, "sql", "attests/0", "c-sql"),
			lawFailure(codeLevelOffScale, rol, "senior", "requires/of/0", "c-sql"),
		)},
		{"the currency changes", func(b *Batch) { b.Achievements[0].Routes[0].Price.Currency = "USD" }, func(*Batch) Batch {
			return Batch{Settings: &Settings{Currency: "EUR"}}
		}, lawFailure(codeMixedCurrencies, ach, "sql", "routes/course/price")},
		{"the default rigor falls", nil, func(*Batch) Batch {
			return Batch{Settings: &Settings{Currency: "EUR", DefaultMinRigor: Declared}}
		}, lawFailure(codeAutomaticRigor, ach, "analyst-badge", "routes/stack")},
		{"a badge that others need is retired", nil, func(b *Batch) Batch {
			sql := b.Achievements[0]
			sql.Status, sql.EffectiveFrom = Retired, 0
			return Batch{Achievements: []Achievement{sql}}
		}, slices.Concat(
			lawWarning(codeRequiresRetired, ach, "analyst-badge", "routes/stack/requires/of/0", "sql"),
			lawWarning(codeUnreachableAch, ach, "analyst-badge", "routes", "sql"),
			lawWarning(codeRequiresRetired, ach, "charts", "routes/course/requires", "sql"),
			lawWarning(codeUnreachableAch, ach, "charts", "routes", "sql"),
			lawWarning(codeUnreachableRole, rol, "junior", "requires", "c-sql"),
			lawWarning(codeUnreachableRole, rol, "senior", "requires", "c-sql"),
		)},
		{"a badge loses its credits", func(b *Batch) {
			lawRule(lawCredits(200, nil, nil, Holds("sql")))(b)
		}, func(b *Batch) Batch {
			sql := b.Achievements[0]
			sql.Credits, sql.EffectiveFrom = 100, 0
			return Batch{Achievements: []Achievement{sql}}
		}, slices.Concat( // not impossible: awards of the first version still count 200
			lawWarning(codeUnreachableAch, ach, "analyst-badge", "routes", "charts"),
			lawWarning(codeUnreachableAch, ach, "charts", "routes"),
			lawWarning(codeUnreachableRole, rol, "senior", "requires", "analyst-badge"),
		)},
		{"an edit closes a circle", nil, func(b *Batch) Batch {
			sql := b.Achievements[0]
			sql.EffectiveFrom = 0
			sql.Routes = []Route{courseBy(Holds("analyst-badge"))}
			return Batch{Achievements: []Achievement{sql}}
		}, lawFailure(codeCircularSupport, ach, "sql", "routes", "analyst-badge", "sql")},
		{"what was wrong before", func(b *Batch) {
			b.Roles[1].Rank = 3
			b.Achievements = append(b.Achievements, lawBadge("a", nil, courseBy(Holds("b"))), lawBadge("b", nil, courseBy(Holds("a"))))
		}, func(*Batch) Batch { return Batch{Scales: []Scale{{ID: "five", Levels: make([]Text, 5)}}} }, nil},
		{"an earlier version at the same instant", nil, func(b *Batch) Batch {
			degree := b.Achievements[3]
			degree.EffectiveFrom = 1000
			return Batch{Achievements: []Achievement{degree}}
		}, lawWarning(codeOverlapping, ach, "degree", "effective_from")},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := soundCatalog()
			if row.base != nil {
				row.base(b)
			}
			e := row.edit(b)
			e.At = 2000
			got := Lint(CompileBatch(*b), &e)
			if diff := cmp.Diff(row.want, expectedOf(got), cmp.AllowUnexported(expected{})); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLawHints(t *testing.T) {
	for _, row := range []struct {
		id   ID
		want string
	}{
		{"sqll", "did you mean sql?"},
		{"CHARTS", "did you mean charts?"},
		{"junior", "junior is a role; name an achievement"},
		{"nothing-like-it", "define the achievement in the catalog, or name one that is defined"},
	} {
		b := soundCatalog()
		lawRule(Holds(row.id))(b)
		got := Lint(nil, b)
		if len(got) != 1 || got[0].Hint != row.want {
			t.Errorf("the hint for %s: %v, want %q", row.id, got, row.want)
		}
	}
}

// TestSupportAgreesWithIteration compares what can be earned, and what is
// circular, with naive iteration over random catalogs of badges.
func TestSupportAgreesWithIteration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "badges")
		id := func(i int) ID { return ID(fmt.Sprint("b", i)) }
		needs := make([][][]int, n) // of each badge, of each route: all of these
		var b Batch
		b.At = 1
		for i := range n {
			a := Achievement{ID: id(i), Type: Badge}
			for r := range rapid.IntRange(0, 2).Draw(t, "routes") {
				need := rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, 3, rapid.ID[int]).Draw(t, "needs")
				needs[i] = append(needs[i], need)
				route := Route{ID: ID(fmt.Sprint("r", r)), Kind: ByCourse, EffortMinutes: int64(r)}
				if len(need) > 0 {
					var of []Requirement
					for _, x := range need {
						of = append(of, Holds(id(x)))
					}
					all := All(of...)
					route.Requires = &all
				}
				a.Routes = append(a.Routes, route)
			}
			b.Achievements = append(b.Achievements, a)
		}
		// from is what can be earned when the badges in granted are there.
		from := func(granted map[int]bool) map[int]bool {
			has := make(map[int]bool)
			for i := range granted {
				has[i] = true
			}
			for again := true; again; {
				again = false
				for i := range n {
					for _, route := range needs[i] {
						if !has[i] && !slices.ContainsFunc(route, func(x int) bool { return !has[x] }) {
							has[i], again = true, true
						}
					}
				}
			}
			return has
		}
		earned := from(nil)
		problems := Lint(nil, &b)
		inCycle := make(map[ID]bool)
		for _, p := range problems {
			switch p.Code {
			case codeCircularSupport:
				// The witness is a circle: each needs the next, and with all
				// else granted none can be earned.
				granted := make(map[int]bool)
				for i := range n {
					granted[i] = !slices.Contains(p.Witness, id(i))
				}
				for i := range n {
					if !granted[i] {
						delete(granted, i)
					}
				}
				for i, w := range p.Witness {
					next := p.Witness[(i+1)%len(p.Witness)]
					at := slices.IndexFunc(b.Achievements, func(a Achievement) bool { return a.ID == w })
					if !slices.ContainsFunc(needs[at], func(route []int) bool {
						return slices.ContainsFunc(route, func(x int) bool { return id(x) == next })
					}) {
						t.Fatalf("%s does not need %s, in the witness %v", w, next, p.Witness)
					}
					inCycle[w] = true
					if earned[at] {
						t.Fatalf("%s can be earned, and is in the witness %v", w, p.Witness)
					}
				}
				if p.Witness[0] != slices.Min(p.Witness) {
					t.Fatalf("the witness %v does not begin with its smallest id", p.Witness)
				}
			case codeUnreachableAch:
				if at := slices.IndexFunc(b.Achievements, func(a Achievement) bool { return a.ID == p.Subject }); earned[at] {
					t.Fatalf("%s can be earned: %v", p.Subject, p)
				}
			default:
			}
		}
		// Whatever cannot be earned though all without routes were there is
		// circular, or needs something that is.
		outside := make(map[int]bool)
		for i := range n {
			if len(needs[i]) == 0 {
				outside[i] = true
			}
		}
		could := from(outside)
		if len(could) < n && len(inCycle) == 0 {
			t.Fatalf("only %v can be earned with all that has no route granted, and no circle is named", could)
		}
		if len(could) == n && len(inCycle) > 0 {
			t.Fatalf("all can be earned with all that has no route granted, and a circle is named: %v", problems)
		}
		failing := make(map[int]bool)
		for i := range n {
			if slices.ContainsFunc(problems, func(p Problem) bool { return p.Severity == Failure && p.Subject == id(i) }) {
				failing[i] = true
			}
		}
		follows := from(failing) // what would be earned if the failures were mended
		for i := range n {
			warned := slices.ContainsFunc(problems, func(p Problem) bool { return p.Subject == id(i) && p.Code == codeUnreachableAch })
			if len(needs[i]) > 0 && warned == follows[i] {
				t.Fatalf("%s can be earned: %v; warned: %v; %v", id(i), follows[i], warned, problems)
			}
		}
	})
}

// TestLawsNeverPanic judges catalogs in which anything may point anywhere.
func TestLawsNeverPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]ID{"a", "b", "c", "d", "", " "})
		number := rapid.Int64Range(-2, 4)
		level := rapid.Uint8Range(0, 120)
		var rule func(depth int) Requirement
		rule = func(depth int) Requirement {
			r := Requirement{
				Op: Op(rapid.IntRange(0, 6).Draw(t, "op")), K: int(number.Draw(t, "k")), Sharing: Sharing(rapid.IntRange(0, 1).Draw(t, "sharing")),
				Credits: number.Draw(t, "credits"), TermCredits: number.Draw(t, "term"), Achievement: name.Draw(t, "achievement"),
				Competency: name.Draw(t, "competency"), Level: Level(level.Draw(t, "level")), Role: name.Draw(t, "role"), Months: int(number.Draw(t, "months")),
			}
			if rapid.IntRange(0, 5).Draw(t, "category") == 0 {
				r.OverCategory = name.Draw(t, "over")
			}
			for range rapid.IntRange(0, depth).Draw(t, "children") {
				r.Of = append(r.Of, rule(depth-1))
			}
			return r
		}
		draw := func() *Batch {
			b := &Batch{At: Instant(number.Draw(t, "at"))}
			for range rapid.IntRange(0, 3).Draw(t, "entries") {
				b.Scales = append(b.Scales, Scale{ID: name.Draw(t, "scale"), Levels: make([]Text, level.Draw(t, "levels"))})
				b.Conversions = append(b.Conversions, Conversion{From: name.Draw(t, "from"), To: name.Draw(t, "to"), Levels: []Level{Level(level.Draw(t, "level")), 1}})
				b.Competencies = append(b.Competencies, Competency{
					ID: name.Draw(t, "id"), Scale: name.Draw(t, "scale"), ReplacedBy: name.Draw(t, "by"),
					Implies: []Implication{{Level(level.Draw(t, "level")), name.Draw(t, "implied"), Level(level.Draw(t, "level"))}},
				})
				r, e := rule(3), rule(2)
				b.Achievements = append(b.Achievements, Achievement{
					ID: name.Draw(t, "id"), Lifecycle: Lifecycle{Status: Status(rapid.IntRange(0, 3).Draw(t, "status")), ReplacedBy: name.Draw(t, "by")},
					Attests: []Attestation{{name.Draw(t, "attested"), Level(level.Draw(t, "level"))}}, Credits: number.Draw(t, "credits"), Category: name.Draw(t, "category"),
					Routes: []Route{{ID: name.Draw(t, "route"), Kind: RouteKind(rapid.IntRange(0, 5).Draw(t, "kind")), Award: Automatic, Requires: &r}},
				})
				b.Roles = append(b.Roles, Role{ID: name.Draw(t, "id"), Essential: &e, AdvancesTo: []ID{name.Draw(t, "next")}, Family: name.Draw(t, "family"), Lifecycle: Lifecycle{ReplacedBy: name.Draw(t, "by")}})
				b.Ladders = append(b.Ladders, Ladder{ID: name.Draw(t, "id"), Roles: []ID{name.Draw(t, "rung")}})
			}
			return b
		}
		base := draw()
		first := Lint(nil, base)
		for _, p := range first {
			if p.Code == "" || p.Severity == SeverityUnspecified || p.Message == "" || p.Hint == "" {
				t.Fatalf("a problem that says too little: %+v", p)
			}
		}
		if again := Lint(nil, base); !cmp.Equal(first, again) {
			t.Fatalf("the same catalog judged twice:\n%s", cmp.Diff(first, again))
		}
		Lint(CompileBatch(*base), draw())
	})
}

// BenchmarkLint judges 20,000 badges in chains of 100, each of which also asks
// for a level that earlier ones attest; and a circle of all of them.
func BenchmarkLint(b *testing.B) {
	for _, circle := range []bool{false, true} {
		var batch Batch
		batch.At = 1
		const n = 20000
		id := func(i int) ID { return ID(fmt.Sprintf("badge-%05d", i)) }
		for i := range n {
			c := ID(fmt.Sprint("c", i%1000))
			batch.Competencies = append(batch.Competencies, Competency{ID: ID(strings.Repeat("x", 3) + fmt.Sprint(i))})
			if i < 1000 {
				batch.Competencies[i].ID = c
			}
			a := Achievement{ID: id(i), Type: Badge, Attests: []Attestation{{c, 1}}, Routes: []Route{{ID: "course", Kind: ByCourse, EffortMinutes: 60}}}
			if i%100 > 0 || circle {
				all := All(Holds(id((i+1)%n)), AtLevel(ID(fmt.Sprint("c", (i+1)%1000)), 1))
				a.Routes[0].Requires = &all
			}
			batch.Achievements = append(batch.Achievements, a)
		}
		b.Run(fmt.Sprintf("circle=%v", circle), func(b *testing.B) {
			for b.Loop() {
				if got := Lint(nil, &batch); circle && len(got) == 0 {
					b.Fatal("no circle found")
				}
			}
		})
	}
}
