package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/stream"
)

// Replay calls each for every entry of a history, in order, and ends with each's first error
// or its own. Called again it must bring the same entries again; an entry is its own memory.
type Replay func(ctx context.Context, each func(*stream.Entry) error) error

// Holdout is leave-last-one-out. Each visitor's last wanted item, by (event time, item id), is
// held out; that visitor's later events are dropped, everyone else's are kept. Once all the
// rest is folded, each visitor is asked for, at the time of the newest event kept, over the
// whole catalogue less what the visitor has seen by any event.
//
// Item ids that are decimal numbers compare as numbers, so that a data set with many events
// in one second gives what its published figures say; other ids compare as bytes.
//
// The protocol is short-sighted by design: what others did after the held-out event is in the
// tables, and time of day plays no part. [Prequential] has neither fault.
//
// Options.Event names the event that is held out; "" takes "like" if there is one in the
// history, else "click".
type Holdout struct {
	Options
	// Train, unless nil, makes the ranker from the history less what is held out. The replay
	// it is given has the same form, and may be called any number of times.
	Train func(ctx context.Context, kept Replay) (Ranker, error)
	// Routes, unless nil, makes what routes go by from the same: bundles, and the switches that make
	// them live, which are folded before anything else. It is called before Train.
	Routes func(ctx context.Context, kept Replay) (fold.Bundles, []stream.Entry, error)
}

// ErrNothingWanted says that no event of the history says that an item was wanted.
var ErrNothingWanted = errors.New("the history has no event to hold out")

// act is the place of an event within a visitor's history.
type act struct {
	time int64
	item freshet.ItemID
}

// order is negative, zero or positive as a came before, with or after b.
func order(a, b act) int {
	if c := cmp.Compare(a.time, b.time); c != 0 {
		return c
	}
	if isNumber(a.item) && isNumber(b.item) {
		x, y := strings.TrimLeft(string(a.item), "0"), strings.TrimLeft(string(b.item), "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.item, b.item)
}

func isNumber(id freshet.ItemID) bool {
	return id != "" && strings.Trim(string(id), "0123456789") == ""
}

// Run plays the history twice, and as often as Train does. Its errors are those of replay and
// Train, ErrNothingWanted, an option out of bounds and the end of ctx.
func (h *Holdout) Run(ctx context.Context, replay Replay) (*eval.Results, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	held, total, err := h.choose(ctx, replay)
	if err != nil {
		return nil, err
	}
	kept := func(ctx context.Context, each func(*stream.Entry) error) error {
		return replay(ctx, func(e *stream.Entry) error {
			if e.Event != nil {
				if last, ok := held[e.Event.Visitor()]; ok && order(act{e.Event.Time, e.Event.Item}, last) >= 0 {
					return nil
				}
			}
			return each(e)
		})
	}
	var switches []stream.Entry
	options := h.Options
	if h.Routes != nil {
		if options.Fold.Bundles, switches, err = h.Routes(ctx, kept); err != nil {
			return nil, fmt.Errorf("train what routes go by: %w", err)
		}
	}
	var ranker Ranker
	if h.Train != nil {
		if ranker, err = h.Train(ctx, kept); err != nil {
			return nil, fmt.Errorf("train the ranker: %w", err)
		}
	}
	state, err := options.state(ranker != nil)
	if err != nil {
		return nil, err
	}
	for i := range switches {
		state.Apply(&switches[i])
	}
	p := newPanel(&options, state, &allTime{}, ranker)
	done := int64(0)
	err = kept(ctx, func(e *stream.Entry) error {
		if done++; done%reportEvery == 0 {
			h.report(done, total)
		}
		if e.Item == nil && e.User == nil && e.Event == nil {
			return nil // slates and definitions are no part of the question
		}
		state.Apply(e)
		if e.Event != nil && !e.Late {
			p.count(e.Event)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	h.report(total, total)
	return h.ask(ctx, p, held)
}

// reportEvery is how many events pass between two reports of progress and two looks at ctx.
const reportEvery = 1024

// choose finds each visitor's last wanted item, and counts the entries.
func (h *Holdout) choose(ctx context.Context, replay Replay) (held map[freshet.Visitor]act, total int64, err error) {
	names := []string{"like", "click"}
	if h.Event != "" {
		names = []string{h.Event}
	}
	last := make([]map[freshet.Visitor]act, len(names))
	err = replay(ctx, func(e *stream.Entry) error {
		if total++; total%reportEvery == 0 {
			h.report(total, 0)
		}
		if e.Event == nil || e.Late || e.Event.Item == "" {
			return nil
		}
		visitor := e.Event.Visitor()
		i := slices.Index(names, e.Event.Name)
		if i < 0 || visitor == "" {
			return nil
		}
		if last[i] == nil {
			last[i] = map[freshet.Visitor]act{}
		}
		this := act{e.Event.Time, e.Event.Item}
		if before, ok := last[i][visitor]; !ok || order(this, before) > 0 {
			last[i][visitor] = this
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	for _, held := range last {
		if held != nil {
			return held, total, nil
		}
	}
	return nil, 0, fmt.Errorf("%w: none is named %s", ErrNothingWanted, strings.Join(names, " or "))
}

// ask asks for every visitor, in an order that does not depend on the run.
func (h *Holdout) ask(ctx context.Context, p *panel, held map[freshet.Visitor]act) (*eval.Results, error) {
	visitors := make([]freshet.Visitor, 0, len(held))
	for v := range held {
		visitors = append(visitors, v)
	}
	slices.Sort(visitors)
	out := &eval.Results{Protocol: "holdout"}
	lost := 0
	for group, v := range visitors {
		wanted := p.state.Items.Find(held[v].item)
		if _, seen := p.state.Histories.Seen(p.state.Visitor(v), wanted); wanted == 0 || seen {
			wanted = 0
			lost++
		}
		if _, err := p.ask(ctx, v, group, p.state.Newest, wanted); err != nil {
			return nil, err
		}
	}
	out.Rows, out.Routes = p.rows(0, h.Seed), p.compared.Rows(0)
	out.Warnings = doubts(len(visitors), lost)
	return out, nil
}

// doubts says what makes figures hard to trust: few asks, or many that nobody could answer.
func doubts(asks, lost int) []eval.Warning {
	var list []eval.Warning
	if asks < fewAsks {
		list = append(list, eval.Warning{Code: eval.FewAsks, Text: fmt.Sprintf("only %d asks: the figures may be far off, see ci", asks)})
	}
	if lost > asks/2 {
		list = append(list, eval.Warning{Code: eval.Unanswerable, Text: fmt.Sprintf("%d of %d asks want an item that the visitor had seen before or nobody had: they are misses for all", lost, asks)})
	}
	return list
}
