// The awards of people as they stand at an instant, the earliest first: the
// version that each is of, what it leaves to that, what it stands for, and
// whether it waits for a prerequisite that is enforced.
OPTIONAL MATCH (s:Settings)
UNWIND $people AS person
MATCH (:Person {id: person})-[:EARNED]->(w:Award)-[:OF]->(a:Achievement)
WHERE w.issuedAt <= $at
// The version that it names; otherwise the one whose turn it was, or the first.
CALL (w, a) {
  MATCH (a)-[:HAS_VERSION]->(v:AchievementVersion)
  WHERE v.version = w.version OR w.version IS NULL AND v.status <> 'draft'
  WITH v, v.effectiveFrom > w.issuedAt AS later
  RETURN v ORDER BY later,
    CASE WHEN later THEN v.effectiveFrom.epochMillis ELSE -v.effectiveFrom.epochMillis END,
    CASE WHEN later THEN v.version ELSE -v.version END
  LIMIT 1
}
// Itself, and what has replaced it by then: by the last of its versions, and
// since the first of those in a row that say so.
CALL (a) {
  MATCH (a) ((x:Achievement)-[:HAS_VERSION]->(last)-[:REPLACED_BY]->(y:Achievement)
    WHERE last.status <> 'draft'
      AND NOT EXISTS {
        MATCH (x)-[:HAS_VERSION]->(z)
        WHERE z.status <> 'draft'
          AND (z.effectiveFrom > last.effectiveFrom OR z.effectiveFrom = last.effectiveFrom AND z.version > last.version)
      }
      AND EXISTS {
        MATCH (x)-[:HAS_VERSION]->(u)-[:REPLACED_BY]->(y)
        WHERE u.status <> 'draft' AND u.effectiveFrom <= $at
          AND NOT EXISTS {
            MATCH (x)-[:HAS_VERSION]->(z)
            WHERE z.status <> 'draft' AND NOT EXISTS { (z)-[:REPLACED_BY]->(y) }
              AND (z.effectiveFrom > u.effectiveFrom OR z.effectiveFrom = u.effectiveFrom AND z.version > u.version)
          }
      }){0,40} (b:Achievement)
  WHERE EXISTS { (b)-[:HAS_VERSION]->() }
  RETURN collect(DISTINCT b.id) AS as
}
WITH person, w, a, v, as, coalesce(w.validUntil, v.validUntil,
  datetime({datetime: w.issuedAt, timezone: coalesce(s.zone, 'UTC')}) + duration('P1M') * v.validMonths) AS until,
  COLLECT { MATCH (v)-[:HAS_ROUTE]->()-[:REQUIRES]->(root) RETURN elementId(root) } AS roots,
  COUNT { (v)-[:HAS_ROUTE]->() } AS routes
WITH *, until IS NULL OR $at < until AS valid,
  coalesce(v.enforce, false) AND NOT w:Derived AND routes > 0 AND routes = size(roots) AS waits
RETURN person, w.id AS id, a.id AS achievement, elementId(v) AS version, as, w.issuedAt AS issuedAt, valid, waits, roots,
  {declared: 1, endorsed: 2, assessed: 3, proctored: 4}[coalesce(w.rigor, v.rigor, 'assessed')] AS rigor,
  coalesce(w.issuer, head([(v)-[:ISSUED_BY]->(i:Issuer&Recorded) | i.id]), '') AS issuer,
  coalesce(v.credits, 0) AS credits, coalesce(head([(v)-[:IN_CATEGORY]->(c) | c.id]), '') AS category
ORDER BY person, issuedAt, id
