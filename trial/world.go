package trial

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/stream"
)

// World lets ways of recommending live in worlds whose truth is known. Every way starts from
// the same past, sees the same visitors come at the same times, shows each a slate of K, and
// learns what they then do with what it showed: each lives on in a state of its own. Judged is
// the expected share of what was shown that is clicked, by the world's own truth, so that the
// luck of single clicks does not count.
//
//	popular   what was most wanted so far, less what the visitor has seen
//	recall    the merged candidates in recall order
//	slate     the same in the order of the ranker, which Train makes from the past
//	oracle    the best slate there is; nothing can be above it
type World struct {
	Options
	// Train makes a ranker from a world's past; nil leaves out the slate.
	Train func(ctx context.Context, past Replay) (Ranker, error)
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
	// Expected is how many items of a slate are clicked on average.
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
	list := []way{{"popular", popularSlate}, {"recall", recallSlate}}
	if w.Train != nil {
		list = append(list, way{"slate", rankedSlate})
	}
	return append(list, way{"oracle", oracleSlate})
}

// life is one way in one world.
type life struct {
	*World
	state   *fold.State
	popular allTime
	asks    []fold.Ask
	ranker  Ranker
	scores  []float64
	top     []int
	out     []freshet.ItemID

	clicks float64         // expected
	shown  int             // items
	visits int             // slates
	groups map[string]*sum // by visitor
	order  []*sum          // by first visit
}

type sum struct {
	clicks float64
	shown  int
}

// Run plays every world for every way, as many at a time as there are processors. Errors:
// those of the places and of Train, an option out of bounds, ErrNobodyCame, the end of ctx.
func (w *World) Run(ctx context.Context, places []Place) (*eval.Rates, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	ways := w.ways()
	lives := make([][]*life, len(places)) // by place, then by way
	errs := make([]error, len(places))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tracker := &tracker{report: w.report, total: int64(len(places) * len(ways))}
	var wg sync.WaitGroup
	for i, place := range places {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if lives[i], errs[i] = w.live(ctx, place, ways, tracker); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	if err := firstCause(errs); err != nil {
		return nil, err
	}
	return w.rates(ways, lives)
}

// live plays one world for every way.
func (w *World) live(ctx context.Context, place Place, ways []way, tracker *tracker) ([]*life, error) {
	var ranker Ranker
	var err error
	if w.Train != nil {
		if ranker, err = w.Train(ctx, place.Past); err != nil {
			return nil, fmt.Errorf("train the ranker: %w", err)
		}
	}
	lives := make([]*life, len(ways))
	for i, way := range ways {
		l := &life{World: w, asks: w.asks(), ranker: ranker, groups: map[string]*sum{}}
		if l.state, err = w.state(way.name == "slate"); err != nil {
			return nil, err
		}
		if err := l.play(ctx, place, way); err != nil {
			return nil, fmt.Errorf("%s: %w", way.name, err)
		}
		lives[i] = l
		tracker.add(1)
	}
	return lives, nil
}

// asks is how the routes are asked.
func (w *World) asks() (list []fold.Ask) {
	for _, r := range w.Routes {
		list = append(list, fold.Ask{Kind: r.Kind, N: max(r.N, w.K)})
	}
	return list
}

// play lets one way live through the past and the visits of a world.
func (l *life) play(ctx context.Context, place Place, way way) error {
	position := freshet.Position(0)
	apply := func(e *stream.Entry) {
		position++
		e.Position = position
		l.state.Apply(e)
		if e.Event != nil && e.Event.Item != "" && !e.Late && l.Fold.Kinds.Of(e.Event.Name).Signal.Positive() {
			l.popular.add(l.state.Items.Find(e.Event.Item), e.Event.Time)
		}
	}
	err := place.Past(ctx, func(e *stream.Entry) error {
		apply(e)
		return nil
	})
	if err != nil {
		return err
	}
	var coming queue // what visitors have yet to do
	for v := range place.Visits() {
		if err := ctx.Err(); err != nil {
			return err
		}
		for e := coming.before(v.Time()); e != nil; e = coming.before(v.Time()) {
			apply(&stream.Entry{Topic: freshet.Topic(e.Name), Received: e.Time, Event: e})
		}
		slate, err := way.slate(ctx, l, v)
		if err != nil {
			return err
		}
		l.note(v, slate)
		coming.add(v.React(slate))
	}
	return nil
}

// note counts what a slate earns.
func (l *life) note(v Visit, slate []freshet.ItemID) {
	who := string(v.Visitor())
	g := l.groups[who]
	if g == nil {
		g = &sum{}
		l.groups[who], l.order = g, append(l.order, g)
	}
	clicks := v.Expected(slate)
	g.clicks += clicks
	g.shown += l.K
	l.clicks += clicks
	l.shown += l.K // a place left open earns nothing
	l.visits++
}

// queue holds events that are still to come, by time; events of one time keep their order.
type queue struct{ events []freshet.Event }

func (q *queue) add(events []freshet.Event) {
	for _, e := range events {
		at := len(q.events)
		for at > 0 && q.events[at-1].Time > e.Time {
			at--
		}
		q.events = slices.Insert(q.events, at, e)
	}
}

// before takes out the next event up to a time, nil when there is none.
func (q *queue) before(t int64) *freshet.Event {
	if len(q.events) == 0 || q.events[0].Time > t {
		return nil
	}
	e := q.events[0]
	q.events = q.events[1:]
	return &e
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

func recallSlate(ctx context.Context, l *life, v Visit) ([]freshet.ItemID, error) {
	candidates, err := l.state.Candidates(ctx, l.asks, l.state.Request(l.state.Visitor(v.Visitor()), v.Time()))
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
	req := l.state.Request(l.state.Visitor(v.Visitor()), v.Time())
	candidates, err := l.state.Candidates(ctx, l.asks, req)
	if err != nil || len(candidates) == 0 {
		return nil, err
	}
	l.scores = slices.Grow(l.scores[:0], len(candidates))[:len(candidates)]
	l.ranker.Score(&Moment{State: l.state, Request: req}, candidates, l.scores)
	l.top = best(l.top[:0], l.scores, l.K)
	l.out = l.out[:0]
	for _, i := range l.top {
		l.out = append(l.out, l.state.Items.ID(candidates[i].Item))
	}
	return l.out, nil
}

func oracleSlate(_ context.Context, l *life, v Visit) ([]freshet.ItemID, error) {
	skip := l.seen(l.state.Visitor(v.Visitor()))
	return v.Oracle(l.K, func(id freshet.ItemID) bool {
		item := l.state.Items.Find(id)
		return item != 0 && skip(item)
	}), nil
}

// rates adds up the lives, way by way.
func (w *World) rates(ways []way, lives [][]*life) (*eval.Rates, error) {
	out := &eval.Rates{Protocol: "world"}
	for i, way := range ways {
		row := eval.Rate{Name: way.name, K: w.K}
		clicks, shown := 0.0, 0
		var sums []float64
		var counts []int
		for _, place := range lives {
			l := place[i]
			if l.visits == 0 {
				return nil, ErrNobodyCame
			}
			clicks, shown, row.N = clicks+l.clicks, shown+l.shown, row.N+l.visits
			row.BySeed = append(row.BySeed, l.clicks/float64(l.shown))
			for _, g := range l.order {
				sums, counts = append(sums, g.clicks), append(counts, g.shown)
			}
		}
		row.CTR = clicks / float64(shown)
		row.CI = eval.Bootstrap(sums, counts, resamples, level, rand.New(rand.NewPCG(w.Seed, 0)))
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}
