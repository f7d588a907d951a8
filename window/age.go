package window

// Age is how long ago the newest event was, in seconds, never below 0. Null without events.
type Age struct{ LastTime }

func (Age) Read(v *Value, states States, q int64) {
	n, newest := extreme(states)
	if v.Events, v.Null = n, n == 0; n > 0 {
		v.Value = float64(max(0, q-int64(newest))) / 1000
	}
}
