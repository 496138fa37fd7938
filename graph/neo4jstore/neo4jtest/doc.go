// Package neo4jtest gives tests a real Neo4j to work on, and to break. It is
// imported by tests only.
//
// A test package calls [Main] from its TestMain and [Start] in its tests:
//
//	func TestMain(m *testing.M) { neo4jtest.Main(m) }
//
//	func TestStore(t *testing.T) {
//		server := neo4jtest.Start(t)
//		server.Wipe(t)
//		driver := server.Driver(t)
//		…
//	}
//
// The server is the one that CAIRN_TEST_NEO4J_URI names, whose content is
// deleted; otherwise one of its own for each test binary, which
// deploy/neo4j/neo4j.sh runs with authentication on, in a temporary folder and
// on free loopback ports. It ends with the test binary, however that ends
// (where the system is not Linux: unless that is killed). Where there is
// neither, for want of Java or Maven, the test is skipped and says what is not
// tested; with CAIRN_CI=1 it fails.
//
// [Server.Kill], [Server.Pause] and [StartWith] need a server of their own:
// with the one of CAIRN_TEST_NEO4J_URI they skip the test. [Proxy] cuts
// connections between a client and either server.
//
// Tests that share a server must not run in parallel: there is one database.
package neo4jtest
