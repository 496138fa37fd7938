package pathway

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/cairn-skills/cairn/graph"
)

// world is a small random catalog with somebody in it and a goal. It has what
// is hard: circular rules, floors of rigor, credits with minima and caps,
// exclusive nodes, implications, replaced and enforced achievements, awards
// that lapsed or are too weak, and costs with many ties.
type world struct {
	batch  graph.Batch
	awards []graph.Award
	claims []graph.Claim
	stays  []stay
	goal   graph.Requirement
}

// stay is an assignment that begins ago months before the instant asked about
// and ends left months after it; left 0 is open. Both may be negative.
type stay struct {
	role      graph.ID
	ago, left int
}

// maxRoutes keeps the number of sets of routes small enough to try them all.
const maxRoutes = 8

type worldMaker struct {
	*rand.Rand
	competencies, achievements int
	rich                       bool // see makeRichWorld
}

// makeWorld makes the world of a seed. Values drawn by rapid one by one would be
// small ones too often to make a hard world.
func makeWorld(seed uint64, achievements int) world {
	m := worldMaker{Rand: rand.New(rand.NewPCG(seed, 0)), achievements: achievements}
	return m.world()
}

// makeRichWorld is makeWorld with what takes an eye on time as well: tenures,
// several versions of achievements, retired ones, renewals, awards that are
// stale; with rules over a category and rules of rules that may not share; and
// with a role that is the goal if w.goal is empty.
func makeRichWorld(seed uint64, achievements int) world {
	m := worldMaker{Rand: rand.New(rand.NewPCG(seed, 2)), achievements: achievements, rich: true}
	w := m.world()
	m.competencies = len(w.batch.Competencies)
	m.versions(&w)
	for i := range w.awards {
		if m.few(0, 0, 1) == 1 {
			w.awards[i].IssuedAt = instant.AddMonths(-2, nil)
		}
	}
	for i := range w.batch.Achievements {
		for j := range w.batch.Achievements[i].Routes {
			r := &w.batch.Achievements[i].Routes[j]
			r.Kind = []graph.RouteKind{graph.ByCourse, graph.ByAssessment, graph.ByStack, graph.ByRenewal}[m.few(0, 0, 1, 2, 3)]
		}
	}
	for range m.few(0, 1, 1, 2) {
		w.stays = append(w.stays, stay{
			[]graph.ID{"analyst", "engineer"}[len(w.stays)], m.few(0, 1, 2, 5, 9, -1), m.few(0, 0, 0, 1, 3, 7),
		})
	}
	if m.few(0, 1) == 1 { // over for long, so that no wait makes it touch another
		w.stays = append(w.stays, stay{"analyst", 1000, -1000 + m.few(1, 2, 4)})
	}
	w.batch.Roles = []graph.Role{{ID: "analyst", Family: "data"}, {ID: "engineer", Family: "building"}, {ID: "nobody"}}
	if m.few(0, 1) == 1 {
		goal := graph.Role{ID: "goal", Threshold: int64(m.few(0, 1, 2, 3, 4))}
		if m.few(0, 1, 2) > 0 {
			goal.Essential = &w.goal.Of[0]
		}
		for range m.few(1, 2, 3) {
			goal.Optional = append(goal.Optional, graph.Optional{Requirement: m.rule(2), Weight: int64(m.few(0, 1, 1, 2, 3))})
		}
		w.batch.Roles = append(w.batch.Roles, goal)
		w.goal = graph.Requirement{}
	}
	return w
}

// versions publishes earlier versions of some achievements, and later ones that
// are drafts, retired or of another day.
func (m worldMaker) versions(w *world) {
	var all []graph.Achievement
	for _, a := range w.batch.Achievements {
		before, after := a, a
		switch m.few(0, 0, 1, 1, 2, 3) {
		case 1:
			a.EffectiveFrom = instant - 6
			before.Credits = int64(m.few(0, 1, 2, 4))
			before.Attests = nil
			for range m.few(0, 1, 2) {
				before.Attests = append(before.Attests, graph.Attestation{Competency: competencyID(m.IntN(m.competencies)), Level: m.level()})
			}
			before.Enforce = m.few(0, 0, 0, 1) == 1
			all = append(all, before, a)
		case 2:
			after.Credits++
			after.Status = []graph.Status{graph.Draft, graph.Retired}[m.IntN(2)]
			after.EffectiveFrom = instant - 6 + graph.Instant(m.few(0, 12))
			all = append(all, a, after)
		case 3:
			after.Credits++
			after.EffectiveFrom = instant + 6
			all = append(all, a, after)
		default:
			all = append(all, a)
		}
	}
	w.batch.Achievements = all
}

func (m worldMaker) world() world {
	m.competencies = 1 + m.IntN(4)
	w := world{batch: graph.Batch{At: instant - 10}}
	w.batch.Scales = []graph.Scale{{ID: "three", Levels: make([]graph.Text, 3)}}
	w.batch.Issuers = []graph.Issuer{{ID: "school"}, {ID: "club"}}
	for i := range m.competencies {
		c := graph.Competency{ID: competencyID(i), Scale: "three"}
		for range m.few(0, 0, 1, 2) {
			c.Implies = append(c.Implies, graph.Implication{
				Level: m.level(), Competency: competencyID(m.IntN(m.competencies)), ToLevel: m.level(),
			})
		}
		w.batch.Competencies = append(w.batch.Competencies, c)
	}
	routes := 0
	for i := range m.achievements {
		a := graph.Achievement{
			ID: achievementID(i), Issuer: m.issuer(), Rigor: m.rigor(), Credits: int64(1 + i%3),
			Category: []graph.ID{"core", "elective"}[i%2], Enforce: m.few(0, 0, 0, 0, 1) == 1,
		}
		for range m.few(1, 2, 2) {
			a.Attests = append(a.Attests, graph.Attestation{Competency: competencyID(m.IntN(m.competencies)), Level: m.level()})
		}
		for j := range m.few(0, 1, 1, 1, 1, 2) {
			if routes == maxRoutes {
				break
			}
			routes++
			r := graph.Route{
				ID: graph.ID(fmt.Sprint("r", j)), Kind: graph.ByCourse, EffortMinutes: int64(m.few(0, 1, 2, 3, 5)),
				Price: graph.Money{Amount: int64(m.few(1, 4, 0))}, ElapsedWeeks: int64(m.few(0, 1)),
			}
			if m.few(0, 0, 1) == 1 {
				requires := m.rule(1)
				r.Requires = &requires
			}
			a.Routes = append(a.Routes, r)
		}
		w.batch.Achievements = append(w.batch.Achievements, a)
	}
	if m.few(0, 0, 1) == 1 {
		a, b := &w.batch.Achievements[0], &w.batch.Achievements[m.achievements-1]
		a.ReplacedBy, a.Credits, a.Category = b.ID, b.Credits, b.Category
	}
	for range m.few(0, 0, 1, 2) {
		i := m.IntN(m.achievements)
		w.awards = append(w.awards, graph.Award{
			Achievement: achievementID(i), IssuedAt: instant - graph.Instant(m.few(1, 5, 8)), Rigor: m.rigor(),
			ValidUntil: []graph.Instant{0, instant - 1, instant + 9}[m.few(0, 0, 1, 2)],
		})
	}
	for range m.few(0, 0, 1) {
		w.claims = append(w.claims, graph.Claim{
			Competency: competencyID(m.IntN(m.competencies)), Level: m.level(), Rigor: m.rigor(), By: "peer", At: instant - 2,
		})
	}
	w.goal = graph.All(m.rule(2), m.rule(2))
	return w
}

func competencyID(i int) graph.ID  { return graph.ID(fmt.Sprintf("c%d", i)) }
func achievementID(i int) graph.ID { return graph.ID(fmt.Sprintf("a%d", i)) }

func (m worldMaker) few(values ...int) int { return values[m.IntN(len(values))] }
func (m worldMaker) level() graph.Level    { return graph.Level(m.few(1, 1, 1, 2, 2, 3)) }
func (m worldMaker) rigor() graph.Rigor {
	return graph.Rigor(m.few(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4))
}
func (m worldMaker) issuer() graph.ID { return []graph.ID{"school", "school", "club"}[m.IntN(3)] }

func (m worldMaker) rule(depth int) graph.Requirement {
	kind := m.few(0, 1, 2, 2, 2, 3, 4)
	if depth == 0 {
		kind = m.few(1, 0)
	}
	if m.rich {
		switch m.IntN(12) {
		case 0:
			return m.tenure()
		case 1:
			if depth > 0 {
				return m.overCategory()
			}
		}
	}
	switch kind {
	case 0:
		r := graph.Holds(achievementID(m.IntN(m.achievements)))
		switch m.few(0, 0, 0, 0, 1, 2) {
		case 1:
			r.Issuers = []graph.ID{m.issuer()}
		case 2:
			r.FreshWithinMonths = 1
		}
		r.MinRigor = m.rigor()
		return r
	case 1:
		r := graph.AtLevel(competencyID(m.IntN(m.competencies)), m.level())
		r.MinRigor = m.rigor()
		return r
	case 2:
		of := m.rules(depth - 1)
		return graph.AtLeast(max(0, len(of)-m.few(0, 0, 1, 2)), of...)
	case 3:
		r := graph.Requirement{Op: graph.OpCredits, Of: m.rules(depth - 1), Credits: int64(m.few(1, 2, 3, 4))}
		m.terms(&r)
		if m.few(0, 1) == 1 {
			r.Min = []graph.CategoryCredits{{Category: "core", Credits: int64(m.few(1, 2))}}
		}
		if m.few(0, 1) == 1 {
			r.Max = []graph.CategoryCredits{{Category: "elective", Credits: int64(m.few(0, 0, 1, 2))}}
		}
		return r
	}
	of := m.rules(0)
	if m.rich {
		for i := range of {
			switch m.IntN(6) {
			case 0:
				of[i] = graph.Any(m.rules(0)...)
			case 1:
				of[i] = graph.Requirement{Op: graph.OpCredits, Of: m.rules(0), Credits: int64(m.few(1, 2, 3))}
				m.terms(&of[i])
			case 2:
				of[i] = graph.AtLeast(1, m.rules(0)...)
				of[i].Sharing = graph.Exclusive
			}
		}
	}
	if m.few(0, 1) == 1 {
		r := graph.Requirement{Op: graph.OpCredits, Sharing: graph.Exclusive, Of: of, Credits: int64(m.few(1, 2, 3))}
		m.terms(&r)
		return r
	}
	r := graph.AtLeast(max(1, len(of)-m.few(0, 1)), of...)
	r.Sharing = graph.Exclusive
	return r
}

func (m worldMaker) tenure() graph.Requirement {
	r := graph.Requirement{Op: graph.OpTenure, Months: m.few(0, 1, 2, 4, 6, 12)}
	if m.few(0, 0, 1) == 1 {
		r.Family = "data"
	} else {
		r.Role = []graph.ID{"analyst", "analyst", "engineer", "nobody"}[m.IntN(4)]
	}
	return r
}

func (m worldMaker) overCategory() graph.Requirement {
	r := graph.Requirement{Op: graph.OpCredits, OverCategory: []graph.ID{"core", "elective"}[m.IntN(2)], Credits: int64(m.few(1, 2, 3, 4))}
	if m.few(0, 0, 1) == 1 {
		r.Sharing = graph.Exclusive
	}
	return r
}

func (m worldMaker) rules(depth int) []graph.Requirement {
	var of []graph.Requirement
	for range m.few(2, 3, 1) {
		of = append(of, m.rule(depth))
	}
	return of
}

func (m worldMaker) terms(r *graph.Requirement) {
	for i := range r.Of {
		r.Of[i].TermCredits, r.Of[i].TermCategory = int64(m.few(1, 2, 3)), []graph.ID{"core", "elective"}[i%2]
		if r.Of[i].Op == graph.OpHolds && m.few(0, 1) == 1 {
			r.Of[i].TermCredits, r.Of[i].TermCategory = graph.OwnCredits, ""
		}
	}
}

func (w *world) profile() *graph.Profile { return w.after(0) }

// after is the profile in which the open stays have lasted some months longer.
// A stay that is not over has begun as much earlier.
func (w *world) after(months int) *graph.Profile {
	var as []graph.Assignment
	for _, s := range w.stays {
		if s.left != 0 && s.left <= -s.ago {
			continue
		}
		a := graph.Assignment{Role: s.role, From: instant.AddMonths(-s.ago, nil)}
		if s.left != 0 {
			a.Until = instant.AddMonths(s.left, nil)
		}
		if months > 0 && s.left >= 0 {
			lasts := s.ago + months
			if s.left > 0 {
				lasts = s.ago + min(months, s.left)
			}
			if lasts > 0 {
				a.From, a.Until = instant.AddMonths(-lasts, nil), 0
			}
		}
		as = append(as, a)
	}
	return graph.Suppose(graph.CompileBatch(w.batch), instant, w.awards, w.claims, as...)
}

// aim is the goal of w.
func (w *world) aim() Goal {
	if w.goal.Op == 0 {
		return Goal{Role: "goal"}
	}
	return Goal{Requirement: &w.goal}
}

// earn is what taking a set of routes leads to, asked of profiles alone: a
// route whose requirement is met earns its version, until nothing changes. It
// also says in which order.
func earn(p *graph.Profile, routes []route) (*graph.Profile, []int) {
	now := p
	var order []int
	var versions []*graph.Version
	for again := true; again; {
		again = false
		for i, r := range routes {
			if !slices.Contains(order, i) && now.Met(r.route.Requires) {
				order, versions = append(order, i), append(versions, r.version)
				now, again = p.With(versions...), true
			}
		}
	}
	return now, order
}

// allRoutes are the routes in force of a catalog, but for excluded ones.
func allRoutes(p *graph.Profile, excluded ...graph.ID) []route {
	var out []route
	for _, id := range p.Catalog.IDs(graph.KindAchievement) {
		i, _ := p.Catalog.Achievement(id)
		v := p.Catalog.InForce(i, p.At)
		if v == nil || slices.Contains(excluded, id) {
			continue
		}
		for j := range v.Routes {
			if v.Routes[j].Kind != graph.ByRenewal || len(p.Awards(i)) > 0 {
				out = append(out, route{version: v, route: &v.Routes[j]})
			}
		}
	}
	return out
}

// cheapest tries every set of routes.
func cheapest(p *graph.Profile, t *Target, o Objective, excluded ...graph.ID) (Cost, bool) {
	routes := allRoutes(p, excluded...)
	var best Cost
	found := false
	for set := range 1 << len(routes) {
		var taken []route
		var cost Cost
		for i, r := range routes {
			if set>>i&1 == 1 {
				taken = append(taken, r)
				cost.EffortMinutes += r.route.EffortMinutes
				cost.PriceMinor += r.route.PriceMinor
				cost.Weeks += r.route.ElapsedWeeks
			}
		}
		cost.Routes = int64(bits.OnesCount(uint(set)))
		if found && cost.Compare(best, o) >= 0 {
			continue
		}
		if now, _ := earn(p, taken); t.met(now) {
			best, found = cost, true
		}
	}
	return best, found
}

// checkPlan checks that the steps can be taken in their order, that none can be
// left out, and that the totals are theirs.
func checkPlan(tb rapid.TB, p *graph.Profile, plan *Plan) {
	tb.Helper()
	checkPlanAfter(tb, p, p, plan)
}

// checkPlanAfter is checkPlan for p where the waits of the plan are over, which
// is waited.
func checkPlanAfter(tb rapid.TB, p, waited *graph.Profile, plan *Plan) {
	tb.Helper()
	var total Cost
	now := waited
	var versions []*graph.Version
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if !now.Met(s.Route.Requires) {
			tb.Fatalf("step %d (%s by %s) cannot be taken: %v", i, s.Version.ID, s.Route.ID, plan.Steps)
		}
		if got := p.Met(s.Route.Requires); got != s.AvailableNow {
			tb.Fatalf("step %d: available now is %v, want %v", i, s.AvailableNow, got)
		}
		versions = append(versions, s.Version)
		now = waited.With(versions...)
		c := s.Cost()
		total = Cost{
			total.EffortMinutes + c.EffortMinutes, total.PriceMinor + c.PriceMinor, total.Weeks + c.Weeks, total.Routes + 1,
		}
	}
	if !plan.Target.met(now) {
		tb.Fatalf("the plan does not reach the target: %v", plan.Steps)
	}
	if total != plan.Total {
		tb.Fatalf("the totals are %+v, want %+v", plan.Total, total)
	}
	for i := range plan.Steps {
		var rest []route
		for j := range plan.Steps {
			if j != i {
				rest = append(rest, route{version: plan.Steps[j].Version, route: plan.Steps[j].Route})
			}
		}
		if now, _ := earn(waited, rest); plan.Target.met(now) {
			tb.Fatalf("step %d can be left out: %v", i, plan.Steps)
		}
	}
	checkReasons(tb, plan)
}

// checkReasons checks that every step is for something that is not covered, and
// that the steps it rests on come before it and say so too.
func checkReasons(tb rapid.TB, plan *Plan) {
	tb.Helper()
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if len(s.Closes) == 0 {
			tb.Fatalf("step %d (%s) closes nothing", i, s.Version.ID)
		}
		if s.AvailableNow != (len(s.Needs) == 0) && plan.WaitUntil == 0 {
			tb.Fatalf("step %d (%s): available now is %v, needs %v", i, s.Version.ID, s.AvailableNow, s.Needs)
		}
		for _, j := range s.Needs {
			if j >= i || !slices.Contains(plan.Steps[j].Enables, i) {
				tb.Fatalf("step %d needs %d, which enables %v", i, j, plan.Steps[j].Enables)
			}
		}
	}
	covered := make(map[NodeRef]bool)
	for _, c := range plan.Covered {
		covered[c.NodeRef] = true
	}
	for i := range plan.Steps {
		for _, n := range plan.Steps[i].Closes {
			if covered[n] {
				tb.Fatalf("step %d closes %v, which is covered", i, n)
			}
		}
	}
}

func mustSolve(tb testing.TB, p *graph.Profile, g Goal, o Objective, l Limits) Plan {
	tb.Helper()
	plan, err := Solve(tb.Context(), p, g, o, l)
	if err != nil {
		tb.Fatal(err)
	}
	return plan
}
