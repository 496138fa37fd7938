package filestore_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// worldAwards is the size of the world that BenchmarkLoad reads: people are a
// twentieth of it. 20 M awards take a minute to write and 0.9 GB:
//
//	go test ./graph/filestore -run '^$' -bench Load -benchtime 1x -world.awards 20000000
var worldAwards = flag.Int("world.awards", 1_000_000, "awards of the world in BenchmarkLoad")

// BenchmarkLoad opens and loads a world from a file that the system has in
// memory: the seconds until all of it has been handed over.
func BenchmarkLoad(b *testing.B) {
	for _, named := range []bool{false, true} {
		b.Run(fmt.Sprintf("named=%t", named), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "graph.cairn")
			s, err := filestore.Open(path, filestore.Options{NoSync: true})
			if err != nil {
				b.Fatal(err)
			}
			begin := time.Now()
			w := graphtest.World{People: *worldAwards / 20, Awards: *worldAwards, Named: named}
			for x := range w.Batches() {
				if _, err := s.Commit(b.Context(), x); err != nil {
					b.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			b.Logf("written in %.1f s", time.Since(begin).Seconds())
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			cpu := processor(b)
			for b.Loop() {
				opening := time.Now()
				s, err := filestore.Open(path, filestore.Options{ReadOnly: true})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(time.Since(opening).Seconds(), "s/open")
				awards := 0
				if _, err := s.Load(b.Context(), func(x graph.Batch) error {
					awards += len(x.Awards)
					return nil
				}); err != nil || awards != *worldAwards {
					b.Fatalf("%d awards, %v", awards, err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/load")
			b.ReportMetric((processor(b)-cpu).Seconds()/float64(b.N), "cpu-s/load")
			b.ReportMetric(float64(info.Size())/float64(*worldAwards), "B/award")
		})
	}
}

// BenchmarkLoadSmall loads commits of one award each.
func BenchmarkLoadSmall(b *testing.B) {
	const commits = 100_000
	path := filepath.Join(b.TempDir(), "graph.cairn")
	s := open(b, path, filestore.Options{NoSync: true})
	var group []graph.Batch
	for i := range commits {
		group = append(group, oneAward(i, false))
		if len(group) == 1000 {
			if _, err := s.Commit(b.Context(), group...); err != nil {
				b.Fatal(err)
			}
			group = group[:0]
		}
	}
	for b.Loop() {
		if _, err := s.Load(b.Context(), func(graph.Batch) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(commits*float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

// oneAward is the batch of a small commit.
func oneAward(i int, keyed bool) graph.Batch {
	p, a := graph.ID(fmt.Sprint("person-", i*7919%100_000)), graph.ID(fmt.Sprint("badge-", i%2000))
	at := graph.Instant(1_700_000_000_000 + int64(i))
	b := graph.Batch{At: at, Awards: []graph.Award{{
		ID: graph.AwardID(p, a, at, ""), Person: p, Achievement: a, Version: 1, IssuedAt: at,
		ValidUntil: graph.Forever, Source: graph.FromAssessment, Rigor: graph.Assessed, Issuer: "academy",
	}}}
	if keyed {
		b.Key = fmt.Sprintf("%016x", uint64(i)*0x9E3779B97F4A7C15)
	}
	return b
}

// BenchmarkCommit is durable commits in groups, as graph.Live forms them, beside
// what one fdatasync of the same disk costs in the same run.
func BenchmarkCommit(b *testing.B) {
	for _, c := range []struct {
		name  string
		group int
		keyed bool
	}{{"group=1", 1, false}, {"group=64", 64, false}, {"group=64/keyed", 64, true}} {
		b.Run(c.name, func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "graph.cairn"), filestore.Options{})
			n := 0
			for b.Loop() {
				group := make([]graph.Batch, c.group)
				for i := range group {
					group[i] = oneAward(n, c.keyed)
					n++
				}
				if _, err := s.Commit(context.Background(), group...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "commits/s")
			b.ReportMetric(float64(fdatasync(b).Microseconds())/1000, "ms/fdatasync")
		})
	}
}

// processor is the time of all processors that the process took.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fdatasync is the mean time that it takes after a page was written.
func fdatasync(b *testing.B) time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "sync"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // thrown away
	const rounds = 200
	page := make([]byte, 4096)
	if _, err := f.Write(make([]byte, 4096*rounds)); err != nil {
		b.Fatal(err)
	}
	var total time.Duration
	for i := range rounds {
		if _, err := f.WriteAt(page, int64(i)*4096); err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			b.Fatal(err)
		}
		total += time.Since(begin)
	}
	return total / rounds
}
