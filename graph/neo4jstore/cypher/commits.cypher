// The change log after a revision, in order.
MATCH (c:Commit)
WHERE c.revision > $after AND c.revision <= $until
RETURN c.revision AS revision, c.key AS key, c.if AS if, c.at AS at, c.facts AS facts, c.digest AS digest
ORDER BY c.revision
LIMIT $limit
