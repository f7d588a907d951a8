package rank

import (
	"math"

	"github.com/freshet-rec/freshet/internal/dense"
)

// Slate is rows of one request on their way through Halves. Rows are added and then scored; Reset
// makes it ready for others. Use Halves.NewSlate. It is for one goroutine.
type Slate struct {
	h       *Halves
	items   []*half // by row
	request []*half // by row; rows that follow each other share one
	rest    Batch   // of what is of the row itself
	missing missing // of items
	own     []*half // room for halves of requests and for items that are not kept; used of them are
	used    int

	// Room for Predict.
	encoded Batch
	still   []float32 // sums of nothing
	linear  []float32
	pairs   []float32
	x       []float32 // pooled vectors
	sums    []float32 // of them
	wide    []float32 // of the first layer
	room    *room
}

// missing are halves of one part whose fields are encoded, and nothing more.
type missing struct {
	halves []*half
	hashes []uint64
	kept   []bool // put it on the shelf when it is there
	batch  Batch
}

// NewSlate returns an empty slate.
func (h *Halves) NewSlate() *Slate {
	rows := dense.RowsOfLayer(block)
	s := &Slate{h: h, still: make([]float32, h.sums), linear: make([]float32, block), pairs: make([]float32, block)}
	if h.fm != nil {
		apart := 0
		for p := range parts {
			apart = max(apart, h.apart(p))
		}
		s.x, s.sums = make([]float32, rows*apart), make([]float32, rows*h.sums)
	}
	if h.deep != nil {
		s.wide = make([]float32, rows*h.wide)
		s.room = h.deep.take(h.fm.Dim)
	}
	return s
}

// Reset empties the slate and keeps its room.
func (s *Slate) Reset() {
	s.items, s.request, s.used = s.items[:0], s.request[:0], 0
	s.rest.Reset()
	s.missing.reset()
}

func (m *missing) reset() {
	m.halves, m.hashes, m.kept = m.halves[:0], m.hashes[:0], m.kept[:0]
	m.batch.Reset()
}

// Add adds a row, which must have what the schema's Names list. The row is not needed any more.
func (s *Slate) Add(row *Row) {
	h := s.h
	ground := &h.ground[OfItem]
	hash := ground.hash(row)
	item := h.kept.find(hash, ground, row)
	if item == nil {
		kept := h.kept.keeps(ground.size(row))
		if kept {
			item = &half{key: keyOf(make(key, 0, ground.size(row)), ground, row)}
		} else {
			item = s.take()
		}
		m := &s.missing
		m.halves, m.hashes, m.kept = append(m.halves, item), append(m.hashes, hash), append(m.kept, kept)
		h.encode(&m.batch, OfItem, row)
	}
	s.items = append(s.items, item)

	ground = &h.ground[OfRequest]
	if n := len(s.request); n > 0 && s.request[n-1].key.of(ground, row) {
		s.request = append(s.request, s.request[n-1])
	} else {
		request := s.take()
		request.key = keyOf(request.key[:0], ground, row)
		s.request = append(s.request, request)
		s.encoded.Reset()
		h.encode(&s.encoded, OfRequest, row)
		s.compute(OfRequest, &s.encoded, 0, s.request[n:])
	}
	h.encode(&s.rest, OfRow, row)
}

// take returns a half of the slate's own.
func (s *Slate) take() *half {
	if s.used == len(s.own) {
		s.own = append(s.own, new(half))
	}
	s.used++
	return s.own[s.used-1]
}

// compute makes the halves of a part of rows of a batch, from row from on: a block at most.
func (s *Slate) compute(p Part, b *Batch, from int, into []*half) {
	h, n, fields := s.h, len(into), len(s.h.fields[p])
	for _, f := range into {
		f.linear = 0
		if len(f.sums) != h.wide+h.sums {
			f.sums = make([]float32, h.wide+h.sums)
		}
	}
	if fields == 0 {
		for _, f := range into {
			clear(f.sums)
			if h.deep != nil {
				copy(f.sums, h.first[p].Bias())
			}
		}
		return
	}
	e := rowsOf(b, fields, from, n)
	h.lr.kit.Linear(s.linear[:n], h.lr.Weights, &e)
	for i, f := range into {
		f.linear = s.linear[i]
	}
	if h.fm == nil {
		return
	}
	h.lr.kit.Pool(s.pairs[:n], h.fm.Vectors, h.fm.Dim, &e, s.x, h.apart(p), s.sums)
	if h.deep != nil {
		h.first[p].Apply(n, s.x, h.apart(p), h.first[p].Bias(), s.wide, false)
	}
	for i, f := range into {
		copy(f.sums[copy(f.sums, s.wide[i*h.wide:][:h.wide]):], s.sums[i*h.sums:][:h.sums])
	}
}

// Rows is how many rows were added.
func (s *Slate) Rows() int { return len(s.items) }

// Predict writes the log-odds of each row to odds, which must have a place for each.
func (s *Slate) Predict(odds []float32) {
	m := &s.missing
	for from := 0; from < len(m.halves); from += block {
		s.compute(OfItem, &m.batch, from, m.halves[from:min(from+block, len(m.halves))])
	}
	for i, f := range m.halves {
		if m.kept[i] {
			s.h.kept.put(m.hashes[i], f)
		}
	}
	m.reset()
	odds = odds[:len(s.items)]
	for from := 0; from < len(odds); from += block {
		s.block(from, odds[from:min(from+block, len(odds))])
	}
}

// unbounded is a floor below everything.
var unbounded = float32(math.Inf(-1))

// block is Predict for a few rows from row from on. The parts are added up in one order: the item's,
// the request's, the row's own.
func (s *Slate) block(from int, odds []float32) {
	h, n, own := s.h, len(odds), len(s.h.fields[OfRow])
	var e dense.Entries
	linear := s.linear[:n]
	clear(linear)
	if own > 0 {
		e = rowsOf(&s.rest, own, from, n)
		h.lr.kit.Linear(linear, h.lr.Weights, &e)
	}
	items, request := s.items[from:][:n], s.request[from:][:n]
	for i := range odds {
		odds[i] = ((h.lr.Bias + items[i].linear) + request[i].linear) + linear[i]
	}
	if h.fm == nil {
		return
	}
	floor := float32(0)
	if own > 0 {
		floor = unbounded
		h.lr.kit.Pool(s.pairs[:n], h.fm.Vectors, h.fm.Dim, &e, s.x, h.apart(OfRow), s.sums)
	}
	for i := range odds {
		sums := s.still
		if own > 0 {
			sums = s.sums[i*h.sums:][:h.sums]
		}
		odds[i] += h.lr.kit.Join(items[i].sums, request[i].sums, sums, floor, s.wide[i*h.wide:][:h.wide]) / 2
	}
	if h.deep == nil {
		return
	}
	if own > 0 {
		h.first[OfRow].Apply(n, s.x, h.apart(OfRow), s.wide, s.wide, true)
	}
	for i, v := range h.deep.output(n, s.wide, s.room) {
		odds[i] += v
	}
}
