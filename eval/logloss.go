package eval

import "math"

// leastProbability keeps the loss of a prediction that was sure and wrong finite: at most
// 34.5. It is about the distance of 1 from the float64 below it, with room.
const leastProbability = 1e-15

// LogLoss is the mean of −ln(probability given to what happened), in nats. labels[i] says
// whether what probabilities[i] predicts came true; the lengths must be equal. Probabilities
// are taken into [1e-15, 1 − 1e-15] first. ok is false, and the value 0, when there is none
// or when one is NaN.
func LogLoss(probabilities []float64, labels []bool) (loss float64, ok bool) {
	sum := 0.0
	for i, p := range probabilities {
		if math.IsNaN(p) {
			return 0, false
		}
		p = min(max(p, leastProbability), 1-leastProbability)
		if labels[i] {
			sum -= math.Log(p)
		} else {
			sum -= math.Log1p(-p)
		}
	}
	if len(probabilities) == 0 {
		return 0, false
	}
	return sum / float64(len(probabilities)), true
}
