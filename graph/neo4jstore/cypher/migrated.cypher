MERGE (s:Cairn {id: 'store'})
ON CREATE SET s.revision = 0, s.keysGeneration = 0, s.organization = $organization
SET s.schema = $schema
