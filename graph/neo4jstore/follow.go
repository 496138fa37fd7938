package neo4jstore

import (
	"context"
	"fmt"
	"time"

	"github.com/cairn-skills/cairn/graph"
)

// Follow is as [graph.Store] says. What other servers commit is seen within
// [Options].Poll. Nothing is dropped from the change log, so it never returns
// [graph.ErrGone].
func (s *Store) Follow(ctx context.Context, after graph.Revision, apply func(graph.Revision, graph.Batch) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	for first := true; ; first = false {
		s.mu.Lock()
		news := s.news
		s.mu.Unlock()
		h, err := s.head(ctx)
		if err == nil && first && after > h.revision {
			return graph.Invalid(fmt.Sprintf("revision %d", after), fmt.Sprintf("has not come yet; the newest is %d", h.revision))
		}
		if err == nil && after > h.revision {
			return damaged(after, fmt.Errorf("the newest revision went back to %d", h.revision))
		}
		if err == nil {
			err = s.scan(ctx, after, h.revision, func(b graph.Batch) error {
				after = b.Revision
				b.Revision = 0
				return apply(after, b)
			})
		}
		if ended := ctx.Err(); ended != nil {
			return ended
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closing:
			return unavailable("the store was closed", nil)
		case <-news:
		case <-time.After(s.options.Poll):
		}
	}
}
