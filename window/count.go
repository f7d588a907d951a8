package window

import "github.com/freshet-rec/freshet/internal/pack"

// Count is how many events there were. In windows Counters keep it in less room.
type Count struct{}

// A state is: word 0, the events.

func (Count) Words() int                    { return 1 }
func (Count) Add(state []uint64, _ *Sample) { state[0]++ }
func (Count) Merge(into, from []uint64)     { into[0] += from[0] }
func (Count) Clear(state []uint64)          { clear(state) }

func (Count) Read(v *Value, states States, _ int64) {
	v.Events = events(states)
	v.Value = float64(v.Events)
}

func (Count) Pack(w *pack.Writer, state []uint64)   { packWords(w, state) }
func (Count) Unpack(r *pack.Reader, state []uint64) { unpackWords(r, state) }

// events is the sum of the states' first words.
func events(states States) int64 {
	var n int64
	for i := range states.Len() {
		n += int64(states.At(i)[0])
	}
	return n
}
