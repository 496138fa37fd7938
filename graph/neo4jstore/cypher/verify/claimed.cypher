// What the claims of people say by an instant: the latest of each source.
UNWIND $people AS person
MATCH (:Person {id: person})-[:CLAIMED]->(x:Claim)-[:FOR]->(c:Competency&Recorded)
WHERE x.at <= $at
WITH person, c, x ORDER BY x.at DESC, x.id DESC
WITH person, c, x.by AS by, head(collect(x)) AS x
WHERE x.level > 0
WITH person, c, {declared: 1, endorsed: 2, assessed: 3, proctored: 4}[coalesce(x.rigor, 'declared')] AS rigor, max(x.level) AS level
WITH *, coalesce(head([(c)-[:ON_SCALE]->(s:Recorded) | COUNT { (s)-[:HAS_LEVEL]->() }]), 1) AS top
RETURN person, c.id AS competency, rigor, CASE WHEN level > top THEN top ELSE level END AS level
