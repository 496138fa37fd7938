package neo4jtest_test

import (
	"context"
	"testing"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

func TestMain(m *testing.M) { neo4jtest.Main(m) }

// ask runs a statement and returns the value named v of its only record, or nil
// when there is none.
func ask(t *testing.T, driver neo4j.DriverWithContext, statement string) any {
	t.Helper()
	result, err := neo4j.ExecuteQuery(t.Context(), driver, statement, nil, neo4j.EagerResultTransformer)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if len(result.Records) == 0 {
		return nil
	}
	v, _ := result.Records[0].Get("v")
	return v
}

func TestStartAnswers(t *testing.T) {
	s := neo4jtest.Start(t)
	driver := s.Driver(t)
	if got := ask(t, driver, "RETURN 1 AS v"); got != int64(1) {
		t.Errorf("RETURN 1 gives %v", got)
	}
	if again := neo4jtest.Start(t); again != s {
		t.Error("a second Start gives another server")
	}
	stranger, err := neo4j.NewDriverWithContext(s.URI(), neo4j.BasicAuth(s.User(), s.Password()+"x", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close(context.Background()) //nolint:errcheck // nothing was sent
	if err := stranger.VerifyAuthentication(t.Context(), nil); err == nil {
		t.Error("a wrong password is let in")
	}
}
