package neo4jstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/graph"
)

// VerifyOptions say what [Store.VerifyInventory] asks. The zero value is usable.
type VerifyOptions struct {
	People int           // how many people are asked about; 0 means 100
	Rules  int           // how many achievements and roles that have rules; 0 means 200
	Seed   uint64        // chooses them: equal seeds choose equally from equal content
	At     graph.Instant // the instant asked about; 0 means that of the newest commit
}

// Verification is what [Store.VerifyInventory] found.
type Verification struct {
	Revision graph.Revision // the newest that was asked at
	At       graph.Instant
	People   int // people in the sample
	Rules    int // rules in the sample: routes of achievements, essentials of roles
	// Levels is how many levels were compared: of a person and a competency, at
	// each of the four floors. Completions is how many times a rule and a person.
	Levels, Completions int
	NotAsked            []NotAsked
	Differences         []Difference
}

// NotAsked is what Cypher was not asked, and why.
type NotAsked struct {
	Reason string
	Count  int // people, or times a rule and a person, as the reason says
}

// Difference is a question with its two answers.
type Difference struct {
	Person       graph.ID // empty: about the catalog, or all people
	Question     string
	Cairn, Neo4j string
}

// String is the difference in a line.
func (d Difference) String() string {
	about := d.Question
	if d.Person != "" {
		about = string(d.Person) + ": " + about
	}
	return fmt.Sprintf("%s: Cairn answers %s, Neo4j %s", about, d.Cairn, d.Neo4j)
}

// The reasons why something is not asked.
const (
	becauseExclusive         = "rules, for a person each, that let what is held serve one part only: that is a matching, which Cypher does not do"
	becauseUnsettled         = "people for whom automatic awards begin or end after the newest commit: the graph has what was recorded"
	becauseEnforcedExclusive = "people with an award whose enforced prerequisite lets what is held serve one part only"
)

const (
	verifyPeople   = 20 // asked about in one transaction
	verifyAttempts = 20 // of one transaction, each while others commit
)

var errBusy = unavailable("others commit faster than the graph can be asked; ask again later", nil)

// VerifyInventory asks a sample of the questions that Cairn answers again, in
// hand-written Cypher (the files of cypher/verify), and reports what differs. For
// each person: the level held of every competency at each floor of rigor, and of
// every rule whether it is met, and its progress. What Cypher cannot say is
// counted in NotAsked.
//
// Cairn's answers are those of the snapshot that snapshot returns for a revision:
// it waits until that has come, and may say [graph.ErrGone] of one that is no
// longer kept. Both sides answer at the same revision: a
// transaction during which another commit came is asked again, and so is one
// that found differences, once.
//
// Neo4j and Cairn take another hour where calendar months end in one that the
// zone's clock skips or repeats; asked about in that hour, they may differ.
//
// Errors: [graph.ErrUnavailable], also when others commit faster than this can
// ask. Cost: about a dozen statements for twenty people, which send the awards of
// these people to and fro.
func (s *Store) VerifyInventory(ctx context.Context, snapshot func(context.Context, graph.Revision) (*graph.Snapshot, error), options VerifyOptions) (Verification, error) {
	newest, err := s.Head(ctx)
	if err != nil {
		return Verification{}, err
	}
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return Verification{}, err
	}
	defer done()
	v := &verification{store: s, snapshot: snapshot, notAsked: make(map[string]int)}
	snap, err := v.pinned(ctx, newest)
	if err != nil {
		return Verification{}, err
	}
	if snap == nil {
		return Verification{}, errBusy
	}
	v.report.At = cmp.Or(options.At, snap.At)
	people := v.sample(snap, options)
	v.report.People = len(people)
	for chunk := range slices.Chunk(people, verifyPeople) {
		if err := v.compareChunk(ctx, chunk); err != nil {
			return v.report, err
		}
	}
	if err := v.countPeople(ctx); err != nil {
		return v.report, err
	}
	for _, reason := range []string{becauseExclusive, becauseUnsettled, becauseEnforcedExclusive} {
		if n := v.notAsked[reason]; n > 0 {
			v.report.NotAsked = append(v.report.NotAsked, NotAsked{reason, n})
		}
	}
	return v.report, nil
}

// verification is one in the making.
type verification struct {
	store               *Store
	snapshot            func(context.Context, graph.Revision) (*graph.Snapshot, error)
	achievements, roles []graph.ID // whose rules are asked about
	report              Verification
	notAsked            map[string]int
}

// sample chooses people, and notes the achievements and roles to ask about.
func (v *verification) sample(snap *graph.Snapshot, options VerifyOptions) []graph.ID {
	r := rand.New(rand.NewPCG(options.Seed, 4)) //nolint:gosec // a sample is to be repeatable
	var people []graph.ID
	for _, i := range choose(r, snap.CountPeople(), cmp.Or(options.People, 100)) {
		people = append(people, snap.PeopleAt(i, i+1)[0].ID)
	}
	achievements := slices.DeleteFunc(snap.Catalog.IDs(graph.KindAchievement), func(id graph.ID) bool {
		return len(v.rulesOf(snap.Catalog, graph.KindAchievement, id)) == 0
	})
	roles := slices.DeleteFunc(snap.Catalog.IDs(graph.KindRole), func(id graph.ID) bool {
		return len(v.rulesOf(snap.Catalog, graph.KindRole, id)) == 0
	})
	for _, i := range choose(r, len(achievements)+len(roles), cmp.Or(options.Rules, 200)) {
		if i < len(achievements) {
			v.achievements = append(v.achievements, achievements[i])
		} else {
			v.roles = append(v.roles, roles[i-len(achievements)])
		}
	}
	return people
}

// choose is up to want different numbers below n, in order.
func choose(r *rand.Rand, n, want int) []int {
	if want >= n {
		out := make([]int, n)
		for i := range out {
			out[i] = i
		}
		return out
	}
	taken := make(map[int]bool, want)
	out := make([]int, 0, want)
	for len(out) < want {
		if i := r.IntN(n); !taken[i] {
			taken[i] = true
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

// ruleName names a rule.
type ruleName struct {
	kind  graph.Kind
	id    graph.ID
	route graph.ID // of an achievement
}

func (n ruleName) String() string {
	if n.kind == graph.KindRole {
		return fmt.Sprintf("what is essential to the role %s", n.id)
	}
	return fmt.Sprintf("what the route %s of the achievement %s requires", n.route, n.id)
}

// rulesOf are the rules of an entry that are in force at the instant asked about.
func (v *verification) rulesOf(c *graph.Catalog, kind graph.Kind, id graph.ID) map[ruleName]*graph.Tree {
	out := make(map[ruleName]*graph.Tree)
	if kind == graph.KindRole {
		if i, ok := c.Role(id); ok {
			if r := c.CurrentRole(i, v.report.At); r != nil && r.Status == graph.InForce && r.Essential != nil {
				out[ruleName{kind, id, ""}] = r.Essential
			}
		}
		return out
	}
	if i, ok := c.Achievement(id); ok {
		if a := c.InForce(i, v.report.At); a != nil {
			for _, r := range a.Routes {
				if r.Requires != nil {
					out[ruleName{kind, id, r.ID}] = r.Requires
				}
			}
		}
	}
	return out
}

// compareChunk compares the answers about some people at one revision.
func (v *verification) compareChunk(ctx context.Context, people []graph.ID) error {
	again := false
	for range verifyAttempts {
		a, err := v.ask(ctx, people)
		if err != nil {
			return err
		}
		if a.moved {
			continue
		}
		snap, err := v.pinned(ctx, a.revision)
		if snap == nil {
			if err != nil {
				return err
			}
			continue
		}
		c := &comparison{verification: v, answers: a, snap: snap, notAsked: make(map[string]int)}
		if err := c.compare(people); err != nil {
			return err
		}
		// A commit becomes visible node by node, so one difference is none yet.
		if len(c.differences) > 0 && !again {
			again = true
			continue
		}
		v.report.Revision, v.report.Rules = a.revision, max(v.report.Rules, c.rules)
		v.report.Levels += c.levels
		v.report.Completions += c.completions
		for _, d := range c.differences {
			if d.Person != "" || !slices.Contains(v.report.Differences, d) { // of the catalog once
				v.report.Differences = append(v.report.Differences, d)
			}
		}
		for reason, n := range c.notAsked {
			v.notAsked[reason] += n
		}
		return nil
	}
	return errBusy
}

// pinned is the snapshot of exactly a revision; nil when that is no longer kept,
// because others have gone on.
func (v *verification) pinned(ctx context.Context, r graph.Revision) (*graph.Snapshot, error) {
	snap, err := v.snapshot(ctx, r)
	if errors.Is(err, graph.ErrGone) {
		return nil, nil //nolint:nilnil // there is none, and that is no failure
	}
	if err != nil || snap.Revision != r {
		return nil, err
	}
	return snap, nil
}

// countPeople compares how many people there are.
func (v *verification) countPeople(ctx context.Context) error {
	for range verifyAttempts {
		var people int64
		before, after, err := v.transaction(ctx, func(tx neo4j.ManagedTransaction) error {
			rows, err := collect(ctx, tx, verifying["people"], nil)
			if err == nil {
				people, _ = rows[0].Values[0].(int64)
			}
			return err
		})
		if err != nil {
			return err
		}
		if before != after {
			continue
		}
		snap, err := v.pinned(ctx, after)
		if snap == nil {
			if err != nil {
				return err
			}
			continue
		}
		v.report.Revision = after
		if n := snap.CountPeople(); int64(n) != people {
			v.report.Differences = append(v.report.Differences, Difference{
				Question: "how many people there are", Cairn: fmt.Sprint(n), Neo4j: fmt.Sprint(people),
			})
		}
		return nil
	}
	return errBusy
}

// comparison is of the answers about some people at a revision.
type comparison struct {
	*verification
	answers                    *answers
	snap                       *graph.Snapshot
	rules, levels, completions int
	differences                []Difference
	notAsked                   map[string]int
}

func (c *comparison) compare(people []graph.ID) error {
	rules := c.ruleSet()
	for _, id := range people {
		if !c.snap.Settled(id, c.report.At) {
			c.notAsked[becauseUnsettled]++
			continue
		}
		p, err := c.snap.Profile(id, c.report.At)
		if err != nil {
			return err
		}
		a := c.answers.people[id]
		if a.notAsked != "" {
			c.notAsked[a.notAsked]++
			continue
		}
		c.compareLevels(p, a)
		for _, name := range rules {
			c.compareRule(p, a, name)
		}
	}
	return nil
}

// ruleSet are the rules that both sides have, by name; others are differences.
func (c *comparison) ruleSet() []ruleName {
	trees := make(map[ruleName]bool)
	for kind, list := range map[graph.Kind][]graph.ID{graph.KindAchievement: c.achievements, graph.KindRole: c.roles} {
		for _, id := range list {
			for name := range c.rulesOf(c.snap.Catalog, kind, id) {
				trees[name] = true
			}
		}
	}
	var both []ruleName
	for name := range trees {
		if _, ok := c.answers.rules[name]; ok {
			both = append(both, name)
		} else {
			c.differ("", name.String(), "a rule", "none")
		}
	}
	for name := range c.answers.rules {
		if !trees[name] {
			c.differ("", name.String(), "nothing", "a rule")
		}
	}
	byName := func(a, b ruleName) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id), cmp.Compare(a.route, b.route))
	}
	slices.SortFunc(both, byName)
	slices.SortFunc(c.differences, func(a, b Difference) int { return cmp.Compare(a.Question, b.Question) })
	c.rules = len(both)
	return both
}

func (c *comparison) differ(person graph.ID, question, cairn, neo4j string) {
	c.differences = append(c.differences, Difference{person, question, cairn, neo4j})
}

func (c *comparison) compareLevels(p *graph.Profile, a *answer) {
	competencies := make(map[graph.ID]graph.Levels)
	for _, i := range p.Competencies() {
		competencies[c.snap.Catalog.CompetencyID(i)] = p.Levels(i)
	}
	ids := make([]graph.ID, 0, len(competencies))
	for id := range competencies {
		ids = append(ids, id)
	}
	for id := range a.levels {
		if _, ok := competencies[id]; !ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		want, got := competencies[id], a.levels[id]
		for floor := graph.Declared; floor <= graph.Proctored; floor++ {
			c.levels++
			if w, g := int64(want.At(floor)), got[floor-1]; w != g {
				c.differ(p.Person, fmt.Sprintf("the level of %s, %s at least", id, floor), fmt.Sprint(w), fmt.Sprint(g))
			}
		}
	}
}

func (c *comparison) compareRule(p *graph.Profile, a *answer, name ruleName) {
	r := c.answers.rules[name]
	if r.exclusive {
		c.notAsked[becauseExclusive]++
		return
	}
	c.completions++
	want := p.Evaluate(c.rulesOf(c.snap.Catalog, name.kind, name.id)[name])[0]
	got, ok := a.results[r.root]
	if !ok {
		c.differ(p.Person, name.String(), standing(want.State == graph.StateMet, want.Progress), "nothing")
		return
	}
	// Progress is a quotient of sums that may be added up in another order.
	if met := want.State == graph.StateMet; met != got.met || math.Abs(want.Progress-got.progress) > 1e-9 {
		c.differ(p.Person, name.String(), standing(met, want.Progress), standing(got.met, got.progress))
	}
}

// standing is how a rule stands, in words.
func standing(met bool, progress float64) string {
	if met {
		return fmt.Sprintf("met (progress %.4g)", progress)
	}
	return fmt.Sprintf("not met (progress %.4g)", progress)
}
