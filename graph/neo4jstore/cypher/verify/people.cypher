// How many people were recorded.
MATCH (p:Person&Recorded)
RETURN count(p) AS people
