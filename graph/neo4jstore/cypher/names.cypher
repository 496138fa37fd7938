// The nodes of the given names by label, made where they are missing: name,
// element id, and whether a fact was recorded in it before.
CALL () { UNWIND $Settings AS id MERGE (n:Settings {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Settings }
CALL () { UNWIND $Scale AS id MERGE (n:Scale {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Scale }
CALL () { UNWIND $Conversion AS id MERGE (n:Conversion {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Conversion }
CALL () { UNWIND $Framework AS id MERGE (n:Framework {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Framework }
CALL () { UNWIND $Issuer AS id MERGE (n:Issuer {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Issuer }
CALL () { UNWIND $Competency AS id MERGE (n:Competency {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Competency }
CALL () { UNWIND $Achievement AS id MERGE (n:Achievement {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Achievement }
CALL () { UNWIND $AchievementVersion AS id MERGE (n:AchievementVersion {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS AchievementVersion }
CALL () { UNWIND $Role AS id MERGE (n:Role {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Role }
CALL () { UNWIND $RoleVersion AS id MERGE (n:RoleVersion {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS RoleVersion }
CALL () { UNWIND $Ladder AS id MERGE (n:Ladder {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Ladder }
CALL () { UNWIND $Person AS id MERGE (n:Person {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Person }
CALL () { UNWIND $Assignment AS id MERGE (n:Assignment {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Assignment }
CALL () { UNWIND $Award AS id MERGE (n:Award {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Award }
CALL () { UNWIND $Claim AS id MERGE (n:Claim {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Claim }
CALL () { UNWIND $PersonalRecord AS id MERGE (n:PersonalRecord {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS PersonalRecord }
CALL () { UNWIND $Withdrawal AS id MERGE (n:Withdrawal {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Withdrawal }
CALL () { UNWIND $Unit AS id MERGE (n:Unit {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Unit }
CALL () { UNWIND $Catalog AS id MERGE (n:Catalog {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Catalog }
CALL () { UNWIND $Category AS id MERGE (n:Category {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Category }
CALL () { UNWIND $Family AS id MERGE (n:Family {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS Family }
CALL () { UNWIND $AlignmentTarget AS id MERGE (n:AlignmentTarget {id: id})
  RETURN collect([n.id, elementId(n), n.fact IS NOT NULL]) AS AlignmentTarget }
RETURN Settings, Scale, Conversion, Framework, Issuer, Competency, Achievement, AchievementVersion, Role, RoleVersion, Ladder, Person, Assignment, Award, Claim, PersonalRecord, Withdrawal, Unit, Catalog, Category, Family, AlignmentTarget
