package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// labels are what an answer is shown with.
type labels struct {
	titles map[string]*cairnv1.Label // by "kind/id"
	calendar
}

// labels are the titles of an answer, with the calendar of its dates.
func (a *app) labels(titles map[string]*cairnv1.Label) labels { return labels{titles, a.calendar} }

// title is the title of an entry, otherwise its id.
func (l labels) title(k cairnv1.Kind, id string) string {
	if x := l.titles[word(k)+"/"+id]; x.GetTitle() != "" {
		return x.GetTitle()
	}
	return id
}

func (l labels) achievement(id string) string { return l.title(cairnv1.Kind_KIND_ACHIEVEMENT, id) }
func (l labels) competency(id string) string  { return l.title(cairnv1.Kind_KIND_COMPETENCY, id) }
func (l labels) role(id string) string        { return l.title(cairnv1.Kind_KIND_ROLE, id) }
func (l labels) person(id string) string      { return l.title(cairnv1.Kind_KIND_PERSON, id) }

// named is "Title (id)", or the id alone.
func (l labels) named(k cairnv1.Kind, id string) string {
	if t := l.title(k, id); t != id {
		return t + " (" + id + ")"
	}
	return id
}

// resolve is the id of the one entry of a kind that is called name.
func (a *app) resolve(ctx context.Context, c *client, kind cairnv1.Kind, name string) (string, error) {
	answer, err := a.lookUp(ctx, c, kind, name)
	if err != nil {
		return "", err
	}
	if e := answer.GetEntry(); e != nil {
		return e.GetId(), nil
	}
	return "", notOne(kind, name, answer)
}

func (a *app) lookUp(ctx context.Context, c *client, kind cairnv1.Kind, name string) (*cairnv1.ResolveAnswer, error) {
	out, err := c.search.Resolve(ctx, &cairnv1.ResolveRequest{Kind: kind, Name: name, Languages: a.languages})
	return out.GetAnswer(), err
}

// notOne says that a name is no one's or that of several, with those who may be
// meant.
func notOne(kind cairnv1.Kind, name string, answers ...*cairnv1.ResolveAnswer) error {
	s := failed("no %s is called %q", kindWord(kind), name)
	for _, answer := range answers {
		if answer.GetAmbiguous() {
			s.message = fmt.Sprintf("%q may be several", name)
			s.hint = "say which by its id"
		}
	}
	for _, answer := range answers {
		for _, h := range answer.GetCandidates() {
			s.more = append(s.more, fmt.Sprintf("  %s %s (%s)", word(h.GetKind()), h.GetTitle(), h.GetId()))
		}
	}
	if len(s.more) > 0 && s.hint == "" {
		s.hint = "did you mean one of these?"
	}
	return s
}

// resolveGoal is the role or achievement that is called name. An id goes before
// a title; "role/NAME" and "achievement/NAME" say which of two is meant.
func (a *app) resolveGoal(ctx context.Context, c *client, name string) (*cairnv1.Goal, error) {
	const role, achievement = cairnv1.Kind_KIND_ROLE, cairnv1.Kind_KIND_ACHIEVEMENT
	if rest, ok := strings.CutPrefix(name, "role/"); ok {
		id, err := a.resolve(ctx, c, role, rest)
		return &cairnv1.Goal{To: &cairnv1.Goal_Role{Role: id}}, err
	}
	if rest, ok := strings.CutPrefix(name, "achievement/"); ok {
		id, err := a.resolve(ctx, c, achievement, rest)
		return &cairnv1.Goal{To: &cairnv1.Goal_Achievement{Achievement: id}}, err
	}
	roles, err := a.lookUp(ctx, c, role, name)
	if err != nil {
		return nil, err
	}
	earned, err := a.lookUp(ctx, c, achievement, name)
	if err != nil {
		return nil, err
	}
	r, e := roles.GetEntry(), earned.GetEntry()
	switch {
	case r != nil && e != nil && (r.GetId() == name) == (e.GetId() == name):
		s := failed("%q is a role and an achievement", name)
		for _, h := range []*cairnv1.Hit{r, e} {
			s.more = append(s.more, fmt.Sprintf("  %s %s (%s)", word(h.GetKind()), h.GetTitle(), h.GetId()))
		}
		return nil, s.hinted("say role/%s or achievement/%s", name, name)
	case r != nil && (e == nil || r.GetId() == name):
		return &cairnv1.Goal{To: &cairnv1.Goal_Role{Role: r.GetId()}}, nil
	case e != nil:
		return &cairnv1.Goal{To: &cairnv1.Goal_Achievement{Achievement: e.GetId()}}, nil
	}
	return nil, notOne(role, name, roles, earned)
}

// goalName is what a goal is called.
func (l labels) goalName(g *cairnv1.Goal) string {
	switch to := g.GetTo().(type) {
	case *cairnv1.Goal_Role:
		return l.role(to.Role)
	case *cairnv1.Goal_Achievement:
		return l.achievement(to.Achievement)
	}
	return count(len(g.GetCompetencies().GetTargets()), "competency")
}

// whom is the id of the person that name means; without a name the only one
// there is.
func (a *app) whom(ctx context.Context, c *client, name string) (string, error) {
	if name != "" {
		return a.resolve(ctx, c, cairnv1.Kind_KIND_PERSON, name)
	}
	out, err := c.people.ListPeople(ctx, &cairnv1.ListPeopleRequest{PageSize: 1, OmitLabels: true})
	if err != nil {
		return "", err
	}
	switch n := out.GetAnswer().GetTotal(); n {
	case 0:
		return "", failed("there are no people yet").hinted("cairn import FILE brings them, or use --catalog DIR --holdings FILE")
	case 1:
		return out.GetAnswer().GetPeople()[0].GetPerson().GetId(), nil
	default:
		return "", misused("--person is missing: there are %d people", n)
	}
}

// instant is a time of the command line; flag is its name. Unset: nil.
func (a *app) instant(ctx context.Context, c *client, flag string, m moment) (*timestamppb.Timestamp, error) {
	if m.text == "" {
		return nil, nil //nolint:nilnil // an unset timestamp is nil
	}
	t := m.at
	if m.day {
		if err := a.readZone(ctx, c); err != nil {
			return nil, err
		}
		if t = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, a.zone); !inYears(t) {
			return nil, misused("%s: %q %s", flag, m.text, errYears)
		}
	}
	return timestamppb.New(t.Truncate(time.Millisecond)), nil
}
