package graph

// Person is an opaque id. Everything else about a person that is not an id, a
// date, a level or a code lives in a [Personal] record.
type Person struct {
	ID ID
}

// Assignment says that a person works in a role, in a unit, for a manager, in
// the half-open interval from From until Until. Recording one with the same
// FactID again replaces Manager and Until.
type Assignment struct {
	ID      FactID
	Person  ID
	Role    ID
	Unit    ID
	Manager ID // a person; may be empty
	From    Instant
	Until   Instant // zero: open
}

// Personal is a record about one person that a store seals with that person's
// key. About is zero for the record of the person itself, otherwise the award
// or claim that it describes.
type Personal struct {
	Person      ID
	About       FactID
	Name        string   // of the person; About is zero
	Identifiers []string // external identifiers, e.g. an import's row key
	Evidence    []string // links or texts
	Erased      bool     // answered by a store whose key for the person was destroyed; never stored
}

// PersonalRef names a Personal record.
type PersonalRef struct {
	Person ID
	About  FactID
}
