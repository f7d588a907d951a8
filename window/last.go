package window

import (
	"bytes"
	"math"
	"strings"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/slab"
)

// Last is the field of the newest event, a number or a text. Of events at the same millisecond
// the one with the greater item id is newer, then the one with the greater event id, as bytes,
// then the one added later. Null without events.
type Last struct {
	Order Order
}

// Order says which of two events is newer.
type Order struct {
	Slab   *slab.Slab               // keeps the ids of events
	ItemID func(item uint32) string // the id of an item's number, "" for 0
	Items  func() int               // one more than the highest number that Unpack may come across; nil is no bound
}

// compare is that of the events' ids at one millisecond.
func (o *Order) compare(item uint32, event []byte, otherItem uint32, otherEvent string) int {
	if item != otherItem {
		if c := strings.Compare(o.ItemID(item), o.ItemID(otherItem)); c != 0 {
			return c
		}
	}
	return bytes.Compare(event, []byte(otherEvent))
}

// A state is: word 0, the events; word 1, the time; word 2, the item and the event's id, 32 bits
// each, the item below; word 3, the bits of the number, or the piece of the text; word 4, 1 for a
// number, 2 for a text.
const (
	lastNumber = 1
	lastText   = 2
)

func (a *Last) Words() int { return 5 }

func (a *Last) Add(state []uint64, s *Sample) {
	state[0]++
	if state[4] != 0 {
		t := int64(state[1])
		if s.Time < t || s.Time == t && a.Order.compare(uint32(state[2]), a.Order.Slab.Peek(slab.Ref(state[2]>>32)), s.Item, s.EventID) > 0 {
			return
		}
		a.free(state)
	}
	state[1], state[2] = uint64(s.Time), uint64(s.Item)|uint64(a.Order.Slab.MakeText(s.EventID))<<32
	if s.IsText {
		state[3], state[4] = uint64(a.Order.Slab.MakeText(s.Text)), lastText
	} else {
		state[3], state[4] = math.Float64bits(s.Number), lastNumber
	}
}

func (a *Last) free(state []uint64) {
	a.Order.Slab.Free(slab.Ref(state[2] >> 32))
	if state[4] == lastText {
		a.Order.Slab.Free(slab.Ref(state[3]))
	}
}

func (a *Last) sample(state []uint64) Sample {
	s := Sample{Time: int64(state[1]), Item: uint32(state[2]), EventID: a.Order.Slab.Text(slab.Ref(state[2] >> 32))}
	if s.IsText = state[4] == lastText; s.IsText {
		s.Text = a.Order.Slab.Text(slab.Ref(state[3]))
	} else {
		s.Number = math.Float64frombits(state[3])
	}
	return s
}

func (a *Last) Merge(into, from []uint64) {
	if from[0] == 0 {
		return
	}
	s := a.sample(from)
	a.Add(into, &s)
	into[0] += from[0] - 1
}

func (a *Last) Read(v *Value, states States, _ int64) {
	var newest []uint64
	for i := range states.Len() { // tiles have no times in common
		if state := states.At(i); state[0] > 0 {
			v.Events += int64(state[0])
			if newest == nil || state[1] > newest[1] {
				newest = state
			}
		}
	}
	if v.Null = newest == nil; v.Null {
		return
	}
	s := a.sample(newest)
	v.Value, v.Text, v.IsText = s.Number, s.Text, s.IsText
}

func (a *Last) Clear(state []uint64) {
	if state[0] > 0 {
		a.free(state)
		clear(state)
	}
}

func (a *Last) Pack(w *pack.Writer, state []uint64) {
	s := a.sample(state)
	w.Uint(state[0])
	w.Int(s.Time)
	w.Uint(uint64(s.Item))
	w.Text(s.EventID)
	if w.Bool(s.IsText); s.IsText {
		w.Text(s.Text)
	} else {
		w.Float(s.Number)
	}
}

func (a *Last) Unpack(r *pack.Reader, state []uint64) {
	n := r.Uint()
	s := a.Order.unpack(r)
	if n == 0 {
		r.Fail("a last of no event")
	}
	if s.IsText = r.Bool(); s.IsText {
		s.Text = unpackText(r)
	} else {
		s.Number = r.Float()
	}
	if r.Err() == nil {
		a.Add(state, &s)
		state[0] = n
	}
}

// unpack reads what both aggregates keep of an event: time, item and id.
func (o *Order) unpack(r *pack.Reader) Sample {
	items := math.MaxUint32
	if o.Items != nil {
		items = o.Items()
	}
	return Sample{Time: r.Int(), Item: r.Number(items), EventID: unpackText(r)}
}

// unpackText reads a text that a slab can keep.
func unpackText(r *pack.Reader) string {
	text := r.Blob()
	if len(text) > slab.MaxText {
		r.Fail("a text of %d bytes", len(text))
	}
	return string(text)
}
