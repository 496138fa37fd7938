package graph

import "fmt"

// owner judges that an entry is published by the catalog that it is of. An entry
// that its catalog has retired is given up, and so is one without a catalog.
func (l *linter) owner(mine, was Source, given bool) {
	if given || was.Catalog == "" || mine.Catalog == was.Catalog {
		return
	}
	ours := "facts without a catalog"
	if mine.Catalog != "" {
		ours = "the catalog " + string(mine.Catalog)
	}
	l.in("id", func() {
		l.fail(codeOtherCatalog, fmt.Sprintf("is of the catalog %s, and %s cannot publish it", was.Catalog, ours),
			fmt.Sprintf("change it in the files of %s, or use another id; to take it over, have %s retire it first", was.Catalog, was.Catalog))
	})
}

// ownedPlain judges the owner of an entry without versions by the one that it
// takes the place of. State is whose an entry is, and whether it is retired.
func ownedPlain[T any](l *linter, have *table[*T], id ID, entry *T, state func(*T) (Source, bool)) {
	if was, there := have.get(id); there {
		mine, _ := state(entry)
		whose, given := state(was)
		l.owner(mine, whose, given)
	}
}

// ownedVersion judges the owner of a version by those that were published before
// it: the last that is not a draft says whether the entry is retired.
func ownedVersion[T any](l *linter, have *table[[]*T], id ID, mine *Lifecycle, life func(*T) *Lifecycle) {
	versions, _ := have.get(id)
	given := false
	for _, v := range versions[:min(len(versions), max(mine.Version-1, 0))] {
		if s := life(v).Status; s != Draft {
			given = s == Retired
		}
	}
	if n := mine.Version - 2; n >= 0 && n < len(versions) {
		l.owner(mine.Source, life(versions[n]).Source, given)
	}
}
