package vector

import (
	"slices"

	"github.com/freshet-rec/freshet/internal/simd"
)

// IVF is an approximate index, an inverted file (Jégou, Douze and Schmid 2011, "Product
// Quantization for Nearest Neighbor Search", §4): rows are divided into lists by the centre they
// are nearest to, and a search reads the lists whose centres are nearest to the query. Beside the vectors it keeps
// dim+8 bytes a row.
//
// A row is kept as int8 codes of what it differs from its centre, which is smaller than the row and
// so coded finer; the rows with the best scores by codes are looked at again in float32. So scores are
// exact, and what may be missing is a row in a list that was not read.
type IVF struct {
	metric Metric
	rows   []float32
	lists  partition
	codes  coded
	begin  []int    // of each list, its first slot, a multiple of simd.BlockRows; and the end of the last
	row    []uint32 // of each slot; noRow where there is none
	probes int
}

// oversample is how many rows are looked at in float32 for each one wanted: measured to lose less
// than one in a thousand of what a search in float32 of the same lists finds.
const oversample = 1.5

const noRow = 1<<32 - 1

// Len is the number of rows.
func (x *IVF) Len() int { return len(x.rows) / x.lists.dim }

// Dim is the length of the vectors.
func (x *IVF) Dim() int { return x.lists.dim }

// Metric is what its scores are.
func (x *IVF) Metric() Metric { return x.metric }

// Lists is the number of lists, and Probes how many of them a search reads when nothing is skipped.
func (x *IVF) Lists() int  { return x.lists.count() }
func (x *IVF) Probes() int { return x.probes }

// Search implements Index. The scores of the hits are exact; rows of lists that were not read are
// missing. When skip refuses rows, more lists are read, as many times more as it refuses of the
// rows that come near, and at least until there are n hits; at most all are.
func (x *IVF) Search(dst []Hit, query []float32, n int, skip func(row uint32) bool) []Hit {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	query = s.prepared(x.metric, query)
	if n = min(n, x.Len()); n <= 0 {
		return dst
	}
	p := probing{x: x, s: s, query: query, skip: skip}
	s.proposed.begin(max(n, int(oversample*float64(n))), 0, 0)
	p.rank()
	for probed, until := 0, x.probes; probed < until; {
		for _, k := range p.nearest(until)[probed:] {
			p.read(int(unkey(k).Row))
		}
		probed, until = until, x.until(until, n, p.taken, p.refused)
	}
	s.proposed.prune()
	return rescore(s, dst, query, n, x.rows)
}

// until is up to how many lists are to be read after probed were: the share of rows that were taken
// stands for that of all rows near the query.
func (x *IVF) until(probed, n, taken, refused int) int {
	if taken < n {
		return min(2*probed, x.Lists())
	}
	return min(max(probed, (x.probes*(taken+refused)+taken-1)/taken), x.Lists())
}

// probing is one search under way.
type probing struct {
	x              *IVF
	s              *scratch
	query          []float32
	skip           func(row uint32) bool
	near           codedQuery // as the centres are coded, and as rows are
	taken, refused int        // rows that reached the threshold
}

// rank scores all lists by the products of their centres with the query.
func (p *probing) rank() {
	lists := &p.x.lists
	p.near = lists.codes.query(p.s.coded, p.query)
	p.s.coded = p.near.code
	if cap(p.s.near) < lists.codes.slots {
		p.s.near = make([]float32, lists.codes.slots)
	}
	p.s.near = p.s.near[:lists.codes.slots]
	lists.codes.scores(p.s.near, p.near.code, 0)
}

// nearest is the keys of the first lists in the order in which they are read.
func (p *probing) nearest(count int) []uint64 {
	order := &p.s.lists
	order.begin(count, 0, 0)
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
			if p.skip != nil && p.skip(row) {
				p.refused++
				return
			}
			p.taken++
			best.add(base+float32(scale*p.s.scores[place]), row)
		})
		best.tidy()
	}
}
