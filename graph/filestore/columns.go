package filestore

import (
	"fmt"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/cairn-skills/cairn/graph"
)

// Awards are nearly all of a great file, so this file reads them from the wire
// straight into graph.Award: through the generated message, opening 20 M awards
// takes half as long again and twice the memory. What it accepts, the generated
// code reads alike; a test compares the two.

// The numbers of the fields in record.proto.
const (
	fieldPartAwards = 10

	fieldAwardIDs          = 1
	fieldAwardPeople       = 2
	fieldAwardAchievements = 3
	fieldAwardVersions     = 4
	fieldAwardIssuedAt     = 5
	fieldAwardValidUntil   = 6
	fieldAwardSources      = 7
	fieldAwardRigors       = 8
	fieldAwardIssuers      = 9
	awardFields            = 10 // one more than the greatest
)

// cutAwards takes the recorded awards out of a Part.
func cutAwards(data []byte) (rest, awards []byte, err error) {
	for at := 0; at < len(data); {
		number, kind, tag := protowire.ConsumeTag(data[at:])
		if tag < 0 {
			return nil, nil, fmt.Errorf("%w part: %w", errMalformed, protowire.ParseError(tag))
		}
		size := protowire.ConsumeFieldValue(number, kind, data[at+tag:])
		if size < 0 {
			return nil, nil, fmt.Errorf("%w part: %w", errMalformed, protowire.ParseError(size))
		}
		if number == fieldPartAwards {
			if kind != protowire.BytesType || awards != nil {
				return nil, nil, fmt.Errorf("%w part: the awards are not one field", errMalformed)
			}
			awards, _ = protowire.ConsumeBytes(data[at+tag:])
		} else {
			rest = append(rest, data[at:at+tag+size]...)
		}
		at += tag + size
	}
	return rest, awards, nil
}

// readAwards is the rows of an Awards message.
func readAwards(data []byte, d *words) []graph.Award {
	var f [awardFields][]byte
	for at := 0; at < len(data); {
		number, kind, tag := protowire.ConsumeTag(data[at:])
		if tag < 0 || kind != protowire.BytesType || int(number) >= len(f) || f[number] != nil {
			d.fail("awards", "have a field that does not belong there")
			return nil
		}
		value, size := protowire.ConsumeBytes(data[at+tag:])
		if size < 0 {
			d.fail("awards", "are cut")
			return nil
		}
		f[number] = value
		at += tag + size
	}
	n := len(f[fieldAwardIDs]) / 16
	if n == 0 || len(f[fieldAwardIDs])%16 != 0 || len(f[fieldAwardSources]) != n || len(f[fieldAwardRigors]) != n {
		if len(data) > 0 {
			d.fail("awards", "have columns of different lengths")
		}
		return nil
	}
	ids, sources, rigors := f[fieldAwardIDs], f[fieldAwardSources], f[fieldAwardRigors]
	people, achievements, issuers := column{b: f[fieldAwardPeople]}, column{b: f[fieldAwardAchievements]}, column{b: f[fieldAwardIssuers]}
	versions, issued, valid := column{b: f[fieldAwardVersions]}, column{b: f[fieldAwardIssuedAt]}, column{b: f[fieldAwardValidUntil]}
	out := make([]graph.Award, n)
	last := graph.Instant(0)
	for i := range out {
		a := &out[i]
		a.ID = graph.FactID(ids[16*i:])
		a.Person, a.Achievement, a.Issuer = d.word(people.next()), d.word(achievements.next()), d.word(issuers.next())
		a.Version = int(versions.next())
		delta := issued.next()
		last += graph.Instant(int64(delta>>1) ^ -int64(delta&1))
		a.IssuedAt = last
		a.ValidUntil = endOf(last, valid.next())
		a.Source, a.Rigor = graph.AwardSource(sources[i]), graph.Rigor(rigors[i])
	}
	for _, c := range []*column{&people, &achievements, &issuers, &versions, &issued, &valid} {
		if c.wrong || len(c.b) > 0 {
			d.fail("awards", "have columns of different lengths")
			return nil
		}
	}
	return out
}

// column is a packed field of variable-length numbers.
type column struct {
	b     []byte
	wrong bool // it ended too early
}

// next is the next number, 0 when there is none.
func (c *column) next() uint64 {
	if len(c.b) > 0 && c.b[0] < 0x80 {
		v := uint64(c.b[0])
		c.b = c.b[1:]
		return v
	}
	if len(c.b) > 1 && c.b[1] < 0x80 {
		v := uint64(c.b[0]&0x7F) | uint64(c.b[1])<<7
		c.b = c.b[2:]
		return v
	}
	return c.long()
}

func (c *column) long() uint64 {
	v, n := protowire.ConsumeVarint(c.b)
	if n < 0 {
		c.wrong, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

// word is the string at i, which on the wire is cut to 32 bits.
func (d *words) word(i uint64) graph.ID {
	if bits.Len64(i) > 32 {
		d.fail("a column", "points beyond every dictionary")
		return ""
	}
	return d.id(uint32(i))
}
