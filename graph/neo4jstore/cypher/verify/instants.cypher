// The instants through another at which something begins that may let an award
// of a person count which waited for it, in order.
CALL () {
  MATCH (:Person {id: $person})-[:EARNED]->(w) RETURN w.issuedAt AS at
  UNION
  MATCH (:Person {id: $person})-[:CLAIMED]->(c) RETURN c.at AS at
  UNION
  MATCH (:Person {id: $person})-[:ASSIGNED]->(a) RETURN a.from AS at
  UNION
  MATCH (:Person {id: $person})-[:EARNED]->(:Award)-[:OF]->(:Achievement)
    ((:Achievement)-[:HAS_VERSION]->(v)-[:REPLACED_BY]->(:Achievement)){1,40} (:Achievement)
  UNWIND v AS x
  RETURN x.effectiveFrom AS at
  UNION
  RETURN $at AS at
}
WITH DISTINCT at WHERE $from <= at <= $at
RETURN at ORDER BY at
