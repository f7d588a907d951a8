package feature

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/store/mem"
)

// The suite holds the engine against the oracle: every aggregate under every kind of key, with
// and without a filter, in streams that are disturbed in every way that may happen to an engine.
// One aggregate is asked for by its name: -run 'TestConformance/mean'.

// slack is how far events are ahead of time at most, and reads behind.
const slack = freshet.Minute

// keyKinds are all kinds of keys.
var keyKinds = [][]string{
	{"global"},
	{"user"},
	{"item"},
	{"item", "user"},
	{"item.id"},
	{"item.category"},
	{"item.categories"},
	{"item.tags"},
	{"item.brand"},
	{"item.labels"},
	{"user.plan"},
	{"user.groups"},
	{"context.place"},
	{"user", "item.category"},
	{"context.place", "user"},
	{"user.plan", "item"},
	{"item.categories", "user", "context.place"},
	{"user.groups", "item.brand", "item.category"},
	{"user", "item", "context.place", "user.groups"},
	{"item.labels", "item.categories", "user.groups", "context.place"},
}

// conditions are the filters, as the oracle understands them.
var conditions = map[string]func(*fact) bool{
	"":                               nil,
	`event.value > 2`:                func(f *fact) bool { return f.event.HasValue && f.event.Value > 2 },
	`item.category == "sea"`:         func(f *fact) bool { return slices.Equal(valuesOfItem(f.doc, "category"), []string{"tsea"}) },
	`user.plan == "gold"`:            func(f *fact) bool { return f.user != nil && f.user.Attributes["plan"] == "gold" },
	`context.place in ["home", "x"]`: func(f *fact) bool { return f.event.Context["place"] == "home" },
}

// shapes are the definitions of one aggregate: every field that it takes, every shape of window.
func shapes(agg string) []Definition {
	const second, hour, day = freshet.Second, freshet.Hour, freshet.Day
	windows := []struct{ length, hop freshet.Duration }{
		{0, 0}, {7 * second, 7 * second}, {5 * freshet.Minute, 30 * second}, {hour, freshet.Minute}, {day, hour}, {2 * hour, 5 * second},
	}
	fields := map[string][]string{
		Sum: {"value", "rank", "context.score"}, Mean: {"value", "rank", "context.score"},
		Min: {"value", "rank", "context.score"}, Max: {"value", "rank", "context.score"},
		Last:     {"item", "value", "query", "context.mood", "rank", "context.score"},
		Distinct: {"item", "user", "query", "item.labels", "context.mixed", "value", "item.categories", "item.id", "item.tags"},
	}[agg]
	names := [][]string{{"click"}, nil, {"click", "like"}}
	var defs []Definition
	switch agg {
	case DecayedSum:
		for i, halfLife := range []freshet.Duration{10 * second, 6 * hour, 365 * day, 1} {
			defs = append(defs, Definition{HalfLife: halfLife, On: names[i%3]}, Definition{HalfLife: halfLife, Field: []string{"value", "rank", "context.score"}[i%3]})
		}
	case Rate:
		for i, w := range windows {
			d := Definition{Window: w.length, Hop: w.hop, Of: []string{"click"}, Per: []string{"expose"}, Prior: [][2]float64{{1, 20}, {}, {0.5, 0}}[i%3]}
			if i%2 == 1 {
				d.Of, d.Per = []string{"click", "like"}, []string{"expose", "view"}
			}
			defs = append(defs, d)
			d.Per = []string{"expose", "click"} // which may be part of both
			defs = append(defs, d)
		}
	default:
		for i := range max(len(windows), len(fields)) {
			w := windows[i%len(windows)]
			d := Definition{Window: w.length, Hop: w.hop, On: names[i%3]}
			if fields != nil {
				d.Field = fields[i%len(fields)]
			}
			if agg == LastK {
				d.K = []int{3, 1, 20, 7, MaxK, 50}[i]
			}
			defs = append(defs, d)
		}
		if fields != nil { // once more, each field over all time
			for _, field := range fields[1:] {
				defs = append(defs, Definition{Field: field})
			}
		}
	}
	for i := range defs {
		defs[i].Agg, defs[i].Name = agg, fmt.Sprintf("%s%d", agg, i)
	}
	return defs
}

// groups are the definitions of one aggregate by what is theirs: a span of all time, a window, a
// field of the context, events that are both of and per, or a filter, of which each is met.
func groups(agg string) map[string][]Definition {
	g := map[string][]Definition{}
	for _, d := range shapes(agg) {
		switch {
		case slices.ContainsFunc(d.Of, func(name string) bool { return slices.Contains(d.Per, name) }):
			g["overlapping"] = append(g["overlapping"], d)
		case strings.HasPrefix(d.Field, "context."):
			g["context"] = append(g["context"], d)
		case d.Window > 0:
			g["windowed"] = append(g["windowed"], d)
		default:
			g["total"] = append(g["total"], d)
		}
	}
	texts := slices.DeleteFunc(slices.Sorted(maps.Keys(conditions)), func(text string) bool { return text == "" })
	for i, d := range shapes(agg) {
		d.Where = texts[i%len(texts)]
		g["where"] = append(g["where"], d)
	}
	return g
}

func under(defs []Definition, key []string) []Definition {
	for i := range defs {
		defs[i].Key = key
	}
	return defs
}

// TestConformance compares more than a million cells, and no aggregate under any key stays
// untried by any fault.
func TestConformance(t *testing.T) {
	var hits coverage
	for _, agg := range Aggs {
		t.Run(agg, func(t *testing.T) {
			for _, key := range keyKinds {
				t.Run(strings.Join(key, ","), func(t *testing.T) {
					t.Parallel()
					for group, defs := range groups(agg) {
						t.Run(group, func(t *testing.T) { conform(t, &hits, under(defs, key), group) })
					}
				})
			}
		})
	}
	met, all, missing := hits.share()
	t.Logf("%d cells compared; %d of %d of aggregate × key × group × fault met with a value that is not the default", hits.cells, met, all)
	if t.Failed() {
		return
	}
	if 100*met < 95*all {
		t.Errorf("%d of %d of aggregate × key × group × fault are met, want 95 %%; among those missing: %q", met, all, missing)
	}
	if whole := len(Aggs) * len(keyKinds) * 2 * len(faults); all >= whole && hits.cells < 1_000_000 {
		t.Errorf("%d cells compared, want a million", hits.cells)
	}
}

// coverage notes what was tried, and what was met by a value that is not the default.
type coverage struct {
	mu    sync.Mutex
	met   map[string]bool // by aggregate, key, group and fault: false is only tried
	cells int
}

func (c *coverage) add(name string, met bool, cells int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.met == nil {
		c.met = map[string]bool{}
	}
	c.met[name] = c.met[name] || met
	c.cells += cells
}

func (c *coverage) share() (met, all int, missing []string) {
	for name, ok := range c.met {
		if ok {
			met++
		} else {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return met, len(c.met), missing
}

// conform plays a stream with each fault to an engine and an oracle.
func conform(t *testing.T, hits *coverage, defs []Definition, group string) {
	for _, d := range defs {
		if problems := d.Check(); len(problems) > 0 {
			t.Fatalf("definition %+v: %v", d, problems)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		path := fmt.Sprintf("%s %v %s %s", defs[0].Agg, defs[0].Key, group, name)
		p := newPlay(defs, seedOf(path), faults[name])
		p.run(func() bool { return p.compare(t, name) })
		hits.add(path, p.met, p.cells)
		if t.Failed() {
			return
		}
	}
}

func seedOf(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum64()
}

// play is one stream, told to an engine and to an oracle.
type play struct {
	*world
	defs   []Definition
	engine *Engine
	reader *Reader
	oracle *oracle
	batch  []Act // applied in one go, before the next read or document
	one    bool  // events are applied one by one
	row    []Value
	cells  int
	met    bool
}

func newPlay(defs []Definition, seed uint64, f fault) *play {
	w := newWorld(seed, f)
	p := &play{world: w, defs: defs, oracle: newOracle(defs), row: make([]Value, len(defs)), one: seed%2 == 0}
	p.engine = newEngine(defs)
	p.reader = p.engine.Reader()
	return p
}

func newEngine(defs []Definition) *Engine {
	return New(defs, Options{Slack: slack, NewTable: mem.New, ItemID: func(item uint32) string { return string(itemID(item)) }})
}

// run plays the whole stream; look is called at every read, until it is false.
func (p *play) run(look func() bool) {
	for p.next() {
		for _, turn := range p.turns {
			p.turn(turn)
		}
		if p.asks && !look() {
			return
		}
	}
	p.flush()
}

func (p *play) turn(s turn) {
	switch {
	case s.item != nil:
		p.flush()
		p.engine.Upsert(s.number, s.item)
		p.oracle.items[s.number] = s.item
	case s.user != nil:
		p.flush()
		p.engine.UpsertUser(s.number, s.user)
		p.oracle.users[s.number] = s.user
	default:
		p.oracle.apply(s.act.Visitor, s.act.Item, s.act.Event, s.fault)
		if p.batch = append(p.batch, s.act); p.one {
			p.flush()
		}
	}
}

func (p *play) flush() {
	if p.one {
		for _, act := range p.batch {
			p.engine.Apply(act.Visitor, act.Item, act.Event)
		}
	} else {
		p.engine.ApplyAll(p.batch)
	}
	p.batch = p.batch[:0]
}

// compare holds one row against the oracle. It is false when they differ.
func (p *play) compare(t *testing.T, name string) bool {
	p.flush()
	ask := p.ask()
	p.reader.Start(ask.visitor, ask.q, ask.context)
	p.reader.Row(ask.other, p.row) // whatever was read before for another item
	p.reader.Row(ask.item, p.row)
	for i, got := range p.row {
		want := p.oracle.read(i, ask.visitor, ask.item, ask.q, ask.context)
		p.cells++
		p.met = p.met || want.Events > 0 && (want.fault || ask.fault)
		if why := differs(p.defs[i].Agg, got, want); why != "" {
			t.Errorf("%s, after %d events: %+v\nof visitor %d, item %d, context %v at newest%+d ms, keys %q\n%s: %+v\nwant %+v",
				name, p.oracle.count, p.defs[i], ask.visitor, ask.item, ask.context, ask.q-p.newest,
				keys(&p.defs[i], ask.visitor, ask.item, p.oracle.items[ask.item], p.oracle.users[ask.visitor], ask.context), why, got, want)
			return false
		}
	}
	if p.cells%5 == 0 {
		return p.compareRows(t, ask)
	}
	return true
}

// compareRows reads the row once more, as numbers, among others.
func (p *play) compareRows(t *testing.T, ask ask) bool {
	n := len(p.row)
	rows := make([]float64, 3*n)
	p.reader.Rows([]uint32{ask.other, ask.item, 0}, rows)
	for i, v := range p.row {
		want := v.Value
		if textual := p.oracle.read(i, ask.visitor, ask.item, ask.q, ask.context).text; v.Null || textual || p.defs[i].Agg == LastK {
			want = math.NaN()
		}
		if got := rows[n+i]; math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%+v is %v in a row of numbers, want %v", p.defs[i], got, want)
			return false
		}
	}
	return true
}

// differs says in what a value is not the one it should be; "" is in nothing.
func differs(agg string, got Value, want answer) string {
	switch {
	case got.Null != want.Null:
		return "null"
	case got.Events != want.Events:
		return "events"
	case got.Updated != want.Updated:
		return "updated"
	case got.Default() != (want.Events == 0):
		return "default"
	case !slices.Equal(got.List, want.List):
		return "list"
	case got.Text != want.Text:
		return "text"
	case want.Null || want.text || agg == LastK:
		return ""
	case agg == DecayedSum:
		// 1e-290: weights next to the least float64 have fewer digits.
		if math.Abs(got.Value-want.Value.Value) > 1e-9*want.magnitude+1e-290 {
			return "value"
		}
	case got.Value != want.Value.Value:
		return "value"
	}
	return ""
}

// world makes up a stream: documents, events, and what is read.
type world struct {
	rng    *rand.Rand
	fault  fault
	clock  int64 // what time it is, from which event times differ
	newest int64 // newest event time
	events int   // so far
	pace   int64 // ms between events now
	gap    bool  // there was one
	known  map[uint32]bool
	people map[uint32]bool
	early  map[[2]uint32]bool // visitors and items that acted before they were known, or otherwise known
	last   []Act
	turns  []turn // next since the last read
	asks   bool   // the next thing is a read
}

// turn is an entry of the catalogue, one of a user, or an event.
type turn struct {
	number uint32
	item   *freshet.Item
	user   *freshet.User
	act    Act
	fault  bool
}

// ask is what is read.
type ask struct {
	visitor, item, other uint32
	q                    int64
	context              map[string]any
	fault                bool
}

// fault is a way in which a stream is not plain.
type fault struct {
	events           int
	visitors, items  int
	unknown, changes bool // documents come late, or change and vanish
	far              bool // reads are as far ahead, or behind, as they may be
	// disturb may change an event, its time above all, and says that it did.
	disturb func(w *world, act *Act) bool
}

var faults = map[string]fault{
	"in order": {disturb: func(*world, *Act) bool { return true }},
	"disordered": {disturb: func(w *world, act *Act) bool {
		act.Event.Time = w.newest - w.rng.Int64N(int64(freshet.Hour))
		return w.often(0.5)
	}},
	"on the edges of hops": {disturb: func(w *world, act *Act) bool {
		hop := []int64{5_000, 7_000, 30_000, 60_000, 3_600_000}[w.rng.IntN(5)]
		act.Event.Time = max(w.newest/hop*hop+hop*w.rng.Int64N(2)-w.rng.Int64N(2), w.newest-int64(freshet.Hour))
		w.clock = max(w.clock, act.Event.Time)
		return true
	}},
	"at equal times": {disturb: func(w *world, act *Act) bool {
		w.pace = 1
		act.Event.Time = w.newest - w.rng.Int64N(2)
		if len(w.last) > 0 && w.often(0.7) { // the same once more, and mostly under another id
			*act = w.last[len(w.last)-1]
			again := *act.Event
			if act.Event = &again; w.often(0.9) {
				again.ID = fmt.Sprint("again", w.rng.IntN(1000))
			}
			if w.often(0.5) {
				again.HasValue, again.Value, again.Query = true, float64(w.rng.IntN(9)), "another"
			}
		}
		return true
	}},
	"ahead of time": {disturb: func(w *world, act *Act) bool {
		w.pace = min(w.pace, 2000)
		if w.often(0.5) {
			act.Event.Time = w.clock + w.rng.Int64N(int64(slack)+1)
			return true
		}
		return false
	}},
	"years old": {disturb: func(w *world, act *Act) bool {
		if w.often(0.3) {
			act.Event.Time = w.newest - int64(freshet.Day)*w.rng.Int64N(365*30)
			return true
		}
		return false
	}},
	"after gaps": {disturb: func(w *world, act *Act) bool {
		if w.events%40 == 39 {
			w.clock += int64(freshet.Day) + w.rng.Int64N(40*int64(freshet.Day))
			act.Event.Time = w.clock
			w.gap = true
		}
		return w.gap
	}},
	"unknown at first":  {unknown: true},
	"changed documents": {changes: true},
	"read far ahead":    {far: true},
	"nobody and nothing": {disturb: func(w *world, act *Act) bool {
		e := act.Event
		switch w.rng.IntN(6) {
		case 0:
			act.Visitor, e.User = 0, ""
		case 1:
			act.Item, e.Item = 0, ""
		case 2:
			e.Context = nil
		case 3:
			e.HasValue, e.Rank, e.Query, e.ID = false, 0, "", ""
		case 4:
			e.Name = "neverheardof"
		default:
			return w.events > 20 // among such
		}
		return true
	}},
	"a crowd": {events: 700, visitors: 250, items: 250, disturb: func(w *world, act *Act) bool {
		w.pace = min(w.pace, 200)
		act.Event.Query = fmt.Sprint("query ", w.rng.IntN(1000))
		return true
	}},
}

func newWorld(seed uint64, f fault) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 1)), fault: f, clock: 1_700_000_000_000, pace: 2000,
		known: map[uint32]bool{}, people: map[uint32]bool{}, early: map[[2]uint32]bool{}}
	if w.fault.events == 0 {
		w.fault.events, w.fault.visitors, w.fault.items = 160, 4, 5
	}
	w.clock += w.rng.Int64N(int64(freshet.Day))
	w.newest = w.clock
	if !f.unknown {
		for n := range uint32(w.fault.items) {
			w.meetItem(n + 1)
		}
		for n := range uint32(w.fault.visitors) {
			w.meetUser(n + 1)
		}
	}
	return w
}

func itemID(item uint32) freshet.ItemID {
	if item == 0 {
		return ""
	}
	return freshet.ItemID(fmt.Sprintf("i%d", item*7919%1000)) // their order is another one than that of the numbers
}

func (w *world) often(share float64) bool { return w.rng.Float64() < share }

func pick[T any](w *world, list ...T) T { return list[w.rng.IntN(len(list))] }

// next makes up some documents and an event, or that it is time for a read. It is false at the end.
func (w *world) next() bool {
	if !w.asks && len(w.last) > 0 && w.events > w.fault.events/8 && w.often(40/float64(w.fault.events)*8/7) {
		w.turns, w.asks = w.turns[:0], true
		return true
	}
	if w.asks {
		w.turns = w.turns[:0]
	}
	w.asks = false
	if w.events == w.fault.events {
		return false
	}
	if len(w.last) > 0 {
		w.turns = w.turns[:0]
	}
	w.documents()
	w.event()
	return true
}

// documents makes some come late, change or vanish.
func (w *world) documents() {
	share := 0.02
	if w.fault.changes {
		share = 0.3
	}
	if w.fault.unknown {
		share = 0.1
	}
	if w.events > w.fault.events/8 && w.often(share) {
		w.meetItem(uint32(1 + w.rng.IntN(w.fault.items)))
	}
	if w.events > w.fault.events/8 && w.often(share) {
		w.meetUser(uint32(1 + w.rng.IntN(w.fault.visitors)))
	}
}

func (w *world) meetItem(item uint32) {
	w.known[item] = true
	doc := &freshet.Item{ID: itemID(item)}
	for range pick(w, 1, 2, 3, 1, 0) {
		doc.Categories = append(doc.Categories, pick(w, "sea", "harbour", "storm"))
	}
	for range w.rng.IntN(4) {
		doc.Tags = append(doc.Tags, pick(w, "new", "old", "t"))
	}
	if w.often(0.1) {
		w.turns = append(w.turns, turn{number: item, item: doc})
		return
	}
	doc.Attributes = map[string]any{
		"brand":  pick[any](w, "1", "alder", json.Number("1"), json.Number("1.0"), json.Number("2.5e3"), true, "alder", "alder"),
		"labels": []any{pick(w, "x", "y"), pick(w, "x", "y", ""), json.Number("2"), pick[any](w, nil, false, []any{"x"}, map[string]any{}, json.Number("2.00"))},
	}
	if w.often(0.1) {
		doc.Attributes["brand"] = pick[any](w, nil, []any{}, map[string]any{"a": "b"}, []any{"alder", "1", "alder"})
	}
	if w.often(0.2) {
		doc.Attributes["labels"] = pick[any](w, nil, []any{}, "x", json.Number("-7"), false)
	}
	w.turns = append(w.turns, turn{number: item, item: doc})
}

func (w *world) meetUser(visitor uint32) {
	w.people[visitor] = true
	doc := &freshet.User{ID: userID(visitor)}
	if w.often(0.9) {
		doc.Attributes = map[string]any{
			"plan":   pick[any](w, "gold", "free", "gold", json.Number("1"), true),
			"groups": pick[any](w, []any{"a", "b"}, []any{"b", json.Number("3"), "a"}, "a", []any{"c", "c", nil}, []any{false, "b"}),
		}
	}
	if w.often(0.1) {
		doc.Attributes = map[string]any{"plan": pick[any](w, nil, map[string]any{}), "groups": []any{}}
	}
	w.turns = append(w.turns, turn{number: visitor, user: doc})
}

func userID(visitor uint32) freshet.UserID { return freshet.UserID(fmt.Sprint("ada", visitor)) }

// number is one of n, half of the time one of the first two when there are many.
func (w *world) number(n int) uint32 {
	if n > 10 && w.often(0.5) {
		n = 2
	}
	return uint32(1 + w.rng.IntN(n))
}

// context is that of an event or a request: place is for keys, the rest is for fields.
func (w *world) context() map[string]any {
	if w.often(0.03) {
		return nil
	}
	c := map[string]any{
		"place": pick[any](w, "home", "bus", "home", json.Number("1"), json.Number("1e0"), true, []any{"home", "bus"}, []any{"bus", nil, "bus"}),
		"score": json.Number(fmt.Sprint(w.amount())),
		"mood":  pick(w, "calm", "wild", "so so"),
		"mixed": pick[any](w, "3", json.Number("3"), json.Number("3.0"), json.Number(fmt.Sprint(w.rng.IntN(50))), "calm"),
	}
	if w.often(0.1) {
		c[pick(w, "place", "score", "mood", "mixed")] = pick[any](w, nil, map[string]any{"a": "b"})
	}
	if w.often(0.05) {
		c["score"] = pick[any](w, "7", true, json.Number("1e12"), json.Number("1e13"), json.Number("1.7e308"), json.Number("-1.7e308"), json.Number("1e400"))
	}
	return c
}

// amount is whole, or has six digits, more of them, or half of the last one.
func (w *world) amount() float64 {
	switch w.rng.IntN(4) {
	case 0:
		return float64(w.rng.IntN(10))
	case 1:
		return float64(w.rng.IntN(2_000_000)-1_000_000) / 1e5
	case 2:
		return (float64(w.rng.IntN(2_000_000)) - 1_000_000.5) / 1e6
	}
	return (w.rng.Float64() - 0.3) * math.Pow(10, float64(w.rng.IntN(12)))
}

func (w *world) event() {
	if w.events%16 == 15 {
		w.pace = pick[int64](w, 10, 500, 2000, 2000, 40_000, 600_000)
	}
	w.clock += w.rng.Int64N(2*w.pace + 1)
	visitor, item := w.number(w.fault.visitors), w.number(w.fault.items)
	e := &freshet.Event{ID: fmt.Sprint("e", w.rng.IntN(1_000_000)), User: userID(visitor), Item: itemID(item),
		Name: pick(w, "click", "like", "expose", "view", "click"), Time: w.clock, Context: w.context()}
	if w.often(0.6) {
		e.HasValue, e.Value = true, w.amount()
	}
	if w.often(0.5) {
		e.Rank = 1 + w.rng.IntN(20)
	}
	if w.often(0.7) {
		e.Query = pick(w, "milk", "powder", "milk powder", "router")
	}
	act := Act{visitor, item, e}
	fault := w.fault.disturb != nil && w.fault.disturb(w, &act)
	if w.fault.unknown && !(w.known[item] && w.people[visitor]) || w.fault.changes {
		w.early[[2]uint32{visitor, item}] = true
	}
	w.events++
	w.newest = max(w.newest, act.Event.Time)
	w.last = append(w.last, act)
	w.turns = append(w.turns, turn{act: act, fault: fault})
}

// ask makes up a read, mostly for who acted lately.
func (w *world) ask() ask {
	act := w.last[max(0, len(w.last)-1-w.rng.IntN(8))]
	a := ask{visitor: act.Visitor, item: act.Item, context: act.Event.Context, other: uint32(w.rng.IntN(w.fault.items + 1))}
	if w.often(0.2) {
		a.visitor = uint32(w.rng.IntN(w.fault.visitors + 2)) // 0 is nobody, the last one never acted
	}
	if w.often(0.2) {
		a.item = uint32(w.rng.IntN(w.fault.items + 2))
	}
	if w.often(0.2) {
		a.context = w.context()
	}
	a.fault = w.fault.far || (w.fault.unknown || w.fault.changes) && w.early[[2]uint32{a.visitor, a.item}] && w.known[a.item] && w.people[a.visitor]
	const minute, day = int64(freshet.Minute), int64(freshet.Day)
	from := w.newest - int64(slack)
	switch w.rng.IntN(6) {
	case 0:
		a.q = from
	case 1:
		a.q = w.newest
	case 2:
		hop := pick[int64](w, 5_000, 7_000, 30_000, 60_000, 3_600_000)
		a.q = max(from, (w.newest/hop+w.rng.Int64N(3))*hop-w.rng.Int64N(2))
	case 3:
		a.q = w.newest + w.rng.Int64N(3*int64(freshet.Hour))
	default:
		a.q = from + w.rng.Int64N(3*minute)
	}
	if w.fault.far {
		a.q = pick(w, from, from+w.rng.Int64N(100), w.newest+w.rng.Int64N(2*day), w.newest+w.rng.Int64N(400*day), w.newest+day)
	}
	return a
}

// TestOrderOfArrival: events of different ids in any order give the same values, to the last bit,
// but for decayed sums, which are within rounding.
func TestOrderOfArrival(t *testing.T) {
	for _, agg := range Aggs {
		t.Run(agg, func(t *testing.T) {
			for _, key := range keyKinds {
				t.Run(strings.Join(key, ","), func(t *testing.T) { orderOfArrival(t, under(shapes(agg), key)) })
			}
		})
	}
}

func orderOfArrival(t *testing.T, defs []Definition) {
	p := newPlay(defs, 7, faults["disordered"])
	var acts []Act
	p.run(func() bool { return true })
	for i, act := range p.last {
		act.Event.ID = fmt.Sprint(i)
		acts = append(acts, act)
	}
	one, two := p.again(acts).Reader(), p.again(shuffled(p.rng, acts)).Reader()
	a, b := make([]Value, len(defs)), make([]Value, len(defs))
	said := 0
	for range 30 {
		ask := p.ask()
		one.Start(ask.visitor, ask.q, ask.context)
		one.Row(ask.item, a)
		two.Start(ask.visitor, ask.q, ask.context)
		two.Row(ask.item, b)
		for i := range defs {
			want := answer{Value: a[i], magnitude: magnitude(acts, ask.q, &defs[i])}
			if why := differs(defs[i].Agg, b[i], want); why != "" {
				t.Fatalf("%+v at newest%+d ms: %s: %+v\nin another order %+v", defs[i], ask.q-p.newest, why, a[i], b[i])
			}
			if !a[i].Default() {
				said++
			}
		}
	}
	if said < len(defs) {
		t.Errorf("%d values that are not the default, want more", said)
	}
}

// again applies events to a new engine, with the documents as they stand at last.
func (p *play) again(acts []Act) *Engine {
	g := newEngine(p.defs)
	for _, item := range slices.Sorted(maps.Keys(p.oracle.items)) {
		g.Upsert(item, p.oracle.items[item])
	}
	for _, visitor := range slices.Sorted(maps.Keys(p.oracle.users)) {
		g.UpsertUser(visitor, p.oracle.users[visitor])
	}
	g.ApplyAll(acts)
	return g
}

func shuffled(rng *rand.Rand, acts []Act) []Act {
	acts = slices.Clone(acts)
	rng.Shuffle(len(acts), func(i, j int) { acts[i], acts[j] = acts[j], acts[i] })
	return acts
}

// magnitude bounds Σ |amount|·weight of a decayed sum over all events.
func magnitude(acts []Act, q int64, d *Definition) float64 {
	sum := 0.0
	if d.Agg != DecayedSum {
		return sum
	}
	for _, act := range acts {
		f := fact{event: act.Event}
		amount := 1.0
		if values := f.field(d); len(values) > 0 {
			amount = math.Abs(number(values[0]))
		}
		sum += amount * math.Exp2(-float64(max(0, q-act.Event.Time))/float64(d.HalfLife))
	}
	return sum
}

// TestPackInTheMiddle: an engine that was packed and unpacked in the middle of a stream goes on like
// one that was not, to the last bit of every value and of what is packed at the end.
func TestPackInTheMiddle(t *testing.T) {
	for _, agg := range Aggs {
		t.Run(agg, func(t *testing.T) {
			for _, key := range keyKinds {
				t.Run(strings.Join(key, ","), func(t *testing.T) {
					for _, name := range []string{"ahead of time", "changed documents", "a crowd"} {
						packInTheMiddle(t, newPlay(under(shapes(agg), key), 8, faults[name]))
					}
				})
			}
		})
	}
}

func packInTheMiddle(t *testing.T, p *play) {
	t.Helper()
	var restored *Engine
	row := make([]Value, len(p.defs))
	p.one = true
	for p.next() {
		for _, s := range p.turns {
			p.turn(s)
			if restored == nil {
				continue
			}
			switch {
			case s.item != nil:
				restored.Upsert(s.number, s.item)
			case s.user != nil:
				restored.UpsertUser(s.number, s.user)
			default:
				restored.Apply(s.act.Visitor, s.act.Item, s.act.Event)
			}
		}
		switch {
		case restored == nil && p.events == p.fault.events/2:
			restored = unpacked(t, p)
		case restored != nil && p.asks:
			ask := p.ask()
			p.reader.Start(ask.visitor, ask.q, ask.context)
			p.reader.Row(ask.item, p.row)
			r := restored.Reader()
			r.Start(ask.visitor, ask.q, ask.context)
			r.Row(ask.item, row)
			for i := range row {
				if got, want := fmt.Sprintf("%+v %x", row[i], row[i].Value), fmt.Sprintf("%+v %x", p.row[i], p.row[i].Value); got != want {
					t.Fatalf("%+v: unpacked in the middle %s, want %s", p.defs[i], got, want)
				}
			}
		}
	}
	var a, b pack.Writer
	p.engine.Pack(&a)
	restored.Pack(&b)
	if !bytes.Equal(a.Bytes, b.Bytes) {
		t.Fatalf("%s under %v: unpacked in the middle, %d bytes are packed at the end that are not the %d of who went on", p.defs[0].Agg, p.defs[0].Key, len(b.Bytes), len(a.Bytes))
	}
}

func unpacked(t *testing.T, p *play) *Engine {
	t.Helper()
	var w pack.Writer
	p.engine.Pack(&w)
	g := newEngine(p.defs)
	r := pack.NewReader(w.Bytes)
	g.Unpack(r, 1<<20, 1<<20)
	if err := r.Done(); err != nil {
		t.Fatalf("%s under %v: %v", p.defs[0].Agg, p.defs[0].Key, err)
	}
	for number, doc := range p.oracle.items {
		g.Upsert(number, doc)
	}
	for number, doc := range p.oracle.users {
		g.UpsertUser(number, doc)
	}
	return g
}

// TestEstimateOfOracle: the oracle's own estimate is near the truth, and the same for any order.
func TestEstimateOfOracle(t *testing.T) {
	for _, n := range []int{129, 500, 2000, 10_000, 100_000, 1_000_000} {
		of := func(from, turn int) int {
			return estimate(func(yield func(uint64) bool) {
				for i := range n {
					yield(hash(fmt.Sprint("t", from+turn*i)))
				}
			})
		}
		got := of(0, 1)
		if math.Abs(float64(got)/float64(n)-1) > 4*1.04/math.Sqrt(2048) {
			t.Errorf("the estimate of %d is %d", n, got)
		}
		if back := of(n-1, -1); back != got {
			t.Errorf("the estimate of %d is %d, in the other order %d", n, got, back)
		}
	}
}

// TestManyDifferent: a distinct grows from exact to estimates of tens of thousands, over all time
// and in a window, and stays the one of the comment's sketch.
func TestManyDifferent(t *testing.T) {
	defs := []Definition{
		{Name: "ever", Key: []string{"global"}, Agg: Distinct, Field: "query"},
		{Name: "lately", Key: []string{"global"}, Agg: Distinct, Field: "query", Window: freshet.Hour, Hop: 5 * freshet.Minute},
	}
	g, want := newEngine(defs), newOracle(defs)
	rng := rand.New(rand.NewPCG(1, 2))
	row := make([]Value, len(defs))
	now, estimates := int64(1_700_000_000_000), 0
	for n := range 40_000 {
		now += rng.Int64N(1000)
		e := &freshet.Event{User: "ada", Name: "search", Query: fmt.Sprint("query ", rng.IntN(100_000)), Time: now - rng.Int64N(int64(freshet.Hour))}
		g.Apply(1, 0, e)
		want.apply(1, 0, e, false)
		if n > 140 && n%2000 != 0 {
			continue
		}
		r := g.Reader()
		r.Start(1, now, nil)
		r.Row(0, row)
		for i, got := range row {
			right := want.read(i, 1, 0, now, nil)
			if why := differs(Distinct, got, right); why != "" {
				t.Fatalf("%s after %d events: %s: %+v, want %+v", defs[i].Name, n+1, why, got, right)
			}
			if right.Value.Value > 128 {
				estimates++
			}
		}
	}
	if estimates < 40 {
		t.Errorf("%d estimates compared", estimates)
	}
}
