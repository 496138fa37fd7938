package graph

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAddMonths(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(zone *time.Location, y, m, d, hour, minute int) Instant {
		return InstantOf(time.Date(y, time.Month(m), d, hour, minute, 0, 0, zone))
	}
	asuncion, err := time.LoadLocation("America/Asuncion")
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct {
		name string
		from Instant
		n    int
		zone *time.Location
		want Instant
	}{
		{"clamped", at(time.UTC, 2025, 1, 31, 12, 0), 1, nil, at(time.UTC, 2025, 2, 28, 12, 0)},
		{"leap year", at(time.UTC, 2024, 1, 31, 12, 0), 1, nil, at(time.UTC, 2024, 2, 29, 12, 0)},
		{"back", at(time.UTC, 2025, 3, 31, 12, 0), -1, nil, at(time.UTC, 2025, 2, 28, 12, 0)},
		{"over daylight saving the wall clock stays", at(berlin, 2025, 3, 1, 0, 0), 1, berlin, at(berlin, 2025, 4, 1, 0, 0)},
		{"an hour that is left out", at(berlin, 2025, 2, 28, 2, 30), 1, berlin, at(berlin, 2025, 3, 28, 2, 30)},
		{"a month whose first midnight is left out", at(asuncion, 2017, 9, 15, 12, 0), 1, asuncion, at(asuncion, 2017, 10, 15, 12, 0)},
		{"forever stays", Forever, -5, nil, Forever},
		{"beyond the end", 9e18, math.MaxInt32, nil, Forever},
		{"beyond the end by far", 9e18, math.MaxInt, nil, Forever},
		{"beyond the end by little", Forever - 1, 1, nil, Forever},
		{"before the beginning", -9e18, -math.MaxInt, nil, beforeAll},
		{"before the beginning by little", beforeAll + 1, -1, nil, beforeAll},
		{"a millennium", at(time.UTC, 2025, 1, 1, 0, 0), 12000, nil, at(time.UTC, 3025, 1, 1, 0, 0)},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if got := r.from.AddMonths(r.n, r.zone); got != r.want {
				t.Errorf("%d, want %d", got, r.want)
			}
		})
	}
}

// Months go forward, and the months between two instants are the greatest
// number that fits; what is fresh ends where the fold takes it to end.
func TestMonths(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/Asuncion"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		from := Instant(rapid.Int64Range(-1e12, 4e12).Draw(t, "from"))
		n := rapid.IntRange(1, 600).Draw(t, "months")
		to := from.AddMonths(n, zone)
		if to <= from.AddMonths(n-1, zone) {
			t.Fatalf("%d months after %s is %s, not after %d months", n, from, to, n-1)
		}
		if got := monthsBetween(from, to, zone); got != n {
			t.Fatalf("%d months from %s to %s, want %d", got, from, to, n)
		}
		if got := monthsBetween(from, to-1, zone); got != n-1 {
			t.Fatalf("%d months from %s until just before %s, want %d", got, from, to, n-1)
		}
		end := (&Catalog{zone: zone}).freshEnd(from, n)
		if from < (end-1).AddMonths(-n, zone) || from >= end.AddMonths(-n, zone) {
			t.Fatalf("%s is fresh for %d months, not until %s", from, n, end)
		}
	})
}
