package learn

import "math"

// averaging is of weights over the steps of late, exponentially: what a training ends with is the mean
// of where it went and not where it happened to be (Polyak and Juditsky, "Acceleration of Stochastic
// Approximation by Averaging", SIAM Journal on Control and Optimization 1992). The mean is of about a
// quarter of all steps, and of most in the end: a training that is over within four times as many steps
// comes to the same with any greater bound.
type averaging struct {
	most  int
	early []float64 // by step, the logarithm of what is left then of what was there before step 1
}

func newAveraging(most int) *averaging {
	a := &averaging{most: most, early: make([]float64, 4*most)}
	for step := 1; step < len(a.early); step++ {
		a.early[step] = a.early[step-1] + math.Log1p(-a.part(step))
	}
	return a
}

// part is the share in the mean of the weights after a step, counted from 1.
func (a *averaging) part(step int) float64 { return max(1/float64(a.most+1), 4/float64(step+5)) }

// kept is the share that the mean after step since has in that after step until, if the weights do
// not change between them.
func (a *averaging) kept(since, until int) float32 {
	return float32(math.Exp(a.log(until) - a.log(since)))
}

func (a *averaging) log(step int) float64 {
	last := len(a.early) - 1
	if step <= last {
		return a.early[step]
	}
	return a.early[last] + float64(float64(step-last)*math.Log1p(-a.part(step)))
}

// follow takes the weights after a step into their mean.
func (a *averaging) follow(step int, mean, weights []float32) {
	part := float32(a.part(step))
	mean = mean[:len(weights)]
	for i, w := range weights {
		mean[i] += part * (w - mean[i])
	}
}
