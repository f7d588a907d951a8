package vector

import (
	"slices"

	"github.com/freshet-rec/freshet/internal/simd"
)

// IVF is an approximate index, an inverted file (Jégou, Douze and Schmid 2011, "Product
// Quantization for Nearest Neighbor Search", §4): rows are divided into lists by the centre they
// are nearest to, and a search reads the lists in which the best may be.
//
// For a list with centre c whose rows are spread by s around it, no row is likely to score more
// than q·c + reach·‖q‖·s. Lists are read in the order of that bound, until it falls below the
// last of the n best found. So a list of long or scattered rows, which products favour, comes
// earlier than its centre alone would say, an easy query reads few lists, and one whose best rows are
// skipped reads on until it has others. Reach is measured when the index is built: it is the least
// with which the wanted share of true hits lies in lists whose bound is not below the last of
// them. (Others read a fixed number of lists, in the order of their centres. Measured on clustered
// vectors that takes as many lists where rows are of about one length, and nine times as many where
// the logarithm of the length has a standard deviation of 1.)
//
// A row is kept as int8 codes of what it differs from its centre, which is smaller than the row and
// so coded finer; the rows with the best scores by codes are looked at again in float32. So scores are
// exact, and what may be missing is a row in a list that was not read. Beside the vectors an index
// keeps dim+8 bytes a row.
type IVF struct {
	metric Metric
	rows   []float32
	lists  partition
	spread []float32 // of each list, the root of the mean square of what its rows differ from the centre
	codes  coded
	begin  []int    // of each list, its first slot, a multiple of simd.BlockRows; and the end of the last
	row    []uint32 // of each slot; noRow where there is none
	reach  float32
}

// oversample is how many rows are looked at in float32 for each one wanted. Measured on 100,000
// clustered vectors of 64, with all lists read: 1 loses 2 in 1,000 of the true hits, 1.1 fewer than 1 in 10,000.
const oversample = 1.25

// firstLists is how many lists are put in order at first; then twice as many, and so on.
const firstLists = 32

const noRow = 1<<32 - 1

// Len is the number of rows.
func (x *IVF) Len() int { return len(x.rows) / x.lists.dim }

// Dim is the length of the vectors.
func (x *IVF) Dim() int { return x.lists.dim }

// Metric is what its scores are.
func (x *IVF) Metric() Metric { return x.metric }

// Lists is the number of lists.
func (x *IVF) Lists() int { return x.lists.count() }

// Reach is how far into a list a search looks, in spreads of its rows.
func (x *IVF) Reach() float32 { return x.reach }

// Search implements Index. The scores of the hits are exact; rows of lists that were not read are
// missing, but there are n hits when there are n rows that skip does not refuse: at most all lists are read.
func (x *IVF) Search(dst []Hit, query []float32, n int, skip func(row uint32) bool) []Hit {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	query = s.prepared(x.metric, query)
	if n = min(n, x.Len()); n <= 0 {
		return dst
	}
	x.propose(s, query, n, skip)
	return rescore(s, dst, query, n, x.rows)
}

// propose gathers the rows with the best scores by codes, and returns how many lists it read.
func (x *IVF) propose(s *scratch, query []float32, n int, skip func(row uint32) bool) (read int) {
	p := probing{x: x, s: s, query: query, skip: skip}
	best := &s.proposed
	best.begin(n, int((oversample-1)*float64(n)), 0, 0)
	p.rank()
	for until := firstLists; ; until *= 2 {
		order := p.nearest(min(until, x.Lists()))
		if read == len(order) { // all, or none because the query is not a vector
			best.prune()
			return read
		}
		for _, k := range order[read:] {
			list := unkey(k)
			if list.Score*p.near.scale < best.last {
				best.prune()
				return read
			}
			p.read(int(list.Row))
			read++
		}
	}
}

// probing is one search under way.
type probing struct {
	x     *IVF
	s     *scratch
	query []float32
	skip  func(row uint32) bool
	near  codedQuery // as the centres are coded, and as rows are
}

// rank scores all lists by their bounds, in units of the query's scale.
func (p *probing) rank() {
	lists := &p.x.lists
	p.near = lists.codes.query(p.s.coded, p.query)
	p.s.coded = p.near.code
	if cap(p.s.near) < lists.codes.slots {
		p.s.near = make([]float32, lists.codes.slots)
	}
	p.s.near = p.s.near[:lists.codes.slots]
	lists.codes.scores(p.s.near, p.near.code, 0)
	if p.near.scale > 0 {
		reach := p.x.reach * float32(p.near.norm/float64(p.near.scale))
		for i, spread := range p.x.spread {
			p.s.near[i] += float32(reach * spread)
		}
	}
}

// nearest is the keys of the first lists in the order in which they are read.
func (p *probing) nearest(count int) []uint64 {
	order := &p.s.lists
	order.begin(count, 0, 0, 0)
	for from := 0; from < len(p.s.near); from += chunk {
		m := copy(p.s.scores[:], p.s.near[from:])
		eachAtLeast(p.s.padded(m), order.least, func(place int) { order.add(p.s.scores[place], uint32(from+place)) })
		order.tidy()
	}
	order.prune()
	slices.Sort(order.keys)
	slices.Reverse(order.keys)
	return order.keys
}

// read offers the rows of a list.
func (p *probing) read(list int) {
	x, best := p.x, &p.s.proposed
	dim := x.lists.dim
	base := simd.Dot(p.query, x.lists.centres[list*dim:][:dim])
	scale := p.near.scale
	for from, end := x.begin[list], x.begin[list+1]; from < end; from += chunk {
		m := min(chunk, end-from)
		x.codes.scores(p.s.scores[:m], p.near.code, from)
		least := best.least
		if scale > 0 {
			least = (least - base) / scale
		}
		eachAtLeast(p.s.padded(m), least, func(place int) {
			row := x.row[from+place]
			if p.skip == nil || !p.skip(row) {
				best.add(base+float32(scale*p.s.scores[place]), row)
			}
		})
		best.tidy()
	}
}
