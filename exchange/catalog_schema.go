package exchange

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"maps"
)

// catalogSchemaFile is the name under which the schema may lie beside a catalog.
const catalogSchemaFile = "catalog.schema.json"

// catalogSchemaText is committed so that editors can be pointed at it; a test
// compares it with what the tables of keys say and rewrites it with -update.
//
//go:embed catalog.schema.json
var catalogSchemaText []byte

// CatalogSchema is the JSON Schema (draft 2020-12) of a catalog file, with which
// editors complete and check it while it is written. It knows the same keys and
// words as [DecodeCatalog]; it cannot know ids and the levels of scales.
func CatalogSchema() []byte { return bytes.Clone(catalogSchemaText) }

// buildCatalogSchema is the schema made from the tables that the reader uses.
func buildCatalogSchema() []byte {
	defs := map[string]any{
		"id": map[string]any{
			"type": "string", "minLength": 1, "maxLength": 512, "pattern": `^\S+$`,
			"description": "An IRI, or a slug such as sql-for-beginners. It names an entry for ever.",
		},
		"language": map[string]any{"type": "string", "pattern": languagePattern.String(), "description": "A BCP 47 tag, e.g. en or de-CH."},
		"text": map[string]any{
			"description": "A text in the catalog's language, or a map of languages and texts.",
			"anyOf": []any{
				map[string]any{"type": "string", "minLength": 1},
				map[string]any{"type": "object", "propertyNames": refTo("language"), "additionalProperties": map[string]any{"type": "string", "minLength": 1}},
			},
		},
		"date": map[string]any{
			"type": "string", "pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt].+)?$`,
			"description": "A date such as 2027-01-31 in the catalog's zone, or a time such as 2027-01-31T12:00:00Z.",
		},
		"months":   map[string]any{"type": "string", "pattern": monthsPattern.String(), "description": "A length of time, e.g. 24 months or 2 years."},
		"effort":   map[string]any{"type": "string", "minLength": 2, "pattern": effortPattern.String(), "description": "Working time, e.g. 12h, 90m or 1h30m."},
		"currency": map[string]any{"type": "string", "pattern": `^[A-Z]{3}$`, "description": "An ISO 4217 code, e.g. EUR."},
		"money": map[string]any{
			"description": "A price such as 60 EUR; a bare number is in the catalog's currency.",
			"anyOf": []any{
				map[string]any{"type": "number", "minimum": 0, "maximum": maxCatalogMoney},
				map[string]any{"type": "string", "pattern": moneyPattern.String()},
			},
		},
		"rate": map[string]any{
			"description": "A number above 0, or a fraction such as \"10/13\".",
			"anyOf":       []any{map[string]any{"type": "number", "exclusiveMinimum": 0}, map[string]any{"type": "string", "pattern": `^[0-9.]+(/[0-9.]+)?$`}},
		},
		// No multipleOf: editors divide in floating point and would refuse 1.15.
		"credits": map[string]any{"type": "number", "minimum": 0, "maximum": maxCatalogCredits, "description": "Credits, with at most two decimals."},
		"level": map[string]any{
			"description": "A level by its number, from 1, or by its name on the scale.",
			"anyOf":       []any{map[string]any{"type": "integer", "minimum": 1, "maximum": 100}, map[string]any{"type": "string", "minLength": 1}},
		},
		"level_or_none": map[string]any{"anyOf": []any{refTo("level"), map[string]any{"const": 0}}},
		"rigor":         map[string]any(oneWord(rigorWords)),
		"attestation": map[string]any{
			"description": "A competency and the level that is proved, e.g. {sql: 2}; the id alone for one without levels.",
			"anyOf": []any{
				refTo("id"),
				map[string]any{"type": "object", "minProperties": 1, "maxProperties": 1, "propertyNames": refTo("id"), "additionalProperties": refTo("level")},
			},
		},
		"criteria":  map[string]any{"anyOf": []any{refTo("criteria_map"), refTo("text")}, "description": "Prose, or a map with narrative and url."},
		"on_change": map[string]any{"anyOf": []any{map[string]any(oneWord(changePlainWords)), refTo("grace")}},
	}
	for _, s := range []*catalogShape{
		settingsShape, scaleShape, conversionShape, frameworkShape, issuerShape, competencyShape, implicationShape,
		alignmentShape, achievementShape, criteriaShape, routeShape, graceShape, roleShape, ladderShape,
	} {
		defs[s.name] = s.schema()
	}
	for _, in := range []*ruleContext{ruleContextPlain, ruleContextTerm, ruleContextOptional} {
		forms := []any{map[string]any{"$ref": "#/$defs/id", "description": "The id of an achievement that must be held."}}
		for _, f := range in.forms {
			name := f.name
			if in != ruleContextPlain {
				name = in.name + "_" + f.name
			}
			defs[name] = f.schema()
			forms = append(forms, refTo(name))
		}
		defs[in.name] = map[string]any{"anyOf": forms, "description": "What must be met: the id of an achievement, or one of the forms."}
	}
	root := rootShape.schema()
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Cairn catalog"
	root["$defs"] = defs
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		panic("exchange: the catalog schema cannot be written: " + err.Error())
	}
	return b.Bytes()
}

// schema is the JSON Schema of a map of shape s.
func (s *catalogShape) schema() map[string]any {
	properties := make(map[string]any, len(s.keys))
	var required []any
	for _, k := range s.keys {
		p := map[string]any{"description": k.doc}
		maps.Copy(p, k.value)
		properties[k.name] = p
		if k.required {
			required = append(required, k.name)
		}
	}
	out := map[string]any{
		"type": "object", "description": s.doc, "properties": properties, "additionalProperties": false,
	}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}
