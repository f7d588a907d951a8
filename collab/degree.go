package collab

import "math"

// degrees is how many entries each row of a matrix has.
func (m *Matrix) degrees() []int {
	d := make([]int, m.Users)
	for u := range d {
		d[u] = m.Start[u+1] - m.Start[u]
	}
	return d
}

// powers is each degree to a power, 0 for a degree of 0.
func powers(degrees []int, power float64) []float32 {
	p := make([]float32, len(degrees))
	for i, d := range degrees {
		if d > 0 {
			p[i] = float32(math.Pow(float64(d), power))
		}
	}
	return p
}
