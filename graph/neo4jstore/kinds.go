package neo4jstore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/cairn-skills/cairn/graph"
)

// content is a batch with what the graph has in another form.
type content struct {
	graph.Batch
	settings []graph.Settings // one at most
	sealed   []sealed         // the personal records
}

// kind is a sort of fact: a list of a batch.
type kind struct {
	name    string // the property fact of its nodes
	records func(*content) ([]*record, error)
	read    func(*content, *record) error
}

// of is the kind of the facts in list, written and read by walk.
func of[T any](name, label string, list func(*content) *[]T, walk func(*walker, *T)) kind {
	return kind{
		name: name,
		records: func(c *content) ([]*record, error) {
			values := *list(c)
			out := make([]*record, len(values))
			for i := range values {
				out[i] = &record{label: label, properties: make(map[string]any)}
				w := &walker{record: out[i], write: true}
				if walk(w, &values[i]); w.err != nil {
					return nil, w.err
				}
			}
			return out, nil
		},
		read: func(c *content, r *record) error {
			r.label = label
			w := &walker{record: r}
			var v T
			walk(w, &v)
			*list(c) = append(*list(c), v)
			return w.err
		},
	}
}

// kinds are in the order in which the facts of a batch are numbered.
var kinds = []kind{
	of("settings", "Settings", func(c *content) *[]graph.Settings { return &c.settings }, settings),
	of("scale", "Scale", func(c *content) *[]graph.Scale { return &c.Scales }, scale),
	of("conversion", "Conversion", func(c *content) *[]graph.Conversion { return &c.Conversions }, conversion),
	of("framework", "Framework", func(c *content) *[]graph.Framework { return &c.Frameworks }, framework),
	of("issuer", "Issuer", func(c *content) *[]graph.Issuer { return &c.Issuers }, issuer),
	of("competency", "Competency", func(c *content) *[]graph.Competency { return &c.Competencies }, competency),
	of("achievement", "AchievementVersion", func(c *content) *[]graph.Achievement { return &c.Achievements }, achievement),
	of("role", "RoleVersion", func(c *content) *[]graph.Role { return &c.Roles }, role),
	of("ladder", "Ladder", func(c *content) *[]graph.Ladder { return &c.Ladders }, ladder),
	of("person", "Person", func(c *content) *[]graph.Person { return &c.People }, person),
	of("assignment", "Assignment", func(c *content) *[]graph.Assignment { return &c.Assignments }, assignment),
	of("award", "Award", func(c *content) *[]graph.Award { return &c.Awards }, award),
	of("claim", "Claim", func(c *content) *[]graph.Claim { return &c.Claims }, claim),
	of("derivation", "Award", func(c *content) *[]graph.Derivation { return &c.Derived }, derivation),
	of("personal", "PersonalRecord", func(c *content) *[]sealed { return &c.sealed }, personal),
}

// fact is a record with its kind.
type fact struct {
	kind string
	*record
}

// facts are those of a batch, in order.
func facts(c *content) ([]fact, error) {
	var out []fact
	for _, k := range kinds {
		records, err := k.records(c)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			out = append(out, fact{kind: k.name, record: r})
		}
	}
	return out, nil
}

// content is the batch that facts make.
func contentOf(list []fact) (*content, error) {
	c := &content{}
	for _, f := range list {
		found := false
		for _, k := range kinds {
			if found = k.name == f.kind; found {
				if err := k.read(c, f.record); err != nil {
					return nil, err
				}
				break
			}
		}
		if !found {
			return nil, fmt.Errorf("node %q: %q is no kind of fact", f.id, f.kind)
		}
	}
	if len(c.settings) > 0 {
		c.Settings = &c.settings[0]
	}
	return c, nil
}

// digest is a hash of the facts, of which two lists have the same only if they
// are equal.
func digest(list []fact) string {
	h := sha256.New()
	var b strings.Builder
	for _, f := range list {
		b.Reset()
		f.canonical(&b)
		_, _ = h.Write([]byte(f.kind)) // a hash does not fail
		_, _ = h.Write([]byte(b.String()))
	}
	return hex.EncodeToString(h.Sum(nil))
}
