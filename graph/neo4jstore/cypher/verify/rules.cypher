// The roots of the rules in force at an instant: of the routes of achievements,
// and of what is essential to roles.
UNWIND $achievements AS id
MATCH (a:Achievement {id: id})
CALL (a) {
  MATCH (a)-[:HAS_VERSION]->(v)
  WHERE v.status <> 'draft' AND v.effectiveFrom <= $at
  RETURN v ORDER BY v.effectiveFrom DESC, v.version DESC LIMIT 1
}
WITH a, v WHERE v.status = 'in_force'
MATCH (v)-[:HAS_ROUTE]->(r:Route)-[:REQUIRES]->(root:Requirement)
RETURN 'achievement' AS kind, a.id AS id, r.name AS route, elementId(root) AS root
UNION ALL
UNWIND $roles AS id
MATCH (a:Role {id: id})
CALL (a) {
  MATCH (a)-[:HAS_VERSION]->(v)
  WHERE v.status <> 'draft' AND v.effectiveFrom <= $at
  RETURN v ORDER BY v.effectiveFrom DESC, v.version DESC LIMIT 1
}
WITH a, v WHERE v.status = 'in_force'
MATCH (v)-[:REQUIRES]->(root:Requirement)
RETURN 'role' AS kind, a.id AS id, '' AS route, elementId(root) AS root
