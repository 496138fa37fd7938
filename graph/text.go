package graph

import (
	"cmp"
	"slices"
)

// Lang is a BCP 47 language tag, e.g. "en" or "de-CH". It is compared as written.
type Lang string

// Translation is a text in one language.
type Translation struct {
	Lang  Lang
	Value string
}

// Text is a language map: at most one value per language, sorted by language.
// Build it with [NewText]; nil is the empty text.
type Text []Translation

// NewText is the language map of the given translations; of several in one
// language the last counts, and empty values are left out.
func NewText(translations ...Translation) Text {
	t := make(Text, 0, len(translations))
	for _, tr := range translations {
		if i := slices.IndexFunc(t, func(x Translation) bool { return x.Lang == tr.Lang }); i >= 0 {
			t[i].Value = tr.Value
		} else {
			t = append(t, tr)
		}
	}
	t = slices.DeleteFunc(t, func(x Translation) bool { return x.Value == "" })
	slices.SortFunc(t, func(a, b Translation) int { return cmp.Compare(a.Lang, b.Lang) })
	if len(t) == 0 {
		return nil
	}
	return t
}

// In is the value in the first of the wanted languages that t has, otherwise
// its first value by language, with the language it is in; empty for no value.
func (t Text) In(wanted ...Lang) Translation {
	for _, l := range wanted {
		for _, tr := range t {
			if tr.Lang == l {
				return tr
			}
		}
	}
	if len(t) == 0 {
		return Translation{}
	}
	return t[0]
}
