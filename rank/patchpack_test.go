package rank

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestPatchedIsPacked: a packed model stays so when it is patched, and says what one that is packed
// anew says.
func TestPatchedIsPacked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		m := drawModel(t, rng)
		m.Pack()
		p := &Patch{Bias: 0.5, Dim: m.Dim}
		for at := range m.Weights {
			if rng.IntN(3) > 0 {
				continue
			}
			p.Index, p.Weights = append(p.Index, uint32(at)), append(p.Weights, float32(rng.NormFloat64()))
			for range m.Dim {
				p.Vectors = append(p.Vectors, float32(rng.NormFloat64()))
			}
		}
		b := drawRows(rng, m.Fields, 20)
		for _, model := range []Model{&m.FM, m} {
			patched, err := Patched(model, p)
			if err != nil {
				t.Fatal(err)
			}
			deep, ok := patched.(*DeepFM)
			if ok && (deep.packed != m.packed || len(deep.back) != len(m.back)) {
				t.Fatal("the network has to be packed in every call")
			}
			anew := On(Kernels()[0], patched)
			anew.(interface{ Pack() }).Pack()
			fields, shown := len(m.Fields.Fields), []int{0, 7}
			got, want := make([]float32, 20+2*fields), make([]float32, 20+2*fields)
			patched.Predict(b, got[:20])
			patched.Explain(b, shown, got[20:])
			anew.Predict(b, want[:20])
			anew.Explain(b, shown, want[20:])
			for i := range got {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("%v, and packed anew %v", got, want)
				}
			}
		}
	})
}
