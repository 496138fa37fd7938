package graph

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// Query asks for entries by what people call them.
type Query struct {
	Text      string
	Kinds     []Kind // of KindCompetency, KindAchievement, KindRole; none means all three
	Languages []Lang // labels in these only; none means all
	Limit     int    // at most so many hits; 0 means all
	Offset    int    // without the first so many
}

// Match is how a label fits a query. A greater one is better.
type Match uint8

// The matches, from the weakest.
const (
	MatchNone   Match = iota
	MatchTypos        // every word, some with a typing error
	MatchWords        // every word, the label's words in full or by their beginning
	MatchPrefix       // the title begins with the text
	MatchLabel        // an alternative label is the text
	MatchTitle        // the title is the text
	MatchID           // the id is the text
)

// Hit is an entry that a query found, by the label that fits best.
type Hit struct {
	Kind    Kind
	ID      ID
	Label   string
	Lang    Lang
	Title   bool     // Label is the title, not an alternative label
	Ranges  [][2]int // half-open ranges of runes of Label that the words of the query match, in order
	Match   Match
	Retired bool
}

// Search finds the entries of which a label has every word of q.Text, in any
// order, in full or by its beginning; where that finds nothing, words of four
// runes or more may have a typing error and words of eight or more two. Case
// and accents do not matter. An empty text finds nothing.
//
// Entries in use come before retired ones; then by Match, then fewer typing
// errors, then more words in full, then the shorter label, then by ID: equal
// questions get equal answers.
// Entries that are only drafts are not found.
//
// The first call on a Catalog builds its index, which takes as long as reading
// every label; other calls wait for it.
func (c *Catalog) Search(q Query) []Hit {
	x := c.search.of(c)
	words := searchWords(q.Text)
	if len(words) == 0 {
		return nil
	}
	found := x.find(c, words, &q)
	if id := ID(strings.TrimSpace(q.Text)); id != "" {
		found = x.withID(c, found, id, &q)
	}
	from := min(max(q.Offset, 0), len(found))
	to := len(found)
	if q.Limit > 0 {
		to = min(to, from+q.Limit)
	}
	found = first(found, to, x.compare(c))[from:]
	hits := make([]Hit, len(found))
	for i := range found {
		hits[i] = x.hit(c, &found[i], words)
	}
	return hits
}

// first is the first n of all when they are sorted, sorted. It keeps the best so
// far: of many, few are better than all of them.
func first(all []found, n int, compare func(a, b found) int) []found {
	if n > len(all)/2 {
		slices.SortFunc(all, compare)
		return all[:n]
	}
	best := make([]found, 0, n+1)
	for _, f := range all {
		if n == 0 || len(best) == n && compare(f, best[n-1]) >= 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, f, compare)
		best = slices.Insert(best, at, f)
		best = best[:min(len(best), n)]
	}
	return best
}

// maxCandidates is how many candidates Resolve offers.
const maxCandidates = 10

// Resolve is the entry of kind k that text names: its ID, or its title if no
// other entry has it, or an alternative label likewise, in any language and
// whatever the case. Entries in use go before retired ones. Otherwise the ID is
// empty and the candidates are the entries that share the name, or the best of
// [Catalog.Search].
func (c *Catalog) Resolve(k Kind, text string) (ID, []Hit) {
	text = strings.TrimSpace(text)
	if c.has(k, ID(text)) {
		return ID(text), nil
	}
	hits := c.Search(Query{Text: text, Kinds: []Kind{k}})
	for _, m := range []Match{MatchTitle, MatchLabel} {
		for _, retired := range []bool{false, true} {
			var same []Hit
			for _, h := range hits {
				if h.Match == m && h.Retired == retired {
					same = append(same, h)
				}
			}
			switch len(same) {
			case 0:
			case 1:
				return same[0].ID, nil
			default:
				return "", same
			}
		}
	}
	return "", hits[:min(maxCandidates, len(hits))]
}

func (c *Catalog) has(k Kind, id ID) bool {
	ok := false
	switch k {
	case KindCompetency:
		_, ok = c.Competency(id)
	case KindAchievement:
		_, ok = c.Achievement(id)
	case KindRole:
		_, ok = c.Role(id)
	default:
	}
	return ok
}

// searchIndex is the postings of the words of all labels. It is filled on the
// first search and read-only then.
type searchIndex struct {
	once     sync.Once
	words    []string // sorted
	letters  []uint32 // of each word: which letters it has; see lettersOf
	starts   []uint32 // of each word and beyond the last: where its postings begin
	postings []posting
	labels   []searchLabel // those of one entry stand together
	scratch  sync.Pool     // of []mark, as many as labels
}

// posting says that a word stands in a label: the label's number above
// wordBits, and the word's place in it below.
type posting uint32

const (
	wordBits  = 6 // places beyond the last are the last
	wordPlace = 1<<wordBits - 1
)

// searchLabel is a title or alternative label of an entry.
type searchLabel struct {
	entry uint32 // index of its kind
	at    uint16 // into the titles, then into the alternative labels
	runes uint16
	words uint8
	kind  Kind
	flags uint8
}

const (
	isTitle = 1 << iota
	isRetired
)

// of is the index of c, built when first asked for.
func (x *searchIndex) of(c *Catalog) *searchIndex {
	x.once.Do(func() { x.build(c) })
	return x
}

// names are the labels of an entry and whether it is retired; false for one
// that is not to be found.
func (c *Catalog) names(k Kind, i uint32) (title Text, alts []Translation, retired, ok bool) {
	switch k {
	case KindCompetency:
		e := c.reg.competencies.rows[i].value
		return e.Title, e.AltLabels, e.Retired, true
	case KindAchievement:
		if order := c.achievements[i].order; len(order) > 0 {
			v := order[len(order)-1]
			return v.Title, v.AltLabels, v.Status == Retired, true
		}
	case KindRole:
		if order := c.roles[i].order; len(order) > 0 {
			v := order[len(order)-1]
			return v.Title, v.AltLabels, v.Status == Retired, true
		}
	default:
	}
	return nil, nil, false, false
}

func (x *searchIndex) build(c *Catalog) {
	type use struct {
		word uint32
		at   posting
	}
	numbers := make(map[string]uint32)
	var uses []use
	var buf []byte
	label := func(k Kind, entry uint32, at int, text string, flags uint8) {
		l := searchLabel{entry: entry, at: uint16(at), kind: k, flags: flags}
		number := posting(len(x.labels)) << wordBits
		runes, n := 0, 0
		buf = eachWord(text, buf, func(word []byte, _, end int) {
			i, ok := numbers[string(word)]
			if !ok {
				i = uint32(len(numbers))
				numbers[string(word)] = i
			}
			uses = append(uses, use{i, number | posting(min(n, wordPlace))})
			n, runes = n+1, end
		})
		l.words, l.runes = uint8(min(n, 255)), uint16(min(runes, 1<<16-1))
		x.labels = append(x.labels, l)
	}
	for _, k := range []Kind{KindCompetency, KindAchievement, KindRole} {
		n := len(c.competencies)
		switch k {
		case KindAchievement:
			n = len(c.achievements)
		case KindRole:
			n = len(c.roles)
		default:
		}
		for i := range uint32(n) {
			title, alts, retired, ok := c.names(k, i)
			if !ok || len(x.labels)+len(title)+len(alts) >= 1<<(32-wordBits) {
				continue
			}
			flags := uint8(0)
			if retired {
				flags = isRetired
			}
			for j, t := range title {
				label(k, i, j, t.Value, flags|isTitle)
			}
			for j, t := range alts[:min(len(alts), 1<<16-1)] {
				label(k, i, j, t.Value, flags)
			}
		}
	}
	x.words = make([]string, 0, len(numbers))
	for w := range numbers {
		x.words = append(x.words, w)
	}
	slices.Sort(x.words)
	place := make([]uint32, len(numbers))
	x.letters = make([]uint32, len(x.words))
	for i, w := range x.words {
		place[numbers[w]] = uint32(i)
		x.letters[i] = lettersOf(w)
	}
	// A counting sort; uses are in the order of the labels already.
	x.starts = make([]uint32, len(x.words)+1)
	for _, u := range uses {
		x.starts[place[u.word]+1]++
	}
	for i := range x.words {
		x.starts[i+1] += x.starts[i]
	}
	x.postings = make([]posting, len(uses))
	next := slices.Clone(x.starts)
	for _, u := range uses {
		w := place[u.word]
		x.postings[next[w]] = u.at
		next[w]++
	}
	x.labels = slices.Clip(x.labels)
	x.scratch.New = func() any {
		m := make([]mark, len(x.labels))
		return &m
	}
}

// id is the ID of the entry that a label belongs to.
func (l *searchLabel) id(c *Catalog) ID {
	switch l.kind {
	case KindCompetency:
		return c.CompetencyID(CompetencyIndex(l.entry))
	case KindAchievement:
		return c.AchievementID(AchievementIndex(l.entry))
	default:
		return c.RoleID(RoleIndex(l.entry))
	}
}

// text is the label as it is written.
func (l *searchLabel) text(c *Catalog) Translation {
	title, alts, _, _ := c.names(l.kind, l.entry)
	if l.flags&isTitle != 0 {
		return title[l.at]
	}
	return alts[l.at]
}

// found is a label that fits, as it is ranked.
type found struct {
	label uint32
	match Match
	typos uint8
	exact uint8 // of the query's words: in the label in full
}

// hit is f as an answer.
func (x *searchIndex) hit(c *Catalog, f *found, words []string) Hit {
	l := &x.labels[f.label]
	t := l.text(c)
	h := Hit{
		Kind: l.kind, ID: l.id(c), Label: t.Value, Lang: t.Lang,
		Title: l.flags&isTitle != 0, Retired: l.flags&isRetired != 0, Match: f.match,
	}
	if f.match != MatchID {
		h.Ranges = ranges(t.Value, words)
	}
	return h
}

// compare orders hits: see [Catalog.Search].
func (x *searchIndex) compare(c *Catalog) func(a, b found) int {
	return func(a, b found) int {
		la, lb := &x.labels[a.label], &x.labels[b.label]
		if d := cmp.Compare(la.flags&isRetired, lb.flags&isRetired); d != 0 {
			return d
		}
		if d := x.fit(a, b); d != 0 {
			return d
		}
		return cmp.Or(cmp.Compare(la.id(c), lb.id(c)), cmp.Compare(la.kind, lb.kind))
	}
}

// fit orders by how well labels fit, the better first.
func (x *searchIndex) fit(a, b found) int {
	if d := cmp.Or(cmp.Compare(b.match, a.match), cmp.Compare(a.typos, b.typos), cmp.Compare(b.exact, a.exact)); d != 0 {
		return d
	}
	la, lb := &x.labels[a.label], &x.labels[b.label]
	return cmp.Or(cmp.Compare(la.runes, lb.runes), cmp.Compare(lb.flags&isTitle, la.flags&isTitle))
}
