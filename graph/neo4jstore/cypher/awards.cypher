// The awards of the given names that are there.
UNWIND $ids AS id
MATCH (x:Award {id: id})
RETURN elementId(x)
