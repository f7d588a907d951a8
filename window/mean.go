package window

// Mean is the mean of the numbers: their exact Sum divided by how many they are. Null without
// events.
type Mean struct{ Sum }

func (Mean) Read(v *Value, states States, _ int64) {
	n, sum := total(states)
	if v.Events, v.Null = n, n == 0; n > 0 {
		v.Value = float64(sum) / 1e6 / float64(n)
	}
}
