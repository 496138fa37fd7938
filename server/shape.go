package server

import (
	"fmt"
	"slices"
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
)

// shapeOf is what is wrong with the first field: which it is, empty for the
// whole request, and a sentence.
func shapeOf(fields *errdetails.BadRequest) (subject, message string) {
	list := fields.GetFieldViolations()
	switch {
	case len(list) == 0:
		return "", "the request has another shape"
	case list[0].GetField() == "":
		return "", list[0].GetDescription()
	}
	return list[0].GetField(), list[0].GetField() + ": " + list[0].GetDescription()
}

// shapeFields are the fields that have another shape, by the names of the .proto
// files, such as awards[0].issued_at, and what would be right for each.
func shapeFields(e *protovalidate.ValidationError) *errdetails.BadRequest {
	out := &errdetails.BadRequest{}
	for _, v := range e.Violations {
		out.FieldViolations = append(out.FieldViolations, &errdetails.BadRequest_FieldViolation{
			Field: protovalidate.FieldPathString(v.Proto.GetField()), Description: shapeSentence(v), Reason: "SHAPE",
		})
	}
	return out
}

// shapeSentence says what is wrong with a field and what would be right. The
// rules that the contract writes itself have their own sentences.
func shapeSentence(v *protovalidate.Violation) string {
	id := v.Proto.GetRuleId()
	_, rule, _ := strings.Cut(id, ".")
	switch {
	case id == "required":
		return "is missing"
	case rule == "min_bytes" && v.RuleValue.Uint() == 1:
		return "is missing or empty"
	case rule == "min_items" && v.RuleValue.Uint() == 1:
		return "is missing or empty; at least one is needed"
	case rule == "min_bytes":
		return fmt.Sprintf("has %d bytes; it has at least %d", len(v.FieldValue.String()), v.RuleValue.Uint())
	case rule == "max_bytes":
		return fmt.Sprintf("has %d bytes; at most %d are allowed", len(v.FieldValue.String()), v.RuleValue.Uint())
	case rule == "max_len":
		return fmt.Sprintf("has %d bytes; at most %d are allowed", len(v.FieldValue.Bytes()), v.RuleValue.Uint())
	case rule == "min_items":
		return fmt.Sprintf("has %d items; at least %d are needed", v.FieldValue.List().Len(), v.RuleValue.Uint())
	case rule == "max_items":
		return fmt.Sprintf("has %d items; at most %d are allowed", v.FieldValue.List().Len(), v.RuleValue.Uint())
	case rule == "unique":
		return "names something twice"
	case strings.HasPrefix(id, "enum."):
		if v.FieldDescriptor == nil { // of an item of a list
			return "must be a word that it takes; GET /openapi.json lists them"
		}
		return "must be " + wordsOf(v.FieldDescriptor)
	}
	return v.Proto.GetMessage()
}

// wordsOf are the words of an enum that a field takes, or each item of its list,
// and that say something.
func wordsOf(f protoField) string {
	all, err := protovalidate.ResolveFieldRules(f)
	if err != nil {
		all = nil // rules that cannot be read were refused when the server began
	}
	rules := all.GetEnum()
	if f.IsList() {
		rules = all.GetRepeated().GetItems().GetEnum()
	}
	var words []string
	for i := range f.Enum().Values().Len() {
		x := f.Enum().Values().Get(i)
		n := int32(x.Number())
		if n == 0 || len(rules.GetIn()) > 0 && !slices.Contains(rules.GetIn(), n) || slices.Contains(rules.GetNotIn(), n) {
			continue
		}
		words = append(words, string(x.Name()))
	}
	return strings.Join(words, " or ")
}
