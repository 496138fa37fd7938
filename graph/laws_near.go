package graph

import "strings"

// maxHints bounds the looking for nearest ids, which costs a walk over all of
// a kind: an author who renamed a folder needs no thousand hints.
const maxHints = 20

// known reports an id that no entry of the kind has.
func (l *linter) known(k Kind, id ID) bool { return l.knownOr(Failure, k, id) }

func (l *linter) knownOr(s Severity, k Kind, id ID) bool {
	index, ids := l.index(k)
	if _, ok := index[id]; ok {
		return true
	}
	message := "no " + k.String() + " has the id " + string(id)
	if id == "" {
		message = "the id of the " + k.String() + " is missing"
	}
	report := l.warn
	if s == Failure {
		report = l.fail
	}
	report(codeUnknownID, message, l.hint(k, id, ids), id)
	return false
}

// hint says what id may have been meant to be.
func (l *linter) hint(k Kind, id ID, ids func() []ID) string {
	for other := KindCompetency; other <= KindLadder; other++ {
		if index, _ := l.index(other); other != k && id != "" {
			if _, ok := index[id]; ok {
				return string(id) + " is " + article(other) + "; name " + article(k)
			}
		}
	}
	if l.hints > 0 && id != "" {
		l.hints--
		if near := nearestID(id, ids()); near != "" {
			return "did you mean " + string(near) + "?"
		}
	}
	return "define the " + k.String() + " in the catalog, or name one that is defined"
}

func article(k Kind) string {
	if k == KindAchievement || k == KindIssuer {
		return "an " + k.String()
	}
	return "a " + k.String()
}

// index is the ids of a kind.
func (l *linter) index(k Kind) (index map[ID]uint32, ids func() []ID) {
	r := l.reg
	switch k {
	case KindCompetency:
		return r.competencies.index, r.competencies.ids
	case KindAchievement:
		return r.achievements.index, r.achievements.ids
	case KindRole:
		return r.roles.index, r.roles.ids
	case KindIssuer:
		return r.issuers.index, r.issuers.ids
	case KindFramework:
		return r.frameworks.index, r.frameworks.ids
	case KindScale:
		return r.scales.index, r.scales.ids
	case KindLadder:
		return r.ladders.index, r.ladders.ids
	default:
		return nil, func() []ID { return nil }
	}
}

// nearestID is the id within a quarter of the length of the wanted one in
// edits, 1 at least; the first by ID of the nearest; empty for none.
func nearestID(wanted ID, ids []ID) ID {
	w := []rune(strings.ToLower(string(wanted)))
	if len(w) > MaxIDBytes {
		return ""
	}
	best, most := ID(""), max(1, len(w)/4)
	for _, id := range ids {
		if len(id) > MaxIDBytes {
			continue
		}
		d, ok := editDistance(w, []rune(strings.ToLower(string(id))), most)
		if ok && (d < most || best == "" || id < best) {
			best, most = id, d
		}
	}
	return best
}

// editDistance is the least number of insertions, deletions, replacements and
// exchanges of neighbors that turn a into b, each part edited once (optimal
// string alignment; Damerau, "A technique for computer detection and correction
// of spelling errors", Communications of the ACM 7(3), 1964). False if it is
// more than most. Cost: len(a) × most.
func editDistance(a, b []rune, most int) (int, bool) {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return 0, false
	}
	var small [3 * 33]int
	rows := small[:]
	width := len(b) + 1
	if 3*width > len(rows) {
		rows = make([]int, 3*width)
	}
	before, above, row := rows[:width], rows[width:2*width], rows[2*width:3*width]
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		lo, hi := max(1, i-most), min(len(b), i+most)
		for j := range row {
			row[j] = most + 1
		}
		if lo == 1 {
			row[0] = i
		}
		least := row[0]
		for j := lo; j <= hi; j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(above[j-1]+cost, above[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			row[j] = min(d, most+1)
			least = min(least, row[j])
		}
		if least > most {
			return 0, false
		}
		before, above, row = above, row, before
	}
	if d := above[len(b)]; d <= most {
		return d, true
	}
	return 0, false
}
