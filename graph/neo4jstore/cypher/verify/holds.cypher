// How leaves stand that ask for an award, and what they count as terms of
// credits: by their own figure, or that of the award which meets them.
OPTIONAL MATCH (s:Settings)
UNWIND $nodes AS node
MATCH (n:Requirement) WHERE elementId(n) = node
MATCH (n)-[:HOLDS]->(a:Achievement)
WITH node, n, a, {declared: 1, endorsed: 2, assessed: 3, proctored: 4}[coalesce(n.minRigor, s.defaultMinRigor, 'assessed')] AS floor,
  [(n)-[:ACCEPTS]->(i) | CASE WHEN i:Recorded THEN i.id END] AS issuers, head([(n)-[:COUNTS_AS]->(c) | c.id]) AS category,
  datetime({datetime: $at, timezone: coalesce(s.zone, 'UTC')}) - duration('P1M') * n.freshWithinMonths AS since
UNWIND $people AS p
WITH node, n, category, p, [w IN p.awards WHERE w.counts AND a.id IN w.as AND w.rigor >= floor
  AND (size(issuers) = 0 OR w.issuer IN issuers) AND (since IS NULL OR w.issuedAt >= since)
  | {category: coalesce(category, w.category), credits: w.credits}] AS fits
// The latest; but one that is worth less, or of another category, takes nothing away.
WITH node, n, category, p, size(fits) > 0 AS met, reduce(best = head(fits), w IN fits |
  CASE WHEN w.category = best.category AND w.credits >= best.credits THEN w ELSE best END) AS best
RETURN p.id AS person, node, met, CASE WHEN met THEN 1.0 ELSE 0.0 END AS progress,
  CASE WHEN n.termCredits = -1 AND met THEN best.category ELSE coalesce(category, '') END AS category,
  CASE WHEN n.termCredits = -1 THEN coalesce(best.credits, 0) WHEN n.termCredits > 0 THEN n.termCredits ELSE 0 END AS credits
