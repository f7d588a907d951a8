package simd

import "fmt"

// lanes is how many partial sums a float32 product has, on every processor.
const lanes = 16

// Dot is the inner product of two vectors of equal length, 0 for empty ones.
func Dot(a, b []float32) float32 {
	if len(a) != len(b) {
		panic(fmt.Sprintf("BUG: simd.Dot of %d and %d numbers", len(a), len(b)))
	}
	return dot(a, b)
}

// DotRows sets dst[i] to the inner product of q and row i, for the len(dst) rows of len(q) numbers
// that lie one behind the other in rows: len(rows) == len(dst)·len(q).
func DotRows(dst, q, rows []float32) {
	if len(rows) != len(dst)*len(q) {
		panic(fmt.Sprintf("BUG: simd.DotRows of %d rows of %d in %d numbers", len(dst), len(q), len(rows)))
	}
	dotRows(dst, q, rows)
}

// DotAt sets dst[i] to the inner product of q and row at[i] of rows, which holds rows of len(q)
// numbers one behind the other; len(dst) == len(at). Several rows are read at a time, so that
// waiting for memory overlaps.
func DotAt(dst, q, rows []float32, at []uint32) {
	if len(dst) != len(at) {
		panic(fmt.Sprintf("BUG: simd.DotAt of %d rows into %d places", len(at), len(dst)))
	}
	for _, row := range at {
		if (int(row)+1)*len(q) > len(rows) {
			panic(fmt.Sprintf("BUG: simd.DotAt of row %d of %d numbers in %d", row, len(q), len(rows)))
		}
	}
	dotAt(dst, q, rows, at)
}

// dotGo is the twin of the kernels of Dot.
func dotGo(a, b []float32) float32 {
	var sum [lanes]float32
	b = b[:len(a)]
	for len(a) >= lanes {
		x, y := (*[lanes]float32)(a), (*[lanes]float32)(b)
		for j := range lanes {
			sum[j] += float32(x[j] * y[j]) // the conversion rounds, so that no processor fuses it with the addition
		}
		a, b = a[lanes:], b[lanes:]
	}
	for j := range a {
		sum[j] += float32(a[j] * b[j])
	}
	for half := lanes / 2; half > 0; half /= 2 {
		for j := range half {
			sum[j] += sum[j+half]
		}
	}
	return sum[0]
}

// dotRowsGo is the twin of the kernels of DotRows.
func dotRowsGo(dst, q, rows []float32) {
	for i := range dst {
		dst[i] = dotGo(q, rows[i*len(q):][:len(q)])
	}
}

// dotAtGo is the twin of the kernels of DotAt.
func dotAtGo(dst, q, rows []float32, at []uint32) {
	for i, row := range at {
		dst[i] = dotGo(q, rows[int(row)*len(q):][:len(q)])
	}
}
