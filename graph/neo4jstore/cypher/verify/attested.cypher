// What awards attest of published competencies, no higher than their scales go.
UNWIND $awards AS w
MATCH (v)-[proof:ATTESTS]->(c:Competency&Recorded) WHERE elementId(v) = w.version
WITH w, c, proof.level AS level, coalesce(head([(c)-[:ON_SCALE]->(s:Recorded) | COUNT { (s)-[:HAS_LEVEL]->() }]), 1) AS top
WITH w.person AS person, c.id AS competency, w.rigor AS rigor, max(CASE WHEN level > top THEN top ELSE level END) AS level
WHERE level > 0
RETURN person, competency, rigor, level
