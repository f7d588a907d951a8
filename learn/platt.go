package learn

import (
	"math"

	"github.com/freshet-rec/freshet/rank"
)

// platt makes probabilities of log-odds (Platt, "Probabilistic Outputs for Support Vector Machines",
// 1999): the calibrated log-odds of x are Slope·x + Shift. The order of scores stays as it is.
type platt struct{ slope, shift float64 }

// same changes nothing.
var same = platt{slope: 1}

// fitPlatt minimises the weighted log-loss by Newton's method, which has one minimum to find. The
// labels are smoothed as in the paper's §2.2, so that rows which a line parts perfectly have a finite
// slope. It returns same where there is nothing to go by: one class only, or a slope that would turn
// the order around.
func fitPlatt(odds []float64, labels []bool, stands []float32) platt {
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
	p := platt{1, 0}
	for range plattSteps {
		// Gradient and Hessian of Σ w·(log(1 + e^z) − y·z), z = slope·x + shift.
		var ga, gb, haa, hab, hbb float64
		for i, x := range odds {
			y, w := no, float64(stands[i])
			if labels[i] {
				y = yes
			}
			q := rank.Sigmoid(p.slope*x + p.shift)
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
		p.slope, p.shift = p.slope-da, p.shift-db
		if math.Abs(da)+math.Abs(db) < 1e-9 {
			break
		}
	}
	if !(p.slope > 0) || math.IsInf(p.slope, 0) || math.IsNaN(p.shift) || math.IsInf(p.shift, 0) {
		return same
	}
	return p
}

const (
	plattSteps = 100
	plattRidge = 1e-9 // keeps the Hessian regular where all log-odds are the same
)

// of is the calibrated form of log-odds.
func (p platt) of(x float64) float64 { return p.slope*x + p.shift }
