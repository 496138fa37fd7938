package filestore

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/cairn-skills/cairn/graph"
)

// Awards are nearly all of a great file, so this file reads them from the wire
// straight into rows: through the generated message, opening 20 M awards takes
// half as long again and twice the memory. What it accepts, the generated code
// reads alike; a test compares the two.

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

// readAwards is the rows of an Awards message, in out if it has the room.
func readAwards(data []byte, d *words, out []graph.AwardRow) []graph.AwardRow {
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
	var columns [awardFields][]uint64
	scratch := make([]uint64, 6*n)
	for _, field := range []int{
		fieldAwardPeople, fieldAwardAchievements, fieldAwardIssuers, fieldAwardVersions, fieldAwardIssuedAt, fieldAwardValidUntil,
	} {
		columns[field], scratch = scratch[:n:n], scratch[n:]
		if !readColumn(columns[field], f[field]) {
			d.fail("awards", "have columns of different lengths")
			return nil
		}
	}
	people, achievements, issuers := columns[fieldAwardPeople], columns[fieldAwardAchievements], columns[fieldAwardIssuers]
	versions, issued, valid := columns[fieldAwardVersions], columns[fieldAwardIssuedAt], columns[fieldAwardValidUntil]
	if cap(out) < n {
		out = make([]graph.AwardRow, n)
	}
	out = out[:n]
	last := graph.Instant(0)
	for i := range out {
		last += graph.Instant(int64(issued[i]>>1) ^ -int64(issued[i]&1))
		out[i] = graph.AwardRow{
			ID: graph.FactID(ids[16*i:]), IssuedAt: last, ValidUntil: endOf(last, valid[i]),
			Person: d.word(people[i]), Achievement: d.word(achievements[i]), Issuer: d.word(issuers[i]),
			Source: graph.AwardSource(sources[i]), Rigor: graph.Rigor(rigors[i]), Version: int(versions[i]),
		}
	}
	return out
}

// readColumn reads a packed field of variable-length numbers and reports whether
// it has as many as out.
func readColumn(out []uint64, b []byte) bool {
	for i := range out {
		switch {
		case len(b) > 0 && b[0] < 0x80:
			out[i], b = uint64(b[0]), b[1:]
		case len(b) > 1 && b[1] < 0x80:
			out[i], b = uint64(b[0]&0x7F)|uint64(b[1])<<7, b[2:]
		default:
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return false
			}
			out[i], b = v, b[n:]
		}
	}
	return len(b) == 0
}

// word is i, which is on the wire, as a position in d.
func (d *words) word(i uint64) uint32 {
	if i < uint64(len(d.ids)) {
		return uint32(i)
	}
	d.fail("a column", fmt.Sprintf("points at word %d of %d", i, len(d.ids)))
	return 0
}
