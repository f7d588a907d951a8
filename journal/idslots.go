package journal

import (
	"container/heap"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"github.com/freshet-rec/freshet/internal/places"
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
	last    uint32           // number of the run added to last; it may be free by now
	order   []uint32         // heap of numbers, earliest step on top
}

type run struct {
	step        int64
	first, last ref
	place       int // in order
}

// add puts slot r at the end of a step's run.
func (q *runs) add(slots *slab, r ref, step int64) {
	n, known := q.last, false
	if int(n) < len(q.all) && q.all[n].step == step && q.all[n].first != 0 {
		known = true // as nearly always
	} else {
		n, known = q.numbers[step]
	}
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
	q.last = n
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

// index finds slots by id. Clients choose what the ids are hashes of, so they are hashed once more,
// with two words that nobody outside can know: ids that crowd into one page cannot be made.
type index struct {
	places places.Index
	secret [2]uint64
}

func newIndex() index {
	return index{places: places.New(), secret: [2]uint64{rand.Uint64(), rand.Uint64()}}
}

// hash folds the product of both halves (as wyhash does, Wang Yi, 2019).
func (x *index) hash(id *[16]byte) uint32 {
	high, low := bits.Mul64(binary.LittleEndian.Uint64(id[:8])^x.secret[0], binary.LittleEndian.Uint64(id[8:])^x.secret[1])
	return uint32((high ^ low) >> 32)
}

// ahead fetches what a search of id begins with.
func (x *index) ahead(id *[16]byte) { x.places.Ahead(x.hash(id)) }

func (x *index) find(slots *slab, id *[16]byte) ref {
	hash := x.hash(id)
	page := x.places.Page(hash)
	for place, at := page.Next(hash, places.Start(hash)); at >= 0; place, at = page.Next(hash, at+1) {
		if slots.at(ref(place)).id == *id {
			return ref(place)
		}
	}
	return 0
}

// add enters slot r, whose id is not in the index.
func (x *index) add(id *[16]byte, r ref) { x.places.Add(x.hash(id), uint32(r)) }

// remove takes slot r out if it is in.
func (x *index) remove(slots *slab, r ref) {
	hash := x.hash(&slots.at(r).id)
	page := x.places.Page(hash)
	for place, at := page.Next(hash, places.Start(hash)); at >= 0; place, at = page.Next(hash, at+1) {
		if ref(place) == r {
			page.Remove(at)
			return
		}
	}
}
