// The keys file is there: from then on it must be.
MATCH (s:Cairn {id: 'store'})
WHERE s.keysGeneration = 0
SET s.keysGeneration = $generation
FINISH
