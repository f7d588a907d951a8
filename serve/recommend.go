package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
)

// Recommend answers a request. The stages, in order: wait for the position asked for; know
// the visitor; ask all routes at once; merge; rank; fill what is missing; record; reply. Trouble
// in a stage costs its own part, named in Degraded; the error is a *Problem with the request
// or the context's.
func (s *Server) Recommend(ctx context.Context, req *Request) (*Reply, error) {
	began := s.Now()
	name := req.Scene
	if name == "" {
		name = "home"
	}
	scene, ok := s.Scenes[name]
	if !ok {
		return nil, &Problem{Code: "unknown_scene", Pointer: "/scene", Message: fmt.Sprintf("there is no scene %q", name), Hint: "scenes are " + strings.Join(s.sceneNames(), ", ")}
	}
	r := &run{server: s, req: req, n: req.N, share: scene.Explore, reply: &Reply{Request: req.ID, Scene: name, N: req.N}}
	if req.ID == "" {
		r.reply.Request = s.NewID()
	}
	if r.n == 0 {
		r.n, r.reply.N = DefaultN, DefaultN
	}
	// A request that names its deadline spends at most half of it waiting; one that does not
	// waits as long as it said and then has the scene's budget.
	wait, budget := min(req.Wait, MaxWait), scene.Budget.Std()
	if req.Timeout > 0 {
		budget = min(req.Timeout, MaxTimeout)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, budget)
		defer cancel()
		wait = min(wait, budget/2)
	}
	if err := s.await(ctx, req.MinPosition, wait, &r.reply.Reflected); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	routes := s.scenes[name]
	if err := r.know(ctx, s.asksOutside(routes)); err != nil {
		return nil, err
	}
	if !r.held {
		r.gather(ctx, routes)
		candidates := r.merge()
		r.rank(ctx, candidates)
		r.place(ctx, candidates)
		r.done()
	}
	if r.held {
		r.makeDo()
	}
	if !req.DryRun {
		r.record(ctx)
		s.sampling.note(r.reply.Request, &r.recall)
	}
	r.reply.Took = s.Now().Sub(began)
	return r.reply, nil
}

func (s *Server) sceneNames() []string {
	var names []string
	for name := range s.Scenes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// asksOutside reports that one of the routes does.
func (s *Server) asksOutside(routes []int) bool {
	for _, at := range routes {
		if s.outside[at] != nil {
			return true
		}
	}
	return false
}

// run is one request under way.
type run struct {
	server  *Server
	req     *Request
	n       int
	reply   *Reply
	recall  recall.Request
	exclude map[uint32]bool
	visitor freshet.Visitor
	answers []recall.Answer
	served  []fold.ServedRoute
	ranking *ranking

	share    float64  // of the places, kept for routes that explore
	question Question // for routes that ask outside
	held     bool     // the state could not be had in time

	past     *past  // of a replay; nil when the request is live
	inForce  string // hash of the definitions that the rows were read under
	config   string // likewise of everything configured that shapes a slate
	known    freshet.Position
	ranked   freshet.Position
	placedAt freshet.Position
	list     *fallbackList // what open places are filled from
}

// view calls read with the state held still: as it stands now, or in a replay as it stood where
// the section read. It notes that the state could not be had until ctx was over, or for stateWait
// where that is longer.
func (r *run) view(ctx context.Context, where func(*fold.Served) freshet.Position, read func(p freshet.Position)) bool {
	if r.held {
		return false
	}
	wait := stateWait
	if r.past == nil {
		wait = max(wait, time.Until(deadlineOf(ctx)))
	}
	ok := r.viewIn(wait, where, read)
	if !ok {
		r.held = true
	}
	return ok
}

// viewIn is view for a section that waits for the state only so long.
func (r *run) viewIn(wait time.Duration, where func(*fold.Served) freshet.Position, read func(p freshet.Position)) bool {
	if r.past == nil {
		return r.server.Stream.ViewWithin(wait, read)
	}
	r.past.at(where(r.past.record), read)
	return true
}

// await waits for a position, at most for wait, and notes whether it was reached. The error is
// that of a caller who has gone.
func (s *Server) await(ctx context.Context, p freshet.Position, wait time.Duration, reached *bool) error {
	*reached = true
	if s.Stream.Applied() >= p {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if err := s.Stream.WaitApplied(limited, p); err != nil {
		*reached = false
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return nil
}

// know reads who asks and what they did, at one position, and what is told of that outside.
func (r *run) know(ctx context.Context, outside bool) (err error) {
	s, req := r.server, r.req
	if r.past == nil {
		r.visitor = freshet.VisitorOf(req.User, req.Anonymous, req.Session)
	}
	r.view(ctx, func(rec *fold.Served) freshet.Position { return rec.Known }, func(p freshet.Position) {
		st := s.State
		r.reply.Position, r.known = p, p
		if earliest := st.Newest - int64(s.MaxFuture); r.past == nil && req.At != 0 && req.At < earliest {
			err = &Problem{Code: "too_old", Pointer: "/at",
				Message: fmt.Sprintf("at is %s, more than %s before the newest event at %s; the state of then is gone", stamp(req.At), s.MaxFuture, stamp(st.Newest)),
				Hint:    "ask for " + stamp(earliest) + " or later"}
			return
		}
		r.reply.Time = s.time(req.At)
		visitor := st.Visitor(r.visitor)
		r.recall = recall.Request{Time: r.reply.Time, Newest: st.Newest, Visitor: visitor, Seed: recall.SeedOf(r.reply.Request), Context: req.Context, External: r.recall.External, Skip: r.skip}
		if err = r.context(visitor); err != nil {
			return
		}
		if outside {
			r.question = r.questionOf()
		}
		if act := st.Acts.Of(visitor); act.Position != 0 {
			r.reply.Last = &LastAct{Event: act.Name, Position: act.Position, Newest: act.Newest, Effect: -1}
			if r.past != nil {
				return // how long it took is known only where it came
			}
			if took, ok := s.Stream.Effect(act.Position); ok {
				r.reply.Last.Effect = took
			}
		}
	})
	return err
}

// context gathers the acts to recall from, newest first, and the items to leave out: what
// the request brings, then what the visitor is known for.
func (r *run) context(visitor uint32) error {
	st, req := r.server.State, r.req
	r.exclude = map[uint32]bool{}
	for _, id := range req.Exclude {
		if item := st.Items.Find(id); item != 0 {
			r.exclude[item] = true
		}
	}
	for i, id := range req.Seeds {
		item := st.Items.Find(id)
		if item == 0 {
			return &Problem{Code: "unknown_item", Pointer: fmt.Sprintf("/seed_items/%d", i), Message: fmt.Sprintf("there is no item %q", id)}
		}
		r.exclude[item] = true
		r.recall.Recent = append(r.recall.Recent, recall.Past{Item: item, Time: r.reply.Time})
	}
	var acts, disliked []recall.Past
	for _, recent := range req.Recent {
		item, signal := st.Items.Find(recent.Item), r.server.Kinds.Of(recent.Event).Signal
		if item == 0 || signal == freshet.SignalImpression || signal == freshet.SignalContext {
			continue
		}
		r.exclude[item] = true
		at := recent.Time
		if at == 0 {
			at = r.reply.Time
		}
		past := recall.Past{Item: item, Time: at, Name: recent.Event}
		if signal == freshet.SignalNegative {
			disliked = append(disliked, past)
		} else {
			acts = append(acts, past)
		}
	}
	// Of acts at the same time the one that came last is the newest.
	acts, disliked = append(acts, st.Histories.Liked(visitor)...), append(disliked, st.Histories.Disliked(visitor)...)
	newest := func(a, b recall.Past) int { return cmp.Compare(b.Time, a.Time) }
	slices.SortStableFunc(acts, newest)
	slices.SortStableFunc(disliked, newest)
	r.recall.Recent = append(r.recall.Recent, acts...)
	r.recall.Disliked = onePerItem(disliked)
	r.recall.Queries = st.Histories.Queries(visitor)
	return nil
}

// onePerItem keeps the first act on each item.
func onePerItem(acts []recall.Past) []recall.Past {
	var list []recall.Past
	for _, a := range acts {
		if !slices.ContainsFunc(list, func(b recall.Past) bool { return b.Item == a.Item }) {
			list = append(list, a)
		}
	}
	return list
}

// skip reports whether an item may not be in this slate; it is called under the state lock.
func (r *run) skip(item uint32) bool { return r.why(item) != "" }

// why says what keeps an item out of the slate, "" if nothing does.
func (r *run) why(item uint32) string {
	st := r.server.State
	if !st.Items.Available(item) {
		return "unavailable"
	}
	if r.exclude[item] {
		return "excluded"
	}
	if st.Histories.Refused(r.recall.Visitor, item) {
		return "refused"
	}
	seen, ok := st.Histories.Seen(r.recall.Visitor, item)
	if ok && r.req.Purchased && st.Histories.Bought(r.recall.Visitor, item) {
		return "seen"
	}
	if ok && (r.req.SeenWithin == nil || seen > r.reply.Time-int64(*r.req.SeenWithin)) {
		return "seen"
	}
	return ""
}

// defined notes what is defined at a section that may read rows. When that changed from one to the
// next there are two, and such a slate cannot be made again.
func (r *run) defined() {
	st := r.server.State
	switch r.inForce {
	case "":
		r.inForce, r.config = st.Definitions, st.Config
	case st.Definitions:
	default:
		r.inForce, r.config = r.inForce+","+st.Definitions, st.Config
	}
}

func isTimeout(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// place puts the best candidates into the slate and fills it up, at one position.
func (r *run) place(ctx context.Context, candidates []recall.Candidate) {
	s, st := r.server, r.server.State
	r.view(ctx, func(rec *fold.Served) freshet.Position { return rec.Placed }, func(p freshet.Position) {
		r.placedAt = p
		r.defined()
		taken := map[uint32]bool{}
		var unranked []recall.Candidate // of reply.Items, those that the model has not ranked
		picks := r.picks(candidates)
		r.reply.Items = slices.Grow(r.reply.Items, len(picks))
		shown := make([]int, len(picks))
		for place, p := range picks {
			shown[place] = p.candidate
		}
		r.ranking.explain(shown)
		for place, p := range picks {
			c := &candidates[p.candidate]
			taken[c.Item] = true
			placed := r.placed(p.candidate, place, c)
			placed.Explored, placed.Propensity = p.explored, p.propensity
			r.reply.Items = append(r.reply.Items, placed)
			if r.ranking.model == nil {
				unranked = append(unranked, *c)
			}
		}
		// What failed is made up for; and where the routes have no more to say, everyone's
		// favourites are better than an open place.
		if len(r.reply.Items) < r.n {
			if r.past == nil {
				r.list = s.fallback.Load()
			} else {
				r.list = r.past.listed()
			}
			for _, item := range r.list.items {
				if len(r.reply.Items) == r.n {
					break
				}
				if !taken[item] && !r.skip(item) {
					r.reply.Items = append(r.reply.Items, Placed{Item: st.Items.ID(item), Doc: st.Items.Entry(item), Reason: freshet.Reason{Code: "fallback"}})
					unranked = append(unranked, recall.Candidate{Item: item})
					r.reply.Fallback++
				}
			}
			if r.reply.Fallback > 0 && len(r.reply.Degraded) > 0 {
				r.reply.Degraded = append(r.reply.Degraded, "slate:fallback_popular")
			}
		}
		r.rows(unranked)
		if len(r.reply.Items) < r.n {
			r.shortfall()
		}
		if r.req.Diff {
			r.compare()
		}
	})
}

// makeDo fills the slate from the list at hand when the state could not be had. Of what is to be
// left out only that is known which the request names.
func (r *run) makeDo() {
	out := map[freshet.ItemID]bool{}
	for _, ids := range [][]freshet.ItemID{r.req.Exclude, r.req.Seeds} {
		for _, id := range ids {
			out[id] = true
		}
	}
	for i := range r.req.Recent {
		out[r.req.Recent[i].Item] = true
	}
	list := r.server.fallback.Load()
	r.list, r.reply.Position = list, list.position
	if r.reply.Time == 0 { // else a route that goes on may look at it
		r.reply.Time = max(r.req.At, list.time)
	}
	r.known, r.ranked, r.placedAt = 0, 0, 0
	r.reply.Items, r.reply.Fallback, r.reply.Model, r.reply.Shortfall, r.reply.Last = nil, 0, nil, nil, nil
	for i, id := range list.ids {
		if len(r.reply.Items) == r.n {
			break
		}
		if !out[id] {
			r.reply.Items = append(r.reply.Items, Placed{Item: id, Doc: list.docs[i], Reason: freshet.Reason{Code: "fallback"}})
			r.reply.Fallback++
		}
	}
	r.reply.Degraded = append(r.reply.Degraded, "state:held", "slate:fallback_popular")
	if missing := r.n - len(r.reply.Items); missing > 0 {
		r.reply.Shortfall = []Shortfall{{Stage: "recall", Reason: "few_items", Removed: missing}}
	}
}

// rows notes the rows of what was shown without a model, the last places of the slate. They are
// read where the slate is made: it takes about a microsecond an item.
func (r *run) rows(unranked []recall.Candidate) {
	b := r.ranking.builder
	b.Start(r.server.State.Visitor(r.visitor), r.reply.Time, r.req.Context)
	places := r.reply.Items[len(r.reply.Items)-len(unranked):]
	for i := range unranked {
		row := b.Row(&unranked[i])
		places[i].Row = fold.RowHash(row)
		if r.past != nil {
			r.past.tell(places[i].Item, row.Numbers)
		}
	}
}

func (r *run) placed(i, place int, c *recall.Candidate) Placed {
	st := r.server.State
	because := c.Routes[0].Proposal.Because
	placed := Placed{Item: st.Items.ID(c.Item), Doc: st.Items.Entry(c.Item), Score: r.ranking.scoreOf(i, c), Row: r.ranking.hash(i), Strong: r.ranking.strongest(i, place),
		Reason: freshet.Reason{Code: because.Code, Event: because.Event, Time: because.Time, Window: because.Window, Query: because.Query}, Demoted: c.Demoted}
	if c.Demoted > 0 {
		placed.Dislike = st.Items.ID(c.Dislike.Item)
	}
	if because.Item != 0 {
		placed.Reason.Item, placed.Liked = st.Items.ID(because.Item), st.Items.Entry(because.Item)
	}
	for _, o := range c.Routes {
		placed.Routes = append(placed.Routes, freshet.RouteScore{Route: o.Route, Rank: o.Rank, Score: o.Proposal.Score})
	}
	return placed
}

// shortfall counts what kept the slate from being full, over the whole catalogue.
func (r *run) shortfall() {
	removed := map[string]int{}
	for item := 1; item < r.server.State.Items.Len(); item++ {
		if why := r.why(uint32(item)); why != "" {
			removed[why]++
		}
	}
	for _, reason := range []string{"unavailable", "excluded", "refused", "seen"} {
		if n := removed[reason]; n > 0 {
			r.reply.Shortfall = append(r.reply.Shortfall, Shortfall{Stage: "filter", Reason: reason, Removed: n})
		}
	}
	r.reply.Shortfall = append(r.reply.Shortfall, Shortfall{Stage: "recall", Reason: "few_items", Removed: r.n - len(r.reply.Items)})
}

// compare notes where each item stood in the last slate the visitor got.
func (r *run) compare() {
	last, ok := r.server.State.Shown(r.recall.Visitor)
	if !ok {
		return
	}
	r.reply.Previous = last.Request
	for i := range r.reply.Items {
		r.reply.Items[i].Was = slices.Index(last.Items, r.reply.Items[i].Item) + 1
	}
}

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
