package graph

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ID names an entry for ever: an IRI (http://data.europa.eu/esco/skill/…) or a
// slug (sql-for-beginners). Competencies, achievements, roles and people have a
// name space each. IDs are compared byte by byte.
type ID string

// MaxIDBytes bounds an ID: the longest IRI in the public frameworks read so far
// has 140 bytes, and a store may use an ID inside a key of its own.
const MaxIDBytes = 512

// Check reports why id cannot name anything: it is empty, longer than
// [MaxIDBytes], not UTF-8, or holds a space or a control character.
// The error's class is [ErrInvalid].
func (id ID) Check() error {
	switch {
	case id == "":
		return Invalid("id", "is empty; an id is an IRI or a slug such as sql-for-beginners")
	case len(id) > MaxIDBytes:
		return Invalid("id", fmt.Sprintf("has %d bytes; at most %d are allowed", len(id), MaxIDBytes))
	case !utf8.ValidString(string(id)):
		return Invalid("id", "is not valid UTF-8")
	}
	for _, r := range string(id) {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return Invalid(string(id), fmt.Sprintf("holds the character %U; spaces and control characters are not allowed in an id", r))
		}
	}
	return nil
}

// Revision numbers commits from 1 without gaps. Zero is the empty store.
type Revision uint64

// Kind says which name space an ID belongs to.
type Kind uint8

// The kinds of entries that can be named, listed and searched.
const (
	KindUnspecified Kind = iota
	KindCompetency
	KindAchievement
	KindRole
	KindPerson
	KindIssuer
	KindFramework
	KindScale
	KindLadder
)

var kindNames = [...]string{"", "competency", "achievement", "role", "person", "issuer", "framework", "scale", "ladder"}

// String is the kind as it is written in files and messages.
func (k Kind) String() string { return word(kindNames[:], uint8(k)) }

// word is names[i], or a readable number for a value outside the table.
func word(names []string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown(%d)", i)
}

// parse finds text in names; index 0, the unspecified value, is never found.
func parse(names []string, what, text string) (uint8, error) {
	for i, n := range names {
		if i > 0 && n == text {
			return uint8(i), nil
		}
	}
	return 0, Invalid(what, fmt.Sprintf("%q is not one of %s", text, strings.Join(names[1:], ", ")))
}
