package pathway

import "context"

// meter counts the work of one question in units that are the same for equal
// questions on every machine: inputs, routes and options looked at. It also
// looks at the question's context now and then; once that has ended everything
// is left as it is, and the answer is err.
type meter struct {
	ctx   context.Context
	done  int64 // units
	asked int64 // done when the context was looked at last
	err   error
}

// askEvery is the work between two looks at the context: some 0.1 ms.
const askEvery = 1 << 13

// spend adds n units and reports whether to go on.
func (m *meter) spend(n int) bool {
	m.done += int64(n)
	if m.done-m.asked >= askEvery {
		m.ask()
	}
	return m.err == nil
}

func (m *meter) ask() {
	m.asked = m.done
	if m.err == nil {
		m.err = m.ctx.Err()
	}
}

// stop reports whether the context has ended. It is for work that is counted
// when it is done.
func (m *meter) stop() bool {
	m.ask()
	return m.err != nil
}
