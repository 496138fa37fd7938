package graph

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// soundCatalog is a small catalog in which nothing is wrong. sql and charts are
// badges, analyst-badge their stack; junior advances to senior.
func soundCatalog() *Batch {
	course := func(minutes int64, requires *Requirement) []Route {
		return []Route{{ID: "course", Kind: ByCourse, EffortMinutes: minutes, Price: Money{Amount: 100}, Requires: requires}}
	}
	stack := All(Holds("sql"), Holds("charts"))
	junior, senior := All(AtLevel("c-sql", 1)), All(AtLevel("c-sql", 2), Holds("analyst-badge"))
	return &Batch{
		At:           1000,
		Settings:     &Settings{Currency: "EUR", Rates: []Rate{{From: "USD", Numerator: 9, Denominator: 10}}, Zone: "UTC"},
		Scales:       []Scale{{ID: "three", Levels: make([]Text, 3)}, {ID: "five", Levels: make([]Text, 5)}},
		Conversions:  []Conversion{{From: "three", To: "five", Levels: []Level{1, 3, 5}}},
		Frameworks:   []Framework{{ID: "own"}},
		Issuers:      []Issuer{{ID: "school"}},
		Competencies: []Competency{{ID: "c-sql", Scale: "three", Framework: "own"}, {ID: "c-charts", Scale: "three"}, {ID: "c-five", Scale: "five"}},
		Achievements: []Achievement{
			{ID: "sql", Type: Badge, Issuer: "school", Attests: []Attestation{{"c-sql", 3}}, Credits: 200, Category: "core", Routes: course(60, nil)},
			{ID: "charts", Type: Badge, Attests: []Attestation{{"c-charts", 2}}, Credits: 300, Category: "core", Routes: course(90, &Requirement{Op: OpHolds, Achievement: "sql"})},
			{ID: "analyst-badge", Type: MicroCredential, Routes: []Route{{ID: "stack", Kind: ByStack, Award: Automatic, Requires: &stack}}},
			{ID: "degree", Type: Degree},
		},
		Roles: []Role{
			{ID: "junior", Rank: 1, Family: "analysis", Essential: &junior, AdvancesTo: []ID{"senior"}},
			{ID: "senior", Rank: 2, Family: "analysis", Essential: &senior, Optional: []Optional{{Requirement: Holds("charts"), Weight: 5}}, Threshold: 5},
		},
		Ladders: []Ladder{{ID: "ladder", Roles: []ID{"junior", "senior"}}},
	}
}

// expected is a problem as a row of the table expects it: code, severity and
// kind, subject, path, witness.
type expected struct {
	code     string
	severity Severity
	kind     Kind
	subject  ID
	path     string
	witness  []ID
}

func expectedOf(problems []Problem) []expected {
	var out []expected
	for _, p := range problems {
		out = append(out, expected{p.Code, p.Severity, p.Kind, p.Subject, p.Path, p.Witness})
	}
	return out
}

type lawRow struct {
	name string
	edit func(b *Batch)
	want []expected
}

const ach, rol, com = KindAchievement, KindRole, KindCompetency

// lawRule makes charts' course require r.
func lawRule(r Requirement) func(b *Batch) {
	return func(b *Batch) { b.Achievements[1].Routes[0].Requires = &r }
}

func addAchievements(as ...Achievement) func(b *Batch) {
	return func(b *Batch) { b.Achievements = append(b.Achievements, as...) }
}

func lawBadge(id ID, attests []Attestation, routes ...Route) Achievement {
	return Achievement{ID: id, Type: Badge, Attests: attests, Routes: routes}
}

// courseBy is a course route that requires r.
func courseBy(r Requirement) Route {
	return Route{ID: "course", Kind: ByCourse, EffortMinutes: 10, Requires: &r}
}

func lawFailure(code string, kind Kind, subject ID, path string, witness ...ID) []expected {
	return []expected{{code, Failure, kind, subject, path, witness}}
}

func lawWarning(code string, kind Kind, subject ID, path string, witness ...ID) []expected {
	return []expected{{code, Warning, kind, subject, path, witness}}
}

const chartsRule = "routes/course/requires"

var lawRows = []lawRow{
	{"nothing is wrong", func(*Batch) {}, nil},

	// Ids.
	{"id with a space", func(b *Batch) { b.Issuers = append(b.Issuers, Issuer{ID: "a school"}) }, lawFailure(codeBadID, KindIssuer, "a school", "")},
	{"route without an id", func(b *Batch) { b.Achievements[0].Routes[0].ID = "" }, lawFailure(codeBadID, ach, "sql", "routes/0")},
	{"competency twice", func(b *Batch) { b.Competencies = append(b.Competencies, b.Competencies[2]) }, lawFailure(codeDuplicateID, com, "c-five", "")},
	{"a version of another catalog", func(b *Batch) {
		b.Achievements[3].Source.Catalog = "ours"
		next := b.Achievements[3]
		next.EffectiveFrom, next.Source.Catalog = 2000, "theirs"
		b.Achievements = append(b.Achievements, next)
	}, lawFailure(codeOtherCatalog, ach, "degree", "id")},
	{"unknown framework", func(b *Batch) { b.Competencies[0].Framework = "owl" }, lawFailure(codeUnknownID, com, "c-sql", "framework", "owl")},
	{"unknown scale", func(b *Batch) { b.Competencies[2].Scale = "six" }, lawFailure(codeUnknownID, com, "c-five", "scale", "six")},
	{"unknown broader", func(b *Batch) { b.Competencies[2].Broader = []ID{"c-sql", "c-data"} }, lawWarning(codeUnknownID, com, "c-five", "broader/1", "c-data")},
	{"unknown implied", func(b *Batch) { b.Competencies[2].Implies = []Implication{{1, "c-data", 1}} }, lawFailure(codeUnknownID, com, "c-five", "implies/0", "c-data")},
	{"unknown replacement of a competency", func(b *Batch) { b.Competencies[2].ReplacedBy = "c-data" }, lawFailure(codeUnknownID, com, "c-five", "replaced_by", "c-data")},
	{"unknown replacement of an achievement", func(b *Batch) { b.Achievements[3].ReplacedBy = "c-data" }, lawFailure(codeUnknownID, ach, "degree", "replaced_by", "c-data")},
	{"unknown replacement of a role", func(b *Batch) { b.Roles[1].ReplacedBy = "boss" }, lawFailure(codeUnknownID, rol, "senior", "replaced_by", "boss")},
	{"unknown issuer", func(b *Batch) { b.Achievements[0].Issuer = "scool" }, lawFailure(codeUnknownID, ach, "sql", "issuer", "scool")},
	{"unknown attested", func(b *Batch) { b.Achievements[3].Attests = []Attestation{{"c-data", 1}} }, lawFailure(codeUnknownID, ach, "degree", "attests/0", "c-data")},
	{"unknown suggested", func(b *Batch) { b.Achievements[1].Routes[0].SuggestedAfter = []ID{"sql", "sqll"} }, lawFailure(codeUnknownID, ach, "charts", "routes/course/suggested_after/1", "sqll")},
	{"unknown held", lawRule(All(Holds("sql"), Any(Holds("sql"), Holds("sqll")))), lawFailure(codeUnknownID, ach, "charts", chartsRule+"/of/1/of/1", "sqll")},
	{"unknown accepted issuer", lawRule(Requirement{Op: OpHolds, Achievement: "sql", Issuers: []ID{"school", "nobody"}}), lawFailure(codeUnknownID, ach, "charts", chartsRule+"/issuers/1", "nobody")},
	{"unknown competency asked for", lawRule(AtLevel("c-data", 1)), lawFailure(codeUnknownID, ach, "charts", chartsRule, "c-data")},
	{"unknown role of a tenure", lawRule(Requirement{Op: OpTenure, Role: "boss", Months: 1}), lawFailure(codeUnknownID, ach, "charts", chartsRule, "boss")},
	{"unknown family of a tenure", lawRule(Requirement{Op: OpTenure, Family: "sales", Months: 1}), lawFailure(codeUnknownID, ach, "charts", chartsRule, "sales")},
	{"unknown in a role", func(b *Batch) { b.Roles[0].Essential = &Requirement{Op: OpHolds, Achievement: "sqll"} }, lawFailure(codeUnknownID, rol, "junior", "requires", "sqll")},
	{"unknown in an optional", func(b *Batch) {
		b.Roles[1].Optional = append(b.Roles[1].Optional, Optional{Requirement: Any(Holds("sql"), Holds("sqll")), Weight: 1})
	}, lawFailure(codeUnknownID, rol, "senior", "optional/1/of/1", "sqll")},
	{"unknown next rung", func(b *Batch) { b.Roles[1].AdvancesTo = []ID{"lead"} }, lawFailure(codeUnknownID, rol, "senior", "advances_to/0", "lead")},
	{"unknown lateral", func(b *Batch) { b.Roles[1].MovesTo = []ID{"lead"} }, lawFailure(codeUnknownID, rol, "senior", "moves_to/0", "lead")},
	{"unknown rung", func(b *Batch) { b.Ladders[0].Roles[1] = "lead" }, lawFailure(codeUnknownID, KindLadder, "ladder", "roles/1", "lead")},
	{"unknown scale converted", func(b *Batch) {
		b.Conversions = append(b.Conversions, Conversion{From: "five", To: "six", Levels: make([]Level, 5)})
	}, lawFailure(codeUnknownID, 0, "conversions/five>six", "to", "six")},

	// Rules.
	{"empty rule", lawRule(All(Holds("sql"), All())), lawFailure(codeEmptyRule, ach, "charts", chartsRule+"/of/1")},
	{"stack without a rule", addAchievements(lawBadge("x", nil, Route{ID: "stack", Kind: ByStack, Award: Automatic})), lawFailure(codeEmptyRule, ach, "x", "routes/stack")},
	{"credits over nothing", lawRule(Requirement{Op: OpCredits, Credits: 100}), lawFailure(codeEmptyRule, ach, "charts", chartsRule)},
	{"ladder without roles", func(b *Batch) { b.Ladders[0].Roles = nil }, lawWarning(codeEmptyRule, KindLadder, "ladder", "roles")},
	{"k is 0", lawRule(AtLeast(0, Holds("sql"))), lawFailure(codeAsksNothing, ach, "charts", chartsRule)},
	{"0 credits", lawRule(Requirement{Op: OpCredits, Of: []Requirement{{Op: OpHolds, Achievement: "sql", TermCredits: 100}}}), lawFailure(codeAsksNothing, ach, "charts", chartsRule)},
	{"tenure of 0 months", lawRule(Requirement{Op: OpTenure, Role: "junior"}), lawFailure(codeAsksNothing, ach, "charts", chartsRule)},
	{"k is more than there are", lawRule(AtLeast(3, Holds("sql"), Holds("degree"))), lawFailure(codeImpossibleCount, ach, "charts", chartsRule)},
	{"node that asks nothing known", lawRule(All(Requirement{})), lawFailure(codeBadRule, ach, "charts", chartsRule+"/of/0")},
	{"credits over a list and a category", lawRule(Requirement{Op: OpCredits, Credits: 1, OverCategory: "core", Of: []Requirement{{Op: OpHolds, Achievement: "sql", TermCredits: 100}}}), lawFailure(codeBadRule, ach, "charts", chartsRule)},
	{"tenure nowhere", lawRule(Requirement{Op: OpTenure, Months: 3}), lawFailure(codeBadRule, ach, "charts", chartsRule)},
	{"two nodes with one id", lawRule(Any(Requirement{Op: OpHolds, Node: "n", Achievement: "sql"}, Requirement{Op: OpHolds, Node: "n", Achievement: "degree"})), lawFailure(codeDuplicateNode, ach, "charts", chartsRule+"/of/1")},
	{"credits that do not exist", lawRule(lawCredits(300, nil, nil, Holds("sql"))), lawFailure(codeImpossibleCredits, ach, "charts", chartsRule)},
	{"credits of a category that do not exist", lawRule(lawCredits(100, []CategoryCredits{{"extra", 100}}, nil, Holds("sql"))), lawFailure(codeImpossibleCredits, ach, "charts", chartsRule+"/min/extra")},
	{"credits beyond the maximum", lawRule(lawCredits(200, nil, []CategoryCredits{{"core", 100}}, Holds("sql"))), lawFailure(codeImpossibleCredits, ach, "charts", chartsRule)},
	{"credits over a category that has none", lawRule(Requirement{Op: OpCredits, Credits: 100, OverCategory: "extra"}), lawFailure(codeImpossibleCredits, ach, "charts", chartsRule)},
	{"term that counts nothing", lawRule(lawCredits(200, nil, nil, Holds("sql"), Holds("degree"))), lawWarning(codeCountsNothing, ach, "charts", chartsRule+"/of/1")},
	{"all of rules below an exclusive node", lawRule(exclusively(AtLeast(1, All(Holds("sql"), Holds("degree"))))), lawFailure(codeExclusiveChild, ach, "charts", chartsRule+"/of/0")},
	{"one badge for two exclusive children", lawRule(exclusively(AtLeast(2, Holds("sql"), Any(Holds("sql"))))), lawFailure(codeImpossibleExcl, ach, "charts", chartsRule)},
	{"one badge for two exclusive terms", lawRule(exclusively(lawCredits(400, nil, nil, Holds("sql"), Holds("sql")))), lawFailure(codeImpossibleExcl, ach, "charts", chartsRule)},
	{"child that another implies", lawRule(All(AtLevel("c-sql", 2), AtLevel("c-sql", 1))), lawWarning(codeRedundant, ach, "charts", chartsRule+"/of/1")},
	{"child that an implication covers", func(b *Batch) {
		b.Competencies[2].Implies = []Implication{{2, "c-sql", 2}}
		b.Achievements[0].Attests = append(b.Achievements[0].Attests, Attestation{"c-five", 3})
		lawRule(All(AtLevel("c-sql", 1), AtLevel("c-five", 3)))(b)
	}, lawWarning(codeRedundant, ach, "charts", chartsRule+"/of/0")},
	{"child that a badge proves", lawRule(All(AtLevel("c-sql", 3), Holds("sql"))), lawWarning(codeRedundant, ach, "charts", chartsRule+"/of/0")},
	{"the same badge twice", lawRule(All(Holds("sql"), Holds("sql"))), lawWarning(codeRedundant, ach, "charts", chartsRule+"/of/1")},

	// Levels.
	{"attested level off its scale", func(b *Batch) { b.Achievements[0].Attests[0].Level = 4 }, lawFailure(codeLevelOffScale, ach, "sql", "attests/0", "c-sql")},
	{"asked level off its scale", lawRule(AtLevel("c-sql", 4)), lawFailure(codeLevelOffScale, ach, "charts", chartsRule, "c-sql")},
	{"level 0", lawRule(AtLevel("c-sql", 0)), lawFailure(codeLevelOffScale, ach, "charts", chartsRule, "c-sql")},
	{"implying level off its scale", func(b *Batch) { b.Competencies[2].Implies = []Implication{{6, "c-sql", 1}} }, lawFailure(codeLevelOffScale, com, "c-five", "implies/0/level", "c-five")},
	{"implied level off its scale", func(b *Batch) { b.Competencies[2].Implies = []Implication{{1, "c-sql", 4}} }, lawFailure(codeLevelOffScale, com, "c-five", "implies/0/to", "c-sql")},
	{"converted level off its scale", func(b *Batch) { b.Conversions[0].Levels[2] = 6 }, lawFailure(codeLevelOffScale, 0, "conversions/three>five", "levels/2", "five")},
	{"conversion that falls", func(b *Batch) { b.Conversions[0].Levels[1] = 0 }, lawFailure(codeConversionOrder, 0, "conversions/three>five", "levels/1")},
	{"conversion into itself", func(b *Batch) { b.Conversions[0].To = "three" }, lawFailure(codeConversionOrder, 0, "conversions/three>three", "levels")},
	{"conversion too short", func(b *Batch) { b.Conversions[0].Levels = b.Conversions[0].Levels[:2] }, lawFailure(codeConversionLength, 0, "conversions/three>five", "levels", "three")},
	{"replaced on another scale", func(b *Batch) { b.Competencies[2].ReplacedBy = "c-sql" }, lawWarning(codeNoConversion, com, "c-five", "replaced_by", "c-sql")},
	{"exact match on another scale", func(b *Batch) {
		b.Settings.ExactMatchImplies = true
		b.Competencies[2].Alignments = []Alignment{{Type: ExactMatch, Target: "http://elsewhere"}, {Type: ExactMatch, Target: "c-sql"}}
	}, lawWarning(codeNoConversion, com, "c-five", "alignments/1", "c-sql")},
	{"implies its own lower level", func(b *Batch) { b.Competencies[2].Implies = []Implication{{3, "c-five", 2}} }, lawWarning(codeImpliesItself, com, "c-five", "implies/0")},
	{"scale without levels", func(b *Batch) { b.Scales = append(b.Scales, Scale{ID: "none"}) }, lawFailure(codeBadScale, KindScale, "none", "levels")},
	{"scale with too many levels", func(b *Batch) { b.Scales = append(b.Scales, Scale{ID: "many", Levels: make([]Text, 101)}) }, lawFailure(codeBadScale, KindScale, "many", "levels")},

	// Money and amounts.
	{"price in a currency without a rate", func(b *Batch) { b.Achievements[0].Routes[0].Price.Currency = "GBP" }, lawFailure(codeMixedCurrencies, ach, "sql", "routes/course/price")},
	{"price in a currency with a rate", func(b *Batch) { b.Achievements[0].Routes[0].Price.Currency = "USD" }, nil},
	{"prices without a currency", func(b *Batch) { b.Settings = &Settings{} }, slices.Concat(
		lawWarning(codeNoCurrency, ach, "charts", "routes/course/price"), lawWarning(codeNoCurrency, ach, "sql", "routes/course/price"))},
	{"currency that is none", func(b *Batch) { b.Settings.Currency = "Euro" }, lawFailure(codeBadCurrency, 0, "settings", "currency")},
	{"rate of nothing", func(b *Batch) { b.Settings.Rates[0].Numerator = 0 }, lawFailure(codeBadRate, 0, "settings", "rates/USD")},
	{"zone that is none", func(b *Batch) { b.Settings.Zone = "Europe/Bielefeld" }, lawFailure(codeBadZone, 0, "settings", "zone")},
	{"negative effort", func(b *Batch) { b.Achievements[0].Routes[0].EffortMinutes = -1 }, lawFailure(codeNegativeAmount, ach, "sql", "routes/course/effort")},
	{"negative weight", func(b *Batch) {
		b.Roles[1].Optional = append(b.Roles[1].Optional, Optional{Requirement: Holds("sql"), Weight: -1})
	}, lawFailure(codeNegativeAmount, rol, "senior", "optional/1/weight")},
	{"price beyond what is exact", func(b *Batch) { b.Achievements[0].Routes[0].Price.Amount = 1 << 53 }, lawFailure(codeAmountTooLarge, ach, "sql", "routes/course/price")},
	{"weights beyond what adds up", func(b *Batch) {
		o := Optional{Requirement: Holds("sql"), Weight: 1<<53 - 1}
		b.Roles[1].Optional = append(b.Roles[1].Optional, o, o)
	}, lawFailure(codeAmountTooLarge, rol, "senior", "optional")},
	{"a term beyond what is exact", func(b *Batch) {
		r := Holds("sql")
		r.TermCredits = 1 << 53
		b.Roles[1].Essential = &Requirement{Op: OpCredits, Credits: 1, Of: []Requirement{r}}
	}, lawFailure(codeAmountTooLarge, rol, "senior", "requires/of/0")},
	{"terms beyond what adds up", func(b *Batch) {
		of := make([]Requirement, 3000)
		for i := range of {
			of[i] = Holds("sql")
			of[i].TermCredits = 1<<53 - 1
		}
		b.Roles[1].Essential = &Requirement{Op: OpCredits, Credits: 1, Of: of}
	}, lawFailure(codeAmountTooLarge, rol, "senior", "requires")},
	{"threshold above the weights", func(b *Batch) { b.Roles[1].Threshold = 6 }, lawFailure(codeThresholdTooHigh, rol, "senior", "threshold")},

	// Versions and validity.
	{"two versions at one instant", func(b *Batch) { b.Achievements = append(b.Achievements, b.Achievements[3]) }, lawFailure(codeOverlapping, ach, "degree", "effective_from")},
	{"later version takes effect first", func(b *Batch) {
		v := b.Achievements[3]
		v.EffectiveFrom = 500
		b.Achievements = append(b.Achievements, v)
	}, lawWarning(codeVersionOutOfOrder, ach, "degree", "effective_from")},
	{"grace that is over", func(b *Batch) { b.Achievements[3].OnChange, b.Achievements[3].GraceUntil = Grace, 900 }, lawFailure(codeBadGrace, ach, "degree", "on_change")},
	{"grace without the policy", func(b *Batch) { b.Roles[0].GraceUntil = 9000 }, lawFailure(codeBadGrace, rol, "junior", "on_change")},
	{"two validities", func(b *Batch) { b.Achievements[3].Validity = Validity{Months: 12, Until: 9000} }, lawFailure(codeBadValidity, ach, "degree", "valid_until")},
	{"validity that is over", func(b *Batch) { b.Achievements[3].Validity.Until = 900 }, lawFailure(codeBadValidity, ach, "degree", "valid_until")},
	{"replaced in a circle", func(b *Batch) { b.Competencies[0].ReplacedBy, b.Competencies[1].ReplacedBy = "c-charts", "c-sql" }, slices.Concat(
		lawFailure(codeReplacedByCycle, com, "c-charts", "replaced_by", "c-charts", "c-sql"), lawFailure(codeReplacedByCycle, com, "c-sql", "replaced_by", "c-sql", "c-charts"))},
	{"attests what is retired", func(b *Batch) {
		b.Competencies = append(b.Competencies, Competency{ID: "old", Retired: true})
		b.Achievements[3].Attests = []Attestation{{"old", 1}}
	}, lawWarning(codeRequiresRetired, ach, "degree", "attests/0", "old")},
	{"requires what is retired", func(b *Batch) {
		b.Achievements = append(b.Achievements, Achievement{ID: "old", Lifecycle: Lifecycle{Status: Retired}})
		lawRule(Any(Holds("sql"), Holds("old")))(b)
	}, lawWarning(codeRequiresRetired, ach, "charts", chartsRule+"/of/1", "old")},
	{"attests twice", func(b *Batch) { b.Achievements[3].Attests = []Attestation{{"c-five", 1}, {"c-five", 2}} }, lawWarning(codeDuplicateReference, ach, "degree", "attests/1", "c-five")},

	// Routes.
	{"two routes with one id", func(b *Batch) {
		b.Achievements[0].Routes = append(b.Achievements[0].Routes, Route{ID: "course", Kind: ByCourse, EffortMinutes: 1, Price: Money{Amount: 900}})
	}, lawFailure(codeDuplicateRoute, ach, "sql", "routes/course")},
	{"automatic stack with a price", func(b *Batch) { b.Achievements[2].Routes[0].Price.Amount = 5 }, lawWarning(codeAutomaticCosts, ach, "analyst-badge", "routes/stack/award")},
	{"automatic course", func(b *Batch) { b.Achievements[0].Routes[0].Award = Automatic }, lawWarning(codeAwardIgnored, ach, "sql", "routes/course/award")},
	{"derived award with more rigor than its parts", func(b *Batch) { b.Achievements[2].Rigor = Proctored }, lawFailure(codeAutomaticRigor, ach, "analyst-badge", "routes/stack")},
	{"route that is dearer and asks more", func(b *Batch) {
		b.Achievements[0].Routes = append(b.Achievements[0].Routes, Route{ID: "rpl", Kind: ByAssessment, EffortMinutes: 90, Price: Money{Amount: 100}, Requires: &Requirement{Op: OpHolds, Achievement: "degree"}})
	}, lawWarning(codeDominatedRoute, ach, "sql", "routes/rpl", "course")},
	{"part that lapses before the rest is earned", func(b *Batch) {
		b.Achievements[0].Validity.Months = 2
		b.Achievements[1].Routes[0].ElapsedWeeks = 10
	}, lawWarning(codeLapsesTooSoon, ach, "analyst-badge", "routes/stack/requires", "sql", "charts")},

	// Support.
	{"two badges that need each other", addAchievements(
		lawBadge("b", nil, courseBy(Holds("a"))), lawBadge("a", nil, courseBy(Holds("b"))), lawBadge("c", nil, courseBy(Holds("b"))),
	), lawFailure(codeCircularSupport, ach, "a", "routes", "a", "b")},
	{"a way out of the circle", addAchievements(lawBadge("a", nil, courseBy(Holds("b"))), lawBadge("b", nil, courseBy(Any(Holds("a"), Holds("sql"))))), nil},
	{"circle of three with a longer one around it", addAchievements(
		lawBadge("d", nil, courseBy(Holds("a"))), lawBadge("a", nil, courseBy(All(Holds("sql"), Holds("b")))),
		lawBadge("b", nil, courseBy(Holds("c"))), lawBadge("c", nil, courseBy(Any(Holds("a"), Holds("d")))),
	), lawFailure(codeCircularSupport, ach, "a", "routes", "a", "b", "c")},
	{"circle through competencies", func(b *Batch) {
		b.Competencies = append(b.Competencies, Competency{ID: "x"}, Competency{ID: "y"})
		addAchievements(lawBadge("a", []Attestation{{"x", 1}}, courseBy(AtLevel("y", 1))), lawBadge("b", []Attestation{{"y", 1}}, courseBy(AtLevel("x", 1))))(b)
	}, lawFailure(codeCircularSupport, ach, "a", "routes", "a", "b")},
	{"a claim breaks the circle", func(b *Batch) {
		b.Competencies = append(b.Competencies, Competency{ID: "x"})
		addAchievements(lawBadge("a", []Attestation{{"x", 1}}, courseBy(Requirement{Op: OpLevel, Competency: "x", Level: 1, MinRigor: Declared})))(b)
	}, nil},
	{"badge that needs itself", addAchievements(lawBadge("a", nil, courseBy(Holds("a")))), lawFailure(codeCircularSupport, ach, "a", "routes", "a")},
	{"renewal that needs what it renews", addAchievements(lawBadge("a", nil, Route{ID: "renewal", Kind: ByRenewal, Requires: &Requirement{Op: OpHolds, Achievement: "a"}})), nil},
	{"circle that also lacks something", addAchievements(lawBadge("a", nil, courseBy(All(Holds("b"), Holds("degree")))), lawBadge("b", nil, courseBy(Holds("a")))), lawFailure(codeCircularSupport, ach, "a", "routes", "a", "b")},
	{"no route to a part", addAchievements(lawBadge("a", nil, courseBy(All(Holds("sql"), Holds("degree"))))), lawWarning(codeUnreachableAch, ach, "a", "routes", "degree")},
	{"a part with too little rigor", addAchievements(lawBadge("a", nil, courseBy(Requirement{Op: OpHolds, Achievement: "sql", MinRigor: Proctored}))), lawWarning(codeUnreachableAch, ach, "a", "routes", "sql")},
	{"nothing attests what a role asks", func(b *Batch) {
		b.Roles[0].Essential = &Requirement{Op: OpAtLeast, K: 2, Of: []Requirement{AtLevel("c-sql", 1), AtLevel("c-five", 2), AtLevel("c-charts", 3)}}
	}, lawWarning(codeUnreachableRole, rol, "junior", "requires", "c-five", "c-charts")},
	{"threshold out of reach", func(b *Batch) { b.Roles[1].Optional[0].Requirement = Holds("degree") }, lawWarning(codeUnreachableRole, rol, "senior", "threshold", "degree")},

	// Ladders.
	{"ladder in a circle", func(b *Batch) { b.Roles[1].AdvancesTo = []ID{"junior"} }, slices.Concat(
		lawFailure(codeLadderCycle, rol, "junior", "advances_to/0", "junior", "senior"), lawFailure(codeLadderCycle, rol, "senior", "advances_to/0", "senior", "junior"))},
	{"rank jump", func(b *Batch) { b.Roles[1].Rank = 3 }, lawWarning(codeLevelJump, rol, "junior", "advances_to/0", "senior")},
	{"rank does not rise", func(b *Batch) { b.Roles[1].Rank = 1 }, lawWarning(codeLevelJump, rol, "junior", "advances_to/0", "senior")},
	{"level jump", func(b *Batch) { b.Roles[1].Essential.Of[0].Level = 3 }, lawWarning(codeLevelJump, rol, "junior", "advances_to/0", "senior", "c-sql")},
	{"role on no ladder", func(b *Batch) { b.Roles = append(b.Roles, Role{ID: "alone", Rank: 4}) }, lawWarning(codeOrphanRole, rol, "alone", "rank")},
	{"role twice on a ladder", func(b *Batch) { b.Ladders[0].Roles = []ID{"junior", "senior", "junior"} }, lawWarning(codeDuplicateReference, KindLadder, "ladder", "roles/2")},
}

func lawCredits(want int64, least, most []CategoryCredits, of ...Requirement) Requirement {
	for i := range of {
		of[i].TermCredits = OwnCredits
	}
	return Requirement{Op: OpCredits, Credits: want, Min: least, Max: most, Of: of}
}

func exclusively(r Requirement) Requirement {
	r.Sharing = Exclusive
	return r
}

func TestLaws(t *testing.T) {
	for _, row := range lawRows {
		t.Run(row.name, func(t *testing.T) {
			b := soundCatalog()
			row.edit(b)
			got := Lint(nil, b)
			if diff := cmp.Diff(row.want, expectedOf(got), cmp.AllowUnexported(expected{})); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
				for _, p := range got {
					t.Log(p)
				}
			}
			for _, p := range got {
				if p.Message == "" || p.Hint == "" {
					t.Errorf("%s says too little: %q, %q", p.Code, p.Message, p.Hint)
				}
			}
		})
	}
}
