package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// patience is how long something takes before its progress is shown, and
// redraw how often it is drawn again.
const (
	patience = time.Second
	redraw   = 200 * time.Millisecond
)

// barWidth is the number of characters of a full bar.
const barWidth = 30

// bar is the progress of one thing on a terminal's stderr. On anything else it
// does nothing, and its methods may be called all the same.
type bar struct {
	app   *app
	label string
	total int64
	began time.Time
	quit  chan struct{}
	ended sync.WaitGroup

	mu    sync.Mutex // guards done, drawn, and what is written to stderr
	done  int64
	drawn bool
}

// startBar begins to show how far something with a total is; 0: it is not known
// how long it takes. Its goroutine ends with stop.
func (a *app) startBar(label string, total int64) *bar {
	b := &bar{app: a, label: label, total: total, began: time.Now(), quit: make(chan struct{})}
	f, ok := a.err.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return b
	}
	b.ended.Go(func() {
		wait := time.NewTimer(patience)
		defer wait.Stop()
		for {
			select {
			case <-b.quit:
				return
			case <-wait.C:
				b.draw()
				wait.Reset(redraw)
			}
		}
	})
	return b
}

// working shows that something is being done, until the answer is called.
func (a *app) working(label string) (stop func()) { return a.startBar(label, 0).stop }

// at sets how much is done.
func (b *bar) at(done int64) {
	b.mu.Lock()
	b.done = done
	b.mu.Unlock()
}

func (b *bar) draw() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drawn = true
	seconds := int(time.Since(b.began).Seconds())
	if b.total <= 0 || b.done >= b.total {
		_, _ = fmt.Fprintf(b.app.err, "\r\x1b[Kcairn: %s, %d s", b.label, seconds)
		return
	}
	full := int(b.done * barWidth / b.total)
	_, _ = fmt.Fprintf(b.app.err, "\r\x1b[Kcairn: %s [%s%s] %d %%, %d s", b.label,
		strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), b.done*100/b.total, seconds)
}

// clear takes the bar away, so that a line can be written in its place.
func (b *bar) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.drawn {
		_, _ = fmt.Fprint(b.app.err, "\r\x1b[K")
		b.drawn = false
	}
}

// stop ends the bar and takes it away. It may be called twice.
func (b *bar) stop() {
	select {
	case <-b.quit:
	default:
		close(b.quit)
	}
	b.ended.Wait()
	b.clear()
}
