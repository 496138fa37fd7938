// Nodes of which past.cypher kept everything, and that nothing takes the place of.
UNWIND $elements AS element
MATCH (x) WHERE elementId(x) = element
DELETE x
