package window

import (
	"math"

	"github.com/freshet-rec/freshet/internal/pack"
)

// Max is the largest number. Null without events.
type Max struct{}

// A state is: word 0, the events; word 1, the number as an integer of the same order, 0 below all
// numbers.

func (Max) Words() int { return 2 }

func (Max) Add(state []uint64, s *Sample) {
	state[0]++
	state[1] = max(state[1], ordered(s.Number))
}

func (Max) Merge(into, from []uint64) {
	into[0] += from[0]
	into[1] = max(into[1], from[1])
}

func (Max) Read(v *Value, states States, _ int64) {
	if n, most := extreme(states); n > 0 {
		v.Events, v.Value = n, unordered(most)
		return
	}
	v.Null = true
}

func (Max) Clear(state []uint64)                  { clear(state) }
func (Max) Pack(w *pack.Writer, state []uint64)   { packWords(w, state) }
func (Max) Unpack(r *pack.Reader, state []uint64) { unpackWords(r, state) }

// extreme merges states of events and largest words.
func extreme(states States) (n int64, most uint64) {
	for i := range states.Len() {
		state := states.At(i)
		n += int64(state[0])
		most = max(most, state[1])
	}
	return n, most
}

// ordered maps finite numbers to integers ≥ 1 of the same order; -0 is 0.
func ordered(x float64) uint64 {
	bits := math.Float64bits(x + 0)
	if bits>>63 != 0 {
		return ^bits
	}
	return bits | 1<<63
}

func unordered(word uint64) float64 {
	if word>>63 != 0 {
		return math.Float64frombits(word &^ (1 << 63))
	}
	return math.Float64frombits(^word)
}
