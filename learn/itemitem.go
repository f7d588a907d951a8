package learn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/freshet-rec/freshet/collab"
	"github.com/freshet-rec/freshet/internal/dense"
	"github.com/freshet-rec/freshet/recall"
)

// linearNeighbours is how many items each one speaks for, at most.
const linearNeighbours = 200

// linearTrial is one way to come to weights from item to item.
type linearTrial struct {
	method string
	train  func(ctx context.Context, m *collab.Matrix, workers int) (*collab.ItemItem, error)
}

// easeMost is the most items for which EASE is tried: a training takes items³ operations, and 4·items²
// bytes, some 150 MB for so many.
const easeMost = 6000

// localMost is the most items for which EASE is solved in neighbourhoods: a training takes a system of
// localNeighbours equations an item, some milliseconds.
const localMost = 50_000

// localNeighbours is how many items may speak for one there, and localChoose the power of the degree
// that co-occurrence is divided by when they are chosen.
const (
	localNeighbours = 200
	localChoose     = 0.5
)

// linearTrials are those that are tried for so many items, in this order; of equals the first is taken.
func linearTrials(items int) (list []linearTrial) {
	for _, to := range []float64{0.3, 0.5, 0.7} {
		o := cosine{to: to}
		list = append(list, linearTrial{o.String(), o.train})
	}
	if items > localMost {
		return list
	}
	if items > easeMost {
		for _, times := range []float64{2, 4, 8, 16} {
			o := local{collab.RelativeRidge{Users: 0.5, Times: times, Power: 0.25}}
			list = append(list, linearTrial{o.String(), o.train})
		}
		return list
	}
	for _, shape := range []collab.RelativeRidge{{}, {Users: 0.5, Power: 0.5, Target: 0.2}} {
		for _, times := range []float64{2, 4, 8, 16} {
			shape.Times = times
			o := ease{shape}
			list = append(list, linearTrial{o.String(), o.train})
		}
	}
	return list
}

// ease is ridge regression of each item on the others; see collab.TrainEASE.
type ease struct{ ridge collab.RelativeRidge }

// String names it with its parameters.
func (e ease) String() string { return "EASE, " + e.ridge.String() }

// train keeps the strongest neighbours of each item, and of them those that speak for another.
func (e ease) train(ctx context.Context, m *collab.Matrix, workers int) (*collab.ItemItem, error) {
	model, err := collab.TrainEASE(ctx, m, e.ridge.On(m), workers)
	if err != nil {
		return nil, err
	}
	return collab.Truncate(ctx, model, m.Items, linearNeighbours, workers)
}

// local is EASE for more items; see collab.TrainLocal.
type local struct{ ridge collab.RelativeRidge }

// String names it with its parameters.
func (l local) String() string { return "EASE in neighbourhoods, " + l.ridge.String() }

// train keeps the strongest neighbours of each item, as ease does.
func (l local) train(ctx context.Context, m *collab.Matrix, workers int) (*collab.ItemItem, error) {
	o := collab.LocalOptions{Users: l.ridge.Users, Neighbours: localNeighbours, Choose: localChoose, Workers: workers}
	models, err := collab.TrainLocal(ctx, m, o, []collab.RidgeOptions{l.ridge.On(m)})
	if err != nil {
		return nil, err
	}
	return models[0].Cut(linearNeighbours), nil
}

// TrainItemItem trains weights from item to item: each way to come to them is judged by what the
// visitors took last, and the best is trained again on everything. It returns an error that wraps
// ErrTooLittle, or that of ctx soon after its end.
func TrainItemItem(ctx context.Context, t *Taken, o RecallOptions) (*collab.ItemItem, RecallReport, error) {
	judge := NewJudge(t, recall.MostTaken, recall.LinearHalfLife)
	report, err := reportOf(ctx, t, judge)
	if err != nil {
		return nil, report, err
	}
	trials, best := linearTrials(t.IDs.Len()), -1
	tell := func(done int) {
		if o.Progress != nil {
			o.Progress(float64(done), float64(len(trials)+1))
		}
	}
	for i, trial := range trials {
		model, err := trial.train(ctx, judge.Train, max(1, o.Workers))
		if errors.Is(err, dense.ErrNotDefinite) { // too little ridge for such takes
			tell(i + 1)
			continue
		}
		if err != nil {
			return nil, report, fmt.Errorf("%s: %w", trial.method, err)
		}
		found, err := judge.Measure(ctx, summing{model})
		if err != nil {
			return nil, report, err
		}
		if best < 0 || found.sum() > report.Found.sum() {
			best, report.Found, report.Method = i, found, trial.method
		}
		tell(i + 1)
	}
	model, err := trials[best].train(ctx, t.matrix(whole), max(1, o.Workers))
	tell(len(trials) + 1)
	return model, report, err
}

// summing proposes as a route of kind linear does.
type summing struct{ model *collab.ItemItem }

// Score implements Proposer.
func (s summing) Score(scores []float32, rows []uint32, weights []float32) {
	clear(scores)
	for k, row := range rows {
		to, w := s.model.Neighbours(row)
		for i, j := range to {
			scores[j] += float32(weights[k] * w[i])
		}
	}
}

// cosine is co-occurrence, each visitor's counting 1/√n who took n items, divided by powers of how
// often both items were taken (Deshpande and Karypis, "Item-Based Top-N Recommendation Algorithms",
// TOIS 2004, sections 4.1.2 and 4.2).
type cosine struct{ to float64 } // power of the item that is spoken for

// String names it with its parameters.
func (c cosine) String() string { return fmt.Sprintf("co-occurrence, from^0.5, to^%g", c.to) }

// train takes Σ n² steps, over what each visitor took.
func (c cosine) train(ctx context.Context, m *collab.Matrix, workers int) (*collab.ItemItem, error) {
	by := m.Transposed()
	share, from, to := make([]float64, m.Users), make([]float64, m.Items), make([]float64, m.Items)
	for u := range share {
		share[u] = math.Pow(float64(max(1, len(m.Row(u)))), -0.5)
	}
	for i := range from {
		n := float64(max(1, len(by.Row(i))))
		from[i], to[i] = math.Pow(n, -0.5), math.Pow(n, -c.to)
	}
	neighbours, weights := make([][]uint32, m.Items), make([][]float32, m.Items)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			sum := make([]float64, m.Items)
			for i := int(next.Add(1) - 1); i < m.Items && ctx.Err() == nil; i = int(next.Add(1) - 1) {
				var touched []uint32
				for _, u := range by.Row(i) {
					for _, j := range m.Row(int(u)) {
						if sum[j] == 0 {
							touched = append(touched, j)
						}
						sum[j] += share[u]
					}
				}
				top := make([]float32, len(touched))
				for k, j := range touched {
					top[k] = float32(sum[j] * from[i] * to[j])
					sum[j] = 0
				}
				neighbours[i], weights[i] = strongest(touched, top, uint32(i))
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return collab.NewItemItem(neighbours, weights, linearNeighbours)
}

// strongest keeps the linearNeighbours strongest neighbours of an item beside itself, ties by item.
func strongest(items []uint32, weights []float32, own uint32) (kept []uint32, with []float32) {
	order := make([]int, 0, len(items))
	for k, item := range items {
		if item != own {
			order = append(order, k)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(weights[b], weights[a]), cmp.Compare(items[a], items[b]))
	})
	for _, k := range order[:min(len(order), linearNeighbours)] {
		kept, with = append(kept, items[k]), append(with, weights[k])
	}
	return kept, with
}
