package learn

import (
	"math"

	"github.com/freshet-rec/freshet/rank"
)

// same changes nothing.
var same = rank.Calibration{Slope: 1}

// fitPlatt is the slope and the shift of log-odds that make the log-loss of rows the least (Platt,
// "Probabilistic outputs for support vector machines", 1999, §2.1), each row counting as often as it
// stands for. Newton's method finds them, since there is one minimum. The labels are smoothed as in the paper's §2.2, so that rows which a line parts perfectly have a finite
// slope. It returns same where there is nothing to go by: one class only, or a slope that would turn
// the order around.
func fitPlatt(odds []float64, labels []bool, stands []float32) rank.Calibration {
	positives, negatives := 0.0, 0.0
	for i, label := range labels {
		if label {
			positives += float64(stands[i])
		} else {
			negatives += float64(stands[i])
		}
	}
	if positives == 0 || negatives == 0 {
		return same
	}
	yes, no := (positives+1)/(positives+2), 1/(negatives+2)
	p := same
	for range plattSteps {
		// Gradient and Hessian of Σ w·(log(1 + e^z) − y·z), z = slope·x + shift.
		var ga, gb, haa, hab, hbb float64
		for i, x := range odds {
			y, w := no, float64(stands[i])
			if labels[i] {
				y = yes
			}
			q := rank.Sigmoid(float64(p.Slope*x) + p.Shift)
			g, h := w*(q-y), w*q*(1-q)
			ga, gb = ga+g*x, gb+g
			haa, hab, hbb = haa+h*x*x, hab+h*x, hbb+h
		}
		haa, hbb = haa+plattRidge, hbb+plattRidge
		det := haa*hbb - hab*hab
		da, db := (hbb*ga-hab*gb)/det, (haa*gb-hab*ga)/det
		// Far from the minimum a whole step may overshoot: no step goes further than this.
		if far := max(math.Abs(da), math.Abs(db)/4); far > 1 {
			da, db = da/far, db/far
		}
		p.Slope, p.Shift = p.Slope-da, p.Shift-db
		if math.Abs(da)+math.Abs(db) < 1e-9 {
			break
		}
	}
	if !(p.Slope > 0 && p.Slope <= rank.MaxSlope) || !(math.Abs(p.Shift) <= rank.MaxOdds/2) {
		return same
	}
	return p
}

const (
	plattSteps = 100
	plattRidge = 1e-9 // keeps the Hessian regular where all log-odds are the same
)
