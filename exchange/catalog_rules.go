package exchange

// A rule has one of several forms, told apart by a key that only it has. Beside
// the keys of its form a rule may have those of its context: a term of a
// credits rule says what it counts, an optional of a role what it weighs.

var (
	ruleID      = catalogKey{name: "id", value: idValue, doc: "Names the node, e.g. for a waiver. Default: made of what it asks."}
	ruleRigor   = catalogKey{name: "min_rigor", value: refTo("rigor"), doc: "The least rigor that counts. Default: the settings'."}
	ruleSharing = catalogKey{name: "sharing", value: oneWord(sharingWords), doc: "exclusive: one achievement serves one child only. Default: shared."}
)

// ruleForms are in the order in which a rule's form is looked for; the first
// key of each tells it apart.
var ruleForms = []*catalogShape{
	{
		name: "holds", doc: "An award of an achievement.",
		keys: []catalogKey{
			{name: "holds", value: idValue, required: true, doc: "The achievement that must be held."},
			ruleID,
			{name: "issuers", value: ids, doc: "Accepted issuers. Default: any."},
			ruleRigor,
			{name: "fresh_within", value: refTo("months"), doc: "Issued so many months ago at most, e.g. 24 months."},
		},
	},
	{
		name: "competency_level", doc: "A competency at a level or better.",
		keys: []catalogKey{
			{name: "competency", value: idValue, required: true, doc: "The competency that must be had."},
			ruleID,
			{name: "level", value: refTo("level"), doc: "The least level. May be left out when it has one level only."},
			ruleRigor,
		},
	},
	{
		name: "all", doc: "Every child holds.",
		keys: []catalogKey{{name: "all", value: listOf(rule), required: true, doc: "The children."}, ruleID, ruleSharing},
	},
	{
		name: "any", doc: "One child holds at least.",
		keys: []catalogKey{{name: "any", value: listOf(rule), required: true, doc: "The children."}, ruleID, ruleSharing},
	},
	{
		name: "at_least", doc: "So many children hold at least.",
		keys: []catalogKey{
			{name: "at_least", value: counting, required: true, doc: "How many children must hold."},
			ruleID,
			{name: "of", value: listOf(rule), required: true, doc: "The children."},
			ruleSharing,
		},
	},
	{
		name: "credits_sum", doc: "The credits of what is held add up.",
		keys: []catalogKey{
			{name: "credits", value: refTo("credits"), required: true, doc: "The sum that must be reached."},
			ruleID,
			{name: "over", value: listOf(refTo("term")), doc: "What counts. Either this or category."},
			{name: "category", value: idValue, doc: "Every achievement of this category counts."},
			{name: "min", value: mapOf(refTo("credits")), doc: "Credits needed by category."},
			{name: "max", value: mapOf(refTo("credits")), doc: "The most credits that count by category."},
			ruleSharing,
		},
	},
	{
		name: "tenure", doc: "Time worked in a role.",
		keys: []catalogKey{
			{name: "tenure", value: idValue, required: true, doc: "The role."},
			ruleID,
			{name: "months", value: counting, required: true, doc: "Whole months."},
		},
	},
	{
		name: "family_tenure", doc: "Time worked in the roles of a family.",
		keys: []catalogKey{
			{name: "family", value: idValue, required: true, doc: "The family."},
			ruleID,
			{name: "months", value: counting, required: true, doc: "Whole months."},
		},
	},
}

var (
	termKeys = []catalogKey{
		{name: "counts", value: refTo("credits"), doc: "What it counts when it is met. Default: the credits of the achievement it holds."},
		{name: "counts_as", value: idValue, doc: "The category it counts under. Default: that of the achievement."},
	}
	optionalKeys = []catalogKey{
		{name: "weight", value: counting, doc: "What meeting it adds. Default: 1."},
	}
)

// withKeys are the forms with the keys of a context.
func withKeys(more []catalogKey) []*catalogShape {
	out := make([]*catalogShape, len(ruleForms))
	for i, f := range ruleForms {
		s := *f
		s.keys = append(append([]catalogKey(nil), f.keys...), more...)
		out[i] = &s
	}
	return out
}

// ruleContext is where a rule stands.
type ruleContext struct {
	name  string // of its definition in the schema
	forms []*catalogShape
	more  []catalogKey
}

var (
	ruleContextPlain    = &ruleContext{name: "requirement", forms: ruleForms}
	ruleContextTerm     = &ruleContext{name: "term", forms: withKeys(termKeys), more: termKeys}
	ruleContextOptional = &ruleContext{name: "optional", forms: withKeys(optionalKeys), more: optionalKeys}
)
