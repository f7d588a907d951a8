package learn_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// servedScene is a scene that asks all routes of newState.
var servedScene = map[string][]string{"home": {"covisit", "hot", "new"}}

// rowsOf are the hashes of all rows, without the rank that they were shown at.
func rowsOf(t *testing.T, h *learn.History) (hashes []string, groups []uint32) {
	t.Helper()
	samples, err := h.Samples(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	numbers := len(samples.Names.Numbers) - 1
	err = samples.Each(0, samples.Len(), func(_ int, s *learn.Sample) error {
		hashes = append(hashes, fold.RowHash(&rank.Row{Numbers: s.Row.Numbers[:numbers], Words: s.Row.Words, Ends: s.Row.Ends}))
		groups = append(groups, s.Group)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return hashes, groups
}

// slateOracle folds what a history folds, and keeps what rows it has to make.
type slateOracle struct {
	t       *testing.T
	history *learn.History
	state   *fold.State
}

func newSlateOracle(t *testing.T, scenes map[string][]string) *slateOracle {
	t.Helper()
	h, err := learn.NewHistory(learn.HistoryOptions{State: newState(t), Kinds: freshet.BuiltinEvents(), Asks: asks, Slack: freshet.Minute, Seed: 1, Exposures: true, Scenes: scenes}, fsys.NewMem(), "rows")
	if err != nil {
		t.Fatal(err)
	}
	return &slateOracle{t: t, history: h, state: newState(t)}
}

func (o *slateOracle) apply(e *stream.Entry) {
	o.t.Helper()
	if err := o.history.Apply(o.t.Context(), e); err != nil {
		o.t.Fatal(err)
	}
	o.state.Apply(e)
}

// candidates are what routes propose now.
func (o *slateOracle) candidates(visitor uint32, q int64) []recall.Candidate {
	o.t.Helper()
	list, err := o.state.Candidates(o.t.Context(), asks, o.state.Request(visitor, q))
	if err != nil {
		o.t.Fatal(err)
	}
	return list
}

// row is that of an item for a visitor as the state stands.
func (o *slateOracle) row(visitor uint32, q int64, among []recall.Candidate, item uint32) string {
	b := o.state.NewRowBuilder()
	b.Start(visitor, q, nil)
	c := recall.Candidate{Item: item}
	if at := slices.IndexFunc(among, func(c recall.Candidate) bool { return c.Item == item }); at >= 0 {
		c = among[at]
	}
	return fold.RowHash(b.Row(&c))
}

// serve applies the record of a slate of some items, and returns their rows.
func (o *slateOracle) serve(request string, visitor freshet.Visitor, q int64, scene string, items []freshet.ItemID) (rows map[freshet.ItemID]string) {
	o.t.Helper()
	rows = map[freshet.ItemID]string{}
	number := o.state.Visitor(visitor)
	among := o.candidates(number, q)
	record := &fold.Served{Request: request, Visitor: visitor, Time: q, Scene: scene, Definitions: o.state.Definitions, Routes: []fold.ServedRoute{{Name: "covisit"}, {Name: "hot"}, {Name: "new"}}}
	for _, item := range items {
		place := fold.ServedItem{Item: item, Row: o.row(number, q, among, o.state.Items.Find(item))}
		for _, c := range among {
			if c.Item != o.state.Items.Find(item) {
				continue
			}
			for _, said := range c.Routes {
				place.Routes = append(place.Routes, fold.ServedScore{Route: said.Route, Rank: said.Rank, Score: said.Proposal.Score})
			}
		}
		rows[item] = place.Row
		record.Items = append(record.Items, place)
	}
	text, err := json.Marshal(record)
	if err != nil {
		o.t.Fatal(err)
	}
	o.apply(&stream.Entry{Served: text})
	return rows
}

// TestRowsAreThoseServed: what was on screen of a slate that the journal has is learned from as it was
// served, to the bit, whatever came between and however long it took; of a slate that the journal has not,
// as things stood before the first of it was on screen.
func TestRowsAreThoseServed(t *testing.T) {
	w := sim.New(sim.Options{Seed: 5, Items: 60, Visitors: 60, Days: 4, End: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)})
	history := slices.Collect(w.History())
	of := map[string][]freshet.ItemID{} // by request: what was shown
	for i := range history {
		if e := &history[i]; e.Name == "expose" {
			of[e.Request] = append(of[e.Request], e.Item)
		}
	}
	for name, scenes := range map[string]map[string][]string{"as recorded": servedScene, "asked anew": nil} {
		t.Run(name, func(t *testing.T) {
			o := newSlateOracle(t, scenes)
			for _, item := range w.Items() {
				o.apply(&stream.Entry{Item: &item})
			}
			var want []string
			served := map[string]map[freshet.ItemID]string{}
			exposures, known := 0, 0
			for i := 0; i < len(history); i++ {
				e := history[i]
				if e.Name != "expose" {
					o.apply(&stream.Entry{Event: &e})
					continue
				}
				exposures++
				if rows := served[e.Request]; rows != nil || len(e.User)%2 == 0 {
					if rows == nil {
						rows = o.serve(e.Request, e.Visitor(), e.Time, "home", of[e.Request])
						served[e.Request] = rows
					}
					known++
					want = append(want, rows[e.Item])
					o.apply(&stream.Entry{Event: &e})
					continue
				}
				end := i + 1
				for end < len(history) && history[end].Name == "expose" && history[end].Request == e.Request {
					end++
				}
				visitor := o.state.Visitor(e.Visitor())
				among := o.candidates(visitor, e.Time)
				for _, other := range history[i:end] {
					want = append(want, o.row(visitor, e.Time, among, o.state.Items.Find(other.Item)))
				}
				for _, other := range history[i:end] {
					o.apply(&stream.Entry{Event: &other})
				}
				exposures += end - i - 1
				i = end - 1
			}
			far := act("view", "nobody", "x", history[len(history)-1].Time+2*int64(freshet.Hour))
			o.apply(&stream.Entry{Event: &far})
			rows, groups := rowsOf(t, o.history)
			if !slices.Equal(rows, want) {
				t.Fatalf("%d rows, want %d, or others", len(rows), len(want))
			}
			if different := len(slices.Compact(slices.Sorted(slices.Values(groups)))); different < len(of) {
				t.Errorf("%d groups of %d slates", different, len(of))
			}
			like := o.history.Likeness()
			total := like.Equal + like.Different + like.Anew
			if scenes != nil && (like.Equal != total || total != known) || scenes == nil && like.Anew != total || known < exposures/4 || known > exposures*3/4 {
				t.Errorf("%+v of %d exposures of slates that are known, and %d in all", like, known, exposures)
			}
		})
	}
}
