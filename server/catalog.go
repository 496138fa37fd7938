package server

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// GetCompetency answers a competency, its scale and what attests it.
//
// Errors: those of read, and graph.ErrNotFound. Cost: linear in the
// achievements that attest it.
func (s *catalogService) GetCompetency(ctx context.Context, req *cairnv1.GetCompetencyRequest) (*cairnv1.GetCompetencyResponse, error) {
	snap, at, err := s.read(ctx, req.GetMinRevision(), req.GetAsOf())
	if err != nil {
		return nil, err
	}
	c := snap.Catalog
	i, ok := c.Competency(graph.ID(req.GetId()))
	if !ok {
		return nil, graph.NotFound(graph.KindCompetency, graph.ID(req.GetId()))
	}
	l := s.labeler(snap, req.GetLanguages(), req.GetOmitLabels())
	entry, changed := c.CompetencyEntry(i)
	answer := &cairnv1.GetCompetencyAnswer{Competency: competencyOut(entry, changed, l)}
	if scale, ok := c.Scale(entry.Scale); ok {
		answer.Scale = scaleOut(scale)
	}
	for _, p := range c.Providers(i) {
		if c.Current(p.Version.Index, at) != p.Version {
			continue
		}
		l.add(graph.KindAchievement, p.Version.ID)
		answer.AttestedBy = append(answer.AttestedBy, &cairnv1.AttestedBy{Achievement: string(p.Version.ID), Level: int32(p.Level)})
	}
	slices.SortStableFunc(answer.GetAttestedBy(), func(a, b *cairnv1.AttestedBy) int {
		return cmp.Or(cmp.Compare(a.GetAchievement(), b.GetAchievement()), cmp.Compare(a.GetLevel(), b.GetLevel()))
	})
	answer.Labels = l.labels()
	served := s.servedContent(ctx, answer)
	answer.Basis = s.basis(snap, at, nil)
	return &cairnv1.GetCompetencyResponse{Answer: answer, Served: served}, nil
}

// ListCompetencies answers a page of competencies.
//
// Errors: those of page. Cost: linear in the competencies of the catalog, and in
// the page.
func (s *catalogService) ListCompetencies(ctx context.Context, req *cairnv1.ListCompetenciesRequest) (*cairnv1.ListCompetenciesResponse, error) {
	p, err := s.page(ctx, req)
	if err != nil {
		return nil, err
	}
	c := p.snap.Catalog
	var found []graph.CompetencyIndex
	for _, id := range s.bookOf(c).sorted(graph.KindCompetency) {
		i, _ := c.Competency(id)
		x, _ := c.CompetencyEntry(i)
		if fits(req.GetFramework(), x.Framework) && (req.GetKind() == 0 || req.GetKind() == cairnv1.CompetencyKind(x.Kind)) && (req.GetRetired() || !x.Retired) {
			found = append(found, i)
		}
	}
	l := s.labeler(p.snap, req.GetLanguages(), req.GetOmitLabels())
	lo, hi := p.cut(len(found))
	answer := &cairnv1.ListCompetenciesAnswer{NextPageToken: p.next(hi, len(found)), Total: int32(len(found))}
	for _, i := range found[lo:hi] {
		x, changed := c.CompetencyEntry(i)
		answer.Competencies = append(answer.Competencies, competencyOut(x, changed, l))
	}
	answer.Labels, answer.Basis = l.labels(), s.basis(p.snap, p.at, nil)
	return &cairnv1.ListCompetenciesResponse{Answer: answer, Served: s.served(ctx, req, p.snap.Revision, p.at)}, nil
}

// fits reports whether an id passes a filter; the empty filter passes all.
func fits(filter string, id graph.ID) bool { return filter == "" || filter == string(id) }

// GetAchievement answers a version of an achievement.
//
// Errors: those of read, and graph.ErrNotFound. Cost: linear in its versions.
func (s *catalogService) GetAchievement(ctx context.Context, req *cairnv1.GetAchievementRequest) (*cairnv1.GetAchievementResponse, error) {
	snap, at, err := s.read(ctx, req.GetMinRevision(), req.GetAsOf())
	if err != nil {
		return nil, err
	}
	c := snap.Catalog
	id := graph.ID(req.GetId())
	i, ok := c.Achievement(id)
	if !ok {
		return nil, graph.NotFound(graph.KindAchievement, id)
	}
	versions, changed := c.Versions(i)
	v := achievementAt(c, i, at)
	if n := int(req.GetVersion()); n > len(versions) {
		return nil, errVersion(id, n, len(versions))
	} else if n > 0 {
		v = versions[n-1]
	}
	l := s.labeler(snap, req.GetLanguages(), req.GetOmitLabels())
	answer := &cairnv1.GetAchievementAnswer{Achievement: achievementOut(c, v, changed, at, l)}
	for _, x := range versions {
		answer.Versions = append(answer.Versions, summaryOut(&x.Lifecycle))
	}
	answer.Labels = l.labels()
	served := s.servedContent(ctx, answer)
	answer.Basis = s.basis(snap, at, nil)
	return &cairnv1.GetAchievementResponse{Answer: answer, Served: served}, nil
}

// errVersion says that an entry has only so many versions.
func errVersion(id graph.ID, n, have int) error {
	return &graph.Error{
		Class: graph.ErrNotFound, Reason: "VERSION_NOT_FOUND", Subject: string(id),
		Message: fmt.Sprintf("has no version %d; its versions are 1 to %d", n, have),
	}
}

// achievementAt is the version whose turn it is at an instant, otherwise the
// first to come, otherwise the newest draft.
func achievementAt(c *graph.Catalog, i graph.AchievementIndex, at graph.Instant) *graph.Version {
	if v := c.VersionFor(i, at); v != nil {
		return v
	}
	versions, _ := c.Versions(i)
	return versions[len(versions)-1]
}

// ListAchievements answers a page of achievements.
//
// Errors: those of page. Cost: linear in the achievements of the catalog, and in
// the page.
func (s *catalogService) ListAchievements(ctx context.Context, req *cairnv1.ListAchievementsRequest) (*cairnv1.ListAchievementsResponse, error) {
	p, err := s.page(ctx, req)
	if err != nil {
		return nil, err
	}
	c := p.snap.Catalog
	var found []*graph.Version
	for _, id := range s.bookOf(c).sorted(graph.KindAchievement) {
		i, _ := c.Achievement(id)
		v := achievementAt(c, i, p.at)
		if (req.GetAll() || c.InForce(i, p.at) == v) && fits(req.GetIssuer(), v.Achievement.Issuer) &&
			(req.GetType() == 0 || req.GetType() == cairnv1.AchievementType(v.Type)) &&
			(req.GetAttests() == "" || slices.ContainsFunc(v.Achievement.Attests, func(a graph.Attestation) bool { return fits(req.GetAttests(), a.Competency) })) {
			found = append(found, v)
		}
	}
	l := s.labeler(p.snap, req.GetLanguages(), req.GetOmitLabels())
	lo, hi := p.cut(len(found))
	answer := &cairnv1.ListAchievementsAnswer{NextPageToken: p.next(hi, len(found)), Total: int32(len(found))}
	for _, v := range found[lo:hi] {
		_, changed := c.Versions(v.Index)
		answer.Achievements = append(answer.Achievements, achievementOut(c, v, changed, p.at, l))
	}
	answer.Labels, answer.Basis = l.labels(), s.basis(p.snap, p.at, nil)
	return &cairnv1.ListAchievementsResponse{Answer: answer, Served: s.served(ctx, req, p.snap.Revision, p.at)}, nil
}

// GetRole answers a version of a role.
//
// Errors: those of read, and graph.ErrNotFound. Cost: linear in its versions.
func (s *catalogService) GetRole(ctx context.Context, req *cairnv1.GetRoleRequest) (*cairnv1.GetRoleResponse, error) {
	snap, at, err := s.read(ctx, req.GetMinRevision(), req.GetAsOf())
	if err != nil {
		return nil, err
	}
	c := snap.Catalog
	id := graph.ID(req.GetId())
	i, ok := c.Role(id)
	if !ok {
		return nil, graph.NotFound(graph.KindRole, id)
	}
	versions, changed := c.RoleVersions(i)
	v := roleAt(c, i, at)
	if n := int(req.GetVersion()); n > len(versions) {
		return nil, errVersion(id, n, len(versions))
	} else if n > 0 {
		v = versions[n-1]
	}
	l := s.labeler(snap, req.GetLanguages(), req.GetOmitLabels())
	answer := &cairnv1.GetRoleAnswer{Role: roleOut(c, v, changed, at, l)}
	for _, x := range versions {
		answer.Versions = append(answer.Versions, summaryOut(&x.Lifecycle))
	}
	answer.Labels = l.labels()
	served := s.servedContent(ctx, answer)
	answer.Basis = s.basis(snap, at, nil)
	return &cairnv1.GetRoleResponse{Answer: answer, Served: served}, nil
}

// roleAt is the version whose turn it is at an instant, otherwise the first to
// come, otherwise the newest draft.
func roleAt(c *graph.Catalog, i graph.RoleIndex, at graph.Instant) *graph.RoleVersion {
	if v := c.CurrentRole(i, at); v != nil {
		return v
	}
	versions, _ := c.RoleVersions(i)
	var first *graph.RoleVersion
	for _, v := range versions {
		if v.Status != graph.Draft && (first == nil || v.EffectiveFrom < first.EffectiveFrom) {
			first = v
		}
	}
	if first == nil {
		first = versions[len(versions)-1]
	}
	return first
}

// ListRoles answers a page of roles.
//
// Errors: those of page. Cost: linear in the roles of the catalog, and in the page.
func (s *catalogService) ListRoles(ctx context.Context, req *cairnv1.ListRolesRequest) (*cairnv1.ListRolesResponse, error) {
	p, err := s.page(ctx, req)
	if err != nil {
		return nil, err
	}
	c := p.snap.Catalog
	var rungs []graph.ID
	if ladder, _, ok := c.Ladder(graph.ID(req.GetLadder())); ok {
		rungs = ladder.Roles
	}
	var found []*graph.RoleVersion
	for _, id := range s.bookOf(c).sorted(graph.KindRole) {
		i, _ := c.Role(id)
		v := roleAt(c, i, p.at)
		if (req.GetAll() || roleInForce(c, v, p.at)) && fits(req.GetFamily(), v.Family) && (req.GetLadder() == "" || slices.Contains(rungs, id)) {
			found = append(found, v)
		}
	}
	l := s.labeler(p.snap, req.GetLanguages(), req.GetOmitLabels())
	lo, hi := p.cut(len(found))
	answer := &cairnv1.ListRolesAnswer{NextPageToken: p.next(hi, len(found)), Total: int32(len(found))}
	for _, v := range found[lo:hi] {
		_, changed := c.RoleVersions(v.Index)
		answer.Roles = append(answer.Roles, roleOut(c, v, changed, p.at, l))
	}
	answer.Labels, answer.Basis = l.labels(), s.basis(p.snap, p.at, nil)
	return &cairnv1.ListRolesResponse{Answer: answer, Served: s.served(ctx, req, p.snap.Revision, p.at)}, nil
}

// GetLadder answers a ladder and its rungs.
//
// Errors: those of read, and graph.ErrNotFound.
func (s *catalogService) GetLadder(ctx context.Context, req *cairnv1.GetLadderRequest) (*cairnv1.GetLadderResponse, error) {
	snap, at, err := s.read(ctx, req.GetMinRevision(), req.GetAsOf())
	if err != nil {
		return nil, err
	}
	c := snap.Catalog
	x, changed, ok := c.Ladder(graph.ID(req.GetId()))
	if !ok {
		return nil, graph.NotFound(graph.KindLadder, graph.ID(req.GetId()))
	}
	l := s.labeler(snap, req.GetLanguages(), req.GetOmitLabels())
	answer := &cairnv1.GetLadderAnswer{Ladder: ladderOut(x, changed, l)}
	for _, id := range x.Roles {
		i, ok := c.Role(id)
		if !ok {
			continue
		}
		v := roleAt(c, i, at)
		l.add(graph.KindRole, v.AdvancesTo...)
		l.add(graph.KindRole, v.MovesTo...)
		answer.Rungs = append(answer.Rungs, &cairnv1.Rung{
			Role: string(id), Rank: int32(v.Rank), AdvancesTo: idsOut(v.AdvancesTo), MovesTo: idsOut(v.MovesTo),
		})
	}
	answer.Labels = l.labels()
	served := s.servedContent(ctx, answer)
	answer.Basis = s.basis(snap, at, nil)
	return &cairnv1.GetLadderResponse{Answer: answer, Served: served}, nil
}

// ListLadders answers a page of ladders.
//
// Errors: those of page.
func (s *catalogService) ListLadders(ctx context.Context, req *cairnv1.ListLaddersRequest) (*cairnv1.ListLaddersResponse, error) {
	p, err := s.page(ctx, req)
	if err != nil {
		return nil, err
	}
	c := p.snap.Catalog
	var found []graph.ID
	for _, id := range s.bookOf(c).sorted(graph.KindLadder) {
		if x, _, _ := c.Ladder(id); req.GetRetired() || !x.Retired {
			found = append(found, id)
		}
	}
	l := s.labeler(p.snap, req.GetLanguages(), req.GetOmitLabels())
	lo, hi := p.cut(len(found))
	answer := &cairnv1.ListLaddersAnswer{NextPageToken: p.next(hi, len(found)), Total: int32(len(found))}
	for _, id := range found[lo:hi] {
		x, changed, _ := c.Ladder(id)
		answer.Ladders = append(answer.Ladders, ladderOut(x, changed, l))
	}
	answer.Labels, answer.Basis = l.labels(), s.basis(p.snap, p.at, nil)
	return &cairnv1.ListLaddersResponse{Answer: answer, Served: s.served(ctx, req, p.snap.Revision, p.at)}, nil
}
