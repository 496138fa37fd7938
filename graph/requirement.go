package graph

// Op is what a requirement node asks.
type Op uint8

// The operators. AtLeast is the only connective: "all" is K = len(Of), "any" is K = 1.
const (
	OpUnspecified Op = iota
	OpAtLeast        // at least K of the children Of
	OpCredits        // the credits of the met children Of add up to Credits, with minima and caps by category
	OpHolds          // an award of Achievement that passes the filters
	OpLevel          // Competency at Level or better, at MinRigor or better
	OpTenure         // Months whole months in Role, or in a role of Family
)

var opNames = [...]string{"", "at_least", "credits", "holds", "level", "tenure"}

// String is the operator as it is written in messages.
func (o Op) String() string { return word(opNames[:], uint8(o)) }

// Sharing says whether one achievement may serve several children of a node.
type Sharing uint8

// The sharings. The zero value is Shared.
const (
	Shared    Sharing = iota // one achievement may serve several children
	Exclusive                // an achievement serves at most one child; decided by matching, never greedily
)

// Requirement is a node of a rule tree. Trees are monotone: holding more never
// unmeets a node.
type Requirement struct {
	Node string // stable id of the node, unique in its tree; [NameNodes] fills the empty ones
	Op   Op

	// Inner nodes.
	K       int           // OpAtLeast
	Of      []Requirement // OpAtLeast, OpCredits: the children
	Sharing Sharing       // OpAtLeast, OpCredits
	// OpCredits. Credits are hundredths of a credit. OverCategory, if set,
	// stands for "holds" leaves over every achievement of that category and
	// takes the place of Of.
	Credits      int64
	OverCategory ID
	Min, Max     []CategoryCredits // per category: credits needed, and the most that can count

	// As a child of OpCredits: what the child counts when it is met. A
	// TermCredits of [OwnCredits] counts what the achievement it holds is worth.
	TermCredits  int64
	TermCategory ID

	// Leaves.
	Achievement       ID    // OpHolds
	Issuers           []ID  // OpHolds: accepted issuers; none means any
	FreshWithinMonths int   // OpHolds: issued within so many months before the instant asked about; 0 means any time
	MinRigor          Rigor // OpHolds, OpLevel; unspecified means the catalog's default
	Competency        ID    // OpLevel
	Level             Level // OpLevel
	Role              ID    // OpTenure: this role …
	Family            ID    // … or any role of this family
	Months            int   // OpTenure
}

// OwnCredits as a Requirement's TermCredits means: the credits of the
// achievement that the child holds, in the version held (or, in a plan, in the
// version in force), under that achievement's own category.
const OwnCredits int64 = -1

// CategoryCredits bounds the credits of one category, in hundredths.
type CategoryCredits struct {
	Category ID
	Credits  int64
}

// All is a node that holds when every child holds.
func All(of ...Requirement) Requirement { return Requirement{Op: OpAtLeast, K: len(of), Of: of} }

// Any is a node that holds when at least one child holds.
func Any(of ...Requirement) Requirement { return Requirement{Op: OpAtLeast, K: 1, Of: of} }

// AtLeast is a node that holds when k children hold.
func AtLeast(k int, of ...Requirement) Requirement { return Requirement{Op: OpAtLeast, K: k, Of: of} }

// Holds is a leaf that asks for an award of achievement a at the catalog's default rigor.
func Holds(a ID) Requirement { return Requirement{Op: OpHolds, Achievement: a} }

// AtLevel is a leaf that asks for competency c at level l at the catalog's default rigor.
func AtLevel(c ID, l Level) Requirement { return Requirement{Op: OpLevel, Competency: c, Level: l} }
