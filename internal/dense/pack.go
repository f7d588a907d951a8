package dense

// packLeft lays rows i0 to i0+m of op(A), columns p0 to p0+k, into panels of rows rows each:
// panel after panel, in each column after column. The last panel is filled up with zeros.
func packLeft(to []float32, rows int, trans bool, a []float32, lda, i0, m, p0, k int) {
	for i := 0; i < m; i += rows {
		panel := to[i*k : (i+rows)*k]
		n := min(rows, m-i)
		if trans {
			for p := range k {
				from := (p0+p)*lda + i0 + i
				copy(panel[p*rows:p*rows+n], a[from:from+n])
				clear(panel[p*rows+n : (p+1)*rows])
			}
			continue
		}
		turn(panel, rows, a[(i0+i)*lda+p0:], lda, n, k)
	}
}

// packRight lays rows p0 to p0+k of op(B), columns j0 to j0+n, into panels of cols columns each:
// panel after panel, in each row after row. The last panel is filled up with zeros.
func packRight(to []float32, cols int, trans bool, b []float32, ldb, p0, k, j0, n int) {
	for j := 0; j < n; j += cols {
		panel := to[j*k : (j+cols)*k]
		w := min(cols, n-j)
		if trans {
			turn(panel, cols, b[(j0+j)*ldb+p0:], ldb, w, k)
			continue
		}
		for p := range k {
			from := (p0+p)*ldb + j0 + j
			copy(panel[p*cols:p*cols+w], b[from:from+w])
			clear(panel[p*cols+w : (p+1)*cols])
		}
	}
}

// turn writes the transpose of n rows of k floats, filled up to width columns with zeros: four
// rows at a time, so that what is written together shares a cache line.
func turn(to []float32, width int, from []float32, ld, n, k int) {
	i := 0
	for ; i+4 <= n; i += 4 {
		r0, r1 := from[i*ld:i*ld+k], from[(i+1)*ld:(i+1)*ld+k]
		r2, r3 := from[(i+2)*ld:(i+2)*ld+k], from[(i+3)*ld:(i+3)*ld+k]
		r1, r2, r3 = r1[:len(r0)], r2[:len(r0)], r3[:len(r0)]
		at := i
		for p := range r0 {
			q := to[at : at+4 : at+4]
			q[0], q[1], q[2], q[3] = r0[p], r1[p], r2[p], r3[p]
			at += width
		}
	}
	for ; i < width; i++ {
		if i >= n {
			for p := range k {
				to[p*width+i] = 0
			}
			continue
		}
		for p, v := range from[i*ld : i*ld+k] {
			to[p*width+i] = v
		}
	}
}
