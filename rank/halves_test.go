package rank

import (
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet/internal/dense"
)

// drawnPart is what the names of drawModel say.
func drawnPart(name string) Part {
	switch {
	case strings.HasPrefix(name, "item.") || name == "price":
		return OfItem
	case strings.HasPrefix(name, "user.") || name == "age":
		return OfRequest
	}
	return OfRow
}

// TestHalves holds slates against Predict: on every kernel, whose bits must agree, with items kept and
// not, and of rows alone.
func TestHalves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		m, n := drawModel(t, rng), rapid.SampledFrom([]int{0, 1, 2, 5, 48, 49, 130}).Draw(t, "rows")
		part := rapid.SampledFrom([]func(string) Part{drawnPart, func(string) Part { return OfRow }, func(string) Part { return OfItem }, func(string) Part { return OfRequest }}).Draw(t, "part")
		rows := make([]*Row, n)
		for i := range rows {
			if rows[i] = drawRow(rng); i > 0 && rng.IntN(3) > 0 {
				rows[i] = rows[rng.IntN(i)]
			}
		}
		b := &Batch{}
		for _, row := range rows {
			m.Fields.Encode(b, row)
		}
		for _, model := range []Model{&m.LR, &m.FM, m} {
			want := make([]float32, n)
			model.Predict(b, want)
			var first []float32
			for _, kit := range dense.Kits() {
				for _, bytes := range []int{0, 10_000, 1 << 20} {
					h, err := NewHalves(On(kit.Name(), model), part, bytes)
					if model == m && len(m.Layers) < 2 {
						if err == nil {
							t.Fatal("a DeepFM of one layer is parted")
						}
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					s, odds := h.NewSlate(), make([]float32, n)
					for range 2 {
						s.Reset()
						for _, row := range rows {
							s.Add(row)
						}
						s.Predict(odds)
						checkOdds(t, kit.Name(), odds, want, first)
						if first == nil {
							first = append([]float32{}, odds...)
						}
					}
					if n > 0 {
						at := rng.IntN(n)
						s.Reset()
						s.Add(rows[at])
						if s.Predict(odds[:1]); math.Float32bits(odds[0]) != math.Float32bits(first[at]) {
							t.Fatalf("%s: row %d is %v alone and %v among others", kit.Name(), at, odds[0], first[at])
						}
					}
				}
			}
		}
	})
}

func checkOdds(t *rapid.T, name string, odds, want, first []float32) {
	for i, got := range odds {
		if math.Abs(float64(got-want[i])) > 1e-4*(1+math.Abs(float64(want[i]))) {
			t.Fatalf("%s: row %d is %v, and %v by Predict", name, i, got, want[i])
		}
		if first != nil && math.Float32bits(got) != math.Float32bits(first[i]) {
			t.Fatalf("%s: row %d is %v, and was %v", name, i, got, first[i])
		}
	}
}

// TestHalvesTogether scores the same rows in many goroutines that share what is kept, which has
// less room than there are items.
func TestHalvesTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		m := drawModel(t, rng)
		h, err := NewHalves(&m.FM, drawnPart, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		rows := make([]*Row, 60)
		for i := range rows {
			rows[i] = drawRow(rng)
		}
		score := func() []float32 {
			s, odds := h.NewSlate(), make([]float32, len(rows))
			for _, row := range rows {
				s.Add(row)
			}
			s.Predict(odds)
			return odds
		}
		want := score()
		all := make([][]float32, 4)
		var wg sync.WaitGroup
		for g := range all {
			wg.Go(func() { all[g] = score() })
		}
		wg.Wait()
		for _, odds := range all {
			checkOdds(t, "together", odds, want, want)
		}
	})
}

// TestShelf is about the bound: what a full shelf of the largest halves takes is no more than said.
func TestShelf(t *testing.T) {
	for _, bytes := range []int{0, 5000, 1 << 16, 1 << 20} {
		var s shelf
		const sums = 640
		s.init(bytes, sums)
		if most := len(s.places) * (8 + headBytes + 8*mostKey + sums); most > bytes || most < bytes/2-10_000 {
			t.Errorf("of %d bytes a shelf of %d places takes %d", bytes, len(s.places), most)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		g := &ground{lists: [][2]int{{0, 1}}}
		for range 10_000 {
			row := &Row{Words: []Token{Token(rng.IntN(3000))}, Ends: []uint32{1}}
			if f := s.find(g.hash(row), g, row); f == nil {
				if s.keeps(g.size(row)) {
					s.put(g.hash(row), &half{key: keyOf(nil, g, row)})
				}
			} else if f.key[0] != row.Words[0] {
				t.Fatalf("%v is found for %v", f.key, row)
			}
		}
	}
	var s shelf
	if s.init(1<<20, 100); s.keeps(mostKey+1) || !s.keeps(mostKey) {
		t.Error("a key that is larger than counted is kept, or one as large is not")
	}
}
