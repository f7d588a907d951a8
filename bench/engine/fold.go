package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/internal/intern"
)

const (
	// prepared is how many events are made at a time, outside of what is timed. They take 3 MB:
	// what the engine reads of them is not in its first-level cache, as with events off the wire.
	prepared = 1 << 14
	// applyAtOnce is how many events the engine gets at a time, as from package stream's applier.
	applyAtOnce = 128
	// compared is how many rows of the engine are held against those of the bound.
	compared = 200
	// mapEvents is how many events the Go maps get.
	mapEvents = 2_000_000

	flatLoop = "flat tables of the same keys, prefetched, in huge pages"
	mapLoop  = "one Go map a kind of key"
)

// fold measures how fast the engine applies events from empty, and what its state takes.
func (o *Options) fold(ctx context.Context) ([]bench.Line, error) {
	w := newWorld(&o.Size, o.Seed)
	keys := countKeys(w)
	o.Say("  fold       %d events, keys: %d users, %d items, %d pairs, %d of user and category", len(w.happened), keys.users, keys.items, keys.pairs, keys.tastes)
	asked := pickRows(w, o.Seed)
	before, err := o.foldBound(ctx, w, keys, asked)
	if err != nil {
		return nil, err
	}
	o.Say("  fold       bound: %.1f ns an event", before.nanos)
	engine, err := o.foldEngine(ctx, w, asked)
	if err != nil {
		return nil, err
	}
	o.Say("  fold       engine: %.1f ns an event, %.1f ns with its ids; Engine.Keys is %d", engine.nanos, engine.nanosWithIDs, engine.cells)
	after, err := o.foldBound(ctx, w, keys, asked)
	if err != nil {
		return nil, err
	}
	o.Say("  fold       bound: %.1f ns an event", after.nanos)
	if before.keys != keys.all() {
		return nil, fmt.Errorf("the bound has %d keys, the events have %d: they do not do the same work", before.keys, keys.all())
	}
	if err := errors.Join(same(engine.rows, before.rows), same(engine.rows, after.rows)); err != nil {
		return nil, err
	}
	maps, err := o.foldMaps(ctx, w)
	if err != nil {
		return nil, err
	}
	rate := func(nanos float64) float64 { return 1e9 / nanos }
	limits := [2]float64{rate(before.nanos), rate(after.nanos)}
	perKey := float64(before.bytes) / float64(before.keys)
	mib := func(n int64) float64 { return float64(n) / (1 << 20) }
	return []bench.Line{
		against("fold", rate(engine.nanos), "events/s", false, flatLoop, limits),
		against("fold", rate(engine.nanos), "events/s", false, mapLoop, [2]float64{rate(maps), rate(maps)}),
		against("fold_with_ids", rate(engine.nanosWithIDs), "events/s", false, flatLoop+", without ids", limits),
		against("fold_event", engine.nanos, "ns", true, flatLoop, [2]float64{before.nanos, after.nanos}),
		against("fold_keys", float64(engine.cells), "keys", true, "different keys of the four kinds", [2]float64{float64(keys.all()), float64(keys.all())}),
		against("fold_bytes_per_key", float64(engine.bytes)/float64(keys.all()), "bytes", true, "the flat tables, free places included", [2]float64{perKey, perKey}),
		against("fold_peak", mib(engine.peak), "MiB", true, "the flat tables", [2]float64{mib(before.bytes), mib(after.bytes)}),
	}, nil
}

// folded is what came of applying the events.
type folded struct {
	nanos        float64 // an event, without the look-ups of its ids
	nanosWithIDs float64
	keys, cells  int
	bytes        int64     // of the state at the end
	peak         int64     // most that the process had from the system, beyond what it had before
	rows         []float64 // the rows asked for, one after the other
}

// pair is a user and an item whose row is asked for.
type pair struct{ user, item uint32 }

// pickRows picks rows to compare: half of them of pairs that met, among the last events, for which
// windows are not empty, half at random.
func pickRows(w *world, seed uint64) []pair {
	rng := rand.New(rand.NewPCG(seed, 2))
	last := w.happened[len(w.happened)-max(1, len(w.happened)/20):]
	rows := make([]pair, compared)
	for i := range rows {
		rows[i] = pair{uint32(rng.IntN(len(w.users)-1)) + 1, uint32(rng.IntN(len(w.items)-1)) + 1}
		if i%2 == 0 {
			h := &last[rng.IntN(len(last))]
			rows[i] = pair{h.user, h.item}
		}
	}
	return rows
}

func (o *Options) foldBound(ctx context.Context, w *world, keys *keyCounts, asked []pair) (*folded, error) {
	debug.FreeOSMemory()
	b := newFoldBound(w, keys)
	took, err := o.timed(ctx, w.happened, b.fold)
	if err != nil {
		return nil, err
	}
	f := &folded{nanos: took, keys: b.keys(), bytes: int64(b.bytes()), rows: make([]float64, len(asked)*columns)}
	for i, p := range asked {
		b.row(p.user, p.item, w.newest(), f.rows[i*columns:(i+1)*columns])
	}
	return f, nil
}

// timed folds events atOnce at a time and returns the nanoseconds an event took.
func (o *Options) timed(ctx context.Context, happened []happening, fold func(batch []happening)) (float64, error) {
	began := o.Now()
	for at := 0; at < len(happened); at += atOnce {
		if at%prepared == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		fold(happened[at:min(at+atOnce, len(happened))])
	}
	return float64(o.Now().Sub(began)) / float64(len(happened)), nil
}

func (o *Options) foldMaps(ctx context.Context, w *world) (float64, error) {
	debug.FreeOSMemory()
	happened := w.happened[:min(len(w.happened), mapEvents)]
	nanos, err := o.timed(ctx, happened, newMapBound(w).fold)
	o.Say("  fold       Go maps, the first %d events: %.1f ns an event", len(happened), nanos)
	return nanos, err
}

// foldEngine has the engine apply the world. The catalogue comes first, so that items have their
// numbers and categories; users get theirs at first sight.
func (o *Options) foldEngine(ctx context.Context, w *world, asked []pair) (*folded, error) {
	debug.FreeOSMemory()
	base := systemBytes()
	users, items, g := newCatalogue(w)

	f := &folded{}
	var folding, naming time.Duration
	events, acts := make([]freshet.Event, prepared), make([]feature.Act, applyAtOnce)
	var names [2][applyAtOnce]string
	var numbers [2][applyAtOnce]uint32
	for at := 0; at < len(w.happened); at += prepared {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		events = events[:min(prepared, len(w.happened)-at)]
		for i := range events {
			w.event(&w.happened[at+i], &events[i])
		}
		for first := 0; first < len(events); first += applyAtOnce {
			batch := events[first:min(first+applyAtOnce, len(events))]
			start := o.Now()
			for i := range batch {
				names[0][i], names[1][i] = string(batch[i].User), string(batch[i].Item)
			}
			users.AddAll(names[0][:len(batch)], numbers[0][:])
			items.AddAll(names[1][:len(batch)], numbers[1][:])
			for i := range batch {
				acts[i] = feature.Act{Visitor: numbers[0][i], Item: numbers[1][i], Event: &batch[i]}
			}
			named := o.Now()
			g.ApplyAll(acts[:len(batch)])
			folding += o.Now().Sub(named)
			naming += named.Sub(start)
		}
		f.peak = max(f.peak, systemBytes()-base)
	}
	n := float64(len(w.happened))
	f.nanos, f.nanosWithIDs = float64(folding)/n, float64(folding+naming)/n

	f.cells, f.rows = g.Keys(), make([]float64, 0, len(asked)*columns)
	reader, row := g.Reader(), make([]float64, columns)
	for _, p := range asked {
		reader.Start(users.Find(w.users[p.user]), w.newest(), nil)
		reader.Rows([]uint32{items.Find(w.items[p.item])}, row)
		f.rows = append(f.rows, row...)
	}
	f.bytes = stateBytes(g, func() { g, reader = nil, nil })
	runtime.KeepAlive(users)
	runtime.KeepAlive(items)
	return f, nil
}

// newCatalogue makes an engine that knows the items of the world, and tables of ids that know
// them too.
func newCatalogue(w *world) (users, items *intern.Table, g *feature.Engine) {
	users, items = intern.New(), intern.New()
	g = newEngine(items.Name)
	docs := categoryDocs()
	for i, id := range w.items[1:] {
		g.Upsert(items.Add(id), docs[w.category[i+1]])
	}
	return users, items, g
}

// categoryDocs are entries of the catalogue that have a category, by its number, and nothing else.
func categoryDocs() []*freshet.Item {
	docs := make([]*freshet.Item, categories+1)
	for c := range docs {
		docs[c] = &freshet.Item{Categories: []string{categoryName(uint16(c))}}
	}
	return docs
}

// stateBytes is the memory of an engine: what it says itself, else what the heap has less of
// when it is let go.
func stateBytes(g *feature.Engine, letGo func()) int64 {
	if counted, ok := any(g).(interface{ Bytes() int64 }); ok {
		return counted.Bytes()
	}
	with := inUse()
	letGo()
	return with - inUse()
}
