package simd

import "fmt"

// DotInt8 is the inner product of two vectors of equal length, modulo 2^32. It is exact up to a
// length of 131,071, whatever the numbers.
func DotInt8(a, b []int8) int32 {
	if len(a) != len(b) {
		panic(fmt.Sprintf("BUG: simd.DotInt8 of %d and %d numbers", len(a), len(b)))
	}
	return dotInt8(a, b)
}

// DotAtInt8 sets dst[i] to the inner product of q and row at[i] of rows, which holds rows of len(q)
// numbers one behind the other; len(dst) == len(at). The lines of all rows are asked for first, so
// that waiting for memory overlaps.
func DotAtInt8(dst []int32, q, rows []int8, at []uint32) {
	if len(dst) != len(at) {
		panic(fmt.Sprintf("BUG: simd.DotAtInt8 of %d rows into %d places", len(at), len(dst)))
	}
	for _, row := range at {
		if (int(row)+1)*len(q) > len(rows) {
			panic(fmt.Sprintf("BUG: simd.DotAtInt8 of row %d of %d numbers in %d", row, len(q), len(rows)))
		}
	}
	dotAtInt8(dst, q, rows, at)
}

// dotInt8Go is the twin of the kernels of DotInt8.
func dotInt8Go(a, b []int8) int32 {
	var sum int32
	for i, x := range a {
		sum += int32(x) * int32(b[i])
	}
	return sum
}

// dotAtInt8Go is the twin of the kernels of DotAtInt8.
func dotAtInt8Go(dst []int32, q, rows []int8, at []uint32) {
	for i, row := range at {
		dst[i] = dotInt8Go(q, rows[int(row)*len(q):][:len(q)])
	}
}
