package recall

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
)

// SessionRoute proposes what was wanted in sessions like the visitor's own: session-based
// nearest neighbours as V-SKNN (Ludewig and Jannach, "Evaluation of session-based
// recommendation algorithms", UMUAI 2018, §3.2.3), with time.
//
// A session is a run of positive acts of one visitor without a gap longer than Gap; one of more
// than maxSessionItems items goes on as another. With the
// last acts i, newest first, weighing w(i) = 1/r by their 1-based recency,
//
//	similar(s) = Σ over the last acts whose item s holds, of w(i) · 2^(−age(s)/halfLife)
//	score(j)   = Σ over the sessions most similar, of similar(s) · after(s, j)
//
// where age is the time since the session's last act and after is 1 for what came after the
// first item of s that is one of the last acts, else a half. Departures from the paper: weights fall with recency
// as 1/r and not in a line, sessions fade with time instead of being the most recent sample, what
// came before counts less, and there is no inverse document frequency, which lost on the data
// it was tried on elsewhere.
//
// Memory is bounded: the newest maxSessions sessions of at most maxSessionItems items each, and
// for each item the sessions in which it was wanted last, at most maxOfItem.
type SessionRoute struct {
	name      string
	gap       int64
	halfLife  float64
	sessions  []session         // a ring: that of number n stands at n mod maxSessions
	count     uint64            // sessions begun; their numbers are from 0
	open      map[uint32]uint64 // by visitor: the number of the newest session, plus one
	of        [][]uint64        // by item: numbers of sessions, oldest entry first
	scratches sync.Pool         // of *sessionScratch
}

type session struct {
	visitor uint32
	last    int64    // newest event time, Unix ms
	items   []uint32 // in order of the acts, none twice
}

// Bounds of the route, all of them guesses: a million sessions take some 100 MB.
const (
	maxSessions     = 1 << 20
	maxSessionItems = 20
	maxOfItem       = 128
	sessionQuery    = 10  // last acts looked at
	sessionsNearest = 100 // sessions that speak
	sessionBefore   = 0.5 // what came before the first shared item
)

// SessionOptions configure a SessionRoute. The zero value has every default.
type SessionOptions struct {
	Gap      freshet.Duration // acts further apart are of different sessions; 0 is 30 minutes
	HalfLife freshet.Duration // of a session's say; 0 is a day
}

// NewSession returns the route.
func NewSession(name string, o SessionOptions) *SessionRoute {
	if o.Gap == 0 {
		o.Gap = itemCFSession
	}
	if o.HalfLife == 0 {
		o.HalfLife = freshet.Day
	}
	return &SessionRoute{name: name, gap: int64(o.Gap), halfLife: float64(o.HalfLife), open: map[uint32]uint64{}}
}

// Name implements Route.
func (r *SessionRoute) Name() string { return r.name }

// Apply implements Route.
func (r *SessionRoute) Apply(a *Act) {
	if a.Visitor == 0 || a.Item == 0 || !a.Signal.Positive() {
		return
	}
	number := r.open[a.Visitor] - 1
	s := r.at(number)
	if r.open[a.Visitor] == 0 || s == nil || a.Time-s.last > r.gap {
		number, s = r.begin(a.Visitor)
		s.last = a.Time
	}
	s.last = max(s.last, a.Time)
	if slices.Contains(s.items, a.Item) {
		return
	}
	if len(s.items) == maxSessionItems {
		number, s = r.begin(a.Visitor)
		s.last = a.Time
	}
	s.items = append(s.items, a.Item)
	for int(a.Item) >= len(r.of) {
		r.of = append(r.of, nil)
	}
	list := r.of[a.Item]
	if len(list) == maxOfItem {
		list = append(list[:0], list[1:]...)
	}
	r.of[a.Item] = append(list, number)
}

// at is a session by its number, nil when it is gone.
func (r *SessionRoute) at(number uint64) *session {
	if number >= r.count || r.count-number > uint64(len(r.sessions)) {
		return nil
	}
	return &r.sessions[number%maxSessions]
}

// begin makes an empty session, in the place of the oldest when all are taken.
func (r *SessionRoute) begin(visitor uint32) (uint64, *session) {
	number := r.count
	r.count++
	if len(r.sessions) < maxSessions {
		r.sessions = append(r.sessions, session{visitor: visitor})
	} else {
		old := &r.sessions[number%maxSessions]
		if r.open[old.visitor] == number-maxSessions+1 {
			delete(r.open, old.visitor)
		}
		*old = session{visitor: visitor, items: old.items[:0]}
	}
	r.open[visitor] = number + 1
	return number, &r.sessions[number%maxSessions]
}

// sessionScratch is the room of one request.
type sessionScratch struct {
	place map[uint64]int // by session: its place in near
	near  []nearSession
	items map[uint32]int // by item: its place in sums
	sums  []sessionSum
}

type nearSession struct {
	number  uint64
	similar float64
	act     int // the newest of the last acts that it shares
}

type sessionSum struct {
	scored
	most float64
	act  int
}

// Recall implements Route. A proposal's score is the formula above.
func (r *SessionRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	recent := req.Recent[:min(len(req.Recent), sessionQuery)]
	if len(recent) == 0 || r.count == 0 {
		return nil, ctx.Err()
	}
	s, ok := r.scratches.Get().(*sessionScratch)
	if !ok {
		s = &sessionScratch{place: map[uint64]int{}, items: map[uint32]int{}}
	}
	defer func() {
		clear(s.place)
		clear(s.items)
		s.near, s.sums = s.near[:0], s.sums[:0]
		r.scratches.Put(s)
	}()
	if err := r.nearest(ctx, s, req, recent); err != nil {
		return nil, err
	}
	for i := range s.near {
		r.speak(s, &s.near[i], recent)
	}
	top := best{n: n}
	for i := range s.sums {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if c := s.sums[i].scored; c.score > 0 && top.wants(c) && !req.Skip(c.item) {
			top.offer(c)
		}
	}
	list := top.take()
	out := proposals(len(list))[:len(list)]
	for i, c := range list {
		past := recent[s.sums[s.items[c.item]].act]
		out[i] = Proposal{c.item, c.score, Because{Code: LikeRecent, Item: past.Item, Event: past.Name, Time: past.Time}}
	}
	return out, nil
}

// nearest leaves the sessions most similar in near, the most similar first, newer ones first
// among equals. The visitor's own session is none.
func (r *SessionRoute) nearest(ctx context.Context, s *sessionScratch, req *Request, recent []Past) error {
	own := r.open[req.Visitor]
	if req.Visitor == 0 {
		own = 0
	}
	for k, past := range recent {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if int(past.Item) >= len(r.of) {
			continue
		}
		for _, number := range r.of[past.Item] {
			one := r.at(number)
			if one == nil || number+1 == own {
				continue
			}
			at, ok := s.place[number]
			if !ok {
				at = len(s.near)
				s.place[number] = at
				s.near = append(s.near, nearSession{number: number, act: k})
			}
			s.near[at].similar += 1 / float64(k+1)
		}
	}
	for i := range s.near {
		one := &s.near[i]
		one.similar *= math.Exp2(-float64(max(0, req.Time-r.at(one.number).last)) / r.halfLife)
	}
	slices.SortFunc(s.near, func(a, b nearSession) int {
		if c := cmp.Compare(b.similar, a.similar); c != 0 {
			return c
		}
		return cmp.Compare(b.number, a.number)
	})
	s.near = s.near[:min(len(s.near), sessionsNearest)]
	return nil
}

// speak adds what a session says.
func (r *SessionRoute) speak(s *sessionScratch, one *nearSession, recent []Past) {
	weight := float64(sessionBefore * one.similar)
	for _, item := range r.at(one.number).items {
		if slices.ContainsFunc(recent, func(p Past) bool { return p.Item == item }) {
			weight = one.similar
			continue
		}
		at, ok := s.items[item]
		if !ok {
			at = len(s.sums)
			s.items[item] = at
			s.sums = append(s.sums, sessionSum{scored: scored{item: item}})
		}
		sum := &s.sums[at]
		sum.score += weight
		if weight > sum.most {
			sum.most, sum.act = weight, one.act
		}
	}
}

// Pack implements Route.
func (r *SessionRoute) Pack(w *pack.Writer) {
	w.Uint(r.count)
	w.Len(len(r.sessions))
	for number := r.count - uint64(len(r.sessions)); number < r.count; number++ {
		s := r.at(number)
		w.Uint(uint64(s.visitor))
		w.Int(s.last)
		w.Bool(r.open[s.visitor] == number+1)
		w.Len(len(s.items))
		for _, item := range s.items {
			w.Uint(uint64(item))
		}
	}
	w.Len(len(r.of))
	for _, list := range r.of {
		w.Len(len(list))
		for _, number := range list {
			w.Uint(number)
		}
	}
}

// Unpack implements Route.
func (r *SessionRoute) Unpack(from *pack.Reader, items int) {
	r.count = from.Uint()
	n := from.Len(4)
	if n > maxSessions || uint64(n) > r.count || uint64(n) < min(r.count, maxSessions) {
		from.Fail("%d sessions of %d", n, r.count)
		return
	}
	r.sessions = make([]session, n)
	for number := r.count - uint64(n); number < r.count; number++ {
		s := &r.sessions[number%maxSessions]
		s.visitor, s.last = uint32(from.Uint()), from.Int()
		if from.Bool() {
			r.open[s.visitor] = number + 1
		}
		count := from.Len(1)
		if count > maxSessionItems {
			from.Fail("a session of %d items", count)
		}
		if from.Err() != nil {
			return
		}
		for range count {
			s.items = append(s.items, from.Number(items))
		}
	}
	r.of = make([][]uint64, from.Len(1))
	if len(r.of) > items {
		from.Fail("sessions of %d items where there are %d", len(r.of), items)
	}
	for i := range r.of {
		count := from.Len(1)
		if count > maxOfItem {
			from.Fail("%d sessions of one item", count)
		}
		if from.Err() != nil {
			return
		}
		for range count {
			r.of[i] = append(r.of[i], from.Uint())
		}
	}
}
