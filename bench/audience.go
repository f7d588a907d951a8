package bench

import (
	"context"
	"errors"
	"sync"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
)

// audience is the users who act in the workload freshness, and what each was told.
type audience struct {
	members []member
	acts    []act
}

// member is one user. Its methods may be called from any goroutine.
type member struct {
	json []byte // the id

	mu      sync.Mutex                // guards what follows
	clicked map[freshet.ItemID]ticket // acknowledged clicks; of several on one item the first
	newest  freshet.Position          // of all acknowledged events
	first   freshet.ItemID            // of the newest slate; "" before it or when it was empty
}

// ticket is an acknowledgement: the journal's position, and its number among the member's.
type ticket struct {
	position freshet.Position
	number   int
}

// newAudience takes the first n users.
func newAudience(r *requests, n int) *audience {
	a := &audience{members: make([]member, n), acts: r.acts}
	for i := range a.members {
		a.members[i].json = r.users[i]
		a.members[i].clicked = map[freshet.ItemID]ticket{}
	}
	return a
}

// member returns the user of event i.
func (a *audience) member(i int) *member {
	return &a.members[int(a.acts[i%acts].user)%len(a.members)]
}

// first asks for a slate for everyone, so that everyone has one to click on.
func (a *audience) first(ctx context.Context, k *kit) (err error) {
	c, err := dial(ctx, k.URL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	var body []byte
	for i := range a.members {
		text, err := a.members[i].ask(c, k.requests, &body)
		if err != nil {
			return err
		}
		slate, err := readSlate(text)
		if err != nil {
			return err
		}
		a.members[i].keep(slate)
	}
	return nil
}

// ask asks for a slate for the member; body is space. The reply is valid until c's next call.
func (m *member) ask(c *conn, r *requests, body *[]byte) ([]byte, error) {
	*body = r.slateFor((*body)[:0], m.json)
	return c.post(pathRecommend, mediaJSON, *body)
}

// keep remembers what the member was shown.
func (m *member) keep(s *slate) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.first = ""
	if len(s.Items) > 0 {
		m.first = s.Items[0].ID
	}
}

// shown returns the first item of the newest slate, also as JSON, and whether there is one.
func (m *member) shown() (id freshet.ItemID, json []byte, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first == "" {
		return "", nil, false
	}
	return m.first, codec.AppendText(nil, string(m.first)), true
}

// acknowledge notes that a click on the item was acknowledged at p.
func (m *member) acknowledge(id freshet.ItemID, p freshet.Position) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, again := m.clicked[id]; !again {
		m.clicked[id] = ticket{p, len(m.clicked) + 1}
	}
	m.newest = max(m.newest, p)
}

// knowledge is what a member has been told at some moment.
type knowledge struct {
	events int              // acknowledged clicks, by item
	newest freshet.Position // of them
}

// known returns what the member has been told so far.
func (m *member) known() knowledge {
	m.mu.Lock()
	defer m.mu.Unlock()
	return knowledge{len(m.clicked), m.newest}
}

// missing counts the acknowledged clicks, of those known before it was asked for, that a
// slate does not reflect: those after the newest event it names, and those on items it shows.
func (m *member) missing(known knowledge, s *slate) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := s.Freshness.Last.Position
	n := 0
	for _, item := range s.Items {
		if t, ok := m.clicked[item.ID]; ok && t.number <= known.events && t.position <= last {
			n++
		}
	}
	if last < known.newest {
		behind := 0
		for _, t := range m.clicked {
			if t.number <= known.events && t.position > last {
				behind++
			}
		}
		n += max(1, behind)
	}
	return min(n, known.events)
}
