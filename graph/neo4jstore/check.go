package neo4jstore

import (
	"context"
	"encoding/hex"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/cairn-skills/cairn/graph"
)

// Report is what [Store.Check] found.
type Report struct {
	Revision graph.Revision // the newest revision when the check began
	Batches  int            // revisions that are whole
	Facts    int            // facts in them, personal records included
	Personal int            // sealed records in them
	Erased   int            // sealed records in them whose key was destroyed
	Keys     int            // people with an entry in the keys file
	// ContentHash is [graph.ContentHash] at Revision; empty when something is wrong.
	ContentHash string
	// Problems says all that is wrong, each with its revision; none when the
	// graph is whole.
	Problems []string
}

// Check reads every revision and the keys file, holds the facts of each against
// its digest in the change log, and opens every sealed record. Servers may go on
// meanwhile; what they commit is not checked. The error is for a check that
// could not be made. Cost: that of [Store.Load].
func (s *Store) Check(ctx context.Context) (Report, error) {
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return Report{}, err
	}
	defer done()
	h, err := s.head(ctx)
	if err != nil {
		return Report{}, err
	}
	report := Report{Revision: h.revision}
	hash := graph.NewContentHasher()
	// A read that finds damage is made again in halves, down to the revision.
	after, width := graph.Revision(0), graph.Revision(maxCommits)
	for after < h.revision {
		until := min(h.revision, after+width)
		err := s.scan(ctx, after, until, func(b graph.Batch) error {
			report.count(&b)
			after = b.Revision
			hash.Add(b.Revision, &b)
			return nil
		})
		var e *graph.Error
		switch {
		case err == nil:
			width = min(maxCommits, 2*width)
		case !errors.As(err, &e) || e.Reason != "DAMAGED":
			return Report{}, err
		case until-after > 1:
			width = (until - after) / 2
		default:
			report.Problems = append(report.Problems, err.Error())
			after++
		}
	}
	err = s.keys.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketKeys).ForEach(func(k, v []byte) error {
			report.Keys++
			if _, err := parseKey(graph.ID(k[1:]), v); err != nil {
				report.Problems = append(report.Problems, "the keys file "+s.keys.path+": the key of a person: "+err.Error())
			}
			return nil
		})
	})
	if len(report.Problems) == 0 {
		sum := hash.Sum()
		report.ContentHash = hex.EncodeToString(sum[:])
	}
	return report, err
}

func (r *Report) count(b *graph.Batch) {
	r.Batches++
	r.Facts += b.Len()
	r.Personal += len(b.Personal)
	for i := range b.Personal {
		if b.Personal[i].Erased {
			r.Erased++
		}
	}
}
