package journal

import (
	"container/heap"
	"encoding/binary"
)

// ref names a slot; 0 is none.
type ref uint32

// slot is one id remembered. It has no pointers, so the collector does not look inside.
type slot struct {
	id          [16]byte
	fingerprint uint64
	older       ref    // in order of insertion
	newer       ref    //
	later       ref    // the next one of its run, or of the free slots
	run         uint32 // number of its run
}

const (
	chunkBits  = 12
	chunkSlots = 1 << chunkBits
)

// slab is all slots, in chunks that never move. Ref r is slot r-1.
type slab struct {
	chunks []*[chunkSlots]slot
	used   uint64 // slots given out so far
	unused ref    // list of those given back
}

func (s *slab) at(r ref) *slot { return &s.chunks[(r-1)>>chunkBits][(r-1)&(chunkSlots-1)] }

func (s *slab) take() ref {
	if r := s.unused; r != 0 {
		s.unused = s.at(r).later
		return r
	}
	if s.used == uint64(len(s.chunks))*chunkSlots {
		s.chunks = append(s.chunks, new([chunkSlots]slot))
	}
	s.used++
	return ref(s.used)
}

func (s *slab) free(r ref) {
	*s.at(r) = slot{later: s.unused}
	s.unused = r
}

// runs groups slots by the step of their keepUntil, each run in order of insertion.
type runs struct {
	all     []run
	unused  []uint32         // numbers in all that are free
	numbers map[int64]uint32 // number by step
	order   []uint32         // heap of numbers, earliest step on top
}

type run struct {
	step        int64
	first, last ref
	place       int // in order
}

// add puts slot r at the end of a step's run.
func (q *runs) add(slots *slab, r ref, step int64) {
	n, known := q.numbers[step]
	if !known {
		if free := len(q.unused); free > 0 {
			n, q.unused = q.unused[free-1], q.unused[:free-1]
		} else {
			n = uint32(len(q.all))
			q.all = append(q.all, run{})
		}
		q.all[n] = run{step: step}
		q.numbers[step] = n
		heap.Push((*runHeap)(q), n)
	}
	slots.at(r).run = n
	if t := &q.all[n]; t.first == 0 {
		t.first, t.last = r, r
	} else {
		slots.at(t.last).later = r
		t.last = r
	}
}

// first returns the first slot of the earliest run and that run's step; 0 when there is none.
func (q *runs) first() (ref, int64) {
	if len(q.order) == 0 {
		return 0, 0
	}
	t := &q.all[q.order[0]]
	return t.first, t.step
}

// shift takes r, the first of its run, off the run, and the run away when it is empty.
func (q *runs) shift(slots *slab, r ref) {
	n := slots.at(r).run
	t := &q.all[n]
	t.first = slots.at(r).later
	if t.first != 0 {
		return
	}
	heap.Remove((*runHeap)(q), t.place)
	delete(q.numbers, t.step)
	q.unused = append(q.unused, n)
}

// runHeap orders runs by step, for package heap.
type runHeap runs

func (h *runHeap) Len() int           { return len(h.order) }
func (h *runHeap) Less(i, j int) bool { return h.all[h.order[i]].step < h.all[h.order[j]].step }
func (h *runHeap) Swap(i, j int) {
	h.order[i], h.order[j] = h.order[j], h.order[i]
	h.all[h.order[i]].place, h.all[h.order[j]].place = i, j
}

func (h *runHeap) Push(n any) {
	h.all[n.(uint32)].place = len(h.order)
	h.order = append(h.order, n.(uint32))
}

func (h *runHeap) Pop() any {
	n := h.order[len(h.order)-1]
	h.order = h.order[:len(h.order)-1]
	return n
}

const shards = 4096

// index finds slots by id: open addressing with linear probing, deletion by moving back (Knuth,
// volume 3, 6.4, algorithm R), cut into shards that grow one at a time so that no growth takes
// long. Ids are hashes already, so their bits are used as they are.
type index struct {
	shard [shards]shard
}

type shard struct {
	table []ref   // power of two long, at most 3/4 full
	tags  []uint8 // 8 more bits of the id at each place of table, never 0; 0 is an empty place
	count int
}

func shardOf(id *[16]byte) int { return int(binary.LittleEndian.Uint16(id[:])) % shards }

// home is where in its shard's table an id belongs.
func home(id *[16]byte, mask int) int { return int(binary.LittleEndian.Uint64(id[2:])) & mask }

// tagOf is by what an id is told from nearly all others without a look at its slot, which is
// seldom in the processor's cache.
func tagOf(id *[16]byte) uint8 { return max(1, id[15]) }

func (x *index) find(slots *slab, id [16]byte) ref {
	s := &x.shard[shardOf(&id)]
	if len(s.table) == 0 {
		return 0
	}
	mask, tag := len(s.table)-1, tagOf(&id)
	for i := home(&id, mask); s.tags[i] != 0; i = (i + 1) & mask {
		if s.tags[i] == tag && slots.at(s.table[i]).id == id {
			return s.table[i]
		}
	}
	return 0
}

// add enters slot r, whose id is not in the index.
func (x *index) add(slots *slab, r ref) {
	s := &x.shard[shardOf(&slots.at(r).id)]
	if s.count >= len(s.table)*3/4 {
		old := s.table
		size := max(8, 2*len(old))
		s.table, s.tags = make([]ref, size), make([]uint8, size)
		for _, r := range old {
			if r != 0 {
				s.put(slots, r)
			}
		}
	}
	s.put(slots, r)
	s.count++
}

func (s *shard) put(slots *slab, r ref) {
	mask, id := len(s.table)-1, &slots.at(r).id
	i := home(id, mask)
	for s.tags[i] != 0 {
		i = (i + 1) & mask
	}
	s.table[i], s.tags[i] = r, tagOf(id)
}

// remove takes slot r out if it is in.
func (x *index) remove(slots *slab, r ref) {
	id := &slots.at(r).id
	s := &x.shard[shardOf(id)]
	mask := len(s.table) - 1
	if mask < 0 {
		return
	}
	gap := home(id, mask)
	for s.table[gap] != r {
		if s.tags[gap] == 0 {
			return
		}
		gap = (gap + 1) & mask
	}
	for i := (gap + 1) & mask; s.tags[i] != 0; i = (i + 1) & mask {
		// What is at i may move back to the gap unless its home is after the gap.
		if h := home(&slots.at(s.table[i]).id, mask); (i-h)&mask >= (i-gap)&mask {
			s.table[gap], s.tags[gap] = s.table[i], s.tags[i]
			gap = i
		}
	}
	s.table[gap], s.tags[gap] = 0, 0
	s.count--
}
