package neo4jtest

// boltMagic begins every Bolt connection, from the client.
const boltMagic = "\x60\x60\xb0\x17"
