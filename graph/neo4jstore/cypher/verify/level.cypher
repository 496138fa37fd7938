// How leaves stand that ask for a level.
OPTIONAL MATCH (s:Settings)
UNWIND $nodes AS node
MATCH (n:Requirement) WHERE elementId(n) = node
MATCH (n)-[:AT_LEAST]->(c:Competency)
WITH node, n, c, {declared: 1, endorsed: 2, assessed: 3, proctored: 4}[coalesce(n.minRigor, s.defaultMinRigor, 'assessed')] AS floor,
  coalesce(n.level, 0) AS wanted
UNWIND $people AS p
WITH node, n, c, p, wanted, coalesce(p.levels[c.id][floor - 1], 0) AS level
WITH node, n, c, p, wanted, level, c:Recorded AND level >= wanted AS met
RETURN p.id AS person, node, met,
  CASE WHEN met THEN 1.0 WHEN c:Recorded THEN toFloat(level) / wanted ELSE 0.0 END AS progress,
  coalesce(head([(n)-[:COUNTS_AS]->(k) | k.id]), '') AS category, CASE WHEN n.termCredits > 0 THEN n.termCredits ELSE 0 END AS credits
