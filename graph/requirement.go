package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

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

var sharingNames = [...]string{"shared", "exclusive"}

// String is the sharing as it is written in catalog files.
func (s Sharing) String() string { return word(sharingNames[:], uint8(s)) }

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

// NameNodes gives every node of r's tree that has no name one that is made of
// what the node asks, not of where it stands: holds:sql-for-beginners,
// level:sql>=2, and for inner nodes the connective with a short hash of the
// names of its children, whatever their order. So a name survives a move, and
// two equal trees have equal names. Of nodes that ask the same, the second and
// later ones in the order of the tree get ~2, ~3 and so on. Names that are
// given stay, also where two are the same: that is for the laws to refuse.
// A nil r is left alone. Cost: linear in the tree.
func NameNodes(r *Requirement) {
	if r == nil {
		return
	}
	taken := make(map[string]bool)
	var given func(*Requirement)
	given = func(n *Requirement) {
		if n.Node != "" {
			taken[n.Node] = true
		}
		for i := range n.Of {
			given(&n.Of[i])
		}
	}
	given(r)
	// next is the last suffix given to a name, so that a thousand equal nodes
	// cost a thousand steps.
	next := make(map[string]int)
	var name func(*Requirement) string
	name = func(n *Requirement) string {
		asked := make([]string, len(n.Of))
		for i := range n.Of {
			asked[i] = name(&n.Of[i])
		}
		if n.Node != "" {
			return n.Node
		}
		base := n.ask(asked)
		n.Node = base
		for taken[n.Node] {
			next[base]++
			n.Node = base + "~" + strconv.Itoa(next[base]+1)
		}
		taken[n.Node] = true
		return base
	}
	name(r)
}

// ask says in short what n asks, given the same of its children.
func (n *Requirement) ask(children []string) string {
	var b strings.Builder
	switch n.Op {
	case OpHolds:
		b.WriteString("holds:" + string(n.Achievement))
		if len(n.Issuers) > 0 {
			by := make([]string, len(n.Issuers))
			for i, id := range n.Issuers {
				by[i] = string(id)
			}
			slices.Sort(by)
			b.WriteString(";by=" + strings.Join(by, ","))
		}
		if n.FreshWithinMonths != 0 {
			fmt.Fprintf(&b, ";fresh=%d", n.FreshWithinMonths)
		}
	case OpLevel:
		fmt.Fprintf(&b, "level:%s>=%d", n.Competency, n.Level)
	case OpTenure:
		if n.Role != "" {
			fmt.Fprintf(&b, "tenure:%s>=%d", n.Role, n.Months)
		} else {
			fmt.Fprintf(&b, "tenure:family:%s>=%d", n.Family, n.Months)
		}
	case OpCredits, OpAtLeast, OpUnspecified:
		return n.askOf(children)
	default:
		return n.askOf(children)
	}
	if n.MinRigor != RigorUnspecified {
		b.WriteString(";rigor=" + n.MinRigor.String())
	}
	return shortNode(b.String())
}

// askOf is ask for inner nodes.
func (n *Requirement) askOf(children []string) string {
	word := n.Op.String()
	switch {
	case n.Op == OpAtLeast && n.K == len(n.Of):
		word = "all"
	case n.Op == OpAtLeast && n.K == 1:
		word = "any"
	case n.Op == OpAtLeast:
		word += "-" + strconv.Itoa(n.K)
	case n.Op == OpCredits:
		word += ">=" + hundredths(n.Credits)
	}
	parts := slices.Clone(children)
	if n.Op == OpCredits {
		for i, c := range n.Of {
			if c.TermCredits != OwnCredits || c.TermCategory != "" {
				parts[i] += ";counts=" + hundredths(c.TermCredits) + ";as=" + string(c.TermCategory)
			}
		}
		for _, m := range n.Min {
			parts = append(parts, "min="+string(m.Category)+">="+hundredths(m.Credits))
		}
		for _, m := range n.Max {
			parts = append(parts, "max="+string(m.Category)+"<="+hundredths(m.Credits))
		}
		if n.OverCategory != "" {
			parts = append(parts, "over="+string(n.OverCategory))
		}
	}
	if n.Sharing == Exclusive {
		parts = append(parts, "exclusive")
	}
	slices.Sort(parts)
	sum := factID("node", parts...)
	return word + ":" + hex.EncodeToString(sum[:4])
}

// hundredths writes credits as a person does: 6, 1.5, 0.25.
func hundredths(c int64) string {
	switch {
	case c == OwnCredits:
		return "own"
	case c%100 == 0:
		return strconv.FormatInt(c/100, 10)
	}
	return strings.TrimRight(fmt.Sprintf("%d.%02d", c/100, c%100), "0")
}

// shortNode keeps a name within the length of an ID: a longer one keeps its
// beginning and ends in a hash of the whole.
func shortNode(name string) string {
	if len(name) <= MaxIDBytes {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return strings.ToValidUTF8(name[:MaxIDBytes-40], "") + "#" + hex.EncodeToString(sum[:8])
}
