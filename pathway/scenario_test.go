package pathway

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/graph"
)

// scenario is a file of testdata/scenarios; its README says how one is written.
type scenario struct {
	testing.TB
	batch  graph.Batch
	awards []graph.Award
	claims []graph.Claim
	goal   graph.Requirement
	want   map[string]string // by the first word of the line
}

func readScenario(tb testing.TB, path string) *scenario {
	tb.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	s := &scenario{TB: tb, want: make(map[string]string)}
	s.batch.Scales = []graph.Scale{{ID: "three", Levels: make([]graph.Text, 3)}}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "#":
		case "achievement":
			id, proves, _ := strings.Cut(rest, " proves ")
			a := graph.Achievement{ID: graph.ID(id)}
			for _, w := range list(proves) {
				c, l := s.level(w)
				a.Attests = append(a.Attests, graph.Attestation{Competency: c, Level: l})
			}
			s.batch.Achievements = append(s.batch.Achievements, a)
		case "by":
			a := &s.batch.Achievements[len(s.batch.Achievements)-1]
			a.Routes = append(a.Routes, s.route(rest))
		case "have":
			for _, w := range list(rest) {
				if !strings.Contains(w, "@") {
					s.awards = append(s.awards, graph.Award{Achievement: graph.ID(w), IssuedAt: instant - 1})
					continue
				}
				c, l := s.level(w)
				s.claims = append(s.claims, graph.Claim{Competency: c, Level: l, Rigor: graph.Assessed, By: "assessor", At: instant - 1})
			}
		case "goal":
			s.goal = s.rule(rest)
		case "hours", "money", "plan", "regret", "unreachable":
			s.want[verb] = rest
		default:
			from, to, ok := strings.Cut(line, " implies ")
			if !ok {
				tb.Fatalf("%s: what is %q?", path, line)
			}
			c, l := s.level(from)
			d, m := s.level(to)
			i := slices.IndexFunc(s.batch.Competencies, func(x graph.Competency) bool { return x.ID == c })
			s.batch.Competencies[i].Implies = append(s.batch.Competencies[i].Implies, graph.Implication{Level: l, Competency: d, ToLevel: m})
		}
	}
	return s
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ", ")
}

func (s *scenario) number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		s.Fatal(err)
	}
	return n
}

// level reads C@L, and makes the competency if it is the first time.
func (s *scenario) level(text string) (graph.ID, graph.Level) {
	c, l, ok := strings.Cut(text, "@")
	if !ok {
		s.Fatalf("%q is no level", text)
	}
	id := graph.ID(c)
	if !slices.ContainsFunc(s.batch.Competencies, func(x graph.Competency) bool { return x.ID == id }) {
		s.batch.Competencies = append(s.batch.Competencies, graph.Competency{ID: id, Scale: "three"})
	}
	return id, graph.Level(s.number(l))
}

func (s *scenario) route(text string) graph.Route {
	text, needs, requires := strings.Cut(text, " needs ")
	w := strings.Fields(text)
	if len(w) != 5 {
		s.Fatalf("%q is no route", text)
	}
	r := graph.Route{
		ID: graph.ID(w[1]), Kind: routeKinds[w[0]], EffortMinutes: s.number(strings.TrimSuffix(w[2], "h")),
		Price: graph.Money{Amount: s.number(w[3])}, ElapsedWeeks: s.number(strings.TrimSuffix(w[4], "w")),
	}
	if requires {
		rule := s.rule(needs)
		r.Requires = &rule
	}
	return r
}

func (s *scenario) rule(text string) graph.Requirement {
	name, inside, ok := strings.Cut(text, "(")
	if !ok {
		if strings.Contains(text, "@") {
			return graph.AtLevel(s.level(text))
		}
		return graph.Holds(graph.ID(text))
	}
	inside = strings.TrimSuffix(inside, ")")
	if name == "credits" {
		return s.credits(strings.Split(inside, "; "))
	}
	var of []graph.Requirement
	for depth, from, i := 0, 0, 0; i <= len(inside); i++ {
		switch {
		case i == len(inside) && i > from, i < len(inside) && inside[i] == ',' && depth == 0:
			of = append(of, s.rule(strings.TrimSpace(inside[from:i])))
			from = i + 1
		case i < len(inside) && inside[i] == '(':
			depth++
		case i < len(inside) && inside[i] == ')':
			depth--
		}
	}
	switch name {
	case "all":
		return graph.All(of...)
	case "any":
		return graph.Any(of...)
	}
	return graph.AtLeast(int(s.number(strings.TrimSuffix(name, "of"))), of...)
}

func (s *scenario) credits(parts []string) graph.Requirement {
	r := graph.Requirement{Op: graph.OpCredits, Credits: s.number(parts[0])}
	for _, w := range list(parts[1]) {
		what, worth, _ := strings.Cut(w, "=")
		credits, category, _ := strings.Cut(worth, " ")
		child := s.rule(what)
		child.TermCredits, child.TermCategory = s.number(credits), graph.ID(category)
		r.Of = append(r.Of, child)
	}
	for _, w := range parts[2:] {
		if cat, least, ok := strings.Cut(w, ">="); ok {
			r.Min = append(r.Min, graph.CategoryCredits{Category: graph.ID(cat), Credits: s.number(least)})
		} else if cat, most, ok := strings.Cut(w, "<="); ok {
			r.Max = append(r.Max, graph.CategoryCredits{Category: graph.ID(cat), Credits: s.number(most)})
		}
	}
	return r
}

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d scenarios, error %v", len(files), err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			s := readScenario(t, f)
			p := graph.Suppose(graph.CompileBatch(s.batch), instant, s.awards, s.claims)
			goal := Goal{Requirement: &s.goal}
			plan := mustSolve(t, p, goal, Hours, Limits{})
			checkPlanOrCore(t, p, &plan)
			got := map[string]string{"plan": planWords(&plan), "regret": s.want["regret"]}
			if plan.Status == Unreachable {
				got = map[string]string{"unreachable": coreWords(&plan)}
			} else {
				got["hours"] = fmt.Sprintf("%dh %d", plan.Total.EffortMinutes, plan.Total.PriceMinor)
				cheap := mustSolve(t, p, goal, Money, Limits{})
				checkPlanOrCore(t, p, &cheap)
				got["money"] = fmt.Sprintf("%d %dh", cheap.Total.PriceMinor, cheap.Total.EffortMinutes)
				s.checkRegrets(p, goal, &plan)
			}
			for verb := range got {
				if got[verb] == "" {
					delete(got, verb)
				}
			}
			if diff := cmp.Diff(s.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func checkPlanOrCore(tb testing.TB, p *graph.Profile, plan *Plan) {
	tb.Helper()
	if plan.Status != Unreachable {
		checkPlan(tb, p, plan)
	}
}

func planWords(plan *Plan) string {
	var words []string
	for i := range plan.Steps {
		words = append(words, fmt.Sprintf("%s/%s", plan.Steps[i].Version.ID, plan.Steps[i].Route.ID))
	}
	return strings.Join(words, ", ")
}

func coreWords(plan *Plan) string {
	var words []string
	for _, b := range plan.Core {
		name := string(b.Achievement)
		if b.Competency != "" {
			name = fmt.Sprintf("%s@%d", b.Competency, b.Level)
		}
		words = append(words, name+" "+b.Why.String())
	}
	return strings.Join(words, ", ")
}

// checkRegrets asks for the regret of every achievement: those that the
// scenario does not name have none.
func (s *scenario) checkRegrets(p *graph.Profile, goal Goal, plan *Plan) {
	s.Helper()
	want := make(map[graph.ID]string)
	for _, w := range list(s.want["regret"]) {
		id, regret, _ := strings.Cut(w, " ")
		want[graph.ID(id)] = regret
	}
	if len(want) == 0 {
		return
	}
	for _, a := range s.batch.Achievements {
		without := mustSolve(s, p, goal, Hours, Limits{Exclude: []graph.ID{a.ID}})
		got := "never"
		if without.Status == Optimal {
			got = fmt.Sprintf("%dh", without.Total.EffortMinutes-plan.Total.EffortMinutes)
		}
		if w := want[a.ID]; got != w && (w != "" || got != "0h") {
			s.Errorf("regret of %s: %s, want %q", a.ID, got, w)
		}
	}
}
