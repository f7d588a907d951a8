package rank

import "github.com/freshet-rec/freshet/internal/dense"

// Slate is rows of one request on their way through Halves. Rows are added and then scored; Reset
// makes it ready for others. Use Halves.NewSlate. It is for one goroutine.
type Slate struct {
	h       *Halves
	items   []*half // by row
	request []*half // by row; those that follow each other share one
	rest    Batch   // of what is of the row itself
	own     []*half // room for those that are not kept, and of requests; of which used are in use
	used    int
	key     key
	encoded Batch
	room    *room
	still   []float32 // sums of nothing
	x       []float32
	rowSums []float32
	linear  []float32
}

// NewSlate returns an empty slate.
func (h *Halves) NewSlate() *Slate {
	s := &Slate{h: h, still: make([]float32, h.sums), linear: make([]float32, block)}
	rows := dense.RowsOfLayer(block)
	if h.fm != nil {
		s.x = make([]float32, rows*h.apart())
		s.rowSums = make([]float32, rows*h.sums)
	}
	s.room = &room{pairs: make([]float32, rows), deep: make([]float32, rows)}
	if h.deep != nil {
		widest := max(h.wide, h.deep.widest)
		s.room.x = make([]float32, rows*h.wide)
		s.room.a, s.room.b = make([]float32, rows*widest), make([]float32, rows*widest)
	}
	return s
}

// apart is how far rows of the input of the fields of the row itself are.
func (h *Halves) apart() int { return apartFor(len(h.fields[OfRow]) * h.fm.Dim) }

// Reset empties the slate and keeps its room.
func (s *Slate) Reset() {
	s.items, s.request, s.used = s.items[:0], s.request[:0], 0
	s.rest.Reset()
}

// Add adds a row, which must have what the schema's Names list.
func (s *Slate) Add(row *Row) {
	h := s.h
	hash := s.key.read(h.schema, h.fields[OfItem], row)
	item := h.kept.find(hash, &s.key)
	if item == nil {
		item = &half{key: s.key.clone()}
		h.compute(OfItem, row, &s.encoded, item)
		h.kept.put(hash, item)
	}
	s.items = append(s.items, item)

	s.key.read(h.schema, h.fields[OfRequest], row)
	if n := len(s.request); n > 0 && s.request[n-1].key.equal(&s.key) {
		s.request = append(s.request, s.request[n-1])
	} else {
		request := s.take()
		request.key, s.key = s.key, request.key
		h.compute(OfRequest, row, &s.encoded, request)
		s.request = append(s.request, request)
	}
	for _, field := range h.fields[OfRow] {
		h.schema.encode(&s.rest, field, row)
	}
}

// take returns a half of the slate's own.
func (s *Slate) take() *half {
	if s.used == len(s.own) {
		s.own = append(s.own, new(half))
	}
	s.used++
	return s.own[s.used-1]
}

// Rows is how many rows were added.
func (s *Slate) Rows() int { return len(s.items) }

// Predict writes the log-odds of each row to odds, which must have a place for each.
func (s *Slate) Predict(odds []float32) {
	odds = odds[:len(s.items)]
	for from := 0; from < len(odds); from += block {
		s.block(from, odds[from:min(from+block, len(odds))])
	}
}

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
	for i := range odds {
		odds[i] = ((h.lr.Bias + s.items[from+i].linear) + s.request[from+i].linear) + linear[i]
	}
	if h.fm == nil {
		return
	}
	floor, to := float32(0), s.room.x
	if own > 0 {
		floor = unbounded
		h.lr.kit.Pool(s.room.pairs[:n], h.fm.Vectors, h.fm.Dim, &e, s.x, h.apart(), s.rowSums)
	}
	for i := range odds {
		sums := s.still
		if own > 0 {
			sums = s.rowSums[i*h.sums:][:h.sums]
		}
		odds[i] += h.lr.kit.Join(s.items[from+i].sums, s.request[from+i].sums, sums, floor, to[i*h.wide:][:h.wide]) / 2
	}
	if h.deep == nil {
		return
	}
	if own > 0 {
		h.first[OfRow].Apply(n, s.x, h.apart(), to, to, true)
	}
	for i, v := range h.deep.output(n, to, s.room) {
		odds[i] += v
	}
}
