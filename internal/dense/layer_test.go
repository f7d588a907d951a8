package dense

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// oddities are numbers that arithmetic treats in a way of its own.
var oddities = []float32{0, float32(math.Copysign(0, -1)), math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 0x1p-126,
	float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}

// strange replaces one number in so many by an odd one; 0 replaces none.
func strange(rng *rand.Rand, a []float32, oneIn int) []float32 {
	for i := range a {
		if oneIn > 0 && rng.IntN(oneIn) == 0 {
			a[i] = oddities[rng.IntN(len(oddities))]
		}
	}
	return a
}

func TestLayer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(20, 130))
		rows, in, out := 1+size.Draw(t, "rows"), size.Draw(t, "in"), 1+size.Draw(t, "out")
		pad := rapid.IntRange(0, 3).Draw(t, "pad")
		oneIn := rapid.SampledFrom([]int{0, 0, 5, 100}).Draw(t, "odd")
		cut, whole := rapid.Bool().Draw(t, "cut"), rapid.Bool().Draw(t, "from rows")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		weights := strange(rng, matrix(rng, out, in, in+pad), oneIn)
		bias := strange(rng, matrix(rng, 1, out, out), oneIn)
		x := strange(rng, matrix(rng, RowsOfLayer(rows), in, in+pad), oneIn)
		for _, kit := range Kits() {
			l := kit.NewLayer(in, out, weights, in+pad, bias)
			from := l.Bias()
			if whole {
				from = slices.Repeat(from, RowsOfLayer(rows))
			}
			got := slices.Repeat([]float32{77}, RowsOfLayer(rows)*l.Cols()+1)
			l.Apply(rows, x, in+pad, from, got, cut)
			if got[len(got)-1] != 77 {
				t.Fatalf("%s writes behind its rows", kit.Name())
			}
			for i := range rows {
				for j := range out {
					want := bias[j]
					for p := range in {
						want = fma(x[i*(in+pad)+p], weights[j*(in+pad)+p], want)
					}
					if cut && want < 0 {
						want = 0
					}
					if g := got[i*l.Cols()+j]; !sameBits([]float32{g}, []float32{want}) {
						t.Fatalf("%s: row %d, output %d is %v, want %v", kit.Name(), i, j, g, want)
					}
				}
				if rest := got[i*l.Cols()+out : (i+1)*l.Cols()]; oneIn == 0 && slices.ContainsFunc(rest, func(v float32) bool { return v != 0 }) {
					t.Fatalf("%s: row %d is filled up with %v", kit.Name(), i, rest)
				}
			}
		}
	})
}
