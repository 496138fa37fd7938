package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// lintCmd is cairn lint.
func (a *app) lintCmd() *cobra.Command {
	var alone bool
	cmd := &cobra.Command{
		Use:   "lint DIR",
		Short: "Everything that is wrong with a catalog",
		Long: `Finds everything that is wrong with the catalog files in a folder, each problem
with its place and what would be right. What the files do not have may come from
the data file, if there is one. The exit code is 1 if a problem is an error.`,
		Args: exactly(1, "DIR"),
	}
	a.asksFlags(cmd)
	cmd.ValidArgsFunction = catalogFiles
	cmd.Flags().BoolVar(&alone, "alone", false, "take the files alone: what they do not have is unknown")
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
		stop := a.working("linting")
		out, err := c.catalog.LintCatalog(ctx, &cairnv1.LintCatalogRequest{Files: files, Alone: alone})
		stop()
		if err != nil {
			return err
		}
		if a.json {
			err = a.print(out)
		} else {
			a.problems(out.GetAnswer())
		}
		if err == nil && out.GetAnswer().GetErrors() > 0 {
			err = errTold
		}
		return err
	})
	return cmd
}

// problems writes what lint found.
func (a *app) problems(x *cairnv1.LintCatalogAnswer) {
	for _, p := range x.GetProblems() {
		a.printf("%s\n", problemLine(p))
		if p.GetHint() != "" {
			a.printf("    %s\n", p.GetHint())
		}
		if len(p.GetWitness()) > 1 {
			a.printf("    %s\n", strings.Join(p.GetWitness(), ", "))
		}
	}
	var entries []string
	for _, e := range x.GetEntries() {
		if e.GetKind() != cairnv1.Kind_KIND_SETTINGS { // there is one, or none
			entries = append(entries, count(e.GetCount(), word(e.GetKind())))
		}
	}
	a.printf("%s, %s in %s\n", count(x.GetErrors(), "error"), count(x.GetWarnings(), "warning"), orNothing(list(entries)))
}

func orNothing(s string) string {
	if s == "" {
		return "no entries"
	}
	return s
}

// problemLine is a problem in one line, without its hint:
// file:line:column: error unknown-id: role data-analyst at requires/of/1: message.
func problemLine(p *cairnv1.Problem) string {
	var b strings.Builder
	if p.GetFile() != "" {
		b.WriteString(p.GetFile())
		if p.GetLine() > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.GetLine(), p.GetColumn())
		}
		b.WriteString(": ")
	}
	fmt.Fprintf(&b, "%s %s: ", word(p.GetSeverity()), p.GetCode())
	if p.GetSubject() != "" {
		fmt.Fprintf(&b, "%s %s", word(p.GetKind()), p.GetSubject())
		if p.GetPath() != "" {
			b.WriteString(" at " + p.GetPath())
		}
		b.WriteString(": ")
	}
	b.WriteString(p.GetMessage())
	return b.String()
}
