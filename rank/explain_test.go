package rank

import (
	"math"
	"math/rand/v2"
	"testing"
)

// naive is what a model says of sums: the log-odds of the row they are of.
func naive(s *sums, dim int, layers []Layer) float64 {
	total := 0.0
	for f := range s.linear {
		total += s.linear[f] - s.squares[f]/2
	}
	for d := range dim {
		sum := 0.0
		for f := range s.linear {
			sum += s.vectors[f*dim+d]
		}
		total += sum * sum / 2
	}
	units := s.vectors
	for l, layer := range layers {
		out := make([]float64, layer.Out)
		for o := range out {
			out[o] = float64(layer.Bias[o])
			for i, x := range units {
				out[o] += float64(layer.Weights[o*layer.In+i]) * x
			}
			if l < len(layers)-1 {
				out[o] = max(0, out[o])
			}
		}
		units = out
	}
	if layers != nil {
		total += units[0]
	}
	return total
}

// along are the parts by the definition: the line from the mean to the row in many steps, and at each
// the slope towards every field's end by differences.
func along(mean, row *sums, dim int, layers []Layer, steps int) []float64 {
	fields := len(mean.linear)
	at := newSums(fields, dim)
	place := func(f int, t float64) {
		at.linear[f] = mean.linear[f] + t*(row.linear[f]-mean.linear[f])
		at.squares[f] = mean.squares[f] + t*(row.squares[f]-mean.squares[f])
		for d := f * dim; d < (f+1)*dim; d++ {
			at.vectors[d] = mean.vectors[d] + t*(row.vectors[d]-mean.vectors[d])
		}
	}
	parts := make([]float64, fields)
	const h = 1e-6
	for step := range steps {
		t := (float64(step) + 0.5) / float64(steps)
		for f := range fields {
			place(f, t)
		}
		for f := range fields {
			place(f, t+h)
			up := naive(&at, dim, layers)
			place(f, t-h)
			parts[f] += (up - naive(&at, dim, layers)) / (2 * h) / float64(steps)
			place(f, t)
		}
	}
	return parts
}

func drawn(rng *rand.Rand, n int, size float64) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = float32(size * rng.NormFloat64())
	}
	return list
}

// TestPartsAreThoseOfTheLine: the parts are what a walk along the line in small steps finds; those of
// LR and FM to rounding, those of a network to what the steps see of it. It logs how much of a
// network's difference the steps miss and share out.
func TestPartsAreThoseOfTheLine(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 7))
		fields := make([]Field, 6)
		for f := range fields {
			fields[f] = Field{Name: string(rune('a' + f)), Kind: Category, Tokens: []Token{1, 2, 3, 4, 5, 6, 7, 8}}
		}
		s, err := NewSchema(fields)
		if err != nil {
			t.Fatal(err)
		}
		dim := []int{0, 4, 4}[seed%3]
		lr := LR{Fields: s, Bias: 1, Weights: drawn(rng, s.Weights(), 1)}
		fm := FM{LR: lr, Dim: dim, Vectors: drawn(rng, s.Weights()*dim, 0.4)}
		var model Model
		var layers []Layer
		switch seed % 3 {
		case 0:
			model = &lr
		case 1:
			model = &fm
		case 2:
			layers = []Layer{{6 * dim, 20, drawn(rng, 6*dim*20, 0.4), drawn(rng, 20, 0.3)}, {20, 8, drawn(rng, 160, 0.4), drawn(rng, 8, 0.3)}, {8, 1, drawn(rng, 8, 1), []float32{0.5}}}
			model = &DeepFM{FM: fm, Layers: layers}
		}
		var b Batch
		for range 30 {
			row := Row{}
			for range fields {
				for range 1 + rng.IntN(3) {
					row.Words = append(row.Words, Token(1+rng.IntN(9)))
				}
				row.End()
			}
			s.Encode(&b, &row)
		}
		mean := newSums(len(fields), dim)
		for row := range 30 {
			mean.add(&b, row, 1.0/30, &lr, fm.Vectors, dim)
		}
		parts := make([]float32, len(fields))
		odds := make([]float32, 30)
		model.Predict(&b, odds)
		for row := range 10 {
			own := newSums(len(fields), dim)
			own.add(&b, row, 1, &lr, fm.Vectors, dim)
			model.Explain(&b, []int{row}, parts)
			if got := 1 + naive(&own, dim, layers); math.Abs(got-float64(odds[row])) > 1e-5 {
				t.Fatalf("seed %d, row %d: the sums make %v, the model says %v", seed, row, got, odds[row])
			}
			tolerance, off := 1e-5, 0.0
			if layers != nil {
				tolerance = 0.1
			}
			for f, want := range along(&mean, &own, dim, layers, 300) {
				off = max(off, math.Abs(float64(parts[f])-want))
			}
			if off > tolerance {
				t.Errorf("seed %d, row %d: a part is off by %v", seed, row, off)
			}
		}
	}
}

// TestStepsSeeMostOfANetwork measures what the remainder is that Explain shares out: the sum of the
// parts before it against the difference they are parts of.
func TestStepsSeeMostOfANetwork(t *testing.T) {
	worst, mean, n := 0.0, 0.0, 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 8))
		const fields, dim = 20, 8
		net := &layered{dim: dim, layers: []Layer{{fields * dim, 64, drawn(rng, fields*dim*64, 0.1), drawn(rng, 64, 0.1)}, {64, 32, drawn(rng, 64*32, 0.18), drawn(rng, 32, 0.1)}, {32, 1, drawn(rng, 32, 0.25), []float32{0}}}}
		at := func() []float64 {
			input := make([]float64, fields*dim)
			for i := range input {
				input[i] = rng.NormFloat64()
			}
			return input
		}
		p := net.path(at())
		for range 10 {
			parts, input := make([]float64, fields), at()
			into(&net.layers[0], input, p.ends)
			total := p.run(1) - p.out
			p.gradients(input, parts)
			for _, part := range parts {
				total -= part
			}
			mean, worst, n = mean+abs(total), max(worst, abs(total)), n+1
		}
	}
	mean /= float64(n)
	t.Logf("of log-odds the steps miss %.4f on average, %.4f at worst", mean, worst)
	if mean > 0.06 || worst > 0.25 {
		t.Errorf("they miss %v on average and %v at worst", mean, worst)
	}
}
