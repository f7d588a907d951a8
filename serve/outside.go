package serve

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/recall"
)

// Outside is somebody who is asked for proposals.
type Outside interface {
	// Propose asks for up to q.N proposals and returns what came, as it came. An error that
	// wraps recall.ErrGarbage may come with the part of an answer that is one. It is to
	// return soon after ctx ends; until it does, its slot stays taken. It must not change q
	// and may be called by many at a time.
	Propose(ctx context.Context, q *Question) ([]recall.External, error)
}

// Question is what somebody outside is told of a request.
type Question struct {
	Request   string
	Scene     string
	Time      int64 // q, Unix ms
	User      freshet.UserID
	Anonymous string
	Session   string
	N         int
	Recent    []Recent // the visitor's last positive acts, newest first, at most MaxRecent; seed items have no event
	Context   map[string]any
}

// DefaultSlots is how many calls of a route outside may be under way at once.
const DefaultSlots = 16

// outside is a route that asks somebody else, in bounded slots.
type outside struct {
	server *Server
	at     int // its place among the routes
	slots  chan struct{}
	fuse   fuse
	calls  sync.WaitGroup
}

// reply is what came of a call.
type outsideReply struct {
	said []recall.External
	err  error
}

// ask calls, if a slot is free, and waits for the answer until ctx is over or the route's time
// is. A call that is not waited for goes on until its own time is up, and its slot stays taken
// until it has returned. The error says what is worth telling.
func (o *outside) ask(ctx context.Context, q *Question, route *Route) (said []recall.External, status string, err error) {
	if ctx.Err() != nil {
		return nil, statusTimeout, nil
	}
	if !o.fuse.allows(o.server.Now()) {
		return nil, statusBusy, nil // what blew it was told
	}
	select {
	case o.slots <- struct{}{}:
	default:
		o.fuse.unused()
		return nil, statusBusy, fmt.Errorf("all %d slots are taken by calls that have not returned", cap(o.slots))
	}
	own := *q
	own.N = max(route.N, q.N)
	came := make(chan outsideReply, 1)
	limited, cancel := context.WithTimeout(context.Background(), route.Budget.Std())
	var ended atomic.Bool
	end := func(well bool) { // the call, for the fuse: by its return or by its time, whichever is first
		if ended.CompareAndSwap(false, true) && o.fuse.note(well, o.server.Now()) {
			o.server.complain(o.at, "fuse", fmt.Errorf("%d calls failed one after the other; it is asked once every %s until one succeeds", fuseAfter, fuseFor))
		}
	}
	late := context.AfterFunc(limited, func() { end(false) })
	o.calls.Go(func() {
		defer func() { <-o.slots }()
		defer cancel()
		reply := o.call(limited, route.Outside, &own)
		late()
		end(reply.err == nil || len(reply.said) > 0)
		came <- reply
	})
	select {
	case reply := <-came:
		said, err = reply.said, reply.err
	case <-limited.Done():
		select { // it may have come at the same moment
		case reply := <-came:
			said, err = reply.said, reply.err
		default:
			err = limited.Err()
		}
	case <-ctx.Done(): // the request had less time than the route, which says nothing of who is asked
		return nil, statusTimeout, nil
	}
	said = said[:min(len(said), own.N)]
	switch {
	case err == nil:
		return said, statusOK, nil
	case errors.As(err, new(*panicError)):
		return nil, statusPanic, err
	case errors.Is(err, recall.ErrGarbage):
		return said, statusGarbage, err
	case isTimeout(err):
		return nil, statusTimeout, fmt.Errorf("no answer within %s", route.Budget)
	}
	return nil, statusError, err
}

// panicError is a panic of who asks outside.
type panicError struct{ text string }

func (e *panicError) Error() string { return e.text }

// call asks, and makes an error of a panic.
func (o *outside) call(ctx context.Context, who Outside, q *Question) (reply outsideReply) {
	defer func() {
		if value := recover(); value != nil {
			reply = outsideReply{nil, &panicError{fmt.Sprintf("it panicked: %v\n%s", value, debug.Stack())}}
		}
	}()
	said, err := who.Propose(ctx, q)
	return outsideReply{said, err}
}

// busy is how many slots are taken.
func (o *outside) busy() int { return len(o.slots) }

// questionOf is what is told outside of the request, under the lock that guards the state.
func (r *run) questionOf() Question {
	req := r.req
	q := Question{Request: r.reply.Request, Scene: r.reply.Scene, Time: r.reply.Time, User: req.User, Anonymous: req.Anonymous, Session: req.Session, N: r.n, Context: req.Context}
	for _, past := range r.recall.Recent[:min(len(r.recall.Recent), MaxRecent)] {
		q.Recent = append(q.Recent, Recent{Event: past.Name, Item: r.server.State.Items.ID(past.Item), Time: past.Time})
	}
	return q
}

// fuse keeps a route outside from being waited for while it fails: after fuseAfter failures one
// after the other it blows, and from then on one call is let through every fuseFor, until one
// succeeds. It is safe for concurrent use.
type fuse struct {
	mu     sync.Mutex // guards all
	failed int        // one after the other
	again  time.Time  // blown: when the next call may be tried
	trying bool       // that call is under way
}

// fuseAfter are more failures than one lost packet or one slow answer makes; fuseFor is short
// against the five seconds after which everything is to be well again.
const (
	fuseAfter = 5
	fuseFor   = time.Second
)

// allows reports whether to call.
func (f *fuse) allows(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed < fuseAfter {
		return true
	}
	if f.trying || now.Before(f.again) && f.again.Sub(now) <= fuseFor { // further off: the clock was set back
		return false
	}
	f.trying = true
	return true
}

// unused notes that a call that was allowed was not made.
func (f *fuse) unused() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trying = false
}

// note takes in how a call ended. It reports whether that blew the fuse.
func (f *fuse) note(well bool, now time.Time) (blown bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trying = false
	if well {
		f.failed = 0
		return false
	}
	f.failed = min(f.failed+1, fuseAfter)
	f.again = now.Add(fuseFor)
	return f.failed == fuseAfter
}

// open reports that the fuse has blown.
func (f *fuse) open() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed >= fuseAfter
}
