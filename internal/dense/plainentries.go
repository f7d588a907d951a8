package dense

import "unsafe"

// number is the address of the i-th number after p.
func number(p *uint32, i int) *uint32 {
	return (*uint32)(unsafe.Add(unsafe.Pointer(p), uintptr(i)*4))
}

func plainLinear(rows int, fields int, ends *uint32, start int, index *uint32, value *float32, weights *float32, to *float32) {
	for row := range rows {
		var sums [8]float32
		end := int(*number(ends, (row+1)*fields-1))
		for i := 0; start+i < end; i++ {
			w := *at(weights, int(*number(index, start+i)))
			sums[i%8] = fma(*at(value, start+i), w, sums[i%8])
		}
		start = max(start, end)
		for half := len(sums) / 2; half > 0; half /= 2 {
			for j := range half {
				sums[j] += sums[j+half]
			}
		}
		*at(to, row) = sums[0]
	}
}

func plainPairs(rows int, fields int, ends *uint32, start int, index *uint32, value *float32, vectors *float32, dim int, to *float32) {
	last := unsafe.Slice(ends, rows*fields)
	for row := range rows {
		plainPool(1, 1, &last[(row+1)*fields-1], start, index, value, vectors, dim, nil, 0, nil, at(to, row))
		start = max(start, int(last[(row+1)*fields-1]))
	}
}

func plainPool(rows int, fields int, ends *uint32, start int, index *uint32, value *float32, vectors *float32, dim int, x *float32, ldx int, sums *float32, to *float32) {
	for row := range rows {
		var total [side]float32
		entry := start
		for from := 0; from < dim; from += side {
			n := min(side, dim-from)
			var sum, squares [side]float32
			entry = start
			for f := range fields {
				var field [side]float32
				for end := int(*number(ends, row*fields+f)); entry < end; entry++ {
					vector := unsafe.Slice(at(vectors, int(*number(index, entry))*dim+from), n)
					count := *at(value, entry)
					for d, v := range vector {
						part := float32(v * count)
						sum[d] += part
						squares[d] = fma(part, part, squares[d])
						field[d] += part
					}
				}
				if x != nil {
					copy(unsafe.Slice(at(x, row*ldx+f*dim+from), n), field[:])
				}
			}
			if sums != nil {
				out := unsafe.Slice(at(sums, row*SumsOf(dim)+2*from), 2*side)
				copy(out, sum[:])
				copy(out[side:], squares[:])
			}
			for d := range total {
				total[d] += fma(sum[d], sum[d], -squares[d])
			}
		}
		start = entry
		*at(to, row) = halves(&total)
	}
}

func plainJoin(wide int, chunks int, a *float32, b *float32, c *float32, floor float32, to *float32) float32 {
	for j := range wide {
		v := *at(a, j) + *at(b, j)
		if floor > v {
			v = floor
		}
		*at(to, j) = v
	}
	var total [side]float32
	for chunk := range chunks {
		for d := range side {
			i := 2*side*chunk + d
			sum := *at(a, wide+i) + *at(b, wide+i) + *at(c, i)
			squares := *at(a, wide+side+i) + *at(b, wide+side+i) + *at(c, side+i)
			total[d] += fma(sum, sum, -squares)
		}
	}
	return halves(&total)
}

func plainMost(n int, p *uint32) uint32 {
	most := uint32(0)
	for _, v := range unsafe.Slice(p, n) {
		most = max(most, v)
	}
	return most
}
