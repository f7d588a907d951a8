package learn

import "math"

// FTRL is follow-the-regularised-leader, proximal, per coordinate (McMahan et al., "Ad Click
// Prediction: a View from the Trenches", KDD 2013, Algorithm 1). Each weight has its own
// learning rate, which falls with the gradients it has seen, and L1 keeps weights that explain
// little at exactly zero.
type FTRL struct {
	Alpha float64 // α > 0, scale of the learning rate
	Beta  float64 // β ≥ 0, smooths it at the start
	L1    float64 // λ1 ≥ 0
	L2    float64 // λ2 ≥ 0

	z, n []float64 // by coordinate
}

// NewFTRL returns a learner of the given number of weights, all zero, with the settings of the
// paper's system where it names them and values that suit one-hot inputs otherwise.
func NewFTRL(weights int) *FTRL {
	return &FTRL{Alpha: 0.1, Beta: 1, L1: 0.5, L2: 1, z: make([]float64, weights), n: make([]float64, weights)}
}

// Weight returns the weight of a coordinate.
func (f *FTRL) Weight(i int) float64 {
	z := f.z[i]
	if math.Abs(z) <= f.L1 {
		return 0
	}
	return -(z - math.Copysign(f.L1, z)) / ((f.Beta+math.Sqrt(f.n[i]))/f.Alpha + f.L2)
}

// Learn moves the weight of a coordinate by the gradient of the loss there.
func (f *FTRL) Learn(i int, gradient float64) {
	w := f.Weight(i)
	n := f.n[i] + gradient*gradient
	sigma := (math.Sqrt(n) - math.Sqrt(f.n[i])) / f.Alpha
	f.z[i] += gradient - sigma*w
	f.n[i] = n
}
