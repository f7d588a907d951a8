package dense

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// entries draws rows of entries of so many weights, in fields some of which are empty, and begins
// them behind some that are no row's.
func entries(rng *rand.Rand, rows, fields, weights, most, oneIn int) *Entries {
	e := &Entries{Fields: fields, Start: uint32(rng.IntN(4))}
	for range e.Start {
		e.Index, e.Value = append(e.Index, 0), append(e.Value, float32(math.NaN()))
	}
	for range rows * fields {
		for range rng.IntN(most + 1) {
			e.Index, e.Value = append(e.Index, uint32(rng.IntN(weights))), append(e.Value, float32(rng.NormFloat64()))
		}
		e.Ends = append(e.Ends, uint32(len(e.Index)))
	}
	strange(rng, e.Value, oneIn)
	return e
}

// TestEntries holds all kernels against the one in Go, bit for bit, and that one against sums in
// float64.
func TestEntries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, fields, most := rapid.IntRange(0, 9).Draw(t, "rows"), rapid.IntRange(1, 30).Draw(t, "fields"), rapid.IntRange(0, 3).Draw(t, "most")
		dim := rapid.OneOf(rapid.IntRange(1, 70), rapid.SampledFrom([]int{8, 16, 32, 256})).Draw(t, "dim")
		oneIn := rapid.SampledFrom([]int{0, 0, 5, 100}).Draw(t, "odd")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		const n = 50
		e := entries(rng, rows, fields, n, most, oneIn)
		weights, vectors := strange(rng, matrix(rng, 1, n, n), oneIn), strange(rng, matrix(rng, n, dim, dim), oneIn)
		ldx := fields*dim + rapid.IntRange(0, 3).Draw(t, "pad")
		type result struct{ linear, pairs, pooled, x, sums []float32 }
		do := func(kit Kit) result {
			r := result{make([]float32, rows), make([]float32, rows), make([]float32, rows), slices.Repeat([]float32{77}, rows*ldx+16), slices.Repeat([]float32{77}, rows*SumsOf(dim)+16)}
			kit.Linear(r.linear, weights, e)
			kit.Pairs(r.pairs, vectors, dim, e)
			kit.Pool(r.pooled, vectors, dim, e, r.x, ldx, r.sums)
			for i := range rows * SumsOf(dim) { // of no dimension: 0, and no number times a value that is infinite
				if chunk := i % SumsOf(dim) / (2 * side); side*chunk+i%side >= dim && oneIn > 0 {
					r.sums[i] = 0
				}
			}
			return r
		}
		want := do(Kit{&plain})
		if !sameBits(want.pairs, want.pooled) {
			t.Fatalf("pairs are %v, and of pooled entries %v", want.pairs, want.pooled)
		}
		for _, kit := range Kits() {
			got := do(kit)
			for name, both := range map[string][2][]float32{"linear": {got.linear, want.linear}, "pairs": {got.pairs, want.pairs}, "pooled": {got.pooled, want.pooled}, "x": {got.x, want.x}, "sums": {got.sums, want.sums}} {
				if !sameBits(both[0], both[1]) {
					t.Fatalf("%s: %s is %v, want %v", kit.Name(), name, both[0], both[1])
				}
			}
		}
		if oneIn == 0 {
			checkEntries(t, e, weights, vectors, dim, want.linear, want.pairs)
		}
	})
}

// checkEntries computes in float64, the pairs one by one.
func checkEntries(t *rapid.T, e *Entries, weights, vectors []float32, dim int, linear, pairs []float32) {
	from := int(e.Start)
	for row := range linear {
		to := int(e.Ends[(row+1)*e.Fields-1])
		var sum, both, size float64
		for i := from; i < to; i++ {
			sum += float64(weights[e.Index[i]]) * float64(e.Value[i])
			for j := from; j < to; j++ {
				for d := range dim {
					p := float64(vectors[int(e.Index[i])*dim+d]) * float64(e.Value[i]) * float64(vectors[int(e.Index[j])*dim+d]) * float64(e.Value[j])
					if i != j {
						both += p
					}
					size += math.Abs(p)
				}
			}
		}
		if math.Abs(float64(linear[row])-sum) > 1e-4 || math.Abs(float64(pairs[row])-both) > 1e-5*(size+1) {
			t.Fatalf("row %d: linear %v and pairs %v, want %v and %v", row, linear[row], pairs[row], sum, both)
		}
		from = to
	}
}

// TestJoin parts the fields of rows in two and joins them.
func TestJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dim, wide := rapid.IntRange(1, 70).Draw(t, "dim"), 16*rapid.IntRange(0, 9).Draw(t, "wide")
		oneIn := rapid.SampledFrom([]int{0, 5, 100}).Draw(t, "odd")
		floor := rapid.SampledFrom([]float32{0, float32(math.Inf(-1))}).Draw(t, "floor")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		half := func(wide int) []float32 {
			a := strange(rng, matrix(rng, 1, wide+SumsOf(dim), wide+SumsOf(dim)), oneIn)
			return a
		}
		a, b, c := half(wide), half(wide), half(0)
		want := make([]float32, wide)
		total := Kit{&plain}.Join(a, b, c, floor, want)
		for _, kit := range Kits() {
			got := make([]float32, wide)
			if sum := kit.Join(a, b, c, floor, got); !sameBits(got, want) || !sameBits([]float32{sum}, []float32{total}) {
				t.Fatalf("%s: %v and %v, want %v and %v", kit.Name(), got, sum, want, total)
			}
		}
		for j := range want {
			if v := a[j] + b[j]; oneIn == 0 && want[j] != max(v, floor) {
				t.Fatalf("%v and %v join to %v", a[j], b[j], want[j])
			}
		}
	})
}

func TestMost(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 70 {
		p := make([]uint32, n)
		want := uint32(0)
		for i := range p {
			p[i] = rng.Uint32() >> rng.IntN(32)
			want = max(want, p[i])
		}
		for _, kn := range kernels {
			if got := kn.greatest(p); got != want {
				t.Fatalf("%s: the greatest of %v is %d", kn.name, p, got)
			}
		}
	}
}

func TestEntriesOutOfBounds(t *testing.T) {
	for name, e := range map[string]*Entries{
		"index": {Index: []uint32{3}, Value: []float32{1}, Ends: []uint32{1}, Fields: 1},
		"value": {Index: []uint32{1, 2}, Value: []float32{1}, Ends: []uint32{2}, Fields: 1},
		"end":   {Index: []uint32{1}, Value: []float32{1}, Ends: []uint32{2}, Fields: 1},
		"rows":  {Index: []uint32{1}, Value: []float32{1}, Ends: []uint32{1, 1}, Fields: 1},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("an entry with a wrong %s is taken", name)
				}
			}()
			Kit{}.Linear(make([]float32, 1), make([]float32, 3), e)
		}()
	}
}
