package window

import (
	"cmp"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/slab"
)

// LastK lists item and time of the newest K events, newest first, in the order that Last goes by.
type LastK struct {
	K     int // ≥ 1
	Order Order
}

// A state is: word 0, how many entries there are; word 1, the piece of the slab with them. An entry
// is the time, and the item and the event's id, 32 bits each, the item below; the oldest first.

func (a *LastK) Words() int { return 2 }

func (a *LastK) Add(state []uint64, s *Sample) {
	n := int(state[0])
	if n == 0 {
		state[1] = uint64(a.Order.Slab.Make(2))
	}
	list := a.Order.Slab.At(slab.Ref(state[1]))
	i := n
	for i > 0 && a.newer(list[2*i-2:2*i], s) {
		i--
	}
	if n == a.K {
		if i == 0 {
			return
		}
		a.Order.Slab.Free(slab.Ref(list[1] >> 32))
		id := a.Order.Slab.MakeText(s.EventID)
		list = a.Order.Slab.At(slab.Ref(state[1]))
		copy(list, list[2:2*i])
		list[2*i-2], list[2*i-1] = uint64(s.Time), uint64(s.Item)|uint64(id)<<32
		return
	}
	if 2*n == len(list) {
		larger := a.Order.Slab.Make(4 * n)
		copy(a.Order.Slab.At(larger), a.Order.Slab.At(slab.Ref(state[1])))
		a.Order.Slab.Free(slab.Ref(state[1]))
		state[1] = uint64(larger)
	}
	id := a.Order.Slab.MakeText(s.EventID)
	list = a.Order.Slab.At(slab.Ref(state[1]))
	copy(list[2*i+2:], list[2*i:2*n])
	list[2*i], list[2*i+1] = uint64(s.Time), uint64(s.Item)|uint64(id)<<32
	state[0]++
}

// newer reports that an entry is newer than a sample added after it.
func (a *LastK) newer(entry []uint64, s *Sample) bool {
	if c := cmp.Compare(int64(entry[0]), s.Time); c != 0 {
		return c > 0
	}
	return a.Order.compare(uint32(entry[1]), a.Order.Slab.Peek(slab.Ref(entry[1]>>32)), s.Item, s.EventID) > 0
}

func (a *LastK) entries(state []uint64) []uint64 {
	if state[0] == 0 {
		return nil
	}
	return a.Order.Slab.At(slab.Ref(state[1]))[:2*state[0]]
}

func (a *LastK) Merge(into, from []uint64) {
	for i := range int(from[0]) {
		s := a.sample(a.entries(from)[2*i : 2*i+2])
		a.Add(into, &s)
	}
}

func (a *LastK) sample(entry []uint64) Sample {
	return Sample{Time: int64(entry[0]), Item: uint32(entry[1]), EventID: a.Order.Slab.Text(slab.Ref(entry[1] >> 32))}
}

func (a *LastK) Read(v *Value, states States, _ int64) {
	v.List = make([]Entry, 0, min(a.K, int(events(states))))
	for i := states.Len() - 1; i >= 0; i-- { // tiles are in the order of time
		list := a.entries(states.At(i))
		for at := len(list) - 2; at >= 0 && len(v.List) < a.K; at -= 2 {
			v.List = append(v.List, Entry{Item: uint32(list[at+1]), Time: int64(list[at])})
		}
	}
	v.Events = int64(len(v.List))
}

func (a *LastK) Clear(state []uint64) {
	list := a.entries(state)
	for i := 1; i < len(list); i += 2 {
		a.Order.Slab.Free(slab.Ref(list[i] >> 32))
	}
	a.Order.Slab.Free(slab.Ref(state[1]))
	clear(state)
}

func (a *LastK) Pack(w *pack.Writer, state []uint64) {
	list := a.entries(state)
	w.Len(int(state[0]))
	for i := 0; i < len(list); i += 2 {
		s := a.sample(list[i : i+2])
		w.Int(s.Time)
		w.Uint(uint64(s.Item))
		w.Text(s.EventID)
	}
}

func (a *LastK) Unpack(r *pack.Reader, state []uint64) {
	n := r.Len(3)
	if n > a.K {
		r.Fail("a list of %d where %d are kept", n, a.K)
	}
	for range n {
		s := a.Order.unpack(r)
		if r.Err() != nil {
			return
		}
		a.Add(state, &s)
	}
}
