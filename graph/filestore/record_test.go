package filestore

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/metrics"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	storev1 "github.com/cairn-skills/cairn/gen/cairn/store/v1"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// encoded is the parts of a batch as the log keeps them.
func encoded(tb testing.TB, b graph.Batch) [][]byte {
	tb.Helper()
	var rows []personalRow
	for i, p := range b.Personal {
		rows = append(rows, personalRow{graph.PersonalRef{Person: p.Person, About: p.About}, uint32(i), [sumSize]byte{byte(i + 1)}})
	}
	var out [][]byte
	for _, p := range split(&b, rows) {
		data, err := p.encode()
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, data)
	}
	return out
}

// seeds are parts of all sorts.
func seeds(tb testing.TB) (out [][]byte) {
	tb.Helper()
	for _, b := range []graph.Batch{
		graphtest.FullBatch(1), {People: []graph.Person{{ID: "p"}}}, {Settings: &graph.Settings{}}, {Key: "k", Awards: make([]graph.Award, 3)},
	} {
		out = append(out, encoded(tb, b)...)
	}
	for b := range (graphtest.World{People: 3, Awards: 50}).Batches() {
		out = append(out, encoded(tb, b)...)
	}
	return out
}

// stable fails unless what data decodes to is encoded to something that
// decodes to the same.
func stable(tb testing.TB, data []byte) {
	tb.Helper()
	p, err := decodeWhole(data)
	if err != nil {
		if !errors.Is(err, errMalformed) {
			tb.Fatalf("the error %v does not say that the part is malformed", err)
		}
		return
	}
	again, err := p.encode()
	if err != nil {
		tb.Fatalf("what was decoded cannot be encoded: %v", err)
	}
	q, err := decodeWhole(again)
	if err != nil {
		tb.Fatalf("what was encoded cannot be decoded: %v", err)
	}
	if d := graphtest.Diff(p.batch, q.batch); d != "" || p.parts != q.parts {
		tb.Fatalf("the second decoding differs (-first +second):\n%s", d)
	}
	if len(p.personals) != len(q.personals) {
		tb.Fatalf("%d personal rows became %d", len(p.personals), len(q.personals))
	}
	for i := range p.personals {
		if p.personals[i] != q.personals[i] {
			tb.Fatalf("row %d was %v and became %v", i, p.personals[i], q.personals[i])
		}
	}
}

// allocated is how many bytes the process has ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// maxGrowth bounds the bytes of memory per byte that is decoded: an empty
// message of two bytes becomes an Achievement of half a kilobyte, and its
// generated twin.
const maxGrowth = 2048

// decodeWhole is decode with the awards in the batch.
func decodeWhole(data []byte) (*part, error) {
	p, err := decode(data, nil)
	if err != nil {
		return nil, err
	}
	p.widen()
	return p, nil
}

// FuzzDecode: strangers' bytes never end the process or take memory out of
// proportion, and what is decoded stays the same.
func FuzzDecode(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0x3a, 0x02, 0x3a, 0x00}, 50))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		decodeWhole(data) //nolint:errcheck // stable looks at the error
		if used, most := allocated()-before, uint64(maxGrowth*len(data)+4<<20); used > most {
			t.Fatalf("decoding %d bytes took %d bytes of memory", len(data), used)
		}
		stable(t, data)
	})
}

// TestDecodeDamaged decodes every beginning of a part, and a part with every
// single byte changed.
func TestDecodeDamaged(t *testing.T) {
	t.Parallel()
	for _, data := range seeds(t) {
		data = data[:min(len(data), 1500)]
		for i := range data {
			stable(t, data[:i])
			changed := bytes.Clone(data)
			for _, b := range []byte{0, 0x7F, 0x80, 0xFF, data[i] ^ 1} {
				changed[i] = b
				stable(t, changed)
			}
		}
	}
}

// TestReadAwardsAsGenerated compares the hand-written reader of awards with the
// generated one.
func TestReadAwardsAsGenerated(t *testing.T) {
	compare := func(t rapid.TB, data []byte) {
		t.Helper()
		var m storev1.Part
		if err := proto.Unmarshal(data, &m); err != nil {
			return // then decode refuses it too; see below
		}
		p, err := decodeWhole(data)
		if err != nil {
			return
		}
		d, err := unpackDictionary(m.GetDictionary())
		if err != nil {
			t.Fatal(err)
		}
		n := d.awardRows(m.GetAwards())
		want := make([]graph.Award, n)
		last := graph.Instant(0)
		for i := range want {
			last = d.award(&want[i], m.GetAwards(), i, last)
		}
		if d.err != nil {
			t.Fatalf("the generated reader refuses what was decoded: %v", d.err)
		}
		if diff := graphtest.Diff(want, p.batch.Awards); diff != "" {
			t.Fatalf("the two differ (-generated +read):\n%s", diff)
		}
	}
	for _, s := range seeds(t) {
		compare(t, s)
		if _, err := decodeWhole(s); err != nil {
			t.Fatal(err)
		}
	}
	all := seeds(t)
	rapid.Check(t, func(r *rapid.T) {
		data := bytes.Clone(rapid.SampledFrom(all).Draw(r, "seed"))
		for range rapid.IntRange(1, 4).Draw(r, "changes") {
			data[rapid.IntRange(0, len(data)-1).Draw(r, "at")] = rapid.Byte().Draw(r, "byte")
		}
		compare(r, data)
	})
}

// TestDecodeRefuses has one malformed part for each thing that can be wrong.
func TestDecodeRefuses(t *testing.T) {
	field := func(number protowire.Number, value []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), value)
	}
	ids := field(1, make([]byte, 16))
	for _, c := range []struct {
		name string
		data []byte
		says string
	}{
		{"no tag", []byte{0}, "malformed part"},
		{"a cut field", []byte{0x2a, 5, 1}, "malformed part"},
		{"awards twice", append(field(10, ids), field(10, ids)...), "not one field"},
		{"awards as a number", []byte{10 << 3, 1}, "not one field"},
		{"half an id", field(10, field(1, make([]byte, 15))), "different lengths"},
		{"ids alone", field(10, ids), "different lengths"},
		{"a column twice", field(10, append(ids, ids...)), "does not belong"},
		{"a word that is not there", field(8, []byte{0}), "points at word 0 of 0"},
		{"a word past the end", field(6, field(2, []byte{1})), "reaches past the end"},
		{"bytes of no word", field(6, field(1, []byte("text"))), "belong to no word"},
		{"claims of two lengths", field(11, ids), "different lengths"},
		{"assignments of two lengths", field(9, ids), "different lengths"},
		{"derivations of two lengths", field(13, field(1, []byte{1})), "different lengths"},
		{"records without sums", field(12, append(field(2, []byte{0}), field(3, make([]byte, 16))...)), "different lengths"},
		{"not text", field(2, []byte{0xFF}), "malformed part"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := decodeWhole(c.data)
			if !errors.Is(err, errMalformed) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v; want one that says %q", err, c.says)
			}
		})
	}
}

// TestEndCode: every pair of instants has a code, and no other pair has it.
func TestEndCode(t *testing.T) {
	special := []graph.Instant{0, 1, -1, 2, graph.Forever, graph.Forever - 1, -graph.Forever, -graph.Forever - 1, 1 << 62}
	instant := rapid.OneOf(rapid.SampledFrom(special), rapid.Map(rapid.Int64(), func(i int64) graph.Instant { return graph.Instant(i) }))
	rapid.Check(t, func(r *rapid.T) {
		from, until := instant.Draw(r, "from"), instant.Draw(r, "until")
		if got := endOf(from, endCode(from, until)); got != until {
			r.Fatalf("%d became %d", until, got)
		}
		code := rapid.Uint64().Draw(r, "code")
		if got := endCode(from, endOf(from, code)); got != code {
			r.Fatalf("the code %d became %d", code, got)
		}
	})
}

// TestSplit: parts keep the order and lose nothing, and none is too heavy.
func TestSplit(t *testing.T) {
	var whole graph.Batch
	for b := range (graphtest.World{People: 900, Awards: 9000}).Batches() {
		graphtest.Join(&whole, b)
	}
	rows := make([]personalRow, 10_000)
	for i := range rows {
		rows[i].ordinal = uint32(i)
	}
	parts := split(&whole, rows)
	var joined graph.Batch
	var joinedRows []personalRow
	for i, p := range parts {
		join(&joined, &p.batch)
		joinedRows = append(joinedRows, p.personals...)
		if weight := p.batch.Len() + len(p.personals); weight > partRoom {
			t.Errorf("part %d has %d facts", i, weight)
		}
		if (p.parts > 0) != (i == 0) {
			t.Errorf("part %d counts %d parts", i, p.parts)
		}
	}
	joined.Settings, joined.At = parts[0].batch.Settings, whole.At
	if d := graphtest.Diff(whole, joined); d != "" {
		t.Errorf("the parts differ from the batch (-want +got):\n%.1000s", d)
	}
	if len(joinedRows) != len(rows) || parts[0].parts != len(parts) {
		t.Errorf("%d rows in %d parts, which count %d", len(joinedRows), len(parts), parts[0].parts)
	}
	for i, r := range joinedRows {
		if int(r.ordinal) != i {
			t.Fatalf("row %d came as %d", r.ordinal, i)
		}
	}
}

// TestNumbers pins the numbers of the enumerations that files hold: a constant
// that changes its number changes the meaning of every file there is.
func TestNumbers(t *testing.T) {
	var got strings.Builder
	list := func(name string, n int, text func(i uint8) string) {
		fmt.Fprintf(&got, "%s:", name)
		for i := range n {
			fmt.Fprintf(&got, " %s", text(uint8(i)))
		}
		got.WriteByte('\n')
	}
	list("change", 4, func(i uint8) string { return graph.Change(i).String() })
	list("rigor", 5, func(i uint8) string { return graph.Rigor(i).String() })
	list("source", 6, func(i uint8) string { return graph.AwardSource(i).String() })
	list("competency kind", 7, func(i uint8) string { return graph.CompetencyKind(i).String() })
	list("alignment", 6, func(i uint8) string { return graph.AlignmentType(i).String() })
	list("achievement", 8, func(i uint8) string { return graph.AchievementType(i).String() })
	list("status", 4, func(i uint8) string { return graph.Status(i).String() })
	list("on change", 3, func(i uint8) string { return graph.ChangePolicy(i).String() })
	list("route", 5, func(i uint8) string { return graph.RouteKind(i).String() })
	list("award", 3, func(i uint8) string { return graph.AwardMode(i).String() })
	list("op", 6, func(i uint8) string { return graph.Op(i).String() })
	fmt.Fprintf(&got, "sharing: %d %d\n", graph.Shared, graph.Exclusive)
	const want = `change:  awarded superseded withdrawn
rigor:  declared endorsed assessed proctored
source:  assessment import prior_learning migration derived
competency kind:  skill knowledge ability attitude language group
alignment:  exactMatch closeMatch broadMatch narrowMatch relatedMatch
achievement:  badge micro_credential certificate certification course degree license
status:  draft in_force retired
on change: grandfather reevaluate grace
route:  course assessment stack renewal
award: claim automatic recommend
op:  at_least credits holds level tenure
sharing: 0 1
`
	if d := graphtest.Diff(want, got.String()); d != "" {
		t.Errorf("numbers changed their meaning (-want +got):\n%s", d)
	}
}
