package learn

import (
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/rank"
)

// shown keeps what was shown until it is known what came of it: by request, and by visitor and item for
// events that name no request.
type shown struct {
	slates  []*slate // oldest first
	request map[string]*slate
	newest  map[exposed]place // of a visitor and an item, the newest slate
	items   int               // of all slates
	bytes   int               // that all take, about
}

// slate is one that was served.
type slate struct {
	request string
	visitor uint32
	time    int64 // of the updater when it came
	batch   rank.Batch
	items   []shownItem
	heads   int // that make forecasts of each item
}

// shownItem is one place of a slate; its row of the batch has its own number.
type shownItem struct {
	item     uint32
	rank     int        // from 0
	seen     bool       // it was on screen
	counted  bool       // it is within the bounds of influence, and was judged
	at       int64      // when it was seen
	forecast []Forecast // by head, as it was seen
	wanted   uint64     // heads whose signal came, as bits
}

// size is how many bytes a slate takes, about: its entries, the forecasts that each item has once it is
// seen, and what tables and the allocator add to it and to each of its items.
func (s *slate) size() int {
	const slateBytes, itemBytes, forecastBytes = 256, 192, 12
	return slateBytes + len(s.request) + 8*len(s.batch.Index) + 4*len(s.batch.Ends) + (itemBytes+forecastBytes*s.heads)*len(s.items)
}

// place is a place of a slate.
type place struct {
	slate *slate
	at    int
}

func newShown() shown { return shown{request: map[string]*slate{}, newest: map[exposed]place{}} }

// add keeps a slate.
func (s *shown) add(one *slate) {
	s.slates = append(s.slates, one)
	s.items += len(one.items)
	s.bytes += one.size()
	if one.request != "" {
		s.request[one.request] = one
	}
	if one.visitor == 0 {
		return
	}
	for i := range one.items {
		s.newest[exposed{one.visitor, one.items[i].item}] = place{one, i}
	}
}

// find is where an item was shown that an event is about, a place without a slate when it was not. An
// event that names a request is about no other slate.
func (s *shown) find(request string, visitor, item uint32) place {
	if request == "" {
		return s.newest[exposed{visitor, item}]
	}
	if one := s.request[request]; one != nil {
		for i := range one.items {
			if one.items[i].item == item {
				return place{one, i}
			}
		}
	}
	return place{}
}

// before takes out the oldest slate if it came before time t, nil when it did not.
func (s *shown) before(t int64) *slate {
	if len(s.slates) == 0 || s.slates[0].time >= t {
		return nil
	}
	one := s.slates[0]
	s.slates = s.slates[1:]
	s.items -= len(one.items)
	s.bytes -= one.size()
	if s.request[one.request] == one {
		delete(s.request, one.request)
	}
	for i := range one.items {
		if key := (exposed{one.visitor, one.items[i].item}); s.newest[key].slate == one {
			delete(s.newest, key)
		}
	}
	return one
}

func (s *shown) pack(w *pack.Writer) {
	w.Len(len(s.slates))
	for _, one := range s.slates {
		w.Text(one.request)
		w.Uint(uint64(one.visitor))
		w.Int(one.time)
		w.Len(len(one.batch.Index))
		for i := range one.batch.Index {
			w.Uint(uint64(one.batch.Index[i]))
			w.Single(one.batch.Value[i])
		}
		w.Len(len(one.batch.Ends))
		for _, end := range one.batch.Ends {
			w.Uint(uint64(end))
		}
		w.Len(len(one.items))
		for i := range one.items {
			it := &one.items[i]
			w.Uint(uint64(it.item))
			w.Uint(uint64(it.rank))
			w.Bool(it.seen)
			w.Bool(it.counted)
			w.Int(it.at)
			w.Uint(it.wanted)
			w.Len(len(it.forecast))
			for _, f := range it.forecast {
				for _, odds := range f {
					w.Single(odds)
				}
			}
		}
	}
}

// unpack reads slates whose rows are of a model with so many fields and weights, and heads.
func (s *shown) unpack(r *pack.Reader, fields, weights, heads int) {
	*s = newShown()
	for range r.Len(7) {
		one := &slate{request: r.Text(), visitor: uint32(r.Number(1 << 32)), time: r.Int(), heads: heads}
		for range r.Len(5) {
			one.batch.Index = append(one.batch.Index, r.Number(weights))
			one.batch.Value = append(one.batch.Value, r.Single())
		}
		for range r.Len(1) {
			end := r.Number(len(one.batch.Index) + 1)
			if n := len(one.batch.Ends); n > 0 && end < one.batch.Ends[n-1] {
				r.Fail("a row ends before it begins")
			}
			one.batch.Ends = append(one.batch.Ends, end)
		}
		for range r.Len(7) {
			it := shownItem{item: uint32(r.Number(1 << 32)), rank: int(r.Number(1 << 16)), seen: r.Bool(), counted: r.Bool(), at: r.Int(), wanted: r.Uint()}
			for range r.Len(12) {
				it.forecast = append(it.forecast, Forecast{r.Single(), r.Single(), r.Single()})
			}
			if it.seen && len(it.forecast) != heads {
				r.Fail("forecasts of %d heads, the model has %d", len(it.forecast), heads)
			}
			one.items = append(one.items, it)
		}
		if len(one.batch.Ends) != len(one.items)*fields {
			r.Fail("%d ends of fields for %d rows of %d", len(one.batch.Ends), len(one.items), fields)
		}
		if r.Err() != nil {
			return
		}
		s.add(one)
	}
}
