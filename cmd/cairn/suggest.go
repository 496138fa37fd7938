package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// suggestTime bounds what a press of the tab key takes, and suggestMost how many
// words it offers.
const (
	suggestTime = 2 * time.Second
	suggestMost = 50
)

// suggestion is what a shell completes the word to.
type suggestion = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective)

// suggests makes shells complete the value of a flag.
func suggests(cmd *cobra.Command, flag string, f suggestion) {
	// The error is for a flag that the command does not have.
	_ = cmd.RegisterFlagCompletionFunc(flag, f)
}

// entries completes to the ids of entries of these kinds, each with its title:
// those that are found by what is typed, of the server, data file or files that
// the command itself would ask. Whatever goes wrong, there is nothing to offer.
func (a *app) entries(kinds ...cairnv1.Kind) suggestion {
	return func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), suggestTime)
		defer cancel()
		return a.found(ctx, word, kinds), cobra.ShellCompDirectiveNoFileComp
	}
}

// firstEntry is entries for the first argument, and nothing for the others.
func (a *app) firstEntry(kinds ...cairnv1.Kind) suggestion {
	found := a.entries(kinds...)
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return found(cmd, args, word)
	}
}

// found is what the word that is typed may become, each with a tab and a title.
// Shells drop what does not begin with the word, so an entry that is found by
// its title is offered by it.
func (a *app) found(ctx context.Context, word string, kinds []cairnv1.Kind) []string {
	c, err := a.pick(ctx, reads)
	if err != nil {
		return nil
	}
	defer c.close()
	hits, err := c.hits(ctx, word, kinds, a.languages)
	if err != nil {
		return nil
	}
	var out []string
	for _, h := range hits {
		switch typed := strings.ToLower(word); {
		case strings.HasPrefix(strings.ToLower(h.GetId()), typed):
			out = append(out, h.GetId()+"\t"+h.GetTitle())
		case strings.HasPrefix(strings.ToLower(h.GetTitle()), typed):
			out = append(out, h.GetTitle()+"\t"+h.GetId())
		}
	}
	return out[:min(len(out), suggestMost)]
}

// hits are entries of these kinds that word may mean: those that a search finds,
// and of each kind the first by id, since a search does not look for parts of an
// id. Whoever asks chooses among them.
func (c *client) hits(ctx context.Context, word string, kinds []cairnv1.Kind, languages []string) ([]*cairnv1.Hit, error) {
	var hits []*cairnv1.Hit
	if strings.TrimSpace(word) != "" {
		out, err := c.search.Search(ctx, &cairnv1.SearchRequest{Q: word, Kinds: kinds, PageSize: suggestMost, Languages: languages})
		if err != nil {
			return nil, err
		}
		hits = out.GetAnswer().GetHits()
	}
	for _, k := range kinds {
		list, err := c.first(ctx, k, languages)
		if err != nil {
			return nil, err
		}
		for _, h := range list {
			if !slices.ContainsFunc(hits, func(x *cairnv1.Hit) bool { return x.GetKind() == k && x.GetId() == h.GetId() }) {
				hits = append(hits, h)
			}
		}
	}
	return hits, nil
}

// first are the first entries of a kind, by id, as many as are on a page.
func (c *client) first(ctx context.Context, k cairnv1.Kind, languages []string) ([]*cairnv1.Hit, error) {
	var ids []string
	var titles map[string]*cairnv1.Label
	switch k {
	case cairnv1.Kind_KIND_COMPETENCY:
		out, err := c.catalog.ListCompetencies(ctx, &cairnv1.ListCompetenciesRequest{PageSize: pageSize, Languages: languages})
		if err != nil {
			return nil, err
		}
		titles = out.GetAnswer().GetLabels()
		for _, x := range out.GetAnswer().GetCompetencies() {
			ids = append(ids, x.GetId())
		}
	case cairnv1.Kind_KIND_ACHIEVEMENT:
		out, err := c.catalog.ListAchievements(ctx, &cairnv1.ListAchievementsRequest{PageSize: pageSize, Languages: languages})
		if err != nil {
			return nil, err
		}
		titles = out.GetAnswer().GetLabels()
		for _, x := range out.GetAnswer().GetAchievements() {
			ids = append(ids, x.GetId())
		}
	case cairnv1.Kind_KIND_ROLE:
		out, err := c.catalog.ListRoles(ctx, &cairnv1.ListRolesRequest{PageSize: pageSize, Languages: languages})
		if err != nil {
			return nil, err
		}
		titles = out.GetAnswer().GetLabels()
		for _, x := range out.GetAnswer().GetRoles() {
			ids = append(ids, x.GetId())
		}
	default:
		out, err := c.people.ListPeople(ctx, &cairnv1.ListPeopleRequest{PageSize: pageSize, Languages: languages})
		if err != nil {
			return nil, err
		}
		titles = out.GetAnswer().GetLabels()
		for _, x := range out.GetAnswer().GetPeople() {
			ids = append(ids, x.GetPerson().GetId())
		}
	}
	hits := make([]*cairnv1.Hit, len(ids))
	for i, id := range ids {
		hits[i] = &cairnv1.Hit{Kind: k, Id: id, Title: titles[word(k)+"/"+id].GetTitle()}
	}
	return hits, nil
}

// folders and catalogFiles complete to what holds a catalog.
func folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func catalogFiles(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt
}
