// How nodes stand that ask for k of their children. Progress is the mean of the
// k best.
UNWIND $nodes AS node
MATCH (n:Requirement) WHERE elementId(n) = node
WITH node, n, coalesce(n.k, 0) AS k, [(n)-[:OF]->(c) | elementId(c)] AS children,
  coalesce(head([(n)-[:COUNTS_AS]->(x) | x.id]), '') AS category
UNWIND $people AS p
WITH node, n, k, category, p, [c IN children | p.results[c]] AS of
WITH node, n, k, category, p, size([x IN of WHERE x.met]) >= k AS met,
  COLLECT { UNWIND of AS x RETURN x.progress AS progress ORDER BY progress DESC }[..k] AS best
WITH node, n, category, p, met, reduce(sum = 0.0, x IN best | sum + x) / CASE WHEN k = 0 THEN 1 ELSE k END AS mean
RETURN p.id AS person, node, met, CASE WHEN met THEN 1.0 WHEN mean >= 1 THEN 0.9999999999999999 ELSE mean END AS progress,
  category, CASE WHEN n.termCredits > 0 THEN n.termCredits ELSE 0 END AS credits
