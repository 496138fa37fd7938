package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// diffCmd is cairn diff.
func (a *app) diffCmd() *cobra.Command {
	var prune bool
	cmd := &cobra.Command{
		Use:   "diff DIR",
		Short: "What applying a catalog would change",
		Long: `Says what applying the catalog files in a folder would change, field by field. A
difference is an answer: the exit code is 0. Without a data file everything is new.`,
		Args: exactly(1, "DIR"),
	}
	a.asksFlags(cmd)
	cmd.ValidArgsFunction = catalogFiles
	cmd.Flags().BoolVar(&prune, "prune", false, "retire what came from this catalog and is no longer in the files")
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		files, err := readCatalog(args[0])
		if err != nil {
			return err
		}
		c, err := a.connect(ctx, tries)
		if err != nil {
			return err
		}
		defer c.close()
		stop := a.working("comparing")
		out, err := c.catalog.DiffCatalog(ctx, &cairnv1.DiffCatalogRequest{Files: files, Prune: prune, Languages: a.languages})
		stop()
		if err != nil {
			return err
		}
		refused := a.sayProblems(out.GetAnswer().GetProblems())
		if a.json {
			err = a.print(out)
		} else if !refused {
			a.diff(out.GetAnswer().GetDiff(), a.labels(out.GetAnswer().GetLabels()))
		}
		if err == nil && refused {
			err = errTold
		}
		return err
	})
	return cmd
}

// sayProblems writes problems to stderr and reports whether one is an error.
func (a *app) sayProblems(list []*cairnv1.Problem) (refused bool) {
	for _, p := range list {
		a.say("%s", problemLine(p))
		if p.GetHint() != "" {
			a.say("    %s", p.GetHint())
		}
		refused = refused || p.GetSeverity() == cairnv1.Severity_SEVERITY_ERROR
	}
	return refused
}

// diff writes a difference: a line for each entry, its fields below.
func (a *app) diff(d *cairnv1.CatalogDiff, l labels) {
	for _, c := range d.GetChanges() {
		mark := "~"
		switch c.GetAction() { //nolint:exhaustive // the rest is changed
		case cairnv1.CatalogChange_ACTION_ADDED:
			mark = "+"
		case cairnv1.CatalogChange_ACTION_RETIRED:
			mark = "-"
		}
		a.printf("%s %s %s", mark, word(c.GetKind()), l.named(c.GetKind(), c.GetId()))
		if c.GetVersion() > 1 {
			a.printf(", version %d", c.GetVersion())
		}
		a.printf("\n")
		for _, f := range c.GetFields() {
			a.field(f)
		}
	}
	a.printf("%s: %d added, %d changed, %d retired, %d unchanged\n", d.GetCatalog(), d.GetAdded(), d.GetChanged(), d.GetRetired(), d.GetUnchanged())
}

// field writes a field before and after: on one line if both fit, otherwise as
// lines taken away and added.
func (a *app) field(f *cairnv1.FieldChange) {
	before, after := strings.TrimRight(f.GetBefore(), "\n"), strings.TrimRight(f.GetAfter(), "\n")
	short := !strings.Contains(before+after, "\n") && len(before)+len(after) < 80
	switch {
	case short && before == "":
		a.printf("    %s: %s\n", f.GetPath(), after)
	case short && after == "":
		a.printf("    %s: %s, removed\n", f.GetPath(), before)
	case short:
		a.printf("    %s: %s -> %s\n", f.GetPath(), before, after)
	default:
		a.printf("    %s:\n", f.GetPath())
		a.lines("      - ", before)
		a.lines("      + ", after)
	}
}

func (a *app) lines(prefix, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		a.printf("%s%s\n", prefix, line)
	}
}
