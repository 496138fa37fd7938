package neo4jstore_test

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/cairn-skills/cairn/graph"
)

// cypher is a statement in which TEXTS(n.x) stands for the translations of a
// text, and SEEN(n: A|B) for a node and its relationships of those types.
func cypher(statement string) string {
	statement = regexp.MustCompile(`TEXTS\((\w+)\.(\w+)\)`).ReplaceAllString(statement,
		"CASE WHEN $1.$2 IS NULL THEN [] ELSE [$1.${2}Lang + ':' + $1.$2] + "+
			"[nr IN range(0, size(coalesce($1.${2}Other, [])) - 1) | $1.${2}OtherLang[nr] + ':' + $1.${2}Other[nr]] END")
	return regexp.MustCompile(`SEEN\((\w+): ?([A-Z_|]+)\)`).ReplaceAllString(statement,
		"[elementId($1)] + COLLECT { MATCH ($1)-[relation:$2]->() RETURN elementId(relation) } ")
}

func catalogWalks(batches []graph.Batch) []walk {
	settings := every(batches, func(b *graph.Batch) []*graph.Settings {
		if b.Settings == nil {
			return nil
		}
		return []*graph.Settings{b.Settings}
	}, func(s *graph.Settings) map[string]any {
		return map[string]any{
			"language": string(s.Language), "currency": string(s.Currency), "zone": s.Zone, "rigor": s.DefaultMinRigor,
			"exact": s.ExactMatchImplies, "catalog": s.Source.Catalog,
			"rates": list(s.Rates, func(_ int, r graph.Rate) any { return []any{string(r.From), r.Numerator, r.Denominator} }),
		}
	})
	scales := every(batches, func(b *graph.Batch) []graph.Scale { return b.Scales }, func(s graph.Scale) map[string]any {
		return map[string]any{
			"id": s.ID, "title": texts(s.Title), "catalog": s.Source.Catalog,
			"levels": list(s.Levels, func(_ int, l graph.Text) any { return texts(l) }),
		}
	})
	frameworks := every(batches, func(b *graph.Batch) []graph.Framework { return b.Frameworks }, func(f graph.Framework) map[string]any {
		return map[string]any{
			"id": f.ID, "title": texts(f.Title), "description": texts(f.Description), "url": f.URL, "version": f.Version,
			"publisher": f.Publisher, "catalog": f.Source.Catalog,
		}
	})
	issuers := every(batches, func(b *graph.Batch) []graph.Issuer { return b.Issuers }, func(i graph.Issuer) map[string]any {
		return map[string]any{"id": i.ID, "title": texts(i.Title), "url": i.URL, "catalog": i.Source.Catalog}
	})
	competencies := every(batches, func(b *graph.Batch) []graph.Competency { return b.Competencies }, func(c graph.Competency) map[string]any {
		return map[string]any{
			"id": c.ID, "framework": ids(some(c.Framework)), "kind": c.Kind, "scale": ids(some(c.Scale)), "title": texts(c.Title),
			"alt": texts(c.AltLabels), "description": texts(c.Description), "broader": ids(c.Broader), "alignments": alignments(c.Alignments),
			"implies": list(c.Implies, func(_ int, i graph.Implication) any { return []any{i.Level, i.Competency, i.ToLevel} }),
			"retired": c.Retired, "replaced": ids(some(c.ReplacedBy)), "catalog": c.Source.Catalog,
		}
	})
	achievements, routes, rules := achievementFacts(batches)
	roles, options, more := roleFacts(batches)
	ladders := every(batches, func(b *graph.Batch) []graph.Ladder { return b.Ladders }, func(l graph.Ladder) map[string]any {
		return map[string]any{
			"id": l.ID, "title": texts(l.Title), "description": texts(l.Description), "roles": ids(l.Roles), "retired": l.Retired, "catalog": l.Source.Catalog,
		}
	})
	return []walk{
		{"settings", cypher(`
MATCH (s:Settings)-[:FROM_CATALOG]->(k)
RETURN {language: s.language, currency: s.currency, zone: s.zone, rigor: s.defaultMinRigor, exact: s.exactMatchImplies, catalog: k.id,
  rates: COLLECT { MATCH (s)-[r:CONVERTS]->(x:Rate) RETURN [x.from, x.numerator, x.denominator] ORDER BY r.order }},
  SEEN(s: FROM_CATALOG|CONVERTS) + COLLECT { MATCH (s)-[:CONVERTS]->(x) RETURN elementId(x) }`), settings},
		{"scales", cypher(`
MATCH (s:Scale)-[:FROM_CATALOG]->(k)
RETURN {id: s.id, title: TEXTS(s.title), catalog: k.id,
  levels: COLLECT { MATCH (s)-[r:HAS_LEVEL]->(x:ScaleLevel) RETURN TEXTS(x.title) AS t ORDER BY r.order }},
  SEEN(s: FROM_CATALOG|HAS_LEVEL) + COLLECT { MATCH (s)-[:HAS_LEVEL]->(x) RETURN elementId(x) }`), scales},
		{"frameworks", cypher(`
MATCH (f:Framework)-[:FROM_CATALOG]->(k)
RETURN {id: f.id, title: TEXTS(f.title), description: TEXTS(f.description), url: f.url, version: f.version, publisher: f.publisher, catalog: k.id},
  SEEN(f: FROM_CATALOG)`), frameworks},
		{"issuers", cypher(`
MATCH (i:Issuer)-[:FROM_CATALOG]->(k)
RETURN {id: i.id, title: TEXTS(i.title), url: i.url, catalog: k.id}, SEEN(i: FROM_CATALOG)`), issuers},
		{"competencies", cypher(`
MATCH (c:Competency)
RETURN {id: c.id, kind: c.kind, title: TEXTS(c.title), alt: TEXTS(c.altLabel), description: TEXTS(c.description), retired: c.retired,
  framework: [(c)-[:IN_FRAMEWORK]->(x:Framework) | x.id], scale: [(c)-[:ON_SCALE]->(x:Scale) | x.id],
  replaced: [(c)-[:REPLACED_BY]->(x:Competency) | x.id], catalog: head([(c)-[:FROM_CATALOG]->(x:Catalog) | x.id]),
  broader: COLLECT { MATCH (c)-[r:BROADER]->(x:Competency) RETURN x.id ORDER BY r.order },
  alignments: COLLECT { MATCH (c)-[r:ALIGNED_TO]->(x:AlignmentTarget) RETURN [r.type, x.id, r.targetName, r.framework] ORDER BY r.order },
  implies: COLLECT { MATCH (c)-[r:IMPLIES]->(x:Competency) RETURN [r.level, x.id, r.toLevel] ORDER BY r.order }},
  SEEN(c: FROM_CATALOG|IN_FRAMEWORK|ON_SCALE|REPLACED_BY|BROADER|ALIGNED_TO|IMPLIES)`), competencies},
		{"versions of achievements", cypher(`
MATCH (a:Achievement)-[has:HAS_VERSION]->(v:AchievementVersion)
RETURN {id: a.id, version: v.version, status: v.status, from: v.effectiveFrom, change: v.onChange, grace: v.graceUntil, type: v.type,
  labels: [l IN labels(v) WHERE NOT l IN ['AchievementVersion', 'Recorded']],
  title: TEXTS(v.title), alt: TEXTS(v.altLabel), description: TEXTS(v.description), criteria: TEXTS(v.criteria), url: v.criteriaURL,
  credits: v.credits, months: v.validMonths, until: v.validUntil, rigor: v.rigor, follows: v.followsParts, enforce: v.enforce,
  replaced: [(v)-[:REPLACED_BY]->(x:Achievement) | x.id], catalog: head([(v)-[:FROM_CATALOG]->(x:Catalog) | x.id]),
  issuer: [(v)-[:ISSUED_BY]->(x:Issuer) | x.id], category: [(v)-[:IN_CATEGORY]->(x:Category) | x.id],
  attests: COLLECT { MATCH (v)-[r:ATTESTS]->(x:Competency) RETURN [x.id, r.level] ORDER BY r.order },
  alignments: COLLECT { MATCH (v)-[r:ALIGNED_TO]->(x:AlignmentTarget) RETURN [r.type, x.id, r.targetName, r.framework] ORDER BY r.order },
  routes: COLLECT { MATCH (v)-[r:HAS_ROUTE]->(x:Route) RETURN x.name ORDER BY r.order }},
  elementId(has) + SEEN(v: FROM_CATALOG|REPLACED_BY|ISSUED_BY|IN_CATEGORY|ATTESTS|ALIGNED_TO|HAS_ROUTE)`), achievements},
		{"routes", cypher(`
MATCH (a:Achievement)-[:HAS_VERSION]->(v)-[:HAS_ROUTE]->(r:Route)
RETURN {of: a.id + '@' + v.version, name: r.name, kind: r.kind, minutes: r.effortMinutes, price: r.price, currency: r.currency, weeks: r.elapsedWeeks,
  award: r.award, url: r.url, after: COLLECT { MATCH (r)-[x:SUGGESTED_AFTER]->(b:Achievement) RETURN b.id ORDER BY x.order }},
  SEEN(r: SUGGESTED_AFTER|REQUIRES)`), routes},
		{"rules of routes", cypher(`
MATCH (a:Achievement)-[:HAS_VERSION]->(v)-[:HAS_ROUTE]->(r:Route)-[:REQUIRES]->(root:Requirement)
WITH root, a.id + '@' + v.version + ' ' + r.name AS of` + ruleWalk), rules},
		{"versions of roles", cypher(`
MATCH (a:Role)-[has:HAS_VERSION]->(v:RoleVersion)
RETURN {id: a.id, version: v.version, status: v.status, from: v.effectiveFrom, change: v.onChange, grace: v.graceUntil,
  title: TEXTS(v.title), alt: TEXTS(v.altLabel), description: TEXTS(v.description), rank: v.rank, threshold: v.threshold,
  replaced: [(v)-[:REPLACED_BY]->(x:Role) | x.id], catalog: head([(v)-[:FROM_CATALOG]->(x:Catalog) | x.id]), family: [(v)-[:IN_FAMILY]->(x:Family) | x.id],
  options: size([(v)-[:HAS_OPTION]->(x:Option) | x]),
  advances: COLLECT { MATCH (v)-[r:ADVANCES_TO]->(x:Role) RETURN x.id ORDER BY r.order },
  moves: COLLECT { MATCH (v)-[r:MOVES_TO]->(x:Role) RETURN x.id ORDER BY r.order },
  alignments: COLLECT { MATCH (v)-[r:ALIGNED_TO]->(x:AlignmentTarget) RETURN [r.type, x.id, r.targetName, r.framework] ORDER BY r.order }},
  elementId(has) + SEEN(v: FROM_CATALOG|REPLACED_BY|IN_FAMILY|REQUIRES|HAS_OPTION|ADVANCES_TO|MOVES_TO|ALIGNED_TO)`), roles},
		{"options", cypher(`
MATCH (a:Role)-[:HAS_VERSION]->(v)-[has:HAS_OPTION]->(o:Option)
RETURN {of: a.id + '@' + v.version, nr: has.order, weight: o.weight}, SEEN(o: REQUIRES)`), options},
		{"rules of roles", cypher(`
MATCH (a:Role)-[:HAS_VERSION]->(v)-[has:HAS_OPTION]->{0,1}(owner:RoleVersion|Option)-[:REQUIRES]->(root:Requirement)
WITH root, a.id + '@' + v.version + coalesce(' ' + head([r IN has | r.order]), '') AS of` + ruleWalk), more},
		{"ladders", cypher(`
MATCH (l:Ladder)-[:FROM_CATALOG]->(k)
RETURN {id: l.id, title: TEXTS(l.title), description: TEXTS(l.description), retired: l.retired, catalog: k.id,
  roles: COLLECT { MATCH (l)-[r:HAS_RUNG]->(x:Role) RETURN x.id ORDER BY r.order }}, SEEN(l: FROM_CATALOG|HAS_RUNG)`), ladders},
	}
}

// ruleWalk goes on from the root of a rule, and its name of.
const ruleWalk = `
MATCH way = (root)-[:OF*0..20]->(n:Requirement)
WITH of, n, reduce(text = '', r IN relationships(way) | text + '/' + r.order) AS way
RETURN {of: of, way: way, node: n.node, op: n.op, k: n.k, credits: n.credits, term: n.termCredits, fresh: n.freshWithinMonths,
  rigor: n.minRigor, level: n.level, months: n.months, sharing: n.sharing,
  over: [(n)-[:OVER]->(x:Category) | x.id], counts: [(n)-[:COUNTS_AS]->(x:Category) | x.id],
  least: COLLECT { MATCH (n)-[r:AT_LEAST_FROM]->(x:Category) RETURN [x.id, r.credits] ORDER BY r.order },
  most: COLLECT { MATCH (n)-[r:AT_MOST_FROM]->(x:Category) RETURN [x.id, r.credits] ORDER BY r.order },
  issuers: COLLECT { MATCH (n)-[r:ACCEPTS]->(x:Issuer) RETURN x.id ORDER BY r.order },
  holds: [(n)-[:HOLDS]->(x:Achievement) | x.id], competency: [(n)-[:AT_LEAST]->(x:Competency) | x.id],
  role: [(n)-[:TENURE_IN]->(x:Role) | x.id], family: [(n)-[:TENURE_IN_FAMILY]->(x:Family) | x.id]},
  SEEN(n: OF|OVER|COUNTS_AS|AT_LEAST_FROM|AT_MOST_FROM|ACCEPTS|HOLDS|AT_LEAST|TENURE_IN|TENURE_IN_FAMILY)`

func achievementFacts(batches []graph.Batch) (versions, routes, rules []map[string]any) {
	for _, b := range batches {
		for i := range b.Achievements {
			a := &b.Achievements[i]
			of := fmt.Sprintf("%s@%d", a.ID, a.Version)
			label := map[graph.AchievementType]string{graph.Badge: "Badge", graph.MicroCredential: "MicroCredential", graph.Certificate: "Certificate"}[a.Type]
			versions = append(versions, lifecycle(a.Lifecycle, map[string]any{
				"id": a.ID, "type": a.Type, "labels": []any{label}, "issuer": ids(some(a.Issuer)), "title": texts(a.Title), "alt": texts(a.AltLabels),
				"description": texts(a.Description), "criteria": texts(a.Criteria.Narrative), "url": a.Criteria.URL, "credits": a.Credits,
				"attests":  list(a.Attests, func(_ int, x graph.Attestation) any { return []any{x.Competency, x.Level} }),
				"category": ids(some(a.Category)), "months": a.Validity.Months, "until": a.Validity.Until, "rigor": a.Rigor,
				"follows": a.FollowsParts, "enforce": a.Enforce, "alignments": alignments(a.Alignments),
				"routes": list(a.Routes, func(_ int, r graph.Route) any { return r.ID }),
			}))
			for j := range a.Routes {
				r := &a.Routes[j]
				fact := map[string]any{
					"of": of, "name": r.ID, "kind": r.Kind, "minutes": r.EffortMinutes, "price": r.Price.Amount,
					"currency": string(r.Price.Currency), "weeks": r.ElapsedWeeks, "url": r.URL, "after": ids(r.SuggestedAfter),
				}
				if r.Award != graph.ByClaim {
					fact["award"] = r.Award
				}
				routes = append(routes, fact)
				rules = append(rules, rule(of+" "+string(r.ID), r.Requires)...)
			}
		}
	}
	return versions, routes, rules
}

func roleFacts(batches []graph.Batch) (versions, options, rules []map[string]any) {
	for _, b := range batches {
		for i := range b.Roles {
			r := &b.Roles[i]
			of := fmt.Sprintf("%s@%d", r.ID, r.Version)
			versions = append(versions, lifecycle(r.Lifecycle, map[string]any{
				"id": r.ID, "title": texts(r.Title), "alt": texts(r.AltLabels), "description": texts(r.Description), "family": ids(some(r.Family)),
				"rank": r.Rank, "threshold": r.Threshold, "options": len(r.Optional), "advances": ids(r.AdvancesTo), "moves": ids(r.MovesTo),
				"alignments": alignments(r.Alignments),
			}))
			rules = append(rules, rule(of, r.Essential)...)
			for j := range r.Optional {
				options = append(options, map[string]any{"of": of, "nr": j, "weight": r.Optional[j].Weight})
				rules = append(rules, rule(fmt.Sprint(of, " ", j), &r.Optional[j].Requirement)...)
			}
		}
	}
	return versions, options, rules
}

func peopleWalks(batches []graph.Batch) []walk {
	people := every(batches, func(b *graph.Batch) []graph.Person { return b.People }, func(p graph.Person) map[string]any {
		return map[string]any{"id": p.ID}
	})
	newest := make(map[graph.FactID]int)
	number := 0
	for _, b := range batches {
		for _, a := range b.Assignments {
			newest[a.ID] = number
			number++
		}
	}
	number = 0
	assignments := every(batches, func(b *graph.Batch) []graph.Assignment { return b.Assignments }, func(a graph.Assignment) map[string]any {
		number++
		return map[string]any{
			"id": a.ID, "person": a.Person, "role": a.Role, "unit": ids(some(a.Unit)), "manager": ids(some(a.Manager)), "from": a.From, "until": a.Until,
			"past": newest[a.ID] != number-1,
		}
	})
	award := func(a graph.Award) map[string]any {
		return map[string]any{
			"id": a.ID, "person": a.Person, "achievement": a.Achievement, "version": a.Version, "from": a.IssuedAt, "until": a.ValidUntil,
			"source": a.Source, "rigor": a.Rigor, "issuer": a.Issuer,
		}
	}
	awards := every(batches, func(b *graph.Batch) []graph.Award { return b.Awards }, award)
	awards = append(awards, every(batches, func(b *graph.Batch) []graph.Derivation { return b.Derived }, func(d graph.Derivation) map[string]any {
		a := award(d.Award)
		a["change"], a["cause"], a["derived"] = d.Change, d.Cause, true
		return a
	})...)
	claims := every(batches, func(b *graph.Batch) []graph.Claim { return b.Claims }, func(c graph.Claim) map[string]any {
		return map[string]any{"id": c.ID, "person": c.Person, "competency": c.Competency, "level": c.Level, "rigor": c.Rigor, "by": c.By, "at": c.At}
	})
	records := every(batches, func(b *graph.Batch) []graph.Personal { return b.Personal }, func(p graph.Personal) map[string]any {
		return map[string]any{"person": p.Person, "about": p.About, "sealed": true}
	})
	var commits []map[string]any
	for i := range batches {
		b := &batches[i]
		commits = append(commits, map[string]any{"revision": i + 1, "at": b.At, "key": b.Key, "facts": b.Len() + len(b.Derived)})
	}
	return slices.Concat([]walk{
		{"people", cypher("MATCH (p:Person) RETURN {id: p.id}, SEEN(p: EARNED|ASSIGNED|CLAIMED|HAS_RECORD)"), people},
		{"assignments", cypher(`
MATCH (p:Person)-[:ASSIGNED]->(a:Assignment)
RETURN {id: a.id, person: p.id, from: a.from, until: a.until, role: head([(a)-[:AS]->(x:Role) | x.id]), unit: [(a)-[:IN_UNIT]->(x:Unit) | x.id],
  manager: [(a)-[:REPORTS_TO]->(x:Person) | x.id], past: false} AS fact, SEEN(a: AS|IN_UNIT|REPORTS_TO) AS seen
UNION ALL
MATCH (p:Person)-[was:WAS {was: 'ASSIGNED'}]->(a:Past {fact: 'assignment'})
RETURN {id: a.id, person: p.id, from: a.from, until: a.until, role: head([(a)-[:WAS {was: 'AS'}]->(x:Role) | x.id]), unit: [(a)-[:WAS {was: 'IN_UNIT'}]->(x:Unit) | x.id],
  manager: [(a)-[:WAS {was: 'REPORTS_TO'}]->(x:Person) | x.id], past: true} AS fact, elementId(was) + SEEN(a: WAS) AS seen`), assignments},
		{"awards", cypher(`
MATCH (p:Person)-[:EARNED]->(w:Award)-[:OF]->(a:Achievement)
RETURN {id: w.id, person: p.id, achievement: a.id, version: w.version, from: w.issuedAt, until: w.validUntil, source: w.source, rigor: w.rigor,
  issuer: w.issuer, change: w.change, cause: w.cause, derived: w:Derived}, SEEN(w: OF)`), awards},
		{"claims", cypher(`
MATCH (p:Person)-[:CLAIMED]->(c:Claim)-[:FOR]->(x:Competency)
RETURN {id: c.id, person: p.id, competency: x.id, level: c.level, rigor: c.rigor, by: c.by, at: c.at}, SEEN(c: FOR)`), claims},
		{"personal records", cypher(`
MATCH (p:Person)-[:HAS_RECORD]->(r:PersonalRecord)
RETURN {person: p.id, about: r.about, sealed: size(r.sealed) > 40}, SEEN(r: WAS)`), records},
		{"the change log", cypher(`
MATCH (c:Commit) RETURN {revision: c.revision, at: c.at, key: c.key, facts: c.facts}, SEEN(c: WAS)`), commits},
		{"the head", cypher(`
MATCH (c:Cairn) RETURN {id: c.id, revision: c.revision, schema: c.schema}, SEEN(c: WAS)`), []map[string]any{{"id": "store", "revision": len(batches), "schema": 1}}},
	}, namedWalks(batches))
}

// namedWalks find the nodes that say nothing themselves.
func namedWalks(batches []graph.Batch) []walk {
	names := make(map[string]map[graph.ID]bool)
	add := func(label string, list ...graph.ID) {
		for _, id := range list {
			if names[label] == nil {
				names[label] = make(map[graph.ID]bool)
			}
			if id != "" {
				names[label][id] = true
			}
		}
	}
	var categories func(r *graph.Requirement)
	categories = func(r *graph.Requirement) {
		add("Category", r.OverCategory, r.TermCategory)
		add("Family", r.Family)
		for _, c := range slices.Concat(r.Min, r.Max) {
			add("Category", c.Category)
		}
		for i := range r.Of {
			categories(&r.Of[i])
		}
	}
	for _, b := range batches {
		for _, c := range b.Competencies {
			add("Catalog", c.Source.Catalog)
			for _, a := range c.Alignments {
				add("AlignmentTarget", a.Target)
			}
		}
		for _, a := range b.Achievements {
			add("Achievement", a.ID)
			add("Category", a.Category)
			for i := range a.Routes {
				if r := a.Routes[i].Requires; r != nil {
					categories(r)
				}
			}
		}
		for _, r := range b.Roles {
			add("Role", r.ID)
			add("Family", r.Family)
			for _, a := range r.Alignments {
				add("AlignmentTarget", a.Target)
			}
		}
		for _, a := range b.Assignments {
			add("Unit", a.Unit)
		}
	}
	statements := map[string]string{
		"Catalog":         "MATCH (n:Catalog) RETURN {id: n.id}, SEEN(n: WAS)",
		"Category":        "MATCH (n:Category) RETURN {id: n.id}, SEEN(n: WAS)",
		"Family":          "MATCH (n:Family) RETURN {id: n.id}, SEEN(n: WAS)",
		"Unit":            "MATCH (n:Unit) RETURN {id: n.id}, SEEN(n: WAS)",
		"AlignmentTarget": "MATCH (n:AlignmentTarget) RETURN {id: n.id}, SEEN(n: WAS)",
		"Achievement":     "MATCH (n:Achievement) RETURN {id: n.id}, SEEN(n: WAS)",
		"Role":            "MATCH (n:Role) RETURN {id: n.id}, SEEN(n: WAS)",
	}
	var out []walk
	for label, statement := range statements {
		w := walk{what: label, statement: cypher(statement)}
		for id := range names[label] {
			w.want = append(w.want, map[string]any{"id": id})
		}
		out = append(out, w)
	}
	return out
}
