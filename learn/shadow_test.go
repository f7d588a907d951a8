package learn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// shadowWorld is a model of some numbers, lists of words and a cross, and a batch of rows.
func shadowWorld(t testing.TB, kind string, dim int, widths []int, rows int) (rank.Model, *rank.Batch) {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, uint64(dim+len(widths))))
	var words []rank.Token
	for i := range 30 {
		words = append(words, rank.TokenOf(itemName(i)))
	}
	slices.Sort(words)
	schema, err := rank.NewSchema([]rank.Field{
		{Name: "a", Kind: rank.Spread, Knots: []float64{1, 2, 3}}, {Name: "b", Kind: rank.Spread, Knots: []float64{0, 5}},
		{Name: "one", Kind: rank.Category, Tokens: words}, {Name: "many", Kind: rank.Category, Tokens: words},
		{Name: "one x many", Kind: rank.Cross, Of: []string{"one", "many"}, Buckets: 50},
	})
	if err != nil {
		t.Fatal(err)
	}
	random := func(n int, by float64) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = float32(rng.NormFloat64() * by)
		}
		return list
	}
	fm := rank.FM{LR: rank.LR{Fields: schema, Bias: -1, Weights: random(schema.Weights(), 0.1)}, Dim: dim, Vectors: random(dim*schema.Weights(), 0.3)}
	deep := &rank.DeepFM{FM: fm}
	in := dim * len(schema.Fields)
	for _, out := range append(widths, 1) {
		deep.Layers = append(deep.Layers, rank.Layer{In: in, Out: out, Weights: random(in*out, 0.4), Bias: random(out, 0.1)})
		in = out
	}
	b := &rank.Batch{}
	for range rows {
		row := &rank.Row{Numbers: []float64{4 * rng.Float64(), 6 * rng.Float64()}}
		for of := range 2 {
			for range 1 + 3*of {
				row.Words = append(row.Words, rank.TokenOf(itemName(rng.IntN(32)))) // two are unknown
			}
			row.End()
		}
		schema.Encode(b, row)
	}
	switch kind {
	case "lr":
		return &fm.LR, b
	case "fm":
		return &fm, b
	}
	return deep, b
}

// exactOdds is what a model says of a row, one number after the other in float64.
func exactOdds(m rank.Model, b *rank.Batch, row int) float64 {
	var lr *rank.LR
	var fm *rank.FM
	var layers []rank.Layer
	switch m := m.(type) {
	case *rank.LR:
		lr = m
	case *rank.FM:
		lr, fm = &m.LR, m
	case *rank.DeepFM:
		lr, fm, layers = &m.LR, &m.FM, m.Layers
	}
	fields := len(lr.Fields.Fields)
	odds := float64(lr.Bias)
	index, value := b.Row(fields, row)
	for i, at := range index {
		odds += float64(lr.Weights[at]) * float64(value[i])
		for j := range i {
			for d := range dimOf(fm) {
				odds += float64(value[i]) * float64(fm.Vectors[int(at)*fm.Dim+d]) * float64(value[j]) * float64(fm.Vectors[int(index[j])*fm.Dim+d])
			}
		}
	}
	var x []float64
	for field := range fields {
		sum := make([]float64, dimOf(fm))
		index, value := b.Entries(fields, row, field)
		for i, at := range index {
			for d := range sum {
				sum[d] += float64(value[i]) * float64(fm.Vectors[int(at)*fm.Dim+d])
			}
		}
		x = append(x, sum...)
	}
	for l := range layers {
		out := make([]float64, layers[l].Out)
		for o := range out {
			out[o] = float64(layers[l].Bias[o])
			for i, v := range x {
				out[o] += v * float64(layers[l].Weights[o*layers[l].In+i])
			}
			if l < len(layers)-1 {
				out[o] = max(0, out[o])
			}
		}
		x = out
	}
	if layers != nil {
		odds += x[0]
	}
	return odds
}

func dimOf(fm *rank.FM) int {
	if fm == nil {
		return 0
	}
	return fm.Dim
}

var shadowKinds = []struct {
	kind   string
	dim    int
	widths []int
}{{"lr", 4, nil}, {"fm", 16, nil}, {"fm", 20, nil}, {"deepfm", 4, nil}, {"deepfm", 16, []int{24}}, {"deepfm", 20, []int{40, 7}}}

// changes gathers all that was learned since it was published.
func (s *Shadow) changes() (patch rank.Patch) {
	s.gatherBias()
	patch.Bias, patch.Dim = s.next.weights[0], s.dim
	for p := range s.Moved() {
		s.gather(1+p, 1, &patch)
	}
	return rank.Join([]rank.Patch{patch})
}

// TestShadowSaysWhatItsModelSays: what each variant forecasts of a row is what a model of its weights
// says, in whatever order rows are asked about and learned from.
func TestShadowSaysWhatItsModelSays(t *testing.T) {
	for _, tt := range shadowKinds {
		m, b := shadowWorld(t, tt.kind, tt.dim, tt.widths, 40)
		other := &rank.Batch{Index: slices.Clone(b.Index), Value: slices.Clone(b.Value), Ends: slices.Clone(b.Ends)}
		s, err := NewShadow(m, Pace{Admission: 1, L1: 1e-9, Alpha: 0.5, Vectors: 0.3})
		if err != nil {
			t.Fatal(err)
		}
		rng, live := rand.New(rand.NewPCG(1, 2)), rank.Patch{}
		for n := range 300 {
			row, batch := rng.IntN(40), []*rank.Batch{b, other}[n%5/4]
			switch changes := s.changes(); n {
			case 200:
				live = changes
				s.Publish(&live)
			case 250:
				live = live.Merge(&changes)
				s.adopt()
			}
			f := s.Predict(batch, row)
			if n == 0 && (f[learned] != f[frozen] || f[published] != f[frozen]) {
				t.Errorf("%s: it begins as another model: %v", tt.kind, f)
			}
			for variant, patch := range []rank.Patch{{Dim: s.dim}, live, s.changes()} {
				if variant == learned {
					patch = live.Merge(&patch)
				}
				made, err := rank.Patched(m, &patch)
				if err != nil {
					t.Fatal(err)
				}
				if want := exactOdds(made, b, row); math.Abs(float64(f[variant])-want) > 1e-4*(1+math.Abs(want)) {
					t.Fatalf("%v, row %d, step %d: variant %d forecasts %v, its model %v", tt, row, n, variant, f[variant], want)
				}
			}
			s.Learn(batch, row, float32(rng.NormFloat64()), uint64(n+1))
		}
	}
}

// TestShadowGoesDownTheSlope: the first step of each vector is against the slope of the log-odds, as
// long as AdaGrad has it.
func TestShadowGoesDownTheSlope(t *testing.T) {
	const step, gradient = 1e-3, 0.5
	for _, tt := range shadowKinds[1:] {
		m, b := shadowWorld(t, tt.kind, tt.dim, tt.widths, 13)
		checked := 0
		for row := range 13 {
			s, err := NewShadow(m, Pace{Admission: 1, Step: 100})
			if err != nil {
				t.Fatal(err)
			}
			s.Learn(b, row, gradient, 1)
			index, _ := b.Row(s.fields, row)
			for _, at := range index {
				if n := len(slices.DeleteFunc(slices.Clone(index), func(o uint32) bool { return o != at })); at < s.words || n > 1 {
					continue // of numbers vectors stay; what counts twice is stepped twice
				}
				slope, squares := make([]float64, s.dim), 0.0
				for d := range slope {
					var odds [2]float64
					for side, sign := range []float32{1, -1} {
						patch := rank.Patch{Dim: s.dim, Index: []uint32{at}, Weights: []float32{0}, Vectors: make([]float32, s.dim)}
						patch.Vectors[d] = sign * step
						made, err := rank.Patched(m, &patch)
						if err != nil {
							t.Fatal(err)
						}
						odds[side] = exactOdds(made, b, row)
					}
					slope[d] = gradient * (odds[0] - odds[1]) / (2 * step)
					squares += slope[d] * slope[d]
				}
				rate := s.pace.Vectors / (s.pace.Beta + math.Sqrt(squares/float64(s.dim)))
				for d, moved := range s.vector(learned, int(s.place[at])) {
					if want := -rate * slope[d]; math.Abs(float64(moved)-want) > 2e-3*rate*math.Sqrt(squares)+1e-6 {
						t.Fatalf("%v, row %d, weight %d, dimension %d: moved by %v, the slope asks for %v", tt, row, at, d, moved, want)
					}
				}
				checked++
			}
		}
		if checked < 13 {
			t.Errorf("%v: %d vectors checked", tt, checked)
		}
	}
}

// TestShadowIsBoundedInBytes: of longer vectors fewer move.
func TestShadowIsBoundedInBytes(t *testing.T) {
	for dim, want := range map[int]int{4: 1 << 17, 36: 1 << 17, 256: 21_317} {
		m, _ := shadowWorld(t, "fm", dim, nil, 1)
		s, err := NewShadow(m, Pace{})
		if err != nil {
			t.Fatal(err)
		}
		if s.pace.MaxMoved != want {
			t.Errorf("of vectors of %d numbers %d may move, want %d", dim, s.pace.MaxMoved, want)
		}
	}
}

// TestShadowKeepsTheDirection: a weight that its record may no longer move, since its vector has been
// moved that far, has a state on the side of the gradients that it was told of.
func TestShadowKeepsTheDirection(t *testing.T) {
	for _, gradient := range []float32{1, -1} {
		m, b := shadowWorld(t, "fm", 8, nil, 1)
		s, err := NewShadow(m, Pace{Admission: 1, Vectors: 10, L1: 1.5})
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			s.Learn(b, 0, gradient, 7)
		}
		stayed := 0
		for i := range s.moved[1:] {
			if at := &s.moved[1+i]; at.w == 0 && at.by > 0 && at.z != 0 {
				stayed++
				if at.z*float64(gradient) < 0 {
					t.Errorf("gradients of %v: weight %d has the state %v", gradient, at.index, at.z)
				}
			}
		}
		if stayed == 0 {
			t.Errorf("gradients of %v: no weight was kept from moving by its vector", gradient)
		}
	}
}
