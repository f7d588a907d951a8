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

	Recall  float64   // the RecallAt(N) to reach, in (0, 1]; 0 is 0.95. A two-hundredth is added for what is not measured
	N       int       // 0 is 200
	Queries []float32 // one behind the other, to measure with, of the kind that will come; none takes rows as queries
}

const (
	maxLists       = 1 << 16
	maxMeasured    = 256 // queries: where their recalls spread by 0.08, the standard error of the mean is 0.005
	recallMargin   = 0.005
	measureRounds  = 7    // of halving the range in which reach lies
	maxReach       = 1000 // spreads: no row is as far from its centre, except where all others are not far at all
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
	case o.PerList < 1 || o.Rounds < 0 || o.N < 1:
		return o, fmt.Errorf("%d rows a list, %d rounds, %d hits: none can be negative", o.PerList, o.Rounds, o.N)
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
	belongs := make([]uint32, x.Len())
	if err := x.lists.assign(ctx, belongs, func(i int) []float32 { return x.rows[i*dim:][:dim] }); err != nil {
		return nil, err
	}
	if err := x.file(ctx, belongs); err != nil {
		return nil, err
	}
	return x, x.measure(ctx, exact, o, rng)
}

// usualRows is how many rows of the usual spread count beside those of a list, so that the spread
// of a list of one row is not 0. A guess.
const usualRows = 4

// file puts every row into the list it belongs to, and codes it.
func (x *IVF) file(ctx context.Context, belongs []uint32) error {
	dim := x.lists.dim
	members, ends := grouped(belongs, x.Lists())
	slots := 0
	x.begin = make([]int, x.Lists()+1)
	for list, end := range ends {
		x.begin[list] = slots
		slots += (end - start(ends, list) + simd.BlockRows - 1) &^ (simd.BlockRows - 1)
	}
	x.begin[x.Lists()] = slots
	x.codes, x.row = newCoded(slots, dim), slices.Repeat([]uint32{noRow}, slots)
	x.spread = make([]float32, x.Lists())
	squares := make([]float64, x.Lists())
	err := share(ctx, x.lists.workers, x.Lists(), 1, func(list, _ int) {
		code, differs := make([]int8, x.codes.length), make([]float32, dim)
		centre := x.lists.centres[list*dim:][:dim]
		for i, member := range members[start(ends, list):ends[list]] {
			for j, v := range x.rows[int(member)*dim:][:dim] {
				differs[j] = v - centre[j]
			}
			slot := x.begin[list] + i
			x.row[slot] = member
			x.codes.put(slot, differs, code)
			size := norm(differs)
			squares[list] += float64(size * size)
		}
	})
	if err != nil {
		return err
	}
	var sum float64
	for _, s := range squares {
		sum += s
	}
	mean := sum / float64(max(1, x.Len()))
	for list := range x.spread {
		rows := float64(ends[list] - start(ends, list))
		x.spread[list] = float32(math.Sqrt((squares[list] + usualRows*mean) / (rows + usualRows)))
	}
	return nil
}

// measure sets reach to the least with which searches find the wanted share of true hits. The
// upper end of what is tried is what it takes for that share to lie in lists whose bound is not below the last true
// hit; a search finds more than that, since the last of what it has found so far is worse.
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
	query := func(i int) []float32 { return queries[sample[i]*dim:][:dim] }
	belongs := x.belongs()
	want := min(1, o.Recall+recallMargin)
	truth, taken := make([][]Hit, len(sample)), make([][]float32, len(sample))
	err := share(ctx, o.Workers, len(sample), 1, func(i, _ int) {
		truth[i] = exact.Search(nil, query(i), o.N, nil)
		taken[i] = x.taken(query(i), truth[i], belongs)
	})
	if err != nil {
		return err
	}
	all := slices.Concat(taken...)
	slices.Sort(all)
	low, high := float32(0), all[min(len(all)-1, int(math.Ceil(want*float64(len(all)))))]
	for range measureRounds {
		x.reach = low + (high-low)/2
		found := make([]int, len(sample))
		err := share(ctx, o.Workers, len(sample), 1, func(i, _ int) { found[i] = x.found(query(i), truth[i]) })
		if err != nil {
			return err
		}
		sum := 0
		for _, n := range found {
			sum += n
		}
		if float64(sum) >= want*float64(len(all)) {
			high = x.reach
		} else {
			low = x.reach
		}
	}
	x.reach = high
	return nil
}

// belongs is the list of each row.
func (x *IVF) belongs() []uint32 {
	belongs := make([]uint32, x.Len())
	for list := range x.Lists() {
		for _, row := range x.row[x.begin[list]:x.begin[list+1]] {
			if row != noRow {
				belongs[row] = uint32(list)
			}
		}
	}
	return belongs
}

// taken is for each true hit how much reach it takes for its list to be read before the search ends.
// reach must be 0.
func (x *IVF) taken(query []float32, truth []Hit, belongs []uint32) []float32 {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	p := probing{x: x, s: s, query: s.prepared(x.metric, query)}
	p.rank() // the products of the centres alone
	out := make([]float32, len(truth))
	for i, hit := range truth {
		list := belongs[hit.Row]
		missing := truth[len(truth)-1].Score - p.s.near[list]*p.near.scale
		if missing > 0 {
			out[i] = min(maxReach, missing/float32(p.near.norm*float64(x.spread[list])))
		}
	}
	return out
}

// found is how many of the true hits a search finds.
func (x *IVF) found(query []float32, truth []Hit) (n int) {
	hits := x.Search(nil, query, len(truth), nil)
	is := make(map[uint32]bool, len(hits))
	for _, hit := range hits {
		is[hit.Row] = true
	}
	for _, hit := range truth {
		if is[hit.Row] {
			n++
		}
	}
	return n
}
