package dense

import "fmt"

// Dots writes to to, one a row, the products of rows of len(z) floats, one behind the other, with
// z. len(z) is a multiple of 16. The order of additions is not that of a product by Gemm, so the
// last bits differ from it.
func Dots(to, rows, z []float32) { kernels[0].allDots(to, rows, z) }

func (kn *kernel) allDots(to, rows, z []float32) {
	if len(z) == 0 || len(z)%side != 0 || len(rows) != len(to)*len(z) {
		panic(fmt.Sprintf("BUG: dense: %d products of rows of %d in %d floats", len(to), len(z), len(rows)))
	}
	if len(to) > 0 {
		kn.dots(len(to), len(z), &rows[0], &z[0], &to[0])
	}
}
