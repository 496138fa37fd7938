package server

import (
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// TestRules: every RPC says what a caller needs, of a person that its request
// names.
func TestRules(t *testing.T) {
	n := 0
	for m := range methods() {
		n++
		for _, problem := range ruleProblems(ruleOf(m), m.Input()) {
			t.Errorf("%s: %s", m.FullName(), problem)
		}
	}
	if n < 20 {
		t.Errorf("%d RPCs found, want 20 at least", n)
	}
}

// TestRulesBite: what TestRules looks for it finds.
func TestRulesBite(t *testing.T) {
	anyone, self := cairnv1.Relation_RELATION_ANYONE, cairnv1.Relation_RELATION_SELF
	input := (&cairnv1.GetPersonRequest{}).ProtoReflect().Descriptor()
	for _, row := range []struct {
		name string
		rule *cairnv1.Rule
		want int
	}{
		{"no rule", nil, 1},
		{"no scope", &cairnv1.Rule{Relations: []cairnv1.Relation{anyone}}, 1},
		{"no relation", &cairnv1.Rule{Scope: cairnv1.Scope_SCOPE_PEOPLE_READ}, 1},
		{"an undeclared relation", &cairnv1.Rule{Scope: cairnv1.Scope_SCOPE_PEOPLE_READ, Relations: []cairnv1.Relation{0}}, 1},
		{"oneself without a subject", &cairnv1.Rule{Scope: cairnv1.Scope_SCOPE_PEOPLE_READ, Relations: []cairnv1.Relation{self}}, 1},
		{"a subject that is not there", &cairnv1.Rule{Scope: cairnv1.Scope_SCOPE_PEOPLE_READ, Relations: []cairnv1.Relation{self}, SubjectField: "who"}, 1},
		{"a subject that is no text", &cairnv1.Rule{Scope: cairnv1.Scope_SCOPE_PEOPLE_READ, Relations: []cairnv1.Relation{self}, SubjectField: "as_of"}, 1},
		{"right", &cairnv1.Rule{Scope: cairnv1.Scope_SCOPE_PEOPLE_READ, Relations: []cairnv1.Relation{self}, SubjectField: "person"}, 0},
	} {
		if got := ruleProblems(row.rule, input); len(got) != row.want {
			t.Errorf("%s: problems %v, want %d", row.name, got, row.want)
		}
	}
}

// ruleProblems is what is wrong with a rule for requests of this type.
func ruleProblems(r *cairnv1.Rule, input protoreflect.MessageDescriptor) []string {
	if r == nil {
		return []string{"it declares no rule"}
	}
	var out []string
	if r.GetScope() == cairnv1.Scope_SCOPE_UNSPECIFIED {
		out = append(out, "it declares no scope")
	}
	if len(r.GetRelations()) == 0 {
		out = append(out, "it declares no relation")
	}
	for _, x := range r.GetRelations() {
		switch {
		case x == cairnv1.Relation_RELATION_UNSPECIFIED:
			out = append(out, "it declares an unspecified relation")
		case x == cairnv1.Relation_RELATION_SELF && r.GetSubjectField() == "":
			out = append(out, "it is allowed to the subject and names none")
		}
	}
	if name := r.GetSubjectField(); name != "" {
		f := input.Fields().ByName(protoreflect.Name(name))
		if f == nil || f.Kind() != protoreflect.StringKind || f.IsList() {
			out = append(out, "its subject "+name+" is no text field of the request")
		}
	}
	return out
}

// TestSharedFields: the fields that many requests share have the same number and
// type in each, which the guards rely on.
func TestSharedFields(t *testing.T) {
	want := map[protoreflect.Name]struct {
		number protoreflect.FieldNumber
		kind   protoreflect.Kind
	}{
		"min_revision": {minRevisionField, protoreflect.Uint64Kind}, "as_of": {21, protoreflect.MessageKind},
		"languages": {22, protoreflect.StringKind}, "omit_labels": {23, protoreflect.BoolKind}, "page_size": {24, protoreflect.Int32Kind},
		"page_token": {25, protoreflect.StringKind}, "if_revision": {ifRevisionField, protoreflect.Uint64Kind},
		"key": {27, protoreflect.StringKind}, "dry_run": {28, protoreflect.BoolKind},
	}
	for m := range methods() {
		fields := m.Input().Fields()
		for i := range fields.Len() {
			f := fields.Get(i)
			w, shared := want[f.Name()]
			if shared && (f.Number() != w.number || f.Kind() != w.kind) {
				t.Errorf("%s is %d, a %s; want %d, a %s", f.FullName(), f.Number(), f.Kind(), w.number, w.kind)
			}
			if !shared && f.Number() >= minRevisionField && f.Number() <= 28 {
				t.Errorf("%s takes the number %d of a shared field", f.FullName(), f.Number())
			}
		}
	}
}

// TestEnumsAgree: the enums that are converted by number have the same words in
// graph and in the contract.
func TestEnumsAgree(t *testing.T) {
	for _, row := range []struct {
		enum   protoreflect.Enum
		prefix string
		offset int // of the contract's number over graph's
		word   func(int) string
		last   int
		extra  int // values at the end that only the contract has
	}{
		{cairnv1.Kind(0), "KIND_", 0, func(i int) string { return graph.Kind(i).String() }, 8, 2},
		{cairnv1.Rigor(0), "RIGOR_", 0, func(i int) string { return graph.Rigor(i).String() }, 4, 0},
		{cairnv1.AwardSource(0), "AWARD_SOURCE_", 0, func(i int) string { return graph.AwardSource(i).String() }, 5, 0},
		{cairnv1.RouteKind(0), "ROUTE_KIND_", 0, func(i int) string { return graph.RouteKind(i).String() }, 4, 0},
		{cairnv1.Severity(0), "SEVERITY_", 0, func(i int) string { return graph.Severity(i).String() }, 2, 1},
		{cairnv1.Status(0), "STATUS_", 0, func(i int) string { return graph.Status(i).String() }, 3, 0},
		{cairnv1.ChangePolicy(0), "CHANGE_POLICY_", 1, func(i int) string { return graph.ChangePolicy(i).String() }, 2, 0},
		{cairnv1.AwardMode(0), "AWARD_MODE_", 1, func(i int) string { return graph.AwardMode(i).String() }, 2, 0},
		{cairnv1.CompetencyKind(0), "COMPETENCY_KIND_", 0, func(i int) string { return graph.CompetencyKind(i).String() }, 6, 0},
		{cairnv1.AlignmentType(0), "ALIGNMENT_TYPE_", 0, func(i int) string { return graph.AlignmentType(i).String() }, 5, 0},
		{cairnv1.AchievementType(0), "ACHIEVEMENT_TYPE_", 0, func(i int) string { return graph.AchievementType(i).String() }, 7, 0},
		{cairnv1.DerivedChange_Change(0), "CHANGE_", 0, func(i int) string { return graph.Change(i).String() }, 3, 0},
		{cairnv1.CatalogChange_Action(0), "ACTION_", 0, func(i int) string { return graph.EntryAction(i).String() }, 3, 0},
	} {
		values := row.enum.Descriptor().Values()
		if values.Len() != row.last+row.offset+row.extra+1 {
			t.Errorf("%s has %d values, want %d", row.enum.Descriptor().FullName(), values.Len(), row.last+row.offset+row.extra+1)
			continue
		}
		for i := 1 - row.offset; i <= row.last; i++ {
			v := values.ByNumber(protoreflect.EnumNumber(i + row.offset))
			if want := row.prefix + upper(row.word(i)); string(v.Name()) != want {
				t.Errorf("%s %d is %s, want %s", row.enum.Descriptor().FullName(), i+row.offset, v.Name(), want)
			}
		}
	}
}

// upper is a word of graph as enums have it: exactMatch is EXACT_MATCH.
func upper(word string) string {
	var out []rune
	for _, r := range word {
		switch {
		case r >= 'A' && r <= 'Z':
			out = append(out, '_', r)
		case r >= 'a' && r <= 'z':
			out = append(out, r-'a'+'A')
		default:
			out = append(out, r)
		}
	}
	return string(out)
}
