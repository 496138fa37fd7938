// The lock that writers queue for, taken by who only reads.
MATCH (s:Cairn {id: 'store'})
SET s.writing = 'nothing'
REMOVE s.writing
FINISH
