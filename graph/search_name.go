package graph

import (
	"slices"
	"strings"
)

// NameQuery is a text prepared for looking through many names.
type NameQuery struct {
	words  []string
	runes  [][]rune
	folded string // the words with a space between
}

// NewNameQuery prepares text. Without a word it matches no name.
func NewNameQuery(text string) NameQuery {
	q := NameQuery{words: searchWords(text)}
	for _, w := range q.words {
		q.runes = append(q.runes, []rune(w))
	}
	q.folded = strings.Join(q.words, " ")
	return q
}

// FoldName is a name as it is compared: its words, folded, with a space between.
func FoldName(name string) string {
	var b strings.Builder
	b.Grow(len(name))
	eachWord(name, nil, func(w []byte, _, _ int) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.Write(w)
	})
	return b.String()
}

// MatchFolded is how a name that [FoldName] folded fits: [MatchNone] unless it
// has every word of the query, in full or by its beginning, or, if errors is
// true, with typing errors as in [Catalog.Search]; [MatchPrefix] when it begins
// with the text. Looking for typing errors costs ten times as much.
func (q NameQuery) MatchFolded(name string, errors bool) Match {
	if len(q.words) == 0 {
		return MatchNone
	}
	if name == q.folded {
		return MatchTitle
	}
	if strings.HasPrefix(name, q.folded) {
		return MatchPrefix
	}
	all := MatchWords
	for i, word := range q.words {
		m := MatchNone
		for rest := name; rest != "" && m != MatchWords; {
			var w string
			w, rest, _ = strings.Cut(rest, " ")
			if strings.HasPrefix(w, word) {
				m = MatchWords
			} else if m == MatchNone && errors && q.typed(i, w) {
				m = MatchTypos
			}
		}
		if m == MatchNone {
			return MatchNone
		}
		all = min(all, m)
	}
	return all
}

func (q NameQuery) typed(i int, w string) bool {
	most := typos(len(q.runes[i]))
	if most == 0 || len(w) < len(q.runes[i])-most {
		return false
	}
	var space [64]rune
	r := space[:0]
	for _, c := range w {
		r = append(r, c)
	}
	_, ok := typingDistance(q.runes[i], r, most, i == len(q.words)-1)
	return ok
}

// MatchName is how well name fits query, the half-open ranges of runes of name
// that fit, and whether it fits at all. To look through many names use
// [NewNameQuery].
func MatchName(query, name string) (m Match, where [][2]int, ok bool) {
	q := NewNameQuery(query)
	if m = q.MatchFolded(FoldName(name), true); m == MatchNone {
		return m, nil, false
	}
	return m, slices.Clip(ranges(name, q.words)), true
}
