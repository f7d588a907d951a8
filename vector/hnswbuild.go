package vector

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
)

// HNSWOptions say how a graph is built. The zero value suits catalogues of up to some million rows.
type HNSWOptions struct {
	Metric  Metric
	Links   int    // links that a row gives on a layer, 2 to 64; on the lowest it may have twice as many; 0 is 16
	Breadth int    // rows kept while a row's links are looked for, Links to 4,096; 0 is 128
	Ef      int    // rows that a search keeps, up to 65,536, never less than are asked for; 0 is 256
	Seed    uint64 // of the order in which rows are linked and the layers that they reach
	Workers int    // goroutines, which the graph does not depend on; 0 is one
}

// The bounds of HNSWOptions. The most links are what a row's layers can hold beside each other in two
// lines of the cache; 16 and 128 are those at which 0.95 of the best 200 of clustered vectors are found
// fastest, with a build of a minute a million rows.
const (
	minLinks, maxLinks, usualLinks = 2, 64, 16
	maxBreadth, usualBreadth       = 4096, 128
	maxEf, usualEf                 = 65_536, 256
)

func (o *HNSWOptions) fill() error {
	for _, f := range []struct {
		name               string
		value              *int
		usual, least, most int
	}{
		{"Links", &o.Links, usualLinks, minLinks, maxLinks},
		{"Breadth", &o.Breadth, max(usualBreadth, o.Links), max(o.Links, minLinks), maxBreadth},
		{"Ef", &o.Ef, usualEf, 1, maxEf},
		{"Workers", &o.Workers, 1, 1, 1024},
	} {
		if *f.value == 0 {
			*f.value = f.usual
		}
		if *f.value < f.least || *f.value > f.most {
			return fmt.Errorf("%s of an HNSW is %d; it is %d to %d", f.name, *f.value, f.least, f.most)
		}
	}
	return nil
}

// Batches of rows that are linked without seeing each other: at most one in batchShare of the rows
// that are linked already, so that what they miss is little, and maxBatch.
const (
	batchShare = 32
	maxBatch   = 2048
)

// NewHNSW builds the graph of vectors, which lie one behind the other, dim numbers each; it keeps
// them, and they must not change. The same vectors and options give the same graph, for any number
// of workers. Errors: an option out of bounds, what Check says of a vector, the end of ctx.
func NewHNSW(ctx context.Context, vectors []float32, dim int, o HNSWOptions) (*HNSW, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	exact, err := NewExact(vectors, dim, o.Metric)
	if err != nil {
		return nil, err
	}
	h := &HNSW{exact: *exact, links: o.Links, ef: o.Ef, codes: newNodeCodes(exact.rows, dim)}
	h.codes.lengthen()
	b := &builder{h: h, o: o}
	b.layout()
	for done := 0; done < len(b.order); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		size := min(max(1, done/batchShare), maxBatch, len(b.order)-done)
		b.link(b.order[done : done+size])
		done += size
	}
	h.codes.extra = nil
	h.strays = h.unreached()
	return h, nil
}

// builder is a graph under construction.
type builder struct {
	h       *HNSW
	o       HNSWOptions
	order   []uint32 // in which rows are linked
	layers  int      // above the lowest that the entry is on
	walkers []*walker
	backs   []back
}

// back is a link that the row at its end may return.
type back struct {
	layer    int
	at, from uint32
}

// layout gives every row its layers and room for its links: the number of layers above the lowest
// is ⌊−ln(u)/ln(Links)⌋ for a random u in (0, 1].
func (b *builder) layout() {
	h, n := b.h, b.h.Len()
	rng := rand.New(rand.NewPCG(b.o.Seed, 0x486e5357))
	h.near = filled(n * 2 * h.links)
	b.order = make([]uint32, n)
	for i, row := range rng.Perm(n) {
		b.order[i] = uint32(row)
	}
	layers := make([]uint32, n)
	for row := range layers {
		layers[row] = uint32(min(-math.Log(1-rng.Float64())/math.Log(float64(h.links)), maxLayers))
	}
	h.stack(layers)
	h.upper = make([][]uint32, h.topmost())
	for l := range h.upper {
		h.upper[l] = filled(len(h.high) * h.links)
	}
	if n > 0 {
		h.entry = b.order[0]
		b.layers = h.layersOf(h.entry)
	}
	for range b.o.Workers {
		w := newWalker(n, &h.codes)
		w.patience = n + 1
		b.walkers = append(b.walkers, w)
	}
}

func filled(n int) []uint32 {
	list := make([]uint32, n)
	for i := range list {
		list[i] = none
	}
	return list
}

// link brings a batch of rows into the graph.
func (b *builder) link(batch []uint32) {
	each(b.walkers, len(batch), func(w *walker, i int) { b.reach(w, batch[i]) })
	b.backs = b.backs[:0]
	for _, row := range batch {
		for l := range b.h.layersOf(row) + 1 {
			for _, to := range b.h.linked(l, row) {
				b.backs = append(b.backs, back{l, to, row})
			}
		}
	}
	slices.SortFunc(b.backs, func(x, y back) int {
		switch {
		case x.layer != y.layer:
			return x.layer - y.layer
		case x.at != y.at:
			return int(int64(x.at) - int64(y.at))
		}
		return int(int64(x.from) - int64(y.from))
	})
	var starts []int
	for i, x := range b.backs {
		if i == 0 || x.layer != b.backs[i-1].layer || x.at != b.backs[i-1].at {
			starts = append(starts, i)
		}
	}
	starts = append(starts, len(b.backs))
	each(b.walkers, len(starts)-1, func(w *walker, i int) { b.giveBack(w, b.backs[starts[i]:starts[i+1]]) })
	for _, row := range batch {
		if l := b.h.layersOf(row); l > b.layers {
			b.layers, b.h.entry = l, row
		}
	}
}

// each calls do with 0 to n-1, on a goroutine a walker.
func each(walkers []*walker, n int, do func(w *walker, i int)) {
	if n == 1 || len(walkers) == 1 {
		for i := range n {
			do(walkers[0], i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, w := range walkers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(w, i)
			}
		})
	}
	wg.Wait()
}

// reach links a row to those near it that are in the graph, on each of its layers.
func (b *builder) reach(w *walker, row uint32) {
	if row == b.h.entry {
		return // the first
	}
	h := b.h
	w.aimAt(row)
	top := min(h.layersOf(row), b.layers)
	at := b.descend(w, top)
	w.begin(at)
	for l := top; l >= 0; l-- {
		h.roam(w, l, b.o.Breadth, nil)
		slices.Sort(w.best)
		slices.Reverse(w.best)
		found := slices.Clone(w.best)
		b.choose(w, h.list(l, row)[:0], found, h.links)
		if l > 0 {
			w.begin(found...)
		}
	}
}

// descend is HNSW.descend from the topmost layer that is built so far.
func (b *builder) descend(w *walker, layer int) step {
	h := b.h
	at := w.stepTo(h.entry)
	for l := b.layers; l > layer; l-- {
		at = h.nearest(w, l, at)
	}
	return at
}

// giveBack links the row at the end of new links to those that they come from, and drops what its
// list has no room for.
func (b *builder) giveBack(w *walker, backs []back) {
	h, layer, row := b.h, backs[0].layer, backs[0].at
	list := h.list(layer, row)
	had := len(h.linked(layer, row))
	if had+len(backs) <= len(list) {
		for i, x := range backs {
			list[had+i] = x.from
		}
		return
	}
	w.aimAt(row)
	w.fresh = append(w.fresh[:0], list[:had]...)
	for _, x := range backs {
		w.fresh = append(w.fresh, x.from)
	}
	w.open = w.open[:0]
	for i, score := range w.scored() {
		w.open = append(w.open, stepTo(w.fresh[i], score))
	}
	slices.Sort(w.open)
	slices.Reverse(w.open)
	b.choose(w, list[:0], w.open, len(list))
}

// unreached are the rows to which no links lead from the entry, nor from a row among them that has a
// lower number.
func (h *HNSW) unreached() (strays []uint32) {
	reached, next := make([]bool, h.Len()), []uint32{}
	follow := func(from uint32) {
		reached[from] = true
		for next = append(next[:0], from); len(next) > 0; {
			row := next[len(next)-1]
			next = next[:len(next)-1]
			for _, to := range h.linked(0, row) {
				if !reached[to] {
					reached[to] = true
					next = append(next, to)
				}
			}
		}
	}
	if h.Len() > 0 {
		follow(h.entry)
	}
	for row := range uint32(h.Len()) {
		if !reached[row] {
			strays = append(strays, row)
			follow(row)
		}
	}
	return strays
}

// choose appends to list up to n of the rows found, which are sorted, best first: Algorithm 4 of the
// paper, pruned neighbours kept. What is left of the list's room is ended by none.
func (b *builder) choose(w *walker, list []uint32, found []step, n int) {
	var pruned []uint32
	for _, k := range found {
		if len(list) == n {
			break
		}
		if b.between(w, k, list) {
			pruned = append(pruned, k.row())
			continue
		}
		list = append(list, k.row())
	}
	for _, row := range pruned {
		if len(list) == n {
			break
		}
		list = append(list, row)
	}
	rest := list[len(list):cap(list)]
	for i := range rest {
		rest[i] = none
	}
}

// between reports whether one of the rows is nearer to k's row than what k was found for.
func (b *builder) between(w *walker, k step, rows []uint32) bool {
	c := &b.h.codes
	w.scores = slices.Grow(w.scores[:0], len(rows))[:len(rows)]
	c.score(w.scores, c.of(k.row()), c.extraOf(k.row()), rows)
	for _, score := range w.scores {
		if score > k.score() {
			return true
		}
	}
	return false
}
