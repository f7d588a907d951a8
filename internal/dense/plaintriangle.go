package dense

import (
	"math"
	"unsafe"
)

func plainFactor(a *float32, lda int, d *float32, inv *float32) bool {
	block, roots := unsafe.Slice(d, side*side), unsafe.Slice(inv, side)
	for i := range side {
		row := block[i*side : (i+1)*side]
		copy(row, unsafe.Slice(at(a, i*lda), side))
		for r := range i {
			above := block[r*side : (r+1)*side]
			for j := range row {
				row[j] = fma(-above[i], above[j], row[j])
			}
		}
		if !(row[i] > 0) {
			return false
		}
		root := float32(math.Sqrt(float64(row[i]))) // the root of a float32, rounded once
		roots[i] = 1 / root
		for j := range row {
			row[j] *= roots[i]
		}
		row[i] = root
	}
	return true
}

func plainUnder(cols int, d *float32, inv *float32, x *float32, ldx int) {
	block, roots := unsafe.Slice(d, side*side), unsafe.Slice(inv, side)
	for i := range side {
		row := unsafe.Slice(at(x, i*ldx), cols)
		for r := range i {
			above := unsafe.Slice(at(x, r*ldx), cols)
			for j := range row {
				row[j] = fma(-block[r*side+i], above[j], row[j])
			}
		}
		for j := range row {
			row[j] *= roots[i]
		}
	}
}

func plainForward(cols int, d *float32, inv *float32, u *float32, ldu int, v *float32) {
	plainUnderOne(d, inv, v)
	y := unsafe.Slice(v, side+cols)
	for r := range side {
		row := unsafe.Slice(at(u, r*ldu), cols)
		for j := range row {
			y[side+j] = fma(-row[j], y[r], y[side+j])
		}
	}
}

// plainUnderOne solves U'y = v within a block.
func plainUnderOne(d *float32, inv *float32, v *float32) {
	block, roots, y := unsafe.Slice(d, side*side), unsafe.Slice(inv, side), unsafe.Slice(v, side)
	for i := range side {
		for r := range i {
			y[i] = fma(-block[r*side+i], y[r], y[i])
		}
		y[i] *= roots[i]
	}
}

func plainBackward(cols int, d *float32, inv *float32, u *float32, ldu int, v *float32) {
	block, roots, z := unsafe.Slice(d, side*side), unsafe.Slice(inv, side), unsafe.Slice(v, side+cols)
	if cols > 0 {
		for i := range side {
			var sums [side]float32
			for j, f := range unsafe.Slice(at(u, i*ldu), cols) {
				sums[j%side] = fma(-f, z[side+j], sums[j%side])
			}
			z[i] += halves(&sums)
		}
	}
	for i := side - 1; i >= 0; i-- {
		for j := side - 1; j > i; j-- {
			z[i] = fma(-block[i*side+j], z[j], z[i])
		}
		z[i] *= roots[i]
	}
}
