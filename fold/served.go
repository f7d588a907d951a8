package fold

import (
	"encoding/json"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// Served is the record of one slate: what was asked, what was read at which positions, and
// what was shown. It is the JSON of the journal's topic "served".
type Served struct {
	Request     string            `json:"request_id"`
	Scene       string            `json:"scene"`
	Visitor     freshet.Visitor   `json:"visitor,omitempty"`
	Time        int64             `json:"ts_ms"` // q
	N           int               `json:"n"`
	Definitions string            `json:"definitions"`      // hash of those in force
	Config      string            `json:"config,omitempty"` // hash of everything configured that shapes a slate
	Known       freshet.Position  `json:"known"`            // where the section read that knows the visitor
	Ranked      freshet.Position  `json:"ranked,omitempty"` // where the section read that ranks; 0 when there was nothing to rank
	Placed      freshet.Position  `json:"placed"`           // where the section read that made the slate
	Routes      []ServedRoute     `json:"routes"`
	Model       *ServedModel      `json:"model,omitempty"` // what ranked; absent when the recall score did
	Items       []ServedItem      `json:"items"`
	Degraded    []string          `json:"degraded,omitempty"`
	Fallback    int               `json:"fallback,omitempty"`  // of Items, those that no route proposed in time
	FromList    *ServedList       `json:"from_list,omitempty"` // with Fallback: the list they are from
	Seeds       []freshet.ItemID  `json:"seed_items,omitempty"`
	Recent      []ServedAct       `json:"recent,omitempty"` // what the request itself brought along
	Context     Context           `json:"context,omitempty"`
	Exclude     []freshet.ItemID  `json:"exclude,omitempty"`
	SeenWithin  *freshet.Duration `json:"seen_within,omitempty"` // nil is ever
	Purchased   bool              `json:"purchased,omitempty"`
	MinPosition freshet.Position  `json:"min_position,omitempty"`
	Seed        string            `json:"seed,omitempty"`    // recall.SeedOf the request, in hexadecimal: what was drawn by lot was drawn with it
	Explore     float64           `json:"explore,omitempty"` // share of the places kept for routes that explore
}

// ServedAct is an act that a request brought along: part of the record, of no history.
type ServedAct struct {
	Event string         `json:"event"`
	Item  freshet.ItemID `json:"item_id"`
	Time  int64          `json:"ts_ms"` // 0 is the time of the slate
}

// ServedRoute is the outcome of one route.
type ServedRoute struct {
	Name     string           `json:"name"`
	Status   string           `json:"status"` // ok, timeout, error, busy, panic or garbage
	Count    int              `json:"count"`
	Position freshet.Position `json:"position"`         // where its section read
	Weight   float64          `json:"weight,omitempty"` // in the merge, when that is not always its kind's
	// Said is what somebody outside answered, as it came; nil for routes that ask nobody.
	Said []recall.External `json:"candidates,omitempty"`
}

// Weights gives the weight that a route had in the merge, by its name. kind gives that of its kind.
func (rec *Served) Weights(kind func(route string) float64) func(route string) float64 {
	return func(route string) float64 {
		for i := range rec.Routes {
			if r := &rec.Routes[i]; r.Name == route && r.Weight != 0 {
				return r.Weight
			}
		}
		return kind(route)
	}
}

// Answered reports that the route had a say in the slate.
func (r *ServedRoute) Answered() bool { return r.Status == "ok" || len(r.Said) > 0 }

// External is what was said outside, as recall.Request has it.
func (rec *Served) External() map[string][]recall.External {
	var said map[string][]recall.External
	for i := range rec.Routes {
		if r := &rec.Routes[i]; len(r.Said) > 0 {
			if said == nil {
				said = map[string][]recall.External{}
			}
			said[r.Name] = r.Said
		}
	}
	return said
}

// ServedModel is the model that ranked.
type ServedModel struct {
	Name        string           `json:"name"`
	Version     int              `json:"version"`
	SHA256      string           `json:"sha256"`
	Publication int              `json:"publication,omitempty"` // of what was learned online
	Position    freshet.Position `json:"position"`              // where the rows were read
}

// ServedList is a list of what is popular that was at hand.
type ServedList struct {
	Position freshet.Position `json:"position"` // where it was read
	Time     int64            `json:"ts_ms"`    // for when
}

// ServedItem is one place of the slate.
type ServedItem struct {
	Item    freshet.ItemID `json:"item_id"`
	Score   float64        `json:"score"`
	Row     string         `json:"row,omitempty"` // RowHash of its row; absent in records of earlier releases where no model ranked it
	Routes  []ServedScore  `json:"routes,omitempty"`
	Demoted float64        `json:"demoted,omitempty"` // the share of its score, or of its odds, that dislikes took off

	Explored   bool    `json:"explored,omitempty"`   // it has one of the places kept for routes that explore
	Propensity float64 `json:"propensity,omitempty"` // its probability to be in the slate, where the scene explored
}

// RowPosition is where the row of a shown item was read: where the model ranked it, else where the
// slate was made.
func (rec *Served) RowPosition(item *ServedItem) freshet.Position {
	if rec.Model != nil && len(item.Routes) > 0 {
		return rec.Model.Position
	}
	return rec.Placed
}

// Candidate is a shown item as the merge handed it on, from what the record says of it. item is
// its number and weight gives that of a route by its name.
func (it *ServedItem) Candidate(item uint32, weight func(route string) float64) recall.Candidate {
	c := recall.Candidate{Item: item}
	for _, s := range it.Routes {
		c.Score += recall.Share(weight(s.Route), s.Rank)
		c.Routes = append(c.Routes, recall.Opinion{Route: s.Route, Rank: s.Rank, Proposal: recall.Proposal{Item: item, Score: s.Score}})
	}
	return c
}

// ServedScore is one route's score of a shown item.
type ServedScore struct {
	Route string  `json:"route"`
	Rank  int     `json:"rank"`
	Score float64 `json:"score"`
}

// maxShown bounds the visitors whose last slate is kept; the one who was first shown one
// longest ago goes first.
const maxShown = 100_000

// shown keeps each visitor's last slate.
type shown struct {
	last  map[uint32]Shown
	order []uint32 // visitors by when they were first kept, a ring once full
	next  int
}

// Shown is a slate as a visitor got it.
type Shown struct {
	Request string
	Items   []freshet.ItemID
	trial   freshet.Position // of the trial in whose Arms it is counted, as long as nothing was wanted of it; else 0
}

// served notes a served slate. A record that does not decode was written by a newer release
// and says nothing about what was shown; replay of slates will name it.
func (s *State) served(e *stream.Entry) {
	var record Served
	if err := json.Unmarshal(e.Served, &record); err != nil {
		return
	}
	s.Lately.note(&record, s.Acts.Of(s.Visitor(record.Visitor)).Position != 0, s.own)
	for _, it := range record.Items {
		if item := s.Items.Find(it.Item); item != 0 {
			for _, w := range s.watchers {
				w.Served(item)
			}
		}
	}
	visitor := uint32(0)
	if record.Visitor != "" {
		visitor = s.Visitors.Add(string(record.Visitor))
		s.shown.note(visitor, &record, s.slate(visitor, record.Visitor))
	}
	s.Ledger.Served(visitor, s.places(&record))
	if s.updater != nil {
		s.show(&record, visitor, e.Position, e.Received)
	}
}

// places are those of a slate with the routes that proposed their items.
func (s *State) places(record *Served) []recall.ShownItem {
	shown := make([]recall.ShownItem, len(record.Items))
	for i := range record.Items {
		it := &record.Items[i]
		shown[i].Item = s.Items.Find(it.Item)
		for _, score := range it.Routes {
			shown[i].Routes = append(shown[i].Routes, score.Route)
		}
	}
	return shown
}

// note keeps a slate as the visitor's last.
func (s *shown) note(visitor uint32, record *Served, trial freshet.Position) {
	if s.last == nil {
		s.last = map[uint32]Shown{}
	}
	if _, ok := s.last[visitor]; !ok {
		if len(s.order) < maxShown {
			s.order = append(s.order, visitor)
		} else {
			delete(s.last, s.order[s.next])
			s.order[s.next] = visitor
			s.next = (s.next + 1) % maxShown
		}
	}
	items := make([]freshet.ItemID, len(record.Items))
	for i, it := range record.Items {
		items[i] = it.Item
	}
	s.last[visitor] = Shown{record.Request, items, trial}
}

// Shown returns the last slate a visitor got, and whether one is known.
func (s *State) Shown(visitor uint32) (Shown, bool) {
	last, ok := s.shown.last[visitor]
	return last, ok
}
