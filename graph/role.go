package graph

// Role is one version of a job with a requirement. Roles are never awarded:
// they are evaluated at the instant asked about.
type Role struct {
	ID ID
	Lifecycle
	Title       Text
	AltLabels   []Translation
	Description Text
	Family      ID
	Rank        int          // the role's level in its family or ladder, counted from 1; 0 is unranked
	Essential   *Requirement // nil holds
	Optional    []Optional   // rank candidates; with Threshold also gate
	Threshold   int64        // the weights of the met optionals must reach it; 0 asks nothing
	AdvancesTo  []ID         // the next rungs of its ladders
	MovesTo     []ID         // lateral moves
	Alignments  []Alignment  // e.g. to an ESCO occupation
}

// Optional is a requirement of a role that adds weight when it is met.
type Optional struct {
	Requirement Requirement
	Weight      int64
}

// Ladder names a set of roles whose order is their AdvancesTo.
type Ladder struct {
	ID          ID
	Title       Text
	Description Text
	Roles       []ID
	Retired     bool
	Source      Source
}

// Settings are the organization's: one currency, one zone, one default rigor.
type Settings struct {
	Language          Lang     // default language of texts; empty means "en"
	Currency          Currency // of every price without one
	Rates             []Rate   // declared conversions into Currency
	Zone              string   // IANA name; empty means UTC
	DefaultMinRigor   Rigor    // of leaves without a floor; unspecified means Assessed
	ExactMatchImplies bool     // exactMatch alignments between competencies of this graph imply both ways
	Source            Source
}

// Rate converts From into the settings' currency: an amount in minor units of
// From times Numerator over Denominator, rounded half up.
type Rate struct {
	From                   Currency
	Numerator, Denominator int64
}
