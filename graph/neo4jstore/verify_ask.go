package neo4jstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/graph"
)

// verifying are the statements of the folder verify. What they decide, they
// decide in Cypher; this file carries their rows from one to the next, where
// Cypher has no recursion: from level to level that follows, and from the leaves
// of a rule to its root.
var verifying = func() map[string]string {
	entries, err := files.ReadDir("cypher/verify")
	if err != nil {
		panic(err) // the files are part of the binary
	}
	out := make(map[string]string)
	for _, e := range entries {
		out[strings.TrimSuffix(e.Name(), ".cypher")] = read("cypher/verify/" + e.Name())
	}
	return out
}()

// answers are Neo4j's about some people at a revision.
type answers struct {
	moved    bool // another commit came meanwhile: ask again
	revision graph.Revision
	rules    map[ruleName]asked
	people   map[graph.ID]*answer
}

// asked is a rule in the graph.
type asked struct {
	root      string // its element id
	exclusive bool   // it has a node that is not asked about
}

// answer is Neo4j's about one person.
type answer struct {
	notAsked string // why nothing is; empty: it is
	levels   map[graph.ID][graph.Rigors]int64
	results  map[string]result // of nodes, by element id
}

// result is how a node of a rule stands.
type result struct {
	met      bool
	progress float64
	row      map[string]any // as the statement returned it, for those of its parent
}

// transaction does work in a read transaction, and says the newest revision
// before and after it.
func (v *verification) transaction(ctx context.Context, work func(neo4j.ManagedTransaction) error) (before, after graph.Revision, err error) {
	session := v.store.session(ctx, neo4j.AccessModeRead)
	defer v.store.end(session)
	_, err = session.ExecuteRead(ctx, func(tx neo4j.ManagedTransaction) (any, error) {
		newest := func() (graph.Revision, error) {
			rows, err := collect(ctx, tx, statements["head"], nil)
			if err != nil {
				return 0, err
			}
			if len(rows) == 0 {
				return 0, unavailable("the database holds no graph of Cairn any more", nil)
			}
			r, _ := rows[0].Values[0].(int64)
			return graph.Revision(r), nil
		}
		var err error
		if before, err = newest(); err != nil {
			return nil, err
		}
		if err = work(tx); err != nil {
			return nil, err
		}
		after, err = newest()
		return nil, err
	})
	return before, after, translate(ctx, err)
}

// ask asks Neo4j all questions about some people.
func (v *verification) ask(ctx context.Context, people []graph.ID) (*answers, error) {
	out := &answers{}
	before, after, err := v.transaction(ctx, func(tx neo4j.ManagedTransaction) error {
		q := &questions{ctx: ctx, tx: tx, at: moment(v.report.At), trees: make(map[string]*tree)}
		out.rules, out.people = make(map[ruleName]asked), make(map[graph.ID]*answer)
		if err := q.rules(v, out); err != nil {
			return err
		}
		return q.everybody(people, out)
	})
	out.revision, out.moved = after, before != after
	return out, err
}

// questions are asked in a transaction about an instant.
type questions struct {
	ctx   context.Context //nolint:containedctx // of one call
	tx    neo4j.ManagedTransaction
	at    time.Time
	trees map[string]*tree // by the element id of the root
}

// tree is the nodes of a rule.
type tree struct {
	depths    []map[string][]string // for each depth, the nodes by operator
	exclusive bool
}

func (q *questions) run(statement string, parameters map[string]any) ([]map[string]any, error) {
	parameters["at"] = q.at
	rows, err := collect(q.ctx, q.tx, verifying[statement], parameters)
	out := make([]map[string]any, len(rows))
	for i, r := range rows {
		out[i] = r.AsMap()
	}
	return out, err
}

// rules finds the rules asked about.
func (q *questions) rules(v *verification, out *answers) error {
	rows, err := q.run("rules", map[string]any{"achievements": plainIDs(v.achievements), "roles": plainIDs(v.roles)})
	if err != nil {
		return err
	}
	var roots []string
	for _, r := range rows {
		roots = append(roots, str(r["root"]))
	}
	if err := q.grow(roots); err != nil {
		return err
	}
	for _, r := range rows {
		name := ruleName{graph.KindAchievement, graph.ID(str(r["id"])), graph.ID(str(r["route"]))}
		if str(r["kind"]) == graph.KindRole.String() {
			name.kind = graph.KindRole
		}
		root := str(r["root"])
		out.rules[name] = asked{root, q.trees[root].exclusive}
	}
	return nil
}

// grow reads the trees of the roots that are not known yet.
func (q *questions) grow(roots []string) error {
	roots = slices.DeleteFunc(slices.Clone(roots), func(r string) bool { return q.trees[r] != nil })
	if len(roots) == 0 {
		return nil
	}
	rows, err := q.run("nodes", map[string]any{"roots": roots})
	if err != nil {
		return err
	}
	for _, r := range rows {
		t := q.trees[str(r["root"])]
		if t == nil {
			t = &tree{}
			q.trees[str(r["root"])] = t
		}
		depth, _ := r["depth"].(int64)
		for int64(len(t.depths)) <= depth {
			t.depths = append(t.depths, make(map[string][]string))
		}
		op := str(r["op"])
		t.depths[depth][op] = append(t.depths[depth][op], str(r["node"]))
		exclusive, _ := r["exclusive"].(bool)
		t.exclusive = t.exclusive || exclusive
	}
	return nil
}

// subject is somebody with what the statements have said so far.
type subject struct {
	id     graph.ID
	awards []map[string]any // rows of awards.cypher with counts
	levels map[graph.ID][graph.Rigors]int64
	// results are of nodes by element id.
	results map[string]result
}

// everybody asks about some people.
func (q *questions) everybody(ids []graph.ID, out *answers) error {
	people, err := q.standing(ids, nil)
	if err != nil {
		return err
	}
	for i, p := range people {
		out.people[p.id] = &answer{}
		if !slices.ContainsFunc(p.awards, waits) {
			continue
		}
		counting, notAsked, err := q.history(p)
		if err != nil {
			return err
		}
		if out.people[p.id].notAsked = notAsked; notAsked != "" {
			continue
		}
		again, err := q.standing([]graph.ID{p.id}, counting)
		if err != nil {
			return err
		}
		people[i] = again[0]
	}
	if err := q.levels(people); err != nil {
		return err
	}
	var roots []string
	for _, r := range out.rules {
		if !r.exclusive {
			roots = append(roots, r.root)
		}
	}
	if err := q.evaluate(people, roots); err != nil {
		return err
	}
	for _, p := range people {
		out.people[p.id].levels, out.people[p.id].results = p.levels, p.results
	}
	return nil
}

func waits(award map[string]any) bool {
	w, _ := award["waits"].(bool)
	return w
}

// standing is people with their awards at the instant. Of those that wait for an
// enforced prerequisite only those in counting count.
func (q *questions) standing(ids []graph.ID, counting map[string]bool) ([]*subject, error) {
	rows, err := q.run("awards", map[string]any{"people": plainIDs(ids)})
	if err != nil {
		return nil, err
	}
	byID := make(map[string][]map[string]any)
	for _, r := range rows {
		valid, _ := r["valid"].(bool)
		r["counts"] = valid && (!waits(r) || counting[str(r["id"])])
		byID[str(r["person"])] = append(byID[str(r["person"])], r)
	}
	out := make([]*subject, len(ids))
	for i, id := range ids {
		out[i] = &subject{id: id, awards: byID[string(id)]}
	}
	return out, nil
}

// history is which awards of a person count that wait for a prerequisite: it
// held at some instant since they were issued. notAsked says why that cannot be
// asked, if so.
func (q *questions) history(p *subject) (counting map[string]bool, notAsked string, err error) {
	now := q.at
	defer func() { q.at = now }()
	counting = make(map[string]bool)
	from, exclusive := now, false
	var tenures []string
	for _, a := range p.awards {
		if !waits(a) {
			continue
		}
		if issued, _ := a["issuedAt"].(time.Time); issued.Before(from) {
			from = issued
		}
		roots := strs(a["roots"])
		if err := q.grow(roots); err != nil {
			return nil, "", err
		}
		for _, r := range roots {
			t := q.trees[r]
			exclusive = exclusive || t.exclusive
			for _, d := range t.depths {
				tenures = append(tenures, d["tenure"]...)
			}
		}
	}
	if exclusive {
		return nil, becauseEnforcedExclusive, nil
	}
	instants, err := q.run("instants", map[string]any{"person": string(p.id), "from": from})
	if err != nil {
		return nil, "", err
	}
	reached, err := q.run("reached", map[string]any{"person": string(p.id), "nodes": tenures})
	if err != nil {
		return nil, "", err
	}
	var at []time.Time
	for _, row := range slices.Concat(instants, reached) {
		t, _ := row["at"].(time.Time)
		at = append(at, t.UTC())
	}
	slices.SortFunc(at, time.Time.Compare)
	for _, q.at = range slices.CompactFunc(at, time.Time.Equal) {
		for again := true; again; {
			if again, err = q.come(p.id, counting); err != nil {
				return nil, "", err
			}
		}
	}
	return counting, "", nil
}

// come adds the awards that come to count at an instant, and says whether there
// were any.
func (q *questions) come(id graph.ID, counting map[string]bool) (again bool, err error) {
	people, err := q.standing([]graph.ID{id}, counting)
	if err != nil {
		return false, err
	}
	p := people[0]
	var roots []string
	for _, a := range p.awards {
		if waits(a) && !counting[str(a["id"])] {
			roots = append(roots, strs(a["roots"])...)
		}
	}
	if len(roots) == 0 {
		return false, nil
	}
	if err := errors.Join(q.grow(roots), q.levels(people)); err != nil {
		return false, err
	}
	if err := q.evaluate(people, roots); err != nil {
		return false, err
	}
	for _, a := range p.awards {
		valid, _ := a["valid"].(bool)
		if valid && waits(a) && !counting[str(a["id"])] &&
			slices.ContainsFunc(strs(a["roots"]), func(r string) bool { return p.results[r].met }) {
			counting[str(a["id"])], again = true, true
		}
	}
	return again, nil
}

// proof is a level proven at a rigor.
type proof struct {
	person     graph.ID
	competency graph.ID
	rigor      int64
}

// levels finds what people have: what awards attest and claims say, and what
// follows, until nothing more does.
func (q *questions) levels(people []*subject) error {
	var awards []map[string]any
	byID := make(map[graph.ID]*subject)
	ids := make([]graph.ID, len(people))
	for i, p := range people {
		ids[i], byID[p.id] = p.id, p
		p.levels = make(map[graph.ID][graph.Rigors]int64)
		for _, a := range p.awards {
			if counts, _ := a["counts"].(bool); counts {
				awards = append(awards, map[string]any{"person": string(p.id), "version": a["version"], "rigor": a["rigor"]})
			}
		}
	}
	rows, err := q.run("attested", map[string]any{"awards": awards})
	if err != nil {
		return err
	}
	claimed, err := q.run("claimed", map[string]any{"people": plainIDs(ids)})
	if err != nil {
		return err
	}
	best := make(map[proof]int64)
	for rows = append(rows, claimed...); len(rows) > 0; {
		var raised []map[string]any
		for _, r := range rows {
			rigor, _ := r["rigor"].(int64)
			level, _ := r["level"].(int64)
			key := proof{graph.ID(str(r["person"])), graph.ID(str(r["competency"])), rigor}
			if level > best[key] {
				best[key] = level
				raised = append(raised, r)
			}
		}
		if len(raised) == 0 {
			break
		}
		if rows, err = q.run("implied", map[string]any{"levels": raised}); err != nil {
			return err
		}
	}
	for k, level := range best {
		held := byID[k.person].levels[k.competency]
		for floor := range k.rigor { // proven at a rigor, it is proven at those below
			held[floor] = max(held[floor], level)
		}
		byID[k.person].levels[k.competency] = held
	}
	return nil
}

// evaluate finds how the nodes of rules stand for people, from the deepest on.
func (q *questions) evaluate(people []*subject, roots []string) error {
	var depths []map[string][]string
	for _, r := range roots {
		for d, nodes := range q.trees[r].depths {
			if len(depths) <= d {
				depths = append(depths, make(map[string][]string))
			}
			for op, list := range nodes {
				depths[d][op] = append(depths[d][op], list...)
			}
		}
	}
	for _, p := range people {
		p.results = make(map[string]result)
	}
	for _, nodes := range slices.Backward(depths) {
		for _, op := range slices.Sorted(maps.Keys(nodes)) {
			rows, err := q.run(op, map[string]any{"nodes": nodes[op], "people": parameters(people, op), "forever": moment(graph.Forever)})
			if err != nil {
				return err
			}
			for _, r := range rows {
				met, _ := r["met"].(bool)
				progress, _ := r["progress"].(float64)
				i := slices.IndexFunc(people, func(p *subject) bool { return string(p.id) == str(r["person"]) })
				people[i].results[str(r["node"])] = result{met, progress, r}
			}
		}
	}
	return nil
}

// parameters are people as the statement for an operator needs them.
func parameters(people []*subject, op string) []map[string]any {
	out := make([]map[string]any, len(people))
	for i, p := range people {
		out[i] = map[string]any{"id": string(p.id)}
		switch op {
		case "holds", "credits":
			out[i]["awards"] = p.awards
		case "level":
			levels := make(map[string]any, len(p.levels))
			for id, l := range p.levels {
				levels[string(id)] = l[:]
			}
			out[i]["levels"] = levels
		}
		if op == "at_least" || op == "credits" {
			results := make(map[string]any, len(p.results))
			for node, r := range p.results {
				results[node] = r.row
			}
			out[i]["results"] = results
		}
	}
	return out
}

func plainIDs(ids []graph.ID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

func strs(v any) []string {
	list, _ := v.([]any)
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = str(x)
	}
	return out
}
