package graph

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// eachWord calls visit with every word of a text as it is compared, and the
// half-open range of runes of text that it comes from. A word is a run of
// letters, digits and marks, with any + and # that follow (c++, c#); of the
// scripts that are written without spaces every rune is a word. buf is space to
// use, given back for the next call; visit must not keep its word.
func eachWord(text string, buf []byte, visit func(word []byte, start, end int)) []byte {
	buf = buf[:0]
	start, at := 0, 0
	flush := func() {
		if len(buf) > 0 {
			visit(buf, start, at)
			buf = buf[:0]
		}
	}
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			switch {
			case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			case r >= 'A' && r <= 'Z':
				r += 'a' - 'A'
			case (r == '+' || r == '#') && len(buf) > 0:
			default:
				flush()
				at++
				continue
			}
			if len(buf) == 0 {
				start = at
			}
			buf = append(buf, byte(r))
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai):
			flush()
			start = at
			buf = append(buf, folded(r)...)
			at++
			flush()
			continue
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			if len(buf) == 0 {
				start = at
			}
			buf = append(buf, folded(r)...)
		case unicode.IsMark(r):
			// It belongs to the letter before it and is not compared.
		default:
			flush()
		}
		at++
	}
	flush()
	return buf
}

// folded is a letter as it is compared: decomposed (NFKD), without marks, case
// folded, and letters with a stroke as those without.
func folded(r rune) string {
	if r < foldTableEnd {
		return foldTable()[r]
	}
	return foldLetter(r)
}

// foldTableEnd is beyond the Latin, Greek and Cyrillic letters, which are folded
// so often that they are looked up.
const foldTableEnd = 0x530

var foldTable = sync.OnceValue(func() []string {
	out := make([]string, foldTableEnd)
	for r := range out {
		out[r] = foldLetter(rune(r))
	}
	return out
})

func foldLetter(r rune) string {
	if s, ok := stroked[r]; ok {
		return s
	}
	var out []rune
	for _, x := range norm.NFKD.String(string(r)) {
		if !unicode.IsMark(x) {
			out = append(out, x)
		}
	}
	text := cases.Fold().String(string(out))
	if text == "" {
		return string(r) // a letter that is a mark by itself
	}
	return text
}

// stroked are letters that Unicode does not decompose and people type plain.
var stroked = map[rune]string{
	'ø': "o", 'Ø': "o", 'đ': "d", 'Đ': "d", 'ł': "l", 'Ł': "l", 'ħ': "h", 'Ħ': "h", 'ı': "i",
	'æ': "ae", 'Æ': "ae", 'œ': "oe", 'Œ': "oe", 'þ': "th", 'Þ': "th", 'ð': "d", 'Ð': "d",
}
