package exchange

import (
	"strings"

	"github.com/cairn-skills/cairn/graph"
)

// The codes of problems in the shape of catalog files. They are stable and
// listed in docs/formats.md.
const (
	codeAlias         = "alias"
	codeBadCredits    = "bad-credits"
	codeBadDate       = "bad-date"
	codeBadDuration   = "bad-duration"
	codeBadID         = "bad-id"
	codeBadLanguage   = "bad-language"
	codeBadLevel      = "bad-level"
	codeBadMoney      = "bad-money"
	codeBadNumber     = "bad-number"
	codeBadRule       = "bad-rule"
	codeBadText       = "bad-text"
	codeBadWord       = "bad-word"
	codeBadZone       = "bad-zone"
	codeCatalogName   = "catalog-name"
	codeDuplicateID   = "duplicate-id"
	codeDuplicateKey  = "duplicate-key"
	codeDuplicateRef  = "duplicate-reference"
	codeDuplicateRte  = "duplicate-route"
	codeManyDocuments = "many-documents"
	codeMissingKey    = "missing-key"
	codeNotUTF8       = "not-utf8"
	codeSyntax        = "syntax"
	codeTag           = "tag"
	codeTooDeep       = "too-deep"
	codeTooLarge      = "too-large"
	codeTooMany       = "too-many-problems"
	codeUnknownKey    = "unknown-key"
	codeWrongType     = "wrong-type"
)

// catalogKey is one key of a map in a catalog file: the single source of what
// the reader knows and of the schema.
type catalogKey struct {
	name     string
	value    catalogValue
	required bool
	doc      string // for editors
}

// catalogShape is a map with known keys.
type catalogShape struct {
	name string // as the schema and messages call it
	doc  string
	keys []catalogKey
}

func (s *catalogShape) key(name string) *catalogKey {
	for i := range s.keys {
		if s.keys[i].name == name {
			return &s.keys[i]
		}
	}
	return nil
}

func (s *catalogShape) names() []string {
	out := make([]string, len(s.keys))
	for i, k := range s.keys {
		out[i] = k.name
	}
	return out
}

// catalogValue is the JSON Schema of a value.
type catalogValue map[string]any

func refTo(name string) catalogValue { return catalogValue{"$ref": "#/$defs/" + name} }

func listOf(item catalogValue) catalogValue {
	return catalogValue{"type": "array", "items": map[string]any(item)}
}

func mapOf(value catalogValue) catalogValue {
	return catalogValue{"type": "object", "additionalProperties": map[string]any(value)}
}

func oneWord(words []string) catalogValue {
	out := make([]any, len(words))
	for i, w := range words {
		out[i] = w
	}
	return catalogValue{"enum": out}
}

var (
	plainString = catalogValue{"type": "string"}
	yesOrNo     = catalogValue{"type": "boolean"}
	counting    = catalogValue{"type": "integer", "minimum": 0}
	idValue     = refTo("id")
	ids         = listOf(idValue)
	textValue   = refTo("text")
	dateValue   = refTo("date")
	rule        = refTo("requirement")
)

// catalogWords are the words that a graph type writes, from its value first on.
func catalogWords[T ~uint8](first T, word func(T) string) []string {
	var out []string
	for v := first; ; v++ {
		w := word(v)
		if strings.HasPrefix(w, "unknown(") {
			return out
		}
		out = append(out, w)
	}
}

var (
	rigorWords       = catalogWords(graph.Declared, graph.Rigor.String)
	statusWords      = catalogWords(graph.Draft, graph.Status.String)
	typeWords        = catalogWords(graph.Badge, graph.AchievementType.String)
	routeKindWords   = catalogWords(graph.ByCourse, graph.RouteKind.String)
	awardModeWords   = catalogWords(graph.ByClaim, graph.AwardMode.String)
	competencyWords  = catalogWords(graph.Skill, graph.CompetencyKind.String)
	alignmentWords   = catalogWords(graph.ExactMatch, graph.AlignmentType.String)
	sharingWords     = []string{"shared", "exclusive"}
	changePlainWords = []string{graph.Grandfather.String(), graph.Reevaluate.String()}
)

var rootShape = &catalogShape{
	name: "catalog", doc: "A catalog, or one of the files that make it up.",
	keys: []catalogKey{
		{name: "catalog", value: idValue, doc: "The catalog's name. It may stand in each file and must agree; one file must have it."},
		{name: "effective_from", value: dateValue, doc: "From when the achievements and roles of this file are in force, if they do not say so themselves."},
		{name: "settings", value: refTo("settings"), doc: "The organization's settings, in one file of the catalog."},
		{name: "scales", value: listOf(refTo("scale")), doc: "Ordered lists of proficiency levels."},
		{name: "conversions", value: listOf(refTo("conversion")), doc: "Which level of one scale proves which level of another."},
		{name: "frameworks", value: listOf(refTo("framework")), doc: "Published collections of competencies."},
		{name: "issuers", value: listOf(refTo("issuer")), doc: "Who awards."},
		{name: "competencies", value: listOf(refTo("competency")), doc: "Skills, knowledge and abilities."},
		{name: "achievements", value: listOf(refTo("achievement")), doc: "What can be earned: badges, micro-credentials, certificates and so on."},
		{name: "roles", value: listOf(refTo("role")), doc: "Jobs and what they require."},
		{name: "ladders", value: listOf(refTo("ladder")), doc: "Named sets of roles; their order is advances_to."},
	},
}

var settingsShape = &catalogShape{
	name: "settings", doc: "The organization's settings.",
	keys: []catalogKey{
		{name: "language", value: refTo("language"), doc: "The language of texts written without one. Default: en."},
		{name: "currency", value: refTo("currency"), doc: "The currency of prices written without one, and of every sum."},
		{name: "rates", value: mapOf(refTo("rate")), doc: "What one unit of another currency is worth in the catalog's, e.g. {USD: 0.92}."},
		{name: "zone", value: plainString, doc: "The IANA time zone in which dates begin and end, e.g. Europe/Berlin. Default: UTC."},
		{name: "default_min_rigor", value: refTo("rigor"), doc: "The rigor asked for by requirements that name none. Default: assessed."},
		{name: "exact_match_implies", value: yesOrNo, doc: "exactMatch alignments between competencies of this catalog imply both ways."},
	},
}

var scaleShape = &catalogShape{
	name: "scale", doc: "An ordered list of proficiency levels.",
	keys: []catalogKey{
		{name: "id", value: idValue, required: true, doc: "Names the scale for ever."},
		{name: "title", value: textValue, doc: "The title, in one language or several."},
		{name: "levels", value: listOf(textValue), required: true, doc: "The levels' names, from the lowest; the first is level 1."},
	},
}

var conversionShape = &catalogShape{
	name: "conversion", doc: "Which level of one scale proves which level of another. A higher level never maps to a lower one.",
	keys: []catalogKey{
		{name: "from", value: idValue, required: true, doc: "The scale converted from."},
		{name: "to", value: idValue, required: true, doc: "The scale converted to."},
		{name: "levels", value: listOf(refTo("level_or_none")), required: true, doc: "For each level of `from`, from the lowest: the level of `to` that it proves; 0 for none."},
	},
}

var frameworkShape = &catalogShape{
	name: "framework", doc: "A published collection of competencies.",
	keys: []catalogKey{
		{name: "id", value: idValue, required: true, doc: "Names the framework for ever."},
		{name: "title", value: textValue, doc: "The title, in one language or several."},
		{name: "description", value: textValue, doc: "What it is, in prose."},
		{name: "url", value: plainString, doc: "Where it is published."},
		{name: "version", value: plainString, doc: "The published version, e.g. \"1.1.1\"."},
		{name: "publisher", value: plainString, doc: "Who publishes it."},
	},
}

var issuerShape = &catalogShape{
	name: "issuer", doc: "Who awards.",
	keys: []catalogKey{
		{name: "id", value: idValue, required: true, doc: "Names the issuer for ever."},
		{name: "title", value: textValue, doc: "The name, in one language or several."},
		{name: "url", value: plainString, doc: "The issuer's home page."},
	},
}

var competencyShape = &catalogShape{
	name: "competency", doc: "A skill, knowledge or ability.",
	keys: []catalogKey{
		{name: "id", value: idValue, required: true, doc: "Names the competency for ever: a slug or an IRI."},
		{name: "title", value: textValue, doc: "The title, in one language or several."},
		{name: "kind", value: oneWord(competencyWords), doc: "The sort of competency."},
		{name: "framework", value: idValue, doc: "The framework it comes from."},
		{name: "scale", value: idValue, doc: "The scale of its levels. Without one it is had or not: level 1."},
		{name: "alt_labels", value: listOf(textValue), doc: "Other names by which people look for it."},
		{name: "description", value: textValue, doc: "What it is, in prose."},
		{name: "broader", value: ids, doc: "Competencies that it is a part of. They never imply."},
		{name: "alignments", value: listOf(refTo("alignment")), doc: "The same or similar nodes of other frameworks."},
		{name: "implies", value: listOf(refTo("implication")), doc: "What else somebody has who has this."},
		{name: "retired", value: yesOrNo, doc: "No longer to be used; held levels stay."},
		{name: "replaced_by", value: idValue, doc: "Whoever has this has that one, level by level."},
	},
}

var implicationShape = &catalogShape{
	name: "implication", doc: "Whoever has this competency at `level` has `competency` at `to`.",
	keys: []catalogKey{
		{name: "level", value: refTo("level"), doc: "The level of this competency. May be left out when it has one level only."},
		{name: "competency", value: idValue, required: true, doc: "The competency that is implied."},
		{name: "to", value: refTo("level"), doc: "The level of it that is implied. May be left out when it has one level only."},
	},
}

var alignmentShape = &catalogShape{
	name: "alignment", doc: "A link to a node of another framework, in the words of SKOS. Exactly one of the ...Match keys.",
	keys: append(alignmentKeys(),
		catalogKey{name: "name", value: plainString, doc: "What the other node is called there."},
		catalogKey{name: "framework", value: plainString, doc: "The other framework, e.g. ESCO."},
	),
}

func alignmentKeys() []catalogKey {
	out := make([]catalogKey, len(alignmentWords))
	for i, w := range alignmentWords {
		out[i] = catalogKey{name: w, value: idValue, doc: "The IRI of the other node."}
	}
	return out
}

var graceShape = &catalogShape{
	name: "grace", doc: "Automatic awards of earlier versions are kept by who meets this one on some day.",
	keys: []catalogKey{{name: "grace", value: dateValue, required: true, doc: "The last such day."}},
}

// lifecycleKeys are those of every entry that is published in versions.
var lifecycleKeys = []catalogKey{
	{name: "status", value: oneWord(statusWords), doc: "draft: kept, never in force. retired: no routes, no automatic awards; held awards count. Default: in_force."},
	{name: "effective_from", value: dateValue, doc: "From when this version is in force. Default: when it is applied."},
	{name: "on_change", value: refTo("on_change"), doc: "What this version means for automatic awards of earlier ones. Default: grandfather."},
	{name: "replaced_by", value: idValue, doc: "Whoever holds this holds that one."},
}

var achievementShape = &catalogShape{
	name: "achievement", doc: "Something that can be earned.",
	keys: append([]catalogKey{
		{name: "id", value: idValue, required: true, doc: "Names the achievement for ever: a slug or an IRI."},
		{name: "type", value: oneWord(typeWords), required: true, doc: "The sort of achievement, in the words of Open Badges 3.0."},
		{name: "title", value: textValue, doc: "The title, in one language or several."},
		{name: "issuer", value: idValue, doc: "Who awards it."},
		{name: "alt_labels", value: listOf(textValue), doc: "Other names by which people look for it."},
		{name: "description", value: textValue, doc: "What it is, in prose."},
		{name: "criteria", value: refTo("criteria"), doc: "What must be done to earn it, in prose."},
		{name: "attests", value: listOf(refTo("attestation")), doc: "What holding it proves, e.g. {sql: 2}."},
		{name: "credits", value: refTo("credits"), doc: "What it is worth, with at most two decimals."},
		{name: "category", value: idValue, doc: "The category its credits count under."},
		{name: "valid_for", value: refTo("months"), doc: "How long an award counts, e.g. 24 months. Default: for ever."},
		{name: "valid_until", value: dateValue, doc: "The last day on which an award counts."},
		{name: "rigor", value: refTo("rigor"), doc: "How strictly it is assessed: what a derived or planned award has."},
		{name: "routes", value: listOf(refTo("route")), doc: "The ways to earn it. None: it can be held, not earned here."},
		{name: "follows_parts", value: yesOrNo, doc: "A derived award ends when its requirement is no longer met."},
		{name: "enforce", value: yesOrNo, doc: "A recorded award does not count before a route's requirement holds."},
		{name: "alignments", value: listOf(refTo("alignment")), doc: "The same or similar nodes elsewhere."},
	}, lifecycleKeys...),
}

var criteriaShape = &catalogShape{
	name: "criteria_map", doc: "What must be done to earn it.",
	keys: []catalogKey{
		{name: "narrative", value: textValue, doc: "In prose."},
		{name: "url", value: plainString, doc: "Where it is published."},
	},
}

var routeShape = &catalogShape{
	name: "route", doc: "One way to earn an achievement, with its own cost and prerequisites.",
	keys: []catalogKey{
		{name: "id", value: idValue, doc: "Unique among the routes of its achievement. Default: the kind."},
		{name: "kind", value: oneWord(routeKindWords), required: true, doc: "course: learn and be assessed. assessment: recognition of prior learning. stack: its requirement is met. renewal: renew what was held."},
		{name: "award", value: oneWord(awardModeWords), doc: "For a stack. automatic: awarded by itself, if free. recommend: a manager confirms. Default: claim."},
		{name: "effort", value: refTo("effort"), doc: "Working time, e.g. 12h or 1h30m."},
		{name: "price", value: refTo("money"), doc: "A price, e.g. 60 EUR; without a currency it is in the catalog's."},
		{name: "weeks", value: counting, doc: "Elapsed time in whole weeks."},
		{name: "requires", value: rule, doc: "What must be held first."},
		{name: "suggested_after", value: ids, doc: "What is better earned before; it orders pictures and ties and never gates."},
		{name: "url", value: plainString, doc: "Where to begin."},
	},
}

var roleShape = &catalogShape{
	name: "role", doc: "A job and what it requires.",
	keys: append([]catalogKey{
		{name: "id", value: idValue, required: true, doc: "Names the role for ever: a slug or an IRI."},
		{name: "title", value: textValue, doc: "The title, in one language or several."},
		{name: "family", value: idValue, doc: "The job family."},
		{name: "rank", value: counting, doc: "The role's level in its family, from 1. 0: unranked."},
		{name: "alt_labels", value: listOf(textValue), doc: "Other names by which people look for it."},
		{name: "description", value: textValue, doc: "What it is, in prose."},
		{name: "requires", value: rule, doc: "What is essential: who meets it is qualified."},
		{name: "optional", value: listOf(refTo("optional")), doc: "What ranks candidates, each with a weight."},
		{name: "threshold", value: counting, doc: "The sum of weights of optionals that must be met as well."},
		{name: "advances_to", value: ids, doc: "The next rungs of its ladders."},
		{name: "moves_to", value: ids, doc: "Lateral moves."},
		{name: "alignments", value: listOf(refTo("alignment")), doc: "The same or similar nodes elsewhere, e.g. ESCO occupations."},
	}, lifecycleKeys...),
}

var ladderShape = &catalogShape{
	name: "ladder", doc: "A named set of roles.",
	keys: []catalogKey{
		{name: "id", value: idValue, required: true, doc: "Names the ladder for ever."},
		{name: "title", value: textValue, doc: "The title, in one language or several."},
		{name: "description", value: textValue, doc: "What it is, in prose."},
		{name: "roles", value: ids, doc: "Its roles, from the lowest rung."},
		{name: "retired", value: yesOrNo, doc: "No longer to be used."},
	},
}
