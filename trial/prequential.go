package trial

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/stream"
)

// MaxDelays is how many delays one run compares; each keeps a state of its own while it runs.
const MaxDelays = 16

// Prequential predicts, then learns, event by event: before each positive event after the
// warm-up, everyone is asked for its visitor, and only then is the event folded.
//
// With a delay everything is withheld that long: the event at t is asked of the system as it
// stood at t − delay, when it knew the events up to then, read at that time. So a longer
// delay means older popularity, older tables and a visitor whose last acts are not known, but
// never a window that looks empty because its events are still on their way.
//
// The wanted item stands in no list, whatever was shown, when the visitor had done something
// with it before (a repeat) or nobody had (a new item): such asks count as misses, at every
// delay. What a delayed system does not know to be seen, it shows again.
//
// Options.Event names the events that are asked for; "" is all whose signal is positive.
type Prequential struct {
	Options
	Warmup     freshet.Duration   // from the first event; ≥ 0
	Delays     []freshet.Duration // each ≥ 0; none twice, 1 to MaxDelays of them
	NewLearner func() Learner     // makes a ranker that knows nothing, for each delay; nil is recall order
}

// Errors of events that cannot be played.
var (
	ErrNotSorted = errors.New("the events are not sorted by time")
	ErrNoEvents  = errors.New("there is no event to ask for")
)

// Run plays the events once for every delay, as many delays at a time as there are
// processors. items and users are known from the start; events are sorted by time. None is changed.
// Errors: ErrNotSorted, ErrNoEvents, an option out of bounds, those of a route, the end of ctx.
func (p *Prequential) Run(ctx context.Context, items []freshet.Item, users []freshet.User, events []*freshet.Event) (*eval.Results, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	s, err := p.script(items, users, events)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tracker := &tracker{report: p.report, total: int64(len(events) * len(p.Delays))}
	found, errs := make([]eval.Results, len(p.Delays)), make([]error, len(p.Delays))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i, delay := range p.Delays {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if found[i], errs[i] = p.play(ctx, s, delay, tracker); errs[i] != nil {
				cancel() // the others would be for nothing
			}
		})
	}
	wg.Wait()
	if err := firstCause(errs); err != nil {
		return nil, err
	}
	out := &eval.Results{Protocol: "stream", Warnings: doubts(s.asks, s.lost)}
	for _, one := range found {
		out.Rows, out.Routes = append(out.Rows, one.Rows...), append(out.Routes, one.Routes...)
	}
	return out, nil
}

// firstCause is the first error that is not just the echo of another, nil when all is well.
func firstCause(errs []error) error {
	var echo error
	for _, err := range errs {
		switch {
		case err == nil:
		case errors.Is(err, context.Canceled):
			echo = err
		default:
			return err
		}
	}
	return echo
}

func (p *Prequential) check() error {
	if err := p.Options.check(); err != nil {
		return err
	}
	if p.Warmup < 0 {
		return fmt.Errorf("the warm-up is %s; it must not be negative", p.Warmup)
	}
	return checkDelays(p.Delays)
}

// checkDelays reports delays out of their bounds.
func checkDelays(delays []freshet.Duration) error {
	if len(delays) == 0 || len(delays) > MaxDelays {
		return fmt.Errorf("a run compares 1 to %d delays, not %d", MaxDelays, len(delays))
	}
	seen := map[freshet.Duration]bool{}
	for _, d := range delays {
		if d < 0 || seen[d] {
			return fmt.Errorf("a delay is %s; delays are not negative and none comes twice", d)
		}
		seen[d] = true
	}
	return nil
}

// tracker adds up the progress of several goroutines.
type tracker struct {
	mu     sync.Mutex // guards done and calls of report
	done   int64
	total  int64
	report func(done, total int64)
}

func (t *tracker) add(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done += int64(n)
	t.report(t.done, t.total)
}

// play runs one delay.
func (p *Prequential) play(ctx context.Context, s *script, delay freshet.Duration, tracker *tracker) (found eval.Results, err error) {
	var ranker Ranker
	if p.NewLearner != nil {
		ranker = p.NewLearner()
	}
	state, err := p.state(ranker != nil)
	if err != nil {
		return found, err
	}
	for i := range s.items {
		state.Apply(&stream.Entry{Received: s.start, Item: &s.items[i]})
	}
	for i := range s.users {
		state.Apply(&stream.Entry{Received: s.start, User: &s.users[i]})
	}
	panel := newPanel(&p.Options, state, &lastHour{}, ranker)
	lessons := lessons{}
	known := 0 // events folded
	for i, e := range s.events {
		if i%reportEvery == 0 {
			if err := ctx.Err(); err != nil {
				return found, err
			}
			tracker.add(min(reportEvery, len(s.events)-i))
		}
		q := e.Time - int64(delay)
		for ; known < i && s.events[known].Time <= q; known++ {
			state.Apply(&stream.Entry{Position: freshet.Position(known + 1), Received: s.events[known].Time, Event: s.events[known]})
			panel.count(s.events[known])
			if err := lessons.learn(known); err != nil {
				return found, err
			}
		}
		ask := &s.plan[i]
		if ask.kind == noAsk {
			continue
		}
		wanted := uint32(0)
		if ask.kind == fairAsk {
			wanted = state.Items.Find(e.Item)
		}
		learn, err := panel.ask(ctx, s.visitors[ask.group], int(ask.group), q, wanted)
		if err != nil {
			return found, err
		}
		if learn != nil {
			lessons.add(i, learn)
		}
	}
	return eval.Results{Rows: panel.rows(delay, p.Seed), Routes: panel.compared.Rows(delay)}, nil
}

// lessons are what a learner has yet to learn, by the event they belong to: at most one for each ask within
// the delay, none is left out. The zero value is empty.
type lessons struct {
	waiting []lesson // by event
	head    int
}

type lesson struct {
	event int
	learn func() error
}

func (l *lessons) add(event int, learn func() error) {
	l.waiting = append(l.waiting, lesson{event, learn})
}

// learn brings in the lesson of an event that has just become known, if it has one.
func (l *lessons) learn(event int) error {
	if l.head == len(l.waiting) || l.waiting[l.head].event != event {
		return nil
	}
	if err := l.waiting[l.head].learn(); err != nil {
		return err
	}
	l.waiting[l.head].learn = nil
	l.head++
	if l.head >= 1024 && l.head > len(l.waiting)/2 {
		l.waiting = append(l.waiting[:0], l.waiting[l.head:]...)
		l.head = 0
	}
	return nil
}
