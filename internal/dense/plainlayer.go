package dense

import "unsafe"

func plainLayer(rows, panels, k int, x *float32, ldx int, w *float32, from *float32, ldf int, to *float32, ldt int, cut bool) {
	for i := range rows {
		for panel := range panels {
			sums := *(*[panelCols]float32)(unsafe.Pointer(at(from, i*ldf+panel*panelCols)))
			for p := range k {
				factor := *at(x, i*ldx+p)
				for j, v := range unsafe.Slice(at(w, (panel*k+p)*panelCols), panelCols) {
					sums[j] = fma(factor, v, sums[j])
				}
			}
			for j, sum := range sums {
				if cut && sum < 0 {
					sum = 0
				}
				*at(to, i*ldt+panel*panelCols+j) = sum
			}
		}
	}
}
