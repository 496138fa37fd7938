package neo4jstore

import (
	"fmt"

	"github.com/cairn-skills/cairn/graph"
)

func person(w *walker, v *graph.Person) { key(w, &v.ID) }

func assignment(w *walker, v *graph.Assignment) {
	factKey(w, &v.ID)
	refFrom(w, "ASSIGNED", "Person", &v.Person)
	ref(w, "AS", "Role", &v.Role)
	ref(w, "IN_UNIT", "Unit", &v.Unit)
	ref(w, "REPORTS_TO", "Person", &v.Manager)
	instant(w, "from", &v.From)
	instant(w, "until", &v.Until)
}

func award(w *walker, v *graph.Award) {
	factKey(w, &v.ID)
	refFrom(w, "EARNED", "Person", &v.Person)
	ref(w, "OF", "Achievement", &v.Achievement)
	number(w, "version", &v.Version)
	instant(w, "issuedAt", &v.IssuedAt)
	instant(w, "validUntil", &v.ValidUntil)
	word(w, "source", &v.Source)
	word(w, "rigor", &v.Rigor)
	text(w, "issuer", &v.Issuer)
}

// withdrawal is the label of what takes an award back.
const withdrawal = "Withdrawal"

// derivation is an award that the fold gave, or took back: then it is no award
// but the record of a withdrawal.
func derivation(w *walker, v *graph.Derivation) {
	word(w, "change", &v.Change)
	factID(w, "cause", &v.Cause)
	withdrawn := v.Change == graph.Withdrawn
	if withdrawn && !w.write {
		w.record.id, _ = property[string](w, "award")
		w.rename("LOST", "EARNED")
	}
	award(w, &v.Award)
	switch {
	case !w.write:
	case withdrawn:
		w.record.label = withdrawal
		w.record.properties["award"] = w.record.id
		w.rename("EARNED", "LOST")
	default:
		w.record.labels = append(w.record.labels, "Derived")
	}
}

// rename gives relationships another type.
func (w *walker) rename(from, to string) {
	for i := range w.record.links {
		if l := &w.record.links[i]; l.kind == from {
			l.kind = to
		}
	}
}

func claim(w *walker, v *graph.Claim) {
	factKey(w, &v.ID)
	refFrom(w, "CLAIMED", "Person", &v.Person)
	ref(w, "FOR", "Competency", &v.Competency)
	number(w, "level", &v.Level)
	word(w, "rigor", &v.Rigor)
	text(w, "by", &v.By)
	instant(w, "at", &v.At)
}

// factKey is the name of a fact.
func factKey(w *walker, v *graph.FactID) {
	if w.write {
		w.record.id = v.String()
	} else {
		w.parseFact("id", w.record.id, v)
	}
}

// sealed is a [graph.Personal] as the graph has it: only the key of the person,
// which is elsewhere, opens it.
type sealed struct {
	person  graph.ID
	about   graph.FactID
	content []byte
}

func personal(w *walker, v *sealed) {
	refFrom(w, "HAS_RECORD", "Person", &v.person)
	factID(w, "about", &v.about)
	if !w.write {
		v.content, _ = property[[]byte](w, "sealed")
		return
	}
	w.record.id = recordID(graph.PersonalRef{Person: v.person, About: v.about})
	w.record.properties["sealed"] = v.content
}

// recordID names the node of a personal record.
func recordID(ref graph.PersonalRef) string {
	if ref.About.IsZero() {
		return fmt.Sprintf("of %s", ref.Person)
	}
	return fmt.Sprintf("on %s of %s", ref.About, ref.Person)
}
