package learn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// HistoryOptions say how rows are made of a journal.
type HistoryOptions struct {
	State *fold.State // empty; History folds it
	Kinds freshet.EventKinds
	Asks  []fold.Ask // how the routes are asked, as serving does
	// Scenes are the names of the routes of each scene, in their order, as configured. A slate of such a
	// scene and of these routes is learned from with what its record says that they proposed, and any
	// other with what all routes propose.
	Scenes map[string][]string
	// Signals are what rows are labelled with: names of events, or of signals, of which "click" is any
	// positive one, since who buys has chosen too. At most MaxSignals; nil is a click.
	Signals []string
	// Exposures says that the journal knows what was on screen. Then each exposure is a row, labelled
	// with what the visitor did with the item within Window. Otherwise each item wanted that recall had
	// proposed is a row, and so is each of the others that it proposed with probability Rate.
	Exposures bool
	Window    freshet.Duration // 0 is 30 minutes
	// Rate is the share of rows that are kept: of exposures, all alike, and of candidates that were not
	// wanted. 0 is 1, and NegativeRate is one for candidates.
	Rate   float64
	Warmup int              // entries folded before the first row, so that recall has tables
	Slack  freshet.Duration // how far behind the newest event a row may be read
	Seed   uint64
	// Questions is about how many questions are asked in the newest part of the history, of Entries
	// entries in all: see Questions. 0 is none.
	Questions int
	Entries   int
}

// MaxSignals bounds the signals that rows are labelled with.
const MaxSignals = 32

// clicked is the signal that any positive event is.
const clicked = "click"

// NegativeRate is the share of candidates to keep that gives about so many negatives to each positive,
// when the routes give what they are asked for.
//
// A model of rows of which the negatives were kept at the rate r, and the positives all, has the odds
// p/(r·(1−p)) where a candidate is wanted with the probability p. So the log-odds of the candidates
// are those of the model plus log r (He et al., "Practical Lessons from Predicting Clicks on Ads at
// Facebook", ADKDD 2014, §6.3, in log-odds).
func NegativeRate(asks []fold.Ask, negatives int) float64 {
	all := 0
	for _, ask := range asks {
		all += ask.N
	}
	return min(1, float64(negatives)/float64(max(1, all)))
}

// History is a fold of the journal that makes point-in-time rows on the way, from recall tables that only
// earlier events have shaped. What was on screen of a slate that the journal has is learned from as it was
// served: its rows are built where its record stands. Exposures of which no slate is known, one behind the
// other in the journal, of one visitor and about one request, are told together: all their rows are built
// before any of them is folded in. Any other row is built from the state before the event that gives its
// label.
type History struct {
	HistoryOptions
	samples    *Samples
	asking     *asking // nil without questions
	builder    *fold.RowBuilder
	rng        *rand.Rand
	entries    int
	groups     uint32
	open       []pending               // rows appended and not settled, oldest first
	gone       int                     // rows settled
	waiting    map[exposed][]int       // the numbers of the open rows that a signal may still come for, oldest first
	wanted     map[exposed]int64       // when somebody last wanted something, within the window
	wantedNext int                     // wishes remembered before old ones are looked for, unless that is less than wantedMost
	recent     map[uint32]*recollected // candidates by visitor
	asked      map[string]fold.Context // context by request, nil for none; of the newest requests
	before     map[string]fold.Context // the same of those before

	said, saidBefore map[string]map[string][]recall.External // likewise what routes that ask outside were answered

	together []stream.Entry // exposures that are not folded in yet
	kept     slatesKept
	likeness Likeness
	weights  map[string]float64 // of routes in the merge, as their kinds have
}

type exposed struct{ visitor, item uint32 }

// pending is a row that is not settled. Its sample has no row.
type pending struct {
	key    exposed // of nobody and nothing when no signal is waited for
	sample Sample
}

// recollected are the candidates of a visitor, good for exposures of the same moment.
type recollected struct {
	time  int64
	said  string // the request whose answers from outside are in them, "" for none
	group uint32
	items map[uint32]*recall.Candidate // nil when nobody asked
}

const (
	attributionWindow = 30 * freshet.Minute
	sameMoment        = 30 * freshet.Second // how long a visitor's candidates are kept
	recollectedMost   = 4096                // visitors whose candidates are kept
	askedMost         = 1 << 15             // requests whose context is kept, and as many before
	saidMost          = 1 << 11             // requests whose answers from outside are kept, likewise: some 10 KB each
	wantedMost        = 1 << 16             // wishes remembered before old ones are looked for
	togetherMost      = 512                 // exposures told together: more than a slate has
)

// NewHistory returns a History that has folded nothing. Its rows go to a directory that it makes; see
// NewSamples.
func NewHistory(o HistoryOptions, disk fsys.FS, dir string) (*History, error) {
	if o.Window == 0 {
		o.Window = attributionWindow
	}
	if o.Rate == 0 {
		o.Rate = 1
	}
	if o.Signals == nil {
		o.Signals = []string{clicked}
	}
	if len(o.Signals) > MaxSignals {
		return nil, fmt.Errorf("rows are labelled with %d signals; at most %d are possible", len(o.Signals), MaxSignals)
	}
	names := o.State.RowNames()
	if o.Exposures {
		names.Numbers = append(names.Numbers, exposedRank)
	}
	samples, err := NewSamples(disk, dir, names)
	if err != nil {
		return nil, err
	}
	var asking *asking
	if o.Questions > 0 {
		if asking, err = newAsking(&o, disk, dir+questionsDir); err != nil {
			return nil, errors.Join(err, samples.Close())
		}
	}
	weights := map[string]float64{}
	for i, route := range o.State.Routes {
		weights[route.Name()] = recall.Weight(o.Asks[i].Kind)
	}
	return &History{HistoryOptions: o, samples: samples, asking: asking, weights: weights, builder: o.State.NewRowBuilder(), rng: rand.New(rand.NewPCG(o.Seed, 1)),
		waiting: map[exposed][]int{}, wanted: map[exposed]int64{}, recent: map[uint32]*recollected{}, asked: map[string]fold.Context{}, said: map[string]map[string][]recall.External{}}, nil
}

// Names are those of the rows that are made: of the state's, and where exposures are known exposedRank.
func (h *History) Names() rank.Names { return h.samples.Names }

// Apply folds in the next entry, after making what rows it gives. What it points to must stay as it is:
// an exposure is folded in with the entry after those that are told together with it, or by Samples.
func (h *History) Apply(ctx context.Context, e *stream.Entry) error {
	h.entries++
	told := e.Event != nil && !e.Late && e.Event.Item != ""
	if !told || !h.joins(e.Event) {
		if err := h.tell(ctx); err != nil {
			return err
		}
	}
	if told && h.Exposures && h.Kinds.Of(e.Event.Name).Signal == freshet.SignalImpression {
		h.together = append(h.together, *e)
		return nil
	}
	if told {
		if err := h.harvest(ctx, e.Event); err != nil {
			return err
		}
	}
	if e.Served != nil {
		if err := h.served(ctx, e.Served); err != nil {
			return err
		}
	}
	h.State.Apply(e)
	return nil
}

// joins reports that an event is an exposure that is told together with those that wait. That an item
// comes twice is of two slates.
func (h *History) joins(e *freshet.Event) bool {
	if len(h.together) == 0 || len(h.together) == togetherMost || h.Kinds.Of(e.Name).Signal != freshet.SignalImpression {
		return false
	}
	first := h.together[0].Event
	return e.Request == first.Request && e.Visitor() == first.Visitor() && max(e.Time-first.Time, first.Time-e.Time) <= int64(sameMoment) &&
		!slices.ContainsFunc(h.together, func(other stream.Entry) bool { return other.Event.Item == e.Item })
}

// tell makes the rows of the exposures that wait, and folds these in. Somebody of whom nothing was known
// has a number from the first of them on.
func (h *History) tell(ctx context.Context) error {
	if len(h.together) > 0 {
		h.State.Visitors.Add(string(h.together[0].Event.Visitor()))
	}
	for i := range h.together {
		if err := h.harvest(ctx, h.together[i].Event); err != nil {
			return err
		}
	}
	for i := range h.together {
		h.State.Apply(&h.together[i])
	}
	h.together = h.together[:0]
	return nil
}

// slateOf is what is read of a served record.
type slateOf struct {
	Request     string             `json:"request_id"`
	Scene       string             `json:"scene"`
	Visitor     freshet.Visitor    `json:"visitor"`
	Time        int64              `json:"ts_ms"`
	Definitions string             `json:"definitions"`
	Context     fold.Context       `json:"context"`
	Routes      []fold.ServedRoute `json:"routes"`
	Model       *fold.ServedModel  `json:"model"`
	Items       []fold.ServedItem  `json:"items"`
}

// served keeps the rows of a slate, the context that it was asked with, and what was said outside.
func (h *History) served(ctx context.Context, text []byte) error {
	var record slateOf
	if err := json.Unmarshal(text, &record); err != nil {
		return nil // it says nothing
	}
	if len(h.asked) >= askedMost {
		h.asked, h.before = map[string]fold.Context{}, h.asked
	}
	h.asked[record.Request] = record.Context
	h.asking.served(&record, h.State.Items.Find)
	if said := (&fold.Served{Routes: record.Routes}).External(); said != nil {
		if len(h.said) >= saidMost {
			h.said, h.saidBefore = map[string]map[string][]recall.External{}, h.said
		}
		h.said[record.Request] = said
	}
	return h.build(ctx, &record)
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

// Samples seals and returns the rows made. Those whose window has not passed say nothing yet and are
// left out, with what came after the first of them. Nothing can be applied any more.
func (h *History) Samples(ctx context.Context) (*Samples, error) {
	if err := h.tell(ctx); err != nil {
		return h.samples, err
	}
	if err := h.expire(h.State.Newest); err != nil {
		return h.samples, err
	}
	return h.samples, h.samples.Seal()
}

// Questions seals and returns the questions, nil when none are asked. Nothing can be applied any more.
func (h *History) Questions() (*Questions, error) {
	if h.asking == nil {
		return nil, nil
	}
	return h.asking.seal()
}

// Close lets go of the files of the rows and questions.
func (h *History) Close() error {
	if h.asking == nil {
		return h.samples.Close()
	}
	return errors.Join(h.samples.Close(), h.asking.questions.Close())
}

// signals are what an event says of its item, as in a Sample.
func (h *History) signals(e *freshet.Event, kind freshet.EventKind) (bits uint32) {
	for i, name := range h.Signals {
		if name == e.Name || name == string(kind.Signal) || name == clicked && kind.Signal.Positive() {
			bits |= 1 << i
		}
	}
	return bits
}

func (h *History) harvest(ctx context.Context, e *freshet.Event) error {
	visitor, item := h.State.Visitor(e.Visitor()), h.State.Items.Find(e.Item)
	kind := h.Kinds.Of(e.Name)
	bits := h.signals(e, kind)
	if kind.Signal == freshet.SignalImpression {
		if h.Exposures && h.entries > h.Warmup {
			return h.expose(ctx, visitor, item, e)
		}
		return nil
	}
	if kind.Signal.Positive() {
		defer delete(h.recent, visitor) // what the visitor wants has changed
		defer h.asking.count(item)
		if _, seen := h.State.Histories.Seen(visitor, item); h.Exposures && bits != 0 && visitor != 0 && item != 0 && !seen {
			h.asking.wanted(visitor, item, e.Time, h.onScreen(exposed{visitor, item}, e.Time))
		}
	}
	if bits == 0 && !kind.Signal.Positive() { // neither wanted nor asked for
		return nil
	}
	if h.Exposures || len(h.Signals) > 1 {
		if err := h.attribute(exposed{visitor, item}, e.Time, bits, kind.Signal.Positive()); err != nil {
			return err
		}
	}
	if !h.Exposures && bits != 0 && kind.Signal.Positive() && h.entries > h.Warmup && visitor != 0 && item != 0 {
		return h.contrast(ctx, visitor, item, e, bits)
	}
	return nil
}

// q is the time rows of an event at t are read for.
func (h *History) q(t int64) int64 { return max(t, h.State.Newest-int64(h.Slack)) }

// expose makes the row of an exposure, negative until something else is known.
func (h *History) expose(ctx context.Context, visitor, item uint32, e *freshet.Event) error {
	if item == 0 { // the first that is known of it: nothing to learn from
		return nil
	}
	if err := h.expire(h.State.Newest); err != nil {
		return err
	}
	key := exposed{visitor, item}
	if wanted, ok := h.wanted[key]; ok && wanted >= e.Time && wanted <= e.Time+int64(h.Window) {
		return nil // it is told after what it led to: the features know that already
	}
	if h.Rate < 1 && h.rng.Float64() >= h.Rate {
		return nil
	}
	q := h.q(e.Time)
	served, group, known := h.kept.find(e.Request, e.Visitor(), item)
	r, err := h.recollect(ctx, visitor, q, e, known)
	if err != nil {
		return err
	}
	row := &served
	if !known {
		if h.letGo(e.Request) {
			h.likeness.Gone++
		}
		c := r.items[item]
		if c == nil {
			c = &recall.Candidate{Item: item} // shown for another reason
		}
		h.builder.Start(visitor, q, h.context(e))
		row, group = h.builder.Row(c), r.group
	}
	shownAt := math.NaN() // not told
	if e.Rank > 0 {
		shownAt = float64(e.Rank)
	}
	row.Numbers = append(row.Numbers, shownAt)
	return h.append(row, pending{key, Sample{Time: e.Time, Group: group, Stands: float32(1 / h.Rate)}})
}

// recollect returns what is recalled of a visitor at a moment, which is asked about when it is new.
// Without the candidates it is enough where rows are known.
func (h *History) recollect(ctx context.Context, visitor uint32, q int64, e *freshet.Event, known bool) (*recollected, error) {
	r, said := h.recent[visitor], ""
	if h.external(e) != nil {
		said = e.Request
	}
	same := r != nil && q-r.time <= int64(sameMoment) && r.said == said
	if same && (known || r.items != nil) {
		return r, nil
	}
	asked := !same && h.asking.wants(h.entries)
	h.groups++
	r = &recollected{time: q, said: said, group: h.groups}
	if asked || !known {
		candidates, err := h.State.Candidates(ctx, h.Asks, h.request(visitor, q, e))
		if err != nil {
			return nil, err
		}
		r.items = byItem(candidates)
		if asked && len(candidates) >= 2 {
			h.builder.Start(visitor, q, h.context(e))
			o, err := h.ask(visitor, candidates)
			if err != nil {
				return nil, err
			}
			h.asking.opens(&o, visitor, e, h.State.Newest)
		}
	}
	if len(h.recent) >= recollectedMost {
		clear(h.recent)
	}
	h.recent[visitor] = r
	return r, nil
}

// append appends a row that waits for its signals.
func (h *History) append(row *rank.Row, p pending) error {
	at, err := h.samples.Append(row)
	if err != nil {
		return err
	}
	h.open = append(h.open, p)
	if p.key != (exposed{}) {
		h.waiting[p.key] = append(h.waiting[p.key], at)
	}
	return nil
}

// attribute gives what came of an item at time t to its last row within the window before.
func (h *History) attribute(key exposed, t int64, bits uint32, positive bool) error {
	if err := h.expire(h.State.Newest); err != nil {
		return err
	}
	if positive {
		h.wish(key, t)
	}
	for _, at := range slices.Backward(h.waiting[key]) {
		if s := &h.open[at-h.gone].sample; t >= s.Time && t-s.Time <= int64(h.Window) {
			s.Signals |= bits
			return nil
		}
	}
	return nil
}

// onScreen reports that an item was shown to a visitor within the window before t.
func (h *History) onScreen(key exposed, t int64) bool {
	return slices.ContainsFunc(h.waiting[key], func(at int) bool {
		s := &h.open[at-h.gone].sample
		return t >= s.Time && t-s.Time <= int64(h.Window)
	})
}

// wish remembers that something was wanted.
func (h *History) wish(key exposed, t int64) {
	if len(h.wanted) >= max(wantedMost, h.wantedNext) {
		for other, at := range h.wanted {
			if at < h.State.Newest-int64(h.Window) {
				delete(h.wanted, other)
			}
		}
		h.wantedNext = 2 * len(h.wanted) // so that a wish costs the same however many lie within the window
	}
	h.wanted[key] = max(h.wanted[key], t)
}

// expire settles rows whose window has passed.
func (h *History) expire(newest int64) error {
	n := 0
	for n < len(h.open) && h.open[n].sample.Time < newest-int64(h.Window) {
		if err := h.settle(&h.open[n]); err != nil {
			return err
		}
		n++
	}
	h.open = h.open[n:]
	return nil
}

// settle settles the oldest open row.
func (h *History) settle(p *pending) error {
	if rows := h.waiting[p.key]; len(rows) > 1 {
		h.waiting[p.key] = rows[1:]
	} else {
		delete(h.waiting, p.key)
	}
	h.gone++
	return h.samples.Settle(&p.sample)
}

// contrast makes the row of a wanted item that recall had proposed, and those of others it
// proposed at the same moment. Of one signal nothing can come later, so the rows are settled at once.
func (h *History) contrast(ctx context.Context, visitor, item uint32, e *freshet.Event, bits uint32) error {
	if _, seen := h.State.Histories.Seen(visitor, item); seen {
		return nil
	}
	q := h.q(e.Time)
	candidates, err := h.State.Candidates(ctx, h.Asks, h.request(visitor, q, e))
	if err != nil {
		return err
	}
	found := slices.IndexFunc(candidates, func(c recall.Candidate) bool { return c.Item == item })
	if len(candidates) < 2 {
		return nil
	}
	h.builder.Start(visitor, q, h.context(e))
	if h.asking.wants(h.entries) {
		o, err := h.ask(visitor, candidates)
		if err != nil {
			return err
		}
		h.asking.answer(&o, item, false)
	}
	if found < 0 {
		return nil
	}
	h.groups++
	wanted := pending{exposed{visitor, item}, Sample{Time: e.Time, Group: h.groups, Signals: bits, Stands: 1}}
	if err := h.append(h.builder.Row(&candidates[found]), wanted); err != nil {
		return err
	}
	for i := range candidates {
		if i == found || h.Rate < 1 && h.rng.Float64() >= h.Rate {
			continue
		}
		other := pending{sample: Sample{Time: e.Time, Group: h.groups, Stands: float32(1 / h.Rate)}}
		if err := h.append(h.builder.Row(&candidates[i]), other); err != nil {
			return err
		}
	}
	if len(h.Signals) > 1 {
		return nil
	}
	for len(h.open) > 0 {
		if err := h.settle(&h.open[0]); err != nil {
			return err
		}
		h.open = h.open[1:]
	}
	return nil
}
