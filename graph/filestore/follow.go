package filestore

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	storev1 "github.com/cairn-skills/cairn/gen/cairn/store/v1"
	"github.com/cairn-skills/cairn/graph"
)

// Follow reads the log after the given revision and then waits for commits of
// this Store; another process cannot write the file. Every batch is kept, so it
// never returns [graph.ErrGone]. No transaction is open while apply runs. An
// error of apply ends it and is returned as it is; [Store.Close] ends it with
// [graph.ErrUnavailable].
func (s *Store) Follow(ctx context.Context, after graph.Revision, apply func(graph.Revision, graph.Batch) error) error {
	head, done, err := s.enter(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	defer done()
	if uint64(after) > head.GetRevision() {
		return graph.Invalid("after", fmt.Sprintf("is revision %d, the newest is %d", after, head.GetRevision()))
	}
	for {
		head, news := s.state()
		if after, err = s.follow(ctx, after, head, apply); err != nil {
			return err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closing:
			return s.errClosed()
		}
	}
}

// follow hands on the batches after the revision up to head and returns its revision.
func (s *Store) follow(ctx context.Context, after graph.Revision, head *storev1.Head, apply func(graph.Revision, graph.Batch) error) (graph.Revision, error) {
	if uint64(after) == head.GetRevision() {
		return after, nil
	}
	log := s.scan(after, head)
	var whole graph.Batch // the batch whose parts are being joined
	for {
		parts, err := log.piece()
		if err != nil {
			return after, err
		}
		if len(parts) == 0 {
			return after, nil
		}
		if err := s.fill(parts); err != nil {
			return after, err
		}
		for _, p := range parts {
			p.widen()
			if p.number == 0 {
				whole = p.batch
			} else {
				join(&whole, &p.batch)
			}
			if !p.last {
				continue
			}
			select {
			case <-ctx.Done():
				return after, ctx.Err()
			case <-s.closing:
				return after, s.errClosed()
			default:
			}
			after = p.revision
			if err := apply(p.revision, whole); err != nil {
				return after, err
			}
		}
	}
}

// fill opens the personal records that parts refer to.
func (s *Store) fill(parts []logPart) error {
	err := s.data.view(func(tx *bbolt.Tx) error {
		return s.keys.view(func(keys *bbolt.Tx) error {
			for _, p := range parts {
				for i := range p.personals {
					r, err := recorded(tx, keys, &p.personals[i], p.revision)
					if err != nil {
						return err
					}
					p.batch.Personal = append(p.batch.Personal, r)
				}
			}
			return nil
		})
	})
	return translateDamage(s.path, err)
}

// join appends the facts of the part p to b.
func join(b, p *graph.Batch) {
	b.Scales = append(b.Scales, p.Scales...)
	b.Conversions = append(b.Conversions, p.Conversions...)
	b.Frameworks = append(b.Frameworks, p.Frameworks...)
	b.Issuers = append(b.Issuers, p.Issuers...)
	b.Competencies = append(b.Competencies, p.Competencies...)
	b.Achievements = append(b.Achievements, p.Achievements...)
	b.Roles = append(b.Roles, p.Roles...)
	b.Ladders = append(b.Ladders, p.Ladders...)
	b.People = append(b.People, p.People...)
	b.Assignments = append(b.Assignments, p.Assignments...)
	b.Awards = append(b.Awards, p.Awards...)
	b.Claims = append(b.Claims, p.Claims...)
	b.Personal = append(b.Personal, p.Personal...)
	b.Derived = append(b.Derived, p.Derived...)
}
