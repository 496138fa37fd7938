package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
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
	if inputs, err = kept(inputs); err != nil {
		return err
	}
	// What is held without a date is held when the question is asked.
	header := &cairnv1.ImportHeader{At: timestamppb.New(a.now())}
	if a.where.asOf.text != "" {
		if header.At, err = a.instant(ctx, c, "--as-of", a.where.asOf); err != nil {
			return err
		}
	}
	if err := recordHolders(ctx, c, inputs); err != nil {
		return err
	}
	in := &importing{app: a, client: c, header: header, inputs: inputs, quiet: true}
	if _, err := in.run(ctx); err != nil {
		return err
	}
	if in.refused > 0 {
		return failed("--holdings: %s refused", were(in.refused, "row"))
	}
	return nil
}

// recordHolders records everybody who is named in files of holdings: what people
// hold is enough to ask about them. A table that cannot be read is left for the
// import to refuse.
func recordHolders(ctx context.Context, c *client, inputs []input) error {
	var people []*cairnv1.PersonFact
	seen := make(map[graph.ID]bool)
	for _, in := range inputs {
		r, err := in.open()
		if err != nil {
			return err
		}
		// The zone and the instant do not matter for who it is.
		_, err = exchange.DecodeTable(ctx, in.name, r, exchange.TableOptions{At: 1}, func(rows []exchange.Row) error {
			for _, row := range rows {
				if row.Person != "" && len(row.Refused) == 0 && !seen[row.Person] {
					seen[row.Person] = true
					people = append(people, &cairnv1.PersonFact{Id: string(row.Person)})
				}
			}
			return ctx.Err()
		})
		_ = r.Close()
		if err != nil {
			return nil //nolint:nilerr // the import says it with the place
		}
	}
	for part := range slices.Chunk(people, maxFacts) {
		if _, err := c.facts.RecordFacts(ctx, &cairnv1.RecordFactsRequest{People: part}); err != nil {
			return err
		}
	}
	return nil
}

// maxFacts is the most facts that one call records.
const maxFacts = 10_000

// readCatalog reads the catalog files of a folder, or one file. The names that
// problems are shown with begin with the folder as it was given.
func readCatalog(dir string) ([]*cairnv1.SourceFile, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		content, err := exchange.CatalogFile(os.DirFS(filepath.Dir(dir)), filepath.Base(dir))
		if err != nil {
			if s := translate(err); s.cause != nil {
				return nil, failed("%s: %s", dir, s.message)
			}
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
