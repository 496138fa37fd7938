package graph

import (
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxSearchWords bounds the words of a query that are looked at.
const maxSearchWords = 16

// mark is what a search knows of a label so far.
type mark struct {
	words   uint8  // of the query that it has
	typos   uint8  // in them, together
	exact   uint8  // of them: in full
	aligned uint16 // of the query's words: stands at the same place in the label
	whole   uint16 // of the aligned words: in full
}

// searchWords are the words of a query, each once.
func searchWords(text string) []string {
	var out []string
	eachWord(text, nil, func(w []byte, _, _ int) {
		if len(out) < maxSearchWords {
			out = append(out, string(w))
		}
	})
	return out
}

// find is the best label of each entry that has every word.
func (x *searchIndex) find(c *Catalog, words []string, q *Query) []found {
	marks := x.scratch.Get().(*[]mark)
	defer func() {
		clear(*marks)
		x.scratch.Put(marks)
	}()
	for i, w := range words {
		x.exact(*marks, i, w)
	}
	out := x.collect(c, *marks, words, q)
	if len(out) > 0 {
		return out
	}
	clear(*marks)
	for i, w := range words {
		x.exact(*marks, i, w)
		x.near(*marks, i, w, i == len(words)-1)
	}
	return x.collect(c, *marks, words, q)
}

// exact marks the labels that have word in full or as the beginning of a word.
func (x *searchIndex) exact(marks []mark, i int, word string) {
	at, whole := slices.BinarySearch(x.words, word)
	if whole {
		x.mark(marks, i, at, 0, true)
		at++
	}
	for ; at < len(x.words) && strings.HasPrefix(x.words[at], word); at++ {
		x.mark(marks, i, at, 0, false)
	}
}

// typos is how many typing errors a word may have.
func typos(runes int) int {
	switch {
	case runes >= 8:
		return 2
	case runes >= 4:
		return 1
	}
	return 0
}

// near marks the labels that have word with typing errors; as the beginning of
// a longer word too, when the word may not be finished.
func (x *searchIndex) near(marks []mark, i int, word string, unfinished bool) {
	wanted := []rune(word)
	most := typos(len(wanted))
	letters := lettersOf(word)
	if most == 0 {
		return
	}
	type hit struct{ at, typos int }
	var hits []hit
	var runes [64]rune
	for at, w := range x.words {
		// An error changes two letters at most, and one that is not beyond the
		// end of an unfinished word leaves the others of it there.
		other := x.letters[at]
		if bits.OnesCount32(letters&^other) > most || !unfinished && bits.OnesCount32(letters^other) > 2*most {
			continue
		}
		if len(w) > 4*len(runes) || len(w) < len(wanted)-most {
			continue
		}
		r := runes[:0]
		for _, c := range w {
			r = append(r, c)
		}
		if n := len(wanted) + most; unfinished && len(r) > n {
			r = r[:n]
		}
		if d, ok := typingDistance(wanted, r, most, unfinished); ok && d > 0 {
			hits = append(hits, hit{at, d})
		}
	}
	for d := 1; d <= most; d++ {
		for _, h := range hits {
			if h.typos == d {
				x.mark(marks, i, h.at, d, false)
			}
		}
	}
}

// mark notes the i-th word of the query in every label that has the at-th word
// of the vocabulary. Words that fit better are marked before others.
func (x *searchIndex) mark(marks []mark, i, at, typos int, whole bool) {
	for _, p := range x.postings[x.starts[at]:x.starts[at+1]] {
		m := &marks[p>>wordBits]
		switch int(m.words) {
		case i:
			m.words++
			m.typos += uint8(typos)
			if whole {
				m.exact++
			}
		case i + 1:
		default:
			continue
		}
		if int(p&wordPlace) == i && typos == 0 {
			m.aligned |= 1 << i
			if whole {
				m.whole |= 1 << i
			}
		}
	}
}

// collect is the best label of each entry whose mark has all words.
func (x *searchIndex) collect(c *Catalog, marks []mark, words []string, q *Query) []found {
	var out []found
	full := uint16(1)<<len(words) - 1
	for i := range marks {
		m := &marks[i]
		if int(m.words) != len(words) {
			continue
		}
		l := &x.labels[i]
		if len(q.Kinds) > 0 && !slices.Contains(q.Kinds, l.kind) {
			continue
		}
		if len(q.Languages) > 0 && !slices.Contains(q.Languages, l.text(c).Lang) {
			continue
		}
		f := found{label: uint32(i), match: MatchWords, typos: m.typos, exact: m.exact}
		title := l.flags&isTitle != 0
		switch {
		case m.typos > 0:
			f.match = MatchTypos
		case m.whole == full && int(l.words) == len(words) && title:
			f.match = MatchTitle
		case m.whole == full && int(l.words) == len(words):
			f.match = MatchLabel
		case m.aligned == full && m.whole&(full>>1) == full>>1 && title:
			f.match = MatchPrefix
		}
		if n := len(out); n > 0 {
			if last := &x.labels[out[n-1].label]; last.entry == l.entry && last.kind == l.kind {
				if x.fit(f, out[n-1]) < 0 {
					out[n-1] = f
				}
				continue
			}
		}
		out = append(out, f)
	}
	return out
}

// withID puts the entries whose ID is the text into hits, by their first label.
func (x *searchIndex) withID(c *Catalog, hits []found, id ID, q *Query) []found {
	for _, k := range []Kind{KindCompetency, KindAchievement, KindRole} {
		if len(q.Kinds) > 0 && !slices.Contains(q.Kinds, k) || !c.has(k, id) {
			continue
		}
		same := func(l *searchLabel) bool { return l.kind == k && l.id(c) == id }
		at := slices.IndexFunc(x.labels, func(l searchLabel) bool { return same(&l) })
		if at < 0 {
			continue
		}
		hits = slices.DeleteFunc(hits, func(f found) bool { return same(&x.labels[f.label]) })
		hits = append(hits, found{label: uint32(at), match: MatchID})
	}
	return hits
}

// typingDistance is the edit distance from a to b, or with unfinished to the
// nearest beginning of b; false if it is more than most.
func typingDistance(a, b []rune, most int, unfinished bool) (int, bool) {
	if !unfinished {
		return editDistance(a, b, most)
	}
	best, ok := most+1, false
	for n := max(0, len(a)-most); n <= min(len(b), len(a)+most); n++ {
		if d, near := editDistance(a, b[:n], most); near && d < best {
			best, ok = d, true
		}
	}
	return best, ok
}

// lettersOf is a set of the letters of a word: the 26 of a to z, and 6 for the
// rest, by their number.
func lettersOf(word string) uint32 {
	set := uint32(0)
	for _, r := range word {
		if r >= 'a' && r <= 'z' {
			set |= 1 << (r - 'a')
		} else {
			set |= 1 << (26 + r%6)
		}
	}
	return set
}

// ranges are the runes of a label that the words of a query match: each word of
// the query the first word of the label that it fits best.
func ranges(label string, words []string) [][2]int {
	type labelWord struct {
		text       string
		start, end int
		taken      bool
	}
	var has []labelWord
	eachWord(label, nil, func(w []byte, start, end int) {
		has = append(has, labelWord{string(w), start, end, false})
	})
	var out [][2]int
	for i, q := range words {
		best, by := 1<<30, -1
		runes := []rune(q)
		for j := range has {
			w := &has[j]
			cost := 1 << 30
			switch {
			case w.text == q:
				cost = 0
			case strings.HasPrefix(w.text, q):
				cost = 1
			default:
				if d, ok := typingDistance(runes, []rune(w.text), typos(len(runes)), i == len(words)-1); ok && typos(len(runes)) > 0 {
					cost = 1 + d
				}
			}
			if w.taken && cost < 1<<30 {
				cost += 100 // a word that another word of the query has only if no other fits
			}
			if cost < best {
				best, by = cost, j
			}
		}
		if by < 0 {
			continue
		}
		w := &has[by]
		w.taken = true
		end := w.end
		if best%100 == 1 && utf8.RuneCountInString(w.text) == w.end-w.start {
			end = w.start + len(runes) // the beginning that matches
		}
		out = append(out, [2]int{w.start, end})
	}
	slices.SortFunc(out, func(a, b [2]int) int { return a[0] - b[0] })
	return slices.Compact(out)
}
