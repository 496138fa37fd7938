package main

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// calendar says in which zone days begin: the organization's. Nil is UTC.
type calendar struct{ zone *time.Location }

// readZone asks for the organization's zone, once.
func (a *app) readZone(ctx context.Context, c *client) error {
	if a.zone != nil {
		return nil
	}
	st, err := c.system.GetStatus(ctx, &cairnv1.GetStatusRequest{})
	if err != nil {
		return err
	}
	a.zone, err = time.LoadLocation(st.GetAnswer().GetSettings().GetZone())
	return err
}

// date is the day of an instant.
func (c calendar) date(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return c.in(t.AsTime())
}

// last is the last day before a half-open end: an award through that day does
// not count on the next.
func (c calendar) last(end *timestamppb.Timestamp) string {
	if end == nil {
		return ""
	}
	return c.in(end.AsTime().Add(-time.Millisecond))
}

// day is the day of an instant written as RFC 3339, otherwise the text.
func (c calendar) day(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return c.in(t)
}

func (c calendar) in(t time.Time) string {
	zone := c.zone
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format(time.DateOnly)
}
