package window

// Min is the smallest number: Max of the negated ones. Null without events.
type Min struct{ Max }

func (m Min) Add(state []uint64, s *Sample) {
	state[0]++
	state[1] = max(state[1], ordered(-s.Number))
}

func (Min) Read(v *Value, states States, _ int64) {
	if n, most := extreme(states); n > 0 {
		v.Events, v.Value = n, 0-unordered(most)
		return
	}
	v.Null = true
}
