package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/cairn-skills/cairn/graph/filestore"
)

// backedUp is what cairn backup --json prints.
type backedUp struct {
	File     string `json:"file"`
	Backup   string `json:"backup"`
	Keys     string `json:"keys"`
	Revision uint64 `json:"revision"`
}

// backupCmd is cairn backup.
func (a *app) backupCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the data file and its keys",
		Long: `Copies the data file to FILE and its keys to FILE.keys, as they are at one moment,
and checks the copy before it gets its name. Neither may exist. Keep the keys
apart: who has both can read what is known about people.`,
		Args: exactly(1, "FILE"),
	}
	a.dataFlag(cmd)
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		path, _, err := a.dataFile()
		if err != nil {
			return err
		}
		if inNeo4j(path) {
			return failed("%s: a graph in Neo4j is not backed up by copying files", path).
				hinted("cairn copy --from %s --to file:%s makes a data file of it", path, args[0])
		}
		if !exists(path) {
			return errNoData(path)
		}
		store, err := filestore.Open(path, filestore.Options{ReadOnly: true})
		if err != nil {
			return err
		}
		defer func() { _ = store.Close() }()
		stop := a.working("copying")
		err = store.Backup(ctx, args[0])
		stop()
		if err != nil {
			return err
		}
		revision, err := store.Head(ctx)
		if err != nil {
			return err
		}
		out := backedUp{File: path, Backup: args[0], Keys: args[0] + filestore.KeysSuffix, Revision: uint64(revision)}
		if a.json {
			return a.printValue(out)
		}
		a.printf("%s is copied to %s and %s, at revision %d\n", out.File, out.Backup, out.Keys, out.Revision)
		return nil
	})
	return cmd
}
