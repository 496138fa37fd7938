package graph

// emptySnapshot is what an empty store is loaded as.
func emptySnapshot() *Snapshot { return newLoader().finish(0) }

// Waiting is the number of commits that wait for their turn.
func (l *Live) Waiting() int {
	l.queueMu.Lock()
	defer l.queueMu.Unlock()
	return len(l.queue)
}

// Indexed is the number of people in the index who joined since opening.
func (l *Live) Indexed() int {
	n := 0
	l.Head().people.index.added.Range(func(any, any) bool { n++; return true })
	return n
}

// HoldPast keeps the kept revisions as they are until release is called.
func (l *Live) HoldPast() (release func()) {
	l.pastMu.Lock()
	return l.pastMu.Unlock
}
