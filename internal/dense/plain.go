package dense

import "unsafe"

// plain is the kernel in Go: the twin of those in assembly, and the one of other processors.
var plain = kernel{name: "go", rows: 4, cols: 16, tile: plainTile(4), strip: plainStrip,
	factor: plainFactor, under: plainUnder, forward: plainForward, backward: plainBackward,
	weigh: plainWeigh, dots: plainDots, roots: plainRoots, spread: plainSpread,
	layer: plainLayer, linear: plainLinear, pairs: plainPairs, pool: plainPool, join: plainJoin, most: plainMost}

// plainTile returns the tile of rows rows and 16 columns.
func plainTile(rows int) tileFunc {
	return func(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int, alpha float32, add bool) {
		for i := range rows {
			var sum [16]float32
			for p := range k {
				x := *at(a, p*lda+i)
				y := unsafe.Slice(at(b, p*ldb), 16)
				for j := range sum {
					sum[j] = fma(x, y[j], sum[j])
				}
			}
			out := unsafe.Slice(at(c, i*ldc), 16)
			for j, t := range sum {
				if add {
					out[j] = fma(t, alpha, out[j])
				} else {
					out[j] = t * alpha
				}
			}
		}
	}
}

var plainEight = plainTile(stripRows)

func plainStrip(cols, k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int, alpha float32, add bool) {
	for j := 0; j < cols; j += stripCols {
		plainEight(k, a, lda, at(b, j), ldb, at(c, j), ldc, alpha, add)
	}
}

// at is the address of the i-th float after p.
func at(p *float32, i int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(p), uintptr(i)*4))
}
