MERGE (s:Cairn {id: 'store'})
ON CREATE SET s.revision = 0, s.keysGeneration = 0, s.organization = $organization, s.schema = 0
SET s.schema = CASE WHEN s.schema < $schema THEN $schema ELSE s.schema END
