package graph

// searchIndex is filled on the first search.
type searchIndex struct{}
