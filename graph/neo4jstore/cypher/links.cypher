UNWIND $links AS l
MATCH (a) WHERE elementId(a) = l.from
MATCH (b) WHERE elementId(b) = l.to
CREATE (a)-[r:$(l.type)]->(b)
SET r = l.properties
