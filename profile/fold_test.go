package profile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/stream"
)

var someNames = []string{"expose", "view", "click", "like", "cart", "purchase", "dislike", "search", "unheard-of"}

// kindsOfTests give likes a weight, and one name more than anybody's act counts.
func kindsOfTests() freshet.EventKinds {
	kinds := freshet.BuiltinEvents()
	kinds["like"] = freshet.EventKind{Signal: freshet.SignalEngage, Weight: 3}
	kinds["purchase"] = freshet.EventKind{Signal: freshet.SignalConvert, Weight: 1e6}
	return kinds
}

// someEntries draws a journal of a few visitors and items.
func someEntries(t *rapid.T) (list []*stream.Entry) {
	word := func(prefix string, n int) string {
		return fmt.Sprintf("%s%d", prefix, rapid.IntRange(0, n).Draw(t, prefix))
	}
	for range rapid.IntRange(0, 120).Draw(t, "entries") {
		e := &stream.Entry{Received: rapid.Int64Range(0, 90).Draw(t, "received") * int64(freshet.Day)}
		switch rapid.IntRange(0, 9).Draw(t, "what") {
		case 0:
			item := &freshet.Item{ID: freshet.ItemID(word("i", 4)), HasPrice: rapid.Bool().Draw(t, "priced"), Price: float64(rapid.IntRange(0, 9).Draw(t, "price")),
				Unavailable: rapid.Bool().Draw(t, "unavailable"), HasPublished: rapid.Bool().Draw(t, "published"), Published: 12345678,
				Attributes: map[string]any{"author": word("a", 3), "pages": json.Number("12"), "for": []any{word("f", 2), word("f", 2), true}}}
			for range rapid.IntRange(0, 2).Draw(t, "categories") {
				item.Categories = append(item.Categories, word("c", 3))
			}
			for range rapid.IntRange(0, 2).Draw(t, "tags") {
				item.Tags = append(item.Tags, word("t", 3))
			}
			e.Item = item
		case 1:
			e.User = &freshet.User{ID: freshet.UserID(word("u", 3)), Attributes: map[string]any{"plan": word("p", 2), "age": json.Number("30")}}
		default:
			e.Late = rapid.IntRange(0, 9).Draw(t, "late") == 0
			e.Event = &freshet.Event{Name: rapid.SampledFrom(someNames).Draw(t, "name"), Time: rapid.Int64Range(-3, 90*24).Draw(t, "time") * int64(freshet.Hour),
				Rank: rapid.IntRange(0, 40).Draw(t, "rank")}
			if rapid.IntRange(0, 9).Draw(t, "anonymous") == 0 {
				e.Event.Anonymous = word("u", 3)
			} else {
				e.Event.User = freshet.UserID(word("u", 3))
			}
			if e.Event.Name != "search" {
				e.Event.Item = freshet.ItemID(word("i", 5))
			}
		}
		list = append(list, e)
	}
	return list
}

// seen is an event that counts, and what the catalogue said of its item when it came.
type seen struct {
	*freshet.Event
	signal freshet.Signal
	weight float64
	doc    *freshet.Item
}

// oracle knows the whole journal, and works everything out from it anew.
type oracle struct {
	events []seen
	items  map[freshet.ItemID]*freshet.Item // nil: only events named it
	since  map[freshet.ItemID]int64
	users  map[freshet.Visitor]*freshet.User
	newest int64
}

func newOracle(list []*stream.Entry) *oracle {
	o := &oracle{items: map[freshet.ItemID]*freshet.Item{}, since: map[freshet.ItemID]int64{}, users: map[freshet.Visitor]*freshet.User{}}
	meet := func(id freshet.ItemID, time int64) {
		if since, ok := o.since[id]; !ok || time < since {
			o.since[id] = time
		}
	}
	for _, e := range list {
		switch {
		case e.Item != nil:
			o.items[e.Item.ID] = e.Item
			meet(e.Item.ID, e.Received)
		case e.User != nil:
			o.users[freshet.VisitorOf(e.User.ID, "", "")] = e.User
		case !e.Late:
			kind := kindsOfTests().Of(e.Event.Name)
			o.events = append(o.events, seen{e.Event, kind.Signal, min(kind.Weight, 100), o.items[e.Event.Item]})
			o.newest = max(o.newest, e.Event.Time)
			if e.Event.Item != "" {
				meet(e.Event.Item, e.Event.Time)
			}
			if _, ok := o.users[e.Event.Visitor()]; !ok {
				o.users[e.Event.Visitor()] = nil
			}
		}
	}
	return o
}

// of are the events that a rule keeps.
func (o *oracle) of(keep func(e *seen) bool) (list []seen) {
	for i := range o.events {
		if keep(&o.events[i]) {
			list = append(list, o.events[i])
		}
	}
	return list
}

func signals(list []seen, of ...freshet.Signal) (n int64) {
	for _, e := range list {
		if slices.Contains(of, e.signal) {
			n++
		}
	}
	return n
}

func activityOf(list []seen) Activity {
	a := Activity{Impressions: signals(list, freshet.SignalImpression), Views: signals(list, freshet.SignalView), Clicks: signals(list, freshet.SignalClick), Engages: signals(list, freshet.SignalEngage),
		Intents: signals(list, freshet.SignalIntent), Converts: signals(list, freshet.SignalConvert), Negatives: signals(list, freshet.SignalNegative), Others: signals(list, freshet.SignalContext)}
	for i, e := range list {
		if i == 0 {
			a.First, a.Last = e.Time, e.Time
		}
		a.First, a.Last = min(a.First, e.Time), max(a.Last, e.Time)
	}
	return a
}

// words are the values of an attribute that the oracle reads for itself.
func words(doc *freshet.Item, attribute string) (list []string) {
	switch attribute {
	case "category":
		list = doc.Categories[:min(1, len(doc.Categories))]
	case "tags":
		list = doc.Tags
	case "author":
		list = []string{doc.Attributes["author"].(string)}
	case "for":
		for _, v := range doc.Attributes["for"].([]any)[:2] {
			list = append(list, v.(string))
		}
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

func (o *oracle) user(v freshet.Visitor, named int) User {
	mine := o.of(func(e *seen) bool { return e.Visitor() == v })
	row := User{User: string(v[2:]), Kind: map[byte]string{'u': "user", 'a': "anonymous"}[v[0]], Activity: activityOf(mine)}
	on := map[int64]bool{}
	var paid []float64
	for _, e := range mine {
		on[int64(math.Floor(float64(e.Time)/float64(freshet.Day)))] = true
		if e.signal.Positive() && e.doc != nil && e.doc.HasPrice {
			paid = append(paid, e.doc.Price)
		}
	}
	row.ActiveDays = int64(len(on))
	for _, attribute := range []string{"category", "tags", "author", "for"} {
		weights, sum := map[string]float64{}, 0.0
		for _, e := range mine {
			if !e.signal.Positive() || e.doc == nil {
				continue
			}
			for _, w := range words(e.doc, attribute) {
				weight := e.weight * math.Pow(2, -float64(o.newest-e.Time)/float64(DefaultHalfLife))
				weights[w] += weight
				sum += weight
			}
		}
		var list []Taste
		bits := 0.0
		for w, weight := range weights {
			list = append(list, Taste{attribute, w, weight, weight / sum})
			bits -= weight / sum * math.Log2(weight/sum)
		}
		slices.SortFunc(list, func(a, b Taste) int {
			if math.Abs(a.Share-b.Share) > 1e-12 {
				return cmp.Compare(b.Share, a.Share)
			}
			return cmp.Compare(a.Value, b.Value)
		})
		row.Tastes = append(row.Tastes, list[:min(named, len(list))]...)
		if attribute == "category" && len(list) > 0 {
			row.Variety = &bits
		}
	}
	if len(paid) > 0 {
		sum := 0.0
		for _, p := range paid {
			sum += p
		}
		latest := slices.Sorted(slices.Values(paid[max(0, len(paid)-64):]))
		mean, median := sum/float64(len(paid)), (latest[(len(latest)-1)/2]+latest[len(latest)/2])/2
		row.PriceMean, row.PriceMedian = &mean, &median
		row.PricePercentile = o.percentile(median, func(*freshet.Item) bool { return true })
	}
	return row
}

func (o *oracle) percentile(price float64, of func(*freshet.Item) bool) *float64 {
	below, n := 0.0, 0.0
	for _, doc := range o.items {
		switch {
		case doc == nil || !doc.HasPrice || !of(doc):
			continue
		case doc.Price < price:
			below++
		case doc.Price == price:
			below += 0.5
		}
		n++
	}
	if n == 0 {
		return nil
	}
	share := below / n
	return &share
}

func (o *oracle) item(id freshet.ItemID, named int) Item {
	its := o.of(func(e *seen) bool { return e.Item == id })
	all := o.of(func(e *seen) bool { return e.Item != "" })
	doc, born := o.items[id], o.since[id]
	row := Item{Item: string(id), Available: doc == nil || !doc.Unavailable, Activity: activityOf(its)}
	first := func(doc *freshet.Item) string { return append(slices.Clone(doc.Categories), "")[0] }
	if doc != nil {
		if name := first(doc); name != "" {
			row.Category = &name
		}
		if doc.HasPrice {
			row.Price = &doc.Price
			row.PricePercentile = o.percentile(doc.Price, func(other *freshet.Item) bool { return first(other) == first(doc) })
		}
		if doc.HasPublished {
			born = doc.Published
		}
	}
	row.Born, row.AgeDays = born, float64(o.newest-born)/float64(freshet.Day)
	took := map[freshet.Visitor]int{}
	for _, e := range its {
		if e.signal.Positive() {
			took[e.Visitor()]++
		}
	}
	row.Visitors = int64(len(took))
	if len(took) > 0 {
		again, plans, have := 0.0, map[string]int64{}, 0.0
		for v, n := range took {
			if n > 1 {
				again++
			}
			if user := o.users[v]; user != nil {
				plans[user.Attributes["plan"].(string)]++
				have++
			}
		}
		share := again / float64(len(took))
		row.Repeat = &share
		for _, plan := range slices.Sorted(maps.Keys(plans)) {
			row.Audience.Audience = append(row.Audience.Audience, Group{"plan", plan, plans[plan], float64(plans[plan]) / have})
		}
		slices.SortStableFunc(row.Audience.Audience, func(a, b Group) int { return cmp.Compare(b.Visitors, a.Visitors) })
		row.Audience.Audience = row.Audience.Audience[:min(named, len(plans))]
	}
	ratio := func(of, per []freshet.Signal) *float64 {
		if signals(all, per...) == 0 {
			return nil
		}
		prior := min(1, float64(signals(all, of...))/float64(signals(all, per...)))
		x := min(1, (float64(signals(its, of...))+20*prior)/(float64(signals(its, per...))+20))
		return &x
	}
	click, negative := []freshet.Signal{freshet.SignalClick}, []freshet.Signal{freshet.SignalNegative}
	row.CTR = ratio(click, []freshet.Signal{freshet.SignalImpression})
	row.EngageRate = ratio([]freshet.Signal{freshet.SignalEngage}, click)
	row.ConvertRate = ratio([]freshet.Signal{freshet.SignalConvert}, click)
	row.NegativeRate = ratio(negative, []freshet.Signal{freshet.SignalNegative, freshet.SignalClick, freshet.SignalEngage, freshet.SignalIntent, freshet.SignalConvert})
	clicks, expected, known := 0.0, 0.0, false
	for rank := 0; rank <= 32; rank++ {
		at := func(list []seen, signal freshet.Signal) (n float64) {
			for _, e := range list {
				if e.signal == signal && min(e.Rank, 32) == rank {
					n++
				}
			}
			return n
		}
		if shown := at(all, freshet.SignalImpression); shown > 0 {
			known = true
			clicks += at(its, freshet.SignalClick)
			expected += at(its, freshet.SignalImpression) * at(all, freshet.SignalClick) / shown
		}
	}
	if known {
		lift := (clicks + 5) / (expected + 5)
		row.Lift = &lift
	}
	return row
}

// near reports that two values are the same but for the last bits of their numbers, and that a slice
// of nothing is nil.
func near(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Float64:
		return math.Abs(a.Float()-b.Float()) <= 1e-9*max(1, math.Abs(a.Float()))
	case reflect.Pointer:
		return a.IsNil() == b.IsNil() && (a.IsNil() || near(a.Elem(), b.Elem()))
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !near(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range a.NumField() {
			if !near(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Interface() == b.Interface()
}

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func TestProfilesAreThoseOfTheWholeJournal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := someEntries(t)
		f, o := New(Options{Kinds: kindsOfTests(), Named: 2}), newOracle(list)
		for _, e := range list {
			f.Apply(e)
		}
		names := slices.Sorted(maps.Keys(o.users))
		for row := range f.Users() {
			if len(names) == 0 {
				t.Fatalf("nobody else came: %s", show(row))
			}
			if want := o.user(names[0], 2); !near(reflect.ValueOf(row), reflect.ValueOf(want)) {
				t.Fatalf("user\n%s, want\n%s", show(row), show(want))
			}
			names = names[1:]
		}
		ids := slices.Sorted(maps.Keys(o.since))
		for row := range f.Items() {
			if len(ids) == 0 {
				t.Fatalf("nothing else came: %s", show(row))
			}
			if want := o.item(ids[0], 2); !near(reflect.ValueOf(row), reflect.ValueOf(want)) {
				t.Fatalf("item\n%s, want\n%s", show(row), show(want))
			}
			ids = ids[1:]
		}
		if len(names) > 0 || len(ids) > 0 {
			t.Fatalf("without a row: %v %v", names, ids)
		}
	})
}

func TestTastesAreBoundedAndNeverTooSmall(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var kept tastes
	exact, total := map[uint32]float64{}, 0.0
	for i := range 20_000 {
		value := uint32(math.Exp(rng.Float64() * 7)) // few are frequent
		level := float64(i) / 5_000
		kept = kept.add(value, level)
		exact[value] += math.Exp2(level)
		total += math.Exp2(level)
	}
	if len(kept) != MostValues {
		t.Fatalf("%d values are kept, not %d", len(kept), MostValues)
	}
	_, sum := kept.weights(0)
	if math.Abs(sum-total) > 1e-9*total {
		t.Errorf("the weights sum up to %g, not %g", sum, total)
	}
	least := math.Exp2(slices.MinFunc(kept, byLevel).level)
	if least > total/MostValues {
		t.Errorf("the least weight is %g, more than an even share of %g", least, total)
	}
	found := map[uint32]bool{}
	for _, one := range kept {
		found[one.value] = true
		if weight := math.Exp2(one.level); weight < exact[one.value]*(1-1e-9) || weight > exact[one.value]+least*(1+1e-9) {
			t.Errorf("value %d weighs %g, exactly %g; the least is %g", one.value, weight, exact[one.value], least)
		}
	}
	for value, weight := range exact {
		if weight > least*(1+1e-9) && !found[value] {
			t.Errorf("value %d weighs %g, more than %g, and is not kept", value, weight, least)
		}
	}
}

// Weights of a half-life of a second are no numbers after twenty minutes; shares are.
func TestSharesOutliveTheirWeights(t *testing.T) {
	f := New(Options{Kinds: freshet.BuiltinEvents(), HalfLife: freshet.Second})
	f.Apply(&stream.Entry{Item: &freshet.Item{ID: "a", Categories: []string{"x"}}})
	f.Apply(&stream.Entry{Item: &freshet.Item{ID: "b", Categories: []string{"y"}}})
	for i, id := range []freshet.ItemID{"a", "a", "a", "b"} {
		f.Apply(&stream.Entry{Event: &freshet.Event{Name: "click", User: "ada", Item: id, Time: 1_800_000_000_000 + int64(i/4)}})
	}
	f.Apply(&stream.Entry{Event: &freshet.Event{Name: "search", User: "bob", Time: 1_800_000_000_000 + int64(freshet.Day)}})
	for row := range f.Users() {
		if row.User != "ada" {
			continue
		}
		if len(row.Tastes) != 2 || row.Tastes[0].Weight != 0 || math.Abs(row.Tastes[0].Share-0.75) > 1e-6 || math.Abs(*row.Variety-0.811278) > 1e-5 {
			t.Errorf("tastes are %s", show(row))
		}
		return
	}
	t.Error("ada has no profile")
}

func TestAttributesAreBounded(t *testing.T) {
	f := New(Options{Kinds: freshet.BuiltinEvents()})
	many := map[string]any{"0": "a number's place", "long": string(make([]byte, longestValue)), "category": "none of the categories"}
	for i := range 40 {
		many[fmt.Sprintf("a%02d", i)] = "x"
	}
	f.Apply(&stream.Entry{Item: &freshet.Item{ID: "i", Tags: []string{"t", "t", ""}, Attributes: many}})
	f.Apply(&stream.Entry{Event: &freshet.Event{Name: "click", User: "ada", Item: "i", Time: -1}})
	for row := range f.Users() {
		var names []string
		for _, one := range row.Tastes {
			names = append(names, one.Attribute)
		}
		if want := []string{"tags", "0", "a00", "a01", "a02", "a03", "a04", "a05", "a06", "a07", "a08", "a09", "a10", "a11", "a12"}; !slices.Equal(names, want) {
			t.Errorf("tastes are of %v, want %v", names, want)
		}
		if row.Variety != nil || row.ActiveDays != 1 {
			t.Errorf("the profile is %s", show(row))
		}
	}
}
