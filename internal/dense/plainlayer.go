package dense

import (
	"math"
	"unsafe"
)

func plainLayer(rows, panels, k int, x *float32, ldx int, w *float32, from *float32, ldf int, to *float32, ldt int, cut bool) {
	for i := range rows {
		for panel := range panels {
			sums := *(*[panelCols]float32)(unsafe.Pointer(at(from, i*ldf+panel*panelCols)))
			for p := range k {
				addRow(&sums, *at(x, i*ldx+p), (*[panelCols]float32)(unsafe.Pointer(at(w, (panel*k+p)*panelCols))))
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

// addRow adds factor·row to the sums, each fused: fma with its first case, which is nearly all, in
// place, for a call costs more than the arithmetic.
func addRow(sums *[panelCols]float32, factor float32, row *[panelCols]float32) {
	x := float64(factor)
	for j := range sums {
		s := x*float64(row[j]) + float64(sums[j])
		if bits := math.Float64bits(s); bits&(1<<29-1) != 1<<28 && bits<<1 >= normalBits<<1 {
			sums[j] = float32(s)
		} else {
			sums[j] = fma(factor, row[j], sums[j])
		}
	}
}

// normalBits are those of minNormal in float64.
const normalBits = (1023 - 126) << 52
