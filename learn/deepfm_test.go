package learn

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// oracleDeepFM is the loss of a batch while training without dropout, in float64 and one number after
// the other, as a function of what d's parameters are now.
func oracleDeepFM(d *DeepFM, b *rank.Batch, labels, weights []float32) (loss float64) {
	fields, dim := len(d.schema.Fields), d.o.Dim
	rows := b.Rows(fields)
	fm := &rank.FM{Dim: dim}
	fm.Fields, fm.Bias = d.schema, d.bias.weights[0]
	for at := 0; at < len(d.vectors.weights); at += d.vectors.stride {
		fm.Weights = append(fm.Weights, d.vectors.weights[at])
		fm.Vectors = append(fm.Vectors, d.vectors.weights[at+1:at+1+dim]...)
	}
	x := make([][]float64, rows)
	for row := range x {
		x[row] = make([]float64, fields*dim)
		for f := range fields {
			index, value := b.Entries(fields, row, f)
			for e, at := range index {
				for k := range dim {
					x[row][f*dim+k] += float64(fm.Vectors[int(at)*dim+k]) * float64(value[e])
				}
			}
		}
	}
	for l := range d.network.layers {
		ly := &d.network.layers[l]
		y := make([][]float64, rows)
		for row := range y {
			y[row] = make([]float64, ly.out)
			for o := range y[row] {
				for i, v := range x[row] {
					y[row][o] += float64(ly.weights.weights[o*ly.in+i]) * v
				}
				if ly.last {
					y[row][o] += float64(ly.shift.weights[o])
				}
			}
		}
		for o := 0; o < ly.out && !ly.last; o++ {
			mean, variance := 0.0, 0.0
			for row := range y {
				mean += y[row][o] / float64(rows)
			}
			for row := range y {
				variance += (y[row][o] - mean) * (y[row][o] - mean) / float64(rows)
			}
			for row := range y {
				y[row][o] = max(0, (y[row][o]-mean)/math.Sqrt(variance+normalEpsilon)*float64(ly.scale.weights[o])+float64(ly.shift.weights[o]))
			}
		}
		x = y
	}
	for row := range x {
		loss += oracleLoss(oracleFM(fm, b, row)+x[row][0], float64(labels[row]), float64(weights[row]))
	}
	return loss
}

// TestDeepFMGradients holds all gradients against the slopes of the loss.
func TestDeepFMGradients(t *testing.T) {
	schema := learnerSchema(t)
	rng := rand.New(rand.NewPCG(5, 1))
	for range 3 {
		d := NewDeepFM(schema, DeepFMOptions{Seed: rng.Uint64(), Dim: 3, Hidden: []int{6, 4}, Dropout: -1, Spread: 0.5, Workers: 2})
		for l := range d.network.layers {
			for i := range d.network.layers[l].shift.weights {
				d.network.layers[l].shift.weights[i] = float32(rng.NormFloat64()) / 4
			}
		}
		b, labels, weights := drawBatch(schema, 40, rng)
		d.steps = 1
		want := oracleDeepFM(d, b, labels, weights)
		if got := d.forward(b, 40, labels, weights); math.Abs(got-want) > 1e-4*want {
			t.Fatalf("a loss of %v, want %v", got, want)
		}
		d.backward(b, 40)
		loss := func() float64 { return oracleDeepFM(d, b, labels, weights) }
		wrong, all := 0, 0
		check := func(what string, weight *float32, gradient float32) {
			all++
			if want := slope(weight, loss); math.Abs(float64(gradient)-want) > 0.02+0.02*math.Abs(want) {
				wrong++ // max(0, ·) may bend between the two points
				t.Logf("%s: a gradient of %v, the slope is %v", what, gradient, want)
			}
		}
		check("bias", &d.bias.weights[0], d.bias.gradient[0])
		for l := range d.network.layers {
			ly := &d.network.layers[l]
			for i := range ly.weights.weights {
				check("weight", &ly.weights.weights[i], ly.weights.gradient[i])
			}
			for o := range ly.out {
				check("shift", &ly.shift.weights[o], ly.shift.gradient[o])
				if !ly.last {
					check("scale", &ly.scale.weights[o], ly.scale.gradient[o])
				}
			}
		}
		for f := range d.vectors.touched {
			touched := &d.vectors.touched[f]
			for i, at := range touched.records {
				for k := range d.vectors.stride {
					check("vector", &d.vectors.weights[int(at)*d.vectors.stride+k], touched.gradient[i*d.vectors.stride+k])
				}
			}
		}
		if wrong > all/20 {
			t.Errorf("%d of %d gradients are wrong", wrong, all)
		}
	}
}

// TestDropoutKeepsTheShare looks at how many outputs are left out.
func TestDropoutKeepsTheShare(t *testing.T) {
	ly := layer{out: 100, normal: make([]float32, 100_000), output: make([]float32, 100_000), sums: make([]float32, 100), inverse: make([]float32, 100), scale: newParameters(100), shift: newParameters(100)}
	for o := range ly.shift.weights {
		ly.shift.weights[o] = 1
	}
	ly.activate(0, 1000, 0.7, rand.NewPCG(1, 2))
	kept := 0
	for _, y := range ly.output {
		switch {
		case y == 0:
		case math.Abs(float64(y)-1/0.7) < 1e-6:
			kept++
		default:
			t.Fatalf("an output of %v", y)
		}
	}
	if share := float64(kept) / 100_000; math.Abs(share-0.7) > 0.01 {
		t.Errorf("%.3f of the outputs are kept, want 0.7", share)
	}
}

// TestAveraging holds means that are made up later against those that are made at every step.
func TestAveraging(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	a := newAveraging(20)
	weight, mean, every := float32(1), float32(1), 1.0
	since := 0
	for step := 1; step <= 400; step++ {
		if rng.IntN(10) == 0 { // it moves
			mean = weight + a.kept(since, step-1)*(mean-weight)
			weight = rng.Float32()
			moved := []float32{mean}
			a.follow(step, moved, []float32{weight})
			mean, since = moved[0], step
		}
		every += a.part(step) * (float64(weight) - every)
		if got := weight + a.kept(since, step)*(mean-weight); math.Abs(float64(got)-every) > 1e-5 {
			t.Fatalf("step %d: a mean of %v, want %v", step, got, every)
		}
	}
}

// TestAveragingBoundsLateStepsOnly holds means of two bounds against each other: they are the same
// until four times the lesser.
func TestAveragingBoundsLateStepsOnly(t *testing.T) {
	short, long := newAveraging(20), newAveraging(100)
	for step := 1; step < 4*20; step++ {
		if short.part(step) != long.part(step) || short.kept(step/2, step) != long.kept(step/2, step) {
			t.Fatalf("step %d: parts of %v and %v, kept %v and %v", step, short.part(step), long.part(step), short.kept(step/2, step), long.kept(step/2, step))
		}
	}
	if step := 4 * 20; short.part(step) == long.part(step) {
		t.Errorf("step %d: a bound of 20 does not bound", step)
	}
}
