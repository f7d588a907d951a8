package trial

import (
	"fmt"

	"github.com/freshet-rec/freshet"
)

// script is the part of a prequential run that is the same at every delay: what in truth
// happened, and what is asked when.
type script struct {
	items    []freshet.Item
	users    []freshet.User
	events   []*freshet.Event
	plan     []ask             // by event
	visitors []freshet.Visitor // by group
	start    int64             // time of the first event, Unix ms
	asks     int
	lost     int // of asks, those that are misses whatever is shown
}

type ask struct {
	kind  askKind
	group uint32 // the visitor; set when there is an ask
}

type askKind uint8

const (
	noAsk   askKind = iota
	lostAsk         // a repeat or a new item
	fairAsk
)

// touch is a visitor and an item, by number.
type touch struct{ visitor, item uint32 }

// script plans the asks.
func (p *Prequential) script(items []freshet.Item, users []freshet.User, events []*freshet.Event) (*script, error) {
	if len(events) == 0 {
		return nil, ErrNoEvents
	}
	s := &script{items: items, users: users, events: events, plan: make([]ask, len(events)), start: events[0].Time}
	known := map[freshet.ItemID]uint32{}
	number := func(id freshet.ItemID) (n uint32, old bool) {
		if n, old = known[id]; !old {
			n = uint32(len(known))
			known[id] = n
		}
		return n, old
	}
	for i := range items {
		number(items[i].ID)
	}
	groups := map[freshet.Visitor]uint32{}
	seen := map[touch]struct{}{}
	for i, e := range events {
		if i > 0 && e.Time < events[i-1].Time {
			return nil, fmt.Errorf("event %d of %d: %w", i+1, len(events), ErrNotSorted)
		}
		visitor := e.Visitor()
		group, met := groups[visitor]
		if !met {
			group = uint32(len(s.visitors))
			groups[visitor] = group
			s.visitors = append(s.visitors, visitor)
		}
		if e.Item == "" {
			continue
		}
		item, old := number(e.Item)
		signal := p.Fold.Kinds.Of(e.Name).Signal
		_, repeat := seen[touch{group, item}]
		if signal != freshet.SignalImpression && signal != freshet.SignalContext {
			seen[touch{group, item}] = struct{}{}
		}
		wanted := signal.Positive()
		if p.Event != "" {
			wanted = e.Name == p.Event
		}
		if !wanted || visitor == "" || e.Time < s.start+int64(p.Warmup) {
			continue
		}
		s.asks++
		s.plan[i] = ask{fairAsk, group}
		if repeat || !old {
			s.plan[i].kind = lostAsk
			s.lost++
		}
	}
	if s.asks == 0 {
		return nil, fmt.Errorf("%w: %d events, none of them wanted and later than the warm-up of %s", ErrNoEvents, len(events), p.Warmup)
	}
	return s, nil
}
