package server

import (
	"fmt"
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// shapeMessage is what is wrong with the first field.
func shapeMessage(e *protovalidate.ValidationError) string {
	list := shapeFields(e).GetFieldViolations()
	switch {
	case len(list) == 0:
		return "the request has another shape"
	case list[0].GetField() == "":
		return list[0].GetDescription()
	}
	return list[0].GetField() + ": " + list[0].GetDescription()
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
		return "must be " + enumWords(v)
	}
	return v.Proto.GetMessage()
}

// enumWords are the words that a field takes which has none of them. A violation
// by an item of a list does not say of which field it is.
func enumWords(v *protovalidate.Violation) string {
	if v.FieldDescriptor == nil || v.FieldDescriptor.Enum() == nil {
		return "a word that it takes; GET /openapi.json lists them"
	}
	d := v.FieldDescriptor.Enum()
	if !v.RuleValue.IsValid() || v.RuleDescriptor.Name() != "in" {
		return wordsOf(d)
	}
	var words []string
	for list, i := v.RuleValue.List(), 0; i < list.Len(); i++ {
		if x := d.Values().ByNumber(protoreflect.EnumNumber(list.Get(i).Int())); x != nil {
			words = append(words, string(x.Name()))
		}
	}
	return strings.Join(words, " or ")
}

// wordsOf are the words of an enum that say something.
func wordsOf(d protoreflect.EnumDescriptor) string {
	var words []string
	for i := range d.Values().Len() {
		if x := d.Values().Get(i); x.Number() != 0 {
			words = append(words, string(x.Name()))
		}
	}
	return strings.Join(words, " or ")
}
