// The nodes that belong to others, in the order given.
UNWIND range(0, size($parts) - 1) AS i
WITH i, $parts[i] AS p
CREATE (n:Recorded)
SET n = p.properties, n:$(p.labels)
RETURN i, elementId(n) AS element ORDER BY i
