package main

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versions is what cairn version --json prints.
type versions struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	System  string `json:"system"`
}

// versionCmd is cairn version.
func (a *app) versionCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "version", Short: "The version of the program", Args: exactly(0, "")}
	cmd.RunE = a.verb(func(context.Context, []string) error {
		v := versions{Version: version(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
		if a.json {
			return a.printValue(v)
		}
		a.printf("cairn %s, %s, %s\n", v.Version, v.Go, v.System)
		return nil
	})
	return cmd
}

// version is the version that the program was built as, for example "v0.1.0";
// "(devel)" for one built from a working folder.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
