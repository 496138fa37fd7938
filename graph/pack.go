package graph

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// validUntil is the end of an award of v issued at an instant; Forever for never.
func (v *Version) validUntil(issued Instant, zone *time.Location) Instant {
	switch {
	case v.Validity.Months > 0:
		return issued.AddMonths(v.Validity.Months, zone)
	case v.Validity.Until != 0:
		return v.Validity.Until
	}
	return Forever
}

// packAward resolves a's names and gives it a source, so that a stands as it is
// to be stored. What is left to the version stays so, see [Catalog.filled].
// Errors: [ErrInvalid] with a reason for what the catalog does not know.
func (c *Catalog) packAward(a *Award) (award, error) {
	i, ok := c.Achievement(a.Achievement)
	if !ok {
		return award{}, unknown(KindAchievement, a.Achievement, "apply the catalog that defines it first")
	}
	if a.IssuedAt == 0 {
		return award{}, Invalid("issued_at", "is missing; give the instant of issue")
	}
	v := c.VersionFor(i, a.IssuedAt)
	if a.Version != 0 {
		if a.Version < 0 || a.Version > len(c.achievements[i].versions) {
			return award{}, Invalid("version", fmt.Sprintf("achievement %s has no version %d; it has 1 to %d", a.Achievement, a.Version, len(c.achievements[i].versions)))
		}
		v = c.achievements[i].versions[a.Version-1]
	}
	if v == nil || v.Status == Draft {
		return award{}, Invalid(string(a.Achievement), "is a draft, and a draft cannot be awarded; publish it first")
	}
	if v.Version > math.MaxUint16 {
		return award{}, &Error{Class: ErrLimit, Subject: string(a.Achievement), Message: "has more than 65535 versions"}
	}
	if a.Source == AwardSourceUnspecified {
		a.Source = FromImport
	}
	issuer, ok := c.Issuer(a.Issuer)
	if !ok {
		if a.Issuer != "" {
			return award{}, unknown(KindIssuer, a.Issuer, "declare it under issuers in the catalog")
		}
		issuer = None
	}
	w := award{
		id: a.ID, issued: a.IssuedAt, until: a.ValidUntil, achievement: i, issuer: issuer,
		version: uint16(a.Version), source: a.Source, rigor: a.Rigor,
	}
	if full := c.filled(w); full.until <= w.issued {
		return award{}, Invalid("valid_until", fmt.Sprintf("%s is not after issued_at %s", full.until, w.issued))
	}
	return w, nil
}

// filled is w with what is left to the version: which it is, and its validity,
// rigor and issuer.
func (c *Catalog) filled(w award) award {
	v := c.version(&w)
	w.version = uint16(v.Version)
	if w.until == 0 {
		w.until = v.validUntil(w.issued, c.zone)
	}
	if w.rigor == RigorUnspecified {
		w.rigor = v.PlannedRigor()
	}
	if w.issuer == None {
		w.issuer = v.Issuer
	}
	return w
}

// version is the version that an award is of.
func (c *Catalog) version(w *award) *Version {
	if w.version == 0 {
		return c.VersionFor(w.achievement, w.issued)
	}
	return c.achievements[w.achievement].versions[w.version-1]
}

// unpackAward is the award that w packs.
func (c *Catalog) unpackAward(person ID, w *award) Award {
	a := Award{
		ID: w.id, Person: person, Achievement: c.AchievementID(w.achievement), Version: int(w.version),
		IssuedAt: w.issued, ValidUntil: w.until, Source: w.source, Rigor: w.rigor,
	}
	if w.issuer != None {
		a.Issuer = c.reg.issuers.rows[w.issuer].id
	}
	return a
}

func (c *Catalog) packClaim(cl *Claim) (claim, error) {
	i, ok := c.Competency(cl.Competency)
	if !ok {
		return claim{}, unknown(KindCompetency, cl.Competency, "apply the catalog that defines it first")
	}
	if n := c.Levels(i); cl.Level > n {
		return claim{}, &Error{
			Class: ErrInvalid, Reason: "LEVEL_OFF_SCALE", Subject: "level",
			Message: fmt.Sprintf("%d is off the scale of %s, which has levels 1 to %d", cl.Level, cl.Competency, n),
		}
	}
	if cl.At == 0 {
		return claim{}, Invalid("at", "is missing; give the instant of the claim")
	}
	if cl.Rigor == RigorUnspecified {
		cl.Rigor = Declared
	}
	return claim{id: cl.ID, at: cl.At, by: cl.By, competency: i, level: cl.Level, rigor: cl.Rigor}, nil
}

func (c *Catalog) packAssignment(a *Assignment) (assignment, error) {
	i, ok := c.Role(a.Role)
	if !ok {
		return assignment{}, unknown(KindRole, a.Role, "apply the catalog that defines it first")
	}
	if a.From == 0 {
		return assignment{}, Invalid("from", "is missing; give the first day of the assignment")
	}
	if a.Until != 0 && a.Until <= a.From {
		return assignment{}, Invalid("until", fmt.Sprintf("%s is not after from %s", a.Until, a.From))
	}
	return assignment{id: a.ID, from: a.From, until: a.Until.End(), role: i, unit: a.Unit, manager: a.Manager}, nil
}

func unknown(k Kind, id ID, hint string) *Error {
	return &Error{Class: ErrInvalid, Reason: "UNKNOWN_ID", Subject: string(id), Message: "is not a known " + k.String() + "; " + hint}
}

// sort puts q's facts in the order that the rest relies on.
func (q *person) sort() {
	slices.SortFunc(q.awards, compareAwards)
	slices.SortFunc(q.claims, func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.at, b.at), slices.Compare(a.id[:], b.id[:]))
	})
	slices.SortFunc(q.assignments, func(a, b assignment) int {
		return cmp.Or(cmp.Compare(a.from, b.from), slices.Compare(a.id[:], b.id[:]))
	})
}
