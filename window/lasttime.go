package window

import "github.com/freshet-rec/freshet/internal/pack"

// LastTime is the newest event time in ms. Null without events.
type LastTime struct{}

// A state is: word 0, the events; word 1, the newest event time.

func (LastTime) Words() int { return 2 }

func (LastTime) Add(state []uint64, s *Sample) {
	state[0]++
	state[1] = max(state[1], uint64(s.Time))
}

func (LastTime) Merge(into, from []uint64) {
	into[0] += from[0]
	into[1] = max(into[1], from[1])
}

func (LastTime) Read(v *Value, states States, _ int64) {
	n, newest := extreme(states)
	if v.Events, v.Null = n, n == 0; n > 0 {
		v.Value = float64(newest)
	}
}

func (LastTime) Clear(state []uint64)                  { clear(state) }
func (LastTime) Pack(w *pack.Writer, state []uint64)   { packWords(w, state) }
func (LastTime) Unpack(r *pack.Reader, state []uint64) { unpackWords(r, state) }
