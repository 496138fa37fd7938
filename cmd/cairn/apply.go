package main

import (
	"context"

	"github.com/spf13/cobra"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// applyCmd is cairn apply.
func (a *app) applyCmd() *cobra.Command {
	var prune, dryRun bool
	var ifRevision uint64
	cmd := &cobra.Command{
		Use:   "apply DIR",
		Short: "Publish a catalog",
		Long: `Publishes the catalog files in a folder, all or nothing. Entries that are not in
the files stay as they are, unless --prune retires them; nothing is ever deleted.
The data file is made if there is none.`,
		Args: exactly(1, "DIR"),
	}
	a.asksFlags(cmd)
	cmd.ValidArgsFunction = catalogFiles
	cmd.Flags().BoolVar(&prune, "prune", false, "retire what came from this catalog and is no longer in the files")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would happen and change nothing")
	cmd.Flags().Uint64Var(&ifRevision, "if-revision", 0, "fail unless this is the newest `revision`")
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		files, err := readCatalog(args[0])
		if err != nil {
			return err
		}
		need := writes
		if dryRun {
			need = tries
		}
		if err := a.rehearse(ctx, files, need); err != nil {
			return err
		}
		c, err := a.connect(ctx, need)
		if err != nil {
			return err
		}
		defer c.close()
		req := &cairnv1.ApplyCatalogRequest{Files: files, Prune: prune, DryRun: dryRun, Languages: a.languages}
		if cmd.Flags().Changed("if-revision") {
			req.IfRevision = &ifRevision
		}
		stop := a.working("applying")
		out, err := c.catalog.ApplyCatalog(ctx, req)
		stop()
		if err != nil {
			return err
		}
		a.sayProblems(out.GetAnswer().GetProblems())
		if a.json {
			return a.print(out)
		}
		a.applied(out.GetAnswer(), dryRun)
		return nil
	})
	return cmd
}

// rehearse applies files to nothing if that is what they would be applied to, so
// that a catalog which is refused makes no data file.
func (a *app) rehearse(ctx context.Context, files []*cairnv1.SourceFile, need access) error {
	path, _, err := a.dataFile()
	if err != nil || need != writes || a.servedAt() != "" || there(path) {
		return err
	}
	c, err := a.connectThrowaway(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	_, err = c.catalog.ApplyCatalog(ctx, &cairnv1.ApplyCatalogRequest{Files: files, DryRun: true, OmitLabels: true})
	return err
}

// applied writes what became of an apply.
func (a *app) applied(x *cairnv1.ApplyCatalogAnswer, dryRun bool) {
	a.diff(x.GetDiff(), a.labels(x.GetLabels()))
	if n := x.GetAwarded() + x.GetSuperseded() + x.GetWithdrawn(); n > 0 {
		a.printf("automatic awards: %d came about, %d changed, %d are withdrawn\n", x.GetAwarded(), x.GetSuperseded(), x.GetWithdrawn())
	}
	switch {
	case dryRun:
		a.printf("nothing was changed: it was a dry run on revision %d\n", x.GetBasis().GetRevision())
	case x.GetCommitted():
		a.printf("revision %d\n", x.GetBasis().GetRevision())
	default:
		a.printf("nothing to change: still revision %d\n", x.GetBasis().GetRevision())
	}
}
