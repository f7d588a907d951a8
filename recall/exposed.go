package recall

import (
	"slices"

	"github.com/freshet-rec/freshet/internal/pack"
)

// exposures are what visitors had on screen last. Visitors share slots by number: one who has had
// nothing on screen for long may have lost theirs to another. The zero exposures are empty and ready
// to use.
type exposures struct{ slots []exposure }

// exposure is what one visitor had on screen last.
type exposure struct {
	visitor uint32
	time    int64 // newest event time, Unix ms
	items   []uint32
}

const (
	exposureSlots = 1 << 16
	exposureItems = 50 // of a visitor; of a longer list, the first
)

// add notes that a visitor had an item on screen at time t. What was on screen more than apart before
// that is forgotten.
func (e *exposures) add(visitor, item uint32, t, apart int64) {
	slot := int(visitor % exposureSlots)
	for slot >= len(e.slots) {
		e.slots = append(e.slots, exposure{})
	}
	s := &e.slots[slot]
	if s.visitor != visitor || t-s.time > apart {
		s.visitor, s.time, s.items = visitor, t, s.items[:0]
	}
	s.time = max(s.time, t)
	if len(s.items) < exposureItems {
		s.items = append(s.items, item)
	}
}

// above are the items that a visitor had on screen before one that was there too, and whether that one
// was, within apart before t.
func (e *exposures) above(visitor, item uint32, t, apart int64) (items []uint32, shown bool) {
	slot := int(visitor % exposureSlots)
	if slot >= len(e.slots) {
		return nil, false
	}
	s := &e.slots[slot]
	if s.visitor != visitor || t-s.time > apart {
		return nil, false
	}
	i := slices.Index(s.items, item)
	if i < 0 {
		return nil, false
	}
	return s.items[:i], true
}

func (e *exposures) pack(w *pack.Writer) {
	w.Len(len(e.slots))
	for i := range e.slots {
		s := &e.slots[i]
		w.Uint(uint64(s.visitor))
		w.Int(s.time)
		w.Len(len(s.items))
		for _, item := range s.items {
			w.Uint(uint64(item))
		}
	}
}

func (e *exposures) unpack(r *pack.Reader, items int) {
	n := r.Len(3)
	if n > exposureSlots {
		r.Fail("what %d visitors had on screen", n)
		return
	}
	e.slots = make([]exposure, n)
	for i := range e.slots {
		s := &e.slots[i]
		s.visitor, s.time = uint32(r.Uint()), r.Int()
		count := r.Len(1)
		if count > exposureItems {
			r.Fail("%d items on one screen", count)
		}
		for range count {
			s.items = append(s.items, r.Number(items))
		}
		if r.Err() != nil {
			return
		}
	}
}
