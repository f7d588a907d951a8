package snapshot_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/snapshot"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

// world is a small one, its journal on a disk in memory.
type world struct {
	t      *testing.T
	disk   *fsys.Mem
	log    *journal.Log
	stream *stream.Stream
	state  *fold.State
	now    int64
}

func newWorld(t *testing.T, o fold.Options) *world {
	t.Helper()
	w := &world{t: t, disk: fsys.NewMem(), now: start}
	clock := func() time.Time { return time.UnixMilli(start) }
	var err error
	if w.log, _, err = journal.Open(journal.Options{FS: w.disk, Now: clock}); err != nil {
		t.Fatal(err)
	}
	if w.state, err = fold.New(o); err != nil {
		t.Fatal(err)
	}
	w.stream = stream.New(stream.Options{Log: w.log, Fold: w.state, Now: clock, Lateness: freshet.Hour})
	w.stream.Start()
	return w
}

// bring admits one event at its own time, or at the time given.
func (w *world) bring(source string, seq uint64, e freshet.Event) freshet.Position {
	w.t.Helper()
	if e.Time == 0 {
		e.Time = w.now
	}
	out, err := w.stream.Events(w.t.Context(), source, w.now, []freshet.Event{e}, []uint64{seq})
	if err != nil || out.Accepted != 1 {
		w.t.Fatalf("%+v, %v", out, err)
	}
	return out.Position
}

func (w *world) do(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// snapshot stops the world and returns the two parts of its snapshot, as the file has them.
func (w *world) snapshot() (position uint64, state, admission []byte) {
	w.t.Helper()
	w.do(w.stream.WaitApplied(w.t.Context(), w.log.Last()))
	w.stream.Close()
	w.do(w.log.Close())
	var one, two pack.Writer
	w.state.Pack(&one)
	w.stream.Pack(&two)
	info, err := snapshot.Write(w.disk, snapshot.Snapshot{Position: w.stream.Applied(), Config: configOf(fold.StateVersion),
		Parts: []snapshot.Part{{Name: "state", Data: one.Bytes}, {Name: "admission", Data: two.Bytes}}})
	w.do(err)
	text, err := fsys.ReadFile(w.disk, info.File, 1<<20)
	w.do(err)
	position, parts := parts(w.t, text)
	return position, parts["state"], parts["admission"]
}

// configOf names a state version, without definitions.
func configOf(version int) [32]byte { return sha256.Sum256(fmt.Appendf(nil, "state %d\n", version)) }

const start = int64(1_795_187_045_000) // a time of no round number of anything but seconds

// layoutOptions have every kind of feature and route.
func layoutOptions() (fold.Options, shape) {
	o := fold.Options{Kinds: freshet.BuiltinEvents(), MaxFuture: freshet.Minute, NewTable: mem.New, Watch: 1,
		Routes: []fold.Route{{Name: "hot", Kind: "popular", Window: freshet.Hour}, {Name: "covisit", Kind: "itemcf"}},
		Features: []feature.Definition{
			{Name: "clicks", Key: []string{"user", "item.category"}, On: []string{"click"}, Agg: feature.Count, Window: 10 * freshet.Minute, Hop: freshet.Minute},
			{Name: "ctr", Key: []string{"item"}, Agg: feature.Rate, Of: []string{"click"}, Per: []string{"expose"}, Window: freshet.Hour, Hop: 5 * freshet.Minute},
			{Name: "spent", Key: []string{"item.author"}, Agg: feature.Sum, Field: "value"},
			{Name: "taste", Key: []string{"user", "item.categories"}, Agg: feature.DecayedSum, HalfLife: freshet.Hour},
			{Name: "last", Key: []string{"user"}, Agg: feature.LastTime},
		}}
	return o, shape{maxFuture: minute,
		features: []shapeOfFeature{
			{agg: "count", attribute: "category", window: 10 * minute, hop: minute, lane: 1},
			{agg: "rate", window: hour, hop: 5 * minute, lane: 2},
			{agg: "sum", attribute: "author", lane: 2},
			{agg: "decayed_sum", attribute: "categories"},
			{agg: "last_time"},
		},
		routes: []shapeOfRoute{{"popular", hour}, {"itemcf", 0}, {"new", 0}}}
}

// TestLayout reads a snapshot of a small world from the first byte of each part to its last.
func TestLayout(t *testing.T) {
	o, shape := layoutOptions()
	w := newWorld(t, o)
	definitions := []byte(`{"hash":"0123456789abcdef"}`)
	w.do(w.stream.Define(t.Context(), w.now, definitions))
	published := start - 3*day
	_, err := w.stream.Items(t.Context(), stream.SourceHTTP, w.now, []freshet.Item{
		{ID: "sea", Title: "Tides", Categories: []string{"boats", "salt"}, Attributes: map[string]any{"author": "Orrin"}},
		{ID: "hill", Categories: []string{"boots"}, Unavailable: true, Published: published, HasPublished: true},
	}, nil)
	w.do(err)
	_, err = w.stream.Users(t.Context(), stream.SourceHTTP, w.now, []freshet.User{{ID: "ada", Attributes: map[string]any{"plan": "gold"}}, {ID: "quiet"}}, nil)
	w.do(err)

	// Two hours before everything else, so that their windows are over when ada comes.
	w.bring("import:old", stream.Seq(1, 70), freshet.Event{User: "old", Item: "sea", Name: "click", Time: start - 2*hour})
	w.bring("import:old", stream.Seq(2, 1), freshet.Event{User: "old", Item: "hill", Name: "click", Time: start - 2*hour})
	first := freshet.Event{ID: "e-1", User: "ada", Item: "sea", Name: "click", Time: start, Value: -2.5, HasValue: true}
	w.bring("http", 0, first)
	w.now += 1000
	w.bring("http", 0, freshet.Event{User: "ada", Item: "town", Name: "like"})
	bought := w.bring("http", 0, freshet.Event{User: "ada", Item: "hill", Name: "purchase", Request: "r-1"})
	w.bring("http", 0, freshet.Event{Anonymous: "phone", Item: "sea", Name: "expose"})
	w.bring("http", 0, freshet.Event{User: "ada", Item: "sea", Name: "click", Time: start - 2*hour}) // late
	text := `{"request_id":"r-1","visitor":"u:ada","items":[{"item_id":"sea","routes":[{"route":"covisit","rank":1}]},{"item_id":"x"}],"degraded":["recall.hot:timeout"],"fallback":1}`
	w.do(w.stream.Served(t.Context(), w.now, []byte(text)))
	w.do(w.stream.Served(t.Context(), w.now, []byte(`{"request_id":"r-2","visitor":"s:new","items":[]}`)))
	live, err := w.stream.Switch(t.Context(), w.now, []byte(`{"model":"lr","version":3,"sha256":"ab","by":"promoted"}`))
	w.do(err)
	position, state, ids := w.snapshot()
	s, a := shape.state(t, state), admission(t, ids)

	const sea, hill, town = 1, 2, 3
	const ada, quiet, old, phone, strange = 1, 2, 3, 4, 5
	second := start + 1000
	is := func(what string, got, want any) {
		t.Helper()
		if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
			t.Errorf("%s is\n%s instead of\n%s", what, g, w)
		}
	}
	is("the newest time", s.newest, second)
	is("the catalogue", s.items[1:], []itemRead{
		{"sea", `{"item_id":"sea","title":"Tides","categories":["boats","salt"],"attributes":{"author":"Orrin"}}`, start - 2*hour},
		{"hill", fmt.Sprintf(`{"item_id":"hill","categories":["boots"],"available":false,"published_at":"%s"}`, time.UnixMilli(published).UTC().Format("2006-01-02T15:04:05.000Z")), start - 2*hour},
		{"town", "", second}})
	is("the visitors", s.visitors[1:], []string{"u:ada", "u:quiet", "u:old", "a:phone", "s:new"})
	is("the users", s.users, []userRead{{ada, `{"user_id":"ada","attributes":{"plan":"gold"}}`}, {quiet, `{"user_id":"quiet"}`}})
	is("the authors", s.attributes["author"][1:], []string{"sOrrin"})
	is("the categories", s.values["categories"], [][]string{nil, {"boats", "salt"}, {"boots"}})
	is("the category", s.values["category"], [][]string{nil, {"boats"}, {"boots"}})

	clicks, at := s.features[0], s.features[0].cells[ada<<32|1]
	tile := start / minute
	is("the time of windows", clicks.newest, second)
	is("the clicks of ada on boats", []uint64{at[0], at[1], at[2], at[3+tile%12]}, []uint64{0, uint64(start), uint64(tile + 1), 1})
	// The sweep came by the second place first; the first one was given back last and used again.
	is("the places of windows", []any{clicks.places, clicks.free, clicks.hand}, []any{[]uint64{ada<<32 | 1, 0}, []uint64{1}, 1})
	ctr := s.features[1].cells[sea]
	tile = start / (5 * minute)
	is("of and per of the sea", ctr[3+tile%14*2:][:2], cell{1, 1})
	is("what Orrin took in, 10⁻⁶", s.features[2].cells[1], cell{1, uint64(start), 1, math.MaxUint64 - 2_500_000 + 1})
	taste := s.features[3]
	is("amounts that wait", []any{taste.wait[ada<<32|1].amounts, taste.wait[ada<<32|3].amounts}, []any{map[int64]float64{start: 1}, map[int64]float64{second: 1}})
	is("an amount that is folded in", taste.cells[old<<32|2], cell{1, uint64(start - 2*hour), math.Float64bits(1), uint64(start - 2*hour)})
	is("when they came last", s.features[4].cells, map[uint64]cell{old << 32: {2, uint64(start - 2*hour)}, ada << 32: {3, uint64(second)}, phone << 32: {1, uint64(second)}})

	is("what ada did", s.histories[ada], historyRead{
		[]actRead{{sea, start, "click"}, {town, second, "like"}, {hill, second, "purchase"}},
		map[uint64]seenRead{sea: {start, false}, town: {second, false}, hill: {second, true}}})
	hot, covisit, newest := s.routes[0], s.routes[1], s.routes[2]
	is("the landmarks", []any{hot.landmark, hot.set, covisit.landmark, covisit.set}, []any{start - 2*hour, true, start - 2*hour, true})
	is("the windows", len(hot.windows), 3)
	hop := day / 60
	tile = start / hop
	is("wants of this day's newest tile", []any{hot.windows[1].begun, hot.windows[1].newest, hot.windows[1].tiles[tile%62]}, []any{true, tile, map[uint64]int64{sea: 1, town: 1, hill: 1}})
	is("the weight of the town", []float64{hot.weights[town], covisit.weights[town]},
		[]float64{math.Exp2(float64(second-covisit.landmark) / float64(14*day)), math.Exp2(float64(second-covisit.landmark) / float64(60*day))})
	is("what goes with the sea", []any{len(covisit.pairs[sea]), covisit.pairs[sea][town]}, []any{2, covisit.weights[town]})
	is("the newest items", newest.list, []bornRead{{published, hill}, {start - 2*hour, sea}, {second, town}})

	is("the last acts", s.acts, []lastRead{{}, {uint64(bought), "purchase", second}, {}, {7, "click", start - 2*hour}, {uint64(bought) + 1, "expose", second}})
	is("the model", s.model, modelRead{"lr", 3, "ab", "promoted", uint64(live), true})
	is("the events", s.names, []nameRead{{"click", 4, 1, 0, start}, {"expose", 1, 0, 0, second}, {"like", 1, 0, 0, second}, {"purchase", 1, 0, 1, second}})
	is("those of other names, and of imports", []uint64{s.others, s.imported}, []uint64{0, 2})
	is("the slates", s.lately, []slateRead{{[5]int64{0, 0, 2, 1, 1}, "recall.hot:timeout"}, {[5]int64{0, 1, 0, 0, 0}, ""}})
	is("those shown", []any{s.shownNext, s.shown}, []any{0, []shownRead{{ada, "r-1", "sea x"}, {strange, "r-2", ""}}})
	is("the share of keys watched", s.oneIn, 1)
	is("what was spent on Orrin", s.watched[2], map[uint64]watchRead{watchKey(2, watchHash("tOrrin")): {start, false, fmt.Sprintf("%d:-2.5:1 ", start)}})
	is("of and per watched", s.watched[1][watchKey(1, sea)].facts, fmt.Sprintf("%d:1:1 %d:1:1 %d:1:2 ", start-2*hour, start, second))
	is("the clicks of ada on boats that are watched", s.watched[0][watchKey(0, ada, watchHash("tboats"))].facts, fmt.Sprintf("%d:1:1 ", start))

	is("the position", []uint64{position, a.applied}, []any{position, position})
	is("the sources", a.sources, map[string]sourceRead{
		"http":       {true, second, nil},
		"import:old": {true, start - 2*hour, map[uint64][]uint64{1: {0, 1 << (70 - 64)}, 2: {1 << 1}}}})
	hash := sha256.Sum256([]byte("e-1"))
	print := fingerprint(fmt.Sprintf(`{"event_id":"e-1","user_id":"ada","item_id":"sea","event":"click","ts":%d,"value":-2.5}`, start))
	is("the ids", a.ids, []idRead{{string(hash[:16]), print, (start + hour) / 60_000}})
	is("the step and those forgotten", []any{a.step, a.evicted}, []any{second / 60_000, 0})
	is("the books", a.counts, []uint64{7, 6, 1, 4})
	is("the definitions", a.definitions, string(definitions))
}

// TestLayoutOfManyLives reads the snapshots of worlds where everything moves: windows pass, places
// are given back, amounts settle. Every third of them has just begun.
func TestLayoutOfManyLives(t *testing.T) {
	for seed := range uint64(9) {
		rng := rand.New(rand.NewPCG(seed, 7))
		o, shape := layoutOptions()
		if seed%2 == 1 { // the others are added
			o.Routes = o.Routes[1:]
			shape.routes = []shapeOfRoute{{"itemcf", 0}, {"popular", hour}, {"new", 0}}
		}
		w := newWorld(t, o)
		wanted, known := map[string]int64{}, map[string]int64{}
		for range seed % 3 * 250 {
			w.now += rng.Int64N(2 * minute)
			id := freshet.ItemID(fmt.Sprint(rng.IntN(40)))
			switch rng.IntN(20) {
			case 2:
				_, err := w.stream.Users(t.Context(), stream.SourceHTTP, w.now, []freshet.User{{ID: freshet.UserID(fmt.Sprint(rng.IntN(40))), Attributes: map[string]any{"age": rng.IntN(90)}}}, nil)
				w.do(err)
			case 0:
				item := freshet.Item{ID: id, Categories: []string{"a", "b", "c"}[:rng.IntN(4)], Attributes: map[string]any{"author": rng.IntN(3) == 0}}
				_, err := w.stream.Items(t.Context(), stream.SourceHTTP, w.now, []freshet.Item{item}, nil)
				w.do(err)
			case 1:
				w.do(w.stream.Served(t.Context(), w.now, fmt.Appendf(nil, `{"request_id":"r","visitor":"u:%d","items":[{"item_id":"%s"}]}`, rng.IntN(30), id)))
			default:
				e := freshet.Event{User: freshet.UserID(fmt.Sprint(rng.IntN(20))), Item: id, Name: []string{"click", "expose", "hide"}[rng.IntN(3)], Time: w.now - rng.Int64N(hour/2)}
				if e.HasValue = rng.IntN(2) == 0; e.HasValue {
					e.Value = rng.NormFloat64()
				}
				if rng.IntN(3) == 0 {
					e.ID = fmt.Sprint(w.now)
				}
				w.bring(stream.SourceHTTP, 0, e)
				known[e.Name]++
				if e.Name == "click" {
					wanted[string(id)]++
				}
			}
		}
		_, state, ids := w.snapshot()
		s, a := shape.state(t, state), admission(t, ids)
		for _, n := range s.names {
			if known[n.name] != int64(n.count) {
				t.Errorf("seed %d: %d events of name %s, %d came", seed, n.count, n.name, known[n.name])
			}
			a.counts[0] -= n.count
		}
		if a.counts[0] != 0 {
			t.Errorf("seed %d: %d events of no name", seed, int64(a.counts[0]))
		}
		for _, route := range s.routes {
			if len(route.windows) == 0 {
				continue
			}
			got := map[string]int64{}
			for _, tile := range route.windows[2].tiles { // a week holds all of it
				for item, n := range tile {
					got[s.items[item].id] += n
				}
			}
			if !maps.Equal(got, wanted) {
				t.Errorf("seed %d: clicks by item are %v, came %v", seed, got, wanted)
			}
		}
	}
}
