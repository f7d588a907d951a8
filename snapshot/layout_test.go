package snapshot_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
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
	info, err := snapshot.Write(w.disk, snapshot.Snapshot{Position: w.stream.Applied(), Config: configOf(layoutForm()),
		Parts: []snapshot.Part{{Name: "state", Data: one.Bytes}, {Name: "admission", Data: two.Bytes}}})
	w.do(err)
	text, err := fsys.ReadFile(w.disk, info.File, 1<<22)
	w.do(err)
	position, parts := parts(w.t, text)
	return position, parts["state"], parts["admission"]
}

// configOf names a form of the state, without definitions.
func configOf(form string) [32]byte { return sha256.Sum256(fmt.Appendf(nil, "state %s\n", form)) }

func layoutForm() string {
	o, _ := layoutOptions()
	return fold.Form(&o)
}

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
			{Name: "half", Expr: "clicks / 2"},
			{Name: "mean", Key: []string{"user.plan"}, Agg: feature.Mean, Field: "value", Window: freshet.Hour, Hop: 10 * freshet.Minute},
			{Name: "least", Key: []string{"item"}, Agg: feature.Min, Field: "value", Window: freshet.Hour, Hop: 15 * freshet.Minute},
			{Name: "most", Key: []string{"context.place", "user", "item.categories", "user.plan"}, Agg: feature.Max, Field: "value"},
			{Name: "query", Key: []string{"user"}, Agg: feature.Last, Field: "context.q"},
			{Name: "amount", Key: []string{"context.place"}, Agg: feature.Last, Field: "value", Window: freshet.Hour, Hop: freshet.Hour},
			{Name: "came", Key: []string{"user"}, Agg: feature.LastTime, Window: 2 * freshet.Hour, Hop: freshet.Hour},
			{Name: "age", Key: []string{"global"}, Agg: feature.Age},
			{Name: "kinds", Key: []string{"global"}, Agg: feature.Distinct, Field: "item.categories"},
			{Name: "who", Key: []string{"item", "user.plan", "context.place"}, Agg: feature.Distinct, Field: "user", Window: freshet.Hour, Hop: 30 * freshet.Minute},
			{Name: "trail", Key: []string{"user"}, Agg: feature.LastK, K: 2},
			{Name: "all", Key: []string{"global"}, Agg: feature.Count},
			{Name: "share", Key: []string{"global"}, Agg: feature.Rate, Of: []string{"click", "like"}, Per: []string{"expose"}},
			{Name: "brief", Key: []string{"user"}, Agg: feature.DecayedSum, HalfLife: freshet.Second},
			{Name: "busy", Key: []string{"global"}, Agg: feature.Count, Window: freshet.Hour, Hop: freshet.Hour},
			{Name: "visits", Key: []string{"user"}, Agg: feature.DecayedSum, HalfLife: freshet.Hour},
		}}
	return o, shape{maxFuture: minute,
		features: []shapeOfFeature{
			{agg: "count", key: "user item.category", window: 10 * minute, hop: minute},
			{agg: "rate", key: "item", window: hour, hop: 5 * minute},
			{agg: "sum", key: "item.author"},
			{agg: "decayed_sum", key: "user item.categories", halfLife: hour},
			{agg: "last_time", key: "user"},
			{},
			{agg: "mean", key: "user.plan", window: hour, hop: 10 * minute},
			{agg: "min", key: "item", window: hour, hop: 15 * minute},
			{agg: "max", key: "user item.categories user.plan context.place"},
			{agg: "last", key: "user"},
			{agg: "last", key: "context.place", window: hour, hop: hour},
			{agg: "last_time", key: "user", window: 2 * hour, hop: hour},
			{agg: "age"},
			{agg: "distinct"},
			{agg: "distinct", key: "item user.plan context.place", window: hour, hop: hour / 2},
			{agg: "last_k", key: "user"},
			{agg: "count"},
			{agg: "rate"},
			{agg: "decayed_sum", key: "user", halfLife: 1000},
			{agg: "count", window: hour, hop: hour},
			{agg: "decayed_sum", key: "user", halfLife: hour},
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
	w.bring("import:old", stream.Seq(2, 1), freshet.Event{User: "old", Item: "hill", Name: "hide", Time: start - 2*hour})
	first := freshet.Event{ID: "e-1", User: "ada", Item: "sea", Name: "click", Time: start, Value: -2.5, HasValue: true}
	w.bring("http", 0, first)
	w.now += 1000
	w.bring("http", 0, freshet.Event{User: "ada", Item: "town", Name: "like", Context: map[string]any{"place": "home"}})
	bought := w.bring("http", 0, freshet.Event{User: "ada", ID: "e-2", Item: "hill", Name: "purchase", Request: "r-1", Query: "boots", Value: 3, HasValue: true, Context: map[string]any{"place": "home", "q": "boats"}})
	w.bring("http", 0, freshet.Event{Anonymous: "phone", Item: "sea", Name: "expose"})
	w.bring("http", 0, freshet.Event{User: "ada", Item: "sea", Name: "click", Time: start - 2*hour}) // late
	switched := func(text string) freshet.Position {
		at, err := w.stream.Switch(t.Context(), w.now, []byte(text))
		w.do(err)
		return at
	}
	linear := switched(`{"model":"itemitem","version":1,"sha256":"cd","by":"adopted","slot":"itemitem"}`)
	switched(`{"model":"lr","version":2,"sha256":"aa","by":"adopted"}`)
	live := switched(`{"model":"lr","version":3,"sha256":"ab","by":"promoted"}`)
	trial := switched(`{"model":"fm","version":1,"sha256":"ef","by":"promoted","slot":"challenger","stage":"canary","percent":100,"guard":{"p99_ms":2.5}}`)
	text := `{"request_id":"r-1","visitor":"u:ada","items":[{"item_id":"sea","routes":[{"route":"covisit","rank":1}]},{"item_id":"x"}],"degraded":["recall.hot:timeout"],"fallback":1}`
	w.do(w.stream.Served(t.Context(), w.now, []byte(text)))
	w.do(w.stream.Served(t.Context(), w.now, []byte(`{"request_id":"r-2","visitor":"s:new","items":[]}`)))
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
	is("the authors", s.attributes["item.author"][1:], []string{"sOrrin"})
	is("the categories", s.values["item.categories"], [][]string{nil, {"sboats", "ssalt"}, {"sboots"}})
	is("the category", s.values["item.category"], [][]string{nil, {"sboats"}, {"sboots"}})

	tile := start / minute
	cellOf := func(feature int, key string) cellRead { return s.features[feature].cells[key] }
	is("the clicks on categories", s.features[0].cells, map[string]cellRead{"u:ada|sboats": {start, "", map[int64]string{tile % 12: "1"}}})
	grain := 11 * minute / 8
	is("their keys", s.groups["user item.category"], groupRead{nil, (second - minute - 11*minute) / grain, 1, 0, 0, []string{fmt.Sprintf("%d:u:ada|sboats", start/grain)}})
	is("of and per of the sea", cellOf(1, "sea"), cellRead{second, "", map[int64]string{start / (5 * minute) % 14: "1 1"}})
	is("what Orrin took in, 10⁻⁶", cellOf(2, "sOrrin"), cellRead{start, "1 -2500000", nil})
	taste := s.features[3]
	is("an amount", taste.cells["u:ada|sboats"], cellRead{start, "1 1 1", nil})
	is("amounts of one key", s.features[18].cells["u:ada"], cellRead{second, fmt.Sprintf("3 0 0 0 [%d 1 %d 2]", start, second), nil})
	is("amounts of one key that are not brief", cellOf(20, "u:ada"), cellRead{second, fmt.Sprintf("3 %v 0 [%d 1 %d 2]", math.Exp2(-1000./float64(hour))+2, start, second), nil})
	is("keys that wait", []any{taste.waits, s.features[18].waits, s.features[20].waits}, []any{[]string(nil), []string{fmt.Sprintf("u:ada:%d", start)}, []string{fmt.Sprintf("u:ada:%d", second)}})
	is("when they came last", s.features[4].cells, map[string]cellRead{"u:old": {start - 2*hour, "2", nil}, "u:ada": {second, "3", nil}, "a:phone": {second, "1", nil}})
	is("the visitors' keys", s.groups["user"].keys, []string{fmt.Sprintf("%d:u:old", (start-2*hour)/hour), fmt.Sprintf("%d:u:ada", start/hour), fmt.Sprintf("%d:a:phone", second/hour)})
	is("the mean of a plan", cellOf(6, "sgold"), cellRead{second, "", map[int64]string{start / (10 * minute) % 8: "2 500000"}})
	is("the least", []any{cellOf(7, "sea"), cellOf(7, "hill")}, []any{cellRead{start, "", map[int64]string{start / (15 * minute) % 6: "1 -2.5"}}, cellRead{second, "", map[int64]string{second / (15 * minute) % 6: "1 3"}}})
	is("the most", s.features[8].cells, map[string]cellRead{"u:ada|sboots|sgold|shome": {second, "1 3", nil}})
	is("the pairs", s.groups["user item.categories user.plan context.place"].pairs, [][3]uint64{{2, 1, 1}, {1, 3, 1}})
	is("the query", s.features[9].cells, map[string]cellRead{"u:ada": {second, fmt.Sprintf(`1 %d %d e-2 "boats"`, second, hill), nil}})
	is("the amount", s.features[10].cells, map[string]cellRead{"shome": {second, "", map[int64]string{second / hour % 3: fmt.Sprintf("1 %d %d e-2 3", second, hill)}}})
	is("when ada came", cellOf(11, "u:ada"), cellRead{second, "", map[int64]string{second / hour % 4: fmt.Sprint("3 ", second)}})
	is("anything", []any{cellOf(12, ""), cellOf(16, ""), cellOf(17, ""), cellOf(19, "")}, []any{cellRead{second, "6", nil}, cellRead{second, "6", nil}, cellRead{second, "3 1", nil},
		cellRead{second, "", map[int64]string{start / hour % 3: "4", (start - 2*hour) / hour % 3: "2"}}})
	kinds := []uint64{watchHash("tboats"), watchHash("tsalt"), watchHash("tboots")}
	slices.Sort(kinds)
	is("the kinds", cellOf(13, ""), cellRead{second, fmt.Sprintf("5 3 %#x %#x %#x", kinds[0], kinds[1], kinds[2]), nil})
	is("who", s.features[14].cells, map[string]cellRead{"town|sgold|shome": {second, "", map[int64]string{second / (hour / 2) % 4: fmt.Sprintf("1 1 %#x", watchHash("tu:ada"))}},
		"hill|sgold|shome": {second, "", map[int64]string{second / (hour / 2) % 4: fmt.Sprintf("1 1 %#x", watchHash("tu:ada"))}}})
	is("the trail", cellOf(15, "u:ada"), cellRead{second, fmt.Sprintf("[%d %d e-2 %d %d ]", second, hill, second, town), nil})

	is("what ada did", s.histories[ada], historyRead{
		[]actRead{{sea, start, "click"}, {town, second, "like"}, {hill, second, "purchase"}}, nil, []queryRead{{"boots", second}},
		map[uint64]seenRead{sea: {start, false, 0}, town: {second, false, 0}, hill: {second, true, 0}}})
	is("what old did", s.histories[old], historyRead{
		[]actRead{{sea, start - 2*hour, "click"}}, []actRead{{hill, start - 2*hour, "hide"}}, nil,
		map[uint64]seenRead{sea: {start - 2*hour, false, 0}, hill: {start - 2*hour, false, start - 2*hour + 1}}})
	hot, covisit, newest := s.routes[0], s.routes[1], s.routes[2]
	is("the landmarks", []any{hot.landmark, hot.set, covisit.landmark, covisit.set}, []any{start - 2*hour, true, start - 2*hour, true})
	is("the windows", len(hot.windows), 3)
	hop := day / 60
	tile = start / hop
	is("wants of this day's newest tile", []any{hot.windows[1].begun, hot.windows[1].newest, hot.windows[1].tiles[tile%62]}, []any{true, tile, map[uint64]int64{sea: 1, town: 1, hill: 1}})
	is("the weight of the town", []float64{hot.weights[town], covisit.weights[town]},
		[]float64{math.Exp2(float64(second-covisit.landmark) / float64(14*day)), math.Exp2(float64(2*(60*day/65_536)) / float64(60*day))}) // by the clock two acts after the first
	is("what goes with the sea", []any{len(covisit.pairs[sea]), covisit.pairs[sea][town]}, []any{2, float64(float32(covisit.weights[town]))})
	is("the newest items", newest.list, []bornRead{{published, hill}, {start - 2*hour, sea}, {second, town}})

	is("the last acts", s.acts, []lastRead{{}, {uint64(bought), "purchase", second}, {}, {7, "hide", start - 2*hour}, {uint64(bought) + 1, "expose", second}})
	is("what ranks", s.models[0], liveRead{modelRead{name: "lr", version: 3, sha256: "ab", by: "promoted"}, uint64(live), true, []modelRead{{name: "lr", version: 2, sha256: "aa", by: "adopted"}}})
	is("what routes go by", s.models[1:3], []liveRead{{}, {modelRead: modelRead{name: "itemitem", version: 1, sha256: "cd", by: "adopted"}, since: uint64(linear)}})
	guard := s.models[3].guard
	s.models[3].guard = nil
	is("what is on trial", s.models[3], liveRead{modelRead: modelRead{name: "fm", version: 1, sha256: "ef", by: "promoted", stage: "canary", percent: 100}, since: uint64(trial)})
	is("its guard", *guard, guardRead{p99: 2.5})
	is("the arms of the trial", s.arms, [4]uint64{0, 0, 2, 0})
	is("the events", s.names, []nameRead{{"click", 3, 1, 0, start}, {"expose", 1, 0, 0, second}, {"hide", 1, 0, 0, start - 2*hour}, {"like", 1, 0, 0, second}, {"purchase", 1, 0, 1, second}})
	is("those of other names, and of imports", []uint64{s.others, s.imported}, []uint64{0, 2})
	is("the slates", s.lately, []slateRead{{[5]int64{0, 0, 2, 1, 1}, "recall.hot:timeout"}, {[5]int64{0, 1, 0, 0, 0}, ""}})
	is("the ledger", s.ledger, []ledgerRead{{ada, []placeRead{{sea, 2, false}, {0, 0, false}}}, {strange, nil}})
	is("those shown", []any{s.shownNext, s.shown}, []any{0, []shownRead{{ada, "r-1", "sea x", uint64(trial)}, {strange, "r-2", "", uint64(trial)}}})
	is("the share of keys watched", s.oneIn, 1)
	is("what was spent on Orrin", s.watched[2], map[uint64]watchRead{watchKey(2, watchHash("tOrrin")): {start, false, fmt.Sprintf("%d:-2.5:1 ", start)}})
	is("what ada looked for, watched", s.watched[9], map[uint64]watchRead{watchKey(9, ada): {second, false, fmt.Sprintf(`%d:1:9 %d:hill:e-2:"boats" `, second, hill)}})
	is("whom places of the town saw, watched", s.watched[14][watchKey(14, town, watchHash("tgold"), watchHash("thome"))].facts, fmt.Sprintf("%d:%#x:1 ", second, watchHash("tu:ada")))
	is("of and per watched", s.watched[1][watchKey(1, sea)].facts, fmt.Sprintf("%d:1:1 %d:1:1 %d:1:2 ", start-2*hour, start, second))
	is("the clicks of ada on boats that are watched", s.watched[0][watchKey(0, ada, watchHash("tboats"))].facts, fmt.Sprintf("%d:1:1 ", start))

	is("the position", []uint64{position, a.applied}, []any{position, position})
	is("the sources", a.sources, map[string]sourceRead{
		"http":       {true, second, nil},
		"import:old": {true, start - 2*hour, map[uint64][]uint64{1: {0, 1 << (70 - 64)}, 2: {1 << 1}}}})
	hash := sha256.Sum256([]byte("e-1"))
	print := fingerprint(fmt.Sprintf(`{"event_id":"e-1","user_id":"ada","item_id":"sea","event":"click","ts":%d,"value":-2.5}`, start))
	again := sha256.Sum256([]byte("e-2"))
	other := fingerprint(fmt.Sprintf(`{"event_id":"e-2","user_id":"ada","item_id":"hill","event":"purchase","ts":%d,"value":3,"request_id":"r-1","query":"boots","context":{"place":"home","q":"boats"}}`, second))
	is("the ids", a.ids, []idRead{{string(hash[:16]), print, (start + hour) / 60_000}, {string(again[:16]), other, (second + hour) / 60_000}})
	is("the step and those forgotten", []any{a.step, a.evicted}, []any{second / 60_000, 0})
	is("the books", a.counts, []uint64{7, 6, 1, 3})
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
		wanted, known, came := map[string]int64{}, map[string]int64{}, 0
		for range seed % 3 * 250 {
			w.now += rng.Int64N(2 * minute)
			id := freshet.ItemID(fmt.Sprint(rng.IntN(40)))
			switch rng.IntN(20) {
			case 2:
				_, err := w.stream.Users(t.Context(), stream.SourceHTTP, w.now, []freshet.User{{ID: freshet.UserID(fmt.Sprint(rng.IntN(40))), Attributes: map[string]any{"plan": []any{"gold", "free", true}[rng.IntN(3)]}}}, nil)
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
				e.Context = map[string]any{"place": []any{"home", json.Number("2"), true}[rng.IntN(3)], "q": []any{fmt.Sprint("q", rng.IntN(3)), json.Number("7"), nil}[rng.IntN(3)]}
				w.bring(stream.SourceHTTP, 0, e)
				known[e.Name]++
				came++
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
		if all := s.features[16].cells[""]; all.state != fmt.Sprint(came) && came > 0 {
			t.Errorf("seed %d: %s events in all, %d came", seed, all.state, came)
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

// TestLayoutOfMuch reads counts that outgrow a byte, and values too many to be kept one by one.
func TestLayoutOfMuch(t *testing.T) {
	o, shape := layoutOptions()
	w := newWorld(t, o)
	item := freshet.Item{ID: "sea"}
	for i := range 200 {
		item.Categories = append(item.Categories, fmt.Sprint(i))
	}
	_, err := w.stream.Items(t.Context(), stream.SourceHTTP, w.now, []freshet.Item{item}, nil)
	w.do(err)
	for i := range 300 {
		w.now++
		w.bring(stream.SourceHTTP, 0, freshet.Event{User: "ada", Item: "sea", Name: []string{"click", "expose", "like"}[i%3]})
	}
	_, state, _ := w.snapshot()
	s := shape.state(t, state)
	if got := s.features[19].cells[""].tiles[w.now/hour%3]; got != "300" {
		t.Errorf("%s events in the newest hour, 300 came", got)
	}
	if got := s.features[1].cells["sea"].tiles[w.now/(5*minute)%14]; got != "100 100" {
		t.Errorf("%s of and per, 100 each came", got)
	}
	if got := s.features[13].cells[""].state; got != "300 129" {
		t.Errorf("%s events and hashes, instead of 300 and more than 128", got)
	}
	if got := s.features[20].cells["u:ada"].state; strings.Count(got, " 1 ") < 290 {
		t.Errorf("of 300 amounts there are %s", got)
	}
}
