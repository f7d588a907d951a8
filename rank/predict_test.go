package rank

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet/internal/dense"
)

// drawModel draws a schema of all kinds of fields, and a DeepFM of it.
func drawModel(t *rapid.T, rng *rand.Rand) *DeepFM {
	fields := []Field{
		{Name: "ctr", Kind: Spread, Knots: []float64{0, 0.5, 2}},
		{Name: "age", Kind: Bucket, Knots: []float64{-1, 0, 1}},
		{Name: "price", Kind: Log, Mean: 0.3, Scale: 2},
		{Name: "item.id", Kind: Category, Tokens: []Token{1, 2, 3, 4, 5, 6, 7}},
		{Name: "item.tags", Kind: Category, Tokens: []Token{10, 11, 12}},
		{Name: "user.id", Kind: Category, Tokens: []Token{1, 2, 3}},
		{Name: "feature.last", Kind: Sequence, Half: 2, Tokens: []Token{1, 2, 3, 4}},
		{Name: "both", Kind: Cross, Of: []string{"item.tags", "user.id"}, Buckets: 9},
	}
	s, err := NewSchema(fields)
	if err != nil {
		t.Fatal(err)
	}
	m := &DeepFM{}
	m.Fields, m.Dim, m.Bias = s, rapid.IntRange(1, 40).Draw(t, "dim"), float32(rng.NormFloat64())
	draw := func(n int, scale float64) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = float32(rng.NormFloat64() * scale)
		}
		return list
	}
	m.Weights, m.Vectors = draw(s.Weights(), 1), draw(s.Weights()*m.Dim, 0.3)
	in := len(fields) * m.Dim
	for _, out := range append(rapid.SliceOfN(rapid.IntRange(1, 80), 0, 3).Draw(t, "widths"), 1) {
		m.Layers = append(m.Layers, Layer{In: in, Out: out, Weights: draw(in*out, 1/math.Sqrt(float64(in))), Bias: draw(out, 0.1)})
		in = out
	}
	return m
}

// drawRows encodes rows of the schema of drawModel.
func drawRows(rng *rand.Rand, s *Schema, n int) *Batch {
	b := &Batch{}
	for range n {
		s.Encode(b, drawRow(rng))
	}
	return b
}

func drawRow(rng *rand.Rand) *Row {
	row := &Row{}
	for range 3 {
		v := rng.NormFloat64()
		if rng.IntN(5) == 0 {
			v = math.NaN()
		}
		row.Numbers = append(row.Numbers, v)
	}
	list := func(most, tokens, from int) {
		for range rng.IntN(most + 1) {
			row.Words = append(row.Words, Token(from+rng.IntN(tokens)))
		}
		row.End()
	}
	list(1, 8, 1)
	list(4, 4, 10)
	list(1, 5, 1)
	list(6, 6, 1)
	return row
}

// TestPredict holds the models against plain loops, on every kernel, whose bits must agree, and rows
// computed together against rows computed alone.
func TestPredict(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		m, rows := drawModel(t, rng), rapid.SampledFrom([]int{0, 1, 2, 5, 48, 49, 130}).Draw(t, "rows")
		b := drawRows(rng, m.Fields, rows)
		models := map[string]struct {
			model Model
			plain func(row int) float64
		}{
			"LR":     {&m.LR, func(row int) float64 { return plainLR(&m.LR, b, row) }},
			"FM":     {&m.FM, func(row int) float64 { return plainFM(&m.FM, b, row) }},
			"DeepFM": {m, func(row int) float64 { return plainDeepFM(m, b, row) }},
		}
		for name, c := range models {
			odds := make([]float32, rows)
			c.model.Predict(b, odds)
			for row, got := range odds {
				if want := c.plain(row); math.Abs(float64(got)-want) > 1e-4*(1+math.Abs(want)) {
					t.Fatalf("%s: the log-odds of row %d are %v, want %v", name, row, got, want)
				}
			}
			for _, kit := range dense.Kits() {
				on, alone := make([]float32, rows), make([]float32, 1)
				other := On(kit.Name(), c.model)
				other.Predict(b, on)
				for row := range odds {
					if math.Float32bits(on[row]) != math.Float32bits(odds[row]) {
						t.Fatalf("%s: on %s the log-odds of row %d are %v, not %v", name, kit.Name(), row, on[row], odds[row])
					}
				}
				if rows > 0 {
					at := rng.IntN(rows)
					index, value := b.Row(len(m.Fields.Fields), at)
					one := &Batch{Index: index, Value: value}
					for field := range m.Fields.Fields {
						end := b.Ends[at*len(m.Fields.Fields)+field]
						if at > 0 {
							end -= b.Ends[at*len(m.Fields.Fields)-1]
						}
						one.Ends = append(one.Ends, end)
					}
					other.Predict(one, alone)
					if math.Float32bits(alone[0]) != math.Float32bits(odds[at]) {
						t.Fatalf("%s: on %s the log-odds of row %d are %v alone, and %v among others", name, kit.Name(), at, alone[0], odds[at])
					}
				}
			}
		}
	})
}

// TestPredictAllocatesNothing is about a model that is packed.
func TestPredictAllocatesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t, rng)
		m.Pack()
		b, odds := drawRows(rng, m.Fields, 100), make([]float32, 100)
		for name, model := range map[string]Model{"LR": &m.LR, "FM": &m.FM, "DeepFM": m} {
			if n := testing.AllocsPerRun(20, func() { model.Predict(b, odds) }); n >= 1 { // a collection may take the room away
				t.Fatalf("%s allocates %v times a call", name, n)
			}
		}
	})
}
