package backfill

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/store/mem"
)

var defs = []feature.Definition{
	{Name: "user.clicks", Key: []string{"user"}, On: []string{"click"}, Agg: feature.Count},
	{Name: "item.clicks", Key: []string{"item"}, On: []string{"click"}, Agg: feature.Count, Window: 8000, Hop: 1000},
	{Name: "user.kind", Key: []string{"user", "item.category"}, On: []string{"click", "like"}, Agg: feature.Count, Window: 20_000, Hop: 5000},
	{Name: "user.value", Key: []string{"user"}, On: []string{"like"}, Agg: feature.Sum, Field: "value"},
	{Name: "item.last", Key: []string{"item"}, On: []string{"click"}, Agg: feature.LastTime},
}

// told is one record of a journal: an event, an entry of the catalogue, or where rows are asked for.
type told struct {
	event *freshet.Event
	item  *freshet.Item
	ask   *Ask
}

// naive is a feature's value over the events of before q, each under the category that its item had
// at the event's position; NaN is null.
func naive(journal []told, d *feature.Definition, a *Ask, item freshet.ItemID) float64 {
	categoryAt := func(item freshet.ItemID, p int) (category string) {
		for _, r := range journal[:p] {
			if r.item != nil && r.item.ID == item {
				category = ""
				if len(r.item.Categories) > 0 {
					category = r.item.Categories[0]
				}
			}
		}
		return category
	}
	floor := func(t int64) int64 { return int64(math.Floor(float64(t) / float64(d.Hop))) }
	category := categoryAt(item, int(a.Position))
	n, sum, last := 0, 0.0, int64(0)
	for at, r := range journal {
		e := r.event
		if e == nil || e.Time >= a.Time || !slices.Contains(d.On, e.Name) {
			continue
		}
		if d.Window > 0 && floor(e.Time) <= floor(a.Time)-int64(d.Window/d.Hop) {
			continue
		}
		if slices.Contains(d.Key, "user") && (e.Visitor() != a.Visitor || a.Visitor == "") || slices.Contains(d.Key, "item") && e.Item != item {
			continue
		}
		if slices.Contains(d.Key, "item.category") && (category == "" || categoryAt(e.Item, at) != category) {
			continue
		}
		if d.Field == "value" && !e.HasValue {
			continue
		}
		n++
		sum += e.Value
		last = max(last, e.Time)
	}
	switch {
	case d.Agg == feature.Sum:
		return sum
	case d.Agg == feature.LastTime && n == 0:
		return math.NaN()
	case d.Agg == feature.LastTime:
		return float64(last)
	}
	return float64(n)
}

// drawJournal draws a journal in which events come in no order, some of the same time as requests.
func drawJournal(t *rapid.T) []told {
	const t0 = int64(1_795_187_045_000)
	var journal []told
	for range rapid.IntRange(1, 60).Draw(t, "records") {
		item := rapid.SampledFrom([]freshet.ItemID{"a", "b", "c"}).Draw(t, "item")
		user := rapid.SampledFrom([]freshet.UserID{"ada", "bob"}).Draw(t, "user")
		at := t0 + 500*rapid.Int64Range(0, 60).Draw(t, "time")
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			doc := &freshet.Item{ID: item}
			if category := rapid.SampledFrom([]string{"", "sea", "air"}).Draw(t, "category"); category != "" {
				doc.Categories = []string{category}
			}
			journal = append(journal, told{item: doc})
		case 1:
			items := rapid.SliceOfN(rapid.SampledFrom([]freshet.ItemID{"a", "b", "c", "none"}), 1, 3).Draw(t, "items")
			journal = append(journal, told{ask: &Ask{Time: at, Position: freshet.Position(len(journal)), Visitor: freshet.VisitorOf(user, "", ""), Items: items}})
		default:
			e := &freshet.Event{User: user, Item: item, Time: at, Name: rapid.SampledFrom([]string{"click", "like", "view"}).Draw(t, "name")}
			if e.HasValue = rapid.Bool().Draw(t, "has value"); e.HasValue {
				e.Value = float64(rapid.IntRange(-5, 5).Draw(t, "value"))
			}
			journal = append(journal, told{event: e})
		}
	}
	return journal
}

// historyOf fills a history with a journal.
func historyOf(journal []told) (*History, []*Ask) {
	h := NewHistory(HistoryOptions{Features: defs, Slack: freshet.Minute, NewTable: mem.New})
	var asks []*Ask
	for i, r := range journal {
		switch p := freshet.Position(i + 1); {
		case r.event != nil:
			h.Event(r.event, p)
		case r.item != nil:
			h.Item(r.item, 1_795_187_045_000, p)
		default:
			h.Ask(len(asks), r.ask)
			asks = append(asks, r.ask)
		}
	}
	return h, asks
}

// TestHistory: every value is the naive one, and no row counts an event of its own time or later.
func TestHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		journal := drawJournal(t)
		h, asks := historyOf(journal)
		rows, want, before := 0, 0, int64(math.MinInt64)
		for _, a := range asks {
			want += len(a.Items)
		}
		err := h.Rows(context.Background(), func(int) {}, func(p *Point) error {
			rows++
			a := asks[p.Ask]
			if a.Time < before {
				t.Errorf("a row of %d comes after one of %d", a.Time, before)
			}
			before = a.Time
			newest := int64(0)
			for i := range defs {
				want, got := naive(journal, &defs[i], a, a.Items[p.Place]), p.Values[i].Value
				if p.Values[i].Null {
					got = math.NaN()
				}
				if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
					t.Errorf("%s of %s and %s at %d, position %s: %v, want %v", defs[i].Name, a.Visitor, a.Items[p.Place], a.Time, a.Position, got, want)
				}
				newest = max(newest, p.Values[i].Updated)
			}
			if p.Newest != newest || p.Newest >= a.Time {
				t.Errorf("at %d the newest event is of %d, want %d", a.Time, p.Newest, newest)
			}
			return nil
		})
		if err != nil || rows != want {
			t.Errorf("%d rows of %d, %v", rows, want, err)
		}
	})
}

// TestHistoryLeaksNothing: events of the time of a request or later change none of its rows.
func TestHistoryLeaksNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		journal := drawJournal(t)
		var asks []int
		for i := range journal {
			if journal[i].ask != nil {
				asks = append(asks, i)
			}
		}
		if len(asks) == 0 {
			t.Skip("nothing is asked")
		}
		q := journal[rapid.SampledFrom(asks).Draw(t, "ask")].ask
		rows := func(journal []told) (text []string) {
			h, asks := historyOf(journal)
			if err := h.Rows(context.Background(), func(int) {}, func(p *Point) error {
				if asks[p.Ask] == q {
					text = append(text, fmt.Sprint(p.Values, p.AgeDays, p.Newest))
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
			return text
		}
		blind := slices.Clone(journal)
		for i := range blind {
			if e := blind[i].event; e != nil && e.Time >= q.Time && i > int(q.Position) {
				blind[i].event = &freshet.Event{User: "eve", Item: "z", Name: "view", Time: e.Time}
			}
		}
		if all, some := rows(journal), rows(blind); !slices.Equal(all, some) {
			t.Errorf("with what came later %v, without %v", all, some)
		}
	})
}

// TestHistoryEnds: a caller who has seen enough ends it, and a context that is over.
func TestHistoryEnds(t *testing.T) {
	journal := []told{{event: &freshet.Event{User: "ada", Item: "a", Name: "click", Time: 1_795_187_045_000}}, {ask: &Ask{Time: 1_795_187_046_000, Position: 1, Visitor: "u:ada", Items: []freshet.ItemID{"a"}}}}
	h, _ := historyOf(journal)
	enough := errors.New("enough")
	if err := h.Rows(t.Context(), func(int) {}, func(*Point) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("after enough: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h, _ = historyOf(journal)
	if err := h.Rows(ctx, func(int) {}, func(*Point) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
