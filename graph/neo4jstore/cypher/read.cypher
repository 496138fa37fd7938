// The nodes of ranges of facts with the relationships that belong to them. A
// relationship of the past is told as what it was.
UNWIND $ranges AS range
MATCH (n:Recorded)
WHERE n.revision = range.revision AND n.position >= range.from AND n.position < range.to
RETURN properties(n) AS properties,
  COLLECT {
    MATCH (n)-[r]->(m)
    WHERE NOT coalesce(r.was, type(r)) IN ['EARNED', 'LOST', 'CLAIMED', 'ASSIGNED', 'HAS_RECORD', 'HAS_VERSION']
    RETURN [coalesce(r.was, type(r)), properties(r), m.id, m.part]
  } AS out,
  COLLECT {
    MATCH (m)-[r:EARNED|LOST|CLAIMED|ASSIGNED|HAS_RECORD|HAS_VERSION|WAS]->(n)
    WHERE coalesce(r.was, type(r)) IN ['EARNED', 'LOST', 'CLAIMED', 'ASSIGNED', 'HAS_RECORD', 'HAS_VERSION']
    RETURN [coalesce(r.was, type(r)), properties(r), m.id, m.part]
  } AS into
