// What nodes say.
UNWIND $facts AS f
MATCH (n) WHERE elementId(n) = f.element
SET n = f.properties, n:Recorded, n:$(f.labels)
