package serve

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
)

// Replayer answers past requests once more, from their served records and the journal: every
// section of a request reads the state as it stood where that section read, routes that were
// late stay silent, and the model is the one that ranked. So the slate is the one that was
// served, bit for bit, whatever happened since. It is for one goroutine.
type Replayer struct {
	server  *Server
	advance func(freshet.Position) error
	rows    func(*Row)
}

// Row is the row of one item as a replay read it.
type Row struct {
	Record *fold.Served
	Item   freshet.ItemID
	Values []float64 // the numbers in the order of fold.State.RowNames; valid during the call
}

// Rows lets read see the row of each item that was shown, while the state stands as it stood when
// the row was read.
func (p *Replayer) Rows(read func(*Row)) { p.rows = read }

// NewReplayer returns a Replayer. The models that routes go by are for o.State to find. Of o it takes State, Kinds, MaxFuture, Routes and
// Disk. advance folds the journal into o.State up to a position, and never further; it is
// called with positions that do not fall within one request.
func NewReplayer(o Options, advance func(freshet.Position) error) *Replayer {
	if o.Report == nil {
		o.Report = func(string, error) {}
	}
	o.Now = func() time.Time { return time.Time{} } // how long a replay takes says nothing
	return &Replayer{server: newServer(o), advance: advance}
}

// NotReplayable says why a slate cannot be made again.
type NotReplayable struct {
	Cause string // definitions, config, model, route or record: stable
	Text  string
}

// Error makes a NotReplayable an error.
func (n *NotReplayable) Error() string { return n.Text }

// First is the earliest position that a replay of the record reads at.
func First(rec *fold.Served) freshet.Position {
	first := min(rec.Known, rec.Placed)
	for _, route := range rec.Routes {
		if route.Answered() {
			first = min(first, route.Position)
		}
	}
	if rec.FromList != nil {
		first = min(first, rec.FromList.Position)
	}
	return first
}

// past is the request that is replayed.
type past struct {
	record  *fold.Served
	advance func(freshet.Position) error
	rows    func(*Row)              // nil when nobody asks
	shown   map[freshet.ItemID]bool // those whose rows the record names; nil until rows asks
	list    *fallbackList
	server  *Server
	err     error // of advance, or a *NotReplayable; the first one
}

// at calls read with the state as it stood at p.
func (p *past) at(position freshet.Position, read func(freshet.Position)) {
	if list := p.record.FromList; list != nil && p.list == nil && list.Position <= position {
		if p.err == nil {
			p.err = p.advance(list.Position)
		}
		p.list = p.server.listFallback(list.Position, list.Time)
	}
	if p.err == nil {
		p.err = p.advance(position)
	}
	read(position)
}

// gather asks the routes one after the other, in the order in which they read. Those that had no
// say then are silent.
func (p *past) gather(ctx context.Context, r *run, routes []int) {
	order := make([]int, len(routes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(p.record.Routes[a].Position) - int(p.record.Routes[b].Position) })
	for _, i := range order {
		was := &p.record.Routes[i]
		if !was.Answered() {
			r.answers[i], r.served[i] = r.silent(routes[i]), *was
			continue
		}
		a := r.ask(ctx, i, routes[i])
		r.answers[i], r.served[i] = a.answer, a.served
	}
	for i := range r.served {
		if route := &r.served[i]; route.Status != statusOK {
			r.reply.Degraded = append(r.reply.Degraded, "recall."+route.Name+":"+route.Status)
		}
	}
}

// lacks notes that a route which answered then goes by a model that is not at hand any more.
func (p *past) lacks(route string) {
	if p.err == nil {
		p.err = &NotReplayable{"model", fmt.Sprintf("the route %q went by a model that is not at hand; restore its files below models/", route)}
	}
}

// tellRanked passes on the rows of the items that were shown.
func (p *past) tellRanked(k *ranking, candidates []recall.Candidate) {
	if p.rows == nil {
		return
	}
	for i := range candidates {
		p.tell(p.server.State.Items.ID(candidates[i].Item), k.rows.Row(i).Numbers)
	}
}

// tell passes on the row of an item that was shown and whose row the record names.
func (p *past) tell(item freshet.ItemID, row []float64) {
	if p.rows == nil {
		return
	}
	if p.shown == nil {
		p.shown = map[freshet.ItemID]bool{}
		for i := range p.record.Items {
			p.shown[p.record.Items[i].Item] = p.record.Items[i].Row != ""
		}
	}
	if p.shown[item] {
		p.rows(&Row{p.record, item, row})
	}
}

// listed is the list that open places were filled from, an empty one when none were.
func (p *past) listed() *fallbackList {
	if p.list == nil {
		return &fallbackList{}
	}
	return p.list
}

// updated notes that another publication is in force than ranked.
func (p *past) updated(publication int) {
	if m := p.record.Model; p.err == nil && m != nil && m.Publication != publication {
		p.err = &NotReplayable{"model", fmt.Sprintf("%s version %d ranked it with publication %d of what was learned online, the journal says %d", m.Name, m.Version, m.Publication, publication)}
	}
}

// model is the model that ranked, none when none came to.
func (p *past) model() fold.Model {
	m := p.record.Model
	if m == nil {
		return fold.Model{}
	}
	return fold.Model{Switch: fold.Switch{Name: m.Name, Version: m.Version, SHA256: m.SHA256}}
}

// Replay makes the slate of a record again. The error is a *NotReplayable, or that of advance.
func (p *Replayer) Replay(ctx context.Context, rec *fold.Served) (*Reply, error) {
	s := p.server
	if rec.Definitions != s.State.Definitions {
		return nil, &NotReplayable{"definitions", fmt.Sprintf("it was served under the definitions %s, in force are %s; replay it with the configuration of then", rec.Definitions, s.State.Definitions)}
	}
	if rec.Config != "" && rec.Config != s.State.Config {
		return nil, &NotReplayable{"config", fmt.Sprintf("it was served under another configuration of events, routes, times or feature_keys (%s, in force is %s); replay it with the configuration of then", rec.Config, s.State.Config)}
	}
	if rec.Known == 0 && rec.Placed == 0 {
		return nil, &NotReplayable{"record", "its record does not say where it read: it is from an earlier release, or the state could not be read for it"}
	}
	var routes []int
	for _, was := range rec.Routes {
		i, ok := s.routes[was.Name]
		if !ok {
			return nil, &NotReplayable{"route", fmt.Sprintf("the route %q is not configured any more", was.Name)}
		}
		routes = append(routes, i)
	}
	if m := rec.Model; m != nil && s.bundle(&fold.Model{Switch: fold.Switch{SHA256: m.SHA256}}, s.State.Definitions) == nil {
		if _, err := s.fetch(fold.Ranker, m.Name, m.Version, m.SHA256); err != nil {
			return nil, &NotReplayable{"model", fmt.Sprintf("%s version %d ranked it: %v", m.Name, m.Version, err)}
		}
	}
	req := &Request{ID: rec.Request, Scene: rec.Scene, N: rec.N, Seeds: rec.Seeds, Context: rec.Context, Exclude: rec.Exclude, SeenWithin: rec.SeenWithin, Purchased: rec.Purchased, At: rec.Time, DryRun: true}
	for _, act := range rec.Recent {
		req.Recent = append(req.Recent, Recent(act))
	}
	was := &past{record: rec, advance: p.advance, rows: p.rows, server: s}
	r := &run{server: s, req: req, n: rec.N, visitor: rec.Visitor, share: rec.Explore, past: was, reply: &Reply{Request: rec.Request, Scene: rec.Scene, N: rec.N, Reflected: true}}
	r.recall.External = rec.External()
	if err := r.know(ctx, false); err != nil {
		return nil, err
	}
	r.gather(ctx, routes)
	candidates := r.merge()
	r.rank(ctx, candidates)
	r.place(ctx, candidates)
	r.done()
	return r.reply, was.err
}

// Differences says how a slate that was made again differs from its record, "" when it does
// not: items, their order, scores, routes and rows are compared bit for bit.
func Differences(rec *fold.Served, again *Reply) string {
	var list []string
	say := func(format string, args ...any) {
		if len(list) < 10 {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	items := ServedItems(again)
	if len(rec.Items) != len(items) {
		say("%d items were served, %d come now", len(rec.Items), len(items))
	}
	for i := range min(len(rec.Items), len(items)) {
		was, now := &rec.Items[i], &items[i]
		switch {
		case was.Item != now.Item:
			say("place %d was %s, now %s", i+1, was.Item, now.Item)
		case was.Score != now.Score:
			say("place %d, %s: the score was %v, now %v", i+1, was.Item, was.Score, now.Score)
		case was.Explored != now.Explored || was.Propensity != now.Propensity:
			say("place %d, %s: explored %v with propensity %v, now %v with %v", i+1, was.Item, was.Explored, was.Propensity, now.Explored, now.Propensity)
		case was.Row != "" && was.Row != now.Row: // an earlier release names only rows that a model ranked
			say("place %d, %s: another row", i+1, was.Item)
		case !slices.Equal(was.Routes, now.Routes):
			say("place %d, %s: the routes said %v, now %v", i+1, was.Item, was.Routes, now.Routes)
		}
	}
	if rec.Fallback != again.Fallback {
		say("%d places were filled from the list, now %d", rec.Fallback, again.Fallback)
	}
	return strings.Join(list, "; ")
}
