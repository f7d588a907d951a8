package collab

import (
	"context"
	"fmt"
	"math"

	"github.com/freshet-rec/freshet/internal/dense"
)

// RidgeOptions are what all forms of the linear autoencoder have in common: each item is predicted
// from the others by ridge regression over the users. In the words of ItemCFOptions, with G the
// co-occurrences in which a user counts d_u^-Users, the weights b_j that speak for item j minimise
//
//	b'Gb − 2·b'g_j + Σ_i λ_i·b_i²    with b_jj = 0 and λ_i = Lambda · d_i^Power
//
// and are multiplied by d_j^-Target.
type RidgeOptions struct {
	Users  float64 // in [-4, 4]; 0 is the published form
	Lambda float64 // above 0
	Power  float64 // in [-4, 4]; 0 is the published form
	Target float64 // in [-4, 4]; 0 is the published form
}

func (o *RidgeOptions) check() error {
	switch {
	case !(o.Lambda > 0) || math.IsInf(o.Lambda, 0):
		return fmt.Errorf("ridge: Lambda is %v; it is above 0", o.Lambda)
	case !(math.Abs(o.Users) <= 4) || !(math.Abs(o.Power) <= 4) || !(math.Abs(o.Target) <= 4):
		return fmt.Errorf("ridge: the powers are %v, %v and %v; they are in [-4, 4]", o.Users, o.Power, o.Target)
	}
	return nil
}

// EASE is the linear autoencoder with all weights (Steck, "Embarrassingly Shallow Autoencoders for
// Sparse Data", WWW 2019): a dense matrix of items × items.
type EASE struct {
	items   int
	weights []float32 // weights[i*items+j]: how much i speaks for j
}

// EASEBytes is the memory that an EASE of so many items takes while it is trained.
func EASEBytes(items int) int64 { return 4 * int64(items) * int64(items) }

// TrainEASE solves for all weights at once: with P = (G + Λ)⁻¹, b_ij = −P_ij / P_jj (eq. 8 there,
// for a diagonal Λ instead of λI). It takes items³ operations and EASEBytes of memory; where that is
// too much there is TrainLocal. It fails with the context's error, which it looks at between steps,
// and where the matrix cannot be inverted in float32, Lambda being too small.
func TrainEASE(ctx context.Context, m *Matrix, o RidgeOptions, workers int) (*EASE, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	t := m.Transposed()
	n, user, degrees := m.Items, powers(m.degrees(), -o.Users), t.degrees()
	e := &EASE{items: n, weights: make([]float32, n*n)}
	// Each row is made by one worker, user by user in ascending order.
	err := parallel(ctx, workers, n, func(_, i int) {
		row := e.weights[i*n : (i+1)*n]
		for _, u := range t.Row(i) {
			x := user[u]
			for _, j := range m.Row(int(u)) {
				row[j] += x
			}
		}
	})
	if err != nil {
		return nil, err
	}
	for i, x := range powers(degrees, o.Power) {
		if degrees[i] == 0 {
			x = 1 // nobody took it: any weight above 0 keeps the matrix regular
		}
		e.weights[i*n+i] += float32(o.Lambda) * x
	}
	if err := dense.Inverse(max(1, workers), n, e.weights, n); err != nil {
		return nil, fmt.Errorf("EASE of %d items with Lambda %v: %w", n, o.Lambda, err)
	}
	scale := powers(degrees, -o.Target)
	for j := range n {
		scale[j] /= -e.weights[j*n+j]
	}
	return e, parallel(ctx, workers, n, func(_, i int) {
		row := e.weights[i*n : (i+1)*n]
		for j := range row {
			row[j] *= scale[j]
		}
		row[i] = 0
	})
}

// Score implements Model.
func (e *EASE) Score(scores []float32, history []uint32) {
	clear(scores)
	for _, h := range history {
		if int(h) >= e.items {
			continue
		}
		for j, x := range e.weights[int(h)*e.items : (int(h)+1)*e.items] {
			scores[j] += x
		}
	}
}
