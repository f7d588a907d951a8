package collab_test

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet/collab"
)

// tastes is a matrix of users who take items of their own group more often, and popular ones.
func tastes(t testing.TB, users, items, groups int, seed uint64) *collab.Matrix {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	rows := make([][]uint32, users)
	for u := range rows {
		for range 4 + rng.IntN(12) {
			i := int(float64(items) * math.Pow(rng.Float64(), 2))
			if rng.IntN(4) > 0 {
				i = i/groups*groups + u%groups
			}
			rows[u] = append(rows[u], uint32(min(i, items-1)))
		}
	}
	m, err := collab.NewMatrix(rows, items)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// dense is a matrix written out, and the degrees of its users and items.
func dense(m *collab.Matrix) (x [][]float64, users, items []float64) {
	x, users, items = make([][]float64, m.Users), make([]float64, m.Users), make([]float64, m.Items)
	for u := range x {
		x[u] = make([]float64, m.Items)
		for _, i := range m.Row(u) {
			x[u][i] = 1
			users[u]++
			items[i]++
		}
	}
	return x, users, items
}

func power(d, p float64) float64 {
	if d == 0 {
		return 0
	}
	return math.Pow(d, p)
}

// together is Σ d_u^-p over the users who took both, for all pairs of items.
func together(m *collab.Matrix, p float64) [][]float64 {
	x, users, _ := dense(m)
	g := make([][]float64, m.Items)
	for i := range g {
		g[i] = make([]float64, m.Items)
		for j := range g[i] {
			for u := range x {
				g[i][j] += x[u][i] * x[u][j] * power(users[u], -p)
			}
		}
	}
	return g
}

// gauss solves A·x = b by elimination with pivots. a and b are overwritten.
func gauss(a [][]float64, b []float64) []float64 {
	n := len(b)
	for k := range n {
		best := k
		for i := k + 1; i < n; i++ {
			if math.Abs(a[i][k]) > math.Abs(a[best][k]) {
				best = i
			}
		}
		a[k], a[best], b[k], b[best] = a[best], a[k], b[best], b[k]
		for i := k + 1; i < n; i++ {
			f := a[i][k] / a[k][k]
			for j := k; j < n; j++ {
				a[i][j] -= f * a[k][j]
			}
			b[i] -= f * b[k]
		}
	}
	for k := n - 1; k >= 0; k-- {
		for j := k + 1; j < n; j++ {
			b[k] -= a[k][j] * b[j]
		}
		b[k] /= a[k][k]
	}
	return b
}

// slowRidge are the weights of item j, by the words of RidgeOptions, of all other items, or of those
// with the most co-occurrence · d^-choose alone.
func slowRidge(m *collab.Matrix, o collab.RidgeOptions, j, neighbours int, choose float64) []float64 {
	g := together(m, o.Users)
	_, _, degrees := dense(m)
	var others []int
	for i := range g {
		if i != j && degrees[i] > 0 && (neighbours == m.Items || g[i][j] > 0) {
			others = append(others, i)
		}
	}
	slices.SortStableFunc(others, func(a, b int) int {
		return cmp.Compare(g[b][j]*power(degrees[b], -choose), g[a][j]*power(degrees[a], -choose))
	})
	others = others[:min(neighbours, len(others))]
	a, b := make([][]float64, len(others)), make([]float64, len(others))
	for r, i := range others {
		for _, k := range others {
			a[r] = append(a[r], g[i][k])
		}
		a[r][r] += o.Lambda * power(degrees[i], o.Power)
		b[r] = g[i][j]
	}
	weights := make([]float64, m.Items)
	for r, x := range gauss(a, b) {
		weights[others[r]] = x * power(degrees[j], -o.Target)
	}
	return weights
}

// near fails where scores are not what an oracle says, relative to the greatest.
func near(t *rapid.T, what string, scores []float32, want []float64, tolerance float64) {
	t.Helper()
	scale := 1e-6
	for _, x := range want {
		scale = max(scale, math.Abs(x))
	}
	for i, x := range want {
		if math.Abs(float64(scores[i])-x) > tolerance*scale {
			t.Fatalf("%s: item %d scores %v, want %v", what, i, scores[i], x)
		}
	}
}

func TestItemCFOracle(t *testing.T) {
	m := tastes(t, 30, 17, 3, 1)
	_, _, degrees := dense(m)
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.SampledFrom([]float64{0, 0.3, 0.5, 1})
		o := collab.ItemCFOptions{Users: draw.Draw(t, "users"), History: draw.Draw(t, "history"), Target: draw.Draw(t, "target")}
		history := rapid.SliceOfNDistinct(rapid.Uint32Range(0, 16), 0, 9, rapid.ID[uint32]).Draw(t, "history items")
		model, err := collab.TrainItemCF(context.Background(), m, o, 2)
		if err != nil {
			t.Fatal(err)
		}
		g := together(m, o.Users)
		want := make([]float64, m.Items)
		for j := range want {
			for _, i := range history {
				want[j] += power(degrees[i], -o.History) * g[i][j] * power(degrees[j], -o.Target)
			}
		}
		scores := make([]float32, m.Items)
		model.Score(scores, append(history, 99)) // 99 came after the model
		near(t, "item-item", scores, want, 1e-5)
		for range 2 { // a walk leaves nothing behind
			collab.Walk(model).Score(scores, append(history, 99))
			near(t, "item-item by walks", scores, want, 1e-5)
		}
	})
}

func TestRidgeOracle(t *testing.T) {
	m := tastes(t, 40, 15, 3, 2)
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.SampledFrom([]float64{0, 0.3, 0.5})
		o := collab.RidgeOptions{Users: draw.Draw(t, "users"), Power: draw.Draw(t, "power"), Target: draw.Draw(t, "target"), Lambda: rapid.SampledFrom([]float64{0.3, 2, 20}).Draw(t, "lambda")}
		n := rapid.IntRange(1, m.Items-1).Draw(t, "neighbours")
		whole, part := make([][]float64, m.Items), make([][]float64, m.Items) // by i: how it speaks for j
		for i := range whole {
			whole[i], part[i] = make([]float64, m.Items), make([]float64, m.Items)
		}
		for j := range m.Items {
			for i, x := range slowRidge(m, o, j, m.Items, 0) {
				whole[i][j] = x
			}
			for i, x := range slowRidge(m, o, j, n, 0.51) { // no two alike by chance
				part[i][j] = x
			}
		}
		ease, err := collab.TrainEASE(context.Background(), m, o, 2)
		if err != nil {
			t.Fatal(err)
		}
		local, err := collab.TrainLocal(context.Background(), m, collab.LocalOptions{Users: o.Users, Neighbours: n, Choose: 0.51, Workers: 2}, []collab.RidgeOptions{o})
		if err != nil {
			t.Fatal(err)
		}
		for i := range whole {
			scores := make([]float32, m.Items)
			ease.Score(scores, []uint32{uint32(i), 99})
			near(t, "EASE", scores, whole[i], 1e-4)
			local[0].Score(scores, []uint32{uint32(i)})
			near(t, "local", scores, part[i], 2e-3)
		}
	})
}

func TestLocalNeighbourhood(t *testing.T) {
	m := tastes(t, 60, 24, 3, 3)
	o := collab.RidgeOptions{Users: 0.5, Lambda: 2}
	var models []*collab.ItemItem
	for _, workers := range []int{1, 3} {
		trained, err := collab.TrainLocal(context.Background(), m, collab.LocalOptions{Users: 0.5, Neighbours: 4, Choose: 0.5, Workers: workers}, []collab.RidgeOptions{{Users: 0.5, Lambda: 9}, o})
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, trained[1])
	}
	incoming := make([]int, m.Items)
	for i := range uint32(m.Items) {
		items, weights := models[0].Neighbours(i)
		other, otherWeights := models[1].Neighbours(i)
		for k, j := range items {
			incoming[j]++
			if other[k] != j || otherWeights[k] != weights[k] {
				t.Fatalf("three workers have another model: item %d", i)
			}
		}
	}
	for j, n := range incoming {
		if n > 4 {
			t.Errorf("%d items speak for item %d; at most 4 were asked for", n, j)
		}
	}
}

func TestLinearRefuses(t *testing.T) {
	m := tastes(t, 9, 5, 2, 4)
	ctx := context.Background()
	one := []collab.RidgeOptions{{Lambda: 1}}
	for what, err := range map[string]error{
		"power":       second(collab.TrainItemCF(ctx, m, collab.ItemCFOptions{History: math.NaN()}, 1)),
		"lambda":      second(collab.TrainEASE(ctx, m, collab.RidgeOptions{}, 1)),
		"target":      second(collab.TrainEASE(ctx, m, collab.RidgeOptions{Lambda: 1, Target: 9}, 1)),
		"neighbours":  second(collab.TrainLocal(ctx, m, collab.LocalOptions{Workers: 1}, one)),
		"other users": second(collab.TrainLocal(ctx, m, collab.LocalOptions{Users: 1, Neighbours: 2, Workers: 1}, one)),
		"rank":        second(collab.TrainSpectrum(ctx, m, collab.SpectrumOptions{})),
		"rounds":      second(collab.TrainSpectrum(ctx, m, collab.SpectrumOptions{Rank: 1, Rounds: -1})),
		"no parts":    second(collab.NewBlend(m, 0)),
		"weight":      second(collab.NewBlend(m, 0, collab.Part{Model: collab.TrainPopular(m), Weight: float32(math.Inf(1))})),
		"method":      second(collab.Tune(ctx, m, collab.TuneOptions{}, "magic")),
		"share":       second(collab.Tune(ctx, m, collab.TuneOptions{Share: 0.9}, "popular")),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	for what, err := range map[string]error{
		"EASE":     second(collab.TrainEASE(stopped, m, one[0], 1)),
		"local":    second(collab.TrainLocal(stopped, m, collab.LocalOptions{Neighbours: 2, Workers: 1}, one)),
		"spectrum": second(collab.TrainSpectrum(stopped, m, collab.SpectrumOptions{Rank: 2})),
		"tune":     second(collab.Tune(stopped, m, collab.TuneOptions{}, "popular")),
		"truncate": second(collab.Truncate(stopped, collab.TrainPopular(m), m.Items, 2, 1)),
	} {
		if err == nil {
			t.Errorf("%s, stopped: no error", what)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestOfNothing(t *testing.T) {
	for _, rows := range [][][]uint32{{}, {{}, {}}} {
		for _, items := range []int{0, 3} {
			m, err := collab.NewMatrix(rows, items)
			if err != nil {
				t.Fatal(err)
			}
			ctx, scores := context.Background(), make([]float32, items)
			ease, err := collab.TrainEASE(ctx, m, collab.RidgeOptions{Lambda: 1, Power: 1}, 2)
			if err != nil {
				t.Fatal(err)
			}
			ease.Score(scores, nil)
			local, err := collab.TrainLocal(ctx, m, collab.LocalOptions{Neighbours: 2, Workers: 2}, []collab.RidgeOptions{{Lambda: 1}})
			if err != nil {
				t.Fatal(err)
			}
			local[0].Score(scores, nil)
			spectrum, err := collab.TrainSpectrum(ctx, m, collab.SpectrumOptions{Rank: 4})
			if err != nil {
				t.Fatal(err)
			}
			filter, err := spectrum.Filter(collab.FilterOptions{Rank: spectrum.Rank()})
			if err != nil {
				t.Fatal(err)
			}
			filter.Score(scores, nil)
			for i, x := range scores {
				if x != 0 {
					t.Errorf("item %d of nothing scores %v", i, x)
				}
			}
			if _, err := collab.Tune(ctx, m, collab.TuneOptions{}, "popular"); err == nil {
				t.Error("settings were searched on nothing")
			}
		}
	}
}
