// The nodes of the given names that are there: name, element id, and whether a
// fact is recorded in it. One statement a label, as in names.cypher.

// Settings
UNWIND $ids AS id
MATCH (n:Settings {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Scale
UNWIND $ids AS id
MATCH (n:Scale {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Conversion
UNWIND $ids AS id
MATCH (n:Conversion {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Framework
UNWIND $ids AS id
MATCH (n:Framework {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Issuer
UNWIND $ids AS id
MATCH (n:Issuer {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Competency
UNWIND $ids AS id
MATCH (n:Competency {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Achievement
UNWIND $ids AS id
MATCH (n:Achievement {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// AchievementVersion
UNWIND $ids AS id
MATCH (n:AchievementVersion {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Role
UNWIND $ids AS id
MATCH (n:Role {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// RoleVersion
UNWIND $ids AS id
MATCH (n:RoleVersion {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Ladder
UNWIND $ids AS id
MATCH (n:Ladder {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Person
UNWIND $ids AS id
MATCH (n:Person {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Assignment
UNWIND $ids AS id
MATCH (n:Assignment {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Award
UNWIND $ids AS id
MATCH (n:Award {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Claim
UNWIND $ids AS id
MATCH (n:Claim {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// PersonalRecord
UNWIND $ids AS id
MATCH (n:PersonalRecord {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Withdrawal
UNWIND $ids AS id
MATCH (n:Withdrawal {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Unit
UNWIND $ids AS id
MATCH (n:Unit {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Catalog
UNWIND $ids AS id
MATCH (n:Catalog {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Category
UNWIND $ids AS id
MATCH (n:Category {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// Family
UNWIND $ids AS id
MATCH (n:Family {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;

// AlignmentTarget
UNWIND $ids AS id
MATCH (n:AlignmentTarget {id: id})
RETURN n.id, elementId(n), n.fact IS NOT NULL;
