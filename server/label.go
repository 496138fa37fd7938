package server

import (
	"slices"
	"strings"
	"sync"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// book keeps what answers need of one catalog again and again.
type book struct {
	catalog *graph.Catalog
	shelves sync.Map // by the wanted languages as text: *sync.Map of kindID to *entryLabel
	ids     sync.Map // graph.Kind to []graph.ID, sorted
	scales  sync.Map // graph.ID to *cairnv1.Scale, read-only
}

type kindID struct {
	kind graph.Kind
	id   graph.ID
}

// entryLabel is a label and its key in an answer. It is shared by answers and
// read-only.
type entryLabel struct {
	key   string
	label *cairnv1.Label
}

// bookOf is the book of c: of the newest catalog one that is shared, of earlier
// ones one of their own.
func (s *Server) bookOf(c *graph.Catalog) *book {
	b := s.book.Load()
	if b != nil && b.catalog == c {
		return b
	}
	fresh := &book{catalog: c}
	if s.live.Head().Catalog == c {
		s.book.CompareAndSwap(b, fresh)
	}
	return fresh
}

// sorted are the IDs of all entries of a kind. It is read-only.
func (b *book) sorted(k graph.Kind) []graph.ID {
	if ids, ok := b.ids.Load(k); ok {
		return ids.([]graph.ID)
	}
	ids := b.catalog.IDs(k)
	b.ids.Store(k, ids)
	return ids
}

// labeler collects the labels of an answer.
type labeler struct {
	snap  *graph.Snapshot
	asked []string // languages; see wanted
	shelf *sync.Map
	// recent are the last ones added: most ids of an answer stand in it twice.
	recent [8]kindID
	next   int
	out    map[string]*cairnv1.Label // nil: labels are left out
}

// labeler is a collector of labels in the wanted languages, or of none.
func (s *Server) labeler(snap *graph.Snapshot, languages []string, omit bool) *labeler {
	l := &labeler{snap: snap, asked: languages}
	if omit {
		return l
	}
	l.out = make(map[string]*cairnv1.Label, 8)
	name := strings.Join(languages, " ")
	b := s.bookOf(snap.Catalog)
	shelf, ok := b.shelves.Load(name)
	if !ok {
		shelf, _ = b.shelves.LoadOrStore(name, &sync.Map{})
	}
	l.shelf = shelf.(*sync.Map)
	return l
}

// wanted are the languages of labels, the best first.
func (l *labeler) wanted() []graph.Lang { return wantedLanguages(l.snap.Catalog, l.asked) }

// wantedLanguages are the languages asked for, otherwise the organization's.
func wantedLanguages(c *graph.Catalog, languages []string) []graph.Lang {
	if len(languages) == 0 {
		if l := c.Settings().Language; l != "" {
			return []graph.Lang{l}
		}
		return []graph.Lang{"en"}
	}
	out := make([]graph.Lang, len(languages))
	for i, l := range languages {
		out[i] = graph.Lang(l)
	}
	return out
}

// add collects the labels of ids; those without an entry or a title are left
// out, and so is the empty ID. A nil l collects nothing.
func (l *labeler) add(k graph.Kind, ids ...graph.ID) {
	if l == nil || l.out == nil {
		return
	}
	for _, id := range ids {
		x := kindID{k, id}
		if id == "" || slices.Contains(l.recent[:], x) {
			continue
		}
		l.recent[l.next%len(l.recent)] = x
		l.next++
		if k == graph.KindPerson {
			if name := l.snap.Name(id); name != "" {
				l.out["person/"+string(id)] = &cairnv1.Label{Kind: cairnv1.Kind_KIND_PERSON, Title: name}
			}
			continue
		}
		e, ok := l.shelf.Load(x)
		if !ok {
			e = l.entry(k, id)
			if e.(*entryLabel).label == nil {
				continue // not kept: the ids that people make up have no end
			}
			l.shelf.Store(x, e)
		}
		found := e.(*entryLabel)
		l.out[found.key] = found.label
	}
}

// labels are those collected; nil if they are left out.
func (l *labeler) labels() map[string]*cairnv1.Label { return l.out }

// entry is the label of an entry of the catalog, with a nil label for none.
func (l *labeler) entry(k graph.Kind, id graph.ID) *entryLabel {
	tr := titleOf(l.snap.Catalog, k, id).In(l.wanted()...)
	if tr.Value == "" {
		return &entryLabel{}
	}
	return &entryLabel{
		key:   k.String() + "/" + string(id),
		label: &cairnv1.Label{Kind: kindOut(k), Title: tr.Value, Language: string(tr.Lang)},
	}
}

// titleOf is the title of an entry: of an achievement or role that of the newest
// version that is not a draft, otherwise of the newest.
func titleOf(c *graph.Catalog, k graph.Kind, id graph.ID) graph.Text {
	switch k {
	case graph.KindCompetency:
		if i, ok := c.Competency(id); ok {
			e, _ := c.CompetencyEntry(i)
			return e.Title
		}
	case graph.KindAchievement:
		if i, ok := c.Achievement(id); ok {
			versions, _ := c.Versions(i)
			return newestTitle(versions, func(v *graph.Version) (graph.Status, graph.Text) { return v.Status, v.Title })
		}
	case graph.KindRole:
		if i, ok := c.Role(id); ok {
			versions, _ := c.RoleVersions(i)
			return newestTitle(versions, func(v *graph.RoleVersion) (graph.Status, graph.Text) { return v.Status, v.Title })
		}
	case graph.KindIssuer:
		if i, ok := c.Issuer(id); ok {
			return c.IssuerEntry(i).Title
		}
	case graph.KindFramework:
		if f, ok := c.Framework(id); ok {
			return f.Title
		}
	case graph.KindScale:
		if s, ok := c.Scale(id); ok {
			return s.Title
		}
	case graph.KindLadder:
		if x, _, ok := c.Ladder(id); ok {
			return x.Title
		}
	case graph.KindUnspecified, graph.KindPerson:
	}
	return nil
}

func newestTitle[V any](versions []V, parts func(V) (graph.Status, graph.Text)) graph.Text {
	var title graph.Text
	for _, v := range slices.Backward(versions) {
		status, t := parts(v)
		if status != graph.Draft {
			return t
		}
		if title == nil {
			title = t
		}
	}
	return title
}

// put collects a label with a title that the snapshot need not have.
func (l *labeler) put(k graph.Kind, id graph.ID, title graph.Text) {
	if l == nil || l.out == nil || k == graph.KindUnspecified {
		return
	}
	if tr := title.In(l.wanted()...); tr.Value != "" {
		l.out[k.String()+"/"+string(id)] = &cairnv1.Label{Kind: kindOut(k), Title: tr.Value, Language: string(tr.Lang)}
	}
}
