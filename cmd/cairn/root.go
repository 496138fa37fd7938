package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// root is the command with all its verbs.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "cairn VERB",
		Short: "What a person can earn next, and why",
		Long: `Cairn knows what can be learned, earned and worked as, and what people hold.
It says how complete a stack is, which way leads to a role, what to do next and
how far it is.

Every verb asks a server (--server), a data file (--data, otherwise cairn.db in
the working folder) or, where it takes them, plain files (--catalog, --holdings).`,

		DisableFlagsInUseLine: true,

		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
	}
	root.RunE = a.verb(func(_ context.Context, args []string) error {
		if len(args) == 0 {
			return misused("a verb is missing").hinted("cairn help lists them")
		}
		return noVerb(root, args[0])
	})
	root.SuggestionsMinimumDistance = 2
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print the API's own message as JSON")
	root.PersistentFlags().StringSliceVar(&a.languages, "lang", nil, "wanted `languages` of titles, best first, for example de,en (CAIRN_LANG)")
	root.SetFlagErrorFunc(flagError)
	root.AddGroup(
		&cobra.Group{ID: "ask", Title: "Questions about a person:"},
		&cobra.Group{ID: "catalog", Title: "The catalog:"},
		&cobra.Group{ID: "facts", Title: "Files in and out:"},
		&cobra.Group{ID: "run", Title: "Running it:"},
	)
	for _, v := range []struct {
		group string
		cmds  []*cobra.Command
	}{
		{"ask", []*cobra.Command{a.pathCmd(), a.nextCmd(), a.completeCmd(), a.gapCmd()}},
		{"catalog", []*cobra.Command{a.lintCmd(), a.diffCmd(), a.applyCmd(), a.searchCmd()}},
		{"facts", []*cobra.Command{a.importCmd(), a.exportCmd(), a.copyCmd()}},
		{"run", []*cobra.Command{a.serveCmd(), a.demoCmd(), a.checkCmd(), a.verifyCmd(), a.backupCmd(), a.migrateCmd(), a.versionCmd()}},
	} {
		for _, c := range v.cmds {
			c.GroupID, c.DisableFlagsInUseLine = v.group, true
			root.AddCommand(c)
		}
	}
	strictHelp(root)
	return root
}

// noVerb is the error for a verb that there is not.
func noVerb(root *cobra.Command, name string) error {
	if near := root.SuggestionsFor(name); len(near) > 0 {
		return misused("there is no verb %q", name).hinted("did you mean %s?", strings.Join(near, " or "))
	}
	return misused("there is no verb %q", name).hinted("cairn help lists them")
}

// strictHelp makes cairn help refuse what is no verb.
func strictHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() != "help" {
			continue
		}
		c.Args = func(_ *cobra.Command, args []string) error {
			if found, rest, err := root.Find(args); len(args) > 0 && (err != nil || found == root || len(rest) > 0) {
				return noVerb(root, strings.Join(args, " "))
			}
			return nil
		}
	}
}

// verb is f as what cobra runs. An error of f is a failure; every other error
// of cobra is a misuse.
func (a *app) verb(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if len(a.languages) == 0 {
			a.languages = strings.FieldsFunc(a.env("CAIRN_LANG"), func(r rune) bool { return r == ',' || r == ' ' })
		}
		if err := f(cmd.Context(), args); err != nil {
			return &failure{err}
		}
		return nil
	}
}

// exactly takes n arguments that are not empty; what names them, for example
// "ACHIEVEMENT".
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < n:
			return misused("%s is missing", what).hinted("usage: %s", cmd.UseLine())
		case len(args) > n:
			return misused("%q is one argument too many", args[n]).hinted("usage: %s", cmd.UseLine())
		case slices.ContainsFunc(args, func(s string) bool { return strings.TrimSpace(s) == "" }):
			return misused("%s is empty", what).hinted("usage: %s", cmd.UseLine())
		}
		return nil
	}
}

// oneOf makes shells complete the words of a flag.
func oneOf(cmd *cobra.Command, flag string, words ...string) {
	// The error is for a flag that the command does not have.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}
