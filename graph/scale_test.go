package graph_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// scaleAwards is the size of the world of BenchmarkOpen; people are a twentieth
// of it. The size Cairn is built for, with named people, takes some 8 GB of disk
// and memory together:
//
//	go test ./graph -run '^$' -bench Open -benchtime 1x -scale.awards 20000000
var scaleAwards = flag.Int("scale.awards", 1_000_000, "awards of the world in BenchmarkOpen")

// BenchmarkOpen opens a file of a whole organization: from the closed file to
// the first answer, with the time of all processors that this takes, the time
// from there until everybody's name is there, the memory that the snapshot then
// holds, and the time of a commit of 100 awards at that size.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "cairn.db")
	s, err := filestore.Open(path, filestore.Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	w := graphtest.World{People: *scaleAwards / 20, Awards: *scaleAwards, Named: true}
	var someone []graph.ID
	var badge graph.ID
	for x := range w.Batches() {
		if _, err := s.Commit(b.Context(), x); err != nil {
			b.Fatal(err)
		}
		if len(x.Awards) > 0 {
			badge = x.Awards[0].Achievement
			someone = append(someone, x.Awards[0].Person)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("awards=%d", *scaleAwards), func(b *testing.B) {
		for b.Loop() {
			cpu := processor(b)
			s, err := filestore.Open(path, filestore.Options{NoSync: true})
			if err != nil {
				b.Fatal(err)
			}
			l, err := graph.Open(b.Context(), s, graph.Options{})
			if err != nil {
				b.Fatal(err)
			}
			head := l.Head()
			if p, err := head.Profile(someone[0], head.At); err != nil || len(p.Evidence()) == 0 {
				b.Fatalf("the first answer is %v", err)
			}
			b.StopTimer()
			b.ReportMetric((processor(b) - cpu).Seconds(), "cpu-s/open")
			begin := time.Now()
			for range head.Names() { // which are read after the opening
				break
			}
			b.ReportMetric(time.Since(begin).Seconds(), "s/names-after")
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MiB-held")
			b.ReportMetric(float64(m.Sys)/(1<<20), "MiB-peak")
			l.Close()
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
	b.Run("commit100", func(b *testing.B) {
		s, err := filestore.Open(path, filestore.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := s.Close(); err != nil {
				b.Error(err)
			}
		})
		l := live(b, s, graph.Options{})
		at := l.Head().At
		for b.Loop() {
			at++
			batch := graph.Batch{At: at}
			for i := range 100 {
				batch.Awards = append(batch.Awards, graph.Award{Person: someone[i%len(someone)], Achievement: badge, IssuedAt: at + graph.Instant(i)})
			}
			if _, err := l.Commit(b.Context(), batch, graph.CommitOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
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
