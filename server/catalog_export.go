package server

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// ExportCatalog answers the catalog as files, in a folder for each catalog.
//
// Errors: those of read. Cost: linear in the catalog, which is in memory a second
// time while it is written.
func (s *catalogService) ExportCatalog(ctx context.Context, req *cairnv1.ExportCatalogRequest) (*cairnv1.ExportCatalogResponse, error) {
	snap, at, err := s.read(ctx, req.GetMinRevision(), req.GetAsOf())
	if err != nil {
		return nil, err
	}
	answer := &cairnv1.ExportCatalogAnswer{Basis: s.basis(snap, at, nil)}
	parts := byCatalog(snap.Catalog, at)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if !fits(req.GetCatalog(), name) {
			continue
		}
		files, err := exchange.EncodeCatalog(name, *parts[name], exchange.CatalogOptionsOf(snap.Catalog))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			file := &cairnv1.SourceFile{Name: url.PathEscape(string(name)) + "/" + f.Name, Content: f.Content}
			if req.GetFormat() == cairnv1.ExportCatalogRequest_FORMAT_JSON {
				file.Name = strings.TrimSuffix(file.GetName(), ".yaml") + ".json"
				if file.Content, err = yamlToJSON(f.Content); err != nil {
					return nil, err
				}
			}
			answer.Files = append(answer.Files, file)
		}
	}
	return &cairnv1.ExportCatalogResponse{Answer: answer, Served: s.served(ctx, req, snap.Revision, at)}, nil
}

// unnamed is the catalog of entries that came from none.
const unnamed graph.ID = "catalog"

// byCatalog are the entries as they stand at an instant, by the catalog that
// they came from.
func byCatalog(c *graph.Catalog, at graph.Instant) map[graph.ID]*graph.Batch {
	all := c.Entries()
	out := make(map[graph.ID]*graph.Batch)
	of := func(s graph.Source) *graph.Batch {
		name := s.Catalog
		if name == "" {
			name = unnamed
		}
		if out[name] == nil {
			out[name] = &graph.Batch{}
		}
		return out[name]
	}
	if all.Settings.Source.Catalog != "" {
		of(all.Settings.Source).Settings = all.Settings
	}
	sortIn(of, all.Scales, func(x *graph.Scale) graph.Source { return x.Source }, func(b *graph.Batch) *[]graph.Scale { return &b.Scales })
	sortIn(of, all.Conversions, func(x *graph.Conversion) graph.Source { return x.Source }, func(b *graph.Batch) *[]graph.Conversion { return &b.Conversions })
	sortIn(of, all.Frameworks, func(x *graph.Framework) graph.Source { return x.Source }, func(b *graph.Batch) *[]graph.Framework { return &b.Frameworks })
	sortIn(of, all.Issuers, func(x *graph.Issuer) graph.Source { return x.Source }, func(b *graph.Batch) *[]graph.Issuer { return &b.Issuers })
	sortIn(of, all.Competencies, func(x *graph.Competency) graph.Source { return x.Source }, func(b *graph.Batch) *[]graph.Competency { return &b.Competencies })
	sortIn(of, all.Ladders, func(x *graph.Ladder) graph.Source { return x.Source }, func(b *graph.Batch) *[]graph.Ladder { return &b.Ladders })
	for _, id := range c.IDs(graph.KindAchievement) {
		i, _ := c.Achievement(id)
		x := achievementAt(c, i, at).Achievement
		b := of(x.Source)
		b.Achievements = append(b.Achievements, *x)
	}
	for _, id := range c.IDs(graph.KindRole) {
		i, _ := c.Role(id)
		x := roleAt(c, i, at).Role
		b := of(x.Source)
		b.Roles = append(b.Roles, *x)
	}
	return out
}

// sortIn adds each entry to the list of the catalog that it came from.
func sortIn[T any](of func(graph.Source) *graph.Batch, entries []T, source func(*T) graph.Source, list func(*graph.Batch) *[]T) {
	for i := range entries {
		into := list(of(source(&entries[i])))
		*into = append(*into, entries[i])
	}
}

// lawError is err if it is of class graph.ErrLaw; otherwise nil.
func lawError(err error) *graph.Error {
	if e, ok := errors.AsType[*graph.Error](err); ok && errors.Is(err, graph.ErrLaw) {
		return e
	}
	return nil
}
