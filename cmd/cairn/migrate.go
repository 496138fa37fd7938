package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/cairn-skills/cairn/graph/neo4jstore"
)

// migrated is what cairn migrate --json prints.
type migrated struct {
	Address string `json:"address"`
	Keys    string `json:"keys"`
	From    int64  `json:"from"`
	To      int64  `json:"to"`
}

// migrateCmd is cairn migrate.
func (a *app) migrateCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Make a graph in Neo4j, or bring one to this version's schema",
		Long: `Brings the graph at an address of Neo4j to the schema that this program reads and
writes, forward only; run again, it does nothing. In an empty database it makes the
graph, and its keys file, which must not exist. A data file needs no migration.`,
		Example: `  cairn migrate --data neo4j://127.0.0.1:7687 --neo4j-keys org.keys`,
		Args:    exactly(0, ""),
	}
	a.dataFlag(cmd)
	cmd.RunE = a.verb(func(ctx context.Context, _ []string) error {
		address, _, err := a.dataFile()
		if err != nil {
			return err
		}
		if !inNeo4j(address) {
			return misused("%s is a data file, which needs no migration", address).
				hinted("--data or CAIRN_DATA takes an address such as neo4j://127.0.0.1:7687")
		}
		options, err := a.neo4jOptions(address, a.where.login)
		if err != nil {
			return err
		}
		if err := answers(ctx, address); err != nil {
			return err
		}
		stop := a.working("migrating")
		from, to, err := neo4jstore.Migrate(ctx, options)
		stop()
		if err != nil {
			return atAddress(address, err)
		}
		out := migrated{Address: address, Keys: options.Keys, From: from, To: to}
		switch {
		case a.json:
			return a.printValue(out)
		case from == to:
			a.printf("%s has schema version %d already\n", address, to)
		case from == 0:
			a.printf("%s has a graph with schema version %d; the keys of personal records will be in %s\n", address, to, options.Keys)
		default:
			a.printf("%s is migrated from schema version %d to %d\n", address, from, to)
		}
		return nil
	})
	return cmd
}
