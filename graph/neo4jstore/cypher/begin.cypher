// The lock that writers queue for, then what is stored already: writing comes
// first, so that everything after it is read under the lock.
MATCH (s:Cairn {id: 'store'})
SET s.writing = $call
WITH s
OPTIONAL MATCH (done:Commit {call: $call})
RETURN s.revision AS revision, done.answer AS answer, s.schema AS schema, s.keysGeneration AS keysGeneration,
  COLLECT { UNWIND $keys AS key MATCH (c:Commit {key: key}) RETURN [key, c.revision] } AS keys
