package main

import (
	"container/heap"
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/stream"
)

// crowd lets visitors come to a running server, over its API: each asks for a slate and does
// with it what the shop's hidden truth says, in real time.
type crowd struct {
	now       func() time.Time
	server    *client
	sim       *sim.Crowd
	perSecond float64 // visits
	rng       *rand.Rand
	yardstick *yardstick
	due       dueEvents
	coming    coming[*sim.Visit] // to further slates

	mu     sync.Mutex // guards tally
	tally  crowdTally
	failed error // the last trouble, nil when the last request went well
}

// crowdTally is what a crowd has seen so far.
type crowdTally struct {
	events                   int
	shown                    int // places of slates
	clicks, popular, oracled float64
	effects                  []float64 // ms from sending events until they are applied; the newest effectsShown
}

// How the crowd's figures are kept: the effects of so many last posts, slates of so many books.
const (
	effectsShown = 500
	crowdSlate   = 8
)

// newCrowd returns a crowd for a world whose history the server has.
func newCrowd(a *app, server *client, world *sim.World, past *yardstick, seed uint64, perSecond float64) *crowd {
	return &crowd{now: a.now, server: server, sim: world.Crowd(seed), perSecond: perSecond,
		rng: rand.New(rand.NewPCG(seed, 3)), yardstick: past}
}

// run lets visitors come until ctx ends.
func (c *crowd) run(ctx context.Context) {
	next := c.now()
	for {
		wake := next
		if len(c.due) > 0 && time.UnixMilli(c.due[0].Time).Before(wake) {
			wake = time.UnixMilli(c.due[0].Time)
		}
		if len(c.coming) > 0 && time.UnixMilli(c.coming[0].Time()).Before(wake) {
			wake = time.UnixMilli(c.coming[0].Time())
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(0, wake.Sub(c.now()))):
		}
		now := c.now()
		c.send(ctx, c.due.until(now.UnixMilli()))
		for v, due := c.coming.next(now.UnixMilli()); due; v, due = c.coming.next(now.UnixMilli()) {
			c.visit(ctx, v)
		}
		if !next.After(now) {
			c.visit(ctx, c.sim.Come(now.UnixMilli()))
			next = now.Add(time.Duration(-math.Log(1-c.rng.Float64()) / c.perSecond * float64(time.Second)))
		}
	}
}

// visit is one visitor who sees a slate, plans what to do with it, and perhaps to look at another.
func (c *crowd) visit(ctx context.Context, v *sim.Visit) {
	var reply slateReply
	request := map[string]any{"user_id": v.User(), "session_id": v.Session(), "n": crowdSlate, "context": map[string]string{"device": v.Device()}}
	if _, _, err := c.server.call(ctx, http.MethodPost, "/v1/recommend", request, &reply); err != nil {
		c.note(err, func(*crowdTally) {})
		return
	}
	slate := make([]freshet.ItemID, len(reply.Items))
	for i := range reply.Items {
		slate[i] = freshet.ItemID(reply.Items[i].ID)
	}
	popular, oracle := c.yardstick.slates(v)
	c.note(nil, func(t *crowdTally) {
		t.shown += crowdSlate
		t.clicks += v.Expected(slate)
		t.popular += v.Expected(popular)
		t.oracled += v.Expected(oracle)
	})
	done := v.React(slate, reply.RequestID)
	for _, e := range done {
		heap.Push(&c.due, e)
	}
	if next := v.Next(done); next != nil {
		c.coming.add(next)
	}
}

// send posts events and measures how long they take to count.
func (c *crowd) send(ctx context.Context, events []freshet.Event) {
	if len(events) == 0 {
		return
	}
	list := make([]map[string]any, len(events))
	for i := range events {
		e := &events[i]
		c.yardstick.count(e)
		list[i] = map[string]any{"event_id": e.ID, "user_id": e.User, "session_id": e.Session, "item_id": e.Item, "event": e.Name,
			"ts": e.Time, "request_id": e.Request, "rank": e.Rank, "context": e.Context}
		if e.HasValue {
			list[i]["value"] = e.Value
		}
	}
	var reply eventsReply
	began := c.now()
	_, _, err := c.server.call(ctx, http.MethodPost, "/v1/events", map[string]any{"events": list}, &reply)
	took := c.now().Sub(began)
	c.note(err, func(t *crowdTally) {
		if err != nil {
			return
		}
		t.events += len(events)
		if t.effects = append(t.effects, float64(took.Microseconds())/1000); len(t.effects) > effectsShown {
			t.effects = t.effects[1:]
		}
	})
}

// note changes the tally, and keeps the last trouble.
func (c *crowd) note(err error, change func(*crowdTally)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = err
	change(&c.tally)
}

// seen is the tally so far and the last trouble.
func (c *crowd) seen() (crowdTally, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tally
	t.effects = slices.Clone(t.effects)
	return t, c.failed
}

// dueEvents is a heap of what visitors are going to do, by time.
type dueEvents []freshet.Event

func (d dueEvents) Len() int           { return len(d) }
func (d dueEvents) Less(i, j int) bool { return d[i].Time < d[j].Time }
func (d dueEvents) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *dueEvents) Push(x any) {
	if e, ok := x.(freshet.Event); ok {
		*d = append(*d, e)
	}
}
func (d *dueEvents) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}

// until takes out what is due at a time, in order.
func (d *dueEvents) until(ms int64) (events []freshet.Event) {
	for len(*d) > 0 && (*d)[0].Time <= ms {
		if e, ok := heap.Pop(d).(freshet.Event); ok {
			events = append(events, e)
		}
	}
	return events
}

// yardstick is what a slate is held against: the books most wanted so far, and the best slate
// by the hidden truth, both without what the visitor has touched, as the server leaves it out.
type yardstick struct {
	wanted  map[freshet.ItemID]int
	ranked  []freshet.ItemID // by wanted; nil when that has changed
	touched map[freshet.UserID]map[freshet.ItemID]bool
}

// newYardstick counts the history, and what visitors of earlier starts did, from the journal.
func newYardstick(ctx context.Context, disk fsys.FS) (*yardstick, error) {
	y := &yardstick{wanted: map[freshet.ItemID]int{}, touched: map[freshet.UserID]map[freshet.ItemID]bool{}}
	_, err := eachEntry(ctx, disk, func(_ *journal.Record, e *stream.Entry) error {
		if e.Event != nil {
			y.count(e.Event)
		}
		return nil
	})
	return y, err
}

// count takes in an event of the shop.
func (y *yardstick) count(e *freshet.Event) {
	if e.Name == "expose" {
		return
	}
	y.wanted[e.Item]++
	y.ranked = nil
	if y.touched[e.User] == nil {
		y.touched[e.User] = map[freshet.ItemID]bool{}
	}
	y.touched[e.User][e.Item] = true
}

func (y *yardstick) slates(v *sim.Visit) (popular, oracle []freshet.ItemID) {
	if y.ranked == nil {
		for item := range y.wanted {
			y.ranked = append(y.ranked, item)
		}
		slices.SortFunc(y.ranked, func(a, b freshet.ItemID) int {
			if y.wanted[a] != y.wanted[b] {
				return y.wanted[b] - y.wanted[a]
			}
			if a < b {
				return -1
			}
			return 1
		})
	}
	touched := y.touched[v.User()]
	for _, item := range y.ranked {
		if len(popular) == crowdSlate {
			break
		}
		if !touched[item] {
			popular = append(popular, item)
		}
	}
	return popular, v.Oracle(crowdSlate, func(item freshet.ItemID) bool { return touched[item] })
}
