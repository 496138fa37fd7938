package graph

// Level is a position on a [Scale], counted from 1. Zero is "no level".
type Level uint8

// MaxLevels bounds a scale.
const MaxLevels = 100

// Scale is an ordered list of proficiency levels. Levels of different scales
// are never compared; a [Conversion] must be declared.
type Scale struct {
	ID     ID
	Title  Text
	Levels []Text // from the lowest; level 1 is Levels[0]
	Source Source
}

// Conversion maps the levels of one scale to another. It is monotone: a higher
// level never maps to a lower one.
type Conversion struct {
	From, To ID
	Levels   []Level // for each level of From, from level 1: the level of To that it proves, 0 for none
	Source   Source
}

// Framework is a published collection of competencies.
type Framework struct {
	ID          ID
	Title       Text
	Description Text
	URL         string
	Version     string
	Publisher   string
	Source      Source
}

// CompetencyKind is the sort of a competency, in the words of ESCO and O*NET.
type CompetencyKind uint8

// The kinds of competencies.
const (
	CompetencyKindUnspecified CompetencyKind = iota
	Skill
	Knowledge
	Ability
	Attitude
	Language
	SkillGroup
)

var competencyKindNames = [...]string{"", "skill", "knowledge", "ability", "attitude", "language", "group"}

// String is the kind as it is written in catalog files.
func (k CompetencyKind) String() string { return word(competencyKindNames[:], uint8(k)) }

// ParseCompetencyKind is the kind that String writes as text.
func ParseCompetencyKind(text string) (CompetencyKind, error) {
	i, err := parse(competencyKindNames[:], "kind", text)
	return CompetencyKind(i), err
}

// Competency is a skill, knowledge or ability, from a framework or the
// organization's own.
//
// Only Implies counts in answers. Broader and Alignments never imply, except
// that a catalog may declare its exact matches to imply both ways through the
// scales' conversion ([Settings].ExactMatchImplies).
type Competency struct {
	ID          ID
	Framework   ID
	Kind        CompetencyKind
	Scale       ID // empty: the competency has the single level 1
	Title       Text
	AltLabels   []Translation // in the order of the source
	Description Text
	Broader     []ID
	Alignments  []Alignment
	Implies     []Implication
	Retired     bool
	ReplacedBy  ID // whoever holds this holds that, level by level
	Source      Source
}

// Implication says that whoever has the competency at Level has Competency at ToLevel.
type Implication struct {
	Level      Level
	Competency ID
	ToLevel    Level
}

// AlignmentType is how a node relates to one of another framework, in the words of SKOS.
type AlignmentType uint8

// The types of alignment.
const (
	AlignmentUnspecified AlignmentType = iota
	ExactMatch
	CloseMatch
	BroadMatch
	NarrowMatch
	RelatedMatch
)

var alignmentTypeNames = [...]string{"", "exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch"}

// String is the type as it is written in catalog files.
func (t AlignmentType) String() string { return word(alignmentTypeNames[:], uint8(t)) }

// ParseAlignmentType is the type that String writes as text.
func ParseAlignmentType(text string) (AlignmentType, error) {
	i, err := parse(alignmentTypeNames[:], "alignment type", text)
	return AlignmentType(i), err
}

// Alignment points at a node of another framework.
type Alignment struct {
	Type       AlignmentType
	Target     ID // an IRI, of a competency in this graph or elsewhere
	TargetName string
	Framework  string
}

// Source says which catalog an entry came from, so that pruning touches only
// what that catalog brought.
type Source struct {
	Catalog ID
}
