package graph

import "hash/maphash"

// idTable finds positions by ID. It holds no ID and no pointer: who asks says
// which ID is at a position. A million people are in it three times sooner than
// in a map, and the collector has nothing to look at.
type idTable struct {
	slots []uint64 // 32 bits of the hash, then the position and 1 more; 0 is free
	n     int
}

var idSeed = maphash.MakeSeed()

func idHash(id ID) uint64 { return maphash.String(idSeed, string(id)) >> 32 }

func (t *idTable) find(id ID, at func(uint32) ID) (uint32, bool) {
	if t.n == 0 {
		return 0, false
	}
	hash, mask := idHash(id), uint64(len(t.slots)-1)
	for s := hash & mask; t.slots[s] != 0; s = (s + 1) & mask {
		if t.slots[s]>>32 == hash {
			if i := uint32(t.slots[s]) - 1; at(i) == id {
				return i, true
			}
		}
	}
	return 0, false
}

// add adds an ID that is not in t.
func (t *idTable) add(id ID, i uint32) {
	if 2*(t.n+1) > len(t.slots) {
		old := t.slots
		t.slots = make([]uint64, max(64, 2*len(old)))
		for _, x := range old {
			if x != 0 {
				t.put(x)
			}
		}
	}
	t.n++
	t.put(idHash(id)<<32 | uint64(i+1))
}

func (t *idTable) put(x uint64) {
	mask := uint64(len(t.slots) - 1)
	s := x >> 32 & mask
	for t.slots[s] != 0 {
		s = (s + 1) & mask
	}
	t.slots[s] = x
}
