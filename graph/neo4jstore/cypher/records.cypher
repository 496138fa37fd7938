// The sealed records of the given names.
UNWIND $ids AS id
MATCH (r:PersonalRecord {id: id})
RETURN r.id AS id, r.sealed AS sealed
