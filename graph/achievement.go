package graph

// AchievementType is the sort of an achievement, in the words of Open Badges 3.0.
type AchievementType uint8

// The types of achievements.
const (
	AchievementTypeUnspecified AchievementType = iota
	Badge
	MicroCredential
	Certificate
	Certification
	Course
	Degree
	License
)

var achievementTypeNames = [...]string{"", "badge", "micro_credential", "certificate", "certification", "course", "degree", "license"}

// String is the type as it is written in catalog files.
func (t AchievementType) String() string { return word(achievementTypeNames[:], uint8(t)) }

// ParseAchievementType is the type that String writes as text.
func ParseAchievementType(text string) (AchievementType, error) {
	i, err := parse(achievementTypeNames[:], "type", text)
	return AchievementType(i), err
}

// Status is where a version stands in its life.
type Status uint8

// The statuses. At most one version of an entry is in force at an instant: the
// one with the latest EffectiveFrom that is not a draft.
const (
	StatusUnspecified Status = iota
	Draft                    // kept, never in force
	InForce                  // in force from EffectiveFrom until the next version
	Retired                  // from EffectiveFrom: no routes, no automatic awards; held awards count
)

var statusNames = [...]string{"", "draft", "in_force", "retired"}

// String is the status as it is written in files.
func (s Status) String() string { return word(statusNames[:], uint8(s)) }

// ParseStatus is the status that String writes as text.
func ParseStatus(text string) (Status, error) {
	i, err := parse(statusNames[:], "status", text)
	return Status(i), err
}

// ChangePolicy says what a new version means for live derived awards of earlier ones.
type ChangePolicy uint8

// The policies. The zero value is Grandfather.
const (
	Grandfather ChangePolicy = iota // who met a version while it was in force keeps the award
	Reevaluate                      // every live derived award is tested once, when the version takes effect
	Grace                           // kept by who meets the version on any day through GraceUntil
)

var changePolicyNames = [...]string{"grandfather", "reevaluate", "grace"}

// String is the policy as it is written in catalog files.
func (p ChangePolicy) String() string { return word(changePolicyNames[:], uint8(p)) }

// ParseChangePolicy is the policy that String writes as text.
func ParseChangePolicy(text string) (ChangePolicy, error) {
	for i, n := range changePolicyNames {
		if n == text {
			return ChangePolicy(i), nil
		}
	}
	return 0, Invalid("on_change", "must be one of grandfather, reevaluate, grace, not "+text)
}

// Lifecycle is what every published version carries.
type Lifecycle struct {
	Version       int // counted from 1 in the order of publication; set by [Live.Commit]
	Status        Status
	EffectiveFrom Instant // zero at input: the commit's time
	OnChange      ChangePolicy
	GraceUntil    Instant // Grace only; half-open
	ReplacedBy    ID      // whoever holds this entry holds that one
	Source        Source
}

// Achievement is one version of something that can be earned. What it requires,
// attests and costs lives in it, so that a version is whole or absent.
type Achievement struct {
	ID ID
	Lifecycle
	Type        AchievementType
	Issuer      ID
	Title       Text
	AltLabels   []Translation
	Description Text
	Criteria    Criteria
	Attests     []Attestation
	Credits     int64 // hundredths of a credit
	Category    ID    // the category its credits count under
	Validity    Validity
	Rigor       Rigor   // what a derived award has, and what a planned award is taken to have
	Routes      []Route // none: it can be held, not earned here
	// FollowsParts ends a derived award when its requirement is no longer met.
	FollowsParts bool
	// Enforce keeps a recorded award from counting before a route's Requires holds.
	Enforce    bool
	Alignments []Alignment
}

// Criteria is what must be done to earn an achievement, in prose.
type Criteria struct {
	Narrative Text
	URL       string
}

// Attestation says that holding the achievement proves Competency at Level.
type Attestation struct {
	Competency ID
	Level      Level
}

// Validity says how long an award counts. The zero value is for ever; at most
// one field is set.
type Validity struct {
	Months int     // from the issue date
	Until  Instant // half-open: it no longer counts at this instant
}

// RouteKind is the way of earning.
type RouteKind uint8

// The kinds of routes.
const (
	RouteKindUnspecified RouteKind = iota
	ByCourse                       // learn and be assessed
	ByAssessment                   // recognition of prior learning: assessed only
	ByStack                        // its requirement is met
	ByRenewal                      // renew what was held
)

var routeKindNames = [...]string{"", "course", "assessment", "stack", "renewal"}

// String is the kind as it is written in catalog files.
func (k RouteKind) String() string { return word(routeKindNames[:], uint8(k)) }

// ParseRouteKind is the kind that String writes as text.
func ParseRouteKind(text string) (RouteKind, error) {
	i, err := parse(routeKindNames[:], "route kind", text)
	return RouteKind(i), err
}

// AwardMode says what happens when a stack route's requirement is met.
type AwardMode uint8

// The modes. The zero value is ByClaim.
const (
	ByClaim   AwardMode = iota // the person claims it: ready to claim
	Automatic                  // awarded by itself, if the route is free in effort, price and time
	Recommend                  // a manager confirms
)

var awardModeNames = [...]string{"claim", "automatic", "recommend"}

// String is the mode as it is written in catalog files.
func (m AwardMode) String() string { return word(awardModeNames[:], uint8(m)) }

// ParseAwardMode is the mode that String writes as text.
func ParseAwardMode(text string) (AwardMode, error) {
	for i, n := range awardModeNames {
		if n == text {
			return AwardMode(i), nil
		}
	}
	return 0, Invalid("award", "must be one of claim, automatic, recommend, not "+text)
}

// Route is one way to earn an achievement, with its own cost and prerequisites.
type Route struct {
	ID            ID // unique in its achievement
	Kind          RouteKind
	EffortMinutes int64
	Price         Money
	ElapsedWeeks  int64
	Award         AwardMode // ByStack only
	Requires      *Requirement
	URL           string
	// SuggestedAfter orders pictures and ties; it never gates.
	SuggestedAfter []ID
}

// Fires reports whether meeting r's requirement awards by itself.
func (r *Route) Fires() bool {
	return r.Kind == ByStack && r.Award == Automatic && r.EffortMinutes == 0 && r.Price.Amount == 0 && r.ElapsedWeeks == 0
}

// Money is an amount in minor units (cents) of a currency.
type Money struct {
	Amount   int64
	Currency Currency // empty: the catalog's
}

// Currency is an ISO 4217 code in upper case.
type Currency string

// Issuer is who awards.
type Issuer struct {
	ID     ID
	Title  Text
	URL    string
	Source Source
}
