package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// searchCmd is cairn search.
func (a *app) searchCmd() *cobra.Command {
	var kinds []string
	var retired bool
	most := int64(20)
	var token string
	cmd := &cobra.Command{
		Use:   "search TEXT",
		Short: "Entries by what people call them",
		Long: `Finds competencies, achievements and roles by title and alternative label, the best
hit first. Words may be cut off or have typing errors. People are found with
--kind person only.`,
		Example: `  cairn search 'data anal'
  cairn search --kind person odile`,
		Args: exactly(1, "TEXT"),
	}
	a.filesFlags(cmd)
	cmd.ValidArgsFunction = a.firstEntry(cairnv1.Kind_KIND_COMPETENCY, cairnv1.Kind_KIND_ACHIEVEMENT, cairnv1.Kind_KIND_ROLE)
	cmd.Flags().StringSliceVar(&kinds, "kind", nil, "the `kinds` to look in: competency, achievement, role, person (otherwise the first three)")
	oneOf(cmd, "kind", "competency", "achievement", "role", "person")
	cmd.Flags().BoolVar(&retired, "retired", false, "find retired entries as well")
	wholeFlag(cmd, &most, "most", 1, pageSize, "the most `hits` to answer, up to 1000")
	cmd.Flags().StringVar(&token, "page", "", "the page that this `token` of the page before names")
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		req := &cairnv1.SearchRequest{Q: args[0], Retired: retired, PageSize: int32(most), PageToken: token, Languages: a.languages} //nolint:gosec // 1000 at most
		for _, k := range kinds {
			v, ok := cairnv1.Kind_value["KIND_"+strings.ToUpper(k)]
			if !ok || v < 1 || v > int32(cairnv1.Kind_KIND_PERSON) {
				return misused("--kind: %q is not competency, achievement, role or person", k)
			}
			req.Kinds = append(req.Kinds, cairnv1.Kind(v))
		}
		c, err := a.connect(ctx, reads)
		if err != nil {
			return err
		}
		defer c.close()
		out, err := c.search.Search(ctx, req)
		if err != nil {
			return err
		}
		if a.json {
			return a.print(out)
		}
		a.hits(out.GetAnswer())
		return nil
	})
	return cmd
}

// hits writes what was found, with the other name by which it was.
func (a *app) hits(x *cairnv1.SearchAnswer) {
	if len(x.GetHits()) == 0 {
		a.printf("nothing is called that\n")
		return
	}
	t := newTable("KIND", "TITLE", "ID", "FOUND AS")
	for _, h := range x.GetHits() {
		as := ""
		if h.GetMatched() != h.GetTitle() && h.GetMatched() != h.GetId() {
			as = h.GetMatched()
		}
		if h.GetRetired() {
			as = strings.TrimSpace(as + " (retired)")
		}
		t.add(word(h.GetKind()), h.GetTitle(), h.GetId(), as)
	}
	t.write(a.out, "")
	if x.GetNextPageToken() != "" {
		a.printf("%d of %d; the next page is --page %s\n", len(x.GetHits()), x.GetTotal(), x.GetNextPageToken())
	}
}
