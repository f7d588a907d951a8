package window

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/internal/slab"
)

// TestSketchIsAsGoodAsThePaperSays: over many sets the standard error is 1.04/√2048 (Flajolet et
// al., theorem 1), and there is no bias that would show (Ertl, section 4).
func TestSketchIsAsGoodAsThePaperSays(t *testing.T) {
	const sets = 150
	sizes := []int{1, 10, 129, 500, 1500, 3000, 6000, 12_000, 50_000}
	standard := 1.04 / math.Sqrt(registers)
	errors := make([][]float64, len(sizes))
	for set := range uint64(sets) {
		rng := rand.New(rand.NewPCG(set, 3))
		sketch := make(Sketch, SketchWords)
		added := 0
		for i, size := range sizes {
			for ; added < size; added++ {
				sketch.Add(rng.Uint64())
			}
			errors[i] = append(errors[i], sketch.Estimate()/float64(size)-1)
		}
	}
	for i, size := range sizes {
		var sum, squares float64
		for _, e := range errors[i] {
			sum += e
			squares += e * e
		}
		bias, deviation := sum/sets, math.Sqrt(squares/sets)
		t.Logf("%6d values: bias %+.2f %%, error %.2f %%", size, 100*bias, 100*deviation)
		if deviation > standard*1.15 {
			t.Errorf("%d values: a standard error of %.2f %%, want %.2f %% at most", size, 100*deviation, 100*standard)
		}
		if math.Abs(bias) > 4*standard/math.Sqrt(sets) {
			t.Errorf("%d values: a bias of %+.2f %%", size, 100*bias)
		}
	}
}

func TestSketchIsASet(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	var hashes []uint64
	for range 5000 {
		hashes = append(hashes, rng.Uint64()>>rng.IntN(60)) // low ones have high ranks
	}
	whole := make(Sketch, SketchWords)
	left, right := make(Sketch, SketchWords), make(Sketch, SketchWords)
	for i, h := range hashes {
		whole.Add(h)
		whole.Add(hashes[i/2]) // once more changes nothing
		if i%3 == 0 {
			left.Add(h)
		} else {
			right.Add(h)
		}
	}
	merged := slices.Clone(left)
	merged.Merge(right)
	merged.Merge(right)
	right.Merge(left)
	if !slices.Equal(merged, whole) || !slices.Equal(right, whole) {
		t.Error("parts that are merged are not the whole")
	}
	if got := whole.Estimate(); got != math.Round(got) || got <= 0 {
		t.Errorf("the estimate is %v, no whole number", got)
	}
	if got := make(Sketch, SketchWords).Estimate(); got != 0 {
		t.Errorf("of nothing the estimate is %v", got)
	}
	full := make(Sketch, SketchWords)
	for register := range uint64(registers) {
		full.Add(register << hashBits) // the highest rank everywhere
	}
	if got := full.Estimate(); math.IsNaN(got) || got < 1e15 {
		t.Errorf("of a full one the estimate is %v", got)
	}
}

// TestDistinctAroundExact goes over the border between counting and estimating one value at a time,
// alone and in tiles that only together are over it.
func TestDistinctAroundExact(t *testing.T) {
	var pieces slab.Slab
	a := &Distinct{&pieces}
	state := make([]uint64, a.Words())
	const tiles = 3
	ring := make([]uint64, tiles*a.Words())
	var kept []Sample
	for i := range 400 {
		s := Sample{Hash: HashNumber(float64(i))}
		for range 1 + i%2 { // some twice
			kept = append(kept, s)
			a.Add(state, &s)
			at := i % tiles * a.Words()
			a.Add(ring[at:at+a.Words()], &s)
		}
		want := estimate(kept)
		if i < DistinctExact {
			want = float64(i + 1)
		}
		var v Value
		a.Read(&v, Of(state), 0)
		if v.Value != want || v.Events != int64(len(kept)) {
			t.Fatalf("of %d values: %v of %d events, want %v", i+1, v.Value, v.Events, want)
		}
		a.Read(&v, States{ring: ring, words: a.Words(), n: tiles, first: 1}, 0)
		if v.Value != want || v.Events != int64(len(kept)) {
			t.Fatalf("of %d values in %d tiles: %v of %d events, want %v", i+1, tiles, v.Value, v.Events, want)
		}
	}
}
