// How nodes stand that ask for credits: what their children count, or all
// achievements of a category, added up with the least and the most of each
// category. Progress is the least share.
OPTIONAL MATCH (s:Settings)
UNWIND $nodes AS node
MATCH (n:Requirement) WHERE elementId(n) = node
WITH node, n, {declared: 1, endorsed: 2, assessed: 3, proctored: 4}[coalesce(s.defaultMinRigor, 'assessed')] AS floor,
  head([(n)-[:OVER]->(c) | c.id]) AS over, [(n)-[:OF]->(c) | elementId(c)] AS children, coalesce(n.credits, 0) AS wanted,
  [(n)-[r:AT_LEAST_FROM]->(c) | {category: c.id, credits: coalesce(r.credits, 0)}] AS least,
  [(n)-[r:AT_MOST_FROM]->(c) | {category: c.id, credits: coalesce(r.credits, 0)}] AS most,
  COLLECT {
    MATCH (n)-[:OVER]->(:Category)<-[:IN_CATEGORY]-(v:AchievementVersion)<-[:HAS_VERSION]-(a:Achievement)
    WHERE v.status <> 'draft'
    RETURN DISTINCT a.id
  } AS members
UNWIND $people AS p
// Of each member the best award: only its own versions of the category count.
CALL (p, over, floor, members) {
  UNWIND members AS m
  UNWIND [w IN p.awards WHERE w.counts AND m IN w.as AND w.rigor >= floor] AS w
  WITH over, m, max(CASE WHEN w.achievement = m AND w.category = over THEN w.credits ELSE 0 END) AS credits
  RETURN collect({category: over, credits: credits}) AS ofMembers
}
WITH node, n, wanted, least, most, p, CASE WHEN over IS NULL
  THEN [c IN children WHERE p.results[c].met | {category: p.results[c].category, credits: p.results[c].credits}]
  ELSE ofMembers END AS terms
CALL (terms) {
  UNWIND terms AS t
  WITH t.category AS category, sum(t.credits) AS credits
  RETURN collect({category: category, credits: credits}) AS sums
}
WITH node, n, p, wanted, reduce(total = 0, x IN sums | total + reduce(counted = x.credits, m IN most |
    CASE WHEN m.category = x.category AND m.credits < counted THEN m.credits ELSE counted END)) AS total,
  [m IN least | [coalesce(head([x IN sums WHERE x.category = m.category | x.credits]), 0), m.credits]] AS bounds
WITH node, n, p, [[total, wanted]] + bounds AS shares
WITH node, n, p, all(x IN shares WHERE x[0] >= x[1]) AS met,
  reduce(share = 1.0, x IN shares | CASE WHEN x[0] < x[1] AND toFloat(x[0]) / x[1] < share THEN toFloat(x[0]) / x[1] ELSE share END) AS share
RETURN p.id AS person, node, met, share AS progress,
  coalesce(head([(n)-[:COUNTS_AS]->(x) | x.id]), '') AS category, CASE WHEN n.termCredits > 0 THEN n.termCredits ELSE 0 END AS credits
