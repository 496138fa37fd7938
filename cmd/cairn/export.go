package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// exportCmd is cairn export.
func (a *app) exportCmd() *cobra.Command {
	var asJSON, asLines bool
	var catalog, asOf string
	cmd := &cobra.Command{
		Use:   "export catalog|people|awards|schema [FILE|DIR]",
		Short: "The catalog and what is known about people, as files",
		Long: `Writes the catalog as the files that apply reads (into DIR), people and their
assignments or awards as the tables that import reads (into FILE), or the JSON
Schema of catalog files, with which an editor completes them. Automatic awards are
left out: they follow from the rest. Without FILE or DIR it goes to stdout. Files
that exist are not overwritten.`,
		Example: `  cairn export catalog backup/catalog
  cairn export schema catalog.schema.json`,
		ValidArgs: []string{"catalog\tthe catalog's files", "people\tpeople and assignments", "awards\trecorded awards", "schema\tthe JSON Schema of catalog files"},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return exactly(1, "what to export: catalog, people, awards or schema,")(cmd, args)
		},
	}
	a.asksFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "as-json", false, "catalog: write JSON instead of YAML")
	cmd.Flags().BoolVar(&asLines, "as-lines", false, "people, awards: write JSON Lines instead of CSV")
	cmd.Flags().StringVar(&catalog, "only", "", "catalog: only what came from the catalog of this `name`")
	cmd.Flags().StringVar(&asOf, "as-of", "", "catalog: in the versions of this `day or time` (otherwise the present)")
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		to := ""
		if len(args) == 2 {
			to = args[1]
		}
		switch args[0] {
		case "schema":
			return a.write(to, func(w io.Writer) error {
				_, err := w.Write(exchange.CatalogSchema())
				return err
			})
		case "catalog", "people", "awards":
		default:
			return misused("there is no export %q", args[0]).hinted("it is catalog, people, awards or schema")
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
		if asLines || a.json {
			format = exchange.JSONLines
		}
		t := &tables{client: c}
		return a.write(to, func(w io.Writer) error { return t.write(ctx, w, args[0], format) })
	})
	return cmd
}

// exportCatalog writes the catalog's files below a folder, or to stdout one
// after the other.
func (a *app) exportCatalog(ctx context.Context, c *client, req *cairnv1.ExportCatalogRequest, dir string) error {
	out, err := c.catalog.ExportCatalog(ctx, req)
	if err != nil {
		return err
	}
	files := out.GetAnswer().GetFiles()
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
	if path == "" || path == "-" {
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
