package learn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/freshet-rec/freshet/collab"
	"github.com/freshet-rec/freshet/internal/dense"
	"github.com/freshet-rec/freshet/recall"
)

// linearNeighbours is how many items each one speaks for, at most.
const linearNeighbours = 200

// linearTrial is some ways to come to weights from item to item, which are trained together.
type linearTrial struct {
	methods []string
	// train trains those of the methods that are wanted, by number; nil is all of them.
	train func(ctx context.Context, m *collab.Matrix, workers int, wanted []int) ([]*collab.ItemItem, error)
}

// alone is a trial of one way.
func alone(method string, train func(ctx context.Context, m *collab.Matrix, workers int) (*collab.ItemItem, error)) linearTrial {
	return linearTrial{[]string{method}, func(ctx context.Context, m *collab.Matrix, workers int, _ []int) ([]*collab.ItemItem, error) {
		model, err := train(ctx, m, workers)
		return []*collab.ItemItem{model}, err
	}}
}

// easeMost is the most items for which EASE is tried: a training takes items³ operations, and 4·items²
// bytes, some 150 MB for so many.
const easeMost = 6000

// localMost is the most items for which EASE is solved in neighbourhoods: with four ridges at once an item
// and a neighbour take 60 bytes, so many 600 MB.
const localMost = 50_000

// localWork bounds items × pairs there: making the system of an item reads at most all pairs, and does,
// where its neighbours are what everybody takes. So many are some two minutes of a processor.
const localWork = 1 << 35

// linearTrials are those that are tried for so many items and pairs, in this order; of equals the first
// is taken.
func linearTrials(items, pairs int) (list []linearTrial) {
	for _, to := range []float64{0.3, 0.5, 0.7} {
		o := cosine{to: to}
		list = append(list, alone(o.String(), o.train))
	}
	if items <= easeMost {
		for _, shape := range []collab.RelativeRidge{{}, {Users: 0.5, Power: 0.5, Target: 0.2}} {
			for _, times := range []float64{2, 4, 8, 16} {
				shape.Times = times
				o := ease{shape}
				list = append(list, alone(o.String(), o.train))
			}
		}
	} else if items <= localMost && items*pairs <= localWork {
		l := local{}
		for _, times := range []float64{2, 4, 8, 16} {
			l.ridges = append(l.ridges, collab.RelativeRidge{Users: 0.5, Times: times, Power: 0.25})
		}
		list = append(list, linearTrial{l.names(), l.train})
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

// local is EASE for more items, of several ridges with the same power of users; see collab.TrainLocal.
type local struct{ ridges []collab.RelativeRidge }

// names tells the ridges apart.
func (l local) names() (list []string) {
	for _, r := range l.ridges {
		list = append(list, "EASE in neighbourhoods, "+r.String())
	}
	return list
}

// train keeps the strongest neighbours of each item, as ease does.
func (l local) train(ctx context.Context, m *collab.Matrix, workers int, wanted []int) ([]*collab.ItemItem, error) {
	var ridges []collab.RidgeOptions
	for k, r := range l.ridges {
		if wanted == nil || slices.Contains(wanted, k) {
			ridges = append(ridges, r.On(m))
		}
	}
	o := collab.LocalOptions{Users: l.ridges[0].Users, Neighbours: collab.LocalNeighbours, Choose: collab.LocalChoose, Workers: workers}
	models, err := collab.TrainLocal(ctx, m, o, ridges)
	for k, model := range models {
		models[k] = model.Cut(linearNeighbours)
	}
	return models, err
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
	trials, best, method := linearTrials(judge.Train.Items, len(judge.Train.Item)), -1, 0
	tell := func(done int) {
		if o.Progress != nil {
			o.Progress(float64(done), float64(len(trials)+1))
		}
	}
	for i, trial := range trials {
		models, err := trial.train(ctx, judge.Train, max(1, o.Workers), nil)
		if errors.Is(err, dense.ErrNotDefinite) { // too little ridge for EASE of such takes
			tell(i + 1)
			continue
		}
		if err != nil {
			return nil, report, fmt.Errorf("%s: %w", strings.Join(trial.methods, "; "), err)
		}
		for k, model := range models {
			found, err := judge.Measure(ctx, summing{model})
			if err != nil {
				return nil, report, err
			}
			if best < 0 || found.sum() > report.Found.sum() {
				best, method, report.Found, report.Method = i, k, found, trial.methods[k]
			}
		}
		tell(i + 1)
	}
	models, err := trials[best].train(ctx, t.matrix(whole), max(1, o.Workers), []int{method})
	if err != nil {
		return nil, report, fmt.Errorf("%s: %w", report.Method, err)
	}
	tell(len(trials) + 1)
	return models[0], report, nil
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
