package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/freshet-rec/freshet"
)

// The load of the workload freshness.
const (
	eventRate     = 1000            // events a second, each a request of its own
	probeEvery    = 4               // events: that often one is followed by asking for a slate
	freshClients  = 64              // connections
	mostMembers   = 1000            // users who act
	askAgainUntil = 1 * time.Second // a slate that does not reflect its event is asked for again so long
)

// freshness measures how soon an event counts: until the server has applied it, and until a
// slate reflects it. Events fall due at a fixed rate; after every fourth its user asks for a
// slate. Where the user had a slate before, the event is a click on its first item, so that
// the next slate must be another one.
//
// A slate reflects an earlier acknowledged event of its user when it names a newest position
// at or after the event's and does not show the item clicked. The request carries no
// position to wait for: an acknowledged event counts for whoever asks next.
func freshness(ctx context.Context, k *kit) ([]part, error) {
	if k.Effect == nil {
		return nil, errors.New("bench: Options need Effect")
	}
	const wait, applied = "event_to_slate", "receive_to_applied"
	users := newAudience(k.requests, min(len(k.requests.users), mostMembers))
	if err := users.first(ctx, k); err != nil {
		return nil, err
	}
	var turns atomic.Uint64
	return []part{{
		name: "freshness",
		bounds: []bound{{
			name: "net/http handlers, same schedule: group commit (write + fdatasync), then as many bytes as a slate" + k.ranking(),
			measure: func(ctx context.Context, d time.Duration) (map[string]float64, error) {
				run, err := newFreshRun(k, nil, turns.Add(1), d)
				if err != nil {
					return nil, err
				}
				if err = run.do(ctx); fatal(err) {
					return nil, err
				}
				return map[string]float64{wait: millis(run.slates().at(0.5)), applied: millis(k.bound.tookCommits().at(0.5))}, err
			},
		}},
		system: func(ctx context.Context, d time.Duration) ([]figure, error) {
			run, err := newFreshRun(k, users, turns.Add(1), d)
			if err != nil {
				return nil, err
			}
			if err = run.do(ctx); fatal(err) {
				return nil, err
			}
			figures, failed := run.figures(wait, applied)
			if failed != nil {
				return nil, failed
			}
			return figures, err
		},
	}}, nil
}

// freshRun is one run of the schedule, against the server or, when users is nil, against the
// yardstick.
type freshRun struct {
	*kit
	schedule
	users   *audience
	number  uint64 // makes event ids new
	began   time.Time
	lag     took
	clients []freshClient
}

// freshClient is what one connection gathers.
type freshClient struct {
	run     *freshRun
	conn    *conn
	body    []byte
	slates  []time.Duration // from when the event was due until a slate reflected it
	effects []time.Duration // of its events
	last    time.Time       // of its last reply
	earlier int             // acknowledged events that first slates should have reflected
	missing int             // those they did not
	never   int             // slates that had not come when asking ended
}

func newFreshRun(k *kit, users *audience, number uint64, d time.Duration) (*freshRun, error) {
	s, err := newSchedule(k.Options, eventRate, d, freshClients)
	return &freshRun{kit: k, schedule: s, users: users, number: number, clients: make([]freshClient, freshClients)}, err
}

func (r *freshRun) do(ctx context.Context) (err error) {
	base := r.URL
	if r.users == nil {
		base = r.bound.url
		r.bound.tookCommits() // forget those of others
	}
	r.began = r.Now()
	r.lag, err = r.schedule.run(ctx, func(ctx context.Context, n int) (dueClient, error) {
		conn, err := dial(ctx, base)
		c := &r.clients[n]
		*c = freshClient{run: r, conn: conn}
		if err != nil {
			return dueClient{}, err
		}
		step := c.yardstick
		if r.users != nil {
			step = c.server
		}
		return dueClient{step: step, stop: conn.close}, nil
	})
	return err
}

// slates returns how long the slates took.
func (r *freshRun) slates() took {
	var samples [][]time.Duration
	for i := range r.clients {
		samples = append(samples, r.clients[i].slates)
	}
	return sorted(samples...)
}

// yardstick does to the yardstick what server does to the server, without judging.
func (c *freshClient) yardstick(i int, due time.Time) error {
	q := c.run.requests
	a := q.acts[i%acts]
	c.body = q.acted(c.body[:0], c.id(i), "click", q.users[a.user], q.items[a.item])
	if _, err := c.conn.post(pathCommit, mediaJSON, c.body); err != nil {
		return err
	}
	if i%probeEvery == 0 {
		c.body = q.slateFor(c.body[:0], q.users[a.user])
		text, err := c.conn.post(pathSlate, mediaJSON, c.body)
		if err != nil {
			return err
		}
		c.slates = append(c.slates, c.run.Now().Sub(due))
		if _, err := readSlate(text); err != nil { // as the judge of the server's slates does
			return err
		}
	}
	return nil
}

func (c *freshClient) id(i int) uint64 { return c.run.number*maxDue + uint64(i) }

// server sends event i and, when it is its turn, asks for slates until one reflects it.
func (c *freshClient) server(i int, due time.Time) error {
	q := c.run.requests
	a := q.acts[i%acts]
	m := c.run.users.member(i)
	id, item := q.ids[a.item], q.items[a.item]
	asks := i%probeEvery == 0
	if first, json, ok := m.shown(); asks && ok {
		id, item = first, json
	}
	c.body = q.acted(c.body[:0], c.id(i), "click", m.json, item)
	text, err := c.conn.post(pathEvents, mediaJSON, c.body)
	if err != nil {
		return err
	}
	p, err := acknowledged(text)
	if err != nil {
		return err
	}
	m.acknowledge(id, p)
	if effect, ok := c.run.Effect(p); ok {
		c.effects = append(c.effects, effect)
	}
	c.last = c.run.Now()
	if asks {
		return c.ask(m, due)
	}
	return nil
}

// ask asks for slates until one reflects everything its user was told is in.
func (c *freshClient) ask(m *member, due time.Time) error {
	first := true
	for {
		known := m.known()
		text, err := m.ask(c.conn, c.run.requests, &c.body)
		if err != nil {
			return err
		}
		at := c.run.Now()
		slate, err := readSlate(text)
		if err != nil {
			return err
		}
		missing := m.missing(known, slate)
		if first {
			c.earlier += known.events
			c.missing += missing
			first = false
		}
		if missing > 0 && at.Sub(due) < c.run.patience {
			continue
		}
		if missing > 0 {
			c.never++
		}
		c.slates = append(c.slates, at.Sub(due))
		c.last = at
		m.keep(slate)
		return nil
	}
}

// figures says what the run measured.
func (r *freshRun) figures(wait, applied string) ([]figure, error) {
	var effects [][]time.Duration
	var earlier, missing, never int
	end := r.began
	for i := range r.clients {
		c := &r.clients[i]
		effects = append(effects, c.effects)
		earlier, missing, never = earlier+c.earlier, missing+c.missing, never+c.never
		if c.last.After(end) {
			end = c.last
		}
	}
	apply, slates := sorted(effects...), r.slates()
	if len(apply) == 0 || earlier == 0 || !end.After(r.began) {
		return nil, fmt.Errorf("%d effects and %d events to be reflected: nothing was measured", len(apply), earlier)
	}
	reflected := figure{metric: "reflected", value: 100 * float64(earlier-missing) / float64(earlier), unit: "%", target: &target{"all acknowledged events", 100}}
	if missing > 0 {
		reflected.warning = fmt.Sprintf("%d of %d acknowledged events were not in the slate asked for next", missing, earlier)
	}
	asked := figure{metric: wait, value: millis(slates.at(0.5)), unit: "ms", less: true, took: slates}
	if never > 0 {
		asked.warning = fmt.Sprintf("%d of %d slates did not reflect their event within %s", never, len(slates), r.patience)
	}
	return []figure{
		asked,
		{metric: applied, value: millis(apply.at(0.5)), unit: "ms", less: true, took: apply},
		reflected,
		{metric: "events", value: float64(r.count) / end.Sub(r.began).Seconds(), unit: "events/s", target: &target{"events a second that fall due", eventRate}},
		r.lagFigure("", r.lag),
	}, nil
}

// acknowledged reads the position from a reply to one event that was taken.
func acknowledged(text []byte) (freshet.Position, error) {
	var reply struct {
		Accepted int              `json:"accepted"`
		Late     int              `json:"late"`
		Position freshet.Position `json:"position"`
	}
	err := json.Unmarshal(text, &reply)
	if err == nil && (reply.Accepted != 1 || reply.Late != 0) {
		err = errors.New("the event was not taken")
	}
	if err != nil {
		return 0, fmt.Errorf("%s answered %.300q: %w", pathEvents, bytes.TrimSpace(text), err)
	}
	return reply.Position, nil
}

// slate is what a reply says that can be checked.
type slate struct {
	Items     []slateItem `json:"items"`
	Freshness struct {
		Last struct {
			Position freshet.Position `json:"position"`
		} `json:"user_last_event"`
	} `json:"freshness"`
}

type slateItem struct {
	ID freshet.ItemID `json:"item_id"`
}

func readSlate(text []byte) (*slate, error) {
	s := new(slate)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("%s answered %.300q: %w", pathRecommend, text, err)
	}
	return s, nil
}
