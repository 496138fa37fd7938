package seal_test

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/cairn-skills/cairn/graph/seal"
)

func newKey(t *testing.T) *seal.Key {
	t.Helper()
	k, err := (&seal.Key{}).Next()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealOpens(t *testing.T) {
	k := newKey(t)
	rapid.Check(t, func(r *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(r, "plain")
		place := rapid.String().Draw(r, "place")
		sealed, err := k.Seal(place, plain)
		if err != nil {
			r.Fatal(err)
		}
		got, erased, err := k.Open(place, sealed)
		if err != nil || erased || !bytes.Equal(got, plain) {
			r.Fatalf("opened %q, erased %t, %v", got, erased, err)
		}
		if _, _, err := k.Open(place+"x", sealed); err == nil {
			r.Fatal("it opens in another place")
		}
		i := rapid.IntRange(0, len(sealed)-1).Draw(r, "byte")
		bad := slices.Clone(sealed)
		bad[i] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
		if got, erased, err := k.Open(place, bad); err == nil && !erased {
			r.Fatalf("it opens with a bit flipped: %q", got)
		}
		if _, _, err := k.Open(place, sealed[:i]); err == nil && i >= 4 {
			r.Fatal("it opens when it is cut")
		}
	})
}

func TestSealHidesItsContent(t *testing.T) {
	k := newKey(t)
	a, errA := k.Seal("p", []byte("Ada Lovelace"))
	b, errB := k.Seal("p", []byte("Ada Lovelace"))
	if errA != nil || errB != nil || bytes.Contains(a, []byte("Ada")) || bytes.Equal(a, b) {
		t.Errorf("sealed twice: %x, %x, %v, %v", a, b, errA, errB)
	}
}

func TestDestroyedKeysOpenNothing(t *testing.T) {
	first := newKey(t)
	sealed, err := first.Seal("p", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	gone := first.Destroyed()
	next, err := gone.Next()
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]*seal.Key{"destroyed": gone, "next": next} {
		if plain, erased, err := k.Open("p", sealed); !erased || plain != nil || err != nil {
			t.Errorf("the %s key opens %q, erased %t, %v", name, plain, erased, err)
		}
	}
	if _, err := gone.Seal("p", nil); err == nil {
		t.Error("a destroyed key seals")
	}
	later, err := next.Seal("p", []byte("y"))
	if err != nil {
		t.Fatal(err)
	}
	if _, erased, err := first.Open("p", later); err == nil || erased {
		t.Errorf("an older key answers erased %t, %v for a record of a later epoch", erased, err)
	}
}

func TestParseReadsWhatAppendWrote(t *testing.T) {
	k := newKey(t)
	kept := k.Append(nil, "person")
	read, err := seal.Parse("person", kept)
	if err != nil || *read != *k {
		t.Fatalf("read %+v, %v", read, err)
	}
	if gone := k.Destroyed().Append(nil, "person"); bytes.Contains(gone, kept[5:37]) {
		t.Error("a destroyed key keeps its secret")
	}
	if _, err := seal.Parse("another", kept); err == nil {
		t.Error("it is taken for another person's")
	}
	for i := range len(kept) * 8 {
		bad := slices.Clone(kept)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := seal.Parse("person", bad); err == nil {
			t.Errorf("bit %d flipped is not seen", i)
		}
	}
}
