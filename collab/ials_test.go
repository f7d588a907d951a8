package collab

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// someMatrix is a matrix with tastes in it: users take the items of their own kind more often.
func someMatrix(rng *rand.Rand, users, items int, weighted bool) *Matrix {
	rows := make([][]uint32, users)
	for u := range rows {
		for i := range items {
			p := 0.08
			if u%3 == i%3 {
				p = 0.4
			}
			if rng.Float64() < p {
				rows[u] = append(rows[u], uint32(i))
			}
		}
	}
	m, err := NewMatrix(rows, items)
	if err != nil {
		panic(err)
	}
	if weighted {
		for range m.Item {
			m.Weight = append(m.Weight, float32(0.2+rng.ExpFloat64()))
		}
	}
	return m
}

// slowLoss is what training minimises, by its formula and in float64, over users' and items'
// vectors; and the largest element of its gradient by the vectors named by side.
func slowLoss(t *ialsTraining, o *IALSOptions, side *ialsSide) (loss, steepest float64) {
	m, stride := t.users.entries, t.users.entries.Items
	weight := make([]float64, m.Users*stride)
	for u := range m.Users {
		for k, i := range m.Row(u) {
			weight[u*stride+int(i)] = 1
			if w := m.Weights(u); w != nil {
				weight[u*stride+int(i)] = float64(w[k])
			}
		}
	}
	width := len(t.users.vectors) / max(1, m.Users)
	vector := func(s *ialsSide, r int) []float32 { return s.vectors[r*width:][:o.Dim] }
	slopes := make([]float64, len(side.vectors))
	add := func(s *ialsSide, r int, factor float64, v []float32) {
		if s == side {
			for j, x := range v {
				slopes[r*width+j] += factor * float64(x)
			}
		}
	}
	for u := range m.Users {
		for i := range m.Items {
			w, h := vector(&t.users, u), vector(&t.items, i)
			p := 0.0
			for j := range w {
				p += float64(w[j]) * float64(h[j])
			}
			c := weight[u*stride+i]
			loss += c*(p-1)*(p-1) + o.Alpha0*p*p
			slope := 2*c*(p-1) + 2*o.Alpha0*p
			add(&t.users, u, slope, h)
			add(&t.items, i, slope, w)
		}
	}
	for _, s := range []*ialsSide{&t.users, &t.items} {
		for r := range s.entries.Users {
			lambda := o.Lambda * math.Pow(float64(len(s.entries.Row(r)))+o.Alpha0*float64(s.entries.Items), o.Nu)
			for _, x := range vector(s, r) {
				loss += lambda * float64(x) * float64(x)
			}
			add(s, r, 2*lambda, vector(s, r))
		}
	}
	for _, s := range slopes {
		steepest = max(steepest, math.Abs(s))
	}
	return loss, steepest
}

// TestIALSDescends: no half step raises the loss, and after it nothing is left of the gradient by
// what it solved for.
func TestIALSDescends(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		m := someMatrix(rng, rapid.IntRange(1, 30).Draw(t, "users"), rapid.IntRange(1, 30).Draw(t, "items"), rapid.Bool().Draw(t, "weighted"))
		o := IALSOptions{Dim: rapid.IntRange(1, 20).Draw(t, "dim"), Alpha0: rapid.SampledFrom([]float64{0.01, 0.1, 1}).Draw(t, "alpha0"),
			Lambda: rapid.SampledFrom([]float64{0.003, 0.1}).Draw(t, "lambda"), Nu: rapid.SampledFrom([]float64{0.5, 1}).Draw(t, "nu"), Workers: 2}
		o = o.withDefaults(m)
		training := newIALSTraining(m, &o)
		before := math.Inf(1)
		for step := range 6 {
			side := []*ialsSide{&training.users, &training.items}[step%2]
			if err := side.step(context.Background(), &o); err != nil {
				t.Fatal(err)
			}
			loss, steepest := slowLoss(training, &o, side)
			if !(loss <= before*(1+1e-5)) {
				t.Fatalf("half step %d raised the loss from %v to %v", step, before, loss)
			}
			if steepest > 1e-3*(1+loss) {
				t.Fatalf("half step %d: a gradient of %v is left, loss %v", step, steepest, loss)
			}
			before = loss
		}
	})
}

// TestIALSKnownOptimum: one user, one item, one dimension, α₀ = ν = 1. The loss is (wh−1)² + (wh)²
// + 2λ(w² + h²), least where w² = h² = 1/2 − λ, or at 0 when that is not above it.
func TestIALSKnownOptimum(t *testing.T) {
	m, err := NewMatrix([][]uint32{{0}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ lambda, want float64 }{{0.05, math.Sqrt(0.45)}, {1, 0}} {
		o := IALSOptions{Dim: 1, Epochs: 200, Alpha0: 1, Lambda: c.lambda}
		model, err := TrainIALS(context.Background(), m, o)
		if err != nil {
			t.Fatal(err)
		}
		if got := math.Abs(float64(model.Vector(0)[0])); math.Abs(got-c.want) > 1e-5 {
			t.Errorf("λ = %v: h = %v, want %v", c.lambda, got, c.want)
		}
		w := make([]float32, 1)
		if err := model.NewFolder().Fold(w, []uint32{0}, nil); err != nil || math.Abs(math.Abs(float64(w[0]))-c.want) > 1e-5 {
			t.Errorf("λ = %v: w = %v, %v, want %v", c.lambda, w, err, c.want)
		}
	}
}

// TestIALSFindsTastes: what users of one kind take comes first for a history of that kind.
func TestIALSFindsTastes(t *testing.T) {
	m := someMatrix(rand.New(rand.NewPCG(1, 1)), 300, 60, false)
	model, err := TrainIALS(context.Background(), m, IALSOptions{Dim: 8, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	scores := make([]float32, 60)
	model.Score(scores, []uint32{1, 4, 7})
	var own, other float32
	for i, s := range scores {
		if i%3 == 1 {
			own += s / 20
		} else {
			other += s / 40
		}
	}
	if own < 3*other {
		t.Errorf("items of the own kind score %v, others %v", own, other)
	}
}

// TestIALSIsReproducible: workers change nothing, the seed does.
func TestIALSIsReproducible(t *testing.T) {
	m := someMatrix(rand.New(rand.NewPCG(2, 2)), 700, 200, true)
	train := func(workers int, seed uint64) []float32 {
		model, err := TrainIALS(context.Background(), m, IALSOptions{Dim: 33, Epochs: 3, Workers: workers, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return slices.Concat(model.vectors, model.basis.gram)
	}
	one := train(1, 5)
	if !slices.Equal(one, train(4, 5)) {
		t.Error("the number of workers changes the model")
	}
	if slices.Equal(one, train(1, 6)) {
		t.Error("the seed changes nothing")
	}
}

func TestIALSRefuses(t *testing.T) {
	nan := math.NaN()
	good := someMatrix(rand.New(rand.NewPCG(3, 3)), 5, 5, false)
	for want, o := range map[string]IALSOptions{
		"Dim is -1":         {Dim: -1},
		"Dim is 1025":       {Dim: 1025},
		"Epochs is -3":      {Epochs: -3},
		"Alpha0 is NaN":     {Alpha0: nan},
		"Alpha0 is -1":      {Alpha0: -1},
		"Lambda is 1e+07":   {Lambda: 1e7},
		"Nu is 1.5":         {Nu: 1.5},
		"Deviation is +Inf": {Deviation: math.Inf(1)},
		"Workers is -1":     {Workers: -1},
	} {
		if _, err := TrainIALS(context.Background(), good, o); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for want, m := range map[string]*Matrix{
		"0 starts":                    {},
		"entries 0 to 3 of 1":         {Users: 2, Items: 3, Start: []int{0, 3, 1}, Item: []uint32{0}},
		"items are 0 to 2, ascending": {Users: 1, Items: 3, Start: []int{0, 2}, Item: []uint32{1, 1}},
		"took item 3":                 {Users: 1, Items: 3, Start: []int{0, 1}, Item: []uint32{3}},
		"weight NaN":                  {Users: 1, Items: 3, Start: []int{0, 1}, Item: []uint32{1}, Weight: []float32{float32(nan)}},
		"weight 0":                    {Users: 1, Items: 3, Start: []int{0, 1}, Item: []uint32{1}, Weight: []float32{0}},
	} {
		if _, err := TrainIALS(context.Background(), m, IALSOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestIALSOfNothing: rows and columns without entries have the vector 0, and empty matrices train.
func TestIALSOfNothing(t *testing.T) {
	for _, m := range []*Matrix{
		{Start: []int{0}},
		{Users: 3, Start: []int{0, 0, 0, 0}},
		{Items: 3, Start: []int{0}},
		{Users: 2, Items: 3, Start: []int{0, 0, 1}, Item: []uint32{1}},
	} {
		model, err := TrainIALS(context.Background(), m, IALSOptions{Dim: 4, Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		scores := make([]float32, m.Items)
		model.Score(scores, []uint32{7})
		for i, s := range scores {
			if s != 0 || i != 1 && slices.Max(model.Vector(uint32(i))) != 0 {
				t.Errorf("%d users, %d items: item %d has %v, %v", m.Users, m.Items, i, model.Vector(uint32(i)), s)
			}
		}
	}
}

// TestIALSDiverges: weights beyond what float32 can add up end in an error and not in a model.
func TestIALSDiverges(t *testing.T) {
	m := someMatrix(rand.New(rand.NewPCG(4, 4)), 20, 20, true)
	for i := range m.Weight {
		m.Weight[i] = 3e38
	}
	_, err := TrainIALS(context.Background(), m, IALSOptions{Dim: 4})
	if err == nil || !strings.Contains(err.Error(), "epoch 1: user") {
		t.Errorf("got %v", err)
	}
}

// endsAfter is a context that has ended once its error was asked for so often.
type endsAfter struct {
	context.Context
	left atomic.Int64 // below 0: it has ended, and was asked so often since
}

func (c *endsAfter) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestIALSStops when its context has ended, in the middle of an epoch: each goroutine finds that before
// the next row and before the next block, and nobody begins another row.
func TestIALSStops(t *testing.T) {
	const workers = 2
	m := someMatrix(rand.New(rand.NewPCG(5, 5)), 3000, 300, false)
	ctx := &endsAfter{Context: context.Background()}
	ctx.left.Store(500)
	_, err := TrainIALS(ctx, m, IALSOptions{Dim: 8, Epochs: 3, Workers: workers, Progress: func(done, _ int) { t.Errorf("epoch %d came to its end", done) }})
	if asked := -ctx.left.Load(); !errors.Is(err, context.Canceled) || asked < 1 || asked > 2*workers+1 {
		t.Errorf("stopped with %v, asked %d times after the end", err, asked)
	}
}

// TestIALSTellsProgress once an epoch.
func TestIALSTellsProgress(t *testing.T) {
	var told []int
	m := someMatrix(rand.New(rand.NewPCG(6, 6)), 9, 9, false)
	_, err := TrainIALS(context.Background(), m, IALSOptions{Dim: 4, Epochs: 3, Progress: func(done, epochs int) { told = append(told, done, epochs) }})
	if err != nil || !slices.Equal(told, []int{1, 3, 2, 3, 3, 3}) {
		t.Errorf("told %v, %v", told, err)
	}
}
