package trial

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// World lets ways of recommending live in worlds whose truth is known. Every way starts from
// the same past, sees the same visitors come at the same times, shows each a slate of K, and
// learns what they then do with what it showed: each lives on in a state of its own. Judged is
// the expected share of what was shown that is clicked, by the world's own truth, so that the
// luck of single clicks does not count; what a visitor has had before earns nothing.
//
//	popular   what was most wanted so far, less what the visitor has seen
//	category  the most wanted of the categories that the visitor takes, likewise
//	recall    the merged candidates in recall order
//	slate     the same in the order of the ranker, which Train makes from the past
//	online    the same in the order of a ranker that starts there and follows what is shown and wanted
//	oracle    the best slate there is; nothing can be above it
//
// With a delay events are withheld that long, from all but the oracle, as in [Prequential]: who
// comes at t is shown what the system would have shown at t − delay.
type World struct {
	Options
	Name   string             // of the worlds, in the rows
	Delays []freshet.Duration // each ≥ 0, none twice; nil is 0 alone
	// Train makes a ranker from a world's past; nil leaves out slate and online.
	Train func(ctx context.Context, past Replay) (Ranker, error)
	// Online makes a ranker that goes on learning of one that Train made, which it must not
	// change, for each life; nil leaves out online.
	Online func(frozen Ranker) (Online, error)
}

// Place is one world.
type Place interface {
	// Past brings what happened before the first visit, as a Replay does.
	Past(ctx context.Context, each func(*stream.Entry) error) error
	// Visits are those who come then, by time. Every walk brings the same visits.
	Visits() iter.Seq[Visit]
}

// Visit is one visitor who comes to see a slate.
type Visit interface {
	Visitor() freshet.Visitor
	Time() int64 // Unix ms
	// Expected is how many items of a slate are clicked on average. An item "" is a place left
	// open, which nobody clicks, here and in React.
	Expected(slate []freshet.ItemID) float64
	// Oracle is the slate of up to n items with the highest Expected.
	Oracle(n int, skip func(freshet.ItemID) bool) []freshet.ItemID
	// React is what the visitor does with a slate, by time. Equal slates meet equal reactions.
	React(slate []freshet.ItemID) []freshet.Event
}

// ErrNobodyCame says that a world had no visits.
var ErrNobodyCame = errors.New("nobody came to visit")

// way is one way of recommending; its slate is valid until the next call.
type way struct {
	name  string
	slate func(ctx context.Context, l *life, v Visit) ([]freshet.ItemID, error)
}

func (w *World) ways() []way {
	list := []way{{"popular", popularSlate}, {"category", categorySlate}, {"recall", recallSlate}}
	if w.Train != nil {
		list = append(list, way{"slate", rankedSlate})
		if w.Online != nil {
			list = append(list, way{"online", rankedSlate})
		}
	}
	return append(list, way{"oracle", oracleSlate})
}

// life is one way in one world, at one delay.
type life struct {
	*World
	delay    freshet.Duration
	state    *fold.State
	popular  allTime
	category categories
	asks     []fold.Ask
	ranker   Ranker
	online   Online // the ranker, if it follows; nil otherwise
	position freshet.Position
	slates   int // recorded
	scores   []float64
	top      []int
	out      []freshet.ItemID
	record   *stream.Entry // of the slate just made; nil where nothing would learn of it

	had    map[freshet.Visitor]map[freshet.ItemID]bool // by the truth, of what is withheld or was
	earned []float64                                   // by slate: expected clicks
	groups map[freshet.Visitor]*sum
	order  []*sum // by first visit
}

type sum struct {
	clicks float64
	shown  int
}

// Run plays every world for every way and delay, as many worlds at a time as there are processors. Errors:
// those of the places, of Train and of Online, an option out of bounds, ErrNobodyCame, the end of ctx.
func (w *World) Run(ctx context.Context, places []Place) (*eval.Rates, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	delays := w.Delays
	if delays == nil {
		delays = []freshet.Duration{0}
	}
	if err := checkDelays(delays); err != nil {
		return nil, err
	}
	ways := w.ways()
	lives := make([][]*life, len(places)) // by place, then by delay and way
	errs := make([]error, len(places))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tracker := &tracker{report: w.report, total: int64(len(places) * len(ways) * len(delays))}
	var wg sync.WaitGroup
	for i, place := range places {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if lives[i], errs[i] = w.live(ctx, place, ways, delays, tracker); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	if err := firstCause(errs); err != nil {
		return nil, err
	}
	return w.rates(ways, delays, lives)
}

// live plays one world for every delay and way.
func (w *World) live(ctx context.Context, place Place, ways []way, delays []freshet.Duration, tracker *tracker) ([]*life, error) {
	var frozen Ranker
	var err error
	if w.Train != nil {
		if frozen, err = w.Train(ctx, place.Past); err != nil {
			return nil, fmt.Errorf("train the ranker: %w", err)
		}
	}
	var lives []*life
	for _, delay := range delays {
		for _, way := range ways {
			l, err := w.newLife(way, delay, frozen)
			if err != nil {
				return nil, err
			}
			if err := l.play(ctx, place, way); err != nil {
				return nil, fmt.Errorf("%s: %w", way.name, err)
			}
			l.state, l.category, l.popular = nil, categories{}, allTime{} // only the figures are wanted
			lives = append(lives, l)
			tracker.add(1)
		}
	}
	return lives, nil
}

// newLife returns a life that has not begun.
func (w *World) newLife(way way, delay freshet.Duration, frozen Ranker) (l *life, err error) {
	l = &life{World: w, delay: delay, asks: w.asks(), ranker: frozen, groups: map[freshet.Visitor]*sum{}, had: map[freshet.Visitor]map[freshet.ItemID]bool{}}
	if way.name == "online" {
		if l.online, err = w.Online(frozen); err != nil {
			return nil, fmt.Errorf("the online ranker: %w", err)
		}
		l.ranker = l.online
		with := w.Options
		with.Fold.Updater, with.Fold.Rankers = l.online.Updater(), l.online
		l.state, err = with.state(true)
		return l, err
	}
	l.state, err = w.state(way.name == "slate")
	return l, err
}

// asks is how the routes are asked.
func (w *World) asks() (list []fold.Ask) {
	for _, r := range w.Routes {
		list = append(list, fold.Ask{Kind: r.Kind, N: max(r.N, w.K)})
	}
	return list
}

// apply brings an entry into the state, and what is to be published then.
func (l *life) apply(e *stream.Entry) error {
	l.position++
	e.Position = l.position
	l.state.Apply(e)
	if e.Event != nil && e.Event.Item != "" && !e.Late && l.Fold.Kinds.Of(e.Event.Name).Signal.Positive() {
		item := l.state.Items.Find(e.Event.Item)
		l.popular.add(item, e.Event.Time)
		l.category.add(e.Event.Visitor(), item, l.state.Items.Entry(item))
	}
	return l.publish(e.Received)
}

// play lets one way live through the past and the visits of a world.
func (l *life) play(ctx context.Context, place Place, way way) error {
	if err := place.Past(ctx, l.apply); err != nil {
		return err
	}
	if err := l.begin(); err != nil {
		return err
	}
	var coming, withheld queue // what visitors have yet to do; what was shown and done and the way does not know yet
	for v := range place.Visits() {
		if err := ctx.Err(); err != nil {
			return err
		}
		for e := coming.before(v.Time()); e != nil; e = coming.before(v.Time()) {
			l.note(e.Event)
			withheld.add(e)
		}
		for e := withheld.before(v.Time() - int64(l.delay)); e != nil; e = withheld.before(v.Time() - int64(l.delay)) {
			if err := l.apply(e); err != nil {
				return err
			}
		}
		l.record = nil
		slate, err := way.slate(ctx, l, v)
		if err != nil {
			return err
		}
		slate = l.fresh(v, slate)
		l.earn(v, slate)
		if l.record != nil {
			withheld.add(l.record)
		}
		for _, e := range v.React(slate) {
			coming.add(&stream.Entry{Topic: freshet.Topic(e.Name), Received: e.Time, Event: &e})
		}
	}
	return nil
}

// note remembers what somebody did, by the truth.
func (l *life) note(e *freshet.Event) {
	if signal := l.Fold.Kinds.Of(e.Name).Signal; l.delay == 0 || signal == freshet.SignalImpression || signal == freshet.SignalContext {
		return // without a delay no way shows it again
	}
	who := e.Visitor()
	if l.had[who] == nil {
		l.had[who] = map[freshet.ItemID]bool{}
	}
	l.had[who][e.Item] = true
}

// fresh is the slate with a gap wherever the visitor has had the item: a way that does not know
// shows it again, and it earns nothing.
func (l *life) fresh(v Visit, slate []freshet.ItemID) []freshet.ItemID {
	had := l.had[v.Visitor()]
	if had == nil {
		return slate
	}
	slate = slices.Clone(slate)
	for i, item := range slate {
		if had[item] {
			slate[i] = ""
		}
	}
	return slate
}

// earn counts what a slate earns.
func (l *life) earn(v Visit, slate []freshet.ItemID) {
	g := l.groups[v.Visitor()]
	if g == nil {
		g = &sum{}
		l.groups[v.Visitor()], l.order = g, append(l.order, g)
	}
	clicks := v.Expected(slate)
	g.clicks += clicks
	g.shown += l.K // a place left open earns nothing
	l.earned = append(l.earned, clicks)
}

// queue holds entries that are still to come, by when they are received; those of one time keep their
// order.
type queue struct{ entries []*stream.Entry }

func (q *queue) add(e *stream.Entry) {
	at := len(q.entries)
	for at > 0 && q.entries[at-1].Received > e.Received {
		at--
	}
	q.entries = slices.Insert(q.entries, at, e)
}

// before takes out the next entry up to a time, nil when there is none.
func (q *queue) before(t int64) *stream.Entry {
	if len(q.entries) == 0 || q.entries[0].Received > t {
		return nil
	}
	e := q.entries[0]
	q.entries = q.entries[1:]
	return e
}

// seen reports that the visitor has done something with the item, or it may not be shown.
func (l *life) seen(visitor uint32) func(item uint32) bool {
	return func(item uint32) bool {
		_, seen := l.state.Histories.Seen(visitor, item)
		return seen || !l.state.Items.Available(item)
	}
}

func popularSlate(_ context.Context, l *life, v Visit) ([]freshet.ItemID, error) {
	l.out = l.out[:0]
	for _, item := range l.popular.top(v.Time(), l.K, l.seen(l.state.Visitor(v.Visitor()))) {
		l.out = append(l.out, l.state.Items.ID(item))
	}
	return l.out, nil
}

func categorySlate(_ context.Context, l *life, v Visit) ([]freshet.ItemID, error) {
	l.out = l.out[:0]
	for _, item := range l.category.top(v.Visitor(), l.K, l.seen(l.state.Visitor(v.Visitor()))) {
		l.out = append(l.out, l.state.Items.ID(item))
	}
	return l.out, nil
}

// request is what routes are asked for a visitor.
func (l *life) request(v Visit) *recall.Request {
	return l.state.Request(l.state.Visitor(v.Visitor()), v.Time()-int64(l.delay))
}

func recallSlate(ctx context.Context, l *life, v Visit) ([]freshet.ItemID, error) {
	candidates, err := l.state.Candidates(ctx, l.asks, l.request(v))
	if err != nil {
		return nil, err
	}
	l.out = l.out[:0]
	for i := range candidates[:min(l.K, len(candidates))] {
		l.out = append(l.out, l.state.Items.ID(candidates[i].Item))
	}
	return l.out, nil
}

func rankedSlate(ctx context.Context, l *life, v Visit) ([]freshet.ItemID, error) {
	req := l.request(v)
	candidates, err := l.state.Candidates(ctx, l.asks, req)
	if err != nil || len(candidates) == 0 {
		return nil, err
	}
	l.scores = slices.Grow(l.scores[:0], len(candidates))[:len(candidates)]
	m := &Moment{State: l.state, Request: req}
	l.ranker.Score(m, candidates, l.scores)
	l.top = best(l.top[:0], l.scores, l.K)
	if l.online != nil {
		if l.record, err = l.served(v, req, candidates, l.top); err != nil {
			return nil, err
		}
	}
	l.out = l.out[:0]
	for _, i := range l.top {
		l.out = append(l.out, l.state.Items.ID(candidates[i].Item))
	}
	return l.out, nil
}

func oracleSlate(_ context.Context, l *life, v Visit) ([]freshet.ItemID, error) {
	skip, had := l.seen(l.state.Visitor(v.Visitor())), l.had[v.Visitor()]
	return v.Oracle(l.K, func(id freshet.ItemID) bool {
		item := l.state.Items.Find(id)
		return had[id] || item != 0 && skip(item)
	}), nil
}
