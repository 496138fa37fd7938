package main

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"github.com/spf13/cobra"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
)

// copied is what cairn copy --json prints.
type copied struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Revision uint64 `json:"revision"` // the newest that was copied, this time or before
	Copied   uint64 `json:"copied"`   // how many this time
	FromHash string `json:"fromHash"`
	ToHash   string `json:"toHash"`
	Equal    bool   `json:"equal"`
}

// copyCmd is cairn copy.
func (a *app) copyCmd() *cobra.Command {
	var from, to string
	var toLogin login
	cmd := &cobra.Command{
		Use:   "copy --from STORE --to STORE",
		Short: "Copy a data file into Neo4j, or back",
		Long: `Copies everything from a data file or a graph in Neo4j to another, revision by
revision with keys and times, and holds the hashes of both contents against each
other. What was stopped goes on where it was when the command is given again: what
--to has already must be the beginning of what --from has. A data file is made if
there is none; cairn migrate makes a graph. Keys of personal records are not copied:
each store has its own. What was erased says nothing in the copy.`,
		Example: `  cairn copy --from file:cairn.db --to neo4j://127.0.0.1:7687 --neo4j-keys org.keys`,
		Args:    exactly(0, ""),
	}
	cmd.Flags().StringVar(&from, "from", "", "the `store` to copy: a data file, or an address of Neo4j")
	cmd.Flags().StringVar(&to, "to", "", "the `store` to copy it to")
	a.neo4jFlags(cmd)
	loginFlags(cmd, &toLogin, "to-")
	cmd.RunE = a.verb(func(ctx context.Context, _ []string) error {
		if from == "" || to == "" {
			return misused("--from and --to are needed").hinted("usage: %s", cmd.UseLine())
		}
		out, err := a.copyStore(ctx, from, to, toLogin)
		if err != nil {
			return err
		}
		if a.json {
			err = a.printValue(out)
		} else {
			if out.Copied > 0 {
				a.printf("%s is copied to %s: revision %d to %d\n", out.From, out.To, out.Revision-out.Copied+1, out.Revision)
			} else {
				a.printf("nothing to copy: %s has revision %d of %s already\n", out.To, out.Revision, out.From)
			}
			a.printf("  content  %s  %s\n", out.FromHash, out.From)
			a.printf("  content  %s  %s\n", out.ToHash, out.To)
		}
		if err == nil && !out.Equal {
			return failed("the contents differ").hinted("it may be that one has what the other has erased, or is damaged: " +
				"cairn check looks for damage; copy to a new store")
		}
		return err
	})
	return cmd
}

// copyStore copies the store of one name to that of another and hashes both.
func (a *app) copyStore(ctx context.Context, fromName, toName string, l login) (out copied, err error) {
	if out.From, err = storeName(fromName); err != nil {
		return out, err
	}
	if out.To, err = storeName(toName); err != nil {
		return out, err
	}
	if !there(out.From) {
		return out, failed("%s: there is no such data file", out.From)
	}
	if out.From == out.To && !inNeo4j(out.From) {
		return out, misused("--from and --to are the same file")
	}
	source, err := a.openStore(ctx, out.From, a.where.login, filestore.Options{ReadOnly: true})
	if err != nil {
		return out, err
	}
	defer func() { _ = source.Close() }()
	l = login{
		keys: cmp.Or(l.keys, a.where.login.keys), ca: cmp.Or(l.ca, a.where.login.ca),
		passwordFile: cmp.Or(l.passwordFile, a.where.login.passwordFile), database: cmp.Or(l.database, a.where.login.database),
	}
	target, err := a.openStore(ctx, out.To, l, filestore.Options{})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	head, err := source.Head(ctx)
	if err != nil {
		return out, err
	}
	before, err := target.Head(ctx)
	if err != nil {
		return out, err
	}
	bar := a.startBar("copying", int64(head)) //nolint:gosec // revisions are far below 2^63
	reached := before
	until, err := graph.Copy(ctx, source, target, func(done, _ graph.Revision) {
		reached = done
		bar.at(int64(done)) //nolint:gosec // as above
	})
	bar.stop()
	switch {
	case err != nil && ctx.Err() != nil:
		return out, failed("stopped at revision %d of %d", reached, head).hinted("the same command goes on from there")
	case errors.Is(err, graph.ErrExists):
		return out, failed("%s: %s", out.To, translate(err).message).hinted("a copy needs a new store, or one that it began itself")
	case err != nil:
		return out, err
	}
	out.Revision, out.Copied = uint64(until), uint64(until-before)
	stop := a.working("comparing")
	defer stop()
	var hashes [2]graph.Digest
	var errs [2]error
	var both sync.WaitGroup
	for i, s := range []graph.Store{source, target} {
		both.Go(func() { hashes[i], errs[i] = graph.ContentHash(ctx, s, until) })
	}
	both.Wait()
	out.FromHash, out.ToHash, out.Equal = hashes[0].String(), hashes[1].String(), hashes[0] == hashes[1]
	return out, errors.Join(errs[:]...)
}
