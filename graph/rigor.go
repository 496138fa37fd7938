package graph

// Rigor is how strictly something was assessed. It is ordered.
type Rigor uint8

// The rigors, from the weakest.
const (
	RigorUnspecified Rigor = iota
	Declared               // somebody says so
	Endorsed               // somebody else confirms it
	Assessed               // it was assessed
	Proctored              // assessed under supervision with the identity checked
)

// Rigors is the number of rigors; they run from Declared to Proctored.
const Rigors = 4

var rigorNames = [...]string{"", "declared", "endorsed", "assessed", "proctored"}

// String is the rigor as it is written in files.
func (r Rigor) String() string { return word(rigorNames[:], uint8(r)) }

// ParseRigor is the rigor that String writes as text.
func ParseRigor(text string) (Rigor, error) {
	i, err := parse(rigorNames[:], "rigor", text)
	return Rigor(i), err
}
