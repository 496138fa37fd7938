// The nodes of the given names, made where they are missing: name, element id,
// and whether a fact is recorded in it. One statement a label, since Neo4j plans
// a small statement in milliseconds, and all of them in one in seconds.

// Settings
UNWIND $ids AS id
MERGE (n:Settings {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Scale
UNWIND $ids AS id
MERGE (n:Scale {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Conversion
UNWIND $ids AS id
MERGE (n:Conversion {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Framework
UNWIND $ids AS id
MERGE (n:Framework {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Issuer
UNWIND $ids AS id
MERGE (n:Issuer {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Competency
UNWIND $ids AS id
MERGE (n:Competency {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Achievement
UNWIND $ids AS id
MERGE (n:Achievement {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// AchievementVersion
UNWIND $ids AS id
MERGE (n:AchievementVersion {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Role
UNWIND $ids AS id
MERGE (n:Role {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// RoleVersion
UNWIND $ids AS id
MERGE (n:RoleVersion {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Ladder
UNWIND $ids AS id
MERGE (n:Ladder {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Person
UNWIND $ids AS id
MERGE (n:Person {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Assignment
UNWIND $ids AS id
MERGE (n:Assignment {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Award
UNWIND $ids AS id
MERGE (n:Award {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Claim
UNWIND $ids AS id
MERGE (n:Claim {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// PersonalRecord
UNWIND $ids AS id
MERGE (n:PersonalRecord {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Withdrawal
UNWIND $ids AS id
MERGE (n:Withdrawal {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Unit
UNWIND $ids AS id
MERGE (n:Unit {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Catalog
UNWIND $ids AS id
MERGE (n:Catalog {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Category
UNWIND $ids AS id
MERGE (n:Category {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Family
UNWIND $ids AS id
MERGE (n:Family {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// AlignmentTarget
UNWIND $ids AS id
MERGE (n:AlignmentTarget {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;
