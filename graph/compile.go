package graph

// CompileBatch compiles the catalog entries of b as of revision 1, without the
// laws: rules may be empty or impossible and IDs unknown, as the evaluator
// tolerates them. Publications without a version number or effective instant
// get the next number and b.At. It never fails; facts about people are ignored.
func CompileBatch(b Batch) *Catalog {
	r := &registry{}
	r.number(&b)
	r.add(&b, 1)
	return newCatalog(r)
}

// CompileRequirement compiles a rule that is not part of the catalog, such as a
// goal. IDs that the catalog does not know become [None]; nil gives nil. Cost:
// linear in the rule, and in the achievements if it names a category.
func (c *Catalog) CompileRequirement(r *Requirement) *Tree {
	if r == nil {
		return nil
	}
	var cat map[ID][]AchievementIndex
	if namesCategory(r) {
		cat = c.categories()
	}
	return c.compileTree(r, cat)
}

func namesCategory(r *Requirement) bool {
	if r.OverCategory != "" {
		return true
	}
	for i := range r.Of {
		if namesCategory(&r.Of[i]) {
			return true
		}
	}
	return false
}

// TenureReached is the instant after p's at which the tenure leaf n comes to be
// met if no assignment changes; false if it never does.
func (p *Profile) TenureReached(n *TreeNode) (Instant, bool) {
	at, ok := tenureReached(p.tenure, n.Roles, n.Months, p.Catalog.zone)
	if !ok || at <= p.At {
		return 0, false
	}
	return at, true
}
