package graph

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// FactID names a recorded or derived fact: the first 16 bytes of a SHA-256 over
// what makes the fact itself, so that recording the same fact twice is one fact.
type FactID [16]byte

// String is the lower-case hexadecimal form.
func (f FactID) String() string {
	var text [2 * len(FactID{})]byte
	hex.Encode(text[:], f[:])
	return string(text[:])
}

// IsZero reports whether f names nothing.
func (f FactID) IsZero() bool { return f == FactID{} }

// ParseFactID reads what String writes.
func ParseFactID(text string) (FactID, error) {
	var f FactID
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(f) {
		return f, Invalid("fact id", "must be 32 hexadecimal digits, not "+text)
	}
	copy(f[:], b)
	return f, nil
}

// factID hashes a kind and fields, each with its length before it so that no
// two lists of fields read the same.
func factID(kind string, fields ...string) FactID {
	h := sha256.New()
	var n [8]byte
	write := func(s string) {
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	write(kind)
	for _, f := range fields {
		write(f)
	}
	var f FactID
	copy(f[:], h.Sum(nil))
	return f
}

// AwardSource is where an award comes from.
type AwardSource uint8

// The sources of awards.
const (
	AwardSourceUnspecified AwardSource = iota
	FromAssessment
	FromImport
	FromPriorLearning
	FromMigration
	FromStack // derived: by the fold, never recorded by a caller
)

var awardSourceNames = [...]string{"", "assessment", "import", "prior_learning", "migration", "derived"}

// String is the source as it is written in files.
func (s AwardSource) String() string { return word(awardSourceNames[:], uint8(s)) }

// ParseAwardSource is the source that String writes as text.
func ParseAwardSource(text string) (AwardSource, error) {
	i, err := parse(awardSourceNames[:], "source", text)
	return AwardSource(i), err
}

// Award says that a person earned a version of an achievement. It is immutable,
// and recorded as it was given: what is left to the version is filled from the
// catalog when it is asked about, so that a version that is published late, with
// an earlier effect, means the same as one that was there before the award.
type Award struct {
	ID          FactID
	Person      ID
	Achievement ID
	Version     int // zero: the version in force at IssuedAt, or the first
	IssuedAt    Instant
	ValidUntil  Instant // half-open; zero: by the version's validity; Forever: never lapses
	Source      AwardSource
	Rigor       Rigor // unspecified: the version's
	Issuer      ID    // empty: the version's
}

// AwardID is the id of a recorded award: of its person, achievement, issue
// instant, and the source's own key for it if it has one. The issuer makes no
// other award, because a source may name it or leave it to the version: who got
// the same thing twice at one instant needs a key.
func AwardID(person, achievement ID, issuedAt Instant, key string) FactID {
	return factID("award", string(person), string(achievement), issuedAt.String(), "", key)
}

// DerivedID is the id of a derived award: of its person, achievement and the
// ordinal of its period, counted from 1, so that late facts that move its date
// do not orphan what names it.
func DerivedID(person, achievement ID, ordinal int) FactID {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(ordinal))
	return factID("derived", string(person), string(achievement), string(n[:]))
}

// Claim is a competency level declared by someone: By names the source (self,
// a person's id, a system). Of claims by the same source for the same
// competency the latest counts; level 0 withdraws.
type Claim struct {
	ID         FactID
	Person     ID
	Competency ID
	Level      Level
	Rigor      Rigor
	By         ID
	At         Instant
}

// ClaimID is the id of a claim: of its person, competency, source and instant.
func ClaimID(person, competency, by ID, at Instant) FactID {
	return factID("claim", string(person), string(competency), string(by), at.String())
}

// AssignmentID is the id of an assignment: of its person, role, unit and start.
func AssignmentID(person, role, unit ID, from Instant) FactID {
	return factID("assignment", string(person), string(role), string(unit), from.String())
}
