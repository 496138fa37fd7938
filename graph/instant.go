package graph

import (
	"math"
	"time"
)

// Instant is a moment in milliseconds since 1970-01-01T00:00:00Z. Zero means
// "not given"; the moment 1970-01-01T00:00:00.000Z itself cannot be recorded.
type Instant int64

// Forever is after every instant that can be recorded. As a validity's end it
// means that the thing never lapses.
const Forever Instant = math.MaxInt64

// InstantOf is t cut to whole milliseconds.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Time is i as a UTC time. It must not be called on [Forever].
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)).UTC() }

// String is RFC 3339 in UTC with milliseconds, "forever", or "" for zero.
func (i Instant) String() string {
	switch i {
	case 0:
		return ""
	case Forever:
		return "forever"
	default:
	}
	return i.Time().Format("2006-01-02T15:04:05.000Z")
}

// End is i as the end of a half-open interval: zero means [Forever].
func (i Instant) End() Instant {
	if i == 0 {
		return Forever
	}
	return i
}

// AddMonths is i plus n calendar months in zone; where the target month is
// shorter, the last day of it (31 January plus one month is 28 or 29 February).
// The wall-clock time of day is kept. A nil zone is UTC. What lies beyond the
// instants that can be recorded is [Forever], or before all of them.
func (i Instant) AddMonths(n int, zone *time.Location) Instant {
	if i == Forever || n == 0 {
		return i
	}
	if zone == nil {
		zone = time.UTC
	}
	// Milliseconds hold some 292 million years either way.
	const years = 292_000_000
	t := i.Time().In(zone)
	y, m, d := t.Date()
	switch target := int64(y) + int64(n)/12; {
	case target > years:
		return Forever
	case target < -years:
		return math.MinInt64
	}
	// Counted in UTC, where every month begins at midnight; not so in every zone.
	first := time.Date(y+n/12, m+time.Month(n%12), 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(first.Year(), first.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	d = min(d, last)
	return InstantOf(time.Date(first.Year(), first.Month(), d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone))
}
