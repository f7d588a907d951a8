package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/internal/pack"
)

const noon = int64(1_700_006_400_000)

// TestValues tells an oracle a few events and compares what it makes of them with what anybody can
// work out by hand from the comment of package feature.
func TestValues(t *testing.T) {
	value := func(seconds int64, item freshet.ItemID, id string, v float64) freshet.Event {
		return freshet.Event{ID: id, User: "ada", Item: item, Name: "click", Time: noon + 1000*seconds, Value: v, HasValue: true}
	}
	note := func(e freshet.Event, name string, v any) freshet.Event {
		e.Context = map[string]any{name: v}
		return e
	}
	query := func(seconds int64, q string) freshet.Event {
		e := value(seconds, "a", "", 0)
		e.Query = q
		return e
	}
	three := []freshet.Event{value(0, "a", "1", 1), value(10, "b", "2", 4.5), value(20, "a", "3", -2)}
	ties := []freshet.Event{value(5, "b", "1", 1), value(5, "b", "2", 2), value(5, "a", "9", 3), value(5, "b", "2", 4), value(5, "b", "0", 5)}
	user := []string{"user"}
	hop := feature.Definition{Window: 20 * freshet.Second, Hop: 10 * freshet.Second}
	in := func(d feature.Definition) feature.Definition { d.Window, d.Hop = hop.Window, hop.Hop; return d }
	for _, c := range []struct {
		name   string
		def    feature.Definition
		events []freshet.Event
		want   feature.Value
	}{
		{"mean", feature.Definition{Agg: feature.Mean, Field: "value", Key: user}, three, feature.Value{Value: 3.5 / 3}},
		{"mean in a window", in(feature.Definition{Agg: feature.Mean, Field: "value", Key: user}), three, feature.Value{Value: 1.25}},
		{"mean of nothing", feature.Definition{Agg: feature.Mean, Field: "rank", Key: user}, three, feature.Value{Null: true}},
		{"min", feature.Definition{Agg: feature.Min, Field: "value", Key: user}, three, feature.Value{Value: -2}},
		{"max", feature.Definition{Agg: feature.Max, Field: "value", Key: user}, three, feature.Value{Value: 4.5}},
		{"max of nothing", feature.Definition{Agg: feature.Max, Field: "context.x", Key: user}, three, feature.Value{Null: true}},
		{"max of the context", feature.Definition{Agg: feature.Max, Field: "context.x", Key: user},
			[]freshet.Event{note(three[0], "x", json.Number("7")), note(three[1], "x", "9"), note(three[2], "y", json.Number("8"))}, feature.Value{Value: 7}},
		{"last", feature.Definition{Agg: feature.Last, Field: "value", Key: user}, three, feature.Value{Value: -2}},
		{"last item", feature.Definition{Agg: feature.Last, Field: "item", Key: user}, three, feature.Value{Text: "a"}},
		{"last of equal times", feature.Definition{Agg: feature.Last, Field: "value", Key: user}, ties, feature.Value{Value: 4}},
		{"last text of the context", feature.Definition{Agg: feature.Last, Field: "context.x", Key: user},
			[]freshet.Event{note(three[0], "x", "in"), note(three[1], "x", true), note(three[2], "x", []any{"out"})}, feature.Value{Text: "in"}},
		{"last of nothing", feature.Definition{Agg: feature.Last, Field: "query", Key: user}, three, feature.Value{Null: true}},
		{"last_time in a window", in(feature.Definition{Agg: feature.LastTime, On: []string{"click"}, Key: user}), three, feature.Value{Value: float64(noon + 20_000)}},
		{"age", feature.Definition{Agg: feature.Age, Key: user}, three[:1], feature.Value{Value: 25}},
		{"last_k", feature.Definition{Agg: feature.LastK, K: 2, Key: user}, three, feature.Value{List: []feature.Entry{{Item: 1, Time: noon + 20_000}, {Item: 2, Time: noon + 10_000}}}},
		{"last_k of equal times", feature.Definition{Agg: feature.LastK, K: 9, Key: user}, ties[:3],
			feature.Value{List: []feature.Entry{{Item: 2, Time: noon + 5000}, {Item: 2, Time: noon + 5000}, {Item: 1, Time: noon + 5000}}}},
		{"last_k without an item", feature.Definition{Agg: feature.LastK, K: 2, Key: user}, []freshet.Event{three[0], value(10, "", "2", 1)}, feature.Value{List: []feature.Entry{{Item: 1, Time: noon}}}},
		{"last_k of nothing", feature.Definition{Agg: feature.LastK, K: 2, Key: user, On: []string{"like"}}, three, feature.Value{List: []feature.Entry{}}},
		{"distinct items", feature.Definition{Agg: feature.Distinct, Field: "item", Key: user}, three, feature.Value{Value: 2}},
		{"distinct users", feature.Definition{Agg: feature.Distinct, Field: "user", Key: []string{"item"}}, three, feature.Value{Value: 1}},
		{"distinct queries", feature.Definition{Agg: feature.Distinct, Field: "query", Key: user}, []freshet.Event{query(0, "x"), query(1, "y"), query(2, "x"), query(3, "")}, feature.Value{Value: 2}},
		{"distinct values", feature.Definition{Agg: feature.Distinct, Field: "context.x", Key: user},
			[]freshet.Event{note(three[0], "x", json.Number("1")), note(three[1], "x", json.Number("1.0")), note(three[2], "x", "1")}, feature.Value{Value: 2}},
		{"distinct values of lists", feature.Definition{Agg: feature.Distinct, Field: "context.x", Key: user},
			[]freshet.Event{note(three[0], "x", []any{"1", json.Number("1"), "1"}), note(three[1], "x", []any{true, []any{"2"}, nil})}, feature.Value{Value: 3}},
		{"distinct attributes", feature.Definition{Agg: feature.Distinct, Field: "item.tags", Key: user}, three, feature.Value{Value: 3}},
		{"by tag, the mean of them", feature.Definition{Agg: feature.Count, Key: []string{"item.tags"}}, three, feature.Value{Value: 2.5}}, // new 2, red 3
		{"by user's plan", feature.Definition{Agg: feature.Count, Key: []string{"user.plan"}}, three, feature.Value{Value: 3}},
		{"by place", feature.Definition{Agg: feature.Count, Key: []string{"context.place"}}, []freshet.Event{note(three[0], "place", "home"), note(three[1], "place", "bus"), three[2]}, feature.Value{Value: 1}},
		{"by four", feature.Definition{Agg: feature.Sum, Field: "value", Key: []string{"context.place", "item.category", "user", "user.plan"}},
			[]freshet.Event{note(three[0], "place", "home"), note(three[1], "place", "home")}, feature.Value{Value: 1}},
		{"the first that has one", feature.Definition{Agg: feature.Last, Field: "item", Key: []string{"context.place", "item.tags"}},
			[]freshet.Event{note(three[1], "place", "home")}, feature.Value{Text: "b"}},
		{"under nothing", feature.Definition{Agg: feature.Count, Key: []string{"user.team"}}, three, feature.Value{}},
		{"null under nothing", feature.Definition{Agg: feature.Min, Field: "value", Key: []string{"user.team"}}, three, feature.Value{Null: true}},
		{"with a filter", feature.Definition{Agg: feature.Count, Key: user, Where: filter}, three, feature.Value{Value: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.def.Name = "f"
			if faults := c.def.Check(); len(faults) > 0 {
				t.Fatal(faults)
			}
			g := NewOracle(Options{Features: []feature.Definition{c.def}, Where: where})
			g.Upsert(1, &freshet.Item{ID: "a", Categories: []string{"sea"}, Tags: []string{"new", "red", "new"}})
			g.Upsert(2, &freshet.Item{ID: "b", Categories: []string{"hill"}, Tags: []string{"red", "old"}})
			g.User(1, &freshet.User{ID: "ada", Attributes: map[string]any{"plan": "gold"}})
			for i := range c.events {
				g.Event(1, map[freshet.ItemID]uint32{"a": 1, "b": 2}[c.events[i].Item], &c.events[i])
			}
			got, known := g.Read(0, 1, 1, noon+25_000, map[string]any{"place": "home"})
			if !known {
				t.Fatal("it is not known")
			}
			got.Events, got.Updated = 0, 0
			if !reflect.DeepEqual(got.Value, c.want) || !Same(c.want, got) {
				t.Errorf("is %+v, want %+v", got.Value, c.want)
			}
		})
	}
}

// filter is the one that where knows: the item is a, and known, and so is the user.
const filter = `item.id == "a" && user.id == "ada"`

// where compiles it.
func where(text string) (func(*freshet.Event, *freshet.Item, *freshet.User) bool, error) {
	if text != filter {
		return nil, errors.New("no such filter")
	}
	return func(e *freshet.Event, item *freshet.Item, user *freshet.User) bool {
		return item != nil && item.ID == e.Item && item.ID == "a" && user != nil && user.ID == e.User
	}, nil
}

func TestWhatIsNotWatched(t *testing.T) {
	defs := []feature.Definition{
		{Name: "filtered", Key: []string{"user"}, Agg: feature.Count, Where: filter},
		{Name: "derived", Expr: "log1p(plain)"},
		{Name: "plain", Key: []string{"user"}, Agg: feature.Count},
	}
	g := NewOracle(Options{Features: defs})
	g.Event(1, 0, &freshet.Event{User: "ada", Name: "click", Time: noon})
	for column, want := range []bool{false, false, true} {
		if v, known := g.Read(column, 1, 0, noon, nil); known != want || known && v.Number() != 1 {
			t.Errorf("feature %s is known: %t, want %t; %+v", defs[column].Name, known, want, v)
		}
	}
	if g.Facts() != 2 {
		t.Errorf("%d facts, want the key and the event of one feature", g.Facts())
	}
}

// TestEstimate: beyond 128 values there is an estimate, near the truth.
func TestEstimate(t *testing.T) {
	g := NewOracle(Options{Features: []feature.Definition{{Name: "queries", Key: []string{"global"}, Agg: feature.Distinct, Field: "query"}}})
	for n := 1; n <= 20_000; n++ {
		g.Event(0, 0, &freshet.Event{User: "ada", Name: "search", Time: noon, Query: fmt.Sprint(n)})
		if n > 130 && n%5000 > 0 {
			continue
		}
		v, _ := g.Read(0, 0, 0, noon, nil)
		if off := math.Abs(v.Number()/float64(n) - 1); n <= 128 && off > 0 || off > 0.08 {
			t.Errorf("%d values are counted as %v", n, v.Number())
		}
	}
}

func TestSame(t *testing.T) {
	null := feature.Value{Null: true}
	number := func(v float64) feature.Value { return feature.Value{Value: v} }
	text := Value{Value: feature.Value{Text: "sea"}, text: true}
	list := func(items ...uint32) feature.Value {
		v := feature.Value{List: []feature.Entry{}}
		for _, item := range items {
			v.List = append(v.List, feature.Entry{Item: item, Time: noon})
		}
		return v
	}
	for _, c := range []struct {
		name       string
		got        feature.Value
		want       Value
		same, rows bool // as a value, and in a row of numbers
	}{
		{"equal", number(3), Value{Value: number(3)}, true, true},
		{"not equal", number(3), Value{Value: number(3.0000001)}, false, false},
		{"within", number(3), Value{Value: number(3.0000001), Within: 1e-6}, true, true},
		{"null", null, Value{Value: null}, true, true},
		{"0 for null", number(0), Value{Value: null}, false, false},
		{"null for 0", null, Value{Value: number(0)}, false, false},
		{"a text", feature.Value{Text: "sea", Value: math.NaN()}, text, true, true},
		{"another text", feature.Value{Text: "see", Value: math.NaN()}, text, false, true},
		{"a list", list(1, 2), Value{Value: list(1, 2)}, true, false},
		{"in another order", list(2, 1), Value{Value: list(1, 2)}, false, false},
		{"shorter", list(1), Value{Value: list(1, 2)}, false, false},
		{"nil for empty", feature.Value{}, Value{Value: list()}, true, false},
	} {
		row := c.got.Value
		if c.got.Null {
			row = math.NaN()
		}
		if same, rows := Same(c.got, c.want), SameNumber(row, c.want); same != c.same || rows != c.rows {
			t.Errorf("%s: the same %t, in a row %t; want %t, %t", c.name, same, rows, c.same, c.rows)
		}
	}
}

// everything is each aggregate over each kind of field, all time and a window.
func everything(agg string) []feature.Definition {
	fields := map[string][]string{feature.Last: {"item", "value", "query", "context.note"}, feature.Distinct: {"item", "user", "item.labels", "context.note"}}[agg]
	switch agg {
	case feature.Sum, feature.Mean, feature.Min, feature.Max, feature.DecayedSum:
		fields = []string{"value", "rank", "context.score"}
	}
	if fields == nil {
		fields = []string{""}
	}
	var shapes []feature.Definition
	for _, field := range fields {
		d := feature.Definition{Agg: agg, Field: field}
		switch agg {
		case feature.Rate:
			d.Of, d.Per = []string{"click"}, []string{"expose"}
		case feature.LastK:
			d.K = 3
		case feature.DecayedSum:
			d.HalfLife = freshet.Hour
		}
		shapes = append(shapes, d)
		if agg != feature.DecayedSum {
			d.Window, d.Hop = 10*freshet.Minute, freshet.Minute
			shapes = append(shapes, d)
		}
	}
	return crossed(shapes, [][]string{{"global"}, {"user"}, {"item.tags"}, {"context.place"}, {"user.plan", "item"}, {"user", "item", "context.place", "user.plan"}})
}

// TestEveryAggregate holds the oracle and the engine against each other.
func TestEveryAggregate(t *testing.T) {
	for _, agg := range feature.Aggs {
		t.Run(agg, func(t *testing.T) {
			l := newLife(11, Options{OneIn: 1, Features: everything(agg)})
			cells := 0
			for range 400 {
				l.step()
				cells += l.compare(t)
			}
			if cells < 400*len(everything(agg)) {
				t.Errorf("%d cells compared", cells)
			}
		})
	}
}

// TestTextsCount: what is kept of long texts is bounded too, and the bound is kept by what comes
// out of a pack.
func TestTextsCount(t *testing.T) {
	o := Options{Features: []feature.Definition{{Name: "last", Key: []string{"user"}, Agg: feature.Last, Field: "query"}}, MaxFacts: 10_000}
	g := NewOracle(o)
	for n := range 10_000 {
		g.Event(uint32(1+n%1000), 0, &freshet.Event{User: "ada", Name: "search", Time: noon, Query: strings.Repeat("x", 3200)})
	}
	if g.Facts() > 10_000 || g.OneIn() < 64 {
		t.Errorf("%d facts are kept, of one key in %d", g.Facts(), g.OneIn())
	}
	var w pack.Writer
	g.Pack(&w)
	again := NewOracle(o)
	again.Unpack(pack.NewReader(w.Bytes))
	if again.Facts() != g.Facts() || len(w.Bytes) > 32*10_000 {
		t.Errorf("%d facts in %d bytes, want %d", again.Facts(), len(w.Bytes), g.Facts())
	}
}

// TestSumsStop: a sum beyond the integers of 64 bits is the last of them, not one of the other sign.
func TestSumsStop(t *testing.T) {
	for _, sign := range []float64{1, -1} {
		var span []fact
		for range 12 {
			span = append(span, fact{value: math.Float64bits(sign * freshet.MaxValue)})
		}
		if got, want := sum(span), sign*math.MaxInt64/1e6; got != want {
			t.Errorf("the sum of twelve of %v is %v, want %v", sign*freshet.MaxValue, got, want)
		}
	}
}
