package neo4jstore_test

import (
	"crypto/tls"
	"crypto/x509"
	"path/filepath"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
	"github.com/cairn-skills/cairn/graph/neo4jstore/neo4jtest"
)

// Every scheme with TLS reaches a server that speaks nothing else; a certificate
// of an authority that is not known is refused, and the error says so.
func TestTLS(t *testing.T) {
	server := neo4jtest.StartWith(t, neo4jtest.Options{TLS: true})
	proxy := neo4jtest.NewProxy(t, server)
	trust := func(roots *x509.CertPool) func(*config.Config) {
		return func(c *config.Config) { c.TlsConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12} }
	}
	known := trust(server.RootCAs())
	options := neo4jstore.Options{
		URI: server.URI(), User: server.User(), Password: server.Password(),
		Keys: filepath.Join(t.TempDir(), "keys"), RetryFor: 2 * time.Second,
	}
	if _, _, err := neo4jstore.Migrate(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		uri       string
		configure func(*config.Config)
	}{
		{"bolt+ssc://" + server.Address(), nil},
		{"neo4j+ssc://" + server.Address(), nil},
		{"bolt+s://" + server.Address(), known},
		{"neo4j+s://" + server.Address(), known},
		{proxy.RoutingURI(), nil},
		{"neo4j+s://" + proxy.Address(), known},
	} {
		o := options
		o.URI, o.Configure = c.uri, c.configure
		s := open(t, o)
		revs, err := s.Commit(t.Context(), personalOf("ada", c.uri))
		if err != nil || revs[0] != graph.Revision(i+1) {
			t.Errorf("%s: %v, %v", c.uri, revs, err)
		}
		if got := name(t, s, "ada"); got.Name != c.uri {
			t.Errorf("%s: reads %+v", c.uri, got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	for what, c := range map[string]struct {
		uri       string
		password  string
		configure func(*config.Config)
		words     []string
	}{
		"bolt with an unknown authority":  {"bolt+s://" + server.Address(), options.Password, trust(x509.NewCertPool()), []string{"failed to verify certificate", "unknown authority"}},
		"neo4j with an unknown authority": {"neo4j+s://" + server.Address(), options.Password, trust(x509.NewCertPool()), []string{"failed to verify certificate", "unknown authority"}},
		"no TLS":                          {"bolt://" + server.Address(), options.Password, nil, []string{"cannot be reached"}},
		"a wrong password":                {"neo4j+s://" + server.Address(), "wrong", known, []string{"refuses the user or the password"}},
	} {
		o := options
		o.URI, o.Password, o.Configure = c.uri, c.password, c.configure
		_, err := neo4jstore.Open(t.Context(), o)
		says(t, what, err, graph.ErrUnavailable, c.words...)
		t.Log(what, ": ", err)
	}
}

// The errors of a store that cannot be opened say why.
func TestOpenRefused(t *testing.T) {
	server := neo4jtest.Start(t)
	options := fresh(t, server, server.URI())
	options.RetryFor = time.Second
	for what, c := range map[string]struct {
		change func(*neo4jstore.Options)
		class  error
		words  []string
	}{
		"a wrong password":        {func(o *neo4jstore.Options) { o.Password += "x" }, graph.ErrUnavailable, []string{"refuses the user or the password"}},
		"a wrong user":            {func(o *neo4jstore.Options) { o.User = "nobody" }, graph.ErrUnavailable, []string{"refuses the user or the password"}},
		"no user":                 {func(o *neo4jstore.Options) { o.User = "" }, graph.ErrUnavailable, []string{"refuses the user or the password"}},
		"nobody there":            {func(o *neo4jstore.Options) { o.URI = "neo4j://127.0.0.1:9" }, graph.ErrUnavailable, []string{"cannot be reached"}},
		"no such database":        {func(o *neo4jstore.Options) { o.Database = "nowhere" }, graph.ErrUnavailable, []string{"nowhere"}},
		"an address of something": {func(o *neo4jstore.Options) { o.URI = "http://127.0.0.1" }, graph.ErrInvalid, []string{"http"}},
	} {
		o := options
		c.change(&o)
		_, err := neo4jstore.Open(t.Context(), o)
		says(t, what, err, c.class, c.words...)
		t.Log(what, ": ", err)
	}
}
