package graph

import "strconv"

// Tree is a compiled requirement: its nodes in preorder, so that every child
// stands after its parent and Nodes[0] is the root. It is read-only.
type Tree struct {
	Nodes []TreeNode
}

// TreeNode is a compiled [Requirement] node; IDs have become dense indices.
type TreeNode struct {
	*Requirement                  // node id and the figures of the source
	Children     []int32          // indices into Tree.Nodes
	Achievement  AchievementIndex // OpHolds; shadows the ID
	Competency   CompetencyIndex  // OpLevel; shadows the ID
	MinRigor     Rigor            // OpHolds, OpLevel: with the catalog's default filled in
	Issuers      []IssuerIndex    // OpHolds; unknown issuers are None
	Roles        []RoleIndex      // OpTenure: the roles whose tenure counts
	Within       ID               // OpHolds that stands for a member of a category: that category; see [TermOf]
}

// compileTree compiles r; nil for nil. Trees are recompiled with every catalog,
// since categories and families may have gained members.
func (c *Catalog) compileTree(r *Requirement, cat map[ID][]AchievementIndex) *Tree {
	if r == nil {
		return nil
	}
	t := &Tree{}
	c.compileNode(t, r, cat)
	return t
}

func (c *Catalog) compileNode(t *Tree, r *Requirement, cat map[ID][]AchievementIndex) int32 {
	at := int32(len(t.Nodes))
	t.Nodes = append(t.Nodes, TreeNode{Requirement: r, Achievement: None, Competency: None})
	n := TreeNode{Requirement: r, Achievement: None, Competency: None}
	reg := c.reg
	switch r.Op {
	case OpHolds:
		if i, ok := reg.achievements.find(r.Achievement); ok {
			n.Achievement = AchievementIndex(i)
		}
		for _, id := range r.Issuers {
			n.Issuers = append(n.Issuers, IssuerIndex(c.issuer(id)))
		}
		n.MinRigor = reg.settings.floor(r.MinRigor)
	case OpLevel:
		if i, ok := reg.competencies.find(r.Competency); ok {
			n.Competency = CompetencyIndex(i)
		}
		n.MinRigor = reg.settings.floor(r.MinRigor)
	case OpTenure:
		if i, ok := reg.roles.find(r.Role); ok {
			n.Roles = append(n.Roles, c.roles[i].countsAs...)
		}
		for _, i := range c.family[r.Family] {
			n.Roles = append(n.Roles, c.roles[i].countsAs...)
		}
	case OpAtLeast, OpCredits:
		children := r.Of
		if r.Op == OpCredits && r.OverCategory != "" {
			children = nil
			for _, i := range cat[r.OverCategory] {
				id := reg.achievements.rows[i].id
				children = append(children, Requirement{
					Op: OpHolds, Node: r.Node + "/" + string(id), Achievement: id, TermCredits: OwnCredits,
				})
			}
		}
		for i := range children {
			child := c.compileNode(t, &children[i], cat)
			n.Children = append(n.Children, child)
			if r.Op == OpCredits {
				t.Nodes[child].Within = r.OverCategory
			}
		}
	default:
	}
	if r.Node == "" {
		named := *r
		named.Node = strconv.Itoa(int(at))
		n.Requirement = &named
	}
	t.Nodes[at] = n
	return at
}

// floor is r, or the settings' default for leaves without a floor.
func (s *Settings) floor(r Rigor) Rigor {
	if r != RigorUnspecified {
		return r
	}
	if s.DefaultMinRigor != RigorUnspecified {
		return s.DefaultMinRigor
	}
	return Assessed
}
