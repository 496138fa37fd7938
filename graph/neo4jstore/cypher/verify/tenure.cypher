// How leaves stand that ask for time in roles. Roles that were replaced by them
// count. Assignments that touch are one stay; of each, whole months count.
OPTIONAL MATCH (s:Settings)
WITH coalesce(s.zone, 'UTC') AS zone
UNWIND $nodes AS node
MATCH (n:Requirement) WHERE elementId(n) = node
CALL (n) {
  MATCH (n)-[:TENURE_IN]->(r:Role) WHERE EXISTS { (r)-[:HAS_VERSION]->() }
  RETURN r
  UNION
  MATCH (n)-[:TENURE_IN_FAMILY]->(f)<-[:IN_FAMILY]-(v:RoleVersion)<-[:HAS_VERSION]-(r:Role) WHERE v.status <> 'draft'
  RETURN r
}
MATCH (q:Role) ((x:Role)-[:HAS_VERSION]->(last)-[:REPLACED_BY]->(y:Role)
  WHERE last.status <> 'draft' AND NOT EXISTS {
    MATCH (x)-[:HAS_VERSION]->(z)
    WHERE z.status <> 'draft'
      AND (z.effectiveFrom > last.effectiveFrom OR z.effectiveFrom = last.effectiveFrom AND z.version > last.version)
  }){0,40} (r)
WITH zone, node, n, collect(DISTINCT q.id) AS roles
UNWIND $people AS p
CALL (zone, p, roles) {
  MATCH (:Person {id: p.id})-[:ASSIGNED]->(job:Assignment)-[:AS]->(r:Role)
  WHERE job.from <= $at AND r.id IN roles
  WITH zone, job.from AS from, coalesce(job.until, $forever) AS until ORDER BY from, until
  WITH zone, collect([from, until]) AS jobs
  WITH zone, reduce(stays = [], j IN jobs | CASE
    WHEN size(stays) > 0 AND j[0] <= stays[-1][1]
    THEN stays[..-1] + [[stays[-1][0], CASE WHEN j[1] > stays[-1][1] THEN j[1] ELSE stays[-1][1] END]]
    ELSE stays + [j] END) AS stays
  UNWIND stays AS stay
  WITH datetime({datetime: stay[0], timezone: zone}) AS from,
    datetime({datetime: CASE WHEN stay[1] < $at THEN stay[1] ELSE $at END, timezone: zone}) AS to
  RETURN sum(coalesce(head([k IN range(12 * (to.year - from.year) + to.month - from.month + 1, 1, -1)
    WHERE from + duration('P1M') * k <= to]), 0)) AS months
}
WITH node, n, p, coalesce(months, 0) AS months, coalesce(n.months, 0) AS wanted
RETURN p.id AS person, node, months >= wanted AS met, CASE WHEN months >= wanted THEN 1.0 ELSE toFloat(months) / wanted END AS progress,
  coalesce(head([(n)-[:COUNTS_AS]->(k) | k.id]), '') AS category, CASE WHEN n.termCredits > 0 THEN n.termCredits ELSE 0 END AS credits
