package graph

import (
	"fmt"
	"slices"
)

func (l *linter) role(x *Role) {
	l.retired = x.Status == Retired
	versions, _ := l.reg.roles.get(x.ID)
	lives := make([]*Lifecycle, len(versions))
	for i, v := range versions {
		lives[i] = &v.Lifecycle
	}
	before, _ := l.earlier.roles.get(x.ID)
	l.lifecycle(KindRole, x.ID, &x.Lifecycle, lives, len(before))
	l.in("requires", func() { l.tree(x.Essential) })
	sum := int64(0)
	l.in("optional", func() {
		for i := range x.Optional {
			o := &x.Optional[i]
			l.at(i, func() {
				l.amount("weight", o.Weight)
				l.tree(&o.Requirement)
			})
			if o.Weight > 0 {
				sum = min(sum+min(o.Weight, maxAmount), maxAmount+1)
			}
		}
		if sum > maxAmount {
			l.fail(codeAmountTooLarge, "the weights are more together than can be added up", fmt.Sprintf("at most %d can be carried exactly", int64(maxAmount)))
		}
	})
	l.amount("threshold", x.Threshold)
	if x.Threshold > sum {
		l.in("threshold", func() {
			l.fail(codeThresholdTooHigh, fmt.Sprintf("asks for weight %d of optionals; together they have %d", x.Threshold, sum), fmt.Sprintf("write at most %d", sum))
		})
	}
	l.amount("rank", int64(x.Rank))
	l.in("advances_to", func() {
		for i, id := range x.AdvancesTo {
			l.at(i, func() { l.rung(x, id) })
		}
	})
	l.in("moves_to", func() {
		for i, id := range x.MovesTo {
			l.at(i, func() { l.known(KindRole, id) })
		}
	})
	l.orphan(x)
}

// rung judges one step up from x.
func (l *linter) rung(x *Role, id ID) {
	if !l.known(KindRole, id) {
		return
	}
	if cycle := l.ladderCycle(x.ID, id); cycle != nil {
		l.fail(codeLadderCycle, "advancing leads back to "+string(x.ID), "a ladder goes up only; a lateral move is moves_to", cycle...)
		return
	}
	versions, _ := l.reg.roles.get(id)
	y := versions[len(versions)-1]
	if x.Rank > 0 && y.Rank > 0 {
		switch {
		case y.Rank > x.Rank+1:
			l.warn(codeLevelJump, fmt.Sprintf("goes from rank %d to rank %d of %s", x.Rank, y.Rank, id), "name the rung between them, or correct a rank", id)
		case y.Rank <= x.Rank:
			l.warn(codeLevelJump, fmt.Sprintf("goes up from rank %d to rank %d of %s", x.Rank, y.Rank, id), "correct a rank, or write a lateral move as moves_to", id)
		}
	}
	have, next := make(map[ID]Level), make(map[ID]Level)
	asked(x.Essential, have)
	asked(y.Essential, next)
	jumps := make([]ID, 0, 4)
	for c, to := range next {
		if from := have[c]; from > 0 && to > from+1 {
			jumps = append(jumps, c)
		}
	}
	slices.Sort(jumps)
	for _, c := range jumps {
		l.warn(codeLevelJump, fmt.Sprintf("%s asks for %s at level %d, and this role at %d: no role asks for the level between", id, c, next[c], have[c]),
			"add a rung between them, or ask for less", id, c)
	}
}

// asked raises into to the levels that the leaves of r ask for.
func asked(r *Requirement, into map[ID]Level) {
	if r == nil {
		return
	}
	if r.Op == OpLevel {
		into[r.Competency] = max(into[r.Competency], r.Level)
	}
	for i := range r.Of {
		asked(&r.Of[i], into)
	}
}

// ladderCycle is a shortest way from the role to, by advances_to, back to from,
// beginning with from; nil for none.
func (l *linter) ladderCycle(from, to ID) []ID {
	if from == to {
		return []ID{from}
	}
	came := map[ID]ID{to: from}
	for queue := []ID{to}; len(queue) > 0; queue = queue[1:] {
		versions, ok := l.reg.roles.get(queue[0])
		if !ok {
			continue
		}
		for _, next := range versions[len(versions)-1].AdvancesTo {
			if next == from {
				cycle := []ID{}
				for at := queue[0]; at != from; at = came[at] {
					cycle = append(cycle, at)
				}
				cycle = append(cycle, from)
				slices.Reverse(cycle)
				return cycle
			}
			if _, seen := came[next]; !seen {
				came[next] = queue[0]
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// orphan warns of a role with a rank that no ladder knows.
func (l *linter) orphan(x *Role) {
	if x.Rank == 0 || len(x.AdvancesTo) > 0 || l.onLadder(x.ID) {
		return
	}
	l.in("rank", func() {
		l.warn(codeOrphanRole, "has a rank, but is on no ladder and nobody advances to it", "add it to a ladder, or name it in another role's advances_to")
	})
}

// onLadder reports whether a role is on a ladder or follows another.
func (l *linter) onLadder(id ID) bool {
	if l.laddered == nil {
		l.laddered = make(map[ID]bool)
		for _, x := range l.reg.ladders.rows {
			for _, r := range x.value.Roles {
				l.laddered[r] = true
			}
		}
		for _, x := range l.reg.roles.rows {
			for _, r := range x.value[len(x.value)-1].AdvancesTo {
				l.laddered[r] = true
			}
		}
	}
	return l.laddered[id]
}

func (l *linter) ladder(x *Ladder) {
	l.retired = x.Retired
	l.in("roles", func() {
		if len(x.Roles) == 0 {
			l.warn(codeEmptyRule, "the ladder has no roles", "list its roles from the lowest rung")
		}
		seen := make(map[ID]bool, len(x.Roles))
		for i, id := range x.Roles {
			l.at(i, func() {
				l.known(KindRole, id)
				if seen[id] {
					l.warn(codeDuplicateReference, string(id)+" is on this ladder twice", "keep one")
				}
				seen[id] = true
			})
		}
	})
}
