package vector

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/freshet-rec/freshet/internal/pack"
)

// Delta is what has come and gone since an index was built: rows that were added or replaced, which
// are scanned exactly, and rows of the index that are there no longer. An index with its Delta
// gives the hits of an index of what there is now, as far as the index gives them at all.
//
// It depends on what was put and removed and not on the order of it, but for the last of each row,
// so whoever replays the same changes has the same Delta. A Delta is not safe for a change beside
// any other use.
type Delta struct {
	base   int // rows of the index
	dim    int
	metric Metric
	limit  int

	added  []uint32 // rows, in any order
	values []float32
	place  map[uint32]int      // of an added row
	gone   map[uint32]struct{} // rows of the index that do not count: removed, or replaced by one that is added
}

// ErrFull says that a Delta holds as much as it may: it is time to build the index again.
var ErrFull = errors.New("delta is full")

// NewDelta returns the empty Delta of an index of base rows of length dim. At most limit rows are
// added and as many of the index are gone, so a search takes at most a scan of limit rows more.
func NewDelta(base, dim int, metric Metric, limit int) (*Delta, error) {
	if base < 0 || base > MaxRows || limit < 0 || limit > MaxRows {
		return nil, fmt.Errorf("a delta of %d rows beside %d; an index holds %d", limit, base, MaxRows)
	}
	if err := checkRows(nil, dim, metric); err != nil {
		return nil, err
	}
	return &Delta{base: base, dim: dim, metric: metric, limit: limit, place: map[uint32]int{}, gone: map[uint32]struct{}{}}, nil
}

// Added is how many rows are added or replaced, Gone how many of the index do not count.
func (d *Delta) Added() int { return len(d.added) }
func (d *Delta) Gone() int  { return len(d.gone) }

// Put adds a row, or replaces it in the index or here. It keeps a copy of v. The error wraps
// ErrBadVector or ErrFull, and then nothing has changed.
func (d *Delta) Put(row uint32, v []float32) error {
	if err := Check(v, d.dim, d.metric); err != nil {
		return fmt.Errorf("row %d: %w", row, err)
	}
	if row >= MaxRows {
		return fmt.Errorf("row %d: %w: rows are below %d", row, ErrFull, MaxRows)
	}
	at, there := d.place[row]
	if !there && len(d.added) >= d.limit {
		return fmt.Errorf("row %d: %w: it holds %d", row, ErrFull, d.limit)
	}
	if err := d.leave(row); err != nil {
		return err
	}
	if !there {
		at = len(d.added)
		d.place[row] = at
		d.added, d.values = append(d.added, row), append(d.values, v...)
	}
	own := d.values[at*d.dim:][:d.dim]
	copy(own, v)
	if d.metric == Cosine {
		normalize(own)
	}
	return nil
}

// Remove takes a row away, wherever it is; a row that is nowhere stays there. The error wraps
// ErrFull, and then nothing has changed.
func (d *Delta) Remove(row uint32) error {
	if err := d.leave(row); err != nil {
		return err
	}
	at, there := d.place[row]
	if !there {
		return nil
	}
	last := len(d.added) - 1
	d.added[at] = d.added[last]
	copy(d.values[at*d.dim:][:d.dim], d.values[last*d.dim:])
	d.place[d.added[at]] = at
	delete(d.place, row)
	d.added, d.values = d.added[:last], d.values[:last*d.dim]
	return nil
}

// leave notes that a row of the index does not count any more.
func (d *Delta) leave(row uint32) error {
	if int64(row) >= int64(d.base) {
		return nil
	}
	if _, gone := d.gone[row]; !gone && len(d.gone) >= d.limit {
		return fmt.Errorf("row %d: %w: %d rows of the index are gone", row, ErrFull, d.limit)
	}
	d.gone[row] = struct{}{}
	return nil
}

// Search appends the best rows of index and what was added, as Index.Search does. index must be the
// one that d is of, or have its rows and metric.
func (d *Delta) Search(dst []Hit, index Index, query []float32, n int, skip func(row uint32) bool) []Hit {
	if index.Len() != d.base || index.Dim() != d.dim {
		panic(fmt.Sprintf("BUG: a delta of %d rows of %d is searched with an index of %d rows of %d", d.base, d.dim, index.Len(), index.Dim()))
	}
	stays := skip
	if len(d.gone) > 0 {
		stays = func(row uint32) bool {
			_, gone := d.gone[row]
			return gone || skip != nil && skip(row)
		}
	}
	if len(d.added) == 0 || n <= 0 {
		return index.Search(dst, query, n, stays)
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	best := &s.best
	best.begin(min(n, d.base+len(d.added)), 0, 0, 0)
	s.hits = index.Search(s.hits[:0], query, n, stays)
	for _, hit := range s.hits {
		best.add(hit.Score, hit.Row)
	}
	best.prune()
	scanRows(s, d.values, d.dim, s.prepared(d.metric, query), func(place int, score float32) {
		if row := d.added[place]; skip == nil || !skip(row) {
			best.add(score, row)
		}
	})
	return best.appendHits(dst)
}

// Pack writes d; equal Deltas write equal bytes.
func (d *Delta) Pack(w *pack.Writer) {
	w.Uint(uint64(d.metric))
	w.Len(d.base)
	w.Len(d.dim)
	w.Len(len(d.gone))
	for _, row := range slices.Sorted(maps.Keys(d.gone)) {
		w.Uint(uint64(row))
	}
	w.Len(len(d.added))
	for _, row := range slices.Sorted(slices.Values(d.added)) {
		w.Uint(uint64(row))
		for _, x := range d.values[d.place[row]*d.dim:][:d.dim] {
			w.Word32(math.Float32bits(x))
		}
	}
}

// Unpack reads into d, which is as NewDelta made it, what Pack wrote of one for the same index. A
// Delta with more rows than the limit is refused, as what is not one is.
func (d *Delta) Unpack(r *pack.Reader) {
	if metric, base, dim := r.Uint(), r.Uint(), r.Uint(); r.Err() == nil && (metric != uint64(d.metric) || base != uint64(d.base) || dim != uint64(d.dim)) {
		r.Fail("a delta of %d rows of %d, metric %d, where there are %d of %d, metric %d", base, dim, metric, d.base, d.dim, d.metric)
	}
	least := uint64(0) // the least row that may come
	next := func(what string, limit int) uint32 {
		row := r.Number(limit)
		if uint64(row) < least {
			r.Fail("row %d is not in order among those %s", row, what)
		}
		least = uint64(row) + 1
		return row
	}
	count := r.Len(1)
	d.bounded(r, count, "gone")
	for range count {
		if row := next("gone", d.base); r.Err() == nil {
			d.gone[row] = struct{}{}
		}
	}
	count, least = r.Len(1+4*d.dim), 0
	d.bounded(r, count, "added")
	for range count {
		if r.Err() != nil {
			return
		}
		d.unpackRow(r, next("added", MaxRows))
	}
}

func (d *Delta) bounded(r *pack.Reader, count int, what string) {
	if count > d.limit {
		r.Fail("%d rows are %s where there may be %d", count, what, d.limit)
	}
}

// unpackRow reads the numbers of an added row.
func (d *Delta) unpackRow(r *pack.Reader, row uint32) {
	v := make([]float32, d.dim)
	for j := range v {
		v[j] = math.Float32frombits(r.Word32())
	}
	if err := Check(v, d.dim, d.metric); err != nil {
		r.Fail("row %d: %v", row, err)
	}
	if d.metric == Cosine && math.Abs(norm(v)-1) > unitError {
		r.Fail("row %d has a length of %g instead of 1", row, norm(v))
	}
	if _, gone := d.gone[row]; !gone && int64(row) < int64(d.base) {
		r.Fail("row %d is replaced and not gone", row)
	}
	if r.Err() == nil {
		d.place[row] = len(d.added)
		d.added, d.values = append(d.added, row), append(d.values, v...)
	}
}
