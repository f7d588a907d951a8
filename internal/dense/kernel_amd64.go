package dense

import "golang.org/x/sys/cpu"

// assembly lists the kernels in assembly that this machine can run. AVX-512 asks for VL,
// DQ and BMI2 as well, which all processors have on which it is faster than AVX2.
func assembly() []*kernel {
	var all []*kernel
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ && cpu.X86.HasBMI2 {
		all = append(all, &kernel{name: "avx512", rows: 12, cols: 32, tile: tile12x32AVX512, strip: stripAVX512,
			factor: factorAVX512, under: underAVX512, forward: forwardAVX512, backward: backwardAVX512,
			weigh: weighAVX512, dots: dotsAVX512, roots: rootsAVX512, spread: spreadAVX512,
			layer: layersAVX512, linear: linearAVX2, pairs: pairsAVX512, pool: poolAVX512, join: joinAVX512, most: mostAVX512})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		all = append(all, &kernel{name: "avx2", rows: 6, cols: 16, tile: tile6x16AVX2, strip: stripAVX2,
			factor: factorAVX2, under: underAVX2, forward: forwardAVX2, backward: backwardAVX2,
			weigh: weighAVX2, dots: dotsAVX2, roots: rootsAVX2, spread: spreadAVX2,
			layer: layersAVX2, linear: linearAVX2, pairs: pairsAVX2, pool: poolAVX2, join: joinAVX2, most: mostAVX2})
	}
	return all
}

func stripAVX512(cols, k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int, alpha float32, add bool) {
	j := 0
	for ; j+32 <= cols; j += 32 {
		tile8x32AVX512(k, a, lda, at(b, j), ldb, at(c, j), ldc, alpha, add)
	}
	if j < cols {
		tile8x16AVX512(k, a, lda, at(b, j), ldb, at(c, j), ldc, alpha, add)
	}
}

func stripAVX2(cols, k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int, alpha float32, add bool) {
	for i := 0; i < stripRows; i += 4 {
		for j := 0; j < cols; j += 16 {
			tile4x16AVX2(k, at(a, i), lda, at(b, j), ldb, at(c, i*ldc+j), ldc, alpha, add)
		}
	}
}

func layersAVX512(rows, panels, k int, x *float32, ldx int, w *float32, from *float32, ldf int, to *float32, ldt int, cut bool) {
	j := 0 // panels that are done
	for rows == 1 && panels-j > 1 {
		line, n := line4x32AVX512, 4
		switch panels - j {
		case 2, 5: // one on its own takes as long as four
			line, n = line2x32AVX512, 2
		case 3:
			line, n = line3x32AVX512, 3
		}
		line(k, x, at(w, j*k*panelCols), 4*k*panelCols, at(from, j*panelCols), at(to, j*panelCols), cut)
		j += n
	}
	for i := 0; i < rows; {
		tile, n := layer4x32AVX512, layerRows
		if rows-i >= 12 {
			tile, n = layer12x32AVX512, 12
		}
		for ; j < panels; j++ {
			tile(k, at(x, i*ldx), ldx, at(w, j*k*panelCols), at(from, i*ldf+j*panelCols), ldf, at(to, i*ldt+j*panelCols), ldt, cut)
		}
		j = 0
		i += n
	}
}

func layersAVX2(rows, panels, k int, x *float32, ldx int, w *float32, from *float32, ldf int, to *float32, ldt int, cut bool) {
	j := 0 // columns that are done
	for ; rows == 1 && panels*panelCols-j >= 2*panelCols; j += 2 * panelCols {
		line2x32AVX2(k, x, at(w, j*k), 4*k*panelCols, at(from, j), at(to, j), cut)
	}
	for i := 0; i < rows; {
		tile, n := layer4x16AVX2, layerRows
		if rows-i >= 12 || rows-i == 6 {
			tile, n = layer6x16AVX2, 6
		}
		for ; j < panels*panelCols; j += 16 {
			tile(k, at(x, i*ldx), ldx, at(w, j/panelCols*k*panelCols+j%panelCols), at(from, i*ldf+j), ldf, at(to, i*ldt+j), ldt, cut)
		}
		j = 0
		i += n
	}
}
