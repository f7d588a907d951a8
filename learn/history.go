package learn

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// HistoryOptions say how rows are made of a journal.
type HistoryOptions struct {
	State *fold.State // empty; History folds it
	Kinds freshet.EventKinds
	Asks  []fold.Ask // how the routes are asked, as serving does
	// Exposures says that the journal knows what was on screen. Then each exposure is a row,
	// positive when the visitor wanted the item within Window. Otherwise each item wanted that
	// recall had proposed is a positive row, with Negatives others of its candidates.
	Exposures bool
	Window    freshet.Duration // 0 is 30 minutes
	Negatives int              // 0 is 4
	Warmup    int              // entries folded before the first row, so that recall has tables
	Slack     freshet.Duration // how far behind the newest event a row may be read
	Seed      uint64
}

// History is a fold of the journal that makes point-in-time rows on the way: each is built
// from the state before the event that gives its label, and from recall tables that only
// earlier events have shaped.
type History struct {
	HistoryOptions
	rows    *Rows
	builder *fold.RowBuilder
	rng     *rand.Rand
	entries int
	open    []exposure              // rows whose label may still come, oldest first
	waiting map[exposed][]exposure  // the same by visitor and item
	wanted  map[exposed]int64       // when somebody last wanted something, within the window
	recent  map[uint32]*recollected // candidates by visitor
	asked   map[string]fold.Context // context by request, nil for none; of the newest requests
	before  map[string]fold.Context // the same of those before

	said, saidBefore map[string]map[string][]recall.External // likewise what routes that ask outside were answered
}

type exposed struct{ visitor, item uint32 }

type exposure struct {
	key  exposed
	time int64
	row  int
}

// recollected are the candidates of a visitor, good for exposures of the same moment.
type recollected struct {
	time  int64
	said  string // the request whose answers from outside are in them, "" for none
	items map[uint32]*recall.Candidate
}

const (
	attributionWindow = 30 * freshet.Minute
	sampledNegatives  = 4
	sameMoment        = 30 * freshet.Second // how long a visitor's candidates are kept
	recollectedMost   = 4096                // visitors whose candidates are kept
	askedMost         = 1 << 15             // requests whose context is kept, and as many before
	saidMost          = 1 << 11             // requests whose answers from outside are kept, likewise: some 10 KB each
	wantedMost        = 1 << 16             // wishes remembered before old ones are looked for
)

// NewHistory returns a History that has folded nothing.
func NewHistory(o HistoryOptions) *History {
	if o.Window == 0 {
		o.Window = attributionWindow
	}
	if o.Negatives == 0 {
		o.Negatives = sampledNegatives
	}
	names := o.State.RowNames()
	if o.Exposures {
		names.Numbers = append(names.Numbers, exposedRank)
	}
	return &History{HistoryOptions: o, rows: NewRows(names), builder: o.State.NewRowBuilder(),
		rng: rand.New(rand.NewPCG(o.Seed, 1)), waiting: map[exposed][]exposure{}, wanted: map[exposed]int64{}, recent: map[uint32]*recollected{}, asked: map[string]fold.Context{}, said: map[string]map[string][]recall.External{}}
}

// Apply folds in the next entry, after making what rows it gives.
func (h *History) Apply(ctx context.Context, e *stream.Entry) error {
	h.entries++
	if e.Event != nil && !e.Late && e.Event.Item != "" {
		if err := h.harvest(ctx, e.Event); err != nil {
			return err
		}
	}
	if e.Served != nil {
		h.served(e.Served)
	}
	h.State.Apply(e)
	return nil
}

// served keeps the context that a slate was asked with, and what was said outside.
func (h *History) served(text []byte) {
	var record struct {
		Request string             `json:"request_id"`
		Context fold.Context       `json:"context"`
		Routes  []fold.ServedRoute `json:"routes"`
	}
	if err := json.Unmarshal(text, &record); err != nil {
		return // it says nothing
	}
	if len(h.asked) >= askedMost {
		h.asked, h.before = map[string]fold.Context{}, h.asked
	}
	h.asked[record.Request] = record.Context
	if said := (&fold.Served{Routes: record.Routes}).External(); said != nil {
		if len(h.said) >= saidMost {
			h.said, h.saidBefore = map[string]map[string][]recall.External{}, h.said
		}
		h.said[record.Request] = said
	}
}

// external is what was said outside for the slate that the event answers, so that its row has the
// candidates of then; nil when that is not known, or nobody was asked.
func (h *History) external(e *freshet.Event) map[string][]recall.External {
	if said, ok := h.said[e.Request]; ok {
		return said
	}
	return h.saidBefore[e.Request]
}

// request is what routes are asked for the visitor of an event at time q.
func (h *History) request(visitor uint32, q int64, e *freshet.Event) *recall.Request {
	req := h.State.Request(visitor, q)
	req.External = h.external(e)
	return req
}

// context is that of the request which the event answers, so that a row is the one served; of an
// event that answers none known, its own.
func (h *History) context(e *freshet.Event) map[string]any {
	for _, asked := range []map[string]fold.Context{h.asked, h.before} {
		if c, ok := asked[e.Request]; ok {
			return c
		}
	}
	return e.Context
}

// Rows returns the rows made. Exposures whose window has not passed say nothing yet and are
// left out, with what came after the first of them.
func (h *History) Rows() *Rows {
	h.expire(h.State.Newest)
	if len(h.open) > 0 {
		h.rows.Truncate(h.open[0].row)
	}
	return h.rows
}

func (h *History) harvest(ctx context.Context, e *freshet.Event) error {
	visitor, item := h.State.Visitor(e.Visitor()), h.State.Items.Find(e.Item)
	kind := h.Kinds.Of(e.Name)
	switch {
	case kind.Signal.Positive():
		defer delete(h.recent, visitor) // what the visitor wants has changed
		if h.Exposures {
			h.attribute(exposed{visitor, item}, e.Time)
			return nil
		}
		if h.entries > h.Warmup && visitor != 0 && item != 0 {
			return h.contrast(ctx, visitor, item, e)
		}
	case kind.Signal == freshet.SignalImpression && h.Exposures && h.entries > h.Warmup:
		return h.expose(ctx, visitor, item, e)
	}
	return nil
}

// q is the time rows of an event at t are read for.
func (h *History) q(t int64) int64 { return max(t, h.State.Newest-int64(h.Slack)) }

// expose makes the row of an exposure, negative until something else is known.
func (h *History) expose(ctx context.Context, visitor, item uint32, e *freshet.Event) error {
	if visitor == 0 || item == 0 { // the first that is known of either: nothing to learn from
		return nil
	}
	h.expire(h.State.Newest)
	key := exposed{visitor, item}
	if wanted, ok := h.wanted[key]; ok && wanted >= e.Time && wanted <= e.Time+int64(h.Window) {
		return nil // it is told after what it led to: the features know that already
	}
	q := h.q(e.Time)
	r, said := h.recent[visitor], ""
	if h.external(e) != nil {
		said = e.Request
	}
	if r == nil || q-r.time > int64(sameMoment) || r.said != said {
		candidates, err := h.State.Candidates(ctx, h.Asks, h.request(visitor, q, e))
		if err != nil {
			return err
		}
		r = &recollected{time: q, said: said, items: make(map[uint32]*recall.Candidate, len(candidates))}
		for i := range candidates {
			r.items[candidates[i].Item] = &candidates[i]
		}
		if len(h.recent) >= recollectedMost {
			clear(h.recent)
		}
		h.recent[visitor] = r
	}
	c := r.items[item]
	if c == nil {
		c = &recall.Candidate{Item: item} // shown for another reason
	}
	at := h.rows.Len()
	h.builder.Start(visitor, q, h.context(e))
	shownAt := math.NaN() // not told
	if e.Rank > 0 {
		shownAt = float64(e.Rank)
	}
	row := h.builder.Row(c)
	row.Numbers = append(row.Numbers, shownAt)
	if err := h.rows.Add(row, false); err != nil {
		return err
	}
	shown := exposure{key, e.Time, at}
	h.open = append(h.open, shown)
	h.waiting[key] = append(h.waiting[key], shown)
	return nil
}

// attribute gives an item wanted at time t to its last exposure within the window before.
func (h *History) attribute(key exposed, t int64) {
	h.expire(h.State.Newest)
	if len(h.wanted) >= wantedMost {
		for other, at := range h.wanted {
			if at < h.State.Newest-int64(h.Window) {
				delete(h.wanted, other)
			}
		}
	}
	h.wanted[key] = max(h.wanted[key], t)
	for _, shown := range slices.Backward(h.waiting[key]) {
		if t >= shown.time && t-shown.time <= int64(h.Window) {
			h.rows.Label(shown.row, true)
			return
		}
	}
}

// expire closes exposures whose window has passed.
func (h *History) expire(newest int64) {
	n := 0
	for n < len(h.open) && h.open[n].time < newest-int64(h.Window) {
		key := h.open[n].key
		if rows := h.waiting[key]; len(rows) > 1 {
			h.waiting[key] = rows[1:]
		} else {
			delete(h.waiting, key)
		}
		n++
	}
	h.open = h.open[n:]
}

// contrast makes the row of a wanted item that recall had proposed, and those of others it
// proposed at the same moment.
func (h *History) contrast(ctx context.Context, visitor, item uint32, e *freshet.Event) error {
	if _, seen := h.State.Histories.Seen(visitor, item); seen {
		return nil
	}
	q := h.q(e.Time)
	candidates, err := h.State.Candidates(ctx, h.Asks, h.request(visitor, q, e))
	if err != nil {
		return err
	}
	found := -1
	for i := range candidates {
		if candidates[i].Item == item {
			found = i
		}
	}
	if found < 0 || len(candidates) < 2 {
		return nil
	}
	h.builder.Start(visitor, q, h.context(e))
	if err := h.rows.Add(h.builder.Row(&candidates[found]), true); err != nil {
		return err
	}
	for range min(h.Negatives, len(candidates)-1) {
		i := h.rng.IntN(len(candidates) - 1)
		if i >= found {
			i++
		}
		if err := h.rows.Add(h.builder.Row(&candidates[i]), false); err != nil {
			return err
		}
	}
	return nil
}
