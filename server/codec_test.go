package server

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// TestCodec: what the codec writes is read as what was given, in as many bytes
// as the general way takes, and the same again.
func TestCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 40, 200)
		m := &cairnv1.GetRoleResponse{Served: &cairnv1.Served{RequestId: text.Draw(t, "id")}}
		if rapid.Bool().Draw(t, "answered") {
			m.Answer = &cairnv1.GetRoleAnswer{Role: &cairnv1.Role{Id: text.Draw(t, "role"), Title: rapid.MapOf(text, text).Draw(t, "title")}}
			m.Answer.Labels = rapid.MapOf(text, rapid.Custom(func(t *rapid.T) *cairnv1.Label {
				return &cairnv1.Label{Kind: cairnv1.Kind(rapid.Int32Range(0, 9).Draw(t, "kind")), Title: text.Draw(t, "title"), Language: text.Draw(t, "language")}
			})).Draw(t, "labels")
		}
		want := proto.CloneOf(m)
		again := proto.CloneOf(m)
		first, err := codec{}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		second, err := codec{}.Marshal(again)
		if err != nil {
			t.Fatal(err)
		}
		if string(first.Materialize()) != string(second.Materialize()) {
			t.Error("the same message in other bytes")
		}
		if first.Len() != proto.Size(want) {
			t.Errorf("%d bytes, want %d", first.Len(), proto.Size(want))
		}
		got := new(cairnv1.GetRoleResponse)
		if err := proto.Unmarshal(first.Materialize(), got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("read (-given +read):\n%s", diff)
		}
	})
}

// TestCodecKnowsLabels: every response whose answer has labels is written the
// short way, and the numbers of the fields are the contract's.
func TestCodecKnowsLabels(t *testing.T) {
	n := 0
	for m := range methods() {
		d := m.Output()
		answer := d.Fields().ByName("answer")
		if answer == nil || answer.Message().Fields().ByName("labels") == nil {
			continue
		}
		n++
		if findParts(d) == nil {
			t.Errorf("%s is written the long way", d.FullName())
		}
	}
	if n < 10 {
		t.Errorf("%d responses have labels, want 10 at least", n)
	}
	label := (&cairnv1.Label{}).ProtoReflect().Descriptor().Fields()
	if label.Len() != 3 || label.ByName("kind").Number() != labelKind || label.ByName("title").Number() != labelTitle || label.ByName("language").Number() != labelLanguage {
		t.Errorf("a Label has other fields than the codec writes: %v", label)
	}
}
