package collab

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func someIALS(t testing.TB, users, items, dim int) (*IALS, *Matrix) {
	t.Helper()
	m := someMatrix(rand.New(rand.NewPCG(11, 11)), users, items, false)
	model, err := TrainIALS(context.Background(), m, IALSOptions{Dim: dim, Epochs: 3, Alpha0: 0.1, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return model, m
}

// slowFold solves the system of a fold-in in float64, by Gauss.
func slowFold(m *IALS, history []uint32, weights []float32) []float64 {
	k := m.dim
	a := make([][]float64, k)
	n := 0
	for r := range a {
		a[r] = make([]float64, k+1)
	}
	add := func(h []float32, c, target float64) {
		for r := range k {
			for j := range k {
				a[r][j] += c * float64(h[r]) * float64(h[j])
			}
			a[r][k] += c * target * float64(h[r])
		}
	}
	for i := range m.items {
		add(m.Vector(uint32(i)), m.alpha0, 0)
	}
	for p, i := range history {
		if int(i) >= m.items {
			continue
		}
		n++
		c := 1.0
		if weights != nil {
			c = float64(weights[p])
		}
		add(m.Vector(i), c, 1)
	}
	w := make([]float64, k)
	if n == 0 {
		return w
	}
	for r := range k {
		a[r][r] += m.lambda * math.Pow(float64(n)+m.alpha0*float64(m.items), m.nu)
	}
	for i := range k {
		for r := range k {
			if f := a[r][i] / a[i][i]; r != i {
				for j := i; j <= k; j++ {
					a[r][j] -= f * a[i][j]
				}
			}
		}
	}
	for i := range w {
		w[i] = a[i][k] / a[i][i]
	}
	return w
}

// TestFold: within 1e-4 of the length of the exact vector, whatever the order, and with items that
// the model does not know.
func TestFold(t *testing.T) {
	model, _ := someIALS(t, 200, 90, 37)
	f := model.NewFolder()
	rapid.Check(t, func(t *rapid.T) {
		history := rapid.SliceOfNDistinct(rapid.Uint32Range(0, 95), 0, 90, rapid.ID).Draw(t, "history")
		var weights []float32
		if rapid.Bool().Draw(t, "weighted") {
			weights = rapid.SliceOfN(rapid.Float32Range(0.01, 10), len(history), len(history)).Draw(t, "weights")
		}
		got, again := make([]float32, model.Dim()), make([]float32, model.Dim())
		if err := f.Fold(got, history, weights); err != nil {
			t.Fatal(err)
		}
		want, size := slowFold(model, history, weights), 0.0
		for _, v := range want {
			size += v * v
		}
		for i, v := range got {
			if math.Abs(float64(v)-want[i]) > 1e-4*math.Sqrt(size) {
				t.Fatalf("element %d is %v, want %v", i, v, want[i])
			}
		}
		slices.Reverse(history)
		slices.Reverse(weights)
		if err := model.NewFolder().Fold(again, history, weights); err != nil || !slices.Equal(got, again) {
			t.Fatalf("in another order: %v, %v", again, err)
		}
	})
}

// TestFoldIsTraining's own half step for the same row, to the bit.
func TestFoldIsTraining(t *testing.T) {
	m := someMatrix(rand.New(rand.NewPCG(12, 12)), 150, 80, true)
	o := IALSOptions{Dim: 40, Epochs: 2, Workers: 2}.withDefaults(m)
	model, err := TrainIALS(context.Background(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	training := newIALSTraining(m, &o)
	training.items.vectors = model.vectors
	if err := training.users.solve(context.Background(), &o, model.basis); err != nil {
		t.Fatal(err)
	}
	f, got := model.NewFolder(), make([]float32, o.Dim)
	for u := range m.Users {
		if err := f.Fold(got, m.Row(u), m.Weights(u)); err != nil || !slices.Equal(got, training.users.vectors[u*model.stride:][:o.Dim]) {
			t.Fatalf("user %d: %v, %v", u, got, err)
		}
	}
}

func TestFoldRefuses(t *testing.T) {
	model, _ := someIALS(t, 20, 20, 5)
	for i := range model.vectors { // so that weights can be too much for them
		model.vectors[i] *= 100
	}
	f, to := model.NewFolder(), make([]float32, 5)
	for want, weights := range map[string][]float32{
		"1 weights for 2 items": {1},
		"item 4: weight NaN":    {1, float32(math.NaN())},
		"item 3: weight -1":     {-1, 1},
		"weight +Inf":           {float32(math.Inf(1)), 1},
		"fold in 4 items":       {3e38, 3e38, 3e38, 3e38}, // more than half of the unknowns
	} {
		if err := f.Fold(to, []uint32{3, 4, 5, 6}[:max(2, len(weights))], weights); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", weights, err, want)
		}
	}
	// What failed leaves nothing behind.
	if err := f.Fold(to, []uint32{3, 4}, nil); err != nil || !finite(to) {
		t.Errorf("after that: %v, %v", to, err)
	}
}

func TestFoldTakesNoMemory(t *testing.T) {
	model, _ := someIALS(t, 50, 300, 64)
	f, to := model.NewFolder(), make([]float32, 64)
	rng := rand.New(rand.NewPCG(1, 1))
	history, weights := make([]uint32, 100), make([]float32, 100)
	for i, p := range rng.Perm(300)[:100] {
		history[i], weights[i] = uint32(p), 0.5
	}
	if n := testing.AllocsPerRun(20, func() {
		if f.Fold(to, history, weights) != nil || f.Fold(to, history, nil) != nil {
			t.Fatal("fold")
		}
	}); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

// TestScoreRows: the scores of many are those of each alone, up to rounding.
func TestScoreRows(t *testing.T) {
	model, m := someIALS(t, 600, 70, 20)
	want := make([]float32, m.Items)
	seen := make([]int, m.Users)
	all := make([][]float32, m.Users)
	err := model.ScoreRows(context.Background(), 2, m, func(u int, scores []float32) {
		seen[u]++
		all[u] = slices.Clone(scores)
	})
	if err != nil {
		t.Fatal(err)
	}
	for u := range m.Users {
		model.Score(want, m.Row(u))
		for i, s := range all[u] {
			if seen[u] != 1 || math.Abs(float64(s-want[i])) > 1e-5 {
				t.Fatalf("user %d, seen %d times, item %d: %v, want %v", u, seen[u], i, s, want[i])
			}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	if err := model.ScoreRows(ctx, 1, m, func(int, []float32) { calls++; cancel() }); err == nil || calls != 1 {
		t.Errorf("went on for %d rows after its end, %v", calls, err)
	}
	if err := model.ScoreRows(context.Background(), 1, &Matrix{Items: 71, Start: []int{0}}, nil); err == nil {
		t.Error("took a matrix of other items")
	}
}

// TestScoreBatch likewise, with a history of nothing among them.
func TestScoreBatch(t *testing.T) {
	model, m := someIALS(t, 600, 70, 20)
	histories := [][]uint32{{}}
	for u := range 40 {
		histories = append(histories, m.Row(u))
	}
	got, want := make([]float32, len(histories)*m.Items), make([]float32, m.Items)
	for k := range got {
		got[k] = 7
	}
	ScoreAll(model, got, histories)
	for r, history := range histories {
		model.Score(want, history)
		for i, s := range got[r*m.Items : (r+1)*m.Items] {
			if math.Abs(float64(s-want[i])) > 1e-5 {
				t.Fatalf("history %d, item %d: %v, want %v", r, i, s, want[i])
			}
		}
	}
	if want[0] == 0 {
		t.Error("the last history scores nothing")
	}
}

func BenchmarkFold(b *testing.B) {
	for _, dim := range []int{64, 128, 256} {
		rng := rand.New(rand.NewPCG(1, 1))
		m := someMatrix(rng, 100, 1000, false)
		model, err := TrainIALS(context.Background(), m, IALSOptions{Dim: dim, Epochs: 1, Workers: 2})
		if err != nil {
			b.Fatal(err)
		}
		history, weights := make([]uint32, 100), make([]float32, 100)
		for i, p := range rng.Perm(1000)[:100] {
			history[i], weights[i] = uint32(p), 0.5
		}
		for name, w := range map[string][]float32{"plain": nil, "weighted": weights} {
			b.Run(name+"/"+string(rune('0'+dim/100))+string(rune('0'+dim/10%10))+string(rune('0'+dim%10)), func(b *testing.B) {
				f, to := model.NewFolder(), make([]float32, dim)
				b.ReportAllocs()
				for b.Loop() {
					if err := f.Fold(to, history, w); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
