package learn

import "math"

// FTRL is follow-the-regularised-leader, proximal, per coordinate (McMahan et al., "Ad Click
// Prediction: a View from the Trenches", KDD 2013, Algorithm 1). Each weight has its own
// learning rate, which falls with the gradients it has seen, and L1 keeps weights that explain
// little at exactly zero. The settings must not change once something was learned.
type FTRL struct {
	Alpha float64 // α > 0, scale of the learning rate
	Beta  float64 // β ≥ 0, smooths it at the start
	L1    float64 // λ1 ≥ 0
	L2    float64 // λ2 ≥ 0

	at []coordinate
}

// coordinate is what is known of one weight. The weight follows from z and n, and the paper works it
// out when it is read; here it is worked out when it changes, which is as often and lets reading wait
// for one line of memory and no root. The root of n is kept for the same reason.
type coordinate struct{ w, z, n, root float64 }

// NewFTRL returns a learner of the given number of weights, all zero, with the settings of the
// paper's system where it names them and values that suit one-hot inputs otherwise.
func NewFTRL(weights int) *FTRL {
	return &FTRL{Alpha: 0.1, Beta: 1, L1: 0.5, L2: 1, at: make([]coordinate, weights)}
}

// Weight returns the weight of a coordinate.
func (f *FTRL) Weight(i int) float64 { return f.at[i].w }

// Learn moves the weight of a coordinate by the gradient of the loss there.
func (f *FTRL) Learn(i int, gradient float64) {
	f.learn([]uint32{uint32(i)}, []float32{1}, gradient)
}

// learn moves the weights of the coordinates that a row has, by the gradient of the loss at its
// log-odds. α stands in the numerator of the weight, which saves two divisions of three.
func (f *FTRL) learn(index []uint32, value []float32, gradient float64) {
	alpha, l1 := f.Alpha, f.L1
	perAlpha, smooth := 1/alpha, f.Beta+alpha*f.L2
	at := f.at
	value = value[:len(index)]
	for e, i := range index {
		g, c := gradient*float64(value[e]), &at[i]
		n := c.n + g*g
		root := math.Sqrt(n)
		z := c.z + g - (root-c.root)*perAlpha*c.w
		c.n, c.root, c.z = n, root, z
		// The part of z beyond ±λ1: branches on its sign would be guessed wrong too often.
		beyond := max(z-l1, 0) + min(z+l1, 0)
		c.w = (0 - beyond) * alpha / (smooth + root)
	}
}

// sum is the sum of the weights of the coordinates that a row has, each times how much it counts.
func (f *FTRL) sum(index []uint32, value []float32) (sum float64) {
	value = value[:len(index)]
	for e, i := range index {
		sum += f.at[i].w * float64(value[e])
	}
	return sum
}
