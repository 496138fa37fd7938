package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// connectFiles is a server over a throw-away file that has the catalog and what
// people hold. A row that is refused is a failure: an answer would be about
// somebody else.
func (a *app) connectFiles(ctx context.Context) (*client, error) {
	c, err := a.connectThrowaway(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.fill(ctx, c); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (a *app) fill(ctx context.Context, c *client) error {
	files, err := readCatalog(a.where.catalog)
	if err != nil {
		return err
	}
	if _, err := c.catalog.ApplyCatalog(ctx, &cairnv1.ApplyCatalogRequest{Files: files}); err != nil {
		return err
	}
	if len(a.where.holdings) == 0 {
		return nil
	}
	inputs, err := findInputs(a.where.holdings)
	if err != nil {
		return err
	}
	in := &importing{app: a, client: c, header: &cairnv1.ImportHeader{}, inputs: inputs, quiet: true}
	if _, err := in.run(ctx); err != nil {
		return err
	}
	if in.refused > 0 {
		return failed("%s of --holdings refused", were(in.refused, "row"))
	}
	return nil
}

// readCatalog reads the catalog files of a folder, or one file. The names that
// problems are shown with begin with the folder as it was given.
func readCatalog(dir string) ([]*cairnv1.SourceFile, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		content, err := os.ReadFile(dir)
		if err != nil {
			return nil, err
		}
		return []*cairnv1.SourceFile{{Name: filepath.ToSlash(dir), Content: content}}, nil
	}
	list, err := exchange.CatalogFilesIn(os.DirFS(dir))
	if err != nil {
		if s := translate(err); s.cause != nil {
			return nil, failed("%s: %s", dir, s.message)
		}
		return nil, err
	}
	return sourceFiles(dir, list), nil
}

// sourceFiles are files as the API takes them, named below dir.
func sourceFiles(dir string, list []exchange.File) []*cairnv1.SourceFile {
	files := make([]*cairnv1.SourceFile, len(list))
	for i, f := range list {
		files[i] = &cairnv1.SourceFile{Name: filepath.ToSlash(filepath.Join(dir, filepath.FromSlash(f.Name))), Content: f.Content}
	}
	return files
}
