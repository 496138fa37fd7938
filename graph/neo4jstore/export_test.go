package neo4jstore

import "github.com/cairn-skills/cairn/graph"

// DestroyKeys erases the keys of people.
func (s *Store) DestroyKeys(people ...graph.ID) error { return s.keys.destroy(people...) }

// RecordID is the id of the node of a personal record.
var RecordID = recordID
