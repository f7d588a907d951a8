package window

import "github.com/freshet-rec/freshet/internal/pack"

// Rate is min(1, (of+α)/(per+α+β)): how many of the events per are events of, with a prior. An
// event may be in both counts. In windows Counters keep it in less room.
type Rate struct {
	Prior [2]float64 // α, β, each ≥ 0
}

// The lanes of a rate, as bits of Sample.Lanes.
const (
	LaneOf  = 1 << 0
	LanePer = 1 << 1
)

// A state is: word 0, the events of; word 1, the events per.

func (*Rate) Words() int { return 2 }

func (*Rate) Add(state []uint64, s *Sample) {
	state[0] += uint64(s.Lanes & LaneOf)
	state[1] += uint64(s.Lanes & LanePer >> 1)
}

func (*Rate) Merge(into, from []uint64) {
	into[0] += from[0]
	into[1] += from[1]
}

func (a *Rate) Read(v *Value, states States, _ int64) {
	of, per := total(states)
	v.Events, v.Value = of+per, a.ratio(of, per)
}

func (*Rate) Clear(state []uint64)                  { clear(state) }
func (*Rate) Pack(w *pack.Writer, state []uint64)   { packWords(w, state) }
func (*Rate) Unpack(r *pack.Reader, state []uint64) { unpackWords(r, state) }

// ratio is the rate of counts; without prior and denominator it is 0, or 1 when of > 0.
func (a *Rate) ratio(of, per int64) float64 {
	over, under := float64(of)+a.Prior[0], float64(per)+a.Prior[0]+a.Prior[1]
	switch {
	case over == 0:
		return 0
	case over >= under:
		return 1
	}
	return over / under
}
