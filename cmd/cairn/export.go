package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// exports are what can be exported, each with the flags that are its own.
var exports = []struct {
	name, about string
	flags       []string
}{
	{"catalog", "the catalog's files", []string{"as-json", "only", "as-of"}},
	{"people", "people and assignments", []string{"as-lines", "as-yaml"}},
	{"awards", "recorded awards", []string{"as-lines", "as-yaml"}},
	{"claims", "recorded claims", []string{"as-lines", "as-yaml"}},
	{"schema", "the JSON Schema of catalog files", nil},
}

// exportCmd is cairn export.
func (a *app) exportCmd() *cobra.Command {
	var asJSON, asLines, asYAML bool
	var catalog string
	var asOf moment
	cmd := &cobra.Command{
		Use:   "export catalog|people|awards|claims|schema [FILE|DIR]",
		Short: "The catalog and what is known about people, as files",
		Long: `Writes the catalog as the files that apply reads (into DIR); people and their
assignments, awards or claims as the tables that import reads (into FILE), of every
date; or the JSON Schema of catalog files, with which an editor completes them.
Automatic awards are left out: they follow from the rest. Without FILE or DIR, or
for -, it goes to stdout. Files that exist are not overwritten.`,
		Example: `  cairn export catalog backup/catalog
  cairn export claims --as-yaml claims.yaml
  cairn export schema catalog.schema.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return exactly(1, "what to export: catalog, people, awards, claims or schema,")(cmd, args)
		},
	}
	for _, x := range exports {
		cmd.ValidArgs = append(cmd.ValidArgs, x.name+"\t"+x.about)
	}
	a.asksFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "as-json", false, "catalog: write JSON instead of YAML")
	cmd.Flags().BoolVar(&asLines, "as-lines", false, "people, awards, claims: write JSON Lines instead of CSV")
	cmd.Flags().BoolVar(&asYAML, "as-yaml", false, "people, awards, claims: write YAML instead of CSV")
	cmd.MarkFlagsMutuallyExclusive("as-lines", "as-yaml")
	cmd.Flags().StringVar(&catalog, "only", "", "catalog: only what came from the catalog of this `name`")
	momentFlag(cmd, &asOf, "as-of", "catalog: in the versions of this `day or time` (otherwise the present)")
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		to := ""
		if len(args) == 2 && args[1] != "-" {
			to = args[1]
		}
		if err := exportFlags(cmd, args[0]); err != nil {
			return err
		}
		if args[0] == "schema" {
			return a.write(to, func(w io.Writer) error {
				_, err := w.Write(exchange.CatalogSchema())
				return err
			})
		}
		c, err := a.connect(ctx, reads)
		if err != nil {
			return err
		}
		defer c.close()
		if args[0] == "catalog" {
			req := &cairnv1.ExportCatalogRequest{Catalog: catalog, Format: cairnv1.ExportCatalogRequest_FORMAT_YAML}
			if asJSON {
				req.Format = cairnv1.ExportCatalogRequest_FORMAT_JSON
			}
			if req.AsOf, err = a.instant(ctx, c, "--as-of", asOf); err != nil {
				return err
			}
			return a.exportCatalog(ctx, c, req, to)
		}
		format := exchange.CSVTable
		switch {
		case asYAML:
			format = exchange.HoldingsFile
		case asLines || a.json:
			format = exchange.JSONLines
		}
		t := &tables{client: c}
		return a.write(to, func(w io.Writer) error { return t.write(ctx, w, args[0], format) })
	})
	return cmd
}

// exportFlags refuses what is no export, and a flag that is another's.
func exportFlags(cmd *cobra.Command, what string) error {
	var names, others []string
	var own []string
	known := false
	for _, x := range exports {
		names = append(names, x.name)
		if x.name == what {
			own, known = x.flags, true
		}
		others = append(others, x.flags...)
	}
	if !known {
		return misused("there is no export %q", what).hinted("it is %s or %s", list(names[:len(names)-1]), names[len(names)-1])
	}
	for _, flag := range others {
		if cmd.Flags().Changed(flag) && !slices.Contains(own, flag) {
			return misused("--%s is no flag of export %s", flag, what).hinted("see %s --help", cmd.CommandPath())
		}
	}
	return nil
}

// exportCatalog writes the catalog's files below a folder, or to stdout one
// after the other.
func (a *app) exportCatalog(ctx context.Context, c *client, req *cairnv1.ExportCatalogRequest, dir string) error {
	out, err := c.catalog.ExportCatalog(ctx, req)
	if err != nil {
		return err
	}
	files := out.GetAnswer().GetFiles()
	if len(files) == 0 && req.GetCatalog() != "" {
		return failed("nothing came from a catalog of the name %q", req.GetCatalog()).hinted("without --only everything is exported")
	}
	if dir == "" {
		if a.json {
			return a.print(out)
		}
		for i, f := range files {
			if i > 0 {
				a.printf("---\n")
			}
			a.printf("# %s\n%s", f.GetName(), f.GetContent())
		}
		return nil
	}
	for _, f := range files {
		if !filepath.IsLocal(filepath.FromSlash(f.GetName())) {
			return failed("%s: the server names a file outside of the folder", f.GetName())
		}
		path := filepath.Join(dir, filepath.FromSlash(f.GetName()))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		err := a.write(path, func(w io.Writer) error {
			_, err := w.Write(f.GetContent())
			return err
		})
		if err != nil {
			return err
		}
	}
	if a.json {
		return a.print(out)
	}
	a.say("%s written below %s", were(len(files), "file"), dir)
	return nil
}

// write writes to stdout or, if path is set, to a file that must not exist yet.
// A file that could not be written whole is removed.
func (a *app) write(path string, f func(io.Writer) error) (err error) {
	if path == "" {
		return f(a.out)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the caller says where
	if err != nil {
		if os.IsExist(err) {
			return failed("%s: the file exists", path).hinted("it is not overwritten; choose another name")
		}
		return err
	}
	w := bufio.NewWriter(file)
	err = f(w)
	if err == nil {
		err = w.Flush()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}

// number is a count with a comma at each thousand; "-" for none.
func number(n int64) string {
	if n == 0 {
		return "-"
	}
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
