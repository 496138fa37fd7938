package graph

// Lint judges a catalog as it would be after b's entries.
func Lint(base *Catalog, b *Batch) []Problem { return nil }
