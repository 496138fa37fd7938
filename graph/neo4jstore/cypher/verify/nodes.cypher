// The nodes of rules, by how deep they lie.
UNWIND $roots AS e
MATCH (root:Requirement) WHERE elementId(root) = e
MATCH way = (root)-[:OF*0..]->(n:Requirement)
RETURN e AS root, elementId(n) AS node, length(way) AS depth, n.op AS op,
  coalesce(n.sharing = 'exclusive', false) AND n.op IN ['at_least', 'credits'] AS exclusive
