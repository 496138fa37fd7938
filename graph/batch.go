package graph

// Batch is facts and the derived difference they cause. It is the only thing
// that crosses a store's door, in either direction, and is stored whole or not
// at all. Its slices are not changed by who receives it.
type Batch struct {
	// Key makes a commit repeatable: a batch with a key that is stored already
	// is not stored again, and its first revision is the answer. Empty: no key.
	Key string
	// If is the revision the batch was made for; the commit is refused with
	// [ErrConflict] unless it is the newest. Zero with IfSet false: any.
	If    Revision
	IfSet bool
	// Revision is the one that the batch was stored under. [Store.Load] sets it
	// on every batch but those that only add names; Commit ignores it.
	Revision Revision
	// At is the time of recording.
	At Instant

	Settings     *Settings
	Scales       []Scale
	Conversions  []Conversion
	Frameworks   []Framework
	Issuers      []Issuer
	Competencies []Competency  // each replaces the entry of its ID
	Achievements []Achievement // each a new version
	Roles        []Role        // each a new version
	Ladders      []Ladder

	People      []Person
	Assignments []Assignment
	Awards      []Award
	Claims      []Claim
	Personal    []Personal

	// Derived is the difference between the fold of the facts before and after
	// this batch; it is computed by [Live.Commit], never by a caller.
	Derived []Derivation
}

// Change is what a commit did to a derived award.
type Change uint8

// The changes.
const (
	ChangeUnspecified Change = iota
	Awarded                  // the period is there now
	Superseded               // the period is there with other dates or another version
	Withdrawn                // the period is no longer there
)

var changeNames = [...]string{"", "awarded", "superseded", "withdrawn"}

// String is the change as it is written in messages.
func (c Change) String() string { return word(changeNames[:], uint8(c)) }

// Derivation is one entry of a batch's derived difference.
type Derivation struct {
	Change Change
	Award  Award  // for Withdrawn: as it was
	Cause  FactID // the fact of this batch that brought it about; zero: a publication
}

// HasCatalog reports whether b publishes any catalog entry.
func (b *Batch) HasCatalog() bool {
	return b.Settings != nil || len(b.Scales)+len(b.Conversions)+len(b.Frameworks)+len(b.Issuers)+
		len(b.Competencies)+len(b.Achievements)+len(b.Roles)+len(b.Ladders) > 0
}

// Len is the number of facts in b, without what is derived.
func (b *Batch) Len() int {
	n := len(b.Scales) + len(b.Conversions) + len(b.Frameworks) + len(b.Issuers) + len(b.Competencies) +
		len(b.Achievements) + len(b.Roles) + len(b.Ladders) + len(b.People) + len(b.Assignments) +
		len(b.Awards) + len(b.Claims) + len(b.Personal)
	if b.Settings != nil {
		n++
	}
	return n
}
