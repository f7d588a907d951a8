package dense

import (
	"math"
	"unsafe"
)

func plainWeigh(m int, cols int, x *float32, w *float32, left *float32, sum *float32) {
	total := unsafe.Slice(sum, cols)
	for r := range m {
		row := unsafe.Slice(at(x, r*cols), cols)
		for j, v := range row {
			if w != nil {
				v *= *at(w, r)
				*at(left, r*cols+j) = v
			}
			total[j] += v
		}
	}
}

func plainDots(m int, cols int, x *float32, z *float32, to *float32) {
	vector := unsafe.Slice(z, cols)
	for r := range m {
		var sums [side]float32
		for j, v := range unsafe.Slice(at(x, r*cols), cols) {
			sums[j%side] = fma(v, vector[j], sums[j%side])
		}
		*at(to, r) = halves(&sums)
	}
}

// halves adds the upper half of the sums to the lower one, until one is left.
func halves(sums *[side]float32) float32 {
	for half := side / 2; half > 0; half /= 2 {
		for j := range half {
			sums[j] += sums[j+half]
		}
	}
	return sums[0]
}

func plainRoots(cols int, g *float32, shift float32, to *float32) {
	roots := unsafe.Slice(to, cols)
	for j, v := range unsafe.Slice(g, cols) {
		roots[j] = 1 / float32(math.Sqrt(float64(v+shift))) // the root of a float32, rounded once
	}
}

func plainSpread(m int, cols int, x *float32, by *float32, to *float32) {
	factors := unsafe.Slice(by, cols)
	for r := range m {
		out := unsafe.Slice(at(to, r*cols), cols)
		for j, v := range unsafe.Slice(at(x, r*cols), cols) {
			out[j] = v * factors[j]
		}
	}
}
