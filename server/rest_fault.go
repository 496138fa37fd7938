package server

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cairn-skills/cairn/graph"
)

// diagnose says where and why a text that was refused is not the JSON of a
// message, with the field and the line. It reads the text again, which only who
// sent something wrong waits for. Cost: linear in the text.
func diagnose(text []byte, d protoreflect.MessageDescriptor) *graph.Error {
	f := &faults{text: text, read: json.NewDecoder(bytes.NewReader(text))}
	f.read.UseNumber()
	if !utf8.Valid(text) {
		good := 0
		for good < len(text) {
			r, n := utf8.DecodeRune(text[good:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			good += n
		}
		return shapeError("", "the body is not UTF-8 at "+f.place(good))
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(text, new(json.RawMessage))); ok {
		return shapeError("", "the body is not JSON at "+f.place(int(syntax.Offset)-1))
	}
	if err := f.message(d, ""); err != nil {
		return err
	}
	return shapeError("", "the body is not the JSON of this request, which GET /openapi.json describes")
}

// faults reads JSON that is well formed, up to what does not fit a message.
type faults struct {
	text []byte
	read *json.Decoder
	at   int // where the token begins that was read last
}

// place is a byte of the text as a line and a column, counted from 1 in runes.
func (f *faults) place(at int) string {
	before := f.text[:max(0, min(at, len(f.text)))]
	line := bytes.LastIndexByte(before, '\n') + 1
	return fmt.Sprintf("line %d, column %d", bytes.Count(before, []byte("\n"))+1, utf8.RuneCount(before[line:])+1)
}

// token is the next token.
func (f *faults) token() json.Token {
	f.at = int(f.read.InputOffset())
	f.at += len(f.text[f.at:]) - len(bytes.TrimLeft(f.text[f.at:], " \t\r\n,:"))
	t, _ := f.read.Token() // the text is well formed
	return t
}

// wrong is a fault of the token that was read last.
func (f *faults) wrong(path, message string) *graph.Error {
	if path == "" {
		message = "the body " + message
	}
	return shapeError(path, message+" ("+f.place(f.at)+")")
}

// message reads an object.
func (f *faults) message(d protoreflect.MessageDescriptor, path string) *graph.Error {
	if f.token() != json.Delim('{') {
		return f.wrong(path, "must be an object in braces")
	}
	seen := make(map[protoreflect.Name]bool)
	for f.read.More() {
		key, _ := f.token().(string)
		x := d.Fields().ByJSONName(key)
		if x == nil {
			x = d.Fields().ByTextName(key)
		}
		if x == nil {
			return f.wrong(join(path, key), "is no field here; GET /openapi.json lists those there are")
		}
		name := join(path, string(x.Name()))
		if seen[x.Name()] {
			return f.wrong(name, "is given twice")
		}
		seen[x.Name()] = true
		if one := x.ContainingOneof(); one != nil && !one.IsSynthetic() {
			if seen[one.Name()] {
				return f.wrong(name, "stands beside another field of which there can be only one")
			}
			seen[one.Name()] = true
		}
		if err := f.field(x, name); err != nil {
			return err
		}
	}
	f.token() // the brace
	return nil
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

// field reads the value of a field.
func (f *faults) field(x protoField, path string) *graph.Error {
	if rest := bytes.TrimLeft(f.text[f.read.InputOffset():], " \t\r\n:"); bytes.HasPrefix(rest, []byte("null")) {
		f.token()
		return nil
	}
	switch {
	case x.IsMap():
		if f.token() != json.Delim('{') {
			return f.wrong(path, "must be an object in braces")
		}
		for f.read.More() {
			key, _ := f.token().(string)
			if err := f.value(x.MapValue(), path+"["+strconv.Quote(key)+"]"); err != nil {
				return err
			}
		}
		f.token() // the brace
		return nil
	case x.IsList():
		if f.token() != json.Delim('[') {
			return f.wrong(path, "must be a list in brackets")
		}
		for i := 0; f.read.More(); i++ {
			if err := f.value(x, path+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
		f.token() // the bracket
		return nil
	}
	return f.value(x, path)
}

// value reads one value of a field.
func (f *faults) value(x protoField, path string) *graph.Error {
	if d := x.Message(); d != nil && d.FullName() != timestampName {
		return f.message(d, path)
	}
	t := f.token()
	text, isText := t.(string)
	number, isNumber := t.(json.Number)
	wanted := ""
	switch x.Kind() {
	case protoreflect.StringKind:
		if !isText {
			wanted = "a text in quotes"
		}
	case protoreflect.BoolKind:
		if _, ok := t.(bool); !ok {
			wanted = "true or false"
		}
	case protoreflect.BytesKind:
		if !isText || !isBase64(text) {
			wanted = "bytes in base64"
		}
	case protoreflect.EnumKind:
		switch {
		case isNumber:
			if _, err := number.Int64(); err != nil {
				wanted = wordsOf(x)
			}
		case !isText || x.Enum().Values().ByName(protoreflect.Name(text)) == nil:
			wanted = wordsOf(x)
		}
	case protoreflect.MessageKind: // a time
		if !isText || !isTime(text) {
			wanted = "a time, for example \"2026-10-15T12:00:00Z\""
		}
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		if _, err := strconv.ParseFloat(text+string(number), 64); err != nil {
			wanted = "a number"
		}
	default: // whole numbers, which may stand in quotes and may be written 1e3
		wanted = integer(x.Kind(), text+string(number))
	}
	if wanted != "" {
		return f.wrong(path, "must be "+wanted)
	}
	return nil
}

func isBase64(text string) bool {
	plain := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	_, err := base64.RawStdEncoding.DecodeString(plain)
	return err == nil
}

// integer is what a number must be to be of a kind of whole numbers; empty if it is.
func integer(k protoreflect.Kind, text string) string {
	low, high, wanted := 0.0, float64(math.MaxUint64), "a whole number, 0 at least"
	switch k {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		low, high, wanted = math.MinInt32, math.MaxInt32, "a whole number of 32 bits"
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		low, high, wanted = math.MinInt64, math.MaxInt64, "a whole number of 64 bits"
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		high = math.MaxUint32
	default: // 64 bits without a sign
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n != math.Trunc(n) || n < low || n > high {
		return wanted
	}
	return ""
}
