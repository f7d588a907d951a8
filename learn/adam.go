package learn

import "math"

// adam moves each weight by its mean gradient over the root of its mean square (Kingma and Ba, "Adam:
// A Method for Stochastic Optimization", ICLR 2015, Algorithm 1, in the form of the end of section 2
// that corrects the rate instead of the moments).
type adam struct{ rate float64 }

// The settings of the paper: how much of the moments each step keeps, and ε.
const (
	adamFirst   = 0.9
	adamSecond  = 0.999
	adamEpsilon = 1e-8
)

// at is the corrected rate of a step, counted from 1.
func (a adam) at(step int) float32 {
	return float32(a.rate * math.Sqrt(1-math.Pow(adamSecond, float64(step))) / (1 - math.Pow(adamFirst, float64(step))))
}

// adamMove takes one step of the corrected rate. The slices have one length; first and second are the
// moments.
func adamMove(rate float32, weights, first, second, gradient []float32) {
	first, second, gradient = first[:len(weights)], second[:len(weights)], gradient[:len(weights)]
	for i, g := range gradient {
		m := first[i] + (1-adamFirst)*(g-first[i])
		v := second[i] + (1-adamSecond)*(g*g-second[i])
		first[i], second[i] = m, v
		weights[i] -= rate * m / (root(v) + adamEpsilon)
	}
}

// parameters are weights that are trained, with what moves them.
type parameters struct{ weights, mean, first, second, gradient []float32 }

func newParameters(n int) parameters {
	all := make([]float32, 5*n)
	part := func(i int) []float32 { return all[i*n : (i+1)*n : (i+1)*n] }
	return parameters{part(0), part(1), part(2), part(3), part(4)}
}

// begin makes the weights that are there now the first ones.
func (p *parameters) begin() { copy(p.mean, p.weights) }

// step moves the weights from one number to another.
func (p *parameters) step(step, from, to int, rate float32, a *averaging) {
	adamMove(rate, p.weights[from:to], p.first[from:to], p.second[from:to], p.gradient[from:to])
	a.follow(step, p.mean[from:to], p.weights[from:to])
}
