// New awards with their relationships, between nodes that are there.
UNWIND $awards AS row
MATCH (p:Person {id: row.person})
MATCH (a:Achievement {id: row.achievement})
CREATE (p)-[:EARNED]->(w:Award:Recorded)-[:OF]->(a)
SET w = row.properties, w:$(row.labels)
