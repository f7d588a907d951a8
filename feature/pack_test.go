package feature

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/slab"
	"github.com/freshet-rec/freshet/store/mem"
)

func packedEngine(g *Engine) []byte {
	var w pack.Writer
	g.Pack(&w)
	return w.Bytes
}

// TestAmountsOfNothingGoOnAlike: amounts of 0, and such as sum up to 0, wait like any others.
func TestAmountsOfNothingGoOnAlike(t *testing.T) {
	const start = 1_800_000_000_000
	defs := []Definition{{Name: "f", Key: []string{"user"}, Agg: DecayedSum, Field: "value", HalfLife: freshet.Hour}}
	o := Options{Slack: freshet.Minute, NewTable: mem.New}
	for _, then := range []int64{1, 2, 30_000, 70_000} { // ms after the first event
		live := New(defs, o)
		add := func(g *Engine, at int64, value float64) {
			g.Apply(1, 0, &freshet.Event{User: "u", Name: "n", Time: start + at, Value: value, HasValue: true})
		}
		add(live, 0, 0)
		add(live, 1, 0)
		restored := New(defs, o)
		r := pack.NewReader(packedEngine(live))
		if restored.Unpack(r, 1, 2); r.Done() != nil {
			t.Fatal(r.Done())
		}
		for _, g := range []*Engine{live, restored} {
			add(g, then, 3)
			add(g, then+1, 2)
		}
		if !bytes.Equal(packedEngine(live), packedEngine(restored)) {
			t.Errorf("with more after %d ms it does not go on alike", then)
		}
	}
}

// TestStateThatNoWriterPacksIsRefused: each of these would make an event or a read that comes later
// look where there is nothing, or a turn never end.
func TestStateThatNoWriterPacksIsRefused(t *testing.T) {
	const newest = 1_800_000_000_000
	user, cross := []string{"user"}, []string{"user", "item", "context.c"}
	texts := func(w *pack.Writer) { w.Len(1); w.Text("sx") } // of a part
	pairs := func(w *pack.Writer, numbers ...uint64) {
		w.Len(len(numbers) / 3)
		for _, n := range numbers {
			w.Uint(n)
		}
	}
	// key begins a table of one key, whose cell is next.
	key := func(w *pack.Writer, k uint64) {
		for range 4 {
			w.Int(0)
		}
		w.Len(1)
		w.Int(1)
		w.Len(1)
		w.Uint(k)
		w.Bool(true)
	}
	count := func(w *pack.Writer) { w.Uint(newest + 1); w.Uint(1) }
	last := func(item uint64, id, text string) func(*pack.Writer) {
		return func(w *pack.Writer) {
			pairs(w)
			key(w, 1)
			count(w)
			w.Int(newest)
			w.Uint(item)
			w.Text(id)
			w.Bool(true)
			w.Text(text)
			w.Len(0)
		}
	}
	waits := func(w *pack.Writer, turn int64) { w.Len(1); w.Uint(1); w.Int(turn) }
	turn := func(at int64, cellTime uint64, times ...uint64) func(*pack.Writer) {
		return func(w *pack.Writer) {
			pairs(w)
			key(w, 1)
			for _, word := range []uint64{cellTime, 1, 0, 0, 0} {
				w.Uint(word)
			}
			w.Len(len(times))
			for _, t := range times {
				w.Uint(t)
				w.Uint(0)
			}
			waits(w, at)
		}
	}
	sum := func(cellTime uint64, times ...uint64) func(*pack.Writer) { return turn(0, cellTime, times...) }
	counts := func(number uint64, list ...uint64) func(*pack.Writer) {
		return func(w *pack.Writer) {
			texts(w)
			pairs(w, list...)
			key(w, number)
			count(w)
			w.Len(0)
		}
	}
	counting := Definition{Key: cross, Agg: Count}
	lasting := Definition{Key: user, Agg: Last, Field: "query"}
	brief := Definition{Key: user, Agg: DecayedSum, HalfLife: freshet.Second}
	long := strings.Repeat("x", slab.MaxText+1)
	for name, c := range map[string]struct {
		def    Definition
		newest int64
		write  func(w *pack.Writer)
		sound  bool
	}{
		"a key of three parts":          {counting, newest, counts(1<<32|1, 1, 1, 1), true},
		"a user that there is not":      {counting, newest, counts(9<<32|1, 1, 1, 1), false},
		"a pair that there is not":      {counting, newest, counts(1<<32|2, 1, 1, 1), false},
		"a pair of number 0":            {counting, newest, counts(1<<32, 1, 1, 1), false},
		"a pair of another part":        {counting, newest, counts(1<<32|1, 2, 1, 1), false},
		"a pair of no item":             {counting, newest, counts(1<<32|1, 1, 9, 1), false},
		"a pair of no text":             {counting, newest, counts(1<<32|1, 1, 1, 2), false},
		"a last":                        {lasting, newest, last(1, "e", "text"), true},
		"a last of an item that is not": {lasting, newest, last(9, "e", "text"), false},
		"an id larger than a slab":      {lasting, newest, last(1, long, "text"), false},
		"a text larger than a slab":     {lasting, newest, last(1, "e", long), false},
		"a time beyond all":             {brief, math.MaxInt64, sum(newest + 1), false},
		"a time before all":             {brief, math.MinInt64, sum(newest + 1), false},
		"what waits":                    {brief, newest, sum(newest+1, newest-1, newest), true},
		"a time beyond the newest":      {brief, newest, sum(math.MaxInt64, newest-1, newest), false},
		"what waits beyond the newest":  {brief, newest, sum(newest+1, newest-1, math.MaxInt64), false},
		"what waits in another order":   {brief, newest, sum(newest+1, newest, newest-1), false},
		"a turn at the newest":          {brief, newest, turn(newest, newest+1, newest-1, newest), true},
		"a turn before all":             {brief, newest, turn(-1000, newest+1, newest-1, newest), false},
		"a turn beyond all":             {brief, newest, turn(math.MaxInt64, newest+1, newest-1, newest), false},
		"a turn of what does not decay": {Definition{Key: user, Agg: Count}, newest, func(w *pack.Writer) {
			pairs(w)
			key(w, 1)
			count(w)
			waits(w, newest)
		}, false},
		"a key of nothing": {Definition{Key: user, Agg: Count}, newest, func(w *pack.Writer) {
			pairs(w)
			key(w, 1)
			w.Bytes[len(w.Bytes)-1] = 0
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			def := c.def
			def.Name = "f"
			w := &pack.Writer{}
			w.Int(c.newest)
			c.write(w)
			g := New([]Definition{def}, Options{Slack: freshet.Minute, NewTable: mem.New})
			r := pack.NewReader(w.Bytes)
			g.Unpack(r, 2, 2)
			if err := r.Done(); c.sound != (err == nil) || err != nil && (!errors.Is(err, pack.ErrDamaged) || strings.Contains(err.Error(), "cut off") || strings.Contains(err.Error(), "too many")) {
				t.Errorf("sound is %v, and unpacking says %v", c.sound, err)
			}
		})
	}
}

// TestWithoutRoomItGoesOnAlike: an engine whose keys have to go for want of room gives up the same
// ones once it was packed and unpacked.
func TestWithoutRoomItGoesOnAlike(t *testing.T) {
	defs := []Definition{
		{Name: "clicks", Key: []string{"user", "item"}, Agg: Count, Window: 10 * freshet.Minute, Hop: freshet.Minute},
		{Name: "taste", Key: []string{"user", "context.c"}, Agg: DecayedSum, HalfLife: freshet.Hour},
		{Name: "brief", Key: []string{"user", "context.c"}, Agg: DecayedSum, HalfLife: freshet.Second},
		{Name: "values", Key: []string{"user", "item", "context.c"}, Agg: Distinct, Field: "context.d"},
		{Name: "trail", Key: []string{"item"}, Agg: LastK, K: 3, Window: freshet.Hour, Hop: freshet.Hour},
	}
	o := Options{Slack: freshet.Minute, NewTable: mem.New, MaxKeys: 60}
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		live := New(defs, o)
		var restored *Engine
		now := int64(1_800_000_000_000)
		for i := range 600 {
			now += rng.Int64N(40_000) * rng.Int64N(2)
			visitor, item := uint32(1+rng.IntN(20)), uint32(1+rng.IntN(20))
			e := &freshet.Event{User: "u", Item: "i", Name: "n", Time: now - rng.Int64N(100_000)*rng.Int64N(2), Context: map[string]any{"c": string(rune('a' + rng.IntN(5))), "d": string(rune('a' + rng.IntN(5)))}}
			live.Apply(visitor, item, e)
			if restored != nil {
				restored.Apply(visitor, item, e)
			}
			if i == 100+int(seed)*20 {
				restored = New(defs, o)
				r := pack.NewReader(packedEngine(live))
				if restored.Unpack(r, 21, 21); r.Done() != nil {
					t.Fatal(r.Done())
				}
			}
		}
		if live.Evicted() < 100 {
			t.Fatalf("seed %d: %d keys went for want of room", seed, live.Evicted())
		}
		if !bytes.Equal(packedEngine(live), packedEngine(restored)) {
			t.Errorf("seed %d: it does not go on alike", seed)
		}
	}
}
