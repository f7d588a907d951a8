package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/store/mem"
)

// definitions cover every aggregate that the engine computes under every kind of key, windowed and
// not.
func definitions() []feature.Definition {
	shapes := []feature.Definition{
		{Agg: feature.Count, On: []string{"click"}, Window: 5 * freshet.Minute, Hop: 30 * freshet.Second},
		{Agg: feature.Count},
		{Agg: feature.Sum, Field: "value", Window: freshet.Hour, Hop: freshet.Minute},
		{Agg: feature.Sum, Field: "rank", On: []string{"click", "like"}},
		{Agg: feature.Rate, Of: []string{"click"}, Per: []string{"expose"}, Window: freshet.Hour, Hop: freshet.Minute, Prior: [2]float64{1, 20}},
		{Agg: feature.Rate, Of: []string{"click", "like"}, Per: []string{"expose", "click"}},
		{Agg: feature.DecayedSum, HalfLife: 6 * freshet.Hour, On: []string{"click", "like"}},
		{Agg: feature.DecayedSum, HalfLife: 10 * freshet.Second, Field: "value"},
		{Agg: feature.LastTime, On: []string{"like"}},
		{Agg: feature.Age, On: []string{"click"}},
	}
	return crossed(shapes, [][]string{{"global"}, {"user"}, {"item"}, {"user", "item"}, {"user", "item.category"}, {"item.categories"}, {"user", "item.brand"}, {"item.labels"}, {"item.id"}})
}

func crossed(shapes []feature.Definition, keys [][]string) []feature.Definition {
	var defs []feature.Definition
	for _, key := range keys {
		for i, d := range shapes {
			d.Key = key
			d.Name = d.Agg + string(rune('a'+i)) + "_" + strings.Join(key, "_")
			defs = append(defs, d)
		}
	}
	return defs
}

// life is one random course of events, told to an engine and an oracle.
type life struct {
	rng    *rand.Rand
	newest int64
	docs   map[uint32]*freshet.Item
	engine *feature.Engine
	oracle *Oracle
}

const slack = freshet.Minute

func newLife(seed uint64, o Options) *life {
	if o.Slack = slack; o.Features == nil {
		o.Features = definitions()
	}
	return &life{rng: rand.New(rand.NewPCG(seed, 9)), newest: 1_700_000_000_000, docs: map[uint32]*freshet.Item{},
		engine: feature.New(o.Features, feature.Options{Slack: slack, NewTable: mem.New, ItemID: func(item uint32) string { return string(itemID(item)) }}), oracle: NewOracle(o)}
}

func itemID(item uint32) freshet.ItemID {
	if item == 0 {
		return ""
	}
	return freshet.ItemID(rune('z' - item))
}

func (l *life) pick(words ...string) string { return words[l.rng.IntN(len(words))] }

func (l *life) step() {
	if l.rng.IntN(10) == 0 {
		item := uint32(1 + l.rng.IntN(5))
		doc := &freshet.Item{ID: itemID(item), Attributes: map[string]any{}}
		for range l.rng.IntN(4) {
			doc.Categories = append(doc.Categories, l.pick("sea", "harbour", "storm"))
		}
		doc.Tags = []string{"new", "old", "new"}[l.rng.IntN(3):]
		doc.Attributes["brand"] = []any{"1", json.Number("1"), json.Number("1.0"), true, nil, map[string]any{}}[l.rng.IntN(6)]
		doc.Attributes["labels"] = []any{l.pick("x", "y"), l.pick("x", "y"), json.Number("2"), []any{"x"}}
		l.docs[item] = doc
		l.engine.Upsert(item, doc)
		l.oracle.Upsert(item, doc)
	}
	if l.rng.IntN(10) == 0 {
		visitor := uint32(1 + l.rng.IntN(4))
		doc := &freshet.User{ID: freshet.UserID(fmt.Sprint(visitor)), Attributes: map[string]any{"plan": []any{"gold", "free", nil, []any{"free", "gold"}}[l.rng.IntN(4)]}}
		l.engine.UpsertUser(visitor, doc)
		l.oracle.User(visitor, doc)
	}
	e := freshet.Event{Name: l.pick("click", "like", "expose", "view"), ID: fmt.Sprint(l.rng.IntN(1000)), Query: l.pick("", "milk", "powder"), Context: l.context()}
	switch l.rng.IntN(8) {
	case 0: // disordered
		e.Time = l.newest - l.rng.Int64N(int64(freshet.Hour))
	case 1: // ahead of time
		e.Time = l.newest + l.rng.Int64N(int64(slack))
	case 2: // on the edge of a hop
		e.Time = l.newest / 30_000 * 30_000
	case 3: // a pause
		e.Time = l.newest + l.rng.Int64N(int64(20*freshet.Minute))
	default:
		e.Time = l.newest + l.rng.Int64N(2000)
	}
	if l.rng.IntN(2) == 0 {
		e.HasValue, e.Value = true, l.rng.Float64()*20-10
	}
	e.Rank = l.rng.IntN(4)
	visitor, item := uint32(l.rng.IntN(5)), uint32(l.rng.IntN(6))
	if e.Item = itemID(item); visitor != 0 {
		e.User = freshet.UserID(fmt.Sprint(visitor))
	}
	l.newest = max(l.newest, e.Time)
	l.engine.Apply(visitor, item, &e)
	l.oracle.Event(visitor, item, &e)
}

func (l *life) context() map[string]any {
	return map[string]any{
		"place": []any{"home", "bus", json.Number("1"), true, nil}[l.rng.IntN(5)],
		"note":  l.pick("in", "out"),
		"score": json.Number(l.pick("1", "2.5", "-7")),
	}
}

// compare reads one row from both; it returns the cells that the oracle knows.
func (l *life) compare(t *testing.T) (known int) {
	t.Helper()
	q := l.newest - int64(slack) + l.rng.Int64N(3*int64(slack))
	if l.rng.IntN(4) == 0 {
		q = l.newest + l.rng.Int64N(3*int64(freshet.Hour))
	}
	visitor, item := uint32(l.rng.IntN(5)), uint32(l.rng.IntN(6))
	row := make([]feature.Value, len(l.oracle.columns))
	reader := l.engine.Reader()
	context := l.context()
	reader.Start(visitor, q, context)
	reader.Row(item, row)
	for i, got := range row {
		want, ok := l.oracle.Read(i, visitor, item, q, context)
		if !ok {
			continue
		}
		known++
		if def := &l.oracle.columns[i].def; !Same(got, want) || got.Events != want.Events && def.Agg != feature.Rate || got.Updated != want.Updated {
			t.Fatalf("%s of visitor %d, item %d at newest%+d ms is %+v, recomputed %+v", def.Name, visitor, item, q-l.newest, got, want)
		}
	}
	return known
}

func TestOracleAgreesWithEngine(t *testing.T) {
	cells := 0
	for seed := range uint64(6) {
		l := newLife(seed, Options{OneIn: 1})
		for range 400 {
			l.step()
			if l.rng.IntN(6) == 0 {
				cells += l.compare(t)
			}
		}
	}
	if cells < 20_000 {
		t.Errorf("%d cells compared, want many", cells)
	}
}

// TestBoundedOracleStaysTrue: what it still knows is right, whatever it had to give up, and
// packing and unpacking in between changes nothing.
func TestBoundedOracleStaysTrue(t *testing.T) {
	cells := 0
	for seed := range uint64(4) {
		o := Options{OneIn: 2, MaxFacts: 3000}
		l := newLife(seed, o)
		for i := range 3000 {
			l.step()
			if l.oracle.Facts() > o.MaxFacts {
				t.Fatalf("%d events are kept, at most %d may be", l.oracle.Facts(), o.MaxFacts)
			}
			if i%37 == 0 {
				cells += l.compare(t)
			}
			if i%501 == 500 {
				l.oracle = again(t, l)
			}
		}
		if l.oracle.OneIn() < 4 {
			t.Errorf("seed %d: one key in %d is kept, so the bound was never felt", seed, l.oracle.OneIn())
		}
	}
	if cells < 1000 {
		t.Errorf("%d cells compared, want more", cells)
	}
}

// again packs an oracle and unpacks it into a new one.
func again(t *testing.T, l *life) *Oracle {
	t.Helper()
	var w, w2 pack.Writer
	l.oracle.Pack(&w)
	g := NewOracle(Options{Features: definitions(), Slack: slack, MaxFacts: l.oracle.maxFacts})
	r := pack.NewReader(w.Bytes)
	g.Unpack(r)
	if err := r.Done(); err != nil {
		t.Fatal(err)
	}
	for item, doc := range l.docs {
		g.Upsert(item, doc)
	}
	if g.Pack(&w2); !bytes.Equal(w.Bytes, w2.Bytes) {
		t.Fatal("unpacked and packed again, the bytes differ")
	}
	if g.Facts() != l.oracle.Facts() || g.Keys() != l.oracle.Keys() {
		t.Fatalf("%d events and %d keys after unpacking, %d and %d before", g.Facts(), g.Keys(), l.oracle.Facts(), l.oracle.Keys())
	}
	return g
}

func TestHotKeyIsGivenUp(t *testing.T) {
	defs := []feature.Definition{
		{Name: "all", Key: []string{"user"}, Agg: feature.Count},
		{Name: "minute", Key: []string{"user"}, Agg: feature.Count, Window: freshet.Minute, Hop: freshet.Second},
	}
	g := NewOracle(Options{Features: defs, OneIn: 1, MaxFacts: 1 << 16})
	newest := int64(1_700_000_000_000)
	for range 20_000 {
		newest += 100
		g.Event(1, 0, &freshet.Event{Name: "click", Time: newest})
	}
	if _, known := g.Read(0, 1, 0, newest, nil); known {
		t.Errorf("20,000 events of one key are kept; at most %d may be", MaxKeyFacts)
	}
	if v, known := g.Read(1, 1, 0, newest, nil); !known || v.Number() < 590 || v.Number() > 600 {
		t.Errorf("of the last minute there are %v (%v), want 10 a second", v.Number(), known)
	}
}

func TestUnpackRefusesDamage(t *testing.T) {
	l := newLife(1, Options{OneIn: 1})
	for range 100 {
		l.step()
	}
	var w pack.Writer
	l.oracle.Pack(&w)
	for cut := 0; cut < len(w.Bytes); cut += 13 {
		r := pack.NewReader(w.Bytes[:cut])
		NewOracle(Options{Features: definitions()}).Unpack(r)
		if r.Done() == nil {
			t.Fatalf("cut off after %d of %d bytes, and taken", cut, len(w.Bytes))
		}
	}
}

// TestAKeyOfTooManyFactsEndsNoShrinking: no share is so small that the key 0 is not in it.
func TestAKeyOfTooManyFactsEndsNoShrinking(t *testing.T) {
	var w pack.Writer
	w.Uint(1)
	w.Int(0)
	w.Len(1)
	w.Word(0)
	w.Int(0)
	w.Bool(false)
	w.Len(100)
	for range 100 {
		w.Int(0)
		w.Word(0)
		w.Uint(laneOf)
	}
	g := NewOracle(Options{Features: []feature.Definition{{Name: "f", Key: []string{"user"}, Agg: feature.Count}}, MaxFacts: 50})
	r := pack.NewReader(w.Bytes)
	if g.Unpack(r); r.Done() != nil {
		t.Fatal(r.Done())
	}
	g.Event(1, 1, &freshet.Event{User: "u", Name: "n", Time: 1})
	if g.OneIn() != 1<<63 || g.Keys() != 1 {
		t.Errorf("%d keys are left, one in %d", g.Keys(), g.OneIn())
	}
}
