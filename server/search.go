package server

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// Search answers a page of the entries that have a name.
//
// Errors: those of page. Cost: by the index of the catalog; for people linear in
// their number.
func (s *searchService) Search(ctx context.Context, req *cairnv1.SearchRequest) (*cairnv1.SearchResponse, error) {
	p, err := s.page(ctx, req)
	if err != nil {
		return nil, err
	}
	var kinds []graph.Kind
	people := false
	for _, k := range req.GetKinds() {
		if k == cairnv1.Kind_KIND_PERSON {
			people = true
		} else {
			kinds = append(kinds, graph.Kind(k))
		}
	}
	var found []graph.Hit
	if len(kinds) > 0 || !people {
		found = p.snap.Catalog.Search(graph.Query{Text: req.GetQ(), Kinds: kinds})
	}
	for i := range found {
		found[i].Retired = retiredAt(p.snap.Catalog, &found[i], p.at)
	}
	if !req.GetRetired() {
		found = slices.DeleteFunc(found, func(h graph.Hit) bool { return h.Retired })
	}
	if people {
		found = append(found, peopleNamed(p.snap, req.GetQ())...)
	}
	// Each of the two lists has its own finer order.
	slices.SortStableFunc(found, func(a, b graph.Hit) int {
		if a.Retired != b.Retired {
			if a.Retired {
				return 1
			}
			return -1
		}
		return cmp.Compare(b.Match, a.Match)
	})
	wanted := wantedLanguages(p.snap.Catalog, req.GetLanguages())
	lo, hi := p.cut(len(found))
	answer := &cairnv1.SearchAnswer{
		Hits: hitsOut(p.snap, req.GetQ(), found[lo:hi], wanted), NextPageToken: p.next(hi, len(found)), Total: int32(len(found)),
		Basis: s.basis(p.snap, p.at, nil),
	}
	return &cairnv1.SearchResponse{Answer: answer, Served: s.served(ctx, req, p.snap.Revision, p.at)}, nil
}

// retiredAt reports whether the entry of a hit is retired at an instant.
func retiredAt(c *graph.Catalog, h *graph.Hit, at graph.Instant) bool {
	switch h.Kind {
	case graph.KindAchievement:
		i, _ := c.Achievement(h.ID)
		v := achievementAt(c, i, at)
		return v.Status == graph.Retired && v.EffectiveFrom <= at
	case graph.KindRole:
		i, _ := c.Role(h.ID)
		v := roleAt(c, i, at)
		return v.Status == graph.Retired && v.EffectiveFrom <= at
	default:
		return h.Retired
	}
}

// peopleNamed are the people with a name, the best match first, then by id: with
// typing errors only when nobody is found without. The id of a person is a name.
// Cost: linear in the people.
func peopleNamed(snap *graph.Snapshot, text string) []graph.Hit {
	var found []graph.Hit
	self := graph.ID(strings.TrimSpace(text))
	if _, ok := snap.Person(self); ok {
		found = append(found, graph.Hit{Kind: graph.KindPerson, ID: self, Match: graph.MatchID})
	}
	query := graph.NewNameQuery(text)
	look := func(typos bool) {
		for id, name := range snap.Names() {
			if m := query.MatchFolded(graph.FoldName(name), typos); m != graph.MatchNone && id != self {
				found = append(found, graph.Hit{Kind: graph.KindPerson, ID: id, Label: name, Title: true, Match: m})
			}
		}
	}
	if look(false); len(found) == 0 {
		look(true)
	}
	slices.SortStableFunc(found, func(a, b graph.Hit) int { return cmp.Compare(b.Match, a.Match) })
	return found
}

// whole is the range of all of a text.
func whole(text string) [][2]int { return [][2]int{{0, utf8.RuneCountInString(text)}} }

// hitsOut are hits of a text as messages, with titles in the wanted languages.
func hitsOut(snap *graph.Snapshot, text string, hits []graph.Hit, wanted []graph.Lang) []*cairnv1.Hit {
	return each(hits, func(h *graph.Hit) *cairnv1.Hit {
		title := graph.Translation{Value: snap.Name(h.ID)}
		if h.Kind != graph.KindPerson {
			title = titleOf(snap.Catalog, h.Kind, h.ID).In(wanted...)
		} else if h.Match != graph.MatchID {
			_, h.Ranges, _ = graph.MatchName(text, h.Label)
		}
		if h.Match == graph.MatchID {
			h.Label, h.Lang, h.Ranges = string(h.ID), "", whole(string(h.ID))
		}
		return &cairnv1.Hit{
			Kind: kindOut(h.Kind), Id: string(h.ID), Title: title.Value, Language: string(title.Lang),
			Matched: h.Label, MatchedLanguage: string(h.Lang), Match: matchOut(h.Match), Retired: h.Retired,
			Ranges: each(h.Ranges, func(r *[2]int) *cairnv1.Range { return &cairnv1.Range{Start: int32(r[0]), End: int32(r[1])} }),
		}
	})
}

func matchOut(m graph.Match) cairnv1.Hit_Match {
	switch m {
	case graph.MatchID, graph.MatchTitle, graph.MatchLabel:
		return cairnv1.Hit_MATCH_EXACT
	case graph.MatchPrefix:
		return cairnv1.Hit_MATCH_PREFIX
	case graph.MatchWords:
		return cairnv1.Hit_MATCH_WORDS
	case graph.MatchTypos:
		return cairnv1.Hit_MATCH_TYPO
	case graph.MatchNone:
	}
	return cairnv1.Hit_MATCH_UNSPECIFIED
}

// maxCandidates is how many candidates an answer has at most, as the contract says.
const maxCandidates = 20

// Resolve answers the one entry of a kind that a name means.
//
// Errors: those of read; a name that is nobody's or several's is an answer. Cost: as
// Search.
func (s *searchService) Resolve(ctx context.Context, req *cairnv1.ResolveRequest) (*cairnv1.ResolveResponse, error) {
	snap, at, err := s.read(ctx, req.GetMinRevision(), req.GetAsOf())
	if err != nil {
		return nil, err
	}
	entry, candidates := resolve(snap, graph.Kind(req.GetKind()), req.GetName())
	answer := &cairnv1.ResolveAnswer{Basis: s.basis(snap, at, nil)}
	wanted := wantedLanguages(snap.Catalog, req.GetLanguages())
	if entry != nil {
		entry.Retired = retiredAt(snap.Catalog, entry, at)
		answer.Entry = hitsOut(snap, req.GetName(), []graph.Hit{*entry}, wanted)[0]
	} else {
		for i := range candidates {
			candidates[i].Retired = retiredAt(snap.Catalog, &candidates[i], at)
		}
		answer.Ambiguous = len(candidates) > 1 && candidates[0].Match >= graph.MatchLabel
		answer.Candidates = hitsOut(snap, req.GetName(), candidates[:min(len(candidates), maxCandidates)], wanted)
	}
	return &cairnv1.ResolveResponse{Answer: answer, Served: s.served(ctx, req, snap.Revision, at)}, nil
}

// resolve is the entry that a name means or, when that is not exactly one, those
// that share the name, otherwise the best that a search finds.
func resolve(snap *graph.Snapshot, k graph.Kind, name string) (*graph.Hit, []graph.Hit) {
	var hits []graph.Hit
	switch k {
	case graph.KindPerson:
		hits = peopleNamed(snap, name)
	case graph.KindLadder:
		hits = laddersNamed(snap.Catalog, name)
	default:
		return resolveEntry(snap.Catalog, k, name)
	}
	same := slices.IndexFunc(hits, func(h graph.Hit) bool { return h.Match < graph.MatchLabel })
	if same < 0 {
		same = len(hits)
	}
	if same == 1 || len(hits) > 0 && hits[0].Match == graph.MatchID {
		return &hits[0], nil
	}
	if same > 1 {
		hits = hits[:same]
	}
	return nil, hits
}

func resolveEntry(c *graph.Catalog, k graph.Kind, name string) (*graph.Hit, []graph.Hit) {
	id, candidates := c.Resolve(k, name)
	if id == "" {
		return nil, candidates
	}
	for _, h := range c.Search(graph.Query{Text: name, Kinds: []graph.Kind{k}}) {
		if h.ID == id {
			return &h, nil
		}
	}
	return &graph.Hit{Kind: k, ID: id, Label: string(id), Ranges: whole(string(id)), Match: graph.MatchID}, nil
}

// laddersNamed are the ladders with a title in any language, the best match
// first, then by id. There are few.
func laddersNamed(c *graph.Catalog, text string) []graph.Hit {
	var out []graph.Hit
	for _, id := range c.IDs(graph.KindLadder) {
		ladder, _, _ := c.Ladder(id)
		best := graph.Hit{Kind: graph.KindLadder, ID: id, Retired: ladder.Retired}
		if string(id) == strings.TrimSpace(text) {
			best.Label, best.Ranges, best.Match = string(id), whole(string(id)), graph.MatchID
		}
		for _, tr := range ladder.Title {
			if m, where, ok := graph.MatchName(text, tr.Value); ok && m > best.Match {
				best.Label, best.Lang, best.Title, best.Ranges, best.Match = tr.Value, tr.Lang, true, where, m
			}
		}
		if best.Match != graph.MatchNone {
			out = append(out, best)
		}
	}
	slices.SortStableFunc(out, func(a, b graph.Hit) int { return cmp.Compare(b.Match, a.Match) })
	return out
}
