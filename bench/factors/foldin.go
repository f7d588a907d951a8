package factors

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/collab"
)

// historyLength is how many items are folded in.
const historyLength = 100

// foldIn measures one fold-in after the other, of histories that all differ, on one goroutine.
func (o *Options) foldIn(ctx context.Context) ([]bench.Line, error) {
	var lines []bench.Line
	for _, dim := range []int{64, 128} {
		small := *o
		small.Users, small.Entries = 1000, 20_000
		m, err := small.matrix()
		if err != nil {
			return nil, err
		}
		model, err := collab.TrainIALS(ctx, m, collab.IALSOptions{Dim: dim, Epochs: 1, Workers: o.Workers, Seed: o.Seed})
		if err != nil {
			return nil, err
		}
		rng := rand.New(rand.NewPCG(o.Seed, 3))
		histories := make([][]uint32, 1000)
		for h := range histories {
			for len(histories[h]) < historyLength {
				if i := uint32(rng.IntN(o.Items)); !slices.Contains(histories[h], i) {
					histories[h] = append(histories[h], i)
				}
			}
		}
		before := o.rate(1)
		folder, vector := model.NewFolder(), make([]float32, dim)
		took := make([]time.Duration, o.Folds)
		for f := range took {
			if f%1000 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			began := o.Now()
			if err := folder.Fold(vector, histories[f%len(histories)], nil); err != nil {
				return nil, err
			}
			took[f] = o.Now().Sub(began)
		}
		after := o.rate(1)
		slices.Sort(took)
		operations := rowOperations(historyLength, dim)
		limits := [2]float64{operations / before / 1000, operations / after / 1000}
		bound := fmt.Sprintf("%.2f M operations at the rate of large products", operations/1e6)
		for _, q := range []struct {
			name string
			at   int
		}{{"p50", len(took) / 2}, {"p99", len(took) * 99 / 100}} {
			lines = append(lines, against(fmt.Sprintf("foldin_%d_%s", dim, q.name), float64(took[q.at])/1000, "µs", bound, limits))
		}
	}
	return lines, nil
}
