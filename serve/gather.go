package serve

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
)

// What became of a route that was asked, as served records and Degraded have it.
const (
	statusOK          = "ok"
	statusTimeout     = "timeout"     // it did not answer in time
	statusError       = "error"       // it said that it could not
	statusBusy        = "busy"        // of those outside: all slots are taken, or it failed lately
	statusPanic       = "panic"       // a defect of ours
	statusUnavailable = "unavailable" // the model that it goes by is not at hand
	statusGarbage     = "garbage"     // its answer, or a part of it, is none
)

// Of the time that a request has, so much is kept for what comes after recall: a quarter, at
// most keptMost. Ranking and placing take one or two milliseconds here.
const keptMost = 10 * time.Millisecond

// patience is how long after that moment a route is waited for: those that look at their context
// are back within a millisecond.
const patience = 2 * time.Millisecond

// stateWait is how long a section waits for the state when the request's own time is up.
const stateWait = 10 * time.Millisecond

// handedOver stands for an ask whose answer was taken.
var handedOver time.Time

// asked is what became of one route.
type asked struct {
	i      int // its place among those asked
	answer recall.Answer
	served fold.ServedRoute
}

// gather asks the routes, all at once, each with its own budget from when it runs and all within
// the time that the request has for recall. It returns when they have answered, or else soon
// after that time: a route that goes on does so without the request. What it had to say is
// nobody's any more, and what it holds it keeps until it returns: a route that asks outside its
// slot, one in memory the state, for reading. Nothing is applied then; see Server.Held.
func (r *run) gather(ctx context.Context, routes []int) {
	s := r.server
	r.answers = make([]recall.Answer, len(routes))
	r.served = make([]fold.ServedRoute, len(routes))
	if len(routes) == 0 {
		return
	}
	if r.past != nil {
		r.past.gather(ctx, r, routes)
		return
	}
	deadline, _ := ctx.Deadline()
	kept := min(time.Until(deadline)/4, keptMost)
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-max(0, kept)))
	defer cancel()

	answered := make(chan asked, len(routes)) // never full: whoever is late is not waited for
	// Of each: nil while it is waited for, then handedOver or when it was left.
	state := make([]atomic.Pointer[time.Time], len(routes))
	for i, at := range routes {
		go func() {
			a := r.ask(ctx, i, at)
			if !state[i].CompareAndSwap(nil, &handedOver) {
				s.troubles[at].back(state[i].Load())
				return
			}
			answered <- a
		}()
	}
	missing := len(routes)
	take := func(a asked) {
		r.answers[a.i], r.served[a.i] = a.answer, a.served
		missing--
	}
	for missing > 0 && ctx.Err() == nil {
		select {
		case a := <-answered:
			take(a)
		case <-ctx.Done():
		}
	}
	if missing > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		for over := false; missing > 0 && !over; {
			select {
			case a := <-answered:
				take(a)
			case <-timer.C:
				over = true
			}
		}
	}
	for i, at := range routes {
		if missing == 0 {
			break
		}
		if r.served[i].Status != "" {
			continue
		}
		left := s.troubles[at].leave(s.Now())
		if !state[i].CompareAndSwap(nil, left) { // it is just handing over
			s.troubles[at].back(left)
			for r.served[i].Status == "" { // another's may come first
				take(<-answered)
			}
			continue
		}
		missing--
		r.answers[i], r.served[i] = r.silent(at), fold.ServedRoute{Name: s.Routes[at].Name, Status: statusTimeout, Weight: r.weightOf(at)}
	}
	for i := range r.served {
		route := &r.served[i]
		s.troubles[routes[i]].count(route.Status, route.Count)
		if route.Status != statusOK {
			r.reply.Degraded = append(r.reply.Degraded, "recall."+route.Name+":"+route.Status)
		}
		if route.Position != 0 {
			r.reply.Position = min(r.reply.Position, route.Position)
		}
	}
}

// silent is the answer of a route that has none.
func (r *run) silent(at int) recall.Answer {
	route := &r.server.Routes[at]
	return recall.Answer{Route: route.Name, Weight: recall.WeightAt(route.Kind, &r.recall)}
}

// weightOf is what the record says of a route's weight: 0 where it is always its kind's.
func (r *run) weightOf(at int) float64 {
	kind := r.server.Routes[at].Kind
	if weight := recall.WeightAt(kind, &r.recall); weight != recall.Weight(kind) {
		return weight
	}
	return 0
}

// ask asks one route. It changes nothing of the run, which may be over before it returns.
func (r *run) ask(ctx context.Context, i, at int) (a asked) {
	s := r.server
	route, table := &s.Routes[at], s.State.Routes[at]
	began := s.Now()
	fail := func(status string, err error) {
		a.answer.Proposals, a.served.Count, a.served.Status = nil, 0, status
		if err != nil {
			s.complain(at, status, err)
		}
	}
	defer func() {
		if value := recover(); value != nil {
			fail(statusPanic, fmt.Errorf("it panicked: %v\n%s", value, debug.Stack()))
		}
		s.troubles[at].took(s.Now().Sub(began))
	}()
	a = asked{i: i, answer: r.silent(at), served: fold.ServedRoute{Name: route.Name, Status: statusOK, Weight: r.weightOf(at)}}
	req := &r.recall
	switch {
	case r.past != nil:
		was := &r.past.record.Routes[i]
		a.served.Said, a.served.Status = was.Said, was.Status
	case route.Outside != nil:
		said, status, err := s.outside[at].ask(ctx, &r.question, route)
		a.served.Said, a.served.Status = said, status
		if status != statusOK {
			fail(status, err)
		}
		if len(said) == 0 {
			return a
		}
		own := r.recall // others are being asked with it
		own.External = map[string][]recall.External{route.Name: said}
		req = &own
	}
	if ctx.Err() != nil && len(a.served.Said) == 0 { // what was said in time may take a moment to be read
		fail(statusTimeout, nil)
		return a
	}
	// A long slate may need more than the route is usually asked for.
	n := max(route.N, r.n)
	var err error
	if !r.viewIn(time.Until(deadlineOf(ctx)), func(rec *fold.Served) freshet.Position { return rec.Routes[i].Position }, func(p freshet.Position) {
		budget, cancel := ctx, func() {}
		switch {
		case r.past != nil: // it takes what time it needs
		case len(a.served.Said) > 0:
			budget = context.WithoutCancel(ctx)
		default:
			budget, cancel = context.WithTimeout(ctx, route.Budget.Std())
		}
		defer cancel()
		a.served.Position = p
		if a.answer.Proposals, err = table.Recall(budget, req, n); err != nil {
			return
		}
		if outside, ok := table.(*recall.ExternalRoute); ok {
			if bad := outside.Unusable(a.served.Said); bad > 0 {
				a.served.Status = statusGarbage
				s.complain(at, statusGarbage, fmt.Errorf("of %d items %d are unknown, come twice or have no finite score; the others count", len(a.served.Said), bad))
			}
			return
		}
		err = fault(a.answer.Proposals, n, s.State.Items.Len())
	}) {
		fail(statusTimeout, nil)
		return a
	}
	switch {
	case err == nil:
		a.served.Count = len(a.answer.Proposals)
	case isTimeout(err):
		fail(statusTimeout, nil)
	case errors.Is(err, recall.ErrUnavailable): // Adopt has told of it
		fail(statusUnavailable, nil)
		if r.past != nil {
			r.past.lacks(route.Name)
		}
	case errors.Is(err, recall.ErrGarbage):
		fail(statusGarbage, err)
	default:
		fail(statusError, err)
	}
	return a
}

// deadlineOf is when ctx ends; every request has a deadline, a replay none.
func deadlineOf(ctx context.Context) time.Time {
	deadline, _ := ctx.Deadline()
	return deadline
}

// fault says what an answer of a route in memory breaks of what recall.Route promises, or nil.
// items is one more than the highest item number. Such a route has no say at all: what made it
// go wrong is not known.
func fault(proposals []recall.Proposal, n, items int) error {
	if len(proposals) > n {
		return fmt.Errorf("%w: it has %d proposals, asked for were %d", recall.ErrGarbage, len(proposals), n)
	}
	// A set by open addressing, at most half full; most answers fit into what is on the stack.
	var room [1024]uint32
	set := room[:]
	for len(set) < 2*len(proposals) {
		set = make([]uint32, 2*len(set))
	}
	for i := range proposals {
		p := &proposals[i]
		if p.Item == 0 || int(p.Item) >= items {
			return fmt.Errorf("%w: proposal %d is item %d, which there is not", recall.ErrGarbage, i+1, p.Item)
		}
		if math.IsNaN(p.Score) || math.IsInf(p.Score, 0) {
			return fmt.Errorf("%w: proposal %d has the score %v", recall.ErrGarbage, i+1, p.Score)
		}
		at := int(p.Item*2654435769) & (len(set) - 1) // Knuth's multiplicative hash
		for set[at] != 0 {
			if set[at] == p.Item {
				return fmt.Errorf("%w: proposal %d is item %d once more", recall.ErrGarbage, i+1, p.Item)
			}
			at = (at + 1) & (len(set) - 1)
		}
		set[at] = p.Item
	}
	return nil
}
