package learn

import (
	"context"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
)

// slateRows are the rows of a slate, read where its record stands: what was on screen of it is learned
// from as it was ranked, and not as it stood once others of the slate had been on screen.
type slateRows struct {
	visitor freshet.Visitor // "" for nobody
	group   uint32
	items   []uint32
	rows    rank.Rows // of items
}

// slatesKept are the rows of the newest slates by request, and of those before.
type slatesKept struct {
	now, before map[string]*slateRows
	bytes       int // of now
}

const (
	keptBytes  = 32 << 20 // of the newest slates, and of those of before likewise
	slateBytes = 256      // about what a slate takes beside its request and its rows
)

// put keeps a slate whose rows take so many bytes.
func (k *slatesKept) put(request string, s *slateRows, bytes int) {
	if len(s.items) == 0 {
		return // there is nothing to find
	}
	bytes += slateBytes + len(request)
	if k.now == nil || k.bytes+bytes > keptBytes {
		k.now, k.before, k.bytes = map[string]*slateRows{}, k.now, 0
	}
	k.now[request] = s
	k.bytes += bytes
}

// find returns the row of an item that was served to a visitor, or to nobody, for a request, and its group;
// ok is false when that is not known. What others do with a slate says nothing about the visitor in its rows.
func (k *slatesKept) find(request string, visitor freshet.Visitor, item uint32) (row rank.Row, group uint32, ok bool) {
	for _, slates := range []map[string]*slateRows{k.now, k.before} {
		if s := slates[request]; s != nil && (s.visitor == visitor || s.visitor == "") {
			if at := slices.Index(s.items, item); at >= 0 {
				return s.rows.Row(at), s.group, true
			}
		}
	}
	return row, 0, false
}

// letGo reports that a slate was served whose rows are not kept.
func (h *History) letGo(request string) bool {
	if h.kept.now[request] != nil || h.kept.before[request] != nil {
		return false
	}
	_, now := h.asked[request]
	_, before := h.before[request]
	return now || before
}

// Likeness counts how the rows of the slates in a journal compare with what their records say of the rows
// that were served.
type Likeness struct {
	Equal     int `json:"equal"`     // to the bit
	Different int `json:"different"` // the record stands some milliseconds after the row was read, and something came between
	Anew      int `json:"anew"`      // served under other definitions or by other routes: there is nothing to be equal to
	// Gone counts exposures of slates whose rows were not kept, or not any longer: they were read when the
	// exposure was told.
	Gone int `json:"gone,omitempty"`
}

// build keeps the rows of a slate whose record comes next.
func (h *History) build(ctx context.Context, record *slateOf) error {
	if !h.Exposures || h.entries <= h.Warmup || record.Request == "" {
		return nil
	}
	visitor, q := h.State.Visitor(record.Visitor), h.q(record.Time)
	asServed := h.asServed(record)
	var anew map[uint32]*recall.Candidate
	if !asServed {
		req := h.State.Request(visitor, q)
		req.External = (&fold.Served{Routes: record.Routes}).External()
		candidates, err := h.State.Candidates(ctx, h.Asks, req)
		if err != nil {
			return err
		}
		anew = byItem(candidates)
	}
	weights := (&fold.Served{Routes: record.Routes}).Weights(func(route string) float64 { return h.weights[route] })
	h.groups++
	s, bytes := &slateRows{visitor: record.Visitor, group: h.groups}, 0
	h.builder.Start(visitor, q, record.Context)
	for i := range record.Items {
		it := &record.Items[i]
		item := h.State.Items.Find(it.Item)
		if item == 0 {
			continue
		}
		c := recall.Candidate{Item: item} // shown for another reason
		if asServed {
			c = it.Candidate(item, weights)
		} else if found := anew[item]; found != nil {
			c = *found
		}
		row := h.builder.Row(&c)
		s.items = append(s.items, item)
		s.rows.Append(row)
		bytes += 8*len(row.Numbers) + 8*len(row.Words) + 4*len(row.Ends) + 12 // its item, and where its words start
		switch {
		case !asServed || it.Row == "" || record.Definitions != h.State.Definitions:
			h.likeness.Anew++
		case it.Row == fold.RowHash(row):
			h.likeness.Equal++
		default:
			h.likeness.Different++
		}
	}
	h.kept.put(record.Request, s, bytes)
	return nil
}

// asServed reports that what routes proposed for a slate is what they would say now, so that its record
// is asked and not they: they are those that its scene has, and none goes by a model of a rehearsal.
func (h *History) asServed(record *slateOf) bool {
	if h.State.Live(fold.ItemItem).Name != "" && h.State.Live(fold.ItemItem).SHA256 == "" {
		return false
	}
	routes, ok := h.Scenes[record.Scene]
	return ok && slices.EqualFunc(routes, record.Routes, func(name string, r fold.ServedRoute) bool { return name == r.Name })
}

// byItem are candidates by their item.
func byItem(candidates []recall.Candidate) map[uint32]*recall.Candidate {
	items := make(map[uint32]*recall.Candidate, len(candidates))
	for i := range candidates {
		items[candidates[i].Item] = &candidates[i]
	}
	return items
}

// Likeness is that of the slates so far.
func (h *History) Likeness() Likeness { return h.likeness }
