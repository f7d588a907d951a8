package window

import (
	"math"

	"github.com/freshet-rec/freshet/internal/pack"
)

// Sum is the sum of the numbers in micro-units, so that it is exact under any order: each is
// the product number·10⁶ in float64, rounded half to even. Sums saturate at the ends of int64.
type Sum struct{}

// A state is: word 0, the events; word 1, the sum in units of 10⁻⁶.

func (Sum) Words() int { return 2 }

func (Sum) Add(state []uint64, s *Sample) {
	state[0]++
	state[1] = uint64(addSaturating(int64(state[1]), micro(s.Number)))
}

func (Sum) Merge(into, from []uint64) {
	into[0] += from[0]
	into[1] = uint64(addSaturating(int64(into[1]), int64(from[1])))
}

func (Sum) Read(v *Value, states States, _ int64) {
	n, sum := total(states)
	v.Events, v.Value = n, float64(sum)/1e6
}

func (Sum) Clear(state []uint64)                  { clear(state) }
func (Sum) Pack(w *pack.Writer, state []uint64)   { packWords(w, state) }
func (Sum) Unpack(r *pack.Reader, state []uint64) { unpackWords(r, state) }

// total merges states of events and sums.
func total(states States) (n, sum int64) {
	for i := range states.Len() {
		state := states.At(i)
		n += int64(state[0])
		sum = addSaturating(sum, int64(state[1]))
	}
	return n, sum
}

// micro rounds x to 10⁻⁶, half to even, in units of 10⁻⁶.
func micro(x float64) int64 { return int64(math.RoundToEven(float64(x * 1e6))) }
