package pathway

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
)

// watch is a context that ends when it has been asked a number of times, and
// knows how long it was not asked.
type watch struct {
	context.Context
	left  int
	last  time.Time
	worst time.Duration
}

func (w *watch) Err() error {
	at := time.Now()
	w.worst = max(w.worst, at.Sub(w.last))
	w.last = at
	if w.left--; w.left < 0 {
		return context.Canceled
	}
	return nil
}

// prompt is the time in which a question whose context ends has to stop: some
// fifty times what it takes.
const prompt = 250 * time.Millisecond

// tries is how often something is tried that has to be prompt once: the machine
// may be busy with other things.
const tries = 4

// checkStops asks a question to the end, noting how often it looks at its
// context, then with contexts that end on the way.
func checkStops(t *testing.T, p *graph.Profile, g Goal) {
	t.Helper()
	const endless = 1 << 40
	ask := func(left int) (*watch, time.Duration) {
		w := &watch{Context: t.Context(), left: left, last: time.Now()}
		_, err := Solve(w, p, g, Hours, Limits{Work: 1 << 21})
		if late := w.left < 0; late != errors.Is(err, context.Canceled) || !late && err != nil {
			t.Fatalf("canceled %v, got %v", late, err)
		}
		return w, time.Since(w.last)
	}
	looks, worst := 0, time.Duration(1<<62)
	for i := 0; i < tries && worst > prompt; i++ {
		w, last := ask(endless)
		looks, worst = endless-w.left, min(worst, max(w.worst, last))
	}
	if worst > prompt {
		t.Errorf("%v without a look at the context", worst)
	}
	for _, at := range []int{0, looks / 10, looks / 2, looks - 1} {
		late := time.Duration(1 << 62)
		for i := 0; i < tries && late > prompt; i++ {
			var w *watch
			if w, late = ask(at); w.left < -20 {
				t.Errorf("%d looks after it was canceled at %d of %d it is still there", -w.left, at, looks)
			}
		}
		if late > prompt {
			t.Errorf("canceled at %d of %d, it stops %v later", at, looks, late)
		}
	}
}

// TestStopsInLargeCatalogs cancels questions to the large shared catalogs.
func TestStopsInLargeCatalogs(t *testing.T) {
	for name, queries := range map[string][]int{"organization": {112}, "esco-size": {84, 204}} {
		t.Run(name, func(t *testing.T) {
			in := loadCatalog(t, name)
			c := graph.CompileBatch(in.batch(t))
			for _, i := range queries {
				q := &in.Queries[i]
				checkStops(t, q.profile(c), q.goal())
			}
		})
	}
}

// TestStopsInHardRules cancels questions that decide exclusive nodes for long,
// to the end of their work, and that find a core.
func TestStopsInHardRules(t *testing.T) {
	hard, parts := halves(36)
	p := suppose(graph.Batch{Achievements: parts})
	checkStops(t, p, Goal{Requirement: &hard})
	unreachable := graph.All(hard, graph.Holds("nobody's"))
	checkStops(t, p, Goal{Requirement: &unreachable})
}

// TestWorkIsCounted checks that the work of what is done before and beside the
// search is counted: of deciding exclusive nodes, and of a core.
func TestWorkIsCounted(t *testing.T) {
	hard, parts := halves(36)
	p := suppose(graph.Batch{Achievements: parts})
	plan := mustSolve(t, p, Goal{Requirement: &hard}, Hours, Limits{Work: 1})
	const one = 1 << 20 // of one node beyond its limit
	if plan.Work < one || plan.Status != Feasible {
		t.Errorf("%d units for what is undecided, %v; want %d at least, feasible", plan.Work, plan.Status, one)
	}
	few, many := graph.Holds("nobody's"), graph.All(hard, graph.Holds("nobody's"))
	a := mustSolve(t, p, Goal{Requirement: &few}, Hours, Limits{})
	b := mustSolve(t, p, Goal{Requirement: &many}, Hours, Limits{})
	if a.Status != Unreachable || b.Status != Unreachable || a.Work < 1 || b.Work < a.Work+one {
		t.Errorf("%v with %d units, %v with %d", a.Status, a.Work, b.Status, b.Work)
	}
}

// TestNextStops cancels the question for next steps while it walks routes, and
// while it walks roles, whose rules take long.
func TestNextStops(t *testing.T) {
	hard, parts := halves(36)
	routes, roles := graph.Batch{Achievements: parts}, graph.Batch{Achievements: parts}
	var held []graph.Award
	for i := range parts {
		held = append(held, graph.Award{Achievement: parts[i].ID, IssuedAt: instant - 1})
	}
	for i := range 100 {
		id := graph.ID("x" + strconv.Itoa(i))
		a := parts[0]
		a.ID, a.Routes = id, []graph.Route{{ID: "r", Kind: graph.ByCourse, Requires: &hard}}
		routes.Achievements = append(routes.Achievements, a)
		roles.Roles = append(roles.Roles, graph.Role{ID: id, Lifecycle: a.Lifecycle, Title: a.Title, Essential: &hard})
	}
	for name, b := range map[string]graph.Batch{"routes": routes, "roles": roles} {
		p := suppose(b, held...)
		for _, left := range []int{0, 1, 50} {
			late := time.Duration(1 << 62)
			for i := 0; i < tries && late > prompt; i++ {
				w := &watch{Context: t.Context(), left: left, last: time.Now()}
				if _, err := Next(w, p, nil, Hours, Limits{}); !errors.Is(err, context.Canceled) {
					t.Fatalf("%s: %v, want canceled", name, err)
				}
				late = w.worst + time.Since(w.last)
			}
			if late > prompt {
				t.Errorf("%s: canceled after %d looks, it stops %v later", name, left, late)
			}
		}
	}
}
