// The change log, and the new head.
UNWIND $commits AS c
CREATE (n:Commit)
SET n = c
WITH count(*) AS made
MATCH (s:Cairn {id: 'store'})
SET s.revision = $revision, s.keysGeneration = $keysGeneration
REMOVE s.writing
