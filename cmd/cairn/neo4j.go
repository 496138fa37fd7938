package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"
	"github.com/spf13/cobra"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
)

// neo4jSchemes are the schemes of addresses of Neo4j.
var neo4jSchemes = []string{"neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc"}

// login is what opening a graph in Neo4j needs besides its address: flags, and
// where they are absent the environment.
type login struct{ keys, ca, passwordFile, database string }

// neo4jFlags are the further flags of a verb that takes an address of Neo4j.
func (a *app) neo4jFlags(cmd *cobra.Command) {
	loginFlags(cmd, &a.where.login, "")
}

// loginFlags are the flags of l. Those of a second login of one verb have a prefix.
func loginFlags(cmd *cobra.Command, l *login, prefix string) {
	f := cmd.Flags()
	f.StringVar(&l.keys, prefix+"neo4j-keys", "", "of Neo4j: the `file` of the keys of personal records (CAIRN_NEO4J_KEYS)")
	f.StringVar(&l.passwordFile, prefix+"neo4j-password-file", "", "of Neo4j: the `file` that holds the password (CAIRN_NEO4J_PASSWORD_FILE; or CAIRN_NEO4J_PASSWORD)")
	f.StringVar(&l.ca, prefix+"neo4j-ca", "", "of Neo4j: the `file` of a private authority's certificate (CAIRN_NEO4J_CA)")
	f.StringVar(&l.database, prefix+"neo4j-database", "", "of Neo4j: the `name` of the database (CAIRN_NEO4J_DATABASE; otherwise the user's own)")
}

// inNeo4j reports whether a store's name is an address of Neo4j and not a file.
func inNeo4j(name string) bool {
	scheme, _, ok := strings.Cut(name, "://")
	return ok && slices.Contains(neo4jSchemes, scheme)
}

// there reports whether there is a store of this name, as far as can be known
// without opening it.
func there(name string) bool { return inNeo4j(name) || exists(name) }

// storeName is a store's name without file: before it.
func storeName(text string) (string, error) {
	name := strings.TrimPrefix(text, "file:")
	scheme, rest, ok := strings.Cut(name, ":")
	switch {
	case inNeo4j(name):
		return name, checkAddress(name)
	case ok && slices.Contains(neo4jSchemes, scheme) && !exists(name):
		return "", misused("%q is no address of Neo4j", text).hinted("did you mean %s://%s?", scheme, strings.TrimLeft(rest, "/"))
	case ok && strings.HasPrefix(rest, "//"):
		return "", misused("%q is neither a data file nor an address of Neo4j", text).
			hinted("addresses of Neo4j begin with %s://", strings.Join(neo4jSchemes, ":// or "))
	}
	return name, nil
}

// checkAddress refuses an address of Neo4j that says more than where it is.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "":
		return misused("%q is not an address of Neo4j such as neo4j://127.0.0.1:7687", withoutUser(address))
	case u.User != nil:
		return misused("a user and a password are not given in an address, where others can read them").
			hinted("CAIRN_NEO4J_USER, and CAIRN_NEO4J_PASSWORD or --neo4j-password-file")
	case u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return misused("%q has more than a host and a port", address).hinted("--neo4j-database names a database")
	}
	return nil
}

// withoutUser is an address without what is before its host.
func withoutUser(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	return scheme + "://" + rest[strings.LastIndex(rest, "@")+1:]
}

// neo4jOptions are what opens the graph at an address.
func (a *app) neo4jOptions(address string, l login) (o neo4jstore.Options, err error) {
	o = neo4jstore.Options{
		URI: address, User: a.env("CAIRN_NEO4J_USER"), Password: a.env("CAIRN_NEO4J_PASSWORD"),
		Database: cmp.Or(l.database, a.env("CAIRN_NEO4J_DATABASE")),
		Keys:     cmp.Or(l.keys, a.env("CAIRN_NEO4J_KEYS")),
	}
	if path := cmp.Or(l.passwordFile, a.env("CAIRN_NEO4J_PASSWORD_FILE")); path != "" {
		text, err := os.ReadFile(path) //nolint:gosec // the file that was named
		if err != nil {
			return o, unreadable("the password file", path, err)
		}
		o.Password = strings.TrimRight(string(text), "\r\n")
	}
	if o.User == "" && o.Password != "" {
		o.User = "neo4j"
	}
	if o.Keys == "" {
		return o, misused("the keys file of %s is not named", address).
			hinted("--neo4j-keys or CAIRN_NEO4J_KEYS names the file that cairn migrate made, or is to make")
	}
	if path := cmp.Or(l.ca, a.env("CAIRN_NEO4J_CA")); path != "" {
		text, err := os.ReadFile(path) //nolint:gosec // the file that was named
		if err != nil {
			return o, unreadable("the certificate", path, err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(text) {
			return o, failed("%s: holds no certificate in PEM", path)
		}
		o.Configure = func(c *config.Config) { c.TlsConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12} }
	}
	return o, nil
}

// unreadable is the failure of a file that settings name.
func unreadable(what, path string, err error) error {
	s := translate(err)
	return failed("%s %s cannot be read: %s", what, path, strings.TrimPrefix(s.message, path+": "))
}

// openStore opens the store of a name: a data file as options say, or a graph
// in Neo4j.
func (a *app) openStore(ctx context.Context, name string, l login, options filestore.Options) (graph.Store, error) {
	if !inNeo4j(name) {
		return filestore.Open(name, options)
	}
	o, err := a.neo4jOptions(name, l)
	if err != nil {
		return nil, err
	}
	return openNeo4j(ctx, o)
}

// openNeo4j opens a graph in Neo4j. While that is away the error is of class
// [graph.ErrUnavailable]; where somebody has to change something it is of none.
func openNeo4j(ctx context.Context, o neo4jstore.Options) (graph.Store, error) {
	if err := answers(ctx, o.URI); err != nil {
		return nil, err
	}
	store, err := neo4jstore.Open(ctx, o)
	if err != nil {
		return nil, atAddress(o.URI, err)
	}
	return store, nil
}

// openReplica opens a graph in Neo4j with a data file to start from.
func (a *app) openReplica(ctx context.Context, address, warm string) (graph.Store, error) {
	o, err := a.neo4jOptions(address, a.where.login)
	if err != nil {
		return nil, err
	}
	local, err := filestore.Open(warm, filestore.Options{})
	if err != nil {
		return nil, err
	}
	return graph.OpenReplica(ctx, graph.ReplicaOptions{
		Open:  func(ctx context.Context) (graph.Store, error) { return openNeo4j(ctx, o) },
		Local: local, Name: warm,
		Report: func(err error) {
			if err != nil {
				a.say("%s; reads are answered as of when it was last in touch, writes are refused", inWords(err).message)
				return
			}
			a.say("%s is in touch", address)
		},
	})
}

// dialWait is how long something may take to answer at an address of Neo4j.
const dialWait = 5 * time.Second

// answers fails at once where nothing listens: the driver would try again for
// many seconds.
func answers(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, dialWait)
	defer cancel()
	host := net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "7687"))
	conn, err := reach(ctx, host)
	if err != nil {
		why := strings.TrimPrefix(err.Error(), host+": ")
		s := failed("%s: Neo4j does not answer: %s", address, why)
		s.cause = graph.Unavailable("Neo4j does not answer", err)
		return s
	}
	return conn.Close()
}

// atAddress says of an error which Neo4j it is about, and of the driver's words
// those that say why.
func atAddress(address string, err error) error {
	e, ok := errors.AsType[*graph.Error](err)
	if !ok {
		return err
	}
	s := failed("%s: %s", address, (&graph.Error{Subject: e.Subject, Message: e.Message}).Error())
	if isAway(err) {
		s.cause = err
	}
	if refused, ok := errors.AsType[*neo4j.Neo4jError](err); ok {
		if refused.Code == "Neo.ClientError.Security.Unauthorized" {
			return s.hinted("CAIRN_NEO4J_USER names the user; CAIRN_NEO4J_PASSWORD or --neo4j-password-file has the password")
		}
		s.message += ": " + refused.Msg
	} else if e.Cause != nil {
		_, last, cut := strings.Cut(e.Cause.Error(), "last error: ")
		if !cut {
			last = e.Cause.Error()
		}
		s.message += ": " + strings.TrimPrefix(last, "ConnectivityError: ")
	}
	return s
}

// isAway reports whether an error of a store in Neo4j will pass by itself.
func isAway(err error) bool {
	if refused, ok := errors.AsType[*neo4j.Neo4jError](err); ok {
		return !strings.HasPrefix(refused.Code, "Neo.ClientError")
	}
	_, lost := errors.AsType[*neo4j.ConnectivityError](err)
	_, late := errors.AsType[*neo4j.TransactionExecutionLimit](err)
	return lost || late
}
