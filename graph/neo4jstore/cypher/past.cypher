// What a node said is kept in a node of its own, with the relationships that
// belonged to it: as WAS, so that a query for the present does not meet them.
UNWIND $elements AS element
MATCH (x) WHERE elementId(x) = element
CREATE (old:Past:Recorded)
SET old = properties(x)
REMOVE x:Derived
WITH x, old
CALL (x, old) {
  MATCH (x)-[r]->(m)
  WHERE NOT type(r) IN ['EARNED', 'LOST', 'CLAIMED', 'ASSIGNED', 'HAS_RECORD', 'HAS_VERSION', 'WAS']
  CREATE (old)-[w:WAS]->(m)
  SET w = properties(r), w.was = type(r)
  DELETE r
}
CALL (x, old) {
  MATCH (m)-[r:EARNED|LOST|CLAIMED|ASSIGNED|HAS_RECORD|HAS_VERSION]->(x)
  CREATE (m)-[w:WAS]->(old)
  SET w = properties(r), w.was = type(r)
  DELETE r
}
FINISH
