package factors

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/collab"
)

// ials measures the second of two epochs: the first one also asks the system for memory.
func (o *Options) ials(ctx context.Context) ([]bench.Line, error) {
	o.Say("making a matrix of %d × %d with %d entries", o.Users, o.Items, o.Entries)
	m, err := o.matrix()
	if err != nil {
		return nil, err
	}
	before := o.rate(o.Workers)
	var ends []time.Time
	_, err = collab.TrainIALS(ctx, m, collab.IALSOptions{Dim: o.Dim, Epochs: 2, Workers: o.Workers, Seed: o.Seed, Progress: func(done, epochs int) {
		o.Say("epoch %d of %d", done, epochs)
		ends = append(ends, o.Now())
	}})
	if err != nil {
		return nil, err
	}
	after := o.rate(o.Workers)
	operations := 2*float64(len(m.Item))*float64(o.Dim)*float64(o.Dim+1) + float64(o.Users+o.Items)*rowOperations(0, o.Dim)
	bound := fmt.Sprintf("%.0f G operations at the rate of large products", operations/1e9)
	return []bench.Line{
		against("ials_epoch", ends[1].Sub(ends[0]).Seconds(), "s", bound, [2]float64{operations / before / 1e9, operations / after / 1e9}),
	}, nil
}

// matrix is a random one of that size: what users take is log-normal, as many take few things and
// few take many; and what items are taken goes down with their number, the first tenth getting a
// bit less than half.
func (o *Options) matrix() (*collab.Matrix, error) {
	rng := rand.New(rand.NewPCG(o.Seed, 2))
	share, total := make([]float64, o.Users), 0.0
	for u := range share {
		share[u] = math.Exp(rng.NormFloat64())
		total += share[u]
	}
	most, left := o.Items/2, o.Entries
	counts := make([]int, o.Users)
	for u := range counts {
		counts[u] = min(max(1, int(share[u]/total*float64(o.Entries))), most, left)
		left -= counts[u]
	}
	for u := 0; left > 0; u++ { // what was cut off and rounded
		more := min(left, 1+left/o.Users, most-counts[u%o.Users])
		counts[u%o.Users] += more
		left -= more
	}
	rows, seen := make([][]uint32, o.Users), make([]int, o.Items)
	for u, n := range counts {
		rows[u] = make([]uint32, 0, n)
		for len(rows[u]) < n {
			x := rng.Float64()
			if i := int(float64(o.Items) * x * x * x); seen[i] != u+1 {
				seen[i] = u + 1
				rows[u] = append(rows[u], uint32(i))
			}
		}
	}
	return collab.NewMatrix(rows, o.Items)
}
