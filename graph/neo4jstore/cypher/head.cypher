MATCH (s:Cairn {id: 'store'})
RETURN s.revision AS revision, s.schema AS schema, s.organization AS organization, s.keysGeneration AS keysGeneration
