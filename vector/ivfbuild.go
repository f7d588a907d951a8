package vector

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/freshet-rec/freshet/internal/simd"
)

// IVFOptions say how an IVF is built. The zero IVFOptions are good.
type IVFOptions struct {
	Lists   int    // in 1 to 65,536 and at most one a row; 0 is 4·√rows
	PerList int    // rows for each list that the centres are trained on; 0 is 64
	Rounds  int    // of training; 0 is 8
	Seed    uint64 // equal vectors, options and seeds give equal indexes
	Workers int    // goroutines; 0 is one a processor

	Probes  int       // lists that a search reads; 0 measures how many it takes:
	Recall  float64   // the RecallAt(N) to reach, in (0, 1]; 0 is 0.95. A hundredth is added for what was not measured
	N       int       // 0 is 200
	Queries []float32 // one behind the other, to measure with, of the kind that will come; none takes rows as queries
}

const (
	maxLists       = 1 << 16
	maxMeasured    = 256 // queries; the standard error of a recall of 0.95 is then below 0.01 where those of queries spread by 0.15
	recallMargin   = 0.01
	defaultPerList = 64
	defaultRounds  = 8
	defaultRecall  = 0.95
	defaultN       = 200
)

// withDefaults fills in what is zero.
func (o IVFOptions) withDefaults(rows int) (IVFOptions, error) {
	set := func(v *int, standard int) {
		if *v == 0 {
			*v = standard
		}
	}
	set(&o.Lists, min(maxLists, int(4*math.Sqrt(float64(rows)))))
	set(&o.PerList, defaultPerList)
	set(&o.Rounds, defaultRounds)
	set(&o.N, defaultN)
	if o.Recall == 0 {
		o.Recall = defaultRecall
	}
	switch {
	case o.Lists < 0 || o.Lists > maxLists:
		return o, fmt.Errorf("%d lists; there can be 1 to %d", o.Lists, maxLists)
	case o.PerList < 1 || o.Rounds < 0 || o.N < 1 || o.Probes < 0:
		return o, fmt.Errorf("%d rows a list, %d rounds, %d hits, %d probes: none can be negative", o.PerList, o.Rounds, o.N, o.Probes)
	case !(o.Recall > 0 && o.Recall <= 1):
		return o, fmt.Errorf("a recall of %g; it must be above 0 and at most 1", o.Recall)
	}
	o.Lists = min(o.Lists, rows)
	return o, nil
}

// NewIVF builds an index of the rows of length dim that lie one behind the other in vectors, as
// NewExact does. It ends early, with the error of ctx, when ctx does.
func NewIVF(ctx context.Context, vectors []float32, dim int, metric Metric, options IVFOptions) (*IVF, error) {
	exact, err := NewExact(vectors, dim, metric)
	if err != nil {
		return nil, err
	}
	o, err := options.withDefaults(exact.Len())
	if err != nil {
		return nil, fmt.Errorf("build an inverted file: %w", err)
	}
	if err := checkRows(o.Queries, dim, metric); err != nil {
		return nil, fmt.Errorf("queries to measure with: %w", err)
	}
	x := &IVF{metric: metric, rows: exact.rows, lists: partition{dim: dim, workers: o.Workers}}
	rng := rand.New(rand.NewPCG(o.Seed, 0x1f))
	if err := x.lists.train(ctx, x.rows, o.Lists, o.PerList, o.Rounds, rng); err != nil {
		return nil, err
	}
	if err := x.file(ctx); err != nil {
		return nil, err
	}
	if x.probes = min(o.Probes, x.Lists()); o.Probes == 0 {
		err = x.measure(ctx, exact, o, rng)
	}
	return x, err
}

// file puts every row into the list of its centre, and codes it.
func (x *IVF) file(ctx context.Context) error {
	dim := x.lists.dim
	row := func(i int) []float32 { return x.rows[i*dim:][:dim] }
	belongs := make([]uint32, x.Len())
	if err := x.lists.assign(ctx, belongs, row); err != nil {
		return err
	}
	members, ends := grouped(belongs, x.Lists())
	slots := 0
	x.begin = make([]int, x.Lists()+1)
	for list, end := range ends {
		x.begin[list] = slots
		slots += (end - start(ends, list) + simd.BlockRows - 1) &^ (simd.BlockRows - 1)
	}
	x.begin[x.Lists()] = slots
	x.codes, x.row = newCoded(slots, dim), slices.Repeat([]uint32{noRow}, slots)
	return share(ctx, x.lists.workers, x.Lists(), 1, func(list, _ int) {
		code, differs := make([]int8, x.codes.length), make([]float32, dim)
		centre := x.lists.centres[list*dim:][:dim]
		for i, member := range members[start(ends, list):ends[list]] {
			for j, v := range row(int(member)) {
				differs[j] = v - centre[j]
			}
			slot := x.begin[list] + i
			x.row[slot] = member
			x.codes.put(slot, differs, code)
		}
	})
}

// measure sets probes to how many lists must be read to find the share of the true hits that is
// wanted, on average over the queries: for each true hit, the rank of its list is how many it takes.
func (x *IVF) measure(ctx context.Context, exact *Exact, o IVFOptions, rng *rand.Rand) error {
	dim := x.lists.dim
	queries := o.Queries
	if len(queries) == 0 {
		queries = exact.rows
	}
	if len(queries) == 0 {
		return nil
	}
	sample := rng.Perm(len(queries) / dim)[:min(maxMeasured, len(queries)/dim)]
	belongs := make([]uint32, x.Len())
	for list := range x.Lists() {
		for _, row := range x.row[x.begin[list]:x.begin[list+1]] {
			if row != noRow {
				belongs[row] = uint32(list)
			}
		}
	}
	ranks := make([][]int, len(sample))
	err := share(ctx, o.Workers, len(sample), 1, func(i, _ int) {
		query := queries[sample[i]*dim:][:dim]
		s := scratches.Get().(*scratch)
		defer scratches.Put(s)
		p := probing{x: x, s: s, query: s.prepared(x.metric, query)}
		p.rank()
		rank := make([]int, x.Lists())
		for place, k := range p.nearest(x.Lists()) {
			rank[unkey(k).Row] = place
		}
		for _, hit := range exact.Search(nil, query, o.N, nil) {
			ranks[i] = append(ranks[i], rank[belongs[hit.Row]])
		}
	})
	if err != nil {
		return err
	}
	found, all := make([]int, x.Lists()), 0
	for _, of := range ranks {
		all += len(of)
		for _, rank := range of {
			found[rank]++
		}
	}
	want, have := min(1, o.Recall+recallMargin)*float64(all), 0
	for rank, count := range found {
		if have += count; float64(have) >= want {
			x.probes = rank + 1
			return nil
		}
	}
	x.probes = x.Lists()
	return nil
}
