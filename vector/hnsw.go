package vector

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/freshet-rec/freshet/internal/prefetch"
)

// HNSW is a hierarchical navigable small world graph (Malkov & Yashunin, IEEE TPAMI 2020): every row
// is linked to rows near to it, on the lowest layer all rows, on each layer above a random few of
// those below. A search walks from layer to layer towards the query, then over the lowest one
// keeps the Ef best rows that it meets.
//
// Links are chosen by the heuristic of the paper (Algorithm 4, keeping pruned neighbours): a row is
// linked to one that is nearer to it than to any row chosen before, and what room is left goes to
// the nearest of the others. Departures: rows are linked in batches that do not see each other, so
// that several goroutines build the same graph as one; the walk compares codes of int8, and only
// the rows that it keeps are compared by float32; for inner products the graph is one of vectors
// with one number more, which makes them equally long, so that the greatest inner product is the
// nearest (Bachrach et al., RecSys 2014); rows that no links lead to from the entry, such as a lone
// one far outside, are compared by every search; and where skip refuses so much that a quarter of all rows
// is met without an end, all rows are compared.
//
// Memory is 5 bytes a number and 8·Links+8 bytes a row. Immutable, and safe for concurrent use.
type HNSW struct {
	exact   Exact
	codes   nodeCodes
	links   int
	ef      int
	entry   uint32     // a row of the topmost layer
	near    []uint32   // the lowest layer: row r is linked to near[r·2·links:][:2·links], up to none
	place   []uint32   // by row: its number among those of higher layers, plus one; 0 for the others
	high    []uint8    // by place: how many layers above the lowest it is on
	upper   [][]uint32 // by layer above the lowest: place p is linked to upper[l][p·links:][:links], up to none
	strays  []uint32   // rows that no links lead to, ascending: every search looks at them
	walkers sync.Pool  // of *walker
}

// none ends a list of links.
const none = ^uint32(0)

// Len implements Index.
func (h *HNSW) Len() int { return h.exact.Len() }

// Dim implements Index.
func (h *HNSW) Dim() int { return h.exact.dim }

// Metric is what its scores are.
func (h *HNSW) Metric() Metric { return h.exact.metric }

// Search implements Index.
func (h *HNSW) Search(dst []Hit, query []float32, n int, skip func(row uint32) bool) []Hit {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	query = s.prepared(h.exact.metric, query)
	if n = min(n, h.Len()); n <= 0 {
		return dst
	}
	w := h.walker()
	defer h.walkers.Put(w)
	w.aim(query)
	ef := max(h.ef, n)
	w.patience = max(h.Len()/4, 4*ef)
	if ef >= h.Len() || !h.walk(w, ef, skip) || len(w.best) < n {
		return h.exact.search(s, dst, query, n, skip)
	}
	s.at = s.at[:0]
	for _, k := range w.best {
		s.at = append(s.at, k.row())
	}
	return rescoreAt(s, dst, query, n, h.exact.rows)
}

// walk leads w from the entry to the ef best rows of the lowest layer that skip does not refuse, w.best.
// It reports whether that ended before w lost its patience.
func (h *HNSW) walk(w *walker, ef int, skip func(row uint32) bool) bool {
	at := h.descend(w, 0)
	w.begin(at)
	for i, score := range w.score(h.strays) {
		if row := h.strays[i]; row != at.row() {
			w.start(stepTo(row, score), ef)
		}
	}
	return h.roam(w, 0, ef, skip)
}

// descend walks from the entry to the nearest row it finds on the layer above the given one.
func (h *HNSW) descend(w *walker, layer int) step {
	at := w.stepTo(h.entry)
	for l := len(h.upper); l > layer; l-- {
		at = h.nearest(w, l, at)
	}
	return at
}

// nearest walks over a layer from a row to ever nearer ones, until none is.
func (h *HNSW) nearest(w *walker, layer int, at step) step {
	for {
		from := at
		for i, score := range w.score(h.linked(layer, at.row())) {
			at = max(at, stepTo(w.fresh[i], score))
		}
		if at == from {
			return at
		}
	}
}

// linked are the rows that a row is linked to on a layer.
func (h *HNSW) linked(layer int, row uint32) []uint32 {
	list := h.list(layer, row)
	for n, r := range list {
		if r == none {
			return list[:n]
		}
	}
	return list
}

// maxLayers is on how many layers above the lowest a row can be: with two links, the fewest, one in
// 2^30 reaches it.
const maxLayers = 30

// stack notes on how many layers above the lowest each row is.
func (h *HNSW) stack(layers []uint32) {
	h.place = make([]uint32, len(layers))
	for row, n := range layers {
		if n > 0 {
			h.high = append(h.high, uint8(n))
			h.place[row] = uint32(len(h.high))
		}
	}
}

// layersOf is how many layers above the lowest a row is on.
func (h *HNSW) layersOf(row uint32) int {
	if p := h.place[row]; p != 0 {
		return int(h.high[p-1])
	}
	return 0
}

// topmost is the most that layersOf says of any row.
func (h *HNSW) topmost() int {
	top := uint8(0)
	for _, n := range h.high {
		top = max(top, n)
	}
	return int(top)
}

// list is the room for the links of a row on a layer.
func (h *HNSW) list(layer int, row uint32) []uint32 {
	if layer == 0 {
		return h.near[int(row)*2*h.links:][: 2*h.links : 2*h.links]
	}
	return h.upper[layer-1][int(h.place[row]-1)*h.links:][:h.links:h.links]
}

// roam walks over a layer from the rows that w has begun with, until no row that is left to look
// around from is better than the worst of ef kept ones.
func (h *HNSW) roam(w *walker, layer, ef int, skip func(row uint32) bool) bool {
	if skip != nil {
		w.best = slices.DeleteFunc(w.best, func(k step) bool { return skip(k.row()) })
		slices.Sort(w.best) // a heap again
	}
	for len(w.open) > 0 {
		at := w.open.popBest()
		if len(w.best) == ef && at < w.best[0] {
			break
		}
		if len(w.open) > 0 { // most often the next to look around from
			prefetch.Lines(unsafe.Pointer(&h.list(layer, w.open[0].row())[0]), (h.links+7)/8)
		}
		w.fresh = w.fresh[:0]
		for _, row := range h.linked(layer, at.row()) {
			if bit := uint64(1) << (row & 63); w.met[row>>6]&bit == 0 {
				w.met[row>>6] |= bit
				w.fresh = append(w.fresh, row)
			}
		}
		w.touched = append(w.touched, w.fresh...)
		if len(w.touched) > w.patience {
			return false
		}
		for i, score := range w.scored() {
			k := stepTo(w.fresh[i], score)
			if len(w.best) == ef && k < w.best[0] {
				continue
			}
			w.open.push(k)
			if skip != nil && skip(k.row()) {
				continue
			}
			if len(w.best) < ef {
				w.best.push(k)
			} else {
				w.best.replaceWorst(k)
			}
		}
	}
	return true
}

// walker is what one search needs: where it goes, and where it has been.
type walker struct {
	codes    *nodeCodes
	code     []int8   // of what is looked for
	extra    float32  // its additional number, 0 for a query
	met      []uint64 // a bit a row
	touched  []uint32 // rows whose bit is set
	patience int      // rows met at most
	open     bestFirst
	best     worstFirst
	fresh    []uint32 // rows to be scored
	scores   []int32  // of fresh
}

func (h *HNSW) walker() *walker {
	if w, ok := h.walkers.Get().(*walker); ok {
		return w
	}
	return newWalker(h.Len(), &h.codes)
}

func newWalker(rows int, c *nodeCodes) *walker {
	return &walker{codes: c, code: make([]int8, c.dim), met: make([]uint64, (rows+63)/64)}
}

// aim sets what is looked for: a query.
func (w *walker) aim(query []float32) {
	encode(w.code, query)
	w.extra = 0
}

// aimAt sets what is looked for: the surroundings of a row.
func (w *walker) aimAt(row uint32) {
	copy(w.code, w.codes.of(row))
	w.extra = w.codes.extraOf(row)
}

// begin forgets where the walker was and lets it start from rows, which count as met.
func (w *walker) begin(from ...step) {
	for _, row := range w.touched {
		w.met[row>>6] = 0
	}
	w.touched, w.open, w.best = w.touched[:0], w.open[:0], w.best[:0]
	for _, k := range from {
		w.meet(k.row())
		w.open.push(k)
		w.best.push(k)
	}
}

// start lets the walker start from one more row, of which the ef best are kept.
func (w *walker) start(s step, ef int) {
	w.meet(s.row())
	w.open.push(s)
	if len(w.best) < ef {
		w.best.push(s)
	} else if s > w.best[0] {
		w.best.replaceWorst(s)
	}
}

// meet notes that a row was met.
func (w *walker) meet(row uint32) {
	w.met[row>>6] |= 1 << (row & 63)
	w.touched = append(w.touched, row)
}

// score scores rows.
func (w *walker) score(rows []uint32) []int32 {
	w.fresh = append(w.fresh[:0], rows...)
	return w.scored()
}

// scored are the scores of fresh.
func (w *walker) scored() []int32 {
	w.scores = slices.Grow(w.scores[:0], len(w.fresh))[:len(w.fresh)]
	w.codes.score(w.scores, w.code, w.extra, w.fresh)
	return w.scores
}

func (w *walker) stepTo(row uint32) step {
	return stepTo(row, w.score([]uint32{row})[0])
}

// step is a row with its score, in one word: the greater step is to the better row, and of rows with
// equal scores to the one with the lower number.
type step uint64

func stepTo(row uint32, score int32) step { return step(uint32(score)^1<<31)<<32 | step(^row) }

func (s step) row() uint32 { return ^uint32(s) }

func (s step) score() int32 { return int32(uint32(s>>32) ^ 1<<31) }

// worstFirst is a binary heap whose first step is the least.
type worstFirst []step

func (h *worstFirst) push(k step) {
	a := append(*h, k)
	*h = a
	i := len(a) - 1
	for i > 0 {
		up := (i - 1) / 2
		if a[up] <= k {
			break
		}
		a[i] = a[up]
		i = up
	}
	a[i] = k
}

// replaceWorst puts a step in the place of the first.
func (h worstFirst) replaceWorst(k step) {
	i := 0
	for {
		down := 2*i + 1
		if down >= len(h) {
			break
		}
		if right := down + 1; right < len(h) && h[right] < h[down] {
			down = right
		}
		if h[down] >= k {
			break
		}
		h[i] = h[down]
		i = down
	}
	h[i] = k
}

// bestFirst is a binary heap whose first step is the greatest.
type bestFirst []step

func (h *bestFirst) push(k step) {
	a := append(*h, k)
	*h = a
	i := len(a) - 1
	for i > 0 {
		up := (i - 1) / 2
		if a[up] >= k {
			break
		}
		a[i] = a[up]
		i = up
	}
	a[i] = k
}

func (h *bestFirst) popBest() step {
	a := *h
	top, last := a[0], a[len(a)-1]
	a = a[:len(a)-1]
	*h = a
	if len(a) == 0 {
		return top
	}
	i := 0
	for {
		down := 2*i + 1
		if down >= len(a) {
			break
		}
		if right := down + 1; right < len(a) && a[right] > a[down] {
			down = right
		}
		if a[down] <= last {
			break
		}
		a[i] = a[down]
		i = down
	}
	a[i] = last
	return top
}
