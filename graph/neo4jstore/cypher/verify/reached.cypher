// The instants through another at which a person reached the tenures that leaves
// ask for; see tenure.cypher.
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
WITH zone, n, collect(DISTINCT q.id) AS roles
MATCH (:Person {id: $person})-[:ASSIGNED]->(job:Assignment)-[:AS]->(r:Role)
WHERE job.from <= $at AND r.id IN roles
WITH zone, n, job.from AS from, CASE WHEN job.until < $at THEN job.until ELSE $at END AS until ORDER BY from, until
WITH zone, n, collect([from, until]) AS jobs
WITH zone, n, reduce(stays = [], j IN jobs | CASE
  WHEN size(stays) > 0 AND j[0] <= stays[-1][1]
  THEN stays[..-1] + [[stays[-1][0], CASE WHEN j[1] > stays[-1][1] THEN j[1] ELSE stays[-1][1] END]]
  ELSE stays + [j] END) AS stays
WITH n, [stay IN stays | [datetime({datetime: stay[0], timezone: zone}), datetime({datetime: stay[1], timezone: zone})]] AS stays
WITH n, [stay IN stays | {from: stay[0], until: stay[1], months: coalesce(head([
  k IN range(12 * (stay[1].year - stay[0].year) + stay[1].month - stay[0].month + 1, 1, -1)
  WHERE stay[0] + duration('P1M') * k <= stay[1]]), 0)}] AS stays
WITH reduce(sum = {done: 0, at: null}, stay IN stays | CASE
  WHEN sum.at IS NULL AND n.months > sum.done AND stay.from + duration('P1M') * (n.months - sum.done) <= stay.until
  THEN {done: sum.done, at: stay.from + duration('P1M') * (n.months - sum.done)}
  ELSE {done: sum.done + stay.months, at: sum.at} END) AS sum
WHERE sum.at IS NOT NULL
RETURN DISTINCT sum.at AS at
