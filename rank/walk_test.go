package rank

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// plainExplain is Explain in plain loops of float64.
func plainExplain(m *DeepFM, fm bool, network bool, b *Batch, rows []int) []float64 {
	fields, dim := len(m.Fields.Fields), m.Dim
	if !fm {
		dim = 0
	}
	mean := newSums(fields, dim)
	all := b.Rows(fields)
	for row := range all {
		mean.add(b, row, 1/float64(all), &m.LR, m.Vectors, dim)
	}
	var parts []float64
	for _, row := range rows {
		own, half, deep := newSums(fields, dim), make([]float64, dim), make([]float64, fields)
		own.add(b, row, 1, &m.LR, m.Vectors, dim)
		for at := range own.vectors {
			half[at%dim] += (own.vectors[at] + mean.vectors[at]) / 2
		}
		if network {
			(&layered{m.Layers, dim}).path(mean.vectors).shares(own.vectors, deep)
		}
		for f := range fields {
			part := own.linear[f] - mean.linear[f] - (own.squares[f]-mean.squares[f])/2 + deep[f]
			for d, h := range half {
				part += (own.vectors[f*dim+d] - mean.vectors[f*dim+d]) * h
			}
			parts = append(parts, part)
		}
	}
	return parts
}

// TestExplain holds the parts against plain loops, on every kernel, whose bits must agree, of models
// that are packed and of those that are not.
func TestExplain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		m, n := drawModel(t, rng), rapid.SampledFrom([]int{1, 2, 5, 48, 49, 130}).Draw(t, "rows")
		b := drawRows(rng, m.Fields, n)
		rows := make([]int, rapid.SampledFrom([]int{0, 1, 3, 60}).Draw(t, "asked"))
		for i := range rows {
			rows[i] = rng.IntN(n)
		}
		for k, model := range []Model{&m.LR, &m.FM, m} {
			want := plainExplain(m, k > 0, k > 1, b, rows)
			parts := make([]float32, len(want))
			model.Explain(b, rows, parts)
			for i, got := range parts {
				// A unit that is at 0 to rounding is past it in one of the two and not in the other.
				if math.Abs(float64(got)-want[i]) > 2e-3*(1+math.Abs(want[i])) {
					t.Fatalf("model %d: part %d is %v, want %v", k, i, got, want[i])
				}
			}
			for _, kernel := range Kernels() {
				other := On(kernel, model)
				if p, ok := other.(interface{ Pack() }); ok {
					p.Pack()
				}
				again := make([]float32, len(want))
				other.Explain(b, rows, again)
				for i, got := range again {
					if math.Float32bits(got) != math.Float32bits(parts[i]) {
						t.Fatalf("model %d on %s: part %d is %v, not %v", k, kernel, i, got, parts[i])
					}
				}
			}
		}
	})
}
