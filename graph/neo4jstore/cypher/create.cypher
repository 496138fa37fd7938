// New nodes, in the order given.
UNWIND range(0, size($nodes) - 1) AS i
WITH i, $nodes[i] AS node
CREATE (n:Recorded)
SET n = node.properties, n:$(node.labels)
RETURN i, elementId(n) AS element ORDER BY i
