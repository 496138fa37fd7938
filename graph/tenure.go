package graph

import (
	"cmp"
	"slices"
	"time"
)

// tenureStays are the uninterrupted stays in any of the roles that began by at,
// in order: overlapping and touching assignments are one stay.
func tenureStays(as []assignment, roles []RoleIndex, at Instant) [][2]Instant {
	var stays [][2]Instant
	for _, a := range as {
		if a.from <= at && slices.Contains(roles, a.role) {
			stays = append(stays, [2]Instant{a.from, a.until})
		}
	}
	slices.SortFunc(stays, func(a, b [2]Instant) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	merged := stays[:0]
	for _, s := range stays {
		if n := len(merged); n > 0 && s[0] <= merged[n-1][1] {
			merged[n-1][1] = max(merged[n-1][1], s[1])
		} else {
			merged = append(merged, s)
		}
	}
	return merged
}

// tenureMonths is the tenure at an instant: the whole calendar months of each
// uninterrupted stay, added up.
func tenureMonths(as []assignment, roles []RoleIndex, at Instant, zone *time.Location) int {
	months := 0
	for _, s := range tenureStays(as, roles, at) {
		months += monthsBetween(s[0], min(s[1], at), zone)
	}
	return months
}

// monthsBetween is the greatest n with from plus n calendar months ≤ to.
func monthsBetween(from, to Instant, zone *time.Location) int {
	if to <= from {
		return 0
	}
	a, b := from.Time().In(zone), to.Time().In(zone)
	// One more than the wall clocks say: a midnight that is left out is an hour before.
	n := 12*(b.Year()-a.Year()) + int(b.Month()) - int(a.Month()) + 1
	for n > 0 && from.AddMonths(n, zone) > to {
		n--
	}
	return max(n, 0)
}

// tenureReached is the instant at which the whole months in roles rise to the
// wanted number, if no assignment changes; false if they never do, or always have.
func tenureReached(as []assignment, roles []RoleIndex, months int, zone *time.Location) (Instant, bool) {
	done := 0
	for _, s := range tenureStays(as, roles, Forever-1) {
		if at := s[0].AddMonths(months-done, zone); months > done && at <= s[1] {
			return at, true
		}
		if s[1] == Forever {
			break
		}
		done += monthsBetween(s[0], s[1], zone)
	}
	return 0, false
}
