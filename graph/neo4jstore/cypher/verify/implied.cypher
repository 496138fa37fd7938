// What follows from levels in one step: from what is declared, from what
// replaces a competency and, if the settings say so, from exact matches.
OPTIONAL MATCH (settings:Settings)
UNWIND $levels AS l
MATCH (c:Competency {id: l.competency})
CALL (settings, l, c) {
  MATCH (c)-[i:IMPLIES]->(d:Competency&Recorded)
  WHERE l.level >= coalesce(i.level, 0)
  RETURN d, i.toLevel AS level
  UNION ALL
  CALL (settings, c) {
    MATCH (c)-[:REPLACED_BY]->(d:Competency&Recorded)
    RETURN d
    UNION
    WITH settings, c WHERE settings.exactMatchImplies
    MATCH (c)-[:ALIGNED_TO {type: 'exactMatch'}]->(t)
    MATCH (d:Competency&Recorded {id: t.id})
    WHERE d <> c
    RETURN d
    UNION
    WITH settings, c WHERE settings.exactMatchImplies
    MATCH (t:AlignmentTarget {id: c.id})<-[:ALIGNED_TO {type: 'exactMatch'}]-(d:Competency&Recorded)
    WHERE d <> c
    RETURN d
  }
  WITH l, head([(c)-[:ON_SCALE]->(s) | s.id]) AS own, d, head([(d)-[:ON_SCALE]->(s) | s.id]) AS other
  WITH l, d, CASE WHEN coalesce(own, '') = coalesce(other, '') THEN l.level
    ELSE head(COLLECT {
      MATCH (:Scale {id: own})<-[:CONVERTS_FROM]-(conversion:Conversion)-[:CONVERTS_TO]->(:Scale {id: other})
      RETURN conversion.levels[l.level - 1]
    }) END AS level
  RETURN d, level
}
WITH l, d, level, coalesce(head([(d)-[:ON_SCALE]->(s:Recorded) | COUNT { (s)-[:HAS_LEVEL]->() }]), 1) AS top
WITH l.person AS person, d.id AS competency, l.rigor AS rigor, max(CASE WHEN level > top THEN top ELSE level END) AS level
WHERE level > 0
RETURN person, competency, rigor, level
